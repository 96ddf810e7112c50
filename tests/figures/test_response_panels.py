"""Panels of response, planning, discordance, claims and own features, drawn from a small synthetic study."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from her2het.analyses import PLAN
from her2het.cli.in_memory import results_in_memory, study_of
from her2het.cli.validation import KNOBS, LIGHT
from her2het.engine.serial import Serial
from her2het.figures import PANELS
from her2het.figures.discordance import _pairs
from her2het.figures.forest import Frame, Point, Row, forest
from her2het.figures.marks import SVG, to_svg
from her2het.figures.panel import Drawing
from her2het.figures.planning import next_trial
from her2het.figures.save import name_of
from her2het.figures.style import COLUMN, LOOKS, journal
from her2het.schema import Group
from her2het.simulate import simulate_trial

OWN = ("discordance", "feature_comparisons", "response_features", "response_model", "next_trial", "published_claims")
HOSTILE = ("<script>alert(1)</script>", "=1+1", '"><img src=x onerror=alert(1)> $x^2$')


def results_of(labels: tuple[str, ...] = ()) -> dict[str, Any]:
    study = study_of(simulate_trial(1, genes=4_000))
    if labels:
        groups = tuple(Group(name, g.expression) for name, g in zip(labels, study.design.groups, strict=True))
        study = replace(study, design=replace(study.design, groups=groups, control=labels[0]))
    done = results_in_memory(PLAN, study, Serial(), {*LIGHT, *OWN}, KNOBS)
    assert set(OWN) <= set(done)
    return {name: done[name] for name in OWN}


def drawings_of(results: dict[str, Any]) -> dict[str, Drawing]:
    kinds = {type(r): r for r in results.values()}
    return {name_of(p, d): d for p in PANELS if p.result in kinds for d in p.draw(kinds[p.result])}


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return results_of()


@pytest.fixture(scope="module")
def drawn(results: dict[str, Any]) -> dict[str, Drawing]:
    return drawings_of(results)


def test_every_panel_is_drawn(drawn: dict[str, Drawing]) -> None:
    wanted = [p.id for p in PANELS if PLAN.maker[p.result] in OWN]
    assert len(wanted) == 8
    assert not [i for i in wanted if not any(name == i or name.startswith(f"{i}_") for name in drawn)]


def test_a_drawing_says_what_it_shows(reading: ModuleType, drawn: dict[str, Drawing]) -> None:
    reading.check_words_and_size(drawn)


def test_no_text_is_cut_off_or_over_another(reading: ModuleType, drawn: dict[str, Drawing]) -> None:
    pictures = {name: p for name, d in drawn.items() for p in (d.picture, d.narrow) if p is not None}
    wrong = {name: found for name, p in pictures.items() if (found := reading.misplaced(p))}
    assert not wrong


def test_svg_is_the_same_twice(results: dict[str, Any], drawn: dict[str, Drawing]) -> None:
    for name, d in drawings_of(results).items():
        for picture in (d.picture, drawn[name].picture):
            picture.stamp("SYNTHETIC DATA")
        assert to_svg(d.picture, name) == to_svg(drawn[name].picture, name)


def test_hostile_names_of_groups_stay_text() -> None:
    for name, d in drawings_of(results_of(HOSTILE)).items():
        svg = to_svg(d.picture, name)
        kinds = {e.tag.rpartition("}")[2] for e in ET.fromstring(svg).iter()}
        assert kinds <= {"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect", "image"}, name
        assert "<script" not in svg
        assert "<img" not in svg


def tips_of(drawing: Drawing) -> list[str]:
    root = ET.fromstring(to_svg(drawing.picture, "x"))
    return [str(e.get("data-tip")) for e in root.iter() if e.get("data-tip")]


def test_every_measurement_and_every_estimate_of_a_claim_is_a_mark(
    results: dict[str, Any], drawn: dict[str, Drawing]
) -> None:
    assert len(tips_of(drawn["response_features"])) == len(results["response_features"].features)
    standard = results["published_claims"].parts["standard"]
    of_claims = [d for name, d in drawn.items() if name.startswith("published_claims_")]
    assert len(of_claims) == 3
    assert sum(len(tips_of(d)) for d in of_claims) == int(standard.notna().sum())
    assert sum(len(d.numbers) for d in of_claims) == len(standard)


def test_claims_are_told_whole(results: dict[str, Any], drawn: dict[str, Drawing]) -> None:
    """In the picture of the figures that they belong to, none cut short."""
    text = {
        name: " ".join(ET.fromstring(to_svg(d.picture, "x")).itertext())
        for name, d in drawn.items()
        if name.startswith("published_claims_")
    }
    assert not any("…" in t for t in text.values())
    joined = {name: re.sub(r"\s+", "", t) for name, t in text.items()}
    for panel, claim in results["published_claims"].claims[["panel", "text"]].itertuples(index=False):
        figure = int(re.sub(r"\D.*", "", panel.lstrip("S")))
        figure = {2: 1, 3: 1, 4: 3, 5: 4, 6: 4, 7: 5, 8: 7}.get(figure, figure) if panel.startswith("S") else figure
        part = "before" if figure < 3 else "treatment" if figure < 5 else "immune"
        assert re.sub(r"\s+", "", claim) in joined[f"published_claims_{part}"], (panel, claim)


def test_listed_tumours_are_found_in_the_picture(results: dict[str, Any], drawn: dict[str, Drawing]) -> None:
    patients = results["discordance"].patients
    root = ET.fromstring(to_svg(drawn["discordance_pairs"].picture, "x"))
    keys = {str(e.get("data-key")) for e in root.iter() if e.get("data-key")}
    assert set(patients.loc[patients["measured"] == 3, "patient"]) <= keys
    text = " ".join(ET.fromstring(to_svg(drawn["discordance_places"].picture, "x")).itertext())
    for name in patients.loc[patients["discordant"] & patients["place_ihc"].notna(), "patient"].head(3):
        assert name in text


def test_a_claim_without_an_estimate_is_told_as_not_testable(drawn: dict[str, Drawing]) -> None:
    text = " ".join(ET.fromstring(to_svg(drawn["published_claims_immune"].picture, "x")).itertext())
    assert re.search(r"6D .*not testable", text)


def test_claims_of_which_none_can_be_tested_have_no_picture(results: dict[str, Any]) -> None:
    whole = results["published_claims"]
    late = whole.claims["panel"].str.startswith(("5", "6", "7", "S7"))
    none = replace(whole, claims=whole.claims.assign(verdict=whole.claims["verdict"].mask(late, "not testable")))
    panel = next(p for p in PANELS if p.id == "published_claims")
    assert [d.key for d in panel.draw(none)] == ["before", "treatment"]
    assert panel.draw(replace(whole, claims=whole.claims.assign(verdict="not testable"))) == ()


def test_long_names_of_patients_stay_in_the_picture(reading: ModuleType, results: dict[str, Any]) -> None:
    result = results["discordance"]
    named = result.patients.assign(patient="TCGA.A2." + result.patients["patient"].astype(str))
    panel = next(p for p in PANELS if p.id == "discordance")
    places = next(d for d in panel.draw(replace(result, patients=named)) if d.key == "places")
    assert not reading.misplaced(places.picture)
    first = named.loc[named["discordant"] & named["place_ihc"].notna(), "patient"].iloc[0]
    assert first in " ".join(ET.fromstring(to_svg(places.picture, "x")).itertext())


def test_a_listed_tumour_is_named_beside_its_point(results: dict[str, Any], drawn: dict[str, Drawing]) -> None:
    patients = results["discordance"].patients
    listed = patients[patients["discordant"] & patients["place_ihc"].notna()].sort_values("place_ihc")
    (ax,) = drawn["discordance_places"].picture.axes
    low, high = ax.get_ylim()
    heights = {t.get_text(): low + t.get_position()[1] * (high - low) for t in ax.texts}
    apart = [abs(heights[r.patient] - 100 * r.place_ihc) for r in listed.itertuples()]
    assert min(apart) < 1.5


def test_one_pair_of_measurements_takes_a_column(reading: ModuleType, results: dict[str, Any]) -> None:
    result = results["discordance"]
    with journal():
        one = _pairs(replace(result, measures=result.measures.head(2)))
    assert (one.picture.width, one.wide) == (COLUMN, False)
    assert not reading.misplaced(one.picture)


def test_a_forest_is_as_tall_as_its_rows() -> None:
    point = Point(0.2, -0.1, 0.5, LOOKS[0], "tip")
    frame = Frame(limits=(-1, 1), label="Effect", nothing=0, ticks=(-1, 0, 1), page=COLUMN, names=30)
    with journal():
        heights = [forest([Row(f"row {k}", (point,)) for k in range(n)], frame)[0].height for n in (2, 12)]
    assert heights[1] - heights[0] == pytest.approx(35)
    with journal():
        picture, _ = forest([Row("x", (point, point), heading="Part")], frame)
    assert len(ET.fromstring(to_svg(picture, "x")).findall(f".//{{{SVG}}}use[@data-tip]")) == 2


def test_a_small_study_lies_within_the_axes_of_precision(results: dict[str, Any]) -> None:
    result = results["next_trial"]
    here = result.here.assign(low=0.3, high=0.98)
    here.loc[here["kind"] == "area", ["n_first", "n_second"]] = [6, 8]
    drawing = next(d for d in next_trial(replace(result, here=here)) if d.key == "precision")
    (ax,) = drawing.picture.axes
    assert ax.get_xlim()[0] < 2 / (1 / 6 + 1 / 8)
    assert ax.get_ylim()[1] > 0.34
    assert sum("here ±0.34 with 6 and 8 patients" in tip for tip in tips_of(drawing)) >= 1
