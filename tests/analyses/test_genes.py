"""Differential expression of the plan: planted genes are found by each test, and the figure says which test it was."""

from dataclasses import replace

import numpy as np
import pytest

from her2het.analyses.expression import expression, sample_qc
from her2het.analyses.genes import baseline_genes, paired_genes
from her2het.engine.serial import Serial
from her2het.figures.volcano import baseline_genes as drawn
from her2het.figures.volcano import paired_genes as drawn_pairs
from her2het.results.expression import Expression
from her2het.results.genes import PairedGenes


@pytest.fixture(scope="module")
def levels(demo_study) -> Expression:
    trial = demo_study.trial
    return expression(trial.rna_counts, sample_qc(trial.rna_counts, trial.samples, demo_study.design))


@pytest.mark.parametrize(
    ("calibrate", "words"), [("none", "Wald test as DESeq2"), ("moderated", "Moderated t-test"), ("factors", "hidden")]
)
def test_planted_genes_by_each_test(demo_study, levels: Expression, calibrate, words: str) -> None:
    result = baseline_genes(demo_study.trial.rna_counts, levels, demo_study.groups, calibrate=calibrate)
    assert words in result.test
    assert all(result.test in drawing.caption for drawing in drawn(result))
    genes = result.genes.set_index(["contrast", "gene"])
    for gene in ("ERBB2", "GRB7"):
        row = genes.loc[("HET/no pCR", gene)]
        assert row["found"]
        assert row["log2_fold"] < 0
    known = result.genes.dropna(subset=["p"])
    np.testing.assert_allclose(known["stat"], known["log2_fold"] / known["se"], rtol=1e-9)


@pytest.fixture(scope="module")
def changed(demo_study, levels: Expression) -> PairedGenes:
    return paired_genes(demo_study.trial.rna_counts, levels, demo_study.groups, subsamples=20, engine=Serial())


def test_more_genes_change_in_non_het_tumours_at_equal_numbers(changed: PairedGenes) -> None:
    counts = changed.counts.set_index("contrast")
    assert (counts.loc["non-HET", "n"], counts.loc["HET", "n"]) == (36, 7)
    (told,) = changed.matched
    assert told.high < 0
    assert told.p == pytest.approx(1 / 21)
    assert told.n == (7, 7)
    assert (changed.drawn["part"] == "non-HET").all()
    hits = int(changed.genes.query("contrast == 'HET'")["found"].sum())
    assert told.value == hits - changed.drawn["found"].median()


def test_genes_found_in_both_are_counted_by_direction(changed: PairedGenes) -> None:
    (row,) = changed.overlap.to_dict("records")
    hits = {
        part: set(zip(rows["gene"], rows["log2_fold"] > 0, strict=True))
        for part, rows in changed.genes[changed.genes["found"]].groupby("contrast")
    }
    both = hits["non-HET"] & hits["HET"]
    assert row["both"] == len(both) > 0
    assert row["only"] + row["both"] == len(hits[row["contrast"]])
    assert row["other_only"] + row["both"] == len(hits[row["other"]])


def test_where_het_tumours_are_more_they_are_drawn_from(demo_study, levels: Expression) -> None:
    """Patients with both samples: all 7 HET, 4 of the others."""
    groups = demo_study.groups
    after = set(groups.samples.loc[groups.samples["phase"] == "followup", "patient"])
    others = groups.patients[groups.patients["patient"].isin(after) & ~groups.patients["het"].astype(bool)]
    gone = set(others["patient"].tolist()[6:])
    fewer = replace(
        groups,
        patients=groups.patients[~groups.patients["patient"].isin(gone)],
        samples=groups.samples[~groups.samples["patient"].isin(gone)],
    )
    result = paired_genes(demo_study.trial.rna_counts, levels, fewer, subsamples=10, engine=Serial())
    sizes = result.counts.set_index("contrast")["n"]
    assert 3 <= sizes["non-HET"] < sizes["HET"]
    (told,) = result.matched
    assert told.groups == ("HET", "non-HET")
    assert (result.drawn["part"] == "HET").all()
    hits = int(result.genes.query("contrast == 'non-HET'")["found"].sum())
    assert told.value == result.drawn["found"].median() - hits
    last = drawn_pairs(result)[-1]
    assert last.key == "matched"
    assert f"others {hits}" in last.title
    assert f"against the {sizes['non-HET']} patients not HET (line)" in last.caption


def test_without_draws_there_is_no_picture_of_them(demo_study, levels: Expression) -> None:
    result = paired_genes(demo_study.trial.rna_counts, levels, demo_study.groups, subsamples=0, engine=Serial())
    assert result.matched == ()
    assert [d.key for d in drawn_pairs(result)] == ["non-HET", "HET"]
