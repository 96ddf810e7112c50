"""Whether kernels have been compiled on this machine before: the first run says why it takes longer."""

import os
from pathlib import Path


def compile_note() -> str:
    """A line to show before kernels compile for the first time, or '' where compiled ones are there."""
    here = Path(__file__).parent
    given = os.environ.get("NUMBA_CACHE_DIR", "")
    places = [Path(given)] if given else [here / "__pycache__", Path.home() / ".cache" / "numba"]
    if any(next(place.rglob("*.nbc"), None) for place in places if place.is_dir()):
        return ""
    return "compiling numerical kernels (first run only, some seconds)"
