"""The page in a browser, opened from a file without network: no complaint, and what the script adds works."""

# ruff: noqa: E501

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from her2het.report.build import render_report
from her2het.report.view import ReportView


@pytest.fixture(scope="module")
def saved(view: ReportView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_report(view), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(chromium: ModuleType, saved: Path) -> Iterator[Any]:
    with chromium.Browser(1400, 900) as opened:
        opened.open(saved)
        yield opened


def test_nothing_is_complained_of_and_nothing_loaded(browser: Any, saved: Path) -> None:
    assert browser.complaints() == []
    assert browser.requested() == [saved.as_uri()]


@pytest.mark.parametrize("width", [1400, 1000, 768, 420, 360])
def test_no_sideways_scrolling(browser: Any, width: int) -> None:
    browser.page("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_findings_fit_a_phone_and_names_of_rules_are_not_broken(browser: Any) -> None:
    def at(width: int) -> None:
        browser.page("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    at(420)
    assert browser.run(
        """(() => { const box = document.querySelector(".findings").parentElement;
        return box.scrollWidth <= box.clientWidth; })()"""
    )
    at(1400)
    broken = browser.run(
        """[...document.querySelectorAll(".exclusions code")].filter(e => !e.textContent.includes(" ") && e.getClientRects().length > 1)
        .map(e => e.textContent)"""
    )
    assert broken == []


def test_search_lights_a_patient_in_all_panels(browser: Any) -> None:
    lit = browser.run(
        """(() => { const box = document.querySelector("#find"); box.value = "p028"; box.dispatchEvent(new Event("input"));
        return [new Set([...document.querySelectorAll(".lit")].map(e => e.closest(".panel").id)).size,
                document.querySelector("#found").textContent]; })()"""
    )
    assert lit[0] > 10
    assert lit[1].startswith(f"p028 is in {lit[0]} panels:")


def test_numbers_are_listed_sorted_and_saved(browser: Any, view: ReportView) -> None:
    rows, order, text = browser.run(
        """(async () => { const panel = document.querySelector("#markers_by_group_ERBB2");
        panel.querySelector(".numbers-fold").open = true; await new Promise(r => setTimeout(r, 300));
        const table = panel.querySelector(".numbers-place table"), heads = [...table.querySelectorAll("thead th")];
        const head = heads.find(h => h.textContent.trim() === "value"); head.querySelector("button").click();
        const values = [...table.tBodies[0].rows].map(r => +r.cells[head.cellIndex].dataset.value);
        return [values.length, values.every((v, i) => !i || values[i - 1] <= v) && head.ariaSort, await asTsv(panel).text()]; })()"""
    )
    assert rows == 129
    assert order == "ascending"
    assert text.count("\n") == 130
    assert text.startswith("gene\tpatient\tgroup\tvalue\n")


def test_findings_filter_and_sort(browser: Any) -> None:
    counts = browser.run(
        """(() => { const box = document.querySelector(".filter-text"); box.value = "ERBB2 mRNA";
        box.dispatchEvent(new Event("input", { bubbles: true })); const some = document.querySelector(".filter-count").value;
        box.value = ""; box.dispatchEvent(new Event("input", { bubbles: true }));
        return [some, document.querySelector(".filter-count").value]; })()"""
    )
    assert int(counts[0].split()[0]) < int(counts[1].split()[0])


def test_findings_sort_by_what_they_say_and_by_number(browser: Any) -> None:
    words, values, numbers = browser.run(
        """(() => { const table = document.querySelector(".findings"), heads = [...table.querySelectorAll("thead th")];
        const click = name => heads.find(h => h.textContent.startsWith(name)).querySelector("button").click();
        click("Finding"); const words = [...table.tBodies[0].rows].map(r => r.cells[0].firstChild.textContent);
        const ordered = [...words].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
        click("Estimate"); const values = [...table.tBodies[0].rows].map(r => +r.cells[2].dataset.value);
        return [words.join() === ordered.join(), values.every((v, i) => !i || values[i - 1] <= v), values.length]; })()"""
    )
    assert words
    assert values
    assert numbers > 10


def test_a_picture_saved_from_the_page_has_the_printed_colours(browser: Any) -> None:
    svg, size = browser.run(
        """(async () => { const panel = document.querySelector("#markers_by_group_ERBB2");
        return [await asSvg(panel).text(), (await asPng(panel)).size]; })()"""
    )
    assert "var(" not in svg
    assert "#0072b2" in svg
    assert size > 20_000


def test_arrow_keys_walk_over_the_marks(browser: Any) -> None:
    said = browser.run(
        """(() => { find(""); const figure = document.querySelector("#markers_by_group_ERBB2 .drawing"); figure.focus();
        figure.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
        return document.querySelector("#spoken").textContent; })()"""
    )
    assert said.startswith("P0")
    assert "ERBB2" in said


def test_hostile_names_run_nothing(chromium: ModuleType, hostile_view: ReportView, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_report(hostile_view), encoding="utf-8")
    with chromium.Browser() as opened:
        opened.page("Page.addScriptToEvaluateOnNewDocument", source="window.alert = () => { window.harmed = true; };")
        opened.open(path)
        opened.run(
            """(async () => { document.querySelectorAll(".numbers-fold").forEach(e => { e.open = true; });
            const mark = document.querySelector(".drawing [data-tip]"); mark.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
            find(document.querySelector(".drawing [data-key]").dataset.key); await new Promise(r => setTimeout(r, 500)); })()"""
        )
        assert opened.run("window.harmed === undefined && !document.querySelector('img')")
        assert opened.complaints() == []
