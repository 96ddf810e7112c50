"""Differential expression side by side in one run: ours, R's DESeq2, PyDESeq2 and inmoose (where installed).

    python benchmarks/deseq.py                       # trial size: ~ group with three contrasts, and ~ patient + time
    python benchmarks/deseq.py --work groups --peers R
    python benchmarks/deseq.py --samples 40 --genes 4000

Prints TSV: work, who, version, seconds (best of the warm runs; R and the Python peers run once, on one core), times
ours, and against ours the largest difference in log2 fold change, the largest relative one in dispersion, and how many
genes are on one side only at padj < .05. With HER2HET_TEST_DATA set and no size given the cohort is oracles/trial_size,
else counts are drawn here. Threads: HER2HET_THREADS, else the processors that this process may use.
"""

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from her2het.kernels.threads import worker_threads
from her2het.schema import Matrix
from her2het.stats.differential import compare, fit_expression

PEERS = ("R", "PyDESeq2", "inmoose")
PAIRS = 38


@dataclass(frozen=True)
class Work:
    """One cohort, its design, and the contrasts asked for; the first is compared."""

    name: str
    counts: Matrix
    samples: pd.DataFrame
    design: str
    contrasts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Answer:
    """The first contrast: log2 fold changes, adjusted p-values, dispersions; and what it took."""

    lfc: np.ndarray
    padj: np.ndarray
    dispersion: np.ndarray
    seconds: float
    version: str


