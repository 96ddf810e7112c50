"""Tables of counts: slow twins by listing every table, the definitions, and R's results."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2, ncx2, norm

from her2het.kernels.association import chi_square, cramer
from her2het.kernels.conditional import conditional, odds_ratio, odds_ratio_interval, two_sided_p
from her2het.kernels.fisher import fisher_p
from her2het.kernels.mantel_haenszel import common_odds, general_association
from her2het.kernels.proportions import clopper_pearson, newcombe, newcombe_paired, wilson
from her2het.kernels.symmetry import bhapkar, bowker, mcnemar_chi_square, mcnemar_exact, stuart_maxwell

GOLDEN = pd.read_csv(Path(__file__).parents[1] / "oracles/stats/tables_results.csv", dtype=str, keep_default_na=False)
CRAMER = pd.read_csv(
    Path(__file__).parents[1] / "oracles/stats/cramer_results.csv", float_precision="round_trip", skipinitialspace=True
)
small = st.integers(0, 4)


def golden(test: str) -> list:
    """(case, table, what R says) for one test."""
    found = []
    for row in GOLDEN[GOLDEN.test == test].itertuples():
        shape = [int(v) for v in row.dims.split("x")]
        table = np.array([int(v) for v in row.cells.split()]).reshape(shape)
        values = dict(zip(row.names.split(), [float(v) for v in row.values.split()], strict=True))
        found.append(pytest.param(table, values, id=row.case))
    return found


def all_tables(rows: list[int], columns: list[int]):
    """Every table with these margins."""
    if len(rows) == 1:
        yield [list(columns)]
        return
    for first in itertools.product(*(range(min(rows[0], c) + 1) for c in columns)):
        if sum(first) == rows[0]:
            for rest in all_tables(rows[1:], [c - f for c, f in zip(columns, first, strict=True)]):
                yield [list(first), *rest]


def slow_fisher(table: np.ndarray) -> float:
    """Every table with its probability, in whole numbers: N! prod(row!) prod(column!) / prod(cell!)."""

    def weight(t) -> float:
        return 1.0 / math.prod(math.factorial(int(v)) for row in t for v in row)

    listed = [weight(t) for t in all_tables(table.sum(1).tolist(), table.sum(0).tolist())]
    seen = weight(table) * (1 + 1e-7)
    return math.fsum(w for w in listed if w <= seen) / math.fsum(listed)


# --- odds ratios ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "r"), golden("fisher2x2"))
def test_two_by_two_equals_r(table: np.ndarray, r: dict[str, float]) -> None:
    given = conditional(table)
    assert two_sided_p(given) == pytest.approx(r["p"], rel=1e-9)
    # solved to 1e-14 in R; its own fisher.test stops at 1.2e-4 of an odds ratio or of its inverse
    low, high = odds_ratio_interval(given)
    np.testing.assert_allclose([odds_ratio(given), low, high], [r["mle"], r["low"], r["high"]], rtol=1e-9)
    for ours, theirs in ((odds_ratio(given), r["r_or"]), (low, r["r_low"]), (high, r["r_high"])):
        if 0 < ours < math.inf:
            assert abs(ours - theirs) < 1.3e-4 or abs(1 / ours - 1 / theirs) < 1.3e-4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small, small, small), min_size=1, max_size=3))
def test_conditional_equals_listing(cells: list[tuple[int, int, int, int]]) -> None:
    """All combinations of tables with these margins, strata independent."""
    tables = np.array(cells).reshape(-1, 2, 2)
    given = conditional(tables)
    sums: dict[int, float] = {}
    options = [
        [
            (a, math.comb(int(m), a) * math.comb(int(o), int(d) - a))
            for a in range(int(m) + 1)
            if 0 <= int(d) - a <= int(o)
        ]
        for m, o, d in zip(tables[:, 0].sum(1), tables[:, 1].sum(1), tables[:, :, 0].sum(1), strict=True)
    ]
    for chosen in itertools.product(*options):
        total = sum(a for a, _ in chosen)
        sums[total] = sums.get(total, 0.0) + math.prod(w for _, w in chosen)
    whole = sum(sums.values())
    expected = [sums[k] / whole for k in sorted(sums)]
    assert given.low == min(sums)
    np.testing.assert_allclose(np.exp(given.log_p), expected, rtol=1e-10)
    seen = sums[given.observed] / whole * (1 + 1e-7)
    assert two_sided_p(given) == pytest.approx(min(1, sum(v for v in expected if v <= seen)))
    value, (low, high) = odds_ratio(given), odds_ratio_interval(given)
    if given.low == given.high:
        assert math.isnan(value)
    else:
        assert low <= value <= high
    for limit, tail in ((low, lambda k: k >= given.observed), (high, lambda k: k <= given.observed)):
        if 0 < limit < math.inf:
            tilted = {k: v * limit ** (k - given.low) for k, v in sums.items()}
            share = sum(v for k, v in tilted.items() if tail(k)) / sum(tilted.values())
            assert share == pytest.approx(0.025, rel=1e-6)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="whole"):
        conditional([[1, 2.5], [3, 4]])
    with pytest.raises(ValueError, match="whole"):
        fisher_p([[1, -2], [3, 4]])
    with pytest.raises(ValueError, match="shape"):
        conditional([[1, 2, 3], [3, 4, 5]])
    with pytest.raises(ValueError, match="dimensions"):
        fisher_p([1, 2])
    with pytest.raises(ValueError, match="rows as columns"):
        bowker([[1, 2, 3], [3, 4, 5]])
    with pytest.raises(ValueError, match="strata"):
        common_odds([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="proportion"):
        wilson(3, 2)


# --- Fisher, any size -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "r"), golden("fisher") + golden("fisher2x2"))
def test_fisher_equals_r(table: np.ndarray, r: dict[str, float]) -> None:
    for turned in (table, table.T, table[::-1]):
        found = fisher_p(turned)
        assert found.draws == 0
        assert found.p == pytest.approx(r["p"], rel=1e-7)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 4), st.integers(2, 4), st.data())
def test_fisher_equals_listing(rows: int, columns: int, data: st.DataObject) -> None:
    cell = st.integers(0, 3 if rows * columns <= 9 else 1)
    table = np.array(data.draw(st.lists(cell, min_size=rows * columns, max_size=rows * columns))).reshape(rows, columns)
    kept = table[table.sum(1) > 0][:, table.sum(0) > 0]
    found = fisher_p(table)
    if min(kept.shape) < 2:
        assert math.isnan(found.p)
    else:
        assert found.p == pytest.approx(slow_fisher(kept), rel=1e-9)


def test_fisher_keeps_precision_far_out() -> None:
    table = np.diag([20, 20, 20])
    expected = 6 * math.factorial(20) ** 3 / math.factorial(60)
    assert fisher_p(table).p == pytest.approx(expected * math.factorial(20) ** 3 / math.factorial(20) ** 3, rel=1e-6)


def test_drawn_tables_agree_with_counting_and_with_themselves() -> None:
    table = [[10, 3, 8, 2], [2, 9, 4, 5], [3, 3, 8, 8]]
    exact, drawn = fisher_p(table), fisher_p(table, parts=1, draws=20_000, seed=5)
    assert drawn.draws == 20_000
    assert abs(drawn.p - exact.p) < 4 * math.sqrt(exact.p / 20_000)
    assert drawn == fisher_p(table, parts=1, draws=20_000, seed=5)
    assert drawn != fisher_p(table, parts=1, draws=20_000, seed=6)
    huge = np.random.default_rng(0).integers(20, 40, (8, 12))
    assert fisher_p(huge, draws=1_000).draws == 1_000


# --- chi-square and V -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "r"), golden("chisq"))
def test_chi_square_equals_r(table: np.ndarray, r: dict[str, float]) -> None:
    plain, corrected = chi_square(table), chi_square(table, correct=True)
    np.testing.assert_allclose([plain.statistic, plain.p, plain.df], [r["plain"], r["p_plain"], r["df"]], rtol=1e-12)
    np.testing.assert_allclose(
        [corrected.statistic, corrected.p], [r["corrected"], r["p_corrected"]], rtol=1e-9, atol=1e-15
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=4))
def test_cramer_lies_in_its_interval(table: list[list[int]]) -> None:
    v = cramer(table)
    if math.isnan(v.value):
        return
    assert 0 <= v.low <= v.high <= 1
    assert v.low <= v.value + 1e-9
    if chi_square(table).p < 0.02:
        assert v.low > 0
    if chi_square(table).p > 0.03:
        assert v.low == 0


def cramer_by_search(table: np.ndarray, level: float) -> tuple[float, float, float]:
    """The definition, slowly: V; the noncentralities at which X^2, or the median of independence where X^2 is smaller
    for the upper limit, is a quantile of noncentral chi-square, by bisection of scipy's distribution."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(rows, columns) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    df = (len(rows) - 1) * (len(columns) - 1)
    scale = table.sum() * (min(table.shape) - 1)

    def limit(at: float, p: float) -> float:
        low, high = 0.0, 10_000.0
        if chi2.cdf(at, df) <= p:
            return 0.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if ncx2.cdf(at, df, middle) > p else (low, middle)
        return min(1.0, math.sqrt(low / scale))

    tail = (1 - level) / 2
    v = math.sqrt(statistic / scale)
    return v, limit(statistic, 1 - tail), max(v, limit(max(statistic, chi2.median(df)), tail))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 30), min_size=3, max_size=3), min_size=2, max_size=4), st.sampled_from([0.9, 0.95])
)
def test_cramer_equals_its_definition(table: list[list[int]], level: float) -> None:
    v = cramer(table, level)
    np.testing.assert_allclose((v.value, v.low, v.high), cramer_by_search(np.array(table), level), atol=1e-6)


