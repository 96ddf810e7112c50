"""HER2 by RNA, FISH and IHC: pair by pair, and tumour by tumour, with those that disagree picked out."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from her2het.figures import relation
from her2het.figures.forest import records
from her2het.figures.layout import Entry, draw_key, facets, key_height, size, spaced
from her2het.figures.lettering import LINE, cut, width, wrap
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import CLOUD, COLUMN, FLAG, MUTED, NO_GROUP, NONE, PAGE, SMALL, Look, drawn, looks
from her2het.figures.words import capital, compared, found, join, number
from her2het.results.discordance import Discordance

LISTED = Look("flag", FLAG, FLAG, FLAG, "o", 10)
OTHERS = Look("cloud", CLOUD, CLOUD, MUTED, "o", 8)
TALL = 46.0  # mm
NAMED = 12  # tumours whose names are written


@drawn
def discordance(result: Discordance) -> tuple[Drawing, ...]:
    """Each pair of measurements, and the place of every tumour in each of them."""
    return (_pairs(result), _places(result))


def _label(result: Discordance, key: str) -> str:
    row = result.measures[result.measures["measure"] == key].iloc[0]
    return f"{row['label']}{', ' + str(row['unit']) if row['unit'] else ''}"


def _entries(rows: pd.DataFrame, seen: dict[str, Look]) -> list[Entry]:
    known = [Entry(f"{plain(g)} (n = {n})", look) for g, look in seen.items() if (n := int((rows["group"] == g).sum()))]
    missing = int(rows["group"].isna().sum())
    return [*known, Entry(f"{NONE} (n = {missing})", NO_GROUP)] if missing else known


def _pairs(result: Discordance) -> Drawing:
    seen = looks(result.labels)
    keys = [str(k) for k in result.measures["measure"]]
    pairs = list(itertools.combinations(keys, 2))
    entries = _entries(result.patients, seen)
    entries.append(Entry("measurements disagree", LISTED, face="none", edge=FLAG))
    page = PAGE if len(pairs) > 1 else COLUMN
    head = 2 + key_height(entries, page - 6) + LINE
    across = min(3, len(pairs))
    rows = -(-len(pairs) // across)
    picture, axes = facets(
        len(pairs), across, TALL, [head, *[LINE + 5] * (rows - 1)], 11, page=page, left=12, across=13
    )
    for ax, (x, y) in zip(axes, pairs, strict=True):
        values = result.patients.rename(columns={x: "x", y: "y"})[["patient", "group", "x", "y", "discordant"]]
        fewer = result.patients[x].nunique() > result.patients[y].nunique()
        if fewer:  # the one with fewer levels goes to the horizontal axis, where points can stand beside each other
            values = values.rename(columns={"x": "y", "y": "x"})
        names = (_label(result, y), _label(result, x)) if fewer else (_label(result, x), _label(result, y))
        relation.draw(picture, ax, values, values.iloc[:0], seen, *names)
        _circle(ax, values)
        told = [e for e in result.correlations if e.quantity == f"{x}, {y}"]
        relation.state(ax, told, short=True)
    draw_key(axes[0], entries, page - 6, above=1.6 + LINE, left=-10)
    listed = int(result.patients["discordant"].sum())
    n = int((result.patients["measured"] > 1).sum())
    worst = "; ".join(
        f"{plain(r.patient)}: {plain(r.words)}" for r in records(result.patients[result.patients["discordant"]].head(3))
    )
    return Drawing(
        picture,
        title=f"HER2 measurements disagree in {listed} of {n} tumours ({number(result.expected, 1)} expected by "
        "chance)",
        caption=f"Baseline, one value per patient; n = {n}. Red: disagreement beyond the stated quantile of "
        "chi-square, with "
        "the part that all measurements share taken out. Spearman's r above each pair."
        + (f" Furthest: {worst}." if worst else ""),
        alt=f"Scatter plots of {join(f'{_label(result, x)} and {_label(result, y)}' for x, y in pairs)}.",
        numbers=result.patients.drop(columns=[c for c in result.patients.columns if str(c).startswith("z_")]),
        estimates=(*result.correlations, *result.comparisons),
        findings=(
            *(Finding(compared(e, "disagreement of HER2 measurements"), e) for e in result.comparisons),
            *(Finding(_goes(e.contrast, found(e), e.value), e) for e in result.correlations),
        ),
        key="pairs",
        wide=page == PAGE,
    )


def _goes(contrast: str, there: bool, value: float) -> str:
    one, _, other = contrast.partition(", ")
    if not there:
        return f"No correlation found between {one} and {other}"
    return f"{capital(other)} {'rises' if value > 0 else 'falls'} as {one} rises"


def _circle(ax: Axes, values: pd.DataFrame) -> None:
    """A ring around each tumour that is listed, where its point stands."""
    chosen = set(values[values["discordant"] & values["x"].notna() & values["y"].notna()]["patient"])
    if not chosen:
        return
    for points in list(ax.collections):
        marks = _patients(ax, points)
        at = [k for k, p in enumerate(marks) if p in chosen]
        if at:
            where = np.asarray(points.get_offsets())[at]
            ax.scatter(where[:, 0], where[:, 1], s=34, facecolors="none", edgecolors=FLAG, lw=0.9, zorder=3)


def _patients(ax: Axes, points: object) -> list[str]:
    """Which patients a set of marks stands for, in drawing order."""
    picture = ax.get_figure(root=True)
    name = points.get_gid() if hasattr(points, "get_gid") else None  # type: ignore[attr-defined]
    if not isinstance(picture, Picture) or name not in picture.marks:
        return []
    return [m.keys[0] for m in picture.marks[name]]


def _places(result: Discordance) -> Drawing:
    """Lines from measurement to measurement at each tumour's place in it."""
    keys = [str(k) for k in result.measures["measure"]]
    columns = [f"place_{k}" for k in keys]
    seen = looks(result.labels)
    rows = result.patients[result.patients["measured"] > 1].reset_index(drop=True)
    entries = [Entry("measurements disagree", LISTED), Entry("others", OTHERS, edge=CLOUD)]
    head = 2 + key_height(entries, COLUMN - 4)
    named = rows.loc[rows["discordant"] & rows[columns[-1]].notna(), "patient"].head(NAMED)
    right = min(30.0, max([17.0, *(width(plain(p), SMALL) + 4.0 for p in named)]))
    picture, (ax,) = facets(1, 1, 56, [head], 11, page=COLUMN, left=13, right=right)
    x = np.arange(len(keys), dtype=float)
    for flag, colour, wide in ((False, CLOUD, 0.45), (True, FLAG, 1.1)):
        part = rows[rows["discordant"] == flag]
        lines = [np.column_stack([x, 100 * r]) for r in part[columns].to_numpy(dtype=float)]
        if lines:
            ax.add_collection(LineCollection(lines, colors=colour, linewidths=wide, zorder=2 if flag else 1))
        for at, column in enumerate(columns):
            known = part[part[column].notna()]
            faces = [
                seen[g].colour if isinstance(g, str) and g in seen else CLOUD for g in known["group"].astype(object)
            ]
            points = ax.scatter(
                np.full(len(known), x[at]), 100 * known[column], s=9 if flag else 4, c=faces if flag else CLOUD,
                edgecolors=FLAG if flag else CLOUD, lw=0.5, zorder=3,
            )  # fmt: skip
            tips = [
                f"{plain(r.patient)}\n{plain(r.group) if isinstance(r.group, str) else NONE}\n"
                f"{plain(result.measures['label'].iloc[at])}: {number(getattr(r, keys[at]), 2)}"
                + (f"\n{plain(r.words)}" if flag else "")
                for r in records(known)
            ]
            picture.mark(points, marks_of([(p,) for p in known["patient"]], tips))
    ax.set(xlim=(-0.12, len(keys) - 0.88), ylim=(-2, 102), ylabel="Patients at or below, %")
    _name(ax, rows[rows["discordant"]].head(NAMED), columns[-1])
    ax.set_xticks(x, [wrap(str(n), 50 / len(keys)) for n in result.measures["label"]])
    draw_key(ax, entries, COLUMN - 4, left=-11)
    listed = rows[rows["discordant"]]
    apart = listed["apart"].value_counts()
    labels = dict(zip(result.measures["measure"], result.measures["label"], strict=True))
    words = join(f"{labels[k]} in {n}" for k, n in apart.items())
    return Drawing(
        picture,
        title=f"What stands apart where measurements disagree: {words}" if len(apart) else "No tumour is listed",
        caption=f"Place of each tumour's value among all patients (n = {len(rows)}); a level line is agreement. "
        "Red: listed; its "
        "points in the colour of the group. The measurement that stands apart is the one that the others predict "
        "worst.",
        alt=f"Parallel lines of the places of {len(rows)} tumours in {len(keys)} measurements; {len(listed)} are "
        "picked out.",
        numbers=rows[["patient", "group", *columns, "distance", "p", "q", "discordant", "apart", "gap", "words"]],
        key="places",
    )


def _name(ax: Axes, rows: pd.DataFrame, column: str) -> None:
    """Names of listed tumours beside their last point, kept apart."""
    known = rows[rows[column].notna()].sort_values(column)
    if known.empty:
        return
    wide, tall = size(ax)
    low, high = ax.get_ylim()
    wanted = (100 * known[column].to_numpy(dtype=float) - low) / (high - low) * tall
    placed = spaced(wanted, 2.6, 1.0, tall - 1.0) / tall
    room = (1 - ax.get_position().x1) * COLUMN - 0.03 * wide - 0.5
    for name, y in zip(known["patient"], placed, strict=True):
        shown = cut(plain(name), room, SMALL)
        ax.text(1.03, y, shown, transform=ax.transAxes, fontsize=SMALL, color=FLAG, va="center")
