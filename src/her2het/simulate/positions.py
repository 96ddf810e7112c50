"""Where nuclei lie in a tumour area, and which of them belong to the amplified clone, for three spatial patterns."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SIDE = 420.0
"""Width of an area, um."""
PATTERNS = ("clustered", "mosaic", "scattered")


def place(rng: np.random.Generator, n: int) -> Floats:
    """(n, 2) positions in um: a jittered grid, so that nuclei do not overlap."""
    across = int(np.ceil(np.sqrt(n * 1.15)))
    cell = rng.permutation(across * across)[:n]
    grid = np.stack([cell % across, cell // across], axis=1) + 0.5
    return (grid + rng.uniform(-0.38, 0.38, (n, 2))) * (SIDE / across)


def choose_amplified(rng: np.random.Generator, position: Floats, count: int, pattern: str) -> Flags:
    """Mark `count` of the nuclei as amplified.

    clustered: those nearest to one point, one clone with a border; mosaic: small patches, from a random field of waves
    about 200 um long; scattered: single cells apart from each other; any other pattern: at random.
    """
    n = len(position)
    if pattern == "clustered":
        centre = rng.uniform(0.1, 0.9, 2) * SIDE
        rank = np.hypot(*(position - centre).T) + rng.normal(0, 8, n)
    elif pattern == "mosaic":
        angle, phase = rng.uniform(0, 2 * np.pi, 8), rng.uniform(0, 2 * np.pi, 8)
        wave = 2 * np.pi / rng.uniform(170, 240, 8)
        along = position[:, :1] * np.cos(angle) + position[:, 1:] * np.sin(angle)
        rank = np.cos(wave * along + phase).sum(axis=1) + rng.normal(0, 0.9, n)
    elif pattern == "scattered":
        rank = _apart(rng, position, count)
    else:
        rank = rng.random(n)
    chosen = np.zeros(n, bool)
    chosen[np.argsort(rank, kind="stable")[:count]] = True
    return chosen


def _apart(rng: np.random.Generator, position: Floats, count: int) -> Floats:
    """Ranks that put mutually distant nuclei first: each next one is the furthest of a few drawn at random."""
    n = len(position)
    rank = np.full(n, float(n))
    nearest = np.full(n, np.inf)
    for k in range(min(count, n)):
        tries = rng.integers(0, n, 6)
        tries = tries[rank[tries] == n]
        free = np.flatnonzero(rank == n) if tries.size == 0 else tries
        pick = int(free[np.argmax(nearest[free])])
        rank[pick] = k
        nearest = np.minimum(nearest, np.hypot(*(position - position[pick]).T))
    return rank
