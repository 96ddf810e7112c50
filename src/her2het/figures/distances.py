"""How far apart two biopsies of one tumour are, and what goes with it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from her2het.figures import groups, relation
from her2het.figures.layout import Entry, Margins, blank, by_row, draw_key, facets, headroom, key_height, size
from her2het.figures.lettering import LINE, cut
from her2het.figures.marks import marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import COLUMN, HEIGHT, INK, MUTED, PAGE, Look, drawn, looks
from her2het.figures.words import column_of, compared, found, inline, join, methods, number, places, related, variable
from her2het.results.expression import BiopsyDistance
from her2het.stats.estimate import Estimate

AXIS = "Distance between biopsies"
BOX, TALL = 40.0, 36.0  # mm, height of the axes of one facet
PLAIN = Look("ink", MUTED, MUTED, INK, "o", 7)


@drawn
def biopsy_distance(result: BiopsyDistance) -> tuple[Drawing, ...]:
    """Distances within tumours against those between patients; by each variable with levels; against each number."""
    drawings = [_within(result), _by_levels(result), _by_numbers(result)]
    return tuple(d for d in drawings if d is not None)


def _within(result: BiopsyDistance) -> Drawing | None:
    """Cumulative share of tumours by distance, beside biopsies of different patients."""
    pairs = result.pairs[result.pairs["distance"].notna()].sort_values(["distance", "patient"]).reset_index(drop=True)
    if pairs.empty:
        return None
    shown = looks(result.labels)
    entries = [
        Entry(f"{plain(group)} (n = {count})", look)
        for group, look in shown.items()
        if (count := int((pairs["group"] == group).sum()))
    ]
    top = 2 + key_height(entries, COLUMN - 4)
    picture, (ax,) = blank(COLUMN, HEIGHT + max(0.0, top - 8), Margins(top=top))
    share = 100 * (np.arange(len(pairs)) + 1) / len(pairs)
    distance = pairs["distance"].to_numpy(dtype=float)
    ax.step(distance, share, where="post", color=MUTED, lw=0.6, zorder=1)
    for group, look in [*shown.items(), (None, PLAIN)]:
        mine = (pairs["group"].isna() if group is None else pairs["group"] == group).to_numpy(dtype=bool)
        if not mine.any():
            continue
        points = ax.scatter(
            distance[mine],
            share[mine],
            s=0.8 * look.area,
            c=look.colour,
            marker=look.marker,
            edgecolors=look.strong,
            lw=0.4,
            zorder=2,
        )
        rows = pairs[mine]
        tips = [
            f"{plain(p)}\n{plain(a)}, {plain(b)}\ndistance {number(d, 1)}"
            for p, a, b, d in zip(rows["patient"], rows["sample_a"], rows["sample_b"], rows["distance"], strict=True)
        ]
        keys = list(zip(rows["patient"], rows["sample_a"], rows["sample_b"], strict=True))
        picture.mark(points, marks_of(keys, tips))
    null = result.null[result.null["distance"].notna()].sort_values("quantile")
    quantile, apart = null["quantile"].to_numpy(dtype=float), null["distance"].to_numpy(dtype=float)
    if len(null):
        ax.plot(apart, 100 * quantile, color=INK, lw=0.9, dashes=(4, 2), zorder=1.5)
        few = slice(None) if len(null) <= 12 else slice(0, 0)
        ax.scatter(apart[few], 100 * quantile[few], s=7, marker="s", c="white", edgecolors=INK, lw=0.6, zorder=1.6)
        ax.text(
            apart[len(apart) // 2], 100 * quantile[len(apart) // 2] - 2, " different\n patients", ha="left", va="top"
        )
    ax.set(xlabel=AXIS, ylabel="Tumours or pairs, %", ylim=(0, 103), xlim=headroom(np.concatenate([distance, apart])))
    draw_key(ax, entries, COLUMN - 4, left=-10)
    facet = set(result.boxes["quantity"].dropna())
    about = tuple(e for e in result.comparisons if e.quantity not in facet)
    middle = float(np.median(distance))
    between = _median(null)
    compare = f", between patients {number(between, places(0, between))}" if math.isfinite(between) else ""
    return Drawing(
        picture,
        title=f"Distance between two biopsies of one tumour: median {number(middle, places(0, middle))}{compare}",
        estimates=about,
        findings=tuple(Finding(_finding(e), e) for e in about),
        caption=f"{len(pairs)} tumours with two baseline biopsies; each point is a tumour, "
        "its height the share of tumours up to this distance. Dashed, with squares at the quantiles: the same for "
        "biopsies of different patients." + _methods(about),
        alt=f"Cumulative distribution of the distance between biopsies in {len(pairs)} tumours, and between patients.",
        numbers=pairs[
            [
                c
                for c in ("patient", "sample_a", "sample_b", "group", "distance", "distance_two_components")
                if c in pairs.columns
            ]
        ],
        key="within",
    )


def _median(null: pd.DataFrame) -> float:
    """The middle of the null, where the result holds that quantile."""
    rows = null[np.isclose(null["quantile"].to_numpy(dtype=float), 0.5)]
    return float(rows["distance"].iloc[0]) if len(rows) else math.nan


def _by_levels(result: BiopsyDistance) -> Drawing | None:
    """One facet of boxes per variable with levels, four across."""
    names = [str(name) for name in result.boxes["quantity"].dropna().unique()]
    if not names:
        return None
    across = 4
    parts = [_levels(result, name) for name in names]
    stated = [groups.drawable(p.estimates, list(p.looks)) for p in parts]
    head = [2.0 + groups.BRACKET * len(estimates) for estimates in stated]
    picture, axes = facets(len(parts), across, BOX, [h + 4.5 for h in by_row(head, across)], 13, across=5)
    span = headroom(result.pairs["distance"].dropna().to_numpy(dtype=float))
    for at, (ax, part) in enumerate(zip(axes, parts, strict=True)):
        groups.draw(picture, ax, part.values, part.boxes, part.looks, AXIS, stated[at], short=True, span=span)
        ax.set_ylabel(AXIS if at % across == 0 else "")
        ax.tick_params(labelleft=at % across == 0)
        wide, tall = size(ax)
        text = cut(variable(part.name), wide, weight="bold")
        ax.text(0, 1 + head[at] / tall, text, transform=ax.transAxes, fontweight="bold", va="bottom")
    estimates = tuple(e for e in result.comparisons if e.quantity in names)
    shown = join(inline(name) for name in names)
    return Drawing(
        picture,
        title=_title(estimates, f"by {shown}"),
        caption=f"{AXIS} of one tumour by {shown}. {groups.BOX} Above the brackets: p, not adjusted."
        + _methods(estimates),
        alt=f"{len(names)} box plots with points: distance between biopsies by {shown}.",
        numbers=pd.concat([p.values.assign(variable=p.name) for p in parts], ignore_index=True)[
            ["variable", "group", "patient", "value"]
        ].rename(columns={"group": "level", "value": "distance"}),
        estimates=estimates,
        findings=tuple(Finding(_finding(e), e) for e in estimates),
        key="levels",
        wide=True,
    )


@dataclass(frozen=True, eq=False)
class _Levels:
    """One facet: points, boxes and comparisons of a variable, its levels named without the variable."""

    name: str
    values: pd.DataFrame
    boxes: pd.DataFrame
    estimates: list[Estimate]
    looks: Mapping[str, Look]


def _levels(result: BiopsyDistance, name: str) -> _Levels:
    """The study's groups in their colours; the levels of other variables ('ER yes' as 'yes') in other hues."""

    def short(level: object) -> str:
        return str(level).removeprefix(f"{name} ")

    boxes = result.boxes[result.boxes["quantity"] == name]
    boxes = boxes.assign(group=boxes["group"].map(short))
    column = result.pairs[column_of(name, result.pairs.columns)]
    if pd.api.types.is_bool_dtype(column.dtype):
        column = column.map({True: "yes", False: "no"}, na_action="ignore")
    level = column.astype(object).where(column.notna(), None).map(short, na_action="ignore")
    present = list(dict.fromkeys(boxes["group"]))
    known = looks(result.labels)
    return _Levels(
        name,
        pd.DataFrame({"patient": result.pairs["patient"], "group": level, "value": result.pairs["distance"]}),
        boxes,
        [replace(e, groups=tuple(map(short, e.groups))) for e in result.comparisons if e.quantity == name],
        {p: known[p] for p in result.labels if p in present} if set(present) <= set(known) else groups.levels(present),
    )


