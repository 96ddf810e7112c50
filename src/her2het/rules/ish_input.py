"""ISH counts as they come in: cells, sums, averages or a category, as exact numbers with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.fish import NucleusSums
from her2het.kernels.fish_intervals import Interval, copies_interval, ratio_interval
from her2het.reference.guidelines import INTERVAL_LEVEL
from her2het.rules.exact import one_of, quoted, show, whole, within, yes_no
from her2het.rules.trace import Measure
from her2het.schema import StudyError

Counts = NDArray[np.int64]
Relation = Literal["=", "<", "<=", ">", ">="]
RELATIONS: tuple[Relation, ...] = ("=", "<", "<=", ">", ">=")
_NUMBERS = ("cells", "n", "her2", "cep17", "ratio", "copies", "cep17_copies", "copies_relation", "ratio_relation")
_ABOUT = (
    "exclude_zero_signal",
    "probe",
    "reported",
    "observer",
    "blinded",
    "areas",
    "includes_2plus_area",
    "controls_ok",
    "share_percent",
)
_MOST = 100_000


@dataclass(frozen=True)
class Ish:
    """One observer's ISH count of one specimen, exact; None where something was not given."""

    probe: Literal["dual", "single"]
    given: Literal["cells", "sums", "averages", "category"]
    n: int | None = None
    sum_her2: int | None = None
    sum_cep17: int | None = None
    ratio: Fraction | None = None
    copies: Fraction | None = None
    copies_relation: Relation = "="
    ratio_relation: Relation = "="
    ratio_written: Decimal | None = None
    copies_written: Decimal | None = None
    ratio_interval: Measure | None = None
    copies_interval: Measure | None = None
    copies_only: bool = False
    """Copies were given without a ratio and without saying which probe."""
    from_averages: bool = False
    zero_her2: int = 0
    zero_cep17: int = 0
    excluded: int = 0
    reported: Literal["positive", "equivocal", "negative"] | None = None
    observer: str | None = None
    blinded: bool | None = None
    areas: int | None = None
    includes_2plus_area: bool | None = None
    controls_ok: bool | None = None
    share: Fraction | None = None
    """For a second population: its share of the tumour."""

    def shown(self) -> str:
        """'ratio 2.0952 (88/42), 4.4 copies per cell (88/20)'."""
        parts: list[str] = []
        if self.ratio is not None:
            sums = f" ({self.sum_her2}/{self.sum_cep17})" if self.sum_her2 is not None else ""
            sign = "" if self.ratio_relation == "=" else f"{self.ratio_relation} "
            written = self.ratio_written if self.ratio_written is not None else show(self.ratio)
            parts.append(f"ratio {sign}{written}{sums}")
        if self.copies is not None:
            sums = f" ({self.sum_her2}/{self.n})" if self.sum_her2 is not None else ""
            sign = "" if self.copies_relation == "=" else f"{self.copies_relation} "
            written = self.copies_written if self.copies_written is not None else show(self.copies)
            parts.append(f"{sign}{written} HER2 copies per cell{sums}")
        if not parts and self.reported:
            parts.append(f"reported as {self.reported}")
        text = ", ".join(parts) or "no numbers"
        return text if self.n is None else f"{text}, {self.n} cells"


def ish_from(given: Mapping[str, object], place: str = "ish") -> Ish:
    """Read one ISH test from a mapping.

    Numbers come as `cells` (pairs of HER2 and CEP17 signals, or records with `her2`, `cep17`, `invasive`), as sums
    (`her2`, `cep17`, `n`) or as averages (`ratio`, `copies`, `cep17_copies`, `n`; averages are taken to the digits
    written). `reported` is the category in a report, used only where numbers do not decide.

    :raises StudyError: unknown keys, negative or fractional counts, sums without cells, contradictory input
    """
    for key in given:
        one_of(key, place, (*_NUMBERS, *_ABOUT))
    have = {key: value for key, value in given.items() if value is not None}
    common = _common(have, place)
    kind = one_of(have["probe"], f"{place}.probe", ("dual", "single")) if "probe" in have else None
    by_kind = {
        "cells": "cells" in have,
        "her2 and n": "her2" in have or "cep17" in have,
        "ratio, copies": any(key in have for key in ("ratio", "copies", "cep17_copies")),
    }
    kinds = [name for name, there in by_kind.items() if there]
    if len(kinds) > 1:
        raise StudyError(
            f"{place}: {' and '.join(kinds)} are given together. Give the cells, their sums, or the averages."
        )
    if not kinds:
        if common.get("reported") is None and common.get("controls_ok") is not False:
            raise StudyError(f"{place}: no counts. Give cells, or her2, cep17 and n, or ratio and copies.")
        n = whole(have["n"], f"{place}.n") if "n" in have else None
        return Ish("single" if kind == "single" else "dual", "category", n, **common)
    if kinds[0] == "cells":
        return _from_cells(have, kind, common, place)
    if kinds[0] == "her2 and n":
        return _from_sums(have, kind, common, place)
    return _from_averages(have, kind, common, place)


