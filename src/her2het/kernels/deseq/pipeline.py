"""From counts and a design to dispersions, coefficients and outliers: the steps in DESeq2's order."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.deseq.cooks import ENOUGH, Means, cooks_cutoff, cooks_distances, influence, replaced_counts
from her2het.kernels.deseq.dispersion import MIN_MU, genewise_dispersions, shrunken_dispersions, starting_dispersions
from her2het.kernels.deseq.irls import MAX_ITERATIONS, coefficients, log_likelihoods, natural_ridge
from her2het.kernels.deseq.layout import Layout, layout
from her2het.kernels.deseq.optimum import BOUND, bounded_coefficients
from her2het.kernels.deseq.special import LN2
from her2het.kernels.deseq.trend import FitType, Scatter, Trend, fit_trend, scatter
from her2het.kernels.deseq.wald import Test, likelihood_ratio_test, standard_errors

REPLICATES_TO_REPLACE = 7
"""Samples of a cell from which on their outliers are replaced rather than flagged."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int32]


@dataclass(frozen=True)
class GeneFits:
    """What was estimated for each gene (first axis); NaN where a gene has no counts."""

    base_mean: Floats
    base_var: Floats
    genewise: Floats
    """Gene-wise dispersion."""
    fitted: Floats
    """Dispersion on the trend."""
    shrunken: Floats
    """Dispersion shrunk towards the trend."""
    dispersion: Floats
    """Dispersion used: the shrunken one, or the gene-wise one of dispersion outliers."""
    above_trend: Flags
    """Dispersion outliers."""
    beta: Floats
    """Genes x columns, natural log scale."""
    iterations: NDArray[np.int64]
    converged: Flags
    searched: Flags
    """Genes whose coefficients came from the bounded search."""
    weight_beta: Floats
    """Coefficients behind the leverages: `beta`, but for searched genes where least squares left off."""
    early_beta: Floats
    """Coefficients at the starting dispersion, behind the means of the gene-wise step (NaN: those are cell means)."""


@dataclass(frozen=True)
class Run:
    """A finished fit."""

    counts: Counts
    """As given, genes x samples."""
    used_counts: Counts
    """With outliers replaced."""
    size_factors: Floats
    design: Layout
    trend: Trend
    scatter: Scatter
    first: GeneFits
    """Before any replacement."""
    genes: GeneFits
    """After it."""
    cutoff: float
    """Cook's distance beyond which a count is an outlier."""
    max_cooks: Floats
    """Largest Cook's distance over samples that are flagged, not replaced (NaN where there are none); where no distance
    of a gene passes the cutoff, an upper bound."""
    worst_sample: NDArray[np.int64]
    """Sample with the largest distance of each gene, -1 where not fitted."""
    refitted: NDArray[np.int64]
    """Genes with an outlier, fitted again."""
    emptied: Flags
    """Genes whose counts were all replaced by zero."""
    early_means: bool
    """Whether Cook's distances are around the means of the gene-wise step, as R's before a likelihood-ratio test."""

    @property
    def ridge(self) -> Floats:
        """Prior precisions of the coefficients, natural log scale."""
        return natural_ridge(self.design)

    def cooks(self, genes: NDArray[np.int64]) -> Floats:
        """Cook's distances of these genes in the first fit, genes x samples."""
        means = _means(self.first, self.design, self.early_means, genes)
        return cooks_distances(
            self.counts[genes], self.size_factors, self.design, means, self.first.weight_beta[genes],
            self.first.dispersion[genes], self.ridge,
        )  # fmt: skip


def run(
    counts: Counts,
    design: NDArray[np.float64],
    size_factors: Floats,
    kind: FitType = "parametric",
    replicates_to_replace: int | None = REPLICATES_TO_REPLACE,
    early_means: bool = False,
) -> Run:
    """Fit every gene; where cells have enough replicates, replace outlying counts and fit those genes again.

    `counts`: genes x samples; `design`: samples x columns, of full rank, fewer columns than samples; `size_factors`:
    one per sample. `replicates_to_replace=None` never replaces; `early_means`: see `Run`. Raises ValueError for a
    design without residual degrees of freedom, for shapes that do not agree, and where no gene varies beyond Poisson.
    Love 2014, doi:10.1186/s13059-014-0550-8."""
    if counts.shape[1:] != size_factors.shape or len(design) != len(size_factors):
        raise ValueError("counts, design and size factors do not agree on the number of samples")
    plan = layout(design)
    if plan.samples <= plan.columns:
        raise ValueError("the design has no residual degrees of freedom")
    counts = np.ascontiguousarray(counts, dtype=np.int32)
    trend, spread, first = _fit(counts, size_factors, plan, kind, None)
    replaceable = np.zeros(plan.samples, np.bool_)
    if replicates_to_replace is not None:
        replaceable = plan.replicates >= replicates_to_replace
    cutoff = cooks_cutoff(plan)
    ridge = natural_ridge(plan)
    watched = (plan.replicates >= ENOUGH) & ~replaceable
    found = influence(
        counts, size_factors, plan, _means(first, plan, early_means), first.weight_beta, first.dispersion, ridge,
        watched, cutoff,
    )  # fmt: skip
    done = Run(
        counts, counts, size_factors, plan, trend, spread, first, first, cutoff, found.largest_watched, found.sample,
        np.empty(0, np.int64), np.zeros(len(counts), np.bool_), early_means,
    )  # fmt: skip
    again = np.flatnonzero(found.largest > cutoff)
    if not len(again) or not replaceable.any():
        return done
    return _refit(done, again, replaceable, kind)


def _means(fits: GeneFits, design: Layout, early: bool, genes: NDArray[np.int64] | slice = slice(None)) -> Means:
    if not early:
        return Means(fits.beta[genes])
    return Means(fits.early_beta[genes], design.saturated, MIN_MU)


