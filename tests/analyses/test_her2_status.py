"""HER2 status of a study: the rules on each specimen, patients, groups, and what changes between versions."""

import pandas as pd
import pytest

from her2het.analyses.her2_status import FOR_PATIENT, her2_status
from her2het.results.her2 import Her2Status
from her2het.rules.case import case_from
from her2het.rules.status import verdicts
from her2het.rules.trace import STATUSES
from her2het.schema import Design, NotApplicable, StudyError
from her2het.tables import FISH_NUCLEI, IHC, SAMPLES

DESIGN = Design("made up", followup=("surgery",))
VERSIONS = ("2007", "2013", "2018", "2023")


@pytest.fixture(scope="module")
def status(demo_study) -> Her2Status:
    trial = demo_study.trial
    return her2_status(trial.samples, trial.ihc, trial.fish_nuclei, demo_study.groups, demo_study.design)


def one_sample(nuclei: list[tuple[int, int]], observer: str | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"sample": "S1", "area": ["A1", "A2"] * (len(nuclei) // 2)})
    frame["erbb2"], frame["cep17"] = [h for h, _ in nuclei], [c for _, c in nuclei]
    if observer:
        frame["observer"] = observer
    return frame


def table(**columns: object) -> pd.DataFrame:
    return IHC.conform(pd.DataFrame({"sample": ["S1"]} | {k: [v] for k, v in columns.items()}))


SAMPLE = SAMPLES.conform(pd.DataFrame({"sample": ["S1"], "patient": ["P1"], "timepoint": ["baseline"]}))


def test_a_trial_of_her2_positive_tumours_is_positive(status: Her2Status) -> None:
    baseline = status.patients[status.patients["phase"] == "baseline"]
    assert len(baseline) == 128
    assert set(baseline["status_2023"]) == {"POSITIVE"}
    assert baseline["ihc_score"].value_counts().to_dict() == {"3+": 96, "2+": 31, "1+": 1}
    assert len(status.excluded) == 1  # the patient whose baseline FISH and IHC failed
    assert not any(note.title.startswith("IHC scores that differ") for note in status.notes)


def test_verdicts_are_those_of_the_rules_on_every_nucleus(status: Her2Status, demo_study) -> None:
    """Counted at once against one case at a time, nucleus by nucleus, as `her2 call` reads it."""
    trial = demo_study.trial
    stained = trial.ihc.set_index("sample")
    for sample in list(dict.fromkeys(status.samples["sample"]))[::29]:
        cells = trial.fish_nuclei[trial.fish_nuclei["sample"] == sample]
        ish = [{"her2": h, "cep17": c, "area": a} for h, c, a in cells[["erbb2", "cep17", "area"]].to_numpy().tolist()]
        record: dict[str, object] = {"case": sample, "ish": {"cells": ish}}
        if sample in stained.index:
            record["ihc"] = {k: float(stained.loc[sample, k]) for k in ("ic", "ii", "mc", "wi", "fi")}
        for want in verdicts(case_from(record)).values():
            of = "sample == @sample and version == @want.version"
            got = status.verdicts.query(of).iloc[0]
            assert (got["status"], got["stratum"] if want.stratum else None) == (want.status, want.stratum)
            assert got["reason"] == want.reason
            assert got["flags"] == " ".join(dict.fromkeys(flag.code for flag in want.flags))
            steps = status.steps.query(of)
            assert steps["outcome"].tolist() == [step.outcome for step in want.steps]
            assert steps["part"].iloc[-1] == "status"
            told = status.flags.query(of)["text"].tolist()
            assert told == [flag.text for flag in want.flags]


def test_order_of_nuclei_does_not_matter(status: Her2Status, demo_study) -> None:
    trial = demo_study.trial
    shuffled = trial.fish_nuclei.sample(frac=1, random_state=3).reset_index(drop=True)
    again = her2_status(trial.samples, trial.ihc, shuffled, demo_study.groups, demo_study.design)
    pd.testing.assert_frame_equal(again.patients, status.patients)


def test_tables_add_up(status: Her2Status) -> None:
    baseline = status.patients[status.patients["phase"] == "baseline"]
    cells = status.matrix.drop(columns="status").to_numpy()
    assert cells.sum() == len(baseline)
    stays = sum(
        int(row[row["status"]]) for _, row in status.matrix.iterrows() if row["status"] in status.matrix.columns
    )
    assert len(status.moved) == len(baseline) - stays == 11
    assert set(status.moved["before"]) <= {"NEGATIVE", "EQUIVOCAL"}  # intense staining in 10 to 30 % of cells
    labels = ["pCR", "non-HET/no pCR", "HET/no pCR"]
    assert (status.by_group[labels].sum(axis=1) == status.by_group["all"]).all()
    for what, part in status.by_group.groupby("what"):
        assert part["all"].sum() == len(baseline), what
    assert set(FOR_PATIENT) == set(STATUSES)


def test_nothing_claims_eligibility_treatment_or_a_diagnosis(status: Her2Status) -> None:
    for frame in (status.verdicts, status.steps, status.flags, status.patients):
        text = " ".join(frame.select_dtypes("string").fillna("").to_numpy().ravel()).lower()
        for word in ("eligib", "deruxtecan", "t-dxd", "diagnos", "should receive", "treat with"):
            assert word not in text


def test_ihc_as_patterns_as_scores_of_cells_or_as_a_bare_score() -> None:
    by_patterns = her2_status(SAMPLE, table(ic=12, fi=3, score="2+"), None, None, DESIGN)
    assert by_patterns.patients["ihc_score"].tolist() == ["3+"]
    assert any(note.title.startswith("IHC scores that differ") for note in by_patterns.notes)
    by_cells = her2_status(SAMPLE, table(score3=12, score2=0, score1=3), None, None, DESIGN)
    assert by_cells.patients["status_2023"].tolist() == ["POSITIVE"]
    bare = her2_status(SAMPLE, table(score="0"), None, None, DESIGN)
    assert bare.patients["stratum"].tolist() == ["zero_unspecified"]
    assert bare.by_group.columns.tolist() == ["what", "level", "all"]


def test_fish_alone() -> None:
    found = her2_status(SAMPLE, None, FISH_NUCLEI.conform(one_sample([(8, 2)] * 40)), None, DESIGN)
    assert found.patients[["status_2023", "stratum"]].iloc[0].tolist() == ["POSITIVE", "positive"]
    few = her2_status(SAMPLE, None, FISH_NUCLEI.conform(one_sample([(8, 2)] * 10)), None, DESIGN)
    assert few.patients["status_2023"].tolist() == ["INSUFFICIENT"]
    assert any(note.title == "Statuses that are not settled" for note in few.notes)


GROUP_2 = [(3, 2), (4, 1)] * 20  # ratio 2.33, 3.5 copies


@pytest.mark.parametrize(
    ("second", "want", "comment"),
    [
        (None, "RECOUNT_REQUIRED", None),
        ([(3, 1), (4, 2)] * 12, "NEGATIVE", "C2"),
        ([(5, 2), (5, 2)] * 12, "ADJUDICATION_REQUIRED", None),
        ([(3, 1), (4, 2)] * 6, "RECOUNT_REQUIRED", None),  # too few nuclei
    ],
)
def test_a_second_observer_is_a_recount(second: list[tuple[int, int]] | None, want: str, comment: str | None) -> None:
    nuclei = one_sample(GROUP_2, "R1")
    if second:
        nuclei = pd.concat([nuclei, one_sample(second, "R2")], ignore_index=True)
    ihc = table(mc=40)
    found = her2_status(SAMPLE, ihc, FISH_NUCLEI.conform(nuclei), None, DESIGN).patients.iloc[0]
    assert found["status_2023"] == want
    assert (found["comment"] if comment else None) == comment
    assert found["nuclei"] == len(GROUP_2)
    if second:
        pooled = her2_status(SAMPLE, ihc, FISH_NUCLEI.conform(nuclei), None, DESIGN, observers="pooled").patients
        assert pooled["nuclei"].tolist() == [len(nuclei)]


def test_the_specimen_that_decides() -> None:
    samples = SAMPLES.conform(
        pd.DataFrame({"sample": ["S1", "S2", "S3"], "patient": "P1", "timepoint": ["baseline", "baseline", "surgery"]})
    )
    ihc = IHC.conform(pd.DataFrame({"sample": ["S1", "S2", "S3"], "score": ["1+", "2+", "0"]}))
    found = her2_status(samples, ihc, None, None, DESIGN).patients
    assert found["sample"].tolist() == ["S2", "S3"]
    assert found["status_2023"].tolist() == ["EQUIVOCAL", "NEGATIVE"]
    assert found["differ"].tolist() == [True, False]


def test_what_cannot_be() -> None:
    with pytest.raises(NotApplicable, match="neither HER2 IHC nor FISH"):
        her2_status(SAMPLE, None, None, None, DESIGN)
    with pytest.raises(NotApplicable, match="no sample"):
        her2_status(SAMPLE, table(er_percent=50), None, None, DESIGN)
    with pytest.raises(StudyError, match=r"ihc, sample S1: patterns add up to 130 %"):
        her2_status(SAMPLE, table(ic=70, mc=60), None, None, DESIGN)
