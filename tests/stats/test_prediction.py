"""Nested cross-validation of patients: no leak, folds, and what predictions are worth."""

import numpy as np
import pandas as pd
import pytest

from her2het.stats.prediction import Task, brier, calibration, cross_validate, cv_auc, one_repeat, paired
from her2het.stats.units import PerPatient, PerSample


def cohort(n: int = 120, strength: float = 1.5, seed: int = 1) -> tuple[PerPatient, tuple[PerPatient, ...]]:
    rng = np.random.default_rng(seed)
    names = pd.Index([f"P{i}" for i in range(n)])
    marker = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-strength * marker))).astype(float)
    noise = [PerPatient(pd.Series(rng.normal(size=n), names), f"noise {k}") for k in range(5)]
    lacking = pd.Series(rng.normal(size=n), names).mask(rng.random(n) < 0.2)
    measured = (PerPatient(pd.Series(marker, names), "marker"), *noise, PerPatient(lacking, "lacking"))
    return PerPatient(pd.Series(y, names), "outcome"), measured


def test_it_finds_a_marker() -> None:
    found = cross_validate(*cohort(), repeats=4)
    e = cv_auc(found)
    assert 0.65 < e.low < e.value < e.high
    assert found.names[int(np.abs(found.final).argmax())] == "marker"
    assert found.chances.shape == found.fold.shape == (4, 120)
    error, scaled = brier(found)
    assert error < 0.25
    assert 0 < scaled < 1
    assert calibration(found)[1] == pytest.approx(1, abs=0.5)


def test_folds_are_stratified_and_whole() -> None:
    found = cross_validate(*cohort(), repeats=3, folds=5)
    for fold in found.fold:
        sizes = np.bincount(fold)
        assert sizes.max() - sizes.min() <= 1
        yes = np.bincount(fold, found.outcome)
        assert yes.max() - yes.min() <= 1


def test_a_model_does_not_see_those_it_predicts() -> None:
    """A patient's values may be anything: the model of its fold stays as it was."""
    outcome, measured = cohort(60)
    x = np.column_stack([m.values.to_numpy(dtype=float) for m in measured])
    y = outcome.values.to_numpy(dtype=float)
    first = one_repeat(Task(x, y, 0.0, 5, 5, np.random.SeedSequence(3)))
    changed = x.copy()
    changed[7] = 1e3
    second = one_repeat(Task(changed, y, 0.0, 5, 5, np.random.SeedSequence(3)))
    np.testing.assert_array_equal(first.fold, second.fold)
    own = first.fold[7]
    np.testing.assert_array_equal(first.coefficients[own], second.coefficients[own])
    beside = (first.fold == own) & (np.arange(60) != 7)
    np.testing.assert_array_equal(first.chances[beside], second.chances[beside])
    assert not np.array_equal(first.coefficients[(own + 1) % 5], second.coefficients[(own + 1) % 5])


def test_under_noise_the_area_is_a_half() -> None:
    areas = [cv_auc(cross_validate(*cohort(80, 0.0, seed), repeats=2)).value for seed in range(12)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.06)


def test_only_pairs_of_one_fold_are_compared() -> None:
    found = cross_validate(*cohort(), repeats=2)
    _, together = paired(found)
    yes = found.outcome == 1
    expected = sum(np.equal.outer(f[yes], f[~yes]).astype(float) for f in found.fold)
    np.testing.assert_array_equal(together, expected)


def test_the_order_of_work_does_not_matter() -> None:
    outcome, measured = cohort()
    backwards = cross_validate(
        outcome, measured, repeats=3, over=lambda fn, tasks: [fn(t) for t in reversed(list(tasks))][::-1]
    )
    np.testing.assert_array_equal(backwards.chances, cross_validate(outcome, measured, repeats=3).chances)


def test_what_is_refused() -> None:
    outcome, measured = cohort()
    with pytest.raises(TypeError, match="PerPatient"):
        cross_validate(outcome, (PerSample(measured[0].values, "x"),))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs a measurement"):
        cross_validate(outcome, ())
    with pytest.raises(ValueError, match="do not suffice"):
        cross_validate(outcome, measured, folds=40)
    empty = PerPatient(measured[0].values * np.nan, "empty")
    with pytest.raises(ValueError, match="no value"):
        cross_validate(outcome, (empty,))


def test_the_unit_of_a_measurement_does_not_matter() -> None:
    """Also one so large that the numbers are tiny: they are no constant."""
    outcome, markers = cohort()
    tiny = tuple(PerPatient(m.values * 1e-14, m.quantity) for m in markers)
    first, second = (cross_validate(outcome, m, repeats=1, folds=3, inner=3) for m in (markers, tiny))
    np.testing.assert_allclose(first.chances, second.chances, atol=1e-6)
    assert first.chances.std() > 0.05
