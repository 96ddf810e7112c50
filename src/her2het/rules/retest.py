"""Circumstances in which a version considers a new test. Advice on testing; it never changes a status."""

from her2het.reference.guidelines import Version
from her2het.rules.case import Context
from her2het.rules.trace import Flag, Status

_LOW_GRADE_SPECIAL = frozenset({"tubular", "mucinous", "cribriform", "adenoid_cystic"})


def retest_flags(context: Context, status: Status, version: Version) -> tuple[Flag, ...]:
    """CONSIDER_RETEST where specimen or histology sit oddly with the status (2013, 2018, 2023).

    After a negative core biopsy 2013 asked for a test of the excision under certain clinical criteria, 2018 allows it.
    Low-grade special types, and grade 1 tumours of no special type with both hormone receptors, are rarely positive;
    grade 3 tumours are worth a second look when negative. The list is recalled, not read in the guideline.
    """
    if version == "2007":
        return ()
    texts: list[str] = []
    if context.specimen == "core_biopsy" and status == "NEGATIVE":
        verb = "asks for" if version == "2013" else "allows"
        texts.append(
            f"Negative on a core biopsy: {version} {verb} a new test of the excision where its criteria apply."
        )
    if status == "POSITIVE":
        if context.histology in _LOW_GRADE_SPECIAL:
            texts.append(
                f"Positive in a {context.histology.replace('_', ' ')} carcinoma, which is rare: repeat the test."
            )
        elif context.histology == "nst" and context.grade == 1 and context.er and context.pr:
            texts.append("Positive in a grade 1 carcinoma with both hormone receptors, which is rare: repeat the test.")
    if status == "NEGATIVE" and context.grade == 3:
        texts.append("Negative in a grade 3 carcinoma: a new test may be considered.")
    return tuple(Flag("CONSIDER_RETEST", text) for text in texts)
