"""Rank tests, shifts and the probability of superiority: slow twins from the definitions, and R's results."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from her2het.kernels.many_ranks import many_rank_sums
from her2het.kernels.ranks import lower_quantile, rank_sum_cdf, rank_sum_test, signed_rank_cdf, signed_rank_test
from her2het.kernels.roots import brent_root
from her2het.kernels.shifts import (
    pseudo_median,
    pseudo_median_by_roots,
    shift_of_two,
    shift_of_two_by_roots,
)
from her2het.kernels.superiority import (
    logit_interval,
    newcombe5,
    paired_superiority,
    superiority,
    superiority_interval,
)
from her2het.kernels.tmm import log_cpm_edger, tmm_factors

ORACLES = Path(__file__).parents[1] / "oracles" / "stats"
INPUTS = pd.read_csv(ORACLES / "ranks_inputs.csv", float_precision="round_trip")
RESULTS = pd.read_csv(ORACLES / "ranks_results.csv", float_precision="round_trip")
Z = float(norm.ppf(0.975))

tied_values = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=9).map(np.array)
untied = st.lists(st.floats(-10, 10).map(lambda v: round(v, 3)), min_size=2, max_size=12, unique=True)


# --- slow twins -----------------------------------------------------------------------------------------------------


def slow_u(x: np.ndarray, y: np.ndarray) -> float:
    return sum((a > b) + 0.5 * (a == b) for a in x for b in y)


def slow_exact_p(x: np.ndarray, y: np.ndarray) -> float:
    """Over all ways to deal the pooled values into two groups."""
    pooled = [*x, *y]
    seen = slow_u(x, y)
    drawn = []
    for chosen in itertools.combinations(range(len(pooled)), len(x)):
        rest = [pooled[i] for i in range(len(pooled)) if i not in chosen]
        drawn.append(slow_u(np.array([pooled[i] for i in chosen]), np.array(rest)))
    low, high = np.mean([u <= seen for u in drawn]), np.mean([u >= seen for u in drawn])
    return min(1.0, 2 * min(low, high))


def slow_signed_p(d: np.ndarray) -> float:
    """Over all signs of the differences."""
    ranks = [sum(abs(b) < abs(a) for b in d) + 1 for a in d]
    seen = sum(r for r, a in zip(ranks, d, strict=True) if a > 0)
    drawn = [
        sum(r for r, s in zip(ranks, signs, strict=True) if s) for signs in itertools.product((0, 1), repeat=len(d))
    ]
    return min(1.0, 2 * min(np.mean([v <= seen for v in drawn]), np.mean([v >= seen for v in drawn])))


def slow_normal_z(x: np.ndarray, y: np.ndarray) -> float:
    pooled = [*x, *y]
    n = len(pooled)
    cubes = sum(pooled.count(v) ** 2 - 1 for v in pooled)  # each of a block of t adds t^2 - 1
    spread = math.sqrt(len(x) * len(y) / 12 * (n + 1 - cubes / (n * (n - 1))))
    distance = slow_u(x, y) - len(x) * len(y) / 2
    return (distance - 0.5 * np.sign(distance)) / spread if spread > 0 else math.nan


def slow_crossing(score, low: float, high: float) -> float:
    """Where a falling step function goes from above 0 to below, by halving."""
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > 0 else (low, middle)
    return (low + high) / 2


def one_case(test: str, case: str) -> dict[str, np.ndarray]:
    rows = INPUTS[(INPUTS.test == test) & (INPUTS.case == case)]
    return {part: rows.value[rows.part == part].to_numpy() for part in rows.part.unique()}


# --- exact distributions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 4), (2, 3), (3, 3), (4, 5), (5, 2)])
def test_rank_sum_distribution_by_enumeration(m: int, n: int) -> None:
    u = [sum(chosen) - m * (m + 1) // 2 for chosen in itertools.combinations(range(1, m + n + 1), m)]
    expected = [np.mean([v <= k for v in u]) for k in range(m * n + 1)]
    np.testing.assert_allclose(rank_sum_cdf(m, n), expected, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_signed_rank_distribution_by_enumeration(n: int) -> None:
    v = [sum(k * s for k, s in enumerate(signs, 1)) for signs in itertools.product((0, 1), repeat=n)]
    expected = [np.mean([w <= k for w in v]) for k in range(n * (n + 1) // 2 + 1)]
    np.testing.assert_allclose(signed_rank_cdf(n), expected, rtol=1e-13)


def test_distributions_are_exact_in_the_far_tail() -> None:
    """Counted in integers: of C(98, 49) orders one has U = 0, one U = 1, two U = 2, three U = 3."""
    np.testing.assert_allclose(rank_sum_cdf(49, 49)[:4] * math.comb(98, 49), [1, 2, 4, 7], rtol=1e-12)
    np.testing.assert_allclose(signed_rank_cdf(49)[:5] * 2.0**49, [1, 2, 3, 5, 7], rtol=1e-12)
    assert rank_sum_cdf(49, 49)[-1] == pytest.approx(1, abs=1e-12)
    assert not rank_sum_cdf(4, 4).flags.writeable


def test_lower_quantile_is_at_least_one() -> None:
    assert lower_quantile(rank_sum_cdf(2, 2), 0.025) == 1
    assert lower_quantile(rank_sum_cdf(4, 4), 0.025) == 1
    assert lower_quantile(rank_sum_cdf(14, 43), 0.025) == 196  # as R: qwilcox(.025, 14, 43)


# --- tests against their twins --------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(tied_values, tied_values)
def test_normal_rank_sum_equals_its_twin(x: np.ndarray, y: np.ndarray) -> None:
    result = rank_sum_test(x, y, exact=False)
    assert result.statistic == slow_u(x, y)
    z = slow_normal_z(x, y)
    if math.isnan(z):
        assert math.isnan(result.p)
    else:
        assert result.p == pytest.approx(min(1.0, 2 * norm.sf(abs(z))), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(untied.filter(lambda v: len(v) <= 9), st.integers(1, 8))
def test_exact_rank_sum_equals_enumeration(values: list[float], cut: int) -> None:
    cut = min(cut, len(values) - 1)
    x, y = np.array(values[:cut]), np.array(values[cut:])
    result = rank_sum_test(x, y)
    assert result.exact
    assert result.p == pytest.approx(slow_exact_p(x, y), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=9, unique=True), st.integers(0, 511))
def test_exact_signed_rank_equals_enumeration(sizes: list[int], signs: int) -> None:
    d = np.array([v if signs >> i & 1 else -v for i, v in enumerate(sizes)], dtype=float)
    assert signed_rank_test(d).p == pytest.approx(slow_signed_p(d), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(untied, st.floats(-20, 20), st.floats(0.01, 50))
def test_rank_sum_does_not_see_the_scale(values: list[float], move: float, stretch: float) -> None:
    """Swapping the groups mirrors everything; shifting and stretching carry the shift along."""
    half = len(values) // 2
    x, y = np.array(values[:half]), np.array(values[half:])
    there, back = rank_sum_test(x, y), rank_sum_test(y, x)
    assert there.p == pytest.approx(back.p, rel=1e-12)
    assert there.statistic + back.statistic == len(x) * len(y)
    one, other = shift_of_two(x, y), shift_of_two(y, x)
    np.testing.assert_allclose([one.value, one.low, one.high], [-other.value, -other.high, -other.low], atol=1e-12)
    far = shift_of_two(x * stretch + move, y * stretch)
    np.testing.assert_allclose(
        [far.value, far.low, far.high], np.array([one.value, one.low, one.high]) * stretch + move, atol=1e-9
    )


def test_empty_constant_and_forced() -> None:
    assert math.isnan(rank_sum_test(np.empty(0), np.ones(3)).p)
    assert math.isnan(rank_sum_test(np.ones(3), np.ones(4)).p)
    assert math.isnan(signed_rank_test(np.zeros(3)).p)
    assert signed_rank_test(np.zeros(3)).zeros == 3
    assert math.isnan(shift_of_two(np.empty(0), np.ones(3)).value)
    assert math.isnan(pseudo_median(np.zeros(4)).value)
    assert math.isnan(shift_of_two(np.ones(3), np.ones(4)).low)
    with pytest.raises(ValueError, match="tied"):
        rank_sum_test(np.ones(3), np.ones(4), exact=True)
    with pytest.raises(ValueError, match="tied"):
        signed_rank_test(np.array([1.0, -1.0, 2.0]), exact=True)


# --- intervals ------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(untied.filter(lambda v: 6 <= len(v) <= 9))
def test_exact_interval_is_the_set_of_shifts_not_rejected(values: list[float]) -> None:
    half = len(values) // 2
    x, y = np.array(values[:half]), np.array(values[half:])
    shift = shift_of_two(x, y)
    differences = np.unique([a - b for a in x for b in y])
    between = (differences[:-1] + differences[1:]) / 2
    for d in between[np.diff(differences) > 1e-6]:
        inside = shift.low < d < shift.high
        if shift.level == 0.95:
            assert inside == (slow_exact_p(x - d, y) > 0.05)
        elif not inside:
            pytest.fail("an interval below its level must span all differences")


@settings(max_examples=60, deadline=None)
@given(tied_values.filter(lambda v: len(v) > 3), tied_values.filter(lambda v: len(v) > 3))
def test_normal_interval_is_where_the_score_crosses(x: np.ndarray, y: np.ndarray) -> None:
    shift = shift_of_two(x, y, exact=False)
    assert shift.value == np.median([a - b for a in x for b in y])
    if math.isnan(shift.low) or shift.level < 0.95:
        return
    low, high = x.min() - y.max() - 1, x.max() - y.min() + 1
    assert shift.low == pytest.approx(slow_crossing(lambda d: slow_normal_z(x - d, y) - Z, low, high), abs=1e-10)
    assert shift.high == pytest.approx(slow_crossing(lambda d: slow_normal_z(x - d, y) + Z, low, high), abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(7, 60), st.booleans())
def test_paired_interval_is_where_the_score_crosses(seed: int, n: int, rounded: bool) -> None:
    d = np.random.default_rng(seed).normal(0.3, 1, n)
    d = np.round(d, 1) if rounded else d
    d = d[d != 0]
    shift = pseudo_median(d, exact=False)
    walsh = [(d[i] + d[j]) / 2 for i in range(len(d)) for j in range(i, len(d))]
    assert shift.value == pytest.approx(np.median(walsh), abs=1e-12)
    near = pseudo_median_by_roots(d, tolerance=1e-12)
    assert shift.low == pytest.approx(near.low, abs=1e-10)
    assert shift.high == pytest.approx(near.high, abs=1e-10)


def test_brent_root() -> None:
    assert brent_root(lambda x: x**3 - 2, 0, 2, 1e-13) == pytest.approx(2 ** (1 / 3), abs=1e-12)
    assert brent_root(math.cos, 0, 3) == pytest.approx(math.pi / 2, abs=1e-9)
    assert brent_root(lambda x: x, 0, 3) == 0
    with pytest.raises(ValueError, match="no change of sign"):
        brent_root(lambda x: x * x + 1, -1, 1)


# --- R --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", list(RESULTS.itertuples()), ids=lambda r: f"{r.test}-{r.case}-{r.variant}")
def test_equals_r(row) -> None:
    level = 0.9 if row.variant == "level90" else 0.95
    exact = False if row.variant == "normal" else None
    part = one_case(row.test, row.case)
    if row.test == "rank_sum":
        test, shift = rank_sum_test(part["x"], part["y"], exact=exact), shift_of_two(**part, level=level, exact=exact)
        roots = shift_of_two_by_roots(part["x"], part["y"], level)
    else:
        test, shift = signed_rank_test(part["d"], exact=exact), pseudo_median(part["d"], level, exact=exact)
        roots = pseudo_median_by_roots(part["d"], level)
    assert test.statistic == row.statistic
    assert test.p == pytest.approx(row.p, rel=1e-12)
    assert test.exact == ("exact" in row.method)
    assert (shift.level < level) == (row.case == "tiny" and row.variant != "level90")
    if test.exact:
        np.testing.assert_allclose([shift.value, shift.low, shift.high], [row.estimate, row.low, row.high], atol=1e-12)
        return
    if shift.level == level:  # R takes its limits as roots, found to 1e-4
        np.testing.assert_allclose([shift.low, shift.high], [row.low, row.high], atol=1e-4)
        np.testing.assert_allclose([roots.low, roots.high], [row.low, row.high], atol=1e-12)
    assert roots.value == pytest.approx(row.estimate, abs=1e-12)


def test_equals_r_on_real_tumours(shared_data: Path) -> None:
    counts = pd.read_csv(shared_data / "data/tcga_her2_60/counts.csv.gz", index_col=0)
    labels = pd.read_csv(shared_data / "data/tcga_her2_60/labels.csv").her2_status_by_ihc.to_numpy()
    factors = tmm_factors(counts.to_numpy())
    logs = pd.DataFrame(log_cpm_edger(counts.to_numpy(), factors.lib_size, factors.norm_factor), index=counts.index)
    golden = pd.read_csv(shared_data / "oracles/tcga_her2_60/wilcoxon_rank_sum.csv.gz", index_col=0)
    for gene, r in golden.iterrows():
        x, y = (logs.loc[gene].to_numpy()[labels == status] for status in ("Positive", "Negative"))
        test, shift = rank_sum_test(x, y), shift_of_two(x, y)
        assert test.exact, gene
        assert test.statistic == r.W
        assert test.p == pytest.approx(r.p, rel=1e-9)
        np.testing.assert_allclose([shift.value, shift.low, shift.high], [r.hl, r.low, r.high], rtol=1e-9)


# --- many genes -----------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([None, False]))
def test_many_genes_equal_one_by_one(seed: int, rounded: bool, exact: bool | None) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(5, 23))
    values = np.round(values) if rounded else values
    group = np.array([0] * 9 + [1] * 8 + [2] * 4 + [-1] * 2)
    contrasts = [(1, 0), (2, 0), (2, 1)]
    many = many_rank_sums(values, group, contrasts, exact=exact)
    for g, row in enumerate(values):
        for k, (a, b) in enumerate(contrasts):
            one = rank_sum_test(row[group == a], row[group == b], exact=exact)
            assert many.u[g, k] == one.statistic
            assert many.exact[g, k] == one.exact
            np.testing.assert_allclose(many.p[g, k], one.p, rtol=1e-12)
            assert many.superiority[g, k] == pytest.approx(superiority(row[group == a], row[group == b]).value)


def test_many_genes_refuse_what_they_cannot_rank() -> None:
    group = np.array([0, 0, 1])
    with pytest.raises(ValueError, match="missing"):
        many_rank_sums(np.array([[1.0, np.nan, 2.0]]), group, [(0, 1)])
    with pytest.raises(ValueError, match="without units"):
        many_rank_sums(np.ones((1, 3)), group, [(0, 2)])
    with pytest.raises(ValueError, match="shape"):
        many_rank_sums(np.ones((1, 4)), group, [(0, 1)])
    with pytest.raises(ValueError, match="tied"):
        many_rank_sums(np.ones((1, 3)), group, [(0, 1)], exact=True)
    assert many_rank_sums(np.empty((0, 3)), group, [(0, 1)]).p.shape == (0, 1)


def test_many_genes_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).normal(size=(1500, 30))
    group = np.repeat([0, 1, 2], 10)
    answers = []
    for threads in ("1", "3"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        answers.append(many_rank_sums(values, group, [(1, 0), (2, 1)]).p)
    np.testing.assert_array_equal(*answers)


def test_many_genes_equal_r_at_trial_size(shared_data: Path) -> None:
    with np.load(shared_data / "oracles/trial_size/counts.npz") as data:
        counts, group = data["counts"], data["group"]
    counts = counts[counts.any(axis=1)]
    factors = pd.read_csv(shared_data / "oracles/trial_size/edger_tmm.tsv", sep="\t")
    values = np.log2(counts / (factors.lib * factors.nf).to_numpy() * 1e6 + 1)
    golden = pd.read_csv(shared_data / "oracles/trial_size/wilcoxon_R.tsv.gz", sep=r"\s+").to_numpy()
    code = np.array([ord(c) - ord("A") for c in group])
    many = many_rank_sums(values, code, [(1, 0), (2, 0), (2, 1)], exact=False)
    np.testing.assert_allclose(many.p, golden, rtol=1e-12)


# --- probability of superiority -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(tied_values.filter(lambda v: len(v) > 1), tied_values.filter(lambda v: len(v) > 1))
def test_superiority_equals_its_twin(x: np.ndarray, y: np.ndarray) -> None:
    result = superiority(x, y)
    wins = np.array([[(a > b) + 0.5 * (a == b) for b in y] for a in x])
    assert result.value == pytest.approx(wins.mean(), abs=1e-12)
    expected = wins.mean(1).var(ddof=1) / len(x) + wins.mean(0).var(ddof=1) / len(y)
    assert result.variance == pytest.approx(expected, abs=1e-12)
    low, high = superiority_interval(result)
    assert 0 <= low <= result.value <= high <= 1
    mirrored = superiority_interval(superiority(y, x))
    np.testing.assert_allclose([low, high], [1 - mirrored[1], 1 - mirrored[0]], atol=1e-6)


def test_delong_of_the_specification() -> None:
    """Worked example of the domain specification, section 7.1."""
    a = np.array([0.9, 0.8, 0.7, 0.6, 0.35, 0.65, 0.4, 0.3, 0.2, 0.1])
    result = superiority(a[:5], a[5:])
    assert result.value == pytest.approx(0.88)
    assert result.variance == pytest.approx(0.0128)
    np.testing.assert_allclose(logit_interval(result, normal=True), [0.4732, 0.9836], atol=5e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=12).map(np.array))
def test_paired_superiority_equals_its_twin(d: np.ndarray) -> None:
    kept = d[d != 0]
    result = paired_superiority(d)
    if not len(kept):
        assert math.isnan(result.value)
        return

    def share(v: np.ndarray) -> float:
        sums = [v[i] + v[j] for i in range(len(v)) for j in range(i, len(v))]
        return float(np.mean([(s > 0) + 0.5 * (s == 0) for s in sums]))

    assert result.value == pytest.approx(share(kept), abs=1e-12)
    n = len(kept)
    assert 2 * result.value - 1 == pytest.approx(4 * signed_rank_test(kept).statistic / (n * (n + 1)) - 1)
    if n > 2:
        without = np.array([share(np.delete(kept, i)) for i in range(n)])
        assert result.variance == pytest.approx((n - 1) / n * ((without - without.mean()) ** 2).sum(), abs=1e-12)
    low, high = superiority_interval(result)
    assert 0 <= low <= result.value <= high <= 1


def test_perfect_separation_still_has_an_interval() -> None:
    low, high = superiority_interval(superiority(np.arange(5.0) + 10, np.arange(6.0)))
    assert high == 1
    assert 0.6 < low < 0.9
    # its definition, solved anew: z^2 (1 - t)^2 ... at theta = 1
    size = 5.5 - 1
    spread = low * (1 - low) * (1 + size * (1 - low) / (2 - low) + size * low / (1 + low)) / 30
    assert 1 - low == pytest.approx(Z * math.sqrt(spread), abs=1e-9)
    assert newcombe5(0.0, 6, 5)[1] == pytest.approx(1 - low)
    assert superiority_interval(paired_superiority(np.arange(1.0, 11))) == (pytest.approx(0.025**0.1), 1.0)


def test_the_outer_limits_hold_where_each_interval_falls_short() -> None:
    """Logit alone covers 84 % of 14 against 115, exponential with scales 20 and 1; Newcombe 89 % of spreads 2 and 1."""
    rng = np.random.default_rng(2)
    draws = {
        "apart": (lambda: (rng.exponential(20.0, 14), rng.exponential(1.0, 115)), 20 / 21),
        "spread": (lambda: (rng.normal(1.5, 2, 9), rng.normal(0, 1, 41)), norm.cdf(1.5 / math.sqrt(5))),
    }
    covered = {}
    for name, (draw, truth) in draws.items():
        hits = []
        for _ in range(400):
            found = superiority(*draw())
            intervals = superiority_interval(found), logit_interval(found), newcombe5(found.value, *found.n)
            hits.append([low <= truth <= high for low, high in intervals])
        covered[name] = np.mean(hits, axis=0)
    assert covered["apart"][0] > 0.93
    assert covered["apart"][1] < 0.90
    assert covered["spread"][0] > 0.92
    assert covered["spread"][2] < 0.92


def test_outer_limits_of_pairs() -> None:
    found = paired_superiority(np.array([3.0, 1.0, 2.0, -0.5, 4.0, 2.5]))
    low, high = superiority_interval(found)
    inner = logit_interval(found)
    assert low <= inner[0] < inner[1] <= high
    assert math.isnan(superiority_interval(paired_superiority(np.zeros(3)))[0])
