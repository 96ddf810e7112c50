"""Spatial patterns against what was planted."""

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.het_profiles import het_profiles
from her2het.analyses.spatial import spatial_pattern
from her2het.results.her2 import HetProfiles, SpatialPatterns
from her2het.schema import Design, NotApplicable
from her2het.tables import FISH_NUCLEI, SAMPLES


@pytest.fixture(scope="module")
def het(demo_study) -> HetProfiles:
    return het_profiles(demo_study.trial.fish_nuclei, demo_study.trial.samples, demo_study.design)


@pytest.fixture(scope="module")
def found(demo_study, het: HetProfiles) -> SpatialPatterns:
    trial = demo_study.trial
    return spatial_pattern(trial.fish_nuclei, trial.samples, het, demo_study.groups, demo_study.design)


@pytest.fixture(scope="module")
def named(found: SpatialPatterns, demo_study) -> pd.DataFrame:
    """Tumours whose amplified nuclei are the fewer, with the planted pattern."""
    rows = found.patients[found.patients["minority_positive"].astype(bool)].copy()
    column = rows["phase"].map({"baseline": "pattern_before", "followup": "pattern_after"})
    rows["planted"] = [demo_study.truth.loc[p, c].upper() for p, c in zip(rows["patient"], column, strict=True)]
    return rows


def test_planted_patterns(named: pd.DataFrame) -> None:
    """Every cluster is named; patches of a mosaic may pass for clusters or, where small, for scattered nuclei."""
    assert set(named["planted"]) == {"CLUSTERED", "MOSAIC", "SCATTERED"}
    assert (named.loc[named["planted"] == "CLUSTERED", "pattern"] == "CLUSTERED").all()
    assert not (named.loc[named["planted"] == "SCATTERED", "pattern"] == "CLUSTERED").any()
    assert (named["pattern"] == named["planted"]).mean() >= 0.7
    significant = named["p"] < 0.05
    assert significant[named["planted"] != "SCATTERED"].all()
    assert not significant[named["planted"] == "SCATTERED"].any()
    assert (named["q"] >= named["p"]).all()


def test_tumours_with_an_amplified_minority_are_the_heterogeneous_ones(found: SpatialPatterns, demo_study) -> None:
    baseline = found.patients[found.patients["phase"] == "baseline"].set_index("patient")
    few = baseline["minority_positive"].astype(bool)
    assert (few == demo_study.truth["het_before"].reindex(few.index)).all()
    assert found.by_group["HET/no pCR"].sum() == found.by_group["all"].sum() == 14


def test_numbers_hang_together(found: SpatialPatterns) -> None:
    p = found.patients
    assert (p["minority_fraction"] <= 0.5).all()
    np.testing.assert_allclose(np.minimum(p["fraction_positive"], 1 - p["fraction_positive"]), p["minority_fraction"])
    assert (p["largest"] <= p["nuclei"] * p["minority_fraction"] + 1e-9).all()
    assert p["joined"].dropna().between(0, 1).all()
    assert p["p"].dropna().between(0.001, 1).all()


def test_maps_show_each_pattern_once_or_twice(found: SpatialPatterns) -> None:
    assert found.shown["pattern"].value_counts().between(1, 2).all()
    assert set(found.nuclei["patient"]) == set(found.shown["patient"])
    assert found.nuclei.groupby("patient")["area"].nunique().max() <= 3


def test_order_does_not_matter_and_cut_nuclei_are_kept_out(
    found: SpatialPatterns, het: HetProfiles, demo_study
) -> None:
    trial = demo_study.trial
    part = trial.samples[trial.samples["patient"].isin(["SYN-108", "SYN-120"])]
    nuclei = trial.fish_nuclei[trial.fish_nuclei["sample"].isin(part["sample"])].sample(frac=1, random_state=2)
    nuclei = nuclei.reset_index(drop=True)
    again = spatial_pattern(nuclei, part, het, None, demo_study.design).patients
    rows = found.patients.merge(again, on=["patient", "phase"], suffixes=("", "_again"))
    for name in ("pattern", "components", "largest", "mixed", "fraction_positive"):
        assert (rows[name] == rows[f"{name}_again"]).all(), name
    np.testing.assert_allclose(rows["moran"], rows["moran_again"])
    loose = spatial_pattern(nuclei, part, het, None, demo_study.design, amplified="as_counted").patients
    wider = rows.merge(loose, on=["patient", "phase"], suffixes=("", "_loose"))
    mixed = wider[wider["phase"] == "baseline"]
    assert (mixed["fraction_positive_loose"] > mixed["fraction_positive"] + 0.05).all()


def test_studies_without_positions() -> None:
    nuclei = FISH_NUCLEI.conform(pd.DataFrame({"sample": ["S"] * 3, "erbb2": [2, 3, 9], "cep17": [2, 2, 2]}))
    samples = SAMPLES.conform(pd.DataFrame({"sample": ["S"], "patient": ["P"], "timepoint": ["baseline"]}))
    het = het_profiles(nuclei, samples, Design("made up"))
    with pytest.raises(NotApplicable, match="no positions"):
        spatial_pattern(nuclei, samples, het, None, Design("made up"))
    empty = nuclei.assign(x=np.nan, y=np.nan)
    with pytest.raises(NotApplicable, match="has a position"):
        spatial_pattern(empty, samples, het, None, Design("made up"))
    few = spatial_pattern(nuclei.assign(x=[0.0, 5, 9], y=[0.0, 0, 3]), samples, het, None, Design("made up"))
    assert few.patients["pattern"].tolist() == ["INSUFFICIENT"]
    assert few.excluded["id"].tolist() == ["P"]
    assert few.shown.empty


def test_no_nucleus_that_can_be_judged() -> None:
    """No CEP17 signal and few copies: neither a ratio nor copies say anything."""
    nuclei = pd.DataFrame({"sample": ["S"] * 3, "erbb2": [0, 1, 0], "cep17": [0, 0, 0], "x": [0.0, 5, 9], "y": 0.0})
    samples = SAMPLES.conform(pd.DataFrame({"sample": ["S"], "patient": ["P"], "timepoint": ["baseline"]}))
    conformed = FISH_NUCLEI.conform(nuclei)
    het = het_profiles(conformed, samples, Design("made up"))
    with pytest.raises(NotApplicable, match="can be said to be amplified or not"):
        spatial_pattern(conformed, samples, het, None, Design("made up"), amplified="as_counted")
