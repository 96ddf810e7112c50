"""Cohen's kappa against its definition, a published table and its bounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from her2het.kernels.cohen_kappa import cohen_kappa


def test_worked_example() -> None:
    found = cohen_kappa([[20, 5, 0, 0], [6, 14, 4, 0], [0, 3, 18, 4], [0, 0, 2, 24]])
    assert found.agreement == pytest.approx(0.76)
    assert found.kappa == pytest.approx(0.679744, abs=5e-7)
    assert found.se == pytest.approx(0.056672, abs=5e-7)
    assert (found.low, found.high) == (pytest.approx(0.5687, abs=5e-5), pytest.approx(0.7908, abs=5e-5))


@given(arrays(np.int64, (3, 3), elements=st.integers(0, 30)))
def test_twin_by_pairs_of_cases(table: np.ndarray) -> None:
    first = np.repeat(np.arange(9) // 3, table.ravel())
    second = np.repeat(np.arange(9) % 3, table.ravel())
    found = cohen_kappa(table)
    if not len(first):
        assert math.isnan(found.agreement)
        return
    same = float(np.mean(first == second))
    by_chance = float(np.mean(first[:, None] == second[None, :]))
    assert found.agreement == pytest.approx(same)
    if by_chance >= 1 - 1e-12:
        assert math.isnan(found.kappa)
    else:
        assert found.kappa == pytest.approx((same - by_chance) / (1 - by_chance))
        assert -1 <= found.low <= found.kappa + 1e-12 <= found.high + 1e-9 <= 1 + 1e-9
        assert cohen_kappa(table.T).se == pytest.approx(found.se)


def test_edges() -> None:
    assert cohen_kappa([[5, 0], [0, 5]]).kappa == 1
    one_class = cohen_kappa([[7, 0], [0, 0]])
    assert one_class.agreement == 1
    assert math.isnan(one_class.kappa)
    for wrong in ([[1, 2]], [[1, -1], [0, 1]], [[0.5, 0], [0, 1]]):
        with pytest.raises(ValueError, match="square table"):
            cohen_kappa(wrong)
