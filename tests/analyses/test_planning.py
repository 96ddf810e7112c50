"""Patients for the next trial: numbers of the planning functions, from named effects, with the smaller one beside."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.planning import next_trial
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import MarkerExpression
from her2het.results.planning import NextTrial
from her2het.schema import NotApplicable
from her2het.stats.planning import for_rates, for_shift
from her2het.stats.rank_tests import rank_sum
from her2het.stats.units import PerPatient

SIZES = {"pCR": 64, "non-HET": 51, "HET": 14}
EMPTY = pd.DataFrame()


@pytest.fixture(scope="module")
def groups() -> GroupAssignment:
    label = np.repeat(list(SIZES), list(SIZES.values()))
    patients = pd.DataFrame({"patient": [f"P{i}" for i in range(len(label))], "group": label, "het": label == "HET"})
    patients = patients.astype({"patient": "string", "group": "string", "het": "boolean"})
    return GroupAssignment(patients, EMPTY, EMPTY, EMPTY, EMPTY, tuple(SIZES), "pCR", "given", EMPTY, ())


@pytest.fixture(scope="module")
def patients(groups: GroupAssignment) -> pd.DataFrame:
    return pd.DataFrame({"patient": groups.patients["patient"], "pcr": groups.patients["group"] == "pCR"})


@pytest.fixture(scope="module")
def markers(groups: GroupAssignment) -> MarkerExpression:
    label = groups.patients.set_index("patient")["group"]
    rng = np.random.default_rng(1)
    shift = label.map({"pCR": 0.0, "non-HET": -0.05, "HET": -2.0}).astype(float)
    values = PerPatient(rng.normal(size=len(label)) + shift, "ERBB2")
    found = tuple(rank_sum(values, label, a, b) for a, b in (("non-HET", "pCR"), ("HET", "pCR")))
    return MarkerExpression(EMPTY, EMPTY, EMPTY, found, (), tuple(SIZES), "pCR", "", EMPTY, ())


@pytest.fixture(scope="module")
def found(groups: GroupAssignment, patients: pd.DataFrame, markers: MarkerExpression) -> NextTrial:
    return next_trial(groups, patients, markers, None, None, None, None, None, None)


def row(found: NextTrial, question: str, basis: str, aim: str = "power") -> pd.Series:
    rows = found.rows[found.rows["question"].str.contains(question, regex=False) & (found.rows["basis"] == basis)]
    return rows[rows["aim"].str.startswith(aim) | (rows["aim"] == "")].iloc[0]


def test_numbers_are_those_of_the_planning_functions(found: NextTrial, markers: MarkerExpression) -> None:
    e = markers.comparisons[1]
    planned = for_shift((e.standard + 1) / 2)
    mine = row(found, f"ERBB2: {e.contrast}", "as estimated")
    assert (mine["n_first"], mine["n_second"]) == (planned.treated, planned.control)
    nearer = for_shift((e.standard_high + 1) / 2)
    assert row(found, f"ERBB2: {e.contrast}", "smallest")["n_first"] == nearer.treated
    assert nearer.treated > planned.treated


def test_an_interval_that_includes_no_effect_has_no_smallest(found: NextTrial, markers: MarkerExpression) -> None:
    e = markers.comparisons[0]
    assert e.standard_low < 0 < e.standard_high
    mine = row(found, f"ERBB2: {e.contrast}", "smallest")
    assert math.isnan(mine["n_first"])
    assert "no effect" in mine["remark"]
    assert any("No smallest effect" in n.title for n in found.notes)


def test_rates_of_the_cohort_and_targets(found: NextTrial) -> None:
    seen = row(found, "pCR rate", "as estimated")
    expected = for_rates(64 / 115, 0.0)
    assert (seen["n_first"], seen["n_second"]) == (expected.treated, expected.control)
    target = row(found, "new treatment in HET tumours: pCR 0 % to 20 %", "target")
    assert target["n_first"] == for_rates(0.2, 0.0).treated
    assert target["enrolled"] == math.ceil(2 * target["n_first"] / (14 / 129))
    higher = found.rows[found.rows["basis"] == "target, from the upper limit"]
    assert (higher["n_first"] > 0).all()
    assert higher[higher["question"].str.contains("HET tumours: pCR 23 %")]["n_first"].min() > 0


def test_more_power_needs_more(groups, patients, markers, found: NextTrial) -> None:
    more = next_trial(groups, patients, markers, None, None, None, None, None, None, power=0.9)
    both = found.rows.merge(more.rows, on=["question", "basis"], suffixes=("", "_more"))
    both = both[both["aim"].str.startswith("power") & both["aim_more"].str.startswith("power")]
    known = both[both["n_first"].notna()]
    assert (known["n_first_more"] >= known["n_first"]).all()


def test_curves_rise_to_the_power_planned(found: NextTrial, markers: MarkerExpression) -> None:
    question = f"ERBB2: {markers.comparisons[1].contrast}"
    curve = found.curves[(found.curves["question"] == question) & (found.curves["basis"] == "as estimated")]
    assert (np.diff(curve["y"]) >= -1e-12).all()
    need = row(found, question, "as estimated")["n_first"]
    enough = curve[curve["x"] >= need]["y"]
    assert (enough >= 0.8 - 1e-6).all()


def test_nothing_to_plan_from(groups: GroupAssignment) -> None:
    alone = pd.DataFrame({"patient": groups.patients["patient"]})
    with pytest.raises(NotApplicable, match="to plan from"):
        next_trial(groups, alone, None, None, None, None, None, None, None)


def test_what_the_definition_of_groups_makes_true_is_not_planned_for(
    groups: GroupAssignment, patients: pd.DataFrame, markers: MarkerExpression
) -> None:
    one, two = markers.comparisons
    marked = replace(markers, comparisons=(one, replace(two, by_definition=True)))
    result = next_trial(groups, patients, marked, None, None, None, None, None, None)
    words = f"ERBB2: {two.contrast}"
    assert not result.rows["question"].eq(words).any()
    assert words in set(result.excluded["id"])
    assert f"ERBB2: {one.contrast}" in set(result.rows["question"])
