"""Are these counts, and does the sample table know the samples?"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.schema import Matrix, StudyError, did_you_mean

LARGEST = 2**31 - 1
ROWS = 2048
LARGEST_LOG2_OF_CPM = 25.0


def checked_counts(counts: Matrix) -> NDArray[np.int32]:
    """The values as 32-bit integers, genes x samples.

    :raises StudyError: for another unit, names that repeat, fewer than two samples, no gene, numbers that are negative,
        fractional, missing or above 2^31, samples without counts, and genes that are constant throughout
    """
    counts.need(("counts",), "differential expression")
    for what, names in (("gene", counts.rows), ("sample", counts.columns)):
        if len(set(names)) < len(names):
            seen: set[str] = set()
            twice = next(n for n in names if n in seen or seen.add(n))
            raise StudyError(
                f"counts: {what} {twice!r} stands more than once, {len(names) - len(set(names))} repeated {what}s. "
                f"Keep one, or add them up."
            )
    if len(counts.columns) < 2:
        raise StudyError(f"counts: {len(counts.columns)} sample. A comparison needs at least two, with replicates.")
    if not counts.rows:
        raise StudyError("counts: no gene. Give a matrix with genes in rows.")
    values = np.asarray(counts.values)
    kept = values.dtype == np.int32 and values.flags.c_contiguous
    whole = values.view(np.int32) if kept else np.empty(values.shape, np.int32)
    for start in range(0, len(values), ROWS):
        part = values[start : start + ROWS]
        if part.dtype.kind not in "iub":
            part = part.astype(np.float64, copy=False)
            _check_part(counts, part, start)
        elif part.size and (int(part.min()) < 0 or int(part.max()) > LARGEST):
            _check_part(counts, part.astype(np.float64), start)
        if not kept:
            whole[start : start + ROWS] = part
    empty = np.flatnonzero(~whole.any(axis=0))
    if empty.size:
        more = f" and {empty.size - 1} more" if empty.size > 1 else ""
        raise StudyError(f"counts: sample {counts.columns[int(empty[0])]!r}{more} has no counts. Leave it out.")
    if (whole == whole[:, :1]).all():
        raise StudyError(
            "counts: every gene has the same count in all samples. Check that the right columns were read."
        )
    return whole


def _check_part(counts: Matrix, part: NDArray[np.float64], start: int) -> None:
    for wrong, what, remedy in (
        (~np.isfinite(part), "is not finite", "Fill it in or leave the gene out."),
        (part < 0, "is below 0", "Give raw counts; centred or log values do not serve."),
        (part != np.floor(part), "", "Give the raw counts (estimated counts: rounded)."),
        (part > LARGEST, f"is above {LARGEST}", "Give read counts."),
    ):
        if wrong.any():
            i, j = (int(k) for k in np.argwhere(wrong)[0])
            logs = not what and float(part.max()) < LARGEST_LOG2_OF_CPM
            said = what or "is a fraction" + ("; these look like log values" if logs else "")
            place = f"counts.{counts.rows[start + i]}"
            raise StudyError(f"{place}: sample {counts.columns[j]!r} is {part[i, j]:g}, which {said}. {remedy}")


def matched_samples(counts: Matrix, samples: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table for the samples of the matrix, in its order, indexed by sample.

    The table names samples in a column `sample` or in its index.
    :raises StudyError: for samples that the table lacks or has twice
    """
    named = samples.set_index("sample") if "sample" in samples.columns else samples
    named = named.set_axis(named.index.map(str), axis=0)
    known = set(named.index)
    absent = [name for name in counts.columns if name not in known]
    if absent:
        hint = did_you_mean(absent[0], [str(k) for k in known])
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise StudyError(
            f"samples: the table has no row for sample {absent[0]!r}{more} of the matrix.{hint} "
            "Add the rows, or leave these columns out of the matrix (--only-listed does)."
        )
    picked = named[named.index.isin(counts.columns)]
    repeated = picked.index[picked.index.duplicated()]
    if len(repeated):
        raise StudyError(f"samples: sample {str(repeated[0])!r} has more than one row. Keep one.")
    return picked.loc[list(counts.columns)]
