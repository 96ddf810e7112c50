"""q within a declared family: R's p.adjust, the definitions, and estimates that have no p."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2het.stats.estimate import Estimate
from her2het.stats.families import adjusted, with_q

GOLDEN = pd.read_csv(Path(__file__).parents[1] / "oracles/stats/adjust.csv", float_precision="round_trip")


def estimate(p: float) -> Estimate:
    return Estimate("a − b", "shift", "", 1.0, 0.5, 1.5, (3, 4), "rank-sum", p)


@pytest.mark.parametrize("method", ["bh", "holm"])
def test_equals_r(method) -> None:
    np.testing.assert_allclose(adjusted(GOLDEN.p.to_numpy(), method), GOLDEN[method], rtol=1e-12)


@given(st.lists(st.floats(0, 1), max_size=15))
def test_equals_the_definitions(p: list[float]) -> None:
    m = len(p)
    bh, holm = adjusted(np.array(p), "bh"), adjusted(np.array(p), "holm")
    for i, value in enumerate(p):
        # the smallest FDR level at which the step-up procedure rejects this one
        levels = [m * other / sum(v <= other for v in p) for other in p if other >= value]
        assert bh[i] == pytest.approx(min(1.0, *levels) if levels else 1.0)
        down = [(m - sum(v < other for v in p)) * other for other in p if other <= value]
        assert holm[i] == pytest.approx(min(1.0, max(down)))
    assert np.all(bh >= np.array(p) * (1 - 1e-12))
    assert np.all(holm >= bh * (1 - 1e-12))


def test_with_q_names_the_family_and_leaves_the_rest() -> None:
    before = [estimate(0.01), estimate(math.nan), estimate(0.04)]
    after = with_q(before, family="ERBB2, ESR1, PGR by group")
    assert [e.q for e in after] == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)
    assert {e.family for e in after} == {"ERBB2, ESR1, PGR by group"}
    assert all(math.isnan(e.q) and not e.family for e in before)
    assert with_q([estimate(0.3)], family="one", method="holm")[0].q == 0.3
    assert with_q([estimate(0.3)], family="one", method="holm")[0].family == "one (Holm)"
    assert with_q([], family="none") == ()


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        with_q([estimate(0.3)], family=" ")
    with pytest.raises(ValueError, match="0 to 1"):
        adjusted(np.array([0.2, 1.2]))
