"""False discovery rate and power of differential expression where the truth is known, and two tests that keep the rate.

    HER2HET_TEST_DATA=... python benchmarks/deseq_truth.py      # about three minutes on 2 cores
    python benchmarks/deseq_truth.py --part null

truth     oracles/trial_size (`lfc` in counts.npz is the truth): R's own lists, ours (Wald, the same numbers) and two
          calibrated tests, on one baseline biopsy of each of 129 patients; and on all 285 biopsies as if they were
          independent, which is parity only.
shuffled  The same after the labels were shuffled among patients: how many genes each test finds where there is nothing
          to find, on that cohort and on real tumours (data/tcga_her2_60), ten shuffles each.
null      p-values of 40 trials of `her2het simulate --null` (4,000 genes), baseline biopsies summed per patient: their
          distribution over trials and genes, and how far a single trial can be from it.

Prints TSV and writes results/deseq_truth.tsv, deseq_shuffled.tsv and deseq_null.tsv.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.schema import Matrix
from her2het.simulate import SyntheticTrial, simulate_trial
from her2het.stats.differential import Calibrate, ExpressionFit, compare, fit_expression

LEVEL = 0.05
SHUFFLES = 10
TRIALS = 40
RESULTS = Path(__file__).parent / "results"
PARTS = ("truth", "shuffled", "null")
TESTS: tuple[Calibrate, ...] = ("none", "moderated", "factors")
NAMES = {"none": "Wald (DESeq2)", "moderated": "moderated t", "factors": "moderated t after hidden factors"}
Row = dict[str, object]


def rates(padj: NDArray[np.float64], true: NDArray[np.bool_]) -> Row:
    called = padj < LEVEL
    wrong = (called & ~true).sum() / max(called.sum(), 1)
    power = (called & true).sum() / true.sum()
    return {"called": int(called.sum()), "false_discovery_rate": f"{wrong:.4f}", "power": f"{power:.4f}"}


def shares(p: NDArray[np.float64]) -> Row:
    p = p[np.isfinite(p)]
    return {f"null_p_below_{at}": f"{(p < at).mean():.5f}" for at in (0.5, 0.05, 0.001)}


def cohort(folder: Path, baseline: bool) -> tuple[Matrix, pd.DataFrame, NDArray[np.float64]]:
    file = np.load(folder / "counts.npz")
    meta = pd.read_csv(folder / "meta.tsv", sep="\t", index_col=0)
    counts = Matrix(file["counts"], tuple(map(str, file["genes"])), tuple(map(str, file["samples"])), "counts")
    if baseline:
        meta = meta[(meta["time"] == "pre") & (meta["biopsy"] == 1)]
    return counts.pick(list(map(str, meta.index))), meta, file["lfc"]


def on_truth(data: Path) -> Iterator[Row]:
    folder = data / "oracles" / "trial_size"
    for name, place in (
        ("one baseline biopsy per patient", "baseline/baseline_R"),
        ("all 285 biopsies (parity only)", "deseq2_R"),
    ):
        counts, samples, effect = cohort(folder, place.startswith("baseline"))
        fit = fit_expression(counts, samples, "~ group")
        for upper, lower in (("B", "A"), ("C", "A"), ("C", "B")):
            true = effect[:, "ABC".index(upper)] != effect[:, "ABC".index(lower)]
            theirs = pd.read_csv(folder / f"{place}_{upper}_vs_{lower}.tsv.gz", sep="\t")
            start = {"cohort": name, "contrast": f"{upper}/{lower}"}
            by_r = {column: theirs[column].to_numpy() for column in ("padj", "pvalue")}
            yield {**start, "test": "DESeq2 in R", **rates(by_r["padj"], true), **shares(by_r["pvalue"][~true])}
            for test in TESTS:
                table = compare(fit, ("group", upper, lower), calibrate=test).table
                found = rates(table["padj"].to_numpy(), true)
                yield {**start, "test": NAMES[test], **found, **shares(table["pvalue"].to_numpy()[~true])}


def shuffled(data: Path) -> Iterator[Row]:
    trial, patients, _ = cohort(data / "oracles" / "trial_size", baseline=True)
    real, tumours = read_tumours(data / "data" / "tcga_her2_60")
    yield from shuffles("trial size, 129 patients", trial, patients, "~ group", ("group", "B", "A"))
    yield from shuffles("58 tumours (TCGA)", real, tumours, "~ er + her2", ("her2", "Positive", "Negative"))


def shuffles(
    name: str, counts: Matrix, samples: pd.DataFrame, design: str, contrast: tuple[str, str, str]
) -> Iterator[Row]:
    column = contrast[0]
    found: dict[str, list[int]] = {test: [] for test in TESTS}
    for seed in np.random.SeedSequence(7).spawn(SHUFFLES):
        mixed = samples.copy()
        mixed[column] = np.random.default_rng(seed).permutation(samples[column].to_numpy())
        fit: ExpressionFit = fit_expression(counts, mixed, design)
        for test in TESTS:
            found[test].append(int((compare(fit, contrast, calibrate=test).table["padj"] < LEVEL).sum()))
    for test in TESTS:
        hits = np.array(found[test])
        yield {
            "cohort": name,
            "design": design,
            "test": NAMES[test],
            "median_called": f"{np.median(hits):.0f}",
            "most_called": int(hits.max()),
            "share_of_shuffles_with_any": f"{(hits > 0).mean():.1f}",
        }


def read_tumours(data: Path) -> tuple[Matrix, pd.DataFrame]:
    counts = pd.read_csv(data / "counts.csv.gz", index_col=0)
    labels = pd.read_csv(data / "labels.csv", index_col=0)
    labels = labels[labels["her2_status_by_ihc"].isin(["Positive", "Negative"])]
    table = pd.DataFrame({"her2": labels["her2_status_by_ihc"], "er": labels["er_status_by_ihc"]})
    matrix = Matrix(counts.to_numpy(), tuple(counts.index), tuple(counts.columns), "counts")
    return matrix.pick(list(table.index)), table


def per_patient(trial: SyntheticTrial) -> tuple[Matrix, pd.DataFrame]:
    """Counts summed over a patient's baseline biopsies (without the planted aberrant libraries), and the groups."""
    odd = set(trial.truth["outliers"]["sample"])
    about = trial.samples.set_index("sample")
    kept = [s for s in trial.rna_counts.columns if s not in odd and about.loc[s, "timepoint"] != "surgery"]
    frame = trial.rna_counts.pick(kept).frame().T.groupby(about.loc[kept, "patient"].to_numpy()).sum().T
    group = trial.truth["patients"].set_index("patient")["group"].loc[list(frame.columns)]
    return Matrix(frame.to_numpy(), trial.rna_counts.rows, tuple(map(str, frame.columns)), "counts"), group.to_frame()


