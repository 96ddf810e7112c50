"""Real input end to end: the examples of docs/examples on public data, held against R (oracles/tcga_her2_60)."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from her2het.analyses import PLAN
from her2het.engine.serial import Serial
from her2het.load import load_study
from her2het.run import Outcome, run

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def outcomes(study: Path, tmp: Path) -> dict[str, Outcome]:
    return {o.analysis.name: o for o in run(PLAN, load_study(study, PLAN), Serial(), tmp / "cache")}


@pytest.fixture(scope="module")
def tcga(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("tcga")
    shutil.copy(EXAMPLES / "tcga_her2_60" / "study.toml", folder)
    for name in ("counts.csv.gz", "labels.csv"):
        (folder / name).symlink_to((shared_data / "data" / "tcga_her2_60" / name).resolve())
    return outcomes(folder, folder)


@pytest.fixture(scope="module")
def trial(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("trial")
    shutil.copy(EXAMPLES / "trial_sheet" / "study.toml", folder)
    (folder / "sample_sheet.csv").symlink_to((shared_data / "data" / "trial" / "sample_sheet.csv").resolve())
    return outcomes(folder, folder)["group_assignment"].result


def oracle(shared: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(shared / "oracles" / "tcga_her2_60" / name, index_col=0)


def test_rank_sum_of_eight_genes_as_r(tcga: dict[str, Outcome], shared_data: Path):
    expected = oracle(shared_data, "wilcoxon_rank_sum.csv.gz")
    found = {e.quantity: e for e in tcga["marker_expression"].result.comparisons}
    assert set(found) == set(expected.index)
    for gene, row in expected.iterrows():
        e = found[str(gene)]
        assert e.p == pytest.approx(row["p"], rel=1e-9)
        assert (e.value, e.low, e.high) == pytest.approx((row["hl"], row["low"], row["high"]), rel=0, abs=1e-9)
        assert e.method == "rank-sum, exact"


def test_tmm_factors_as_edger(tcga: dict[str, Outcome], shared_data: Path):
    expected = oracle(shared_data, "edger_tmm.csv.gz")
    factors = tcga["expression"].result.factors.set_index("sample").loc[expected.index]
    assert factors["norm_factor"].to_numpy() == pytest.approx(expected["norm.factors"].to_numpy(), rel=1e-9)
    assert (factors["lib_size"].to_numpy() == expected["lib.size"].to_numpy()).all()


def test_components_as_prcomp_up_to_sign(tcga: dict[str, Outcome], shared_data: Path):
    expected = oracle(shared_data, "prcomp_scores.csv.gz")
    scores = tcga["sample_components"].result.scores
    mine = scores[scores["which"] == "all"].set_index("sample").loc[expected.index]
    for k in range(1, 6):
        a, b = mine[f"pc{k}"].to_numpy(), expected[f"PC{k}"].to_numpy()
        assert np.abs(a * np.sign(a @ b) - b).max() < 1e-6


def test_what_cannot_be_run_is_skipped_with_its_reason(tcga: dict[str, Outcome]):
    skipped = {name: o.reason for name, o in tcga.items() if o.status == "skipped"}
    assert skipped["fish_heterogeneity"] == "needs the table fish_nuclei, which this study lacks"
    assert skipped["biopsy_distance"] == "no patient has two baseline biopsies with RNA"


def test_groups_of_the_trial_by_baseline_labels(trial: Any):
    assert trial.counts["patients"].tolist() == [64, 51, 14]


def test_shifts_are_listed_and_regroup_nobody(trial: Any):
    shifts = {r.patient: (bool(r.before), bool(r.after)) for r in trial.shifts.itertuples()}
    assert shifts == {"48": (False, True), "130": (False, True), "69": (True, False), "121": (True, False)}
    groups = trial.patients.set_index("patient")["group"]
    assert groups["48"] == "non-HET/no pCR"
    assert groups["69"] == "HET/no pCR"


def test_patient_without_labels_is_excluded_with_the_reason(trial: Any):
    assert trial.excluded[["id", "reason"]].values.tolist() == [["92", "pcr and het missing"]]
