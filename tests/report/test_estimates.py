"""What tables and methods say of estimates: which quantity, at which level, how many, and what is no finding."""

from dataclasses import replace

import pandas as pd

from her2het.report.build import exclusions, key_findings, render_report
from her2het.report.methods import methods_paragraphs
from her2het.report.tables import estimate_frame
from her2het.report.view import AnalysisView, PanelView, ReportView
from her2het.stats.estimate import Estimate

E = Estimate("B − A", "shift", "log₂ CPM", -1.46, -2.02, -0.9, (14, 64), "rank-sum, exact", 6e-6, 1e-5, "2 tests",
             standard=-0.5, standard_low=-0.7, standard_high=-0.2, groups=("B", "A"))  # fmt: skip
FEW = replace(E, contrast="C − A", n=(5,), of=(7,), level=0.8186)
SHORT = replace(E, contrast="D − A", level=0.940857)


def with_estimates(view: ReportView, *estimates: Estimate) -> ReportView:
    """The view with these as the estimates and findings of its second panel, and of no other."""
    at = view.panels[1].name

    def changed(p: PanelView) -> PanelView:
        mine = estimates if p.name == at else ()
        findings = tuple(replace(view.panels[-1].findings[0], words=e.contrast, estimate=e) for e in mine)
        return replace(p, estimates=mine, findings=findings)

    def of(a: AnalysisView) -> AnalysisView:
        return replace(a, panels=tuple(changed(p) for p in a.panels))

    sections = tuple(replace(s, analyses=tuple(of(a) for a in s.analyses)) for s in view.sections)
    return replace(view, sections=sections)


def test_each_row_says_quantity_level_and_n(view: ReportView) -> None:
    html = render_report(with_estimates(view, E, FEW, SHORT))
    table = html[html.index('<table class="evidence') :]
    table = table[: table.index("</table>")]
    assert table.count("Hodges–Lehmann shift, log₂ CPM") == 3
    assert "<small>95 % CI</small>" in table
    assert "<small>94.1 % CI</small>" in table
    assert "<small>too few for an interval</small>" in table
    assert table.count("−2.02") == 2  # of three
    assert "5 (of 7)" in table
    assert "% CI)" not in table[: table.index("</thead>")]


def test_what_is_true_by_definition_stands_last_and_is_marked(view: ReportView) -> None:
    defined = replace(E, contrast="HET − A", p=1e-20, q=1e-19, by_definition=True)
    nothing = replace(E, contrast="nothing", p=0.5, q=0.6)
    changed = with_estimates(view, defined, nothing, E)
    rows = key_findings([(s, "x") for s in changed.sections])
    assert [r.words for r in rows] == ["B − A", "nothing", "HET − A"]
    html = render_report(changed)
    assert html.count("a description: the groups are defined by the same measurement") == 1
    assert html.count("a description, not a finding") == 1


def test_methods_say_levels_and_which_p_is_exact(view: ReportView) -> None:
    def said(*estimates: Estimate) -> str:
        return dict(methods_paragraphs(with_estimates(view, *estimates)))["Statistics"]

    assert "Intervals are at 95 %. p values" in said(E)
    both = said(E, SHORT, FEW)
    assert "Intervals are at 95 %, or at what few patients allow (94.1 %, as each row says)." in both
    assert "Where not even 90 % can be had none is shown." in both
    assert "exact where the test is named exact" in both
    assert "exact as printed" not in both


def test_tables_hold_what_was_used_and_of_how_many() -> None:
    frame = estimate_frame([E, FEW])
    assert frame["n"].tolist() == ["14;64", "5"]
    assert frame["of"].tolist() == ["", "7"]
    assert frame["by_definition"].tolist() == [False, False]


def test_left_out_counts_things_not_rows(view: ReportView) -> None:
    columns = pd.Index(["what", "id", "reason", "decided_by"])
    rows = [("gene", "15,206 genes", "fail", "x"), ("gene", "TP53", "absent", "y"), ("patient", "7 genes", "odd", "z")]
    lost = pd.DataFrame(rows, columns=columns)
    found = exclusions([replace(view.analyses[0], excluded=lost)])
    assert [x.number for x in found] == [15206, 1, 1]
    assert exclusions([replace(view.analyses[0], excluded=lost.assign(id="1 gene"))])[0].number == 1
