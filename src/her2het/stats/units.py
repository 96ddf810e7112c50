"""The unit of inference as a type: a value per cell, region, sample or patient.

Tests that claim something about patients accept only `PerPatient`. The one way from samples to patients is an explicit
aggregation (`PerSample.per_patient`), so that treating two biopsies of one tumour as two patients is a type error.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Combine = Literal["mean", "median", "max", "min", "first"]


@dataclass(frozen=True, eq=False)
class PerUnit:
    """Values by unit: a numeric or boolean series with a unique index of names, and the unit of its numbers.

    :raises ValueError: where a name repeats or is missing
    """

    values: pd.Series
    quantity: str  # what is measured, as a figure's axis would say it
    unit: str = ""
    of: ClassVar[str] = "unit"

    def __post_init__(self) -> None:
        index = self.values.index
        if index.hasnans or not index.is_unique:
            raise ValueError(f"{self.quantity}: one value per {self.of} is needed; a {self.of} repeats or has no name")

    @property
    def n(self) -> int:
        """How many units have a value."""
        return int(self.values.notna().sum())

    def known(self) -> pd.Series:
        """The values that are not missing, as floats."""
        return self.values.dropna().astype("float64")

    def array(self) -> NDArray[np.float64]:
        """`known()` as an array."""
        return self.known().to_numpy(dtype=np.float64)

    def pick(self, names: "pd.Index | pd.Series | list[str]") -> Self:
        """The same quantity for these units, in their order; units that are not there are left out."""
        wanted = pd.Index(names)
        return type(self)(self.values.reindex(wanted[wanted.isin(self.values.index)]), self.quantity, self.unit)


@dataclass(frozen=True, eq=False)
class PerCell(PerUnit):
    """One value per cell or nucleus."""

    of: ClassVar[str] = "cell"


@dataclass(frozen=True, eq=False)
class PerRoi(PerUnit):
    """One value per region of interest."""

    of: ClassVar[str] = "region"


@dataclass(frozen=True, eq=False)
class PerPatient(PerUnit):
    """One value per patient."""

    of: ClassVar[str] = "patient"


@dataclass(frozen=True, eq=False)
class PerSample(PerUnit):
    """One value per sample (a biopsy or a residual tumour)."""

    of: ClassVar[str] = "sample"

    def per_patient(self, patient_of: pd.Series, how: Combine = "mean") -> PerPatient:
        """Combine a patient's samples; `patient_of` maps sample to patient. Samples without a value are left out.

        The mean of a patient's biopsies of one timepoint is what the trial's paper uses: pass the samples of one
        timepoint only (`pick`).

        :raises ValueError: where a sample belongs to no patient
        """
        known = self.known()
        owner = patient_of.reindex(known.index)
        if owner.isna().any():
            raise ValueError(
                f"{self.quantity}: sample {known.index[owner.isna().to_numpy()][0]!r} belongs to no patient"
            )
        table = pd.DataFrame({"patient": owner.to_numpy(), "value": known.to_numpy()})
        values = table.groupby("patient", sort=True)["value"].agg(how).astype("float64")
        return PerPatient(values, self.quantity, self.unit)
