"""Mutations as a study gives them: flags per patient, and text that names gene and residue per patient or sample."""

import re

import pandas as pd

FLAG = re.compile(r"^(\w+?)_mutated$", re.IGNORECASE)
TEXT = ("mutation", "mutations")
NAMED = re.compile(r"\b([A-Z][A-Z0-9]+)[\s:_]+(?:p\.)?([A-Z][a-z]{0,2}\d+[\w*]*)")


def patient_flags(patients: pd.DataFrame, features: pd.DataFrame | None) -> pd.DataFrame:
    """Whether each gene is mutated, patients x genes; missing where it could not be evaluated.

    From columns `<gene>_mutated` of the patients table or of the patients' rows of the features.
    """
    frames = [patients.set_index("patient") if "patient" in patients.columns else patients]
    if features is not None and "patient" in features.columns:
        frames.append(features.dropna(subset=["patient"]).set_index("patient"))
    found: dict[str, pd.Series] = {}
    for frame in frames:
        for column in frame.columns:
            named = FLAG.match(str(column))
            if named and pd.api.types.is_bool_dtype(frame[column].dtype):
                found.setdefault(named[1].upper(), frame[column].astype("boolean"))
    return pd.DataFrame(found, index=frames[0].index).astype("boolean")


def named_mutations(text: object) -> list[tuple[str, str]]:
    """(gene, residue) of each mutation that a text names: 'PIK3CA H1047R; ERBB2 p.V777L'."""
    return [] if pd.isna(text) else [(m[1], m[2]) for m in NAMED.finditer(str(text))]  # type: ignore[arg-type]


def codon(residue: str) -> str:
    """The residue without what it became: 'H1047' of 'H1047R'."""
    found = re.match(r"[A-Za-z]+\d+", residue)
    return found[0] if found else residue


def texts(features: pd.DataFrame | None, of: str) -> pd.Series:
    """The text on mutations per patient or sample (`of`), where the features have it."""
    if features is None or of not in features.columns:
        return pd.Series(dtype="string")
    column = next((c for c in features.columns if str(c).lower() in TEXT), None)
    if column is None or pd.api.types.is_bool_dtype(features[column].dtype):
        return pd.Series(dtype="string")
    rows = features.dropna(subset=[of, column])
    return rows.drop_duplicates(of).set_index(of)[column].astype("string")
