"""PAM50 calls: what they need, the false basal calls of a HER2-positive-only cohort, and the guard rails."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.reference.tables import PAM50_SUBTYPES, her2_positive_subtypes
from her2het.schema import Matrix, StudyError
from her2het.stats.pam50 import pam50, pam50_classifier, pam50_risk, pam50_table
from her2het.stats.subtype import (
    Choices,
    call_subtypes,
    expected_percentiles,
    match_genes,
    stability,
    subgroup_percentiles,
)

PAM50 = pam50_classifier()
NOISE = 1.2
LEVEL = np.random.default_rng(0).normal(8, 2, 50)  # a platform's level of each gene: none of the centrings may need it


def cohort(sizes: dict[str, int], seed: int) -> tuple[Matrix, np.ndarray]:
    """DOMAIN 11.1: each sample is its subtype's centroid plus noise; and the true subtypes."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(list(sizes), list(sizes.values()))
    column = [PAM50_SUBTYPES.index(s) for s in truth]
    values = PAM50.centroids[:, column] + rng.normal(0, NOISE, (50, len(truth))) + LEVEL[:, None]
    return Matrix(values, PAM50.genes, tuple(f"S{i}" for i in range(len(truth))), "log2"), truth


BALANCED = dict.fromkeys(PAM50_SUBTYPES, 36)
ALL_HER2 = {"Her2": 180}
MIXED_HER2 = {"Her2": 108, "LumB": 45, "LumA": 27}


def share(sizes: dict[str, int], how: str, subtype: str = "Her2", seeds: range = range(8)) -> float:
    """The share of true Her2 tumours that are called `subtype`, over several simulated cohorts."""
    found = []
    for seed in seeds:
        x, truth = cohort(sizes, seed)
        reference, _ = cohort(BALANCED, 1000 + seed)
        choices = Choices(reference, expected_percentiles(PAM50, her2_positive_subtypes()))
        calls = call_subtypes(x, PAM50, how, choices).subtype.to_numpy()  # type: ignore[arg-type]
        found.append((calls[truth == "Her2"] == subtype).mean())
    return float(np.mean(found))


def test_cohort_centring_fails_on_her2_positive_cohorts() -> None:
    assert share(BALANCED, "robust") > 0.9
    assert 0.14 < share(ALL_HER2, "robust") < 0.25  # 25 to 45 of 180
    assert 0.22 < share(MIXED_HER2, "robust", "Basal") < 0.36  # 24 to 39 of 108 true Her2 are called Basal
    assert share(MIXED_HER2, "robust") < 0.65
    assert share(ALL_HER2, "scale") < 0.25


def test_guard_rails_bring_them_back() -> None:
    assert share(ALL_HER2, "reference") > 0.9
    assert share(MIXED_HER2, "reference") > 0.9
    assert share(MIXED_HER2, "subgroup") > 0.9
    assert share(MIXED_HER2, "reference", "Basal") < 0.02
    assert share(MIXED_HER2, "subgroup", "Basal") < 0.03


def test_what_subgroup_centring_cannot_do() -> None:
    """A cohort of one subtype alone looks like any other one: without a reference the assumed mix decides."""
    assert 0.6 < share(ALL_HER2, "subgroup") < 0.8


def test_percentiles_of_a_labelled_reference() -> None:
    """Zhao et al.: the reference may be of another platform; only places within it are used."""
    whole, truth = cohort(BALANCED, 5)
    part, _ = cohort(MIXED_HER2, 6)
    both = Matrix(
        np.hstack([whole.values, part.values]) * 0.5 - 3,
        PAM50.genes,
        tuple(f"R{i}" for i in range(360)),
        "log2",
    )
    balanced_median = np.median(both.values[:, :180], axis=1)
    places = subgroup_percentiles(PAM50, both.pick(tuple(f"R{i}" for i in range(180))), [f"R{i}" for i in range(5)])
    assert places.between(0, 1).all()
    in_her2 = (both.values[:, 180:] < balanced_median[:, None]).mean(axis=1)
    x, truth = cohort(MIXED_HER2, 7)
    calls = call_subtypes(x, PAM50, "subgroup", Choices(percentiles=pd.Series(in_her2, index=list(PAM50.genes))))
    assert (calls.subtype.to_numpy()[truth == "Her2"] == "Her2").mean() > 0.9


