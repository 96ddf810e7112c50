"""Standard errors and tests against their formulas."""

import numpy as np
import pytest
from scipy.stats import chi2, norm

from her2het.kernels.deseq.irls import coefficients, natural_ridge
from her2het.kernels.deseq.layout import layout
from her2het.kernels.deseq.special import LN2
from her2het.kernels.deseq.wald import likelihood_ratio_test, standard_errors, wald_test


def test_standard_errors_are_the_sandwich() -> None:
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(12), np.repeat([0.0, 1.0, 0.0], 4), np.repeat([0.0, 0.0, 1.0], 4)])
    sf = np.exp(rng.normal(0, 0.3, 12))
    counts = rng.negative_binomial(3, 3 / (3 + 5 * sf), (20, 12)).astype(np.int32)
    alpha = np.r_[rng.uniform(0.1, 1, 19), np.nan]
    plan = layout(design)
    ridge = natural_ridge(plan, np.array([1e-6, 0.5, 0.5]))
    beta = coefficients(counts, sf, plan, alpha, ridge).beta
    contrasts = np.array([[0, 1, 0], [0, -1, 1.0]])
    found = standard_errors(sf, plan, beta, alpha, ridge, contrasts)
    for g in range(19):
        mu = np.maximum(sf * np.exp(design @ beta[g]), 0.5)
        a = (design.T * (mu / (1 + alpha[g] * mu))) @ design
        inverse = np.linalg.inv(a + np.diag(ridge))
        slow = np.sqrt(np.diag(contrasts @ inverse @ a @ inverse @ contrasts.T)) / LN2
        np.testing.assert_allclose(found[g], slow, rtol=1e-9)
    assert np.isnan(found[19]).all()


@pytest.mark.parametrize("alternative", ["greaterAbs", "lessAbs", "greater", "less"])
def test_alternatives(alternative) -> None:
    effect, error, t = np.array([-2.0, -0.3, 0.0, 0.4, 1.5]), np.full(5, 0.5), 0.5
    stat, p = wald_test(effect, error, t, alternative)
    slow = {
        "greater": norm.sf((effect - t) / error),
        "less": norm.cdf((effect + t) / error),
        "lessAbs": np.maximum(norm.sf((t - effect) / error), norm.sf((effect + t) / error)),
        "greaterAbs": np.minimum(1, 2 * norm.sf((np.abs(effect) - t) / error)),
    }[alternative]
    np.testing.assert_allclose(p, slow, rtol=1e-12)
    if alternative in {"greater", "lessAbs"}:
        assert (stat >= 0).all()


def test_likelihood_ratio_is_chi_square() -> None:
    stat, p = likelihood_ratio_test(np.array([-10.0, -5.0, np.nan]), np.array([-14.0, -5.0, np.nan]), 2)
    np.testing.assert_allclose(p[:2], chi2.sf([8.0, 0.0], 2), rtol=1e-12)
    assert stat[0] == 8
    assert np.isnan(p[2])
