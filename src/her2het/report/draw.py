"""Panels drawn to files, wherever the engine has workers, and kept by content, so that a second run draws none.

What a panel drew goes by the digest of its result, of the code that draws, of the libraries and fonts, and of the
stamp. The first run takes it from the store as well, so that the first and the second leave the same bytes.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from her2het.engine import Engine
from her2het.figures import PANELS
from her2het.figures.marks import to_svg
from her2het.figures.panel import Drawing, Finding, Panel
from her2het.figures.save import FORMATS, name_of, save
from her2het.report.folder import DRAWING
from her2het.stats.estimate import Estimate
from her2het.store import Unreadable, appearing, code_digest, content_of, digest, environment, load_result, write_result

SYNTHETIC = "SYNTHETIC DATA"
LIBRARIES = ("matplotlib", "numpy", "pandas", "pyarrow", "pillow", "fonttools", "contourpy")


@dataclass(frozen=True, eq=False)
class Drawn:
    """A panel as drawn: its files are in figures/<analysis>/, its words, evidence and numbers are here."""

    analysis: str
    panel: str
    name: str
    number: str
    title: str
    caption: str
    alt: str
    svg: str
    numbers: pd.DataFrame
    estimates: tuple[Estimate, ...]
    findings: tuple[Finding, ...]
    note: str
    wide: bool
    label: str = ""
    narrow: str = ""


@dataclass(frozen=True, eq=False)
class Sheet:
    """All that a panel drew, as it is kept; the SVGs are files beside it."""

    drawn: tuple[Drawn, ...]


@dataclass(frozen=True, eq=False)
class DrawTask:
    """One panel of one result; its files go to `folder`, or to `entry` where it is kept."""

    analysis: str
    panel: str
    result: Any
    folder: Path
    synthetic: bool
    formats: tuple[str, ...] = FORMATS
    entry: Path | None = None


def panels_of(result: Any) -> list[Panel]:
    """The panels that draw a result of this type."""
    return [p for p in PANELS if p.result is type(result)]


def draw(task: DrawTask) -> list[Drawn]:
    """Draw the panel, write its files, and return what stands beside the picture."""
    panel = next(p for p in PANELS if p.id == task.panel)
    drawn: list[Drawn] = []
    for drawing in panel.draw(task.result):
        name = name_of(panel, drawing)
        folder = task.folder
        save(drawing, folder, name, task.formats, stamp=SYNTHETIC if task.synthetic else "")
        drawing.numbers.to_csv(folder / f"{name}.tsv", sep="\t", index=False, lineterminator="\n")
        svg = (folder / f"{name}.svg").read_text(encoding="utf-8") if "svg" in task.formats else ""
        drawn.append(
            Drawn(
                task.analysis,
                panel.id,
                name,
                panel.number,
                drawing.title,
                drawing.caption,
                drawing.alt,
                svg,
                drawing.numbers,
                drawing.estimates,
                drawing.findings,
                drawing.note,
                drawing.wide,
                drawing.key,
                _narrow(drawing, name, task),
            )
        )
    return drawn


def _narrow(drawing: Drawing, name: str, task: DrawTask) -> str:
    """The SVG for a phone's screen, where the drawing has one."""
    if drawing.narrow is None:
        return ""
    drawing.narrow.stamp(SYNTHETIC if task.synthetic else "")
    return to_svg(drawing.narrow, f"{name}_narrow")


def draw_and_keep(task: DrawTask) -> list[Drawn] | None:
    """Draw the panel into its entry of the cache; what cannot be kept is drawn where it belongs, and returned."""
    if task.entry is None:
        return draw(task)
    try:
        with appearing(task.entry) as staged:
            sheet = Sheet(tuple(replace(d, svg="") for d in draw(replace(task, folder=staged))))
            write_result(sheet, staged, {"panel": task.panel})
    except (TypeError, ValueError, NotImplementedError):  # numbers that no Parquet file can hold
        return draw(task)
    return None


def draw_all(
    results: Sequence[tuple[str, Any, Path | None]], folder: Path, synthetic: bool, engine: Engine, kept: Path
) -> dict[str, list[Drawn]]:
    """All panels of all results (analysis, result, where it is stored), by analysis, in the order of `PANELS`.

    Files go to `folder`/<analysis>/; what was drawn before is taken from the cache `kept`.
    """
    tasks = [
        DrawTask(name, p.id, result, folder / name, synthetic, entry=_entry(p, stored, synthetic, kept))
        for name, result, stored in results
        for p in panels_of(result)
    ]
    found = [_kept(task) for task in tasks]
    missing = [at for at, drawn in enumerate(found) if drawn is None]
    for at, drawn in zip(missing, engine.map(draw_and_keep, [tasks[at] for at in missing]), strict=True):
        found[at] = drawn if drawn is not None else _kept(tasks[at])
    by_analysis: dict[str, list[Drawn]] = {name: [] for name, _, _ in results}
    for task, drawn in zip(tasks, found, strict=True):
        by_analysis[task.analysis] += drawn if drawn is not None else draw(task)
    return by_analysis


def _entry(panel: Panel, stored: Path | None, synthetic: bool, kept: Path) -> Path | None:
    content = content_of(stored) if stored else ""
    if not content:
        return None
    key = digest(content, panel.id, panel.number, synthetic, FORMATS, code_digest(panel.draw.__module__), _setting())
    return kept / f"{DRAWING}{panel.id}-{key[:20]}"


def _kept(task: DrawTask) -> list[Drawn] | None:
    """What was drawn before, with its files in their place; None where it was not, or is damaged."""
    if task.entry is None or not task.entry.is_dir():
        return None
    try:
        sheet = load_result(Sheet, task.entry)
    except Unreadable:
        return None
    os.utime(task.entry)  # the cache keeps what was used last
    task.folder.mkdir(parents=True, exist_ok=True)
    drawn: list[Drawn] = []
    for d in sheet.drawn:
        for kind in (*task.formats, "tsv"):
            link_or_copy(task.entry / f"{d.name}.{kind}", task.folder / f"{d.name}.{kind}")
        drawn.append(replace(d, analysis=task.analysis, svg=(task.folder / f"{d.name}.svg").read_text("utf-8")))
    return drawn


def link_or_copy(source: Path, target: Path) -> None:
    """The same file in another place, without a copy where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@cache
def _setting() -> str:
    """What every drawing depends on: this file, how figures are saved, libraries, and the fonts of this machine."""
    own = Path(__file__).read_bytes()
    return digest(own, code_digest("her2het.figures.save"), environment(LIBRARIES), _fonts())


def _fonts() -> dict[str, str]:
    from matplotlib.font_manager import FontProperties, findfont  # noqa: PLC0415

    from her2het.figures.style import fonts  # noqa: PLC0415

    return {
        f"{name} {weight}": digest(Path(findfont(FontProperties(family=name, weight=weight))).read_bytes())
        for name in fonts()
        for weight in ("normal", "bold")
    }
