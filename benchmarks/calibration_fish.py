"""Are the intervals and probabilities of FISH heterogeneity what they say? By simulation.

    python benchmarks/calibration_fish.py                     # all, about 15 minutes on 2 cores
    python benchmarks/calibration_fish.py --part coverage     # or probabilities, cut_nuclei
    python benchmarks/calibration_fish.py --draws 200         # rougher

coverage       95 % intervals of the amplified fraction over a grid of fractions, between-area correlations, areas and
               nuclei; their width beside that of the interval which knows the correlation (same prior of the fraction,
               and Jeffreys'). The points that cover least are drawn again, ten times as often, since the least of many
               simulated numbers is too low.
probabilities  Stated posterior probabilities against how often they come true, where fraction and correlation are
               drawn from the stated prior; and from others.
cut_nuclei     Tumours of one population, homogeneously amplified ones and mixtures, seen through cut nuclei: how many
               the literal rule and the robust one call HET, where the assumed chance of keeping a signal is right,
               wrong, or a range (the widest of the limits at .7, .8 and .9).

Writes results/calibration_fish.tsv, calibration_fish_probabilities.tsv, calibration_fish_cut_nuclei.tsv and
calibration_fish.svg, and says which demands hold. Seeds are fixed.
"""

import argparse
from itertools import product
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.area_posterior import FractionPrior, fraction_posterior
from her2het.kernels.cut_nuclei import call_robust, fit_cut_nuclei, widest_limits
from her2het.kernels.fish import CellRule, count_nuclei
from her2het.kernels.het_call import HetCode, Limits, call_fraction
from her2het.reference.het_profiles import BY_NAME, HetProfile

RESULTS = Path(__file__).parent / "results"
LI = BY_NAME[HetProfile.LI2024]
RULE, LIMITS = CellRule(*LI.cell.integers), Limits(*LI.limits.integers)
BAND = {"low": LI.limits.low, "high": LI.limits.high}
FRACTIONS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
CORRELATIONS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)
AREAS = (4, 5, 6, 8)
NUCLEI = (20, 60, 150, 300, 450)
AGAIN = 60  # points of the grid that are drawn again
JEFFREYS = FractionPrior(shape=0.5)

ONE = ((2, 2), (3, 2), (3, 3), (4, 3), (4, 4), (5, 4), (5, 5))
BY_COPIES = ((6, 5), (6, 6), (8, 6))
AMPLIFIED = ((4, 2), (6, 3), (8, 3), (12, 3), (20, 3))
MIXED = (
    ((2, 2), (12, 3), 0.2),
    ((2, 2), (12, 3), 0.3),
    ((2, 2), (12, 3), 0.4),
    ((3, 3), (8, 3), 0.2),
    ((3, 3), (8, 3), 0.4),
    ((4, 4), (10, 4), 0.3),
    ((5, 5), (14, 5), 0.3),
    ((2, 2), (5, 2), 0.3),
    ((2, 2), (4, 2), 0.3),
)
KEEPS = (0.7, 0.8, 0.9)
RANGE = "0.7-0.9"
Point = tuple[float, float, int, int]


def areas_of(rng: np.random.Generator, point: Point, draws: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Amplified and scored cells of the areas of `draws` samples."""
    fraction, rho, areas, nuclei = point
    cells = np.full(areas, nuclei // areas)
    cells[: nuclei - cells.sum()] += 1
    p = np.full((draws, areas), fraction)
    if rho > 0:
        total = (1 - rho) / rho
        p = rng.beta(fraction * total, (1 - fraction) * total, (draws, areas))
    scored = np.tile(cells, (draws, 1))
    return rng.binomial(scored, p).ravel(), scored.ravel()


def cover(points: list[Point], draws: int, stream: int) -> pd.DataFrame:
    """Coverage and mean width of each point."""
    rows = []
    for k, point in enumerate(points):
        rng = np.random.default_rng(np.random.SeedSequence(20_260, spawn_key=(stream, k)))
        amplified, scored = areas_of(rng, point, draws)
        start = np.arange(draws + 1) * point[2]
        got = fraction_posterior(amplified, scored, start, **BAND)
        known = fraction_posterior(amplified, scored, start, **BAND, known_rho=point[1])
        plain = fraction_posterior(amplified, scored, start, **BAND, known_rho=point[1], prior=JEFFREYS)
        inside = (got.low <= point[0]) & (point[0] <= got.high)
        knowing = (known.low <= point[0]) & (point[0] <= known.high)
        rows.append(
            {
                "fraction": point[0],
                "correlation": point[1],
                "areas": point[2],
                "nuclei": point[3],
                "draws": draws,
                "coverage": inside.mean(),
                "coverage_se": np.sqrt(inside.mean() * (1 - inside.mean()) / draws),
                "width": np.mean(got.high - got.low),
                "coverage_knowing": knowing.mean(),
                "width_knowing": np.mean(known.high - known.low),
                "width_knowing_jeffreys": np.mean(plain.high - plain.low),
            }
        )
    return pd.DataFrame(rows)


def coverage(draws: int) -> pd.DataFrame:
    """The grid, its lowest points drawn again."""
    points: list[Point] = list(product(FRACTIONS, CORRELATIONS, AREAS, NUCLEI))
    table = cover(points, draws, 0)
    low = table["coverage"].nsmallest(AGAIN).index
    again = cover([points[k] for k in low], 10 * draws, 1)
    again.index = low
    table["first_coverage"] = table["coverage"]
    table.loc[low, again.columns] = again
    return table


def calibration(p: NDArray[np.float64], true: NDArray[np.bool_], bins: int = 10) -> tuple[float, pd.DataFrame]:
    """Expected calibration error over equal bins of the stated probability, and the bins."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    rows = [
        {"stated": p[which == b].mean(), "came_true": true[which == b].mean(), "samples": int((which == b).sum())}
        for b in range(bins)
        if (which == b).any()
    ]
    table = pd.DataFrame(rows)
    error = float((table["samples"] * (table["stated"] - table["came_true"]).abs()).sum() / len(p))
    return error, table


