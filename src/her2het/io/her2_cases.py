"""A table of HER2 cases under any headings -> one record per case, as the rules read it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from her2het.io.her2_text import HospitalText, read_category, read_copies, read_ratio
from her2het.io.text_table import SEPARATORS, cut_header, decode, find_separator, read_bytes
from her2het.schema import MISSING, StudyError, did_you_mean

COLUMNS: dict[str, str] = {
    "case": "identifier of the case",
    "ihc_score": "IHC score: 0, 1+, 2+, 3+",
    "zero_staining": "for IHC 0: none, faint or unspecified",
    "ic": "intense complete staining, % of invasive cells",
    "ii": "moderate to intense incomplete, %",
    "mc": "weak to moderate complete, %",
    "wi": "weak incomplete, %",
    "fi": "faint incomplete, %",
    "score0": "cells scored 0, %",
    "score1": "cells scored 1+, %",
    "score2": "cells scored 2+, %",
    "score3": "cells scored 3+, %",
    "circumferential": "whether incomplete staining is circumferential, yes or no",
    "scored_under": "the version under which ihc_score was given",
    "ihc_controls_ok": "IHC controls as expected, yes or no",
    "ratio": "HER2/CEP17 ratio, free text",
    "copies": "HER2 copies per cell, free text",
    "cep17_copies": "CEP17 copies per cell",
    "her2_signals": "sum of HER2 signals",
    "cep17_signals": "sum of CEP17 signals",
    "nuclei": "cells counted",
    "probe": "dual or single",
    "ish_reported": "ISH category of the report, free text",
    "ish_controls_ok": "ISH controls as expected, yes or no",
    "observer": "who counted",
    "recount_ratio": "ratio of the recount",
    "recount_copies": "HER2 copies per cell of the recount",
    "recount_her2_signals": "sum of HER2 signals of the recount",
    "recount_cep17_signals": "sum of CEP17 signals of the recount",
    "recount_nuclei": "cells of the recount",
    "recount_observer": "who recounted",
    "recount_blinded": "whether blinded to the first result, yes or no",
    "recount_includes_2plus_area": "whether the IHC 2+ area was included, yes or no",
    "hospital_ihc": "the hospital's own IHC status, for comparison only",
    "hospital_ish": "the hospital's own ISH status, for comparison only",
}
"""What a table of cases may hold. A heading of the same name needs no mapping."""
_PATTERNS = ("ic", "ii", "mc", "wi", "fi")
_SCORES = ("score0", "score1", "score2", "score3")
_ISH = {
    "cep17_copies": "cep17_copies",
    "her2_signals": "her2",
    "cep17_signals": "cep17",
    "nuclei": "n",
    "probe": "probe",
    "ish_controls_ok": "controls_ok",
    "observer": "observer",
}
_RECOUNT = {
    "recount_ratio": "ratio",
    "recount_copies": "copies",
    "recount_her2_signals": "her2",
    "recount_cep17_signals": "cep17",
    "recount_nuclei": "n",
    "recount_observer": "observer",
    "recount_blinded": "blinded",
    "recount_includes_2plus_area": "includes_2plus_area",
}


@dataclass(frozen=True)
class Her2Row:
    """One row: the record for the rules, the hospital's own status as written, and how free text was read."""

    name: str
    record: dict[str, object]
    hospital_ihc: str | None
    hospital_ish: str | None
    notes: tuple[str, ...]


def read_her2_cases(path: Path, mapping: Mapping[str, str]) -> list[Her2Row]:
    """Read a table of cases; `mapping` names the heading for a column of `COLUMNS` (others go by their own name).

    :raises StudyError: where the table or the mapping cannot be read, or a case stands twice
    """
    text = decode(read_bytes(path), path.name)
    separator = find_separator(text.split("\n", 1)[0], path.name)
    _headings_once(text, separator, path.name)
    frame = _parsed(path, separator)
    picked = _picked(list(map(str, frame.columns)), mapping, path.name)
    rows: list[Her2Row] = []
    seen: dict[str, int] = {}
    columns = {name: frame[heading].tolist() for name, heading in picked.items()}
    for at in range(len(frame)):
        cells = {name: _cell(values[at]) for name, values in columns.items()}
        name = cells.get("case") or (f"row {at + 2}" if "case" not in picked else "")
        if not name:
            raise StudyError(f"{path.name} line {at + 2}: the case has no identifier. Fill it in.")
        if name in seen:
            raise StudyError(f"{path.name}: case {name!r} stands in lines {seen[name]} and {at + 2}. Rename one.")
        seen[name] = at + 2
        rows.append(her2_row(name, cells))
    return rows


def read_mapping(path: Path | None, given: tuple[str, ...]) -> dict[str, str]:
    """Columns and their headings from the [columns] of a TOML file and from 'column=heading' options, which win.

    :raises StudyError: where the file or an option cannot be read
    """
    mapping: dict[str, str] = {}
    if path is not None:
        try:
            content = tomllib.loads(decode(read_bytes(path), path.name))
        except tomllib.TOMLDecodeError as e:
            raise StudyError(f'{path.name}: not TOML ({e}). Write [columns] and lines such as case = "id".') from None
        columns = content.get("columns")
        if not isinstance(columns, dict) or set(content) != {"columns"}:
            raise StudyError(f'{path.name}: needs one section, [columns], with lines such as case = "id".')
        mapping |= {str(key): str(value) for key, value in columns.items()}
    for pair in given:
        column, equals, heading = pair.partition("=")
        if not equals:
            raise StudyError(f"--column {pair!r}: no '='. Write COLUMN=HEADING, such as ihc_score=HER2_score.")
        mapping[column.strip()] = heading.strip()
    return mapping


