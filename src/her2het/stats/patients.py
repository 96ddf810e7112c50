"""The door of every test about patients: values per patient, split by their group."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.stats.units import PerPatient


def need_patients(values: object) -> PerPatient:
    """The same object, if it holds one value per patient.

    :raises TypeError: for values per sample, region or cell, a series or an array
    :raises ValueError: where a value is infinite
    """
    if not isinstance(values, PerPatient):
        raise TypeError(
            f"a claim about patients needs PerPatient, not {type(values).__name__}: "
            "combine a patient's samples first (PerSample.per_patient)"
        )
    if np.isinf(values.array()).any():
        raise ValueError(f"{values.quantity}: a value is infinite")
    return values


def split(values: object, groups: pd.Series, labels: tuple[str, ...]) -> list[NDArray[np.float64]]:
    """The known values of the patients of each group, in the order of `labels`.

    Patients without a value or without a group are left out.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient stands in `groups` twice, or a label is asked for twice
    """
    known = need_patients(values).known()
    if not groups.index.is_unique:
        raise ValueError(f"groups: patient {groups.index[groups.index.duplicated()][0]!r} has two groups")
    if len(set(labels)) < len(labels):
        raise ValueError(f"groups: a label repeats in {', '.join(labels)}")
    label = groups.reindex(known.index).astype(object)
    return [known[(label == name).to_numpy(dtype=bool, na_value=False)].to_numpy(dtype=np.float64) for name in labels]


def pairs(first: object, second: object) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values of the patients that have both, in one order."""
    one, two = need_patients(first).known(), need_patients(second).known()
    shared = one.index[one.index.isin(two.index)]
    return one.reindex(shared).to_numpy(dtype=np.float64), two.reindex(shared).to_numpy(dtype=np.float64)
