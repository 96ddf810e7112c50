"""The methods text, and docstrings as prose."""

import re
from collections.abc import Callable

import pytest

from her2het.report.methods import methods_text, references_of
from her2het.report.prose import html, paragraphs, read_docstring
from her2het.report.view import ReportView


@pytest.fixture(scope="module")
def text(view: ReportView) -> str:
    return methods_text(view)


def test_it_names_design_tests_families_versions_settings_and_references(text: str) -> None:
    for words in (
        "pCR (n = 64;",
        "The control group is pCR.",
        "two-sided rank-sum test",
        "9 comparisons" if "9 comparisons" in text else "3 genes × 3 pairs of groups",
        "| numpy | 2.4 |",
        "| `fish.min_nuclei` | 30 | 20 |",
        "doi:10.1172/JCI176454",
        "doi:10.1093/nar/gkv007",
        "10.1111/j.2517-6161.1995.tb02031.x",
        "Synthetic data",
        "esearch use only",
        "How diverse are they?: the study has no table A trial.",
    ):
        assert words in text, words


def test_it_is_the_same_twice_and_has_no_time(view: ReportView, text: str) -> None:
    assert methods_text(view) == text
    assert "2026" not in text


def test_references_stand_once(view: ReportView) -> None:
    given = references_of(view)
    assert len(given) == len(set(given))
    assert given[0].startswith("Li Z,")


def test_a_studys_words_are_not_markup(make_view: Callable[..., ReportView]) -> None:
    text = re.sub(r"`[^`\n]*`", "", methods_text(make_view(text="<b>|a*b_c|</b> 'x'", few=True)))
    assert "<b>" not in text
    assert "\\|a\\*b\\_c\\|" in text


def test_a_docstring_is_read_in_parts() -> None:
    prose = read_docstring(
        """How far apart are two biopsies?

        Euclidean distance over all genes
        (doi:10.1000/xyz123).

            d = sqrt(sum (a - b)^2)

        :raises NotApplicable: where there is one biopsy
        """
    )
    assert prose.title == "How far apart are two biopsies?"
    assert prose.question == ""
    assert prose.references == ("10.1000/xyz123",)
    assert "raises" not in prose.method
    assert paragraphs(prose.method) == [
        "Euclidean distance over all genes (doi:10.1000/xyz123).",
        "    d = sqrt(sum (a - b)^2)",
    ]
    assert read_docstring("Title.\n\nThe question.\n\nThe method.").question == "The question."


def test_a_doi_keeps_the_parentheses_that_it_closes() -> None:
    told = "Rao (doi:10.1016/0040-5809(82)90004-1), and entropy (doi:10.1172/JCI176454). As doi:10.1038/nmeth.3337."
    assert read_docstring(f"Title?\n\n{told}").references == (
        "10.1016/0040-5809(82)90004-1",
        "10.1172/JCI176454",
        "10.1038/nmeth.3337",
    )


def test_only_code_is_marked() -> None:
    assert str(html("a < `b<c>` & ``d``")) == "a &lt; <code>b&lt;c&gt;</code> &amp; <code>d</code>"
