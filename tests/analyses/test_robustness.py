"""Differences between groups in every way of analysis: planted ones hold, and what depends is said to."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.fish import fish_heterogeneity
from her2het.analyses.robustness import robustness
from her2het.engine.processes import Processes
from her2het.engine.serial import Serial
from her2het.results.robustness import Robustness
from her2het.schema import NotApplicable

NONE = (None, None, None, None)


def own(demo_study, **columns: np.ndarray) -> pd.DataFrame:
    """A features table of the baseline samples."""
    table = demo_study.groups.samples
    frame = table.loc[table["phase"] == "baseline", ["sample"]].reset_index(drop=True)
    return frame.assign(**columns)


@pytest.fixture(scope="module")
def found(demo_study) -> Robustness:
    trial = demo_study.trial
    fish = fish_heterogeneity(trial.fish_nuclei, trial.samples, demo_study.design)
    return robustness(
        demo_study.groups, trial.patients, None, fish, None, None, trial.features, draws=100, engine=Serial()
    )


def row(found: Robustness, measurement: str, treated: str) -> pd.Series:
    table = found.contrasts
    return table[(table["measurement"] == measurement) & (table["treated"] == treated)].iloc[0]


def test_planted_differences_hold(found: Robustness) -> None:
    assert row(found, "bcr_richness", "non-HET/no pCR")["verdict"] == "holds"
    assert row(found, "response_score", "HET/no pCR")["verdict"] == "holds"
    assert row(found, "dv200", "HET/no pCR")["verdict"] == "not found"


def test_what_defines_groups_is_no_finding(found: Robustness) -> None:
    r = row(found, "Amplified fraction", "HET/no pCR")
    assert r["verdict"] == "by definition"
    assert row(found, "Amplified fraction", "non-HET/no pCR")["verdict"] != "by definition"
    defined = [e for e in found.estimates if e.by_definition]
    assert {e.family.endswith("by definition") for e in defined} == {True}
    assert not [e for e in found.estimates if not e.by_definition and e.family.endswith("by definition")]


def test_rows_are_the_estimates(found: Robustness) -> None:
    assert len(found.rows) == len(found.estimates)
    assert found.rows["value"].tolist() == [e.value for e in found.estimates]
    assert len({e.contrast for e in found.estimates}) == len(found.estimates)
    assert all(e.q >= e.p and e.family for e in found.estimates if e.p == e.p)
    boot = found.rows["way"] == "bootstrap"
    assert found.rows.loc[boot, "p"].isna().all()
    first = found.rows[found.rows["way"] == "mean"].reset_index(drop=True)
    assert first["value"].tolist() == found.contrasts["value"].tolist()
    assert (found.contrasts["least"] <= found.contrasts["value"]).all()
    assert not found.rows["measurement"].isin(["pik3ca_mutated", "single_sample_subtype"]).any()
    # patients of two groups, all their biopsies: never as many patients as samples
    assert (first["samples"] > first["n_treated"] + first["n_control"]).all()


def test_a_difference_of_one_stratum_mix_depends(demo_study) -> None:
    """A value that hormone receptor alone makes: unadjusted it may differ, within receptor classes it does not."""
    groups, patients = demo_study.groups, demo_study.trial.patients
    het = groups.patients.set_index("patient")["group"] == "HET/no pCR"
    rng = np.random.default_rng(1)
    hr = pd.Series(rng.random(len(patients)) < np.where(het.reindex(patients["patient"]), 0.95, 0.35))
    patients = patients.assign(hr=hr.astype("boolean").to_numpy())
    owner = groups.samples.loc[groups.samples["phase"] == "baseline", "patient"]
    made = 2.0 * owner.map(patients.set_index("patient")["hr"].astype(float)).to_numpy()
    features = own(demo_study, made=made + rng.normal(size=len(made)))
    found = robustness(groups, patients, *NONE, features, draws=100, engine=Serial())
    r = row(found, "made", "HET/no pCR")
    assert r["verdict"] == "depends"
    assert "within hormone receptor classes" in r["differs"]
    assert "mixed model with hormone receptor" in r["differs"]


def test_a_bootstrap_without_an_interval_decides_nothing(demo_study) -> None:
    groups, rng = demo_study.groups, np.random.default_rng(6)
    features = own(demo_study)
    owner = features["sample"].map(groups.samples.set_index("sample")["patient"])
    label = owner.map(groups.patients.set_index("patient")["group"])
    few = owner[label == "HET/no pCR"].unique()[:4]
    features["x"] = rng.normal(size=len(features)) + 9.0 * (label == "HET/no pCR")
    features = features[(label != "HET/no pCR") | owner.isin(few)]
    found = robustness(groups, demo_study.trial.patients, *NONE, features, draws=100, engine=Serial())
    r = row(found, "x", "HET/no pCR")
    assert r["n_treated"] == 4
    assert r["verdict"] == "holds"
    assert r["ways"] == 8


def test_one_biopsy_per_patient_leaves_out_what_needs_two(demo_study) -> None:
    features = own(demo_study)
    table = demo_study.groups.samples.set_index("sample")
    features = features[~features["sample"].map(table["patient"]).duplicated()].reset_index(drop=True)
    features["x"] = np.random.default_rng(2).normal(size=len(features))
    found = robustness(
        demo_study.groups, demo_study.trial.patients.drop(columns="hr"), *NONE, features, draws=100, engine=Serial()
    )
    assert set(found.rows["way"]) == {"mean", "bootstrap"}
    assert found.excluded["reason"].tolist() == ["one sample per patient: no mixed model, nothing to combine"]
    assert any(n.title == "No hormone receptor classes" for n in found.notes)


def test_a_mixed_model_without_an_answer_is_told(demo_study, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr("statsmodels.regression.mixed_linear_model.MixedLM.fit", refuse)
    features = own(demo_study, x=np.random.default_rng(5).normal(size=len(own(demo_study))))
    found = robustness(demo_study.groups, demo_study.trial.patients, *NONE, features, draws=100, engine=Serial())
    mixed = found.rows[found.rows["way"].isin(["mixed", "mixed_adjusted"])]
    assert mixed["value"].isna().all()
    assert mixed["remark"].str.contains("did not converge.*Compare patients' means").all()
    assert mixed["found"].isna().all()
    (note,) = [n for n in found.notes if n.title == "Mixed models without an answer"]
    assert note.text.startswith("4 fits gave no number.")
    assert (found.contrasts["ways"] == 7).all()


def test_engines_agree(demo_study) -> None:
    features = own(demo_study, x=np.random.default_rng(4).normal(size=len(own(demo_study))))
    given = (demo_study.groups, demo_study.trial.patients, *NONE, features)
    here = robustness(*given, draws=100, engine=Serial())
    workers = Processes(2)
    try:
        there = robustness(*given, draws=100, engine=workers)
    finally:
        workers.close()
    pd.testing.assert_frame_equal(here.rows, there.rows)


def test_nothing_to_compare(demo_study) -> None:
    patients = demo_study.trial.patients
    with pytest.raises(NotApplicable, match="no measurement"):
        robustness(demo_study.groups, patients, *NONE, None, engine=Serial())
    with pytest.raises(NotApplicable, match="control"):
        robustness(replace(demo_study.groups, control=""), patients, *NONE, None, engine=Serial())
