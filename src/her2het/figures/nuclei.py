"""One case: where it lies among the ISH groups, its nuclei by their signals, and how the amplified fraction varies."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from her2het.figures.her2_status import crosshair, on_plane, plane, tip
from her2het.figures.layout import Margins, blank, size
from her2het.figures.lettering import cut, width
from her2het.figures.marks import Mark, Picture, marks_of, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import BAND, CLOUD, COLUMN, INK, LOOKS, MUTED, PAGE, PAPER, RULE, drawn
from her2het.figures.words import number
from her2het.results.her2 import TracedCases

HET = LOOKS[2]
AREA = 2.4  # pt^2 of a marker per nucleus
NAMED = 14.0  # mm beside the nuclei for the names of the thresholds
ROW = 4.2  # mm from area to area
SIZES = (1, 10, 50)
STATES = {"amplified": (HET.colour, PAPER), "not amplified": (CLOUD, PAPER), "not scored": (PAPER, MUTED)}


@drawn
def case_plane(result: TracedCases) -> tuple[Drawing, ...]:
    """Ratio against copies with the five ISH groups, one drawing per traced case."""
    drawings = [_plane(result, str(name)) for name in result.cases["patient"]]
    return tuple(d for d in drawings if d is not None)


def _plane(result: TracedCases, patient: str) -> Drawing | None:
    rows = result.plane.dropna(subset=["ratio", "copies"])
    own = rows[rows["patient"] == patient]
    if own.empty:
        return None
    row = own.iloc[0]
    others = rows[rows["patient"] != patient]
    picture, (ax,) = blank(COLUMN, 68, Margins(top=3, bottom=10))
    plane(ax, rows, result.ratio_cut, result.copies_cuts)
    if len(others):
        cloud = ax.scatter(*on_plane(ax, others), s=5, c=CLOUD, lw=0, zorder=2)
        picture.mark(cloud, marks_of([[p] for p in others["patient"]], [tip(r) for _, r in others.iterrows()]))
    at = crosshair(ax, row, INK)
    point = ax.scatter(*at, s=20, color=INK, lw=0, zorder=5)
    picture.mark(point, [Mark((plain(patient),), tip(row))])
    _name(ax, at, plain(patient))
    ratio, copies = (f"{name} {_with_limits(row, name)}" for name in ("ratio", "copies"))
    return Drawing(
        picture,
        title=f"{patient}: {ratio}, {copies}",
        caption="The specimen's ISH count with 95 % intervals (nuclei as if independent) among the five groups, on "
        "doubling axes; shaded: ISH positive; grey points: the other baseline tumours.",
        alt=f"Ratio against copies: {patient} at {ratio} and {copies}.",
        numbers=own.drop(columns=["case"]).reset_index(drop=True),
        key=patient,
    )


def _with_limits(row: pd.Series, name: str) -> str:
    value, low, high = (number(float(row[column])) for column in (name, f"{name}_low", f"{name}_high"))
    return f"{value} ({low} to {high})"


def _name(ax: Axes, at: np.ndarray, name: str) -> None:
    """The case's name beside its cross, inside the axes."""
    left = ax.transData.transform((at[0], at[1]))[0] > ax.transAxes.transform((0.6, 0))[0]
    ax.annotate(
        name,
        (at[0], at[1]),
        (-5 if left else 5, 5),
        textcoords="offset points",
        ha="right" if left else "left",
        fontweight="bold",
        zorder=6,
    )


@drawn
def case_nuclei(result: TracedCases) -> tuple[Drawing, ...]:
    """Nuclei by their signals, and the amplified fraction by area, one drawing per traced case."""
    drawings = [_nuclei(result, str(name)) for name in result.cases["patient"]]
    return tuple(d for d in drawings if d is not None)


