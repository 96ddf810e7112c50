"""Small things that several analyses need: what was excluded, group labels by patient, values by patient."""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from her2het.reference.tables import gene_annotation
from her2het.results.cohort import GroupAssignment
from her2het.schema import Matrix
from her2het.stats.estimate import Estimate
from her2het.stats.rank_tests import rank_sum
from her2het.stats.several import kruskal_wallis
from her2het.stats.units import PerPatient, PerSample

EXCLUDED = ("what", "id", "reason", "decided_by")


def excluded(rows: Iterable[tuple[str, str, str, str]] = ()) -> pd.DataFrame:
    """A frame of what was left out: what it is, which one, why, and which rule or knob decided."""
    return pd.DataFrame(list(rows), columns=pd.Index(EXCLUDED)).astype("string")


def counted(n: int, word: str) -> str:
    """'1 gene', '15,206 genes'."""
    return f"{n:,} {word}{'s' * (n != 1)}"


def group_of(groups: GroupAssignment) -> pd.Series:
    """Patient -> group, without those that have none."""
    known = groups.patients.dropna(subset=["group"])
    return known.set_index("patient")["group"]


def samples_at(groups: GroupAssignment, phase: str, available: Iterable[str]) -> pd.DataFrame:
    """The samples of a phase that an assay has, in the order of the samples table."""
    wanted = set(available)
    table = groups.samples
    return table[(table["phase"] == phase) & table["sample"].isin(wanted)].reset_index(drop=True)


def gene_by_patient(log_cpm: Matrix, gene: str, samples: pd.DataFrame, unit: str) -> PerPatient:
    """Expression of one gene as the mean over a patient's samples in `samples`."""
    per_sample = PerSample(log_cpm.row(gene), f"{gene} mRNA", unit).pick(samples["sample"])
    return per_sample.per_patient(samples.set_index("sample")["patient"])


def pairs_of_groups(labels: tuple[str, ...], control: str) -> list[tuple[str, str]]:
    """Comparisons in a fixed order: each group against the control, then the others among themselves."""
    others = [label for label in labels if label != control]
    against = [(label, control) for label in others] if control in labels else []
    among = [(b, a) for i, a in enumerate(others) for b in others[i + 1 :]]
    return against + among


def find_gene(rows: tuple[str, ...], symbol: str) -> str | None:
    """The row of a gene, by its symbol or, where rows are Ensembl identifiers, by one of them."""
    if symbol in rows:
        return symbol
    annotation = gene_annotation()
    ids = set(annotation.index[annotation["symbol"] == symbol])
    return next((row for row in rows if row.split(".")[0] in ids), None)


def patient_frame(values: PerPatient, label: pd.Series, name: str, column: str) -> pd.DataFrame:
    """One row per patient with a value: what it is (`column`), patient, group (missing where none), value."""
    known = values.known()
    frame = pd.DataFrame(
        {
            column: name,
            "patient": known.index.astype("string"),
            "group": label.reindex(known.index).to_numpy(),
            "value": known.to_numpy(),
        }
    )
    return frame.astype({column: "string", "group": "string"})


def compare_pairs(values: PerPatient, label: pd.Series, groups: GroupAssignment, quantity: str) -> list[Estimate]:
    """Rank-sum tests of each pair of groups that both have patients with a value."""
    have = set(label.reindex(values.known().index).dropna())
    return [
        replace(rank_sum(values, label, a, b), quantity=quantity, groups=(a, b))
        for a, b in pairs_of_groups(groups.labels, groups.control)
        if {a, b} <= have
    ]


def compare_groups(values: PerPatient, label: pd.Series, labels: tuple[str, ...], contrast: str) -> list[Estimate]:
    """One test over all classes that have patients: rank-sum for two, Kruskal-Wallis beyond; none for fewer."""
    here = label.reindex(values.known().index)
    present = tuple(name for name in labels if (here == name).sum() > 0)
    if len(present) < 2:
        return []
    if len(present) == 2:
        estimate = rank_sum(values, label, present[1], present[0], contrast=contrast)
        present = present[::-1]  # treated first
    else:
        estimate = kruskal_wallis(values, label, present, contrast=contrast)
    return [replace(estimate, quantity=values.quantity, groups=present)]


def of_het_nuclei(estimates: Iterable[Estimate], groups: GroupAssignment) -> tuple[Estimate, ...]:
    """The same comparisons, those true by definition marked: of what is counted in the nuclei that HET is called from,
    between a group of HET tumours alone and one that has others."""
    known = groups.patients.dropna(subset=["group", "het"])
    only = {str(name) for name, flags in known.groupby("group")["het"] if flags.astype(bool).all()} | {"HET"}
    return tuple(replace(e, by_definition=len(only.intersection(e.groups)) == 1) for e in estimates)