def test_expected_percentiles() -> None:
    even = expected_percentiles(PAM50, {"Her2": 1.0})
    assert even["ERBB2"] < 0.1  # the balanced centre lies far down in a cohort of Her2 tumours
    assert even["MIA"] > 0.7
    assert (expected_percentiles(PAM50, {"Her2": 5.0}) == even).all()
    with pytest.raises(StudyError, match="is none"):
        expected_percentiles(PAM50, {"HER2": 1.0})
    with pytest.raises(StudyError, match="is none"):
        expected_percentiles(PAM50, {"Her2": -1.0, "Basal": 2.0})


def test_leading_call_of_a_her2_positive_cohort() -> None:
    x, _ = cohort(MIXED_HER2, 3)
    reference, _ = cohort(BALANCED, 4)
    assert pam50(x).calls.centring == "robust"
    assert pam50(x, cohort="her2-positive").calls.centring == "subgroup"
    led = pam50(x, cohort="her2-positive", reference=reference)
    assert led.calls.centring == "reference"
    assert "robust without ERBB2, GRB7" in led.choices.columns  # the paper's is shown beside
    assert pam50(x, "robust", cohort="her2-positive").notes[0].level == "caution"


def test_stability_is_the_share_of_choices_that_agree() -> None:
    x, _ = cohort(BALANCED, 9)
    result = pam50(x)
    assert result.choices.shape == (180, 6)
    row = result.choices.iloc[0]
    assert result.stability.iloc[0] == (row == result.calls.subtype.iloc[0]).mean()
    clear = Matrix(PAM50.centroids, PAM50.genes, PAM50_SUBTYPES, "log2")
    assert list(pam50(clear, "none").calls.subtype) == list(PAM50_SUBTYPES)
    calls = pd.DataFrame({"a": ["Her2", "Basal"], "b": ["Her2", pd.NA]}, dtype="string")
    assert stability(pd.Series(["Her2", "Her2"], dtype="string"), calls).tolist() == [1.0, 0.0]


def test_table_of_the_command() -> None:
    x, _ = cohort(BALANCED, 2)
    table = pam50_table(pam50(x, "robust"))
    assert list(table.columns) == [
        *("sample", "subtype", *PAM50_SUBTYPES),
        *(f"cor_{s}" for s in PAM50_SUBTYPES),
        "stability",
    ]


def test_old_symbols_and_entrez() -> None:
    x, _ = cohort(BALANCED, 1)
    calls = pam50(x).calls
    old = {"NUF2": "CDCA1", "NDC80": "KNTC2", "ORC6": "ORC6L"}
    renamed = Matrix(x.values, tuple(old.get(g, g) for g in x.rows), x.columns, x.unit)
    entrez = {symbol: number for number, symbol in PAM50.entrez.items()}
    numbered = Matrix(x.values, tuple(entrez[g] for g in x.rows), x.columns, x.unit)
    for other in (renamed, numbered):
        assert pam50(other).calls.correlations.equals(calls.correlations)
        assert pam50(other).calls.absent == ()
    twice = Matrix(np.vstack([x.values, x.values[:1]]), (*x.rows, "CDCA1"), x.columns, x.unit)
    with pytest.raises(StudyError, match="gene NUF2 stands in two rows, 'NUF2' and 'CDCA1'"):
        pam50(twice)


def test_missing_genes_are_named() -> None:
    x, _ = cohort(BALANCED, 1)
    few = x.keep_rows(np.arange(50) >= 4)
    titles = [note.title for note in pam50(few).notes]
    assert "PAM50 with fewer than 47 genes" in titles
    assert all("fewer" not in note.title for note in pam50(x.keep_rows(np.arange(50) >= 3)).notes)
    assert pam50(few).calls.absent == PAM50.genes[:4]
    nothing = Matrix(x.values, tuple(f"ENSG{i:011d}" for i in range(50)), x.columns, x.unit)
    with pytest.raises(StudyError, match="0 of its 50 genes"):
        pam50(nothing)


def test_leave_out() -> None:
    x, _ = cohort(BALANCED, 1)
    calls = pam50(x, leave_out=("ERBB2", "GRB7"))
    assert len(calls.calls.genes) == 48
    assert calls.calls.subtype.equals(calls.choices["robust without ERBB2, GRB7"].rename("subtype"))
    assert not any("fewer" in note.title for note in calls.notes)


