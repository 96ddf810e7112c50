"""Differential expression of the plan: planted genes are found by each test, and the figure says which test it was."""

import numpy as np
import pytest

from her2het.analyses.expression import expression, sample_qc
from her2het.analyses.genes import baseline_genes
from her2het.figures.volcano import baseline_genes as drawn
from her2het.results.expression import Expression


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
