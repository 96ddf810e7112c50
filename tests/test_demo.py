"""The synthetic trial through the whole plan: what was planted is found, and where nothing is nothing is found."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from her2het.analyses import PLAN
from her2het.engine.serial import Serial
from her2het.load import load_study
from her2het.report.assemble import assemble
from her2het.report.build import render_report
from her2het.report.draw import DrawTask, draw, panels_of
from her2het.report.manifest import record
from her2het.run import Outcome, run
from her2het.simulate import simulate_trial, write_trial


def outcomes(folder: Path, null: bool) -> list[Outcome]:
    write_trial(simulate_trial(1, null=null), folder)
    done = list(run(PLAN, load_study(folder, PLAN), Serial(), folder.parent / f"cache-{null}"))
    assert not [o.reason for o in done if o.status == "skipped"]
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def whole(folder: Path) -> list[Outcome]:
    return outcomes(folder / "study", null=False)


@pytest.fixture(scope="module")
def demo(whole: list[Outcome]) -> dict[str, Any]:
    return {o.analysis.name: o.result for o in whole}


@pytest.fixture(scope="module")
def nothing(folder: Path) -> dict[str, Any]:
    return {o.analysis.name: o.result for o in outcomes(folder / "null", null=True)}


def truth(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "study" / "truth" / f"{name}.tsv", sep="\t", dtype=str)


def test_the_trials_numbers(demo: dict[str, Any]):
    assert demo["group_assignment"].counts["patients"].tolist() == [64, 51, 14]
    phases = demo["expression"].factors["phase"].value_counts()
    assert (phases["baseline"], phases["followup"]) == (242, 43)
    assert "242 baseline and 43 residual" in demo["sample_flow"].notes[0].text
    steps = demo["sample_flow"].steps.set_index("title")["samples"]
    assert (steps["With RNA"], steps["RNA analysed"]) == (292, 285)


def test_the_planted_outliers_and_no_others(demo: dict[str, Any], folder: Path):
    qc = demo["sample_qc"].samples
    planted = set(truth(folder, "outliers")["sample"])
    assert set(qc.loc[qc["excluded"], "sample"]) == planted
    assert set(qc.loc[qc["robust_flag"], "sample"]) == planted
    assert len(planted) == 7


def test_the_planted_order_of_erbb2(demo: dict[str, Any]):
    found = {e.groups: e for e in demo["marker_expression"].comparisons if e.quantity == "ERBB2"}
    assert len(found) == 3
    assert all(e.value < 0 and e.high < 0 and e.q < 0.05 for e in found.values())
    against_rcb = next(e for e in demo["marker_expression"].correlations if e.quantity == "ERBB2")
    assert against_rcb.high < 0


def test_het_as_planted(demo: dict[str, Any], folder: Path):
    planted = truth(folder, "patients").set_index("patient")["het_before"].map({"yes": True, "no": False})
    called = demo["fish_heterogeneity"].patients
    baseline = called[called["phase"] == "baseline"].set_index("patient")["het"].astype(bool)
    assert (baseline == planted.reindex(baseline.index)).all()
    assert demo["group_assignment"].conflicts.empty


def test_status_pairs_as_in_the_trial(demo: dict[str, Any]):
    counts = demo["status_change"].counts
    het = counts[counts["what"] == "HET"].set_index(["before", "after"])["patients"]
    assert het[("non-HET", "non-HET")] == 38
    assert het[("non-HET", "HET")] == 3
    assert het[("HET", "non-HET")] == 4
    assert het[("HET", "HET")] == 5
    pairs = demo["status_change"].pairs
    ihc = pairs[pairs["what"] == "HER2 IHC"]["change"].value_counts()
    assert (ihc["down"], ihc["same"], ihc["up"]) == (26, 22, 1)


def test_mrna_follows_protein(demo: dict[str, Any]):
    assert all(e.low > 0 and e.q < 0.05 for e in demo["mrna_protein"].correlations)


def test_distance_goes_with_er(demo: dict[str, Any]):
    er = next(e for e in demo["biopsy_distance"].comparisons if e.quantity == "ER")
    assert er.high < 0


def test_transcriptomes_of_het_and_mutated_tumours_change_less(demo: dict[str, Any]):
    found = {e.quantity: e for e in demo["treatment_distance"].comparisons}
    assert found["HET at baseline"].high < 0
    assert found["PIK3CA/ERBB2 mutated"].high < 0
    assert found["Distance to own baseline"].p < 0.01
    single = found["Before-after against between biopsies"]
    assert single.low > 0
    assert single.n[0] < 43  # those with two baseline biopsies


def test_planted_genes_are_found_before_treatment(demo: dict[str, Any]):
    genes = demo["baseline_genes"].genes.set_index(["contrast", "gene"])
    for gene in ("ERBB2", "GRB7", "PGAP3"):
        row = genes.loc[("HET/no pCR", gene)]
        assert row["found"]
        assert row["log2_fold"] < 0
    for gene in ("KRT5", "KRT14", "HAVCR2"):
        row = genes.loc[("HET/no pCR", gene)]
        assert row["found"]
        assert row["log2_fold"] > 0
    lower = genes.loc["non-HET/no pCR"].query("found and log2_fold < 0").index
    assert sum(str(g).startswith("IG") for g in lower) > 0.5 * len(lower)


def test_more_genes_change_in_non_het_tumours_also_at_equal_numbers(demo: dict[str, Any]):
    counts = demo["paired_genes"].counts.set_index("contrast")
    found = counts["higher"] + counts["lower"]
    assert found["non-HET"] > 2 * found["HET"]
    assert demo["paired_genes"].matched[0].value < 0


def test_signatures_rise_under_treatment(demo: dict[str, Any]):
    changes = [e for e in demo["erbb_signatures"].changes if e.groups == ("all",)]
    assert changes
    assert all(e.low > 0 for e in changes)


def test_het_tumours_are_more_basal(demo: dict[str, Any]):
    found = {(e.quantity, e.groups): e for e in demo["subtypes"].comparisons}
    assert found[("Basal", ("HET/no pCR", "pCR"))].low > 0


def test_where_nothing_is_nothing_is_found(nothing: dict[str, Any]):
    comparisons = nothing["marker_expression"].comparisons
    assert min(e.q for e in comparisons) > 0.05
    assert min(e.q for e in nothing["heterogeneity_change"].estimates) > 0.05
    assert min(e.q for e in nothing["immune_scores"].comparisons) > 0.05
    tested, found = (nothing["baseline_genes"].counts[c].sum() for c in ("tested", "higher"))
    assert found + nothing["baseline_genes"].counts["lower"].sum() < 0.002 * tested


def test_every_p_has_effect_interval_n_and_q(demo: dict[str, Any]):
    for result in demo.values():
        for value in vars(result).values():
            for e in value if isinstance(value, tuple) else (value,):
                if type(e).__name__ != "Estimate" or e.p != e.p:
                    continue
                assert e.n, e.contrast
                assert e.q == e.q, e.contrast
                assert e.family, e.contrast
                if e.effect == "general association":  # a test over strata, without an effect of its own
                    assert math.isnan(e.value)
                    continue
                assert e.low <= e.value <= e.high, (e.contrast, e.quantity, e.low, e.value, e.high, e.remark)
                assert e.method, e.contrast
                assert not e.of or all(n <= of for n, of in zip(e.n, e.of, strict=True)), e.contrast


def test_synthetic_is_said(folder: Path, demo: dict[str, Any]):
    assert "SYNTHETIC" in (folder / "study" / "README.txt").read_text()
    assert load_study(folder / "study", PLAN).design.synthetic
    json.dumps([n.text for r in demo.values() for n in r.notes])


@pytest.mark.slow
def test_the_whole_page_is_light(folder: Path, whole: list[Outcome]):
    """The page of all analyses at full size: 8 MB is the bound, 6 MB what it weighs at most."""
    study = load_study(folder / "study", PLAN)
    drawn = {
        o.analysis.name: [
            d
            for p in panels_of(o.result)
            for d in draw(DrawTask(o.analysis.name, p.id, o.result, folder / "figures", True, ("svg",)))
        ]
        for o in whole
    }
    page = render_report(assemble(PLAN, study, whole, drawn, record(study, whole)))
    assert page.count('<div class="drawing') > 110
    assert len(page.encode()) < 6_000_000
