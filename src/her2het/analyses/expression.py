"""RNA: which libraries are aberrant, and the log expression of those that are not."""

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from her2het.analyses.parts import counted, excluded
from her2het.kernels.outliers import beyond_mad, beyond_sd
from her2het.kernels.pca import pca
from her2het.kernels.tmm import cpm, log_cpm1, log_cpm_edger, tmm_factors
from her2het.plan import analysis
from her2het.reference.tables import gene_annotation
from her2het.results.expression import Expression, SampleQc
from her2het.schema import Design, Matrix, NotApplicable, Note
from her2het.tables import RnaCounts, Samples

Scale = Literal["log2_cpm1", "edger_prior2"]
GeneFilter = Literal["any_count", "cpm_above_1"]
ScaleKnob = Annotated[
    Scale, Field(description="log2(TMM-CPM + 1) as in the trial paper, or edgeR's log-CPM with prior count 2.")
]
FilterKnob = Annotated[
    GeneFilter,
    Field(description="Genes for components and distances: any count, or CPM above 1 in `min_samples` libraries."),
]
COMPONENTS = 5
SAME = 1e-5  # log2 units: smaller differences are lost in rounding


def log_expression(counts: NDArray[Any], scale: Scale) -> tuple[NDArray[np.float64], pd.DataFrame]:
    """Log expression (genes x samples) and the frame of library sizes and TMM factors behind it."""
    factors = tmm_factors(counts)
    table = pd.DataFrame({"lib_size": factors.lib_size, "norm_factor": factors.norm_factor})
    if scale == "edger_prior2":
        return log_cpm_edger(counts, factors.lib_size, factors.norm_factor, prior=2.0), table
    return log_cpm1(counts, factors.effective_lib), table


def kept_genes(counts: NDArray[Any], gene_filter: GeneFilter, min_samples: int) -> NDArray[np.bool_]:
    """Which genes pass: any count, or un-normalised CPM above 1 in at least `min_samples` libraries."""
    if gene_filter == "any_count":
        return np.asarray(counts.any(axis=1))
    return np.asarray((cpm(counts, counts.sum(axis=0).astype(np.float64)) > 1).sum(axis=1) >= min_samples)


@analysis(section="Expression")
def sample_qc(
    rna_counts: RnaCounts,
    samples: Samples,
    design: Design,
    *,
    rule: Annotated[
        Literal["literal", "robust", "none"],
        Field(
            description="Which rule excludes: PC2 beyond mean +- limit SD, median/MAD over five components, or none."
        ),
    ] = "literal",
    limit: Annotated[float, Field(gt=0, description="How many SD (or scaled MAD) away is aberrant.")] = 5.0,
    scale: ScaleKnob = "log2_cpm1",
    gene_filter: FilterKnob = "any_count",
    min_samples: Annotated[int, Field(ge=1, description="Libraries in which a gene must exceed CPM 1.")] = 6,
) -> SampleQc:
    """Which RNA libraries are aberrant?

    Principal components of all libraries (genes centred, not scaled). The trial's rule excludes libraries whose second
    component lies beyond mean +- 5 SD. It masks: several aberrant libraries widen the SD, and below 27 libraries it can
    flag nobody. Beside it stands the largest distance from the median over the first five components in scaled MAD
    (doi:10.1016/j.jesp.2013.03.013). Library size, detected genes, and the shares of protein-coding, other and
    mitochondrial reads are shown for each library (doi:10.1172/JCI176454).
    """
    if len(rna_counts.columns) < 3:
        raise NotApplicable(f"{len(rna_counts.columns)} RNA libraries; components need at least 3")
    counts = rna_counts.values
    log_cpm, factors = log_expression(counts, scale)
    kept = kept_genes(counts, gene_filter, min_samples)
    _need_variation(log_cpm, kept, gene_filter, min_samples)
    found = pca(log_cpm[kept], COMPONENTS)
    scores = np.full((counts.shape[1], COMPONENTS), np.nan)
    scores[:, : found.scores.shape[1]] = found.scores
    literal = beyond_sd(found.scores[:, min(1, found.scores.shape[1] - 1)], limit)
    robust = beyond_mad(found.scores, limit)
    flagged = {"literal": literal.flagged, "robust": robust.flagged}.get(rule, np.zeros(len(scores), bool))
    owner = samples.set_index("sample").reindex(list(rna_counts.columns))
    table = pd.DataFrame(
        {
            "sample": pd.Series(rna_counts.columns, dtype="string"),
            "patient": owner["patient"].to_numpy(),
            "phase": [design.phase(t) for t in owner["timepoint"]],
            "batch": owner["batch"].to_numpy() if "batch" in owner.columns else pd.NA,
            "lib_size": factors["lib_size"],
            "norm_factor": factors["norm_factor"],
            "detected_genes": (counts > 0).sum(axis=0),
        }
    ).astype({"patient": "string", "phase": "string", "batch": "string"})
    table = pd.concat([table, _shares(rna_counts)], axis=1)
    for k in range(COMPONENTS):
        table[f"pc{k + 1}"] = scores[:, k]
    table["literal_z"], table["robust_z"] = literal.distance, robust.distance
    table["literal_flag"], table["robust_flag"] = literal.flagged, robust.flagged
    table["excluded"] = flagged
    words = {"literal": f"PC2 beyond mean ± {limit:g} SD", "robust": f"beyond {limit:g} scaled MAD of the median"}
    reason = words.get(rule, "")
    table["reason"] = pd.Series([reason if f else "" for f in flagged], dtype="string")
    shares = found.share[:COMPONENTS]
    explained = pd.DataFrame({"component": np.arange(1, len(shares) + 1), "share": shares})
    return SampleQc(
        samples=table,
        explained=explained,
        rule=rule,
        limit=limit,
        n_genes=int(kept.sum()),
        excluded=excluded(("RNA library", s, reason, "sample_qc.rule") for s in table["sample"][table["excluded"]]),
        notes=_qc_notes(table, rule),
    )


