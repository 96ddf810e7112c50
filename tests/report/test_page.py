"""The page: whole in itself, readable by machine and by people, and true to what it is given."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pandas as pd
import pytest

from her2het import notice
from her2het.report.build import css_string, exclusions, placed, render_report
from her2het.report.frames import as_json
from her2het.report.view import ReportView
from her2het.schema import Note

VOID = {"meta", "input", "br", "hr", "img", "link"}


class Page(HTMLParser):
    """Elements with their attributes, texts, and what stands in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(data)
        else:
            self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [a for t, a in self.elements if t == tag]

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def html(view: ReportView) -> str:
    return render_report(view)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def hostile(hostile_view: ReportView) -> Page:
    return Page(render_report(hostile_view))


def test_it_is_the_same_bytes_twice(view: ReportView, html: str) -> None:
    assert render_report(view) == html


def test_it_is_small(html: str) -> None:
    assert len(html.encode()) < 4_000_000


def test_it_loads_nothing(page: Page, html: str) -> None:
    for tag, attributes in page.elements:
        for name in ("src", "srcset", "data", "action", "poster", "background", "formaction"):
            assert name not in attributes, (tag, name)
        href = attributes.get("href", attributes.get("xlink:href", "#"))
        assert href.startswith(("#", "figures/", "supporting_data_values.xlsx")), href
        assert tag not in ("link", "iframe", "object", "embed", "base", "img", "image"), tag
    sources = "".join(page.raw["style"])
    assert "@import" not in sources
    assert "url(" not in sources
    outside = set(re.findall(r"https?://[^\s\"'<>)]+", html))
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, outside