def _common(have: Mapping[str, object], place: str) -> dict:
    return {
        "reported": one_of(have["reported"], f"{place}.reported", ("positive", "equivocal", "negative"))
        if "reported" in have
        else None,
        "observer": (str(have["observer"]).strip() or None) if "observer" in have else None,
        "blinded": yes_no(have["blinded"], f"{place}.blinded") if "blinded" in have else None,
        "areas": whole(have["areas"], f"{place}.areas", 1) if "areas" in have else None,
        "includes_2plus_area": yes_no(have["includes_2plus_area"], f"{place}.includes_2plus_area")
        if "includes_2plus_area" in have
        else None,
        "controls_ok": yes_no(have["controls_ok"], f"{place}.controls_ok") if "controls_ok" in have else None,
        "share": Fraction(within(have["share_percent"], f"{place}.share_percent", 0, 100, "percent")) / 100
        if "share_percent" in have
        else None,
    }


def _from_cells(have: Mapping[str, object], kind: str | None, common: dict, place: str) -> Ish:
    cells = have["cells"]
    if not isinstance(cells, Sequence) or isinstance(cells, str) or not cells:
        raise StudyError(f"{place}.cells: not a list of cells. Write [[4, 2], [5, 2], ...]: HER2 and CEP17 of each.")
    if "n" in have:
        raise StudyError(f"{place}.n: the cells are given, {len(cells)} of them. Leave n out.")
    pairs: list[tuple[int, int | None]] = []
    areas: set[str] = set()
    excluded = 0
    for number, cell in enumerate(cells, 1):
        her2, cep17, invasive, area = _cell(cell, f"{place}.cells: cell {number}")
        if not invasive:
            excluded += 1
            continue
        pairs.append((her2, cep17))
        if area is not None:
            areas.add(area)
    if not pairs:
        raise StudyError(f"{place}.cells: none of {len(cells)} cells is invasive. Count invasive tumour cells.")
    counted = [c is not None for _, c in pairs]
    if any(counted) and not all(counted):
        first = counted.index(False) + 1
        raise StudyError(
            f"{place}.cells: CEP17 of cell {first} was not counted, that of others was. Count it or leave the cell out."
        )
    if yes_no(have.get("exclude_zero_signal", False), f"{place}.exclude_zero_signal"):
        kept = [(h, c) for h, c in pairs if h > 0 and c != 0]
        excluded += len(pairs) - len(kept)
        if not kept:
            raise StudyError(
                f"{place}.cells: no cell has signals of both probes. Keep cells without signals, or recount."
            )
        pairs = kept
    if common["areas"] is None and areas:
        common = {**common, "areas": len(areas)}
    dual = all(counted) and kind != "single"
    h = np.array([x for x, _ in pairs], dtype=np.int64)
    c = np.array([x if x is not None and dual else 0 for _, x in pairs], dtype=np.int64)
    sums = _nucleus_sums(h, c, dual)
    n, total, cep = len(pairs), int(h.sum()), int(c.sum())
    ratio = Fraction(total, cep) if dual and cep else None
    copies = Fraction(total, n)
    return Ish(
        "dual" if dual or kind == "dual" else "single",
        "cells",
        n,
        total,
        cep if dual else None,
        ratio,
        copies,
        ratio_interval=None if ratio is None else _measure(ratio_interval(sums, INTERVAL_LEVEL), ratio),
        copies_interval=_measure(copies_interval(sums, INTERVAL_LEVEL), copies),
        copies_only=not dual and kind is None,
        zero_her2=int((h == 0).sum()),
        zero_cep17=int((c == 0).sum()) if dual else 0,
        excluded=excluded,
        **common,
    )


