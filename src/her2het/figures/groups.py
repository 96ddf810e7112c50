"""Values by group: box to 1.5 IQR, every point, n under each group, brackets with effect and p."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from her2het.figures.layout import Margins, blank, headroom, name_y, size
from her2het.figures.lettering import LINE, wrap
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.style import COLUMN, HEIGHT, INK, LOOKS, Look
from her2het.figures.words import decimals, number, p_equals, places
from her2het.stats.estimate import Estimate

BRACKET = 4.6  # mm from bracket to bracket
BOX = "Box: median and quartiles; whiskers to the furthest value within 1.5 IQR; each point is a patient."
CAPTION = f"{BOX} Above the brackets: effect and p, not adjusted."


def box_points(
    values: pd.DataFrame,
    boxes: pd.DataFrame,
    looks: Mapping[str, Look],
    label: str,
    estimates: Sequence[Estimate] = (),
    span: tuple[float, float] | None = None,
) -> tuple[Picture, Axes]:
    """One column-wide picture. `values` has patient, group, value; `boxes` group, n, q1, median, q3, low, high."""
    brackets = drawable(estimates, list(looks))
    top = 3 + BRACKET * len(brackets) + (0.8 if brackets else 0)
    margins = Margins(top=top)
    slot = (COLUMN - margins.left - margins.right) / (len(looks) + 0.1)
    more = LINE * max((wrap(group, slot - 1).count("\n") for group in looks), default=0)  # lines of the longest name
    margins = Margins(top=top, bottom=margins.bottom + more)
    picture, (ax,) = blank(COLUMN, HEIGHT + max(0.0, top - 12) + more, margins)
    draw(picture, ax, values, boxes, looks, label, brackets, span=span)
    return picture, ax


def drawable(estimates: Sequence[Estimate], order: Sequence[str]) -> list[Estimate]:
    """The comparisons of two groups that the picture shows."""
    return [e for e in estimates if len(e.groups) == 2 and all(group in order for group in e.groups)]


def draw(
    picture: Picture,
    ax: Axes,
    values: pd.DataFrame,
    boxes: pd.DataFrame,
    looks: Mapping[str, Look],
    label: str,
    estimates: Sequence[Estimate] = (),
    *,
    short: bool = False,
    span: tuple[float, float] | None = None,
) -> None:
    """Boxes, points, n and brackets on these axes, groups in the order of `looks`; `short`: brackets say p alone.

    `span`: limits of the vertical axis, where the values shall not set them.
    """
    known = values[values["value"].notna()]
    order = list(looks)
    whiskers = boxes[["low", "high"]].to_numpy(dtype=float).ravel()
    everything = np.concatenate([known["value"].to_numpy(dtype=float), whiskers[np.isfinite(whiskers)]])
    ax.set(xlim=(-0.55, len(order) - 0.45), ylim=span or headroom(everything))
    name_y(ax, label)
    wide, tall = size(ax)
    slot = wide / (len(order) + 0.1)
    for at, group in enumerate(order):
        rows, look = known[known["group"] == group], looks[group]
        for box in boxes[boxes["group"] == group].itertuples():
            _box(ax, at, box, look)
        heights = rows["value"].to_numpy(dtype=float)
        low, high = ax.get_ylim()
        small = 1.0 if len(known) <= 200 else 0.6 if len(known) <= 600 else 0.3
        radius = math.sqrt(look.area * small / math.pi) * 25.4 / 72 + 0.08
        beside = swarm((heights - low) / (high - low) * tall, radius, 0.36 * slot) / slot
        points = ax.scatter(
            at + beside,
            heights,
            s=look.area * small,
            c=look.colour,
            marker=look.marker,
            edgecolors=None if look.marker == "x" else look.strong,
            lw=0.4,
            zorder=2,
        )
        shown = places(*headroom(everything))
        tips = [
            f"{plain(p)}\n{plain(group)}\n{f'{plain(label)}: ' if label else ''}{number(v, shown + 1)}"
            for p, v in zip(rows["patient"], heights, strict=True)
        ]
        picture.mark(points, marks_of([[p] for p in rows["patient"]], tips))
    counts = [int((known["group"] == group).sum()) for group in order]
    lines = 1 + max((wrap(group, slot - 1).count("\n") for group in order), default=0)
    ticks = []
    for group, n in zip(order, counts, strict=True):
        text = wrap(group, slot - 1)
        ticks.append(text + "\n" * (lines - text.count("\n")) + f"n = {n}")
    ax.set_xticks(range(len(order)), ticks)
    ax.tick_params(axis="x", length=0, pad=3)
    draw_brackets(ax, {group: float(at) for at, group in enumerate(order)}, estimates, short=short)


def _box(ax: Axes, at: float, box: object, look: Look) -> None:
    """One box from its five numbers."""
    q1, median, q3, low, high = (float(getattr(box, name)) for name in ("q1", "median", "q3", "low", "high"))
    if not math.isfinite(median):
        return
    half = 0.3
    ax.add_patch(Rectangle((at - half, q1), 2 * half, q3 - q1, facecolor=look.pale, edgecolor="none", zorder=1))
    ax.plot([at, at], [low, q1], color=look.strong, lw=0.7, zorder=1)
    ax.plot([at, at], [q3, high], color=look.strong, lw=0.7, zorder=1)
    ax.plot([at - half, at + half], [median, median], color=look.strong, lw=1.6, zorder=3, solid_capstyle="butt")


def swarm(heights: NDArray[np.float64], radius: float, reach: float) -> NDArray[np.float64]:
    """Sideways offsets (mm) that keep points of `radius` apart, nearest to the middle first, at most `reach`.

    `heights` are in mm. Where a level is too full, points spread evenly and overlap.
    """
    offsets = np.zeros(len(heights))
    order = np.argsort(heights, kind="stable")
    placed: list[tuple[float, float]] = []
    for i in order:
        near = [(x, y) for x, y in placed if heights[i] - y < 2 * radius]
        tries = [0.0]
        for x, y in near:
            beside = math.sqrt(max(0.0, 4 * radius * radius - (heights[i] - y) ** 2)) + 1e-6
            tries += [x - beside, x + beside]
        free = [
            t
            for t in tries
            if abs(t) <= reach and all((t - x) ** 2 + (heights[i] - y) ** 2 >= 4 * radius**2 for x, y in near)
        ]
        if free:
            offsets[i] = min(free, key=lambda t: (abs(t), t))
        else:
            turn = len(near) * 0.618 % 1
            offsets[i] = (2 * turn - 1) * reach
        placed.append((float(offsets[i]), float(heights[i])))
    return offsets


def draw_brackets(
    ax: Axes, centres: Mapping[str, float], estimates: Sequence[Estimate], *, short: bool = False
) -> None:
    """Stacked above the axes, the narrowest lowest; each with its effect and p."""
    _, tall = size(ax)
    axis = ax.get_xaxis_transform()
    spans = [(min(ends), max(ends), e) for e in estimates for ends in [[centres[group] for group in e.groups]]]
    for step, (a, b, e) in enumerate(sorted(spans, key=lambda s: (s[1] - s[0], s[0]))):
        y, drop = 1 + (1.4 + BRACKET * step) / tall, 0.9 / tall
        ax.plot([a, a, b, b], [y - drop, y, y, y - drop], transform=axis, clip_on=False, color=INK, lw=0.6)
        ax.text(
            (a + b) / 2, y + 0.5 / tall, p_equals(e.p) if short else stated(e), transform=axis, ha="center", va="bottom"
        )


def stated(e: Estimate) -> str:
    """'shift −0.72, p = 2.4 × 10⁻⁵'."""
    if math.isnan(e.value):
        return p_equals(e.p)
    return f"{e.effect} {number(e.value, decimals(e))}, {p_equals(e.p)}"


def ordered(names: Sequence[str]) -> dict[str, Look]:
    """One look for the levels of a scale: their place on the axis tells them apart."""
    return dict.fromkeys(names, replace(LOOKS[5], marker="o", area=8))


def levels(names: Sequence[str], start: int = 3) -> dict[str, Look]:
    """Looks for the levels of a variable other than the group, in other hues, so that none is taken for a group."""
    return {name: LOOKS[(start + at) % len(LOOKS)] for at, name in enumerate(names)}


__all__ = [
    "BOX",
    "BRACKET",
    "CAPTION",
    "box_points",
    "draw",
    "draw_brackets",
    "drawable",
    "levels",
    "ordered",
    "stated",
    "swarm",
]
