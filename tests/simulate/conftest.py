"""Synthetic trials, each simulated once per session."""

from functools import cache

import pytest

from her2het.simulate import SyntheticTrial, simulate_trial


@cache
def made(seed: int, genes: int, null: bool) -> SyntheticTrial:
    return simulate_trial(seed, genes=genes, null=null)


@pytest.fixture(scope="session")
def trial() -> SyntheticTrial:
    """The trial in its full size."""
    return made(1, 20_000, False)


@pytest.fixture(scope="session")
def null_trial() -> SyntheticTrial:
    """A trial in which groups and treatment change nothing."""
    return made(11, 4_000, True)


@pytest.fixture(scope="session", params=[0, 2, (3, True)], ids=["seed 0", "seed 2", "seed 3, null"])
def small_trial(request: pytest.FixtureRequest) -> SyntheticTrial:
    """Trials with few genes, for what does not depend on them."""
    seed, null = request.param if isinstance(request.param, tuple) else (request.param, False)
    return made(seed, 4_000, null)
