"""Published claims: verdicts follow their rule, the synthetic trial shows what it plants, gaps are named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from her2het.analyses import PLAN
from her2het.analyses.claims import published_claims, verdict_of
from her2het.analyses.claims_own import OWN, roles_of
from her2het.cli.in_memory import results_in_memory, study_of
from her2het.cli.validation import KNOBS, LIGHT
from her2het.engine.serial import Serial
from her2het.reference.claims import CLAIMS, CONTRADICTIONS, HET, NON_HET, PCR, SHARES, Part
from her2het.results.claims import PublishedClaims
from her2het.schema import NotApplicable
from her2het.stats.estimate import Estimate

ESTIMATE = Estimate("a − b", "shift", "", 1.0, 0.4, 1.6, (20, 20), "test", 0.001, 0.004, "x", 0.95, 0.5, 0.2, 0.8)


@pytest.fixture(scope="module")
def found(demo_study) -> PublishedClaims:
    names = [n for n in LIGHT if not n.startswith("response")]
    return results_in_memory(PLAN, study_of(demo_study.trial), Serial(), names, KNOBS)["published_claims"]


def verdicts(found: PublishedClaims) -> pd.Series:
    return found.claims.set_index("claim")["verdict"]


@pytest.mark.parametrize(
    ("direction", "changes", "expected"),
    [
        (1, {}, "supported"),
        (-1, {}, "opposite"),
        (None, {}, "supported"),
        (0, {}, "opposite"),
        (1, {"q": 0.2}, "not found"),
        (0, {"q": 0.2}, "not found"),
        (0, {"q": 0.2, "standard_low": -0.1, "standard_high": 0.25}, "supported"),
        (1, {"q": float("nan"), "p": 0.2}, "not found"),
        (-1, {"standard": -0.5, "standard_low": -0.8, "standard_high": -0.2, "value": -1.0}, "supported"),
    ],
)
def test_verdicts(direction: int | None, changes: dict[str, float], expected: str) -> None:
    part = Part("estimate", "x", direction)
    assert verdict_of(part, replace(ESTIMATE, **changes), 0.3)[0] == expected


def test_a_share_is_held_against_the_published_one() -> None:
    part = Part("share", "pik3ca_mutated", 0)
    assert verdict_of(part, replace(ESTIMATE, p=0.4), 0.3)[0] == "supported"
    assert verdict_of(part, replace(ESTIMATE, p=0.01), 0.3)[0] == "not found"


def test_planted_claims_are_supported(found: PublishedClaims) -> None:
    told = verdicts(found)
    for claim in (
        "cohort-pcr",
        "mrna-protein",
        "erbb2-highest",
        "erbb2-rcb",
        "keratins-het",
        "het-shifts",
        "ihc-falls",
    ):
        assert told[claim] == "supported", claim
    for claim in ("distance-het", "distance-mutation", "bcr-low", "biopsies-er", "subtype-rcb", "checkpoints-rise"):
        assert told[claim] == "supported", claim
    assert (told == "opposite").sum() <= 3


def test_gaps_are_named(found: PublishedClaims) -> None:
    told = verdicts(found)
    assert told["ck5-her2"] == told["dsp-her2"] == "not testable"
    assert "no table" in found.claims.set_index("claim")["reading"]["dsp-her2"]
    assert told["genes-after"] == "not testable"  # differential expression is not among the light analyses
    assert set(found.excluded["id"]) == set(told.index[told == "not testable"])


def test_the_papers_contradictions_have_no_verdict(found: PublishedClaims) -> None:
    told = verdicts(found)
    contested = {c.id for c in CLAIMS if c.contested}
    assert contested == set(told.index[told == "contested"])
    assert len(found.contradictions) == len(CONTRADICTIONS) >= 10
    assert found.contradictions["here"].str.contains("IHC").any()


def test_parts_carry_their_estimates(found: PublishedClaims) -> None:
    tested = found.parts[found.parts["estimate"].notna()]
    assert tested["estimate"].tolist() == list(range(len(found.estimates)))
    for row, e in zip(tested.itertuples(), found.estimates, strict=True):
        assert row.value == e.value
        assert row.p == e.p
        assert row.q == e.q or (np.isnan(row.q) and np.isnan(e.q))
        assert e.n
    assert len(found.verdicts) == len(CLAIMS)
    assert len(found.evidence) == len(tested)


def test_changes_in_one_group_only_are_tested_as_a_difference(found: PublishedClaims) -> None:
    kinds = found.parts[found.parts["claim"] == "immune-after"]["kind"]
    assert (kinds == "difference of changes").sum() == 2


def test_roles_follow_patients_not_names(demo_study) -> None:
    groups = demo_study.groups
    renamed = {name: f"group {k}" for k, name in enumerate(groups.labels)}
    other = replace(
        groups,
        labels=tuple(renamed.values()),
        patients=groups.patients.assign(group=groups.patients["group"].map(renamed).astype("string")),
    )
    assert roles_of(other, demo_study.trial.patients) == {PCR: "group 0", NON_HET: "group 1", HET: "group 2"}
    assert roles_of(other, demo_study.trial.patients.drop(columns=["pcr"])) == {}


def test_a_study_without_anything_is_skipped(demo_study) -> None:
    alone = demo_study.trial.patients[["patient", "age"]]
    nothing = [None] * 18
    with pytest.raises(NotApplicable, match="no claim"):
        published_claims(demo_study.groups, alone, *nothing)


def test_the_table_of_claims_is_sound() -> None:
    assert len({c.id for c in CLAIMS}) == len(CLAIMS)
    for c in CLAIMS:
        assert c.parts, c.id
        assert c.text.endswith("."), c.id
        for p in c.parts:
            assert p.direction in (1, -1, 0, None)
            assert p.kind != "own" or p.quantity in OWN, p
            assert p.kind != "share" or p.quantity in SHARES, p
            assert p.kind != "estimate" or p.source in PLAN.by_name, p


def test_an_interval_that_few_patients_allow_is_not_shown(found: PublishedClaims) -> None:
    few = [i for i, e in enumerate(found.estimates) if e.too_few]
    rows = found.parts[found.parts["estimate"].isin(few)]
    assert rows["low"].isna().all()
    assert rows["high"].isna().all()
    cut = [i for i, e in enumerate(found.estimates) if e.of]
    assert found.parts.loc[found.parts["estimate"].isin(cut), "n"].str.contains(" (of ", regex=False).all()
    assert cut
