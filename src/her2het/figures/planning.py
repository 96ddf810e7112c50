"""How many patients the next trial needs: power for differences, gains in pCR rate, and width of intervals."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullFormatter

from her2het.figures.forest import records
from her2het.figures.layout import KEY_LINE, Entry, Margins, blank, draw_key, key_height, size
from her2het.figures.lettering import width, wrap
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import COLUMN, LOOKS, MUTED, RULE, Look, drawn
from her2het.figures.words import capital, join, number
from her2het.results.planning import NextTrial

TICKS = (5, 10, 20, 50, 100, 200, 500)
LINES = 5  # shifts that a picture shows
LINE_KEY = KEY_LINE  # mm for what full and dashed lines are


@drawn
def next_trial(result: NextTrial) -> tuple[Drawing, ...]:
    """Power of group comparisons, patients for a gain in pCR rate, precision of an area under the curve."""
    made = (_power(result), _rates(result), _areas(result))
    return tuple(d for d in made if d is not None)


def _log(ax: Axes, low: float, high: float) -> None:
    ticks = [t for t in TICKS if low <= t <= high]
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(low, high)


def _line_key(ax: Axes, full: str, dashed: str) -> None:
    """What full and dashed lines are, right above the axes."""
    wide, tall = size(ax)
    x, y = -11 + 0.3, 1 + 2.8 / tall
    for words, dashes in ((full, (None, None)), (dashed, (3, 2))):
        if words:
            ax.plot(
                [x / wide, (x + 5) / wide], [y, y], color=MUTED, lw=1.1, dashes=dashes, transform=ax.transAxes,
                clip_on=False,
            )  # fmt: skip
            ax.text((x + 6) / wide, y, words, transform=ax.transAxes, va="center_baseline")
            x += 10 + width(words)


def _power(result: NextTrial) -> Drawing | None:
    """One line per comparison: at its estimate, and dashed at the end of its interval nearer to no effect."""
    curves = result.curves[result.curves["kind"] == "shift"]
    planned = result.rows[(result.rows["kind"] == "shift") & (result.rows["basis"] == "as estimated")]
    planned = planned[planned["aim"].str.startswith("power") & planned["n_first"].notna()]
    if curves.empty or planned.empty:
        return None
    firm = result.rows[(result.rows["basis"] == "smallest") & result.rows["n_first"].notna()]["question"]
    names = _one_each([str(q) for q in planned["question"] if (firm == q).any()])[:LINES]
    names = names or [str(q) for q in planned.nsmallest(LINES, "n_first")["question"]]
    seen = {name: LOOKS[at % len(LOOKS)] for at, name in enumerate(names)}
    entries = [Entry(name, look) for name, look in seen.items()]
    top = 2 + LINE_KEY + key_height(entries, COLUMN - 4)
    picture, (ax,) = blank(COLUMN, 62 + top, Margins(left=13, right=5, top=top))
    ax.axhline(result.power, color=RULE, lw=0.8, zorder=0)
    for name, look in seen.items():
        for basis, dashes in (("as estimated", (None, None)), ("smallest", (3, 2))):
            rows = curves[(curves["question"] == name) & (curves["basis"] == basis)]
            if rows.empty:
                continue
            (line,) = ax.plot(rows["x"], rows["y"], color=look.colour, lw=1.1, dashes=dashes)
            need = result.rows[(result.rows["question"] == name) & (result.rows["basis"] == basis)].iloc[0]
            picture.mark(line, [Mark((), f"{plain(name)}\n{basis}: {_count(need['n_first'])} per group")])
    _log(ax, 5, 500)
    ax.set(ylim=(0, 1.02), xlabel="Patients per group (equal groups)", ylabel="Power")
    draw_key(ax, entries, COLUMN - 4, left=-11, above=1.6 + LINE_KEY)
    _line_key(ax, "effect as estimated", "as small as it may be")
    needs = [
        f"{name}: {_count(_of(result, name, 'as estimated'))}, or {_count(_of(result, name, 'smallest'))}"
        for name in names
    ]
    return Drawing(
        picture,
        title=f"Patients per group for {100 * result.power:g} % power, if effects are as estimated or as small as "
        "they may be",
        caption=f"Power of a two-sided rank-sum test (Noether) at alpha {result.alpha:g}. Full line: effect as "
        "estimated here; "
        "dashed: the end of its 95 % interval nearer to no effect. Per group: " + "; ".join(needs) + ".",
        alt=f"Power against patients per group for {len(names)} comparisons.",
        numbers=result.rows.drop(columns=["remark"]).reset_index(drop=True),
        estimates=result.estimates,
        key="power",
    )


def _one_each(questions: list[str]) -> list[str]:
    """The first comparison of each measurement ('ERBB2: …')."""
    first: dict[str, str] = {}
    for q in questions:
        first.setdefault(q.partition(":")[0], q)
    return list(first.values())


def _of(result: NextTrial, question: str, basis: str) -> float:
    rows = result.rows[(result.rows["question"] == question) & (result.rows["basis"] == basis)]
    return float(rows["n_first"].iloc[0]) if len(rows) else math.nan


def _count(value: float) -> str:
    return "no number" if math.isnan(value) else f"{value:,.0f}"


def _rates(result: NextTrial) -> Drawing | None:
    grid = result.rates
    if grid.empty:
        return None
    names = [str(n) for n in grid["control_words"].unique()]
    hues = {name: LOOKS[2 if " HET" in name else 1] for name in names}
    entries = [Entry(wrap(name, 60), hues[name]) for name in names]
    top = 2 + LINE_KEY + key_height(entries, COLUMN - 4)
    picture, (ax,) = blank(COLUMN, 62 + top, Margins(left=13, right=5, top=top))
    for name in names:
        for power in sorted(grid["power"].unique()):
            rows = grid[(grid["control_words"] == name) & (grid["power"] == power)]
            dashes = (None, None) if power == result.power else (3, 2)
            (line,) = ax.plot(
                100 * rows["difference"], rows["patients"], color=hues[name].colour, lw=1.1, dashes=dashes
            )
            picture.mark(line, [Mark((), f"{plain(name)}\npower {100 * power:g} %")])
    high = float(grid["patients"].max())
    ticks = [t for t in (*TICKS, 1000) if 8 <= t <= 1.3 * high]
    ax.set_yscale("log")
    ax.set_yticks(ticks, [str(t) for t in ticks])
    ax.set_yticks([], minor=True)
    ax.set(xlabel="Gain in pCR rate, points", ylabel="Patients per arm", ylim=(8, 1.3 * high))
    draw_key(ax, entries, COLUMN - 4, left=-11, above=1.6 + LINE_KEY)
    others = [f"{100 * power:g} %" for power in sorted(grid["power"].unique()) if power != result.power]
    _line_key(ax, f"power {100 * result.power:g} %", join(others))
    rows = result.rows[result.rows["basis"] == "target"]
    told = (
        join(f"{plain(r.question)}: {r.n_first:.0f} per arm" for r in records(rows.iloc[[0, -1]])) if len(rows) else ""
    )
    return Drawing(
        picture,
        title="Patients per arm for a new treatment that raises the pCR rate",
        caption="pCR rate without it as seen here, with its exact 95 % interval. Full line: power "
        f"{100 * result.power:g} %; dashed: 90 %; "
        f"two-sided alpha {result.alpha:g}, continuity corrected as for Fisher's test. {capital(told)}. From the "
        "upper limit of a "
        "rate more are needed; the table has both.",
        alt="Patients per arm against the gain in pCR rate, for HET and non-HET tumours.",
        numbers=grid,
        key="rates",
    )  # fmt: skip


def _areas(result: NextTrial) -> Drawing | None:
    curves = result.curves[result.curves["kind"] == "area"]
    if curves.empty:
        return None
    names = [str(n) for n in curves["question"].unique()]
    seen = {name: LOOKS[at % len(LOOKS)] for at, name in enumerate(names)}
    entries = [Entry(f"{name} ({number(_value(result, name))})", look) for name, look in seen.items()]
    top = 2 + key_height(entries, COLUMN - 4)
    picture, (ax,) = blank(COLUMN, 62 + top, Margins(left=13, right=5, top=top))
    here: list[tuple[float, float]] = []
    for name, look in seen.items():
        rows = curves[curves["question"] == name].sort_values("x")
        (line,) = ax.plot(rows["x"], rows["y"], color=look.colour, lw=1.1)
        picture.mark(line, [Mark((), plain(name))])
        here += _here(picture, ax, result.here[result.here["question"] == name].iloc[0], look)
    # A small study lies beyond the usual axes, which grow so that its points are seen.
    _log(ax, min([10.0, *(0.9 * n for n, _ in here)]), 700)
    ax.set(
        ylim=(0, max([0.16, *(1.06 * half for _, half in here)])),
        xlabel="Patients with pCR (as many without)",
        ylabel="Half-width of the interval",
    )
    draw_key(ax, entries, COLUMN - 4, left=-11)
    return Drawing(
        picture,
        title="How precisely an area under the curve can be known",
        caption="Half-width of the 95 % interval of an area under the curve (Hanley and McNeil) against patients; "
        "points: this study. "
        "In brackets: the area seen here.",
        alt=f"Half-widths of intervals against patients for {len(names)} areas.",
        numbers=pd.concat([curves, result.here[result.here["kind"] == "area"]], ignore_index=True),
        key="precision",
    )


def _value(result: NextTrial, question: str) -> float:
    return float(result.here.loc[result.here["question"] == question, "value"].iloc[0])


def _here(picture: Picture, ax: Axes, here: pd.Series, look: Look) -> list[tuple[float, float]]:
    """Draw this study's point; where it is, or nothing where there is no interval."""
    n = 2 / (1 / float(here["n_first"]) + 1 / float(here["n_second"]))
    half = float(here["high"] - here["low"]) / 2
    if not np.isfinite(half):
        return []
    point = ax.scatter(
        [n], [half], s=1.6 * look.area, c=look.colour, edgecolors=look.strong, marker=look.marker, lw=0.6
    )
    tip = f"{plain(here['question'])}\nhere ±{number(half)} with {here['n_first']} and {here['n_second']} patients"
    picture.mark(point, [Mark((), tip)])
    return [(n, half)]
