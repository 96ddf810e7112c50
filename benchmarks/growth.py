"""What each method costs against samples and genes: measured, fitted, drawn.

    python benchmarks/growth.py                     # about three minutes on 2 cores
    python benchmarks/growth.py --work deseq2 tmm

Each is run on drawn counts of 50 to 3,000 samples at a fixed number of genes, and of 1,000 to 40,000 genes at a fixed
number of samples; warm, best of three runs. Cost is processor seconds of all threads, which other work on the machine
changes least; the wall stands beside it. The exponent is the slope of log cost on log size over the three largest sizes
(a small problem is all overhead). Theory: linear in genes throughout; linear in samples for DESeq2, TMM, ssGSEA
and nu-SVR (mixtures); samples squared for GSVA, which compares every pair of samples for each gene, and for the Gram
matrix of PCA (cubed in its eigenvectors). Writes results/growth.tsv, growth_exponents.tsv and growth.svg.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import deseq
import expression_basics
import gene_sets
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from her2het.kernels.deconvolve import cell_fractions
from her2het.kernels.gsva import gsva_scores
from her2het.kernels.pca import pca
from her2het.kernels.ssgsea import ssgsea_scores
from her2het.kernels.tmm import log_cpm1, tmm_factors

RESULTS = Path(__file__).parent / "results"
SAMPLES = (50, 100, 200, 400, 800, 1600, 3000)
LINE = 0.14  # height of a label in powers of ten
GENES = (1_250, 2_500, 5_000, 10_000, 20_000, 40_000)
Job = Callable[[], object]


@dataclass(frozen=True)
class Work:
    """A method: its name, how a problem of so many samples and genes is made, the sizes held fixed, what theory says.

    `exponent` is that of samples; genes are linear. `varies`: whether genes are varied (a signature has few).
    """

    name: str
    make: Callable[[int, int], Job]
    genes: int
    samples: int
    exponent: int
    colour: str
    varies: bool = True


def of_deseq2(samples: int, genes: int) -> Job:
    work = deseq.works(samples, genes, None)[0]
    return lambda: deseq.ours(work)


def of_tmm(samples: int, genes: int) -> Job:
    counts = expression_basics.drawn(samples, genes)
    return lambda: tmm_factors(counts)


def of_pca(samples: int, genes: int) -> Job:
    counts = expression_basics.drawn(samples, genes)
    logs = log_cpm1(counts, tmm_factors(counts).effective_lib)
    return lambda: pca(logs, 10)


def scored(kernel: Callable[..., np.ndarray]) -> Callable[[int, int], Job]:
    def make(samples: int, genes: int) -> Job:
        counts, names, _, sets = gene_sets.drawn(samples, genes, 200)
        logs = np.log2(counts / counts.sum(axis=0) * 1e6 + 1)
        members, starts = gene_sets.packed(sets, names)
        return lambda: kernel(logs, members, starts)

    return make


def of_nusvr(samples: int, genes: int) -> Job:
    signature, mixtures = expression_basics.drawn_mixtures(samples)
    return lambda: cell_fractions(signature[:genes], mixtures[:genes])


WORKS = (
    Work("DESeq2", of_deseq2, 5_000, 100, 1, "#0072B2"),
    Work("TMM", of_tmm, 5_000, 100, 1, "#009E73"),
    Work("ssGSEA", scored(ssgsea_scores), 2_000, 100, 1, "#CC79A7"),
    Work("nu-SVR", of_nusvr, 547, 100, 1, "#E69F00", varies=False),
    Work("PCA", of_pca, 5_000, 100, 2, "#56B4E9"),
    Work("GSVA", scored(gsva_scores), 1_000, 100, 2, "#D55E00"),
)


def best(job: Job, repeat: int) -> tuple[float, float]:
    """Least processor and wall seconds of warm runs."""
    job()
    cpu, wall = [], []
    for _ in range(repeat):
        start, used = time.perf_counter(), time.process_time()
        job()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return min(cpu), min(wall)


def measure(work: Work, repeat: int) -> list[dict[str, object]]:
    sizes = [("samples", n, work.genes) for n in SAMPLES]
    sizes += [("genes", work.samples, g) for g in GENES] if work.varies else []
    rows: list[dict[str, object]] = []
    for against, samples, genes in sizes:
        cpu, wall = best(work.make(samples, genes), repeat)
        rows.append(
            {
                "work": work.name,
                "against": against,
                "samples": samples,
                "genes": genes,
                "processor_seconds": cpu,
                "wall_seconds": wall,
                "nanoseconds_per_value": cpu / (samples * genes) * 1e9,
            }
        )
        print(f"{work.name}\t{against}\t{samples}\t{genes}\t{cpu:.4f}\t{wall:.4f}", flush=True)
    return rows


def exponents(table: pd.DataFrame, works: list[Work]) -> pd.DataFrame:
    """Slope of log cost on log size over the three largest sizes, beside what theory says."""
    rows = []
    for work in works:
        for against, theory in (("samples", work.exponent), ("genes", 1)):
            part = table[(table["work"] == work.name) & (table["against"] == against)].tail(3)
            if len(part):
                slope = np.polyfit(np.log(part[against].astype(float)), np.log(part["processor_seconds"]), 1)[0]
                rows.append({"work": work.name, "against": against, "exponent": slope, "theory": theory})
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame, slopes: pd.DataFrame, works: list[Work], path: Path) -> None:
    """Cost against samples and against genes, both on log scales, each line named with its exponent."""
    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "growth", "font.size": 8})
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", sharey=True)
    for ax, against in zip(axes, ("samples", "genes"), strict=True):
        ends: list[tuple[float, float, str, str]] = []
        for work in works:
            part = table[(table["work"] == work.name) & (table["against"] == against)]
            if part.empty:
                continue
            ax.plot(
                part[against], part["processor_seconds"], marker="o", markersize=3, linewidth=1.2, color=work.colour
            )
            row = slopes[(slopes["work"] == work.name) & (slopes["against"] == against)].iloc[0]
            fixed = f"{work.genes:,} genes" if against == "samples" else f"{work.samples:,} samples"
            last = part.iloc[-1]
            label = f"{work.name} ({fixed}): {row['exponent']:.2f}"
            ends.append((float(last[against]), float(last["processor_seconds"]), label, work.colour))
        name_lines(ax, ends)
        ax.set(xscale="log", yscale="log", xlabel=against.capitalize())
        ax.set_xticks(SAMPLES if against == "samples" else GENES)
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        ax.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        ax.xaxis.set_minor_locator(mpl.ticker.NullLocator())
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("Processor seconds, all threads")
    figure.suptitle(
        "Cost against size; the number after a name is its exponent over the three largest sizes", x=0.01, ha="left"
    )
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def name_lines(ax: plt.Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Labels at the right, at least a line's height apart."""
    above = -np.inf
    for x, y, label, colour in sorted(ends, key=lambda e: e[1]):
        at = max(np.log10(y), above + LINE)
        above = at
        ax.annotate(
            label,
            (x, 10**at),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs="+", choices=[w.name.lower() for w in WORKS], help="only these")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--draw", action="store_true", help="draw the stored measurements again")
    given = parser.parse_args()
    works = [w for w in WORKS if not given.work or w.name.lower() in given.work]
    if given.draw:
        table = pd.read_csv(RESULTS / "growth.tsv", sep="\t")
    else:
        table = pd.DataFrame([row for work in works for row in measure(work, given.repeat)])
    slopes = exponents(table, works)
    print(slopes.to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / "growth.tsv", sep="\t", index=False, float_format="%.4g")
    slopes.to_csv(RESULTS / "growth_exponents.tsv", sep="\t", index=False, float_format="%.2f")
    draw(table, slopes, works, RESULTS / "growth.svg")


if __name__ == "__main__":
    main()
