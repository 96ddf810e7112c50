"""PAM50 subtypes, ESTIMATE's immune and stromal scores, and cell fractions."""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded, samples_at
from her2het.analyses.scores import score_study
from her2het.analyses.subtype_counts import agreement, count_table, count_tests, shift_tests
from her2het.plan import analysis
from her2het.reference.tables import pam50_centroids
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.scores import CellFractions, ImmuneScores, Subtypes
from her2het.schema import Matrix, NotApplicable, Note, StudyError
from her2het.stats.deconvolution import deconvolve
from her2het.stats.pam50 import Pam50Result, pam50
from her2het.stats.stromal_immune import estimate
from her2het.tables import Patients, RnaCounts, Signature

Cohort = Literal["mixed", "her2-positive"]


@analysis(section="Before treatment")
def subtypes(
    expression: Expression,
    groups: GroupAssignment,
    patients: Patients,
    *,
    cohort: Annotated[
        Cohort,
        Field(description="A HER2-positive-only cohort needs centring that does not take its own mean for normal."),
    ] = "her2-positive",
) -> Subtypes:
    """Which intrinsic subtypes are the tumours, how sure is that, and does it differ between groups or change?

    PAM50 (doi:10.1200/JCO.2008.18.1370): Spearman correlation with five centroids; probabilities are the positive
    correlations as shares, not calibrated. In a HER2-positive-only cohort, centring genes on the cohort takes the
    common HER2 signal away and calls many Her2 tumours basal-like; the leading call therefore centres on what the
    published subtype mix of such cohorts makes expected, and genefu's robust scaling (the paper's) is shown beside it.
    Stability is the share of choices (scalings, with and without ERBB2 and GRB7) that give the same call. Tests of
    probabilities as for every score: rank-sum between groups, also within and stratified by receptor class (van
    Elteren), Spearman with RCB, signed-rank before against after. Of calls (a patient's is that of most baseline
    samples): Fisher's test over groups, also within receptor classes and stratified (Cochran-Mantel-Haenszel); shares
    of each subtype against the control (Newcombe); before against after, Bowker's test of symmetry and the share of
    each subtype (McNemar). Benjamini-Hochberg within each question. Before against after sets the mean (or the
    majority) of several baseline samples against one: a difference of means is not biased by that, and without effects
    these tests reject as often as they say; but a call of two samples is steadier than one of a single sample.
    """
    genes = [g for g in pam50_centroids().index.astype(str) if g in expression.log_cpm.rows]
    if len(genes) < 25 or len(expression.log_cpm.columns) < 5:
        rows, samples = expression.log_cpm.rows, len(expression.log_cpm.columns)
        raise NotApplicable(
            f"{len(genes)} of 50 PAM50 genes are among the {len(rows):,} rows (such as {rows[0]!r}) of {samples} "
            "samples; 25 genes and 5 samples are needed"
        )
    at = {name: i for i, name in enumerate(expression.log_cpm.rows)}
    matrix = Matrix(
        expression.log_cpm.values[[at[g] for g in genes]],
        tuple(genes),
        expression.log_cpm.columns,
        expression.log_cpm.unit,
    )
    varies = np.ptp(matrix.values, axis=1) > 0
    try:
        found = pam50(matrix.keep_rows(varies), cohort=cohort)
        robust = pam50(matrix.keep_rows(varies), "robust", cohort=cohort)
    except StudyError as e:
        raise NotApplicable(str(e)) from None
    frame = found.calls.probabilities.astype("float64")
    common = score_study(frame, groups, patients, "probability", "PAM50")
    calls = _calls(found, robust, groups)
    before, shift = _majority(calls, groups, "baseline"), _shift(calls, groups)
    lost = [
        ("gene", g, "not among the genes", "subtypes") for g in pam50_centroids().index.astype(str) if g not in genes
    ]
    return Subtypes(
        **common,
        calls=calls,
        counts=count_table(before, groups, patients),
        shift=shift,
        agreement=agreement(calls),
        count_tests=count_tests(before, groups, patients),
        shift_tests=shift_tests(shift),
        centring=str(found.calls.centring),
        excluded=excluded(lost),
        notes=(*found.notes, _agreement(calls)),
    )


def _calls(found: Pam50Result, robust: Pam50Result, groups: GroupAssignment) -> pd.DataFrame:
    frame = pd.DataFrame({"subtype": found.calls.subtype, "stability": found.stability, "robust": robust.calls.subtype})
    frame["single_sample"] = _choice(found, "none")
    about = groups.samples.set_index("sample")[["patient", "phase"]]
    frame = frame.rename_axis("sample").reset_index().join(about, on="sample")
    text = ["sample", "patient", "phase", "subtype", "robust", "single_sample"]
    return frame[["sample", "patient", "phase", "subtype", "stability", "robust", "single_sample"]].astype(
        dict.fromkeys(text, "string")
    )


