"""`her2het rna pam50`: intrinsic subtypes and how stable each call is."""

from pathlib import Path
from typing import Literal

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, say

SCALINGS = ("none", "scale", "robust", "median", "reference", "subgroup")


@click.command("pam50")
@click.argument("matrix", type=MATRIX)
@click.option(
    "--scaling",
    type=click.Choice(SCALINGS),
    help="How genes are centred. Default: robust; with --cohort her2-positive: reference or subgroup.",
)
@click.option(
    "--cohort",
    type=click.Choice(["mixed", "her2-positive"]),
    default="mixed",
    show_default=True,
    help="What the samples are: all kinds of tumours, or HER2-positive ones only.",
)
@click.option("--reference", type=MATRIX, help="A balanced cohort of the same platform, to centre genes on.")
@click.option("--leave-out", multiple=True, metavar="GENE", help="Call without this gene (repeatable).")
@click.option("--choices", type=FILE, help="Write every sample's call under each choice here.")
@click.option("--ror", type=FILE, help="Write the risk-of-relapse scores (the authors' program) here.")
@click.option("--tumour-size", type=FILE, help="Table of sample and size in cm, for ROR-C and ROR-PC.")
@OUT
def command(
    matrix: Path,
    scaling: Literal["none", "scale", "robust", "median", "reference", "subgroup"] | None,
    cohort: Literal["mixed", "her2-positive"],
    reference: Path | None,
    leave_out: tuple[str, ...],
    choices: Path | None,
    ror: Path | None,
    tumour_size: Path | None,
    out: Path | None,
) -> None:
    """Call PAM50 subtypes: sample, subtype, five probabilities, five correlations, stability.

    MATRIX: genes (symbols, former symbols or Entrez) in rows, samples in columns, log2 values. Scaling none, scale
    and robust are genefu's, median the authors' program's. Stability is the share of choices (centring, with and
    without ERBB2 and GRB7) that give the same subtype. Probabilities are shares of positive correlations. Missing
    values (empty or NA) are left out of a sample's correlations, as genefu and the authors' program do.

    \b
    Examples:
      her2het rna pam50 log_cpm.tsv --scaling robust --out pam50.tsv
      her2het rna pam50 trial.tsv --cohort her2-positive --reference tcga.tsv --choices all_calls.tsv
    """
    from her2het.cli.rna.scores import sizes
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import write_table
    from her2het.schema import StudyError
    from her2het.stats.pam50 import pam50, pam50_risk, pam50_table

    if tumour_size is not None and ror is None:
        raise StudyError("--tumour-size: it enters risk of relapse alone. Say where to write that (--ror FILE).")
    expression, notes = read_matrix_with_notes(matrix, unit="log2", gaps=True)
    balanced, more = read_matrix_with_notes(reference, unit="log2", gaps=True) if reference else (None, ())
    result = pam50(expression, scaling, cohort=cohort, reference=balanced, leave_out=leave_out)
    say([*notes, *more, *result.notes])
    if choices is not None:
        write_table(result.choices.reset_index(), choices)
    if ror is not None:
        write_table(pam50_risk(expression, sizes(tumour_size, expression.columns) if tumour_size else None), ror)
    write_table(pam50_table(result), out)
