"""Panels drawn to files, wherever the engine has workers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from her2het.engine import Engine
from her2het.figures import PANELS
from her2het.figures.marks import to_svg
from her2het.figures.panel import Drawing, Finding, Panel
from her2het.figures.save import FORMATS, name_of, save
from her2het.stats.estimate import Estimate

SYNTHETIC = "SYNTHETIC DATA"


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
class DrawTask:
    """One panel of one result."""

    analysis: str
    panel: str
    result: Any
    folder: Path
    synthetic: bool
    formats: tuple[str, ...] = FORMATS


def panels_of(result: Any) -> list[Panel]:
    """The panels that draw a result of this type."""
    return [p for p in PANELS if p.result is type(result)]


def draw(task: DrawTask) -> list[Drawn]:
    """Draw the panel, write its files, and return what stands beside the picture."""
    panel = next(p for p in PANELS if p.id == task.panel)
    drawn: list[Drawn] = []
    for drawing in panel.draw(task.result):
        name = name_of(panel, drawing)
        folder = task.folder / task.analysis
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


def draw_all(results: list[tuple[str, Any]], folder: Path, synthetic: bool, engine: Engine) -> dict[str, list[Drawn]]:
    """All panels of all results, by analysis, in the order of `PANELS`."""
    tasks = [DrawTask(name, p.id, result, folder, synthetic) for name, result in results for p in panels_of(result)]
    done = engine.map(draw, tasks)
    by_analysis: dict[str, list[Drawn]] = {name: [] for name, _ in results}
    for task, drawn in zip(tasks, done, strict=True):
        by_analysis[task.analysis] += drawn
    return by_analysis
