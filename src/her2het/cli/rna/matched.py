"""`her2het rna matched`: how many genes change in two parts of the patients, at equal numbers of patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, count_options, say

if TYPE_CHECKING:
    import pandas as pd

    from her2het.schema import Matrix


@click.command("matched")
@click.argument("counts", type=MATRIX)
@click.option("--samples", type=FILE, required=True, help="Table with a column sample and those named below.")
@click.option("--patient", required=True, metavar="COL", help="Column that says whose a sample is.")
@click.option("--time", required=True, metavar="COL", help="Column of the timepoints.")
@click.option("--before", "earlier", required=True, metavar="LEVEL", help="The earlier timepoint.")
@click.option("--after", "later", required=True, metavar="LEVEL", help="The later one.")
@click.option("--group", required=True, metavar="COL", help="Column of the two parts of the patients.")
@click.option(
    "--parts", nargs=2, required=True, metavar="FIRST SECOND", help="Two of its levels; does the first find fewer?"
)
@click.option(
    "--padj", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.05, show_default=True,
    help="Adjusted p below which a gene is found.",
)  # fmt: skip
@click.option(
    "--fold", type=click.FloatRange(min=1), default=8.0, show_default=True, help="Smallest fold change, either way."
)
@click.option(
    "--subsamples", type=click.IntRange(min=1), default=200, show_default=True, help="Draws from the larger part."
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the draws.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; numbers do not change."
)
@click.option("--drawn", type=FILE, help="Write the number of genes of every draw here.")
@count_options
@OUT
def command(
    counts: Path,
    samples: Path,
    patient: str,
    time: str,
    earlier: str,
    later: str,
    group: str,
    parts: tuple[str, str],
    padj: float,
    fold: float,
    subsamples: int,
    seed: int,
    workers: int,
    drawn: Path | None,
    names: Literal["symbol", "id"],
    strand: Literal["unstranded", "forward", "reverse"],
    out: Path | None,
) -> None:
    """Count the genes that change in two parts of the patients, at equal numbers of patients.

    COUNTS: raw counts, genes in rows, samples in columns; counts of several samples of a patient at one timepoint are
    summed. More patients find more genes, so patients of the larger part are drawn again and again, as many as the
    smaller has, and fitted in the same way (DESeq2's estimates, the patient as a factor). Output: part, patients, found
    (in all of them), at_size, median, low, high (middle 95 % of the draws), difference (first less second at equal
    numbers), p (one-sided: the first finds fewer).

    \b
    Examples:
      her2het rna matched counts.tsv.gz --samples samples.tsv --patient patient --time visit --before pre --after post
        --group het --parts yes no
    """
    import numpy as np
    import pandas as pd

    from her2het.cli.outputs import check_outputs
    from her2het.engine import open_engine
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import write_table
    from her2het.schema import StudyError
    from her2het.stats.matched import FEWEST, Cut, matched_difference, numbers_at_size, paired_fit

    check_outputs((counts, samples), out=out, drawn=drawn)
    matrix, notes = read_matrix_with_notes(counts, unit="counts", names=names, strand=strand)
    table = _samples(samples, (patient, time, group), matrix)
    say(notes)
    for column, asked in ((time, (earlier, later)), (group, parts)):
        _levels(table, column, asked, samples.name)
    part_of = _part_of(table, patient, group, samples.name)
    pairs = {name: _pairs(matrix, table, (patient, time), (earlier, later), part_of == name) for name in parts}
    for name in parts:
        if len(pairs[name][0].columns) < FEWEST:
            raise StudyError(
                f"{samples.name}: {len(pairs[name][0].columns)} patients of {group} {name!r} have counts at {earlier} "
                f"and at {later}, fewer than {FEWEST}. Check the columns."
            )
    say(_left_out(matrix, table, part_of, pairs, (earlier, later)))
    sizes = (len(pairs[parts[0]][0].columns), len(pairs[parts[1]][0].columns))
    cut = Cut(padj, fold)
    found = [int(cut.passed(paired_fit(*pairs[name]).table).sum()) for name in parts]
    larger = parts[int(sizes[1] > sizes[0])]
    draws = 0 if sizes[0] == sizes[1] else subsamples
    numbers = np.empty(0)
    if draws:
        engine = open_engine("processes", workers)
        try:
            numbers = numbers_at_size(*pairs[larger], min(sizes), draws=draws, seed=seed, cut=cut, over=engine.map)
        finally:
            engine.close()
    told = matched_difference((found[0], found[1]), numbers, parts, sizes)
    known = pd.Series(numbers).dropna()
    rows = []
    for name, size, n in zip(parts, sizes, found, strict=True):
        spread = known.quantile([0.5, 0.025, 0.975]).tolist() if name == larger and draws else [float(n)] * 3
        rows.append((name, size, n, min(sizes), *spread, told.value, told.p))
    columns = ["part", "patients", "found", "at_size", "median", "low", "high", "difference", "p"]
    if drawn is not None:
        write_table(pd.DataFrame({"subsample": range(1, draws + 1), "found": numbers}), drawn)
    say([f"{told.contrast}: {told.method}; {told.remark}."])
    write_table(pd.DataFrame(rows, columns=pd.Index(columns)), out)


def _samples(path: Path, columns: tuple[str, ...], matrix: Matrix) -> pd.DataFrame:
    """The columns of the samples that the matrix has, by sample; samples of the matrix that the table lacks go."""
    from her2het.io.text_table import read_text_table
    from her2het.schema import MISSING, StudyError, did_you_mean

    frame = read_text_table(path).frame.apply(lambda column: column.str.strip())
    key = "sample" if "sample" in frame.columns else str(frame.columns[0])
    for name in columns:
        if name not in frame.columns or name == key:
            raise StudyError(
                f"{path.name}: no column {name!r}.{did_you_mean(name, list(frame.columns))} "
                f"It has {', '.join(frame.columns)}."
            )
    repeated = frame[key][frame[key].duplicated()]
    if len(repeated):
        raise StudyError(f"{path.name}: sample {repeated.iloc[0]!r} has more than one row. Keep one.")
    table = frame[frame[key].isin(matrix.columns)].set_index(key)[list(dict.fromkeys(columns))]
    return table.mask(table.apply(lambda column: column.str.lower().isin(MISSING)))


def _levels(table: pd.DataFrame, column: str, asked: tuple[str, str], name: str) -> None:
    from her2het.schema import StudyError, did_you_mean

    present = sorted({str(v) for v in table[column].dropna()})
    for level in asked:
        if level not in present:
            raise StudyError(
                f"{name}: no sample with counts has {column} {level!r}.{did_you_mean(level, present)} "
                f"It takes {', '.join(present[:20]) or 'no value'}."
            )
    if asked[0] == asked[1]:
        raise StudyError(f"{name}: {column} {asked[0]!r} is asked for twice. Name two levels.")


def _left_out(
    matrix: Matrix,
    table: pd.DataFrame,
    part_of: pd.Series,
    pairs: dict[str, tuple[Matrix, Matrix]],
    times: tuple[str, str],
) -> list[str]:
    """Samples without a row, and patients of the two parts without one of the timepoints."""
    told = []
    rowless = len(set(matrix.columns) - set(table.index))
    if rowless:
        told.append(f"{rowless} samples with counts have no row in the table and are left out.")
    alone = int(part_of.isin(list(pairs)).sum()) - sum(len(before.columns) for before, _ in pairs.values())
    if alone:
        told.append(f"{alone} patients lack counts at {times[0]} or {times[1]} and are left out.")
    return told


def _part_of(table: pd.DataFrame, patient: str, group: str, name: str) -> pd.Series:
    """The part of each patient, from the samples for which it is known."""
    from her2het.schema import StudyError

    known = table.dropna(subset=[patient, group]).groupby(patient)[group]
    several = known.nunique()
    if (several > 1).any():
        who = str(several.index[several > 1][0])
        raise StudyError(
            f"{name}: patient {who!r} has {group} {' and '.join(sorted(set(known.get_group(who))))}, a patient belongs "
            "to one part. Give all samples of a patient one value, such as that before treatment."
        )
    return known.first()


def _pairs(
    matrix: Matrix, table: pd.DataFrame, columns: tuple[str, str], times: tuple[str, str], chosen: pd.Series
) -> tuple[Matrix, Matrix]:
    """Counts before and after of the chosen patients that have both, summed over samples of a patient."""
    import numpy as np

    from her2het.schema import Matrix

    patient, time = columns
    at = {name: i for i, name in enumerate(matrix.columns)}
    early, late = ({str(p): rows for p, rows in table[table[time] == t].groupby(patient).groups.items()} for t in times)
    who = tuple(str(p) for p in chosen.index[chosen] if str(p) in early and str(p) in late)

    def of(owned: dict[str, pd.Index]) -> Matrix:
        summed = [matrix.values[:, [at[s] for s in owned[p]]].sum(axis=1) for p in who]
        values = np.stack(summed, axis=1) if summed else np.empty((len(matrix.rows), 0), dtype=np.int64)
        return Matrix(values, matrix.rows, who, "counts")

    return of(early), of(late)
