"""Scores by group within hormone receptor classes, and against residual cancer burden."""

from her2het.figures import groups, relation
from her2het.figures.layout import by_row, draw_key, facets, headroom, key_height, size
from her2het.figures.lettering import LINE, cut
from her2het.figures.marks import plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.scores import listed, phrase
from her2het.figures.style import PAGE, drawn, looks
from her2het.figures.words import capital, compared, found, join, methods, related, scale, variable
from her2het.results.scores import ImmuneScores, ScoreStudy, Subtypes
from her2het.stats.estimate import Estimate

BOX, TALL = 36.0, 36.0  # mm, height of a facet
CLASSES: tuple[str, ...] = ("HR+", "HR−")
BURDEN = "residual cancer burden"


@drawn
def immune_by_receptor(result: ImmuneScores) -> tuple[Drawing, ...]:
    """Immune and stromal scores by group within receptor classes (S7A)."""
    return _by_receptor(result, "Immune and stromal scores", each_class=True)


@drawn
def subtypes_by_receptor(result: Subtypes) -> tuple[Drawing, ...]:
    """PAM50 probabilities by group within receptor classes (S3F)."""
    return _by_receptor(result, "PAM50 probabilities")


@drawn
def immune_by_rcb(result: ImmuneScores) -> tuple[Drawing, ...]:
    """Residual cancer burden against immune and stromal scores (S7B)."""
    return _by_rcb(result, "Immune and stromal scores")


@drawn
def subtypes_by_rcb(result: Subtypes) -> tuple[Drawing, ...]:
    """Residual cancer burden against PAM50 probabilities (S3G)."""
    return _by_rcb(result, "PAM50 probabilities")


def _names(result: ScoreStudy) -> list[str]:
    return [str(n) for n in result.values["score"].drop_duplicates()]


def _by_receptor(result: ScoreStudy, what: str, *, each_class: bool = False) -> tuple[Drawing, ...]:
    within = dict(zip(CLASSES, (result.in_positive, result.in_negative), strict=True))
    known = result.values[result.values["group"].notna() & result.values["hr"].isin(CLASSES)]
    if known.empty or not any(within.values()):
        return ()
    seen = looks(result.labels)
    cells = [(name, hr) for name in _names(result) for hr in CLASSES]
    tests = {
        (name, hr): groups.drawable([e for e in within[hr] if e.quantity == name], list(seen)) for name, hr in cells
    }
    head = [2.0 + groups.BRACKET * len(tests[cell]) + 4.5 for cell in cells]
    picture, axes = facets(len(cells), 4, BOX, by_row(head, 4), 15, across=11, left=14)
    heads = by_row(head, 4)
    for at, (ax, (name, hr)) in enumerate(zip(axes, cells, strict=True)):
        rows = known[(known["score"] == name) & (known["hr"] == hr)]
        table = result.boxes_by_receptor
        boxes = table[(table["quantity"] == name) & (table["hr"] == hr)]
        pair = known.loc[known["score"] == name, "value"].to_numpy(dtype=float)
        groups.draw(picture, ax, rows, boxes, seen, "", tests[name, hr], short=True, span=headroom(pair))
        wide, tall = size(ax)
        text = cut(f"{plain(name)}, {hr}", wide + 8, weight="bold")
        above = 1 + (heads[at // 4] - 4.5) / tall
        ax.text(0, above, text, transform=ax.transAxes, fontweight="bold", va="bottom")
        if at % 4 == 0:
            ax.set_ylabel(scale(result.unit))
    common = [e for e in result.stratified if e.groups and set(e.groups) <= set(seen)]
    estimates = (*(e for hr in CLASSES for e in within[hr]), *common, *result.by_receptor)
    drawing = Drawing(
        picture,
        title=_receptor_title(result, what, within),
        caption=f"{what} at baseline, mean of a patient's samples, by group within hormone receptor classes. "
        f"{groups.BOX} Above the brackets: p within the class, not adjusted. The table has also what the classes "
        "have in common (shift within strata, in which differences of opposite sign cancel out), and HR+ against HR−."
        f"{methods(estimates)}",
        alt=f"Box plots with points by group, HR+ and HR− apart: {join(phrase(result, n) for n in _names(result))}.",
        numbers=known[["score", "patient", "group", "hr", "value"]].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(
            Finding(compared(e, f"{phrase(result, e.quantity)}, stratified by hormone receptor,"), e) for e in common
        )
        + (_within_findings(result, within) if each_class else ()),
        wide=True,
    )
    return (drawing,)


def _within_findings(result: ScoreStudy, within: dict[str, tuple[Estimate, ...]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(compared(e, f"{phrase(result, e.quantity)} of {hr} tumours"), e) for hr in CLASSES for e in within[hr]
    )


def _receptor_title(result: ScoreStudy, what: str, within: dict[str, tuple[Estimate, ...]]) -> str:
    told = {
        hr: listed(result, list(dict.fromkeys(e.quantity for e in tests if found(e)))) for hr, tests in within.items()
    }
    parts = [f"{join(hits)} in {hr} tumours" for hr, hits in told.items() if hits]
    if not parts:
        return f"{what} within receptor classes: no difference found between groups"
    return f"{what} within receptor classes: groups differ in {join(parts)}"


def _by_rcb(result: ScoreStudy, what: str) -> tuple[Drawing, ...]:
    names = [n for n in _names(result) if any(e.quantity == n for e in result.correlations)]
    if not names:
        return ()
    across = min(3, len(names))
    seen = looks(result.labels)
    tests = {n: [e for e in result.correlations if e.quantity == n] for n in names}
    known = result.values[result.values["rcb"].notna()]
    entries = relation.key_of(known[known["score"] == names[0]].rename(columns={"value": "x", "rcb": "y"}), seen)
    key = key_height(entries, PAGE - 14) + 1
    head = [1.5 + LINE * h for h in by_row([len(tests[n]) for n in names], across)]
    picture, axes = facets(len(names), across, TALL, [head[0] + key, *(h + 2 for h in head[1:])], 10.5, across=9)
    for at, (ax, name) in enumerate(zip(axes, names, strict=True)):
        values = known[known["score"] == name].rename(columns={"value": "x", "rcb": "y"})
        label = plain(capital(phrase(result, name)))
        fit = result.fits[result.fits["score"] == name]
        relation.draw(picture, ax, values, fit, seen, label, variable("rcb"))
        ax.set_ylabel(variable("rcb") if at % across == 0 else "")
        relation.state(ax, tests[name], short=True)
    draw_key(axes[0], entries, PAGE - 14, above=head[0])
    estimates = tuple(e for n in names for e in tests[n])
    hits = listed(result, [e.quantity for e in estimates if found(e)])
    every = join(phrase(result, n) for n in names)
    drawing = Drawing(
        picture,
        title=f"{what}: {join(hits)} {'goes' if len(hits) == 1 else 'go'} with {BURDEN}"
        if hits
        else f"{what}: no correlation found with {BURDEN}",
        caption=f"{capital(BURDEN)} against {every} at baseline. {relation.CAPTION} A complete response has burden 0 "
        f"by definition, so the points at 0 are one group.{methods(estimates)}",
        alt=f"{len(names)} scatters of {BURDEN} against {every}.",
        numbers=known[known["score"].isin(names)][["score", "patient", "group", "value", "rcb"]].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(related(e, phrase(result, e.quantity), BURDEN), e) for e in estimates),
        wide=True,
    )
    return (drawing,)