def drawn_from(name: str, rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fractions and correlations of `n` tumours."""
    prior = FractionPrior()
    if name == "stated prior":
        mu = rng.beta(prior.shape, prior.shape, n)
        rho = prior.rho_max * (1 - (1 - rng.random(n)) ** (1 / (prior.rho_decay + 1)))
    elif name == "uniform fraction, correlation 0-.3":
        mu, rho = rng.random(n), rng.uniform(0, 0.3, n)
    else:  # a HER2-positive trial: mostly high
        mu, rho = rng.beta(4, 1.2, n), rng.uniform(0, 0.3, n)
    return np.clip(mu, 1e-6, 1 - 1e-6), np.maximum(rho, 1e-6)


def probabilities(samples: int) -> pd.DataFrame:
    """Stated probabilities of each class against how often they come true."""
    parts = []
    for k, name in enumerate(("stated prior", "uniform fraction, correlation 0-.3", "HER2-positive trial")):
        rng = np.random.default_rng(np.random.SeedSequence(20_261, spawn_key=(k,)))
        mu, rho = drawn_from(name, rng, samples)
        areas, nuclei = rng.integers(4, 9, samples), rng.integers(20, 451, samples)
        start = np.concatenate([[0], np.cumsum(areas)])
        owner = np.repeat(np.arange(samples), areas)
        rank = np.arange(len(owner)) - start[owner]
        scored = nuclei[owner] // areas[owner] + (rank < nuclei[owner] % areas[owner])
        total = (1 - rho) / rho
        amplified = rng.binomial(scored, rng.beta((mu * total)[owner], ((1 - mu) * total)[owner]))
        got = fraction_posterior(amplified, scored, start, **BAND)
        classes = {
            "at most 5 %": (got.p_low, mu <= BAND["low"]),
            "HET": (got.p_between, (mu > BAND["low"]) & (mu < BAND["high"])),
            "at least 50 %": (got.p_high, mu >= BAND["high"]),
        }
        for label, (p, true) in classes.items():
            error, table = calibration(p, true)
            parts.append(table.assign(**{"drawn from": name, "class": label, "calibration_error": error}))
    return pd.concat(parts, ignore_index=True)


def tumours(
    rng: np.random.Generator, mixture: list[tuple[int, int, float]], cells: int, n: int, p_keep: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Signals of `n` tumours of `cells` counted nuclei: those that lost all signals of a probe are not counted."""
    her2, cep17, weight = (np.array(v) for v in zip(*mixture, strict=True))
    kind = rng.choice(len(weight), int(3 * cells * n), p=weight)
    h, c = rng.binomial(her2[kind], p_keep), rng.binomial(cep17[kind], p_keep)
    seen = np.flatnonzero((h > 0) & (c > 0))[: cells * n]
    return h[seen], c[seen]


def cut_nuclei(n: int) -> pd.DataFrame:
    """Every tumour at every number of nuclei, true and assumed chance of keeping a signal."""
    kinds: list[tuple[str, str, list[tuple[int, int, float]]]] = []
    kinds += [("one population", f"{h}/{c}", [(h, c, 1.0)]) for h, c in ONE]
    kinds += [("one population, amplified by copies", f"{h}/{c}", [(h, c, 1.0)]) for h, c in BY_COPIES]
    kinds += [("amplified", f"{h}/{c}", [(h, c, 1.0)]) for h, c in AMPLIFIED]
    kinds += [
        ("mixture", f"{100 * w:.0f} % {b[0]}/{b[1]} in {a[0]}/{a[1]}", [(*a, 1 - w), (*b, w)]) for a, b, w in MIXED
    ]
    rows = []
    for k, ((kind, name, mixture), cells, keep) in enumerate(product(kinds, (75, 150, 450), KEEPS)):
        rng = np.random.default_rng(np.random.SeedSequence(20_262, spawn_key=(k,)))
        h, c = tumours(rng, mixture, cells, n, keep)
        counts = count_nuclei(h, c, np.repeat(np.arange(n), cells), np.arange(n), n, rule=RULE)
        literal = call_fraction(counts.samples.amplified, counts.samples.scored, LI.n_min, LIMITS)
        true = sum(w for a, b, w in mixture if a >= 2 * b or a >= RULE.min_copies)
        fits = {str(assumed): fit_cut_nuclei(counts.pairs, rule=RULE, p_keep=assumed) for assumed in KEEPS}
        fits[RANGE] = widest_limits([fits[str(assumed)] for assumed in KEEPS], fits["0.8"])
        for assumed, fit in fits.items():
            code, _ = call_robust(fit, **BAND, n_min=LI.n_min)
            rows.append(
                {
                    "tumour": kind,
                    "genotypes": name,
                    "nuclei": cells,
                    "p_keep": keep,
                    "p_keep_assumed": assumed,
                    "tumours": n,
                    "true_share": true,
                    "literal_fraction": (counts.samples.amplified / counts.samples.scored).mean(),
                    "literal_het": (literal == HetCode.HET).mean(),
                    "robust_het": (code == HetCode.HET).mean(),
                    "robust_amplified": (code == HetCode.NON_HET_AMPLIFIED).mean(),
                    "robust_nonamplified": (code == HetCode.NON_HET_NONAMPLIFIED).mean(),
                    "share": fit.share.mean(),
                    "share_sd": fit.share.std(ddof=1),
                    "share_covered": ((fit.low <= true + 1e-9) & (true - 1e-9 <= fit.high)).mean(),
                    "by_copies_only": fit.by_copies_only.mean(),
                }
            )
    return pd.DataFrame(rows)


def verdicts(cover_table: pd.DataFrame | None, stated: pd.DataFrame | None, cut: pd.DataFrame | None) -> list[str]:
    """Which demands hold."""
    out = []

    def say(text: str, holds: bool) -> None:
        out.append(f"{'holds' if holds else 'DOES NOT HOLD'}: {text}")

    if cover_table is not None:
        worst = cover_table.loc[cover_table["coverage"].idxmin()]
        mean = cover_table["coverage"].mean()
        ratio = cover_table["width"].mean() / cover_table["width_knowing"].mean()
        plain = cover_table["width"].mean() / cover_table["width_knowing_jeffreys"].mean()
        place = f"fraction {worst['fraction']:g}, correlation {worst['correlation']:g}, {worst['areas']:.0f} areas, "
        place += f"{worst['nuclei']:.0f} nuclei, standard error {worst['coverage_se']:.3f}"
        say(
            f"least coverage {worst['coverage']:.3f} >= .90 over {len(cover_table)} points ({place})",
            worst["coverage"] >= 0.9,
        )
        say(f"mean coverage {mean:.4f} within .94-.98", 0.94 <= mean <= 0.98)
        say(f"mean width {ratio:.3f} times that of the interval which knows the correlation, <= 1.25", ratio <= 1.25)
        say(f"{plain:.3f} times where that interval has Jeffreys' prior", plain <= 1.25)
    if stated is not None:
        for (name, label), part in stated.groupby(["drawn from", "class"], sort=False):
            error = part["calibration_error"].iloc[0]
            text = f"calibration error of P({label}) {error:.4f}, drawn from {name}"
            if name == "stated prior":
                say(f"{text}, <= .02", error <= 0.02)
            else:
                out.append(f"       {text}")
    if cut is not None:
        out += _cut_verdicts(cut)
    return out


def _cut_verdicts(cut: pd.DataFrame) -> list[str]:
    out = []
    assumed = cut["p_keep_assumed"].astype(str)
    known = cut[assumed == cut["p_keep"].astype(str)]
    for frame, name in ((known[known["p_keep"] == 0.8], "p_keep .8, known"), (known, "p_keep .7-.9, known")):
        one, mixed = frame[frame["tumour"] == "one population"], frame[frame["tumour"] == "mixture"]
        most, least = one["robust_het"].max(), mixed["robust_het"].min()
        out.append(
            f"{'holds' if most <= 0.05 else 'DOES NOT HOLD'}: one population called HET by the robust rule in at most "
            f"{most:.3f} <= .05 ({name}; literal rule {one['literal_het'].min():.2f}-{one['literal_het'].max():.2f}, "
            f"mean {one['literal_het'].mean():.2f})"
        )
        out.append(
            f"{'holds' if least >= 0.8 else 'DOES NOT HOLD'}: mixtures of 20-40 % called HET by the robust rule in at "
            f"least {least:.2f} ({name}; mean {mixed['robust_het'].mean():.2f}; literal rule "
            f"{mixed['literal_het'].mean():.2f})"
        )
    wrong = cut[assumed != cut["p_keep"].astype(str)]
    for (keep, at), part in wrong.groupby(["p_keep", "p_keep_assumed"]):
        one, mixed = part[part["tumour"] == "one population"], part[part["tumour"] == "mixture"]
        most = one.loc[one["robust_het"].idxmax()]
        out.append(
            f"       signals kept {keep:g}, assumed {at}: one population called HET in {one['robust_het'].mean():.3f} "
            f"on average, at most {most['robust_het']:.3f} ({most['genotypes']}, {most['nuclei']} nuclei); mixtures in "
            f"{mixed['robust_het'].mean():.3f} on average, at least {mixed['robust_het'].min():.3f}"
        )
    return out


def draw(cover_table: pd.DataFrame | None, stated: pd.DataFrame | None, cut: pd.DataFrame | None) -> None:
    """Coverage, calibration and calls in one picture."""
    mpl.rcParams |= {"svg.hashsalt": "her2het", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    if cover_table is not None:
        for rho, part in cover_table.groupby("correlation"):
            shift = (list(CORRELATIONS).index(float(rho)) - 2.5) * 0.07
            place = np.array([FRACTIONS.index(f) for f in part["fraction"]]) + shift
            axes[0].scatter(place, part["coverage"], s=7, label=f"{rho:g}", alpha=0.6)
        axes[0].axhline(0.95, color="0.4", lw=0.8)
        axes[0].axhline(0.90, color="0.4", lw=0.8, ls="--")
        axes[0].set(xlabel="true amplified fraction", ylabel="coverage of 95 % intervals", ylim=(0.88, 1.002))
        axes[0].set_xticks(range(len(FRACTIONS)), [f"{f:g}" for f in FRACTIONS])
        axes[0].legend(title="correlation", ncols=2, frameon=False)
    if stated is not None:
        prior = stated[stated["drawn from"] == "stated prior"]
        for label, part in prior.groupby("class", sort=False):
            axes[1].plot(part["stated"], part["came_true"], "o-", ms=3.5, lw=1, label=label)
        axes[1].plot([0, 1], [0, 1], color="0.4", lw=0.8)
        axes[1].set(xlabel="stated probability", ylabel="how often it came true")
        axes[1].legend(frameon=False)
    if cut is not None:
        shown = cut[(cut["nuclei"] == 450) & (cut["p_keep"] == 0.8) & (cut["p_keep_assumed"].astype(str) == "0.8")]
        place = np.arange(len(shown))[::-1]
        axes[2].barh(place + 0.2, shown["literal_het"], 0.38, color="0.75", label="literal rule")
        axes[2].barh(place - 0.2, shown["robust_het"], 0.38, color="#0b6e99", label="beyond cut nuclei")
        axes[2].set_yticks(place, shown["genotypes"], fontsize=7)
        axes[2].set(xlabel="called HET (450 nuclei, signals kept with .8)")
        axes[2].legend(frameon=False, loc="center right", fontsize=8)
    figure.savefig(RESULTS / "calibration_fish.svg", metadata={"Date": None})


def main() -> None:
    """Simulate, write, say what holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["coverage", "probabilities", "cut_nuclei"], action="append")
    parser.add_argument("--draws", type=int, default=2000, help="samples per point of the grid")
    parser.add_argument("--samples", type=int, default=200_000, help="samples of each prior")
    parser.add_argument("--tumours", type=int, default=400, help="tumours of each kind")
    given = parser.parse_args()
    parts = given.part or ["coverage", "probabilities", "cut_nuclei"]
    RESULTS.mkdir(exist_ok=True)
    tables: dict[str, pd.DataFrame | None] = {}
    for name, work, size in (
        ("coverage", coverage, given.draws),
        ("probabilities", probabilities, given.samples),
        ("cut_nuclei", cut_nuclei, given.tumours),
    ):
        path = RESULTS / ("calibration_fish.tsv" if name == "coverage" else f"calibration_fish_{name}.tsv")
        if name in parts:
            work(size).to_csv(path, sep="\t", index=False, float_format="%.5g")
        tables[name] = pd.read_csv(path, sep="\t") if path.exists() else None
    draw(tables["coverage"], tables["probabilities"], tables["cut_nuclei"])
    print("\n".join(verdicts(tables["coverage"], tables["probabilities"], tables["cut_nuclei"])))


if __name__ == "__main__":
    main()
