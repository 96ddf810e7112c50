"""The same difference between groups in every way of analysis: one facet per measurement, one row per way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FuncFormatter, MaxNLocator

from her2het.figures.forest import records
from her2het.figures.layout import Entry, draw_key, facets, headroom, key_height, size
from her2het.figures.lettering import cut, width
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import COLUMN, INK, MUTED, PAGE, PAPER, SMALL, TYPE, Look, drawn, looks
from her2het.figures.words import capital, inline, interval, join, p_equals, scale, variable
from her2het.results.robustness import Robustness
from her2het.stats.estimate import Estimate

SOURCES = {"RNA": "expression", "FISH": "FISH", "study": "the study’s own measurements"}
MOST = 12  # measurements that a picture shows
HEAD = 8.5  # mm above a facet
GAP = 1.4  # mm between kinds of ways
BREAKS = ("stratified", "bootstrap", "median")  # ways before which a gap stands


@dataclass(frozen=True)
class _Plot:
    """What the facets of one drawing share."""

    ways: tuple[str, ...]
    words: dict[str, str]
    looks: dict[str, Look]
    step: float

    def places(self) -> dict[str, float]:
        """Where the row of each way lies, mm from the top of a facet."""
        result: dict[str, float] = {}
        y = 0.4
        for at, way in enumerate(self.ways):
            y += GAP if at and way in BREAKS else 0.0
            result[way] = y + self.step / 2
            y += self.step
        return result

    def depth(self) -> float:
        """mm of a facet."""
        return max(self.places().values()) + self.step / 2 + 0.6


@drawn
def robustness(result: Robustness) -> tuple[Drawing, ...]:
    """One drawing per source of measurements."""
    made = [_drawing(result, source) for source in SOURCES if (result.contrasts["source"] == source).any()]
    return tuple(made)


def _drawing(result: Robustness, source: str) -> Drawing:
    rows = result.rows.assign(place=range(len(result.rows)))
    rows = rows[rows["source"] == source]
    contrasts = result.contrasts[result.contrasts["source"] == source]
    every = [str(n) for n in contrasts["measurement"].drop_duplicates()]
    best = contrasts.groupby("measurement")["p"].min().sort_values(kind="stable").index[:MOST]
    names = [n for n in every if n in set(best)]
    seen = looks(result.labels)
    others = [g for g in result.labels if (contrasts["treated"] == g).any()]
    words = dict(zip(result.rows["way"], result.rows["analysis"], strict=True))
    ways = tuple(str(w) for w in words if (rows["way"] == w).any())
    plot = _Plot(
        ways, {str(k): str(v) for k, v in words.items()}, {g: seen[g] for g in others}, max(3.1, 1.5 * len(others))
    )
    tested = contrasts[contrasts["verdict"] != "by definition"]
    wide, narrow = (_picture(result, rows, contrasts, names, plot, page) for page in (PAGE, COLUMN))
    hidden = f" Shown are {len(names)} of {len(every)} measurements, those with the smallest p." * (
        len(names) < len(every)
    )
    estimates = tuple(result.estimates[i] for i in rows.loc[rows["way"] == "mean", "place"])
    return Drawing(
        wide,
        narrow=narrow,
        title=_title(tested, source),
        caption=f"Difference from {plain(result.control)} before treatment in the unit of each measurement, by way of "
        "analysis. Line: 95 % interval; upright line: patients’ means. Filled: q < .05 within the family of the way "
        f"(bootstrap, {result.draws:,} resamples of patients: as patients’ means, unless the interval says otherwise "
        "about 0). Below the names: in how many ways the difference is found. Mixed models and the others estimate a "
        f"difference of means and a shift, which differ where values are skewed.{_differing(tested)}{hidden} Below: "
        "the estimates of patients’ means.",
        alt=f"Differences between groups of {join(inline(n) for n in names)} with intervals, in {len(ways)} ways of "
        "analysis each.",
        numbers=rows.drop(columns="place").reset_index(drop=True),
        estimates=estimates,
        findings=tuple(
            Finding(words, e)
            for r in records(tested)
            if (words := _words(r)) and (e := _means(estimates, str(r.measurement), str(r.treated)))
        ),
        key={"RNA": "expression", "FISH": "fish", "study": "own"}[source],
        wide=True,
    )


def _means(estimates: Sequence[Estimate], measurement: str, treated: str) -> Estimate | None:
    """The estimate of patients' means: the first of its contrast."""
    return next((e for e in estimates if e.quantity == measurement and e.groups[0] == treated), None)


def _words(row: pd.Series) -> str:
    """A finding where the conclusion depends on the way of analysis; nothing where it does not."""
    what = f"{inline(str(row.measurement))} differs between {row.treated} and {row.control}"
    if row.verdict == "depends":
        return f"Whether {what} depends on the analysis (found in {row.found} of {row.ways})"
    if row.verdict == "direction":
        return f"In which direction {what} depends on the analysis"
    return ""


def _differing(tested: pd.DataFrame) -> str:
    """Which ways come to another conclusion than patients' means, as a sentence; nothing where none does."""
    mine = tested[tested["differs"] != ""]
    said = [
        f"{inline(str(r.measurement))}, {plain(r.treated)} ({str(r.differs).replace('; ', ', ')})"
        for r in records(mine)
    ]
    return f" Where the conclusion is not that of patients’ means: {'; '.join(said)}." if said else ""


def _title(tested: pd.DataFrame, source: str) -> str:
    """What holds whichever way, and what does not."""
    if tested.empty:
        return f"Differences in {SOURCES[source]} by way of analysis"
    count = tested["verdict"].value_counts()
    holds, depends = int(count.get("holds", 0)), int(count.get("depends", 0)) + int(count.get("direction", 0))
    all_in = "none" if not holds else "all" if holds == len(tested) else f"{holds}"
    text = f"{capital(SOURCES[source])}: {all_in} of {len(tested)} differences found in every way of analysis"
    if depends:
        text += f"; {depends} depend{'s' * (depends == 1)} on the way"
    return text


