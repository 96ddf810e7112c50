"""Who entered, who was left out and why, and who was analysed: wide for a page, tall for a phone."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from her2het.figures.lettering import LINE, wrap
from her2het.figures.marks import Picture, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import COLUMN, INK, MUTED, PAGE, PAPER, RULE, Look, drawn, looks
from her2het.figures.words import join
from her2het.results.cohort import SampleFlow

PAD = 1.6  # mm between a box and its text
ROW = 4.2  # mm from line to line in a group's box


@dataclass(frozen=True)
class Step:
    """What remains after an exclusion; `lost` and `reason` say what the exclusion took."""

    title: str
    remains: str
    lost: str
    reason: str


@dataclass(frozen=True)
class Stratum:
    """A group at the end of the flow, with what is known of it line by line."""

    label: str
    patients: str
    lines: tuple[tuple[str, str], ...]
    look: Look


@drawn
def flow(result: SampleFlow) -> tuple[Drawing, ...]:
    """Patients and samples from the study's tables to the groups that are compared."""
    steps = [_step(row) for _, row in result.steps.iterrows()]
    strata = _strata(result.groups, looks(result.labels))
    ends = join(f"{plain(s.label)}: {s.patients}" for s in strata)
    lost = join(f"{s.lost} ({s.reason})" if s.reason else s.lost for s in steps if s.lost)
    last = _told(steps[-1]) if steps else ""
    return (
        Drawing(
            _wide(steps, strata) if len(steps) <= 5 else _tall(steps, strata, PAGE),
            title="Patients and samples",
            caption=f"From the study's tables to the analysis: {last}. "
            + (f"Left out: {lost}. " if lost else "Nothing was left out. ")
            + f"Groups: {ends}.",
            alt=f"Flow diagram. {'; then '.join(f'{s.title}: {_told(s)}' for s in steps)}. Groups: {ends}.",
            numbers=pd.concat(
                [result.steps.assign(part="step"), result.groups.assign(part="group")], ignore_index=True
            ).pipe(lambda f: f[["part", *(c for c in f.columns if c != "part")]]),
            wide=True,
            narrow=_tall(steps, strata, COLUMN),
        ),
    )


def _step(row: "pd.Series") -> Step:
    parts = []
    for name in ("patients", "samples"):
        if pd.notna(row[name]):
            count = int(row[name])
            parts.append(f"{count:,} {name if count != 1 else name[:-1]}")
    lost = "" if pd.isna(row["lost"]) else plain(row["lost"])
    reason = "" if pd.isna(row["reason"]) else plain(row["reason"])
    return Step(plain(row["title"]), "\n".join(parts), lost, reason)


def _told(step: Step) -> str:
    """'129 patients, 285 samples'."""
    return step.remains.replace("\n", ", ")


def _strata(groups: pd.DataFrame, shown: Mapping[str, Look]) -> list[Stratum]:
    result: list[Stratum] = []
    for label, look in shown.items():
        rows = groups[groups["group"] == label]
        n = int(rows["patients"].iloc[0]) if len(rows) else 0
        lines = tuple((plain(r["line"]), f"{int(r['count']):,}") for _, r in rows.iterrows() if pd.notna(r["line"]))
        result.append(Stratum(label, f"{n:,} patient{'s' * (n != 1)}", lines, look))
    return result


def _canvas(width: float, height: float) -> tuple[Picture, Axes]:
    """A picture whose coordinates are mm, y downwards."""
    picture = Picture(width, height)
    ax = picture.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.axis("off")
    return picture, ax


def _each(text: str, space: float) -> str:
    """Each line of a text within `space`."""
    return "\n".join(wrap(line, space, lines=2) for line in text.split("\n"))


def _lines(text: str) -> int:
    return text.count("\n") + 1 if text else 0


