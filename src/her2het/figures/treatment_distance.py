"""How far a tumour's transcriptome moves under treatment: by status, ranked, and against other measurements."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from her2het.figures import groups, relation
from her2het.figures.layout import Entry, Margins, blank, by_row, draw_key, facets, headroom, key_height, size
from her2het.figures.lettering import LINE
from her2het.figures.marks import Mark, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import LOOKS, MUTED, PAGE, RULE, Look, drawn, looks
from her2het.figures.words import (
    capital,
    compared,
    effect,
    found,
    inline,
    join,
    methods,
    moves,
    number,
    p_equals,
    related,
    title_of_groups,
    variable,
)
from her2het.results.change import TreatmentDistance
from her2het.stats.estimate import Estimate

AXIS = "Distance, baseline to residual tumour"
WHAT = "transcriptomic change under treatment"
TRACK, TALL = 4.4, 36.0  # mm
BY = {  # quantity -> (column, key, looks of yes/HET first)
    "HET at baseline": ("het_before", "HET"),
    "PIK3CA/ERBB2 mutated": ("mutated", "mutation"),
    "HET shifts": ("shifted", "shift"),
}
SHORT = {  # yes and no, as the axis and the title say them
    "PIK3CA/ERBB2 mutated": ("mutated tumours", "others"),
    "HET shifts": ("tumours whose HET shifts", "others"),
}
CLASSES = {"HER2 IHC score": "ihc", "hormone receptor": "hr", "ER": "er", "nodes": "nodes"}
COLUMN_OF = {"Residual cancer burden": "rcb", "Age": "age", "Amplified fraction": "fraction",
             "ERBB2/CEP17 ratio": "ratio", "Distance between biopsies": "between_biopsies"}  # fmt: skip


@drawn
def treatment_distance(result: TreatmentDistance) -> tuple[Drawing, ...]:
    """Box plots by status (4B, 4D), ranked patients (4C), and scatters (S5)."""
    made = [_by_status(result, name) for name in BY]
    made.insert(1, _ranked(result))
    made += [_classes(result), _numbers(result)]
    return tuple(d for d in made if d is not None)


def _by_status(result: TreatmentDistance, name: str) -> Drawing | None:
    estimates = tuple(e for e in result.comparisons if e.quantity == name)
    if not estimates:
        return None
    column, key = BY[name]
    values = result.patients[["patient", column, "distance"]].rename(columns={"distance": "value"})
    if values[column].dtype == "boolean":
        values["group"] = values[column].map({True: f"{name} yes", False: f"{name} no"})
    else:
        values["group"] = values[column]
    yes, no = estimates[0].groups
    short = dict(zip((yes, no), SHORT.get(name, (yes, no)), strict=True))
    values["group"] = values["group"].map(short)
    seen = (
        {short[no]: LOOKS[1], short[yes]: LOOKS[2]}
        if column == "het_before"
        else groups.levels([short[no], short[yes]])
    )
    boxes = result.boxes[result.boxes["quantity"] == name]
    boxes = boxes.assign(group=boxes["group"].map(short))
    shown = [replace(e, groups=tuple(short[g] for g in e.groups)) for e in estimates]
    picture, _ = groups.box_points(values.dropna(subset=["group"]), boxes, seen, AXIS, shown)
    return Drawing(
        picture,
        title=title_of_groups(WHAT, shown),
        caption="Euclidean distance of the residual tumour to the mean of the baseline biopsies, over all kept genes. "
        f"{groups.CAPTION}{methods(estimates)}",
        alt=f"Box plot with points: {WHAT} by {inline(name)}.",
        numbers=values[["patient", "group", "value"]].rename(columns={"value": "distance"}).reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(compared(s, WHAT), e) for s, e in zip(shown, estimates, strict=True)),
        key=key,
    )


def _ranked(result: TreatmentDistance) -> Drawing:
    values = result.patients.sort_values("place").reset_index(drop=True)
    seen = looks(result.labels)
    present = [g for g in seen if (values["group"] == g).any()]
    entries = [Entry(f"{plain(g)} (n = {int((values['group'] == g).sum())})", seen[g]) for g in present]
    top = 2 + key_height(entries, PAGE - 40)
    tracks = [(str(r.name), str(r.column)) for r in result.tracks.itertuples(index=False)]
    bottom = 4 + TRACK * len(tracks)
    picture, (ax,) = blank(PAGE, 46 + top + bottom, Margins(left=40, top=top, bottom=bottom))
    for group, look in [*((g, seen[g]) for g in present), (None, Look("cloud", MUTED, RULE, MUTED, "o", 9))]:
        rows = values[values["group"].isna()] if group is None else values[values["group"] == group]
        if rows.empty:
            continue
        columns = [c for _, c in tracks]
        for place, patient, distance, *flags in rows[["place", "patient", "distance", *columns]].to_numpy(dtype=object):
            bar = Rectangle((float(place) - 0.4, 0), 0.8, float(distance), color=look.colour, lw=0)
            ax.add_patch(bar)
            known = [name for (name, _), flag in zip(tracks, flags, strict=True) if pd.notna(flag) and flag]
            tip = "\n".join([plain(patient), f"distance {number(float(distance), 1)}", *known])
            picture.mark(bar, [Mark((plain(patient),), tip)])
    n = len(values)
    ax.set(xlim=(0.2, n + 0.8), ylim=(0, values["distance"].max() * 1.06), xticks=[], ylabel="Distance")
    ax.axhline(result.limit, color=MUTED, lw=0.6, dashes=(3, 3))
    ax.text(0.6, result.limit, "lowest quarter", color=MUTED, ha="left", va="bottom")
    ax.spines.bottom.set_visible(False)
    _, tall = size(ax)
    for level, (name, column) in enumerate(tracks):
        y = -(3.0 + TRACK * level) / tall
        flag = values[column]
        for mask, colour, word in (
            (
                flag.fillna(False).astype(bool) & flag.notna(),
                LOOKS[2].colour if column == "is_het" else LOOKS[3 + level].colour,
                "yes",
            ),
            (~flag.fillna(True).astype(bool), RULE, "no"),
        ):
            rows = values[mask.to_numpy(dtype=bool)]
            if rows.empty:
                continue
            cells = ax.scatter(rows["place"], np.full(len(rows), y), marker="s", s=17, c=colour, lw=0,
                               clip_on=False, transform=ax.get_xaxis_transform())  # fmt: skip
            picture.mark(
                cells,
                marks_of([[p] for p in rows["patient"]], [f"{plain(p)}\n{name}: {word}" for p in rows["patient"]]),
            )
        ax.text(
            -0.4,
            y,
            f"{name} ({int(flag.fillna(False).sum())})",
            transform=ax.get_xaxis_transform(),
            ha="right",
            va="center",
        )
    draw_key(ax, entries, PAGE - 40)
    weak = values[values["responder"] == "weak"]
    hets = int(weak["is_het"].fillna(False).sum())
    median = next(
        (
            float(d)
            for q, d in zip(result.null["quantile"], result.null["distance"], strict=True)
            if abs(q - 0.5) < 1e-9
        ),
        float("nan"),
    )
    own = next((e for e in result.comparisons if e.quantity == "Distance to own baseline"), None)
    said = f" Own against reassigned baselines: {effect(own)}, {p_equals(own.p)}." if own else ""
    return Drawing(
        picture,
        title=f"{hets} of the {len(weak)} tumours that change least were HET at baseline",
        caption=f"{n} patients by distance between baseline and residual tumour; dashed: lowest quarter (weak "
        "responders). Below: what is known of each patient (grey: no; empty: not known). Median distance to other "
        f"patients' baselines: {number(median, 0)}.{said}",
        alt=f"Ranked bars of {n} patients with tracks for {join(name for name, _ in tracks)}.",
        numbers=values[["place", "patient", "group", "distance", "responder", *(c for _, c in tracks)]],
        estimates=(own,) if own else (),
        findings=(
            Finding(
                "Residual tumours are closest to their own baseline"
                if found(own)
                else "Residual tumours are not found closer to their own baseline",
                own,
            ),
        )
        if own
        else (),
        key="ranked",
        wide=True,
    )


def _classes(result: TreatmentDistance) -> Drawing | None:
    """The distance by HER2 IHC score, receptors and nodes (S5A)."""
    told = {e.quantity: e for e in result.comparisons if e.quantity in CLASSES}
    names = [name for name in CLASSES if name in told]
    if not names:
        return None
    picture, axes = facets(len(names), 4, TALL, [11.5] * (-(-len(names) // 4)), 15, across=9, left=13)
    span = headroom(result.patients["distance"].to_numpy(dtype=float))
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        column, e = CLASSES[name], told[name]
        values = result.patients[["patient", column, "distance"]].rename(columns={"distance": "value"})
        boxes = result.boxes[result.boxes["quantity"] == name]
        if values[column].dtype == "boolean":
            order = ["no", "yes"]
            values["group"] = values[column].map({True: "yes", False: "no"})
            boxes = boxes.assign(group=boxes["group"].str.rpartition(" ")[2])
        else:
            values["group"] = values[column]
            order = sorted(set(values["group"].dropna()))
        seen = groups.ordered(order) if name == "HER2 IHC score" else groups.levels(order)
        groups.draw(picture, ax, values.dropna(subset=["group"]), boxes, seen, "", span=span)
        ax.set_ylabel("Distance" if at % 4 == 0 else "")
        tall = size(ax)[1]
        ax.text(0, 1 + 5.4 / tall, capital(variable(name)), transform=ax.transAxes, fontweight="bold", va="bottom")
        ax.text(0, 1 + 1.6 / tall, groups.stated(e), transform=ax.transAxes, va="bottom")
    estimates = tuple(told[n] for n in names)
    hits = [inline(n) for n in names if found(told[n])]
    listed = join(inline(n) for n in names)
    return Drawing(
        picture,
        title=f"{capital(WHAT)} goes with {join(hits)}"
        if hits
        else f"{capital(WHAT)}: no difference found by {listed}",
        caption=f"Distance between baseline and residual tumour by {listed} at baseline. {groups.BOX} Above: effect "
        f"and p, not adjusted; over the scores, the trend.{methods(estimates)}",
        alt=f"{len(names)} box plots with points of the distance by {listed}.",
        numbers=result.patients[["patient", "group", "distance", *(CLASSES[n] for n in names)]].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(_class_words(e), e) for e in estimates),
        key="classes",
        wide=True,
    )


def _class_words(e: Estimate) -> str:
    if len(e.groups) == 2 and e.effect != "probability of a rise":
        return compared(e, WHAT)
    if not found(e):
        return f"No trend of the {WHAT} over the {inline(e.quantity)} found"
    return f"The {WHAT} {moves(e)} with the {inline(e.quantity)}"


def _numbers(result: TreatmentDistance) -> Drawing | None:
    names = [e.quantity for e in result.correlations if COLUMN_OF.get(e.quantity) in result.patients.columns]
    if not names:
        return None
    across = 3
    tests = {name: [e for e in result.correlations if e.quantity == name] for name in names}
    parts = {
        name: [replace(e, effect=f"{e.effect}, {e.groups[0]}") for e in result.within if e.quantity == name]
        for name in names
    }
    seen = looks(result.labels)
    entries = relation.key_of(result.patients.assign(x=0.0, y=0.0), seen)
    key = key_height(entries, PAGE - 14) + 1
    head = [1.5 + LINE * h for h in by_row([len(tests[name]) + len(parts[name]) for name in names], across)]
    picture, axes = facets(len(names), across, TALL, [head[0] + key, *(h + 2 for h in head[1:])], 10.5, across=7)
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        x = result.patients[COLUMN_OF[name]].astype("float64")
        values = pd.DataFrame({"patient": result.patients["patient"], "group": result.patients["group"], "x": x,
                               "y": result.patients["distance"]})  # fmt: skip
        relation.draw(picture, ax, values, result.fits[result.fits["variable"] == name], seen, variable(name), AXIS)
        ax.set_ylabel("Distance" if at % across == 0 else "")
        relation.state(ax, tests[name] + parts[name], short=True)
    draw_key(axes[0], entries, PAGE - 14, above=head[0])
    estimates: tuple[Estimate, ...] = tuple(e for name in names for e in tests[name])
    hits = [e for e in estimates if found(e)]
    told = join(inline(name) for name in names)
    what = (
        f"Transcriptomic change goes with {join(inline(e.quantity) for e in hits)}"
        if hits
        else f"Transcriptomic change: no correlation found with {told}"
    )
    return Drawing(
        picture,
        title=what,
        caption=f"Distance between baseline and residual tumour against {told}. {relation.CAPTION}{methods(estimates)}",
        alt=f"{len(names)} scatters of the distance against {told}.",
        numbers=result.patients[["patient", "group", "distance", *(COLUMN_OF[n] for n in names)]].reset_index(
            drop=True
        ),
        estimates=(*estimates, *result.within),
        findings=tuple(Finding(related(tests[n][0], inline(n), f"the {WHAT}"), tests[n][0]) for n in names),
        key="numbers",
        wide=True,
    )
