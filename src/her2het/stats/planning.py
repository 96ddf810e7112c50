"""How many patients the next trial needs: for power, and for an interval of a given width."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from her2het.kernels.proportions import newcombe
from her2het.kernels.superiority import hanley_mcneil
from her2het.kernels.tails import normal_cdf, normal_quantile
from her2het.stats.estimate import LOWEST_LEVEL, Estimate

MOST = 10_000_000  # patients per group; beyond this an aim is out of reach


@dataclass(frozen=True)
class Patients:
    """Patients per group (treated, control) that reach an aim, the unrounded treated number, and what was assumed."""

    treated: int
    control: int
    exact: float
    aim: str
    assumed: str

    @property
    def total(self) -> int:
        """Patients in all."""
        return self.treated + self.control


def for_shift(superiority: float, *, power: float = 0.8, alpha: float = 0.05, ratio: float = 1.0) -> Patients:
    """Patients for a two-sided rank-sum test to find a shift, from the probability of superiority that goes with it.

    Noether: N = (z_{1-alpha/2} + z_power)^2 / (12 c (1 - c) (theta - 1/2)^2), c the treated share. `superiority`: theta
    = (standard + 1)/2 of a rank-sum Estimate. `ratio`: control patients per treated one. It takes the variance under
    the hypothesis, so it errs upwards for theta far from 1/2 and downwards for groups of very unequal spread.

    :raises ValueError: where theta is not strictly between 0 and 1, or is 1/2; or power, alpha or ratio make no sense
    Noether 1987, doi:10.1080/01621459.1987.10478478.
    """
    _check(power, alpha, ratio)
    if not 0 < superiority < 1 or superiority == 0.5:
        raise ValueError(
            f"a probability of superiority of {superiority:g} cannot be planned for: between 0 and 1, not .5"
        )
    share = 1 / (1 + ratio)
    reach = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    whole = reach**2 / (12 * share * (1 - share) * (superiority - 0.5) ** 2)
    return _rounded(
        whole * share, ratio, _power(power, alpha), f"probability of superiority {superiority:.3g}, Noether"
    )


def for_rates(
    treated: float, control: float, *, power: float = 0.8, alpha: float = 0.05, ratio: float = 1.0
) -> Patients:
    """Patients for a two-sided comparison of two rates.

    n = (z_{1-alpha/2} sqrt((1 + 1/k) p (1-p)) + z_power sqrt(p1 (1-p1) + p2 (1-p2)/k))^2 / (p1 - p2)^2 with k = ratio
    and p = (p1 + k p2)/(1 + k): R's power.prop.test for k = 1. Fisher's exact test needs more: n/4 (1 + sqrt(1 + 2
    (1+k) / (n k |p1 - p2|)))^2 patients, which is what is given, as the tests here are exact; `exact` holds n without
    it.

    :raises ValueError: where rates lie outside 0..1 or are equal; or power, alpha or ratio make no sense
    Fleiss, Tytun & Ury 1980, doi:10.2307/2529990.
    """
    _check(power, alpha, ratio)
    if not (0 <= treated <= 1 and 0 <= control <= 1) or treated == control:
        raise ValueError(f"rates of {treated:g} and {control:g} cannot be planned for: between 0 and 1, and different")
    middle, gap = (treated + ratio * control) / (1 + ratio), abs(treated - control)
    under = math.sqrt((1 + 1 / ratio) * middle * (1 - middle))
    apart = math.sqrt(treated * (1 - treated) + control * (1 - control) / ratio)
    n = ((normal_quantile(1 - alpha / 2) * under + normal_quantile(power) * apart) / gap) ** 2
    corrected = n / 4 * (1 + math.sqrt(1 + 2 * (1 + ratio) / (n * ratio * gap))) ** 2
    found = _rounded(
        corrected, ratio, _power(power, alpha), f"rates {treated:.3g} and {control:.3g}, continuity corrected"
    )
    return Patients(found.treated, found.control, n, found.aim, found.assumed)


def for_auc(auc: float, *, power: float = 0.8, alpha: float = 0.05, ratio: float = 1.0) -> Patients:
    """Patients for an area under the curve to differ from 1/2; treated are those with the outcome.

    The smallest n for which (z_{1-alpha/2} s(1/2) + z_power s(A)) <= |A - 1/2|, s^2 Hanley and McNeil's variance with n
    patients with the outcome and ratio * n without.

    :raises ValueError: where the area is not strictly between 0 and 1, or is 1/2; or power, alpha or ratio make no
    sense Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    """
    _check(power, alpha, ratio)
    if not 0 < auc < 1 or auc == 0.5:
        raise ValueError(f"an area of {auc:g} cannot be planned for: between 0 and 1, not .5")
    high, low = normal_quantile(1 - alpha / 2), normal_quantile(power)

    def enough(n: float) -> bool:
        none, some = hanley_mcneil(0.5, n, n * ratio), hanley_mcneil(auc, n, n * ratio)
        return high * math.sqrt(none) + low * math.sqrt(some) <= abs(auc - 0.5)

    return _rounded(_smallest(enough), ratio, _power(power, alpha), f"area {auc:.3g}, Hanley and McNeil")


def shift_to_width(estimate: Estimate, half_width: float, *, ratio: float = 1.0) -> Patients:
    """Patients for the interval of a shift to reach only `half_width` to either side, from a shift estimated here.

    The width of an interval goes with sqrt(1/m + 1/n): n = (half-width now / half-width wanted)^2 (1 + 1/ratio) /
    (1/m + 1/n of now). It assumes the spread of this trial's patients.

    :raises ValueError: for an estimate without an interval or without two groups, or a width of 0 or below
    """
    now = (estimate.high - estimate.low) / 2
    if not (now > 0 and math.isfinite(now)) or len(estimate.n) != 2 or min(estimate.n) == 0:
        raise ValueError(f"{estimate.contrast}: an interval of two groups is needed")
    if estimate.too_few:
        raise ValueError(f"{estimate.contrast}: too few patients for an interval of {100 * LOWEST_LEVEL:g} %")
    if not half_width > 0 or not ratio > 0:
        raise ValueError("a half-width and a ratio above 0 are needed")
    n = (now / half_width) ** 2 * (1 + 1 / ratio) / (1 / estimate.n[0] + 1 / estimate.n[1])
    unit = f" {estimate.unit}" if estimate.unit else ""
    aim = f"{round(100 * estimate.level, 1):g} % interval of ±{half_width:g}{unit}"
    return _rounded(n, ratio, aim, f"the spread seen in {estimate.n[0]} and {estimate.n[1]} patients")


def rates_to_width(
    treated: float, control: float, half_width: float, *, level: float = 0.95, ratio: float = 1.0
) -> Patients:
    """Patients for Newcombe's interval of a difference of rates to be at most 2 `half_width` wide (shares, not points).

    :raises ValueError: where rates lie outside 0..1, or the width or ratio is not above 0
    """
    if not (0 <= treated <= 1 and 0 <= control <= 1 and 0 < half_width < 1 and ratio > 0):
        raise ValueError("rates between 0 and 1, a half-width between 0 and 1 and a ratio above 0 are needed")

    def enough(n: float) -> bool:
        size = (math.ceil(n), math.ceil(n * ratio))
        low, high = newcombe((round(treated * size[0]), size[0]), (round(control * size[1]), size[1]), level)
        return high - low <= 2 * half_width

    aim = f"{100 * level:g} % interval of ±{100 * half_width:g} points"
    return _rounded(math.ceil(_smallest(enough)), ratio, aim, f"rates {treated:.3g} and {control:.3g}, Newcombe")


def auc_to_width(auc: float, half_width: float, *, level: float = 0.95, ratio: float = 1.0) -> Patients:
    """Patients for the interval of an area under the curve to reach `half_width` to either side (Hanley and McNeil).

    :raises ValueError: where the area is not strictly between 0 and 1, or the width or ratio is not above 0
    """
    if not (0 < auc < 1 and half_width > 0 and ratio > 0):
        raise ValueError("an area between 0 and 1, and a half-width and ratio above 0 are needed")
    z = normal_quantile((1 + level) / 2)
    n = _smallest(lambda k: z * math.sqrt(hanley_mcneil(auc, k, k * ratio)) <= half_width)
    return _rounded(n, ratio, f"{100 * level:g} % interval of ±{half_width:g}", f"area {auc:.3g}, Hanley and McNeil")


def power_of_shift(superiority: float, treated: int, control: int, *, alpha: float = 0.05) -> float:
    """The power that Noether's formula gives a rank-sum test with these groups (the inverse of `for_shift`)."""
    whole = treated + control
    share = treated / whole
    reach = math.sqrt(12 * whole * share * (1 - share)) * abs(superiority - 0.5)
    return normal_cdf(reach - normal_quantile(1 - alpha / 2))


def _check(power: float, alpha: float, ratio: float) -> None:
    if not (0 < alpha < 1 and alpha < power < 1 and ratio > 0):
        raise ValueError(
            f"power {power:g}, alpha {alpha:g} and ratio {ratio:g}: 0 < alpha < power < 1 and ratio > 0 are needed"
        )


def _power(power: float, alpha: float) -> str:
    return f"power {power:g} at two-sided alpha {alpha:g}"


def _smallest(enough: Callable[[float], bool]) -> float:
    """The smallest n at or above 2 that is enough, by doubling and halving, to 1e-6 of it."""
    high = 2.0
    while not enough(high):
        high *= 2
        if high > MOST:
            raise ValueError(f"more than {MOST} patients per group would be needed")
    low = high / 2
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _rounded(treated: float, ratio: float, aim: str, assumed: str) -> Patients:
    first = max(2, math.ceil(treated - 1e-6))
    return Patients(first, max(2, math.ceil(first * ratio - 1e-6)), treated, aim, assumed)
