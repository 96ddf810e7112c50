"""Names on marks: which patient, sample or gene a point or line of the SVG stands for; SVG that is the same twice."""

import io
import re
import unicodedata
import warnings
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from her2het.figures.style import MUTED, TYPE, journal

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SHAPES = (f"{{{SVG}}}use", f"{{{SVG}}}path")
FAMILY = "Arial, Helvetica, 'Liberation Sans', sans-serif"  # the same on every machine
USUAL = (f"font-size: {TYPE:g}px", f"font-family: {FAMILY}")
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FONT = re.compile(r"(font-family: |font: (?:[\w.]+ )*?[\d.]+px )[^;]+")
URL = re.compile(r"url\(#([^)]+)\)")
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


@dataclass(frozen=True)
class Mark:
    """What one drawn element stands for: the names by which it is found, and what hovering says."""

    keys: tuple[str, ...]
    tip: str


class Picture(Figure):
    """A Figure of a given size in mm that remembers what its marks stand for."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width / 25.4, height / 25.4), dpi=300)
        self.width, self.height = width, height
        self.marks: dict[str, list[Mark]] = {}
        self.stamped = ""

    def mark(self, artist: Artist, marks: Iterable[Mark]) -> None:
        """Say what each drawn element of `artist` stands for, in drawing order."""
        name = f"marks-{len(self.marks)}"
        artist.set_gid(name)
        self.marks[name] = list(marks)

    def stamp(self, text: str) -> None:
        """A word in the lower right corner of the picture, such as SYNTHETIC DATA; once."""
        if text and text != self.stamped:
            self.stamped = text
            self.text(1 - 0.8 / self.width, 0.6 / self.height, text, ha="right", va="bottom", fontsize=5, color=MUTED)


def plain(text: object) -> str:
    """Text of a study as it may stand in XML: control characters are shown as a question mark in a box."""
    return "".join(
        " " if char in "\t\n\r" else "\ufffd" if unicodedata.category(char) in ("Cc", "Cs", "Cn") else char
        for char in str(text)
    )


def marks_of(keys: Sequence[Sequence[object]], tips: Sequence[str]) -> list[Mark]:
    """Marks from parallel lists: the names of each element, and its hover text (lines, each already `plain`)."""
    return [Mark(tuple(plain(k) for k in key if k), tip) for key, tip in zip(keys, tips, strict=True)]


def to_svg(picture: Picture, name: str) -> str:
    """SVG with text as text, ids that begin with `name`, and data-key / data-tip on every mark; the same bytes twice.

    `data-key` holds the names of a mark, one per line.
    """
    buffer = io.StringIO()
    with journal(), mpl.rc_context({"svg.hashsalt": "her2het"}):
        picture.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    root = ET.fromstring(FORBIDDEN.sub("\ufffd", buffer.getvalue()))
    for unwanted in ("metadata", "defs/style/.."):
        path = "/".join(f"{{{SVG}}}{step}" if step.isalpha() else step for step in unwanted.split("/"))
        for element in root.findall(path):
            root.remove(element)
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    for group in root.iter(f"{{{SVG}}}g"):
        if marks := picture.marks.get(group.get("id", "")):
            _name(group, marks)
        _share(group)
    for element in root.iter():
        _tidy(element, name)
    return ET.tostring(root, encoding="unicode") + "\n"


def themed(svg: str, tokens: dict[str, str]) -> str:
    """The same SVG for the page: colours become CSS variables whose fallback is the printed colour.

    The size comes from the page. Only paint is touched: a colour's name inside the study's text stays as it is. What
    thousands of points or texts say alike is said shortly or once: ids, which differ between pictures of different
    names, links without a prefix, the usual type.
    """
    root = ET.fromstring(svg)
    _shorten(root)
    root.set("style", "; ".join([*filter(None, [root.get("style")]), *USUAL]))
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    for element in root.iter():
        if element.tag == f"{{{SVG}}}g":
            element.attrib.pop("id", None)  # nothing on the page refers to a group
        if element is not root and (style := element.get("style")):
            element.set("style", "; ".join(part for part in style.split("; ") if part not in USUAL))
        for attribute in ("style", "fill", "stroke"):
            if value := element.get(attribute):
                element.set(attribute, re.sub(r"#[0-9a-f]{6}\b", lambda m: _variable(m[0], tokens), value))
    return ET.tostring(root, encoding="unicode")


def _shorten(root: ET.Element) -> None:
    """Ids to which something refers as a hash of the picture's name and a number."""
    named = [e for e in root.iter() if e.get("id") and e.tag != f"{{{SVG}}}g"]
    first = named[0].get("id", "").rpartition("-")[0] if named else ""
    stem = f"f{np.base_repr(zlib.crc32(first.encode()), 36).lower()}"
    short = {e.get("id", ""): f"{stem}-{at}" for at, e in enumerate(named)}
    for element in named:
        element.set("id", short[element.get("id", "")])
    for element in root.iter():
        for attribute, value in list(element.attrib.items()):
            if attribute == f"{{{XLINK}}}href" and value[1:] in short:
                element.attrib.pop(attribute)
                element.set("href", f"#{short[value[1:]]}")
            elif "url(#" in value and not attribute.startswith("data-"):
                element.set(attribute, URL.sub(lambda m: f"url(#{short.get(m[1], m[1])})", value))


