"""Correlations between two measurements of the same patients, as Estimates."""

import math
from dataclasses import replace

import numpy as np

from her2het.kernels.correlations import fisher_interval, pearson_r, spearman_p, spearman_r, t_p
from her2het.stats.estimate import Estimate
from her2het.stats.patients import pairs
from her2het.stats.units import PerPatient


def pearson(x: PerPatient, y: PerPatient, *, level: float = 0.95, contrast: str = "") -> Estimate:
    """Estimate the linear correlation r of two measurements over the patients that have both.

    p by t = r sqrt((n-2)/(1-r^2)) with n - 2 degrees of freedom; interval tanh(artanh r ± z / sqrt(n - 3)) (Fisher's z,
    from 4 patients). It assumes that both are jointly normal. Not a number below 3 patients or where one is constant.

    :raises TypeError: where values are not per patient
    Fisher 1921, Metron 1:3; as R's cor.test.
    """
    one, two = pairs(x, y)
    r = pearson_r(one, two)
    limits = fisher_interval(r, len(one), level=level)
    told = _told("Pearson r", (r, t_p(r, len(one))), limits, len(one), level)
    return _about(told, x, y, "Pearson, t", contrast)


def spearman(x: PerPatient, y: PerPatient, *, level: float = 0.95, contrast: str = "") -> Estimate:
    """Estimate the rank correlation of two measurements over the patients that have both.

    r of the ranks (ties at their mean). p without ties: counted over permutations up to 9 patients, by the Edgeworth
    series of AS 89 below 1,290, else by t with n - 2 degrees of freedom; with ties by t; as cor.test. In the far tail,
    where that series falls to 0, by t; a perfect order has 2/n!. The method says which.
    Interval: tanh(artanh r ± z sqrt((1 + r^2/2) / (n - 3))), Bonett and Wright's variance of Fisher's z, which holds up
    to |r| of about .9. Not a number below 3 patients or where one is constant.

    :raises TypeError: where values are not per patient
    Bonett & Wright 2000, doi:10.1007/BF02294183; Best & Roberts 1975, doi:10.2307/2347111.
    """
    one, two = pairs(x, y)
    n = len(one)
    r = spearman_r(one, two)
    ties = bool(len(np.unique(one)) < n or len(np.unique(two)) < n)
    p, source = spearman_p(r, n, ties=ties)
    method = f"Spearman, {source}"
    limits = fisher_interval(r, n, math.sqrt(1 + r * r / 2), level)
    return _about(_told("Spearman r", (r, p), limits, n, level), x, y, method, contrast)


def _about(told: Estimate, x: PerPatient, y: PerPatient, method: str, contrast: str) -> Estimate:
    name = contrast or f"{x.quantity}, {y.quantity}"
    return replace(told, contrast=name, quantity=x.quantity, method=method)


def _told(effect: str, found: tuple[float, float], limits: tuple[float, float], n: int, level: float) -> Estimate:
    r, p = found
    remark = ""
    if math.isnan(r):
        remark = f"{n} patients have both values, needed are 3" if n < 3 else "one of the two is constant"
    return Estimate(
        contrast="",
        effect=effect,
        unit="",
        value=r,
        low=limits[0],
        high=limits[1],
        n=(n,),
        method="",
        p=p,
        level=level,
        standard=r,
        standard_low=limits[0],
        standard_high=limits[1],
        remark=remark,
    )
