"""Whether the differences between groups before treatment depend on how they are analysed."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class Robustness:
    """Each measurement and each contrast with the control group, analysed in several ways on one scale.

    rows: measurement, source (RNA, FISH, study), treated, control, way, analysis (the way in words), value, low, high,
    unit, n_treated, n_control, samples, p, q, found (q < .05; for the bootstrap, whether it agrees with patients' means
    that an interval leaves 0 out, or does so alone), by_definition, remark. One row per estimate, in the order of
    `estimates`.
    contrasts: measurement, source, unit, treated, control, value, low, high, p, q (all five of patients' means),
    n_treated, n_control, least, most (over the ways), ways (that gave a number), found (of these), verdict (holds, not
    found, depends, direction, by definition), differs (the ways whose conclusion is another than that of patients'
    means).
    """

    rows: pd.DataFrame
    contrasts: pd.DataFrame
    estimates: tuple[Estimate, ...]
    draws: int
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
