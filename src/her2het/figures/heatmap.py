"""Genes or sets relative to a control group: a heatmap in runs from common to unique."""

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap

from her2het.figures.lettering import cut, width
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import INK, PAGE, PAPER, SMALL, drawn
from her2het.figures.words import join, number, p_text, scale
from her2het.results.scores import Checkpoints, ErbbGenes, Pam50Genes, PathwayDeltas, RelativeExpression

DIVERGING = LinearSegmentedColormap.from_list("change", ["#2166ac", "#92c5de", "#ffffff", "#f4a582", "#b2182b"])
STAR = 0.05
CELL, KEY = 6.0, 18.0  # mm: height of a row, room of the colour key
COMMON, NONE = "common", "none"


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


def _drawing(result: RelativeExpression, what: str, *, italic: bool, note: str = "") -> tuple[Drawing, ...]:
    rows = result.rows
    if rows.empty:
        return ()
    others = [g for g in result.labels if g != result.control and (rows["group"] == g).any()]
    items = rows.drop_duplicates("item").sort_values("place")
    values = np.array([[_cell(rows, i, g, "difference") for i in items["item"]] for g in others])
    p = np.array([[_cell(rows, i, g, "p") for i in items["item"]] for g in others])
    limit = _limit(values)
    upright = italic or max(width(str(i), SMALL) for i in items["item"]) < 18
    picture = _heatmap(items, others, values, p, limit, scale(result.unit), italic=italic, upright=upright)
    runs = items["run"].value_counts()
    parts = [
        f"{int(runs.get(COMMON, 0))} in common",
        *(f"{int(runs.get(g, 0))} in {g} alone" for g in others if len(others) > 1),
    ]
    q = int((rows["q"] < STAR).sum())
    drawing = Drawing(
        picture,
        title=f"{what} against {result.control}: {join(parts)} differ at p < 0.05; {q} comparisons hold at q < 0.05",
        caption=f"Difference of mean from {result.control} at baseline (patient level), {scale(result.unit)}; "
        f"{len(items)} items, ordered from common to unique, within each run from higher to lower. Star: p < 0.05, "
        "two-sided rank-sum test, not corrected (q in the table: Benjamini–Hochberg over items in each comparison). "
        f"Colours are clipped at ± {limit:g}. In order: {_in_order(items, len(others))}.",
        alt=f"Heat map of {len(items)} items by {join(others)}, differences from {result.control}.",
        numbers=rows.drop(columns=["place"]).reset_index(drop=True),
        note=note,
        wide=True,
    )
    return (drawing,)


def _in_order(items: pd.DataFrame, groups: int) -> str:
    """'common (2), HET alone (11), neither (30)'."""
    counts = items.groupby("run", sort=False).size().items()
    return join(
        f"{run_words(str(run), groups).lower() if run in (COMMON, NONE) else run_words(str(run), groups)} ({n})"
        for run, n in counts
    )


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
    groups: list[str],
    values: np.ndarray,
    p: np.ndarray,
    limit: float,
    unit: str,
    *,
    italic: bool,
    upright: bool,
) -> Picture:
    """Items across and groups down where names are short; turned where they are long."""
    names = [plain(i) for i in items["item"]]
    style = "italic" if italic else "normal"
    if upright:
        foot = max(width(n, SMALL) for n in names) + 3
        left = min(42.0, max(width(g) for g in groups) + 4)
        height = 10 + CELL * len(groups) + foot
        box = (left / PAGE, foot / height, (PAGE - left - KEY) / PAGE, CELL * len(groups) / height)
        grid, stars = values, p
    else:
        left = min(95.0, max(width(n, SMALL) for n in names) + 4)
        foot, row = 4.0, 3.6
        height = 16 + row * len(names) + foot
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
    columns, rows = (names, groups) if upright else (groups, names)
    marks = []
    for y, r in enumerate(rows):
        for x, c in enumerate(columns):
            item, group = (c, r) if upright else (r, c)
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
    _spans(ax, items, groups, upright=upright)
    _colour_key(picture, mesh, unit, limit, height)
    return picture


def run_words(run: str, groups: int) -> str:
    """A run of items as its heading says it."""
    return {COMMON: "Common", NONE: "Neither"}.get(run, f"{run} alone" if groups > 1 else "Different")


def _spans(ax, items: pd.DataFrame, groups: list[str], *, upright: bool) -> None:
    """A line and a name over each run of items."""
    start = 0
    for run, count in items.groupby("run", sort=False).size().items():
        words = {COMMON: "Common", NONE: "No difference found"}.get(
            str(run), f"{run} alone" if len(groups) > 1 else "Different"
        )
        if upright:
            at = ax.get_xaxis_transform()
            tall = ax.get_position().height * ax.figure.height
            ax.plot(
                [start + 0.15, start + count - 0.15],
                [1 + 1.2 / tall] * 2,
                transform=at,
                color=INK,
                lw=0.8,
                clip_on=False,
            )
            room = count * ax.get_position().width * PAGE / len(items)
            if width(words) < room + 2:  # a run too narrow for its name is told in the caption
                ax.text(start + count / 2, 1 + 2.0 / tall, words, transform=at, ha="center", va="bottom")
        else:
            wide = ax.get_position().width * PAGE
            at = ax.get_yaxis_transform()
            ax.plot(
                [1 + 1.5 / wide] * 2,
                [start + 0.15, start + count - 0.15],
                transform=at,
                color=INK,
                lw=0.8,
                clip_on=False,
            )
            ax.text(1 + 2.8 / wide, start + count / 2, words, transform=at, ha="left", va="center")
        start += int(count)


def _colour_key(picture: Picture, mesh, unit: str, limit: float, height: float) -> None:
    key = picture.add_axes(((PAGE - 13) / PAGE, max(0.1, 1 - 26 / height), 2.2 / PAGE, min(0.6, 16 / height)))
    bar = picture.colorbar(mesh, cax=key, ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"−{limit:g}", "0", f"+{limit:g}"])
    bar.outline.set_visible(False)
    key.tick_params(length=0, pad=2)
    picture.text((PAGE - 1) / PAGE, 1 - 4.5 / height, unit, ha="right", va="bottom", fontsize=SMALL)
