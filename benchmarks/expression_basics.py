"""TMM, PCA and nu-SVR side by side in one run: ours, R (where installed) and scikit-learn (where installed).

    python benchmarks/expression_basics.py                   # trial size: 285 samples x 20,000 genes, 285 mixtures
    python benchmarks/expression_basics.py --work tmm --work pca

Prints a table and writes it to results/expression_basics.tsv: work, who, first (seconds of the first call: compilation,
where nothing is cached), best and median of the warm runs, processor seconds (all threads), how many times ours (wall
and processor, medians), largest difference to ours. On a busy machine read the processor column. With
HER2HET_TEST_DATA set, the cohort and mixtures of oracles/trial_size are used; else both are drawn here. Threads:
HER2HET_THREADS, else the processors that this process may use; R has one; scikit-learn gets two jobs.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from her2het.kernels.deconvolve import NU, cell_fractions, null_correlations
from her2het.kernels.pca import pca
from her2het.kernels.threads import worker_threads
from her2het.kernels.tmm import log_cpm1, tmm_factors

WORKS = ("tmm", "pca", "nusvr")
REPEATS_OF_R = {"tmm": 3, "pca": 2, "nusvr": 1}
HERE = Path(__file__).parent


def drawn(samples: int, genes: int) -> np.ndarray:
    """Negative binomial counts."""
    rng = np.random.default_rng(1)
    mean = rng.lognormal(4.0, 2.0, (genes, 1)) * rng.lognormal(0, 0.6, (1, samples))
    return rng.poisson(mean * rng.gamma(4, 1 / 4, (genes, samples))).astype(np.int32)


def drawn_mixtures(mixtures: int) -> tuple[np.ndarray, np.ndarray]:
    """A signature of 547 genes x 22 types, and mixtures of them with noise."""
    rng = np.random.default_rng(2)
    signature = rng.lognormal(4.5, 1.2, (547, 22))
    for j in range(22):
        signature[rng.choice(547, 30, replace=False), j] *= 12
    share = rng.dirichlet(np.full(22, 0.5), mixtures)
    noise = rng.lognormal(0, 0.3, (547, mixtures))
    return signature, signature @ share.T * noise + rng.gamma(2, 20, (547, mixtures))


def inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, signature and mixtures of the trial-size oracle, or drawn."""
    given = os.environ.get("HER2HET_TEST_DATA")
    if not given:
        return drawn(285, 20_000), *drawn_mixtures(285)
    folder = Path(given) / "oracles/trial_size"
    signature = pd.read_csv(folder / "sig.tsv", sep="\t", index_col=0)
    mixtures = pd.read_csv(folder / "mixtures.tsv.gz", sep="\t", index_col=0).loc[signature.index]
    return np.load(folder / "counts.npz")["counts"], signature.to_numpy(), mixtures.to_numpy()


@dataclass(frozen=True)
class Timing:
    """Seconds of the first call, of each further one, and processor seconds (all threads) of these."""

    first: float
    wall: list[float]
    cpu: list[float]


def timed(fn: Callable[[], np.ndarray], repeat: int) -> tuple[np.ndarray, Timing]:
    """The answer, and how long it took."""
    wall: list[float] = []
    cpu: list[float] = []
    answer = np.empty(0)
    for _ in range(repeat + 1):
        start, used = time.perf_counter(), time.process_time()
        answer = fn()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return answer, Timing(wall[0], wall[1:] or wall, cpu[1:] or cpu)


