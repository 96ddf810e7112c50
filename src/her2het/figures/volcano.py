"""Genes that differ or change: volcano plots, and numbers of genes at equal numbers of patients."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from her2het.figures.layout import Margins, blank, size, spaced
from her2het.figures.lettering import width
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import CLOUD, COLUMN, INK, LOOKS, MUTED, PAPER, RULE, SMALL, Look, drawn, looks
from her2het.figures.words import capital, effect, found, number, p_equals, p_text
from her2het.results.genes import BaselineGenes, PairedGenes

HEIGHT = 74.0  # mm
NAMED = 10  # genes named on each side
SHOWN = 0.05  # p below which a gene is in the panel's numbers; the tables have all


@drawn
def baseline_genes(result: BaselineGenes) -> tuple[Drawing, ...]:
    """Volcano plots of each group against the control group (1E, S3B)."""
    seen = looks(result.labels)
    control = seen[result.control]
    return tuple(
        _volcano(result, str(c), seen[str(c)], control, f"{c} − {result.control}", f"{c} than in {result.control}")
        for c in result.counts["contrast"]
    )


@drawn
def paired_genes(result: PairedGenes) -> tuple[Drawing, ...]:
    """Volcano plots of after against before, by HET (4F), and the numbers at equal size (S6C)."""
    shades = {"non-HET": LOOKS[1], "HET": LOOKS[2]}
    made = [
        _volcano(
            result,
            str(c),
            shades[str(c)],
            Look("g8", "#7f7f7f", "#cccccc", "#4d4d4d", "o", 9),
            f"after − before, {c}",
            "residual tumours than at baseline",
        )
        for c in result.counts["contrast"]
    ]
    if result.drawn["found"].notna().any():
        made.append(_matched(result))
    return tuple(made)


def _volcano(
    result: BaselineGenes | PairedGenes, contrast: str, up: Look, down: Look, axis: str, words: str
) -> Drawing:
    genes = result.genes[(result.genes["contrast"] == contrast) & result.genes["padj"].notna()]
    tally = result.counts[result.counts["contrast"] == contrast].iloc[0]
    higher, lower = int(tally["higher"]), int(tally["lower"])
    count = int(tally["n"])
    sizes = f"n = {count} against {int(tally['control_n'])}" if "control_n" in tally else f"n = {count} pairs"
    picture = _picture(genes, (up, down), axis, math.log2(result.fold), result.padj, sizes)
    overlap = result.overlap[(result.overlap["contrast"] == contrast) | (result.overlap["other"] == contrast)]
    shared = "".join(
        f" {int(r['both'])} of them also in {r['other'] if r['contrast'] == contrast else r['contrast']}, in the same "
        "direction."
        for r in overlap.to_dict("records")
    )
    n = f"n = {count}" + (
        f" against {int(tally['control_n'])}" if "control_n" in tally else " patients, before and after"
    )
    how = (
        f"{result.unit}"
        if isinstance(result, BaselineGenes)
        else "counts summed per patient and phase, patient as a factor"
    )
    test = result.test if isinstance(result, BaselineGenes) else "Negative-binomial Wald test as DESeq2"
    kept = genes[genes["p"] < SHOWN].sort_values("padj", kind="stable")
    return Drawing(
        picture,
        title=f"{higher} genes are higher and {lower} lower in {words}",
        caption=f"{int(tally['tested']):,} genes tested, {n} ({how}). Coloured: padj < {result.padj:g} and fold change "
        f"beyond {result.fold:g} (dashed). Named: up to {NAMED} on each side with the smallest padj. {test}; "
        f"padj: Benjamini–Hochberg over the tested genes.{shared} The numbers below hold genes "
        f"with p < {SHOWN:g}; the tables of the run hold all.",
        alt=f"Volcano plot: {higher} genes higher and {lower} lower.",
        numbers=kept[["gene", "log2_fold", "se", "p", "padj", "found"]].reset_index(drop=True),
        key=contrast,
    )


def _picture(
    genes: pd.DataFrame, shades: tuple[Look, Look], axis: str, fold: float, padj: float, sizes: str
) -> Picture:
    picture, (ax,) = blank(COLUMN, HEIGHT, Margins(top=7))
    up, down = shades
    height = -np.log10(genes["padj"].to_numpy(dtype=float).clip(1e-300))
    effect_size = genes["log2_fold"].to_numpy(dtype=float)
    passed = genes["found"].to_numpy(dtype=bool)
    reach = 1.05 * float(np.abs(effect_size).max()) if len(genes) else 1.0
    named = [_chosen(effect_size, height, passed, side) for side in (-1, 1)]
    longest = max((width(plain(genes["gene"].iloc[at]), SMALL) for chosen in named for at in chosen), default=0.0)
    share = min(0.8, 2 * (longest + 1.5) / size(ax)[0])  # of the axis, that the names at both sides need
    gutter = max(1.75, 1.05 / (1 - share)) * reach
    ax.scatter(effect_size[~passed], height[~passed], s=2.2, c=CLOUD, alpha=0.55, lw=0, rasterized=True)
    names = genes["gene"].to_numpy(dtype=object)
    for side, look in ((1, up), (-1, down)):
        mine = passed & (np.sign(effect_size) == side)
        if mine.any():
            points = ax.scatter(
                effect_size[mine],
                height[mine],
                s=8,
                c=look.colour,
                marker=look.marker,
                edgecolors=PAPER,
                lw=0.3,
                zorder=3,
            )
            tips = [
                f"{plain(g)}\nlog₂ fold change {number(f, 2)}\npadj {p_text(q)}"
                for g, f, q in zip(
                    names[mine], effect_size[mine], genes["padj"].to_numpy(dtype=float)[mine], strict=True
                )
            ]
            picture.mark(points, marks_of([[g] for g in names[mine]], tips))
        at = ax.get_xaxis_transform()
        ax.scatter(
            [side * 0.985 * gutter], [1.04], s=14, c=look.colour, marker=look.marker, lw=0, transform=at, clip_on=False
        )
        text = f"{int(mine.sum())} {'higher' if side > 0 else 'lower'}"
        ax.text(
            side * 0.94 * gutter, 1.04, text, ha="right" if side > 0 else "left", va="center_baseline", transform=at
        )
    ax.text(0.5, 1.04, sizes, ha="center", va="center_baseline", transform=ax.transAxes, color=MUTED)
    for x in (-fold, fold):
        ax.axvline(x, color=MUTED, lw=0.5, dashes=(3, 3), zorder=0)
    ax.axhline(-math.log10(padj), color=MUTED, lw=0.5, dashes=(3, 3), zorder=0)
    top = max(float(height.max()) if len(height) else 1.0, -math.log10(padj)) * 1.06
    ax.set(xlim=(-gutter, gutter), ylim=(0, top), ylabel="−log₁₀ padj", xlabel=f"log₂ fold change, {axis}")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    for side, chosen in zip((-1, 1), named, strict=True):
        if len(chosen):
            _labels(ax, names, effect_size, height, chosen, side, reach)
    return picture


def _chosen(x: np.ndarray, y: np.ndarray, passed: np.ndarray, side: int) -> np.ndarray:
    """The genes of one side that are named."""
    mine = np.flatnonzero(passed & (np.sign(x) == side))
    return mine[np.argsort(-y[mine], kind="stable")][:NAMED]


def _labels(
    ax: Axes, names: np.ndarray, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, side: int, reach: float
) -> None:
    """Names in a column beside the cloud, in the order of their points, a line's height apart."""
    order = chosen[np.lexsort([-np.abs(x[chosen]), y[chosen].round(1)])]
    top = ax.get_ylim()[1]
    gap = top * 3.0 / (HEIGHT - 18)
    places = spaced(y[order], gap, gap / 2, top - gap / 2)
    for at, height in zip(order, places, strict=True):
        edge = side * reach * 1.03
        ax.plot(
            [float(x[at]), edge], [float(y[at]), float(height)], color=RULE, lw=0.5, zorder=2, solid_capstyle="butt"
        )
        ax.text(edge + side * reach * 0.02, height, plain(names[at]), ha="left" if side > 0 else "right", va="center",
                style="italic", fontsize=SMALL)  # fmt: skip


