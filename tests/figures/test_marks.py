"""Names on marks: never the wrong one."""

import numpy as np
import pytest

from her2het.figures.marks import Mark, Picture, to_svg


def picture(x: list[float]) -> Picture:
    made = Picture(60, 40)
    axes = made.subplots()
    axes.set_xscale("log")
    points = axes.scatter(x, np.arange(len(x)))
    made.mark(points, [Mark((f"P{i}",), f"patient P{i}") for i in range(len(x))])
    return made


def test_each_point_has_its_name():
    svg = to_svg(picture([1, 2, 3]), "points")
    assert [svg.index(f'data-tip="patient P{i}"') for i in range(3)] == sorted(
        svg.index(f'data-tip="patient P{i}"') for i in range(3)
    )


def test_where_a_point_is_not_drawn_nobody_gets_a_wrong_name():
    with pytest.warns(UserWarning, match="3 names for 2 shapes"):
        svg = to_svg(picture([1, float("nan"), 3]), "points")
    assert "data-tip" not in svg