@pytest.mark.parametrize("row", list(CRAMER.itertuples()), ids=lambda r: f"{r.case}-{r.level}")
def test_cramer_equals_r(row) -> None:
    """base R's pchisq and uniroot; effectsize 0.8.3 beside it, which searches less closely."""
    table = np.array([int(c) for c in row.cells.split()]).reshape([int(d) for d in row.dims.split("x")])
    v = cramer(table, row.level)
    np.testing.assert_allclose((row.low, row.high), (row.other_low, row.other_high), atol=2e-6)
    np.testing.assert_allclose((v.value, v.low), (row.v, row.low), atol=1e-7)
    if row.case == "weak":  # X^2 below its median under independence: the upper limit is that of the median
        assert v.high > row.high + 0.05
    else:
        assert v.high == pytest.approx(row.high, abs=1e-7)


@pytest.mark.parametrize("table", [[[5, 5], [5, 5]], [[50, 50], [50, 50]], [[8, 9, 8], [9, 8, 9]]])
def test_a_table_more_even_than_chance_does_not_exclude_every_association(table: list[list[int]]) -> None:
    """The interval used to be [0, V]; ever more patients narrow it, one table more even than another does not."""
    v = cramer(table)
    assert v.low == 0
    assert v.high > v.value + 0.1
    assert cramer(np.array(table) * 100).high < v.high / 4


