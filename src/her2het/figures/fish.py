"""FISH: the amplified fraction of each tumour against the range that defines heterogeneity; measures by group."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from her2het.figures import groups
from her2het.figures.layout import Entry, Margins, blank, draw_key, key_height, size
from her2het.figures.lettering import wrap
from her2het.figures.markers import of_quantity
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import BAND, HEIGHT, LOOKS, MUTED, NO_GROUP, PAGE, Look, drawn, looks
from her2het.figures.words import compared, inline, methods, number, title_of_groups
from her2het.results.fish import FishByGroup, FishHeterogeneity

FRACTION = "Amplified fraction"
CALLS = {
    "HET": ("heterogeneous", LOOKS[2]),
    "NON_HET_AMPLIFIED": ("amplified in at least half", LOOKS[0]),
    "NON_HET_NONAMPLIFIED": ("not amplified", LOOKS[3]),
}
OTHER_CALL = ("no call", NO_GROUP)
POINT = (
    "The point is the share of the nuclei counted. The 95 % interval (posterior) is that of the mean over all areas of "
    "the tumour, of which those counted are a sample: the more areas differ the wider it is, and it reaches further "
    "towards 50 %, so that the point lies near its outer end where the share is close to 0 or 100 %."
)


@drawn
def fish_calls(result: FishHeterogeneity) -> tuple[Drawing, ...]:
    """Amplified fraction of every baseline tumour with its interval, from lowest to highest."""
    patients = result.patients
    rows = patients[(patients["phase"] == "baseline").to_numpy(dtype=bool) & patients["fraction"].notna().to_numpy()]
    if rows.empty:
        return ()
    rows = rows.sort_values(["fraction", "patient"]).reset_index(drop=True)
    kinds = [CALLS.get(str(call), OTHER_CALL) for call in rows["call"]]
    present = [kind for kind in [*CALLS.values(), OTHER_CALL] if kind in kinds]
    entries = [Entry(f"{text} (n = {kinds.count((text, look))})", look) for text, look in present]
    top = 2 + key_height(entries, PAGE - 14)
    picture, (ax,) = blank(PAGE, HEIGHT, Margins(top=top, bottom=9, right=24))
    at = np.arange(len(rows))
    for text, look in present:
        mine = np.array([kind == (text, look) for kind in kinds])
        _intervals(picture, ax, at[mine], rows[mine], look, [text] * int(mine.sum()))
    _band(ax, result.fraction_limits)
    ax.set(xlim=(-1, len(rows)), ylim=(-0.02, 1.02), xticks=[], ylabel="Amplified fraction of nuclei")
    ax.set_xlabel(f"{len(rows)} baseline tumours, by amplified fraction")
    draw_key(ax, entries, PAGE - 14)
    het = sum(kind is CALLS["HET"] for kind in kinds)
    low, high = (f"{100 * limit:g}" for limit in result.fraction_limits)
    crossing = _crossing(rows, result.fraction_limits)
    return (
        Drawing(
            picture,
            title=f"{het} of {len(rows)} baseline tumours are heterogeneous by {plain(result.profile)}",
            caption=f"Fraction of amplified nuclei per patient (baseline samples pooled) with its interval. {POINT} "
            f"Band: more than {low} % and less than {high} %, heterogeneous by {plain(result.profile)}. In {crossing} "
            f"of {len(rows)} tumours the interval contains one of the two limits: other nuclei could change the call.",
            alt=f"{len(rows)} tumours ordered by amplified fraction with intervals; {het} are called heterogeneous.",
            numbers=rows[
                [
                    c
                    for c in (
                        "patient",
                        "nuclei",
                        "areas",
                        "amplified",
                        "fraction",
                        "fraction_low",
                        "fraction_high",
                        "call",
                        "flags",
                    )
                    if c in rows.columns
                ]
            ],
            wide=True,
        ),
    )


def _crossing(rows: pd.DataFrame, limits: tuple[float, float]) -> int:
    """How many intervals contain a limit."""
    low, high = rows["fraction_low"].to_numpy(dtype=float), rows["fraction_high"].to_numpy(dtype=float)
    return int(np.any([(low <= limit) & (limit <= high) for limit in limits], axis=0).sum())


def _band(ax: Axes, limits: tuple[float, float]) -> None:
    """The range that defines heterogeneity, named beside the axes."""
    _shade(ax, limits)
    text = _rule(limits).replace(" and", "\nand")
    x, y = 1 + 1.2 / size(ax)[0], sum(limits) / 2
    ax.text(x, y, text, transform=ax.get_yaxis_transform(), ha="left", va="center")


def _within(ax: Axes, limits: tuple[float, float]) -> None:
    """The same on a narrow picture, named inside the range."""
    _shade(ax, limits)
    x, y = 1.2 / size(ax)[0], limits[0] + 0.015
    ax.text(x, y, _rule(limits), transform=ax.get_yaxis_transform(), ha="left", va="bottom", color=MUTED)


def _shade(ax: Axes, limits: tuple[float, float]) -> None:
    ax.axhspan(*limits, color=BAND, lw=0, zorder=0)
    for y in limits:
        ax.axhline(y, color=MUTED, lw=0.5, dashes=(3, 3), zorder=0.5)


def _rule(limits: tuple[float, float]) -> str:
    return f"HET: > {100 * limits[0]:g} % and < {100 * limits[1]:g} %"


def _intervals(
    picture: Picture, ax: Axes, at: NDArray[np.generic], rows: pd.DataFrame, look: Look, says: list[str]
) -> None:
    """Points with a vertical interval each, in per cent."""
    low, middle, high = (rows[name].to_numpy(dtype=float) for name in ("fraction_low", "fraction", "fraction_high"))
    ax.vlines(at, low, high, color=look.strong, lw=0.6, zorder=1)
    crossed = look.marker == "x"
    points = ax.scatter(
        at,
        middle,
        s=0.8 * look.area,
        c=look.strong if crossed else look.colour,
        marker=look.marker,
        edgecolors=None if crossed else look.strong,
        lw=0.4,
        zorder=2,
    )
    tips = [
        f"{plain(p)}\n{plain(text)}\n{number(100 * f, 1)} % amplified ({number(100 * a, 1)} to {number(100 * b, 1)})"
        for p, text, f, a, b in zip(rows["patient"], says, middle, low, high, strict=True)
    ]
    picture.mark(points, marks_of([[p] for p in rows["patient"]], tips))


@drawn
def fish_by_group(result: FishByGroup) -> tuple[Drawing, ...]:
    """FISH measures of baseline tumours by group; the amplified fraction with each patient's interval."""
    return tuple(_measure(result, str(name)) for name in result.values["quantity"].dropna().unique())