def _nuclei(result: TracedCases, patient: str) -> Drawing | None:
    counts = result.nuclei[result.nuclei["patient"] == patient].reset_index(drop=True)
    areas = result.areas[result.areas["patient"] == patient].reset_index(drop=True)
    if counts.empty:
        return None
    name = max((width(_area(a)) for a in areas.itertuples()), default=20)
    height = max(75.0, 26 + ROW * len(areas))
    left = 12.0
    picture, (ax, beside) = blank(
        PAGE, height, Margins(left=left, right=27, top=11, bottom=10, across=name + 8), columns=2, shares=[1.25, 1]
    )
    _signals(picture, ax, counts, result)
    if len(areas):
        _fractions(picture, beside, areas, result.fraction_limits, patient)
    else:
        beside.axis("off")
    pooled = areas.iloc[-1] if len(areas) else None
    ratio, copies = result.cell_rule
    low, high = (f"{100 * limit:g}" for limit in result.fraction_limits)
    told = "" if pooled is None else f"{pooled['amplified']} of {pooled['nuclei']} scored nuclei amplified"
    spread = "" if len(areas) < 3 else f" in {len(areas) - 1} areas"
    return Drawing(
        picture,
        title=f"{patient}: {told}{spread}" if told else f"{patient}: nuclei by their signals",
        caption=f"Left: nuclei of all baseline samples by their signals, marker area by number; amplified: ratio of at "
        f"least {ratio:g} or at least {copies:g} ERBB2 copies ({plain(result.profile)}; without CEP17 by copies "
        "alone, else not scored). Right: amplified fraction of each area with its exact 95 % interval, last all areas "
        f"with one that lets them differ; band: more than {low} % and less than {high} %.",
        alt=f"Nuclei of {patient} by ERBB2 and CEP17 signals, and the amplified fraction of each area. {told}.",
        numbers=counts.drop(columns=["patient"]),
        key=patient,
        wide=True,
    )


def _signals(picture: Picture, ax: Axes, counts: pd.DataFrame, result: TracedCases) -> None:
    wide, tall = size(ax)
    top = float(counts["erbb2"].max()) + 1.5
    most = float(counts["cep17"].max()) + 0.5
    right = most + (most + 0.6) * NAMED / (wide - NAMED)
    ax.set(xlim=(-0.6, right), ylim=(-0.8, top), xlabel="CEP17 signals per nucleus", ylabel="ERBB2 signals per nucleus")
    ax.set_xticks(range(int(most) + 1))
    rows = counts.sort_values("nuclei", ascending=False, kind="stable")
    state = [_state(v) for v in rows["amplified"]]
    points = ax.scatter(
        rows["cep17"],
        rows["erbb2"],
        s=AREA * rows["nuclei"].to_numpy(dtype=float),
        c=[STATES[s][0] for s in state],
        edgecolors=[STATES[s][1] for s in state],
        lw=0.4,
        zorder=2,
    )
    tips = [
        f"{n} {'nucleus' if n == 1 else 'nuclei'}, {s}\nERBB2 {h}, CEP17 {c}"
        for n, h, c, s in zip(rows["nuclei"], rows["erbb2"], rows["cep17"], state, strict=True)
    ]
    picture.mark(points, marks_of([[]] * len(rows), tips))
    x, y = -6.0, 1 + 6.4 / tall
    for name, (face, edge) in STATES.items():
        n = int(rows.loc[[s == name for s in state], "nuclei"].sum())
        if n:
            text = f"{name} (n = {n})"
            ax.scatter([(x + 1) / wide], [y], s=15, c=face, ec=edge, lw=0.4, transform=ax.transAxes, clip_on=False)
            ax.text((x + 2.7) / wide, y, text, transform=ax.transAxes, va="center_baseline")
            x += 5.5 + width(text)
    x, y = -6.0, 1 + 2.3 / tall
    for amount in SIZES:
        reach = np.sqrt(AREA * amount / np.pi) * 25.4 / 72
        x += max(reach, 1.0)
        ax.scatter([x / wide], [y], s=AREA * amount, fc="none", ec=MUTED, lw=0.6, transform=ax.transAxes, clip_on=False)
        text = f"{amount}" if amount > 1 else f"{amount} nucleus"
        ax.text((x + reach + 0.7) / wide, y, text, transform=ax.transAxes, va="center_baseline")
        x += reach + 2.6 + width(text)
    _thresholds(ax, result.cell_rule, right, top)


