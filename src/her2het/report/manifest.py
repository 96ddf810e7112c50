"""manifest.json: what made this output. The only place where times stand."""

import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from her2het import __version__, notice
from her2het.run import Outcome
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


def versions() -> dict[str, str]:
    """her2het, Python, and the libraries that numbers or files go through."""
    found = {"her2het": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the package where it runs from a checkout or was installed from one, else ''."""
    folder = Path(__file__).resolve().parents[3]
    if (folder / ".git").exists():
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
    try:
        text = importlib.metadata.distribution("her2het").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return ""
    return str(json.loads(text).get("vcs_info", {}).get("commit_id", "")) if text else ""


def record(study: Study, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What is the same for the same input: study, inputs, analyses with their knobs and keys, versions."""
    return {
        "intended_use": notice.INTENDED_USE,
        "study": study.design.name,
        "synthetic": study.design.synthetic,
        "versions": versions(),
        "commit": commit(),
        "inputs": [vars(i) for i in study.inputs],
        "analyses": [
            {
                "name": o.analysis.name,
                "result": "skipped" if o.status == "skipped" else "present",
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