def _cell(cell: object, place: str) -> tuple[int, int | None, bool, str | None]:
    if isinstance(cell, Mapping):
        if cell.get("her2") is None:
            raise StudyError(f"{place} has no HER2 count. Give her2, and cep17 where it was counted.")
        invasive = cell.get("invasive")
        area = cell.get("area", cell.get("area_id"))
        her2, cep17 = cell["her2"], cell.get("cep17")
    elif isinstance(cell, Sequence) and not isinstance(cell, str) and len(cell) in (1, 2):
        her2, cep17, invasive, area = cell[0], cell[1] if len(cell) == 2 else None, None, None
    else:
        raise StudyError(f"{place} is {quoted(cell)}. Write a pair such as [4, 2].")
    return (
        whole(her2, f"{place}, HER2", 0, _MOST),
        None if cep17 is None else whole(cep17, f"{place}, CEP17", 0, _MOST),
        invasive is None or yes_no(invasive, f"{place}, invasive"),
        None if area is None else str(area),
    )


def _nucleus_sums(h: Counts, c: Counts, dual: bool) -> NucleusSums:
    def one(value: np.int64 | int) -> Counts:
        return np.array([value], dtype=np.int64)

    n, none = len(h), one(0)
    return NucleusSums(
        nuclei=one(n),
        paired=one(n if dual else 0),
        her2=one(h.sum()),
        her2_squared=one((h * h).sum()),
        paired_her2=one(h.sum() if dual else 0),
        paired_her2_squared=one((h * h).sum() if dual else 0),
        cep17=one(c.sum()),
        cep17_squared=one((c * c).sum()),
        her2_cep17=one((h * c).sum()),
        scored=none,
        amplified=none,
        by_ratio=none,
        by_copies=none,
        no_cep17=none,
    )


def _measure(interval: Interval, value: Fraction) -> Measure:
    low, high, se = float(interval.low[0]), float(interval.high[0]), float(interval.se[0])
    if np.isnan(low):
        return Measure(show(value), float(value))
    return Measure(show(value), float(value), low, high, se)


def _from_sums(have: Mapping[str, object], kind: str | None, common: dict, place: str) -> Ish:
    if "her2" not in have or "n" not in have:
        raise StudyError(f"{place}: sums need her2, n and, for a dual probe, cep17. Give them, or averages.")
    n, her2 = whole(have["n"], f"{place}.n"), whole(have["her2"], f"{place}.her2")
    if n == 0:
        raise StudyError(f"{place}.n: 0 cells counted. Give the number of cells or leave the test out.")
    dual = "cep17" in have and kind != "single"
    cep17 = whole(have["cep17"], f"{place}.cep17") if dual else None
    return Ish(
        "dual" if dual or kind == "dual" else "single",
        "sums",
        n,
        her2,
        cep17,
        Fraction(her2, cep17) if cep17 else None,
        Fraction(her2, n),
        copies_only=not dual and kind is None,
        **common,
    )


def _from_averages(have: Mapping[str, object], kind: str | None, common: dict, place: str) -> Ish:
    ratio = within(have["ratio"], f"{place}.ratio", 0, 1000) if "ratio" in have else None
    copies = within(have["copies"], f"{place}.copies", 0, 1000, "copies per cell") if "copies" in have else None
    cep17 = within(have["cep17_copies"], f"{place}.cep17_copies", 0, 1000) if "cep17_copies" in have else None
    if cep17 is not None and cep17 == 0:
        raise StudyError(f"{place}.cep17_copies: 0, so that no ratio exists. Leave it out or correct it.")
    if kind == "single" and (ratio is not None or cep17 is not None):
        raise StudyError(f"{place}: a single probe has no ratio and no CEP17. Leave them out, or set probe to dual.")
    relation = one_of(have.get("copies_relation", "="), f"{place}.copies_relation", RELATIONS)
    of_ratio = one_of(have.get("ratio_relation", "="), f"{place}.ratio_relation", RELATIONS)
    n = whole(have["n"], f"{place}.n") if "n" in have else None
    if n == 0:
        raise StudyError(f"{place}.n: 0 cells counted. Give the number of cells or leave it out.")
    from_averages = ratio is None and copies is not None and cep17 is not None and relation == "="
    exact_ratio = None if ratio is None else Fraction(ratio)
    if from_averages and copies is not None and cep17 is not None:
        exact_ratio = Fraction(copies) / Fraction(cep17)
    copies_only = exact_ratio is None and kind is None
    return Ish(
        "single" if kind == "single" or copies_only else "dual",
        "averages",
        n,
        ratio=exact_ratio,
        copies=None if copies is None else Fraction(copies),
        copies_relation=relation,
        ratio_relation=of_ratio,
        ratio_written=ratio,
        copies_written=copies,
        copies_only=copies_only,
        from_averages=from_averages,
        **common,
    )
