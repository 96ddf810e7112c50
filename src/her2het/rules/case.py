"""One case as a person enters it: IHC, ISH by dual or single probe, a recount, a second population, the specimen."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from her2het.rules.exact import one_of, quoted, whole, yes_no
from her2het.rules.ihc import Ihc, ihc_from
from her2het.rules.ish_input import Ish, ish_from
from her2het.schema import StudyError

Specimen = Literal["core_biopsy", "excision"]
HISTOLOGIES = ("nst", "lobular", "tubular", "mucinous", "cribriform", "adenoid_cystic", "other")
_KEYS = ("case", "ihc", "ish", "single_probe", "recount", "second_population", "context")
LONGEST_NAME = 80
_CONTEXT = ("specimen", "histology", "grade", "er", "pr")


@dataclass(frozen=True)
class Context:
    """What else is known of the specimen, for the advice to consider a new test. None where not given."""

    specimen: Specimen | None = None
    histology: str | None = None
    grade: int | None = None
    er: bool | None = None
    pr: bool | None = None


@dataclass(frozen=True)
class Case:
    """All tests of one specimen, read and checked. Any of them may be missing."""

    name: str
    ihc: Ihc | None = None
    dual: Ish | None = None
    single: Ish | None = None
    recount: Ish | None = None
    second: Ish | None = None
    context: Context = Context()
    inputs_sha256: str = ""


def case_from(given: Mapping[str, object], name: str = "unnamed") -> Case:
    """Read a case from a mapping with the keys `case`, `ihc`, `ish`, `single_probe`, `recount`, `second_population`
    and `context`; see `ihc_from` and `ish_from` for what stands in them.

    :raises StudyError: one sentence with the place of the problem
    """
    for key in given:
        one_of(key, "case", _KEYS)
    if given.get("case") is not None:
        name = _name(given["case"])
    parts: dict[str, Mapping[str, object]] = {}
    for key in _KEYS[1:]:
        part = given.get(key)
        if part is None:
            continue
        if not isinstance(part, Mapping):
            raise StudyError(f"{name}.{key}: {quoted(part)} is not a record. Write {{...}} with its fields.")
        parts[key] = part
    place = f"{name}." if given.get("case") is not None else ""
    ihc = ihc_from(parts["ihc"], f"{place}ihc") if "ihc" in parts else None
    dual = ish_from(parts["ish"], f"{place}ish") if "ish" in parts else None
    single = None
    if "single_probe" in parts:
        single = ish_from({"probe": "single", **parts["single_probe"]}, f"{place}single_probe")
    if dual is not None and dual.probe == "single":
        if single is not None:
            raise StudyError(f"{place}ish: has no ratio and single_probe is given too. Give the ratio, or one of them.")
        dual, single = None, dual
    return Case(
        name,
        ihc,
        dual,
        single,
        _second_count(parts, "recount", dual or single, place),
        _second_count(parts, "second_population", dual or single, place),
        _context(parts.get("context", {}), f"{place}context"),
        _digest({key: value for key, value in given.items() if key != "case"}),
    )


def _name(given: object) -> str:
    if not isinstance(given, str | int):
        raise StudyError(f"case: {quoted(given)} is not a name. Write text or a number, or leave it out.")
    return " ".join(str(given).split())[:LONGEST_NAME] or "unnamed"


def _second_count(parts: Mapping[str, Mapping[str, object]], key: str, first: Ish | None, place: str) -> Ish | None:
    if key not in parts:
        return None
    if first is None:
        raise StudyError(f"{place}{key}: there is no first count. Give it under ish.")
    second = ish_from(parts[key], f"{place}{key}")
    if key == "second_population" and second.share is None:
        raise StudyError(f"{place}{key}: its share of the tumour is missing. Give share_percent.")
    return second


def _context(given: Mapping[str, object], place: str) -> Context:
    for key in given:
        one_of(key, place, _CONTEXT)
    known: tuple[Specimen, ...] = ("core_biopsy", "excision")
    specimen = None if given.get("specimen") is None else one_of(given["specimen"], f"{place}.specimen", known)
    histology = given.get("histology")
    return Context(
        specimen,
        None if histology is None else one_of(histology, f"{place}.histology", HISTOLOGIES),
        None if given.get("grade") is None else whole(given["grade"], f"{place}.grade", 1, 3),
        None if given.get("er") is None else yes_no(given["er"], f"{place}.er"),
        None if given.get("pr") is None else yes_no(given["pr"], f"{place}.pr"),
    )


def _digest(given: object) -> str:
    """SHA-256 of the inputs as written, keys in order; what is missing does not count."""
    return hashlib.sha256(json.dumps(_plain(given), sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if isinstance(value, bool) else str(value)
