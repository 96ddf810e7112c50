"""Does a finding depend on how two biopsies of a tumour are combined?"""

from typing import get_args

import pandas as pd

from her2het.stats.estimate import Estimate
from her2het.stats.rank_tests import rank_sum
from her2het.stats.units import Combine, PerSample


def by_combination(
    samples: PerSample,
    patient_of: pd.Series,
    groups: pd.Series,
    treated: str,
    control: str,
    *,
    ways: tuple[Combine, ...] = get_args(Combine),
    level: float = 0.95,
) -> tuple[Estimate, ...]:
    """The rank-sum comparison of two groups of patients, once for each way to combine a patient's samples.

    `samples` of one timepoint; `patient_of` maps sample to patient, `groups` patient to label. The contrast names the
    way. The ways are not independent tests: they show how far one finding moves, and carry no q of their own.

    :raises TypeError: where samples are not per sample
    :raises ValueError: where a sample belongs to no patient, or a patient has two groups
    """
    if not isinstance(_given(samples), PerSample):
        raise TypeError(f"samples to combine are needed, not {type(samples).__name__}")
    return tuple(
        rank_sum(
            samples.per_patient(patient_of, way),
            groups,
            treated,
            control,
            level=level,
            contrast=f"{treated} − {control}, {way} of a patient's samples",
        )
        for way in ways
    )


def _given(samples: object) -> object:
    return samples