def test_the_upper_limit_rises_with_v() -> None:
    highs = [cramer([[20 + k, 20 - k], [20 - k, 20 + k]]).high for k in range(20)]
    assert highs == sorted(highs)
    whole = cramer([[20, 0], [0, 20]])
    assert (whole.value, whole.high) == (1, 1)
    assert 0.5 < whole.low < 1


def test_cramer_of_a_known_table() -> None:
    """Four equal cells apart: V = 0; a diagonal: V = 1."""
    assert cramer([[5, 5], [5, 5]]).value == 0
    assert cramer([[9, 0, 0], [0, 8, 0], [0, 0, 7]]).value == pytest.approx(1)
    assert math.isnan(cramer([[5, 4]]).value)


# --- proportions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("counts", "r"), golden("share"))
def test_shares_equal_r(counts: np.ndarray, r: dict[str, float]) -> None:
    hits, n = counts.tolist()
    np.testing.assert_allclose(clopper_pearson(hits, n), [r["low"], r["high"]], atol=1e-12)
    np.testing.assert_allclose(wilson(hits, n), [r["wilson_low"], r["wilson_high"]], atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.9, 0.95]))
def test_share_intervals_solve_their_equations(hits: int, misses: int, level: float) -> None:
    n, tail, z = hits + misses, (1 - level) / 2, norm.ppf((1 + level) / 2)
    low, high = clopper_pearson(hits, n, level)
    if hits:
        assert binom.sf(hits - 1, n, low) == pytest.approx(tail, rel=1e-6)
    if misses:
        assert binom.cdf(hits, n, high) == pytest.approx(tail, rel=1e-6)
    for limit in wilson(hits, n, level):
        if n and 0 < limit < 1:
            assert abs(hits / n - limit) == pytest.approx(z * math.sqrt(limit * (1 - limit) / n), abs=1e-9)


