"""The cohort table as rows of a page, from the frame that its analysis returns."""

from collections.abc import Sequence

import pandas as pd

from her2het.figures.words import variable
from her2het.report.view import CohortRow, CohortVariable, CohortView
from her2het.stats.estimate import Estimate


def cohort_view(
    rows: pd.DataFrame, tests: Sequence[Estimate], labels: Sequence[str], sizes: Sequence[int] = ()
) -> CohortView:
    """`rows` has variable, level, group, text, n, missing; groups beyond `labels` (such as all patients) follow them.

    `sizes` are the patients of each column; without them they are the most that any characteristic has.
    """
    found = [str(g) for g in rows["group"].dropna().unique()]
    columns = [*(label for label in labels if label in found), *(g for g in found if g not in labels)]
    of = {e.quantity: e for e in tests}
    total = rows.assign(all=rows["n"] + rows["missing"]).groupby("group")["all"].max()
    heads = [(c, int(sizes[at]) if at < len(sizes) else int(total[c])) for at, c in enumerate(columns)]
    variables = [
        _variable(str(name), part, columns, of.get(str(name))) for name, part in rows.groupby("variable", sort=False)
    ]
    return CohortView(tuple(heads), tuple(variables))


def _variable(name: str, part: pd.DataFrame, columns: Sequence[str], test: Estimate | None) -> CohortVariable:
    levels = [str(v) for v in part["level"].fillna("").unique()]
    cells = {
        (str(r["level"]) if pd.notna(r["level"]) else "", str(r["group"])): str(r["text"]) for _, r in part.iterrows()
    }
    missing = part.groupby("group")["missing"].max()
    holds = "median (quartiles)" if levels == [""] else "patients (%)"
    if set(levels) == {"yes", "no"}:
        cells = {("", c): text for (level, c), text in cells.items() if level == "yes"}
        levels, holds = [""], "yes (%)"
    return CohortVariable(
        variable(name),
        holds,
        tuple(CohortRow(level, tuple(cells.get((level, c), "–") for c in columns)) for level in levels),
        tuple(int(missing.get(c, 0)) for c in columns),
        test,
    )
