"""Definitions of heterogeneity against each other; the amplified fraction as counted against that behind cut nuclei."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from her2het.figures.layout import Entry, Margins, blank, draw_key, key_height
from her2het.figures.lettering import width
from her2het.figures.marks import Mark, Picture, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import BAND, COLUMN, LOOKS, MUTED, PAPER, SEQUENTIAL, Look, drawn
from her2het.figures.words import effect, found, join, number, p_equals
from her2het.results.her2 import HetProfiles

LIGHT, DARK = "#fdfdfd", "#111111"  # on a cell, whose colour is the same on a dark screen
CELL = 8.0  # mm
BOTH, LITERAL, ROBUST, NEITHER = "HET by both", "literal rule alone", "robust rule alone", "HET by neither"
STATES: dict[str, Look] = {BOTH: LOOKS[2], LITERAL: LOOKS[1], ROBUST: LOOKS[4], NEITHER: LOOKS[0]}


@drawn
def het_agreement(result: HetProfiles) -> tuple[Drawing, ...]:
    """How far the definitions agree on the baseline tumours."""
    table = result.agreement[result.agreement["n"] > 0]
    names = [n for n in [*result.profiles, "robust"] if n in set(table["first"]) | set(table["second"])]
    if len(names) < 2:
        return ()
    shares = {e.quantity: e for e in result.estimates}
    labels = [f"{at + 1}  {name}" for at, name in enumerate(names)]
    left = max(width(text) for text in labels) + 4
    n = len(names)
    right = COLUMN - left - CELL * n
    picture, (ax,) = blank(COLUMN, CELL * n + 15, Margins(left=left, right=max(right, 1.0), top=7, bottom=8))
    marks: list[Mark] = []
    for y, down in enumerate(names):
        for x, across in enumerate(names):
            marks.append(_cell(ax, x, y, (down, across), table, shares[down].value if down in shares else math.nan))
    picture.mark(ax.patches[0], marks[:1])
    for patch, mark in zip(ax.patches[1:], marks[1:], strict=True):
        picture.mark(patch, [mark])
    ax.set(xlim=(0, n), ylim=(n, 0))
    ax.set_yticks(np.arange(n) + 0.5, labels)
    ax.set_xticks(np.arange(n) + 0.5, [str(at + 1) for at in range(n)])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.text(0, n + 0.25, "below: κ; above: alike, %; diagonal: HET, %", va="top", ha="left", color=MUTED)
    size = int(table["n"].max())
    kappas = table["kappa"].dropna()
    span = f"κ {number(kappas.min())} to {number(kappas.max())}" if len(kappas) else "κ undefined"
    missing = [p for p in result.profiles if p not in names]
    absent = f" {plain(', '.join(missing))} cannot be applied to this study." if missing else ""
    return (
        Drawing(
            picture,
            title=f"Definitions of HET agree on {size} baseline tumours with {span}",
            caption="HET against not HET per patient. Below the diagonal Cohen's κ, above it the share alike, "
            f"on it the share HET. Robust: beyond what cut nuclei explain.{absent} κ depends on how many are HET.",
            alt=f"Matrix of agreement between {n} definitions of heterogeneity; {span}.",
            numbers=table.reset_index(drop=True),
        ),
    )


def _cell(ax: Axes, x: int, y: int, pair: tuple[str, str], table: pd.DataFrame, own: float) -> Mark:
    """One square: kappa below the diagonal, agreement above it, the share of HET on it."""
    down, across = pair
    if x == y:
        face, text, tip = PAPER, f"{number(own, 0)}", f"{plain(down)}\n{number(own, 1)} % HET"
        ax.add_patch(Rectangle((x, y), 1, 1, fc=face, ec=MUTED, lw=0.6, zorder=2))
        ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", zorder=3, fontweight="bold")
        return Mark((), tip)
    first = (table["first"] == down) & (table["second"] == across)
    row = table[first | ((table["first"] == across) & (table["second"] == down))].iloc[0]
    kappa, alike = float(row["kappa"]), float(row["agreement"])
    value = kappa if y > x else alike
    shade = 0.0 if math.isnan(value) else float(Normalize(0, 1, clip=True)(value))
    face = SEQUENTIAL(shade)
    text = number(kappa) if y > x else number(100 * alike, 0)
    ax.add_patch(Rectangle((x, y), 1, 1, fc=face, ec=PAPER, lw=0.8, zorder=1))
    ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", color=LIGHT if shade > 0.4 else DARK, zorder=3)
    limits = f"κ {number(kappa)} ({number(float(row['kappa_low']))} to {number(float(row['kappa_high']))})"
    counts = f"both {row['both']}, {plain(row['first'])} alone {row['only_first']}, {plain(row['second'])} alone"
    return Mark(
        (),
        f"{plain(down)} and {plain(across)}\n{limits}, alike {number(100 * alike, 1)} %\n{counts} {row['only_second']}",
    )


@drawn
def het_robust(result: HetProfiles) -> tuple[Drawing, ...]:
    """The amplified fraction as counted against the share of truly amplified nuclei, with intervals."""
    rows = _joined(result)
    if rows.empty:
        return ()
    state = [_state(bool(a), bool(b)) for a, b in zip(rows["literal_het"], rows["robust_het"], strict=True)]
    entries = [Entry(f"{name} (n = {state.count(name)})", look) for name, look in STATES.items() if name in state]
    top = 2 + key_height(entries, COLUMN - 14)
    picture, (ax,) = blank(COLUMN, 66 + top, Margins(top=top, bottom=10))
    low, high = result.fraction_limits
    for edge in (low, high):
        ax.axvline(edge, color=MUTED, lw=0.5, dashes=(3, 3), zorder=0.5)
        ax.axhline(edge, color=MUTED, lw=0.5, dashes=(3, 3), zorder=0.5)
    ax.add_patch(Rectangle((low, -0.02), high - low, 1.04, color=BAND, lw=0, zorder=0))
    ax.add_patch(Rectangle((-0.02, low), 1.04, high - low, color=BAND, lw=0, zorder=0))
    ax.plot([0, 1], [0, 1], color=MUTED, lw=0.5, zorder=0.6)
    for name, look in STATES.items():
        part = rows[[s == name for s in state]]
        if len(part):
            _points(picture, ax, part, look)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set(xlabel="Amplified fraction as counted", ylabel="Truly amplified share of nuclei")
    draw_key(ax, entries, COLUMN - 14)
    tested = [e for e in result.estimates if e.quantity == "robust against literal"]
    literal, kept = int(rows["literal_het"].sum()), state.count(BOTH)
    words = "; ".join(f"{effect(e)}, {p_equals(e.p)} ({e.method})" for e in tested)
    keeps = join(f"{p:g}" for p in sorted({result.p_keep, *result.p_keep_range}))
    return (
        Drawing(
            picture,
            title=f"{kept} of {literal} tumours that {plain(result.profile)} calls HET are so beyond cut nuclei",
            caption=f"{len(rows)} baseline tumours: fraction of nuclei counted as amplified by {plain(result.profile)} "
            "(interval: of the mean over areas, not centred on it), and share of truly amplified nuclei behind cut "
            f"ones (each signal kept with {result.p_keep:g}; limits by profile likelihood, widened for areas, held "
            f"at {keeps}). Bands: HET, above {100 * low:g} % and below {100 * high:g} %; the robust rule asks that the "
            f"lower limit lies above {100 * low:g} %. "
            f"HET, robust less literal: {words}.",
            alt=f"Truly amplified share against fraction as counted, {len(rows)} tumours; {kept} are HET by both.",
            numbers=rows.drop(columns=["literal_het", "robust_het"]),
            estimates=tuple(tested),
            findings=tuple(Finding(_words(e.value, found(e)), e) for e in tested),
        ),
    )


def _words(value: float, clear: bool) -> str:
    if not clear:
        return "No difference found between the shares HET by the literal rule and beyond cut nuclei"
    return f"{'Fewer' if value < 0 else 'More'} tumours are HET beyond cut nuclei than by the literal rule"


def _state(literal: bool, robust: bool) -> str:
    return BOTH if literal and robust else LITERAL if literal else ROBUST if robust else NEITHER


def _joined(result: HetProfiles) -> pd.DataFrame:
    """A row per baseline patient with both fractions and both calls."""
    calls = result.calls[(result.calls["profile"] == result.profile) & (result.calls["phase"] == "baseline")]
    robust = result.robust[result.robust["phase"] == "baseline"]
    left = calls[["patient", "nuclei", "fraction", "low", "high", "call"]]
    right = robust[["patient", "share", "low", "high", "p_truncation", "call"]]
    rows = left.merge(right, on="patient", suffixes=("_literal", "_robust")).dropna(subset=["fraction", "share"])
    rows = rows[~rows["call_literal"].isin(["INSUFFICIENT", "UNDEFINED"])]
    for name in ("literal", "robust"):
        rows[f"{name}_het"] = (rows[f"call_{name}"] == "HET").to_numpy(dtype=bool)
    return rows.reset_index(drop=True)


def _points(picture: Picture, ax: Axes, rows: pd.DataFrame, look: Look) -> None:
    x, y = rows["fraction"].to_numpy(dtype=float), rows["share"].to_numpy(dtype=float)
    ax.hlines(y, rows["low_literal"], rows["high_literal"], color=look.strong, lw=0.4, alpha=0.7, zorder=1)
    ax.vlines(x, rows["low_robust"], rows["high_robust"], color=look.strong, lw=0.4, alpha=0.7, zorder=1)
    points = ax.scatter(x, y, s=look.area, c=look.colour, marker=look.marker, edgecolors=look.strong, lw=0.4, zorder=2)
    ways = (("as counted", "fraction", "literal"), ("truly amplified", "share", "robust"))
    tips = [
        "\n".join([plain(r["patient"]), *(f"{words} {_per(r, name, of)}" for words, name, of in ways)])
        for _, r in rows.iterrows()
    ]
    picture.mark(points, marks_of([[p] for p in rows["patient"]], tips))


def _per(row: pd.Series, name: str, of: str) -> str:
    value, low, high = (number(100 * float(row[c]), 1) for c in (name, f"low_{of}", f"high_{of}"))
    return f"{value} % ({low} to {high})"