def _choice(found: Pam50Result, word: str) -> pd.Series:
    """The calls under the first choice whose name begins with a word (none: no scaling)."""
    names = [c for c in found.choices.columns if str(c).startswith(word)]
    return found.choices[names[0]] if names else pd.Series(pd.NA, index=found.choices.index)


def _majority(calls: pd.DataFrame, groups: GroupAssignment, phase: str) -> pd.Series:
    """One call per patient: the most frequent of the phase's samples, the more stable one where two are as frequent."""
    rows = calls[calls["sample"].isin(samples_at(groups, phase, calls["sample"])["sample"])]
    scored = rows.groupby(["patient", "subtype"])["stability"].agg(["size", "sum"]).reset_index()
    best = scored.sort_values(["size", "sum", "subtype"], ascending=[False, False, True]).drop_duplicates("patient")
    return best.set_index("patient")["subtype"].sort_index()


def _shift(calls: pd.DataFrame, groups: GroupAssignment) -> pd.DataFrame:
    before, after = (_majority(calls, groups, phase) for phase in ("baseline", "followup"))
    both = before.index.intersection(after.index)
    het = (
        groups.patients.set_index("patient")["het"].astype("boolean").reindex(both).map({True: "HET", False: "non-HET"})
    )
    frame = pd.DataFrame({"patient": both, "het_before": het.to_numpy(), "before": before[both].to_numpy()})
    frame["after"] = after[both].to_numpy()
    return frame.astype("string")


def _agreement(calls: pd.DataFrame) -> Note:
    same = float((calls["subtype"] == calls["robust"]).mean())
    unstable = int((calls["stability"] < 0.5).sum())
    text = (
        f"The leading call and genefu's robust scaling agree in {100 * same:.0f} % of samples; in {unstable} of "
        f"{len(calls)} samples fewer than half of the choices give the leading call."
    )
    return Note("caution" if same < 0.8 else "note", "Subtype calls depend on centring", text)


@analysis(section="Immune microenvironment")
def immune_scores(expression: Expression, groups: GroupAssignment, patients: Patients) -> ImmuneScores:
    """Do immune and stromal scores differ between groups, and do they change under treatment?

    ESTIMATE's signatures by its ssGSEA variant on its 10,412 common genes (Illumina mode; doi:10.1038/ncomms3612). No
    purity: its formula holds for Affymetrix arrays alone. Tests as for every score: rank-sum between groups and by
    hormone receptor, Spearman with RCB, signed-rank before against after; Benjamini-Hochberg within each question.
    """
    try:
        found = estimate(expression.log_cpm, "illumina")
    except StudyError as e:
        raise NotApplicable(str(e)) from None
    frame = found.table.set_index("sample")[["immune", "stromal"]]
    frame.columns = pd.Index(["Immune score", "Stromal score"])
    common = score_study(frame, groups, patients, "ESTIMATE score", "ESTIMATE")
    lost = [
        ("gene", str(g), f"not among the genes ({s} signature)", "immune_scores") for s, g in found.absent.to_numpy()
    ]
    return ImmuneScores(**common, excluded=excluded(lost), notes=found.notes)


@analysis(section="Immune microenvironment")
def cell_fractions(
    rna_counts: RnaCounts,
    expression: Expression,
    signature: Signature,
    groups: GroupAssignment,
    patients: Patients,
    *,
    permutations: Annotated[
        int, Field(ge=0, description="Random mixtures for the p value of a fit; 0 for none.")
    ] = 100,
    absolute: Annotated[bool, Field(description="Absolute mode: fractions scaled by the signature's level.")] = False,
    seed: Annotated[int, Field(ge=0, description="Root of the random streams.")] = 1,
) -> CellFractions:
    """Do fractions of immune and other cells differ between groups, and do they change under treatment?

    CIBERSORT's algorithm (nu-SVR with three nu, doi:10.1038/nmeth.3337) on TMM-CPM in linear scale, with the signature
    that the study brings (LM22 comes from its owners; `her2het rna signature` builds one from sorted or single-cell
    profiles). Fractions are relative: more of one type is less of another. Tests as for every score: rank-sum between
    groups, Spearman with RCB, signed-rank before against after; Benjamini-Hochberg within each question.
    """
    kept = rna_counts.pick(expression.log_cpm.columns)
    scale = (expression.factors["lib_size"] * expression.factors["norm_factor"]).to_numpy(dtype=float)
    linear = Matrix(kept.values / scale * 1e6, kept.rows, kept.columns, "linear")
    try:
        found = deconvolve(linear, signature, permutations=permutations, absolute=absolute, seed=seed)
    except StudyError as e:
        raise NotApplicable(str(e)) from None
    frame = found.fractions.frame().T.astype("float64")
    common = score_study(frame, groups, patients, "absolute score" if absolute else "fraction", "Cell fractions")
    lost = [("gene", g, "in the signature, not in the mixtures", "cell_fractions") for g in found.absent_genes]
    return CellFractions(**common, fit=found.fit, excluded=excluded(lost), notes=found.notes)
