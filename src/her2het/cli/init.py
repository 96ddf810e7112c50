"""`her2het init DIR`: a commented study folder to start from."""

from importlib.resources import files
from pathlib import Path

import click

TEMPLATE = ("study.toml", "patients.tsv", "samples.tsv", "fish_nuclei.tsv", "ihc.tsv", "features.tsv", "rna_counts.tsv")


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Write a commented study folder to FOLDER: study.toml and a few made-up rows of each table to replace by yours.

    \b
    Example:
      her2het init my-study
      her2het check my-study
    """
    from her2het.schema import StudyError

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(f"{folder}: exists and is not empty. Name a new folder.")
    if not folder.absolute().parent.is_dir():
        raise StudyError(f"{folder}: the folder {folder.absolute().parent} does not exist. Make it first.")
    staged = folder.absolute().with_name(f".{folder.name}.part")
    staged.mkdir(exist_ok=True)
    source = files("her2het.cli").joinpath("template")
    for name in TEMPLATE:
        (staged / name).write_text(source.joinpath(name).read_text(encoding="utf-8"), encoding="utf-8")
    if folder.exists():
        folder.rmdir()
    staged.rename(folder)
    click.echo(f"{folder}: replace the made-up rows by yours, then: her2het check {folder}")
