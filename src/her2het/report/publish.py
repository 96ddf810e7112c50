"""Everything that a run leaves: report, tables, figures, workbook, methods, study.h5mu, results, manifest."""

import errno
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from her2het import notice
from her2het.engine import Engine
from her2het.plan import Plan
from her2het.report.assemble import assemble
from her2het.report.build import render_report
from her2het.report.draw import draw_all, link_or_copy
from her2het.report.folder import MANIFEST
from her2het.report.manifest import record
from her2het.report.methods import methods_text
from her2het.report.tables import write_tables
from her2het.report.workbook import write_workbook
from her2het.run import Outcome
from her2het.schema import Design, Group, Matrix, Note, StudyError
from her2het.study import InputFile, Study

H5MU = "study.h5mu"
READ_FIRST = f"""{notice.USE}

report.html                   the report; opens in any browser, offline
tables/<analysis>/*.tsv       every table and every estimate
figures/<analysis>/*          every panel (SVG, PDF, PNG) and the numbers behind it (TSV)
supporting_data_values.xlsx   a sheet per figure panel
methods.md                    methods, versions, settings and references
study.h5mu                    the study and its results, for muon and scanpy
results/                      what `her2het report` and `her2het figure` read
manifest.json                 inputs with digests, settings, versions, times
"""
OVERHEAD = 1 << 20  # bytes of study.h5mu beside its matrices, at most


def publish(
    plan: Plan,
    study: Study,
    outcomes: Sequence[Outcome],
    stage: Path,
    cache: Path,
    engine: Engine,
    run: Mapping[str, Any],
) -> None:
    """Write the whole output into `stage`; `cache` keeps drawings, `run` says how it ran (times, engine)."""
    present = [(o.analysis.name, o.result, o.folder) for o in outcomes if o.result is not None]
    (stage / "results").mkdir()
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(_h5mu, stage / H5MU, study, {type(r): r for _, r, _ in present})
        drawn = draw_all(present, stage / "figures", study.design.synthetic, engine, cache)
        for o in outcomes:
            if o.result is not None and o.folder is not None:
                write_tables(o.result, stage / "tables" / o.analysis.name)
                _keep(o.folder, stage / "results" / o.analysis.name)
        writing.result()
    about = record(study, outcomes)
    view = assemble(plan, study, outcomes, drawn, about)
    (stage / "report.html").write_text(render_report(view), encoding="utf-8")
    (stage / "README.txt").write_text(READ_FIRST, encoding="utf-8")
    (stage / "methods.md").write_text(methods_text(view), encoding="utf-8")
    write_workbook(stage / "supporting_data_values.xlsx", view)
    (stage / "results" / "study.json").write_text(study_record(study), encoding="utf-8")
    manifest = json.dumps(about | {"run": dict(run)}, indent=1, ensure_ascii=False, default=str)
    (stage / MANIFEST).write_text(manifest + "\n", encoding="utf-8")


def study_record(study: Study) -> str:
    """What `her2het report` needs of a study whose tables are elsewhere."""
    record = {"design": asdict(study.design), "inputs": [asdict(i) for i in study.inputs]}
    record |= {"notes": [asdict(n) for n in study.notes]}
    record |= {"settings": asdict(study.settings) if study.settings else None}
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def read_study_record(path: Path) -> Study:
    """The study of a finished output, without its tables.

    :raises StudyError: where the folder is no output, or its record is damaged or of another version
    """
    place = path.parent.parent
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise StudyError(f"{place}: no results of a run are there. Name the --out folder of a run.") from None
    try:
        record = json.loads(text)
        design: dict[str, Any] = record["design"]
        groups = tuple(Group(**g) for g in design.pop("groups"))
        baseline, followup = tuple(design.pop("baseline")), tuple(design.pop("followup"))
        return Study(
            Design(**design, baseline=baseline, followup=followup, groups=groups),
            {},
            inputs=tuple(InputFile(**i) for i in record["inputs"]),
            notes=tuple(Note(**n) for n in record["notes"]),
            settings=InputFile(**record["settings"]) if record["settings"] else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise StudyError(
            f"{path}: damaged, or of another version of her2het ({type(e).__name__}). Run the study again."
        ) from None


def _h5mu(path: Path, study: Study, results: Mapping[type, Any]) -> None:
    if study.tables:
        from her2het.report.h5mu import write_h5mu  # noqa: PLC0415 (anndata takes a second to import)

        counts = study.tables.get("rna_counts")
        values = counts.values.size * (counts.values.itemsize + 4) if isinstance(counts, Matrix) else 0
        reserve(path, values + OVERHEAD)
        write_h5mu(path, study, results)


def reserve(path: Path, size: int) -> None:
    """Make sure that so many bytes fit, where the system can tell: HDF5 crashes where a disk is full.

    :raises OSError: where they do not
    """
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError as e:
        if e.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise OSError(e.errno, e.strerror, str(path)) from None
    finally:
        path.unlink(missing_ok=True)


def _keep(source: Path, target: Path) -> None:
    """A result beside the report, so that the report can be written again; linked where the file system can."""
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        link_or_copy(file, target / file.name)
