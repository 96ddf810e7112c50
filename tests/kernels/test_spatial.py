"""Neighbour graphs, join counts, Moran's I, components and the pattern that the stated rule names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.spatial import (
    Pattern,
    PatternRule,
    call_pattern,
    component_sizes,
    join_counts,
    neighbour_edges,
    spatial_pattern,
)
from her2het.reference.spatial_rule import SPATIAL_RULE

RULE = PatternRule(*SPATIAL_RULE.bounds)
Kind = str


def tissue(kind: Kind, cells: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells about 12 um apart with positives in one group, intermingled, or isolated."""
    rng = np.random.default_rng(seed)
    side = 12 * np.sqrt(cells)
    x, y = rng.uniform(0, side, cells), rng.uniform(0, side, cells)
    if kind == "clustered":
        far = np.hypot(x - rng.uniform(0.3, 0.7) * side, y - rng.uniform(0.3, 0.7) * side)
        positive = far < np.quantile(far, 0.3)
    elif kind == "mosaic":
        positive = rng.random(cells) < 0.42
    elif kind == "scattered":
        positive = rng.random(cells) < 0.1
    else:
        positive = rng.random(cells) < 0.01
    return x, y, positive


@pytest.mark.parametrize("cells", [150, 450, 2000])
@pytest.mark.parametrize(
    ("kind", "want"),
    [
        ("clustered", Pattern.CLUSTERED),
        ("mosaic", Pattern.MOSAIC),
        ("scattered", Pattern.SCATTERED),
        ("homogeneous", Pattern.HOMOGENEOUS),
    ],
)
def test_planted_patterns_are_named(kind: Kind, want: Pattern, cells: int) -> None:
    for graph in ("knn", "delaunay"):
        got = [
            spatial_pattern(*tissue(kind, cells, s), rule=RULE, graph=graph, permutations=199, key=s).pattern
            for s in range(20)
        ]
        assert got.count(want) >= 16, (graph, [g.name for g in got])


def test_clustered_and_negative_minorities() -> None:
    x, y, positive = tissue("clustered", 450, 3)
    one, other = (spatial_pattern(x, y, b, rule=RULE) for b in (positive, ~positive))
    assert one.pattern == other.pattern == Pattern.CLUSTERED
    assert one.joins.moran == pytest.approx(other.joins.moran)
    assert one.minority_positive
    assert not other.minority_positive
    x, y, positive = tissue("scattered", 450, 3)
    assert spatial_pattern(x, y, ~positive, rule=RULE).pattern == Pattern.MOSAIC  # isolated negatives are not HER2-high


points = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15), st.booleans()), min_size=2, max_size=40)


@settings(deadline=None)
@given(points, st.integers(1, 7))
def test_nearest_neighbours_equal_the_twin(cells: list[tuple[int, int, bool]], k: int) -> None:
    x, y, _ = np.array(cells, float).T
    edges = neighbour_edges(x, y, k=k)
    assert all(i < j for i, j in edges)
    far = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(far, np.inf)
    bound = np.sort(far, axis=1)[:, min(k, len(x) - 1) - 1]
    got = {tuple(e) for e in edges.tolist()}
    for i in range(len(x)):
        assert sum(i in e for e in got) >= min(k, len(x) - 1)
        for j in range(i + 1, len(x)):
            if far[i, j] < bound[i] or far[i, j] < bound[j]:
                assert (i, j) in got
            if far[i, j] > bound[i] and far[i, j] > bound[j]:
                assert (i, j) not in got


@settings(deadline=None)
@given(points, st.floats(1, 30))
def test_delaunay_edges_are_short_and_within_groups(cells: list[tuple[int, int, bool]], reach: float) -> None:
    x, y, g = np.array(cells, float).T
    edges = neighbour_edges(x, y, graph="delaunay", reach=reach, group=g)
    for i, j in edges:
        assert np.hypot(x[i] - x[j], y[i] - y[j]) <= reach
        assert g[i] == g[j]


@settings(deadline=None)
@given(points)
def test_joins_and_moran_equal_the_definition(cells: list[tuple[int, int, bool]]) -> None:
    x, y, b = np.array(cells, float).T
    edges = neighbour_edges(x, y, k=3)
    got = join_counts(edges, b, permutations=19)
    kinds = [int(b[i] + b[j]) for i, j in edges]
    assert (got.neither, got.mixed, got.both) == (kinds.count(0), kinds.count(1), kinds.count(2))
    if 0 < b.sum() < len(b):
        z = b - b.mean()
        want = len(b) / len(edges) * sum(z[i] * z[j] for i, j in edges) / (z**2).sum()
        assert got.moran == pytest.approx(want, abs=1e-9)
        assert 0.05 <= got.p <= 1
    else:
        assert np.isnan(got.p)


