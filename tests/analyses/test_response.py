"""What goes with pCR: planted effects are found, table and estimates agree, models predict and noise does not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.expression import expression, sample_qc
from her2het.analyses.fish import fish_heterogeneity
from her2het.analyses.response import response_features
from her2het.analyses.response_model import response_model
from her2het.engine.serial import Serial
from her2het.results.cohort import GroupAssignment
from her2het.results.response import ResponseFeatures, ResponseModel
from her2het.schema import NotApplicable


@pytest.fixture(scope="module")
def found(demo_study) -> ResponseFeatures:
    trial = demo_study.trial
    qc = sample_qc(trial.rna_counts, trial.samples, demo_study.design)
    fish = fish_heterogeneity(trial.fish_nuclei, trial.samples, demo_study.design)
    return response_features(
        demo_study.groups,
        trial.patients,
        expression(trial.rna_counts, qc),
        fish,
        trial.ihc,
        None,
        None,
        None,
        None,
        trial.features,
        draws=400,
    )


@pytest.fixture(scope="module")
def model(found: ResponseFeatures, demo_study) -> ResponseModel:
    return response_model(found, demo_study.groups, repeats=3, draws=200, engine=Serial())


def of(found: ResponseFeatures, name: str) -> pd.Series:
    return found.features.set_index("feature").loc[name]


def test_planted_measurements_are_found(found: ResponseFeatures) -> None:
    for name in ("ERBB2 mRNA", "Amplified fraction", "ERBB2/CEP17 ratio", "response_score"):
        assert of(found, name)["low"] > 0.5, name
        assert of(found, name)["q"] < 0.05, name
    assert of(found, "HET")["high"] < 0.5
    assert of(found, "Age")["q"] > 0.05


def test_the_table_says_what_the_estimates_say(found: ResponseFeatures) -> None:
    assert found.features["feature"].tolist() == [e.quantity for e in found.aucs]
    for row, e in zip(found.features.itertuples(), found.aucs, strict=True):
        assert (row.auc, row.low, row.high, row.p, row.q) == (e.value, e.low, e.high, e.p, e.q)
        assert e.n == (row.n_pcr, row.n_rest)
        assert row.n_pcr + row.n_rest + row.missing == 129
        assert row.boot_low <= row.auc <= row.boot_high
    assert len({e.family for e in found.aucs}) == 1


def test_odds_are_finite_where_pcr_never_occurs(found: ResponseFeatures) -> None:
    het = next(e for e in found.odds if e.quantity == "HET")
    assert 0 < het.value < 1
    assert np.isfinite(het.high)
    assert het.q < 0.05


def test_text_is_left_out_and_said_so(found: ResponseFeatures) -> None:
    assert "single_sample_subtype" in set(found.excluded["id"])


def test_the_same_patients_give_the_same_bits(found: ResponseFeatures, model: ResponseModel, demo_study) -> None:
    again = response_model(found, demo_study.groups, repeats=3, draws=200, engine=Serial())
    pd.testing.assert_frame_equal(model.predictions, again.predictions)
    pd.testing.assert_frame_equal(model.models, again.models)


def test_fish_adds_to_the_clinic(model: ResponseModel) -> None:
    areas = model.models.set_index("model")["auc"]
    assert areas["clinic + IHC + FISH"] > 0.7
    assert model.differences[0].low > 0
    assert (model.models["apparent"] >= model.models["auc"]).all()
    assert (model.models["low"] < model.models["auc"]).all()
    assert model.predictions.groupby("model").size().eq(129).all()
    assert model.predictions["chance"].between(0, 1).all()


def test_models_of_noise_predict_nothing(found: ResponseFeatures, demo_study) -> None:
    rng = np.random.default_rng(1)
    shuffled = found.values.copy()
    for rows in shuffled.groupby("feature").groups.values():
        shuffled.loc[rows, "value"] = rng.permutation(shuffled.loc[rows, "value"].to_numpy())
    nothing = response_model(replace(found, values=shuffled), demo_study.groups, repeats=3, draws=200, engine=Serial())
    last = nothing.aucs[-1]
    assert last.low < 0.5 < last.high
    assert nothing.models["apparent"].iloc[-1] > last.value


def test_every_model_says_how_few_patients_there_are(model: ResponseModel) -> None:
    assert model.notes[0].level == "caution"
    assert all(np.isnan(e.p) for e in (*model.aucs, *model.differences, *model.slopes))


def test_without_pcr_it_is_skipped(demo_study) -> None:
    trial = demo_study.trial
    groups: GroupAssignment = demo_study.groups
    for patients in (trial.patients.drop(columns=["pcr"]), trial.patients.assign(pcr=True)):
        with pytest.raises(NotApplicable, match="pCR"):
            response_features(groups, patients, None, None, None, None, None, None, None, None)


def test_too_few_patients_for_a_model(demo_study) -> None:
    trial = demo_study.trial
    few = trial.patients["patient"][trial.patients["pcr"].astype(bool)][:8]
    kept = trial.patients[~trial.patients["pcr"].astype(bool) | trial.patients["patient"].isin(few)]
    small = response_features(demo_study.groups, kept, None, None, trial.ihc, None, None, None, None, None)
    with pytest.raises(NotApplicable, match="rarer outcome"):
        response_model(small, demo_study.groups, engine=Serial())