def _wide(steps: list[Step], strata: list[Stratum]) -> Picture:
    """Steps from left to right with what was lost between them; groups below."""
    count = max(1, len(steps))
    between = 34.0 if count <= 3 else 24.0 if count == 4 else 18.0
    wide = (PAGE - 2 - between * (count - 1)) / count if count > 1 else 60.0
    titles = [wrap(s.title, wide - 2 * PAD, weight="bold", lines=2) for s in steps]
    remains = [_each(s.remains, wide - 2 * PAD) for s in steps]
    tall = max((2 * PAD + LINE * (_lines(a) + _lines(b)) + 1 for a, b in zip(titles, remains, strict=True)), default=10)
    lost = [wrap(s.lost, between + wide - 6, lines=2) for s in steps]
    reasons = [wrap(s.reason, between + wide - 6, lines=4) for s in steps]
    drop = max((_lines(a) + _lines(b) for a, b in zip(lost, reasons, strict=True)), default=0) * LINE
    across, share = _grid(len(strata))
    rows = -(-len(strata) // across)
    deep = [
        ROW * (1 + max((len(s.lines) for s in strata[r * across : (r + 1) * across]), default=0)) + 5.2
        for r in range(rows)
    ]
    first = 1 + tall + (drop + 6 if drop else 3) + 4
    picture, ax = _canvas(PAGE, first + 3 + sum(deep) + 3 * (rows - 1) + 3)
    lefts = [1 + i * (wide + between) for i in range(count)]
    middle = 1 + tall / 2
    for i, step in enumerate(steps):
        _box(ax, lefts[i], 1, wide, tall, INK)
        _two(ax, lefts[i] + wide / 2, 1 + tall / 2, titles[i], remains[i])
        if i:
            x = lefts[i] - between / 2
            _arrow(ax, (lefts[i - 1] + wide, middle), (lefts[i] - 0.2, middle))
            if step.lost:
                ax.plot([x, x], [middle, 1 + tall + 2.2], color=MUTED, lw=0.7)
                _two(
                    ax,
                    x,
                    1 + tall + 3 + LINE * (_lines(lost[i]) + _lines(reasons[i])) / 2,
                    lost[i],
                    reasons[i],
                    loud=False,
                )
    if steps and strata:
        _fan(
            ax,
            lefts[-1] + wide / 2,
            1 + tall,
            first,
            [1 + share / 2 + k * (share + 4) for k in range(min(across, len(strata)))],
        )
    y = first + 3
    for r in range(rows):
        for k, stratum in enumerate(strata[r * across : (r + 1) * across]):
            _stratum(ax, stratum, 1 + k * (share + 4), y, share, deep[r])
        y += deep[r] + 3
    return picture


def _grid(count: int) -> tuple[int, float]:
    """How many group boxes go into a row of the page, and how wide each is."""
    across = max(1, count if count <= 4 else -(-count // 2) if count <= 8 else 4)
    return across, (PAGE - 2 - 4 * (across - 1)) / across


def _tall(steps: list[Step], strata: list[Stratum], page: float) -> Picture:
    """Steps from top to bottom with what was lost beside the arrow; groups stacked below."""
    wide = page - 2
    titles = [wrap(s.title, wide - 2 * PAD, weight="bold", lines=2) for s in steps]
    remains = [_each(s.remains, wide - 2 * PAD) for s in steps]
    lost = [wrap(s.lost, wide - 12, lines=2) for s in steps]
    reasons = [wrap(s.reason, wide - 12, lines=4) for s in steps]
    tall = [2 * PAD + LINE * (_lines(a) + _lines(b)) + 1 for a, b in zip(titles, remains, strict=True)]
    gap = [
        max(5.0, LINE * (_lines(a) + _lines(b)) + 3.5) if i else 0.0
        for i, (a, b) in enumerate(zip(lost, reasons, strict=True))
    ]
    deep = [ROW * (1 + len(s.lines)) + 5.2 for s in strata]
    picture, ax = _canvas(page, 1 + sum(tall) + sum(gap) + 5 + sum(deep) + 2.5 * len(strata) + 1)
    y, x = 1.0, 8.0
    for i in range(len(steps)):
        if i:
            _arrow(ax, (x, y), (x, y + gap[i] - 0.2))
            text = "\n".join(t for t in (lost[i], reasons[i]) if t)
            ax.text(x + 3, y + gap[i] / 2, text, ha="left", va="center", color=INK if text else MUTED, linespacing=1.2)
            y += gap[i]
        _box(ax, 1, y, wide, tall[i], INK)
        _two(ax, 1 + wide / 2, y + tall[i] / 2, titles[i], remains[i])
        y += tall[i]
    if steps and strata:
        _arrow(ax, (x, y), (x, y + 4.8))
    y += 5
    for stratum, high in zip(strata, deep, strict=True):
        _stratum(ax, stratum, 1, y, wide, high)
        y += high + 2.5
    return picture


def _two(ax: Axes, x: float, y: float, first: str, second: str, *, loud: bool = True) -> None:
    """A heading and what follows it, centred on a point."""
    total = LINE * (_lines(first) + _lines(second))
    at = y - total / 2
    for text, weight, colour in (
        (first, "bold" if loud else "normal", INK),
        (second, "normal", INK if loud else MUTED),
    ):
        for line in text.split("\n") if text else []:
            ax.text(x, at + LINE / 2, line, ha="center", va="center", fontweight=weight, color=colour)
            at += LINE


def _stratum(ax: Axes, stratum: Stratum, x: float, y: float, wide: float, tall: float) -> None:
    """A group's box: its colour and marker at the top, its numbers below."""
    _box(ax, x, y, wide, tall, RULE)
    ax.add_patch(Rectangle((x, y), wide, 1.3, color=stratum.look.colour, lw=0))
    ax.scatter(
        [x + 3.2],
        [y + 4.6],
        s=1.6 * stratum.look.area,
        c=stratum.look.colour,
        marker=stratum.look.marker,
        edgecolors=stratum.look.strong,
        lw=0.5,
    )
    ax.text(
        x + 5.6,
        y + 4.6,
        wrap(stratum.label, wide - 26, weight="bold", lines=1),
        va="center_baseline",
        fontweight="bold",
    )
    ax.text(x + wide - 2, y + 4.6, stratum.patients, va="center_baseline", ha="right", fontweight="bold")
    for row, (name, value) in enumerate(stratum.lines):
        at = y + 4.6 + ROW * (row + 1) + 0.6
        ax.text(x + 2, at, wrap(name, wide - 14, lines=1), va="center_baseline", color=MUTED)
        ax.text(x + wide - 2, at, value, va="center_baseline", ha="right")


def _box(ax: Axes, x: float, y: float, wide: float, tall: float, edge: str) -> None:
    ax.add_patch(Rectangle((x, y), wide, tall, facecolor=PAPER, edgecolor=edge, lw=0.7))


def _fan(ax: Axes, start: float, top: float, bottom: float, centres: list[float]) -> None:
    """One line down from the last step, and an arrow to each group."""
    ax.plot([start, start], [top, bottom - 3], color=MUTED, lw=0.7)
    ends = [*centres, start]
    ax.plot([min(ends), max(ends)], [bottom - 3] * 2, color=MUTED, lw=0.7)
    for x in centres:
        _arrow(ax, (x, bottom - 3), (x, bottom + 2.8))


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>,head_width=0.12,head_length=0.25",
            "color": MUTED,
            "lw": 0.7,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
