"""Numbers and findings in words: p, effects with intervals, titles that say no more than an estimate does."""

import math
import re
from collections.abc import Iterable, Sequence

from her2het.stats.estimate import Estimate

ALPHA = 0.05  # below it (q where there is one, else p) a title says that a difference was found
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
UNKNOWN = "–"
TOO_FEW = "too few for an interval"
NAME = re.compile(r"[a-z][a-z0-9_]*")  # a column of a table
PLAIN = re.compile(r"[a-z-]+(?=\W|$)")  # a word that may begin a sentence with a capital
ESTIMANDS = {  # effect -> what is estimated, where its short name leaves that open
    "shift": "Hodges–Lehmann shift",
    "shift of pairs": "Hodges–Lehmann shift of pairs",
    "shift within strata": "shift within strata (median of differences)",
    "AUC": "area under the curve",
    "probability of a rise": "probability of a rise (later > earlier)",
    "Spearman r": "Spearman’s r",
    "Pearson r": "Pearson’s r",
}
NULLS = {"AUC": 0.5, "probability of a rise": 0.5, "odds ratio": 1.0, "adjusted odds ratio": 1.0}
"""What an effect is where there is none; 0 for all others."""
OWN = frozenset(
    {
        *("Age", "Amplified fraction", "Residual cancer burden", "Equitability", "Equitability at equal nuclei"),
        *("Difference of cellularity", "Difference of tumour area", "Disagreement of HER2 measurements"),
        *("Distance between biopsies", "Distance to own baseline", "Transcriptomic distance", "Genes that change"),
        *("Before-after against between biopsies", "Entropy of amplified or not, bits", "Nodes involved"),
        *("Immune score", "Stromal score", "Signaling by ERBB2", "Signaling by ERBB4"),
    }
)
"""Names that this program gives; a sentence may change their first letter. Names in the data stay as they are."""
SCALES = {
    "log2_cpm1": "log₂(TMM-CPM + 1)",
    "log2_cpm_prior2": "log₂ CPM, prior count 2",
    "edger_prior2": "log₂ CPM, prior count 2",
}

VARIABLES = {
    "pcr": "pCR", "het": "HET", "rcb": "RCB index", "rcb_class": "RCB class", "er": "ER", "pr": "PR", "hr": "HR",
    "age": "age, years", "nodes": "nodes involved", "cellularity": "cellularity, %", "area_mm2": "tumour area, mm²",
    "fraction": "amplified fraction",
}  # fmt: skip
COLUMNS = {  # words of a variable -> its column
    "Residual cancer burden": "rcb",
    "Difference of cellularity": "cellularity",
    "Difference of tumour area": "area_mm2",
    "Amplified fraction": "fraction",
    "hormone receptor": "hr",
}


def column_of(name: str, columns: Iterable[str]) -> str:
    """The column that a variable named in a result is held in. :raises ValueError: where there is none"""
    for candidate in (name, COLUMNS.get(name, ""), name.lower()):
        if candidate in columns:
            return candidate
    raise ValueError(f"no column holds {name!r}")


def variable(name: str) -> str:
    """A column or quantity as a heading shows it."""
    return VARIABLES.get(name, name.replace("_", " ") if NAME.fullmatch(name) else name)


def inline(name: str) -> str:
    """The same within a sentence: 'Age' as 'age', 'age, years' as 'age'; genes, groups and other names as they are."""
    if name in VARIABLES:
        return VARIABLES[name].partition(",")[0]
    if name in OWN:
        return name[:1].lower() + name[1:].partition(",")[0]
    return variable(name)


def number(value: float, places: int = 2) -> str:
    """Fixed decimals and a true minus sign; never '-0.00'."""
    if not math.isfinite(value):
        return UNKNOWN if math.isnan(value) else ("∞" if value > 0 else "−∞")
    text = f"{value:.{places}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def places(*values: float) -> int:
    """Decimals whose last is at most a twentieth of the spread of the values: 0.62 to 1.40 two, 12 to 40 none."""
    known = [v for v in values if math.isfinite(v)]
    spread = max(known) - min(known) if len(known) > 1 else abs(known[0]) if known else 1.0
    return 2 if spread <= 0 else min(4, max(0, math.ceil(-math.log10(spread / 20))))


def p_text(p: float) -> str:
    """Two significant digits: 0.23, 0.020, 0.0041, 1.3 × 10⁻⁵."""
    if math.isnan(p):
        return UNKNOWN
    if p >= 1e-3:
        return f"{p:.{1 - math.floor(math.log10(p))}f}" if p < 0.1 else f"{p:.2f}"
    if p == 0:
        return "< 10⁻³⁰⁰"
    mantissa, exponent = f"{p:.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPT)}"


def p_equals(p: float, name: str = "p") -> str:
    """'p = 0.23', or 'p < 10⁻³⁰⁰', or 'not tested'."""
    text = p_text(p)
    return "not tested" if text == UNKNOWN else f"{name} {text}" if text.startswith("<") else f"{name} = {text}"


def decimals(e: Estimate) -> int:
    """Decimals of an estimate: two for what lies between −1 and 1 by definition, else by the width of its interval."""
    if math.isclose(e.value, e.standard, abs_tol=1e-12):
        return 2
    return places(e.low, e.high) if math.isfinite(e.low) and math.isfinite(e.high) else places(e.value)


def bounded(e: Estimate) -> bool:
    """Whether an estimate has an interval, of a level that is worth showing."""
    return not (math.isnan(e.low) or math.isnan(e.high) or e.too_few)


def interval(e: Estimate) -> str:
    """'−1.92 (−2.41 to −1.40)', at the precision of the interval; the value alone where there is none to show."""
    shown = decimals(e)
    if not bounded(e):
        return number(e.value, shown)
    return f"{number(e.value, shown)} ({number(e.low, shown)} to {number(e.high, shown)})"


