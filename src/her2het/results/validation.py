"""Planted against found over many synthetic trials: power, bias, coverage, false findings."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Validation:
    """What the analyses found in trials with planted effects, and in trials without.

    power: claim, panel, part, direction (1, -1, 0; missing: either), planted (yes, no, absent, in structure), seeds,
    found (share of trials with q < .05 in the direction; for direction 0: with q < .05 at all), low, high (Wilson),
    wrong (share with q < .05 the other way), effect, effect_sd (standardised, over trials), null_seeds, null_found
    (the same share without planted effects; missing where it is there by construction). sizes: gene, contrast, planted
    (mean over trials), found (mean), bias, bias_se, coverage (share of 95 % intervals that hold the planted value),
    low, high (Wilson), seeds, level (log2 CPM). null: what, tests (per trial), trials, rate (share with p < .05),
    rate_se (between trials), families (number), any (share of families with a q < .05), any_low, any_high (Wilson).
    models: arm (planted, null), model, trials, auc, auc_sd, apparent, covered (share of intervals that hold .5).
    """

    power: pd.DataFrame
    sizes: pd.DataFrame
    null: pd.DataFrame
    models: pd.DataFrame
    seeds: int
    first: int
    genes: int
    patients: int
    seconds: float
