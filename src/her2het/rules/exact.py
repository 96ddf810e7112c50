"""Numbers as they were written: exact fractions, so that no cut-off is decided on a binary float."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeVar

from her2het.schema import StudyError, did_you_mean

T = TypeVar("T", bound=str)
LONGEST = 40
"""Most places before or behind the decimal point; more were not counted by anyone and only cost time."""


def exact(value: object, place: str) -> Decimal:
    """The decimal that was written: text, whole number, Decimal, or the shortest decimal that stands for a float.

    :raises StudyError: where it is not a finite number
    """
    if isinstance(value, bool):
        raise StudyError(f"{place}: {value} is not a number. Write a number.")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        remedy = "Write decimals with a point." if "," in str(value) else "Write a number or leave it out."
        raise StudyError(f"{place}: {quoted(value)} is not a number. {remedy}") from None
    if not number.is_finite():
        raise StudyError(f"{place}: {quoted(value)} is not finite. Write a number or leave it out.")
    if number.adjusted() > LONGEST or int(number.as_tuple().exponent) < -LONGEST:
        raise StudyError(f"{place}: {quoted(value)} has more than {LONGEST} digits on one side. Round it.")
    return number


def quoted(value: object) -> str:
    """What was written, in quotes where it is text, cut where it is long."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 2 * LONGEST else f"{text[: 2 * LONGEST]} …"


def within(value: object, place: str, low: int, high: int, unit: str = "") -> Decimal:
    """The decimal that was written, from `low` to `high`. :raises StudyError: outside"""
    number = exact(value, place)
    if not low <= number <= high:
        raise StudyError(
            f"{place}: {number} is outside {low} to {high}{unit and ' ' + unit}. Correct it or leave it out."
        )
    return number


def whole(value: object, place: str, low: int = 0, high: int = 10_000_000) -> int:
    """The whole number that was written, from `low` to `high`. :raises StudyError: otherwise"""
    number = within(value, place, low, high)
    if number != number.to_integral_value():
        raise StudyError(f"{place}: {number} is not a whole number. Write a whole number or leave it out.")
    return int(number)


def yes_no(value: object, place: str) -> bool:
    """True or False as written. :raises StudyError: otherwise"""
    text = str(value).strip().lower()
    if text in {"true", "yes", "1"}:
        return True
    if text in {"false", "no", "0"}:
        return False
    raise StudyError(f"{place}: {quoted(value)} is neither yes nor no. Write yes or no, or leave it out.")


def one_of(value: object, place: str, choices: Iterable[T]) -> T:
    """The choice that was written. :raises StudyError: for anything else, naming the nearest choice"""
    text, known = str(value).strip(), tuple(choices)
    for choice in known:
        if text == choice:
            return choice
    hint = did_you_mean(text, known) or " Choose one of them."
    raise StudyError(f"{place}: {quoted(text)} is none of {', '.join(known)}.{hint}")


def show(value: Fraction, digits: int = 4) -> str:
    """A fraction in at most `digits` decimals, without trailing zeros but with at least one decimal."""
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):.{digits}f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
