"""PAM50 on a matrix: subtypes with the guard rails that a HER2-positive-only cohort needs, and risk of relapse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from her2het.kernels.pam50 import nearest_centroid, risk_of_relapse, scale_genes
from her2het.reference.tables import (
    PAM50_SUBTYPES,
    her2_positive_subtypes,
    pam50_aliases,
    pam50_centroids,
    pam50_ror,
)
from her2het.schema import Matrix, Note
from her2het.stats.subtype import (
    Centring,
    Choices,
    Classifier,
    SubtypeCalls,
    call_subtypes,
    call_under,
    expected_percentiles,
    match_genes,
    stability,
)

Cohort = Literal["mixed", "her2-positive"]
AMPLICON = ("ERBB2", "GRB7")
ENOUGH_GENES = 47


@dataclass(frozen=True, eq=False)
class Pam50Result:
    """`calls` is reported; `choices` (samples x choices) and `stability` show how it depends on the centring."""

    calls: SubtypeCalls
    choices: pd.DataFrame
    stability: pd.Series
    notes: tuple[Note, ...]


def pam50_classifier() -> Classifier:
    """PAM50: 50 genes, five centroids, former symbols and Entrez identifiers."""
    table = pam50_centroids()
    return Classifier(
        "PAM50",
        tuple(table.index.astype(str)),
        PAM50_SUBTYPES,
        table[list(PAM50_SUBTYPES)].to_numpy(dtype=np.float64),
        pam50_aliases(),
        dict(zip(table["entrez"].astype(str), table.index.astype(str), strict=True)),
        ENOUGH_GENES,
    )


def pam50(
    matrix: Matrix,
    scaling: Centring | None = None,
    *,
    cohort: Cohort = "mixed",
    reference: Matrix | None = None,
    mix: Mapping[str, float] | None = None,
    percentiles: pd.Series | None = None,
    leave_out: Sequence[str] = (),
) -> Pam50Result:
    """Call PAM50 subtypes and say for each sample how stable its call is over the choices that could be made.

    `scaling`: see `stats.subtype.call_subtypes`; None takes genefu's robust scaling in a mixed cohort, and in a
    HER2-positive-only one the reference where one is given, else subgroup centring. Subgroup centring takes
    `percentiles`, else what `mix` makes expected (default: the published mix of HER2-positive tumours).
    Stability is the share of choices with the reported subtype: none, scale, robust, in a HER2-positive cohort also
    subgroup, and reference where given; each with all genes and without ERBB2 and GRB7.
    :raises StudyError: see `call_subtypes`
    """
    classifier = pam50_classifier()
    if percentiles is None:
        percentiles = expected_percentiles(classifier, mix or her2_positive_subtypes())
    given = Choices(reference, percentiles)
    leading: Centring = scaling or "robust"
    if scaling is None and cohort == "her2-positive":
        leading = "reference" if reference is not None else "subgroup"
    calls = call_subtypes(matrix, classifier, leading, given, leave_out=leave_out)
    centrings: list[Centring] = ["none", "scale", "robust"]
    if cohort == "her2-positive" or leading == "subgroup":
        centrings.append("subgroup")
    if reference is not None:
        centrings.append("reference")
    if leading not in centrings:
        centrings.append(leading)
    choices = call_under(matrix, classifier, given, centrings, ((), AMPLICON))
    notes = [
        *_missing(calls, classifier.without(leave_out)),
        *_uncalled(calls),
        *_cohort_notes(cohort, leading, reference),
    ]
    return Pam50Result(calls, choices, stability(calls.subtype, choices), tuple(notes))


def pam50_risk(matrix: Matrix, tumour_size: pd.Series | None = None) -> pd.DataFrame:
    """Estimate the risk of relapse (ROR-S, -P, -C, -PC) as the authors' program does, on its own median centring.

    `tumour_size`: sample -> 0 (2 cm or less) or 1 (above). Columns: sample, proliferation, then score and group (low,
    med, high) of each model; ROR-C and ROR-PC are missing without a size. It presumes an ER-balanced cohort.
    Parker et al. 2009, doi:10.1200/JCO.2008.18.1370.
    :raises StudyError: for one sample, or genes that do not match
    """
    classifier = pam50_classifier()
    checked = call_subtypes(matrix, classifier, "median")
    found = match_genes(matrix, classifier)
    scaled = scale_genes(found.values, "median")
    rows = [classifier.genes.index(gene) for gene in found.rows]
    correlations = nearest_centroid(scaled, classifier.centroids[rows]).correlations
    of_score = pam50_centroids()["proliferation"].reindex(list(found.rows)).to_numpy(dtype=bool)
    proliferation = pd.DataFrame(scaled[of_score]).mean(axis=0).to_numpy(dtype=np.float64)
    size = np.full(len(found.columns), np.nan)
    if tumour_size is not None:
        size = tumour_size.reindex(list(found.columns)).to_numpy(dtype=np.float64)
    table: dict[str, object] = {"proliferation": proliferation}
    for model in pam50_ror():
        risk = risk_of_relapse(
            correlations,
            np.array(model.correlation),
            tumour_size=None if model.tumour_size is None else (model.tumour_size, size),
            proliferation=None if model.proliferation is None else (model.proliferation, proliferation),
        )
        group = np.where(risk < model.low_below, "low", np.where(risk > model.high_above, "high", "med")).astype(object)
        group[np.isnan(risk)] = None
        table[model.name] = 100 * (risk + model.offset) / model.span
        table[f"{model.name} group"] = pd.array(group, dtype="string")
    return pd.DataFrame(table, index=checked.subtype.index).reset_index()


def _missing(calls: SubtypeCalls, classifier: Classifier) -> list[Note]:
    found = len(calls.genes)
    if found >= classifier.enough - len(calls.left_out):
        return []
    text = f"{found} of {len(classifier.genes)} genes found; missing are {', '.join(calls.absent)}."
    return [Note("caution", f"PAM50 with fewer than {ENOUGH_GENES} genes", text)]


def _uncalled(calls: SubtypeCalls) -> list[Note]:
    lost = [str(sample) for sample in calls.subtype.index[calls.subtype.isna()]]
    if not lost:
        return []
    more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    text = f"{', '.join(lost[:5])}{more}: fewer than 4 of the genes have a value, or all have the same one."
    return [Note("caution", "Samples without a call", text)]


def _cohort_notes(cohort: Cohort, leading: Centring, reference: Matrix | None) -> list[Note]:
    if leading in ("scale", "robust", "median"):
        remedy = "Give a reference cohort, or use subgroup centring." if reference is None else "Use the reference."
        title = f"{leading} scaling centres each gene on this cohort"
        said = "In a HER2-positive-only cohort this turns Her2 tumours into Basal and luminal ones."
        return [Note("caution" if cohort == "her2-positive" else "note", title, f"{said} {remedy}")]
    if leading == "subgroup":
        text = "Calls presume a composition like the one assumed; a cohort of one subtype alone needs a reference."
        return [Note("note", "Subgroup centring rests on an assumed mix of subtypes", text)]
    return []


def pam50_table(result: Pam50Result) -> pd.DataFrame:
    """One row per sample: sample, subtype, probabilities (Basal …), correlations (cor_Basal …), stability."""
    correlations = result.calls.correlations.add_prefix("cor_")
    parts = [result.calls.subtype, result.calls.probabilities, correlations, result.stability]
    return pd.concat(parts, axis=1).rename_axis(index="sample").reset_index()