def in_r(work: str, arrays: dict[str, np.ndarray], shape: tuple[int, ...]) -> tuple[np.ndarray, Timing, str]:
    """R's answer, its seconds (taken inside R, without reading), and its version."""
    with tempfile.TemporaryDirectory() as folder:
        for name, array in arrays.items():
            np.asfortranarray(array, dtype=np.float64).T.tofile(f"{folder}/{name}.f64")
        sizes = "".join(f"{name} {a.shape[0]} {a.shape[1]}\n" for name, a in arrays.items())
        Path(folder, "sizes.txt").write_text(sizes)
        command = ["Rscript", str(HERE / "expression_basics.R"), work, folder, str(REPEATS_OF_R[work])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        answer = np.fromfile(f"{folder}/{work}_r.f64").reshape(shape, order="F")
    lines = done.stdout.splitlines()
    seconds = [[float(v) for v in line.split()[1:]] for line in lines if line.startswith("seconds")]
    timing = Timing(seconds[0][0], [s[0] for s in seconds], [s[1] for s in seconds])
    return answer, timing, next(line for line in lines if line.startswith("version")).removeprefix("version ")


def in_scikit_learn(signature: np.ndarray, mixtures: np.ndarray) -> tuple[np.ndarray, Timing]:
    """Shares by scikit-learn's NuSVR with its default tolerance, two jobs."""
    joblib, svm = import_module("joblib"), import_module("sklearn.svm")
    x = (signature - signature.mean()) / signature.std(ddof=1)

    def one(mixture: np.ndarray) -> np.ndarray:
        y = (mixture - mixture.mean()) / mixture.std(ddof=1)
        fits = [np.maximum(svm.NuSVR(kernel="linear", nu=nu, C=1.0).fit(x, y).coef_[0], 0) for nu in NU]
        shares = [w / w.sum() for w in fits]
        return shares[int(np.argmin([np.square(x @ w - y).mean() for w in shares]))]

    start = time.perf_counter()
    answer = joblib.Parallel(n_jobs=2)(joblib.delayed(one)(column) for column in mixtures.T)
    seconds = time.perf_counter() - start
    return np.array(answer), Timing(seconds, [seconds], [float("nan")])


def up_to_sign(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a * np.sign((a * b).sum(axis=0)) - b).max())


def compare(works: tuple[str, ...], repeat: int) -> pd.DataFrame:
    counts, signature, mixtures = inputs()
    ever = counts.any(axis=1)
    factors = tmm_factors(counts)  # compiles; timed again below
    log_cpm = log_cpm1(counts[ever], factors.effective_lib)
    samples = counts.shape[1]
    ours: dict[str, Callable[[], np.ndarray]] = {
        "tmm": lambda: tmm_factors(counts).norm_factor,
        "pca": lambda: pca(log_cpm, 10).scores,
        "nusvr": lambda: cell_fractions(signature, mixtures).share,
    }
    arrays = {
        "tmm": {"counts": counts},
        "pca": {"log_cpm": log_cpm},
        "nusvr": {"signature": signature, "mixtures": mixtures},
    }
    shapes = {"tmm": (samples,), "pca": (samples, 10), "nusvr": (signature.shape[1], mixtures.shape[1])}
    rows: list[dict[str, object]] = []
    for work in works:
        answer, mine = timed(ours[work], repeat)
        rows.append(row(work, f"her2het ({worker_threads()} threads)", mine, mine, 0.0))
        if shutil.which("Rscript"):
            theirs, timing, name = in_r(work, arrays[work], shapes[work])
            theirs = theirs.T if work == "nusvr" else theirs
            away = up_to_sign(answer, theirs) if work == "pca" else float(np.abs(answer - theirs).max())
            rows.append(row(work, name, timing, mine, away))
        if work == "nusvr" and find_spec("sklearn") and find_spec("joblib"):
            theirs, timing = in_scikit_learn(signature, mixtures)
            name = f"scikit-learn {version('scikit-learn')} (2 jobs)"
            rows.append(row(work, name, timing, mine, float(np.abs(answer - theirs).max())))
        if work == "nusvr":
            _, timing = timed(lambda: null_correlations(signature, mixtures, 100, 1), repeat)
            rows.append(row("nusvr, 100 permutations", f"her2het ({worker_threads()} threads)", timing, timing, 0.0))
    return pd.DataFrame(rows)


def row(work: str, who: str, timing: Timing, ours: Timing, away: float) -> dict[str, object]:
    wall, cpu = statistics.median(timing.wall), statistics.median(timing.cpu)
    return {
        "work": work,
        "who": who,
        "first": timing.first,
        "best": min(timing.wall),
        "median": wall,
        "cpu": cpu,
        "times_ours": wall / statistics.median(ours.wall),
        "times_our_cpu": cpu / statistics.median(ours.cpu),
        "largest_difference": away,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", action="append", choices=WORKS, help="only this (repeatable)")
    parser.add_argument("--repeat", type=int, default=5, help="warm runs of ours")
    given = parser.parse_args()
    table = compare(tuple(given.work or WORKS), given.repeat)
    out = HERE / "results" / "expression_basics.tsv"
    out.parent.mkdir(exist_ok=True)
    table.to_csv(out, sep="\t", index=False, float_format="%.4g")
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4g}"))


if __name__ == "__main__":
    main()
