"""Intrinsic subtypes as classes: patients by group and receptor, and before against after treatment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from her2het.figures.alluvial import alluvial
from her2het.figures.layout import Entry, Margins, blank, draw_key, key_height, size
from her2het.figures.lettering import wrap
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import COLUMN, LOOKS, PAGE, Look, drawn
from her2het.figures.words import capital, effect, found, join, methods, number, p_equals
from her2het.results.scores import Subtypes
from her2het.stats.estimate import Estimate

WHAT = "subtype"
SUBTYPES: Mapping[str, Look] = {  # hues that stand for no group
    name: replace(LOOKS[at], marker="s", area=10)
    for name, at in (("Her2", 4), ("Basal", 6), ("LumA", 3), ("LumB", 5), ("Normal", 7))
}
CLASSES = (("all", "All"), ("HR+", "HR+"), ("HR−", "HR−"))
BAR = 0.36  # half width


@drawn
def subtype_counts(result: Subtypes) -> tuple[Drawing, ...]:
    """Patients of each subtype by group and receptor class (S3E)."""
    counts = result.counts
    if counts.empty:
        return ()
    shown = [(key, words) for key, words in CLASSES if (counts["receptor"] == key).any()]
    subtypes = [s for s in SUBTYPES if (counts["subtype"] == s).any()]
    entries = [Entry(s, SUBTYPES[s]) for s in subtypes]
    page = PAGE if len(shown) > 1 else COLUMN
    top = 9 + key_height(entries, page - 16)
    picture, axes = blank(page, 62 + top, Margins(left=12, top=top, bottom=15, across=6), columns=len(shown))
    for at, (ax, (key, words)) in enumerate(zip(axes, shown, strict=True)):
        _bars(picture, ax, counts[counts["receptor"] == key], result.labels, subtypes)
        test = _overall(result.count_tests, "" if key == "all" else key)
        _, tall = size(ax)
        head = f"{words}: {p_equals(test.p)}" if test else words
        ax.text(0, 1 + 3.2 / tall, head, transform=ax.transAxes, fontweight="bold", va="bottom")
        ax.set_ylabel("Patients, %" if at == 0 else "")
    draw_key(axes[0], entries, page - 16, above=8.2)
    told = tuple(result.count_tests)
    said = " ".join(f"{capital(e.contrast)}: {p_equals(e.p)}." for e in told if e.quantity == WHAT)
    hits = [_compared(e) for e in told if e.quantity != WHAT and found(e)]
    overall = _overall(told, "")
    title = "; ".join(hits[:3]) if hits else "Intrinsic subtypes: no difference found between groups"
    drawing = Drawing(
        picture,
        title=title,
        caption="Intrinsic subtype of each patient (that of most baseline samples) by group, all patients and by "
        "hormone receptor; in the bars the number of patients, under each the number in the group; above, p over "
        f"all subtypes. {said}{methods(told)}",
        alt="Stacked bars of intrinsic subtypes by group: "
        + "; ".join(
            f"{plain(g)} {join(f'{s} {n}' for s, n in zip(part['subtype'], part['patients'], strict=True))}"
            for g, part in counts[counts["receptor"] == "all"].groupby("group", sort=False)
        )
        + ".",
        numbers=counts.reset_index(drop=True),
        estimates=told,
        findings=tuple(Finding(_compared(e), e) for e in told if e.quantity != WHAT or e is overall),
        wide=page == PAGE,
    )
    return (drawing,)


def _overall(tests: Sequence[Estimate], stratum: str) -> Estimate | None:
    """The test over all subtypes, of all patients or within one class."""
    wanted = "subtype by group" + (f", {stratum}" if stratum else "")
    return next((e for e in tests if e.quantity == WHAT and e.contrast == wanted), None)


def _bars(picture: Picture, ax: Axes, counts: pd.DataFrame, labels: Sequence[str], subtypes: Sequence[str]) -> None:
    """One bar of 100 % per group, with the number of patients in each part."""
    sizes = counts.groupby("group")["patients"].sum()
    ax.set(xlim=(-0.55, len(labels) - 0.45), ylim=(0, 100))
    wide, tall = size(ax)
    for at, group in enumerate(labels):
        n, low = int(sizes.get(group, 0)), 0.0
        for subtype in subtypes:
            here = counts[(counts["group"] == group) & (counts["subtype"] == subtype)]["patients"]
            k = int(here.sum())
            if not k:
                continue
            share = 100 * k / n
            look = SUBTYPES[subtype]
            bar = Rectangle((at - BAR, low), 2 * BAR, share, facecolor=look.colour, edgecolor="#fefefe", lw=0.6)
            ax.add_patch(bar)
            tip = f"{plain(group)}\n{subtype}: {k} of {n} patients ({number(share, 0)} %)"
            picture.mark(bar, [Mark((subtype,), tip)])
            if share / 100 * tall > 2.8:
                ax.text(at, low + share / 2, str(k), ha="center", va="center", color="#000000")
            else:  # beside a part that is too thin
                ax.text(at + BAR + 0.03, low + share / 2, str(k), ha="left", va="center")
            low += share
    slot = wide / (len(labels) + 0.1)
    names = [wrap(group, slot - 1) for group in labels]
    lines = 1 + max(name.count("\n") for name in names)
    ticks = [
        name + "\n" * (lines - name.count("\n")) + f"n = {int(sizes.get(group, 0))}"
        for name, group in zip(names, labels, strict=True)
    ]
    ax.set_xticks(range(len(labels)), ticks)
    ax.tick_params(axis="x", length=0, pad=3)


def _compared(e: Estimate) -> str:
    if e.quantity == WHAT:
        return f"Intrinsic subtypes {'differ' if found(e) else 'are not found to differ'} between groups"
    if not found(e):
        return f"No difference in the share of {e.quantity} tumours found between {join(map(plain, e.groups))}"
    more = "more" if e.value > 0 else "less"
    return f"{e.quantity} tumours are {more} frequent in {plain(e.groups[0])} than in {plain(e.groups[1])}"


@drawn
def subtype_shift(result: Subtypes) -> tuple[Drawing, ...]:
    """Intrinsic subtype before and after treatment (S6F)."""
    shift = result.shift
    if shift.empty:
        return ()
    order = [s for s in SUBTYPES if ((shift["before"] == s) | (shift["after"] == s)).any()]
    pairs = shift.assign(mark=shift["het_before"].map({"HET": "HET at baseline"}).fillna(""))
    het = int((pairs["mark"] != "").sum())
    test = next((f"{e.method}: {p_equals(e.p)}" for e in result.shift_tests if e.groups == ("all",)), "")
    picture = alluvial(pairs, order, SUBTYPES, {"HET at baseline": LOOKS[2].colour}, test)
    moved = int((shift["before"] != shift["after"]).sum())
    told = result.shift_tests
    flows = shift.groupby(["before", "after"]).size().reset_index(name="patients")
    hits = [_changed(e) for e in told if e.quantity != WHAT and found(e)]
    said = " ".join(f"{capital(e.contrast)}: {effect(e)}, {p_equals(e.p)}." for e in told)
    drawing = Drawing(
        picture,
        title=f"Intrinsic subtype changes in {moved} of {len(shift)} tumours"
        + (f": {'; '.join(hits)}" if hits else ""),
        caption=f"{len(shift)} patients with RNA before and after treatment. Height of a ribbon: patients; coloured: "
        f"HET at baseline ({het}). {said}{methods(told)}",
        alt="Ribbons between intrinsic subtypes before and after treatment: "
        + join(f"{n} {one} to {other}" for one, other, n in flows.itertuples(index=False))
        + ".",
        numbers=shift.reset_index(drop=True),
        estimates=told,
        findings=tuple(Finding(capital(_changed(e)), e) for e in told),
    )
    return (drawing,)


def _changed(e: Estimate) -> str:
    where = {"all": "", "HET": " in tumours HET at baseline", "non-HET": " in tumours not HET at baseline"}[e.groups[0]]
    if e.quantity == WHAT:
        return (
            f"intrinsic subtypes {'change one-sidedly' if found(e) else 'are not found to change one-sidedly'}{where}"
        )
    if not found(e):
        return f"no change of the share of {e.quantity} tumours found under treatment"
    return f"{e.quantity} is {'more' if e.value > 0 else 'less'} frequent after treatment"