def _variable(colour: str, tokens: dict[str, str]) -> str:
    return f"var(--fig-{tokens[colour]}, {colour})" if colour in tokens else colour


def _name(group: ET.Element, marks: list[Mark]) -> None:
    """Pair the shapes of a group, in drawing order, with their names; a look they share moves to the group.

    Where a point was not drawn nobody can say whose the others are: they stay without names, and a warning says so. A
    picture without words on hovering is better than none, and than wrong words.
    """
    templates = {shape for defs in group.iter(f"{{{SVG}}}defs") for shape in defs.iter()}
    for template in templates:
        template.attrib.pop("style", None)  # each <use> carries its own, which the page may then override
    shapes = [e for e in group.iter() if e.tag in SHAPES and e not in templates]
    if len(shapes) != len(marks):
        warnings.warn(
            f"a picture has {len(marks)} names for {len(shapes)} shapes: these say nothing on hovering", stacklevel=2
        )
        marks = []
    for shape, mark in zip(shapes, marks, strict=False):
        shape.set("data-tip", mark.tip)
        if mark.keys:
            shape.set("data-key", "\n".join(mark.keys))
    looks = {shape.get("style", "") for shape in shapes}
    if len(looks) == 1 and len(shapes) > 1:
        group.set("style", looks.pop())
        for shape in shapes:
            shape.attrib.pop("style", None)


def _share(group: ET.Element) -> None:
    """What all shapes of a group have in common is said once, by the group, where it holds nothing but these."""
    shapes = [e for e in group if e.tag in SHAPES]
    if len(shapes) < 2 or len(shapes) < sum(e.tag != f"{{{SVG}}}defs" for e in group):
        return
    for attribute in ("style", "clip-path"):
        values = {e.get(attribute) for e in shapes}
        common = values.pop()
        if not values and common and group.get(attribute) is None:
            group.set(attribute, common)
            for shape in shapes:
                shape.attrib.pop(attribute)


def _tidy(element: ET.Element, name: str) -> None:
    """Ids of this picture, coordinates to a hundredth of a point, one font family, no white space between elements."""
    if identity := element.get("id"):
        element.set("id", f"{name}-{identity}")
    for attribute, value in list(element.attrib.items()):
        if attribute.startswith("data-"):
            continue
        if attribute == f"{{{XLINK}}}href" and value.startswith("#"):
            element.set(attribute, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(attribute, value.replace("url(#", f"url(#{name}-"))
        elif attribute in ("d", "x", "y", "width", "height", "transform", "points"):
            element.set(attribute, NUMBER.sub(_rounded, value).strip().replace("\n", ""))
    if "font" in (style := element.get("style", "")):
        element.set("style", FONT.sub(rf"\g<1>{FAMILY}", style))
    if element.tag not in (f"{{{SVG}}}text", f"{{{SVG}}}tspan"):
        element.text = None
    element.tail = None


def _rounded(number: re.Match[str]) -> str:
    text = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
