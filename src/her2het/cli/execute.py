"""Load, run, publish: what `run` and `demo` do."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from her2het.analyses import PLAN
from her2het.cli.progress import Progress
from her2het.config import check_knobs, parse_set
from her2het.engine import EngineName, open_engine
from her2het.engine.processes import beside
from her2het.kernels.compiled import announce_compilation
from her2het.kernels.warm import is_cold
from her2het.kernels.warm import main as compile_kernels
from her2het.load import load_study
from her2het.report.folder import check_place, open_output, swap
from her2het.report.manifest import how_it_ran
from her2het.report.publish import publish
from her2het.run import INPUT_PROBLEM, Outcome, run
from her2het.schema import StudyError
from her2het.study import Study


@dataclass(frozen=True)
class Request:
    """What a user asks of a run."""

    study: Path
    out: Path
    engine: EngineName = "processes"
    workers: int = 1
    only: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """Where the report is, and which analyses could not use their data."""

    report: Path
    failed: tuple[Outcome, ...]

    @property
    def status(self) -> int:
        """The exit status: 0, or 3 where the report is there but an analysis met a problem of the input."""
        return 3 if self.failed else 0

    def complaints(self) -> list[str]:
        """A sentence for each analysis that failed."""
        return [f"{o.analysis.name}: {INPUT_PROBLEM}: {o.reason}" for o in self.failed]


def execute(request: Request, progress: Progress) -> Finished:
    """Run a study and put its output in place.

    :raises StudyError: where the study, a knob or the place of the output is wrong
    """
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    for name in request.only:
        PLAN[name]
    settings = [parse_set(text) for text in request.sets]
    check_place(request.out, (request.study,))
    progress.start("reading the study")
    study = with_settings(load_study(request.study, PLAN), settings)
    progress.done("study", "read", time.perf_counter() - clock)
    announce_compilation(progress.start)
    with _compiling_beside(request), open_output(request.out, _sources(request, study)) as folder:
        engine = _engine(request)
        try:

            def listen(name: str, outcome: Outcome | None) -> None:
                if outcome is None:
                    progress.start(name)
                else:
                    progress.done(name, outcome.status, outcome.seconds, reason=outcome.reason)

            outcomes = run(PLAN, study, engine, folder.cache, request.only, listen)
            writing = time.perf_counter()
            progress.start("writing the report")
            folder.stage.mkdir()
            seconds = time.perf_counter() - clock
            about = how_it_ran(outcomes, started, seconds, request.engine, request.workers)
            publish(PLAN, study, outcomes, folder.stage, folder.cache, engine, about)
        finally:
            engine.close()
        swap(folder)
        progress.done("report", "written", time.perf_counter() - writing)
    return Finished(request.out / "report.html", tuple(o for o in outcomes if o.status == "failed"))


def _sources(request: Request, study: Study) -> list[Path]:
    """Whatever the run reads: the study and each of its files."""
    folder = study.folder or request.study
    return [request.study, *(folder / each.file for each in study.inputs)]


@contextmanager
def _compiling_beside(request: Request) -> Iterator[None]:
    """Where kernels were never compiled here and there is a processor to spare, compile them in a process beside."""
    if request.workers < 2 or request.only or not is_cold():
        yield
        return
    with beside(compile_kernels):
        yield


def with_settings(study: Study, settings: Sequence[tuple[str, str, Any]]) -> Study:
    """The study with knobs set on the command line. :raises StudyError: where one is unknown or out of bounds"""
    knobs = {name: dict(values) for name, values in study.knobs.items()}
    for name, knob, value in settings:
        knobs.setdefault(PLAN[name].name, {})[knob] = value
    problems = [p for name, values in knobs.items() for p in check_knobs(PLAN[name], values, f"--set {name}")]
    if problems:
        raise StudyError(*problems)
    return replace(study, knobs=knobs)


def _engine(request: Request) -> Any:
    try:
        return open_engine(request.engine, request.workers)
    except ImportError:
        raise StudyError(
            "--engine dask: distributed is not installed. Install it with: pip install 'her2het[dask]'."
        ) from None
