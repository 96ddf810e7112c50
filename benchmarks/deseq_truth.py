"""False discovery rate and power of differential expression where the truth is known, and two tests that keep the rate.

    HER2HET_TEST_DATA=... python benchmarks/deseq_truth.py

On oracles/trial_size/baseline (the first baseline biopsy of each of 129 patients; `lfc` in counts.npz is the truth):
R's own lists, ours (Wald, the same numbers), and the two calibrated tests. Then the same after the group labels were
shuffled among patients: how many genes each test finds where there is nothing to find, on the simulated cohort and on
real tumours (data/tcga_her2_60), ten shuffles each. Prints TSV.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from her2het.schema import Matrix
from her2het.stats.differential import Calibrate, Differential, ExpressionFit, compare, fit_expression

LEVEL = 0.05
SHUFFLES = 10
TESTS: tuple[Calibrate, ...] = ("none", "moderated", "factors")
NAMES = {"none": "Wald (DESeq2)", "moderated": "moderated t", "factors": "moderated t after hidden factors"}


def rates(padj: np.ndarray, true: np.ndarray) -> str:
    called = padj < LEVEL
    wrong = (called & ~true).sum() / max(called.sum(), 1)
    return f"{called.sum()}\t{wrong:.3f}\t{(called & true).sum() / true.sum():.3f}"


def null_share(result: Differential, true: np.ndarray) -> str:
    p = result.table["pvalue"].to_numpy()[~true]
    p = p[np.isfinite(p)]
    return f"{(p < 0.05).mean():.4f}\t{(p < 0.001).mean():.5f}"


def trial(folder: Path) -> tuple[Matrix, pd.DataFrame, np.ndarray]:
    file = np.load(folder / "counts.npz")
    meta = pd.read_csv(folder / "meta.tsv", sep="\t", index_col=0)
    first = meta.index[(meta["time"] == "pre") & (meta["biopsy"] == 1)]
    counts = Matrix(file["counts"], tuple(map(str, file["genes"])), tuple(map(str, file["samples"])), "counts")
    return counts.pick(list(first)), meta.loc[first], file["lfc"]


def on_truth(folder: Path) -> None:
    counts, samples, effect = trial(folder)
    fit = fit_expression(counts, samples, "~ group")
    print(f"contrast\ttest\tcalled at padj < {LEVEL}\tfalse discovery rate\tpower\tnull p < .05\tnull p < .001")
    for upper, lower in (("B", "A"), ("C", "A"), ("C", "B")):
        true = effect[:, "ABC".index(upper)] != effect[:, "ABC".index(lower)]
        theirs = pd.read_csv(folder / "baseline" / f"baseline_R_{upper}_vs_{lower}.tsv.gz", sep="\t")
        print(f"{upper}/{lower}\tDESeq2 in R\t{rates(theirs['padj'].to_numpy(), true)}\t\t")
        for test in TESTS:
            result = compare(fit, ("group", upper, lower), calibrate=test)
            cells = rates(result.table["padj"].to_numpy(), true)
            print(f"{upper}/{lower}\t{NAMES[test]}\t{cells}\t{null_share(result, true)}", flush=True)


def shuffled(counts: Matrix, samples: pd.DataFrame, design: str, column: str, contrast: tuple[str, str, str]) -> None:
    found: dict[str, list[int]] = {test: [] for test in TESTS}
    for seed in np.random.SeedSequence(7).spawn(SHUFFLES):
        mixed = samples.copy()
        mixed[column] = np.random.default_rng(seed).permutation(samples[column].to_numpy())
        fit: ExpressionFit = fit_expression(counts, mixed, design)
        for test in TESTS:
            found[test].append(int((compare(fit, contrast, calibrate=test).table["padj"] < LEVEL).sum()))
    for test in TESTS:
        hits = np.array(found[test])
        cells = f"{np.median(hits):.0f}\t{hits.max()}\t{(hits > 0).mean():.1f}"
        print(f"{' '.join(contrast)}\t{NAMES[test]}\t{cells}", flush=True)


def tumours(data: Path) -> tuple[Matrix, pd.DataFrame]:
    counts = pd.read_csv(data / "counts.csv.gz", index_col=0)
    labels = pd.read_csv(data / "labels.csv", index_col=0)
    labels = labels[labels["her2_status_by_ihc"].isin(["Positive", "Negative"])]
    table = pd.DataFrame({"her2": labels["her2_status_by_ihc"], "er": labels["er_status_by_ihc"]})
    return Matrix(counts.to_numpy(), tuple(counts.index), tuple(counts.columns), "counts").pick(
        list(table.index)
    ), table


def main() -> None:
    data = os.environ.get("HER2HET_TEST_DATA")
    if not data:
        raise SystemExit("HER2HET_TEST_DATA is not set: the cohorts with R's lists are not on this machine")
    folder = Path(data) / "oracles" / "trial_size"
    on_truth(folder)
    print(f"\nlabels shuffled\ttest\tmedian called at padj < {LEVEL}\tmost called\tshare of shuffles with any")
    counts, samples, _ = trial(folder)
    shuffled(counts, samples, "~ group", "group", ("group", "B", "A"))
    counts, samples = tumours(Path(data) / "data" / "tcga_her2_60")
    shuffled(counts, samples, "~ er + her2", "her2", ("her2", "Positive", "Negative"))


if __name__ == "__main__":
    main()
