"""How wide a text is, and how to break or cut it so that labels never overlap."""

from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from her2het.figures.marks import plain
from her2het.figures.style import TYPE, any_letter, fonts

LINE = 2.95  # mm from line to line at 7 pt
MM = 25.4 / 72


@lru_cache(maxsize=4096)
def width(text: str, size: float = TYPE, weight: str = "normal") -> float:
    """Printed width of one line in mm; 2 % more than measured, since a reader's Arial may differ from ours."""
    if not text:
        return 0.0
    font = FontProperties(family=list(fonts()), size=size, weight=weight)
    with any_letter():
        return 1.02 * text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] * MM


def cut(text: str, space: float, size: float = TYPE, weight: str = "normal") -> str:
    """The text, or as much of it as fits into `space` mm with an ellipsis."""
    text = plain(text)
    if width(text, size, weight) <= space:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(text[:middle] + "…", size, weight) <= space else (low, middle - 1)
    return text[:low].rstrip() + "…"


def wrap(text: str, space: float, size: float = TYPE, weight: str = "normal", lines: int = 3) -> str:
    """The text broken at spaces, else after a slash or hyphen, into at most `lines` lines of `space` mm."""
    words = plain(text).split(" ")
    parts = [piece for word in words for piece in _pieces(word, space, size, weight)]
    rows: list[str] = []
    for piece, glue in parts:
        joined = rows[-1] + glue + piece if rows else piece
        if rows and width(joined, size, weight) <= space:
            rows[-1] = joined
        else:
            rows.append(piece)
    if len(rows) > lines:
        rows = [*rows[: lines - 1], " ".join(rows[lines - 1 :])]
    return "\n".join(cut(row, space, size, weight) for row in rows)


def _pieces(word: str, space: float, size: float, weight: str) -> list[tuple[str, str]]:
    """A word with the glue that goes before it; one that is too wide is opened after its slashes and hyphens."""
    if width(word, size, weight) <= space:
        return [(word, " ")]
    pieces: list[str] = [""]
    for char in word:
        pieces[-1] += char
        if char in "/-_":
            pieces.append("")
    kept = [piece for piece in pieces if piece]
    return [(piece, "" if at else " ") for at, piece in enumerate(kept)]
