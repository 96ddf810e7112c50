"""Trials in which nothing is: over several seeds, no question of the report keeps being answered."""

from dataclasses import dataclass, fields
from typing import Any

import pandas as pd
import pytest
from scipy.stats import binom

from her2het.analyses import PLAN
from her2het.cli.in_memory import results_in_memory, study_of
from her2het.cli.validation import IN_STRUCTURE, KNOBS, LIGHT
from her2het.engine.serial import Serial
from her2het.simulate import simulate_trial
from her2het.stats.estimate import Estimate
from her2het.stats.rank_tests import signed_rank
from her2het.stats.units import PerPatient

SEEDS = range(1, 6)
HEAVY = {"cell_fractions", "response_model"}
MORE = (
    "fish_diversity",
    "fish_by_status",
    "het_profiles",
    "mutations",
    "discordance",
    "cohort_table",
    "erbb_receptors",
)
NAMES = [name for name in (*LIGHT, *MORE) if name not in HEAVY]
ALL = ("all",)
FISH = ("HET", "Amplified fraction", "ERBB2/CEP17 ratio", "ERBB2 copies", "Equitability")


def no_question(analysis: str, field: str, e: Estimate) -> str:
    """Why an estimate is no question in a trial without effects; nothing for all others."""
    if e.by_definition:
        return "true by the definition of the groups"
    if field == "by_receptor":
        return "receptors differ in biology, whatever treatment does"
    if analysis == "mrna_protein" or (analysis, field) == ("discordance", "correlations"):
        return "measurements of one thing go together"
    if analysis == "sample_components":
        return "components hold technical variables"
    if analysis == "response_features" and e.quantity in FISH:
        return "no HET tumour has pCR, by the numbers of the trial"
    if (analysis == "heterogeneity_change" or (analysis, field) == ("fish_diversity", "changes")) and e.groups != ALL:
        return "a class made by its baseline returns to the mean"
    if analysis == "status_change" and e.quantity.startswith("HET"):
        return "who shifts is fixed by the numbers of the trial"
    if analysis == "treatment_distance" and e.quantity in ("Distance to own baseline", "Distance between biopsies"):
        return "a tumour is closest to itself, and the same biopsies stand on both sides"
    return ""


@dataclass(frozen=True)
class Null:
    """Estimates of one kind of trial: a row per seed and question; results by seed."""

    table: pd.DataFrame
    results: dict[int, dict[str, Any]]


def questions(done: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    structure = _of_structure(done)
    rows = []
    for name, result in done.items():
        for f in fields(result):
            value = getattr(result, f.name)
            for e in value if isinstance(value, tuple) else (value,):
                if not isinstance(e, Estimate) or e.p != e.p or id(e) in structure:
                    continue
                if no_question(name, f.name, e):
                    continue
                key = " | ".join((name, f.name, e.quantity, e.contrast))
                rows.append({"seed": seed, "analysis": name, "key": key, "family": f"{name} {e.family}", "p": e.p,
                             "q": e.q, "standard": e.standard})  # fmt: skip
    return rows


def _of_structure(done: dict[str, Any]) -> set[int]:
    """Estimates of claims that hold by what a trial is made of, and of those that repeat what is no question."""
    claims = done["published_claims"]
    parts = claims.parts[claims.parts["estimate"].notna()]
    given = parts["claim"].isin(IN_STRUCTURE | {"ratio-diversity"}) | ~parts["kind"].str.startswith(("gene", "set"))
    return {id(claims.estimates[int(at)]) for at in parts.loc[given, "estimate"]}


@pytest.fixture(scope="module")
def null() -> Null:
    results = {
        seed: results_in_memory(
            PLAN,
            study_of(simulate_trial(seed, null=True, genes=4000)),
            Serial(),
            NAMES,
            {k: v for k, v in KNOBS.items() if k not in HEAVY} | {"fish_diversity": {"repeats": 100}},
        )
        for seed in SEEDS
    }
    return Null(pd.DataFrame([row for s, done in results.items() for row in questions(done, s)]), results)


def test_all_analyses_ran_and_asked(null: Null) -> None:
    for done in null.results.values():
        assert set(done) == set(NAMES)
    assert null.table.groupby("seed")["key"].nunique().min() > 400
    asked = set(null.table["analysis"])
    assert asked >= {
        "marker_expression",
        "subtypes",
        "immune_scores",
        "treatment_distance",
        "status_change",
        "fish_by_group",
    }


def test_no_question_keeps_being_answered(null: Null) -> None:
    hits = null.table.assign(hit=null.table["q"] < 0.05).groupby("key")["hit"].sum()
    assert not dict(hits[hits > 2])


def test_p_is_below_5_percent_in_about_5_percent(null: Null) -> None:
    rates = null.table.assign(hit=null.table["p"] < 0.05).groupby("seed")["hit"].mean()
    assert 0.02 < rates.mean() < 0.07
    assert rates.max() < 0.12  # tests of one trial share its patients


def test_families_have_a_finding_no_more_often_than_they_say(null: Null) -> None:
    least = null.table.groupby(["seed", "family"])["q"].min()
    assert (least < 0.05).sum() <= binom.ppf(0.999, len(least), 0.05)


def test_treatment_moves_nothing_where_it_does_nothing(null: Null) -> None:
    """Single biopsies before and after are as far apart as two before. Against the mean of two they were not."""
    with_mean, single = [], []
    for done in null.results.values():
        result = done["treatment_distance"]
        single.append(next(e for e in result.comparisons if e.quantity == "Before-after against between biopsies"))
        known = result.patients.set_index("patient")
        before = PerPatient(known["between_biopsies"], "between")
        with_mean.append(signed_rank(PerPatient(known["distance"], "distance"), before))
    assert sum(e.p < 0.05 for e in single) <= 1
    assert abs(sum(e.standard for e in single)) / len(single) < 0.2
    assert sum(e.p < 0.05 for e in with_mean) >= 4
