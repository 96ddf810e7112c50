"""How long scoring many nuclei takes: from memory, and from a file to the written table.

    python benchmarks/fish_speed.py                       # 10 million nuclei of 25,000 samples, 6 areas each
    python benchmarks/fish_speed.py --nuclei 1000000 --samples 2500
    python benchmarks/fish_speed.py --skip-certainty      # without the posterior and the null of cut nuclei

memory      counts, intervals of ratio, copies and fraction, calls, equitability, warm; nuclei sorted by area, and not
file        `her2het fish score --quick` in a process of its own, from CSV and from Parquet, with its largest memory
certainty   posterior of the fraction over areas; fit and null of cut nuclei, at one chance of keeping a signal
first       the first call in a fresh process with an empty cache: compilation

Writes results/fish_speed.tsv: work, seconds (best and median of the warm runs), processor seconds, memory in GB, load
of the machine before. On a busy machine read the processor seconds, over the number of threads.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from her2het.kernels.area_posterior import fraction_posterior
from her2het.kernels.cut_nuclei import call_robust, fit_cut_nuclei
from her2het.kernels.diversity import diversity
from her2het.kernels.fish import CellRule, FishCounts, count_nuclei
from her2het.kernels.fish_intervals import clopper_pearson, copies_interval, ratio_interval
from her2het.kernels.het_call import Limits, call_fraction
from her2het.kernels.threads import worker_threads
from her2het.reference.het_profiles import BY_NAME, HetProfile

RESULTS = Path(__file__).parent / "results"
AREAS = 6
LI = BY_NAME[HetProfile.LI2024]
RULE, LIMITS = CellRule(*LI.cell.integers), Limits(*LI.limits.integers)
Nuclei = tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int32]]


def nuclei(n: int, samples: int) -> Nuclei:
    """ERBB2, CEP17 and area of each nucleus, sorted by area: tumours of many copy numbers, areas that differ."""
    rng = np.random.default_rng(20_263)
    areas = samples * AREAS
    size = rng.multinomial(n, rng.dirichlet(np.full(areas, 20.0)))
    area = np.repeat(np.arange(areas, dtype=np.int32), size)
    copies = np.repeat(rng.gamma(2, 1.5, samples), AREAS) * np.exp(rng.normal(0, 0.2, areas))
    her2 = (1 + rng.poisson(copies[area])).astype(np.int16)
    return her2, (1 + rng.poisson(1.2, n)).astype(np.int16), area


def scored(data: Nuclei, samples: int) -> FishCounts:
    """All that --quick computes."""
    counts = count_nuclei(*data, np.repeat(np.arange(samples), AREAS), samples, rule=RULE)
    ratio_interval(counts.samples)
    copies_interval(counts.samples)
    clopper_pearson(counts.samples.amplified, counts.samples.scored)
    call_fraction(counts.samples.amplified, counts.samples.scored, LI.n_min, LIMITS)
    diversity(counts.pairs.start, counts.pairs.count)
    return counts


def timed(name: str, work: Callable[[], object], repeats: int) -> dict[str, object]:
    """Best and median wall time and processor time of warm runs."""
    load = os.getloadavg()[0]
    wall, busy = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
    return {
        "work": name,
        "best": min(wall),
        "median": statistics.median(wall),
        "processor": min(busy),
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "load_before": load,
    }


def timed_shuffled(data: Nuclei, samples: int, repeats: int) -> dict[str, object]:
    """The same nuclei in random order."""
    order = np.random.default_rng(1).permutation(len(data[0]))
    mixed: Nuclei = (data[0][order], data[1][order], data[2][order])
    return timed("memory, in any order", lambda: scored(mixed, samples), repeats)


def command(name: str, path: Path, out: Path, *options: str) -> dict[str, object]:
    """`her2het fish score` in a process of its own."""
    load = os.getloadavg()[0]
    code = "import sys; from her2het.cli.main import main; sys.argv[0] = 'her2het'; main()"
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, "fish", "score", str(path), "--out", str(out), *options],
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = status
    if status:
        raise RuntimeError(f"{name}: the command failed")
    return {
        "work": name,
        "best": wall,
        "median": wall,
        "processor": used.ru_utime + used.ru_stime,
        "memory_gb": used.ru_maxrss / 1e6,
        "load_before": load,
    }


def files(data: Nuclei, folder: Path) -> tuple[Path, Path]:
    """The nuclei as CSV and as Parquet."""
    her2, cep17, area = data
    samples, areas = int(area.max()) // AREAS + 1, AREAS
    names = pa.array([f"S{k:05d}" for k in range(samples)])
    letters = pa.array([f"A{k + 1}" for k in range(areas)])
    table = pa.table(
        {
            "sample": pa.DictionaryArray.from_arrays(pa.array(area // AREAS), names).cast(pa.string()),
            "area": pa.DictionaryArray.from_arrays(pa.array(area % AREAS), letters).cast(pa.string()),
            "erbb2": her2,
            "cep17": cep17,
        }
    )
    pacsv.write_csv(table, folder / "nuclei.csv")
    pq.write_table(table, folder / "nuclei.parquet")
    return folder / "nuclei.csv", folder / "nuclei.parquet"


def first_call(folder: Path) -> dict[str, object]:
    """A small file through the whole command in a fresh process with an empty cache of compiled code."""
    path = folder / "few.csv"
    path.write_text("sample,area,erbb2,cep17\n" + "a,1,4,2\na,2,2,2\nb,1,9,3\nb,2,2,2\n" * 30)
    os.environ["NUMBA_CACHE_DIR"] = str(folder / "cache")
    row = command("first: 120 nuclei, compiling", path, folder / "few.tsv")
    again = command("second: 120 nuclei", path, folder / "few.tsv")
    del os.environ["NUMBA_CACHE_DIR"]
    return row | {"median": again["best"], "work": "first and second (median column): 120 nuclei, whole command"}


def main() -> None:
    """Measure, write, say what holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nuclei", type=int, default=10_000_000)
    parser.add_argument("--samples", type=int, default=25_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--skip-certainty", action="store_true")
    given = parser.parse_args()
    data = nuclei(given.nuclei, given.samples)
    counts = scored(data, given.samples)
    rows = [
        timed("memory, sorted", lambda: scored(data, given.samples), given.repeats),
        timed_shuffled(data, given.samples, given.repeats),
    ]
    areas = counts.areas
    if not given.skip_certainty:
        few = count_nuclei(
            *(x[:2000] for x in data), np.repeat(np.arange(given.samples), AREAS), given.samples, rule=RULE
        )
        fit_cut_nuclei(few.pairs, rule=RULE)  # compiled
        rows.append(
            timed(
                "posterior",
                lambda: fraction_posterior(areas.amplified, areas.scored, counts.area_start, low=0.05, high=0.5),
                2,
            )
        )
        rows.append(
            timed(
                "cut nuclei: fit, limits, null, call",
                lambda: call_robust(fit_cut_nuclei(counts.pairs, rule=RULE), low=0.05, high=0.5, n_min=LI.n_min),
                1,
            )
        )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for path in files(data, folder):
            name = f"file, {path.suffix[1:].upper()} to TSV"
            runs = [command(name, path, folder / "out.tsv", "--quick") for _ in range(3)]
            rows.append(
                min(runs, key=lambda r: float(str(r["best"])))
                | {"median": statistics.median(float(str(r["best"])) for r in runs)}
            )
        written = pd.read_csv(folder / "out.tsv", sep="\t")
        if len(written) != given.samples or int(written["nuclei"].sum()) != given.nuclei:
            raise RuntimeError("the written table does not hold all nuclei")
        rows.append(first_call(folder))
    table = pd.DataFrame(rows)
    table.insert(1, "nuclei", given.nuclei)
    table.insert(2, "samples", given.samples)
    table.insert(3, "threads", worker_threads())
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / "fish_speed.tsv", sep="\t", index=False, float_format="%.3f")
    print(table.to_string(index=False, float_format=lambda x: f"{x:.2f}"))


if __name__ == "__main__":
    main()
