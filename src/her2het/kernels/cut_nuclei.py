"""What cut nuclei alone would produce, and the share of truly amplified cells behind what was counted.

A section cuts nuclei, and each signal is kept with a probability `p_keep`. A diploid nucleus (2 ERBB2, 2 CEP17) then
often shows 2 and 1: "amplified" by a ratio of 2. The literal fraction of such cells is no sign of heterogeneity.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, chdtri

from her2het.kernels.compile_options import INNER, KERNEL
from her2het.kernels.cut_mixture import MAX_CEP17, MAX_HER2, climb, share_limit, sparsify, thinning
from her2het.kernels.fish import CellRule, PairTable
from her2het.kernels.het_call import Codes, HetCode
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CHUNK = 64


@dataclass(frozen=True)
class CutNuclei:
    """Fit of each sample (arrays of one length; NaN where no cell shows both probes)."""

    cells: Ints
    """Nuclei with a signal of both probes, the only ones used."""
    capped: Ints
    """Of these, nuclei with more than 30 ERBB2 or 6 CEP17 signals, which count as 30 and 6."""
    share: Floats
    """Share of truly amplified cells."""
    low: Floats
    high: Floats
    """Limits of the share by profile likelihood."""
    by_ratio_only: Floats
    """Share of genotypes amplified by their ratio with fewer copies than the rule's."""
    by_copies_only: Floats
    """Share of genotypes that reach the rule's copies at a lower ratio: amplified by definition (6 / 6 and above)."""
    by_both: Floats
    modal_her2: Ints
    modal_cep17: Ints
    """Most frequent true genotype (0 where there is none)."""
    modal_weight: Floats
    literal: Floats
    """Fraction of the used cells that the rule calls amplified as they were counted."""
    null_fraction: Floats
    """That fraction as cutting nuclei of the modal genotype alone would produce it."""
    p_value: Floats
    """P(at least as many amplified cells by cutting alone): binomial."""
    genotypes: Floats
    """Share of each true genotype: (samples, 6, 30), CEP17 by ERBB2 copies from 1."""


def genotypes_amplified(rule: CellRule) -> NDArray[np.bool_]:
    """Which true genotypes are amplified by `rule`: (6, 30), CEP17 by ERBB2 copies from 1."""
    by_ratio, by_copies = _genotype_rules(rule)
    return by_ratio | by_copies


def _genotype_rules(rule: CellRule) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    h = np.arange(1, MAX_HER2 + 1)[None, :]
    c = np.arange(1, MAX_CEP17 + 1)[:, None]
    enough = h >= rule.min_her2
    by_ratio = (rule.ratio_den > 0) & (rule.ratio_den * h - rule.ratio_num * c >= rule.ratio_margin) & enough
    by_copies = np.broadcast_to((rule.min_copies > 0) & (h >= rule.min_copies) & enough, by_ratio.shape)
    return by_ratio, by_copies


def null_fractions(rule: CellRule, p_keep: float) -> Floats:
    """P(a cut nucleus that shows both probes is called amplified | true genotype): (6, 30), CEP17 by ERBB2 from 1."""
    called = genotypes_amplified(rule).astype(float)  # the same rule, applied to what is seen
    return thinning(MAX_CEP17, p_keep) @ called @ thinning(MAX_HER2, p_keep).T


@njit(**KERNEL)
def _fit(
    start: Ints,
    pair_her2: Ints,
    pair_cep17: Ints,
    pair_count: Ints,
    first: int,
    last: int,
    her2: Floats,
    cep17: Floats,
    kept: Floats,
    amplified: NDArray[np.bool_],
    drops: Floats,
    concentration: float,
    out: Floats,
    weights: Floats,
) -> None:
    top_c, full_h = amplified.shape
    seen = np.zeros((top_c, full_h))
    her2_t = np.ascontiguousarray(her2.T)
    for s in range(first, last):
        seen[:] = 0.0
        cells = capped = 0
        n_her2 = int(np.int64(0))  # a literal 0 would have the callees compiled twice
        for i in range(start[s], start[s + 1]):
            h, c, k = pair_her2[i], pair_cep17[i], pair_count[i]
            if h < 1 or c < 1:
                continue
            if h > full_h or c > top_c:
                capped += k
            h = min(h, full_h)
            seen[min(c, top_c) - 1, h - 1] += k
            cells += k
            n_her2 = max(n_her2, h)
        out[s, 0] = cells
        out[s, 1] = capped
        weights[s] = 0.0
        if cells == 0:
            out[s, 2:] = np.nan
            continue
        # genotypes with so many copies that not one seen count would be likely are left out
        top_h = n_her2
        while top_h < full_h:
            tail = 0.0
            for h in range(n_her2):
                tail += her2[top_h, h]
            if tail < 1e-3:
                break
            top_h += 1
        b = her2[:top_h, :top_h].copy()
        b_t = her2_t[:top_h, :top_h].copy()
        flags = amplified[:, :top_h].copy()
        part = seen[:, :top_h].copy()
        space = np.empty((6, top_c, top_h))
        n = np.float64(cells)
        flat = 1.0 / (top_c * top_h)
        w = np.full((top_c, top_h), flat)
        best, _, _ = climb(w, part, n, n_her2, b, b_t, cep17, flags, -1.0, -np.inf, space)
        free = w.copy()
        mle = 0.0
        for c in range(top_c):
            for h in range(top_h):
                if flags[c, h]:
                    mle += w[c, h]
        if concentration < 1:
            sparsify(w, part, n_her2, b, b_t, cep17, concentration, space)
        share = _true_share(w, kept[:, :top_h], flags)
        for c in range(top_c):
            for h in range(top_h):
                weights[s, c, h] = w[c, h]
                w[c, h] = free[c, h] + 0.05 * flat
        some = w.copy()
        share_limit(w, best, mle, 0.0, drops[s], part, n, n_her2, b, b_t, cep17, flags, space)
        share_limit(some, best, mle, 1.0, drops[s], part, n, n_her2, b, b_t, cep17, flags, space)
        out[s, 2] = share
        out[s, 3] = min(_true_share(w, kept[:, :top_h], flags), share)
        out[s, 4] = max(_true_share(some, kept[:, :top_h], flags), share)


