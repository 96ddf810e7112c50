"""Figures as one page holds them: what many marks say alike is said once, and nothing is said that is not seen."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from her2het.figures.marks import SVG, themed
from her2het.figures.style import TOKENS

G = f"{{{SVG}}}g"
REFERENCE = re.compile(r"url\(#([^)]+)\)")
UPRIGHT = re.compile(r"rotate\(-?0(?: [-\d. ]+)?\)")
STEP = re.compile(r"([A-Za-z])|(-?[\d.]+)")
TAKES = {"M": 2, "L": 2, "Q": 4, "C": 6, "z": 0}  # numbers that a step of a path takes
LOOK = re.compile(r"[\w\s#%.,:;()'-]+")  # what may stand in a rule of the page's style sheet
UNSHARED = 12  # characters that a look costs where it stands alone: its name at the mark and in its rule


@dataclass(frozen=True)
class Pictures:
    """The figures of a page by name, and the rules of style that their marks name."""

    svg: Mapping[str, str]
    looks: str


def on_page(printed: Mapping[str, str]) -> Pictures:
    """Printed figures for one page; the same figures give the same bytes.

    Colours become the page's variables (`themed`). Looks that recur become rules `._name{...}`, one for all figures;
    ids are numbers within the page; groups that say nothing, rotations by nothing and white space in paths go. A name
    (`data-key`) that is the first line of the hover text is left out: the page's script reads it there.
    """
    roots = {name: ET.fromstring(themed(svg, TOKENS)) for name, svg in printed.items()}
    count = 0
    for root in roots.values():
        count = _number(root, count)
        _unwrap(root)
        _share_clips(root)
        for element in root.iter():
            _shorten(element)
    looks = _looks(roots.values())
    for root in roots.values():
        for element in root.iter():
            if element is not root and (name := looks.get(element.get("style", ""))):
                element.attrib.pop("style")
                element.set("class", name)
    rules = "".join(f".{name}{{{look}}}" for look, name in looks.items())
    return Pictures({name: _text(root) for name, root in roots.items()}, rules)


def _number(root: ET.Element, count: int) -> int:
    """Ids as numbers that go on from `count`; references follow."""
    short: dict[str, str] = {}
    for element in root.iter():
        if identity := element.get("id"):
            short[identity] = f"_{np.base_repr(count, 36).lower()}"
            element.set("id", short[identity])
            count += 1
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute == "href" and value[1:] in short:
                element.set(attribute, f"#{short[value[1:]]}")
            elif "url(#" in value and not attribute.startswith("data-"):
                element.set(attribute, REFERENCE.sub(lambda m: f"url(#{short.get(m[1], m[1])})", value))
    return count


def _unwrap(element: ET.Element) -> None:
    """Groups without attributes give way to what they hold."""
    children: list[ET.Element] = []
    for child in element:
        _unwrap(child)
        children.extend(child if child.tag == G and not child.attrib else [child])
    element[:] = children


def _share_clips(element: ET.Element) -> None:
    """Neighbours within the same bounds stand in one group that has them."""
    runs: list[tuple[str | None, list[ET.Element]]] = []
    for child in element:
        _share_clips(child)
        bounds = None if child.get("transform") else child.get("clip-path")
        if runs and bounds and runs[-1][0] == bounds:
            runs[-1][1].append(child)
        else:
            runs.append((bounds, [child]))
    children: list[ET.Element] = []
    for bounds, run in runs:
        if bounds is None or len(run) == 1:
            children.extend(run)
            continue
        group = ET.Element(G, {"clip-path": bounds})
        for child in run:
            child.attrib.pop("clip-path")
            group.append(child)
        children.append(group)
    element[:] = children


def _shorten(element: ET.Element) -> None:
    """One element without what changes nothing."""
    if (turn := element.get("transform")) and UPRIGHT.fullmatch(turn):
        element.attrib.pop("transform")
    if path := element.get("d"):
        element.set("d", short_path(path))
    tip, key = element.get("data-tip"), element.get("data-key")
    if tip is None:
        return
    if key is None:
        element.set("data-key", "")
    elif key == tip.partition("\n")[0]:
        element.attrib.pop("data-key")


def short_path(path: str) -> str:
    """The same path without needless white space; steps along an axis say one number. Others stay as they are."""
    parts = STEP.findall(path)
    steps: list[tuple[str, list[str]]] = []
    for letter, number in parts:
        if letter:
            steps.append((letter, []))
        elif steps:
            steps[-1][1].append(number)
    if any(TAKES.get(letter) != len(numbers) for letter, numbers in steps):
        return path
    text, here, start = "", ["", ""], ["", ""]
    for letter, numbers in steps:
        to = numbers[-2:] or start
        if letter == "L" and to[1] == here[1]:
            text += f"H{to[0]}"
        elif letter == "L" and to[0] == here[0]:
            text += f"V{to[1]}"
        else:
            text += letter + "".join(n if not at or n.startswith("-") else f" {n}" for at, n in enumerate(numbers))
        here, start = to, to if letter == "M" else start
    return text


def _looks(roots: Iterable[ET.Element]) -> dict[str, str]:
    """Styles that are worth a rule, the commonest first, with the names of their rules."""
    counts = Counter(e.get("style", "") for root in roots for e in root.iter() if e is not root)
    worth = [s for s, n in counts.items() if LOOK.fullmatch(s) and (n - 1) * (len(s) - 3) > UNSHARED]
    ordered = sorted(worth, key=lambda style: (-counts[style], style))
    return {style: f"_{np.base_repr(at, 36).lower()}" for at, style in enumerate(ordered)}


def _text(root: ET.Element) -> str:
    """The figure as text of an HTML page, where an attribute may hold a line's end as it is."""
    return ET.tostring(root, encoding="unicode").replace(" />", "/>").replace("&#10;", "\n")
