"""Run the plan over a study, once per distinct (code, inputs, knobs)."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from threadpoolctl import threadpool_limits

from her2het import __version__
from her2het.config import knob_values
from her2het.engine import Engine
from her2het.plan import Analysis, Plan
from her2het.schema import NotApplicable, StudyError
from her2het.store import Unreadable, about_result, code_digest, digest, environment, load_result, save_result
from her2het.study import Study

Status = Literal["computed", "cached", "skipped", "failed"]
INPUT_PROBLEM = "a problem of the input"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one analysis: its result or the reason why there is none.

    `skipped`: the study cannot answer it. `failed`: it found something in the data or settings that the user can mend.
    """

    analysis: Analysis
    status: Status
    result: Any = None
    key: str = ""
    reason: str = ""
    knobs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seconds: float = 0.0
    folder: Path | None = None  # where the result is kept
    inherited: bool = False  # whether the reason began elsewhere, so that it holds as it is for what rests on this

    @property
    def consequence(self) -> str:
        """Why what needs this cannot be done: the root of it, not a chain of names."""
        if self.inherited:
            return self.reason
        cause = f"{INPUT_PROBLEM}: {self.reason.rstrip('.')}" if self.status == "failed" else self.reason
        return f"needs {self.analysis.name} ({cause})"


Listener = Callable[[str, Outcome | None], None]


def run(
    plan: Plan,
    study: Study,
    engine: Engine,
    cache: Path,
    only: Sequence[str] = (),
    listener: Listener | None = None,
) -> list[Outcome]:
    """Run the analyses (all, or `only` these and what they need), in the order in which they can run.

    An analysis that cannot use its data fails alone, with the reason; what rests on it is skipped, the rest is done.
    The listener hears each name before (None) and after (the outcome).

    :raises StudyError: where a knob is wrong
    """
    wanted = plan.upstream(only) if only else set(plan.by_name)
    values = {a.name: knob_values(a, study.knobs.get(a.name, {})) for a in plan.listed}
    tables = {name: digest(table) for name, table in study.tables.items()}
    done: dict[str, Outcome] = {}
    with threadpool_limits(1):
        for a in plan.order:
            if a.name not in wanted:
                continue
            if listener:
                listener(a.name, None)
            done[a.name] = _one(plan, study, a, values[a.name], tables, done, engine, cache)
            if listener:
                listener(a.name, done[a.name])
    return [done[a.name] for a in plan.listed if a.name in done]


def _one(
    plan: Plan,
    study: Study,
    a: Analysis,
    knobs: Mapping[str, Any],
    tables: Mapping[str, str],
    done: Mapping[str, Outcome],
    engine: Engine,
    cache: Path,
) -> Outcome:
    lacking = missing_inputs(plan, a, study, done)
    if lacking:
        return Outcome(a, "skipped", reason=lacking, knobs=knobs, inherited=True)
    upstream = {n.parameter: done.get(plan.maker[n.source]) for n in a.results}
    key = digest(
        __version__,
        environment(),
        a.name,
        code_digest(a.fn.__module__),
        dict(knobs),
        study.design if a.design else None,
        {n.source.name: tables.get(n.source.name) for n in a.tables},
        {p: o.key if o else None for p, o in upstream.items()},
    )
    start = time.perf_counter()
    folder = cache / f"{a.name}-{key[:20]}"
    if about_result(folder).get("key") == key:
        try:
            result = load_result(a.produces, folder)
            os.utime(folder)  # the cache keeps what was used last
            return Outcome(a, "cached", result, key, knobs=knobs, seconds=time.perf_counter() - start, folder=folder)
        except Unreadable:
            pass  # computed again below, in its place
    given: dict[str, Any] = {n.parameter: study.tables.get(n.source.name) for n in a.tables}
    given |= {p: o.result if o else None for p, o in upstream.items()}
    if a.design:
        given[a.design] = study.design
    if a.engine:
        given[a.engine] = engine
    try:
        result = a.fn(**given, **knobs)
    except NotApplicable as e:
        return Outcome(a, "skipped", key=key, reason=str(e), knobs=knobs, seconds=time.perf_counter() - start)
    except StudyError as e:
        reason = " ".join(e.problems)
        return Outcome(a, "failed", key=key, reason=reason, knobs=knobs, seconds=time.perf_counter() - start)
    save_result(result, folder, {"key": key, "analysis": a.name, "knobs": {k: str(v) for k, v in knobs.items()}})
    return Outcome(a, "computed", result, key, knobs=knobs, seconds=time.perf_counter() - start, folder=folder)


def missing_inputs(plan: Plan, a: Analysis, study: Study, done: Mapping[str, Outcome]) -> str:
    """Why an analysis cannot run: the table that the study lacks, or what became of a result. '' where it can."""
    absent = [n.source.name for n in a.tables if not n.optional and n.source.name not in study.tables]
    if absent:
        return f"needs the table{'s' * (len(absent) > 1)} {' and '.join(absent)}, which this study lacks"
    for need in a.results:
        maker = plan.maker[need.source]
        outcome = done.get(maker)
        if not need.optional and (outcome is None or outcome.result is None):
            return outcome.consequence if outcome else f"needs {maker}, which was not run"
    return ""
