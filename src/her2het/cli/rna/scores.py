"""What the commands of expression scores share: notes on standard error, and what a gene set file lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

    from her2het.schema import Note
    from her2het.stats.gene_sets import GeneSetScores

MATRIX = click.Path(path_type=Path, dir_okay=True)
FILE = click.Path(path_type=Path, dir_okay=False)
OUT = click.option("--out", type=FILE, help="Write here; else to standard output.")


def say(notes: Iterable[Note | str]) -> None:
    """Notes on standard error, one line each."""
    for note in notes:
        click.echo(
            f"her2het: {note if isinstance(note, str) else f'{note.level}: {note.title}. {note.text}'}", err=True
        )


def say_what_is_left_out(result: GeneSetScores, dropped_to: Path | None) -> None:
    """How many sets and genes were left out, on standard error; all of them to `dropped_to` (TSV) where it is given."""
    from her2het.io.write import write_table

    dropped, absent = result.dropped_sets, result.absent_genes
    said = [f"{len(result.scores.rows):,} sets scored"]
    if len(dropped):
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in dropped["reason"].value_counts().items())
        said.append(f"{len(dropped):,} left out ({reasons})")
    if len(absent):
        said.append(f"{absent['gene'].nunique():,} genes of the scored sets are not in the matrix")
    if result.constant_genes:
        said.append(f"{len(result.constant_genes):,} genes left out because they do not vary")
    hint = "" if dropped_to or not (len(dropped) or len(absent)) else " (--dropped FILE lists them)"
    say([f"{'; '.join(said)}{hint}."])
    if dropped_to is not None:
        write_table(lost_table(result), dropped_to)


def lost_table(result: GeneSetScores) -> pd.DataFrame:
    """What was left out: set, gene (empty where the whole set is), genes, found, reason."""
    import pandas as pd

    absent = result.absent_genes.assign(reason="gene not in the matrix")
    constant = pd.DataFrame({"gene": list(result.constant_genes), "reason": "gene does not vary"})
    table = pd.concat([result.dropped_sets, absent, constant], ignore_index=True)
    return table.reindex(columns=["set", "gene", "genes", "found", "reason"]).astype(
        {"genes": "Int64", "found": "Int64"}
    )


def control_samples(path: Path) -> tuple[str, ...]:
    """Sample names from the first column of a file without a heading, one per line."""
    from her2het.schema import StudyError

    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise StudyError(f"{path}: cannot be read as text. Give a file with one sample per line.") from None
    return tuple(name for line in lines if (name := line.split("\t")[0].strip()))


def sizes(path: Path) -> pd.Series:
    """Sample -> 1 where the tumour is above 2 cm, else 0, from a table of sample and size in cm."""
    import pandas as pd

    from her2het.schema import StudyError

    try:
        table = pd.read_csv(path, sep="\t", header=0, dtype={0: str})
        size = pd.to_numeric(table.iloc[:, 1])
    except (OSError, ValueError, IndexError):
        raise StudyError(
            f"{path}: cannot be read as a table of sample and size in cm, with a heading, separated by tabs. Give one."
        ) from None
    return pd.Series((size > 2).astype(float).where(size.notna()).to_numpy(), index=table.iloc[:, 0])
