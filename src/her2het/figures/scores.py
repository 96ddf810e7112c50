"""Scores by group before treatment, and before against after treatment: one facet per score."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from her2het.figures import groups
from her2het.figures.layout import by_row, facets, headroom, size
from her2het.figures.lettering import LINE, cut, width
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.paired import PHASE_KEY, phase_key
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import CLOUD, LOOKS, PAGE, drawn, looks
from her2het.figures.words import (
    capital,
    compared,
    effect,
    found,
    inline,
    join,
    methods,
    moves,
    number,
    p_of_pairs,
    places,
    scale,
    significance,
)
from her2het.results.her2 import FishDiversity
from her2het.results.scores import CellFractions, ErbbReceptors, ErbbSignatures, ImmuneScores, ScoreStudy, Subtypes
from her2het.stats.estimate import Estimate

MOST = 12  # scores that a picture shows: those with the largest means
BOX, LINES = 38.0, 34.0  # mm, height of a facet
PARTS = (("non-HET", LOOKS[1]), ("HET", LOOKS[2]))


@drawn
def erbb_by_group(result: ErbbSignatures) -> tuple[Drawing, ...]:
    """ERBB and PI3K signatures by group (1F)."""
    return _by_group(result, "ERBB and PI3K signatures")


@drawn
def erbb_change(result: ErbbSignatures) -> tuple[Drawing, ...]:
    """ERBB and PI3K signatures before and after treatment (4E)."""
    return _change(result, "ERBB and PI3K signatures")


@drawn
def receptors_change(result: ErbbReceptors) -> tuple[Drawing, ...]:
    """Expression of the ERBB receptors before and after treatment (S6A-B)."""
    return _change(result, "ERBB receptors")


@drawn
def subtypes_by_group(result: Subtypes) -> tuple[Drawing, ...]:
    """PAM50 probabilities by group (2A)."""
    return _by_group(result, "PAM50 probabilities")


@drawn
def subtypes_change(result: Subtypes) -> tuple[Drawing, ...]:
    """PAM50 probabilities before and after treatment (S6F)."""
    return _change(result, "PAM50 probabilities")


@drawn
def immune_by_group(result: ImmuneScores) -> tuple[Drawing, ...]:
    """Immune and stromal scores by group (5A)."""
    return _by_group(result, "Immune and stromal scores")


@drawn
def immune_change(result: ImmuneScores) -> tuple[Drawing, ...]:
    """Immune and stromal scores before and after treatment (7A)."""
    return _change(result, "Immune and stromal scores")


@drawn
def cells_by_group(result: CellFractions) -> tuple[Drawing, ...]:
    """Cell fractions by group (5B)."""
    return _by_group(result, "Cell fractions")


@drawn
def cells_change(result: CellFractions) -> tuple[Drawing, ...]:
    """Cell fractions before and after treatment (7B)."""
    return _change(result, "Cell fractions")


@drawn
def diversity_by_group(result: FishDiversity) -> tuple[Drawing, ...]:
    """Diversity of FISH signals by group."""
    return _by_group(result, "Diversity of FISH signals", "a patient's nuclei pooled")


@drawn
def diversity_change(result: FishDiversity) -> tuple[Drawing, ...]:
    """Diversity of FISH signals before and after treatment (3D, made comparable)."""
    return _change(result, "Diversity of FISH signals")


def _names(result: ScoreStudy | FishDiversity) -> list[str]:
    """The scores that are shown, in their own order."""
    every = [str(n) for n in result.values["score"].drop_duplicates()]
    if len(every) <= MOST:
        return every
    mean = result.values.groupby("score")["value"].mean()
    largest = set(mean.nlargest(MOST).index)
    return [n for n in every if n in largest]


def _by_group(
    result: ScoreStudy | FishDiversity, what: str, of: str = "mean of a patient's samples"
) -> tuple[Drawing, ...]:
    names = _names(result)
    if not names:
        return ()
    across = min(4, len(names)) if len(names) != 5 else 3
    seen = looks(result.labels)
    tests = {n: groups.drawable([e for e in result.comparisons if e.quantity == n], list(seen)) for n in names}
    head = [2.0 + groups.BRACKET * len(tests[n]) for n in names]
    picture, axes = facets(
        len(names), across, BOX, [h + 4.5 for h in by_row(head, across)], 15, across=9 if across > 2 else 14, left=13
    )
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        values = result.values[(result.values["score"] == name) & result.values["group"].notna()]
        groups.draw(
            picture, ax, values, result.boxes[result.boxes["quantity"] == name], seen, "", tests[name], short=True
        )
        _head(ax, name, head[at])
        if at % across == 0:
            ax.set_ylabel(scale(result.unit))
    estimates = tuple(e for e in result.comparisons if e.quantity in names)
    drawing = Drawing(
        picture,
        title=_title(result, what, estimates, "no difference found between groups", "differ between groups"),
        caption=f"{what} at baseline, {of}. {groups.BOX} Above the brackets: p, not "
        f"adjusted.{methods(estimates)}{_left_out(result, names)}",
        alt=f"{len(names)} box plots with points by group: {join(inline(n) for n in names)}.",
        numbers=result.values[result.values["score"].isin(names)][["score", "patient", "group", "value"]].reset_index(
            drop=True
        ),
        estimates=estimates,
        findings=tuple(Finding(compared(e, phrase(result, e.quantity)), e) for e in estimates),
        wide=True,
    )
    return (drawing,)


def _change(result: ScoreStudy | FishDiversity, what: str) -> tuple[Drawing, ...]:
    names = [n for n in _names(result) if (result.pairs["score"] == n).any()] if len(result.pairs) else []
    if not names:
        return ()
    across = min(4, len(names)) if len(names) != 5 else 3
    gap = 9 if across > 2 else 14
    slot = 2.2 / 4.2 * (PAGE - 16.5 - gap * (across - 1)) / across  # mm of one of the two parts of a facet
    said = {name: {part: _said(result, name, part, slot) for part, _ in PARTS} for name in names}
    more = LINE * max(text.count("\n") for texts in said.values() for text in texts.values())
    heads = [11.5 + more] * -(-len(names) // across)
    picture, axes = facets(len(names), across, LINES, [heads[0] + PHASE_KEY, *heads[1:]], 11, across=gap, left=13)
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        _lines(picture, ax, result, name, said[name])
        _head(ax, name, 4.6 + more)
        if at % across == 0:
            ax.set_ylabel(scale(result.unit))
    phase_key(axes[0], 9.0 + more)
    estimates = tuple(e for e in result.changes if e.quantity in names)
    drawing = Drawing(
        picture,
        title=_title(result, what, estimates, "no change found under treatment", "change under treatment"),
        caption=f"{what} of the same patients before (pale) and after treatment (strong), those not HET and those HET "
        "at baseline; each line is a patient. Above: p of the signed-rank test, not adjusted; n: pairs that it used."
        f"{methods(estimates)}",
        alt=f"{len(names)} sets of paired lines before and after treatment: {join(inline(n) for n in names)}.",
        numbers=result.pairs[result.pairs["score"].isin(names)].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(_changed(result, e), e) for e in estimates if e.groups and e.groups[0] != "all"),
        wide=True,
    )
    return (drawing,)


def _said(result: ScoreStudy | FishDiversity, name: str, part: str, space: float) -> str:
    """What the test says of one part, on two lines where one is too wide."""
    test = next((e for e in result.changes if e.quantity == name and e.groups == (part,)), None)
    text = p_of_pairs(test) if test else "too few"
    return text if width(text) < space - 1 else text.replace(", n = ", "\nn = ")


def _lines(picture: Picture, ax: Axes, result: ScoreStudy | FishDiversity, name: str, said: Mapping[str, str]) -> None:
    pairs = result.pairs[result.pairs["score"] == name]
    everything = pairs[["before", "after"]].to_numpy(dtype=float).ravel()
    shown = places(*headroom(everything)) + 1
    ticks: list[str] = []
    _, tall = size(ax)
    for at, (part, look) in enumerate(PARTS):
        rows = pairs[pairs["het_before"] == part]
        left, right = 2.2 * at, 2.2 * at + 1
        ends = rows[["before", "after"]].to_numpy(dtype=float)
        tips = [
            f"{plain(p)}\nbefore {number(a, shown)}, after {number(b, shown)}"
            for p, (a, b) in zip(rows["patient"], ends, strict=True)
        ]
        if len(rows):
            lines = LineCollection([[(left, a), (right, b)] for a, b in ends], colors=CLOUD, linewidths=0.5, zorder=1)
            ax.add_collection(lines)
            for x, column, face in ((left, 0, look.pale), (right, 1, look.strong)):
                points = ax.scatter(
                    np.full(len(rows), x), ends[:, column], s=6, c=face, edgecolors=look.strong, lw=0.35, zorder=2
                )
                picture.mark(points, marks_of([[p] for p in rows["patient"]], tips))
        ax.text(
            (left + right) / 2, 1 + 1.0 / tall, said[part], transform=ax.get_xaxis_transform(), ha="center",
            va="bottom", linespacing=1.15,
        )  # fmt: skip
        ticks.append(f"{part}\nn = {len(rows)}")
    ax.set(xlim=(-0.5, 3.7), ylim=headroom(everything))
    ax.set_xticks([0.5, 2.7], ticks)
    ax.tick_params(axis="x", length=0, pad=3)


def _head(ax: Axes, name: str, above: float) -> None:
    wide, tall = size(ax)
    ax.text(
        0,
        1 + above / tall,
        cut(plain(name), wide + 8, weight="bold"),
        transform=ax.transAxes,
        fontweight="bold",
        va="bottom",
    )


def _left_out(result: ScoreStudy | FishDiversity, names: Sequence[str]) -> str:
    every = result.values["score"].nunique()
    return f" Shown are the {len(names)} largest of {every}; the tables have all." if every > len(names) else ""


def listed(result: ScoreStudy | FishDiversity, names: Sequence[str]) -> list[str]:
    """Scores as a list after their common name says them: 'Basal', 'plasma cells'."""
    return list(names) if isinstance(result, Subtypes | ErbbReceptors) else [inline(n) for n in names]


def phrase(result: ScoreStudy | FishDiversity, name: str) -> str:
    """A score as a sentence says it."""
    if isinstance(result, Subtypes):
        return f"{name} probability"
    if isinstance(result, CellFractions):
        return f"share of {inline(name)}"
    return f"{name} mRNA" if isinstance(result, ErbbReceptors) else inline(name)


def _changed(result: ScoreStudy | FishDiversity, e: Estimate) -> str:
    what = phrase(result, e.quantity)
    where = f"tumours {'HET' if e.groups[0] == 'HET' else 'not HET'} at baseline"
    if math.isnan(significance(e)):
        return f"Change of {what} could not be tested in {where}"
    if not found(e):
        return f"No change of {what} found in {where}"
    return f"{capital(what)} {moves(e)} under treatment in {where}"


def _title(
    result: ScoreStudy | FishDiversity, what: str, estimates: Sequence[Estimate], nothing: str, something: str
) -> str:
    hits = list(dict.fromkeys(e.quantity for e in estimates if found(e) and e.groups != ("all",)))
    if not hits:
        widest = max(estimates, key=lambda e: abs(e.standard) if e.standard == e.standard else 0, default=None)
        return f"{what}: {nothing}" + (f" (largest: {effect(widest)})" if widest else "")
    named = hits[:4] + ([f"{len(hits) - 4} more"] if len(hits) > 4 else [])
    return f"{what}: {join(listed(result, named))} {something}"
