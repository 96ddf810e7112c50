"""Trials without differences: what the p-values of each test of differential expression do there."""

from functools import cache

import numpy as np
import pytest

from her2het.schema import Matrix
from her2het.simulate import simulate_trial
from her2het.stats.differential import Calibrate, ExpressionFit, compare, fit_expression

TRIALS = range(6)


@cache
def null_fit(seed: int) -> ExpressionFit:
    """Counts summed over the baseline biopsies of a patient, by group, where groups mean nothing."""
    trial = simulate_trial(seed, null=True, genes=4_000)
    about, odd = trial.samples.set_index("sample"), set(trial.truth["outliers"]["sample"])
    kept = [s for s in trial.rna_counts.columns if s not in odd and about.loc[s, "timepoint"] == "baseline"]
    frame = trial.rna_counts.pick(kept).frame().T.groupby(about.loc[kept, "patient"].to_numpy()).sum().T
    counts = Matrix(frame.to_numpy(), trial.rna_counts.rows, tuple(map(str, frame.columns)), "counts")
    samples = trial.truth["patients"].set_index("patient")[["group"]].loc[list(counts.columns)]
    return fit_expression(counts, samples, "~ group")


def p_values(calibrate: Calibrate) -> tuple[np.ndarray, list[int]]:
    """p of all genes of all trials, and in each how many genes have padj < .05."""
    tables = [compare(null_fit(s), ("group", "HET/no pCR", "pCR"), calibrate=calibrate).table for s in TRIALS]
    return np.concatenate([t["pvalue"].dropna() for t in tables]), [int((t["padj"] < 0.05).sum()) for t in tables]


@pytest.mark.parametrize("calibrate", ["moderated", "factors"])
def test_calibrated_p_values_are_uniform(calibrate: Calibrate) -> None:
    """Genes of a trial share factors, so a single trial may lie beside the diagonal; six together may not."""
    p, called = p_values(calibrate)
    at = np.array([0.01, 0.05, 0.2, 0.5, 0.8])
    share = (p[:, None] < at).mean(axis=0)
    np.testing.assert_allclose(share, at, atol=0.03)
    assert abs(share[1] - 0.05) < 0.012
    assert np.count_nonzero(called) <= 2
    assert max(called) <= 2


def test_wald_p_values_are_a_little_too_small() -> None:
    """Patients differ log-normally, more than the model knows: .06 to .08 in the place of .05."""
    p, called = p_values("none")
    assert 0.05 < (p < 0.05).mean() < 0.09
    assert max(called) < 10
