"""Do the tests keep their level, and the intervals their coverage? Many small drawn cohorts, no whole demos.

    python benchmarks/null_calibration.py                       # 2,000 draws per row, about ten minutes on one core
    python benchmarks/null_calibration.py --draws 5000 --workers 2
    python benchmarks/null_calibration.py --only rank-sum       # rows whose name begins so; prints, writes nothing

Each row draws cohorts of the trial's size and asks for what an analysis would ask: `size`, the share of p <= .05 where
there is nothing to find; `coverage`, the share of 95 % intervals that hold the truth, without and with an effect;
`false share`, the mean share of false among the findings of a family; `any false`, the share of families with a false
finding. A row holds where size, any false and false share are at most .05 and coverage is at least .95, each beyond 3
standard errors of the draws; `two-sided` coverage may not lie above either (exact and conservative intervals may).
The rows named `pseudoreplication` hand biopsies to the same tests as if they were patients (through the kernels: the
types refuse it) and are expected to fail, and so are DeLong's interval alone for an outcome of 14 of 129, Bhapkar's
test of 49 pairs, and percentiles of resamples of 14 patients. Writes results/null_calibration.tsv and .svg.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from null_cohorts import (
    LEVEL,
    Rng,
    as_if_patients,
    auc_pair,
    auc_truth,
    bootstrap_draw,
    bootstrap_of_shift,
    changes_draw,
    classes_in_strata,
    classes_size,
    classes_truth,
    correlation_size,
    correlation_truth,
    elteren_draw,
    family,
    large,
    logistic_draw,
    mcnemar_draw,
    mixed_draw,
    odds_draw,
    patient_means,
    rates_size,
    rates_truth,
    several_size,
    several_truth,
    share_truth,
    signed_heavy,
    signed_shift,
    signed_size,
    sum_scales,
    sum_shift,
    sum_size,
    sum_standard,
)

from her2het.stats.correlation import pearson, spearman
from her2het.stats.several import kruskal_wallis, trend


@dataclass(frozen=True)
class Row:
    """One line of the table; `draw` draws one cohort and gives what is counted (NaN: no answer)."""

    name: str
    setting: str
    asks: str  # size, coverage, two-sided, false share, any false
    draw: Callable[[Rng], float]
    expected: bool = True


def rank_rows() -> Iterator[Row]:
    for m, n, how in ((64, 51, "normal"), (51, 14, "normal"), (14, 43, "exact"), (9, 41, "exact"), (6, 13, "exact")):
        yield Row("rank-sum", f"{m} against {n}, {how}", "size", partial(sum_size, m, n, 0.0))
    yield Row("rank-sum", "14 against 43, many ties", "size", partial(sum_size, 14, 43, 1.0))
    for m, n, shape in ((64, 51, "normal"), (14, 43, "normal"), (51, 14, "skewed")):
        yield Row("rank-sum, shift", f"{m} against {n}, {shape}, .5", "coverage", partial(sum_shift, m, n, 0.5, shape))
    for m, n, d in ((64, 51, 0.0), (64, 51, 0.5), (14, 43, 1.0), (6, 13, 1.0), (14, 115, 2.5)):
        yield Row("rank-sum, rank-biserial", f"{m} against {n}, shift {d}", "coverage", partial(sum_standard, m, n, d))
    setting = "14 against 115, exponential, scales 20 and 1"
    yield Row("rank-sum, rank-biserial", setting, "coverage", partial(sum_scales, 14, 115))


def pair_rows() -> Iterator[Row]:
    for n, grid, how in ((43, 0.0, "exact"), (64, 0.0, "normal"), (43, 0.5, "ties and zeros"), (9, 0.0, "exact")):
        yield Row("signed-rank", f"{n} pairs, {how}", "size", partial(signed_size, n, grid))
    for n in (43, 64):
        yield Row("signed-rank, shift", f"{n} pairs, .3", "coverage", partial(signed_shift, n, 0.3, "value"))
        yield Row("signed-rank, rank-biserial", f"{n} pairs, .3", "coverage", partial(signed_shift, n, 0.3, "standard"))
    yield Row("signed-rank, rank-biserial", "43 pairs, heavy tails, 2", "coverage", partial(signed_heavy, 43, 2.0))
    for test, name in ((pearson, "Pearson"), (spearman, "Spearman")):
        for n in (9, 43, 115):
            yield Row(name, f"{n} patients", "size", partial(correlation_size, test, n))
        for n, rho in ((43, 0.0), (43, 0.6), (115, 0.4)):
            yield Row(name, f"{n} patients, rho {rho}", "two-sided", partial(correlation_truth, test, n, rho))


def table_rows() -> Iterator[Row]:
    epsilon, rise = large(0.4)
    steep = large(1.2)
    yield Row("Kruskal-Wallis", "64, 51, 14", "size", partial(several_size, kruskal_wallis))
    yield Row(
        "Kruskal-Wallis, epsilon",
        "64, 51, 14, steps of .4",
        "coverage",
        partial(several_truth, kruskal_wallis, 0.4, epsilon),
    )
    yield Row("trend", "64, 51, 14", "size", partial(several_size, trend))
    yield Row("trend, rise", "64, 51, 14, steps of .4", "coverage", partial(several_truth, trend, 0.4, rise))
    yield Row(
        "Kruskal-Wallis, epsilon",
        "64, 51, 14, steps of 1.2",
        "coverage",
        partial(several_truth, kruskal_wallis, 1.2, steep[0]),
    )
    yield Row("trend, rise", "64, 51, 14, steps of 1.2", "coverage", partial(several_truth, trend, 1.2, steep[1]))
    for m, n, rate in ((64, 51, 0.3), (14, 115, 0.5), (9, 41, 0.2)):
        yield Row("Fisher 2 x 2", f"{m} against {n}, rate {rate}", "size", partial(rates_size, m, n, rate))
    for m, n, a, b in ((64, 51, 0.5, 0.3), (14, 115, 0.1, 0.55), (9, 41, 0.44, 0.1)):
        yield Row(
            "Newcombe", f"{m} against {n}, {a} and {b}", "coverage", partial(rates_truth, "difference", m, n, a, b)
        )
        yield Row(
            "exact odds ratio", f"{m} against {n}, {a} and {b}", "coverage", partial(rates_truth, "odds", m, n, a, b)
        )
    for method in ("clopper-pearson", "wilson"):
        for n, rate in ((14, 0.1), (50, 0.18)):
            yield Row(
                f"share, {method}", f"{n} patients, rate {rate}", "coverage", partial(share_truth, method, n, rate)
            )
    yield Row("Fisher 3 x 3", "64, 51, 14", "size", partial(classes_size, "fisher"))
    yield Row("Cramér's V", "3 x 3, 64, 51, 14, V .20", "coverage", classes_truth)
    yield Row("chi-square 3 x 4", "64, 51, 14", "size", partial(classes_size, "chi-square"))
    for method in ("exact", "mid-p", "chi-square"):
        yield Row(f"McNemar, {method}", "50 pairs", "size", partial(mcnemar_draw, method, "size"))
    for test in ("bowker", "stuart-maxwell", "bhapkar"):
        yield Row(test.title(), "49 pairs, 4 classes", "size", partial(changes_draw, test, "size"), test != "bhapkar")
    yield Row("share that changes", "49 pairs, 4 classes", "coverage", partial(changes_draw, "bowker", "coverage"))
    yield Row("McNemar, Newcombe", "50 pairs, 10 points", "coverage", partial(mcnemar_draw, "exact", "coverage"))


def model_rows() -> Iterator[Row]:
    yield Row("van Elteren", "14 against 115, 2 strata", "size", partial(elteren_draw, 0.0, "size"))
    yield Row("van Elteren, shift", "14 against 115, 2 strata, .6", "coverage", partial(elteren_draw, 0.6, "value"))
    yield Row(
        "van Elteren, rank-biserial", "14 against 115, 2 strata, .6", "coverage", partial(elteren_draw, 0.6, "standard")
    )
    for exact in (False, True):
        name = f"Mantel-Haenszel, {'exact' if exact else 'corrected'}"
        yield Row(name, "51 against 64, 2 strata", "size", partial(odds_draw, exact, 0.0, "size"))
        yield Row(name, "51 against 64, 2 strata, log odds 1", "coverage", partial(odds_draw, exact, 1.0, "coverage"))
    yield Row("Cochran-Mantel-Haenszel", "51 against 64, 3 classes, 2 strata", "size", classes_in_strata)
    yield Row("logistic, Firth", "14 against 115, half respond", "size", partial(logistic_draw, False, 0.0, "size"))
    yield Row("logistic, Firth", "14 against 115, few respond", "size", partial(logistic_draw, True, 0.0, "size"))
    yield Row(
        "logistic, Firth", "14 against 115, log odds -1.5", "coverage", partial(logistic_draw, False, -1.5, "coverage")
    )


def response_rows() -> Iterator[Row]:
    for m, n, d in ((64, 51, 0.0), (64, 51, 1.0), (14, 43, 1.0), (9, 41, 2.0), (14, 115, 2.0)):
        yield Row(
            "AUC, outer limits", f"{m} with, {n} without, shift {d}", "coverage", partial(auc_truth, "outer", m, n, d)
        )
    for d, expected in ((1.0, True), (2.0, False)):
        setting, draw = f"14 with, 115 without, shift {d}", partial(auc_truth, "delong", 14, 115, d)
        yield Row("AUC, DeLong logit alone", setting, "coverage", draw, expected)
    yield Row("AUC, paired DeLong", "64 with, 51 without", "size", partial(auc_pair, 0.0, "size"))
    yield Row("AUC, paired DeLong", "64 with, 51 without, shift .5", "coverage", partial(auc_pair, 0.5, "coverage"))
    yield Row("mixed model", "51 against 14, two biopsies", "size", partial(mixed_draw, 0.0, "size"))
    yield Row("mixed model", "51 against 14, two biopsies, .5", "two-sided", partial(mixed_draw, 0.5, "coverage"))
    for kind in ("percentile", "bca"):
        yield Row(
            f"bootstrap of patients, {kind}",
            "mean of two biopsies of 65",
            "coverage",
            partial(bootstrap_draw, kind, "patient"),
        )
    yield Row("bootstrap of a shift, bca", "14 against 64, .5", "coverage", partial(bootstrap_of_shift, "bca"))
    yield Row(
        "bootstrap of a shift, percentile",
        "14 against 64, .5",
        "coverage",
        partial(bootstrap_of_shift, "percentile"),
        False,
    )


def family_rows() -> Iterator[Row]:
    for method, ask in (("bh", "any false"), ("holm", "any false")):
        yield Row(f"family of 200, {method}", "nothing to find", ask, partial(family, method, 0, ask))
    yield Row("family of 200, bh", "40 findings", "false share", partial(family, "bh", 40, "false share"))
    yield Row("family of 200, holm", "40 findings", "any false", partial(family, "holm", 40, "any false"))
    yield Row("patients' means, rank-sum", "two biopsies, 51 against 14", "size", partial(patient_means, "size"))
    yield Row(
        "patients' means, rank-sum", "two biopsies, 51 against 14", "coverage", partial(patient_means, "coverage")
    )
    for ask in ("size", "coverage"):
        yield Row(
            "pseudoreplication, rank-sum", "two biopsies, 51 against 14", ask, partial(as_if_patients, ask), False
        )
    yield Row(
        "pseudoreplication, bootstrap",
        "mean of two biopsies of 65",
        "coverage",
        partial(bootstrap_draw, "percentile", "sample"),
        False,
    )


def rows() -> list[Row]:
    """All rows, in the order of the table."""
    parts = (rank_rows, pair_rows, table_rows, model_rows, response_rows, family_rows)
    return [row for part in parts for row in part()]


def judge(asks: str, share: float, draws: int) -> bool:
    """Whether a share of draws is what it should be, beyond 3 standard errors."""
    target = 0.95 if asks in ("coverage", "two-sided") else LEVEL
    margin = 3 * math.sqrt(target * (1 - target) / draws)
    if asks == "two-sided":
        return abs(share - target) <= margin
    return share >= target - margin if asks == "coverage" else share <= target + margin


def measured(draws: int, number: int) -> dict[str, object]:
    """Run one row; its stream of random numbers depends on its name and setting alone."""
    row = rows()[number]
    words = [ord(c) for c in f"{row.name} {row.setting} {row.asks}"]
    streams = np.random.SeedSequence(words).spawn(draws)
    values = np.array([row.draw(np.random.default_rng(s)) for s in streams], dtype=np.float64)
    known = values[~np.isnan(values)]
    share = float(known.mean())
    return {
        "test": row.name,
        "setting": row.setting,
        "asks": row.asks,
        "draws": len(known),
        "without_answer": draws - len(known),
        "share": round(share, 4),
        "standard_error": round(float(known.std(ddof=1)) / math.sqrt(len(known)), 4),
        "holds": "yes" if judge(row.asks, share, len(known)) else "no",
        "expected": "yes" if row.expected else "no",
    }


def draw_figure(table: pd.DataFrame, path: Path) -> None:
    """Size on the left, coverage on the right, each with 3 standard errors and the line it should keep."""
    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "null", "font.size": 7})
    sides = [table[~table.asks.isin(["coverage", "two-sided"])], table[table.asks.isin(["coverage", "two-sided"])]]
    figure, axes = plt.subplots(1, 2, figsize=(12, 9.5), layout="constrained")
    for ax, part, line, title in zip(
        axes, sides, (0.05, 0.95), ("Rejected or false (nominal .05)", "Coverage (nominal .95)"), strict=True
    ):
        y = np.arange(len(part))[::-1]
        colour = np.where(part.expected == "yes", "#0072B2", "#D55E00")
        ax.axvline(line, color="#888888", linewidth=0.8)
        ax.hlines(
            y, part.share - 3 * part.standard_error, part.share + 3 * part.standard_error, color=colour, linewidth=1
        )
        ax.scatter(part.share, y, s=12, c=colour, zorder=3)
        ax.set_yticks(y, [f"{t}: {s}" for t, s in zip(part.test, part.setting, strict=True)])
        ax.set_title(title, loc="left", fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("Bars: 3 standard errors. Orange: expected to fail.", fontsize=7, x=0.01, ha="left")
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def main() -> int:
    """Measure, print, write; exit 1 where a row is not as expected."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--draws", type=int, default=2000)
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    numbers = [i for i, row in enumerate(rows()) if row.name.startswith(given.only)]
    with ProcessPoolExecutor(given.workers) as pool:
        found = []
        for line in pool.map(partial(measured, given.draws), numbers):
            found.append(line)
            print("\t".join(map(str, line.values())), flush=True)
    table = pd.DataFrame(found)
    if not given.only:
        folder = Path(__file__).parent / "results"
        folder.mkdir(exist_ok=True)
        table.to_csv(folder / "null_calibration.tsv", sep="\t", index=False)
        draw_figure(table, folder / "null_calibration.svg")
    surprising = table[table.holds != table.expected]
    if len(surprising):
        print(
            "not as expected:",
            *(f"{r.test}: {r.setting}, {r.asks} {r.share}" for r in surprising.itertuples()),
            sep="\n  ",
        )
    return int(len(surprising) > 0)


if __name__ == "__main__":
    sys.exit(main())
