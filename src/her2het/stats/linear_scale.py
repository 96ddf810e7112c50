"""Expression taken back from logarithms where a method needs linear values."""

import numpy as np
from numpy.typing import NDArray

from her2het.schema import Matrix, Note, StudyError


def linear_values(matrix: Matrix, who: str) -> tuple[NDArray[np.float64], list[Note]]:
    """The values without logarithm, and a note where one was undone: 2^x, and 2^x - 1 for `log2_cpm1`.

    :raises StudyError: for values that are not finite, or negative ones that are no logarithms
    """
    values = np.asarray(matrix.values, dtype=np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        gene, sample = matrix.rows[int(bad[0, 0])], matrix.columns[int(bad[0, 1])]
        raise StudyError(f"{who}: {gene} in {sample} is missing or infinite. Fill it in or leave the gene out.")
    if matrix.unit.startswith("log2"):
        one = 1.0 if matrix.unit == "log2_cpm1" else 0.0
        text = f"The values are log2 ({matrix.unit}) and were taken back to linear ones; the method needs these."
        return np.maximum(np.exp2(values) - one, 0.0), [Note("note", "Logarithms were undone", text)]
    below = np.argwhere(values < 0)
    if len(below):
        gene, sample = matrix.rows[int(below[0, 0])], matrix.columns[int(below[0, 1])]
        value = values[below[0, 0], below[0, 1]]
        raise StudyError(f"{who}: {gene} in {sample} is {value:g}, below 0. Give linear values, not centred ones.")
    return values, []
