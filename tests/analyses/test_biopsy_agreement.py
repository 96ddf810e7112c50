"""Whether the change of a tumour depends on the baseline biopsy that it is measured from."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from her2het.analyses.biopsy_agreement import FIRST, biopsy_agreement
from her2het.analyses.expression import expression, sample_qc
from her2het.figures.biopsy_agreement import biopsy_agreement as drawn
from her2het.results.biopsy_agreement import BiopsyAgreement
from her2het.results.expression import Expression
from her2het.schema import NotApplicable


@pytest.fixture(scope="module")
def levels(demo_study) -> Expression:
    trial = demo_study.trial
    return expression(trial.rna_counts, sample_qc(trial.rna_counts, trial.samples, demo_study.design))


@pytest.fixture(scope="module")
def found(demo_study, levels: Expression) -> BiopsyAgreement:
    return biopsy_agreement(levels, demo_study.groups, demo_study.trial.patients)


def test_distances_are_those_between_profiles(found: BiopsyAgreement, levels: Expression, demo_study) -> None:
    frame = levels.log_cpm.frame()[levels.genes["kept"].to_numpy(dtype=bool)]
    samples = demo_study.groups.samples[demo_study.groups.samples["sample"].isin(frame.columns)]
    for row in found.patients.itertuples():
        mine = samples[samples["patient"] == row.patient]
        before = list(mine.loc[mine["phase"] == "baseline", "sample"])
        residual = frame[list(mine.loc[mine["phase"] == "followup", "sample"])].mean(axis=1)
        one, other = (float(np.linalg.norm(frame[name] - residual)) for name in before[:2])
        assert (row.sample_a, row.sample_b) == tuple(before[:2])
        assert (row.distance_a, row.distance_b) == pytest.approx((one, other))
        assert row.difference == pytest.approx(abs(one - other))


def test_the_difference_is_set_against_age(found: BiopsyAgreement) -> None:
    e = next(e for e in found.correlations if e.quantity == "Age")
    expected = stats.spearmanr(found.patients["age"], found.patients["difference"])
    assert e.value == pytest.approx(expected.statistic)
    assert e.n == (len(found.patients),)
    assert {e.quantity for e in found.correlations} == {FIRST, "Age", "Residual cancer burden"}
    assert all(e.family == "3 correlations of the distances of two biopsies" for e in found.correlations)


def test_two_biopsies_agree_as_planted(found: BiopsyAgreement) -> None:
    """A tumour's change is one number in the simulated trial, whichever biopsy it is measured from."""
    e = next(e for e in found.correlations if e.quantity == FIRST)
    assert e.low > 0.4


def test_patients_with_one_biopsy_are_left_out(found: BiopsyAgreement, demo_study) -> None:
    samples = demo_study.groups.samples
    lost = set(found.excluded["id"])
    assert lost
    assert lost.isdisjoint(found.patients["patient"])
    assert (found.excluded["reason"] == "one baseline biopsy with RNA").all()
    assert all((samples["patient"] == p).any() for p in lost)


def test_too_few_patients_are_no_study(levels: Expression, demo_study) -> None:
    few = found_in_first(demo_study.groups)
    with pytest.raises(NotApplicable, match="needed are 5"):
        biopsy_agreement(levels, few, demo_study.trial.patients)


def found_in_first(groups):
    """The same assignment without residual tumours."""
    return replace(groups, samples=groups.samples[groups.samples["phase"] == "baseline"])


def test_it_is_drawn(found: BiopsyAgreement) -> None:
    (drawing,) = drawn(found)
    assert len(drawing.findings) == len(drawing.estimates) == 3
    assert "median" in drawing.title
