"""The study's own measurements: numbers as every score, classes as shares of the patients of each group."""

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from her2het.figures import scores
from her2het.figures.forest import records
from her2het.figures.groups import levels
from her2het.figures.layout import Entry, by_row, draw_key, facets, key_height, size
from her2het.figures.lettering import cut, wrap
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import PAPER, Look, drawn
from her2het.figures.words import compared, found, inline, join, methods, number, p_equals
from her2het.results.features import FeatureComparisons
from her2het.stats.estimate import Estimate

WHAT = "The study's own measurements"
ACROSS, TALL = 3, 32.0
MOST = 9  # classes that a picture shows


@drawn
def features_by_group(result: FeatureComparisons) -> tuple[Drawing, ...]:
    """Numbers of the features table by group."""
    return scores._by_group(result, WHAT) if len(result.values) else ()


@drawn
def features_change(result: FeatureComparisons) -> tuple[Drawing, ...]:
    """Numbers of the features table before and after treatment."""
    return scores._change(result, WHAT) if len(result.pairs) else ()


@drawn
def features_classes(result: FeatureComparisons) -> tuple[Drawing, ...]:
    """Flags and classes of the features table by group."""
    names = [str(n) for n in result.shares["feature"].drop_duplicates()][:MOST] if len(result.shares) else []
    if not names:
        return ()
    across = min(ACROSS, len(names))
    wide = (175 - 11 - 3.5 - 8 * (across - 1)) / across
    looked = {n: _levels(result, n) for n in names}
    entries = {n: [Entry(level, replace(look, marker="s", area=9)) for level, look in looked[n].items()] for n in names}
    heads = [9.5 + key_height(entries[n], wide) for n in names]
    picture, axes = facets(len(names), across, TALL, by_row(heads, across), 15, across=8)
    told = {e.quantity: e for e in result.associations}
    level = by_row([key_height(entries[n], wide) for n in names], across)
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        rows = result.shares[result.shares["feature"] == name]
        _bars(picture, ax, rows, looked[name], result.labels)
        draw_key(ax, entries[name], wide)
        _, tall = size(ax)
        above = 1 + (2.5 + level[at // across]) / tall
        p = f", {p_equals(told[name].p)}" if name in told else ""
        heading = f"{cut(plain(inline(name)), wide - 18)}{p}"
        ax.text(0, above, heading, transform=ax.transAxes, fontweight="bold", va="bottom")
    for ax in axes[::across]:
        ax.set_ylabel("Patients, %")
    estimates = (*result.associations, *result.pcr, *result.class_changes)
    hits = [e.quantity for e in result.associations if found(e)]
    title = (
        f"{WHAT}: {join(dict.fromkeys(map(inline, hits)))} differ between groups"
        if hits
        else f"{WHAT}: no class is found to differ between groups"
    )
    drawing = Drawing(
        picture,
        title=title,
        caption="Share of the patients of each group with each class before treatment (commonest of a patient's "
        "baseline "
        f"samples); n below counts patients with a value. Beside the names: p, not adjusted.{methods(estimates)}",
        alt=f"Stacked shares by group of {join(inline(n) for n in names)}.",
        numbers=result.shares,
        estimates=estimates,
        findings=tuple(Finding(_words(e), e) for e in estimates),
        key="classes",
        wide=True,
    )
    return (drawing,)


def _words(e: Estimate) -> str:
    if "by group" in e.contrast or len(e.groups) == 2:
        return compared(e, inline(e.quantity))
    return f"{inline(e.quantity)} {'changes' if found(e) else 'is not found to change'} under treatment"


def _levels(result: FeatureComparisons, name: str) -> dict[str, Look]:
    present = [str(v) for v in result.shares.loc[result.shares["feature"] == name, "level"].drop_duplicates()]
    return levels(sorted(present))


def _bars(picture: Picture, ax: Axes, rows: pd.DataFrame, looked: dict[str, Look], labels: tuple[str, ...]) -> None:
    """A stacked bar per group."""
    order = [g for g in labels if (rows["group"] == g).any()]
    counts: list[int] = []
    for at, group in enumerate(order):
        mine = {str(r.level): r for r in records(rows[rows["group"] == group])}
        n = max((int(r.of) for r in mine.values()), default=0)
        counts.append(n)
        base = 0.0
        for level, look in looked.items():
            row = mine.get(level)
            if row is None or not n:
                continue
            share = 100 * row.n / n
            bar = Rectangle((at - 0.35, base), 0.7, share, facecolor=look.colour, edgecolor=PAPER, lw=0.5)
            ax.add_patch(bar)
            tip = f"{plain(group)}\n{plain(level)}: {row.n} of {n} ({number(share, 0)} %)"
            picture.mark(bar, [Mark((), tip)])
            base += share
    slot = size(ax)[0] / (len(order) + 0.1)
    ax.set(xlim=(-0.55, len(order) - 0.45), ylim=(0, 100))
    texts = [wrap(plain(g), slot - 1) for g in order]
    deep = max((t.count("\n") for t in texts), default=0)
    ticks = [f"{t}{chr(10) * (deep - t.count(chr(10)) + 1)}n = {n}" for t, n in zip(texts, counts, strict=True)]
    ax.set_xticks(range(len(order)), ticks)
    ax.tick_params(axis="x", length=0, pad=3)
