"""Compile the kernels that take longest, on small problems, into the cache: `python -m her2het.kernels.warm`.

A run starts this beside itself where the cache is empty, so that a second processor compiles while the first one
reads and computes.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np


def is_cold() -> bool:
    """Whether the slowest kernels have not been compiled on this machine yet."""
    given = os.environ.get("NUMBA_CACHE_DIR", "")
    places = [Path(given)] if given else [Path(__file__).parent, Path.home() / ".cache" / "numba"]
    return not any(next(p.rglob("dispersion._search*.nbi"), None) for p in places if p.is_dir())


def _counts(genes: int, samples: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    mean = rng.gamma(2.0, 40.0, (genes, 1)) * np.ones(samples)
    drawn = rng.poisson(rng.gamma(5.0, mean / 5.0)).astype(np.int32)
    drawn[0, 0] = 100_000  # an outlier, so that replacement is compiled too
    return drawn


def groups_fit() -> None:
    """Negative binomial fit of groups."""
    from her2het.kernels.deseq.pipeline import run  # noqa: PLC0415
    from her2het.kernels.deseq.size_factors import ratio_size_factors  # noqa: PLC0415

    counts = _counts(200, 24)
    group = np.repeat([0, 1, 2], 8)
    design = np.column_stack([np.ones(24), group == 1, group == 2]).astype(np.float64)
    run(counts, design, ratio_size_factors(counts))


def paired_fit() -> None:
    """Negative binomial fit with patients as a factor."""
    from her2het.kernels.deseq.pipeline import run  # noqa: PLC0415
    from her2het.kernels.deseq.size_factors import ratio_size_factors  # noqa: PLC0415

    counts = _counts(200, 16)
    patient = np.tile(np.eye(8)[:, 1:], (2, 1))
    design = np.column_stack([np.ones(16), patient, np.repeat([0.0, 1.0], 8)])
    run(counts, design, ratio_size_factors(counts))


def deconvolution() -> None:
    """Support vector regression."""
    from her2het.kernels.deconvolve import cell_fractions  # noqa: PLC0415

    rng = np.random.default_rng(1)
    signature = rng.gamma(1.0, 50.0, (60, 6))
    cell_fractions(signature, signature @ rng.dirichlet(np.ones(6), 4).T + rng.gamma(1.0, 1.0, (60, 4)))


TASKS: tuple[Callable[[], None], ...] = (groups_fit, paired_fit, deconvolution)


def main() -> None:
    """Compile everything, in the order in which a run needs it."""
    for task in TASKS:
        task()


if __name__ == "__main__":
    main()
