"""Shares, odds ratios, associations, changes, strata, several groups and cohort rows of patients."""

import math

import numpy as np
import pandas as pd
import pytest

from her2het.kernels.conditional import conditional, odds_ratio_interval
from her2het.kernels.fisher import fisher_p
from her2het.stats.changes import discordance, mcnemar, mcnemar_of_counts, shift_table
from her2het.stats.cohort import cohort_row
from her2het.stats.rank_tests import rank_sum
from her2het.stats.several import kruskal_wallis, trend
from her2het.stats.strata import common_odds_ratio, common_odds_ratio_of_counts, stratified_association
from her2het.stats.tables import (
    association,
    association_of_counts,
    compare_counts,
    compare_shares,
    cross_table,
    odds_ratio,
    share,
    share_of_counts,
)
from her2het.stats.units import PerPatient, PerSample

LABELS = ("pCR", "non-HET/no pCR", "HET/no pCR")


def cohort(seed: int = 2) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    names = [f"p{i:03d}" for i in range(129)]
    groups = pd.Series(np.repeat(LABELS, [64, 51, 14]), index=names)
    table = pd.DataFrame(
        {
            "age": rng.normal(50, 9, 129),
            "hr": rng.integers(0, 2, 129).astype(bool),
            "grade": pd.Categorical(rng.choice(["1", "2", "3"], 129), categories=["1", "2", "3"], ordered=True),
            "subtype": rng.choice(["LumA", "LumB", "Her2", "Basal", "Normal"], 129),
        },
        index=names,
    )
    return table, groups


def per(table: pd.DataFrame, column: str) -> PerPatient:
    return PerPatient(table[column], column)


def test_share_of_patients() -> None:
    table, _ = cohort()
    e = share(per(table, "hr"))
    same = share_of_counts((int(table.hr.sum()), 129))
    assert (e.value, e.low, e.high, e.n) == (same.value, same.low, same.high, (129,))
    assert (e.contrast, e.unit, e.quantity) == ("hr", "%", "hr")
    assert math.isnan(e.p)
    assert share_of_counts((0, 0)).remark == "no patients"
    assert share_of_counts((5, 9), method="wilson").low == pytest.approx(26.665, abs=1e-3)
    with pytest.raises(ValueError, match="0 or 1"):
        share(per(table, "age"))


def test_shares_and_odds_of_two_groups() -> None:
    table, groups = cohort()
    hits = [(int(table.hr[groups == g].sum()), int((groups == g).sum())) for g in ("HET/no pCR", "pCR")]
    e = compare_shares(per(table, "hr"), groups, "HET/no pCR", "pCR")
    same = compare_counts(*hits)
    assert (e.value, e.low, e.high, e.p, e.n) == (same.value, same.low, same.high, same.p, (14, 64))
    assert e.standard == pytest.approx(e.value / 100)
    assert (e.contrast, e.groups) == ("HET/no pCR − pCR", ("HET/no pCR", "pCR"))
    odds = odds_ratio(per(table, "hr"), groups, "HET/no pCR", "pCR")
    (a, m), (c, n) = hits
    assert (odds.low, odds.high) == odds_ratio_interval(conditional([[a, m - a], [c, n - c]]))
    assert odds.p == e.p
    empty = compare_shares(per(table, "hr"), groups, "nobody", "pCR")
    assert empty.n == (0, 64)
    assert math.isnan(empty.p)
    assert empty.remark == "a group has no patients"


def test_association_and_its_table() -> None:
    table, groups = cohort()
    counts, classes = cross_table(per(table, "grade"), groups, LABELS)
    assert classes == ("1", "2", "3")
    assert counts.sum() == 129
    assert counts[2, 0] == ((groups == LABELS[2]) & (table.grade == "1")).sum()
    e = association(per(table, "grade"), groups, LABELS)
    assert e.p == fisher_p(counts).p
    assert e.method == "Fisher, exact"
    assert 0 <= e.low <= e.value <= e.high <= 1
    five = association(per(table, "subtype"), groups, LABELS)
    assert five.method == "Fisher, exact"
    chi = association(per(table, "subtype"), groups, LABELS, method="chi-square")
    assert "smallest expected count" in chi.remark


def test_association_by_draws_says_so() -> None:
    big = np.random.default_rng(0).integers(5, 20, (4, 9))
    e = association_of_counts(big, seed=3)
    assert e.method == "Fisher, drawn tables"
    assert e.remark.startswith("p from 99999 drawn tables (seed 3): ")
    assert e.p == association_of_counts(big, seed=3).p
    assert association_of_counts([[3, 0], [5, 0]]).remark == "fewer than two groups or classes have patients"


def test_mcnemar_pairs_patients() -> None:
    before = PerPatient(pd.Series({"a": 1.0, "b": 0.0, "c": 0.0, "d": 1.0, "e": np.nan, "x": 1.0}), "HET before")
    after = PerPatient(pd.Series({"d": 1.0, "a": 0.0, "b": 1.0, "c": 1.0, "e": 1.0}), "HET after")
    e = mcnemar(after, before)
    same = mcnemar_of_counts([[0, 2], [1, 1]])
    assert (e.value, e.p, e.n) == (same.value, same.p, (4,))
    assert e.value == pytest.approx(25)
    assert e.contrast == "HET after − HET before"
    for method in ("mid-p", "chi-square"):
        assert mcnemar(after, before, method=method).method == f"McNemar, {method}"


