"""Diversity of FISH signals: the indices, equal numbers of nuclei, groups and changes."""

import numpy as np
import pandas as pd
import pytest

from her2het.analyses.fish_diversity import QUANTITIES, fish_diversity
from her2het.results.her2 import FishDiversity
from her2het.schema import Design, NotApplicable
from her2het.tables import FISH_NUCLEI, SAMPLES


@pytest.fixture(scope="module")
def found(demo_study) -> FishDiversity:
    trial = demo_study.trial
    return fish_diversity(trial.fish_nuclei, trial.samples, demo_study.groups, demo_study.design)


def small(pairs: list[tuple[int, int, int]], patient: str = "P1") -> pd.DataFrame:
    rows = [(h, c) for h, c, k in pairs for _ in range(k)]
    return pd.DataFrame({"sample": patient, "erbb2": [h for h, _ in rows], "cep17": [c for _, c in rows]})


def study(*nuclei: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = FISH_NUCLEI.conform(pd.concat(nuclei, ignore_index=True))
    names = list(dict.fromkeys(table["sample"]))
    samples = pd.DataFrame({"sample": names, "patient": names, "timepoint": "baseline"})
    return table, SAMPLES.conform(samples)


def test_indices_of_the_worked_example() -> None:
    example = small([(2, 2, 4), (3, 2, 2), (8, 2, 3), (10, 3, 1)])
    row = fish_diversity(*study(example), None, Design("made up"), cells=5).patients.iloc[0]
    for name, want in (
        ("shannon", 1.279854), ("equitability", 0.923220), ("equitability_cells", 0.555834), ("gini_simpson", 0.7),
        ("inverse_simpson", 3.333333), ("exp_shannon", 3.596115), ("miller_madow", 1.429854), ("chao_shen", 1.454260),
        ("chao1", 4.45), ("chao1_corrected", 4.0),
    ):  # fmt: skip
        assert row[name] == pytest.approx(want, abs=5e-6), name
    assert row["rao_log_ratio"] * 9 / 10 == pytest.approx(0.944218, abs=5e-6)
    assert row["rao_signals"] * 9 / 10 == pytest.approx(3.261987, abs=5e-6)
    assert row["rarefied_species"] == pytest.approx(3.170635, abs=0.15)
    assert row["two_state"] == pytest.approx(-(0.4 * np.log2(0.4) + 0.6 * np.log2(0.6)))


def test_all_are_brought_to_one_number_of_nuclei(found: FishDiversity) -> None:
    assert set(found.patients["rarefied_to"]) == {found.patients["nuclei"].min()}
    full = found.patients["nuclei"] == found.patients["rarefied_to"]
    whole = found.patients[full]
    np.testing.assert_allclose(whole["rarefied_equitability"], whole["equitability"])
    rest = found.patients[~full]
    assert (rest["rarefied_species"] < rest["species"]).all()
    assert (rest["rarefied_equitability_sd"] > 0).all()


def test_a_tumour_keeps_its_draws_whatever_stands_beside_it(found: FishDiversity, demo_study) -> None:
    trial = demo_study.trial
    part = trial.samples[trial.samples["patient"].isin(["SYN-045", "SYN-010"])]
    nuclei = trial.fish_nuclei[trial.fish_nuclei["sample"].isin(part["sample"])].sample(frac=1, random_state=1)
    cells = int(found.patients["rarefied_to"].iloc[0])
    again = fish_diversity(nuclei.reset_index(drop=True), part, None, demo_study.design, cells=cells).patients
    keys = ["patient", "phase"]
    wanted = found.patients.merge(again[keys], on=keys).sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(again.sort_values(keys).reset_index(drop=True), wanted, rtol=1e-9)


def test_planted_change_of_copy_spread_is_found(found: FishDiversity) -> None:
    """Copies spread more after treatment, at equal numbers of nuclei too."""
    change = next(e for e in found.changes if e.quantity.startswith("Equitability") and e.groups == ("non-HET",))
    assert change.value > 0
    assert change.q < 0.01
    clones = next(e for e in found.comparisons if e.quantity.startswith("Entropy") and e.groups[0] == "HET/no pCR")
    assert clones.value > 0


def test_estimates_are_about_patients_and_declared_families(found: FishDiversity) -> None:
    assert len(found.comparisons) == 3 * len(QUANTITIES)
    assert all(e.family and e.n and np.isfinite(e.q) for e in (*found.comparisons, *found.changes))
    assert {e.quantity for e in found.changes} == set(QUANTITIES.values()) == set(found.values["score"])
    first = found.comparisons[0]
    assert sum(first.n) <= found.values.query("score == @first.quantity")["patient"].nunique()
    assert set(found.boxes["quantity"]) == set(QUANTITIES.values())


def test_homogeneous_tumours_lie_near_zero_and_mixtures_beyond() -> None:
    rng = np.random.default_rng(4)
    tumours = []
    for p in range(12):
        copies = 6 if p < 10 else rng.choice([2, 14], 400)
        frame = pd.DataFrame({"sample": f"P{p:02d}", "erbb2": rng.binomial(copies, 0.8, 400)})
        frame["cep17"] = rng.binomial(2, 0.8, 400)
        tumours.append(frame[(frame["erbb2"] > 0) & (frame["cep17"] > 0)])
    z = fish_diversity(*study(*tumours), None, Design("made up")).patients["z_shannon"].to_numpy()
    assert abs(z[:10].mean()) < 1.2
    assert z[10:].min() > 5


def test_cap_and_few_nuclei() -> None:
    nuclei, samples = study(small([(40, 2, 10), (60, 2, 10), (2, 2, 10)]), small([(2, 2, 6)], "P2"))
    found = fish_diversity(nuclei, samples, None, Design("made up"), cap=20)
    assert found.patients["capped"].tolist() == [20, 0]
    assert found.patients["species"].tolist() == [2, 1]
    assert found.patients["flags"].tolist() == ["CAPPED", "SINGLE_SPECIES"]
    assert found.excluded["id"].tolist() == ["P2"]
    assert found.changes == ()
    with pytest.raises(NotApplicable, match="no nuclei"):
        fish_diversity(nuclei, samples, None, Design("other", baseline=("later",)))
