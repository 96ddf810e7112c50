"""The synthetic trial has the structure of NCT02326974, whatever the seed."""

import numpy as np
import pytest

from her2het.rules.ihc import ihc_from, score_ihc
from her2het.simulate import TRIAL, SyntheticTrial, simulate_trial
from her2het.tables import FEATURES, FISH_NUCLEI, IHC, PATIENTS, SAMPLES


def planted_number(trial: SyntheticTrial, name: str) -> float:
    table = trial.truth["numbers"].set_index("number")["value"]
    return float(table[name])


def baseline_het(trial: SyntheticTrial):
    first = trial.samples[trial.samples["timepoint"] == "baseline"]
    return first.groupby("patient")["het"].any()


def test_groups(small_trial: SyntheticTrial) -> None:
    patients = small_trial.patients.set_index("patient")
    het = baseline_het(small_trial).reindex(patients.index)
    assert (int(patients["pcr"].sum()), int((~patients["pcr"] & ~het).sum()), int((~patients["pcr"] & het).sum())) == (
        64,
        51,
        14,
    )
    assert (patients.loc[patients["pcr"], "rcb"] == 0).all()
    assert (patients.loc[~patients["pcr"], "rcb"] > 0).all()
    assert ((patients["rcb_class"] == "0") == patients["pcr"]).all()
    assert (patients["hr"] == (patients["er"] | patients["pr"])).all()


def test_samples(small_trial: SyntheticTrial) -> None:
    samples = small_trial.samples.set_index("sample")
    libraries = list(small_trial.rna_counts.columns)
    aberrant = set(small_trial.truth["outliers"]["sample"])
    assert (len(libraries), len(aberrant)) == (292, 7)
    regular = samples.loc[[s for s in libraries if s not in aberrant]]
    baseline = regular[regular["timepoint"] == "baseline"]
    assert (len(regular), len(baseline)) == (285, 242)
    assert baseline["patient"].value_counts().value_counts().to_dict() == {2: 113, 1: 16}
    after = regular[regular["timepoint"] == "surgery"]
    assert (len(after), after["patient"].nunique()) == (43, 43)
    assert baseline["patient"].isin(after["patient"]).sum() == 81
    assert (samples["timepoint"] == "surgery").sum() == 53
    het = baseline_het(small_trial)
    assert het[after["patient"]].sum() == 7
    assert het[baseline["patient"]].sum() == 27
    mixed = samples.groupby("batch")["patient"].nunique()
    assert mixed.min() >= 20


def test_residual_tumours(small_trial: SyntheticTrial) -> None:
    samples = small_trial.samples.set_index("sample")
    scored = {
        name: samples.loc[sorted(set(table["sample"]))]
        for name, table in (("fish", small_trial.fish_nuclei), ("ihc", small_trial.ihc))
    }
    pairs = {}
    for name, rows in scored.items():
        before = set(rows.loc[rows["timepoint"] == "baseline", "patient"])
        pairs[name] = before & set(rows.loc[rows["timepoint"] == "surgery", "patient"])
        assert len(before) == 128
    assert (len(pairs["fish"]), len(pairs["ihc"])) == (50, 49)
    het = baseline_het(small_trial)
    after = samples[samples["timepoint"] == "surgery"].set_index("patient")["het"]
    who = sorted(pairs["fish"])
    table = [[int(((het[who] == b) & (after[who] == a)).sum()) for a in (False, True)] for b in (False, True)]
    assert table == [[38, 3], [4, 5]]
    assert after.isna().sum() == 2


def test_ihc_pairs(trial: SyntheticTrial) -> None:
    joined = trial.ihc.merge(trial.samples[["sample", "patient", "timepoint"]], on="sample")
    joined["score"] = joined["score"].cat.codes
    by_time = joined.groupby(["patient", "timepoint"])["score"]
    assert by_time.nunique().max() == 1  # both biopsies have one score: no rule of combining matters
    score = by_time.first().swaplevel()
    change = (score["surgery"] - score["baseline"]).dropna()
    assert [(change < 0).sum(), (change == 0).sum(), (change > 0).sum()] == [26, 22, 1]
    truth = trial.truth["patients"].set_index("patient")["ihc_change"].dropna()
    assert (np.sign(change).to_numpy() == truth[list(change.index)].to_numpy()).all()


def test_ihc_patterns_give_the_score(trial: SyntheticTrial) -> None:
    patterns = ["ic", "ii", "mc", "wi", "fi"]
    assert (trial.ihc[patterns].sum(axis=1) <= 100).all()
    for row in trial.ihc.drop_duplicates(["score", *patterns]).itertuples():
        given = ihc_from({name: float(getattr(row, name)) for name in patterns})
        assert str(score_ihc(given, "2018").score) == row.score, row


def test_mutations(small_trial: SyntheticTrial) -> None:
    features = small_trial.features
    given = features[features["patient"].notna()]
    assert given["pik3ca_mutated"].notna().sum() == 126
    assert (int(given["pik3ca_mutated"].sum()), int(given["erbb2_mutated"].sum())) == (17, 4)
    named = given["mutation"].dropna()
    assert named.str.contains("H1047").sum() == 12
    assert named.str.contains("V777").sum() == 4
    shifts = small_trial.truth["shifts"]
    to_het = shifts.loc[shifts["shift"] == "non-HET to HET", "patient"]
    assert given.set_index("patient").loc[to_het, "erbb2_mutated"].sum() == 1


def test_mutations_are_seen_in_samples_of_mutated_tumours_alone(small_trial: SyntheticTrial) -> None:
    owner = small_trial.samples.set_index("sample")["patient"]
    patients = small_trial.features.dropna(subset=["patient"]).set_index("patient")["mutation"]
    calls = small_trial.features.dropna(subset=["sample", "mutation"]).set_index("sample")["mutation"]
    shown = calls[calls != "wild type"]
    assert (shown.to_numpy() == owner[shown.index].map(patients).to_numpy()).all()
    assert set(owner[shown.index]) == set(patients.dropna().index)
    phase = small_trial.samples.set_index("sample")["timepoint"]
    before = set(owner[shown.index[phase[shown.index] == "baseline"]])
    assert len(set(owner[shown.index]) - before) == 1  # seen in the residual tumour alone


def test_tables_keep_their_contracts(small_trial: SyntheticTrial) -> None:
    for spec, frame in (
        (PATIENTS, small_trial.patients),
        (SAMPLES, small_trial.samples),
        (FISH_NUCLEI, small_trial.fish_nuclei),
        (IHC, small_trial.ihc),
        (FEATURES, small_trial.features),
    ):
        assert len(spec.conform(frame)) == len(frame)
    known = set(small_trial.samples["sample"])
    for frame in (small_trial.fish_nuclei, small_trial.ihc, small_trial.features):
        assert set(frame["sample"].dropna()) <= known
    assert set(small_trial.rna_counts.columns) <= known
    assert set(small_trial.samples["patient"]) == set(small_trial.patients["patient"])
    one = small_trial.features[["sample", "patient"]].notna().sum(axis=1)
    assert (one == 1).all()


def test_a_larger_trial() -> None:
    trial = simulate_trial(5, genes=4_000, structure=TRIAL.scaled(2))
    assert len(trial.patients) == 258
    assert len(trial.rna_counts.columns) == 584
    assert planted_number(trial, "FISH pairs") == 100


def test_bounds() -> None:
    with pytest.raises(ValueError, match="genes is 100, below 4000"):
        simulate_trial(1, genes=100)
    with pytest.raises(ValueError, match="effect is 3"):
        simulate_trial(1, effect=3)