def drawn(samples: int, genes: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Negative binomial counts of patients with two biopsies (pre, post) in three groups."""
    rng = np.random.default_rng(5)
    base = np.exp(rng.normal(3.2, 2.2, (genes, 1)))
    group = np.array(["A", "B", "C"])[np.arange(samples) // 2 % 3]
    patient = np.arange(samples) // 2
    effect = rng.normal(0, 0.7, (genes, 3)) * (rng.uniform(size=(genes, 1)) < 0.15)
    effect[:, 0] = 0
    person = rng.normal(0, 0.25, (genes, patient.max() + 1))
    mu = base * np.exp(effect[:, np.searchsorted(["A", "B", "C"], group)] + person[:, patient])
    mu *= np.exp(rng.uniform(-1, 1, samples))
    alpha = (0.1 + 3 / base) * np.exp(rng.normal(0, 0.5, (genes, 1)))
    counts = rng.poisson(rng.gamma(np.broadcast_to(1 / alpha, mu.shape), mu * alpha))
    table = pd.DataFrame(
        {
            "patient": [f"P{p:04d}" for p in patient],
            "group": group,
            "time": np.array(["pre", "post"])[np.arange(samples) % 2],
        },
        index=[f"S{i:04d}" for i in range(samples)],
    )
    return np.minimum(counts, 2**31 - 1).astype(np.int32), table


def works(samples: int, genes: int, folder: Path | None) -> list[Work]:
    """The cohort with all samples by group, and its patients with both timepoints, paired."""
    if folder is None:
        counts, table = drawn(samples, genes)
        paired = np.arange(min(2 * PAIRS, len(table)) // 2 * 2)
    else:
        file = np.load(folder / "counts.npz")
        counts, names = file["counts"], [str(s) for s in file["samples"]]
        table = pd.read_csv(folder / "meta.tsv", sep="\t", index_col=0).loc[names]
        wanted = (folder / "paired" / "samples.txt").read_text().split()
        paired = np.array([names.index(s) for s in wanted])
    genes_named = tuple(f"g{i:05d}" for i in range(1, len(counts) + 1))
    matrix = Matrix(counts, genes_named, tuple(table.index), "counts")
    return [
        Work("groups", matrix, table, "~ group", (("group", "B", "A"), ("group", "C", "A"), ("group", "C", "B"))),
        Work(
            "paired",
            Matrix(np.ascontiguousarray(counts[:, paired]), genes_named, tuple(table.index[paired]), "counts"),
            table.iloc[paired],
            "~ patient + time",
            (("time", "post", "pre"),),
        ),
    ]


def ours(work: Work) -> Answer:
    start = time.perf_counter()
    fit = fit_expression(work.counts, work.samples, work.design, reference=_reference(work))
    found = [compare(fit, c).table for c in work.contrasts]
    seconds = time.perf_counter() - start
    return Answer(
        found[0]["log2FoldChange"].to_numpy(),
        found[0]["padj"].to_numpy(),
        fit.run.genes.dispersion,
        seconds,
        version("her2het"),
    )


def _reference(work: Work) -> dict[str, str]:
    return {"time": "pre"} if work.name == "paired" else {}


def by_r(work: Work) -> Answer:
    """DESeq2 in R, one core."""
    script = Path(__file__).with_name("deseq.R")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        values = np.asarray(work.counts.values, np.int32)
        np.asfortranarray(values).ravel(order="F").tofile(place / "counts.i32")
        (place / "sizes.txt").write_text(" ".join(map(str, values.shape)))
        work.samples.to_csv(place / "samples.tsv", sep="\t", index_label="sample")
        done = subprocess.run(
            ["Rscript", str(script), work.name, folder], check=True, capture_output=True, text=True
        ).stdout.splitlines()
        table = pd.read_csv(place / f"{work.name}_R.tsv", sep="\t")
    seconds = next(float(line.split()[1]) for line in done if line.startswith("seconds"))
    name = next(line.split()[-1] for line in done if line.startswith("version"))
    return Answer(table["lfc"].to_numpy(), table["padj"].to_numpy(), table["dispersion"].to_numpy(), seconds, name)


def by_pydeseq2(work: Work) -> Answer:
    """PyDESeq2 with its default inference, one core."""
    data_set = import_module("pydeseq2.dds").DeseqDataSet
    stats_of = import_module("pydeseq2.ds").DeseqStats
    frame = work.counts.frame().T
    inference = import_module("pydeseq2.default_inference").DefaultInference(n_cpus=1)
    start = time.perf_counter()
    dds = data_set(counts=frame, metadata=work.samples, design=work.design, inference=inference, quiet=True)
    dds.deseq2()
    found = []
    for contrast in work.contrasts:
        stats = stats_of(dds, contrast=list(contrast), inference=inference, quiet=True)
        stats.summary()
        found.append(stats.results_df)
    seconds = time.perf_counter() - start
    first = found[0]
    return Answer(
        first["log2FoldChange"].to_numpy(),
        first["padj"].to_numpy(),
        np.asarray(dds.var["dispersions"] if "dispersions" in dds.var else dds.varm["dispersions"]),
        seconds,
        version("pydeseq2"),
    )


def by_inmoose(work: Work) -> Answer:
    """inmoose, a port of DESeq2 to Python (GPL), one core."""
    package = import_module("inmoose.deseq2")
    samples = work.samples.copy()
    for name in ("group", "patient"):
        samples[name] = pd.Categorical(samples[name])
    samples["time"] = pd.Categorical(samples["time"], ["pre", "post"])
    start = time.perf_counter()
    dds = package.DESeqDataSet(countData=work.counts.frame().T, clinicalData=samples, design=work.design)
    dds = package.DESeq(dds, quiet=True)
    found = [dds.results(contrast=list(c)) for c in work.contrasts]
    seconds = time.perf_counter() - start
    first = found[0]
    return Answer(
        np.asarray(first["log2FoldChange"], float),
        np.asarray(first["padj" if "padj" in first else "adj_pvalue"], float),
        np.asarray(dds.var["dispersion"], float),
        seconds,
        version("inmoose"),
    )


def installed(peer: str) -> bool:
    if peer == "R":
        if shutil.which("Rscript") is None:
            return False
        asked = subprocess.run(
            ["Rscript", "-e", "quit(status = !requireNamespace('DESeq2', quietly = TRUE))"],
            check=False,
            capture_output=True,
        )
        return asked.returncode == 0
    return find_spec(peer.lower()) is not None


def differences(mine: Answer, other: Answer) -> tuple[str, str, str]:
    """Largest in log2 fold change, largest relative in dispersion, genes on one side only at padj < .05."""
    both = np.isfinite(mine.lfc) & np.isfinite(other.lfc)
    lfc = np.abs(mine.lfc - other.lfc)[both].max()
    known = np.isfinite(mine.dispersion) & np.isfinite(other.dispersion)
    relative = np.abs(mine.dispersion - other.dispersion)[known] / other.dispersion[known]
    sides = ((mine.padj < 0.05) != (other.padj < 0.05)).sum()
    return f"{lfc:.2g}", f"{relative.max():.2g}", str(sides)


def compare_all(args: argparse.Namespace) -> None:
    data = os.environ.get("HER2HET_TEST_DATA")
    stored = Path(data) / "oracles" / "trial_size" if data and args.samples is None and args.genes is None else None
    print("work\twho\tversion\tseconds\ttimes ours\tlog2 fold change\tdispersion\tpadj < .05 differs")
    for work in works(args.samples or 285, args.genes or 20_000, stored):
        if args.work not in ("all", work.name):
            continue
        first = ours(work)
        runs = [ours(work) for _ in range(args.repeat)]
        mine = min(runs, key=lambda a: a.seconds)
        name = f"{work.name} ({len(work.counts.columns)} x {len(work.counts.rows):,})"
        print(f"{name}\tours, first call\t{mine.version}\t{first.seconds:.2f}\t\t\t\t")
        print(f"{name}\tours, {worker_threads()} threads\t{mine.version}\t{mine.seconds:.2f}\t1\t\t\t", flush=True)
        for peer in args.peers:
            if not installed(peer):
                print(f"{name}\t{peer}\tnot installed\t\t\t\t\t", flush=True)
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                other = {"R": by_r, "PyDESeq2": by_pydeseq2, "inmoose": by_inmoose}[peer](work)
            cells = "\t".join(differences(mine, other))
            times = other.seconds / mine.seconds
            print(f"{name}\t{peer}\t{other.version}\t{other.seconds:.1f}\t{times:.0f}\t{cells}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"# peak memory of this process: {peak:.0f} MB (with the peers in it)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", choices=("all", "groups", "paired"), default="all")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--samples", type=int)
    parser.add_argument("--genes", type=int)
    parser.add_argument("--repeat", type=int, default=3)
    compare_all(parser.parse_args())


if __name__ == "__main__":
    main()