def her2_row(name: str, cells: Mapping[str, str | None]) -> Her2Row:
    """The record of one case from its cells; ratio, copies and category may be free text."""
    have = {key: value for key, value in cells.items() if value is not None}
    notes: list[str] = []
    record: dict[str, object] = {"case": name}
    ihc = _ihc(have, notes)
    if ihc:
        record["ihc"] = ihc
    ish = _ish(have, notes)
    if ish:
        record["ish"] = ish
    recount = {key: have[column] for column, key in _RECOUNT.items() if column in have}
    if recount and ish:
        record["recount"] = recount
    elif recount:
        notes.append("a recount is given without a first count: not used")
    return Her2Row(name, record, have.get("hospital_ihc"), have.get("hospital_ish"), tuple(notes))


def _ihc(have: Mapping[str, str], notes: list[str]) -> dict[str, object]:
    """Patterns say more than scores of cells, and those more than one score for all: the first given is used."""
    patterns = {key: have[key] for key in _PATTERNS if key in have}
    scores = {key[-1]: have[key] for key in _SCORES if key in have}
    kinds: list[tuple[str, dict[str, object]]] = []
    if patterns:
        ring = {"circumferential": have["circumferential"]} if "circumferential" in have else {}
        kinds.append(("staining patterns", {**patterns, **ring}))
    if scores:
        kinds.append(("scores of cells", {"cell_scores": scores}))
    if "ihc_score" in have:
        about = {key: have[key] for key in ("zero_staining", "scored_under") if key in have}
        kinds.append(("IHC score", {"score": have["ihc_score"].removesuffix(".0"), **about}))
    if not kinds:
        return {}
    if len(kinds) > 1:
        notes.append(f"{' and '.join(name for name, _ in kinds)} are given: the {kinds[0][0]} are used")
    controls = {"controls_ok": have["ihc_controls_ok"]} if "ihc_controls_ok" in have else {}
    return {**kinds[0][1], **controls}


def _ish(have: Mapping[str, str], notes: list[str]) -> dict[str, object]:
    ish: dict[str, object] = {key: have[column] for column, key in _ISH.items() if column in have}
    sums = "her2" in ish and "n" in ish
    if not sums and {"her2", "cep17"} & set(ish):
        notes.append("HER2 signals without the number of nuclei: not used")
    if not sums:
        ish = {key: value for key, value in ish.items() if key not in {"her2", "cep17"}}
    elif {"ratio", "copies", "cep17_copies"} & set(have):
        notes.append("ISH averages stand beside sums: the sums are used")
        ish.pop("cep17_copies", None)
    ratio = read_ratio(have.get("ratio"))
    copies = read_copies(have.get("copies"), ratio.value if ratio.kind == "number" else None)
    reported = read_category(have.get("ish_reported"), "ISH category")
    notes += [read.note for read in (ratio, copies, reported) if read.note]
    if ratio.usable and not sums:
        ish |= {"ratio": ratio.value, "ratio_relation": ratio.relation}
    if ratio.kind == "unreadable" and not sums:
        ish.setdefault("probe", "dual")  # a ratio was measured: copies beside it are not those of a single probe
    if copies.usable and not sums:
        ish |= {"copies": copies.value, "copies_relation": copies.relation}
    category = _category(ratio, copies, reported, notes)
    if category is not None:
        ish["reported"] = category
    told = {"ratio", "copies", "her2", "cep17_copies", "reported"} & set(ish)
    return ish if told else {}


def _category(ratio: HospitalText, copies: HospitalText, reported: HospitalText, notes: list[str]) -> str | None:
    said = {read.category for read in (ratio, copies, reported) if read.category is not None}
    if len(said) > 1:
        notes.append(f"ISH is reported as {' and as '.join(sorted(said))}: neither is used")
        return None
    return next(iter(said), None)


def _parsed(path: Path, separator: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8-sig"
        )
    except pd.errors.ParserError as e:
        where = str(e).split("C error: ")[-1].strip()
        kind = SEPARATORS[separator]
        raise StudyError(f"{path.name}: not a table separated by {kind}s ({where}). Correct the line.") from None
    if frame.empty:
        raise StudyError(f"{path.name}: there is a header but no row below it. Add the cases.")
    return frame


def _headings_once(text: str, separator: str, name: str) -> None:
    headings = cut_header(text.split("\n", 1)[0].rstrip("\r"), separator, name)
    for heading in headings:
        if heading and headings.count(heading) > 1:
            raise StudyError(f"{name}: heading {heading!r} stands {headings.count(heading)} times. Rename the others.")


def _picked(headings: list[str], mapping: Mapping[str, str], name: str) -> dict[str, str]:
    for column, heading in mapping.items():
        if column not in COLUMNS:
            hint = did_you_mean(column, COLUMNS) or f" Columns are {', '.join(COLUMNS)}."
            raise StudyError(f"columns: {column!r} is no column of a table of cases.{hint}")
        if heading not in headings:
            hint = did_you_mean(heading, headings) or f" Its headings are {', '.join(headings[:12])}."
            raise StudyError(f"{name}: no heading {heading!r} for {column}.{hint}")
    picked = {column: column for column in COLUMNS if column in headings} | dict(mapping)
    if not set(picked) - {"case", "hospital_ihc", "hospital_ish"}:
        raise StudyError(
            f"{name}: no heading is a column of a table of cases; they are {', '.join(headings[:12])}. "
            "Name them with --columns FILE or --column ihc_score=HEADING."
        )
    return picked


def _cell(value: object) -> str | None:
    text = str(value).strip()
    return None if text.lower() in MISSING else text