def _by_numbers(result: BiopsyDistance) -> Drawing | None:
    """One facet of points per number, three across; x: the variable, y: the distance."""
    names = list(dict.fromkeys(e.quantity for e in result.correlations))
    if not names:
        return None
    across = 3
    tests = {name: [e for e in result.correlations if e.quantity == name] for name in names}
    shown = looks(result.labels)
    entries = relation.key_of(result.pairs.assign(x=0.0, y=0.0), shown)
    key = key_height(entries, PAGE - 14) + 1
    head = [1.5 + LINE * h for h in by_row([len(tests[name]) for name in names], across)]
    picture, axes = facets(len(names), across, TALL, [head[0] + key, *(h + 2 for h in head[1:])], 10.5, across=7)
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        values = pd.DataFrame(
            {
                "patient": result.pairs["patient"],
                "group": result.pairs["group"],
                "x": result.pairs[column_of(name, result.pairs.columns)].astype("float64"),
                "y": result.pairs["distance"],
            }
        )
        fit = result.fits[result.fits["variable"] == name]
        relation.draw(picture, ax, values, fit, shown, variable(name), AXIS)
        ax.set_ylabel(AXIS if at % across == 0 else "")
        relation.state(ax, tests[name], short=True)
    draw_key(axes[0], entries, PAGE - 14, above=head[0])
    estimates = tuple(e for name in names for e in tests[name])
    told = join(inline(name) for name in names)
    return Drawing(
        picture,
        title=_title(estimates, f"with {told}", "correlation"),
        caption=f"{AXIS} of one tumour against {told}. {relation.CAPTION}{_methods(estimates)}",
        alt=f"{len(names)} scatters: distance between biopsies against {told}.",
        numbers=result.pairs[
            ["patient", "group", "distance", *(column_of(name, result.pairs.columns) for name in names)]
        ].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(
            Finding(related(tests[name][0], inline(name), "the distance between biopsies"), tests[name][0])
            for name in names
        ),
        key="numbers",
        wide=True,
    )


def _title(estimates: tuple[Estimate, ...], what: str, kind: str = "difference") -> str:
    hits = [e for e in estimates if found(e)]
    if not hits:
        return (
            f"Distance between biopsies: no {kind} found {what}" if estimates else f"Distance between biopsies {what}"
        )
    return f"Distance between biopsies goes with {join(dict.fromkeys(inline(e.quantity) for e in hits))}"


def _finding(e: Estimate) -> str:
    named = any(e.quantity in group for group in e.groups) or e.quantity in (AXIS, "group")
    return f"{compared(e, 'distance between biopsies')}{'' if named else f' ({inline(e.quantity)})'}"


def _methods(estimates: tuple[Estimate, ...]) -> str:
    families = join(dict.fromkeys(e.family for e in estimates if e.family))
    return f"{methods(estimates)}{f' q: within {families}.' if families else ''}"