def _refit(done: Run, again: NDArray[np.int64], replaceable: Flags, kind: FitType) -> Run:
    new = replaced_counts(done.counts[again], done.size_factors, done.cooks(again), done.cutoff, replaceable)
    used = done.counts.copy()
    used[again] = new
    _, _, second = _fit(new, done.size_factors, done.design, kind, (done.trend, done.scatter))
    empty = np.logical_not((new > 0).any(axis=1))
    genes = _merge(done.first, second, again, empty)
    emptied = np.zeros(len(used), np.bool_)
    emptied[again[empty]] = True
    return replace(done, used_counts=used, genes=genes, refitted=again, emptied=emptied)


def _merge(first: GeneFits, second: GeneFits, again: NDArray[np.int64], empty: Flags) -> GeneFits:
    """Second estimates in place of the first; a gene left without counts keeps its dispersions, with coefficients 0."""
    merged = {}
    for field in fields(GeneFits):
        values = getattr(first, field.name).copy()
        newer = getattr(second, field.name)
        if field.name in {"base_mean", "base_var"}:
            values[again] = newer
        elif field.name.endswith("beta"):
            values[again] = np.where(empty[:, None], 0.0, newer)
        else:
            values[again[~empty]] = newer[~empty]
        merged[field.name] = values
    return GeneFits(**merged)


def _fit(
    counts: Counts, size_factors: Floats, design: Layout, kind: FitType, given: tuple[Trend, Scatter] | None
) -> tuple[Trend, Scatter, GeneFits]:
    starts = starting_dispersions(counts, size_factors, design)
    ridge = natural_ridge(design)
    means = np.full((len(counts), design.columns), np.nan)
    if not design.saturated:
        means = settled(counts, size_factors, design, starts.dispersion, ridge).beta
    own = genewise_dispersions(counts, size_factors, design, starts.dispersion, means)
    trend = given[0] if given else fit_trend(starts.base_mean, own.dispersion, kind)
    fitted = trend.at(starts.base_mean)
    spread = given[1] if given else scatter(own.dispersion, fitted, design.samples - design.columns)
    shrunk = shrunken_dispersions(
        counts, size_factors, design, own.dispersion, fitted, means, spread.prior_variance, spread.outlier_log_distance
    )
    found = settled(counts, size_factors, design, shrunk.final, ridge)
    fits = GeneFits(
        starts.base_mean, starts.base_var, own.dispersion, fitted, shrunk.map, shrunk.final, shrunk.outlier,
        found.beta, found.iterations, found.converged, found.searched, found.weight_beta, means,
    )  # fmt: skip
    return trend, spread, fits


@dataclass(frozen=True)
class Settled:
    """Coefficients of every gene, by least squares or, where those did not settle, by the bounded search."""

    beta: Floats
    iterations: NDArray[np.int64]
    converged: Flags
    searched: Flags
    weight_beta: Floats


def settled(counts: Counts, size_factors: Floats, design: Layout, alpha: Floats, ridge: Floats) -> Settled:
    """Coefficients by least squares, and by the bounded search where those do not settle; with an intercept only, the
    log of the mean of normalised counts."""
    if design.intercept_only:
        with np.errstate(divide="ignore"):
            beta = np.log((counts / size_factors).mean(axis=1))[:, None]
        fitted = alpha > 0
        beta[~fitted] = np.nan
        return Settled(beta, fitted.astype(np.int64), fitted, np.zeros(len(counts), np.bool_), beta)
    found = coefficients(counts, size_factors, design, alpha, ridge)
    searched = (alpha > 0) & ~found.converged
    if not searched.any():
        return Settled(found.beta, found.iterations, found.converged, searched, found.beta)
    left = np.flatnonzero(searched)
    beta, converged = found.beta.copy(), found.converged.copy()
    last = found.beta[left] / LN2
    start = np.linalg.lstsq(design.design, np.log(counts[left] / size_factors + 0.1).T, rcond=None)[0].T
    exhausted = (found.iterations[left] >= MAX_ITERATIONS) & (np.abs(last) < BOUND).all(axis=1)
    start = np.where(exhausted[:, None], last, start)  # as R: the natural-log coefficients serve as log2 ones
    beta[left], converged[left] = bounded_coefficients(
        counts[left], size_factors, design, alpha[left], ridge, np.ascontiguousarray(start)
    )
    return Settled(beta, found.iterations, converged, searched, found.beta)


def contrast_errors(done: Run, contrasts: Floats) -> Floats:
    """Standard errors, log2 scale, genes x contrasts (contrasts x columns given); 0 for a gene left without counts."""
    errors = standard_errors(
        done.size_factors, done.design, done.genes.beta, done.genes.dispersion, done.ridge, contrasts
    )
    errors[done.emptied] = 0.0
    return errors


def likelihood_ratio(done: Run, reduced: NDArray[np.float64]) -> Test:
    """Test the columns by which the design exceeds `reduced` (samples x fewer columns), at the same dispersions.

    As in R, means of genes that needed the bounded search are clipped at 0.5 here.
    """
    smaller = layout(reduced)
    alpha, genes = done.genes.dispersion, done.genes
    less = settled(done.used_counts, done.size_factors, smaller, alpha, natural_ridge(smaller))
    full, small = (
        log_likelihoods(done.used_counts, done.size_factors, d, alpha, fit.beta, np.where(fit.searched, MIN_MU, 0.0))
        for d, fit in ((done.design, genes), (smaller, less))
    )
    test = likelihood_ratio_test(full, small, done.design.columns - smaller.columns)
    test.stat[done.emptied], test.p[done.emptied] = 0.0, 1.0
    return test
