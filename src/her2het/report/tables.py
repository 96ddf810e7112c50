"""Results as plain files: a TSV for every frame and for the estimates of an analysis."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from her2het.stats.estimate import Estimate
from her2het.stats.units import PerUnit

LARGEST = 2_000_000  # rows of a TSV; larger frames are in study.h5mu alone


def write_tables(result: Any, folder: Path) -> list[str]:
    """Write a result's frames and estimates below `folder`; the file names, in the order of the fields."""
    folder.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    estimates: list[Estimate] = []
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, PerUnit):
            value = value.values.rename(value.quantity).reset_index()
        if isinstance(value, pd.DataFrame) and len(value) <= LARGEST and (len(value) or field.name != "excluded"):
            names.append(_write(value, folder / f"{field.name}.tsv"))
        elif isinstance(value, Estimate):
            estimates.append(value)
        elif isinstance(value, tuple):
            estimates += [v for v in value if isinstance(v, Estimate)]
    if estimates:
        names.append(_write(estimate_frame(estimates), folder / "estimates.tsv"))
    return names


def estimate_frame(estimates: Sequence[Estimate]) -> pd.DataFrame:
    """Estimates as rows; groups and numbers of units (n used, of so many) separated by semicolons."""
    rows = [
        {**asdict(e), "groups": ";".join(e.groups)} | {k: ";".join(map(str, getattr(e, k))) for k in ("n", "of")}
        for e in estimates
    ]
    order = [
        "quantity",
        "contrast",
        "groups",
        "n",
        "of",
        "effect",
        "unit",
        "value",
        "low",
        "high",
        "level",
        "p",
        "q",
        "family",
        "standard",
        "standard_low",
        "standard_high",
        "method",
        "remark",
        "by_definition",
    ]
    return pd.DataFrame(rows)[order]


def _write(frame: pd.DataFrame, path: Path) -> str:
    frame.to_csv(path, sep="\t", index=False, lineterminator="\n", na_rep="")
    return path.name
