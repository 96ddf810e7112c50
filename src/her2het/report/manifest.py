"""manifest.json: what made this output. The only place where times stand."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from her2het import __version__, notice
from her2het.run import Outcome
from her2het.store import environment
from her2het.study import Study

LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "numba",
    "pyarrow",
    "matplotlib",
    "pydantic",
    "statsmodels",
    "anndata",
    "mudata",
)
PINNED = "HER2HET_COMMIT"
BUILT = "built_from.txt"  # written into the package when it is built from a checkout (hatch_build.py)


def versions() -> dict[str, str]:
    """her2het, Python, and the libraries that numbers or files go through."""
    found = environment(LIBRARIES)
    return {"her2het": __version__} | {name: v for name, v in found.items() if name != "machine"}


def commit() -> str:
    """The commit of the package, '' where nothing tells it."""
    return source()[0]


def source() -> tuple[str, str]:
    """The commit of the package, '' where nothing tells it, and how it is known or why it is not."""
    pinned = os.environ.get(PINNED, "").strip()
    if pinned:
        return pinned, f"as the environment variable {PINNED} says"
    for find, how in (
        (_of_checkout, "of the checkout that ran"),
        (_of_build, "that the package was built from"),
        (_of_installer, "that the installer recorded"),
    ):
        if name := find():
            return name, how
    return "", f"the package her2het {__version__} was installed without a record of its commit"


def _of_checkout() -> str:
    folder = Path(__file__).resolve().parents[3]
    if not (folder / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _of_build() -> str:
    try:
        return files("her2het").joinpath(BUILT).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _of_installer() -> str:
    try:
        text = importlib.metadata.distribution("her2het").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return ""
    return str(json.loads(text).get("vcs_info", {}).get("commit_id", "")) if text else ""


def record(study: Study, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What is the same for the same input: study, inputs, analyses with their knobs and keys, versions."""
    made_by, how = source()
    return {
        "intended_use": notice.INTENDED_USE,
        "study": study.design.name,
        "synthetic": study.design.synthetic,
        "versions": versions(),
        "commit": made_by or None,
        "commit_is": how,
        "settings": {"file": study.settings.file, "sha256": study.settings.sha256} if study.settings else None,
        "design": asdict(study.design),
        "inputs": [vars(i) for i in study.inputs],
        "analyses": [
            {
                "name": o.analysis.name,
                "result": "present" if o.result is not None else o.status,
                "reason": o.reason,
                "key": o.key,
                "knobs": {k: _plain(v) for k, v in o.knobs.items()},
            }
            for o in outcomes
        ],
        "notes": [vars(n) for n in study.notes],
    }


def how_it_ran(outcomes: Sequence[Outcome], started: str, seconds: float, engine: str, workers: int) -> dict[str, Any]:
    """What differs from run to run: times, engine, what was cached."""
    return {
        "started": started,
        "seconds": round(seconds, 2),
        "engine": engine,
        "workers": workers,
        "command": " ".join(Path(a).name if i == 0 else a for i, a in enumerate(sys.argv)),
        "platform": platform.platform(),
        "analyses": {o.analysis.name: {"status": o.status, "seconds": round(o.seconds, 3)} for o in outcomes},
    }


def _plain(value: Any) -> Any:
    value = getattr(value, "value", value)
    return list(value) if isinstance(value, tuple) else value
