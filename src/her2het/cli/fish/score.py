"""`her2het fish score CELLS`: ratio, copies, heterogeneity and diversity of each sample of a table of nuclei."""

from pathlib import Path

import click

from her2het.cli.number import Number

HELP = """Score each sample of CELLS, a table with one row per nucleus (CSV, TSV, gzip, Parquet, .xls or .xlsx).

Per sample: ERBB2/CEP17 ratio and copies with intervals, amplified fraction (nuclei amplified by ratio and by copies
apart) with an interval that allows for areas that differ, the HET call and how sure it is, the fraction beyond what cut
nuclei alone produce, and the diversity of the (ERBB2, CEP17) pairs. Columns are found by common headings, by a preset
(headings that name colours) or by a mapping; --list-columns tells them. Signals may be written "> 20", "20+" or
"cluster". In a workbook each sheet is an area.

\b
Examples:
  her2het fish score nuclei.csv --out samples.tsv --areas areas.tsv
  her2het fish score counts.csv --column erbb2="Orange spots" --column cep17="Green spots"
  her2het fish score workbook.xls --preset green-her2 --all-profiles
"""
PROFILES = ("LI2024", "METZGER2021", "CAP2009_ratio", "CAP2009_copies", "CAP2013", "MOSAIC", "BAR2011_30")


@click.command("score", help=HELP)
@click.argument("cells", type=click.Path(path_type=Path), required=False)
@click.option("--columns", type=click.Path(path_type=Path), help="TOML file with [columns]: column = heading.")
@click.option("--column", "pairs", multiple=True, metavar="COLUMN=HEADING", help="One heading; may be repeated.")
@click.option("--preset", default="names", show_default=True, help="Headings known: names, red-her2 or green-her2.")
@click.option("--profile", type=click.Choice(PROFILES), default="LI2024", show_default=True, help="Definition of HET.")
@click.option("--all-profiles", is_flag=True, help="Add the call of every definition.")
@click.option(
    "--negative-area",
    type=click.Choice(["sums", "fraction"]),
    default="sums",
    show_default=True,
    help="METZGER2021: an area is HER2-negative by ratio and copies of its sums, or by at most 5 % amplified nuclei.",
)
@click.option(
    "--min-her2",
    type=click.IntRange(1, 30),
    metavar="N",
    help="A nucleus with fewer ERBB2 signals is not amplified (no definition asks for this).",
)
@click.option("--min-cells", type=click.IntRange(1), help="Fewest scored nuclei for a call (the definition's own).")
@click.option("--cluster", type=click.IntRange(1, 1000), default=20, show_default=True, help="Signals of a 'cluster'.")
@click.option(
    "--cap", type=click.IntRange(1, 1000), help="ERBB2 above this counts as this (--cluster if there are any)."
)
@click.option(
    "--p-keep",
    type=Number(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    help="Chance that a cut nucleus keeps a signal, for the estimate.",
)
@click.option(
    "--p-keep-range",
    type=Number(0, 1, min_open=True),
    nargs=2,
    default=(0.7, 0.9),
    show_default=True,
    help="Range of that chance, over which limits and call must hold.",
)
@click.option("--quick", is_flag=True, help="Counts, intervals, call and equitability only.")
@click.option("--rarefy", type=click.IntRange(1), metavar="N", help="Equitability of N nuclei drawn from each sample.")
@click.option("--standardise", type=click.Choice(["poisson", "thinning"]), help="z against a homogeneous tumour.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of --rarefy and --standardise.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the samples as TSV here instead of printing them.")
@click.option("--areas", type=click.Path(path_type=Path), help="Write the areas as TSV.")
@click.option("--list-columns", is_flag=True, help="Tell what columns a table of nuclei may have, and stop.")
def command(
    cells: Path | None,
    columns: Path | None,
    pairs: tuple[str, ...],
    preset: str,
    profile: str,
    all_profiles: bool,
    negative_area: str,
    min_her2: int | None,
    min_cells: int | None,
    cluster: int,
    cap: int | None,
    p_keep: float,
    p_keep_range: tuple[float, float],
    quick: bool,
    rarefy: int | None,
    standardise: str | None,
    seed: int,
    out: Path | None,
    areas: Path | None,
    list_columns: bool,
) -> None:
    from her2het.io.fish_columns import COLUMNS
    from her2het.schema import StudyError

    if list_columns:
        click.echo("\n".join(f"{name:12s} {text}" for name, text in COLUMNS.items()))
        return
    if cells is None:
        raise StudyError("fish score: no table. Name a file with one row per nucleus; see --help.")
    import pandas as pd

    from her2het.cli.fish.score_table import (
        NegativeArea,
        Wanted,
        area_table,
        at_least,
        count,
        labelled,
        profile_table,
        sample_table,
    )
    from her2het.cli.outputs import check_outputs
    from her2het.io.fish_table import read_fish_table, sha256_of
    from her2het.io.her2_cases import read_mapping
    from her2het.io.write import write_table
    from her2het.kernels.fish import CellRule
    from her2het.notice import OF_NUCLEI
    from her2het.reference.het_profiles import BY_NAME, DEFINITIONS, HetProfile
    from her2het.rules.render import notice

    check_outputs((cells, columns), out=out, areas=areas)
    definition = at_least(BY_NAME[HetProfile(profile)], min_her2)
    table = read_fish_table(cells, mapping=read_mapping(columns, pairs), preset=preset, cap=cap, cluster=cluster)
    if definition.unit == "population" and table.population is None:
        raise StudyError(
            f"{cells.name}: profile {profile} needs populations told apart on the slide. Add a column population, or "
            "choose another --profile."
        )
    counts, samples, labels = count(table, CellRule(*definition.cell.integers))
    keeps = () if quick else tuple(dict.fromkeys((p_keep, *p_keep_range)))
    area_rule: NegativeArea = "fraction" if negative_area == "fraction" else "sums"
    wanted = Wanted(not quick, keeps, rarefy, standardise, seed, area_rule)
    frame = sample_table(table, counts, definition, min_cells or definition.n_min, wanted)
    if all_profiles:
        frame = pd.concat(
            [frame, profile_table(table, [at_least(d, min_her2) for d in DEFINITIONS], area_rule)], axis=1
        )
    write_table(labelled(frame, definition), out)
    if areas is not None:
        write_table(labelled(area_table(counts, samples, labels), definition), areas)
    for note in (*table.notes, "headings used: " + ", ".join(f"{c} = {h}" for c, h in table.columns.items())):
        click.echo(f"{cells.name}: {note}", err=True)
    click.echo(f"{cells.name}: sha256 {sha256_of(cells)}", err=True)
    click.echo(f"HET by {profile}: {definition.text} (doi:{definition.doi})", err=True)
    click.echo(notice(OF_NUCLEI), err=True)
