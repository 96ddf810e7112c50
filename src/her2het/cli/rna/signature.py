"""`her2het rna signature`: a signature of cell types from sorted or single-cell profiles."""

from pathlib import Path

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, say, seed_option


@click.command("signature")
@click.argument("profiles", type=MATRIX)
@click.option("--types", type=FILE, required=True, help="Table with the columns profile and cell_type.")
@click.option("--fewest", type=click.IntRange(min=1), default=50, show_default=True, help="Fewest genes per type.")
@click.option("--most", type=click.IntRange(min=1), default=150, show_default=True, help="Most genes per type.")
@click.option("--fdr", type=float, default=0.3, show_default=True, help="Largest q of a marker gene.")
@click.option("--min-log2-fold", type=float, default=0.0, show_default=True, help="Smallest log2 fold change.")
@click.option(
    "--replicates", type=click.IntRange(min=2), help="Pool the cells of a type into so many means (single cells)."
)
@seed_option("pooling")
@click.option("--markers", type=FILE, help="Write the marker genes of each type here.")
@click.option("--choice", type=FILE, help="Write the condition number for each number of genes here.")
@OUT
def command(
    profiles: Path,
    types: Path,
    fewest: int,
    most: int,
    fdr: float,
    min_log2_fold: float,
    replicates: int | None,
    seed: int,
    markers: Path | None,
    choice: Path | None,
    out: Path | None,
) -> None:
    """Build a signature for deconvolution: marker genes x cell types, mean linear expression.

    PROFILES: sorted populations or single cells, genes in rows, profiles in columns; counts (scaled to a million),
    linear values or log2. Marker genes are higher in a type than in all others (Welch's t, q below --fdr); the number
    per type is the one whose signature has the lowest condition number.

    \b
    Examples:
      her2het rna signature sorted_tpm.tsv --types types.tsv --out signature.tsv
      her2het rna signature cells.h5ad --types types.tsv --replicates 5 --markers markers.tsv
    """
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.text_table import read_text_table
    from her2het.io.write import matrix_table, write_table
    from her2het.schema import Column, TableSpec
    from her2het.stats.signature import build_signature

    spec = TableSpec(
        "types",
        "One row per profile: the cell type that it is.",
        ("profile",),
        {
            "profile": Column("text", "Name of the profile, as in the matrix.", missing=False),
            "cell_type": Column("text", "Its cell type.", missing=False),
        },
        extra=True,
    )
    text = read_text_table(types, unnamed="profile")
    table = spec.conform(text.frame, text.origin)
    expression, notes = read_matrix_with_notes(profiles)
    result = build_signature(
        expression,
        dict(zip(table["profile"], table["cell_type"], strict=True)),
        fewest=fewest,
        most=most,
        fdr=fdr,
        least_log2_fold=min_log2_fold,
        replicates=replicates,
        seed=seed,
    )
    size = f"{len(result.signature.rows):,} genes x {len(result.signature.columns)} cell types"
    say([*notes, *result.notes, f"{size}, condition number {result.condition:.4g}."])
    if markers is not None:
        write_table(result.markers, markers)
    if choice is not None:
        write_table(result.choice, choice)
    write_table(matrix_table(result.signature), out)
