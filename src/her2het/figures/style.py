"""How every figure looks: printed size, type, and one colour and one marker per meaning."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.font_manager import fontManager

COLUMN, PAGE = 85.0, 175.0  # printed widths, mm
HEIGHT = 66.0  # of a one-column figure, mm, so that neighbours align
TYPE, SMALL = 7.0, 6.5  # pt
INK, MUTED, RULE, PAPER = "#1b1f24", "#5c6670", "#dde2e7", "#fefefe"
CLOUD = "#aab3bc"  # data that the reader need not tell apart
FLAG = "#b2182b"  # what a rule has singled out
BAND = "#f3e9d8"  # a stated range of the axis


@dataclass(frozen=True)
class Look:
    """One meaning: a hue with its pale and its strong shade, and a marker that repeats it where points mix.

    `token` names the hue on the page, which may recolour it for a dark screen.
    """

    token: str
    colour: str
    pale: str
    strong: str
    marker: str
    area: float  # of the marker in pt^2, so that all look equally large


LOOKS = (
    Look("g1", "#0072b2", "#a6cfe6", "#004b76", "o", 10),
    Look("g2", "#e69f00", "#f6d999", "#a87400", "s", 9),
    Look("g3", "#d55e00", "#f0b48c", "#9c4400", "^", 12),
    Look("g4", "#009e73", "#99d8c7", "#00684c", "D", 8),
    Look("g5", "#cc79a7", "#ebc9dc", "#8f4a71", "v", 12),
    Look("g6", "#56b4e9", "#bbe1f6", "#1f7cb0", "P", 12),
    Look("g7", "#f0e442", "#f9f4b3", "#8f8700", "X", 12),
    Look("g8", "#7f7f7f", "#cccccc", "#4d4d4d", "p", 12),
)
NO_GROUP = Look("cloud", CLOUD, RULE, MUTED, "x", 9)
NONE = "no group"  # printed where a patient belongs to none of the study's groups
SEQUENTIAL = mpl.colormaps["cividis_r"]

# The page recolours these through CSS; the printed value is the fallback.
TOKENS = {INK: "ink", MUTED: "muted", RULE: "rule", PAPER: "paper", CLOUD: "cloud", FLAG: "flag", BAND: "band"} | {
    shade: f"{look.token}{suffix}"
    for look in LOOKS
    for shade, suffix in ((look.colour, ""), (look.pale, "-pale"), (look.strong, "-strong"))
}


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """The look of each group, by its place in the study's order; a ninth group begins again with another marker."""
    marks = [look.marker for look in LOOKS]
    result: dict[str, Look] = {}
    for at, label in enumerate(labels):
        turn, place = divmod(at, len(LOOKS))
        look = LOOKS[place]
        marker = marks[(place + turn) % len(marks)]
        result[label] = look if turn == 0 else Look(look.token, look.colour, look.pale, look.strong, marker, look.area)
    return result


WANTED = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")  # Liberation has Arial's metrics


@cache
def fonts() -> tuple[str, ...]:
    """Those of the wanted families that this machine has (a missing one would be logged for every text)."""
    present = set(fontManager.get_font_names())
    return tuple(name for name in WANTED if name in present)


@contextmanager
def any_letter() -> Iterator[None]:
    """A letter that no font of this machine has is drawn as a box, without a warning; the SVG has it as text."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", category=UserWarning)
        yield


@contextmanager
def journal() -> Iterator[None]:
    """The settings under which every figure is drawn and saved. Text is never read as mathematics: it may be data."""
    with any_letter(), mpl.rc_context(_settings()):
        yield


def _settings() -> dict[Any, Any]:
    return {
        "font.family": list(fonts()),
        "font.size": TYPE,
        "axes.labelsize": TYPE,
        "xtick.labelsize": TYPE,
        "ytick.labelsize": TYPE,
        "text.color": INK,
        "text.parse_math": False,
        "text.usetex": False,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-6, 7),
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.major.pad": 2.5,
        "ytick.major.pad": 2.5,
        "axes.labelpad": 3,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "lines.linewidth": 0.9,
        "lines.solid_capstyle": "round",
        "legend.frameon": False,
        "axes.unicode_minus": True,
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
    }


R = TypeVar("R")
D = TypeVar("D")


def drawn(function: Callable[[R], D]) -> Callable[[R], D]:
    """A figure function that runs under `journal()`."""

    @wraps(function)
    def under_journal(result: R) -> D:
        with journal():
            return function(result)

    return under_journal