@njit(**INNER)
def _true_share(weight: Floats, kept: Floats, amplified: NDArray[np.bool_]) -> float:
    """Amplified share of all nuclei, from weights among those that still show both probes."""
    high = 0.0
    total = 0.0
    for c in range(weight.shape[0]):
        for h in range(weight.shape[1]):
            v = weight[c, h] / kept[c, h]
            total += v
            if amplified[c, h]:
                high += v
    return high / total


def fit_cut_nuclei(
    pairs: PairTable,
    *,
    rule: CellRule,
    p_keep: float = 0.8,
    level: float = 0.95,
    inflation: ArrayLike | None = None,
    concentration: float = 0.5,
) -> CutNuclei:
    """Share of truly amplified cells of each tumour, by a mixture of true genotypes seen through cut nuclei.

    A nucleus of genotype g = (H, C) shows (h, c) with probability B(h; H, p_keep) B(c; C, p_keep) / P(both > 0), B
    binomial; the tumour is a mixture of the 180 genotypes H = 1..30, C = 1..6 with weights pi. Estimate: EM under a
    Dirichlet(`concentration`) prior on pi, sum of pi over genotypes that `rule` calls amplified. Limits: shares whose
    profile log-likelihood lies within chi-squared(1, `level`) / 2 of the maximum, times `inflation` (one per sample, at
    least 1), the design effect of areas that differ. Nuclei that lost all signals of a probe are not used but allowed
    for: shares are of all nuclei. A tumour alone does not tell `p_keep`: repeat with other values. ValueError on values
    out of bounds. Reference for the limits: doi:10.1093/biomet/75.2.237.
    """
    if not 0 < concentration <= 1 or not 0 < level < 1:
        raise ValueError("fit_cut_nuclei: 0 < concentration <= 1 and 0 < level < 1 are required")
    samples = len(pairs.start) - 1
    drops = np.full(samples, chdtri(1, 1 - level) / 2)
    if inflation is not None:
        factor = np.asarray(inflation, float)
        if np.any(factor < 1):
            raise ValueError("fit_cut_nuclei: inflation must not be below 1")
        drops *= np.where(np.isnan(factor), 1.0, factor)
    her2, cep17 = thinning(MAX_HER2, p_keep), thinning(MAX_CEP17, p_keep)
    missed = 1 - p_keep
    kept = np.outer(1 - missed ** np.arange(1.0, MAX_CEP17 + 1), 1 - missed ** np.arange(1.0, MAX_HER2 + 1))
    by_ratio, by_copies = _genotype_rules(rule)
    amplified = np.ascontiguousarray(by_ratio | by_copies)
    out = np.empty((samples, 5))
    weights = np.empty((samples, MAX_CEP17, MAX_HER2))

    def work(i: int, j: int) -> None:
        table = (pairs.start, pairs.her2, pairs.cep17, pairs.count)
        _fit(*table, i, j, her2, cep17, kept, amplified, drops, concentration, out, weights)

    over_chunks(work, samples, _CHUNK)
    cells = out[:, 0].astype(np.int64)
    weights /= kept
    flat = weights.reshape(samples, MAX_CEP17 * MAX_HER2)
    flat /= np.maximum(flat.sum(axis=1, keepdims=True), 1e-300)
    mode = flat.argmax(axis=1) if samples else np.zeros(0, np.int64)
    some = cells > 0
    null = np.where(some, null_fractions(rule, p_keep).ravel()[mode], np.nan)
    called = _literal(pairs, amplified)

    def part(mask: NDArray[np.bool_]) -> Floats:
        return np.where(some, flat[:, mask.ravel()].sum(axis=1), np.nan)

    with np.errstate(invalid="ignore", divide="ignore"):
        tail = np.where(called > 0, betainc(np.maximum(called, 1), cells - called + 1.0, null), 1.0)
    return CutNuclei(
        cells=cells,
        capped=out[:, 1].astype(np.int64),
        share=np.ascontiguousarray(out[:, 2]),
        low=np.ascontiguousarray(out[:, 3]),
        high=np.ascontiguousarray(out[:, 4]),
        by_ratio_only=part(by_ratio & ~by_copies),
        by_copies_only=part(by_copies & ~by_ratio),
        by_both=part(by_ratio & by_copies),
        modal_her2=np.where(some, mode % MAX_HER2 + 1, 0),
        modal_cep17=np.where(some, mode // MAX_HER2 + 1, 0),
        modal_weight=np.where(some, flat.max(axis=1, initial=0.0), np.nan),
        literal=np.where(some, called / np.maximum(cells, 1), np.nan),
        null_fraction=null,
        p_value=np.where(some, tail, np.nan),
        genotypes=weights,
    )


def widest_limits(fits: Sequence[CutNuclei], middle: CutNuclei) -> CutNuclei:
    """The middle fit with the widest limits of several, fitted at other values of `p_keep`: what holds at all of them.

    A tumour alone does not tell how often signals are lost. Where fewer are kept than assumed, lost CEP17 signals look
    like amplification; where more are kept, polysomy looks like many copies. A call by these limits needs neither.
    ValueError without fits.
    """
    if not fits:
        raise ValueError("widest_limits: at least one fit is required")
    low = np.min([fit.low for fit in fits], axis=0)
    high = np.max([fit.high for fit in fits], axis=0)
    return replace(middle, low=np.minimum(low, middle.low), high=np.maximum(high, middle.high))


def amplified_probability(pairs: PairTable, fit: CutNuclei, *, rule: CellRule, p_keep: float) -> Floats:
    """P(a nucleus is truly amplified | its signals), one per row of `pairs`, under the fitted mixture.

    sum over genotypes amplified by `rule` of pi B(h; H, p_keep) B(c; C, p_keep), over the sum over all genotypes. NaN
    for pairs without signals of a probe. `rule`, `p_keep`: those of `fit`.
    """
    missed = 1 - p_keep
    her2 = thinning(MAX_HER2, p_keep) * (1 - missed ** np.arange(1.0, MAX_HER2 + 1))[:, None]
    cep17 = thinning(MAX_CEP17, p_keep) * (1 - missed ** np.arange(1.0, MAX_CEP17 + 1))[:, None]
    owner = np.repeat(np.arange(len(pairs.start) - 1), np.diff(pairs.start))
    h = np.clip(pairs.her2, 1, MAX_HER2) - 1
    c = np.clip(pairs.cep17, 1, MAX_CEP17) - 1
    amplified = genotypes_amplified(rule)
    out = np.full(len(owner), np.nan)
    both = np.flatnonzero((pairs.her2 > 0) & (pairs.cep17 > 0))
    for rows in np.array_split(both, max(len(both) // 20_000, 1)):
        joint = fit.genotypes[owner[rows]] * cep17[:, c[rows]].T[:, :, None] * her2[:, h[rows]].T[:, None, :]
        with np.errstate(invalid="ignore"):
            out[rows] = (joint * amplified).sum(axis=(1, 2)) / joint.sum(axis=(1, 2))
    return out


def _literal(pairs: PairTable, amplified: NDArray[np.bool_]) -> Ints:
    """Cells with signals of both probes that the rule calls amplified, per sample."""
    samples = len(pairs.start) - 1
    owner = np.repeat(np.arange(samples), np.diff(pairs.start))
    both = (pairs.her2 > 0) & (pairs.cep17 > 0)
    h = np.clip(pairs.her2, 1, MAX_HER2) - 1
    c = np.clip(pairs.cep17, 1, MAX_CEP17) - 1
    return np.bincount(owner, pairs.count * (both & amplified[c, h]), samples).astype(np.int64)


def call_robust(fit: CutNuclei, *, low: float, high: float, n_min: int) -> tuple[Codes, NDArray[np.bool_]]:
    """Call each sample by the interval of its truly amplified share; and whether the interval lies within one class.

    NON_HET_NONAMPLIFIED unless the lower limit of the share exceeds `low`: then HET where the estimate is below
    `high`, else NON_HET_AMPLIFIED; INSUFFICIENT below `n_min` used cells. The second array is True where the whole
    interval lies within the class that was called.
    """
    code = np.where(fit.share < high, int(HetCode.HET), int(HetCode.NON_HET_AMPLIFIED)).astype(np.int8)
    beyond = fit.low > low
    code[~beyond] = HetCode.NON_HET_NONAMPLIFIED
    code[fit.cells < max(n_min, 1)] = HetCode.INSUFFICIENT
    sure = (code == HetCode.HET) & (fit.high < high)
    sure |= (code == HetCode.NON_HET_AMPLIFIED) & (fit.low >= high)
    sure |= (code == HetCode.NON_HET_NONAMPLIFIED) & (fit.high <= low)
    return code, sure
