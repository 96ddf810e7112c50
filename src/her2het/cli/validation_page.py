"""Run the trials of a validation, and write its page, tables and figures."""

import shutil
import time
from pathlib import Path

from her2het.cli.progress import Progress
from her2het.cli.run import default_workers
from her2het.cli.validation import KNOBS, one_trial, summed_up, tasks_of
from her2het.engine import EngineName, open_engine
from her2het.figures.save import save
from her2het.figures.validation import validation as draw
from her2het.report.draw import SYNTHETIC
from her2het.report.manifest import commit, versions
from her2het.report.tables import write_tables
from her2het.report.validation import panel_name, validation_page
from her2het.report.view import GroupView, KnobView
from her2het.schema import StudyError
from her2het.simulate.structure import GROUPS, TRIAL
from her2het.simulate.write import EXPRESSIONS

PAGE = "validation.html"
OWN = {PAGE, "tables", "figures"}


def validate(
    seeds: int,
    out: Path,
    null_only: bool,
    first: int,
    genes: int,
    workers: int | None,
    engine: EngineName,
    told: Progress,
) -> Path:
    """Simulate, analyse, sum up and write; the path of the page.

    :raises StudyError: where the folder holds anything else, or dask is asked for and not installed
    """
    if out.exists() and (not out.is_dir() or {p.name for p in out.iterdir()} - OWN):
        raise StudyError(f"{out}: holds something else. Name a new or an empty folder.")
    tasks = tasks_of(seeds, first, genes, null_only=null_only)
    clock = time.perf_counter()
    told.start(f"{len(tasks)} trials")
    try:
        runner = open_engine(engine, workers or default_workers())
    except ImportError:
        raise StudyError(
            "--engine dask: distributed is not installed. Install it with: pip install 'her2het[dask]'."
        ) from None
    try:
        found = runner.map(one_trial, tasks)
    finally:
        runner.close()
    seconds = time.perf_counter() - clock
    told.done(f"{len(tasks)} trials", "analysed", seconds)
    result = summed_up(found, seconds)
    told.start("writing the page")
    writing = time.perf_counter()
    for name in OWN - {PAGE}:
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    write_tables(result, out / "tables")
    drawings = draw(result)
    for d in drawings:
        save(d, out / "figures", panel_name(d), stamp=SYNTHETIC)
        d.numbers.to_csv(out / "figures" / f"{panel_name(d)}.tsv", sep="\t", index=False, lineterminator="\n")
    knobs = [
        KnobView(f"{a}.{k}", str(v), "", "smaller, so that a trial is quick")
        for a, s in KNOBS.items()
        for k, v in s.items()
    ]
    groups = [GroupView(g, rule, n) for g, rule, n in zip(GROUPS, EXPRESSIONS, TRIAL.patients, strict=True)]
    flag = " --null" if null_only else ""
    again = f"her2het validate --seeds {seeds} --first {first} --genes {genes}{flag}"
    about = versions() | ({"commit": commit()} if commit() else {})
    page = validation_page(result, drawings, about, knobs, groups, again)
    (out / PAGE).write_text(page, encoding="utf-8", newline="\n")
    told.done("page", "written", time.perf_counter() - writing)
    return out / PAGE
