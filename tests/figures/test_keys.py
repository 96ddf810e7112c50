"""What a reader needs stands in the picture: keys of colours and shades, names of runs, labels beside the axes."""

import xml.etree.ElementTree as ET
from types import ModuleType

import numpy as np
import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from her2het.figures.alluvial import alluvial
from her2het.figures.claims import _figure
from her2het.figures.forest import _lift
from her2het.figures.heatmap import Run, place_runs
from her2het.figures.lettering import width
from her2het.figures.marks import Picture, to_svg
from her2het.figures.style import LOOKS, journal
from her2het.figures.volcano import _picture

NAMES = ("Common", "Opposite", "non-HET/no pCR alone", "HET/no pCR alone", "Neither")


def text_of(picture: Picture) -> str:
    return " ".join(ET.fromstring(to_svg(picture, "x")).itertext())


def reach(run: Run) -> tuple[float, float]:
    left = {"left": run.at, "center": run.at - width(run.words) / 2, "right": run.at - width(run.words)}[run.align]
    return left, left + width(run.words)


@example([10, 1, 2], 105.0)
@example([11, 1, 1], 105.0)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.floats(105.0, 140.0))
def test_every_run_of_a_heatmap_is_named_and_no_name_lies_over_another(counts: list[int], space: float) -> None:
    runs = place_runs(NAMES[: len(counts)], counts, space / sum(counts), space)
    assert [r.words for r in runs] == list(NAMES[: len(counts)])
    for at, one in enumerate(runs):
        assert one.start <= one.at <= one.end
        for other in runs[at + 1 :]:
            (a, b), (c, d) = reach(one), reach(other)
            if one.tier == other.tier:
                assert b < c or d < a, (one, other)
            low, high = (one, other) if one.tier < other.tier else (other, one)
            if low.tier < high.tier:  # the line to the higher name passes beside the lower one
                assert not reach(low)[0] < high.at < reach(low)[1]


def test_a_name_without_room_stands_above_the_others() -> None:
    wide = "a name of a run that is much wider than all of the panel, however it is put beside its middle"
    runs = place_runs((wide, "Neither"), [3, 4], 4.0, 28.0)
    assert [r.words for r in runs] == [wide, "Neither"]
    assert runs[0].tier > runs[1].tier


def test_ribbons_say_what_is_coloured_and_what_the_test_says() -> None:
    pairs = pd.DataFrame({
        "patient": [f"p{i}" for i in range(20)], "before": ["3+"] * 12 + ["2+"] * 8, "after": ["3+", "2+"] * 10,
        "mark": ["", "shifts", "", ""] * 5,
    })  # fmt: skip
    with journal():
        picture = alluvial(pairs, ["3+", "2+"], dict.fromkeys(["3+", "2+"], LOOKS[0]), {"shifts": "#d55e00"}, "p = 0.5")
        bare = alluvial(pairs.assign(mark=""), ["3+", "2+"], dict.fromkeys(["3+", "2+"], LOOKS[0]), {})
    assert "shifts (n = 5)" in text_of(picture)
    assert "p = 0.5" in text_of(picture)
    assert picture.height == bare.height + 8


def test_long_names_of_genes_stay_off_the_axis(reading: ModuleType) -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0, 0.4, 60), rng.uniform(3, 4, 15), rng.uniform(-4, -3, 15)])
    genes = pd.DataFrame({
        "gene": [f"SNORD116-{i}" if i % 2 else f"LINC0{i:04d}-AS1" for i in range(len(x))],
        "log2_fold": x, "padj": np.where(np.abs(x) > 2, 1e-40, 0.5) * rng.uniform(0.5, 1, len(x)),
        "found": np.abs(x) > 2,
    })  # fmt: skip
    with journal():
        picture = _picture(genes, (LOOKS[1], LOOKS[7]), "after − before", 3.0, 0.05, "n = 36 pairs")
    assert not reading.misplaced(picture)
    (ax,) = picture.axes
    edge = ax.get_window_extent()
    names = [box for text, box in reading.texts(picture) if text.startswith(("SNORD", "LINC"))]
    assert len(names) == 20
    assert all(edge.x0 < box.x0 and box.x1 < edge.x1 for box in names)
    assert "n = 36 pairs" in text_of(picture)


def test_points_of_one_row_stay_in_it() -> None:
    for step, count in ((3.5, 2), (3.5, 8), (6.8, 2), (6.8, 16)):
        lifts = [_lift(at, count, step) for at in range(count)]
        assert max(lifts) - min(lifts) <= step - 1.0
        assert abs(sum(lifts)) < 1e-9


def test_a_claim_goes_with_the_figure_that_its_supplement_belongs_to() -> None:
    panels = {
        "1A": 1,
        "S3B": 1,
        "2C-E": 2,
        "3D, S4F": 3,
        "S4A": 3,
        "S5G-H": 4,
        "S6F": 4,
        "S7B": 5,
        "7D, S8": 7,
        "1B, S3A": 1,
    }
    assert {panel: _figure(panel) for panel in panels} == panels
