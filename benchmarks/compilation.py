"""What a user pays once per machine: the compilation of every numerical kernel, from an empty cache.

    python benchmarks/compilation.py

Runs the whole plan on a small synthetic trial, and then what the plan does not reach, in one process with an empty
numba cache and one thread, and times every compilation (a kernel's own, with numba's functions that it calls, without
other kernels). Then a second process with the cache just filled: from its start to its first DESeq2 result, with its
memory. Prints TSV and writes results/compilation.tsv: file of kernels, number of kernels, wall and processor seconds;
their sum; the second process; the load of the machine.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

RESULTS = Path(__file__).parent / "results"


def compile_all() -> dict[str, list[float]]:
    """File -> [kernels, wall, processor seconds] of every compilation in this process; and what was not reached."""
    from numba.core import event  # noqa: PLC0415
    from numba.core.registry import CPUDispatcher  # noqa: PLC0415

    import her2het.kernels  # noqa: PLC0415

    spent: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])

    class Stopwatch(event.Listener):
        def __init__(self) -> None:
            self.open: list[tuple[str, float, float]] = []  # the file it counts for, and when it began

        def on_start(self, event: Any) -> None:
            module = event.data["dispatcher"].py_func.__module__
            own = module.startswith("her2het.kernels.")
            name = module.removeprefix("her2het.kernels.") if own or not self.open else self.open[-1][0]
            spent[name][0] += own
            self.charge()
            self.open.append((name, time.perf_counter(), time.process_time()))

        def on_end(self, event: Any) -> None:
            del event
            self.charge()
            self.open.pop()
            if self.open:
                self.open[-1] = (self.open[-1][0], time.perf_counter(), time.process_time())

        def charge(self) -> None:
            """Time since the innermost compilation began, or went on, to its file."""
            if self.open:
                name, wall, cpu = self.open[-1]
                spent[name][1] += time.perf_counter() - wall
                spent[name][2] += time.process_time() - cpu

    event.register("numba:compile", Stopwatch())
    exercise()
    for info in walk_packages(her2het.kernels.__path__, "her2het.kernels."):
        module = import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, CPUDispatcher) and value.py_func.__module__ == info.name and not value.signatures:
                print(f"# not compiled here: {info.name}.{name}", file=sys.stderr)
    return dict(spent)


def exercise() -> None:
    """Run every kernel once."""
    from her2het.analyses import PLAN  # noqa: PLC0415
    from her2het.engine.serial import Serial  # noqa: PLC0415
    from her2het.kernels.warm import TASKS  # noqa: PLC0415
    from her2het.load import load_study  # noqa: PLC0415
    from her2het.run import run  # noqa: PLC0415
    from her2het.simulate import simulate_trial, write_trial  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        write_trial(simulate_trial(1, genes=4_000), study)
        run(PLAN, load_study(study, PLAN), Serial(), Path(folder) / "cache")
        for task in TASKS:
            task()
        commands(study)


def commands(study: Path) -> None:
    """What the plan has no use for: other designs, tests, priors and trends of DESeq2, GSVA's Poisson kernel."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    from her2het.io.matrix import read_matrix  # noqa: PLC0415
    from her2het.kernels.deseq.layout import layout  # noqa: PLC0415
    from her2het.kernels.deseq.optimum import bounded_coefficients  # noqa: PLC0415
    from her2het.kernels.many_ranks import many_rank_sums  # noqa: PLC0415
    from her2het.stats.differential import compare, fit_expression  # noqa: PLC0415
    from her2het.stats.gene_sets import gsva  # noqa: PLC0415

    counts = read_matrix(next(study.glob("*counts*")), unit="counts")
    counts = counts.keep_rows(np.arange(len(counts.rows)) < 1_000).pick(counts.columns[:40])
    table = pd.DataFrame(
        {"group": np.tile(["a", "b"], 20), "batch": np.repeat(["x", "y"], 20), "age": np.arange(40.0)},
        index=pd.Index(counts.columns),
    )
    fit = fit_expression(counts, table, "~ batch + age + group", reduced="~ batch + age", trend="local")
    compare(fit)
    plain = fit_expression(counts, table, "~ batch + group", size_factors="poscounts")
    for shrink in ("normal", "apeglm"):
        compare(plain, shrink=shrink)
    compare(plain, calibrate="factors")
    plain.cooks()
    gsva(counts, {"A": counts.rows[:50]}, kernel="poisson")
    group = np.arange(40) % 2
    many_rank_sums(counts.values[:100].astype(np.float64), group, [(0, 1)])
    design = layout(np.column_stack([np.ones(40), group]).astype(np.float64))
    drawn, start = np.random.default_rng(1).poisson(20, (800, 40)).astype(np.int32), np.zeros((800, 2))
    bounded_coefficients(
        drawn, np.ones(40), design, np.full(800, 0.1), np.full(2, 1e-6), start
    )  # as many as are compiled


FIRST = """
import time, resource
from pathlib import Path
import pandas as pd
from her2het.io.matrix import read_matrix
from her2het.stats.differential import differential_expression
counts = read_matrix("counts.tsv.gz", unit="counts")
samples = pd.read_csv("samples.tsv", sep="\\t", index_col=0)
table = differential_expression(counts, samples, "~ group").table
print(len(table), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def first_result(environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the start of a process to its first DESeq2 table (285 x 20,000, a file), and its memory (MB)."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from deseq import drawn  # noqa: PLC0415

    values, table = drawn(285, 20_000)
    with tempfile.TemporaryDirectory() as folder:
        frame = pd.DataFrame(values, index=[f"ENSG{i:011d}" for i in range(len(values))], columns=table.index)
        frame.to_csv(Path(folder) / "counts.tsv.gz", sep="\t", index_label="gene")
        table.to_csv(Path(folder) / "samples.tsv", sep="\t", index_label="sample")
        found: list[tuple[float, float]] = []
        for _ in range(3):
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", FIRST], cwd=folder, env=environment, check=True, capture_output=True, text=True
            )
            found.append((time.perf_counter() - start, float(done.stdout.split()[1])))
    return float(np.min([f[0] for f in found[1:]])), max(f[1] for f in found)


def measure() -> None:
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_CACHE_DIR": cache}
        subprocess.run([sys.executable, __file__, "--inside"], env=environment | {"HER2HET_THREADS": "1"}, check=True)
        seconds, memory = first_result(environment)
    lines = [
        f"first DESeq2 table of a new process (285 x 20,000 read from a file), warm cache\t\t{seconds:.2f}\t",
        f"its memory, MB\t\t{memory:.0f}\t",
        f"processes that wanted a processor meanwhile (load average)\t\t{os.getloadavg()[0]:.1f}\t",
    ]
    print("\n".join(lines))
    with (RESULTS / "compilation.tsv").open("a") as file:
        file.write("\n".join(lines) + "\n")


def inside() -> None:
    start = time.perf_counter()
    spent = compile_all()
    lines = ["kernels\tnumber\twall seconds\tprocessor seconds"]
    for name, (number, wall, cpu) in sorted(spent.items(), key=lambda item: -item[1][1]):
        lines.append(f"{name}\t{number:.0f}\t{wall:.2f}\t{cpu:.2f}")
    total = [sum(row[k] for row in spent.values()) for k in range(3)]
    lines.append(f"all\t{total[0]:.0f}\t{total[1]:.2f}\t{total[2]:.2f}")
    print("\n".join(lines))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"# the whole process: {time.perf_counter() - start:.0f} s, {peak:.0f} MB", file=sys.stderr)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "compilation.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    inside() if parser.parse_args().inside else measure()