def test_random_labels_give_uniform_p() -> None:
    rng = np.random.default_rng(4)
    edges = neighbour_edges(rng.uniform(0, 300, 300), rng.uniform(0, 300, 300))
    p = np.array([join_counts(edges, rng.random(300) < 0.3, permutations=199, key=s).p for s in range(400)])
    assert abs(np.mean(p <= 0.05) - 0.05) < 0.035
    assert abs(p.mean() - 0.5) < 0.05
    got = join_counts(edges, rng.random(300) < 0.3)
    assert got.moran_null == pytest.approx(-1 / 299, abs=0.004)


def test_components() -> None:
    edges = np.array([[0, 1], [1, 2], [3, 4], [4, 5], [2, 3]])
    assert component_sizes(edges, [True, True, False, True, True, True]).tolist() == [3, 2]
    assert component_sizes(edges, np.zeros(6, bool)).tolist() == []
    assert component_sizes(np.zeros((0, 2), np.int64), [True, False, True]).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("cells", "minority", "positive", "largest", "p", "want"),
    [
        (19, 5, True, 5, 0.001, Pattern.INSUFFICIENT),
        (100, 5, True, 5, 0.001, Pattern.HOMOGENEOUS),
        (100, 6, True, 3, 0.049, Pattern.CLUSTERED),
        (100, 6, True, 3, 0.05, Pattern.SCATTERED),
        (100, 6, True, 2, 0.001, Pattern.SCATTERED),
        (100, 29, True, 9, 0.5, Pattern.SCATTERED),
        (100, 29, True, 10, 0.5, Pattern.MOSAIC),
        (100, 30, True, 9, 0.5, Pattern.MOSAIC),
        (100, 29, False, 9, 0.5, Pattern.MOSAIC),
        (100, 0, True, 0, float("nan"), Pattern.HOMOGENEOUS),
    ],
)
def test_boundaries_of_the_rule(
    cells: int, minority: int, positive: bool, largest: int, p: float, want: Pattern
) -> None:
    assert call_pattern(cells, minority, positive, largest, p, RULE) == want


def test_clusters_of_several_areas() -> None:
    parts = [tissue("clustered", 75, s) for s in range(6)]
    x, y, b = (np.concatenate(v) for v in zip(*parts, strict=True))
    got = spatial_pattern(x, y, b, rule=RULE, group=np.repeat(np.arange(6), 75))
    assert got.pattern == Pattern.CLUSTERED
    assert got.connected_share > 0.8
    assert got.largest_component < 0.3 * b.sum()


def test_threads_and_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, b = tissue("mosaic", 200, 1)
    results = []
    for threads in ("1", "4"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        results.append(spatial_pattern(x, y, b, rule=RULE, permutations=499, seed=3))
    assert results[0] == results[1]
    assert spatial_pattern(x, y, b, rule=RULE, permutations=499, seed=4).joins.moran_sd != results[0].joins.moran_sd


def test_cells_that_stand_on_one_place_have_no_pattern() -> None:
    one, few = np.ones(60), np.repeat(np.arange(6.0), 10)
    positive = np.arange(60) < 20
    assert spatial_pattern(one, one, positive, rule=RULE).pattern == Pattern.INSUFFICIENT
    assert spatial_pattern(few, few, positive, rule=RULE, graph="delaunay").pattern == Pattern.INSUFFICIENT
    assert spatial_pattern(one, one, np.zeros(60, bool), rule=RULE).pattern == Pattern.HOMOGENEOUS
    line = np.arange(60.0)
    assert spatial_pattern(line, line, positive, rule=RULE).pattern == Pattern.CLUSTERED


def test_edges_of_the_domain() -> None:
    none = np.zeros(0)
    assert spatial_pattern(none, none, none, rule=RULE).pattern == Pattern.INSUFFICIENT
    line = np.arange(30.0)
    assert len(neighbour_edges(line, line * 0, graph="delaunay")) == 29
    with pytest.raises(ValueError, match="finite"):
        neighbour_edges([0.0, np.nan], [0.0, 1.0])
    with pytest.raises(ValueError, match="graph"):
        neighbour_edges([0.0, 1.0], [0.0, 1.0], graph="grid")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one length"):
        spatial_pattern([0.0], [0.0], [True, False], rule=RULE)
