"""Which libraries are aberrant: components with the excluded samples named, both rules side by side, content."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from her2het.figures.layout import Entry, Margins, blank, draw_key, headroom, key_height, size, spaced
from her2het.figures.lettering import LINE, cut
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import CLOUD, COLUMN, FLAG, HEIGHT, INK, MUTED, PAGE, RULE, SMALL, Look, drawn
from her2het.figures.words import join, number
from her2het.results.expression import SampleQc

KEPT = {
    "baseline": ("baseline", Look("cloud", CLOUD, RULE, MUTED, "o", 8)),
    "followup": ("after treatment", Look("cloud", MUTED, RULE, INK, "^", 10)),
    "other": ("other timepoint", Look("cloud", RULE, RULE, MUTED, "s", 8)),
}
OUT = Look("flag", FLAG, FLAG, FLAG, "D", 12)
NAMED = 12  # excluded samples that one picture can name
GUTTER = 22.0  # mm for names
RULES = {"literal": "PC2 beyond mean ± {} SD", "robust": "any of five components beyond median ± {} MAD"}


@drawn
def sample_qc(result: SampleQc) -> tuple[Drawing, ...]:
    """Components of all libraries with the excluded ones named; and what the libraries contain."""
    return (_outliers(result), *_libraries(result))


def _parts(samples: pd.DataFrame) -> list[tuple[str, Look, pd.DataFrame]]:
    """Kept samples by phase, then the excluded ones, each with its words and look."""
    out = samples["excluded"].to_numpy(dtype=bool)
    parts = [
        (text, look, samples[(samples["phase"] == phase).to_numpy(dtype=bool) & ~out])
        for phase, (text, look) in KEPT.items()
    ]
    return [*(part for part in parts if len(part[2])), *([("excluded", OUT, samples[out])] if out.any() else [])]


def _outliers(result: SampleQc) -> Drawing:
    samples, limit = result.samples, f"{result.limit:g}"
    parts = _parts(samples)
    entries = [Entry(f"{text} (n = {len(rows)})", look) for text, look, rows in parts]
    top = 3 + key_height(entries, PAGE - 12)
    margins = Margins(left=12, right=2, top=top, bottom=11, across=GUTTER + 14)
    picture, (left, right) = blank(PAGE, HEIGHT + 4, margins, columns=2)
    for text, look, rows in parts:
        _points(picture, left, rows, ("pc1", "pc2"), look, text)
        _points(picture, right, rows, ("literal_z", "robust_z"), look, text)
    one, two = _shares(result)
    left.set(
        xlabel=f"PC1{one}",
        ylabel=f"PC2{two}",
        xlim=headroom(samples["pc1"].to_numpy(dtype=float)),
        ylim=headroom(samples["pc2"].to_numpy(dtype=float)),
    )
    out = samples[samples["excluded"].to_numpy(dtype=bool)]
    _name(left, out.head(NAMED), "pc1", "pc2")
    _limits(right, samples, result)
    draw_key(left, entries, PAGE - 12)
    flagged = {name: int(samples[f"{name}_flag"].fillna(False).sum()) for name in RULES}
    rule = RULES.get(result.rule, result.rule).format(limit)
    lost = f"{len(out)} of {len(samples)} libraries excluded"
    title = f"{lost if len(out) else f'No library of {len(samples)} excluded'} ({rule})"
    return Drawing(
        picture,
        title=title,
        caption=f"Left: principal components of {result.n_genes:,} genes, all {len(samples)} libraries; excluded ones "
        f"named. Right: the two rules, dashed at {limit}: distance of PC2 from its mean in SD (as published; several "
        "outliers can hide each other) and the largest distance over five components from the median in MAD. Beyond "
        f"the limit: {flagged['literal']} by the first, {flagged['robust']} by the second. Rule in force: {rule}.",
        alt=f"Left: scatter of two principal components of {len(samples)} libraries. Right: scatter of two outlier "
        f"scores with limits at {limit}. Excluded: {join(out['sample'].map(plain)) if len(out) else 'none'}.",
        numbers=samples.reset_index(drop=True),
        note=f"{len(out) - NAMED} further excluded libraries are listed under Numbers." if len(out) > NAMED else "",
        key="",
        wide=True,
    )


def _points(picture: Picture, ax: Axes, rows: pd.DataFrame, axes: tuple[str, str], look: Look, text: str) -> None:
    known = rows[rows[list(axes)].notna().all(axis=1)]
    if known.empty:
        return
    artist = ax.scatter(
        known[axes[0]].to_numpy(dtype=float),
        known[axes[1]].to_numpy(dtype=float),
        s=look.area,
        c=look.colour,
        marker=look.marker,
        edgecolors=look.strong,
        lw=0.4,
        zorder=3 if look is OUT else 2,
    )
    tips = [
        "\n".join(
            [
                plain(row["sample"]),
                text
                + (f": {plain(row['reason'])}" if look is OUT and pd.notna(row["reason"]) and row["reason"] else ""),
                f"PC2 {number(float(row['literal_z']), 1)} SD; largest {number(float(row['robust_z']), 1)} MAD",
            ]
        )
        for _, row in known.iterrows()
    ]
    picture.mark(artist, marks_of(list(zip(known["patient"], known["sample"], strict=True)), tips))


def _name(ax: Axes, rows: pd.DataFrame, x: str, y: str) -> None:
    """Names in a gutter to the right, in the order of their points, a line's height apart."""
    wide, tall = size(ax)
    low, high = ax.get_ylim()
    left, end = ax.get_xlim()
    unit = (high - low) / tall
    rows = rows[rows[[x, y]].notna().all(axis=1)].sort_values([y, x])
    places = spaced(rows[y].to_numpy(dtype=float), LINE * unit, low + unit, high - unit)
    edge = end + (end - left) / wide * 2.0
    for (_, row), at in zip(rows.iterrows(), places, strict=True):
        ax.plot([float(row[x]), edge], [float(row[y]), at], color=MUTED, lw=0.4, zorder=1, clip_on=False)
        text = cut(str(row["sample"]), GUTTER - 3, SMALL)
        ax.text(edge + (end - left) / wide * 0.6, at, text, ha="left", va="center_baseline", fontsize=SMALL)


