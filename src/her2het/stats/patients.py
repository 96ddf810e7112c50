"""The door of every test about patients: values per patient, split by their group."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.stats.units import PerPatient


def need_patients(values: object) -> PerPatient:
    """The same object, if it holds one value per patient.

    :raises TypeError: for values per sample, region or cell, a series or an array
    """
    if not isinstance(values, PerPatient):
        raise TypeError(
            f"a claim about patients needs PerPatient, not {type(values).__name__}: "
            "combine a patient's samples first (PerSample.per_patient)"
        )
    return values


def numbers(values: object) -> pd.Series:
    """The known values per patient.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a value is infinite
    """
    of = need_patients(values)
    known = of.known()
    if np.isinf(known.to_numpy()).any():
        raise ValueError(f"{of.quantity}: a value is infinite")
    return known


def label_of(groups: pd.Series, patients: pd.Index) -> pd.Series:
    """The group of each of these patients, as plain objects; missing where there is none.

    :raises ValueError: where a patient stands in `groups` twice
    """
    if not groups.index.is_unique:
        raise ValueError(f"groups: patient {groups.index[groups.index.duplicated()][0]!r} has two groups")
    return groups.reindex(patients).astype(object)


def members(label: pd.Series, names: tuple[str, ...]) -> list[NDArray[np.bool_]]:
    """For each name the mask of its patients.

    :raises ValueError: where a name is asked for twice
    """
    if len(set(names)) < len(names):
        raise ValueError(f"groups: a label repeats in {', '.join(names)}")
    return [(label == name).to_numpy(dtype=bool, na_value=False) for name in names]


def split(values: object, groups: pd.Series, labels: tuple[str, ...]) -> list[NDArray[np.float64]]:
    """The known values of the patients of each group, in the order of `labels`.

    Patients without a value or without a group are left out.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient stands in `groups` twice, or a label is asked for twice
    """
    known = numbers(values)
    masks = members(label_of(groups, known.index), labels)
    return [known[mask].to_numpy(dtype=np.float64) for mask in masks]


def pairs(first: object, second: object) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values of the patients that have both, in one order."""
    one, two = numbers(first), numbers(second)
    shared = one.index[one.index.isin(two.index)]
    return one.reindex(shared).to_numpy(dtype=np.float64), two.reindex(shared).to_numpy(dtype=np.float64)
