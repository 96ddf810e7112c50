"""The components of the baseline samples, coloured by each variable that the study has."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from her2het.figures.components import axis_labels, frame, points, shares, title_of, with_variable
from her2het.figures.groups import levels
from her2het.figures.layout import Entry, by_row, draw_key, facets, key_height, size
from her2het.figures.lettering import cut, width
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import MUTED, NO_GROUP, PAGE, SEQUENTIAL, Look, drawn
from her2het.figures.words import inline, join, number, places, variable
from her2het.results.expression import SampleComponents

FIXED = {"which", "sample", "patient", "group", "phase", *(f"pc{i}" for i in range(1, 51))}
MOST = 5  # levels that colours and markers can tell apart
ACROSS, DOWN = 3, 4  # facets of one picture
FACET = 37.0  # mm, height of the axes


@dataclass(frozen=True, eq=False)
class Variable:
    """A column to colour by: numbers, or texts with their levels in order."""

    name: str
    values: pd.Series
    levels: tuple[str, ...]  # empty for a number

    @property
    def label(self) -> str:
        """As a heading shows it."""
        return plain(variable(self.name))


@drawn
def components_by_variable(result: SampleComponents) -> tuple[Drawing, ...]:
    """The first two components of the baseline samples, coloured by each variable; one drawing holds twelve."""
    scores = result.scores[result.scores["which"] == "baseline"].reset_index(drop=True)
    shown, left_out = variables(scores)
    per = ACROSS * DOWN
    pages = [shown[at : at + per] for at in range(0, len(shown), per)]
    return tuple(
        _page(result, scores, page, left_out if at == 0 else [], "" if at == 0 else str(at + 1))
        for at, page in enumerate(pages)
    )


def variables(scores: pd.DataFrame) -> tuple[list[Variable], list[str]]:
    """The columns that vary and can be coloured, and the names of those with too many levels."""
    shown: list[Variable] = []
    left_out: list[str] = []
    for name in map(str, scores.columns):
        column = scores[name]
        if name in FIXED or column.nunique() < 2:
            continue
        if pd.api.types.is_bool_dtype(column.dtype):
            shown.append(Variable(name, column.map({True: "yes", False: "no"}, na_action="ignore"), ("no", "yes")))
        elif pd.api.types.is_numeric_dtype(column.dtype):
            shown.append(Variable(name, column.astype("float64"), ()))
        else:
            given = column.astype(object).where(column.notna(), None)
            kinds = (
                column.cat.categories
                if isinstance(column.dtype, pd.CategoricalDtype)
                else sorted(column.dropna().unique())
            )
            named = tuple(str(kind) for kind in kinds if (given == kind).any())
            if len(named) > MOST:
                left_out.append(name)
            else:
                shown.append(Variable(name, given.map(str, na_action="ignore"), named))
    return shown, left_out


def _page(
    result: SampleComponents, scores: pd.DataFrame, shown: list[Variable], left_out: list[str], key: str
) -> Drawing:
    entries = [_entries(v) for v in shown]
    wide = (PAGE - 11 - 3.5 - 6 * (ACROSS - 1)) / ACROSS
    keys = [key_height(e, wide) if v.levels else key_height([], wide) for v, e in zip(shown, entries, strict=True)]
    above = [h + (5 if at == 0 else -1) for at, h in enumerate(by_row(keys, ACROSS))]  # inner rows have no axis labels
    picture, axes = facets(len(shown), ACROSS, FACET, above, 10)
    x, y = axis_labels(shares(result, "baseline"))
    for at, ax in enumerate(axes):
        _facet(picture, ax, scores, shown[at], entries[at], keys[at] + 0.6)
        ax.set_xlabel(x if at + ACROSS >= len(shown) else "")
        ax.set_ylabel(y if at % ACROSS == 0 else "")
        ax.tick_params(labelbottom=at + ACROSS >= len(shown), labelleft=at % ACROSS == 0)
    about = with_variable(result, *(v.name for v in shown))
    names = join(inline(v.name) for v in shown)
    return Drawing(
        picture,
        title=title_of(
            about,
            "Components of the baseline samples go with a variable; strongest",
            "No component of the baseline samples found that goes with any of these variables",
            "Components of the baseline samples by clinical and technical variables",
        ),
        caption=f"The same principal components of {len(scores)} baseline samples, coloured by {names}. "
        "× : not known. Samples of one patient are not independent.",
        alt=f"{len(shown)} scatters of the first two principal components, coloured by {names}.",
        numbers=scores[["sample", "patient", "pc1", "pc2", *(v.name for v in shown)]],
        estimates=about,
        note=f"Not shown, for more than {MOST} levels: {', '.join(map(plain, left_out))}." if left_out else "",
        key=key,
        wide=True,
    )


def _entries(shown: Variable) -> list[Entry]:
    """The key of one facet: levels with their numbers, and what is not known."""
    unknown = int(shown.values.isna().sum())
    known = [
        Entry(f"{plain(level)} ({int((shown.values == level).sum())})", look)
        for level, look in levels(shown.levels).items()
    ]
    return [*known, Entry(f"not known ({unknown})", NO_GROUP)] if unknown else known


def _facet(
    picture: Picture, ax: Axes, scores: pd.DataFrame, shown: Variable, entries: list[Entry], head: float
) -> None:
    wide, tall = size(ax)
    frame(ax, scores)
    ax.text(
        0,
        1 + head / tall,
        cut(shown.label, wide, weight="bold"),
        transform=ax.transAxes,
        fontweight="bold",
        ha="left",
        va="bottom",
    )
    unknown = shown.values.isna().to_numpy(dtype=bool)
    if unknown.any():
        rows = scores[unknown]
        points(picture, ax, rows, NO_GROUP, [f"{shown.label}: not known"] * len(rows), small=0.6)
    if shown.levels:
        for level, look in levels(shown.levels).items():
            rows = scores[(shown.values == level).to_numpy(dtype=bool)]
            points(picture, ax, rows, look, [f"{shown.label}: {plain(level)}"] * len(rows), small=0.6)
        draw_key(ax, entries, wide, above=0.8)
        return
    low, high = _shaded(picture, ax, scores[~unknown], shown.values[~unknown].to_numpy(dtype=float), shown.label)
    _bar(ax, low, high, places(low, high))
    if entries:
        draw_key(ax, entries, wide, above=0.8, left=wide - 5.5 - width(entries[0].text))


def _shaded(
    picture: Picture, ax: Axes, rows: pd.DataFrame, values: NDArray[np.float64], label: str
) -> tuple[float, float]:
    """Points shaded by a number, from its lowest to its highest value."""
    low, high = float(values.min()), float(values.max())
    look = Look("", MUTED, MUTED, MUTED, "o", 10)
    colours = [to_hex(SEQUENTIAL(v)) for v in (values - low) / (high - low)]
    artist = ax.scatter(
        rows["pc1"], rows["pc2"], s=look.area * 0.6, c=colours, marker="o", edgecolors=MUTED, lw=0.3, zorder=2
    )
    shown = places(low, high)
    tips = [f"{plain(s)}\n{label}: {number(v, shown)}" for s, v in zip(rows["sample"], values, strict=True)]
    picture.mark(artist, marks_of(list(zip(rows["patient"], rows["sample"], strict=True)), tips))
    return low, high


def _bar(ax: Axes, low: float, high: float, shown: int) -> None:
    """A small colour bar above the axes with the ends of the range."""
    wide, tall = size(ax)
    y = 1 + 2.0 / tall
    start = width(number(low, shown)) + 1.0
    steps = 12
    for step in range(steps):
        ax.add_patch(
            Rectangle(
                ((start + step) / wide, y - 0.9 / tall),
                1.02 / wide,
                1.8 / tall,
                transform=ax.transAxes,
                clip_on=False,
                facecolor=to_hex(SEQUENTIAL(step / (steps - 1))),
                lw=0,
            )
        )
    ax.text(0, y, number(low, shown), transform=ax.transAxes, ha="left", va="center_baseline")
    ax.text((start + steps + 1) / wide, y, number(high, shown), transform=ax.transAxes, ha="left", va="center_baseline")
