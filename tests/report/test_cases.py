"""Traced cases on the page: every step, flags, figures once, and names that stay text."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from her2het.report.build import render_report
from her2het.report.cases import case_views, said
from her2het.report.view import AnalysisView, PanelView, ReportView, SectionView
from her2het.results.her2 import TracedCases
from her2het.stats.estimate import Note

HOSTILE = '"><script>alert(1)</script>'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><text>{}</text></svg>'


def made_up(patient: str = "P028") -> TracedCases:
    case = {"patient": patient, "sample": "P028-A", "group": pd.NA, "why": "asked for", "guideline": "ASCO/CAP 2023"}
    case |= {
        "status": "RECOUNT_REQUIRED",
        "comment": "C2",
        "comment_text": "Few such tumours.",
        "reason": "ISH group 2.",
    }
    case |= {
        "next": "Have ISH recounted.",
        "missing": "a valid recount",
        "call": "HET",
        "grade": "LIKELY",
        "robust": "HET",
    }
    steps = [
        (
            patient,
            1,
            "IHC",
            "weak to moderate complete 40 %",
            "complete staining in > 10 %",
            "IHC 2+",
            "plain",
            "Wolff 2018",
        ),
        (patient, 2, "ISH", "ratio 2.1 (88/42)", "ratio ≥ 2.0", "group 2: work-up", "caution", "Wolff 2018"),
        (patient, 3, "status", "ISH group 2.", "recounted by another", "NEGATIVE with comment C2", "plain", ""),
    ]
    names = ["patient", "step", "part", "observed", "rule", "outcome", "level", "reference"]
    nothing = pd.DataFrame()
    return TracedCases(
        cases=pd.DataFrame([case]).astype("string"),
        statuses=pd.DataFrame(
            [(patient, "2007", "EQUIVOCAL", "IHC 2+"), (patient, "2023", "RECOUNT_REQUIRED", "IHC 2+, ISH group 2")],
            columns=pd.Index(["patient", "version", "status", "words"]),
        ),
        steps=pd.DataFrame(steps, columns=pd.Index(names)),
        flags=pd.DataFrame(
            [(patient, "NEAR_THRESHOLD", "It includes 2.0.")], columns=pd.Index(["patient", "code", "text"])
        ),
        plane=nothing,
        nuclei=nothing,
        areas=nothing,
        profile="LI2024",
        fraction_limits=(0.05, 0.5),
        cell_rule=(2, 6),
        ratio_cut=2,
        copies_cuts=(4, 6),
        labels=(),
        control="",
        excluded=nothing,
        notes=(Note("note", "Exemplary", "No sample."),),
    )


def page(patient: str = "P028") -> str:
    drawn = (("case_plane_x", False, patient), ("case_nuclei_x", True, patient), ("other", False, ""))
    panels = tuple(
        PanelView(
            name=name, number="Case", title="t", caption=f"Caption of {name}.", alt="a", svg=SVG.format(name),
            numbers=pd.DataFrame({"patient": [patient]}), label=patient, wide=wide, case=case,
        )
        for name, wide, case in drawn
    )  # fmt: skip
    own = AnalysisView("traced_cases", "How?", "", "", "computed", panels=panels, cases=case_views(made_up(patient)))
    section = SectionView("HER2 status and heterogeneity", "How?", (own,))
    return render_report(ReportView("A study", "", True, "her2het 0", (), "", (section,)))


def test_views_carry_the_trace() -> None:
    (view,) = case_views(made_up())
    assert [s.level for s in view.steps] == ["plain", "caution", "verdict"]
    assert [s.part for s in view.steps] == ["IHC", "ISH", "Status"]
    assert view.steps[0].observed == "weak to moderate complete 40\u00a0%"
    assert view.steps[2].outcome == "Negative with comment C2"
    assert view.statuses[1] == ("2023", "Recount required", "IHC 2+, ISH group 2")
    assert view.flags == (("Near threshold", "It includes 2.0."),)
    assert view.group == ""
    assert view.comment.startswith("C2 Few")
    assert said("DUAL_PROBE_REQUIRED") == "Dual probe required"


def test_the_card_shows_it_all_and_each_figure_once() -> None:
    text = page()
    for words in ("P028: how status", "Recount required", "Have ISH recounted.", "A valid recount.", "not a diagnosis"):
        assert words in text
    card = re.search(r'<article class="panel panel-wide case".*?</article>', text, re.DOTALL)
    assert card is not None
    assert card[0].count('class="trace-step') == 3
    assert 'class="trace-step caution"' in card[0]
    assert 'class="trace-step verdict"' in card[0]
    for name in ("case_plane_x", "case_nuclei_x"):
        assert text.count(f"Caption of {name}.") == 1
        assert f"Caption of {name}." in card[0]
    assert "Caption of other." in text
    assert "Caption of other." not in card[0]
    assert '<a href="#traced_cases-1"' in text
    assert 'id="traced_cases-1"' in text


def tags(text: str) -> list[str]:
    """The elements of a page, in order; none may have a handler."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(tag)
            assert not any(name.startswith("on") for name, _ in attrs)

    Reader().feed(text)
    return found


@pytest.mark.parametrize("patient", [HOSTILE, "=1+1", "a\nb"])
def test_names_stay_text(patient: str) -> None:
    assert tags(page(patient)) == tags(page())


def test_ids_are_unique() -> None:
    ids = re.findall(r'\bid="([^"]+)"', page())
    assert len(ids) == len(set(ids))