def _state(amplified: object) -> str:
    return "not scored" if pd.isna(amplified) else "amplified" if amplified else "not amplified"  # type: ignore[call-overload]


def _thresholds(ax: Axes, rule: tuple[float, float], right: float, top: float) -> None:
    """Where a nucleus becomes amplified: a line of equal ratio up to the copies that suffice, named at its end."""
    ratio, copies = rule
    words = [text for text, holds in ((f"ratio ≥ {ratio:g}", ratio > 0), (f"copies ≥ {copies:g}", copies > 0)) if holds]
    end = min(right, top / ratio) if ratio > 0 and copies <= 0 else right
    if ratio > 0:
        corner = min(copies / ratio, right) if copies > 0 else end
        xs, ys = [0.4, corner], [0.4 * ratio, corner * ratio]
    else:
        xs, ys = [-0.6], [copies]
    if copies > 0:
        xs, ys = [*xs, right], [*ys, max(copies, ys[-1])]
    ax.plot(xs, ys, color=INK, lw=0.8, dashes=(4, 2.5), zorder=1)
    ax.text(end, ys[-1] + 0.012 * top, " or\n".join(words), ha="right", va="bottom", zorder=3, linespacing=1.15)


def _area(area: object) -> str:
    return f"{cut(str(area.area), 30)}, n = {area.nuclei}"  # type: ignore[attr-defined]


def _fractions(picture: Picture, ax: Axes, areas: pd.DataFrame, limits: tuple[float, float], patient: str) -> None:
    """Intervals, one row per area, the pooled one set apart."""
    last = len(areas) - 1
    at = np.arange(len(areas)) + np.where(np.arange(len(areas)) == last, 0.5, 0)
    low, middle, high = (100 * areas[c].to_numpy(dtype=float) for c in ("low", "fraction", "high"))
    ax.axvspan(100 * limits[0], 100 * limits[1], color=BAND, lw=0, zorder=0)
    for edge in limits:
        ax.axvline(100 * edge, color=MUTED, lw=0.5, dashes=(3, 3), zorder=0.5)
    _, tall = size(ax)
    ax.text(
        50 * sum(limits),
        1 + 1.6 / tall,
        f"HET: > {100 * limits[0]:g} % and < {100 * limits[1]:g} %",
        transform=ax.get_xaxis_transform(),
        ha="center",
        va="bottom",
    )
    ax.hlines(at, low, high, color=INK, lw=1)
    points = ax.scatter(
        middle, at, s=np.where(at == at[-1], 28, 15), c=INK, edgecolors=PAPER, lw=0.5, zorder=2, clip_on=False
    )
    tips = [
        f"{plain(a.area)}: {number(f, 1)} % amplified\n{number(lo, 1)} to {number(hi, 1)}, {a.nuclei} nuclei"
        for a, f, lo, hi in zip(areas.itertuples(), middle, low, high, strict=True)
    ]
    picture.mark(points, marks_of([*([[]] * last), [patient]], tips))
    for y, f, lo, hi in zip(at, middle, low, high, strict=True):
        text = f"{number(f, 0)} %  ({number(lo, 0)}–{number(hi, 0)})"
        ax.text(1.03, y, text, transform=ax.get_yaxis_transform(), va="center")
    ax.axhline(last - 0.25, color=RULE, lw=0.6)
    ax.set_yticks(at, [_area(a) for a in areas.itertuples()])
    ax.tick_params(axis="y", length=0)
    ax.spines.left.set_visible(False)
    ax.set(xlim=(0, 100), ylim=(at[-1] + 0.7, -0.7), xlabel="Amplified nuclei, %")


__all__ = ["case_nuclei", "case_plane"]