def _matched(result: PairedGenes) -> Drawing:
    picture, (ax,) = blank(COLUMN, 60, Margins(top=6))
    larger = str(result.drawn["part"].iloc[0])
    smaller = "HET" if larger == "non-HET" else "non-HET"
    look, line = {"non-HET": (LOOKS[1], LOOKS[2]), "HET": (LOOKS[2], LOOKS[1])}[larger]
    people = {"HET": "HET", "non-HET": "not HET"}
    values = result.drawn["found"].dropna().to_numpy(dtype=float)
    here = int(result.genes.loc[result.genes["contrast"] == smaller, "found"].sum())
    counts, edges = np.histogram(values, bins=min(15, max(5, len(values) // 4)))
    ax.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=look.pale, edgecolor=look.strong, lw=0.5)
    ax.axvline(here, color=line.colour, lw=1.4)
    ax.text(here, 1.02, f"{smaller}: {here}", transform=ax.get_xaxis_transform(), ha="center", va="bottom", color=INK)
    ax.set(
        xlabel=f"Genes found among as many patients {people[larger]}",
        ylabel="Subsamples",
        xlim=(min(0, here), max(float(edges[-1]), here) * 1.05),
    )
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    told = result.matched[0]
    size = told.n[0]
    middle = number(float(np.median(values)), 0)
    of = {smaller: f"{here} genes", larger: f"{middle} genes (median)"}
    return Drawing(
        picture,
        title=f"At {size} patients each, HET tumours change {of['HET']}, others {of['non-HET']}",
        caption=f"Genes with padj < {result.padj:g} and fold change beyond {result.fold:g} in {len(values)} subsamples "
        f"of {size} patients {people[larger]}, against the {size} patients {people[smaller]} (line). "
        f"{capital(effect(told))}, one-sided {p_equals(told.p)}; {told.remark}.",
        alt=f"Histogram of genes found in subsamples, with {here} in {smaller} tumours marked.",
        numbers=result.drawn,
        estimates=result.matched,
        findings=(
            Finding(
                f"{'Fewer' if found(told) else 'No fewer'} genes change in HET than in other tumours at equal number",
                told,
            ),
        ),
        key="matched",
    )
