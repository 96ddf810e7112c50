"""`her2het report DIR`: the report of a finished run again."""

import json
import shutil
import time
from pathlib import Path

import click

from her2het.cli.progress import STYLES, Style, progress


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--workers", type=click.IntRange(1, 64), default=None, help="Worker processes. Default: processors, at most 4."
)
@click.option("--progress", "style", type=click.Choice(STYLES), default="auto", help="How progress is told.")
def command(folder: Path, workers: int | None, style: Style) -> None:
    """Write report, figures, tables, workbook and methods of the finished run in FOLDER again, from its results.

    The study's own tables are not needed. Use it after an update of her2het that changes how things are shown.

    \b
    Example:
      her2het report my-results
    """
    from her2het.analyses import PLAN
    from her2het.cli.finished import open_finished
    from her2het.cli.run import default_workers
    from her2het.engine import open_engine
    from her2het.report.folder import MANIFEST, open_output, place_of, swap
    from her2het.report.publish import H5MU, publish
    from her2het.schema import StudyError

    if not (folder / MANIFEST).is_file() and not place_of(folder).old.exists():
        raise StudyError(f"{folder}: no results of a run are there. Name the --out folder of a run.")
    with progress(style) as told, open_output(folder) as place:
        clock = time.perf_counter()
        told.start("writing the report")
        study, outcomes = open_finished(place.out)
        before = json.loads((place.out / MANIFEST).read_text(encoding="utf-8"))
        place.stage.mkdir()
        engine = open_engine("processes", workers or default_workers())
        try:
            publish(PLAN, study, outcomes, place.stage, place.cache, engine, before.get("run", {}))
        finally:
            engine.close()
        if (place.out / H5MU).is_file():
            shutil.copyfile(place.out / H5MU, place.stage / H5MU)
        swap(place)
        told.done("report", "written", time.perf_counter() - clock)
    click.echo(str(folder / "report.html"))
