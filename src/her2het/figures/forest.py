"""Estimates with their intervals, one below the other, with names at the left and numbers at the right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from her2het.figures.lettering import cut, width, wrap
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.style import CLOUD, INK, MUTED, PAGE, PAPER, RULE, SMALL, TYPE, Look

STEP, HEAD = 3.5, 5.0  # mm of a row, and of a heading before it


@dataclass(frozen=True)
class Point:
    """A value with its interval (and a second one, drawn pale), how it looks, and what hovering says."""

    value: float
    low: float
    high: float
    look: Look
    tip: str
    filled: bool = True
    keys: tuple[str, ...] = ()
    beside: tuple[float, float] | None = None


@dataclass(frozen=True)
class Row:
    """A name, its points (drawn just above each other where there are several), and texts at the right."""

    name: str
    points: tuple[Point, ...]
    texts: tuple[str, ...] = ()
    italic: bool = False
    heading: str = ""
    muted: bool = False


@dataclass(frozen=True)
class Frame:
    """The axis of a forest: its limits, what it says, where nothing lies, and the columns of text at its right."""

    limits: tuple[float, float]
    label: str
    nothing: float
    ticks: tuple[float, ...]
    columns: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    names: float = 45.0
    page: float = PAGE
    top: float = 6.0
    band: tuple[float, float] | None = None
    ends: tuple[str, str] = ("", "")
    shown: tuple[str, ...] = field(default=())
    step: float = STEP
    lead: str = ""  # stands above the names
    lines: int = 1  # of a name


def forest(rows: Sequence[Row], frame: Frame) -> tuple[Picture, Axes]:
    """One picture; its height follows from the number of rows."""
    places, depth = _places(rows, frame.step)
    bottom = 14.2 if frame.ends[0] else 10.0
    height = frame.top + depth + bottom
    picture = Picture(frame.page, height)
    right = sum(frame.widths) + 2.5
    wide = frame.page - frame.names - right - 2
    box = ((frame.names + 2) / frame.page, bottom / height, wide / frame.page, depth / height)
    ax = picture.add_axes(box)
    ax.set(xlim=frame.limits, ylim=(depth, 0), yticks=[], xlabel=frame.label)
    ax.set_xticks(frame.ticks, list(frame.shown) or [f"{t:g}".replace("-", "−") for t in frame.ticks])
    ax.spines.left.set_visible(False)
    if frame.band:
        ax.axvspan(*frame.band, color=RULE, lw=0, alpha=0.5, zorder=0)
    ax.axvline(frame.nothing, color=MUTED, lw=0.6, zorder=0.5)
    drawn: list[tuple[Point, float]] = []
    for y in places[1:] if frame.lines > 1 else ():
        ends, level = [-frame.names / wide, 1 + right / wide], [y - frame.step / 2] * 2
        ax.plot(ends, level, transform=ax.get_yaxis_transform(), color=RULE, lw=0.4, clip_on=False, zorder=0)
    for row, y in zip(rows, places, strict=True):
        if row.heading:
            _left(ax, -frame.names / wide, y - frame.step / 2 - 1.6, row.heading, frame.names + wide, weight="bold")
        colour = MUTED if row.muted else INK
        _left(
            ax, -frame.names / wide, y, row.name, frame.names - 1, colour=colour, italic=row.italic, lines=frame.lines
        )
        drawn += [(point, y + _lift(at, len(row.points), frame.step)) for at, point in enumerate(row.points)]
        x = 1.0 + 2.5 / wide
        for text, space in zip(row.texts, frame.widths, strict=True):
            _left(ax, x, y, text, space, colour=colour)
            x += space / wide
    _draw(picture, ax, drawn, frame.limits)
    if frame.lead:
        _left(ax, -frame.names / wide, -2.2, frame.lead, frame.names + wide, colour=MUTED)
    x = 1.0 + 2.5 / wide
    for text, space in zip(frame.columns, frame.widths, strict=True):
        _left(ax, x, -2.2, text, space, colour=MUTED)
        x += space / wide
    for text, x, side in zip(frame.ends, (0.0, 1.0), ("left", "right"), strict=True):
        if text:
            ax.text(x, -8.3 / depth, text, transform=ax.transAxes, ha=side, va="top", fontsize=SMALL, color=MUTED)
    return picture, ax


def _places(rows: Sequence[Row], step: float) -> tuple[list[float], float]:
    places: list[float] = []
    y = 0.0
    for row in rows:
        y += HEAD if row.heading else 0.0
        places.append(y + step / 2)
        y += step
    return places, y + 1.0


def _lift(at: int, count: int, step: float) -> float:
    """Where one of several points lies within its row, mm."""
    return (
        0.0 if count == 1 else (at / (count - 1) - 0.5) * min(1.7 * (count - 1), step - (1.1 if step <= STEP else 2.2))
    )


def _left(
    ax: Axes,
    x: float,
    y: float,
    text: str,
    space: float,
    *,
    colour: str = INK,
    italic: bool = False,
    weight: str = "normal",
    lines: int = 1,
) -> None:
    shown = cut(plain(text), space, weight=weight) if lines == 1 else wrap(text, space, weight=weight, lines=lines)
    ax.text(
        x, y, shown, transform=ax.get_yaxis_transform(), ha="left", va="center" if "\n" in shown else "center_baseline",
        color=colour, fontstyle="italic" if italic else "normal", fontweight=weight, clip_on=False, linespacing=1.1,
    )  # fmt: skip


def _draw(picture: Picture, ax: Axes, drawn: Sequence[tuple[Point, float]], limits: tuple[float, float]) -> None:
    """All points with their intervals: what looks alike is drawn at once."""
    pale = [[(p.beside[0], y + 0.75), (p.beside[1], y + 0.75)] for p, y in drawn if p.beside is not None]
    ax.add_collection(LineCollection(pale, colors=CLOUD, linewidths=0.8, zorder=1))
    lines = [[(_inside(p.low, limits), y), (_inside(p.high, limits), y)] for p, y in drawn]
    ax.add_collection(LineCollection(lines, colors=[p.look.strong for p, _ in drawn], linewidths=0.8, zorder=1))
    for look, filled in dict.fromkeys((p.look, p.filled) for p, _ in drawn):
        mine = [(p, y) for p, y in drawn if (p.look, p.filled) == (look, filled)]
        marks = ax.scatter(
            [_inside(p.value, limits) for p, _ in mine],
            [y for _, y in mine],
            s=look.area,
            c=look.colour if filled else PAPER,
            marker=look.marker,
            edgecolors=look.strong,
            lw=0.6,
            zorder=2,
            clip_on=False,
        )
        picture.mark(marks, [Mark(p.keys, p.tip) for p, _ in mine])


def _inside(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows of a frame, their cells as attributes by column."""
    return list(frame.itertuples(index=False))


def widest(texts: Sequence[str], least: float = 8.0) -> float:
    """mm that the widest of these texts needs."""
    return max([least, *(width(plain(t), TYPE) for t in texts)]) + 1.5