@pytest.mark.parametrize("how", ["scale", "robust", "median", "subgroup"])
def test_one_sample_has_no_cohort(how: str) -> None:
    x, _ = cohort({"Her2": 1}, 1)
    with pytest.raises(StudyError, match="1 sample; this centring compares samples"):
        pam50(x, how)  # type: ignore[arg-type]


def test_one_sample_with_a_reference() -> None:
    x, _ = cohort({"Her2": 1}, 1)
    reference, _ = cohort(BALANCED, 2)
    result = pam50(x, "reference", reference=reference)
    assert list(result.calls.subtype) == ["Her2"]
    assert list(result.choices.columns) == [
        *("none", "reference", "none without ERBB2, GRB7", "reference without ERBB2, GRB7"),
    ]


def test_refuses_what_would_divide_by_nothing() -> None:
    x, _ = cohort(BALANCED, 1)
    flat = x.values.copy()
    flat[7] = 3.0
    with pytest.raises(StudyError, match=f"gene {PAM50.genes[7]} does not vary over the 180 samples between"):
        pam50(Matrix(flat, x.rows, x.columns, x.unit), "robust")
    with pytest.raises(StudyError, match="the values are counts"):
        pam50(Matrix(np.arange(9000).reshape(50, 180), x.rows, x.columns, "counts"))
    with pytest.raises(StudyError, match="no reference cohort given"):
        pam50(x, "reference")
    with pytest.raises(StudyError, match="no percentiles given"):
        call_subtypes(x, PAM50, "subgroup")


def test_match_keeps_the_order_of_the_classifier() -> None:
    x, _ = cohort({"Her2": 2}, 1)
    turned = Matrix(x.values[::-1], x.rows[::-1], x.columns, x.unit)
    assert match_genes(turned, PAM50).rows == PAM50.genes
    assert (match_genes(turned, PAM50).values == x.values).all()


def test_risk_of_relapse_on_the_authors_example(shared_data: Path) -> None:
    folder = shared_data / "data/pam50_bioclassifier"
    raw = pd.read_csv(folder / "sampleInputFile_200subjects.txt", sep="\t", index_col=0)
    golden = pd.read_csv(folder / "sampleInputFile_pam50scores.txt", sep="\t", index_col=0)
    x = raw.drop("T")
    matrix = Matrix(x.to_numpy(), tuple(x.index), tuple(x.columns), "log2")
    table = pam50_risk(matrix, raw.loc["T"]).set_index("sample")
    for model in ("ROR-S", "ROR-P", "ROR-C", "ROR-PC"):
        score = next(c for c in golden.columns if c.startswith(f"{model} ("))
        group = next(c for c in golden.columns if c.startswith(f"{model} Group"))
        assert table[model].to_numpy() == pytest.approx(golden[score].to_numpy(), abs=1e-6, nan_ok=True)
        assert table[f"{model} group"].fillna("").tolist() == golden[group].fillna("").tolist()
    assert call_subtypes(matrix, PAM50, "median").subtype.tolist() == golden["Call"].tolist()
    assert pam50_risk(matrix)["ROR-C"].isna().all()


def test_published_calls_of_her2_positive_tumours(shared_data: Path) -> None:
    """29 HER2-positive TCGA tumours: the guard rails keep the published Her2 and basal calls."""
    counts = pd.read_csv(shared_data / "data/tcga_her2_60/counts.csv.gz", index_col=0)
    labels = pd.read_csv(shared_data / "data/tcga_her2_60/labels.csv").set_index("sample").loc[list(counts.columns)]
    log_cpm = np.log2(counts / counts.sum() * 1e6 + 1)
    positive = (labels["her2_status_by_ihc"] == "Positive").to_numpy()
    x = Matrix(log_cpm.loc[:, positive].to_numpy(), tuple(counts.index), tuple(counts.columns[positive]), "log2")
    truth = labels.loc[positive, "PAM50_paper"].to_numpy()
    calls = pam50(x, cohort="her2-positive").calls.subtype.to_numpy()
    assert (calls[truth == "Her2"] == "Her2").all()
    assert (calls[truth == "Basal"] == "Basal").all()
    assert (calls == truth).mean() > 0.8
