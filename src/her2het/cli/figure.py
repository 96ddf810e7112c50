"""`her2het figure DIR PANEL`: one panel of a finished run."""

from pathlib import Path

import click


@click.command("figure")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("panel")
@click.option("--to", type=click.Path(path_type=Path), default=Path(), help="Folder for the files. Default: here.")
@click.option(
    "--format", "formats", multiple=True, type=click.Choice(["svg", "png", "pdf"]), help="Default: all three."
)
def command(folder: Path, panel: str, to: Path, formats: tuple[str, ...]) -> None:
    """Draw PANEL of the finished run in FOLDER to files, with the numbers behind it as TSV.

    PANEL is the name under the panel in the report, such as markers_by_group_ERBB2, or its family, markers_by_group.

    \b
    Examples:
      her2het figure my-results markers_by_group_ERBB2
      her2het figure my-results sample_qc --to figures --format pdf
    """
    from her2het.cli.finished import open_finished
    from her2het.figures import PANELS
    from her2het.figures.save import FORMATS, name_of, save
    from her2het.report.draw import SYNTHETIC
    from her2het.schema import StudyError, did_you_mean

    study, outcomes = open_finished(folder)
    results = {type(o.result): o.result for o in outcomes if o.result is not None}
    matching = [p for p in PANELS if panel == p.id or panel.startswith(f"{p.id}_")]
    if not matching:
        hint = did_you_mean(panel, [p.id for p in PANELS])
        raise StudyError(f"panel {panel!r} does not exist.{hint} Panels are {', '.join(p.id for p in PANELS)}.")
    names: list[str] = []
    for spec in matching:
        if spec.result not in results:
            continue
        for drawing in spec.draw(results[spec.result]):
            name = name_of(spec, drawing)
            names.append(name)
            if panel not in (spec.id, name):
                continue
            stamp = SYNTHETIC if study.design.synthetic else ""
            for path in save(drawing, to, name, formats or FORMATS, stamp=stamp):
                click.echo(str(path))
            drawing.numbers.to_csv(to / f"{name}.tsv", sep="\t", index=False, lineterminator="\n")
            click.echo(str(to / f"{name}.tsv"))
    if not names:
        raise StudyError(f"panel {panel!r}: its analysis was skipped in {folder}. See manifest.json for the reason.")
    if panel not in names and panel not in {p.id for p in matching}:
        raise StudyError(f"panel {panel!r} does not exist. This run has {', '.join(names)}.")
