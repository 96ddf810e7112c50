"""`her2het rna de`: differential expression of raw counts, as DESeq2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, count_options, say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pandas as pd

    from her2het.schema import Matrix

MOST_CODES = 6  # whole numbers with up to so many values may be codes


@click.command("de")
@click.argument("counts", type=MATRIX)
@click.option("--samples", type=FILE, required=True, help="Table with a column sample and the design's variables.")
@click.option("--design", required=True, help="Formula, such as '~ er + her2', '~ patient + time', '~ er * her2'.")
@click.option(
    "--contrast", nargs=3, metavar="VARIABLE LEVEL BASE", help="LEVEL against BASE. Default: the last coefficient."
)
@click.option("--coefficient", help="One coefficient by name instead (covariates, interactions).")
@click.option("--reference", multiple=True, metavar="VARIABLE=LEVEL", help="Reference level (repeatable).")
@click.option("--keep", multiple=True, metavar="COLUMN=LEVEL[,LEVEL]", help="Only these samples (repeatable).")
@click.option("--only-listed", is_flag=True, help="Leave out samples that the table lacks; else they are refused.")
@click.option(
    "--test", type=click.Choice(["wald", "lrt"]), default="wald", show_default=True, help="Wald or likelihood ratio."
)
@click.option("--reduced", help="For --test lrt: the smaller formula.")
@click.option(
    "--shrink",
    type=click.Choice(["none", "normal", "apeglm"]),
    default="none",
    show_default=True,
    help="Shrink effects towards 0 by this prior; p-values stay.",
)
@click.option(
    "--size-factors",
    type=click.Choice(["ratio", "poscounts"]),
    default="ratio",
    show_default=True,
    help="Depths by median ratios; poscounts where every gene has a zero.",
)
@click.option(
    "--trend",
    type=click.Choice(["parametric", "local", "mean"]),
    default="parametric",
    show_default=True,
    help="Dispersion against mean.",
)
@click.option("--alpha", type=float, default=0.1, show_default=True, help="Rate for which filtering is optimised.")
@click.option("--threshold", type=float, default=0.0, show_default=True, help="Log2 effects up to it do not count.")
@click.option(
    "--alternative",
    type=click.Choice(["greaterAbs", "lessAbs", "greater", "less"]),
    default="greaterAbs",
    show_default=True,
    help="Which effects count: beyond the threshold, within it, above or below.",
)
@click.option(
    "--calibrate",
    type=click.Choice(["none", "moderated", "factors"]),
    default="none",
    show_default=True,
    help="A test that allows for what the model leaves out (docs/differential_expression.md).",
)
@click.option("--no-outliers", is_flag=True, help="Neither replace nor flag outliers (Cook's distances).")
@click.option("--no-filter", is_flag=True, help="Adjust over all genes, without independent filtering.")
@click.option("--reasons", is_flag=True, help="Add a column that says why pvalue or padj is missing.")
@click.option("--fit", type=FILE, help="Write dispersions and convergence of every gene here.")
@click.option("--normalised", type=FILE, help="Write counts divided by size factors here.")
@count_options
@OUT
def command(
    counts: Path,
    samples: Path,
    design: str,
    contrast: tuple[str, str, str] | None,
    coefficient: str | None,
    reference: tuple[str, ...],
    keep: tuple[str, ...],
    only_listed: bool,
    test: Literal["wald", "lrt"],
    reduced: str | None,
    shrink: Literal["none", "normal", "apeglm"],
    size_factors: Literal["ratio", "poscounts"],
    trend: Literal["parametric", "local", "mean"],
    alpha: float,
    threshold: float,
    alternative: Literal["greaterAbs", "lessAbs", "greater", "less"],
    calibrate: Literal["none", "moderated", "factors"],
    no_outliers: bool,
    no_filter: bool,
    reasons: bool,
    fit: Path | None,
    normalised: Path | None,
    names: Literal["symbol", "id"],
    strand: Literal["unstranded", "forward", "reverse"],
    out: Path | None,
) -> None:
    """Test every gene for differential expression with DESeq2's estimates.

    COUNTS: raw counts, genes in rows, samples in columns. Output: gene, baseMean, log2FoldChange, lfcSE, stat, pvalue,
    padj. Text columns of the sample table are factors, levels sorted, the first the reference; numbers are covariates
    (factor(x) makes them categories). Biopsies of one patient are not independent: use one per patient, or the
    patient as a factor.

    \b
    Examples:
      her2het rna de counts.tsv.gz --samples samples.tsv --design "~ er + her2" --contrast her2 Positive Negative
      her2het rna de counts.tsv.gz --samples samples.tsv --design "~ patient + time" --contrast time post pre
      her2het rna de counts.tsv.gz --samples samples.tsv --design "~ batch + group" --test lrt --reduced "~ batch"
    """
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import matrix_table, write_table
    from her2het.schema import Matrix, StudyError
    from her2het.stats.differential import compare, fit_expression

    if contrast and coefficient:
        raise StudyError("--coefficient: there is a --contrast too. Give one of the two.")
    if (test == "lrt") != (reduced is not None):
        raise StudyError(
            "--reduced: a likelihood-ratio test needs one, a Wald test has none. Give --test lrt --reduced."
        )
    matrix, notes = read_matrix_with_notes(counts, unit="counts", names=names, strand=strand)
    table = _sample_table(samples)
    if only_listed:
        matrix, left_out = _listed(matrix, table, samples.name)
        notes = (*notes, *left_out)
    matrix, table = _kept(matrix, table, keep, samples.name)
    say(notes)
    fitted = fit_expression(
        matrix,
        table,
        design,
        reference=dict(_pair(text, "--reference") for text in reference),
        reduced=reduced,
        size_factors=size_factors,
        trend=trend,
        replicates_to_replace=None if no_outliers else 7,
    )
    found = compare(
        fitted,
        contrast or coefficient,
        shrink=shrink,
        calibrate=calibrate,
        alpha=alpha,
        threshold=threshold,
        alternative=alternative,
        flag_outliers=not no_outliers,
        filter_means=not no_filter,
    )
    missing = found.reasons[found.reasons != ""].value_counts()
    left = "; without padj: " + ", ".join(f"{n:,} {why}" for why, n in missing.items()) if len(missing) else ""
    below = int((found.table["padj"] < alpha).sum())
    say(_slopes(fitted.design.formula.variables, fitted.design.levels, table.loc[list(matrix.columns)]))
    say([*fitted.notes, *found.notes, f"{found.comparison}: {below:,} genes with padj < {alpha:g}{left}."])
    if fit is not None:
        write_table(fitted.dispersions.reset_index(), fit)
    if normalised is not None:
        scaled = matrix.values / fitted.size_factors.to_numpy()
        write_table(matrix_table(Matrix(scaled, matrix.rows, matrix.columns, "normalised_counts")), normalised)
    table = found.table.assign(reason=found.reasons.to_numpy()) if reasons else found.table
    write_table(table, out)


def _slopes(variables: Iterable[str], factors: Collection[str], table: pd.DataFrame) -> list[str]:
    """Whole numbers of few values may be codes of categories, which are fitted as a slope."""
    slopes = [v for v in variables if v not in factors]
    coded = [v for v in slopes if table[v].nunique() <= MOST_CODES and (table[v] % 1 == 0).all()]
    return [
        f"{v}: {table[v].nunique()} whole numbers, fitted as a slope; factor({v}) makes them categories" for v in coded
    ]


def _pair(text: str, option: str) -> tuple[str, str]:
    from her2het.schema import StudyError

    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise StudyError(f"{option} {text!r}: it is not NAME=VALUE. Write such as her2=Negative.")
    return name.strip(), value.strip()


def _sample_table(path: Path) -> pd.DataFrame:
    """The table, indexed by its column sample (else its first), numbers where a column holds nothing else."""
    import pandas as pd

    from her2het.io.text_table import read_text_table
    from her2het.schema import MISSING, StudyError

    frame = read_text_table(path, unnamed="sample").frame
    key = "sample" if "sample" in frame.columns else str(frame.columns[0])
    frame = frame.apply(lambda column: column.str.strip())
    repeated = frame[key][frame[key].duplicated()]
    if len(repeated):
        raise StudyError(f"{path.name}: sample {repeated.iloc[0]!r} has more than one row. Keep one.")
    typed = {}
    for name in frame.columns.drop(key):
        text = frame[name].mask(frame[name].str.lower().isin(MISSING))
        numbers = pd.to_numeric(text, errors="coerce")
        typed[name] = numbers if (numbers.notna() == text.notna()).all() and text.notna().any() else text
    return pd.DataFrame(typed, index=None).set_axis(frame[key].to_list(), axis=0)


def _listed(matrix: Matrix, table: pd.DataFrame, name: str) -> tuple[Matrix, list[str]]:
    """The samples that the table has, and how many it lacks."""
    from her2het.schema import StudyError

    known = set(table.index)
    kept = [c for c in matrix.columns if c in known]
    if not kept:
        raise StudyError(
            f"{name}: it has none of the {len(matrix.columns)} samples of the matrix (such as {matrix.columns[0]!r}; "
            f"in the table such as {table.index[0]!r}). Name them alike."
        )
    lost = len(matrix.columns) - len(kept)
    return matrix.pick(kept), [
        f"{lost} of {len(matrix.columns)} samples are not in {name} and are left out"
    ] if lost else []


def _kept(matrix: Matrix, table: pd.DataFrame, keep: tuple[str, ...], name: str) -> tuple[Matrix, pd.DataFrame]:
    """Samples of matrix and table whose columns have one of the levels asked for."""
    from her2het.schema import StudyError, did_you_mean

    for text in keep:
        column, levels = _pair(text, "--keep")
        if column not in table.columns:
            raise StudyError(
                f"--keep: {name} has no column {column!r}.{did_you_mean(column, list(table.columns))} "
                f"It has {', '.join(table.columns)}."
            )
        wanted = [level.strip() for level in levels.split(",")]
        given = table[column].map(lambda v: f"{v:g}" if isinstance(v, float) else str(v))
        unknown = [level for level in wanted if level not in set(given)]
        if unknown:
            raise StudyError(
                f"--keep: no sample has {column} {unknown[0]!r}.{did_you_mean(unknown[0], sorted(set(given)))} "
                f"It takes {', '.join(sorted(set(given))[:20])}."
            )
        table = table[given.isin(wanted)]
    if keep:
        known = set(table.index)
        matrix = matrix.pick([c for c in matrix.columns if c in known])
    return matrix, table
