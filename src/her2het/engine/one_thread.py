"""What every worker process does first: one thread for itself, so that sums are added in one order."""

import os


def one_thread() -> None:
    """Let this process use one thread for linear algebra and for kernels."""
    os.environ["HER2HET_THREADS"] = "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"
