"""Everything that a run leaves: report, tables, figures, workbook, methods, study.h5mu, results, manifest."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from her2het.engine import Engine
from her2het.plan import Plan
from her2het.report.assemble import assemble
from her2het.report.build import render_report
from her2het.report.draw import draw_all
from her2het.report.folder import MANIFEST
from her2het.report.manifest import record
from her2het.report.methods import methods_text
from her2het.report.tables import write_tables
from her2het.report.workbook import write_workbook
from her2het.run import Outcome
from her2het.schema import Design, Group, Note, StudyError
from her2het.study import InputFile, Study

H5MU = "study.h5mu"


def publish(
    plan: Plan,
    study: Study,
    outcomes: Sequence[Outcome],
    stage: Path,
    engine: Engine,
    run: Mapping[str, Any],
) -> None:
    """Write the whole output into `stage`; `run` says how it ran (times, engine)."""
    present = [(o.analysis.name, o.result) for o in outcomes if o.result is not None]
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(_h5mu, stage / H5MU, study, {type(r): r for _, r in present})
        drawn = draw_all(present, stage / "figures", study.design.synthetic, engine)
        for o in outcomes:
            if o.result is not None and o.folder is not None:
                write_tables(o.result, stage / "tables" / o.analysis.name)
                _keep(o.folder, stage / "results" / o.analysis.name)
        writing.result()
    about = record(study, outcomes)
    view = assemble(plan, study, outcomes, drawn, about)
    (stage / "report.html").write_text(render_report(view), encoding="utf-8")
    (stage / "methods.md").write_text(methods_text(view), encoding="utf-8")
    write_workbook(stage / "supporting_data_values.xlsx", view)
    (stage / "results" / "study.json").write_text(study_record(study), encoding="utf-8")
    manifest = json.dumps(about | {"run": dict(run)}, indent=1, ensure_ascii=False, default=str)
    (stage / MANIFEST).write_text(manifest + "\n", encoding="utf-8")


def study_record(study: Study) -> str:
    """What `her2het report` needs of a study whose tables are elsewhere."""
    record = {"design": asdict(study.design), "inputs": [asdict(i) for i in study.inputs]}
    return json.dumps(record | {"notes": [asdict(n) for n in study.notes]}, indent=1, ensure_ascii=False) + "\n"


def read_study_record(path: Path) -> Study:
    """The study of a finished output, without its tables. :raises StudyError: where the folder is no output"""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StudyError(
            f"{path.parent.parent}: no results of a run are there. Name the --out folder of a run."
        ) from None
    design: dict[str, Any] = record["design"]
    groups = tuple(Group(**g) for g in design.pop("groups"))
    baseline, followup = tuple(design.pop("baseline")), tuple(design.pop("followup"))
    return Study(
        Design(**design, baseline=baseline, followup=followup, groups=groups),
        {},
        inputs=tuple(InputFile(**i) for i in record["inputs"]),
        notes=tuple(Note(**n) for n in record["notes"]),
    )


def _h5mu(path: Path, study: Study, results: Mapping[type, Any]) -> None:
    if study.tables:
        from her2het.report.h5mu import write_h5mu  # noqa: PLC0415 (anndata takes a second to import)

        write_h5mu(path, study, results)


def _keep(source: Path, target: Path) -> None:
    """A result beside the report, so that the report can be written again; linked where the file system can."""
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copyfile(file, target / file.name)
