"""Principal components, coloured by group, by timepoint, and by every other variable."""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from her2het.figures.layout import Entry, Margins, blank, draw_key, headroom, key_height
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import COLUMN, HEIGHT, NO_GROUP, NONE, Look, drawn, looks
from her2het.figures.words import found, interval, number, p_equals, significance
from her2het.results.expression import SampleComponents
from her2het.stats.estimate import Estimate

PHASES = {
    "baseline": ("baseline", Look("g6", "#bbe1f6", "#bbe1f6", "#1f7cb0", "o", 9)),
    "followup": ("after treatment", Look("g6", "#1f7cb0", "#bbe1f6", "#004b76", "^", 11)),
}


@drawn
def components_by_group(result: SampleComponents) -> tuple[Drawing, ...]:
    """The first two components of the baseline samples, coloured by group of patients."""
    scores = result.scores[result.scores["which"] == "baseline"]
    if scores.empty:
        return ()
    shown = looks(result.labels)
    ellipses = result.ellipses[result.ellipses["which"] == "baseline"]
    picture = _scatter(scores, "group", shown, NONE, ellipses, shares(result, "baseline"))
    about = with_variable(result, "group")
    patients = scores["patient"].nunique()
    return (
        Drawing(
            picture,
            title=title_of(
                about,
                "The groups differ along a component of the baseline samples",
                "No component of the baseline samples found along which the groups differ",
                "Baseline samples by group: the first two components",
            ),
            caption=f"Principal components of {result.n_genes:,} genes, {len(scores)} baseline samples of {patients} "
            "patients. Ellipse: 68 % of a bivariate normal; cross: its centre. "
            "Samples of one patient are not independent.",
            alt=f"Scatter of the first two principal components of {len(scores)} baseline samples in "
            f"{len(result.labels)} groups with an ellipse for each.",
            numbers=_numbers(scores, ["group"]),
            estimates=about,
        ),
    )


@drawn
def components_all(result: SampleComponents) -> tuple[Drawing, ...]:
    """The first two components of all samples, baseline and after treatment."""
    scores = result.scores[result.scores["which"] == "all"]
    present = [phase for phase in PHASES if (scores["phase"] == phase).any()]
    if len(present) < 2:
        return ()
    shown = {phase: PHASES[phase][1] for phase in present}
    words = {phase: PHASES[phase][0] for phase in present}
    ellipses = result.ellipses[result.ellipses["which"] == "all"]
    picture = _scatter(scores, "phase", shown, "other timepoint", ellipses, shares(result, "all"), words)
    counts = " and ".join(f"{int((scores['phase'] == phase).sum())} {words[phase]}" for phase in present)
    about = with_variable(result, "phase")
    return (
        Drawing(
            picture,
            title=title_of(
                about,
                "Samples before and after treatment differ along a component",
                "No component found along which samples before and after treatment differ",
                "All samples by timepoint: the first two components",
            ),
            caption=f"Principal components of {result.n_genes:,} genes, {len(scores)} samples ({counts}).",
            alt=f"Scatter of the first two principal components of {len(scores)} samples: {counts}.",
            numbers=_numbers(scores, ["phase", "group"]),
            estimates=about,
        ),
    )


def with_variable(result: SampleComponents, *names: str) -> tuple[Estimate, ...]:
    """The associations of components with these variables: 'PC1 by batch', 'PC2 with age'."""
    return tuple(e for e in result.associations if re.sub(r"^PC\d+ (by|with) ", "", e.contrast) in names)


def shares(result: SampleComponents, which: str) -> tuple[float, float]:
    """The share of variance of the first two components."""
    rows = result.explained[result.explained["which"] == which].sort_values("component")["share"].to_numpy(dtype=float)
    return (float(rows[0]), float(rows[1])) if len(rows) > 1 else (math.nan, math.nan)


def axis_labels(share: tuple[float, float]) -> tuple[str, str]:
    """'PC1 (18 % of variance)', 'PC2 (9.6 %)'."""
    one, two = (f"{100 * s:.2g} %" if math.isfinite(s) else "" for s in share)
    return (f"PC1 ({one} of variance)", f"PC2 ({two})") if one else ("PC1", "PC2")


