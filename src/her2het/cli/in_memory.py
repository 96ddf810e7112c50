"""Some analyses of the plan over tables in memory: no files, no cache. What the validation over many seeds runs on."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from her2het.config import knob_values
from her2het.engine import Engine
from her2het.plan import Plan
from her2het.schema import Design, Group, Matrix, NotApplicable
from her2het.simulate import SyntheticTrial
from her2het.simulate.cohort import BASELINE, SURGERY
from her2het.simulate.structure import GROUPS
from her2het.simulate.write import EXPRESSIONS, NAME
from her2het.study import Study
from her2het.tables import TABLES


def study_of(trial: SyntheticTrial) -> Study:
    """A synthetic trial as a study, without files."""
    given = {name: getattr(trial, name, None) for name in TABLES}
    tables = {name: table for name, table in given.items() if isinstance(table, pd.DataFrame | Matrix)}
    groups = tuple(Group(label, rule) for label, rule in zip(GROUPS, EXPRESSIONS, strict=True))
    design = Design(NAME, synthetic=True, baseline=(BASELINE,), followup=(SURGERY,), groups=groups, control=GROUPS[0])
    return Study(design, tables)


def results_in_memory(
    plan: Plan,
    study: Study,
    engine: Engine,
    names: Collection[str],
    knobs: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The results of these analyses by name; an input that is not among them and can be done without is None.

    An analysis that the study cannot answer, or that lacks an input, has no result.

    :raises StudyError: where a knob is unknown or out of bounds, or data turn out to be unusable
    """
    done: dict[str, Any] = {}
    with threadpool_limits(1):
        for a in plan.order:
            if a.name not in names or _lacks(plan, a.name, study, done):
                continue
            given: dict[str, Any] = {n.parameter: study.tables.get(n.source.name) for n in a.tables}
            given |= {n.parameter: done.get(plan.maker[n.source]) for n in a.results}
            if a.design:
                given[a.design] = study.design
            if a.engine:
                given[a.engine] = engine
            try:
                done[a.name] = a.fn(**given, **knob_values(a, (knobs or {}).get(a.name, {})))
            except NotApplicable:
                continue
    return done


def _lacks(plan: Plan, name: str, study: Study, done: Mapping[str, Any]) -> bool:
    """Whether a table or a result is missing that the analysis needs."""
    a = plan[name]
    tables = [n for n in a.tables if not n.optional and n.source.name not in study.tables]
    results = [n for n in a.results if not n.optional and plan.maker[n.source] not in done]
    return bool(tables or results)
