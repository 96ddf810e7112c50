"""The transcriptomic change of tumours, and what goes with it."""

import numpy as np
import pytest

from her2het.analyses.distance import biopsy_distance
from her2het.analyses.expression import expression, sample_qc
from her2het.analyses.fish import fish_heterogeneity
from her2het.analyses.status_change import status_change
from her2het.analyses.treatment_distance import treatment_distance
from her2het.results.change import TreatmentDistance
from her2het.stats.estimate import Estimate


@pytest.fixture(scope="module")
def found(demo_study) -> TreatmentDistance:
    trial, groups = demo_study.trial, demo_study.groups
    qc = sample_qc(trial.rna_counts, trial.samples, demo_study.design)
    levels = expression(trial.rna_counts, qc)
    fish = fish_heterogeneity(trial.fish_nuclei, trial.samples, demo_study.design)
    status = status_change(groups, trial.ihc, fish)
    biopsies = biopsy_distance(levels, groups, trial.patients, trial.samples, fish)
    return treatment_distance(
        levels, groups, trial.patients, trial.features, fish, trial.ihc, status, biopsies, permutations=199
    )


def of(found: TreatmentDistance, quantity: str) -> Estimate:
    return next(e for e in found.comparisons + found.correlations if e.quantity == quantity)


def test_it_is_the_distance_between_profiles(found: TreatmentDistance, demo_study) -> None:
    trial = demo_study.trial
    levels = expression(trial.rna_counts, sample_qc(trial.rna_counts, trial.samples, demo_study.design))
    kept = levels.genes["kept"].to_numpy(dtype=bool)
    patient = found.patients["patient"].iloc[0]
    mine = demo_study.groups.samples[demo_study.groups.samples["patient"] == patient]
    frame = levels.log_cpm.frame()[kept]
    before, after = (
        frame[[s for s in mine.loc[mine["phase"] == p, "sample"] if s in frame.columns]].mean(axis=1)
        for p in ("baseline", "followup")
    )
    assert found.patients["distance"].iloc[0] == pytest.approx(float(np.linalg.norm(after - before)))


def test_single_biopsies_stand_against_single_biopsies(found: TreatmentDistance, demo_study) -> None:
    """Like with like: the mean distance between one baseline biopsy and the residual tumour, pair by pair."""
    trial = demo_study.trial
    levels = expression(trial.rna_counts, sample_qc(trial.rna_counts, trial.samples, demo_study.design))
    frame = levels.log_cpm.frame()[levels.genes["kept"].to_numpy(dtype=bool)]
    samples = demo_study.groups.samples[demo_study.groups.samples["sample"].isin(frame.columns)]
    for row in found.patients.itertuples():
        mine = samples[samples["patient"] == row.patient]
        before, after = (mine.loc[mine["phase"] == p, "sample"] for p in ("baseline", "followup"))
        apart = [float(np.linalg.norm(frame[a] - frame[b])) for a in after for b in before]
        assert row.distance_single == pytest.approx(np.mean(apart))
        if len(before) > 1:
            assert row.distance < row.distance_single  # the mean of two has less noise
    e = of(found, "Before-after against between biopsies")
    both = found.patients.dropna(subset=["between_biopsies"])
    walsh = (both["distance_single"] - both["between_biopsies"]).to_numpy()
    i, j = np.triu_indices(len(walsh))
    assert e.value == pytest.approx(np.median((walsh[i] + walsh[j]) / 2))
    assert e.n == (len(both),)


def test_het_and_mutated_tumours_move_less(found: TreatmentDistance) -> None:
    assert len(found.patients) == 43
    assert of(found, "HET at baseline").high < 0
    assert of(found, "PIK3CA/ERBB2 mutated").high < 0
    assert (found.patients["responder"] == "weak").sum() == 11


def test_ihc_is_a_trend_over_scores(found: TreatmentDistance) -> None:
    e = of(found, "HER2 IHC score")
    assert e.method.startswith("Jonckheere-Terpstra")
    assert list(e.groups) == sorted(e.groups)
    assert sum(e.n) <= 43


def test_correlations_among_het_and_not_het(found: TreatmentDistance) -> None:
    sizes = {(e.quantity, e.groups[0]): e.n[0] for e in found.within}
    assert sizes["Age", "HET"] + sizes["Age", "non-HET"] == 43
    whole = {e.quantity for e in found.correlations}
    assert {q for q, _ in sizes} <= whole
    assert len({e.family for e in found.within}) == 1


def test_own_baseline_is_nearest(found: TreatmentDistance) -> None:
    own = of(found, "Distance to own baseline")
    assert own.value < 0
    assert own.p == pytest.approx(1 / 200)


def test_weak_responders_are_the_lowest_quarter(found: TreatmentDistance) -> None:
    """Weak: a distance up to the 25th percentile; all others are strong, as the paper's 'top 75 %' has it."""
    distance = found.patients["distance"].to_numpy(dtype=float)
    assert found.limit == np.quantile(distance, 0.25)
    weak = (found.patients["responder"] == "weak").to_numpy(dtype=bool)
    assert (weak == (distance <= found.limit)).all()
    assert (int(weak.sum()), int((~weak).sum())) == (11, 32)
    assert set(found.patients.loc[weak, "place"]) == set(range(1, 12))
