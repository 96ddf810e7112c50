"""The same patients before and after treatment, as lines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from her2het.figures.layout import KEY_LINE, Entry, Margins, blank, draw_key, headroom, key_height, name_y, size
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import CLOUD, INK, LOOKS, MUTED, PAGE, Look, drawn
from her2het.figures.words import (
    capital,
    effect,
    found,
    inline,
    moves,
    number,
    p_equals,
    p_of_pairs,
    places,
    scale,
    significance,
)
from her2het.results.change import HeterogeneityChange
from her2het.stats.estimate import Estimate

BASE, AFTER = 0.0, 1.0
PHASE_KEY = KEY_LINE  # mm that the key of the two phases takes


def paired_lines(
    picture: Picture,
    ax: Axes,
    values: pd.DataFrame,
    label: str,
    look: Look,
    highlight: Mapping[str, str],
    head: str,
    estimate: Estimate | None = None,
    span: tuple[float, float] | None = None,
) -> None:
    """One line per patient from before to after; `values` has patient, before, after, mark (a key of `highlight`).

    Baseline points are pale, points after treatment strong; medians as bars; above: what the test says.
    """
    both = np.isfinite(values[["before", "after"]].to_numpy(dtype=float)).all(axis=1)
    known = values[both]
    everything = known[["before", "after"]].to_numpy(dtype=float).ravel()
    ax.set(xlim=(-0.45, 1.45), ylim=span or headroom(everything))
    if label:
        name_y(ax, label)
    shown = places(*ax.get_ylim()) + 1
    for mark in ("", *highlight):
        rows = known[known["mark"] == mark]
        colour = highlight.get(mark, CLOUD)
        if rows.empty:
            continue
        ends = rows[["before", "after"]].to_numpy(dtype=float)
        segments = [[(BASE, one), (AFTER, other)] for one, other in ends]
        lines = LineCollection(segments, colors=colour, linewidths=1.2 if mark else 0.5, zorder=2 if mark else 1)
        ax.add_collection(lines)
        tips = [
            f"{plain(p)}\nbefore {number(one, shown)}, after {number(other, shown)}" + (f"\nHET {mark}" if mark else "")
            for p, (one, other) in zip(rows["patient"], ends, strict=True)
        ]
        picture.mark(lines, marks_of([[p] for p in rows["patient"]], tips))
    for x, column, face in ((BASE, "before", look.pale), (AFTER, "after", look.strong)):
        heights = known[column].to_numpy(dtype=float)
        points = ax.scatter(np.full(len(heights), x), heights, s=9, c=face, edgecolors=look.strong, lw=0.4, zorder=3)
        tips = [f"{plain(p)}\n{column} {number(v, shown)}" for p, v in zip(known["patient"], heights, strict=True)]
        picture.mark(points, marks_of([[p] for p in known["patient"]], tips))
    ax.set_xticks([BASE, AFTER], ["Baseline", "After"])
    ax.tick_params(axis="x", length=0, pad=3)
    _, tall = size(ax)
    ax.text(
        0.5,
        1 + 5.2 / tall,
        f"{head} (n = {len(known)})",
        transform=ax.transAxes,
        ha="center",
        va="bottom",
        fontweight="bold",
    )
    if estimate is not None:
        ax.text(0.5, 1 + 1.6 / tall, p_of_pairs(estimate), transform=ax.transAxes, ha="center", va="bottom", color=INK)
    else:
        ax.text(0.5, 1 + 1.6 / tall, "too few to test", transform=ax.transAxes, ha="center", va="bottom", color=MUTED)


def phase_key(ax: Axes, above: float) -> None:
    """Pale is before treatment and strong after it, in whatever hue; `above` is the gap to the axes in mm."""
    grey = LOOKS[7]
    entries = [
        Entry("baseline", grey, grey.pale, grey.strong),
        Entry("after treatment", grey, grey.strong, grey.strong),
    ]
    draw_key(ax, [replace(e, look=replace(grey, marker="o", area=8)) for e in entries], PAGE - 30, above=above)


@drawn
def heterogeneity_change(result: HeterogeneityChange) -> tuple[Drawing, ...]:
    """Equitability and the other FISH measures before and after treatment (3D, S4)."""
    return tuple(_drawing(result, str(name)) for name in result.pairs["quantity"].drop_duplicates())


def _drawing(result: HeterogeneityChange, quantity: str) -> Drawing:
    values = result.pairs[result.pairs["quantity"] == quantity].rename(columns={"shift": "mark"})
    values = values.assign(mark=values["mark"].replace("none", ""))
    estimates = {e.groups[0]: e for e in result.estimates if e.quantity == quantity}
    highlight = {"to HET": LOOKS[2].colour, "from HET": LOOKS[4].colour}
    present = [m for m in highlight if (values["mark"] == m).any()]
    entries = [Entry(f"HET status shifts {m}", LOOKS[2] if m == "to HET" else LOOKS[4]) for m in present]
    top = 10 + (key_height(entries, PAGE - 30) if entries else 0)
    parts = (("all", LOOKS[7], slice(None)), ("non-HET", LOOKS[1], "non-HET"), ("HET", LOOKS[2], "HET"))
    picture, axes = blank(PAGE, 58 + top, Margins(top=top, bottom=8, across=10), columns=3)
    span = headroom(values[["before", "after"]].to_numpy(dtype=float).ravel())
    for at, (ax, (name, look, only)) in enumerate(zip(axes, parts, strict=True)):
        rows = values if isinstance(only, slice) else values[values["het_before"] == only]
        label = quantity if at == 0 else ""
        head = {"all": "All", "non-HET": "Non-HET at baseline", "HET": "HET at baseline"}[name]
        paired_lines(
            picture, ax, rows, label, look, {m: highlight[m] for m in present}, head, estimates.get(name), span
        )
    if entries:
        draw_key(axes[0], entries, PAGE - 30, above=10)
    told = [estimates[n] for n in ("all", "non-HET", "HET") if n in estimates]
    return Drawing(
        picture=picture,
        title=_title(quantity, told),
        caption=f"{quantity} of the same patients before and after treatment, nuclei of each phase pooled; each line "
        f"is a patient{', coloured where HET status shifts' if present else ''}. Two-sided signed-rank tests. "
        + " ".join(f"{capital(e.groups[0])}: {effect(e)}, {p_equals(e.p)}." for e in told),
        alt=f"Paired lines of {inline(quantity)} before and after treatment: all patients, non-HET and HET.",
        numbers=values.rename(columns={"mark": "shift"}).drop(columns=["quantity"]).reset_index(drop=True),
        estimates=tuple(told),
        findings=tuple(Finding(_words(e), e) for e in told),
        key=quantity,
        wide=True,
    )


def _words(e: Estimate) -> str:
    where = {"all": "all tumours", "non-HET": "tumours not HET at baseline", "HET": "tumours HET at baseline"}[
        e.groups[0]
    ]
    if math.isnan(significance(e)):
        return f"Change of {inline(e.quantity)} could not be tested in {where}"
    if not found(e):
        return f"No change of {inline(e.quantity)} found in {where}"
    return f"{capital(inline(e.quantity))} {moves(e)} under treatment in {where}"


def _title(quantity: str, estimates: Sequence[Estimate]) -> str:
    hits = [e for e in estimates if found(e) and e.groups[0] != "all"] or [e for e in estimates if found(e)]
    if hits:
        return "; ".join(_words(e) for e in hits)
    if not estimates:
        return f"{quantity} before and after treatment"
    return f"{quantity}: no change found under treatment ({effect(estimates[0])}{scale(estimates[0].unit)})"
