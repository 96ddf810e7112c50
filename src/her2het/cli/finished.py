"""A finished output opened again: its study without tables, its results as outcomes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from her2het.analyses import PLAN
from her2het.report.folder import MANIFEST
from her2het.report.publish import read_study_record
from her2het.run import Outcome
from her2het.schema import StudyError
from her2het.store import Unreadable, load_result
from her2het.study import Study


def open_finished(folder: Path) -> tuple[Study, list[Outcome]]:
    """The study and the outcomes of a finished run.

    :raises StudyError: where the folder is no output, or was made by a version whose results this one cannot read
    """
    study = read_study_record(folder / "results" / "study.json")
    try:
        entries = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["analyses"]
        return study, [_outcome(folder, entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise StudyError(
            f"{folder / MANIFEST}: damaged, or of another version of her2het ({type(e).__name__}). Run the study again."
        ) from None


def _outcome(folder: Path, entry: Mapping[str, Any]) -> Outcome:
    if entry["name"] not in PLAN.by_name:
        raise StudyError(f"{folder}: analysis {entry['name']!r} is of another version of her2het. Run the study again.")
    analysis, knobs = PLAN[entry["name"]], entry["knobs"]
    if entry["result"] != "present":
        status = "failed" if entry["result"] == "failed" else "skipped"
        return Outcome(analysis, status, reason=entry["reason"], knobs=knobs)
    place = folder / "results" / analysis.name
    try:
        result = load_result(analysis.produces, place)
    except Unreadable as e:
        raise StudyError(f"{place}: the result cannot be read ({e}). Run the study again with this version.") from None
    return Outcome(analysis, "cached", result, entry["key"], knobs=knobs, folder=place)
