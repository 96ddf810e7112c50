"""FISH measures by HET, IHC and copy number gain; their change by class; the shifted tumours."""

from fractions import Fraction

import pandas as pd
import pytest

from her2het.analyses.fish import fish_heterogeneity
from her2het.analyses.fish_status import fish_by_status
from her2het.analyses.groups import group_assignment
from her2het.analyses.status_change import GAIN, gain_class, heterogeneity_change
from her2het.results.change import FishByStatus, HeterogeneityChange
from her2het.results.cohort import GroupAssignment
from her2het.results.fish import FishHeterogeneity
from her2het.stats.rank_tests import rank_sum
from her2het.stats.units import PerPatient


@pytest.fixture(scope="module")
def fish(demo_study) -> FishHeterogeneity:
    return fish_heterogeneity(demo_study.trial.fish_nuclei, demo_study.trial.samples, demo_study.design)


@pytest.fixture(scope="module")
def groups(demo_study, fish: FishHeterogeneity) -> GroupAssignment:
    trial = demo_study.trial
    return group_assignment(trial.patients, trial.samples, fish, demo_study.design)


@pytest.fixture(scope="module")
def status(demo_study, fish: FishHeterogeneity, groups: GroupAssignment) -> FishByStatus:
    return fish_by_status(fish, groups, demo_study.trial.ihc)


@pytest.fixture(scope="module")
def change(demo_study, fish: FishHeterogeneity, groups: GroupAssignment) -> HeterogeneityChange:
    return heterogeneity_change(groups, fish, demo_study.trial.patients)


def test_the_class_of_gain_is_decided_on_whole_numbers() -> None:
    table = pd.DataFrame({"erbb2_sum": [600, 599, 6001, 0, 5], "cep17_sum": [100, 100, 1000, 50, 0]})
    found = gain_class(table)
    assert found.tolist()[:4] == [GAIN[0], GAIN[1], GAIN[0], GAIN[1]]
    assert found.isna().tolist() == [False] * 4 + [True]
    assert Fraction(600, 100) == 6


def test_het_tumours_have_fewer_amplified_nuclei_and_a_lower_ratio_in_both_phases(status: FishByStatus) -> None:
    by_het = {(e.quantity, e.contrast.rpartition(", ")[2]): e for e in status.comparisons if " by HET," in e.contrast}
    assert len(by_het) == 6
    assert all(e.high < 0 and e.groups == ("HET", "non-HET") for e in by_het.values())
    assert by_het["Amplified fraction", "after treatment"].n == (8, 43)
    assert by_het["Amplified fraction", "before treatment"].n == (14, 114)


def test_ratio_rises_with_ihc(status: FishByStatus) -> None:
    found = {e.contrast: e for e in status.ordered}
    assert len(found) == 4
    assert found["ERBB2/CEP17 ratio by HER2 IHC, before treatment"].low > 0.5
    assert all(e.groups == tuple(sorted(e.groups)) for e in found.values())


def test_a_comparison_is_that_of_its_values(status: FishByStatus) -> None:
    rows = status.values[(status.values["what"] == "gain") & (status.values["phase"] == "followup")]
    table = rows.set_index("patient")
    again = rank_sum(PerPatient(table["value"], "Equitability"), table["group"], *GAIN)
    found = next(e for e in status.comparisons if e.contrast == "Equitability by gain, after treatment")
    assert (found.value, found.p, found.groups) == (again.value, again.p, GAIN)


def test_a_class_of_one_is_shown_and_told(status: FishByStatus) -> None:
    sizes = status.values[status.values["what"] == "HER2 IHC"].groupby(["phase", "quantity", "group"]).size()
    alone = sizes[sizes < 2]
    assert len(alone) == 0 or status.excluded["reason"].str.contains("shown, not tested").any()
    assert not status.excluded.duplicated().any()


def test_equitability_rises_whatever_the_receptor(change: HeterogeneityChange) -> None:
    found = {e.groups[0]: e for e in change.by_class}
    assert set(found) == {*GAIN, "HR+", "HR−"}
    assert found["HR+"].low > 0
    assert found["HR−"].value > 0
    assert found["HR+"].n[0] + found["HR−"].n[0] == 50
    assert found[GAIN[0]].n[0] + found[GAIN[1]].n[0] == 50
    assert {e.family for e in change.by_class} == {"4 changes of equitability by gain and receptor"}


def test_shifted_tumours_move_as_planted(change: HeterogeneityChange) -> None:
    rows = change.pairs[change.pairs["quantity"] == "Amplified fraction"]
    to, back = (rows[rows["shift"] == name] for name in ("to HET", "from HET"))
    assert (len(to), len(back)) == (3, 4)
    assert (to["after"] < to["before"]).all()
    assert (back["after"] > back["before"]).all()


def test_without_receptors_the_classes_are_those_of_gain(demo_study, fish, groups) -> None:
    bare = demo_study.trial.patients.drop(columns=["hr"])
    found = heterogeneity_change(groups, fish, bare)
    assert {e.groups[0] for e in found.by_class} <= set(GAIN)
    assert found.pairs["hr"].isna().all()


def test_without_ihc_there_is_no_trend(fish, groups) -> None:
    found = fish_by_status(fish, groups, None)
    assert found.ordered == ()
    assert set(found.values["what"]) == {"HET", "gain"}