def test_only_its_own_script_may_run(page: Page) -> None:
    policy = next(a["content"] for a in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    scripts = [a for a in page.of("script") if a.get("type") != "application/json"]
    assert len(scripts) == 1
    own = next(s for s in page.raw["script"] if s.startswith('"use strict"'))
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not any(name.startswith("on") for _, a in page.elements for name in a)


def test_every_figure_has_a_text_in_its_place(page: Page, view: ReportView) -> None:
    drawings = [a for t, a in page.elements if "drawing" in a.get("class", "").split()]
    assert len(drawings) == len(view.panels) + sum(1 for p in view.panels if p.narrow)
    for a in drawings:
        assert a["role"] == "img"
        assert len(a["aria-label"]) > 30
        assert a["tabindex"] == "0"
    for a in page.of("svg"):
        assert "aria-hidden" in a or "viewbox" in a


def test_headings_go_down_one_step_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = [a["href"][1:] for a in page.of("a") if a.get("href", "").startswith("#")]
    assert set(targets) <= set(ids)
    for _, a in page.elements:
        for name in ("aria-labelledby", "aria-describedby", "for", "list"):
            assert a.get(name, ids[0]) in ids


def test_tables_have_heads_and_names(page: Page, html: str) -> None:
    for table in re.findall(r"<table.*?</table>", html, flags=re.S):
        assert 'scope="col"' in table
        assert 'scope="row"' in table
    assert html.count('class="skip"') == 1
    assert page.of("html")[0]["lang"] == "en"


def test_it_says_research_use_and_synthetic_where_a_reader_begins_and_ends(page: Page, html: str, make_view) -> None:
    assert notice.SHORT in html[: html.index("<main")]
    assert all(text[:60] in page.said for text in notice.FULL)
    assert notice.SYNTHETIC in html[: html.index("<main")]
    assert "synthetic data" in "".join(page.raw["style"])  # on paper, below each page
    real = render_report(make_view(synthetic=False, few=True))
    assert "ynthetic" not in re.sub(r"<style.*?</style>|<script.*?</script>|class=\"\w+\"", "", real, flags=re.S)


def test_it_says_nothing_of_a_persons_treatment(page: Page) -> None:
    said = page.said.lower()
    for words in ("eligible", "should be treated", "should receive", "recommend", "benefit from", "trastuzumab"):
        assert words not in said, words


def test_summary_facts_come_from_the_groups(page: Page) -> None:
    assert "129 patients in 3 groups: 64 pCR, 51 non-HET/no pCR and 14 HET/no pCR." in page.said


def test_what_was_left_out_is_listed_once_per_reason(view: ReportView, page: Page) -> None:
    rows = exclusions(view.analyses)
    assert [(r.what, len(r.ids)) for r in rows] == [("patient", 1), ("sample", 7)]
    assert "PC2 beyond mean ± 5 SD" in page.said
    assert "sample_qc.limit = 5" in page.said


def test_a_skipped_analysis_is_shown_with_its_reason(page: Page) -> None:
    assert "Not done: the study has no table A trial." in page.said
    assert "How diverse are they? (not done)" in page.said


def test_key_findings_carry_estimate_interval_q_and_n(view: ReportView, html: str) -> None:
    table = html[html.index('class="findings') : html.index("</table>", html.index('class="findings'))]
    findings = [f for p in view.panels for f in p.findings]
    assert table.count("<tr data-section") == len(findings)
    qs = [float(q) for q in re.findall(r'data-q="([^"]+)"', table)]
    below = [q < 0.05 for q in qs if not math.isnan(q)]
    assert below == sorted(below, reverse=True)
    assert "ERBB2 mRNA is lower in HET/no pCR than in pCR" in table
    assert table.count('class="forest-point"') == sum(not math.isnan(f.estimate.standard) for f in findings)


def test_the_cohort_table_has_groups_tests_and_missing_counts(html: str) -> None:
    table = html[html.index('class="cohort') : html.index("</table>", html.index('class="cohort'))]
    assert "pCR<small>n = 64</small>" in table
    assert "All patients<small>n = 129</small>" in table
    assert "Fisher&#39;s exact test" in table
    assert "0.041" in table
    assert 'class="level missing"' in table
    assert "not tested" in table  # RCB class, which defines the groups


def test_numbers_behind_a_panel_are_all_on_the_page(view: ReportView, page: Page) -> None:
    blocks = [json.loads(s) for s in page.raw["script"] if s.startswith("{")]
    assert len(blocks) == len(view.panels)
    lengths = sorted(block["length"] for block in blocks)
    assert lengths == sorted(len(p.numbers) for p in view.panels)
    for block in blocks:
        columns = [column["at"] if isinstance(column, dict) else column for column in block["values"]]
        assert [len(column) for column in columns] == [block["length"]] * len(block["columns"])


def test_values_that_recur_are_listed_once() -> None:
    frame = pd.DataFrame({"gene": ["A", "A", "B", "A", "A"], "value": [1.0, 2.5, None, 4.0, 5.0], "one": [True] * 5})
    data = json.loads(as_json(frame))
    assert data["values"][0] == {"words": ["A", "B"], "at": [0, 0, 1, 0, 0]}
    assert data["values"][1] == [1, 2.5, None, 4, 5]
    assert data["values"][2] == {"words": [True], "at": [0] * 5}
    mixed = json.loads(as_json(pd.DataFrame({"x": pd.Series([1, True, 1, True, 1, 1], dtype=object)})))["values"][0]
    assert [mixed["words"][at] for at in mixed["at"]] == [1, True, 1, True, 1, 1]
    assert [type(mixed["words"][at]) for at in mixed["at"]] == [int, bool, int, bool, int, int]


def test_methods_versions_settings_and_inputs_are_told(page: Page) -> None:
    for words in (
        "fish.min_nuclei",
        "129 × 12",
        "9c1d07b4",
        "numpy",
        "10.1093/nar/gkv007",
        "her2het run STUDY --out DIR",
    ):
        assert words in page.said, words
    assert "A method with code and x < y." in page.said


def test_each_panel_has_a_command_and_downloads(page: Page, view: ReportView) -> None:
    saved = [a["href"] for a in page.of("a") if "data-save" in a]
    assert len(saved) == 4 * len(view.panels)
    assert page.said.count("her2het figure DIR") == len(view.panels)


def test_hostile_names_are_shown_and_do_nothing(hostile: Page, hostile_view: ReportView) -> None:
    scripts = [a for a in hostile.of("script") if a.get("type") != "application/json"]
    assert len(scripts) == 1
    assert not hostile.of("img")
    assert not any(name.startswith("on") for _, a in hostile.elements for name in a)
    assert len(hostile.of("style")) == len(hostile.of("title")) == len(hostile.of("body")) == 1
    assert hostile_view.study in "".join(hostile.text)
    assert "=1+1" in hostile.said
    assert "{{ 7*7 }}" in hostile.said  # a template in a name is not run
    tips = [a["data-tip"] for _, a in hostile.elements if "data-tip" in a]
    keys = [a["data-key"] for _, a in hostile.elements if "data-key" in a]
    assert any(t.startswith('"><img src=x onerror=alert(1)>=cmd|') for t in tips)
    assert any(k.startswith('"><img src=x onerror=alert(1)>=cmd|') for k in keys)
    assert "<script>alert(1)</script>" in " ".join(tips)
    assert "</style" not in "".join(hostile.raw["style"])
    for block in (s for s in hostile.raw["script"] if s.startswith("{")):
        assert "<" not in block
        json.loads(block)


def test_text_in_a_style_sheet_cannot_leave_its_string() -> None:
    assert css_string('a"; } </style>') == '"a\\000022\\00003b \\00007d \\00003c\\00002fstyle\\00003e"'


def test_a_lone_panel_is_told_from_a_pair(view: ReportView) -> None:
    one = next(p for p in view.panels if not p.wide)
    wide = replace(one, wide=True)
    assert [lone for _, lone in placed([one, one, one])] == [False, False, True]
    assert [lone for _, lone in placed([one, wide, one, one])] == [True, False, False, False]


def test_a_study_without_groups_or_results_still_has_a_page(make_view: Callable[..., ReportView]) -> None:
    empty = replace(make_view(few=True), sections=(), groups=(), control="", inputs=(), knobs=(), warnings=())
    said = Page(render_report(empty)).said
    assert "The study defines no groups." in said
    assert "No comparison was made in this study." in said


def test_a_caution_of_several_analyses_stands_once_with_a_link_to_each(view: ReportView) -> None:
    caution = Note("caution", "Few biopsies", "One biopsy may miss it.")
    asked = [replace(a, notes=(caution,)) for a in view.sections[0].analyses]
    printed = render_report(replace(view, sections=(replace(view.sections[0], analyses=tuple(asked)),)))
    page = Page(printed)
    assert page.said.count("Few biopsies") == 1 + len(asked)  # at the head, and in each analysis
    names = ("sample_flow", "group_assignment", "cohort_table")
    links = ", ".join(f'<a href="#about-{n}">{n.replace("_", " ")}</a>' for n in names)
    assert f"One biopsy may miss it. See {links}." in printed