def null(trials: int) -> Iterator[Row]:
    found: dict[str, list[NDArray[np.float64]]] = {test: [] for test in TESTS}
    called: dict[str, list[int]] = {test: [] for test in TESTS}
    for seed in range(trials):
        counts, samples = per_patient(simulate_trial(seed, null=True, genes=4_000))
        fit = fit_expression(counts, samples, "~ group")
        for test in TESTS:
            table = compare(fit, ("group", "HET/no pCR", "pCR"), calibrate=test).table
            found[test].append(table["pvalue"].dropna().to_numpy())
            called[test].append(int((table["padj"] < LEVEL).sum()))
    for test in TESTS:
        each = np.array([(p < LEVEL).mean() for p in found[test]])
        yield {
            "test": NAMES[test],
            "trials": trials,
            **shares(np.concatenate(found[test])),
            "standard_error_at_0.05": f"{each.std(ddof=1) / np.sqrt(trials):.4f}",
            "least_at_0.05": f"{each.min():.4f}",
            "most_at_0.05": f"{each.max():.4f}",
            "trials_with_padj_below_0.05": int((np.array(called[test]) > 0).sum()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--trials", type=int, default=TRIALS)
    given = parser.parse_args()
    folder = os.environ.get("HER2HET_TEST_DATA")
    if not folder and set(given.part) != {"null"}:
        raise SystemExit("HER2HET_TEST_DATA is not set: the cohorts with R's lists are not on this machine")
    data = Path(folder or ".")
    for part in given.part:
        rows = {"truth": lambda: on_truth(data), "shuffled": lambda: shuffled(data), "null": lambda: null(given.trials)}
        table = pd.DataFrame(list(rows[part]()))
        RESULTS.mkdir(exist_ok=True)
        table.to_csv(RESULTS / f"deseq_{part}.tsv", sep="\t", index=False)
        print(table.to_csv(sep="\t", index=False), flush=True)


if __name__ == "__main__":
    main()
