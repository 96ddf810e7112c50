"""Frames as the page shows them: cells in words, columns with their kind, and the numbers behind a panel as data."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2het.figures.marks import plain
from her2het.figures.words import UNKNOWN, number, p_text, places

NAMES = ("patient", "sample", "sample_a", "sample_b", "gene", "id")  # columns whose cells are found by the search box
PROBABILITIES = ("p", "q", "padj", "pvalue")


@dataclass(frozen=True)
class Cell:
    """One cell: what is shown, the value to sort by, and the name by which it is found."""

    text: str
    value: str


@dataclass(frozen=True)
class Shown:
    """A frame on the page: `kinds` holds num or text for each column; `keys` the names that belong to each row."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[str, ...]
    total: int


def shown(frame: pd.DataFrame, most: int = 200) -> Shown:
    """The first rows of a frame in words; the same decimals down a column, p values exact, missing as a dash."""
    head = frame.head(most)
    cells = [_column(str(name), head.iloc[:, at]) for at, name in enumerate(head.columns)]
    keys = [
        plain(k)
        for k in ("\n".join(str(v) for v in row if pd.notna(v)) for row in head[_names(head)].to_numpy(dtype=object))
    ]
    return Shown(
        tuple(plain(c).replace("_", " ") for c in head.columns),
        tuple("num" if _is_number(head.iloc[:, at]) else "text" for at in range(head.shape[1])),
        tuple(zip(*cells, strict=True)) if cells and len(head) else (),
        tuple(keys) if _names(head) else ("",) * len(head),
        len(frame),
    )


def _names(frame: pd.DataFrame) -> list[str]:
    return [n for n in NAMES if n in frame.columns]


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def _column(name: str, column: pd.Series) -> list[Cell]:
    if not _is_number(column):
        return [Cell(_word(v), "" if pd.isna(v) else str(v)) for v in column]
    values = column.astype("float64").to_numpy(na_value=np.nan)
    known = values[np.isfinite(values)]
    whole = bool(len(known)) and bool((known == known.round()).all())
    digits = 0 if whole else places(float(known.min()), float(known.max())) + 1 if len(known) else 0
    probability = name.lower() in PROBABILITIES
    return [
        Cell(
            UNKNOWN if math.isnan(v) else p_text(v) if probability else _grouped(v, digits),
            "" if math.isnan(v) else repr(v),
        )
        for v in map(float, values)
    ]


def _grouped(value: float, digits: int) -> str:
    """Thousands set apart from 10,000 on."""
    if math.isfinite(value) and abs(value) >= 10_000:
        return f"{value:,.{digits}f}".replace("-", "−")
    return number(value, digits)


def _word(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return plain(value)


def as_json(frame: pd.DataFrame) -> str:
    """All rows of a frame as JSON that may stand in a script element: columns, kinds, name columns, values by column.

    A column whose values recur lists each of them once (`words`) and where it stands (`at`). Numbers carry six
    significant digits; the files of the run carry all.
    """
    columns = [str(c) for c in frame.columns]
    values = frame.astype(object).where(frame.notna(), None)
    data = {
        "columns": columns,
        "kinds": ["num" if _is_number(frame.iloc[:, at]) else "text" for at in range(len(columns))],
        "names": [at for at, c in enumerate(columns) if c in NAMES],
        "length": len(frame),
        "values": [_once([_plain(v) for v in values.iloc[:, at]]) for at in range(len(columns))],
    }
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028")


def _once(values: list[object]) -> object:
    """The values, or each of them once and where it stands, whichever is shorter."""
    places = {key: at for at, key in enumerate(dict.fromkeys((type(v), v) for v in values))}
    if len(places) * 2 > len(values):
        return values
    return {"words": [value for _, value in places], "at": [places[type(v), v] for v in values]}


def _plain(value: object) -> object:
    if value is None or value is pd.NA:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(f"{float(value):.6g}")
        return int(number) if number.is_integer() and abs(number) < 1e15 else number if math.isfinite(number) else None
    return plain(value)