def _need_variation(
    log_cpm: NDArray[np.float64], kept: NDArray[np.bool_], gene_filter: GeneFilter, min_samples: int
) -> None:
    """:raises NotApplicable: where no gene passes the filter, or libraries do not differ in those that do"""
    if not kept.any():
        rule = f"CPM above 1 in {min_samples} libraries" if gene_filter == "cpm_above_1" else "any count"
        samples = log_cpm.shape[1]
        raise NotApplicable(f"none of {len(kept):,} genes passes the filter ({rule}; there are {samples} libraries)")
    spread = np.ptp(log_cpm[kept], axis=1)
    if not (spread > SAME).any():
        genes = f"{int(kept.sum()):,} gene{'s' * (int(kept.sum()) > 1)}"
        raise NotApplicable(f"all {log_cpm.shape[1]} libraries have the same expression in the {genes} that are kept")


def _shares(counts: Matrix) -> pd.DataFrame:
    """Shares of reads in protein-coding, other known and mitochondrial genes; missing where genes are unknown."""
    annotation = gene_annotation()
    by_symbol = annotation.drop_duplicates("symbol").set_index("symbol")["protein_coding"]
    names = pd.Index(counts.rows)
    coding = by_symbol.reindex(names)
    ids = annotation["protein_coding"].reindex(names.str.replace(r"\.\d+$", "", regex=True))
    coding = coding.where(coding.notna().to_numpy(), ids.to_numpy())
    known = coding.notna().to_numpy()
    total = counts.values.sum(axis=0).astype(float)
    nothing = np.full(len(total), np.nan)
    if known.mean() < 0.5:
        return pd.DataFrame(
            {"protein_coding_share": nothing, "noncoding_share": nothing, "mitochondrial_share": nothing}
        )
    is_coding = coding.astype("boolean").fillna(False).to_numpy(dtype=bool)
    mitochondrial = np.array([name.startswith("MT-") for name in counts.rows])
    return pd.DataFrame(
        {
            "protein_coding_share": counts.values[is_coding].sum(axis=0) / total,
            "noncoding_share": counts.values[known & ~is_coding].sum(axis=0) / total,
            "mitochondrial_share": counts.values[mitochondrial].sum(axis=0) / total if mitochondrial.any() else nothing,
        }
    )


def _qc_notes(table: pd.DataFrame, rule: str) -> tuple[Note, ...]:
    notes: list[Note] = []
    n = len(table)
    if n < 27:
        text = f"Among {n} libraries no one can lie beyond 5 SD; see the robust distance beside it."
        notes.append(Note("caution", "The literal rule cannot flag anybody", text))
    only = table[table["robust_flag"] & ~table["literal_flag"]]["sample"]
    if len(only) and rule == "literal":
        names = ", ".join(only[:5]) + (" …" if len(only) > 5 else "")
        text = f"{len(only)} libraries are far by median/MAD but pass the literal rule: {names}."
        notes.append(Note("caution", "Libraries that the literal rule may mask", text))
    if table["protein_coding_share"].isna().all():
        text = "Most gene identifiers are not among the annotated ones: shares of read types are not shown."
        notes.append(Note("note", "Gene types unknown", text))
    return tuple(notes)


@analysis(section="Expression")
def expression(
    rna_counts: RnaCounts,
    qc: SampleQc,
    *,
    scale: ScaleKnob = "log2_cpm1",
    gene_filter: FilterKnob = "any_count",
    min_samples: Annotated[int, Field(ge=1, description="Libraries in which a gene must exceed CPM 1.")] = 6,
) -> Expression:
    """How are counts brought to a common scale?

    TMM factors (Robinson & Oshlack 2010, doi:10.1186/gb-2010-11-3-r25; numbers as edgeR 3.40.2) of the libraries that
    passed sample_qc, then log2(CPM + 1) with the effective library size, or edgeR's log-CPM with prior count 2. All
    genes are kept in the matrix; the filter marks those that components and distances use.
    """
    passed = qc.samples[~qc.samples["excluded"]]
    if len(passed) < 2:
        raise NotApplicable(f"{len(passed)} of {len(qc.samples)} RNA libraries passed sample_qc; 2 are needed")
    counts = rna_counts.pick(list(passed["sample"]))
    log_cpm, factors = log_expression(counts.values, scale)
    table = passed[["sample", "patient", "phase"]].reset_index(drop=True)
    unit = {"log2_cpm1": "log2_cpm1", "edger_prior2": "log2_cpm_prior2"}[scale]
    kept = kept_genes(counts.values, gene_filter, min_samples)
    _need_variation(log_cpm, kept, gene_filter, min_samples)
    return Expression(
        log_cpm=Matrix(log_cpm, counts.rows, counts.columns, unit),
        factors=pd.concat([table, factors], axis=1),
        genes=pd.DataFrame({"gene": pd.Series(counts.rows, dtype="string"), "kept": kept}),
        scale=scale,
        gene_filter=gene_filter,
        excluded=excluded(
            [("gene", counted(lost, "gene"), f"fail {gene_filter}", "expression.gene_filter")]
            if (lost := int((~kept).sum()))
            else ()
        ),
        notes=(),
    )


def scale_words(unit: str) -> str:
    """The unit of log expression as an axis says it."""
    return {"log2_cpm1": "log₂(CPM + 1)", "log2_cpm_prior2": "log₂ CPM"}.get(unit, unit)
