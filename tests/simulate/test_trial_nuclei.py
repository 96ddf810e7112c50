"""FISH of the synthetic trial: the published rule finds the planted heterogeneity, and only it."""

import numpy as np
import pandas as pd

from her2het.simulate import SyntheticTrial
from her2het.simulate.positions import SIDE, choose_amplified, place


def by_tumour(trial: SyntheticTrial, *more: str) -> pd.DataFrame:
    """Literal amplified fraction per patient and timepoint: ratio >= 2 or copies >= 6."""
    nuclei = trial.fish_nuclei.merge(trial.samples[["sample", "patient", "timepoint", "het"]], on="sample")
    erbb2, cep17 = nuclei["erbb2"], nuclei["cep17"]
    nuclei["amplified"] = (erbb2 >= 6) | ((cep17 > 0) & (erbb2 >= 2 * cep17))
    nuclei = nuclei[(cep17 > 0) | (erbb2 >= 6)]
    groups = nuclei.groupby(["patient", "timepoint", *more])
    table = groups.agg(n=("amplified", "size"), a=("amplified", "sum"), het=("het", "first"))
    table["fraction"] = table["a"] / table["n"]
    table["called"] = (20 * table["a"] > table["n"]) & (2 * table["a"] < table["n"])
    return table


def test_pooled_calls_are_the_given_ones(small_trial: SyntheticTrial) -> None:
    table = by_tumour(small_trial)
    assert (table["called"] == table["het"]).all()
    assert table.groupby("timepoint")["called"].sum().to_dict() == {"baseline": 14, "surgery": 8}
    each = by_tumour(small_trial, "sample")
    assert (each["called"] == each["het"]).all()
    assert (table.loc[~table["called"], "fraction"] > 0.5).all()


def test_areas_and_nuclei(small_trial: SyntheticTrial) -> None:
    nuclei = small_trial.fish_nuclei.merge(small_trial.samples[["sample", "patient", "timepoint"]], on="sample")
    areas = nuclei.groupby(["patient", "timepoint", "sample", "area"]).size()
    assert (areas.groupby(["patient", "timepoint"]).size() == 6).all()
    assert 73 <= areas.median() <= 77
    spatial = small_trial.truth["spatial"]
    truth = spatial.set_index(["sample", "area"])["nuclei"]
    found = areas.reset_index([0, 1], drop=True)
    assert truth[list(found.index)].tolist() == found.tolist()
    amplified = small_trial.truth["nuclei"]["amplified"]
    assert len(amplified) == len(small_trial.fish_nuclei)
    assert amplified.sum() == spatial["true_amplified"].sum()


def test_patterns_belong_to_het_tumours(small_trial: SyntheticTrial) -> None:
    patients = small_trial.truth["patients"]
    mixed = patients["pattern_before"] != "homogeneous"
    assert (mixed == patients["het_before"]).all()
    counts = patients.loc[mixed, "pattern_before"].value_counts()
    assert set(counts.index) == {"clustered", "mosaic", "scattered"}
    assert counts.min() >= 4


def neighbours_alike(position: np.ndarray, chosen: np.ndarray) -> float:
    """Share of amplified cells among the four nearest of amplified cells."""
    away = np.hypot(*(position[:, None] - position[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    nearest = np.argsort(away, axis=1)[:, :4]
    return float(chosen[nearest[chosen]].mean())


def test_patterns_differ_in_their_neighbours() -> None:
    rng = np.random.default_rng(0)
    shares: dict[str, float] = {}
    for pattern in ("clustered", "mosaic", "scattered", "homogeneous"):
        each = []
        for _ in range(40):
            position = place(rng, 75)
            assert ((position > 0) & (position < SIDE)).all()
            chosen = choose_amplified(rng, position, 15, pattern)
            assert chosen.sum() == 15
            each.append(neighbours_alike(position, chosen))
        shares[pattern] = float(np.mean(each))
    assert shares["clustered"] > shares["mosaic"] + 0.1
    assert shares["mosaic"] > shares["homogeneous"] + 0.1
    assert shares["scattered"] < shares["homogeneous"] - 0.05


def equitability(nuclei: pd.DataFrame) -> float:
    n = nuclei.groupby(["erbb2", "cep17"]).size().to_numpy()
    p = n / n.sum()
    return float(-(p * np.log(p)).sum() / np.log(len(n)))


def test_equitability_rises_but_in_tumours_that_turn_het(trial: SyntheticTrial) -> None:
    nuclei = trial.fish_nuclei.merge(trial.samples[["sample", "patient", "timepoint"]], on="sample")
    values = nuclei.groupby(["timepoint", "patient"])[["erbb2", "cep17"]].apply(equitability)
    change = (values["surgery"] - values["baseline"]).dropna()
    shift = trial.truth["patients"].set_index("patient")["shift"][change.index]
    assert change[shift == "none"].median() > 0.01
    assert (change[shift == "non-HET to HET"] < -0.05).all()
