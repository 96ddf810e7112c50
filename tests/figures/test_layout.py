"""Positions: labels keep apart, points do not hide each other, texts are cut rather than run over."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.figures.groups import swarm
from her2het.figures.layout import Entry, key_rows, spaced
from her2het.figures.lettering import cut, width, wrap
from her2het.figures.style import LOOKS, looks

heights = st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=25).map(lambda v: np.sort(np.array(v)))


@given(heights)
def test_labels_keep_their_distance_and_order(wanted: np.ndarray) -> None:
    placed = spaced(wanted, 3.0, 0.0, 100.0)
    assert (np.diff(placed) >= 3.0 - 1e-9).all()
    assert placed[0] >= -1e-9
    assert len(wanted) > 33 or placed[-1] <= 100 + 1e-9


def test_labels_that_have_room_stay_where_they_are() -> None:
    wanted = np.array([10.0, 20.0, 70.0])
    assert np.allclose(spaced(wanted, 3.0, 0.0, 100.0), wanted)


@given(st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=40))
@settings(deadline=None)
def test_points_stay_apart_as_long_as_there_is_room(values: list[float]) -> None:
    y = np.array(values)
    radius, reach = 0.7, 60.0
    x = swarm(y, radius, reach)
    apart = np.hypot(np.subtract.outer(x, x), np.subtract.outer(y, y))
    apart[np.diag_indices(len(y))] = np.inf
    assert apart.min() >= 2 * radius - 1e-6
    assert np.abs(x).max() <= reach


def test_a_level_too_full_spreads_evenly_within_reach() -> None:
    x = swarm(np.zeros(400), 0.7, 10.0)
    assert np.abs(x).max() <= 10.0
    assert abs(x.mean()) < 1.0


def test_swarm_is_the_same_twice() -> None:
    y = np.random.default_rng(1).normal(20, 3, 80)
    assert np.array_equal(swarm(y, 0.7, 9), swarm(y, 0.7, 9))


@given(st.text(max_size=60), st.floats(4, 60))
@settings(deadline=None)
def test_text_never_exceeds_its_space(text: str, space: float) -> None:
    shown = cut(text, space)
    assert width(shown) <= space or shown in ("", "…")
    for line in wrap(text, space).split("\n"):
        assert width(line) <= space or line in ("", "…")
    assert wrap(text, space).count("\n") <= 2


def test_a_label_breaks_at_spaces_then_at_slashes() -> None:
    assert wrap("no response", 14) == "no response"
    assert wrap("non-HET/no pCR", 12).split("\n")[0].endswith(("/", "-"))


def test_every_group_has_a_look_of_its_own() -> None:
    labels = [f"group {i}" for i in range(12)]
    shown = looks(labels)
    assert [shown[name].colour for name in labels[:3]] == ["#0072b2", "#e69f00", "#d55e00"]
    assert len({(look.colour, look.marker) for look in shown.values()}) == 12
    assert len({look.marker for look in LOOKS}) == len(LOOKS)


def test_a_key_breaks_into_rows() -> None:
    entries = [Entry("a group with a long name", LOOKS[0])] * 3
    assert [len(row) for row in key_rows(entries, 81)] == [2, 1]
