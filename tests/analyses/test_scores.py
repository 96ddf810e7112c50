"""Scores, their changes and subtypes on the synthetic trial: what was planted is found."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.expression import expression, sample_qc
from her2het.analyses.expression_change import checkpoint_change, erbb_receptors, pathway_change
from her2het.analyses.relative import checkpoints
from her2het.analyses.signatures import gene_set_scores
from her2het.analyses.subtype_counts import ORDER, agreement, shift_tests
from her2het.analyses.subtypes import cell_fractions, immune_scores, subtypes
from her2het.results.expression import Expression
from her2het.results.scores import GeneSetScores, ImmuneScores, Subtypes
from her2het.schema import NotApplicable
from her2het.simulate.gene_lists import FALL_AFTER
from her2het.stats.estimate import Estimate


@dataclass(frozen=True, eq=False)
class Made:
    """What the scores are made from."""

    expression: Expression
    sets: GeneSetScores
    immune: ImmuneScores
    subtypes: Subtypes


@pytest.fixture(scope="module")
def made(demo_study) -> Made:
    trial = demo_study.trial
    qc = sample_qc(trial.rna_counts, trial.samples, demo_study.design)
    levels = expression(trial.rna_counts, qc)
    rest = demo_study.groups, trial.patients
    return Made(levels, gene_set_scores(levels, None), immune_scores(levels, *rest), subtypes(levels, *rest))


def of(estimates: tuple[Estimate, ...], quantity: str, *groups: str) -> Estimate:
    return next(e for e in estimates if e.quantity == quantity and e.groups == groups)


def test_immune_scores_differ_the_other_way_by_receptor(made: Made) -> None:
    positive = of(made.immune.in_positive, "Immune score", "non-HET/no pCR", "pCR")
    negative = of(made.immune.in_negative, "Immune score", "non-HET/no pCR", "pCR")
    common = of(made.immune.stratified, "Immune score", "non-HET/no pCR", "pCR")
    assert positive.high < 0 < negative.value
    assert positive.value < common.value < negative.value
    assert common.method.startswith("van Elteren")
    whole = of(made.immune.comparisons, "Immune score", "non-HET/no pCR", "pCR")
    assert tuple(map(sum, zip(positive.n, negative.n, strict=True))) == whole.n


def test_families_of_receptor_classes(made: Made) -> None:
    within = made.immune.in_positive + made.immune.in_negative
    assert {e.family for e in within} == {f"ESTIMATE: {len(within)} comparisons of groups within receptor classes"}
    assert all(e.q >= e.p for e in within + made.immune.stratified)
    boxes = made.immune.boxes_by_receptor
    assert boxes["n"].sum() == 2 * made.immune.values["patient"].nunique()


def test_receptors_change_in_non_het_tumours_as_planted(made: Made, demo_study) -> None:
    found = erbb_receptors(made.expression, demo_study.groups, demo_study.trial.patients)
    assert of(found.changes, "ERBB2", "non-HET").low > 0
    assert of(found.changes, "ERBB3", "non-HET").low > 0
    assert of(found.changes, "ERBB4", "non-HET").high < 0
    assert of(found.changes, "ERBB2", "non-HET").n == (36,)
    assert of(found.changes, "ERBB2", "HET").n == (7,)
    assert of(found.changes, "EGFR", "non-HET").q > 0.05
    absent = erbb_receptors(made.expression, demo_study.groups, demo_study.trial.patients, genes=("ERBB2", "NOGENE"))
    assert absent.excluded["id"].tolist() == ["NOGENE"]
    with pytest.raises(NotApplicable, match="none of NOGENE"):
        erbb_receptors(made.expression, demo_study.groups, demo_study.trial.patients, genes=("NOGENE",))


def test_checkpoints_fall_in_both_and_two_rise(made: Made, demo_study) -> None:
    found = checkpoint_change(made.expression, demo_study.groups, demo_study.trial.patients)
    assert dict(found.sizes.itertuples(index=False)) == {"all": 43, "non-HET": 36, "HET": 7, "HR+": 30, "HR−": 13}
    wide = found.rows.pivot_table(index="item", columns="group", values="difference", observed=True)
    fall = [g for g in wide.index if g in FALL_AFTER]
    assert (wide.loc[fall, "non-HET"] < 0).mean() > 0.9
    assert (wide.loc[["CD47", "TNFRSF14"], ["non-HET", "HET"]] > 0).all(axis=None)
    runs = found.rows.drop_duplicates("item").set_index("item")["run"]
    assert runs["CD47"] == "common"
    assert (runs == "common").sum() >= 8
    assert found.rows.drop_duplicates("item")["place"].is_monotonic_increasing
    whole = (wide["non-HET"] * 36 + wide["HET"] * 7) / 43
    np.testing.assert_allclose(whole, wide["all"])  # a mean over all is that of its parts


def test_q_is_over_items_within_each_part(made: Made, demo_study) -> None:
    rows = checkpoint_change(made.expression, demo_study.groups, demo_study.trial.patients).rows
    for _, part in rows.groupby("group"):
        least = part.loc[part["p"].idxmin()]
        assert least["q"] == pytest.approx(
            min(1.0, float((part["p"].sort_values() * len(part) / np.arange(1, len(part) + 1)).min()))
        )


def test_pathways_rise_in_both(made: Made, demo_study) -> None:
    found = pathway_change(made.sets, demo_study.groups, demo_study.trial.patients)
    rows = found.rows.set_index(["item", "group"])
    for name in ("Signaling by ERBB2", "Signaling by FGFR"):
        assert rows.loc[(name, "non-HET"), "difference"] > 0
        assert rows.loc[(name, "HET"), "difference"] > 0
    assert found.deciding == ("non-HET", "HET")
    assert set(found.rows["group"]) == {"all", "non-HET", "HET"}


def test_changes_need_pairs(made: Made, demo_study) -> None:
    from dataclasses import replace

    alone = replace(
        demo_study.groups, samples=demo_study.groups.samples[demo_study.groups.samples["phase"] == "baseline"]
    )
    with pytest.raises(NotApplicable, match="0 patients have RNA before and after"):
        checkpoint_change(made.expression, alone, demo_study.trial.patients)


def test_relative_expression_says_how_many(made: Made, demo_study) -> None:
    found = checkpoints(made.expression, demo_study.groups)
    assert dict(found.sizes.itertuples(index=False)) == {"pCR": 64, "non-HET/no pCR": 51, "HET/no pCR": 14}
    assert found.deciding == ("non-HET/no pCR", "HET/no pCR")


def test_het_tumours_are_basal_whatever_the_receptor(made: Made) -> None:
    counts = made.subtypes.counts
    whole = counts[counts["receptor"] == "all"]
    assert whole["patients"].sum() == 129
    for group, n in (("pCR", 64), ("non-HET/no pCR", 51), ("HET/no pCR", 14)):
        assert whole[whole["group"] == group]["patients"].sum() == n
    by_class = counts[counts["receptor"] != "all"].groupby(["group", "subtype"])["patients"].sum()
    pd.testing.assert_series_equal(
        by_class.sort_index(), whole.groupby(["group", "subtype"])["patients"].sum().sort_index()
    )
    basal = of(made.subtypes.count_tests, "Basal", "HET/no pCR", "pCR")
    assert basal.low > 30
    assert basal.q < 0.001
    her2 = of(made.subtypes.count_tests, "Her2", "HET/no pCR", "pCR")
    assert her2.high < -20
    names = [e.contrast for e in made.subtypes.count_tests if e.quantity == "subtype"]
    assert names == [
        "subtype by group",
        "subtype by group, HR+",
        "subtype by group, HR−",
        "subtype by group, by receptor class",
    ]


def test_tumours_become_more_luminal(made: Made) -> None:
    assert len(made.subtypes.shift) == 43
    change = of(made.subtypes.shift_tests, "LumA", "all")
    assert change.value > 0
    counted = (made.subtypes.shift["after"] == "LumA").sum() - (made.subtypes.shift["before"] == "LumA").sum()
    assert change.value == pytest.approx(100 * counted / 43)


def test_agreement_counts_every_sample(made: Made) -> None:
    table = made.subtypes.agreement
    calls = made.subtypes.calls
    assert table["samples"].sum() == len(calls)
    assert table[[f"robust: {s}" for s in ORDER]].to_numpy().sum() == len(calls)
    same = float((calls["subtype"] == calls["robust"]).mean())
    assert np.average(table["agree"], weights=table["samples"]) == pytest.approx(same, abs=1e-3)
    one = agreement(calls.head(1))
    assert one["samples"].tolist() == [1]


def test_too_few_pairs_for_a_shift() -> None:
    columns = ["patient", "het_before", "before", "after"]
    few = pd.DataFrame([("a", "HET", "Basal", "LumA"), ("b", "HET", "Her2", "Her2")], columns=columns)
    assert shift_tests(few.astype("string")) == ()


def test_fractions_follow_what_was_planted(made: Made, demo_study) -> None:
    trial = demo_study.trial
    found = cell_fractions(
        trial.rna_counts, made.expression, trial.signature, demo_study.groups, trial.patients, permutations=0
    )
    lower = of(found.comparisons, "Plasma cells", "non-HET/no pCR", "pCR")
    assert lower.high < 0
    assert of(found.changes, "Regulatory T cells", "non-HET").high < 0
    assert of(found.changes, "CD8 T cells", "non-HET").low > 0
    assert of(found.changes, "CD8 T cells", "HET").q > 0.05
    total = found.values.groupby("patient")["value"].sum()
    np.testing.assert_allclose(total, 1.0)
