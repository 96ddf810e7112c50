"""Where positive cells lie among the others: neighbour graphs, join counts, Moran's I, components, and a pattern."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, KDTree, QhullError

from her2het.kernels.streams import next_below, stream_states
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_DRAWS_PER_CHUNK = 50


class Pattern(IntEnum):
    """How minority cells lie: one kind only, in contiguous groups, intermingled, or isolated."""

    INSUFFICIENT = 0
    HOMOGENEOUS = 1
    CLUSTERED = 2
    MOSAIC = 3
    SCATTERED = 4


class PatternRule(NamedTuple):
    """Bounds of the stated rule, see `call_pattern`."""

    min_cells: int
    homogeneous_up_to: float
    alpha: float
    clustered_share: float
    scattered_component: int
    scattered_below: float


@dataclass(frozen=True)
class Joins:
    """Neighbouring pairs by kind, and Moran's I with its permutation test."""

    edges: int
    both: int
    mixed: int
    neither: int
    moran: float
    """I = (n / E) sum over edges (b_i - f)(b_j - f) / sum_i (b_i - f)^2; NaN where all cells are alike."""
    moran_null: float
    moran_sd: float
    """Mean and SD over permutations."""
    p: float
    """P(I at least as large where labels are spread at random); NaN where all cells are alike."""


@dataclass(frozen=True)
class SpatialPattern:
    """Pattern of one sample, and all it rests on."""

    pattern: Pattern
    cells: int
    fraction_positive: float
    minority_fraction: float
    minority_positive: bool
    """Whether positive cells are the fewer (also where both are equally many)."""
    largest_component: int
    """Cells of the largest connected group of minority cells."""
    connected_share: float
    """Share of the minority that lies in the largest connected group of its own area, summed over areas."""
    components: int
    """Connected groups of minority cells."""
    joins: Joins


def neighbour_edges(
    x: ArrayLike,
    y: ArrayLike,
    *,
    graph: Literal["knn", "delaunay"] = "knn",
    k: int = 6,
    reach: float = 50.0,
    group: ArrayLike | None = None,
) -> Ints:
    """Neighbouring pairs of cells, (edges, 2), each once, i < j, sorted.

    "knn": i and j are neighbours where either is among the other's `k` nearest; "delaunay": where they share an edge of
    the Delaunay triangulation no longer than `reach`. `x`, `y`: (cells,) positions, both in the unit of `reach` (um);
    `group`: (cells,) labels (areas, images) between which there are no neighbours. ValueError on positions that are not
    finite or another graph.
    """
    points = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    if not np.all(np.isfinite(points)):
        raise ValueError("neighbour_edges: positions must be finite")
    if graph not in {"knn", "delaunay"} or k < 1:
        raise ValueError("neighbour_edges: graph must be 'knn' or 'delaunay', and k at least 1")
    labels = np.zeros(len(points), np.int64) if group is None else np.unique(group, return_inverse=True)[1]
    found = [np.zeros((0, 2), np.int64)]
    for g in range(int(labels.max()) + 1 if len(labels) else 0):
        members = np.flatnonzero(labels == g)
        if len(members) > 1:
            pairs = _knn(points[members], k) if graph == "knn" else _triangles(points[members], reach)
            found.append(members[pairs])
    edges = np.sort(np.concatenate(found), axis=1)
    return np.unique(edges, axis=0)


def _knn(points: Floats, k: int) -> Ints:
    nearest = min(k, len(points) - 1)
    _, index = KDTree(points).query(points, k=nearest + 1)
    source = np.repeat(np.arange(len(points)), nearest + 1)
    target = index.ravel()
    keep = source != target  # among coincident cells a cell need not be its own first neighbour
    rank = np.cumsum(keep.reshape(len(points), -1), axis=1).ravel()
    keep &= rank <= nearest
    return np.column_stack([source[keep], target[keep]])


