"""Traced cases: who is chosen, and that the trace says what the analyses found."""

import pytest

from her2het.analyses.her2_status import her2_status
from her2het.analyses.het_profiles import het_profiles
from her2het.analyses.traced_cases import traced_cases
from her2het.results.her2 import Her2Status, HetProfiles, TracedCases
from her2het.schema import NotApplicable, StudyError


@pytest.fixture(scope="module")
def made(demo_study) -> tuple[Her2Status, HetProfiles, TracedCases]:
    trial, design = demo_study.trial, demo_study.design
    status = her2_status(trial.samples, trial.ihc, trial.fish_nuclei, demo_study.groups, design)
    het = het_profiles(trial.fish_nuclei, trial.samples, design)
    return status, het, traced_cases(status, het, trial.fish_nuclei, trial.samples, design)


def test_who_is_traced(made: tuple[Her2Status, HetProfiles, TracedCases]) -> None:
    status, het, found = made
    assert len(found.cases) == 4
    assert found.cases["patient"].is_unique
    why = dict(zip(found.cases["patient"], found.cases["why"], strict=True))
    least = next(p for p, text in why.items() if text.startswith("the least certain"))
    calls = het.calls[(het.calls["profile"] == het.profile) & (het.calls["phase"] == "baseline")]
    best = calls.set_index("patient")[["p_low", "p_het", "p_high"]].max(axis=1)
    assert best.idxmin() == least
    assert any(text.startswith("IHC and ISH that point") for text in why.values())
    moved = next(p for p, text in why.items() if text.startswith("a status that differs"))
    assert moved in set(status.moved["patient"])


def test_steps_are_those_of_status_and_heterogeneity(made: tuple[Her2Status, HetProfiles, TracedCases]) -> None:
    status, het, found = made
    for _, case in found.cases.iterrows():
        steps = found.steps[found.steps["patient"] == case["patient"]]
        assert steps["step"].tolist() == list(range(1, len(steps) + 1))
        own = status.steps[(status.steps["sample"] == case["sample"]) & (status.steps["version"] == "2023")]
        assert steps["outcome"].tolist()[: len(own)] == own["outcome"].tolist()
        assert steps["part"].tolist()[len(own) :] == ["heterogeneity", "areas", "cut nuclei"]
        call = het.calls.query("patient == @case.patient and phase == 'baseline' and profile == 'LI2024'").iloc[0]
        said = steps[steps["part"] == "heterogeneity"].iloc[0]
        assert said["observed"].startswith(f"{call['amplified']} of {call['scored']} nuclei amplified")
        assert "probability 1" not in said["outcome"]
        assert "as counted in nuclei with both probes" in steps[steps["part"] == "cut nuclei"].iloc[0]["observed"]
        assert "signal kept with 0.7 or 0.8 or 0.9" in steps[steps["part"] == "cut nuclei"].iloc[0]["rule"]
        assert (case["call"], case["grade"]) == (call["call"], call["grade"])
        areas = found.areas[found.areas["patient"] == case["patient"]]
        assert areas["nuclei"].iloc[:-1].sum() == areas["nuclei"].iloc[-1] == call["scored"]
        nuclei = found.nuclei[found.nuclei["patient"] == case["patient"]]
        assert nuclei["nuclei"].sum() == call["nuclei"]
        assert nuclei.loc[nuclei["amplified"].fillna(False), "nuclei"].sum() == call["amplified"]
        assert nuclei.loc[nuclei["amplified"].isna(), "nuclei"].sum() == call["nuclei"] - call["scored"]
        versions = found.statuses[found.statuses["patient"] == case["patient"]]
        assert versions["version"].tolist() == list(status.versions)


def test_patients_that_were_asked_for_come_first(made: tuple[Her2Status, HetProfiles, TracedCases], demo_study) -> None:
    status, het, _ = made
    trial = demo_study.trial
    asked = traced_cases(
        status, het, trial.fish_nuclei, trial.samples, demo_study.design, most=1, patients=("SYN-007",)
    )
    assert asked.cases["patient"].iloc[0] == "SYN-007"
    assert len(asked.cases) == 2
    with pytest.raises(StudyError, match=r"'SYN-7' has no HER2 status at baseline. Did you mean"):
        traced_cases(status, het, trial.fish_nuclei, trial.samples, demo_study.design, patients=("SYN-7",))
    with pytest.raises(NotApplicable, match="no patient was asked for"):
        traced_cases(status, het, trial.fish_nuclei, trial.samples, demo_study.design, most=0)


def test_without_fish_the_status_is_still_traced(demo_study) -> None:
    trial, design = demo_study.trial, demo_study.design
    status = her2_status(trial.samples, trial.ihc, None, None, design)
    found = traced_cases(status, None, None, trial.samples, design)
    assert len(found.cases) >= 1
    assert found.nuclei.empty
    assert found.areas.empty
    assert set(found.steps["part"]) <= {"IHC", "status"}
