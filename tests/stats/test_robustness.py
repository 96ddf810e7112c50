"""One difference in several ways: each is the function that it names, and the shift comes out in the same unit."""

import numpy as np
import pandas as pd
import pytest

from her2het.stats.bootstrap import cluster_bootstrap
from her2het.stats.mixed import mixed_shift
from her2het.stats.rank_tests import rank_sum
from her2het.stats.robustness import WAYS, bootstrap_shift, by_way
from her2het.stats.strata import stratified_rank_sum
from her2het.stats.units import PerPatient, PerSample


def cohort(shift: float = 2.0, each: int = 2) -> tuple[PerSample, pd.Series, pd.Series, pd.Series]:
    """24 against 18 patients, `each` samples of a patient, correlated; strata that shift values too."""
    rng = np.random.default_rng(3)
    patients = [f"p{i:02d}" for i in range(42)]
    groups = pd.Series(["A"] * 24 + ["B"] * 18, index=patients)
    strata = pd.Series(np.where(np.arange(42) % 3 == 0, "low", "high"), index=patients, name="site")
    own = rng.normal(size=42) + shift * (groups == "B").to_numpy() + 3.0 * (strata == "high").to_numpy()
    owner = np.repeat(patients, each)
    samples = pd.Index([f"s{i:03d}" for i in range(len(owner))])
    values = pd.Series(np.repeat(own, each) + 0.5 * rng.normal(size=len(owner)), index=samples)
    return PerSample(values, "score", "points"), pd.Series(owner, index=samples), groups, strata


def test_each_way_is_the_function_it_names() -> None:
    values, owner, groups, strata = cohort()
    found = by_way(values, owner, groups, "B", "A", strata=strata, draws=200, seed=5)
    means = values.per_patient(owner)
    site = PerPatient(strata.astype(object), "site")
    assert tuple(found) == WAYS
    assert found["stratified"] == stratified_rank_sum(means, groups, strata, "B", "A")
    assert found["mixed"] == mixed_shift(values, owner, groups, "B", "A")
    assert found["mixed_adjusted"] == mixed_shift(values, owner, groups, "B", "A", adjust=(site,))
    assert found["bootstrap"] == bootstrap_shift(means, groups, "B", "A", draws=200, seed=5)
    plain = rank_sum(means, groups, "B", "A")
    assert (found["mean"].value, found["mean"].low, found["mean"].p) == (plain.value, plain.low, plain.p)
    assert found["max"].value == rank_sum(values.per_patient(owner, "max"), groups, "B", "A").value
    assert {e.n for e in found.values()} == {(18, 24)}
    assert {e.unit for e in found.values()} == {"points"}
    assert all(e.groups == ("B", "A") and e.quantity == "score" for e in found.values())
    within = [found[w] for w in ("stratified", "mixed_adjusted")]
    assert all(e.high - e.low < plain.high - plain.low for e in within)  # strata take away what they explain


def test_what_cannot_be_done_is_not_there() -> None:
    values, owner, groups, strata = cohort(each=1)
    assert set(by_way(values, owner, groups, "B", "A", strata=strata, draws=100)) == {"mean", "stratified", "bootstrap"}
    assert set(by_way(values, owner, groups, "B", "A", draws=100)) == {"mean", "bootstrap"}
    values, owner, groups, strata = cohort()
    one = pd.Series("all", index=strata.index)
    assert {"stratified", "mixed_adjusted"}.isdisjoint(by_way(values, owner, groups, "B", "A", strata=one, draws=100))
    with pytest.raises(TypeError):
        by_way(values.per_patient(owner), owner, groups, "B", "A")  # pyright: ignore[reportArgumentType]


def test_the_bootstrap_draws_patients_of_each_group() -> None:
    values, owner, groups, _ = cohort()
    means = values.per_patient(owner)
    e = bootstrap_shift(means, groups, "B", "A", draws=400, seed=2)
    array, flags = means.array(), (groups.reindex(means.values.index) == "B").to_numpy()

    def middle(rows: np.ndarray) -> float:
        x, y = array[rows][flags[rows]], array[rows][~flags[rows]]
        return float(np.median([a - b for a in x for b in y]))

    names = pd.Series(means.values.index, index=means.values.index)
    drawn = cluster_bootstrap(names, middle, draws=400, seed=2, strata=groups)
    assert (e.value, e.low, e.high) == (drawn.value, drawn.low, drawn.high)
    assert np.isnan(e.p)
    assert e.low < rank_sum(means, groups, "B", "A").value == e.value < e.high
    assert "400 draws (seed 2)" in e.method
    bca = bootstrap_shift(means, groups, "B", "A", draws=400, seed=2, kind="bca")
    assert bca.value == e.value
    assert bca.low != e.low


@pytest.mark.parametrize(("kept", "bounded", "remark"), [(4, False, "too few to resample"), (6, True, "is too narrow")])
def test_groups_too_small_to_resample_say_so(kept: int, bounded: bool, remark: str) -> None:
    values, owner, groups, _ = cohort()
    means = values.per_patient(owner)
    few = groups.where((groups == "A") | (groups.index >= f"p{42 - kept}"), "C")
    e = bootstrap_shift(means, few, "B", "A", draws=100)
    assert e.n == (kept, 24)
    assert np.isfinite(e.value)
    assert np.isfinite(e.low) == bounded
    assert e.remark.endswith(remark)
    empty = bootstrap_shift(means, groups, "nobody", "A", draws=100)
    assert empty.n == (0, 24)
    assert np.isnan(empty.value)
    assert empty.remark == "a group has no patients"
