"""Starting values against their formula; the rules of the gene-wise step; shrinkage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2het.kernels.deseq.dispersion import (
    genewise_dispersions,
    max_dispersion,
    shrunken_dispersions,
    starting_dispersions,
)
from her2het.kernels.deseq.layout import layout

Floats = NDArray[np.float64]
GROUPS = np.column_stack([np.ones(12), np.repeat([0.0, 1.0], 6)])
AGE = np.column_stack([GROUPS, np.linspace(40, 70, 12)])


def simulated(seed: int, genes: int = 30, samples: int = 12) -> tuple[NDArray[np.int32], Floats]:
    rng = np.random.default_rng(seed)
    sf = np.exp(rng.normal(0, 0.4, samples))
    mu = np.exp(rng.normal(4, 2, genes))[:, None] * sf
    return rng.negative_binomial(4, 4 / (4 + mu)).astype(np.int32), sf


@pytest.mark.parametrize("design", [GROUPS, AGE], ids=["groups", "age"])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_starts_equal_their_formula(design: Floats, seed: int) -> None:
    counts, sf = simulated(seed)
    counts[0] = 0
    found = starting_dispersions(counts, sf, layout(design))
    x = counts / sf
    mean, var = x.mean(axis=1), x.var(axis=1, ddof=1)
    np.testing.assert_allclose(found.base_mean, mean, rtol=1e-13)
    np.testing.assert_allclose(found.base_var, var, rtol=1e-12)
    fitted = np.maximum((design @ np.linalg.lstsq(design, x.T, rcond=None)[0]).T, 1)
    rough = (((x - fitted) ** 2 - fitted) / fitted**2).sum(axis=1) / (12 - design.shape[1])
    with np.errstate(invalid="ignore"):
        moments = (var - np.mean(1 / sf) * mean) / mean**2
    slow = np.clip(np.minimum(np.maximum(rough, 0), moments), 1e-8, max_dispersion(12))
    np.testing.assert_allclose(found.dispersion[1:], slow[1:], rtol=1e-9)
    assert np.isnan(found.dispersion[0])


def test_start_is_kept_where_the_search_gains_nothing() -> None:
    counts, sf = simulated(1, 400)
    plan = layout(GROUPS)
    starts = starting_dispersions(counts, sf, plan)
    none = np.full((400, 2), np.nan)
    found = genewise_dispersions(counts, sf, plan, starts.dispersion, none)
    kept = found.kept_start
    assert kept.any()
    np.testing.assert_array_equal(found.dispersion[kept], starts.dispersion[kept])
    again = genewise_dispersions(counts, sf, plan, found.dispersion, none)  # a search from its own end gains nothing
    assert again.kept_start.mean() > 0.95


@given(seed=st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_shrinkage_pulls_towards_the_trend(seed: int) -> None:
    counts, sf = simulated(seed)
    plan = layout(GROUPS)
    starts = starting_dispersions(counts, sf, plan)
    none = np.full((len(counts), 2), np.nan)
    own = genewise_dispersions(counts, sf, plan, starts.dispersion, none).dispersion
    trend = np.full(len(counts), 0.25)
    wide, tight = (
        shrunken_dispersions(counts, sf, plan, own, trend, none, variance, 1e9).map for variance in (50.0, 1e-4)
    )
    np.testing.assert_allclose(tight, 0.25, rtol=0.02)
    assert np.nanmean(np.abs(np.log(wide / 0.25))) >= np.nanmean(np.abs(np.log(tight / 0.25)))
    outliers = shrunken_dispersions(counts, sf, plan, own, trend, none, 0.5, 0.7)
    expected = np.log(own) > np.log(0.25) + 0.7
    np.testing.assert_array_equal(outliers.outlier, expected)
    np.testing.assert_array_equal(outliers.final[expected], own[expected])
    np.testing.assert_array_equal(outliers.final[~expected], outliers.map[~expected])
