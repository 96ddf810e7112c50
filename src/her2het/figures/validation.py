"""Planted against found: power of each claim, sizes and coverage of gene shifts, false findings without effects."""

import math

from matplotlib.ticker import MaxNLocator

from her2het.figures.forest import Frame, Point, Row, forest, records, widest
from her2het.figures.layout import Entry, Margins, blank, draw_key, headroom, key_height
from her2het.figures.marks import marks_of, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import CLOUD, COLUMN, LOOKS, MUTED, PAGE, RULE, Look, drawn
from her2het.figures.words import number
from her2het.results.validation import Validation

PLANTED, STRUCTURE, APART = LOOKS[0], LOOKS[3], Look("cloud", CLOUD, RULE, MUTED, "s", 7)
SIZE = 0.05


@drawn
def validation(result: Validation) -> tuple[Drawing, ...]:
    """Power, bias, coverage and false findings, each as far as trials were made for it."""
    made: list[Drawing] = []
    if len(result.power):
        made.append(_power(result))
    if len(result.sizes):
        made += [_bias(result), _coverage(result)]
    if len(result.null):
        made.append(_null(result))
    return tuple(made)


def _power(result: Validation) -> Drawing:
    """A row per claim that has a direction; a point per part."""
    table = result.power[result.power["planted"].isin(["yes", "in structure"])]
    rows = []
    for claim, part in table.groupby("claim", sort=False):
        points: list[Point] = []
        for r in records(part):
            look = PLANTED if r.planted == "yes" else STRUCTURE
            tip = (
                f"{plain(r.part)}\nfound in {number(100 * r.found, 0)} % of {r.seeds} trials, the other way in "
                f"{number(100 * r.wrong, 0)} %\nmean standardised effect {number(r.effect)}"
            )
            points.append(Point(r.found, r.low, r.high, look, tip))
            if math.isfinite(r.null_found):
                told = f"{plain(r.part)}\nwithout effects: {number(100 * r.null_found, 0)} % of {r.null_seeds} trials"
                points.append(Point(r.null_found, r.null_found, r.null_found, APART, told, filled=False))
        least = f"{number(100 * float(part['found'].min()), 0)}–{number(100 * float(part['found'].max()), 0)} %"
        rows.append(Row(f"{part['panel'].iloc[0]}  {claim}", tuple(points), (least,)))
    entries = [Entry("planted", PLANTED), Entry("in the structure", STRUCTURE), Entry("trials without effects", APART)]
    frame = Frame(
        limits=(-0.02, 1.02), label="Share of trials with q < .05 in the direction claimed", nothing=SIZE,
        ticks=(0.0, 0.25, 0.5, 0.75, 1.0), columns=("least to most",), widths=(24.0,), names=48.0,
        top=6.0 + key_height(entries, PAGE - 4),
    )  # fmt: skip
    picture, ax = forest(rows, frame)
    draw_key(ax, entries, PAGE - 4, above=5.0, left=-frame.names)
    own = table[table["planted"] == "yes"]
    strong = int((own["found"] >= 0.8).sum())
    return Drawing(
        picture,
        title=f"{strong} of {len(own)} planted parts of claims are found in at least 80 % of the trials",
        caption=f"A point is one estimate behind a claim, over {int(table['seeds'].max())} trials with planted "
        "effects, with "
        "Wilson's 95 % interval; squares: the same question in trials without effects. In the structure: what holds by "
        "the numbers of the trial, with and without effects.",
        alt=f"Shares of trials in which {len(own)} planted effects were found.",
        numbers=result.power,
        key="power",
        wide=True,
    )


