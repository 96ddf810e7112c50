"""Maps of nuclei: a few tumours of each spatial pattern."""

import pandas as pd
from matplotlib.axes import Axes

from her2het.figures.layout import size
from her2het.figures.lettering import cut, width
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import CLOUD, COLUMN, INK, LOOKS, PAGE, PAPER, RULE, drawn
from her2het.figures.words import join, number, p_equals
from her2het.results.her2 import SpatialPatterns

HET = LOOKS[2]
GAP, BETWEEN, SIDE = 1.2, 5.0, 2.0  # mm between areas, between tumours, beside the picture
HEAD, KEY, FOOT = 8.5, 6.0, 6.0  # mm above a row of maps, for the key, below
BAR = 100.0  # um


@drawn
def spatial_maps(result: SpatialPatterns) -> tuple[Drawing, ...]:
    """Positions of amplified and other nuclei in a few tumours of each pattern, area by area."""
    shown = result.shown
    if shown.empty:
        return ()
    told = result.by_group
    counts = {str(r["pattern"]): int(r["all"]) for _, r in told.iterrows()}
    total = sum(counts.values())
    title = f"Amplified nuclei in {total} baseline tumours where they are the fewer: " + join(
        f"{n} {name}" for name, n in counts.items()
    )
    patterns = list(dict.fromkeys(shown["pattern"]))
    numbers = result.nuclei.copy()
    return (
        Drawing(
            _maps(result, shown, len(patterns), PAGE),
            title=title if total else "Amplified nuclei on maps of a few tumours",
            caption="Each square is an area of one sample, each point a nucleus; bar: 100 µm. Above: Moran's I of the "
            "whole tumour with the p of its permutation test, and the share of amplified nuclei in the largest "
            "connected group of their area (joined). Six nearest neighbours; the rule is a proposal, not validated.",
            alt=f"Maps of nuclei in {len(shown)} tumours: {join(p.lower() for p in patterns)}.",
            numbers=numbers,
            wide=True,
            narrow=_maps(result, shown.drop_duplicates("pattern"), 1, COLUMN),
        ),
    )


def _maps(result: SpatialPatterns, shown: pd.DataFrame, columns: int, page: float) -> Picture:
    """Tumours of one pattern below each other, patterns beside each other."""
    blocks = [shown[shown["pattern"] == name] for name in dict.fromkeys(shown["pattern"])]
    if columns == 1:
        blocks = [pd.concat(blocks)]
    rows = max(len(block) for block in blocks)
    most = max(int(result.nuclei[result.nuclei["patient"] == p]["area"].nunique()) for p in shown["patient"])
    block_wide = (page - 2 * SIDE - BETWEEN * (columns - 1)) / columns
    side = min((block_wide - GAP * (most - 1)) / most, 30.0)
    height = KEY + rows * (HEAD + side) + FOOT
    picture = Picture(page, height)
    span = _span(result.nuclei)
    first: Axes | None = None
    for x, block in enumerate(blocks):
        for y, (_, row) in enumerate(block.iterrows()):
            left = SIDE + x * (block_wide + BETWEEN)
            top = KEY + y * (HEAD + side) + HEAD
            axes = _tumour(picture, result, row, (left, top, side), span)
            first = first or axes[0]
    if first is not None:
        _key(picture, first)
        _scale(first, span)
    return picture


def _span(nuclei: pd.DataFrame) -> float:
    """The width of the widest area, um."""
    grouped = nuclei.groupby(["patient", "sample", "area"])[["x", "y"]]
    return float((grouped.max() - grouped.min()).max().max()) * 1.06 or 1.0


def _tumour(
    picture: Picture, result: SpatialPatterns, row: pd.Series, place: tuple[float, float, float], span: float
) -> list[Axes]:
    left, top, side = place
    page, height = picture.width, picture.height
    own = result.nuclei[result.nuclei["patient"] == row["patient"]]
    axes: list[Axes] = []
    for at, (area, part) in enumerate(own.groupby("area", sort=False)):
        box = ((left + at * (side + GAP)) / page, 1 - (top + side) / height, side / page, side / height)
        ax = picture.add_axes(box)
        _area(picture, ax, part, f"{plain(row['patient'])} {plain(area)}", span)
        axes.append(ax)
    known = result.patients[(result.patients["patient"] == row["patient"]) & (result.patients["phase"] == row["phase"])]
    head, tests = axes[0], known.iloc[0]
    wide = len(axes) * (side + GAP)
    name = f"{row['pattern'].capitalize()}: {plain(row['patient'])}"
    if row["phase"] != "baseline":
        name += ", after treatment"
    moran, p, joined = number(float(tests["moran"])), p_equals(float(tests["p"])), float(tests["joined"])
    said = f"Moran’s I {moran}, {p}; joined {number(100 * joined, 0)} %"
    if width(said) > wide:
        said = f"I {moran}, {p}; {number(100 * joined, 0)} %"
    head.text(
        0, 1 + 4.2 / side, cut(name, wide, weight="bold"), transform=head.transAxes, fontweight="bold", va="bottom"
    )
    head.text(0, 1 + 1.0 / side, cut(said, wide), transform=head.transAxes, va="bottom")
    return axes


def _area(picture: Picture, ax: Axes, part: pd.DataFrame, name: str, span: float) -> None:
    middle = [(float(part[c].min()) + float(part[c].max())) / 2 for c in ("x", "y")]
    for positive, colour, edge, area, word in (
        (False, CLOUD, "none", 2.2, "not amplified"),
        (True, HET.colour, PAPER, 5.0, "amplified"),
    ):
        rows = part[(part["positive"] == positive).to_numpy(dtype=bool)]
        if len(rows):
            points = ax.scatter(rows["x"], rows["y"], s=area, c=colour, edgecolors=edge, lw=0.25, zorder=1 + positive)
            picture.mark(points, marks_of([[]] * len(rows), [f"{name}\n{word}"] * len(rows)))
    ax.set(
        xlim=(middle[0] - span / 2, middle[0] + span / 2), ylim=(middle[1] - span / 2, middle[1] + span / 2),
        xticks=[], yticks=[],
    )  # fmt: skip
    for spine in ax.spines.values():
        spine.set(visible=True, color=RULE)


def _key(picture: Picture, ax: Axes) -> None:
    """Amplified and other nuclei, at the top left."""
    wide, tall = size(ax)
    box = ax.get_position()
    y = 1 + ((1 - box.y1) * picture.height - 2.6) / tall
    x = 1.0
    for text, colour, area in (("amplified nucleus", HET.colour, 9), ("other nucleus", CLOUD, 6)):
        ax.scatter([x / wide], [y], s=area, c=colour, lw=0, transform=ax.transAxes, clip_on=False)
        ax.text((x + 1.6) / wide, y, text, transform=ax.transAxes, va="center_baseline")
        x += 27
    ax.text(x / wide, y, f"bar: {BAR:g} µm", transform=ax.transAxes, va="center_baseline")


def _scale(ax: Axes, span: float) -> None:
    """A bar of 100 um below the first map of the first tumour."""
    left, low = ax.get_xlim()[0], ax.get_ylim()[0]
    y = low + 0.05 * span
    ax.plot([left + 0.05 * span, left + 0.05 * span + BAR], [y, y], color=INK, lw=1.4, solid_capstyle="butt", zorder=4)
