"""One protocol suite over every engine: order, same bits, errors come through, workers are kept."""

import os
import time
from collections.abc import Iterator

import numpy as np
import pytest

from her2het.engine import Engine, open_engine


def draw(task: tuple[int, np.random.SeedSequence]) -> np.ndarray:
    size, seed = task
    x = np.random.default_rng(seed).standard_normal((size, size))
    return np.linalg.eigvalsh(x @ x.T)


def fail(item: int) -> int:
    if item == 3:
        raise ValueError("item 3")
    return item


def process(_: int) -> int:
    time.sleep(0.01)  # so that no worker takes all items before another has looked
    return os.getpid()


def tasks() -> list[tuple[int, np.random.SeedSequence]]:
    return [(20 + i, s) for i, s in enumerate(np.random.SeedSequence(7).spawn(9))]


@pytest.fixture(scope="module", params=[("serial", 1), ("processes", 2), ("processes", 5), ("dask", 2)], ids=str)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    name, workers = request.param
    if name == "dask":
        pytest.importorskip("distributed")
    made = open_engine(name, workers)
    yield made
    made.close()


def test_is_an_engine(engine: Engine):
    assert isinstance(engine, Engine)


def test_answers_come_in_the_order_of_the_items(engine: Engine):
    assert engine.map(abs, range(-40, 0)) == list(range(40, 0, -1))


def test_same_bits_as_serial(engine: Engine):
    expected = [draw(t) for t in tasks()]
    got = engine.map(draw, tasks())
    assert all(a.tobytes() == b.tobytes() for a, b in zip(expected, got, strict=True))


def test_an_error_comes_through(engine: Engine):
    with pytest.raises(ValueError, match="item 3"):
        engine.map(fail, range(5))


def test_nothing_to_do(engine: Engine):
    assert engine.map(abs, []) == []


def test_workers_are_kept_between_calls(engine: Engine, request: pytest.FixtureRequest):
    name, workers = request.node.callspec.params["engine"]
    first, second = set(engine.map(process, range(30))), set(engine.map(process, range(30)))
    assert len(first | second) <= workers
    assert first & second
    assert (os.getpid() in first | second) == (name == "serial")
