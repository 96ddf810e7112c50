"""The study's own measurements: the same questions as everything else, also where a study has little more."""

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.features import feature_comparisons
from her2het.results.features import FeatureComparisons
from her2het.schema import NotApplicable
from her2het.stats.estimate import Estimate


@pytest.fixture(scope="module")
def found(demo_study) -> FeatureComparisons:
    trial = demo_study.trial
    return feature_comparisons(trial.features, demo_study.groups, trial.patients)


def of(estimates: tuple[Estimate, ...], quantity: str, *groups: str) -> Estimate:
    return next(e for e in estimates if e.quantity == quantity and (not groups or e.groups == groups))


def test_planted_repertoires_are_found(found: FeatureComparisons) -> None:
    assert of(found.comparisons, "bcr_richness", "non-HET/no pCR", "pCR").high < 0
    assert of(found.changes, "bcr_richness", "non-HET").low > 0
    assert of(found.correlations, "response_score").high < 0
    assert of(found.comparisons, "dv200", "non-HET/no pCR", "pCR").q > 0.05


def test_kinds_are_those_declared(found: FeatureComparisons) -> None:
    kinds = found.features.set_index("feature")["kind"]
    assert kinds["tils"] == "number"
    assert kinds["pik3ca_mutated"] == "flag"
    assert kinds["single_sample_subtype"] == "class"
    assert of(found.associations, "pik3ca_mutated").method.startswith("Fisher")
    shares = found.shares[found.shares["feature"] == "pik3ca_mutated"]
    assert (shares.groupby("group")["n"].sum() == shares.groupby("group")["of"].first()).all()


def test_every_p_has_a_family(found: FeatureComparisons) -> None:
    told = (*found.comparisons, *found.correlations, *found.changes, *found.associations, *found.pcr)
    assert all(e.q >= e.p and e.family for e in told if e.p == e.p)


def test_clinic_and_features_of_patients_alone(demo_study) -> None:
    trial = demo_study.trial
    label = demo_study.groups.patients.set_index("patient")["group"]
    rng = np.random.default_rng(1)
    own = pd.DataFrame(
        {
            "patient": label.index,
            "score": rng.normal(size=len(label)) + 2.0 * (label == "HET/no pCR").to_numpy(),
            "marked": pd.array((label == "HET/no pCR").to_numpy(), dtype="boolean"),
        }
    )
    found = feature_comparisons(own, demo_study.groups, trial.patients)
    assert of(found.comparisons, "score", "HET/no pCR", "pCR").low > 0
    assert of(found.associations, "marked").q < 0.05
    assert of(found.pcr, "marked").value < 0
    assert found.changes == ()
    assert set(found.boxes["group"]) == set(demo_study.groups.labels)


def test_flags_of_samples_before_and_after(demo_study) -> None:
    groups = demo_study.groups
    later = set(groups.samples.loc[groups.samples["phase"] == "followup", "sample"])
    own = pd.DataFrame({"sample": groups.samples["sample"]})
    own["seen"] = pd.array(own["sample"].isin(later), dtype="boolean")
    found = feature_comparisons(own, groups, demo_study.trial.patients)
    change = of(found.class_changes, "seen")
    assert change.value == pytest.approx(100)
    assert change.q < 0.05
    assert found.values.empty


def test_nothing_to_compare(demo_study) -> None:
    own = pd.DataFrame({"sample": demo_study.groups.samples["sample"], "same": 1.0})
    with pytest.raises(NotApplicable, match="no feature"):
        feature_comparisons(own, demo_study.groups, demo_study.trial.patients)
