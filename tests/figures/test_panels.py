"""Every panel draws from a result, says what it shows, and is the same bytes twice."""

import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from her2het.figures import PANELS
from her2het.figures.marks import SVG, themed, to_svg
from her2het.figures.panel import Drawing
from her2het.figures.save import name_of, save
from her2het.figures.style import COLUMN, PAGE, TOKENS

HOSTILE = "<script>alert(1)</script>"
MADE_UP = {"flow", "sample_qc", "mrna_protein", "biopsy_distance", "components_by_group", "components_all"} | {
    "components_by_variable", "markers_by_group", "markers_by_rcb", "fish_calls", "fish_by_group",
}  # fmt: skip


def drawings_of(made_up: ModuleType, names: Any = None) -> dict[str, Drawing]:
    """All drawings of made-up results by name."""
    results = made_up.every_result(names)
    return {
        name_of(panel, drawing): drawing
        for panel in PANELS
        if panel.result in results
        for drawing in panel.draw(results[panel.result])
    }


@pytest.fixture(scope="module")
def drawn(made_up: ModuleType) -> dict[str, Drawing]:
    return drawings_of(made_up)


def hostile_names(made_up: ModuleType) -> Any:
    labels = (HOSTILE, "=1+1", '"><img src=x onerror=alert(1)> $x^2$')
    return made_up.Names(labels=labels, sizes=(12, 9, 6), prefix='"><img src=x onerror=alert(1)>&')


def test_every_panel_of_the_first_plan_is_drawn(drawn: dict[str, Drawing]) -> None:
    assert {p.id for p in PANELS} >= MADE_UP
    assert all(any(name == i or name.startswith(f"{i}_") for name in drawn) for i in MADE_UP)
    assert len({p.id for p in PANELS}) == len(PANELS)


def test_a_drawing_says_what_it_shows(drawn: dict[str, Drawing]) -> None:
    for name, d in drawn.items():
        assert d.title, name
        assert d.caption.endswith("."), (name, d.caption)
        assert d.alt, name
        assert len(d.numbers), name
        assert all(f.estimate in d.estimates for f in d.findings), name
        assert ".." not in d.caption.replace("…", ""), (name, d.caption)


def test_pictures_have_a_journals_widths(drawn: dict[str, Drawing]) -> None:
    for name, d in drawn.items():
        assert d.picture.width == (PAGE if d.wide else COLUMN), name
        assert d.picture.height <= 230, name
        assert d.narrow is None or d.narrow.width == COLUMN


def test_svg_is_the_same_twice(made_up: ModuleType, drawn: dict[str, Drawing]) -> None:
    again = drawings_of(made_up)
    for name, d in drawn.items():
        assert to_svg(d.picture, name) == to_svg(d.picture, name) == to_svg(again[name].picture, name)


def test_files_are_the_same_bytes_twice_and_carry_no_date(made_up: ModuleType, tmp_path: Path) -> None:
    panel = next(p for p in PANELS if p.id == "markers_by_group")
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        save(panel.draw(made_up.marker_expression())[0], folder, "one", stamp="SYNTHETIC DATA")
    for kind in ("svg", "png", "pdf"):
        one, two = ((folder / f"one.{kind}").read_bytes() for folder in folders)
        assert one == two, kind
        assert not re.search(rb"CreationDate|<dc:date>|tIME", one), kind
    assert b"SYNTHETIC DATA" in (tmp_path / "a" / "one.svg").read_bytes()
    with pytest.raises(ValueError, match="no such format"):
        save(panel.draw(made_up.marker_expression())[0], tmp_path, "one", ("gif",))


def test_every_point_is_shown_and_named(made_up: ModuleType, drawn: dict[str, Drawing]) -> None:
    root = ET.fromstring(to_svg(drawn["markers_by_group_ERBB2"].picture, "x"))
    keys = [e.get("data-key") for e in root.iter() if e.get("data-key")]
    assert sorted(keys) == sorted(made_up.patients(made_up.Names())["patient"])
    tips = [e.get("data-tip", "") for e in root.iter() if e.get("data-tip")]
    assert all(tip.count("\n") == 2 for tip in tips)


def test_n_effect_and_exact_p_stand_in_the_picture(drawn: dict[str, Drawing]) -> None:
    text = " ".join(ET.fromstring(to_svg(drawn["markers_by_group_ERBB2"].picture, "x")).itertext())
    assert "n = 64" in text
    assert "n = 14" in text
    assert re.search(r"shift −[\d.]+, p = [\d.]+( × 10⁻)?", text)