def test_newcombe_of_the_papers() -> None:
    """Newcombe 1998, the two papers' own examples: 56/70 against 48/80, and 9/10 against 3/10."""
    np.testing.assert_allclose(newcombe((56, 70), (48, 80)), [0.0524, 0.3339], atol=5e-5)
    np.testing.assert_allclose(newcombe((9, 10), (3, 10)), [0.1705, 0.8090], atol=5e-5)
    assert all(math.isnan(v) for v in newcombe((0, 0), (1, 2)))


@settings(max_examples=60, deadline=None)
@given(small, small, small, small)
def test_newcombe_paired_equals_its_twin(both: int, first: int, second: int, neither: int) -> None:
    n = both + first + second + neither
    got = newcombe_paired(both, first, second, neither)
    if not n:
        assert math.isnan(got[0])
        return
    p1, p2 = (both + first) / n, (both + second) / n
    (l1, u1), (l2, u2) = wilson(both + first, n), wilson(both + second, n)
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    c = both * neither - first * second
    if margins == 0:
        phi = 0.0
    elif c > n / 2:
        phi = (c - n / 2) / math.sqrt(margins)
    elif c >= 0:
        phi = 0.0
    else:
        phi = c / math.sqrt(margins)
    d, a, b, e, f = p1 - p2, p1 - l1, u2 - p2, u1 - p1, p2 - l2
    expected = (d - math.sqrt(a * a - 2 * phi * a * b + b * b), d + math.sqrt(e * e - 2 * phi * e * f + f * f))
    np.testing.assert_allclose(got, expected, atol=1e-12)
    assert got[0] <= d + 1e-12
    assert d - 1e-12 <= got[1]


# --- the same units twice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "r"), golden("mcnemar"))
def test_mcnemar_chi_square_equals_r(table: np.ndarray, r: dict[str, float]) -> None:
    found = mcnemar_chi_square(int(table[0, 1]), int(table[1, 0]))
    np.testing.assert_allclose([found.statistic, found.p], [r["statistic"], r["p"]], rtol=1e-12)


@pytest.mark.parametrize(("table", "r"), golden("bowker"))
def test_bowker_equals_r(table: np.ndarray, r: dict[str, float]) -> None:
    found = bowker(table)
    np.testing.assert_allclose([found.statistic, found.df, found.p], [r["statistic"], r["df"], r["p"]], rtol=1e-12)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_equals_the_definition(b: int, c: int) -> None:
    exact, mid = mcnemar_exact(b, c)
    n = b + c
    ways = [math.comb(n, k) for k in range(n + 1)]
    seen = ways[b]
    assert exact == pytest.approx(min(1.0, sum(w for w in ways if w <= seen) / 2**n))
    point = seen / 2**n
    assert mid == pytest.approx((exact if b != c else 1 + point) - (point if b != c else 1.5 * point) if n else 1.0)


def slow_marginal(table: np.ndarray, hypothesis: bool) -> float:
    """d' V^-1 d from the multinomial covariance of the margins' differences, over the first k - 1 classes."""
    n, k = table.sum(), len(table)
    p = table / n
    effects = np.zeros((k - 1, k, k))
    for i in range(k - 1):
        effects[i, i, :] += 1
        effects[i, :, i] -= 1
    d = np.array([(e * p).sum() for e in effects])
    cov = np.array(
        [[(a * b * p).sum() - (0 if hypothesis else (a * p).sum() * (b * p).sum()) for b in effects] for a in effects]
    )
    return float(n * d @ np.linalg.solve(cov, d))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=9, max_size=9))
def test_marginal_tests_equal_their_twin(cells: list[int]) -> None:
    table = np.array(cells).reshape(3, 3)
    plain, unrestricted = stuart_maxwell(table), bhapkar(table)
    assert plain.statistic == pytest.approx(slow_marginal(table, hypothesis=True), abs=1e-9)
    assert unrestricted.statistic == pytest.approx(slow_marginal(table, hypothesis=False), abs=1e-8)
    assert plain.df == unrestricted.df == 2
    order = [2, 0, 1]
    assert stuart_maxwell(table[np.ix_(order, order)]).statistic == pytest.approx(plain.statistic)
    assert stuart_maxwell(table.T).statistic == pytest.approx(plain.statistic)


