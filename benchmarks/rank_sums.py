"""Rank-sum tests of 19,600 genes for three contrasts of 285 samples: ours, scipy's, and R's wilcox.test.

    python benchmarks/rank_sums.py                 # R on every tenth gene, times ten
    python benchmarks/rank_sums.py --genes 2000

Prints TSV: who, wall and processor seconds (best of five; R once), times ours (processor), largest relative difference
of p. Values are drawn; all p are asymptotic with continuity correction, as R's loop takes them at these sizes.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import mannwhitneyu

from her2het.kernels.many_ranks import many_rank_sums

R_SIDE = """
a <- commandArgs(TRUE); n <- as.integer(a[2]); x <- matrix(readBin(a[1], "double", n * 285), ncol = 285, byrow = TRUE)
g <- rep(1:3, c(140, 113, 32)); pairs <- list(c(2, 1), c(3, 1), c(3, 2))
one <- function(v, k) wilcox.test(v[g == k[1]], v[g == k[2]], exact = FALSE)$p.value
t <- system.time(p <- sapply(pairs, function(k) apply(x, 1, one, k)))
cat(t["elapsed"], t["user.self"] + t["sys.self"], "\n"); writeBin(as.vector(t(p)), a[3])
"""


def timed(work: Callable[[], np.ndarray], times: int) -> tuple[float, float, np.ndarray]:
    """Best wall and processor seconds, and the answer."""
    walls, processors, answer = [], [], work()
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        answer = work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors), answer


def by_r(values: np.ndarray) -> tuple[float, float, np.ndarray]:
    """The same in R, on every tenth gene; seconds times ten."""
    some = np.ascontiguousarray(values[::10])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        some.tofile(place / "x")
        (place / "run.R").write_text(R_SIDE)
        command = ["Rscript", str(place / "run.R"), str(place / "x"), str(len(some)), str(place / "p")]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        p = np.fromfile(place / "p").reshape(len(some), 3)
    return 10 * float(said[0]), 10 * float(said[1]), p


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--genes", type=int, default=19_600)
    values = np.random.default_rng(0).normal(size=(arguments.parse_args().genes, 285))
    group = np.repeat([0, 1, 2], [140, 113, 32])
    contrasts = [(1, 0), (2, 0), (2, 1)]
    wall, processor, ours = timed(lambda: many_rank_sums(values, group, contrasts, exact=False).p, 5)
    print("who\twall\tprocessor\ttimes_ours\tlargest_difference")
    print(f"ours\t{wall:.3f}\t{processor:.3f}\t1\t0")

    def scipy_p() -> np.ndarray:
        return np.column_stack(
            [
                mannwhitneyu(values[:, group == a], values[:, group == b], axis=1, method="asymptotic").pvalue
                for a, b in contrasts
            ]
        )

    other_wall, other, p = timed(scipy_p, 1)
    print(f"scipy\t{other_wall:.3f}\t{other:.3f}\t{other / processor:.1f}\t{np.abs(ours / p - 1).max():.1e}")
    if shutil.which("Rscript"):
        other_wall, other, p = by_r(values)
        difference = np.abs(ours[::10] / p - 1).max()
        print(f"R\t{other_wall:.3f}\t{other:.3f}\t{other / processor:.1f}\t{difference:.1e}")


if __name__ == "__main__":
    main()
