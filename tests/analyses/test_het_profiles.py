"""Heterogeneity under every definition: what the calls rest on, agreement, and what cut nuclei explain."""

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.fish import fish_heterogeneity
from her2het.analyses.het_profiles import AREA_NUCLEI, het_profiles
from her2het.reference.het_profiles import BY_NAME, DEFINITIONS, HetProfile
from her2het.results.her2 import HetProfiles
from her2het.schema import Design, NotApplicable
from her2het.tables import FISH_NUCLEI, SAMPLES

DESIGN = Design("made up")


@pytest.fixture(scope="module")
def found(demo_study) -> HetProfiles:
    return het_profiles(demo_study.trial.fish_nuclei, demo_study.trial.samples, demo_study.design)


def of(found: HetProfiles, profile: str, phase: str = "baseline") -> pd.DataFrame:
    rows = found.calls[(found.calls["profile"] == profile) & (found.calls["phase"] == phase)]
    return rows.set_index("patient")


@pytest.mark.parametrize(
    "profile",
    [
        HetProfile.LI2024,
        HetProfile.METZGER2021,
        HetProfile.CAP2009_RATIO,
        HetProfile.CAP2009_COPIES,
        HetProfile.BAR2011_30,
    ],
)
def test_calls_are_those_of_the_single_definition(found: HetProfiles, demo_study, profile: HetProfile) -> None:
    trial = demo_study.trial
    alone = fish_heterogeneity(trial.fish_nuclei, trial.samples, demo_study.design, profile=profile).patients
    alone = alone[alone["phase"] == "baseline"].set_index("patient")
    rows = of(found, profile.value).reindex(alone.index)
    for ours, theirs in (
        *((c, c) for c in ("nuclei", "scored", "amplified", "ratio_driven", "copy_driven", "fraction", "call", "het")),
        *(("low", "fraction_low"), ("high", "fraction_high"), ("p_het", "p_het"), ("grade", "grade")),
        *(("low_naive", "fraction_low_naive"), ("high_naive", "fraction_high_naive")),
    ):
        pd.testing.assert_series_equal(rows[ours], alone[theirs], check_names=False)


def test_planted_heterogeneity_is_found(found: HetProfiles, demo_study) -> None:
    truth = demo_study.truth["het_before"].reindex(of(found, "LI2024").index)
    assert (of(found, "LI2024")["het"].astype(bool) == truth).all()
    robust = found.robust[found.robust["phase"] == "baseline"].set_index("patient")
    assert ((robust["call"] == "HET") == truth).all()
    share = demo_study.truth["true_fraction_before"].reindex(robust.index)
    inside = (robust["low"] <= share) & (share <= robust["high"])
    assert inside.mean() > 0.85
    assert robust["p_truncation"].between(0, 1).all()
    assert (robust["share"] - share).abs().median() < 0.03 < (robust["literal"] - share)[truth].median()


def test_posterior_masses_and_grades(found: HetProfiles) -> None:
    known = found.calls[found.calls["profile"] != "CAP2013"]
    masses = known[["p_low", "p_het", "p_high"]].to_numpy()
    np.testing.assert_allclose(masses.sum(axis=1), 1, atol=1e-9)
    best = pd.Series(masses.max(axis=1))
    grade = pd.cut(best, [0, 0.8, 0.95, 1.001], right=False, labels=["UNCERTAIN", "LIKELY", "CERTAIN"])
    assert grade.astype(str).tolist() == known["grade"].tolist()
    assert (known["low"] <= known["fraction"] + 1e-9).all()
    wider = (known["high"] - known["low"]) > (known["high_naive"] - known["low_naive"])
    assert wider.mean() > 0.95  # areas that may differ say less than independent nuclei


def test_a_definition_without_its_populations_is_undefined(found: HetProfiles) -> None:
    rows = of(found, "CAP2013")
    assert set(rows["call"]) == {"UNDEFINED"}
    assert rows["het"].isna().all()
    assert rows["p_het"].isna().all()
    assert (found.agreement.query("first == 'CAP2013' or second == 'CAP2013'")["n"] == 0).all()


