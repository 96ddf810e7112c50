"""Differential expression of a count matrix over a sample table, with DESeq2's estimates and columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.deseq.outcome import Missing, Question, outcome
from her2het.kernels.deseq.pipeline import REPLICATES_TO_REPLACE, Run, likelihood_ratio, run
from her2het.kernels.deseq.size_factors import poscounts_size_factors, ratio_size_factors
from her2het.kernels.deseq.trend import FitType
from her2het.kernels.deseq.wald import Alternative, Test
from her2het.kernels.moderated import Moderated, moderated_t
from her2het.schema import Matrix, StudyError
from her2het.stats.count_checks import checked_counts, matched_samples
from her2het.stats.design import Comparison, Contrast, DesignMatrix, comparison, design_matrix
from her2het.stats.shrunken import Shrink, shrunken_effect

Calibrate = Literal["none", "moderated", "factors"]
SizeFactors = Literal["ratio", "poscounts"] | Mapping[str, float]
REASONS = {
    Missing.NOTHING: "",
    Missing.NO_COUNTS: "no counts",
    Missing.OUTLIER: "outlier (Cook's distance)",
    Missing.LOW_MEAN: "mean too low (independent filtering)",
}
COLUMNS = ("gene", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj")


@dataclass(frozen=True, eq=False)
class ExpressionFit:
    """A negative binomial model fitted to every gene."""

    genes: tuple[str, ...]
    design: DesignMatrix
    run: Run
    back: NDArray[np.float64]
    """Map from the fitted coefficients to those of the design (`DesignMatrix.conditioned`)."""
    reduced: DesignMatrix | None
    notes: tuple[str, ...]
    """What a reader should know: a trend that took another's place, outliers replaced, searches not settled."""

    @property
    def size_factors(self) -> pd.Series:
        """Per sample."""
        return pd.Series(self.run.size_factors, index=pd.Index(self.design.samples), name="sizeFactor")

    @property
    def dispersions(self) -> pd.DataFrame:
        """Per gene: baseMean, baseVar, dispGeneEst, dispFit, dispMAP, dispersion, dispOutlier, converged, as DESeq2
        names them; and whether the coefficients came from the bounded search."""
        g = self.run.genes
        return pd.DataFrame(
            {
                "baseMean": g.base_mean,
                "baseVar": g.base_var,
                "dispGeneEst": g.genewise,
                "dispFit": g.fitted,
                "dispMAP": g.shrunken,
                "dispersion": g.dispersion,
                "dispOutlier": g.above_trend,
                "converged": g.converged,
                "searched": g.searched,
            },
            index=pd.Index(self.genes, name="gene"),
        )

    @property
    def coefficients(self) -> pd.DataFrame:
        """Log2 coefficients, genes x columns of the design."""
        beta = self.run.genes.beta @ self.back.T
        return pd.DataFrame(
            beta / np.log(2), index=pd.Index(self.genes, name="gene"), columns=list(self.design.columns)
        )

    @property
    def replaced(self) -> pd.DataFrame:
        """Counts that were outliers and what took their place: gene, sample, count, replacement."""
        g, s = np.nonzero(self.run.counts != self.run.used_counts)
        return pd.DataFrame(
            {
                "gene": np.array(self.genes, dtype=object)[g],
                "sample": np.array(self.design.samples, dtype=object)[s],
                "count": self.run.counts[g, s],
                "replacement": self.run.used_counts[g, s],
            }
        )

    def cooks(self, genes: tuple[str, ...] | None = None) -> Matrix:
        """Cook's distances, genes x samples, of all or of some genes."""
        rows = self.genes if genes is None else genes
        at = {name: i for i, name in enumerate(self.genes)}
        absent = [name for name in rows if name not in at]
        if absent:
            raise StudyError(f"Cook's distances: no gene {absent[0]!r} in the fit. Check the identifier.")
        values = self.run.cooks(np.array([at[name] for name in rows], np.int64))
        return Matrix(values, rows, self.design.samples, "cooks_distance")


@dataclass(frozen=True, eq=False)
class Differential:
    """One comparison: DESeq2's table, the reason of each missing value, and the fit behind it."""

    table: pd.DataFrame
    """gene, baseMean, log2FoldChange, lfcSE, stat, pvalue, padj."""
    reasons: pd.Series
    """Per gene, why pvalue or padj is missing; empty where neither is."""
    comparison: str
    threshold: float
    """Mean of normalised counts below which genes are not tested."""
    notes: tuple[str, ...]
    fit: ExpressionFit


