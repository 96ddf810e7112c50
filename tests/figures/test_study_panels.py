"""Panels of scores, changes, subtypes and mutations, drawn from analyses of a small synthetic study."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from her2het.analyses import PLAN
from her2het.engine.serial import Serial
from her2het.figures import PANELS
from her2het.figures.marks import SVG, to_svg
from her2het.figures.panel import Drawing
from her2het.figures.save import name_of
from her2het.figures.style import LOOKS
from her2het.load import load_study
from her2het.run import run
from her2het.schema import Group
from her2het.simulate import simulate_trial, write_trial

DRAWN = (
    *("erbb_signatures", "pathway_deltas", "erbb_genes", "subtypes", "pam50_genes", "status_change"),
    *("heterogeneity_change", "fish_by_status", "treatment_distance", "mutations", "erbb_receptors", "pathway_change"),
    *("immune_scores", "cell_fractions", "checkpoints", "checkpoint_change"),
)
HOSTILE = ("<script>alert(1)</script>", "=1+1", '"><img src=x onerror=alert(1)> $x^2$')


def results_of(folder: Path, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    study = load_study(folder / "study", PLAN)
    if labels:
        groups = tuple(Group(name, g.expression) for name, g in zip(labels, study.design.groups, strict=True))
        study = replace(study, design=replace(study.design, groups=groups, control=labels[0]))
    done = run(PLAN, study, Serial(), folder / "cache", DRAWN)
    assert not [o.reason for o in done if o.result is None]
    return {o.analysis.name: o.result for o in done if o.analysis.name in DRAWN}


def drawings_of(results: dict[str, Any], only: tuple[str, ...] = ()) -> dict[str, Drawing]:
    """All drawings by name, or those of some panels."""
    kinds = {type(r): r for r in results.values()}
    panels = [p for p in PANELS if p.result in kinds and (not only or p.id in only)]
    return {name_of(p, d): d for p in panels for d in p.draw(kinds[p.result])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study_panels")
    write_trial(simulate_trial(1, genes=4_000), place / "study")
    return place


@pytest.fixture(scope="module")
def drawn(folder: Path) -> dict[str, Drawing]:
    return drawings_of(results_of(folder))


def test_every_panel_is_drawn(drawn: dict[str, Drawing]) -> None:
    wanted = [p.id for p in PANELS if PLAN.maker[p.result] in DRAWN]
    assert len(wanted) >= 28
    assert not [i for i in wanted if not any(name == i or name.startswith(f"{i}_") for name in drawn)]


def test_a_drawing_says_what_it_shows(reading: ModuleType, drawn: dict[str, Drawing]) -> None:
    reading.check_words_and_size(drawn)


def test_no_text_is_cut_off_or_over_another(reading: ModuleType, drawn: dict[str, Drawing]) -> None:
    wrong = {name: found for name, d in drawn.items() if (found := reading.misplaced(d.picture))}
    assert not wrong


def test_n_stands_in_every_picture(drawn: dict[str, Drawing]) -> None:
    for name, d in drawn.items():
        text = " ".join(ET.fromstring(to_svg(d.picture, name)).itertext())
        assert re.search(r"n = \d+|\d+/\d+|\d+ of \d+", text) or name in (
            "mutations_residues",
            "treatment_distance_ranked",
        ), name


def test_shades_fills_and_colours_have_a_key(drawn: dict[str, Drawing]) -> None:
    keys = {
        "erbb_signatures_change": ("baseline", "after treatment"),
        "shifted_tumours": ("baseline", "after treatment"),
        "status_change_HET": ("turns HET (n = ", "turns non-HET (n = ", "p = "),
        "status_change_IHC": ("HET status shifts (n = ", "p = "),
        "subtype_shift": ("HET at baseline (n = ", "p = "),
        "mutations_oncoprint": ("seen in the sample", "not seen in it"),
        "treatment_distance_mutation": ("mutated tumours", "others"),
    }
    for name, words in keys.items():
        text = " ".join(ET.fromstring(to_svg(drawn[name].picture, name)).itertext())
        assert all(word in text for word in words), (name, text)


def test_every_run_of_a_heatmap_has_its_name(drawn: dict[str, Drawing]) -> None:
    for name in ("erbb_genes", "pam50_genes", "checkpoints", "checkpoint_change"):
        text = " ".join(ET.fromstring(to_svg(drawn[name].picture, name)).itertext())
        for part in drawn[name].numbers["run"].unique():
            words = part.capitalize() if part in ("common", "opposite") else f"{part} alone"
            assert ("Neither" if part == "none" else words) in text, (name, part)


def test_scores_over_a_scale_have_one_hue(drawn: dict[str, Drawing]) -> None:
    svg = to_svg(drawn["fish_by_status_IHC"].picture, "x")
    assert LOOKS[5].pale in svg
    assert not any(look.pale in svg for look in (*LOOKS[:5], LOOKS[6]))


def test_svg_is_the_same_twice(folder: Path, drawn: dict[str, Drawing]) -> None:
    again = drawings_of(results_of(folder), ("checkpoint_change", "mutations", "subtype_shift", "fish_by_status"))
    assert len(again) == 7
    for name, d in again.items():
        for picture in (d.picture, drawn[name].picture):
            picture.stamp("SYNTHETIC DATA")
        assert to_svg(d.picture, name) == to_svg(drawn[name].picture, name)


def test_hostile_names_of_groups_stay_text(folder: Path) -> None:
    for name, d in drawings_of(results_of(folder, HOSTILE)).items():
        svg = to_svg(d.picture, name)
        root = ET.fromstring(svg)
        kinds = {e.tag.rpartition("}")[2] for e in root.iter()}
        assert kinds <= {"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect", "image"}, name
        assert "<script" not in svg
        assert "<img" not in svg


def test_a_heatmap_names_every_cell(drawn: dict[str, Drawing]) -> None:
    d = drawn["checkpoint_change"]
    root = ET.fromstring(to_svg(d.picture, "x"))
    cells = [e for e in root.iter(f"{{{SVG}}}path") if e.get("data-tip")]
    assert len(cells) == len(d.numbers)
    stars = sum(text == "∗" for text in (e.text for e in root.iter(f"{{{SVG}}}text")))
    assert stars == int((d.numbers["p"] < 0.05).sum())


def test_ribbons_hold_every_patient_once(drawn: dict[str, Drawing]) -> None:
    root = ET.fromstring(to_svg(drawn["subtype_shift"].picture, "x"))
    keys = [k for e in root.iter() if e.get("data-key") for k in str(e.get("data-key")).split("\n")]
    assert sorted(keys) == sorted(drawn["subtype_shift"].numbers["patient"])