def _scatter(
    scores: pd.DataFrame,
    column: str,
    shown: Mapping[str, Look],
    missing: str,
    ellipses: pd.DataFrame,
    share: tuple[float, float],
    words: Mapping[str, str] | None = None,
) -> Picture:
    """Points by a column, an ellipse for each of its values."""
    names = words or {}
    entries = [
        Entry(f"{plain(names.get(value, value))} (n = {count})", look)
        for value, look in shown.items()
        if (count := int((scores[column] == value).sum()))
    ]
    unknown = ~scores[column].isin(list(shown)).to_numpy(dtype=bool)
    if unknown.any():
        entries.append(Entry(f"{missing} (n = {int(unknown.sum())})", NO_GROUP))
    room = COLUMN - 4
    top = 2 + key_height(entries, room)
    picture, (ax,) = blank(COLUMN, HEIGHT + max(0.0, top - 8), Margins(top=top))
    parts = [(missing, NO_GROUP, scores[unknown])] if unknown.any() else []
    parts += [
        (names.get(value, value), look, scores[(scores[column] == value).fillna(False).to_numpy(dtype=bool)])
        for value, look in shown.items()
    ]
    for text, look, rows in parts:
        points(picture, ax, rows, look, [text] * len(rows))
    for row in ellipses.itertuples():
        if row.group in shown:
            _ellipse(ax, row, shown[str(row.group)])
    x, y = axis_labels(share)
    frame(ax, scores)
    ax.set(xlabel=x, ylabel=y)
    draw_key(ax, entries, room, left=-10)
    return picture


def frame(ax: Axes, scores: pd.DataFrame) -> None:
    """Limits that hold every point."""
    ax.set(xlim=headroom(scores["pc1"].to_numpy(dtype=float)), ylim=headroom(scores["pc2"].to_numpy(dtype=float)))


def points(
    picture: Picture, ax: Axes, rows: pd.DataFrame, look: Look, says: Sequence[str], *, small: float = 1.0
) -> None:
    """One mark per sample, found by sample and by patient."""
    if rows.empty:
        return
    crossed = look.marker == "x"
    x, y = rows["pc1"].to_numpy(dtype=float), rows["pc2"].to_numpy(dtype=float)
    artist = ax.scatter(
        x,
        y,
        s=look.area * small * (1.0 if len(rows) <= 400 else 0.5),
        c=look.strong if crossed else look.colour,
        marker=look.marker,
        edgecolors=None if crossed else look.strong,
        lw=0.4,
        zorder=2,
    )
    tips = [
        f"{plain(sample)}\n{plain(text)}" + ("" if small < 1 else f"\nPC1 {number(a, 1)}, PC2 {number(b, 1)}")
        for sample, text, a, b in zip(rows["sample"], says, x, y, strict=True)
    ]
    picture.mark(artist, marks_of(list(zip(rows["patient"], rows["sample"], strict=True)), tips))


def _ellipse(ax: Axes, row: object, look: Look) -> None:
    x, y, wide, tall, angle = (float(getattr(row, name)) for name in ("x", "y", "width", "height", "angle"))
    if not np.isfinite([x, y, wide, tall, angle]).all():
        return
    ax.add_patch(Ellipse((x, y), wide, tall, angle=angle, facecolor=look.colour, alpha=0.07, lw=0, zorder=0))
    ax.add_patch(Ellipse((x, y), wide, tall, angle=angle, facecolor="none", edgecolor=look.strong, lw=0.9, zorder=3))
    ax.plot([x], [y], "+", color=look.strong, ms=6, mew=1.3, zorder=4)


def _numbers(scores: pd.DataFrame, extra: list[str]) -> pd.DataFrame:
    names = ["sample", "patient", *extra, "pc1", "pc2"]
    return scores[[n for n in names if n in scores.columns]].reset_index(drop=True)


def title_of(about: Sequence[Estimate], hit: str, none: str, neutral: str) -> str:
    """`hit` with the strongest association where one was found, `none` where some were tested, else `neutral`."""
    tested = [e for e in about if not math.isnan(significance(e))]
    hits = [e for e in tested if found(e)]
    if not hits:
        return none if tested else neutral
    best = min(hits, key=significance)
    name = "p" if math.isnan(best.q) else "q"
    return f"{hit} ({best.contrast}: {best.effect} {interval(best)}, {p_equals(significance(best), name)})"


__all__ = [
    "axis_labels",
    "components_all",
    "components_by_group",
    "frame",
    "points",
    "shares",
    "title_of",
    "with_variable",
]