def _limits(ax: Axes, samples: pd.DataFrame, result: SampleQc) -> None:
    """Both rules as dashed lines, with the words of each side."""
    limit = result.limit
    z, robust = (samples[name].to_numpy(dtype=float) for name in ("literal_z", "robust_z"))
    reach = max(1.15 * limit, 1.06 * float(np.nanmax(np.abs(z), initial=0.0)))
    height = max(1.25 * limit, 1.06 * float(np.nanmax(robust, initial=0.0)))
    ax.set(
        xlim=(-reach, reach),
        ylim=(0, height),
        xlabel="PC2, SD from its mean",
        ylabel="Largest of PC1–PC5, MAD from median",
    )
    for x in (-limit, limit):
        ax.axvline(x, color=INK, lw=0.6, dashes=(3, 3), zorder=1)
    ax.axhline(limit, color=INK, lw=0.6, dashes=(3, 3), zorder=1)
    _, tall = size(ax)
    for x, text in ((-limit, f"−{limit:g} SD"), (limit, f"+{limit:g} SD")):
        ax.text(x, 1 + 0.8 / tall, text, transform=ax.get_xaxis_transform(), ha="center", va="bottom")
    ax.text(
        1.0, limit + height / tall * 0.5, f"{limit:g} MAD", transform=ax.get_yaxis_transform(), ha="right", va="bottom"
    )


def _shares(result: SampleQc) -> tuple[str, str]:
    rows = result.explained.sort_values("component")["share"].to_numpy(dtype=float)
    if len(rows) < 2:
        return "", ""
    return f" ({100 * rows[0]:.2g} % of variance)", f" ({100 * rows[1]:.2g} %)"


def _libraries(result: SampleQc) -> tuple[Drawing, ...]:
    """Library size against the share of protein-coding reads, where the genes' kinds are known."""
    samples = result.samples
    share = samples["protein_coding_share"].to_numpy(dtype=float)
    if not np.isfinite(share).any():
        return ()
    known = samples[np.isfinite(share)].assign(lib_size=lambda f: f["lib_size"].astype("float64"))
    known = known.assign(percent=100 * known["protein_coding_share"].astype("float64"))
    parts = _parts(known)
    entries = [Entry(f"{text} (n = {len(rows)})", look) for text, look, rows in parts]
    top = 2 + key_height(entries, COLUMN - 4)
    picture, (ax,) = blank(COLUMN, HEIGHT + max(0.0, top - 8), Margins(top=top))
    for text, look, rows in parts:
        _points(picture, ax, rows, ("lib_size", "percent"), look, text)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0), numticks=12))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(lambda v, _: _millions(v))
    ax.set(
        xlabel="Library size, reads",
        ylabel="Reads in protein-coding genes, %",
        ylim=headroom(known["percent"].to_numpy()),
    )
    draw_key(ax, entries, COLUMN - 4, left=-10)
    median = float(np.median(known["lib_size"]))
    low, high = float(known["percent"].min()), float(known["percent"].max())
    ends = [_millions(float(end)) for end in (known["lib_size"].min(), known["lib_size"].max())]
    title = f"Library sizes {ends[0]} to {ends[1]} reads, median {_millions(median)}"
    columns = [
        "sample",
        "patient",
        "phase",
        "lib_size",
        "detected_genes",
        "protein_coding_share",
        "noncoding_share",
        "excluded",
    ]
    return (
        Drawing(
            picture,
            title=title,
            caption="Each point is a library. Share of reads in protein-coding genes: "
            f"{number(low, 0)} to {number(high, 0)} %. No test is made here.",
            alt=f"Scatter of the share of protein-coding reads against library size for {len(known)} libraries.",
            numbers=samples[[c for c in columns if c in samples.columns]].reset_index(drop=True),
            key="libraries",
        ),
    )


def _millions(value: float) -> str:
    """'20 million', '350,000'."""
    if value <= 0 or not math.isfinite(value):
        return ""
    return f"{value / 1e6:.3g} M" if value >= 1e6 else f"{value / 1e3:.3g} k" if value >= 1e3 else f"{value:.3g}"
