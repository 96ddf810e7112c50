"""GSVA and ssGSEA side by side in one run: ours, gseapy (where installed) and R's GSVA (where installed).

    python benchmarks/gene_sets.py                  # trial size: 285 samples x 20,000 genes, 1,600 sets
    python benchmarks/gene_sets.py --samples 60 --genes 4000 --sets 200
    python benchmarks/gene_sets.py --work gsva --peers gseapy

Prints TSV: work, who, seconds (best and median of the warm runs; peers run once), times ours, largest difference to
ours. With HER2HET_TEST_DATA set and no size given, the cohort and sets of oracles/trial_size are used; else counts are
drawn here. Threads: HER2HET_THREADS, else the processors that this process may use; gseapy gets as many; R has one.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from her2het.kernels.gsva import gsva_scores
from her2het.kernels.ssgsea import ssgsea_scores
from her2het.kernels.threads import worker_threads

WORKS = ("gsva", "ssgsea", "gsva_poisson")
Sets = dict[str, list[str]]


def drawn(samples: int, genes: int, sets: int) -> tuple[np.ndarray, list[str], list[str], Sets]:
    """Negative binomial counts, and sets of 5 to 500 genes."""
    rng = np.random.default_rng(1)
    mean = rng.lognormal(4.5, 2.0, (genes, 1)) * rng.lognormal(0, 0.4, (1, samples))
    counts = rng.poisson(mean * rng.gamma(4, 1 / 4, (genes, samples)))
    counts = counts[counts.min(axis=1) < counts.max(axis=1)]
    names = [f"G{i:05d}" for i in range(len(counts))]
    sizes = np.minimum(np.exp(rng.uniform(np.log(5), np.log(500), sets)).astype(int), len(names) // 2)
    chosen = {f"SET{i:04d}": sorted(rng.choice(names, size, replace=False)) for i, size in enumerate(sizes)}
    return counts, names, [f"S{j:04d}" for j in range(samples)], chosen


def stored(folder: Path) -> tuple[np.ndarray, list[str], list[str], Sets]:
    """The trial-size cohort with its sets."""
    file = np.load(folder / "counts.npz")
    kept = file["counts"].sum(axis=1) > 0
    genes = [str(g) for g in file["genes"][kept]]
    known = set(genes)
    lines = [line.split("\t") for line in (folder / "sets.gmt").read_text().splitlines()]
    sets = {line[0]: [g for g in line[2:] if g in known] for line in lines}
    return file["counts"][kept], genes, [str(s) for s in file["samples"]], sets


def packed(sets: Sets, genes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    at = {gene: i for i, gene in enumerate(genes)}
    rows = [sorted(at[g] for g in members) for members in sets.values()]
    starts = np.cumsum([0] + [len(r) for r in rows])
    return np.concatenate([np.array(r, dtype=np.int32) for r in rows]), starts


def timed(fn: Callable[[], np.ndarray], repeat: int) -> tuple[np.ndarray, float, list[float]]:
    """The answer, the seconds of the first call, and of each further one."""
    start = time.perf_counter()
    answer = fn()
    first = time.perf_counter() - start
    warm: list[float] = []
    for _ in range(repeat):
        start = time.perf_counter()
        answer = fn()
        warm.append(time.perf_counter() - start)
    return answer, first, warm or [first]


def of_ours(work: str, log: np.ndarray, counts: np.ndarray, members: np.ndarray, starts: np.ndarray) -> np.ndarray:
    if work == "ssgsea":
        return ssgsea_scores(log, members, starts)
    if work == "gsva_poisson":
        return gsva_scores(counts, members, starts, "poisson")
    return gsva_scores(log, members, starts)


def of_gseapy(work: str, log: np.ndarray, genes: list[str], samples: list[str], sets: Sets) -> tuple[float, np.ndarray]:
    """Seconds and scores (sets x samples); gseapy has no Poisson kernel of its own worth naming here."""
    frame = pd.DataFrame(log, index=genes, columns=samples)
    gseapy = import_module("gseapy")
    settings = {"gene_sets": sets, "outdir": None, "min_size": 1, "max_size": len(genes), "threads": worker_threads()}
    start = time.perf_counter()
    if work == "gsva":
        found = gseapy.gsva(frame, kcdf="Gaussian", **settings).res2d
    else:
        found = gseapy.ssgsea(frame, sample_norm_method="rank", **settings).res2d
    seconds = time.perf_counter() - start
    column = "ES" if work == "gsva" else "NES"
    table = found.pivot_table(index="Term", columns="Name", values=column, aggfunc="first").astype(float)
    return seconds, table.loc[list(sets), samples].to_numpy()


def of_r(
    works: list[str], log: np.ndarray, counts: np.ndarray, genes: list[str], samples: list[str], sets: Sets
) -> tuple[dict[str, float], dict[str, np.ndarray], str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log.T.tofile(folder / "log.f64")  # column after column, as R has it
        counts.T.astype(np.float64).tofile(folder / "counts.f64")
        (folder / "genes.txt").write_text("\n".join(genes) + "\n")
        (folder / "samples.txt").write_text("\n".join(samples) + "\n")
        (folder / "sets.gmt").write_text("".join(f"{k}\t\t" + "\t".join(v) + "\n" for k, v in sets.items()))
        script = Path(__file__).with_suffix(".R")
        done = subprocess.run(
            ["Rscript", str(script), str(folder), *works], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return {}, {}, "R without GSVA"
        rows = [line.split("\t") for line in done.stdout.splitlines() if line.startswith(("TIME\t", "VERSION\t"))]
        seconds = {row[1]: float(row[2]) for row in rows if row[0] == "TIME"}
        scores = {w: np.fromfile(folder / f"{w}.f64").reshape(len(samples), len(sets)).T for w in seconds}
        return seconds, scores, next(row[1] for row in rows if row[0] == "VERSION")


def compare(args: argparse.Namespace) -> None:
    data = os.environ.get("HER2HET_TEST_DATA")
    given = args.samples or args.genes or args.sets
    if data and not given:
        counts, genes, samples, sets = stored(Path(data) / "oracles/trial_size")
    else:
        counts, genes, samples, sets = drawn(args.samples or 285, args.genes or 20_000, args.sets or 1600)
    log = np.log2(counts / counts.sum(axis=0) * 1e6 + 1)
    members, starts = packed(sets, genes)
    print(f"# {len(samples)} samples x {len(genes)} genes, {len(sets)} sets, {worker_threads()} threads")
    print("work\twho\tbest_s\tmedian_s\ttimes_ours\tlargest_difference")
    ours: dict[str, tuple[np.ndarray, float]] = {}
    for work in args.work:
        answer, first, warm = timed(partial(of_ours, work, log, counts, members, starts), args.repeat)
        ours[work] = answer, statistics.median(warm)
        print(
            f"{work}\tours\t{min(warm):.3f}\t{statistics.median(warm):.3f}\t1\t0\t# first call {first:.2f} s",
            flush=True,
        )

    def tell(work: str, who: str, seconds: float, scores: np.ndarray) -> None:
        answer, unit = ours[work]
        apart = np.abs(scores - answer).max()
        print(f"{work}\t{who}\t{seconds:.3f}\t{seconds:.3f}\t{seconds / unit:.0f}\t{apart:.2g}", flush=True)

    if "gseapy" in args.peers:
        if find_spec("gseapy") is None:
            print("# gseapy is not installed")
        else:
            for work in (w for w in args.work if w != "gsva_poisson"):
                tell(work, f"gseapy {version('gseapy')}", *of_gseapy(work, log, genes, samples, sets))
    if "r" in args.peers:
        if shutil.which("Rscript") is None:
            print("# R is not installed")
        else:
            seconds, scores, name = of_r(args.work, log, counts, genes, samples, sets)
            for work, taken in seconds.items():
                tell(work, name, taken, scores[work])
    print(f"# peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int)
    parser.add_argument("--genes", type=int)
    parser.add_argument("--sets", type=int)
    parser.add_argument("--work", nargs="+", choices=WORKS, default=["gsva", "ssgsea"])
    parser.add_argument("--peers", nargs="*", choices=["gseapy", "r"], default=["gseapy", "r"])
    parser.add_argument("--repeat", type=int, default=5)
    compare(parser.parse_args())