def _measure(result: FishByGroup, quantity: str) -> Drawing:
    values = result.values[result.values["quantity"] == quantity].reset_index(drop=True)
    words = inline(quantity)
    estimates = of_quantity(result.comparisons, quantity)
    title = title_of_groups(words, estimates)
    ranked = quantity == FRACTION and {"low", "high"} <= set(values.columns)
    if ranked:
        picture = _ranked(result, values)
        caption = (
            f"Each point is a patient (baseline samples pooled), in order within the group. {POINT} Line: median; "
            "band: heterogeneous by definition."
        )
    else:
        boxes = result.boxes[result.boxes["quantity"] == quantity]
        span = (-0.02, 1.02) if quantity == FRACTION else None
        picture, ax = groups.box_points(values, boxes, looks(result.labels), quantity, estimates, span)
        if quantity == FRACTION:
            _within(ax, result.fraction_limits)
        caption = groups.CAPTION
    return Drawing(
        picture,
        title=title,
        caption=caption + methods(estimates),
        alt=f"{quantity} in {len(result.labels)} groups of patients. {title}.",
        numbers=result.values[result.values["quantity"] == quantity].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(compared(e, words), e) for e in estimates),
        key=quantity,
        wide=ranked,
    )


def _ranked(result: FishByGroup, values: pd.DataFrame) -> Picture:
    """Groups side by side, patients in order of the fraction within each."""
    shown = looks(result.labels)
    estimates = groups.drawable(of_quantity(result.comparisons, FRACTION), list(shown))
    top = 3 + groups.BRACKET * len(estimates)
    picture, (ax,) = blank(PAGE, HEIGHT + max(0.0, top - 12), Margins(top=top, bottom=13, right=24))
    known = values[values["value"].notna()].rename(
        columns={"value": "fraction", "low": "fraction_low", "high": "fraction_high"}
    )
    start, centres, ticks = 0.0, {}, []
    apart = max(3.0, 0.03 * len(known))
    for group, look in shown.items():
        rows = known[known["group"] == group].sort_values(["fraction", "patient"])
        at = start + np.arange(len(rows))
        middle = start + (max(len(rows), 1) - 1) / 2
        if len(rows):
            _intervals(picture, ax, at, rows, look, [group] * len(rows))
        boxes = result.boxes[(result.boxes["quantity"] == FRACTION) & (result.boxes["group"] == group)]
        for median in boxes["median"].to_numpy(dtype=float):
            if math.isfinite(median):
                ax.plot([at[0] - 0.5, at[-1] + 0.5], [median, median], color=look.strong, lw=1.4, zorder=3)
        centres[group] = middle
        ticks.append((middle, f"{wrap(group, 40)}\nn = {len(rows)}"))
        start += max(len(rows), 1) + apart
    _band(ax, result.fraction_limits)
    ax.set(xlim=(-apart / 2, start - apart / 2), ylim=(-0.02, 1.02), ylabel="Amplified fraction of nuclei")
    ax.set_xticks([x for x, _ in ticks], [text for _, text in ticks])
    ax.tick_params(axis="x", length=0, pad=3)
    groups.draw_brackets(ax, centres, estimates)
    return picture