def level(e: Estimate) -> str:
    """'95 % CI', '94.1 % CI'; where an interval of 90 % does not exist, so; nothing where there is none at all."""
    if bounded(e):
        return f"{percent(e.level)} % CI"
    return TOO_FEW if e.too_few and not math.isnan(e.value) else ""


def percent(share: float) -> str:
    """'95', '94.1'."""
    return f"{100 * share:.1f}".removesuffix(".0")


def effect(e: Estimate) -> str:
    """'shift −1.46 log₂ CPM, 95 % CI −2.02 to −0.90'."""
    shown = decimals(e)
    text = f"{e.effect} {number(e.value, shown)}{' ' + scale(e.unit) if e.unit else ''}"
    if not bounded(e):
        return f"{text}, {level(e)}" if level(e) else text
    return f"{text}, {level(e)} {number(e.low, shown)} to {number(e.high, shown)}"


def estimand(e: Estimate) -> str:
    """What is estimated, and in which unit: 'Hodges–Lehmann shift, log₂ CPM'."""
    return f"{ESTIMANDS.get(e.effect, e.effect)}{f', {scale(e.unit)}' if e.unit else ''}"


def scale(unit: str) -> str:
    """A unit as an axis says it."""
    return SCALES.get(unit, unit)


def join(parts: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    items = list(parts)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else ""


def methods(estimates: Iterable[Estimate]) -> str:
    """The tests behind the estimates, each named once, as a sentence; nothing where there are none."""
    names = list(dict.fromkeys(e.method for e in estimates if e.method))
    return f" Method{'s' * (len(names) > 1)}: {'; '.join(names)}." if names else ""


def capital(text: str) -> str:
    """First letter large, the rest as it is; 'p53' and 'mTOR', whose first word is a name, stay so."""
    return text[:1].upper() + text[1:] if PLAIN.match(text) else text


def significance(e: Estimate) -> float:
    """q where the family is known, else p."""
    return e.p if math.isnan(e.q) else e.q


def found(e: Estimate) -> bool:
    """Whether a title may say that there is something."""
    return significance(e) < ALPHA


def direction(e: Estimate) -> int:
    """1 where the first of the contrast is higher, −1 where lower; 0 where the effect has no sign or is none.

    The effect decides: where a median difference is 0 a test of ranks may still find that groups differ, not which way
    the effect goes. The standardised effect decides where there is no other.
    """
    away = e.value - NULLS.get(e.effect, 0.0) if not math.isnan(e.value) else e.standard
    return 0 if math.isnan(away) else (away > 0) - (away < 0)


def p_of_pairs(e: Estimate) -> str:
    """'p = 0.06', with the pairs that the test used where it left some out: 'p = 0.06, n = 5 (of 7)'."""
    return f"{p_equals(e.p)}{f', n = {e.units}' if e.of else ''}"


def moves(e: Estimate) -> str:
    """'rises', 'falls', or 'changes' where the effect has no direction."""
    return ("changes", "rises", "falls")[direction(e)]


def compared(e: Estimate, what: str) -> str:
    """One comparison of groups in words, for the table of key findings."""
    sides, sign = _sides(e), direction(e)
    among = f"between {join(sides)}" if sides else f"({e.contrast})"
    if math.isnan(significance(e)):
        return f"{capital(what)} could not be compared {among}"
    if not found(e):
        return f"No difference in {what} found {among}"
    if sign == 0 or len(sides) != 2:
        return f"{capital(what)} differs {among}"
    return f"{capital(what)} is {'higher' if sign > 0 else 'lower'} in {sides[0]} than in {sides[1]}"


def related(e: Estimate, x: str, y: str) -> str:
    """One correlation in words."""
    if math.isnan(significance(e)):
        return f"{capital(x)} and {y} could not be compared"
    if not found(e):
        return f"No correlation found between {x} and {y}"
    return f"{capital(y)} {moves(e)} as {x} {'rises' if direction(e) else 'does'}"


def title_of_groups(what: str, estimates: Sequence[Estimate]) -> str:
    """A panel's title from its comparisons: what was found; where nothing was, how large a difference is possible."""
    tested = [e for e in estimates if not math.isnan(significance(e))]
    if not tested:
        return f"{capital(what)} by group"
    hits = [e for e in tested if found(e)]
    if not hits:
        widest = max(tested, key=lambda e: abs(e.standard) if math.isfinite(e.standard) else abs(e.value))
        lead = f"{capital(what)}: no difference found"
        return (
            f"{lead} ({effect(widest)})" if len(tested) == 1 else f"{lead} between groups (largest: {effect(widest)})"
        )
    clauses: dict[tuple[int, str], list[str]] = {}
    for e in hits:
        sides = _sides(e)
        if len(sides) == 2 and direction(e):
            clauses.setdefault((direction(e), sides[1]), []).append(sides[0])
        else:
            clauses.setdefault((0, f"between {join(sides)}" if sides else e.contrast), [])
    texts = [
        f"{'higher' if sign > 0 else 'lower'} in {join(treated)} than in {control}" if sign else f"differs {control}"
        for (sign, control), treated in clauses.items()
    ]
    return f"{capital(what)} {'; '.join(texts)}"


def title_of_relation(e: Estimate | None, x: str, y: str) -> str:
    """A panel's title from a correlation."""
    if e is None or math.isnan(significance(e)):
        return f"{capital(y)} against {x}"
    return related(e, x, y) if found(e) else f"{related(e, x, y)} ({effect(e)})"


def _sides(e: Estimate) -> tuple[str, ...]:
    """The groups of a comparison by name, where they are known."""
    return e.groups if len(e.groups) > 1 else ()
