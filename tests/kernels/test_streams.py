"""Random streams: the generator's definition, its seeds and its range."""

import numpy as np

from her2het.kernels.streams import next_below, next_unit, next_word, stream_states


def twin(state: list[int]) -> int:
    """xoshiro256++ with Python's integers."""
    top = 2**64 - 1

    def turn(x: int, k: int) -> int:
        return ((x << k) | (x >> (64 - k))) & top

    result = (turn((state[0] + state[3]) & top, 23) + state[0]) & top
    t = (state[1] << 17) & top
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= t
    state[3] = turn(state[3], 45)
    return result


def test_words_equal_the_definition() -> None:
    state = stream_states(7, 1)[0]
    slow = [int(x) for x in state]
    assert [int(next_word(state)) for _ in range(50)] == [twin(slow) for _ in range(50)]


def test_a_piece_of_work_keeps_its_stream() -> None:
    assert np.array_equal(stream_states(3, 5)[2], stream_states(3, 1, keys=[2])[0])
    assert len({tuple(row) for row in stream_states(3, 100).tolist()}) == 100
    assert not np.array_equal(stream_states(3, 1), stream_states(4, 1))


def test_ranges_and_moments() -> None:
    state = stream_states(1, 1)[0]
    unit = np.array([next_unit(state) for _ in range(20_000)])
    assert 0 <= unit.min() < unit.max() < 1
    assert abs(unit.mean() - 0.5) < 0.01
    below = np.bincount([next_below(state, 7) for _ in range(20_000)], minlength=7)
    assert len(below) == 7
    assert np.all(np.abs(below / 20_000 - 1 / 7) < 0.012)
