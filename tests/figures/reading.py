"""What stands on a picture and where, for the tests of figures."""

from collections.abc import Mapping
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from her2het.figures.marks import Picture
from her2het.figures.panel import Drawing
from her2het.figures.style import COLUMN, PAGE, journal


def texts(picture: Picture) -> list[tuple[str, Any]]:
    """What is written on a picture and where, in pixels."""
    canvas = FigureCanvasAgg(picture)
    with journal():
        canvas.draw()
        renderer = canvas.get_renderer()
        shown = [t for t in picture.findobj(Text) if t.get_visible() and t.get_text().strip()]
        ticks = {t for ax in picture.axes for axis in (ax.xaxis, ax.yaxis) for t in hidden_ticks(axis)}
        return [(t.get_text(), t.get_window_extent(renderer)) for t in shown if t not in ticks]


def hidden_ticks(axis: Any) -> list[Text]:
    """Labels of ticks outside the range of the axis, which are not drawn."""
    drawn = {id(t) for t in axis._update_ticks()}
    every = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [label for t in every if id(t) not in drawn for label in (t.label1, t.label2)]


def misplaced(picture: Picture) -> list[tuple[str, ...]]:
    """Texts that leave the page, and pairs of texts of which one lies over the other."""
    picture.stamp("SYNTHETIC DATA")
    placed = texts(picture)
    page = picture.bbox
    wrong: list[tuple[str, ...]] = [
        (text,) for text, box in placed if box.x0 < -1 or box.x1 > page.x1 + 1 or box.y0 < -1 or box.y1 > page.y1 + 1
    ]
    for at, (text, box) in enumerate(placed):
        for other, its in placed[at + 1 :]:
            wide = min(box.x1, its.x1) - max(box.x0, its.x0)
            tall = min(box.y1, its.y1) - max(box.y0, its.y0)
            if wide > 2 and tall > 4:
                wrong.append((text, other))
    return wrong


def check_words_and_size(drawn: Mapping[str, Drawing]) -> None:
    """Every drawing has its words and numbers, findings that are its own, and a size that a page takes."""
    for name, d in drawn.items():
        assert d.title, name
        assert d.caption.endswith("."), (name, d.caption)
        assert ".." not in d.caption, name
        assert d.alt.endswith("."), name
        assert len(d.numbers), name
        assert all(f.estimate in d.estimates for f in d.findings), name
        assert len({f.words for f in d.findings}) == len(d.findings), name
        assert d.picture.width == (PAGE if d.wide else COLUMN), name
        assert d.picture.height <= 230, name
        assert d.narrow is None or d.narrow.width == COLUMN, name
