"""How many patients the next trial needs, from the estimates of this one."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class NextTrial:
    """Patients for power and for precision, from effects of this study as estimated and as small as they may be.

    rows: question, kind (shift, rates, area), basis (as estimated; smallest: the end of the interval nearer to no
    effect; target: a stated aim, from the rate seen here or from its upper limit), effect (what it is), planned (the
    effect planned for), aim (power or width), first, second (groups), n_first, n_second (equal groups), total,
    n_first_ratio, n_second_ratio (groups in the proportion of this study), enrolled (all comers needed for these),
    method, remark (why there is no number). here: kind, question, n_first, n_second, value, low, high. curves: kind,
    question, basis, x (patients per group), y (power, or half-width). table: rows as the page shows them. rates:
    control (rate without the new treatment), control_words, difference, power, patients (per group).
    """

    rows: pd.DataFrame
    table: pd.DataFrame
    here: pd.DataFrame
    curves: pd.DataFrame
    rates: pd.DataFrame
    estimates: tuple[Estimate, ...]
    power: float
    alpha: float
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
