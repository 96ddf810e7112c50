"""A drawing as files: SVG, PNG and PDF, with text as text and without dates, so that they are the same bytes twice."""

import re
from collections.abc import Sequence
from pathlib import Path

from her2het.figures.marks import to_svg
from her2het.figures.panel import Drawing, Panel
from her2het.figures.style import journal

DPI = 300
FORMATS = ("svg", "png", "pdf")


def name_of(panel: Panel, drawing: Drawing) -> str:
    """The name of a drawing's files and of its place on the page: the panel's id, and the key where there is one."""
    key = re.sub(r"[^A-Za-z0-9]+", "_", drawing.key).strip("_")
    return f"{panel.id}_{key}" if key else panel.id


def save(
    drawing: Drawing, folder: Path, name: str, formats: Sequence[str] = FORMATS, *, stamp: str = ""
) -> tuple[Path, ...]:
    """Write the drawing into `folder` as `name`.svg and so on; `stamp` is set small into the corner.

    :raises ValueError: for a format other than svg, png, pdf
    """
    if unknown := set(formats) - set(FORMATS):
        raise ValueError(f"no such format of a figure: {', '.join(sorted(unknown))}")
    folder.mkdir(parents=True, exist_ok=True)
    with journal():
        drawing.picture.stamp(stamp)
    paths: list[Path] = []
    for kind in formats:
        path = folder / f"{name}.{kind}"
        if kind == "svg":
            path.write_text(to_svg(drawing.picture, name), encoding="utf-8", newline="\n")
        else:
            with journal():
                metadata = (
                    {"Software": None} if kind == "png" else {"CreationDate": None, "Creator": None, "Producer": None}
                )
                drawing.picture.savefig(path, format=kind, dpi=DPI, facecolor="white", metadata=metadata)
        paths.append(path)
    return tuple(paths)
