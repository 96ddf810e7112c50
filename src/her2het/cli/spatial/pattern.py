"""`her2het spatial pattern CELLS`: how positive cells of each sample lie among the others."""

from pathlib import Path

import click

from her2het.cli.number import Number

FARTHEST = 1e9
"""Largest position, in any unit."""
HELP = """Spatial pattern of each sample of CELLS, a table with one row per cell and its position (x, y).

A cell is positive by its FISH signals (erbb2, cep17): where it is more likely than not truly amplified (as LI2024 has
it) behind the signals that cutting lost, or, with --literal, where its signals as counted are. With --positive COLUMN
it is positive where that column is at least --at-least (an IHC score, an intensity, 0/1). Neighbours are the 6 nearest
cells of the same area, or Delaunay neighbours within 50 um. Moran's I is tested by permuting labels; the pattern
follows a stated rule that was not validated on tissue.

\b
Examples:
  her2het spatial pattern nuclei.csv --out patterns.tsv
  her2het spatial pattern ihc_cells.csv --positive score --at-least 3 --graph delaunay
"""


@click.command("pattern", help=HELP)
@click.argument("cells", type=click.Path(path_type=Path))
@click.option("--columns", type=click.Path(path_type=Path), help="TOML file with [columns]: column = heading.")
@click.option("--column", "pairs", multiple=True, metavar="COLUMN=HEADING", help="One heading; may be repeated.")
@click.option("--preset", default="names", show_default=True, help="Headings known: names, red-her2 or green-her2.")
@click.option("--positive", metavar="HEADING", help="Column that says which cells are positive.")
@click.option("--at-least", type=Number(), default=1.0, show_default=True, help="Bound of --positive.")
@click.option("--literal", is_flag=True, help="Take signals as counted; nuclei of a diploid tumour then look mixed.")
@click.option(
    "--p-keep",
    type=Number(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    help="Chance that a cut nucleus keeps a signal.",
)
@click.option(
    "--graph", type=click.Choice(["knn", "delaunay"]), default="knn", show_default=True, help="Who is a neighbour."
)
@click.option("--neighbours", type=click.IntRange(1, 100), help="Nearest neighbours of --graph knn (6).")
@click.option("--reach", type=Number(0, min_open=True), help="Longest edge of --graph delaunay, um (50).")
@click.option(
    "--permutations",
    type=click.IntRange(99, 1_000_000),
    default=999,
    show_default=True,
    help="Permutations of the test.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the permutations.")
@click.option("--out", type=click.Path(path_type=Path), help="Write TSV here instead of printing it.")
def command(
    cells: Path,
    columns: Path | None,
    pairs: tuple[str, ...],
    preset: str,
    positive: str | None,
    at_least: float,
    literal: bool,
    p_keep: float,
    graph: str,
    neighbours: int | None,
    reach: float | None,
    permutations: int,
    seed: int,
    out: Path | None,
) -> None:
    import numpy as np
    import pandas as pd

    from her2het.cli.outputs import check_outputs
    from her2het.cli.spatial.pattern_table import pattern_rows
    from her2het.io.fish_table import read_fish_table, sha256_of
    from her2het.io.her2_cases import read_mapping
    from her2het.io.write import write_table
    from her2het.notice import INTENDED_USE, OF_IMAGES
    from her2het.reference.spatial_rule import SPATIAL_RULE
    from her2het.rules.render import notice
    from her2het.schema import StudyError

    check_outputs((cells, columns), out=out)
    mapping = read_mapping(columns, pairs)
    table = read_fish_table(cells, mapping=mapping, preset=preset, marker=positive)
    if table.x is None or table.y is None:
        raise StudyError(f"{cells.name}: no positions. Name them with --column x=HEADING and --column y=HEADING.")
    far = max(float(np.nanmax(np.abs(v[np.isfinite(v)]), initial=0.0)) for v in (table.x, table.y))
    if far > FARTHEST:
        raise StudyError(f"{cells.name}: position {far:g} is no place on a slide (up to {FARTHEST:g}). Correct it.")
    rows = pattern_rows(
        table,
        at_least=at_least,
        p_keep=None if literal else p_keep,
        graph="delaunay" if graph == "delaunay" else "knn",
        neighbours=neighbours or SPATIAL_RULE.neighbours,
        reach=reach or SPATIAL_RULE.reach_um,
        permutations=permutations,
        seed=seed,
    )
    write_table(pd.DataFrame(rows).assign(rule=SPATIAL_RULE.name, intended_use=INTENDED_USE), out)
    for note in table.notes:
        click.echo(f"{cells.name}: {note}", err=True)
    click.echo(f"{cells.name}: sha256 {sha256_of(cells)}", err=True)
    click.echo(SPATIAL_RULE.text, err=True)
    click.echo(notice(OF_IMAGES), err=True)
