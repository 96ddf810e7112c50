"""PAM50: worked examples, a slow twin, properties, genefu's and the authors' own results."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from her2het.kernels.pam50 import (
    Scaling,
    nearest_centroid,
    positive_shares,
    risk_of_relapse,
    scale_genes,
    share_below_centre,
)
from her2het.reference.tables import PAM50_SUBTYPES, pam50_aliases, pam50_centroids, pam50_ror

SUBTYPES = list(PAM50_SUBTYPES)
CENTROIDS = pam50_centroids()[SUBTYPES].to_numpy()


def test_robust_scaling_worked_example() -> None:
    x = np.arange(41.0)[None, :]
    scaled = scale_genes(x, "robust")[0]
    assert scaled[[0, 20, 40]] == pytest.approx([-1.0526, 0, 1.0526], abs=5e-5)  # q1 = 1, q2 = 39


def test_probabilities_worked_example() -> None:
    shares = positive_shares(np.array([[0.42, 0.35, -0.2, -0.1, 0.08], [-0.1, -0.2, 0.0, -0.3, -0.4]]))
    assert shares[0] == pytest.approx([0.4941, 0.4118, 0, 0, 0.0941], abs=5e-5)
    assert np.isnan(shares[1]).all()


def test_centroids_against_themselves() -> None:
    result = nearest_centroid(CENTROIDS, CENTROIDS)
    expected = {
        ("Basal", "Her2"): -0.1461,
        ("Basal", "LumA"): -0.6493,
        ("Basal", "LumB"): -0.3605,
        ("Basal", "Normal"): 0.1182,
        ("Her2", "LumA"): -0.3813,
        ("Her2", "LumB"): 0.4656,
        ("Her2", "Normal"): -0.6217,
        ("LumA", "LumB"): -0.2028,
        ("LumA", "Normal"): 0.4655,
        ("LumB", "Normal"): -0.7636,
    }
    for (a, b), value in expected.items():
        assert result.correlations[SUBTYPES.index(a), SUBTYPES.index(b)] == pytest.approx(value, abs=5e-5)
    assert list(result.nearest) == [0, 1, 2, 3, 4]
    assert result.probabilities[0] == pytest.approx([0.8943, 0, 0, 0, 0.1057], abs=5e-5)
    assert result.probabilities[1] == pytest.approx([0, 0.6823, 0, 0.3177, 0], abs=5e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(5, 50), st.booleans(), st.floats(0, 0.4))
def test_equals_the_slow_twin(seed: int, genes: int, ties: bool, missing: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(genes, 6))
    x = np.round(x) if ties else x
    x[rng.random(x.shape) < missing] = np.nan
    centroids = rng.normal(size=(genes, 5))
    result = nearest_centroid(x, centroids)
    for j in range(6):
        known = ~np.isnan(x[:, j])
        if known.sum() < 4 or np.ptp(x[known, j]) == 0:
            assert np.isnan(result.correlations[j]).all()
            assert result.nearest[j] == -1
            continue
        r = [spearmanr(x[known, j], centroids[known, c]).statistic for c in range(5)]
        assert result.correlations[j] == pytest.approx(r, abs=1e-12)
        assert result.nearest[j] == int(np.argmax(result.correlations[j]))
        positive = [max(v, 0) for v in result.correlations[j]]
        if sum(positive) > 0:
            assert result.probabilities[j] == pytest.approx(np.array(positive) / sum(positive), abs=1e-12)
        else:
            assert np.isnan(result.probabilities[j]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["scale", "robust"]))
def test_scaling_forgets_location_and_scale(seed: int, how: Scaling) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, 12))
    moved = x * rng.uniform(0.1, 9, (20, 1)) + rng.normal(0, 20, (20, 1))
    assert scale_genes(moved, how) == pytest.approx(scale_genes(x, how), abs=1e-9)


def test_median_scaling_centres_genes_and_standardises_samples() -> None:
    x = np.random.default_rng(1).normal(size=(30, 9))
    scaled = scale_genes(x, "median")
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert scaled.std(axis=0, ddof=1) == pytest.approx(1)
    centred = x - np.median(x, axis=1, keepdims=True)
    assert np.corrcoef(centred[:, 3], scaled[:, 3])[0, 1] == pytest.approx(1)


@pytest.mark.parametrize("how", ["none", "scale", "robust", "median"])
def test_the_layout_in_memory_does_not_matter(how: Scaling) -> None:
    x = np.round(np.random.default_rng(2).normal(size=(50, 40)), 3)
    assert (scale_genes(np.asfortranarray(x), how) == scale_genes(x, how)).all()


def test_share_below_centre() -> None:
    """By simulation: a cohort of 60 % class 0 and 40 % class 1 around centroids -1 and 2."""
    rng = np.random.default_rng(3)
    drawn = np.where(rng.random(200_000) < 0.6, -1.0, 2.0) + rng.normal(0, 1.2, 200_000)
    expected = share_below_centre(np.array([[-1.0, 2.0]]), np.array([0.6, 0.4]), 1.2)
    assert expected[0] == pytest.approx((drawn < 0).mean(), abs=0.005)


@pytest.mark.parametrize(
    ("x", "how", "message"),
    [
        (np.ones((3, 1)), "robust", "one sample"),
        (np.array([[1.0, 1.0], [2.0, 3.0]]), "robust", "gene 0 does not vary"),
        (np.array([[1.0, 2.0], [3.0, 3.0]]), "scale", "gene 1 does not vary"),
        (np.array([[1.0, 2.0], [np.nan, 3.0]]), "scale", "gene 1 has fewer than two"),
        (np.array([[1.0, 1.0], [3.0, 3.0]]), "median", "sample 0 does not vary"),
        (np.array([[1.0, np.inf]]), "none", "not finite"),
        (np.array([[1.0, 2.0]]), "log", "is not none"),
    ],
)
def test_refuses(x: np.ndarray, how: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scale_genes(x, how)  # type: ignore[arg-type]


def test_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="3 genes"):
        nearest_centroid(np.ones((3, 2)), CENTROIDS)
    with pytest.raises(ValueError, match="missing"):
        nearest_centroid(np.ones((2, 2)), np.array([[1.0, np.nan], [1.0, 2.0]]))


@pytest.mark.parametrize("model", ["none", "robust", "scale"])
def test_genefu_on_nki(shared_data: Path, model: Scaling) -> None:
    folder = shared_data / "data/nki_microarray"
    x = pd.read_csv(folder / "genefu_nkis_data.csv.gz", index_col=0).T
    entrez = pd.read_csv(folder / "genefu_nkis_annot.csv", index_col=0).loc[x.index, "EntrezGene.ID"]
    probe = x.var(axis=1).groupby(entrez).idxmax()  # genefu: the most variant probe of a gene
    table = pam50_centroids().set_index("entrez")
    genes = [g for g in table.index if g in probe.index]
    assert len(genes) == 29
    result = nearest_centroid(scale_genes(x.loc[probe[genes]].to_numpy(), model), table.loc[genes, SUBTYPES].to_numpy())
    name = "R_genefu_pam50.csv" if model == "none" else f"R_genefu_pam50.{model}.csv"
    golden = pd.read_csv(folder / name, index_col=0)
    assert [SUBTYPES[i] for i in result.nearest] == list(golden["subtype"])
    assert result.correlations == pytest.approx(golden[[f"cor.{s}" for s in SUBTYPES]].to_numpy(), abs=1e-6)
    assert result.probabilities == pytest.approx(golden[SUBTYPES].to_numpy(), abs=1e-6, nan_ok=True)


def test_the_authors_program(shared_data: Path) -> None:
    """Calls, correlations and all four risk models, with groups, on the authors' own example (217 missing values)."""
    folder = shared_data / "data/pam50_bioclassifier"
    x = pd.read_csv(folder / "sampleInputFile_200subjects.txt", sep="\t", index_col=0)
    golden = pd.read_csv(folder / "sampleInputFile_pam50scores.txt", sep="\t", index_col=0)
    size = x.loc["T"].to_numpy()
    x = x.drop("T").rename(index=dict(pam50_aliases()))
    table = pam50_centroids()
    scaled = scale_genes(x.loc[table.index].to_numpy(), "median")
    result = nearest_centroid(scaled, CENTROIDS)
    assert result.correlations == pytest.approx(golden[SUBTYPES].to_numpy(), abs=1e-6)
    assert [SUBTYPES[i] for i in result.nearest] == list(golden["Call"])
    proliferation = np.nanmean(scaled[table["proliferation"].to_numpy()], axis=0)
    assert proliferation == pytest.approx(golden["Proliferation Score"].to_numpy(), abs=1e-9)
    for model in pam50_ror():
        risk = risk_of_relapse(
            result.correlations,
            np.array(model.correlation),
            tumour_size=None if model.tumour_size is None else (model.tumour_size, size),
            proliferation=None if model.proliferation is None else (model.proliferation, proliferation),
        )
        score = next(c for c in golden.columns if c.startswith(f"{model.name} ("))
        group = next(c for c in golden.columns if c.startswith(f"{model.name} Group"))
        expected = golden[score].to_numpy()
        assert 100 * (risk + model.offset) / model.span == pytest.approx(expected, abs=1e-6, nan_ok=True)
        ours = np.where(risk < model.low_below, "low", np.where(risk > model.high_above, "high", "med"))
        known = ~np.isnan(risk)
        assert (known == golden[group].notna().to_numpy()).all()
        assert (ours[known] == golden[group].to_numpy()[known]).all()