def fit_expression(
    counts: Matrix,
    samples: pd.DataFrame,
    design: str,
    *,
    reference: Mapping[str, str] | None = None,
    reduced: str | None = None,
    size_factors: SizeFactors = "ratio",
    trend: FitType = "parametric",
    replicates_to_replace: int | None = REPLICATES_TO_REPLACE,
) -> ExpressionFit:
    """Fit log mean = log size factor + design to each gene's counts with a shrunken negative binomial dispersion.

    `counts`: genes x samples, raw. `samples`: one row per sample, named by the index or a column `sample`; rows that
    the matrix lacks are left out. `design`: see `design_matrix`. `reduced`: the smaller design of a likelihood-ratio
    test. `trend`: of dispersion on mean; falls back to local, then mean, and says so in `notes`. Cells with
    `replicates_to_replace` samples have their outliers replaced and refitted (None: never).
    :raises StudyError: for counts that are not counts, samples that the table lacks, and designs that cannot be
    estimated Love 2014, doi:10.1186/s13059-014-0550-8."""
    table = matched_samples(counts, samples)
    values = checked_counts(counts)
    matrix = design_matrix(table, design, reference)
    smaller = None if reduced is None else _reduced(table, reduced, reference, matrix)
    factors = _size_factors(values, counts, size_factors)
    fitted, back = matrix.conditioned()
    try:
        done = run(values, fitted, factors, trend, replicates_to_replace, early_means=smaller is not None)
    except ValueError as error:
        raise StudyError(
            f"counts: {error}; there is no variation beyond Poisson to model. Check that these are raw counts of "
            "replicates."
        ) from None
    return ExpressionFit(counts.rows, matrix, done, back, smaller, _notes(done))


def compare(
    fit: ExpressionFit,
    contrast: Contrast | None = None,
    *,
    shrink: Shrink = "none",
    calibrate: Calibrate = "none",
    alpha: float = 0.1,
    threshold: float = 0.0,
    alternative: Alternative = "greaterAbs",
    flag_outliers: bool = True,
    filter_means: bool = True,
) -> Differential:
    """Test one contrast of a fit, by Wald or, where it was given a reduced design, by likelihood ratio.

    `contrast`: (variable, level, level it is compared with), a coefficient by name, or None for the last one. `shrink`
    replaces effect and error by shrunken ones; p-values stay. `calibrate` puts another test in the place of Wald's,
    whose false discovery rate runs above nominal where expression varies more than negative binomially or samples share
    hidden causes: "moderated", t-tests of log2(normalised count + 1/2) with shrunken variances; "factors", those after
    hidden factors (`moderated_t`); effect, error and statistic are then that test's. `alpha`: level for which
    independent filtering finds most. `threshold`, `alternative`: log2 effects at or below the threshold are not of
    interest (Wald only). `flag_outliers`: no p-value for genes with an outlier that was not replaced. Missing padj have
    their reason.
    :raises StudyError: for a contrast that the design lacks, and options that exclude each other
    """
    if not 0 < alpha < 1:
        raise StudyError(f"alpha: {alpha:g} is outside 0 to 1. Give the false discovery rate that you will use.")
    if threshold < 0:
        raise StudyError(f"threshold: {threshold:g} is below 0. Give the smallest log2 effect of interest.")
    if threshold == 0 and alternative == "lessAbs":
        raise StudyError("threshold: 0, and lessAbs tests effects smaller than it. Give a threshold above 0.")
    asked = comparison(fit.design, contrast)
    test: Test | None = None
    if fit.reduced is not None:
        if threshold > 0 or alternative != "greaterAbs":
            raise StudyError("threshold: a likelihood-ratio test has none. Leave it out, or use the Wald test.")
        test = likelihood_ratio(fit.run, fit.reduced.conditioned()[0])
    notes: tuple[str, ...] = ()
    effects: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    if calibrate != "none":
        if test is not None or threshold > 0 or alternative != "greaterAbs" or shrink != "none":
            raise StudyError(
                "calibrate: it takes the place of the Wald test, without threshold, alternative, shrinkage or reduced "
                "design. Leave those out."
            )
        other = _moderated(fit, asked, calibrate)
        test, effects = Test(other.stat, other.p), (other.effect, other.error)
        factors = f" after {other.factors} hidden factors" if calibrate == "factors" else ""
        notes = (f"moderated t-tests of log2 normalised counts{factors} in the place of the Wald test",)
    weights = asked.weights @ fit.back
    question = Question(
        weights, asked.levels, _two_groups(fit.design), threshold, alternative, alpha, flag_outliers, filter_means
    )
    found = outcome(fit.run, question, test)
    effect, error = effects or (found.effect, found.error)
    if shrink != "none":
        effect, error = shrunken_effect(fit.run, fit.design, asked, effect, error, shrink)
    table = pd.DataFrame(
        dict(
            zip(
                COLUMNS,
                (fit.genes, fit.run.genes.base_mean, effect, error, found.stat, found.p, found.adjusted),
                strict=True,
            )
        )
    )
    reasons = pd.Series([REASONS[Missing(k)] for k in found.missing.tolist()], index=pd.Index(fit.genes), name="reason")
    return Differential(table, reasons, _named(asked, fit), found.threshold, notes, fit)


