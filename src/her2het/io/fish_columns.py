"""Which heading of a per-nucleus table means what, and what a cell of signals says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from her2het.schema import MISSING, StudyError, did_you_mean

COLUMNS: dict[str, str] = {
    "sample": "sample (one section or biopsy); the file's name where there is none",
    "area": "area, field or core within the sample",
    "nucleus": "number of the nucleus",
    "erbb2": "ERBB2 (HER2) signals: a whole number, or a cluster as '> 20', '20+' or 'cluster'",
    "cep17": "CEP17 signals; empty where that probe was not counted",
    "x": "position",
    "y": "position",
    "population": "contiguous tumour population told apart on the slide (for CAP2013)",
}
"""What a per-nucleus table may hold."""

_NAMES: dict[str, tuple[str, ...]] = {
    column: tuple(names.split())
    for column, names in {
        "sample": "sample sampleid samplename specimen specimenid biopsy case caseid slide slideid filename file",
        "area": "area areaid field fieldid fov region regionid roi core image sheet",
        "nucleus": "nucleus nucleusid nucleusnumber cell cellid cellnumber objectnumber",
        "erbb2": "erbb2 her2 her2neu erbb2signals her2signals her2neusignals erbb2count her2count erbb2copies "
        "her2copies erbb2spots her2spots her2signalspernucleus",
        "cep17": "cep17 cen17 chr17 ch17 cep17signals cen17signals chr17signals cep17count cen17count cep17copies "
        "cen17copies cep17spots cen17spots d17z1",
        "x": "x xum posx xposition centerx centroidx centroidxum xcenterofmass locationcenterx",
        "y": "y yum posy yposition centery centroidy centroidyum ycenterofmass locationcentery",
        "population": "population clone tumourpopulation tumorpopulation",
    }.items()
}
_RED = (
    *("red", "redsignals", "redspots", "redcount", "numofrprobes", "spectrumorange"),
    *("orange", "orangesignals", "orangespots", "orangecount", "rhodamine"),
)
_GREEN = ("green", "greensignals", "greenspots", "greencount", "numofgprobes", "spectrumgreen", "fitc")
PRESETS: dict[str, dict[str, tuple[str, ...]]] = {
    "names": _NAMES,
    "red-her2": {**_NAMES, "erbb2": _NAMES["erbb2"] + _RED, "cep17": _NAMES["cep17"] + _GREEN},
    "green-her2": {**_NAMES, "erbb2": _NAMES["erbb2"] + _GREEN, "cep17": _NAMES["cep17"] + _RED},
}
"""Headings by which a column is known, folded to letters and digits. Kits differ in the colour of ERBB2: headings of
colours (also those of FISHalyseR) are only read where a preset says which one it is."""

_EXACT = re.compile(r"\d+(?:\.0*)?")
_BOUND = re.compile(
    r"(?:>=?|≥|~|≈|ca\.?|about)\s*(\d+)(?:\.0*)?|(\d+)\s*\+|clusters?\s*[:(]?\s*(?:of|>=?|≥|~)?\s*(\d+)\s*\)?"
)
_CLUSTER = re.compile(r"(?:\d+\s*)?(?:large |small |gene )?(?:clusters?|clustered|cl|innumerable|tntc|uncountable)")


@dataclass(frozen=True)
class Signals:
    """What a cell says: a number (None where empty), and whether it is only a bound or a guess of it."""

    value: int | None
    guessed: bool


def read_signals(text: str, cluster: int) -> Signals | None:
    """A cell of signals: "7", "7.0", "> 20", "20+", "~ 25", "cluster", "cluster (30)"; None for anything else.

    A bound counts as its number, a cluster without a number as `cluster` signals.
    """
    folded = text.strip().lower()
    if folded in MISSING:
        return Signals(None, False)
    if _EXACT.fullmatch(folded):
        return Signals(int(folded.split(".")[0]), False)
    bound = _BOUND.fullmatch(folded)
    if bound:
        return Signals(int(next(g for g in bound.groups() if g)), True)
    return Signals(cluster, True) if _CLUSTER.fullmatch(folded) else None


def choose_columns(headings: Sequence[str], given: Mapping[str, str], preset: str, place: str) -> dict[str, str]:
    """Column -> heading, by the mapping that was given and else by the preset.

    :raises StudyError: for an unknown column, preset or heading, or where ERBB2 or CEP17 cannot be found
    """
    if preset not in PRESETS:
        raise StudyError(
            f"preset {preset!r}: no such preset.{did_you_mean(preset, PRESETS)} They are {_listed(PRESETS)}."
        )
    for column, heading in given.items():
        if column not in COLUMNS:
            hint = did_you_mean(column, COLUMNS) or f" Columns are {_listed(COLUMNS)}."
            raise StudyError(f"columns: {column!r} is no column of a table of nuclei.{hint}")
        if heading not in headings:
            hint = did_you_mean(heading, headings) or f" Its headings are {_listed(headings)}."
            raise StudyError(f"{place}: no heading {heading!r} for {column}.{hint}")
    taken = set(given.values())
    folded: dict[str, str] = {}
    for heading in headings:
        if heading not in taken:
            folded.setdefault(re.sub(r"[^a-z0-9]", "", heading.lower().replace("µ", "u").replace("μ", "u")), heading)
    chosen = dict(given)
    for column, names in PRESETS[preset].items():
        known = next((folded[name] for name in names if name in folded), None)
        if column not in chosen and known is not None:
            chosen[column] = known
    return chosen


def require_signals(chosen: Mapping[str, str], headings: Sequence[str], place: str) -> None:
    """:raises StudyError: where ERBB2 or CEP17 has no heading"""
    absent = [column for column in ("erbb2", "cep17") if column not in chosen]
    if not absent:
        return
    colours = [h for h in headings if re.sub(r"[^a-z0-9]", "", h.lower()) in _RED + _GREEN]
    if colours:
        raise StudyError(
            f"{place}: the headings name colours ({_listed(colours)}), not probes. Say which one is ERBB2 with "
            "--preset red-her2 or --preset green-her2, or name the columns with --column erbb2=HEADING."
        )
    raise StudyError(
        f"{place}: no heading for {absent[0]}; the headings are {_listed(headings)}. "
        f"Name it with --column {absent[0]}=HEADING or a file of --columns."
    )


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    all_names = list(names)
    return ", ".join(all_names[:12]) + " …" * (len(all_names) > 12)
