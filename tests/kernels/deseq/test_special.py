"""Row-wise log and exp, and Stirling's remainders, against numpy and scipy."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.special import digamma, gammaln

from her2het.kernels.deseq import special

normal = st.floats(1e-300, 1e300)


@njit
def log_row(q, bits, work, n):
    special.log_row(q, bits, work, n)


@njit
def exp_row(q, bits, work, n):
    special.exp_row(q, bits, work, n)


@njit
def stirling_rest(r):
    return special.stirling_rest(r)


@given(st.lists(normal, min_size=1, max_size=40))
@settings(deadline=None)
def test_log_row_is_log(values: list[float]) -> None:
    q = np.array(values)
    log_row(q, q.view(np.int64), np.empty(len(q)), len(q))
    np.testing.assert_allclose(q, np.log(values), rtol=4e-16, atol=4e-16)


@given(st.lists(st.floats(-690, 690), min_size=1, max_size=40))
@settings(deadline=None)
def test_exp_row_is_exp(values: list[float]) -> None:
    q = np.array(values)
    exp_row(q, q.view(np.int64), np.empty(len(q)), len(q))
    np.testing.assert_allclose(q, np.exp(values), rtol=1e-15)


def test_exp_row_holds_its_argument() -> None:
    q = np.array([-1e4, 1e4])
    exp_row(q, q.view(np.int64), np.empty(2), 2)
    np.testing.assert_allclose(q, np.exp([-700.0, 700.0]), rtol=1e-13)


@given(st.floats(1e-3, 1e10))
@settings(deadline=None)
def test_stirling_rest(r: float) -> None:
    log_rest, psi_rest = stirling_rest(r)
    half = 0.5 * math.log(2 * math.pi)
    main = (r - 0.5) * math.log(r) - r + half
    assert abs(main + log_rest - gammaln(r)) <= 1e-14 * max(abs(main), abs(gammaln(r)), 1)
    assert abs(math.log(r) + psi_rest - digamma(r)) <= 1e-13 * max(abs(digamma(r)), 1)
