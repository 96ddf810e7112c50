"""Axes with margins in mm, a key of markers above them, and labels that keep apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from her2het.figures.lettering import LINE, cut, width, wrap
from her2het.figures.marks import Picture
from her2het.figures.style import COLUMN, HEIGHT, PAGE, Look

KEY_LINE = 4.0  # mm
ENTRY = 5.3  # mm of a key's entry besides its text


@dataclass(frozen=True)
class Margins:
    """Around and between the axes, mm."""

    left: float = 12
    right: float = 3.5
    top: float = 3
    bottom: float = 11
    across: float = 8
    down: float = 8


def blank(
    page: float = COLUMN,
    height: float = HEIGHT,
    margins: Margins | None = None,
    *,
    columns: int = 1,
    rows: int = 1,
    shares: Sequence[float] | None = None,
) -> tuple[Picture, list[Axes]]:
    """An empty picture and its axes, row by row, with margins in mm, so that axes line up from panel to panel."""
    m = margins or Margins()
    picture = Picture(page, height)
    wide = (page - m.left - m.right - m.across * (columns - 1)) / columns
    tall = (height - m.top - m.bottom - m.down * (rows - 1)) / rows
    grid = picture.add_gridspec(
        rows,
        columns,
        left=m.left / page,
        right=1 - m.right / page,
        bottom=m.bottom / height,
        top=1 - m.top / height,
        wspace=m.across / wide,
        hspace=m.down / tall,
        width_ratios=shares,
    )
    return picture, [picture.add_subplot(grid[row, column]) for row in range(rows) for column in range(columns)]


def facets(
    count: int,
    columns: int,
    tall: float,
    heads: Sequence[float],
    foot: float,
    *,
    page: float = PAGE,
    left: float = 11,
    right: float = 3.5,
    across: float = 6,
) -> tuple[Picture, list[Axes]]:
    """A picture of `count` equal axes, row by row; `heads` is the space above each row and `foot` below each, mm."""
    wide = (page - left - right - across * (columns - 1)) / columns
    height = sum(heads) + len(heads) * (tall + foot)
    picture = Picture(page, height)
    axes: list[Axes] = []
    down = 0.0
    for row, head in enumerate(heads):
        down += head
        for column in range(min(columns, count - row * columns)):
            x = left + column * (wide + across)
            axes.append(picture.add_axes((x / page, 1 - (down + tall) / height, wide / page, tall / height)))
        down += tall + foot
    return picture, axes


def by_row(heights: Sequence[float], columns: int) -> list[float]:
    """The largest of each row of facets."""
    return [max(heights[at : at + columns]) for at in range(0, len(heights), columns)]


def name_y(ax: Axes, text: str) -> None:
    """The label of the vertical axis, on two lines where one would be longer than the axis."""
    ax.set_ylabel(wrap(text, size(ax)[1] + 6, lines=2), linespacing=1.15)


def size(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in mm."""
    box = ax.get_position()
    picture = ax.get_figure(root=True)
    assert picture is not None
    page, height = picture.get_size_inches() * 25.4
    return box.width * page, box.height * height


@dataclass(frozen=True)
class Entry:
    """One line of a key: a marker and what it stands for; `face` differs from the hue where a shade is meant."""

    text: str
    look: Look
    face: str = ""
    edge: str = ""


def key_rows(entries: Sequence[Entry], space: float) -> list[list[Entry]]:
    """Entries broken into rows of at most `space` mm."""
    rows: list[list[Entry]] = [[]]
    used = 0.0
    for entry in entries:
        needs = ENTRY + width(entry.text)
        if rows[-1] and used + needs > space + 2:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += needs
    return rows


def draw_key(ax: Axes, entries: Sequence[Entry], space: float, *, above: float = 1.6, left: float = 0.0) -> None:
    """Markers and their names above the axes, first row highest; `above` is the gap to the axes in mm."""
    wide, tall = size(ax)
    rows = key_rows(entries, space)
    for at, row in enumerate(rows):
        y = 1 + (above + 1.2 + KEY_LINE * (len(rows) - 1 - at)) / tall
        x = left + 1.2
        for entry in row:
            crossed = entry.look.marker == "x"
            ax.scatter(
                [x / wide],
                [y],
                s=1.5 * entry.look.area,
                c=entry.face or (entry.look.strong if crossed else entry.look.colour),
                marker=entry.look.marker,
                edgecolors=None if crossed else (entry.edge or entry.look.strong),
                lw=0.8 if crossed else 0.5,
                transform=ax.transAxes,
                clip_on=False,
            )
            text = cut(entry.text, space - 3.5)
            ax.text((x + 1.7) / wide, y, text, transform=ax.transAxes, va="center_baseline", ha="left")
            x += ENTRY + width(text)


def key_height(entries: Sequence[Entry], space: float) -> float:
    """mm that a key takes above the axes."""
    return KEY_LINE * len(key_rows(entries, space)) + 1.0


def spaced(wanted: NDArray[np.float64], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Ascending positions closest to `wanted` (least squares), within low and high, `gap` between neighbours."""
    if len(wanted) == 0:
        return wanted
    steps = gap * np.arange(len(wanted))
    placed = isotonic_regression(wanted - steps).x
    return np.clip(placed, low, max(low, high - steps[-1])) + steps


def headroom(values: NDArray[np.float64], part: float = 0.06) -> tuple[float, float]:
    """Axis limits that leave a margin around the finite values; around a single value, one unit."""
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    reach = (high - low) * part if high > low else 0.5
    return low - reach, high + reach


__all__ = [
    "KEY_LINE",
    "LINE",
    "Entry",
    "Margins",
    "blank",
    "by_row",
    "draw_key",
    "facets",
    "headroom",
    "key_height",
    "key_rows",
    "name_y",
    "size",
    "spaced",
]
