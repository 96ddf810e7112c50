"""Is this matrix counts, or logarithms, as a method needs it?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2het.io.raw_matrix import counted
from her2het.schema import Matrix, StudyError

LARGEST_COUNT = 2**31 - 1  # what the fits of counts take; more than any library has of one gene
LARGEST_LOG2 = 30.0  # 2^30 is more reads than a library has
LARGEST_LOG2_OF_CPM = 25.0
WHOLE_IS_COUNTS = 1000  # this many cells without one fraction are not logarithms


def check_counts(matrix: Matrix, place: str = "matrix") -> None:
    """Raw counts: whole, 0 to 2^31 - 1, every sample with at least one. :raises StudyError: with what they look like"""
    values: NDArray[Any] = np.asarray(matrix.values)
    if not values.size:
        raise StudyError(
            f"{place}: {len(matrix.rows)} genes x {len(matrix.columns)} samples. Give at least one of each."
        )
    if values.dtype.kind == "f":
        _check_whole(matrix, values, place)
    elif (values < 0).any():
        raise StudyError(_negative(matrix, values, place))
    if values.max() > LARGEST_COUNT:
        i, j = np.argwhere(values > LARGEST_COUNT)[0]
        raise StudyError(f"{place}: {_cell(matrix, values, i, j)}, above {LARGEST_COUNT}. Give read counts.")
    empty = np.flatnonzero(~values.any(axis=0))
    if empty.size:
        raise StudyError(
            f"{place}: sample {matrix.columns[int(empty[0])]!r} has no counts, {counted(len(empty), 'such sample')}. "
            "Remove it."
        )


def check_log(matrix: Matrix, place: str = "matrix", *, gaps: bool = False) -> None:
    """Logarithms (base 2): not raw counts, no value above 30; missing values where `gaps` are allowed.

    :raises StudyError: where they look like counts
    """
    values: NDArray[Any] = np.asarray(matrix.values)
    if gaps and values.dtype.kind == "f":
        values = np.where(np.isnan(values), 0.0, values)
    if not values.size:
        raise StudyError(
            f"{place}: {len(matrix.rows)} genes x {len(matrix.columns)} samples. Give at least one of each."
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        i, j = np.argwhere(~np.isfinite(values))[0]
        raise StudyError(
            f"{place}: {_cell(matrix, values, i, j)}, which is not finite. Add 1 before taking logarithms."
        )
    top = np.unravel_index(int(np.argmax(values)), values.shape)
    whole = values.dtype.kind in "iu" or bool((values == np.floor(values)).all())
    if values[top] > LARGEST_LOG2 or (whole and values.size >= WHOLE_IS_COUNTS and values.min() >= 0):
        what = "raw counts" if whole and values.min() >= 0 else "no logarithms"
        raise StudyError(
            f"{place}: the values are {what} ({_cell(matrix, values, *top)}; log2 values stay below {LARGEST_LOG2:g}). "
            "Give log2 expression, as `her2het rna tmm --log-cpm` makes it from counts."
        )


def _check_whole(matrix: Matrix, values: NDArray[Any], place: str) -> None:
    if not np.isfinite(values).all():
        i, j = np.argwhere(~np.isfinite(values))[0]
        raise StudyError(f"{place}: {_cell(matrix, values, i, j)}, which is not finite. Correct it.")
    fractional = values != np.floor(values)
    if fractional.any():
        i, j = np.argwhere(fractional)[0]
        cell, total = _cell(matrix, values, i, j), values.sum(axis=0)
        if values.max() < LARGEST_LOG2_OF_CPM:
            looks = f"the largest is {values.max():g}: these look like log values"
        elif values.min() < 0:
            looks = f"the smallest is {values.min():g}: these look like centred or log values"
        elif np.allclose(total, 1e6, rtol=1e-3):
            looks = "every sample sums to a million: these look like TPM or CPM"
        else:
            looks = "counts are whole numbers"
        raise StudyError(f"{place}: {cell}, a fraction; {looks}. Give the raw counts.")
    if (values < 0).any():
        raise StudyError(_negative(matrix, values, place))


def _negative(matrix: Matrix, values: NDArray[Any], place: str) -> str:
    i, j = np.argwhere(values < 0)[0]
    number = counted(int((values < 0).sum()), "such cell")
    return f"{place}: {_cell(matrix, values, i, j)}, below 0, {number}. Give the raw counts."


def _cell(matrix: Matrix, values: NDArray[Any], i: np.intp, j: np.intp) -> str:
    return f"gene {matrix.rows[int(i)]!r}, sample {matrix.columns[int(j)]!r} is {float(values[i, j]):.10g}"
