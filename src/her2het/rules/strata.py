"""Strata below positive: a reporting layer over IHC and status, not a result category of the guideline."""

from her2het.reference.guidelines import Version
from her2het.rules.ihc import IhcResult
from her2het.rules.trace import Status

FOOTNOTE = (
    "Strata (low, ultralow, null) are a reporting layer in the terms of 2023-2026 (Rakha 2026, doi "
    "10.1016/j.modpat.2025.100925), not result categories of the guideline; what is in force is in current labelling."
)


def stratum(ihc: IhcResult, status: Status, version: Version) -> str | None:
    """positive, low, ultralow, null, zero_unspecified, unresolved, review (IHC score open) or unknown (no IHC).

    Low is IHC 1+, or 2+ with a negative final status; ultralow and null divide IHC 0 by whether any cell is faintly
    stained; a bare 0 is neither. None under 2007 and 2013, which drew the line between 0 and 1+ elsewhere or did
    not look below it. Rakha 2026, doi 10.1016/j.modpat.2025.100925.
    """
    if version in {"2007", "2013"}:
        return None
    if status == "POSITIVE":
        return "positive"
    if ihc.category == "review":
        return "review"
    if ihc.score is None:
        return "unknown"
    if status != "NEGATIVE":
        return "unresolved"
    return ihc.zero if ihc.score == "0" else "low"
