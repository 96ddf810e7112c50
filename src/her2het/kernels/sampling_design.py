"""How many nuclei in how many areas: what a design can tell at a given fraction and between-area correlation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln

from her2het.kernels.area_posterior import FractionPrior, fraction_posterior
from her2het.kernels.het_call import HetCode, Limits, call_fraction

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CallChances:
    """Probabilities of the pooled call of a design (they sum to 1), and of any area looking heterogeneous."""

    het: float
    non_het_amplified: float
    non_het_nonamplified: float
    any_area_het: float
    """P(the fraction of one area at least lies within the limits)."""
    any_area_below_high: float
    """P(the fraction of one area at least lies below the high limit): heterogeneous or not amplified."""


@dataclass(frozen=True)
class DesignCertainty:
    """What counting `areas` areas of `per_area` nuclei can be expected to tell."""

    areas: int
    per_area: int
    nuclei: int
    chance: float
    """P(the posterior gives the true class at least the wanted probability), over simulated samples."""
    chance_se: float
    """Its simulation error."""
    mean_probability: float
    """Mean posterior probability of the true class."""
    mean_width: float
    """Mean width of the 95 % interval of the fraction."""


def beta_binomial_pmf(cells: int, mean: float, rho: float) -> Floats:
    """P(0..cells amplified) of one area: BetaBinomial(cells, mean, rho), binomial at rho = 0, all or none at 1.

    P(k) = C(n, k) prod_(i<k) (mu (1 - rho) + i rho) prod_(i<n-k) ((1 - mu)(1 - rho) + i rho) / prod_(i<n) (1 - rho +
    i rho). ValueError where cells < 0, or mean or rho is not within 0..1.
    """
    if cells < 0 or not 0 <= mean <= 1 or not 0 <= rho <= 1:
        raise ValueError("beta_binomial_pmf: cells >= 0, and mean and rho within 0..1, are required")
    k = np.arange(cells + 1)
    if (rho == 1 and cells > 0) or mean in {0.0, 1.0}:
        p = np.zeros(cells + 1)
        p[0] += 1 - mean
        p[-1] += mean
        return p
    step = rho * np.arange(cells)

    def rising(start: float) -> Floats:
        return np.concatenate([[0.0], np.cumsum(np.log(start + step))])

    log_choose = gammaln(cells + 1) - gammaln(k + 1) - gammaln(cells - k + 1)
    hits, misses = rising(mean * (1 - rho)), rising((1 - mean) * (1 - rho))
    return np.exp(log_choose + hits + misses[::-1] - rising(1 - rho)[-1])


def pooled_pmf(areas: int, per_area: int, mean: float, rho: float) -> Floats:
    """P(0..areas * per_area amplified in all) where areas are independent of each other: repeated convolution."""
    one = beta_binomial_pmf(per_area, mean, rho)
    pooled = np.ones(1)
    for _ in range(areas):
        pooled = np.convolve(pooled, one)
    return np.maximum(pooled, 0.0)


def call_chances(areas: int, per_area: int, mean: float, rho: float, limits: Limits) -> CallChances:
    """P(each call) of the literal rule on the pooled fraction, exactly, for a tumour of mean fraction `mean`.

    a = sum of a_j, a_j ~ BetaBinomial(per_area, mean, rho), j = 1..areas; the call is `call_fraction`'s.
    ValueError on fewer than one area or nucleus, or as `beta_binomial_pmf`.
    """
    if areas < 1 or per_area < 1:
        raise ValueError("call_chances: at least one area and one nucleus are required")
    pmf = pooled_pmf(areas, per_area, mean, rho)
    n = areas * per_area
    code = call_fraction(np.arange(n + 1), np.full(n + 1, n), 1, limits)
    one = beta_binomial_pmf(per_area, mean, rho)
    by_area = call_fraction(np.arange(per_area + 1), np.full(per_area + 1, per_area), 1, limits)

    def any_area(codes: set[HetCode]) -> float:
        inside = np.isin(by_area, [int(c) for c in codes])
        return float(1 - (1 - one[inside].sum()) ** areas)

    return CallChances(
        het=float(pmf[code == HetCode.HET].sum()),
        non_het_amplified=float(pmf[code == HetCode.NON_HET_AMPLIFIED].sum()),
        non_het_nonamplified=float(pmf[code == HetCode.NON_HET_NONAMPLIFIED].sum()),
        any_area_het=any_area({HetCode.HET}),
        any_area_below_high=any_area({HetCode.HET, HetCode.NON_HET_NONAMPLIFIED}),
    )


def design_certainty(
    areas: int,
    per_area: int,
    mean: float,
    rho: float,
    *,
    low: float,
    high: float,
    wanted: float = 0.95,
    draws: int = 400,
    seed: int = 0,
    prior: FractionPrior | None = None,
) -> DesignCertainty:
    """How often a design lets one be sure of the true class, by simulation of `draws` samples.

    The true class of `mean` is at most `low`, between, or at least `high`; a sample succeeds where `fraction_posterior`
    gives that class at least the probability `wanted`. Random stream: SeedSequence(seed, spawn_key=(areas, per_area)).
    ValueError on fewer than one area, nucleus or draw.
    """
    if areas < 1 or per_area < 1 or draws < 1:
        raise ValueError("design_certainty: at least one area, nucleus and draw are required")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(areas, per_area)))
    shape = (draws, areas)
    if rho > 0 and 0 < mean < 1:
        total = (1 - rho) / rho
        p = rng.beta(mean * total, (1 - mean) * total, shape)
    else:
        p = np.full(shape, mean)
    cells = np.full(draws * areas, per_area)
    got = fraction_posterior(
        rng.binomial(per_area, p).ravel(), cells, np.arange(draws + 1) * areas, low=low, high=high, prior=prior
    )
    true = got.p_low if mean <= low else got.p_high if mean >= high else got.p_between
    chance = float(np.mean(true >= wanted))
    return DesignCertainty(
        areas,
        per_area,
        areas * per_area,
        chance,
        float(np.sqrt(chance * (1 - chance) / draws)),
        float(true.mean()),
        float(np.mean(got.high - got.low)),
    )


def smallest_designs(
    area_numbers: list[int],
    per_area_numbers: list[int],
    mean: float,
    rho: float,
    *,
    low: float,
    high: float,
    wanted: float = 0.95,
    power: float = 0.8,
    draws: int = 400,
    seed: int = 0,
    prior: FractionPrior | None = None,
) -> tuple[list[DesignCertainty], list[DesignCertainty]]:
    """For each number of areas, the fewest nuclei per area that reach the certainty `wanted` with probability `power`.

    Tries `per_area_numbers` in increasing order for each of `area_numbers`; returns the designs that suffice (at most
    one per number of areas) and all designs tried.
    """
    tried: list[DesignCertainty] = []
    enough: list[DesignCertainty] = []
    for areas in sorted(area_numbers):
        for per_area in sorted(per_area_numbers):
            one = design_certainty(
                areas, per_area, mean, rho, low=low, high=high, wanted=wanted, draws=draws, seed=seed, prior=prior
            )
            tried.append(one)
            if one.chance >= power:
                enough.append(one)
                break
    return enough, tried


def negative_area_share(mean: float, rho: float, at_most: float) -> float:
    """Share of a tumour's areas whose own amplified fraction is at most `at_most`, for areas Beta(mean, rho)."""
    if not 0 < mean < 1 or not 0 < rho < 1:
        raise ValueError("negative_area_share: mean and rho must lie between 0 and 1")
    total = (1 - rho) / rho
    return float(betainc(mean * total, (1 - mean) * total, at_most))


def miss_negative_area(share_negative: float, sites: int, areas_per_site: int, site_correlation: float = 0.0) -> float:
    """P(no sampled area is HER2-negative) although a share of the tumour's areas is.

    `sites` biopsies see `areas_per_site` areas each; negativity of two areas of one site is correlated by
    `site_correlation`: (1 - q)^(sites * areas) at 0, (1 - q)^sites at 1, between them BetaBinomial(areas, q,
    correlation) at 0, to the power of sites. ValueError where a share is not within 0..1 or nothing is sampled.
    """
    if sites < 1 or areas_per_site < 1:
        raise ValueError("miss_negative_area: at least one site and one area are required")
    return float(beta_binomial_pmf(areas_per_site, share_negative, site_correlation)[0]) ** sites
