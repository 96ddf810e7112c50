"""What `her2 call` was given, as the record that the rules read: options, a table of nuclei, or JSON."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from her2het.schema import StudyError

IHC = ("score", "zero_staining", "ic", "ii", "mc", "wi", "fi")
ISH = ("ratio", "copies", "her2", "cep17", "n", "observer", "reported")
RECOUNT = ("ratio", "copies", "her2", "cep17", "n", "observer", "blinded")
DEEPEST = 6
"""Levels of records and lists in a case; ish.cells with records has four."""


def record_of(given: Mapping[str, Any], single_probe: bool) -> dict[str, Any]:
    """The options as a record for `case_from`; what was not given is left out.

    :raises StudyError: where an option goes with another that is missing
    """
    have = {key: value for key, value in given.items() if value is not None and value != ()}
    ihc = {key: have[key] for key in IHC if key in have}
    if "cell_scores" in have:
        ihc["cell_scores"] = _scores(have["cell_scores"])
    if "ihc_ok" in have:
        ihc["controls_ok"] = have["ihc_ok"]
    ish = {key: have[key] for key in ISH if key in have}
    if "ish_ok" in have:
        ish["controls_ok"] = have["ish_ok"]
    if "cells" in have:
        ish |= _nuclei(have["cells"], have.get("pairs", ()), have.get("preset", "names"))
    elif "pairs" in have or "preset" in have:
        raise StudyError("--column and --preset name headings of --cells. Give the table of nuclei, or leave them out.")
    if single_probe and not ish:
        raise StudyError("--single-probe: no count. Give --copies, or --her2-signals and --nuclei.")
    recount = {key: have[f"recount_{key}"] for key in RECOUNT if f"recount_{key}" in have}
    if "recount_area" in have:
        recount["includes_2plus_area"] = have["recount_area"]
    parts = {"ihc": ihc, "single_probe" if single_probe else "ish": ish, "recount": recount}
    return {key: part for key, part in parts.items() if part}


def _scores(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        score, equals, percent = part.partition("=")
        if not equals:
            raise StudyError(f"--cell-scores: {text[:80]!r} is not a list of percentages. Write 0=40,1=30,2=20,3=10.")
        if score.strip() in found:
            raise StudyError(f"--cell-scores: score {score.strip()} is given twice. Give each score once.")
        found[score.strip()] = percent.strip()
    return found


def _nuclei(path: Path, pairs: Sequence[str], preset: str) -> dict[str, Any]:
    """The nuclei of a file with one sample, as cells of an ISH count."""
    from her2het.io.fish_table import read_fish_table
    from her2het.io.her2_cases import read_mapping

    table = read_fish_table(path, mapping=read_mapping(None, tuple(pairs)), preset=preset)
    if len(table.sample.names) > 1:
        many, names = len(table.sample.names), ", ".join(table.sample.names[:4])
        raise StudyError(f"{path.name}: {many} samples ({names} …); a case is one. Keep its rows, or use fish score.")
    for note in table.notes:
        click.echo(f"{path.name}: {note}", err=True)
    areas = [table.area.names[k] for k in table.area.code] if "area" in table.columns else [None] * len(table.erbb2)
    rows = zip(table.erbb2.tolist(), table.cep17.tolist(), areas, strict=True)
    return {"cells": [{"her2": h, "cep17": None if c < 0 else c, "area": area} for h, c, area in rows]}


def read_record(where: str) -> dict[str, Any]:
    """One case from a JSON file, or from standard input where `where` is '-'.

    :raises StudyError: where it cannot be read, is not JSON, holds no record, or says one thing twice
    """
    name = "standard input" if where == "-" else Path(where).name
    try:
        with click.open_file(where, encoding="utf-8-sig") as file:
            content = json.load(file, parse_float=Decimal, object_pairs_hook=_once)
    except json.JSONDecodeError as e:
        raise StudyError(f"{name} line {e.lineno}: not JSON ({e.msg}). Correct it.") from None
    except UnicodeDecodeError:
        raise StudyError(f"{name}: not UTF-8 text. Save it as UTF-8.") from None
    except OSError as e:
        raise StudyError(f"{name}: cannot be read ({e.strerror or e}). Name a text file with one case.") from None
    except (ValueError, RecursionError):
        raise StudyError(f"{name}: a number too long or lists too deep for a case. Write one case.") from None
    except StudyError as e:
        raise StudyError(f"{name}: {e}") from None
    if not isinstance(content, dict):
        raise StudyError(f"{name}: holds no record. Write one case as {{...}}; her2 classify reads tables.")
    if _deep(content):
        raise StudyError(f"{name}: records within records beyond {DEEPEST} levels. Write one case.")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise StudyError(f"{key[:80]!r} is given twice in one record. Give it once.")
        found[key] = value
    return found


def _deep(content: object) -> bool:
    level = [content]
    for _ in range(DEEPEST):
        level = [part for whole in level for part in _parts(whole)]
    return bool(level)


def _parts(whole: object) -> list[Any]:
    if isinstance(whole, dict):
        return list(whole.values())
    return whole if isinstance(whole, list) else []
