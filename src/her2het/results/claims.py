"""What the trial's paper reports, and whether this cohort shows it."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class PublishedClaims:
    """Each claim of the paper against this cohort.

    claims: claim (identifier), panel, text, verdict (supported, in part, not found, opposite, contested, not
    testable), supported, parts (how many could be tested), reading. parts: claim, panel, part, kind, quantity, groups,
    expected (higher, lower, no difference, either), verdict, reading, estimate (its place in `estimates`, missing
    where there is none), value, low, high, standard, standard_low, standard_high, p, q, n, source. verdicts, evidence:
    claims and parts as the page shows them. contradictions: place, contradiction, here (what this cohort shows).
    negligible: standardised effects within this count as none.
    """

    claims: pd.DataFrame
    parts: pd.DataFrame
    verdicts: pd.DataFrame
    evidence: pd.DataFrame
    contradictions: pd.DataFrame
    estimates: tuple[Estimate, ...]
    negligible: float
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
