"""HER2 status by guideline: who moves between versions, and where tumours lie among the ISH groups."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from her2het.figures.alluvial import TO_HET, ribbons
from her2het.figures.layout import Entry, Margins, blank, draw_key, key_height
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import COLUMN, HEIGHT, LOOKS, MUTED, NO_GROUP, NONE, PAGE, RULE, Look, drawn, looks
from her2het.figures.words import join, number
from her2het.results.her2 import Her2Status

ORDER = (
    *("POSITIVE", "ADJUDICATION_REQUIRED", "RECOUNT_REQUIRED", "DUAL_PROBE_REQUIRED", "EQUIVOCAL"),
    *("INDETERMINATE", "INCOMPLETE", "INSUFFICIENT", "NEGATIVE"),
)
SETTLED = {"POSITIVE": LOOKS[0], "NEGATIVE": LOOKS[7]}
OPEN = LOOKS[1]
MOVED = "status changes"
COPY_TICKS = (1, 2, 4, 6, 10, 20, 40, 80, 160)
RATIO_TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)


def said(status: object) -> str:
    """RECOUNT_REQUIRED as 'recount required'."""
    return plain(status).replace("_", " ").lower()


@drawn
def reclassification(result: Her2Status) -> tuple[Drawing, ...]:
    """Status of the baseline tumours from version to version."""
    rows = result.patients[result.patients["phase"] == "baseline"].reset_index(drop=True)
    if rows.empty:
        return ()
    columns = [f"status_{version}" for version in result.versions]
    values = rows[["patient", *columns]].copy()
    for column in columns:
        values[column] = [said(status) for status in values[column]]
    first, last = columns[0], columns[-1]
    moved = (values[first] != values[last]).to_numpy(dtype=bool)
    ever = values[columns].ne(values[first], axis=0).any(axis=1).to_numpy(dtype=bool)
    values["mark"] = np.where(ever, MOVED, "")
    order = [said(status) for status in ORDER]
    shades = {name: SETTLED.get(status, OPEN) for name, status in zip(order, ORDER, strict=True)}
    stages = [(column, version) for column, version in zip(columns, result.versions, strict=True)]
    picture = ribbons(values, stages, order, shades, {MOVED: TO_HET.colour}, page=PAGE, room=26)
    n, kinds = len(values), values.loc[moved].groupby([first, last], sort=False).size()
    flows = join(f"{count} {way[0]} to {way[1]}" for way, count in zip(kinds.index, kinds, strict=True))
    years = f"{result.versions[0]} and {result.versions[-1]}"
    title = f"HER2 status differs between {years} in {int(moved.sum())} of {n} tumours" + (
        f": {flows}" if flows else ""
    )
    caption = (
        f"{n} patients with a status at baseline, by ASCO/CAP version; height of a ribbon: patients; "
        f"coloured: the status is not the same under all versions ({int(ever.sum())}). A patient has the status of the "
        "specimen that comes first in the order positive, open, negative. No test. Research use only."
    )
    numbers = rows[["patient", "group", "sample", "ihc_score", "ish_group", *columns, "stratum", "reason", "next"]]
    alt = f"Ribbons of {n} patients between statuses under {join(result.versions)}. {flows or 'None moves'}."
    return (Drawing(picture, title, caption, alt, numbers, wide=True, narrow=_narrow(values, stages, order, shades)),)


def _narrow(
    values: pd.DataFrame, stages: Sequence[tuple[str, str]], order: Sequence[str], shades: Mapping[str, Look]
) -> Picture:
    """First against last version, for a phone."""
    ends = (stages[0], stages[-1])
    here = values.assign(mark=np.where(values[ends[0][0]] != values[ends[1][0]], MOVED, ""))
    return ribbons(here, ends, order, shades, {MOVED: TO_HET.colour}, room=24)


@drawn
def ish_plane(result: Her2Status) -> tuple[Drawing, ...]:
    """ERBB2/CEP17 ratio against ERBB2 copies of the baseline tumours, with the five ISH groups."""
    rows = result.patients[result.patients["phase"] == "baseline"].dropna(subset=["ratio", "copies"])
    if rows.empty:
        return ()
    rows = rows.reset_index(drop=True)
    hues = looks(result.labels)
    entries = [
        Entry(f"{plain(group)} (n = {n})", look)
        for group, look in hues.items()
        if (n := int((rows["group"] == group).sum()))
    ]
    if missing := int(rows["group"].isna().sum()):
        entries.append(Entry(f"{NONE} (n = {missing})", NO_GROUP))
    top = 2 + key_height(entries, COLUMN - 14)
    picture, (ax,) = blank(COLUMN, HEIGHT + max(0.0, top - 8), Margins(top=top, bottom=10))
    plane(ax, rows, result.ratio_cut, result.copies_cuts)
    for group, look in (*hues.items(), (None, NO_GROUP)):
        part = rows[rows["group"].isna()] if group is None else rows[rows["group"] == group]
        if len(part):
            crossed = look.marker == "x"
            points = ax.scatter(
                *on_plane(ax, part),
                s=look.area,
                c=look.strong if crossed else look.colour,
                marker=look.marker,
                edgecolors=None if crossed else look.strong,
                lw=0.4,
                zorder=3,
            )
            picture.mark(points, marks_of([[p] for p in part["patient"]], [tip(row) for _, row in part.iterrows()]))
    draw_key(ax, entries, COLUMN - 14)
    group = rows["ish_group"].dropna().to_numpy(dtype=int)
    counts = {g: int((group == g).sum()) for g in range(1, 6) if (group == g).any()}
    told = join(f"{n} in group {g}" for g, n in counts.items())
    last = result.versions[-1]
    bare = int((rows["copies"] == 0).sum())
    none = f" {bare} without ERBB2 signals at the lower edge." if bare else ""
    crossing = int((rows["flags"].fillna("").str.contains("NEAR_THRESHOLD")).sum())
    return (
        Drawing(
            picture,
            title=f"ISH of {len(rows)} baseline tumours: {told}" if told else f"ISH of {len(rows)} baseline tumours",
            caption="Ratio of summed signals against mean ERBB2 copies of the specimen that decides, on doubling axes; "
            f"dashed: cut-offs of {last}; shaded: ISH positive (group 1). In {crossing} of {len(rows)} tumours the "
            f"95 % interval of ratio or copies includes a cut-off.{none}",
            alt=f"Ratio against copies for {len(rows)} tumours: {told}.",
            numbers=rows[
                [
                    *("patient", "group", "sample", "nuclei", "ratio", "ratio_low", "ratio_high"),
                    *("copies", "copies_low", "copies_high", "ish_group", "ihc_score", "flags"),
                ]
            ],
        ),
    )


def tip(row: pd.Series) -> str:
    """What hovering over a tumour says."""
    lines = [plain(row["patient"])]
    for name in ("ratio", "copies"):
        low, high = float(row[f"{name}_low"]), float(row[f"{name}_high"])
        lines.append(f"{name} {number(float(row[name]))} ({number(low)} to {number(high)})")
    return "\n".join(lines)


def plane(ax: Axes, rows: pd.DataFrame, ratio_cut: float, copies_cuts: tuple[float, float]) -> None:
    """Axes of ratio against copies, doubling, with the five groups named; wide enough for these tumours."""
    few, many = copies_cuts
    x = _limits(rows[["copies", "copies_low", "copies_high"]], few / 2.6, many * 2.2)
    y = _limits(rows[["ratio", "ratio_low", "ratio_high"]], ratio_cut / 2.6, ratio_cut * 3.4)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.set(xlim=x, ylim=y, xlabel="ERBB2 copies per nucleus", ylabel="ERBB2/CEP17 ratio")
    _ticks(ax, x, y)
    ax.add_patch(Rectangle((few, ratio_cut), x[1] - few, y[1] - ratio_cut, color=RULE, alpha=0.55, lw=0, zorder=0))
    dashed = {"color": MUTED, "lw": 0.6, "dashes": (4, 2.5), "zorder": 1}
    ax.plot(x, [ratio_cut, ratio_cut], **dashed)
    ax.plot([few, few], y, **dashed)
    ax.plot([many, many], [y[0], ratio_cut], **dashed)
    middle = math.sqrt(few * many)
    high, low = 0.97, 0.03
    places = (
        ("group 1\npositive", few, high, "left", "top"),
        ("group 2\nwork-up", x[0], high, "left", "top"),
        ("group 3\nwork-up", x[1], low, "right", "bottom"),
        ("group 4\nwork-up", middle, low, "center", "bottom"),
        ("group 5\nnegative", x[0], low, "left", "bottom"),
    )
    for text, at, up, side, end in places:
        nudge = {"left": 1.04, "right": 1 / 1.04, "center": 1.0}[side]
        ax.text(
            at * nudge,
            up,
            text,
            transform=ax.get_xaxis_transform(),
            ha=side,
            va=end,
            color=MUTED,
            linespacing=1.2,
            zorder=1,
        )


def _limits(values: pd.DataFrame, low: float, high: float) -> tuple[float, float]:
    known = values.to_numpy(dtype=float).ravel()
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return low, high
    return min(low, float(known.min()) / 1.15), max(high, float(known.max()) * 1.15)


def _ticks(ax: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    for axis, at, (low, high) in ((ax.xaxis, COPY_TICKS, x), (ax.yaxis, RATIO_TICKS, y)):
        inside = [t for t in at if low <= t <= high]
        axis.set_ticks(inside, [f"{t:g}" for t in inside])
        axis.set_ticks([], minor=True)


def crosshair(ax: Axes, row: pd.Series, colour: str) -> NDArray[np.float64]:
    """The 95 % intervals of one tumour as a cross; where it is."""
    (copies,), (ratio,) = on_plane(ax, row.to_frame().T)
    ax.plot([row["copies_low"], row["copies_high"]], [ratio] * 2, color=colour, lw=1.2, zorder=4)
    ax.plot([copies] * 2, [row["ratio_low"], row["ratio_high"]], color=colour, lw=1.2, zorder=4)
    return np.array([copies, ratio], dtype=float)


def on_plane(ax: Axes, rows: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Copies and ratio as they are drawn: 0 has no place on doubling axes and stands at their lower edge."""
    copies, ratio = (rows[name].to_numpy(dtype=float) for name in ("copies", "ratio"))
    return np.maximum(copies, 1.03 * ax.get_xlim()[0]), np.maximum(ratio, 1.03 * ax.get_ylim()[0])


__all__ = ["crosshair", "ish_plane", "on_plane", "plane", "reclassification", "said", "tip"]