def _triangles(points: Floats, reach: float) -> Ints:
    try:
        corners = Delaunay(points).simplices
        pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]).astype(np.int64)
    except (QhullError, ValueError):
        # fewer than three distinct cells, or all in one line: neighbours are next along the line
        order = np.lexsort(points.T)
        pairs = np.column_stack([order[:-1], order[1:]])
    length = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    return pairs[length <= reach]


@njit(cache=True, nogil=True)
def _permute(
    edges: Ints, degree: Ints, positives: int, states: NDArray[np.uint64], first: int, last: int, out: Floats
) -> None:
    """out[d] = joins of positives and sum of their degrees, for draws first..last-1 of which cells are positive."""
    n = len(degree)
    order = np.arange(n)
    label = np.zeros(n, np.bool_)
    state = states[first // _DRAWS_PER_CHUNK].copy()
    for d in range(first, last):
        label[:] = False
        weight = 0
        for i in range(positives):
            j = i + next_below(state, n - i)
            order[i], order[j] = order[j], order[i]
            label[order[i]] = True
            weight += degree[order[i]]
        joins = 0
        for e in range(len(edges)):
            joins += label[edges[e, 0]] & label[edges[e, 1]]
        out[d, 0] = joins
        out[d, 1] = weight


def join_counts(edges: Ints, positive: ArrayLike, *, permutations: int = 999, seed: int = 0, key: int = 0) -> Joins:
    """Neighbouring pairs that are both positive, mixed, or both negative, and Moran's I against random labels.

    `edges`: (edges, 2) pairs of cells; `positive`: (cells,). The test permutes labels over all cells, `permutations`
    times, and asks whether positive cells are neighbours more often than at random: p = (1 + number of I >= observed) /
    (1 + permutations). `seed`, `key`: of the random streams, `key` naming the sample. ValueError on fewer than 1
    permutation. Reference: doi:10.1093/biomet/37.1-2.17.
    """
    if permutations < 1:
        raise ValueError("join_counts: at least one permutation is required")
    b = np.asarray(positive, bool)
    n, many = len(b), len(edges)
    both = int(np.count_nonzero(b[edges[:, 0]] & b[edges[:, 1]]))
    mixed = int(np.count_nonzero(b[edges[:, 0]] != b[edges[:, 1]]))
    hits = int(b.sum())
    if hits in {0, n} or many == 0:
        return Joins(many, both, mixed, many - both - mixed, np.nan, np.nan, np.nan, np.nan)
    degree = np.bincount(edges.ravel(), minlength=n).astype(np.int64)
    f = hits / n

    def moran(joins: Floats, weight: Floats) -> Floats:
        # sum over edges of (b_i - f)(b_j - f), by the joins of positives and the positives' degrees
        return (joins - f * weight + f * f * many) / many * n / (n * f * (1 - f))

    chunks = -(-permutations // _DRAWS_PER_CHUNK)
    states = stream_states(seed, chunks, keys=[key * 1_000_003 + c for c in range(chunks)])
    out = np.empty((permutations, 2))
    over_chunks(lambda i, j: _permute(edges, degree, hits, states, i, j, out), permutations, _DRAWS_PER_CHUNK)
    null = moran(out[:, 0], out[:, 1])
    seen = float(moran(np.array(float(both)), np.array(float(degree[b].sum()))))
    p = (1 + int(np.count_nonzero(null >= seen - 1e-12))) / (1 + permutations)
    return Joins(
        many,
        both,
        mixed,
        many - both - mixed,
        seen,
        float(null.mean()),
        float(null.std(ddof=1)) if permutations > 1 else np.nan,
        p,
    )


def component_sizes(edges: Ints, member: ArrayLike) -> Ints:
    """Sizes of the connected groups of member cells, largest first. `edges`: (edges, 2); `member`: (cells,)."""
    label = _components(edges, member)
    sizes = np.bincount(label[label >= 0])
    return np.sort(sizes)[::-1].astype(np.int64)


def _components(edges: Ints, member: ArrayLike) -> Ints:
    """Number of each member's connected group, from 0; -1 for the others."""
    m = np.asarray(member, bool)
    inside = edges[m[edges[:, 0]] & m[edges[:, 1]]]
    links = coo_array((np.ones(len(inside), bool), (inside[:, 0], inside[:, 1])), shape=(len(m), len(m)))
    _, label = connected_components(links.tocsr(), directed=False)
    out = np.full(len(m), -1, np.int64)
    if m.any():
        out[m] = np.unique(label[m], return_inverse=True)[1]
    return out


def call_pattern(
    cells: int,
    minority: int,
    minority_positive: bool,
    largest: int,
    p: float,
    rule: PatternRule,
    connected: int | None = None,
) -> Pattern:
    """The stated rule (tunable, not validated), from the cells, the minority, its components and Moran's p.

    INSUFFICIENT below `min_cells`; HOMOGENEOUS where the minority is at most `homogeneous_up_to` of the cells;
    CLUSTERED where p < `alpha` and `connected` (cells in the largest component of their area; by default `largest`) is
    at least `clustered_share` of the minority; SCATTERED where the minority is positive, below `scattered_below` of the
    cells, and no component (`largest`) reaches `scattered_component` cells; otherwise MOSAIC.
    """
    if cells < max(rule.min_cells, 1):
        return Pattern.INSUFFICIENT
    fraction = minority / cells
    if fraction <= rule.homogeneous_up_to:
        return Pattern.HOMOGENEOUS
    if p < rule.alpha and (largest if connected is None else connected) >= rule.clustered_share * minority:
        return Pattern.CLUSTERED
    if minority_positive and fraction < rule.scattered_below and largest < rule.scattered_component:
        return Pattern.SCATTERED
    return Pattern.MOSAIC


def spatial_pattern(
    x: ArrayLike,
    y: ArrayLike,
    positive: ArrayLike,
    *,
    rule: PatternRule,
    graph: Literal["knn", "delaunay"] = "knn",
    k: int = 6,
    reach: float = 50.0,
    group: ArrayLike | None = None,
    permutations: int = 999,
    seed: int = 0,
    key: int = 0,
) -> SpatialPattern:
    """Pattern of positive cells of one sample: homogeneous, clustered, mosaic or scattered.

    `x`, `y`, `positive`: (cells,); the neighbour graph is that of `neighbour_edges`, the test that of `join_counts`,
    the rule that of `call_pattern`; INSUFFICIENT unless homogeneous where cells stand on fewer than `min_cells` places.
    ValueError where lengths differ, and as there. Patterns after doi:10.1038/s41374-018-0172-y.
    """
    b = np.asarray(positive, bool)
    if not (len(np.asarray(x)) == len(np.asarray(y)) == len(b)):
        raise ValueError("spatial_pattern: x, y and positive must have one length")
    edges = neighbour_edges(x, y, graph=graph, k=k, reach=reach, group=group)
    hits = int(b.sum())
    minority_positive = hits <= len(b) - hits
    label = _components(edges, b if minority_positive else ~b)
    minor = label >= 0
    sizes = np.bincount(label[minor])
    area = np.zeros(len(b), np.int64) if group is None else np.unique(group, return_inverse=True)[1]
    largest_of = np.zeros(int(area.max(initial=0)) + 1, np.int64)
    np.maximum.at(largest_of, area[minor], sizes[label[minor]])
    connected = int(largest_of.sum())
    joins = join_counts(edges, b, permutations=permutations, seed=seed, key=key)
    minority = min(hits, len(b) - hits)
    largest = int(sizes.max(initial=0))
    pattern = call_pattern(len(b), minority, minority_positive, largest, joins.p, rule, connected)
    places = len(np.unique(np.column_stack([np.asarray(x, float), np.asarray(y, float), area]), axis=0))
    if places < rule.min_cells and pattern != Pattern.HOMOGENEOUS:
        pattern = Pattern.INSUFFICIENT
    share = 1 / len(b) if len(b) else np.nan
    held = connected / minority if minority else np.nan
    return SpatialPattern(
        pattern, len(b), hits * share, minority * share, minority_positive, largest, held, len(sizes), joins
    )