def test_shift_table_of_classes() -> None:
    before = PerPatient(pd.Series({"a": "0", "b": "1+", "c": "3+"}), "IHC")
    after = PerPatient(pd.Series({"a": "1+", "b": "1+", "z": "0"}), "IHC")
    counts, who = shift_table(before, after, ("0", "1+", "2+", "3+"))
    assert counts.tolist() == [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert list(who) == ["a", "b"]
    with pytest.raises(ValueError, match="not one of"):
        shift_table(before, after, ("0", "2+"))
    e = discordance(counts)
    assert (e.value, e.method) == (50, "Bowker, 1 df")
    assert discordance(np.diag([3, 4])).remark == "no patient changes"
    assert discordance([[40, 12, 1], [8, 60, 6], [0, 3, 20]], test="stuart-maxwell").method == "Stuart-Maxwell, 2 df"


def test_odds_within_strata() -> None:
    table, groups = cohort()
    strata = pd.Series(np.where(table.age > 50, "old", "young"), index=table.index, name="age")
    e = common_odds_ratio(per(table, "hr"), groups, strata, LABELS[1], LABELS[0])
    tables = [
        [
            [
                int((table.hr & (groups == g) & (strata == s)).sum()),
                int((~table.hr & (groups == g) & (strata == s)).sum()),
            ]
            for g in (LABELS[1], LABELS[0])
        ]
        for s in ("old", "young")
    ]
    same = common_odds_ratio_of_counts(tables)
    assert (e.value, e.low, e.high, e.p, e.n) == (same.value, same.low, same.high, same.p, (51, 64))
    assert e.contrast == "non-HET/no pCR / pCR, by age"
    exact = common_odds_ratio(per(table, "hr"), groups, strata, LABELS[1], LABELS[0], exact=True)
    assert exact.method == "Mantel-Haenszel, exact"
    assert exact.low < exact.value < exact.high
    nothing = common_odds_ratio_of_counts([[[0, 9], [30, 50]], [[0, 5], [34, 10]]])
    assert nothing.value == 0
    assert "no interval" in nothing.remark
    whole = stratified_association(per(table, "grade"), groups, strata, LABELS)
    assert whole.method == "Cochran-Mantel-Haenszel, 4 df"
    assert 0 < whole.p < 1
    assert whole.n == (64, 51, 14)


def test_several_groups() -> None:
    table, groups = cohort()
    e = kruskal_wallis(per(table, "age"), groups, LABELS)
    assert e.n == (64, 51, 14)
    assert e.method == "Kruskal-Wallis, 2 df"
    assert e.low <= e.value <= e.high
    rise = trend(per(table, "age"), groups, LABELS)
    assert rise.method == "Jonckheere-Terpstra, normal"
    assert rise.low < rise.value < rise.high
    assert rise.standard == pytest.approx(2 * rise.value - 1)
    one = kruskal_wallis(per(table, "age"), groups, ("pCR", "nobody"))
    assert one.remark == "fewer than two groups have patients"
    constant = PerPatient(pd.Series(1.0, index=table.index), "one")
    assert kruskal_wallis(constant, groups, LABELS).remark == "all values are equal"
    assert trend(constant, groups, LABELS).remark == "all values are equal"
    assert trend(constant, groups, ("pCR", "nobody")).remark == "fewer than two groups have patients"


def test_cohort_rows_fit_the_variable_and_count_missing() -> None:
    table, groups = cohort()
    table.loc[["p000", "p001", "p128"], ["age", "subtype"]] = None
    age = cohort_row(per(table, "age").pick(table.index[:-2]), groups, LABELS, "continuous")
    assert age.n == (62, 51, 12)
    assert age.missing == (2, 0, 2)
    assert age.estimate.method == "Kruskal-Wallis, 2 df"
    known = table.age[groups == "pCR"].dropna()
    assert age.summary[0] == pytest.approx(tuple(known.quantile([0.5, 0.25, 0.75])))
    two = cohort_row(per(table, "age"), groups, LABELS[:2], "continuous")
    assert two.estimate.p == rank_sum(per(table, "age"), groups, *LABELS[:2]).p
    kinds = cohort_row(per(table, "subtype"), groups, LABELS, "classes")
    assert kinds.classes == ("Basal", "Her2", "LumA", "LumB", "Normal")
    assert [sum(row) for row in kinds.summary] == [62, 51, 13]
    assert kinds.missing == (2, 0, 1)
    nobody = cohort_row(per(table, "age"), groups, ("pCR", "nobody"), "continuous")
    assert math.isnan(nobody.summary[1][0])


def test_biopsies_are_refused_everywhere() -> None:
    table, groups = cohort()
    biopsies = PerSample(table.hr, "hr")
    calls = [
        share,
        lambda v: compare_shares(v, groups, "pCR", "HET/no pCR"),
        lambda v: odds_ratio(v, groups, "pCR", "HET/no pCR"),
        lambda v: association(v, groups, LABELS),
        lambda v: mcnemar(v, v),
        lambda v: kruskal_wallis(v, groups, LABELS),
        lambda v: trend(v, groups, LABELS),
        lambda v: common_odds_ratio(v, groups, groups, "pCR", "HET/no pCR"),
        lambda v: stratified_association(v, groups, groups, LABELS),
        lambda v: cohort_row(v, groups, LABELS, "classes"),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="PerPatient"):
            call(biopsies)
        with pytest.raises(TypeError, match="PerPatient"):
            call(table.hr)
