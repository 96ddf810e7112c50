"""Reports of whole studies in a browser: no complaint, no network, every figure is there, no text lies over another.

A real study (TCGA) and a synthetic trial of full size in patients and samples, with all analyses.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from her2het.analyses import PLAN
from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.figures import PANELS
from her2het.simulate import simulate_trial, write_trial

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
WORKERS = str(min(2, os.cpu_count() or 1))
FIGURES = """[...document.querySelectorAll(".drawing:not(.only-narrow)")].map(e => {
  const svg = e.querySelector("svg"), { width, height } = svg.getBoundingClientRect();
  return { name: (e.closest(".panel").id || "") + " " + e.getAttribute("aria-label").slice(0, 60), width, height,
           marks: svg.querySelectorAll("path, use, image").length, empty: !svg.textContent.trim() };
})"""
CLASHES = """[...document.querySelectorAll(".drawing:not(.only-narrow) svg")].flatMap(svg => {
  const page = svg.getBoundingClientRect(), name = svg.closest(".panel").id, found = [];
  const texts = [...svg.querySelectorAll("text")].map(e => [e.textContent, e.getBoundingClientRect()]).filter(([, b]) => b.width);
  for (const [text, b] of texts)
    if (b.left < page.left - 4 || b.right > page.right + 4 || b.top < page.top - 4 || b.bottom > page.bottom + 4) found.push([name, "leaves the picture", text]);
  texts.forEach(([text, a], at) => { for (const [other, b] of texts.slice(at + 1)) {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const least = Math.min(a.width * a.height, b.width * b.height);
    if (wide > 0 && tall > 0 && wide * tall > 0.3 * least) found.push([name, text, other]);
  } });
  return found;
})"""  # noqa: E501


def publish(study: Path) -> Path:
    """The report of a study, made as a user makes it."""
    out = study.parent / "results"
    arguments = ["run", str(study), "--out", str(out), "--workers", WORKERS, "--progress", "none"]
    assert guarded(build(), arguments) == 0
    return out / "report.html"


@pytest.fixture(scope="module")
def tcga(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of docs/examples: real counts of 60 breast tumours."""
    study = tmp_path_factory.mktemp("tcga") / "study"
    shutil.copytree(EXAMPLES / "tcga_her2_60", study)
    for name in ("counts.csv.gz", "labels.csv"):
        (study / name).symlink_to((shared_data / "data" / "tcga_her2_60" / name).resolve())
    return publish(study)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """129 patients and 302 samples, all modalities, 4,000 genes."""
    study = tmp_path_factory.mktemp("trial") / "study"
    write_trial(simulate_trial(1, genes=4_000), study)
    return publish(study)


@pytest.fixture(scope="module", params=["tcga", "trial"])
def opened(request: pytest.FixtureRequest, chromium: ModuleType) -> Iterator[tuple[str, Path, Any]]:
    page: Path = request.getfixturevalue(request.param)
    with chromium.Browser(1400, 900) as browser:
        browser.open(page)
        yield request.param, page, browser


def test_nothing_is_complained_of_and_nothing_loaded(opened: tuple[str, Path, Any]) -> None:
    _, page, browser = opened
    assert browser.complaints() == []
    assert {url for url in browser.requested() if not url.startswith("data:")} == {page.as_uri()}


def test_every_figure_is_there(opened: tuple[str, Path, Any]) -> None:
    name, page, browser = opened
    figures = browser.run(FIGURES)
    saved = list((page.parent / "figures").glob("*/*.svg"))
    assert len(figures) == len(saved)
    assert len(figures) > (90 if name == "trial" else 15)
    small = [f for f in figures if f["width"] < 250 or f["height"] < 40 or f["marks"] < 3 or f["empty"]]
    assert not small


def test_no_text_lies_over_another(opened: tuple[str, Path, Any]) -> None:
    assert opened[2].run(CLASHES) == []


@pytest.mark.parametrize("width", [1400, 420])
def test_no_sideways_scrolling(opened: tuple[str, Path, Any], width: int) -> None:
    browser = opened[2]
    browser.page("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_a_search_finds_a_gene_of_the_study(opened: tuple[str, Path, Any]) -> None:
    told = opened[2].run(
        """(() => { const box = document.querySelector("#find"); box.value = "ERBB2"; box.dispatchEvent(new Event("input"));
        const told = document.querySelector("#found").textContent; box.value = ""; box.dispatchEvent(new Event("input")); return told; })()"""  # noqa: E501
    )
    assert told.startswith("ERBB2 is in ")


def test_the_trial_has_every_panel(trial: Path) -> None:
    drawn = {path.stem for path in (trial.parent / "figures").glob("*/*.svg")}
    missing = [p.id for p in PANELS if not any(name == p.id or name.startswith(f"{p.id}_") for name in drawn)]
    assert not missing
    text = trial.read_text(encoding="utf-8")
    assert "(not done)" not in text
    assert all(f'id="about-{a.name}"' in text for a in PLAN.listed)


def test_the_trials_page_is_light(trial: Path) -> None:
    """Patients, samples and figures as many as in the whole demo; genes weigh little (test_demo has the whole)."""
    assert trial.stat().st_size < 5_800_000
