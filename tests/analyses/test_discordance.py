"""Tumours whose HER2 measurements disagree: planted ones are listed, agreeing ones are not, whatever the scale."""

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.discordance import discordance
from her2het.analyses.expression import expression, sample_qc
from her2het.analyses.fish import fish_heterogeneity
from her2het.results.cohort import GroupAssignment
from her2het.results.discordance import Discordance
from her2het.results.expression import Expression
from her2het.schema import Matrix, NotApplicable

N, ODD = 60, (3, 17)


def cohort(seed: int = 1) -> tuple[GroupAssignment, Expression, pd.DataFrame, pd.DataFrame]:
    """Sixty patients with one biopsy whose HER2 agrees, and two in whom mRNA says the opposite of protein."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=N)
    rna, protein, dsp = (level + 0.35 * rng.normal(size=N) for _ in range(3))
    rna[list(ODD)] = (-2.5, 2.5)
    protein[list(ODD)] = dsp[list(ODD)] = (2.2, -2.2)
    patients = pd.Series([f"P{i:02d}" for i in range(N)], dtype="string")
    samples = pd.DataFrame({"sample": patients + "-B", "patient": patients, "phase": "baseline"}).astype("string")
    group = pd.Series(np.where(np.arange(N) % 2, "one", "two"), dtype="string")
    empty = pd.DataFrame()
    groups = GroupAssignment(
        pd.DataFrame({"patient": patients, "group": group, "het": pd.array([False] * N, dtype="boolean")}),
        samples, empty, empty, empty, ("one", "two"), "one", "given", empty, (),
    )  # fmt: skip
    matrix = Matrix(rna[None, :] * 1.5 + 12, ("ERBB2",), tuple(samples["sample"]), "log2_cpm1")
    genes = pd.DataFrame({"gene": ["ERBB2"], "kept": [True]})
    levels = Expression(matrix, empty, genes, "log2_cpm1", "any_count", empty, ())
    words = np.array(["0", "1+", "2+", "3+"])[np.clip(np.round(1.8 + 0.8 * protein), 0, 3).astype(int)]
    percent = {"score3": 50 + 10 * protein, "score2": np.full(N, 10.0), "score1": np.full(N, 5.0)}
    ihc = pd.DataFrame({"sample": samples["sample"], "score": pd.Categorical(words), **percent})
    features = pd.DataFrame({"sample": samples["sample"], "her2_dsp": 100 * np.exp(dsp)})
    return groups, levels, ihc, features


def listed(found: Discordance) -> set[str]:
    return set(found.patients.loc[found.patients["discordant"], "patient"])


def test_planted_disagreement_is_listed() -> None:
    groups, levels, ihc, features = cohort()
    found = discordance(groups, levels, None, ihc, features)
    odd = {f"P{i:02d}" for i in ODD}
    assert odd <= listed(found)
    assert len(listed(found)) <= len(odd) + 5
    table = found.patients.set_index("patient")
    assert table["apart"][sorted(odd)].tolist() == ["rna", "rna"]
    assert (np.sign(table["gap"][sorted(odd)]) == [-1, 1]).all()
    assert set(found.patients.head(2)["patient"]) == odd
    assert found.measures["measure"].tolist() == ["rna", "ihc", "dsp"]
    assert len(found.correlations) == 3
    assert all(e.value > 0.5 for e in found.correlations)
    assert len(found.listed) == len(listed(found))


def test_scales_do_not_matter() -> None:
    groups, levels, ihc, features = cohort()
    found = discordance(groups, levels, None, ihc, features)
    other = discordance(groups, levels, None, ihc, features.assign(her2_dsp=np.log(features["her2_dsp"]) - 7))
    columns = ["patient", "distance", "p", "discordant", "apart"]
    pd.testing.assert_frame_equal(found.patients[columns], other.patients[columns])


def test_a_tumour_that_is_low_everywhere_does_not_disagree() -> None:
    groups, levels, ihc, features = cohort()
    found = discordance(groups, levels, None, ihc, features)
    places = found.patients[[c for c in found.patients if c.startswith("place_")]]
    low = found.patients[(places < 0.12).all(axis=1)]
    assert len(low)
    assert not low["discordant"].any()


def test_chance_is_told() -> None:
    groups, levels, ihc, features = cohort()
    found = discordance(groups, levels, None, ihc, features, share=0.05)
    assert found.expected == pytest.approx(0.05 * N)
    assert "by chance" in found.notes[0].title


def test_one_measurement_is_not_enough() -> None:
    groups, levels, _, _ = cohort()
    with pytest.raises(NotApplicable, match="needed are 2"):
        discordance(groups, levels, None, None, None)


def test_a_score_without_percentages_is_used_as_it_is() -> None:
    groups, levels, ihc, _ = cohort()
    found = discordance(groups, levels, None, ihc[["sample", "score"]], None)
    assert found.patients["place_ihc"].nunique() <= 4


def test_on_the_synthetic_trial(demo_study) -> None:
    trial = demo_study.trial
    qc = sample_qc(trial.rna_counts, trial.samples, demo_study.design)
    fish = fish_heterogeneity(trial.fish_nuclei, trial.samples, demo_study.design)
    found = discordance(demo_study.groups, expression(trial.rna_counts, qc), fish, trial.ihc, trial.features)
    assert found.measures["measure"].tolist() == ["rna", "fish", "ihc"]
    assert all(e.low > 0 for e in found.correlations)
    assert found.patients["discordant"].sum() < 15
    assert set(found.excluded["id"]) >= set(found.patients.loc[found.patients["measured"] < 2, "patient"])
