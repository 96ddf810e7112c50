"""Mutations: the trial's counts, other ways of giving them, samples of one tumour."""

import pandas as pd
import pytest

from her2het.analyses.mutation_calls import codon, named_mutations, patient_flags
from her2het.analyses.mutations import mutations
from her2het.results.mutations import Mutations
from her2het.schema import NotApplicable
from her2het.simulate import simulate_trial
from her2het.stats.estimate import Estimate


@pytest.fixture(scope="module")
def found(demo_study) -> Mutations:
    return mutations(demo_study.groups, demo_study.trial.patients, demo_study.trial.features)


def share(result: Mutations, contrast: str) -> Estimate:
    return next(e for e in result.shares if e.contrast == contrast)


@pytest.mark.parametrize(
    ("contrast", "hits", "n", "percent", "low", "high"),
    [
        ("share with PIK3CA mutation", 17, 126, 13.5, 8.1, 20.7),
        ("share with ERBB2 mutation", 4, 126, 3.2, 0.9, 7.9),
        ("share of PIK3CA mutations at H1047", 12, 17, 70.6, 44.0, 89.7),
        ("share of ERBB2 mutations at V777", 4, 4, 100.0, 39.8, 100.0),
    ],
)
def test_the_trials_numbers(
    found: Mutations, contrast: str, hits: int, n: int, percent: float, low: float, high: float
) -> None:
    e = share(found, contrast)
    assert e.n == (n,)
    assert e.value == pytest.approx(100 * hits / n)
    assert (round(e.value, 1), round(e.low, 1), round(e.high, 1)) == (percent, low, high)


def test_only_126_give_both_published_shares() -> None:
    fits = [n for n in range(120, 135) if (round(1700 / n, 1), round(400 / n, 1)) == (13.5, 3.2)]
    assert fits == [126]


def test_three_patients_could_not_be_evaluated(found: Mutations) -> None:
    assert len(found.excluded) == 3
    assert found.calls["patient"].nunique() == 126
    assert not set(found.excluded["id"]) & set(found.calls["patient"])


def test_counts_by_class_add_up(found: Mutations) -> None:
    table = found.frequency.set_index(["variable", "level", "gene"])
    for gene in ("PIK3CA", "ERBB2", "any"):
        for variable in ("pCR", "hormone receptor", "HET", "group"):
            part = table.loc[variable].xs(gene, level="gene")
            assert part["n"].sum() == 126
            assert part["mutated"].sum() == table.loc[("all", "all", gene), "mutated"]
    assert table.loc[("all", "all", "any"), "mutated"] == 21


def test_every_comparison_is_in_one_family(found: Mutations) -> None:
    told = found.comparisons + found.changes
    assert len({e.family for e in told}) == 1
    assert len(told) == 15
    assert all(e.q >= e.p for e in told)
    assert min(e.q for e in told) > 0.05  # nothing was planted


def test_residues(found: Mutations) -> None:
    table = found.residues.set_index("residue")["patients"]
    assert (table["H1047R"], table["V777L"]) == (12, 4)
    assert found.residues.loc[found.residues["gene"] == "PIK3CA", "patients"].sum() == 17


def test_samples_show_what_their_tumour_has(found: Mutations) -> None:
    seen = found.samples[found.samples["mutated"]]
    have = found.calls[found.calls["mutated"]].set_index(["patient", "gene"]).index
    assert set(map(tuple, seen[["patient", "gene"]].to_numpy())) == set(have)
    change = next(e for e in found.changes if e.quantity == "PIK3CA")
    assert change.n == (43,)
    assert found.notes[-1].title == "Biopsies of one tumour"


def test_without_calls_of_samples(demo_study) -> None:
    trial = demo_study.trial
    features = trial.features.dropna(subset=["patient"])
    result = mutations(demo_study.groups, trial.patients, features)
    assert result.samples.empty
    assert result.changes == ()
    assert result.notes[0].title == "No calls of samples"
    assert "phase" not in set(result.frequency["variable"])


def test_flags_of_the_patients_table(demo_study) -> None:
    trial = demo_study.trial
    flags = trial.features.dropna(subset=["patient"]).set_index("patient")["pik3ca_mutated"]
    patients = trial.patients.assign(PIK3CA_mutated=trial.patients["patient"].map(flags).astype("boolean"))
    result = mutations(demo_study.groups, patients, None)
    assert result.genes == ("PIK3CA",)
    assert share(result, "share with PIK3CA mutation").n == (126,)
    assert result.residues.empty
    with pytest.raises(NotApplicable, match="_mutated"):
        mutations(demo_study.groups, trial.patients, None)


def test_names_of_mutations() -> None:
    assert named_mutations("PIK3CA H1047R; ERBB2 p.V777L") == [("PIK3CA", "H1047R"), ("ERBB2", "V777L")]
    assert named_mutations("ERBB2:p.Val777Leu") == [("ERBB2", "Val777Leu")]
    assert named_mutations("wild type") == named_mutations(pd.NA) == []
    assert [codon(r) for r in ("H1047R", "Val777Leu", "E545*")] == ["H1047", "Val777", "E545"]


def test_a_flag_must_be_a_flag() -> None:
    table = pd.DataFrame({"patient": ["a", "b"], "tp53_mutated": [1, 0]})
    assert patient_flags(table, None).empty


def test_where_nothing_is_planted_nothing_is_found(demo_study) -> None:
    trial = simulate_trial(3, genes=4000, null=True)
    from her2het.analyses.groups import group_assignment

    groups = group_assignment(trial.patients, trial.samples, None, demo_study.design)
    result = mutations(groups, trial.patients, trial.features)
    assert share(result, "share with PIK3CA mutation").n == (126,)
    assert min(e.q for e in result.comparisons) > 0.05


def test_more_samples_before_than_after_are_told(found: Mutations) -> None:
    sizes = found.samples.groupby(["patient", "phase"])["sample"].nunique()
    uneven = [
        patient
        for patient, counts in sizes.groupby(level="patient")
        if len(counts) == 2 and counts[(patient, "baseline")] > counts[(patient, "followup")]
    ]
    told = [n.text for n in found.notes if n.title == "More samples before than after"]
    assert bool(told) == bool(uneven)
    assert not told or told[0].startswith(f"In {len(uneven)} of ")