def test_text_is_text_and_ids_do_not_clash(drawn: dict[str, Drawing]) -> None:
    for name, d in drawn.items():
        root = ET.fromstring(to_svg(d.picture, name))
        ids = [e.get("id") for e in root.iter() if e.get("id")]
        assert len(ids) == len(set(ids)), name
        assert all(str(i).startswith(f"{name}-") for i in ids), name
        assert root.findall(f".//{{{SVG}}}text"), name
        assert not root.findall(f".//{{{SVG}}}style"), name
        used = {e.get("{http://www.w3.org/1999/xlink}href", "")[1:] for e in root.iter(f"{{{SVG}}}use")}
        assert used <= set(ids), name


def test_no_text_is_cut_off_or_over_another(reading: ModuleType, drawn: dict[str, Drawing]) -> None:
    for name, d in drawn.items():
        for picture in (d.picture, d.narrow):
            assert picture is None or not reading.misplaced(picture), (name, reading.misplaced(picture))


def test_hostile_names_stay_text(made_up: ModuleType) -> None:
    for name, d in drawings_of(made_up, hostile_names(made_up)).items():
        svg = to_svg(d.picture, name)
        root = ET.fromstring(svg)
        kinds = {e.tag.rpartition("}")[2] for e in root.iter()}
        assert kinds <= {"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect"}, name
        assert "<script" not in svg
        assert "<img" not in svg
        assert not any(a.startswith("on") for e in root.iter() for a in e.attrib)
    shown = " ".join(root.itertext())
    assert shown


def test_a_formula_in_a_name_is_not_typeset(made_up: ModuleType) -> None:
    panel = next(p for p in PANELS if p.id == "markers_by_rcb")
    picture = panel.draw(made_up.marker_expression(hostile_names(made_up)))[0].picture
    assert "$x^2$" in " ".join(ET.fromstring(to_svg(picture, "x")).itertext())


def test_letters_that_no_font_has_are_drawn_without_a_warning(made_up: ModuleType, tmp_path: Path) -> None:
    names = made_up.Names(labels=("患者 😀", "b\x07\x00", "_c"), sizes=(8, 7, 6), prefix="№\x0b")
    panel = next(p for p in PANELS if p.id == "markers_by_group")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(panel.draw(made_up.marker_expression(names))[0], tmp_path, "one")
    assert "患者 😀" in (tmp_path / "one.svg").read_text(encoding="utf-8")


def test_nothing_found_is_said_as_such(made_up: ModuleType) -> None:
    panel = next(p for p in PANELS if p.id == "markers_by_group")
    title = panel.draw(made_up.marker_expression(effect=0.0))[0].title
    assert title.startswith("ERBB2 mRNA: no difference found between groups (largest: shift ")


@pytest.mark.parametrize(
    ("labels", "sizes"),
    [(("all",), (9,)), (("a", "b"), (8, 7)), (tuple(f"group number {i}" for i in range(9)), (6,) * 9)],
    ids=["one group", "two groups", "nine groups"],
)
def test_any_number_of_groups_is_drawn(made_up: ModuleType, labels: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    names = made_up.Names(labels=labels, sizes=sizes)
    result = {type(r): r for r in (made_up.marker_expression(names), made_up.sample_flow(names))}
    for panel in PANELS:
        if panel.result in result:
            for drawing in panel.draw(result[panel.result]):
                assert to_svg(drawing.picture, "x")


def test_patients_without_a_group_and_without_a_value(made_up: ModuleType) -> None:
    result = made_up.marker_expression()
    result.values.loc[result.values.index[:4], "group"] = None
    result.values.loc[result.values.index[5:8], "value"] = float("nan")
    panels = {p.id: p for p in PANELS}
    text = " ".join(ET.fromstring(to_svg(panels["markers_by_rcb"].draw(result)[0].picture, "x")).itertext())
    assert "no group (n = " in text
    assert panels["markers_by_group"].draw(result)


def test_a_study_without_outliers_says_so(made_up: ModuleType) -> None:
    panel = next(p for p in PANELS if p.id == "sample_qc")
    assert panel.draw(made_up.sample_qc(outliers=0))[0].title.startswith("No library of 285 excluded")


def test_the_list_of_panels_is_read_without_matplotlib() -> None:
    code = "import sys, her2het.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_on_a_page_ids_are_short_and_differ_between_pictures(drawn: dict[str, Drawing]) -> None:
    seen: dict[str, str] = {}
    for name, d in drawn.items():
        whole = to_svg(d.picture, name)
        root = ET.fromstring(themed(whole, TOKENS))
        ids = {str(e.get("id")) for e in root.iter() if e.get("id")}
        for identity in ids:
            assert seen.setdefault(identity, name) == name
        used = {e.get("href", "")[1:] for e in root.iter(f"{{{SVG}}}use")}
        used |= {m for e in root.iter() for v in e.attrib.values() for m in re.findall(r"url\(#([^)]+)\)", v)}
        assert used <= ids, name
        assert len(ET.fromstring(whole).findall(f".//{{{SVG}}}use")) == len(root.findall(f".//{{{SVG}}}use"))
