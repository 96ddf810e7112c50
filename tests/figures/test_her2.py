"""Figures of HER2 status, definitions, patterns and cases, drawn from the synthetic trial."""

import dataclasses
from typing import Any

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from her2het.analyses.fish_diversity import fish_diversity
from her2het.analyses.groups import group_assignment
from her2het.analyses.her2_status import her2_status
from her2het.analyses.het_profiles import het_profiles
from her2het.analyses.spatial import spatial_pattern
from her2het.analyses.traced_cases import traced_cases
from her2het.figures import PANELS
from her2het.figures.alluvial import ribbons
from her2het.figures.marks import Picture, to_svg
from her2het.figures.panel import Drawing
from her2het.figures.save import name_of
from her2het.figures.style import COLUMN, LOOKS, PAGE, journal
from her2het.schema import Design, Group
from her2het.simulate import simulate_trial
from her2het.simulate.structure import GROUPS
from her2het.simulate.write import EXPRESSIONS

IDS = {"reclassification", "ish_plane", "het_agreement", "het_robust", "fish_diversity", "fish_diversity_change"} | {
    "spatial_maps", "case_plane", "case_nuclei",
}  # fmt: skip
HOSTILE = '"><script>alert(1)</script>&'


@pytest.fixture(scope="module")
def results() -> dict[type, Any]:
    trial = simulate_trial(1, genes=4000)
    groups = tuple(Group(label, rule) for label, rule in zip(GROUPS, EXPRESSIONS, strict=True))
    design = Design("SYN", baseline=("baseline",), followup=("surgery",), groups=groups, control=GROUPS[0])
    assigned = group_assignment(trial.patients, trial.samples, None, design)
    status = her2_status(trial.samples, trial.ihc, trial.fish_nuclei, assigned, design)
    het = het_profiles(trial.fish_nuclei, trial.samples, design)
    made = (
        status,
        het,
        fish_diversity(trial.fish_nuclei, trial.samples, assigned, design),
        spatial_pattern(trial.fish_nuclei, trial.samples, het, assigned, design, permutations=99),
        traced_cases(status, het, trial.fish_nuclei, trial.samples, design, most=2),
    )
    return {type(result): result for result in made}


def drawings_of(results: dict[type, Any]) -> dict[str, Drawing]:
    return {
        name_of(panel, drawing): drawing
        for panel in PANELS
        if panel.id in IDS
        for drawing in panel.draw(results[panel.result])
    }


@pytest.fixture(scope="module")
def drawn(results: dict[type, Any]) -> dict[str, Drawing]:
    return drawings_of(results)


def test_every_panel_is_drawn_and_says_what_it_shows(drawn: dict[str, Drawing]) -> None:
    for panel in IDS:
        assert any(name == panel or name.startswith(f"{panel}_") for name in drawn), panel
    for name, d in drawn.items():
        assert d.title, name
        assert d.alt, name
        assert len(d.numbers), name
        assert d.caption.endswith("."), (name, d.caption)
        assert ".." not in d.caption, name
        assert d.picture.width == (PAGE if d.wide else COLUMN), name
        assert d.picture.height <= 230, name
        assert d.narrow is None or d.narrow.width == COLUMN
        assert all(f.estimate in d.estimates for f in d.findings), name


def test_svg_is_the_same_twice(results: dict[type, Any], drawn: dict[str, Drawing]) -> None:
    again = drawings_of(results)
    for name, d in drawn.items():
        assert to_svg(d.picture, name) == to_svg(again[name].picture, name), name


def texts(picture: Picture) -> list[tuple[str, Any]]:
    """What is written on a picture and where, in pixels; ticks outside the range of their axis are not drawn."""
    canvas = FigureCanvasAgg(picture)
    with journal():
        canvas.draw()
        hidden: set[Text] = set()
        for axis in (axis for ax in picture.axes for axis in (ax.xaxis, ax.yaxis)):
            seen = {id(tick) for tick in axis._update_ticks()} if axis.axes.axison else set()
            every = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            hidden |= {label for tick in every if id(tick) not in seen for label in (tick.label1, tick.label2)}
        shown = [t for t in picture.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]
        return [(t.get_text(), t.get_window_extent(canvas.get_renderer())) for t in shown]


def test_no_text_lies_over_another_or_beyond_the_picture(drawn: dict[str, Drawing]) -> None:
    for name, d in drawn.items():
        for picture in [d.picture, *([d.narrow] if d.narrow else [])]:
            picture.stamp("SYNTHETIC DATA")
            placed, page = texts(picture), picture.bbox
            for at, (text, box) in enumerate(placed):
                assert min(box.x0, box.y0, page.x1 - box.x1, page.y1 - box.y1) >= -1, (name, text)
                for other, its in placed[at + 1 :]:
                    wide = min(box.x1, its.x1) - max(box.x0, its.x0)
                    tall = min(box.y1, its.y1) - max(box.y0, its.y0)
                    assert wide <= 2 or tall <= 4, (name, text, other)


def test_names_of_a_study_cannot_break_out(results: dict[type, Any]) -> None:
    hostile = {}
    for kind, result in results.items():
        changed = {
            field.name: value.replace({"SYN-001": HOSTILE, "pCR": HOSTILE})
            for field in dataclasses.fields(result)
            if isinstance(value := getattr(result, field.name), pd.DataFrame)
        }
        labels = tuple(HOSTILE if label == "pCR" else label for label in result.labels)
        hostile[kind] = dataclasses.replace(result, **changed, labels=labels)
    for name, d in drawings_of(hostile).items():
        assert "<script" not in to_svg(d.picture, name), name


def test_a_case_is_found_by_its_patient(drawn: dict[str, Drawing]) -> None:
    cases = {name: d for name, d in drawn.items() if name.startswith("case_")}
    assert len(cases) == 4
    for name, d in cases.items():
        assert f'data-key="{d.key}"' in to_svg(d.picture, name)


def test_ribbons_hold_every_patient_at_every_stage() -> None:
    values = pd.DataFrame({"patient": list("abcdef"), "mark": ["moved", "", "", "", "", ""]})
    values["one"] = ["x", "x", "x", "y", "y", "y"]
    values["two"] = ["y", "x", "x", "y", "y", "y"]
    values["three"] = ["z", "x", "x", "y", "y", "y"]
    stages = [("one", "1"), ("two", "2"), ("three", "3")]
    with journal():
        picture = ribbons(
            values, stages, ["x", "y", "z"], dict.fromkeys("xyz", LOOKS[0]), {"moved": "#d55e00"}, page=PAGE
        )
    held = [key for marks in picture.marks.values() for mark in marks for key in mark.keys]
    assert sorted(held) == sorted(list("abcdef") * 2)
    tips = [mark.tip for marks in picture.marks.values() for mark in marks]
    assert "x → y\n1 patient, moved" in tips
