"""her2het validate: sums over trials follow their definitions, and the page stands alone."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.cli.validation import IN_STRUCTURE, NOT_PLANTED, Found, Task, one_trial, summed_up, tasks_of
from her2het.figures.marks import to_svg
from her2het.figures.validation import validation as draw
from her2het.reference.claims import CLAIMS
from her2het.report.validation import validation_page

QUESTIONS = [(c, p) for c in CLAIMS for p in c.parts]


def parts(seed: int, q: float) -> pd.DataFrame:
    """Estimates of every part of a claim, all of them q and in the direction claimed."""
    sign = [p.direction or 1 for _, p in QUESTIONS]
    frame = pd.DataFrame({"claim": [c.id for c, _ in QUESTIONS], "part": [p.quantity for _, p in QUESTIONS]})
    frame["kind"] = [p.kind for _, p in QUESTIONS]
    frame["p"] = frame["q"] = q
    frame["value"] = frame["standard"] = 0.4 * np.array(sign) + 0.001 * seed
    return frame


def found(seed: int, null: bool, q: float) -> Found:
    sizes = pd.DataFrame({"gene": ["A", "B"], "contrast": "x", "planted": [1.0, 0.0], "level": 6.0})
    sizes["value"] = sizes["planted"] + (0.1 if seed % 2 else -0.1)
    sizes["low"], sizes["high"] = sizes["value"] - [0.2, 0.05], sizes["value"] + [0.2, 0.05]
    rng = np.random.default_rng(seed)
    tests = pd.DataFrame({"what": ["one", "one", "two", "two"], "family": "f", "p": rng.random(4)})
    tests["q"] = np.minimum(1, 2 * tests["p"])
    models = pd.DataFrame({"model": ["m"], "auc": [0.5], "low": [0.4], "high": [0.6], "apparent": [0.8]})
    return Found(Task(seed, null, 4000), parts(seed, q), sizes, tests, models)


@pytest.fixture(scope="module")
def made() -> list[Found]:
    return [found(s, null, 0.8 if null else 0.01) for s in range(1, 11) for null in (False, True)]


def test_power_bias_coverage_and_false_findings(made: list[Found]) -> None:
    result = summed_up(made, 1.0)
    own = result.power[result.power["planted"] == "yes"]
    assert (own["found"] == 1).all()
    assert (own["wrong"] == 0).all()
    assert (own["null_found"] == 0).all()
    assert own["low"].min() == pytest.approx(0.7225, abs=1e-3)  # Wilson, 10 of 10
    assert set(result.power["claim"]) == {c.id for c in CLAIMS}
    assert result.power.loc[result.power["claim"].isin(IN_STRUCTURE), "null_found"].isna().all()
    sizes = result.sizes.set_index("gene")
    assert sizes["bias"].tolist() == pytest.approx([0, 0])
    assert sizes["coverage"].tolist() == [1, 0]
    assert sizes["bias_se"].iloc[0] == pytest.approx(np.std([0.1, -0.1] * 5, ddof=1) / 10**0.5)
    table = pd.concat([f.tests for f in made if f.task.null])
    whole = result.null.set_index("what").loc["all"]
    assert whole["rate"] == pytest.approx((table["p"] < 0.05).mean())
    assert whole["families"] == 20
    assert result.models["covered"].tolist() == [1, 1]


def test_an_effect_the_wrong_way_is_told_apart() -> None:
    wrong = found(1, False, 0.01)
    wrong.parts["standard"] = -wrong.parts["standard"]
    result = summed_up([wrong], 1.0)
    own = result.power[(result.power["planted"] == "yes") & result.power["direction"].isin([1, -1])]
    assert (own["found"] == 0).all()
    assert (own["wrong"] == 1).all()


def test_tasks_alternate() -> None:
    assert [(t.seed, t.null) for t in tasks_of(2, 5, 4000)] == [(5, False), (5, True), (6, False), (6, True)]
    assert all(t.null for t in tasks_of(3, 1, 4000, null_only=True))


def test_claims_named_here_exist() -> None:
    ids = {c.id for c in CLAIMS}
    assert ids >= NOT_PLANTED
    assert ids >= IN_STRUCTURE


def test_panels_and_page(made: list[Found]) -> None:
    result = summed_up(made, 1.0)
    drawings = draw(result)
    assert [d.key for d in drawings] == ["power", "bias", "coverage", "null"]
    for d in drawings:
        assert d.caption.endswith(".")
        assert to_svg(d.picture, "x") == to_svg(d.picture, "x")
        assert d.picture.height <= 230
    page = validation_page(result, drawings, {"her2het": "0"}, (), (), "her2het validate")
    assert "Planted against found" in page
    assert "Research use only" in page
    assert not re.search(r"""(?:src|href)=["']https?:""", page)


def test_only_without_effects(made: list[Found]) -> None:
    result = summed_up([f for f in made if f.task.null], 1.0)
    assert result.power.empty
    assert [d.key for d in draw(result)] == ["null"]


def test_a_folder_in_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert guarded(build(), ["validate", "--out", str(tmp_path)]) == 2
    assert "holds something else" in capsys.readouterr().err


@pytest.mark.slow
def test_one_trial_each_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["validate", "--seeds", "1", "--engine", "serial", "--progress", "none", "--out", str(tmp_path / "v")]
    assert guarded(build(), arguments) == 0
    page = tmp_path / "v" / "validation.html"
    assert str(page) in capsys.readouterr().out
    assert page.stat().st_size < 2_000_000
    power = pd.read_csv(tmp_path / "v" / "tables" / "power.tsv", sep="\t").set_index("claim")
    assert (power.loc["erbb2-highest", "found"] == 1).all()
    assert {p.suffix for p in (tmp_path / "v" / "figures").iterdir()} == {".svg", ".png", ".pdf", ".tsv"}
    first, again = (one_trial(Task(1, True, 4000)) for _ in range(2))
    pd.testing.assert_frame_equal(first.parts, again.parts)
    pd.testing.assert_frame_equal(first.tests, again.tests)