def test_areas_add_up_to_the_patient(found: HetProfiles) -> None:
    for profile in ("LI2024", "CAP2009_copies"):
        own = found.areas[(found.areas["profile"] == profile) & (found.areas["phase"] == "baseline")]
        total = own.groupby("patient")[["scored", "amplified", "nuclei"]].sum()
        rows = of(found, profile)
        assert (total.reindex(rows.index) == rows[["scored", "amplified", "nuclei"]]).all(axis=None)
        big = own[own["scored"] >= AREA_NUCLEI].groupby("patient")
        np.testing.assert_allclose(big["fraction"].min().reindex(rows.index), rows["lowest"])
        het = (own["call"] == "HET").groupby(own["patient"]).sum()
        assert (het.reindex(rows.index) == rows["areas_het"]).all()
    assert found.regional["q"].between(found.regional["p"] - 1e-12, 1).all()


def test_agreement_by_hand(found: HetProfiles) -> None:
    one, two = of(found, "LI2024")["het"].astype(bool), of(found, "CAP2009_copies")["het"].astype(bool)
    row = found.agreement.query("first == 'LI2024' and second == 'CAP2009_copies'").iloc[0]
    assert (row["both"], row["only_first"], row["only_second"], row["neither"]) == (
        (one & two).sum(), (one & ~two).sum(), (~one & two).sum(), (~one & ~two).sum(),
    )  # fmt: skip
    by_chance = one.mean() * two.mean() + (1 - one.mean()) * (1 - two.mean())
    assert row["kappa"] == pytest.approx(((one == two).mean() - by_chance) / (1 - by_chance))
    same = found.agreement.query("first == 'LI2024' and second == 'MOSAIC'").iloc[0]
    assert (same["agreement"], same["kappa"]) == (1, 1)
    names = len(DEFINITIONS) + 1
    assert len(found.agreement) == names * (names - 1) / 2


