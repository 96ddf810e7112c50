"""What was measured of each patient before treatment, from all tables and results of the study, as one list."""

from dataclasses import dataclass

import pandas as pd

from her2het.analyses.expression import scale_words
from her2het.analyses.parts import find_gene, gene_by_patient, samples_at
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.fish import FishHeterogeneity
from her2het.results.scores import ScoreStudy
from her2het.stats.units import PerPatient, PerSample
from her2het.tables import PATIENTS

CLINIC = ("age", "er", "pr", "hr", "nodes")
FISH = {
    "fraction": ("Amplified fraction", ""),
    "ratio": ("ERBB2/CEP17 ratio", ""),
    "copies": ("ERBB2 copies", "per nucleus"),
    "equitability": ("Equitability", ""),
}
WORDS = {"age": "Age", "er": "ER positive", "pr": "PR positive", "hr": "HR positive", "nodes": "Nodes involved"}
SCORES = ("0", "1+", "2+", "3+")
NUMBER, FLAG = "number", "flag"


@dataclass(frozen=True, eq=False)
class Measured:
    """One measurement before treatment: where it comes from, number or flag, and a value per patient."""

    source: str
    kind: str
    values: PerPatient

    @property
    def name(self) -> str:
        """What is measured."""
        return self.values.quantity


Lost = tuple[str, str, str, str]


def clinic(patients: pd.DataFrame, also: tuple[str, ...] = ()) -> tuple[list[Measured], list[Lost]]:
    """Clinical variables known before treatment, and further columns of the patients table that the user names."""
    table = patients.set_index("patient")
    found: list[Measured] = []
    lost: list[Lost] = []
    for name in dict.fromkeys((*CLINIC, *also)):
        if name not in table.columns or not table[name].notna().any():
            if name in also:
                lost.append(("measurement", name, "no such column of patients, or no value", "also"))
            continue
        unit = PATIENTS.columns[name].unit if name in PATIENTS.columns else ""
        one = _typed("clinic", table[name], WORDS.get(name, name), unit)
        if one is None:
            lost.append(("measurement", name, "neither a number nor yes or no", "patients"))
        else:
            found.append(one)
    return found, lost


def staining(groups: GroupAssignment, ihc: pd.DataFrame) -> list[Measured]:
    """HER2 score (0 to 3) and hormone receptors by IHC, mean of a patient's baseline samples."""
    stained = samples_at(groups, "baseline", ihc["sample"])
    found: list[Measured] = []
    for column, name, unit in (
        ("score", "HER2 IHC score", ""),
        ("er_percent", "ER staining", "%"),
        ("pr_percent", "PR staining", "%"),
    ):
        if column not in ihc.columns or not ihc[column].notna().any():
            continue
        values = ihc[column]
        if column == "score":
            values = values.astype("string").map({s: i for i, s in enumerate(SCORES)})
        by_sample = pd.Series(values.astype("float64").to_numpy(), index=pd.Index(ihc["sample"]))
        found.append(Measured("IHC", NUMBER, _per_patient(by_sample, stained, name, unit)))
    return found


def fish_measures(fish: FishHeterogeneity) -> list[Measured]:
    """Amplified fraction, ratio, copies and equitability of a patient's pooled baseline nuclei."""
    table = fish.patients[fish.patients["phase"] == "baseline"].set_index("patient")
    return [
        Measured("FISH", NUMBER, PerPatient(table[column].astype("float64"), name, unit))
        for column, (name, unit) in FISH.items()
    ]


def heterogeneous(groups: GroupAssignment) -> list[Measured]:
    """HET at baseline, as the groups have it."""
    het = groups.patients.set_index("patient")["het"].astype("boolean")
    return [Measured("FISH", FLAG, PerPatient(het.astype("Float64").astype("float64"), "HET"))]


def genes(
    expression: Expression, groups: GroupAssignment, symbols: tuple[str, ...]
) -> tuple[list[Measured], list[Lost]]:
    """Expression of single genes, mean of a patient's baseline samples."""
    samples = samples_at(groups, "baseline", expression.log_cpm.columns)
    unit = scale_words(expression.log_cpm.unit)
    found: list[Measured] = []
    lost: list[Lost] = []
    for symbol in symbols:
        row = find_gene(expression.log_cpm.rows, symbol)
        if row is None:
            lost.append(("measurement", f"{symbol} mRNA", "not among the genes", "genes"))
            continue
        values = gene_by_patient(expression.log_cpm, row, samples, unit).values
        found.append(Measured("RNA", NUMBER, PerPatient(values, f"{symbol} mRNA", unit)))
    return found, lost


def scores(study: ScoreStudy, prefix: str = "", source: str = "RNA") -> list[Measured]:
    """Scores of an analysis of scores: the mean of a patient's baseline samples."""
    return [
        Measured(source, NUMBER, PerPatient(rows.set_index("patient")["value"], f"{prefix}{name}", study.unit))
        for name, rows in study.values.groupby("score", sort=False)
    ]


def own_features(groups: GroupAssignment, features: pd.DataFrame) -> tuple[list[Measured], list[Lost]]:
    """The study's own numbers and flags: of samples (mean of a patient's baseline samples) or of patients."""
    found: list[Measured] = []
    lost: list[Lost] = []
    by_sample = features.dropna(subset=["sample"]) if "sample" in features.columns else features.iloc[:0]
    by_patient = features.dropna(subset=["patient"]) if "patient" in features.columns else features.iloc[:0]
    baseline = samples_at(groups, "baseline", by_sample["sample"] if len(by_sample) else [])
    for name in features.columns.drop(["sample", "patient"], errors="ignore"):
        if len(by_sample) and by_sample[name].notna().any():
            one = _typed("study", by_sample.set_index("sample")[name], str(name))
            if one is not None:
                values = _per_patient(one.values.values, baseline, str(name), "")
                one = Measured("study", one.kind, values) if values.n else None
                if one is None:
                    lost.append(("measurement", str(name), "no value before treatment", "features"))
                    continue
        else:
            rows = by_patient[~by_patient["sample"].notna()] if "sample" in by_patient.columns else by_patient
            one = _typed("study", rows.set_index("patient")[name], str(name)) if rows[name].notna().any() else None
        if one is None:
            lost.append(("measurement", str(name), "neither a number nor yes or no", "features"))
        else:
            found.append(one)
    return found, lost


def _typed(source: str, values: pd.Series, name: str, unit: str = "") -> Measured | None:
    """A flag as 0 and 1, a number as it is, nothing for words."""
    if pd.api.types.is_bool_dtype(values.dtype):
        numbers = values.astype("boolean").astype("Float64").astype("float64")
        return Measured(source, FLAG, PerPatient(numbers, name))
    if pd.api.types.is_numeric_dtype(values.dtype):
        return Measured(source, NUMBER, PerPatient(values.astype("Float64").astype("float64"), name, unit))
    return None


def _per_patient(values: pd.Series, samples: pd.DataFrame, name: str, unit: str) -> PerPatient:
    owner = samples.set_index("sample")["patient"]
    return PerSample(values, name, unit).pick(samples["sample"]).per_patient(owner)
