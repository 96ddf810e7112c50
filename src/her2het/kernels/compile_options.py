"""What numba is told of kernels and of the functions that they call: less code to compile, the same numbers."""

from typing import Any

from numba.core.registry import cpu_target


def _accepted(**options: Any) -> dict[str, Any]:
    """Those of the options that this numba knows."""
    return {name: value for name, value in options.items() if hasattr(cpu_target.options, name)}


INNER: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Options of functions that only kernels call: nothing is compiled that would serve calls from Python."""
LEAF: dict[str, Any] = {**INNER, **_accepted(_nrt=False)}
"""Options of inner functions that make no arrays: without them every use of an array in a tuple counts references."""
KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
"""Options of kernels: kept on disk together with the functions they call."""
