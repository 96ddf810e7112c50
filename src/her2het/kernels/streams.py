"""Random numbers inside compiled loops: one stream per piece of work, whatever the worker.

xoshiro256++ (doi:10.1145/3460772) on a row of four uint64, seeded by `numpy.random.SeedSequence`.
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

States = NDArray[np.uint64]


def stream_states(seed: int, n: int, keys: ArrayLike | None = None) -> States:
    """Starting states of `n` independent streams, (n, 4): stream i is SeedSequence(`seed`, spawn_key=(key_i,)).

    `keys`: (n,) non-negative integers that name the pieces of work (default 0..n-1), so that a piece keeps its stream
    where others come or go.
    """
    names = range(n) if keys is None else [int(k) for k in np.asarray(keys)]
    if len(names) != n:
        raise ValueError("stream_states: one key per stream is required")
    rows = [np.random.SeedSequence(seed, spawn_key=(k,)).generate_state(4, np.uint64) for k in names]
    return np.array(rows, np.uint64).reshape(n, 4)


@njit(cache=True, nogil=True)
def next_word(state: States) -> np.uint64:
    """64 random bits; advances `state`, a row of four words."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    sum03 = s0 + s3
    result = ((sum03 << np.uint64(23)) | (sum03 >> np.uint64(41))) + s0
    t = s1 << np.uint64(17)
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
    state[0], state[1], state[2], state[3] = s0, s1, s2, s3
    return result


@njit(cache=True, nogil=True)
def next_unit(state: States) -> float:
    """A number from [0, 1), with 53 random bits."""
    return np.float64(next_word(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def next_below(state: States, n: int) -> int:
    """An integer from 0..n-1 (n below 2^31; uniform to 2^-33 relative)."""
    return int(((next_word(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))
