"""Figures on a page: the same picture in fewer bytes, whose ids, looks and names hold."""

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from her2het.figures.marks import SVG, themed
from her2het.figures.style import TOKENS
from her2het.report.pictures import Pictures, on_page, short_path
from her2het.report.view import ReportView

USE, GROUP = f"{{{SVG}}}use", f"{{{SVG}}}g"


@pytest.fixture(scope="module")
def printed(view: ReportView) -> dict[str, str]:
    return {p.name: p.svg for p in view.panels}


@pytest.fixture(scope="module")
def small(printed: dict[str, str]) -> Pictures:
    return on_page(printed)


def points(path: str) -> list[tuple[str, tuple[float, ...]]]:
    """The steps of a path, each with the point that it goes to (and those that bend it)."""
    found: list[tuple[str, tuple[float, ...]]] = []
    x, y = 0.0, 0.0
    for letter, rest in re.findall(r"([MLHVCQz])([^A-Za-z]*)", path):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", rest)]
        if letter in "HV":
            numbers = [numbers[0], y] if letter == "H" else [x, numbers[0]]
        x, y = numbers[-2:] if numbers else (found[0][1][-2:] if found else (x, y))
        found.append(("L" if letter in "HV" else letter, tuple(numbers)))
    return found


def shapes(root: ET.Element, looks: dict[str, str]) -> list[tuple[object, ...]]:
    """Every drawn element in order: its kind, place, text, and the styles and bounds that apply to it."""
    by_id = {e.get("id"): e for e in root.iter() if e.get("id")}
    found: list[tuple[object, ...]] = []

    def walk(element: ET.Element, above: tuple[str, ...]) -> None:
        look = element.get("style") or looks.get(element.get("class", ""), "")
        clip = element.get("clip-path", "")
        if clip:
            rect = by_id[clip[5:-1]][0]
            clip = " ".join(rect.get(name, "") for name in ("x", "y", "width", "height"))
        here = (*above, *(part for part in (look, clip) if part))
        if element.tag == f"{{{SVG}}}defs":
            return
        turn = element.get("transform", "")
        if element.tag not in (GROUP, f"{{{SVG}}}svg"):
            target = by_id.get(element.get("href", "#")[1:])
            path = "" if target is None else target.get("d", "")
            found.append((
                element.tag, element.get("x"), element.get("y"), points(element.get("d", path)),
                "" if turn.startswith(("rotate(-0", "rotate(0")) else turn, "".join(element.itertext()), sorted(here),
                element.get("data-tip"),
            ))  # fmt: skip
        for child in element:
            walk(child, here)

    walk(root, ())
    return found


def looks_of(pictures: Pictures) -> dict[str, str]:
    return dict(re.findall(r"\.(_\w+)\{([^}]*)\}", pictures.looks))


def test_the_picture_is_the_same(printed: dict[str, str], small: Pictures) -> None:
    looks = looks_of(small)
    for name, svg in printed.items():
        whole, short = ET.fromstring(themed(svg, TOKENS)), ET.fromstring(escaped(small.svg[name]))
        assert shapes(short, looks) == shapes(whole, {}), name


def escaped(svg: str) -> str:
    """Line ends in attributes as XML writes them (HTML reads them as they are)."""
    return re.sub(r'"[^"]*"', lambda m: m[0].replace("\n", "&#10;"), svg)


def test_it_is_smaller(printed: dict[str, str], small: Pictures) -> None:
    before = sum(len(themed(svg, TOKENS).encode()) for svg in printed.values())
    after = sum(len(svg.encode()) for svg in small.svg.values()) + len(small.looks)
    assert after < 0.75 * before


def test_the_same_bytes_twice(printed: dict[str, str], small: Pictures) -> None:
    assert on_page(printed) == small


def test_ids_and_looks_hold_on_one_page(small: Pictures) -> None:
    looks = looks_of(small)
    ids: Counter[str] = Counter()
    for name, svg in small.svg.items():
        root = ET.fromstring(escaped(svg))
        own = [str(e.get("id")) for e in root.iter() if e.get("id")]
        ids.update(own)
        used = {e.get("href", "")[1:] for e in root.iter(USE)}
        used |= {m for e in root.iter() for v in e.attrib.values() for m in re.findall(r"url\(#([^)]+)\)", v)}
        assert used <= set(own), name
        assert {e.get("class") for e in root.iter() if e.get("class")} <= set(looks), name
    assert max(ids.values()) == 1
    assert not re.search(r"[<>@]|url", small.looks)


def test_a_name_is_said_once(printed: dict[str, str], small: Pictures) -> None:
    """Left out where the hover text begins with it, empty where a mark has none."""
    for name, svg in printed.items():
        marks = [e for e in ET.fromstring(svg).iter() if e.get("data-tip")]
        short = [e for e in ET.fromstring(escaped(small.svg[name])).iter() if e.get("data-tip")]
        assert len(marks) == len(short)
        for mark, other in zip(marks, short, strict=True):
            tip = str(other.get("data-tip"))
            assert other.get("data-key", tip.partition("\n")[0]) == mark.get("data-key", ""), name


def test_a_hostile_look_makes_no_rule() -> None:
    svg = f'<svg xmlns="{SVG}"><path style="fill: red}} body {{ x: y" d="M 0 0"/>' * 1 + "<g/>" * 3 + "</svg>"
    many = svg.replace("<g/>", '<path style="fill: red} body { x: y" d="M 0 0"/>')
    assert on_page({"a": many}).looks == ""


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("M 1 2  L 3 2  L 3 4  L 1 2  z", "M1 2H3V4L1 2z"),
        ("M -1 -2  L -1 -0.5", "M-1-2V-0.5"),
        ("M 0 0  C 1 0 1 1 0 1  L 0 5", "M0 0C1 0 1 1 0 1V5"),
        ("M 1 1  L 2 2  z  L 1 5", "M1 1L2 2zV5"),
        ("m 1 1 2 2", "m 1 1 2 2"),
    ],
)
def test_a_path_is_shortened(path: str, short: str) -> None:
    assert short_path(path) == short
