"""Two numbers per patient: scatter with a least-squares line, its band, and the correlation."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from her2het.figures.groups import swarm
from her2het.figures.layout import Entry, Margins, blank, draw_key, headroom, key_height, name_y, size
from her2het.figures.lettering import LINE
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.style import COLUMN, HEIGHT, INK, NO_GROUP, NONE, RULE, Look
from her2het.figures.words import number, p_equals, places
from her2het.stats.estimate import Estimate

SCORES = 8  # a number with at most so many values is a score: its points stand beside each other
CAPTION = "Each point is a patient. Line: least squares with the 95 % band of the mean."


def scatter(
    values: pd.DataFrame,
    fit: pd.DataFrame,
    looks: Mapping[str, Look],
    x_label: str,
    y_label: str,
    correlations: Sequence[Estimate] = (),
) -> Picture:
    """One column-wide picture. `values` has patient, group, x, y; `fit` has x, y, low, high."""
    entries = key_of(values, looks)
    room = COLUMN - 4
    top = 2 + key_height(entries, room) + LINE * max(1, len(correlations))
    picture, (ax,) = blank(COLUMN, HEIGHT + max(0.0, top - 12), Margins(top=top))
    draw(picture, ax, values, fit, looks, x_label, y_label)
    state(ax, correlations)
    draw_key(ax, entries, room, above=1.6 + LINE * max(1, len(correlations)), left=-10)
    return picture


def key_of(values: pd.DataFrame, looks: Mapping[str, Look]) -> list[Entry]:
    """The groups that occur, in the study's order, and 'no group' where a patient has none."""
    known = values[values["x"].notna() & values["y"].notna()]
    entries = [
        Entry(f"{plain(group)} (n = {count})", look)
        for group, look in looks.items()
        if (count := int((known["group"] == group).sum()))
    ]
    missing = int(known["group"].isna().sum())
    return [*entries, Entry(f"{NONE} (n = {missing})", NO_GROUP)] if missing else entries


def draw(
    picture: Picture,
    ax: Axes,
    values: pd.DataFrame,
    fit: pd.DataFrame,
    looks: Mapping[str, Look],
    x_label: str,
    y_label: str,
) -> None:
    """Points and line on these axes."""
    known = values[values["x"].notna() & values["y"].notna()].reset_index(drop=True)
    if len(fit):
        band = [fit[name].to_numpy(dtype=float) for name in ("x", "low", "high", "y")]
        ax.fill_between(band[0], band[1], band[2], color=RULE, lw=0, zorder=0)
        ax.plot(band[0], band[3], color=INK, zorder=1)
    x_places = places(*headroom(known["x"].to_numpy(dtype=float)))
    y_places = places(*headroom(known["y"].to_numpy(dtype=float)))
    small = 1.0 if len(known) <= 300 else 0.5
    score = known["x"].nunique() <= SCORES
    margin = 0.25 if score else 0.06
    ax.set(
        xlim=headroom(known["x"].to_numpy(dtype=float), margin),
        ylim=headroom(known["y"].to_numpy(dtype=float), 0.08),
        xlabel=x_label,
    )
    name_y(ax, y_label)
    if score and (known["x"] % 1 == 0).all():
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    beside = _beside(ax, known)
    for group, look in [*looks.items(), (None, NO_GROUP)]:
        rows = known[known["group"].isna()] if group is None else known[known["group"] == group]
        if rows.empty:
            continue
        points = ax.scatter(
            rows["x"].to_numpy(dtype=float) + beside[rows.index].to_numpy(dtype=float),
            rows["y"].to_numpy(dtype=float),
            s=look.area * small,
            c=look.strong if look.marker == "x" else look.colour,
            marker=look.marker,
            edgecolors=None if look.marker == "x" else look.strong,
            lw=0.4,
            zorder=2,
        )
        tips = [
            f"{plain(p)}\n{plain(group or NONE)}\n{plain(x_label)}: {number(x, x_places + 1)}\n"
            f"{plain(y_label)}: {number(y, y_places + 1)}"
            for p, x, y in zip(rows["patient"], rows["x"], rows["y"], strict=True)
        ]
        picture.mark(points, marks_of([[p] for p in rows["patient"]], tips))


def _beside(ax: Axes, known: pd.DataFrame) -> pd.Series:
    """Sideways offsets in data units that keep apart the points of a score with few values; none for a measurement."""
    none = pd.Series(0.0, index=known.index)
    levels = known["x"].unique()
    if len(levels) < 2 or len(levels) > SCORES or len(known) < 3 * len(levels):
        return none
    wide, tall = size(ax)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    reach = 0.4 * float(np.diff(np.sort(levels.astype(float))).min()) / (right - left) * wide
    for level in levels:
        rows = known[known["x"] == level]
        heights = (rows["y"].to_numpy(dtype=float) - low) / (high - low) * tall
        none[rows.index] = swarm(heights, 0.72, reach) / wide * (right - left)
    return none


def state(ax: Axes, correlations: Sequence[Estimate], *, short: bool = False) -> None:
    """Each correlation with interval, p and n on a line of its own above the axes."""
    _, tall = size(ax)
    for at, e in enumerate(correlations):
        y = 1 + (0.9 + LINE * (len(correlations) - 1 - at)) / tall
        ax.text(0, y, stated(e, short=short), transform=ax.transAxes, ha="left", va="bottom")


def stated(e: Estimate, *, short: bool = False) -> str:
    """'Pearson r −0.63 (−0.73 to −0.52), p = 8.2 × 10⁻¹⁵, n = 129'."""
    text = f"{e.effect} {number(e.value)}"
    if math.isfinite(e.low) and math.isfinite(e.high) and not short:
        text += f" ({number(e.low)} to {number(e.high)})"
    n = f", n = {e.units if len(e.n) == 1 else sum(e.n)}" if e.n else ""
    return f"{text}, {p_equals(e.p)}{n}"
