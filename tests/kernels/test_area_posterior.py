"""The beta-binomial posterior over areas against brute-force integration and against the binomial case."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln
from scipy.stats import beta

from her2het.kernels.area_posterior import FractionPrior, Grade, fraction_posterior, grade_of
from her2het.kernels.fish_intervals import jeffreys_masses
from her2het.kernels.gamma import log_gamma

JEFFREYS = FractionPrior(shape=0.5, rho_decay=0.0)


@settings(deadline=None)
@given(st.floats(1e-12, 1e9))
def test_log_gamma(x: float) -> None:
    assert log_gamma(x) == pytest.approx(float(gammaln(x)), rel=1e-12, abs=3e-14)


def twin(a: list[int], m: list[int], prior: FractionPrior) -> tuple[np.ndarray, np.ndarray, float]:
    """Posterior of mu on a fine grid of mu and rho: grid, cumulative probability, posterior mean of rho."""
    angle = (np.arange(2000) + 0.5) / 2000 * math.pi / 2
    mu = np.sin(angle) ** 2
    u = (np.arange(200) + 0.5) / 200
    rho = prior.rho_max * u**3
    weight = 3 * u**2 * (1 - rho / prior.rho_max) ** prior.rho_decay
    total = ((1 - rho) / rho)[:, None]
    alpha, rest = mu[None, :] * total, (1 - mu)[None, :] * total
    log_lik = sum(betaln(x + alpha, n - x + rest) - betaln(alpha, rest) for x, n in zip(a, m, strict=True))
    joint = (
        np.exp(log_lik - np.max(log_lik)) * weight[:, None] * (np.sin(angle) * np.cos(angle)) ** (2 * prior.shape - 1)
    )
    density = joint.sum(0)
    cdf = np.cumsum(density) - density / 2
    return mu, cdf / density.sum(), float((joint.sum(1) * rho).sum() / joint.sum())


areas = st.lists(
    st.integers(0, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=8
).filter(lambda x: sum(n for _, n in x) > 0)


@settings(deadline=None, max_examples=20)
@given(areas, st.sampled_from([FractionPrior(), JEFFREYS]))
def test_posterior_equals_the_twin(cells: list[tuple[int, int]], prior: FractionPrior) -> None:
    a, m = (list(x) for x in zip(*cells, strict=True))
    got = fraction_posterior(np.array(a), np.array(m), np.array([0, len(a)]), low=0.05, high=0.5, prior=prior)
    mu, cdf, rho = twin(a, m, prior)
    below, upto = np.interp([0.05, 0.5], mu, cdf)
    assert got.p_low[0] == pytest.approx(below, abs=1e-3)
    assert got.p_between[0] == pytest.approx(upto - below, abs=1e-3)
    assert got.p_high[0] == pytest.approx(1 - upto, abs=1e-3)
    assert np.interp(got.low[0], mu, cdf) == pytest.approx(0.025, abs=1e-3)
    assert np.interp(got.high[0], mu, cdf) == pytest.approx(0.975, abs=1e-3)
    assert got.rho[0] == pytest.approx(rho, abs=2e-3)
    assert got.low[0] <= got.mean[0] <= got.high[0]


@settings(deadline=None)
@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_known_independence_is_the_beta_posterior(cells: tuple[int, int]) -> None:
    a, n = cells
    got = fraction_posterior(
        np.array([a]), np.array([n]), np.array([0, 1]), low=0.05, high=0.5, prior=JEFFREYS, known_rho=0.0
    )
    masses = jeffreys_masses(a, n, 0.05, 0.5)
    assert (got.p_low[0], got.p_between[0], got.p_high[0]) == pytest.approx([float(x) for x in masses], abs=1e-3)
    assert got.low[0] == pytest.approx(beta.ppf(0.025, a + 0.5, n - a + 0.5), abs=2e-4)
    assert got.high[0] == pytest.approx(beta.ppf(0.975, a + 0.5, n - a + 0.5), abs=2e-4)


def test_areas_that_differ_make_the_call_less_sure() -> None:
    start = np.array([0, 6, 12])
    a = np.array([60, 62, 70, 10, 68, 72, 57, 57, 57, 57, 57, 57])
    got = fraction_posterior(a, np.full(12, 75), start, low=0.05, high=0.5)
    assert got.high[0] - got.low[0] > 2 * (got.high[1] - got.low[1])
    assert got.p_high[0] < got.p_high[1]
    assert got.grade.tolist() == [Grade.LIKELY, Grade.CERTAIN] or got.grade[1] == Grade.CERTAIN
    assert got.areas.tolist() == [6, 6]


def test_no_cells_no_statement() -> None:
    got = fraction_posterior(np.array([0, 0]), np.array([0, 0]), np.array([0, 1, 2]), low=0.05, high=0.5)
    assert np.isnan(got.mean).all()
    assert got.grade.tolist() == [Grade.UNKNOWN, Grade.UNKNOWN]


@pytest.mark.parametrize(("p", "want"), [(0.95, "CERTAIN"), (0.949, "LIKELY"), (0.8, "LIKELY"), (0.79, "UNCERTAIN")])
def test_grades(p: float, want: str) -> None:
    assert Grade(int(grade_of(p))).name == want


def test_threads_and_neighbours_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    m = rng.integers(0, 80, 4 * 600)
    a = rng.binomial(m, rng.beta(1, 2, len(m)))
    start = np.arange(601) * 4
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        results.append(fraction_posterior(a, m, start, low=0.05, high=0.5))
    np.testing.assert_array_equal(results[0].low, results[1].low)
    alone = fraction_posterior(a[4 * 77 : 4 * 78], m[4 * 77 : 4 * 78], np.array([0, 4]), low=0.05, high=0.5)
    assert alone.p_between[0] == results[0].p_between[77]


def test_contracts() -> None:
    one = np.array([1]), np.array([2]), np.array([0, 1])
    with pytest.raises(ValueError, match="0 < low"):
        fraction_posterior(*one, low=0.5, high=0.05)
    with pytest.raises(ValueError, match="between 0"):
        fraction_posterior(np.array([3]), np.array([2]), np.array([0, 1]), low=0.05, high=0.5)
    with pytest.raises(ValueError, match="rho_max"):
        fraction_posterior(*one, low=0.05, high=0.5, prior=FractionPrior(rho_max=1.5))