def differential_expression(
    counts: Matrix,
    samples: pd.DataFrame,
    design: str,
    contrast: Contrast | None = None,
    *,
    reference: Mapping[str, str] | None = None,
    reduced: str | None = None,
    size_factors: SizeFactors = "ratio",
    trend: FitType = "parametric",
    replicates_to_replace: int | None = REPLICATES_TO_REPLACE,
    shrink: Shrink = "none",
    calibrate: Calibrate = "none",
    alpha: float = 0.1,
    threshold: float = 0.0,
    alternative: Alternative = "greaterAbs",
    flag_outliers: bool = True,
    filter_means: bool = True,
) -> Differential:
    """Fit and test one comparison; see `fit_expression` and `compare`. For several contrasts fit once.

    :raises StudyError: for whatever in counts, samples, design or contrast cannot be used, in a sentence
    """
    fit = fit_expression(
        counts,
        samples,
        design,
        reference=reference,
        reduced=reduced,
        size_factors=size_factors,
        trend=trend,
        replicates_to_replace=replicates_to_replace,
    )
    return compare(
        fit,
        contrast,
        shrink=shrink,
        calibrate=calibrate,
        alpha=alpha,
        threshold=threshold,
        alternative=alternative,
        flag_outliers=flag_outliers,
        filter_means=filter_means,
    )


def _moderated(fit: ExpressionFit, asked: Comparison, calibrate: Calibrate) -> Moderated:
    mean = fit.run.genes.base_mean
    logs = np.log2(fit.run.used_counts / fit.run.size_factors + 0.5)
    level = np.where(mean > 0, np.log(mean + 0.5), np.nan)
    try:
        return moderated_t(logs, level, fit.design.values, asked.weights, None if calibrate == "factors" else 0)
    except ValueError as error:
        raise StudyError(f"calibrate: {error}. Leave it out, or give more samples.") from None


def _size_factors(values: NDArray[np.int32], counts: Matrix, wanted: SizeFactors) -> NDArray[np.float64]:
    if not isinstance(wanted, str):
        absent = [name for name in counts.columns if name not in wanted]
        if absent:
            raise StudyError(f"size factors: sample {absent[0]!r} has none. Give one per sample.")
        factors = np.array([float(wanted[name]) for name in counts.columns])
        if not ((factors > 0) & np.isfinite(factors)).all():
            raise StudyError("size factors: one is not above 0. Give positive numbers.")
        return factors
    try:
        return ratio_size_factors(values) if wanted == "ratio" else poscounts_size_factors(values)
    except ValueError as error:
        raise StudyError(
            f"counts: {error}, so there is no gene to compare depths by. Use size factors 'poscounts', or leave out "
            "samples of very low depth."
        ) from None


def _reduced(
    table: pd.DataFrame, formula: str, reference: Mapping[str, str] | None, full: DesignMatrix
) -> DesignMatrix:
    kept = {k: v for k, v in (reference or {}).items() if k in full.levels and k in formula}
    smaller = design_matrix(table, formula, kept)
    both = np.column_stack([full.values, smaller.values])
    if np.linalg.matrix_rank(both) > len(full.columns) or len(smaller.columns) >= len(full.columns):
        raise StudyError(
            f"reduced design {formula!r}: it is no part of {full.formula.text!r}. Leave out at least one of its terms, "
            "and add none."
        )
    return smaller


def _two_groups(design: DesignMatrix) -> bool:
    names = design.formula.variables
    return len(names) == 1 and len(design.levels.get(names[0], ())) == 2


def _named(asked: Comparison, fit: ExpressionFit) -> str:
    if fit.reduced is None:
        return f"Wald test of {asked.name}"
    return f"likelihood-ratio test of {fit.design.formula.text} against {fit.reduced.formula.text}; effect {asked.name}"


def _notes(done: Run) -> tuple[str, ...]:
    notes: list[str] = []
    if done.trend.reason:
        notes.append(f"dispersion trend: {done.trend.reason}")
    changed = int((done.counts != done.used_counts).sum())
    if changed:
        notes.append(
            f"{changed} outlying counts of {len(done.refitted)} genes were replaced and the genes fitted again"
        )
    unsettled = int(((done.genes.dispersion > 0) & ~done.genes.converged).sum())
    if unsettled:
        notes.append(f"the coefficients of {unsettled} genes did not settle")
    return tuple(notes)
