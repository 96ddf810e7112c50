"""The synthetic signature of cell types: fractions follow the planted programmes."""

import numpy as np
import pandas as pd
import pytest

from her2het.schema import Matrix
from her2het.simulate import SyntheticTrial, simulate_trial
from her2het.simulate.signature import CELLS
from her2het.stats.deconvolution import Deconvolution, deconvolve

BY_FACTOR = {
    "immune": (
        *("CD8 T cells", "CD4 T cells", "Regulatory T cells", "NK cells"),
        *("B cells", "Macrophages", "Dendritic cells", "Mast cells"),
    ),
    "stroma": ("Fibroblasts", "Endothelial cells"),
    "plasma": ("Plasma cells",),
}


def fractions(trial: SyntheticTrial) -> Deconvolution:
    counts = trial.rna_counts
    return deconvolve(
        Matrix(counts.values / counts.values.sum(axis=0) * 1e6, counts.rows, counts.columns, "linear"), trial.signature
    )


@pytest.fixture(scope="module")
def found(trial: SyntheticTrial) -> pd.DataFrame:
    return fractions(trial).fractions.frame().T


def test_fractions_follow_the_planted_factors(trial: SyntheticTrial, found: pd.DataFrame) -> None:
    truth = trial.truth["samples"].set_index("sample").loc[found.index]
    regular = (truth["damage"] == 0).to_numpy()
    for factor, types in BY_FACTOR.items():
        r = np.corrcoef(found[list(types)].sum(axis=1)[regular], truth[f"factor_{factor}"][regular])[0, 1]
        assert r > 0.6, (factor, r)


def test_a_tumour_of_average_programmes_has_the_stated_shares(trial: SyntheticTrial, found: pd.DataFrame) -> None:
    stated = np.array([share for share, _ in CELLS.values()])
    assert stated.sum() == pytest.approx(1.0)
    assert np.abs(found.median().to_numpy() - stated).max() < 0.06


def test_the_signature_fits_real_samples_better_than_noise(trial: SyntheticTrial) -> None:
    fit = fractions(trial).fit
    regular = trial.truth["samples"].set_index("sample").loc[fit["sample"], "damage"].to_numpy() == 0
    assert fit["correlation"][regular].median() > 0.7


def test_types_can_be_told_apart_for_any_seed(small_trial: SyntheticTrial) -> None:
    signature = small_trial.signature
    assert signature.columns == tuple(CELLS)
    assert signature.unit == "linear"
    assert set(signature.rows) <= set(small_trial.rna_counts.rows)
    assert len(signature.rows) > 60
    marks = np.array([[g in text.split() for _, text in CELLS.values()] for g in signature.rows])
    assert (marks.sum(axis=0) >= 2).all()
    assert np.linalg.cond(signature.values) < 30
    assert (signature.values > 0).all()


def test_same_seed_same_signature() -> None:
    one, two = (simulate_trial(7, genes=4_000, null=null).signature for null in (False, True))
    assert one.rows == two.rows
    np.testing.assert_array_equal(one.values, two.values)