def _picture(
    result: Robustness, rows: pd.DataFrame, contrasts: pd.DataFrame, names: Sequence[str], plot: _Plot, page: float
) -> Picture:
    across = 1 if page != PAGE else 2 if len(names) == 4 else min(3, len(names))
    left = max(width(plot.words[w], TYPE) for w in plot.ways) + 3.0
    if page != PAGE:
        left = min(left, 43.0)
    entries = [Entry(_sides(contrasts, g), look) for g, look in plot.looks.items()]
    key = key_height(entries, page - 4) + 2.5
    count = -(-len(names) // across)
    heads = [HEAD + key * (at == 0) for at in range(count)]
    picture, axes = facets(len(names), across, plot.depth(), heads, 11, page=page, left=left, across=5.0)
    draw_key(axes[0], entries, page - 4, above=HEAD + 0.5, left=2 - left)
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        mine = rows[rows["measurement"] == name]
        _facet(picture, ax, mine, result.estimates, plot)
        _head(ax, name, contrasts[contrasts["measurement"] == name], plot)
        if at % across == 0:
            wide = size(ax)[0]
            for way, y in plot.places().items():
                text = cut(plot.words[way], left - 2.5)
                ax.text(
                    -1.5 / wide, y, text, transform=ax.get_yaxis_transform(), ha="right", va="center_baseline"
                )  # fmt: skip
    return picture


def _sides(contrasts: pd.DataFrame, treated: str) -> str:
    """'HET/no pCR (n = 14) − pCR (n = 64)'; where numbers differ between measurements '50 to 51'."""
    mine = contrasts[contrasts["treated"] == treated]
    shown = []
    for column, name in (("n_treated", treated), ("n_control", str(mine["control"].iloc[0]))):
        low, high = int(mine[column].min()), int(mine[column].max())
        shown.append(f"{plain(name)} (n = {low if low == high else f'{low} to {high}'})")
    return " − ".join(shown)


def _facet(picture: Picture, ax: Axes, rows: pd.DataFrame, estimates: Sequence[Estimate], plot: _Plot) -> None:
    places = plot.places()
    known = rows.dropna(subset=["value"]).assign(found=rows["found"].fillna(False))
    bounds = known[["value", "low", "high"]].to_numpy(dtype=np.float64).ravel()
    low, high = headroom(np.append(bounds, 0.0), 0.05)
    ax.set(xlim=(low, high), ylim=(plot.depth(), 0), yticks=[])
    ax.spines.left.set_visible(False)
    ax.axvline(0, color=MUTED, lw=0.6, zorder=0.5)
    count = len(plot.looks)
    for at, (treated, look) in enumerate(plot.looks.items()):
        mine = known[known["treated"] == treated]
        if mine.empty:
            continue
        lift = 0.0 if count == 1 else (at / (count - 1) - 0.5) * (plot.step - 1.5)
        y = [places[w] + lift for w in mine["way"]]
        first = mine[mine["way"] == "mean"]
        ax.vlines(first["value"], 0, plot.depth(), color=look.pale, lw=0.8, zorder=0.4)
        lines = [[(r.low, v), (r.high, v)] for r, v in zip(records(mine), y, strict=True)]
        ax.add_collection(LineCollection(lines, colors=look.strong, linewidths=0.7, zorder=1))
        for hit in (True, False):
            part = [(r, v) for r, v in zip(records(mine), y, strict=True) if bool(r.found) == hit]
            if not part:
                continue
            marks = ax.scatter(
                [r.value for r, _ in part], [v for _, v in part], s=0.8 * look.area, marker=look.marker,
                c=look.colour if hit else PAPER, edgecolors=look.strong, lw=0.6, zorder=2, clip_on=False,
            )  # fmt: skip
            picture.mark(marks, [Mark((), _tip(r, estimates[r.place])) for r, _ in part])
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.6g}".replace("-", "−")))
    unit = str(rows["unit"].iloc[0])
    ax.set_xlabel(cut(f"difference, {scale(unit)}" if unit else "difference", size(ax)[0] + 3))


def _tip(row: pd.Series, e: Estimate) -> str:
    said = [plain(variable(str(row.measurement))), f"{plain(row.treated)} − {plain(row.control)}, {row.analysis}"]
    said += [f"{e.effect} {interval(e)}", p_equals(e.q, "q") if e.q == e.q else f"{row.samples} samples, no p"]
    return "\n".join([*said, f"n = {e.n[0]}, {e.n[1]}", *([plain(e.remark)] if e.remark else [])])


def _head(ax: Axes, name: str, contrasts: pd.DataFrame, plot: _Plot) -> None:
    """The measurement's name; below it in how many ways each difference is found, in the colour of its group."""
    wide, tall = size(ax)
    x = 0.0
    for treated, look in plot.looks.items():
        row = contrasts[contrasts["treated"] == treated]
        if row.empty:
            continue
        r = row.iloc[0]
        text = "by definition" if r["verdict"] == "by definition" else f"{r['found']} of {r['ways']}"
        ax.text(x, 1 + 1.0 / tall, text, transform=ax.transAxes, va="bottom", fontsize=SMALL, color=look.strong)
        x += (width(text, SMALL) + 2.5) / wide
    shown = cut(plain(variable(name)), wide, weight="bold")
    ax.text(0, 1 + 4.2 / tall, shown, transform=ax.transAxes, va="bottom", fontweight="bold", color=INK)
