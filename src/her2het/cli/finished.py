"""A finished output opened again: its study without tables, its results as outcomes."""

import json
from pathlib import Path

from her2het.analyses import PLAN
from her2het.report.folder import MANIFEST
from her2het.report.publish import read_study_record
from her2het.run import Outcome
from her2het.schema import StudyError
from her2het.store import load_result
from her2het.study import Study


def open_finished(folder: Path) -> tuple[Study, list[Outcome]]:
    """The study and the outcomes of a finished run.

    :raises StudyError: where the folder is no output, or was made by a version whose results this one cannot read
    """
    study = read_study_record(folder / "results" / "study.json")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    outcomes: list[Outcome] = []
    for entry in manifest["analyses"]:
        if entry["name"] not in PLAN.by_name:
            raise StudyError(
                f"{folder}: analysis {entry['name']!r} is of another version of her2het. Run the study again."
            )
        analysis = PLAN[entry["name"]]
        knobs = entry["knobs"]
        if entry["result"] != "present":
            outcomes.append(Outcome(analysis, "skipped", reason=entry["reason"], knobs=knobs))
            continue
        place = folder / "results" / analysis.name
        try:
            result = load_result(analysis.produces, place)
        except (OSError, KeyError, TypeError, ValueError) as e:
            raise StudyError(
                f"{place}: the result cannot be read ({type(e).__name__}). Run the study again with this version."
            ) from None
        outcomes.append(Outcome(analysis, "cached", result, entry["key"], knobs=knobs, folder=place))
    return study, outcomes
