"""The panel of ways of analysis: drawn per source, nothing over another, findings only where a conclusion depends."""

from dataclasses import replace
from types import ModuleType

import pandas as pd
import pytest

from her2het.analyses.groups import group_assignment
from her2het.analyses.robustness import robustness as analysed
from her2het.cli.in_memory import study_of
from her2het.engine.serial import Serial
from her2het.figures import PANELS
from her2het.figures.marks import to_svg
from her2het.figures.panel import Drawing
from her2het.figures.robustness import robustness
from her2het.figures.style import COLUMN, PAGE
from her2het.results.robustness import Robustness
from her2het.schema import Group
from her2het.simulate import simulate_trial

HOSTILE = ("<script>alert(1)</script>", "=1+1", '"><img src=x onerror=alert(1)> $x^2$')


def made(labels: tuple[str, ...] = ()) -> Robustness:
    study = study_of(simulate_trial(1, genes=4_000))
    design = study.design
    if labels:
        groups = tuple(Group(name, g.expression) for name, g in zip(labels, design.groups, strict=True))
        design = replace(design, groups=groups, control=labels[0])
    tables = study.tables
    groups = group_assignment(tables["patients"], tables["samples"], None, design)
    return analysed(
        groups, tables["patients"], None, None, None, None, tables["features"], draws=100, engine=Serial()
    )  # fmt: skip


@pytest.fixture(scope="module")
def result() -> Robustness:
    return made()


@pytest.fixture(scope="module")
def drawn(result: Robustness) -> Drawing:
    (drawing,) = robustness(result)
    return drawing


def test_the_panel_is_listed() -> None:
    assert [p.result for p in PANELS if p.id == "robustness"] == [Robustness]


def test_it_says_what_it_shows(result: Robustness, drawn: Drawing) -> None:
    assert drawn.key == "own"
    holds = int((result.contrasts["verdict"] == "holds").sum())
    assert f"{holds} of {len(result.contrasts)} differences found in every way" in drawn.title
    assert drawn.caption.endswith(".")
    assert "{" not in drawn.caption
    assert drawn.picture.width == PAGE
    assert drawn.picture.height <= 230
    assert drawn.narrow is not None
    assert drawn.narrow.width == COLUMN
    assert len(drawn.numbers) == len(result.rows)
    assert [e.value for e in drawn.estimates] == result.contrasts["value"].tolist()
    for row in result.contrasts.itertuples():
        assert not row.differs or str(row.differs).replace("; ", ", ") in drawn.caption


def test_findings_are_those_that_depend(result: Robustness, drawn: Drawing) -> None:
    depends = result.contrasts[result.contrasts["verdict"].isin(["depends", "direction"])]
    assert len(drawn.findings) == len(depends)
    for finding, row in zip(drawn.findings, depends.itertuples(), strict=True):
        assert finding.estimate in drawn.estimates
        assert finding.estimate.value == row.value  # that of patients' means
        assert "depends on the analysis" in finding.words


def test_nothing_is_cut_off_or_over_another(reading: ModuleType, drawn: Drawing) -> None:
    for picture in (drawn.picture, drawn.narrow):
        assert picture is not None
        assert reading.misplaced(picture) == []


def test_every_point_has_a_name(result: Robustness, drawn: Drawing) -> None:
    tips = [m.tip for marks in drawn.picture.marks.values() for m in marks]
    assert len(tips) == int(result.rows["value"].notna().sum())
    assert all("n = " in tip for tip in tips)


def test_what_gave_no_number_is_not_drawn(result: Robustness) -> None:
    """A mixed model without an answer, and a bootstrap without an interval."""
    rows = result.rows.copy()
    rows.loc[rows["way"] == "mixed", ["value", "low", "high", "p", "q"]] = float("nan")
    rows.loc[rows["way"] == "bootstrap", ["low", "high"]] = float("nan")
    rows.loc[rows["way"].isin(["mixed", "bootstrap"]), "found"] = pd.NA
    (drawing,) = robustness(replace(result, rows=rows))
    tips = [m.tip for marks in drawing.picture.marks.values() for m in marks]
    assert len(tips) == int((rows["way"] != "mixed").sum())
    assert "nan" not in to_svg(drawing.picture, "x")


def test_names_of_a_study_stay_text() -> None:
    (drawing,) = robustness(made(HOSTILE))
    svg = to_svg(drawing.picture, "x")
    assert "<script>" not in svg
    assert "<img" not in svg