def cut_study(
    genotypes: list[tuple[int, int]], nuclei: int = 450, seed: int = 0, p_keep: float = 0.8
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One-population tumours seen through cut nuclei: P0, P1, ... with six areas each."""
    rng = np.random.default_rng(seed)
    parts = []
    for p, (h, c) in enumerate(genotypes):
        frame = pd.DataFrame({"sample": f"S{p}", "area": [f"A{i % 6}" for i in range(nuclei)]})
        frame["erbb2"], frame["cep17"] = rng.binomial(h, p_keep, nuclei), rng.binomial(c, p_keep, nuclei)
        parts.append(frame)
    names = range(len(genotypes))
    samples = pd.DataFrame({"sample": [f"S{p}" for p in names], "patient": [f"P{p}" for p in names]})
    samples["timepoint"] = "baseline"
    return FISH_NUCLEI.conform(pd.concat(parts, ignore_index=True)), SAMPLES.conform(samples)


def test_tumours_of_one_population_are_not_called_by_the_robust_rule() -> None:
    genotypes = [(2, 2), (3, 2), (4, 3), (4, 4), (5, 5)] * 4 + [(12, 3)] * 2
    found = het_profiles(*cut_study(genotypes), DESIGN)
    literal = of(found, "LI2024")["het"].astype(bool)
    robust = found.robust.set_index("patient")["call"]
    assert literal.sum() >= 16  # diploid and polysomic tumours, by nuclei that were cut
    assert (robust == "HET").sum() <= 1
    assert (robust.loc[["P20", "P21"]] == "NON_HET_AMPLIFIED").all()
    test = next(e for e in found.estimates if e.quantity == "robust against literal")
    assert test.value < -50
    assert test.p < 1e-3
    note = next(n for n in found.notes if n.title.startswith("Cut nuclei"))
    assert note.level == "caution"
    assert found.robust[["share_keep_0.7", "share_keep_0.8", "share_keep_0.9"]].notna().all(axis=None)


@pytest.mark.parametrize("p_keep", [0.7, 0.9])
def test_the_robust_rule_holds_where_signals_are_kept_more_or_less_often(p_keep: float) -> None:
    """One population each; the rule that takes one chance for granted calls them HET, the robust rule does not."""
    study = cut_study([(3, 2), (2, 2), (4, 3), (5, 4)] * 5, p_keep=p_keep)
    found = het_profiles(*study, DESIGN)
    assert (found.robust["call"] == "HET").sum() <= 1
    assert (found.robust["low"] <= het_profiles(*study, DESIGN, p_keep_range=()).robust["low"]).all()
    if p_keep == 0.7:
        alone = het_profiles(*study, DESIGN, p_keep_range=())
        assert (alone.robust["call"] == "HET").sum() >= 5
        assert (found.robust["call_keep_0.8"] == alone.robust["call"]).all()
        assert any(n.title == "Calls that depend on p_keep" for n in found.notes)


def test_a_negative_area_by_its_fraction() -> None:
    """Metzger's rule: an area with 1 of 20 nuclei amplified, whose sums are not negative."""
    rows = [("A", 12, 3)] * 20 + [("B", 200, 2)] + [("B", 3, 2)] * 19
    nuclei = pd.DataFrame(rows, columns=pd.Index(["area", "erbb2", "cep17"])).assign(sample="S0")
    samples = cut_study([(2, 2)], nuclei=6)[1]
    study = FISH_NUCLEI.conform(nuclei[["sample", "area", "erbb2", "cep17"]]), samples
    by_sums, by_fraction = (
        of(het_profiles(*study, DESIGN, negative_area=how), "METZGER2021") for how in ("sums", "fraction")
    )
    for how, seen in (("sums", by_sums), ("fraction", by_fraction)):
        alone = fish_heterogeneity(*study, DESIGN, profile=HetProfile.METZGER2021, negative_area=how)
        assert alone.patients["call"].tolist() == seen["call"].tolist()
    assert (by_sums["call"].iloc[0], by_sums["areas_negative"].iloc[0]) == ("NON_HET_AMPLIFIED", 0)
    assert (by_fraction["call"].iloc[0], by_fraction["areas_negative"].iloc[0]) == ("HET", 1)


def test_copies_alone_are_named() -> None:
    found = het_profiles(*cut_study([(8, 6)]), DESIGN)
    assert found.robust["by_copies_only"].iloc[0] > 0.9
    assert any(n.title == "Amplified by copies alone" for n in found.notes)


def test_order_of_nuclei_does_not_matter(found: HetProfiles, demo_study) -> None:
    trial = demo_study.trial
    part = trial.samples[trial.samples["patient"].isin(["SYN-001", "SYN-024", "SYN-045"])]
    nuclei = trial.fish_nuclei[trial.fish_nuclei["sample"].isin(part["sample"])].reset_index(drop=True)
    one = het_profiles(nuclei, part, demo_study.design)
    other = het_profiles(nuclei.sample(frac=1, random_state=5).reset_index(drop=True), part, demo_study.design)
    keys = ["patient", "phase"]
    for name in ("robust", "calls"):
        by = [*keys, "profile"] if name == "calls" else keys
        a, b = (getattr(r, name).sort_values(by).reset_index(drop=True) for r in (one, other))
        pd.testing.assert_frame_equal(a, b, rtol=1e-6)


def test_few_nuclei_and_none() -> None:
    nuclei, samples = cut_study([(12, 2)], nuclei=12)
    found = het_profiles(nuclei, samples, DESIGN)
    assert set(of(found, "LI2024")["call"]) == {"INSUFFICIENT"}
    assert found.robust["call"].tolist() == ["INSUFFICIENT"]
    assert len(found.excluded) == len(DEFINITIONS) - 1
    with pytest.raises(NotApplicable, match="no nuclei"):
        het_profiles(nuclei, samples, Design("other", baseline=("later",)))
    assert BY_NAME[HetProfile.LI2024].n_min == 20