def _bias(result: Validation) -> Drawing:
    sizes = result.sizes
    picture, (ax,) = blank(COLUMN, 66, Margins(left=13, right=5, top=4))
    reach = headroom(sizes[["planted", "found"]].to_numpy(dtype=float).ravel())
    ax.plot(reach, reach, color=RULE, lw=0.8, zorder=0)
    error = 1.96 * sizes["bias_se"].fillna(0).to_numpy(dtype=float)
    middle = sizes["found"].to_numpy(dtype=float)
    ax.vlines(sizes["planted"], middle - error, middle + error, color=PLANTED.strong, lw=0.7, zorder=1)
    points = ax.scatter(
        sizes["planted"], middle, s=PLANTED.area, c=PLANTED.colour, edgecolors=PLANTED.strong, lw=0.4, zorder=2
    )
    tips = [
        f"{plain(r.gene)}\n{plain(r.contrast)}\nplanted {number(r.planted)}, found {number(r.found)} on average\n"
        f"{number(100 * r.coverage, 0)} % of {r.seeds} intervals hold it"
        for r in records(sizes)
    ]
    picture.mark(points, marks_of([(g,) for g in sizes["gene"]], tips))
    ax.set(xlim=reach, ylim=reach, xlabel="Planted log₂ fold change", ylabel="Found (Hodges-Lehmann shift)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    mean, worst = float(sizes["bias"].mean()), sizes.iloc[int(sizes["bias"].abs().to_numpy().argmax())]
    return Drawing(
        picture,
        title=f"Shifts found against planted: mean bias {number(mean)}",
        caption=f"{len(sizes)} contrasts of genes that claims name, above "
        f"{number(float(sizes['level'].min()), 1)} log₂ CPM; mean "
        f"over {int(sizes['seeds'].max())} trials with 95 % interval. Largest bias: {plain(worst['gene'])}, "
        f"{plain(worst['contrast'])}, "
        f"{number(float(worst['bias']))} ± {number(1.96 * float(worst['bias_se']))}. log₂(CPM + 1) and the "
        "medians of skewed "
        "values move a little less than the logarithm of the expected level.",
        alt=f"Found against planted shifts of {len(sizes)} contrasts with the line of equality.",
        numbers=sizes,
        key="bias",
    )


def _coverage(result: Validation) -> Drawing:
    sizes = result.sizes.sort_values("coverage").reset_index(drop=True)
    picture, (ax,) = blank(COLUMN, 66, Margins(left=13, right=5, top=4))
    ax.axhline(0.95, color=MUTED, lw=0.6, dashes=(3, 3))
    ax.vlines(sizes.index, sizes["low"], sizes["high"], color=PLANTED.strong, lw=0.7, zorder=1)
    points = ax.scatter(
        sizes.index, sizes["coverage"], s=PLANTED.area, c=PLANTED.colour, edgecolors=PLANTED.strong, lw=0.4, zorder=2
    )
    tips = [
        f"{plain(r.gene)}\n{plain(r.contrast)}\n{number(100 * r.coverage, 0)} % of {r.seeds} intervals"
        for r in records(sizes)
    ]
    picture.mark(points, marks_of([(g,) for g in sizes["gene"]], tips))
    ax.set(xlim=(-1, len(sizes)), ylim=(0, 1.03), xticks=[], ylabel="Share of intervals")
    ax.set_xlabel(f"{len(sizes)} contrasts of genes")
    n = int(sizes["seeds"].sum())
    held = float((sizes["coverage"] * sizes["seeds"]).sum() / n)
    return Drawing(
        picture,
        title=f"{number(100 * held, 1)} % of {n} intervals hold the planted shift",
        caption="Each point: share of the 95 % intervals of one contrast that hold the planted log₂ fold change, "
        "with Wilson's "
        "interval over the trials; line: 95 %. Contrasts of one trial share their patients.",
        alt=f"Coverage of {len(sizes)} contrasts around 95 %.",
        numbers=sizes,
        key="coverage",
    )


def _null(result: Validation) -> Drawing:
    rows = []
    for r in records(result.null):
        error = 1.96 * r.rate_se if math.isfinite(r.rate_se) else 0.0
        tip = (
            f"{plain(r.what)}\n{number(100 * r.rate, 1)} % of p below .05 ({r.trials} trials, {r.tests:.0f} tests "
            "each)\n"
            f"{number(100 * r.any, 0)} % of {r.families} families have a finding"
        )
        point = Point(r.rate, max(0.0, r.rate - error), r.rate + error, PLANTED, tip, filled=r.what == "all")
        texts = (
            f"{r.tests:.0f}",
            f"{number(100 * r.any, 0)} % ({number(100 * r.any_low, 0)}–{number(100 * r.any_high, 0)})",
        )
        heading = "Together" if r.what == "all" else ""
        rows.append(Row(str(r.what), (point,), texts, heading=heading))
    most = max(0.2, 1.05 * float((result.null["rate"] + 1.96 * result.null["rate_se"].fillna(0)).max()))
    frame = Frame(
        limits=(0.0, most), label="Share of p below .05", nothing=SIZE, ticks=(0.0, 0.05, 0.1, 0.15, 0.2),
        columns=("tests", "families with a finding"), widths=(13.0, 36.0),
        names=widest([str(w) for w in result.null["what"]]) + 2,
    )  # fmt: skip
    together = result.null[result.null["what"] == "all"].iloc[0]
    return Drawing(
        forest(rows, frame)[0],
        title=f"Without effects {number(100 * float(together['rate']), 1)} % of p lie below .05 and "
        f"{number(100 * float(together['any']), 0)} % of families have a finding",
        caption=f"{int(together['trials'])} trials without planted effects; line: 5 %. Share of p below .05 with "
        "twice its error "
        "between trials, as tests of one trial share patients; families with a q < .05 (Wilson's 95 % interval).",
        alt="Shares of p below .05 by kind of question, around 5 %.",
        numbers=result.null,
        key="null",
        wide=True,
    )