def test_symmetry_tests_of_two_classes_are_mcnemar() -> None:
    table = [[10, 7], [2, 4]]
    assert bowker(table).statistic == pytest.approx(25 / 9)
    assert stuart_maxwell(table).statistic == pytest.approx(25 / 9)


def test_specification_of_changes() -> None:
    """Worked examples of the domain specification, section 7.4."""
    table = [[40, 12, 1], [8, 60, 6], [0, 3, 20]]
    found = [(t.statistic, t.df, t.p) for t in (bowker(table), stuart_maxwell(table), bhapkar(table))]
    expected = [(2.8, 3, 0.4235), (2.6124, 2, 0.2708), (2.6587, 2, 0.2646)]
    np.testing.assert_allclose(found, expected, atol=5e-5)
    four = bowker([[20, 5, 0, 0], [6, 14, 4, 0], [0, 3, 18, 4], [0, 0, 2, 24]])
    np.testing.assert_allclose((four.statistic, four.df, four.p), (0.900433, 3, 0.8253), atol=5e-5)
    assert mcnemar_exact(3, 4) == (1.0, pytest.approx(0.7266, abs=5e-5))
    assert mcnemar_exact(26, 1)[0] == pytest.approx(4.17e-7, rel=2e-3)


def test_nothing_changed() -> None:
    table = [[3, 0, 0], [0, 4, 0], [0, 0, 5]]
    for test in (bowker, stuart_maxwell, bhapkar):
        assert math.isnan(test(table).p)
        assert test(table).df == 0
    assert mcnemar_exact(0, 0) == (1.0, 1.0)
    never = stuart_maxwell([[5, 3, 0], [1, 4, 0], [0, 0, 9]])  # the third class takes no part
    assert (never.df, never.statistic) == (1, pytest.approx(1.0))
    assert math.isinf(bhapkar([[0, 4], [0, 0]]).statistic)


# --- strata ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tables", "r"), golden("mantelhaen"))
def test_common_odds_equal_r(tables: np.ndarray, r: dict[str, float]) -> None:
    found = common_odds(tables)
    np.testing.assert_allclose(
        [found.test.statistic, found.test.p, found.value, found.low, found.high],
        [r["statistic"], r["p"], r["or"], r["low"], r["high"]],
        rtol=1e-10,
        atol=1e-14,
    )
    assert common_odds(tables, correct=False).test.p == pytest.approx(r["p_plain"], rel=1e-10)
    given = conditional(tables)
    assert two_sided_p(given) == pytest.approx(r["p_exact"], rel=1e-9)
    exact = [odds_ratio(given), *odds_ratio_interval(given)]
    for ours, theirs in zip(exact, [r["or_exact"], r["low_exact"], r["high_exact"]], strict=True):
        assert abs(ours - theirs) < 1.3e-4 or abs(1 / ours - 1 / theirs) < 1.3e-4  # R's search stops there


@pytest.mark.parametrize(("tables", "r"), golden("general"))
def test_general_association_equals_r(tables: np.ndarray, r: dict[str, float]) -> None:
    found = general_association(tables)
    np.testing.assert_allclose([found.statistic, found.df, found.p], [r["statistic"], r["df"], r["p"]], rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small, small, small), min_size=1, max_size=4))
def test_common_odds_equal_their_twin(cells: list[tuple[int, int, int, int]]) -> None:
    tables = np.array(cells).reshape(-1, 2, 2)
    found = common_odds(tables, correct=False)
    top = bottom = distance = spread = 0.0
    for a, b, c, d in cells:
        n = a + b + c + d
        if n < 2:
            continue
        top, bottom = top + a * d / n, bottom + b * c / n
        distance += a - (a + b) * (a + c) / n
        spread += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
    if spread > 0:
        assert found.test.statistic == pytest.approx(distance**2 / spread, abs=1e-9)
        assert general_association(tables).statistic == pytest.approx(distance**2 / spread, abs=1e-9)
    else:
        assert math.isnan(found.test.p)
    if top and bottom:
        assert found.value == pytest.approx(top / bottom)
        assert found.low < found.value < found.high
    else:
        assert math.isnan(found.low)
