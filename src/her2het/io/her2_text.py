"""HER2 ratio and copies as hospitals write them: numbers, bounds, words, and totals of signals among copies."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from her2het.schema import MISSING

Kind = Literal["number", "bound", "total", "category", "missing", "unreadable"]
MOST_CEP17 = Decimal(10)
"""More CEP17 copies per nucleus than this are not seen: copies that imply them are totals over all nuclei."""
MOST_COPIES = Decimal(30)
"""Without a ratio, more copies per nucleus than this are taken for a total: clusters hide more than about 20."""
MOST_RATIO = Decimal(100)
_NUMBER = re.compile(
    r"(?P<sign><=|>=|≤|≥|<|>)?\s*(?:~|ca\.?|approx\.?|about)?\s*(?P<value>\d+(?:[.,]\d+)?)(?P<plus>\+)?"
)
_QUOTIENT = re.compile(r"(\d+)\s*/\s*(\d+)")
_WORDS = re.compile(r"[a-z]+")
_NOT = re.compile(r"\b(not|non|no|un)[\s-]*amplif|\bnegative\b|\bnot detected\b")
_YES = re.compile(r"\bamplified\b|\bamplification\b|\bpositive\b")
_FILLER = frozenset(
    {
        *("her", "neu", "cep", "cen", "chr", "ratio", "copies", "copy", "number", "average", "mean", "signals"),
        *("signal",),
        *("per", "cell", "cells", "nucleus", "nuclei", "gene", "approx", "about", "ca", "x", "of", "is", "to", "a"),
    }
)
_RELATION: dict[str, Literal["<", "<=", ">", ">="]] = {"≤": "<=", "≥": ">=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}


@dataclass(frozen=True)
class HospitalText:
    """What a cell of a hospital's table means: a number with its relation, a category, or neither; and a note on it."""

    kind: Kind
    value: Decimal | None = None
    relation: Literal["=", "<", "<=", ">", ">="] = "="
    category: Literal["positive", "negative", "equivocal"] | None = None
    note: str = ""

    @property
    def usable(self) -> bool:
        """Whether there is a number to apply a rule to."""
        return self.kind in {"number", "bound"}


def read_copies(text: str | None, ratio: Decimal | None = None) -> HospitalText:
    """Mean HER2 copies per nucleus from free text.

    A number with a unit or a bound ("<4.0", ">6", "3.2 signals/cell") is taken as it stands; "not amplified" is a
    category. A number too large for copies is a total of signals over an unknown number of nuclei and gives no copies:
    with a `ratio`, where copies / ratio (the CEP17 per nucleus it implies) exceeds 10; without one, above 30.
    """
    read = _read(text, "copies")
    if read.value is None or read.kind != "number":
        return read
    if ratio is not None and ratio > 0:
        implied = read.value / ratio
        if implied <= MOST_CEP17:
            return read
        why = f"at ratio {ratio} it would mean {implied:.0f} CEP17 per nucleus"
    elif read.value <= MOST_COPIES:
        return read
    else:
        why = f"above {MOST_COPIES} it cannot be counted in a nucleus"
    return HospitalText(
        "total", read.value, note=f"copies {text!r}: a total of signals, since {why}; nuclei not stated"
    )


def read_ratio(text: str | None) -> HospitalText:
    """HER2/CEP17 ratio from free text: "1.1", "1.1:1", "> 2.2", "HER2/CEP17 ratio 1.2", or two totals "105/60"."""
    given = "" if text is None else text.strip()
    quotient = _QUOTIENT.fullmatch(given)
    if quotient and int(quotient[2]) > 0:
        value = Decimal(quotient[1]) / Decimal(quotient[2])
        return HospitalText("number", value, note=f"ratio {given!r}: the quotient of two totals")
    read = _read(re.sub(r":\s*1(?:[.,]0+)?\s*$", "", given), "ratio")
    if read.kind == "number" and read.value is not None and read.value > MOST_RATIO:
        return HospitalText("unreadable", note=f"ratio {given!r}: above {MOST_RATIO}, no ratio of signals")
    return read


def read_category(text: str | None, what: str = "ISH") -> HospitalText:
    """Positive, negative or equivocal from free text; anything else is unreadable, and said so."""
    given = "" if text is None else text.strip()
    lower = given.lower()
    if lower in MISSING:
        return HospitalText("missing")
    if _NOT.search(lower) or lower in {"neg", "-"}:
        return HospitalText("category", category="negative")
    if "equivocal" in lower or "borderline" in lower:
        return HospitalText("category", category="equivocal")
    if _YES.search(lower) or lower in {"pos", "+"}:
        return HospitalText("category", category="positive")
    return HospitalText("unreadable", note=f"{what} {given!r}: neither positive, negative nor equivocal")


def _read(text: str | None, what: str) -> HospitalText:
    given = "" if text is None else text.strip()
    lower = given.lower().replace("her2", "her").replace("cep17", "cep").replace("cen17", "cen").replace("chr17", "chr")
    if lower in MISSING:
        return HospitalText("missing")
    numbers = list(_NUMBER.finditer(lower))
    if not numbers:
        found = read_category(given, what)
        if found.kind == "category":
            return HospitalText("category", category=found.category, note=f"{what} {given!r}: a category, no number")
        return HospitalText("unreadable", note=f"{what} {given!r}: no number and no category in it")
    words = set(_WORDS.findall(_NUMBER.sub(" ", lower)))
    if len(numbers) > 1 or "-" in lower or words - _FILLER:
        return HospitalText("unreadable", note=f"{what} {given!r}: more than one number, or words that may change it")
    match = numbers[0]
    value = Decimal(match["value"].replace(",", "."))
    note = f"{what} {given!r}: comma read as decimal point" if "," in match["value"] else ""
    sign = match["sign"] or (">=" if match["plus"] else None)
    if sign is None:
        return HospitalText("number", value, note=note)
    return HospitalText("bound", value, _RELATION[sign], note=note or f"{what} {given!r}: a bound, not a number")
