"""What the commands of this group share: options that several have, and notes on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from her2het.schema import Note

Command = TypeVar("Command", bound=Callable[..., Any])

MATRIX = click.Path(path_type=Path, dir_okay=True)
FILE = click.Path(path_type=Path, dir_okay=False)
OUT = click.option("--out", type=FILE, help="Write here (.gz: compressed); else to standard output.")
SHIPPED = "erbb-pi3k"


def count_options(command: Command) -> Command:
    """How a matrix of counts is read: --names, --strand."""
    return _all(
        command,
        click.option(
            "--names",
            type=click.Choice(["symbol", "id"]),
            default="symbol",
            show_default=True,
            help="Where Ensembl identifiers and symbols are given: which of them names a row.",
        ),
        click.option(
            "--strand",
            type=click.Choice(["unstranded", "forward", "reverse"]),
            default="unstranded",
            show_default=True,
            help="Which column of STAR's ReadsPerGene.out.tab.",
        ),
    )


def gene_set_options(command: Command) -> Command:
    """Which gene sets are scored, and what is done with what cannot be: --sets to --dropped."""
    return _all(
        command,
        click.option(
            "--sets",
            required=True,
            metavar="FILE.gmt",
            help=f"Gene sets, symbols or Entrez as in the matrix; '{SHIPPED}': the shipped ones of Reactome (symbols).",
        ),
        click.option(
            "--min-size",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Fewest genes of a set in the matrix.",
        ),
        click.option("--max-size", type=click.IntRange(min=1), help="Most genes of a set in the matrix."),
        click.option(
            "--control", type=FILE, help="Samples (first column) whose mean score is subtracted: delta scores."
        ),
        click.option("--dropped", type=FILE, help="Write the sets and genes that were left out here."),
    )


def seed_option(what: str) -> Callable[[Command], Command]:
    """--seed, the root of random streams."""
    return click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=f"Of the {what}.")


def _all(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def say(notes: Iterable[Note | str]) -> None:
    """Notes on standard error, one line each."""
    for note in notes:
        click.echo(
            f"her2het: {note if isinstance(note, str) else f'{note.level}: {note.title}. {note.text}'}", err=True
        )
