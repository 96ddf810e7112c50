"""Genes or sets relative to a control group or to before treatment: a heatmap in runs from common to unique."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap

from her2het.figures.layout import size
from her2het.figures.lettering import cut, width, wrap
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import INK, MUTED, PAGE, PAPER, SMALL, drawn
from her2het.figures.words import join, number, p_text, scale
from her2het.results.scores import (
    CheckpointChange,
    Checkpoints,
    ErbbGenes,
    ExpressionChange,
    Pam50Genes,
    PathwayChange,
    PathwayDeltas,
    RelativeExpression,
)

DIVERGING = LinearSegmentedColormap.from_list("change", ["#2166ac", "#92c5de", "#ffffff", "#f4a582", "#b2182b"])
STAR = 0.05
CELL, KEY, TIER = 6.0, 18.0, 3.6  # mm: height of a row, room of the colour key, height of a line of names over runs
COMMON, OPPOSITE, NONE = "common", "opposite", "none"


@drawn
def erbb_genes(result: ErbbGenes) -> tuple[Drawing, ...]:
    """ERBB signalling genes relative to the control group (1G)."""
    note = (
        ""
        if result.source.startswith("KEGG")
        else f"KEGG's set comes from a user's GMT file; shown is {result.source}."
    )
    return _drawing(result, "ERBB signalling genes", italic=True, note=note)


@drawn
def pam50_genes(result: Pam50Genes) -> tuple[Drawing, ...]:
    """The PAM50 genes relative to the control group (2B)."""
    return _drawing(result, "PAM50 genes", italic=True)


@drawn
def checkpoints(result: Checkpoints) -> tuple[Drawing, ...]:
    """Checkpoint receptors and ligands relative to the control group (5C)."""
    return _drawing(result, "Checkpoint genes", italic=True)


@drawn
def pathway_deltas(result: PathwayDeltas) -> tuple[Drawing, ...]:
    """Gene set scores relative to the control group (S3C)."""
    return _drawing(result, "Gene sets", italic=False)


@drawn
def checkpoint_change(result: CheckpointChange) -> tuple[Drawing, ...]:
    """Checkpoint receptors and ligands after treatment relative to before (7C)."""
    return _drawing(result, "Checkpoint genes", italic=True)


@drawn
def pathway_change(result: PathwayChange) -> tuple[Drawing, ...]:
    """Gene set scores after treatment relative to before (4G)."""
    return _drawing(result, "Gene sets", italic=False, note=f"Sets: {result.source}.")


def _drawing(result: RelativeExpression, what: str, *, italic: bool, note: str = "") -> tuple[Drawing, ...]:
    rows = result.rows
    if rows.empty:
        return ()
    others = [g for g in result.labels if g != result.control and (rows["group"] == g).any()]
    items = rows.drop_duplicates("item").sort_values("place")
    values = np.array([[_cell(rows, i, g, "difference") for i in items["item"]] for g in others])
    p = np.array([[_cell(rows, i, g, "p") for i in items["item"]] for g in others])
    n = {str(g): int(k) for g, k in zip(result.sizes["group"], result.sizes["n"], strict=True)}
    limit = _limit(values)
    upright = italic or max(width(str(i), SMALL) for i in items["item"]) < 18
    picture = _heatmap(items, result, others, values, p, limit, italic=italic, upright=upright)
    runs = items["run"].value_counts()
    parts = [
        f"{int(runs.get(COMMON, 0))} in common",
        *(f"{int(runs.get(g, 0))} in {plain(g)} alone" for g in result.deciding if len(result.deciding) > 1),
    ]
    if len(result.deciding) == 1:
        parts = [f"{int(runs.get(result.deciding[0], 0))} of {len(items)}"]
    q = int((rows["q"] < STAR).sum())
    changed = isinstance(result, ExpressionChange)
    if changed:
        verb, over = "change under treatment", "part of the patients"
        shown = "Mean change in the same patients, after less before treatment"
        sizes = "pairs: " + join(f"{g} {n[g]}" for g in others)
        test, alt = (
            "two-sided signed-rank test",
            f"Heat map of {len(items)} items by {join(others)}, change under treatment.",
        )
    else:
        verb, over = f"differ from {plain(result.control)}", "comparison"
        shown = f"Difference of mean from {plain(result.control)} at baseline (patient level)"
        sizes = "n: " + join(f"{plain(g)} {n[g]}" for g in (result.control, *others) if g in n)
        test, alt = (
            "two-sided rank-sum test",
            f"Heat map of {len(items)} items by {join(others)}, differences from {result.control}.",
        )
    drawing = Drawing(
        picture,
        title=f"{what}: {join(parts)} {verb} at p < 0.05; {q} of {len(rows)} comparisons hold at q < 0.05",
        caption=f"{shown}, {scale(result.unit)}; {sizes}; {len(items)} items, ordered from common to unique "
        f"({join(map(plain, result.deciding))}), within each run from higher to lower. Star: p < 0.05, {test}, not "
        f"corrected (q in the table: Benjamini–Hochberg over items in each {over}). Colours clipped at ± {limit:g}. "
        f"In order: {_in_order(items, len(result.deciding))}.",
        alt=alt,
        numbers=rows.drop(columns=["place"]).reset_index(drop=True),
        note=note,
        wide=True,
    )
    return (drawing,)


def _in_order(items: pd.DataFrame, groups: int) -> str:
    """'common (2), HET alone (11), neither (30)'."""
    counts = items.groupby("run", sort=False).size().items()
    words = ((run_words(str(run), groups), str(run), n) for run, n in counts)
    return join(f"{w.lower() if run in (COMMON, OPPOSITE, NONE) else w} ({n})" for w, run, n in words)


def _cell(rows: pd.DataFrame, item: str, group: str, column: str) -> float:
    found = rows.loc[(rows["item"] == item) & (rows["group"] == group), column]
    return float(found.iloc[0]) if len(found) else float("nan")


def _limit(values: np.ndarray) -> float:
    """A round limit that most cells are within."""
    high = float(np.nanquantile(np.abs(values), 0.95)) if values.size else 1.0
    steps = [0.1, 0.2, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0]
    return next((s for s in steps if s >= high), float(np.ceil(high)))


def _heatmap(
    items: pd.DataFrame,
    result: RelativeExpression,
    groups: list[str],
    values: np.ndarray,
    p: np.ndarray,
    limit: float,
    *,
    italic: bool,
    upright: bool,
) -> Picture:
    """Items across and groups down where names are short; turned where they are long."""
    names = [plain(i) for i in items["item"]]
    unit = scale(result.unit)
    n = dict(zip(result.sizes["group"], result.sizes["n"], strict=True))
    style = "italic" if italic else "normal"
    named: list[Run] = []
    if upright:
        foot = max(width(n, SMALL) for n in names) + 3
        heads = [f"{plain(g)} (n = {n[g]})" for g in groups]
        left = min(45.0, max(width(h) for h in heads) + 4)
        heads = [cut(h, left - 3) for h in heads]
        runs = items.groupby("run", sort=False).size()
        words = [run_words(str(run), len(result.deciding)) for run in runs.index]
        named = place_runs(words, [int(k) for k in runs], (PAGE - left - KEY) / len(names), PAGE - KEY - left)
        height = 10 + TIER * max(r.tier for r in named) + CELL * len(groups) + foot
        box = (left / PAGE, foot / height, (PAGE - left - KEY) / PAGE, CELL * len(groups) / height)
        grid, stars = values, p
    else:
        left = min(95.0, max(width(n, SMALL) for n in names) + 4)
        foot, row = 4.0, 3.6
        heads = [f"{wrap(plain(g), 21)}\nn = {n[g]}" for g in groups]
        height = 15 + row * len(names) + foot
        box = (
            left / PAGE,
            foot / height,
            min(22.0 * len(groups), PAGE - left - KEY - 10) / PAGE,
            row * len(names) / height,
        )
        grid, stars = values.T, p.T
    picture = Picture(PAGE, height)
    ax = picture.add_axes(box)
    mesh = ax.pcolormesh(grid, cmap=DIVERGING, vmin=-limit, vmax=limit, edgecolors=PAPER, lw=0.8, snap=False)
    columns, rows = (names, heads) if upright else (heads, names)
    marks = []
    for y in range(len(rows)):
        for x in range(len(columns)):
            item, group = (names[x], groups[y]) if upright else (names[y], groups[x])
            tip = f"{item}\n{plain(group)}: {number(float(grid[y, x]), 2)} {unit}\np = {p_text(float(stars[y, x]))}"
            marks.append(Mark((item,), tip))
            if stars[y, x] < STAR:
                dark = abs(grid[y, x]) > 0.75 * limit
                ax.text(
                    x + 0.5, y + 0.5, "∗", color="#ffffff" if dark else "#000000", ha="center", va="center", fontsize=7
                )
    picture.mark(mesh, marks)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows if upright else [cut(n, left - 3, SMALL) for n in rows])
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=90 if upright else 0)
    for label in ax.get_xticklabels() if upright else ax.get_yticklabels():
        label.set_fontstyle(style)
        label.set_fontsize(SMALL)
    if not upright:
        ax.xaxis.tick_top()
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)
    ax.invert_yaxis()
    if upright:
        _over(ax, named)
    else:
        _beside(ax, items, len(result.deciding))
    _colour_key(picture, mesh, f"{'Change' if isinstance(result, ExpressionChange) else 'Difference'},\n{unit}", limit)
    return picture


@dataclass(frozen=True)
class Run:
    """Where the name of a run of items stands, mm from the first item: over its middle, or to one side on a tier."""

    words: str
    start: float
    end: float
    tier: int
    at: float
    align: str


def place_runs(words: Sequence[str], counts: Sequence[int], step: float, space: float) -> list[Run]:
    """The name of each run over it; one wider than its run stands higher, led to it by a line that crosses no name.

    Each name is tried in its own room, else to the right or left of its run's middle on the lowest tier that is free,
    the last run first: a line then rises to the left of the names on the tiers below. Where a later name finds no room
    so, the next place of the earlier ones is tried. `step` is the width of an item and `space` that of all.
    """
    tries: list[list[Run]] = []
    above: list[Run] = []  # where a name is too wide for every place: above all others
    for name, count, end in zip(words, counts, (step * np.cumsum(counts)).tolist(), strict=True):
        start, middle, wide = end - step * count, end - step * count / 2, width(name)
        own = [Run(name, start, end, 0, middle, "center")] if wide < step * count + 2 else []
        own += [
            Run(name, start, end, tier, middle, side)
            for tier in range(1, len(words) + 1)
            for side in ("left", "right")
            if (middle + wide < space + 2 if side == "left" else middle - wide > -20)
        ]
        tries.append(own)
        above.append(Run(name, start, end, 2 * len(words) - len(above), middle, "center"))
    found = _free(tries[::-1], [])
    return above if found is None else found[::-1]


def _free(tries: list[list[Run]], placed: list[Run]) -> list[Run] | None:
    """The first places of all runs, in the order given, that clash with none of those placed and of each other."""
    if not tries:
        return placed
    for run in tries[0]:
        if not any(_clash(run, other) for other in placed):
            found = _free(tries[1:], [*placed, run])
            if found is not None:
                return found
    return None


def _clash(one: Run, other: Run) -> bool:
    """Whether the names of two runs, or the name of one and the line to the other, are over each other."""
    (a, b), (c, d) = _reach(one), _reach(other)
    if one.tier == other.tier:
        return a < d + 1.5 and c < b + 1.5
    low, high = (one, other) if one.tier < other.tier else (other, one)
    left, right = _reach(low)
    return left - 0.5 < high.at < right + 0.5


def _reach(run: Run) -> tuple[float, float]:
    wide = width(run.words)
    left = {"left": run.at, "center": run.at - wide / 2, "right": run.at - wide}[run.align]
    return left, left + wide


def run_words(run: str, groups: int) -> str:
    """A run of items as its heading says it."""
    nothing = {1: "No difference found", 2: "Neither"}.get(groups, "None")
    known = {COMMON: "Common", OPPOSITE: "Opposite", NONE: nothing}
    return known.get(run, f"{plain(run)} alone" if groups > 1 else "Different")


def _over(ax: Axes, runs: Sequence[Run]) -> None:
    """A line and a name over each run of items."""
    wide, tall = size(ax)
    for run in runs:
        ends = [(run.start + 0.3) / wide, (run.end - 0.3) / wide]
        ax.plot(ends, [1 + 1.2 / tall] * 2, transform=ax.transAxes, color=INK, lw=0.8, clip_on=False)
        y = 1 + (2.0 + TIER * run.tier) / tall
        if run.tier:
            rise = [1 + 1.2 / tall, y + (0.0 if run.align == "center" else 1.4 / tall)]
            ax.plot([run.at / wide] * 2, rise, transform=ax.transAxes, color=MUTED, lw=0.5, clip_on=False)
        aside = {"left": 0.8, "center": 0.0, "right": -0.8}[run.align]
        ax.text((run.at + aside) / wide, y, run.words, transform=ax.transAxes, ha=run.align, va="bottom")


def _beside(ax: Axes, items: pd.DataFrame, deciding: int) -> None:
    """A line and a name beside each run of items."""
    start = 0
    wide, _ = size(ax)
    at = ax.get_yaxis_transform()
    for run, count in items.groupby("run", sort=False).size().items():
        ends = [start + 0.15, start + count - 0.15]
        ax.plot([1 + 1.5 / wide] * 2, ends, transform=at, color=INK, lw=0.8, clip_on=False)
        words = run_words(str(run), deciding)
        ax.text(1 + 2.8 / wide, start + count / 2, words, transform=at, ha="left", va="center")
        start += int(count)


def _colour_key(picture: Picture, mesh: QuadMesh, words: str, limit: float) -> None:
    height = picture.height
    key = picture.add_axes(((PAGE - 13) / PAGE, max(0.1, 1 - 25.5 / height), 2.2 / PAGE, min(0.6, 16 / height)))
    bar = picture.colorbar(mesh, cax=key, ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"−{limit:g}", "0", f"+{limit:g}"])
    bar.outline.set_visible(False)
    key.tick_params(length=0, pad=2)
    picture.text(
        (PAGE - 1) / PAGE, 1 - 1.2 / height, words, ha="right", va="top", fontsize=SMALL, multialignment="right"
    )
