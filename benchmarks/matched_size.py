"""Genes that change under treatment at equal numbers of patients: 200 subsamples at trial size, timed.

    python benchmarks/matched_size.py                      # 200 subsamples, about two minutes on 2 idle cores
    python benchmarks/matched_size.py --subsamples 20 --workers 1

The synthetic trial of one seed (36 pairs not HET and 7 HET with RNA, baseline biopsies of a patient summed), cut to
19,600 genes; patients not HET are drawn again and again, 7 at a time, and fitted with the patient as a factor, as the
analysis `paired_genes` does (`stats.matched.numbers_at_size`, on the engine that a run uses). Prints and writes
results/matched_size.tsv: seconds of the wall and of the processors, with the machine's load, and the numbers of genes.
Bound: 300 seconds on 2 cores.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from her2het.engine import open_engine
from her2het.schema import Matrix
from her2het.simulate import simulate_trial
from her2het.stats.matched import Cut, matched_difference, numbers_at_size, paired_fit

GENES = 19_600
BOUND = 300.0  # seconds on 2 cores
RESULTS = Path(__file__).parent / "results"


def pairs(seed: int) -> dict[str, tuple[Matrix, Matrix]]:
    """Counts before and after of the patients that have both, HET and not HET at baseline."""
    trial = simulate_trial(seed)
    counts = trial.rna_counts
    samples = trial.samples[trial.samples["sample"].isin(counts.columns)]
    aberrant = set(trial.truth["outliers"]["sample"])
    samples = samples[~samples["sample"].isin(aberrant)]
    at = {name: i for i, name in enumerate(counts.columns)}
    owned = [samples[samples["timepoint"] == t].groupby("patient")["sample"].agg(list) for t in ("baseline", "surgery")]
    het = samples[samples["timepoint"] == "baseline"].groupby("patient")["het"].any()
    both = owned[0].index.intersection(owned[1].index)
    found = {}
    for name, who in (("HET", both[het[both]]), ("non-HET", both[~het[both]])):
        values = [
            np.stack([counts.values[:GENES, [at[s] for s in of[p]]].sum(axis=1) for p in who], axis=1) for of in owned
        ]
        found[name] = tuple(Matrix(v, counts.rows[:GENES], tuple(map(str, who)), "counts") for v in values)
    return found


def processors() -> float:
    """Seconds of this process and of those that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> int:
    """Measure, print, write; exit 1 beyond the bound."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--subsamples", type=int, default=200)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    parts, cut = pairs(given.seed), Cut(0.05, 8.0)
    load, start, used = os.getloadavg()[0], time.perf_counter(), processors()
    found = {name: int(cut.passed(paired_fit(*pair).table).sum()) for name, pair in parts.items()}
    sizes = {name: len(pair[0].columns) for name, pair in parts.items()}
    engine = open_engine("processes", given.workers)
    drawn = numbers_at_size(
        *parts["non-HET"], sizes["HET"], draws=given.subsamples, seed=given.seed, cut=cut, over=engine.map
    )
    engine.close()
    wall, cpu = time.perf_counter() - start, processors() - used
    names = ("HET", "non-HET")
    told = matched_difference((found["HET"], found["non-HET"]), drawn, names, (sizes["HET"], sizes["non-HET"]))
    row = {
        "genes": GENES,
        "pairs": sizes["non-HET"],
        "drawn_pairs": sizes["HET"],
        "subsamples": given.subsamples,
        "workers": given.workers,
        "load_at_start": round(load, 2),
        "wall_seconds": round(wall, 1),
        "processor_seconds": round(cpu, 1),
        "bound_seconds": BOUND,
        "found_non_het": found["non-HET"],
        "found_het": found["HET"],
        "median_drawn": float(np.nanmedian(drawn)),
        "difference": told.value,
        "low": told.low,
        "high": told.high,
        "p": round(told.p, 4),
    }
    table = pd.DataFrame([row])
    print(table.T.to_string(header=False))
    if given.subsamples >= 200:
        RESULTS.mkdir(exist_ok=True)
        table.to_csv(RESULTS / "matched_size.tsv", sep="\t", index=False)
    return int(wall > BOUND)


if __name__ == "__main__":
    sys.exit(main())
