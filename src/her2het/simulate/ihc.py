"""IHC of every sample: a HER2 score with the stained cells behind it, and hormone receptors."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.simulate.cohort import Clinic, Specimens
from her2het.simulate.latent import Latent
from her2het.simulate.streams import Streams
from her2het.simulate.structure import Ints, Roles

Floats = NDArray[np.float64]

SHARE_BELOW_3 = 0.25
SHARE_BELOW_2 = 0.01
"""Shares of patients at baseline below 3+ and below 2+ (positive by FISH), as in the trial."""
SCORES = ("0", "1+", "2+", "3+")
LEAST_INTENSE = 12
"""Least percentage of intensely stained cells where the score is 3+."""
SCATTER = 0.7
"""Scatter of the protein around the HER2 factor."""


def draw_ihc(
    streams: Streams,
    roles: Roles,
    clinic: Clinic,
    found: Specimens,
    latent: Latent,
    nuclei: pd.DataFrame,
    amplified: NDArray[np.bool_],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table `ihc`, and the protein level behind it (sample, protein).

    Every patient of the trial is HER2-positive: a score below 3+ at baseline needs amplification by FISH (`nuclei`).
    `amplified` says which nuclei belong to the amplified clone; where that is a minority, it alone stains intensely.
    """
    rng = streams.of("ihc")
    who = found.patient
    before = latent.factor["her2"] - np.where(found.after, latent.shift["her2"], 0.0)
    protein = before + SCATTER * (0.8 * rng.normal(size=roles.n)[who] + 0.6 * rng.normal(size=found.n))
    use = ~found.after & ~found.aberrant
    mean = np.bincount(who[use], protein[use], roles.n) / np.bincount(who[use], minlength=roles.n)
    score = _scores(rng, roles, mean, _positive_by_fish(found, nuclei, roles.n))
    after = _scores_after(rng, roles, score)
    rows = np.flatnonzero(found.ihc)
    value = np.where(found.after, after[who], score[who])[rows]
    rank = np.argsort(np.argsort(protein[rows])) / len(rows)
    staining = _staining(rng, value, rank, _clone(found, nuclei, amplified)[rows])
    receptors = {
        "er_percent": _receptor(rng, clinic.er[who], latent.factor["er"] - 0.55)[rows],
        "pr_percent": _receptor(rng, clinic.pr[who], latent.factor["pr"] - 0.6)[rows],
    }
    name = np.array(found.name)[rows]
    table = pd.DataFrame({"sample": name, "score": np.array(SCORES)[value], **staining, **receptors})
    return table, pd.DataFrame({"sample": name, "her2_protein": np.round(protein[rows], 4)})


def _positive_by_fish(found: Specimens, nuclei: pd.DataFrame, patients: int) -> NDArray[np.bool_]:
    """Patients whose baseline samples all reach a ratio of 2 and 4 copies by sums of signals."""
    sums = nuclei.groupby("sample")[["erbb2", "cep17"]].sum().assign(n=nuclei.groupby("sample").size())
    reached = (sums["erbb2"] >= 2 * sums["cep17"]) & (sums["erbb2"] >= 4 * sums["n"])
    here = reached.reindex(np.array(found.name)).astype("boolean")
    counted = (here.notna() & ~found.after).to_numpy(dtype=bool)
    failed = counted & ~here.fillna(True).to_numpy(dtype=bool)
    return (np.bincount(found.patient[counted], minlength=patients) > 0) & (
        np.bincount(found.patient[failed], minlength=patients) == 0
    )


def _clone(found: Specimens, nuclei: pd.DataFrame, amplified: NDArray[np.bool_]) -> Floats:
    """Share of each sample's nuclei that belong to the amplified clone; 1 without FISH."""
    share = pd.Series(amplified.astype(float)).groupby(nuclei["sample"].to_numpy()).mean()
    return share.reindex(np.array(found.name)).fillna(1.0).to_numpy(dtype=float)


def _scores(rng: np.random.Generator, roles: Roles, protein: Floats, by_fish: NDArray[np.bool_]) -> Ints:
    """Score per patient at baseline by rank; those whose score rises afterwards are at most 2+."""
    order = np.array([p for p in np.argsort(protein, kind="stable") if by_fish[p]], dtype=np.int64)
    score = np.full(roles.n, 3)
    score[order[: round(SHARE_BELOW_3 * roles.n)]] = 2
    low = [p for p in order if roles.ihc_change[p] == 0]
    score[low[: max(round(SHARE_BELOW_2 * roles.n), 1)]] = 1
    rising = roles.ihc_change == 1
    for p in np.flatnonzero(rising & (score == 3)):
        swap = np.flatnonzero((score == 2) & ~rising)
        score[swap[int(rng.integers(len(swap)))]], score[p] = 3, 2
    return score


def _scores_after(rng: np.random.Generator, roles: Roles, score: Ints) -> Ints:
    after = score + np.maximum(roles.ihc_change, 0)
    for p in np.flatnonzero(roles.ihc_change < 0):
        lost = 1 + int(rng.random() < 0.25)
        if roles.shifted[p]:  # tumours that changed their heterogeneity end HER2-negative
            lost = score[p] - int(rng.integers(0, 2))
        after[p] = max(score[p] - lost, 0)
    return after


def _staining(rng: np.random.Generator, score: Ints, rank: Floats, clone: Floats) -> dict[str, NDArray[np.generic]]:
    """Whole percentages per pattern that give the score under ASCO/CAP 2018, in either way of counting them."""
    n = len(score)
    high, middle, low = score == 3, score == 2, score == 1
    level = np.clip(rank + rng.normal(0, 0.12, n), 0, 1)
    ic = np.where(high, np.round(22 + 74 * level), np.where(middle & (rng.random(n) < 0.25), rng.integers(1, 9, n), 0))
    few = np.clip(np.round(100 * clone * rng.uniform(0.9, 1.6, n)), LEAST_INTENSE, 100)
    ic = np.where(high & (clone < 0.5), np.minimum(few, ic), ic)
    left = 100 - ic
    mc = np.where(high, np.round(left * rng.uniform(0.3, 0.7, n)), 0)
    mc = np.where(middle, np.round(20 + 55 * level), mc)
    left = left - mc
    ii = np.where(high | middle, np.round(left * rng.uniform(0, 0.15, n)), 0)
    wi = np.where(high | middle, np.round(left * rng.uniform(0, 0.2, n)), np.where(low, rng.integers(0, 9, n), 0))
    fi = np.where(high | middle, np.round((left - ii - wi) * rng.uniform(0.2, 0.8, n)), 0)
    fi = np.where(low, np.round(15 + 60 * rng.random(n)), fi)
    fi = np.where(score == 0, rng.integers(0, 10, n) * (rng.random(n) < 0.6), fi)
    patterns = {"ic": ic, "ii": ii, "mc": mc, "wi": wi, "fi": fi}
    per_cell = {"score3": ic, "score2": ii + mc, "score1": wi + fi}
    return {name: values.astype(int) for name, values in (patterns | per_cell).items()}


def _receptor(rng: np.random.Generator, positive: NDArray[np.bool_], level: Floats) -> NDArray[np.int64]:
    """Stained cells in percent: 1 to 100 in positive tumours, rising with the receptor's factor; else 0."""
    share = 100 / (1 + np.exp(-(1.2 + 1.6 * level + rng.normal(0, 1.3, len(level)))))
    return np.where(positive, np.clip(np.round(share), 1, 100), 0).astype(int)
