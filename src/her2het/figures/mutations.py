"""Mutations: who carries which, in which samples; residues; how often by response, receptor, heterogeneity and time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from her2het.figures.layout import Entry, Margins, blank, draw_key, facets, key_height, size
from her2het.figures.lettering import cut, width
from her2het.figures.marks import Mark, Picture, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import CLOUD, COLUMN, INK, LOOKS, MUTED, PAGE, PAPER, RULE, SMALL, Look, drawn, looks
from her2het.figures.words import capital, found, inline, join, number, p_equals, significance
from her2het.results.mutations import Mutations
from her2het.stats.estimate import Estimate

ANY = "any"
ROW, TRACK, TEXT = 10.5, 4.4, 5.0  # mm: height of a gene, of a track; narrowest column that holds a residue upright
MOST = 90  # patients across
VARIABLES = ("all", "pCR", "hormone receptor", "HET", "phase")
PHASE = {"baseline": "biopsy", "followup": "residual tumour"}
GENE_LOOKS = (LOOKS[4], LOOKS[3], LOOKS[5], LOOKS[6])


def _looks(genes: tuple[str, ...]) -> dict[str, Look]:
    """A hue per gene that stands for no group."""
    return {gene: GENE_LOOKS[at % len(GENE_LOOKS)] for at, gene in enumerate(genes)}


def _share(e: Estimate, what: str = "") -> str:
    """'17 of 126 tumours (13.5 %)'."""
    hits = round(e.value / 100 * e.n[0])
    return f"{hits} of {e.n[0]}{' ' + what if what else ''} ({number(e.value, 1)} %)"


def _interval(e: Estimate) -> str:
    return f"95 % CI {number(e.low, 1)} to {number(e.high, 1)} %"


def _place(e: Estimate) -> str:
    """'12 of 17 PIK3CA mutations (70.6 %) at H1047'."""
    what, _, where = e.contrast.removeprefix("share of ").rpartition(" at ")
    return f"{_share(e, what)} at {where}"


def _of(result: Mutations, gene: str) -> Estimate | None:
    return next((e for e in result.shares if e.quantity == gene and e.contrast.startswith("share with")), None)


def _title(result: Mutations) -> str:
    told = [(gene, _of(result, gene)) for gene in result.genes]
    return "Mutated tumours: " + join(f"{gene} {_share(e)}" for gene, e in told if e)


@drawn
def oncoprint(result: Mutations) -> tuple[Drawing, ...]:
    """Mutated tumours, one column each, with residues, samples and what is known of the patient (S5G-K)."""
    hit = result.calls[result.calls["mutated"]]
    if hit.empty:
        return ()
    order = _ordered(hit, result)
    shown = order[:MOST]
    tracks = _tracks(result, shown)
    seen = _looks(result.genes)
    left = min(48.0, max([width(f"{g} (000 of 000)") for g in result.genes] + [width(t.name) for t in tracks]) + 4)
    step = min(9.0, (PAGE - left - 4) / len(shown))
    entries = _entries(tracks)
    top = 2.5 + key_height(entries, PAGE - left - 4)
    height = top + ROW * len(result.genes) + 1.5 + TRACK * len(tracks) + 3
    picture = Picture(PAGE, height)
    wide, tall = step * len(shown), height - top - 3
    ax = picture.add_axes((left / PAGE, 3 / height, wide / PAGE, tall / height))
    ax.set(xlim=(0, len(shown)), ylim=(tall, 0))
    ax.axis("off")
    at = {patient: x for x, patient in enumerate(shown)}
    for row, gene in enumerate(result.genes):
        y = ROW * row
        _gene_row(picture, ax, hit[hit["gene"] == gene], gene, seen[gene], at, (y, step))
        share = _of(result, gene)
        words = f"{gene} ({round(share.value / 100 * share.n[0])} of {share.n[0]})" if share else gene
        ax.text(-1.2 / step, y + ROW / 2, words, ha="right", va="center")
    for row, track in enumerate(tracks):
        y = ROW * len(result.genes) + 1.5 + TRACK * row
        _track_row(picture, ax, track, at, y)
        ax.text(-1.2 / step, y + TRACK / 2, track.name, ha="right", va="center")
    draw_key(ax, entries, PAGE - left - 4, above=0.6)
    seen_in = sum(1 for t in tracks if t.sample)
    said = (
        " Rows of samples: filled, the reads show a mutation; open, they do not; none, not looked at or not there."
        if seen_in
        else ""
    )
    more = f" Shown are {len(shown)} of {len(order)} mutated tumours." if len(order) > len(shown) else ""
    hotspots = [e for e in result.shares if " mutations at " in e.contrast]
    drawing = Drawing(
        picture,
        title=_title(result),
        caption="Tumours with a mutation, one column each; cells name the residue. Patients that could be evaluated: "
        f"{_evaluable(result)}.{said}{more} {' '.join(f'{_place(e)}, {_interval(e)}.' for e in hotspots)}".rstrip(),
        alt=f"Grid of {len(shown)} mutated tumours by gene. {_title(result)}.",
        numbers=hit.drop(columns=["mutated"]).reset_index(drop=True),
        estimates=result.shares,
        findings=tuple(Finding(f"{e.quantity} is mutated in {_share(e, 'tumours')}", e)
                       for e in result.shares if e.contrast.startswith("share with") and e.quantity != ANY),
        key="oncoprint",
        wide=True,
    )  # fmt: skip
    return (drawing, *_residues(result))


def _evaluable(result: Mutations) -> int:
    return int(result.calls["patient"].nunique())


def _ordered(hit: pd.DataFrame, result: Mutations) -> list[str]:
    """By gene, then by how common the residue is, then by group."""
    common = {(r.gene, r.residue): int(r.patients) for r in result.residues.itertuples()}  # type: ignore[arg-type]
    place = {g: i for i, g in enumerate(result.labels)}
    keys: dict[str, tuple[object, ...]] = {}
    for row in hit.itertuples():
        first = str(row.residues).split(", ")[0]
        group = place.get(str(row.group), len(place))
        key = (result.genes.index(str(row.gene)), -common.get((row.gene, first), 0), first, group, str(row.patient))
        keys[str(row.patient)] = min(keys.get(str(row.patient), key), key)  # type: ignore[type-var]
    return sorted(keys, key=lambda p: keys[p])  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Track:
    """A row below the genes: what each patient is, or a sample shows (`sample`), and the colours of its classes."""

    name: str
    classes: Mapping[str, str]
    colours: Mapping[str, str]
    sample: bool = False


def _tracks(result: Mutations, shown: list[str]) -> list[_Track]:
    about = result.calls.drop_duplicates("patient").set_index("patient").reindex(shown)
    grouped = {g: look.colour for g, look in looks(result.labels).items()}
    found = [_Track("Group", _known(about["group"]), grouped)]
    if about["hr"].notna().any():
        hr = {"HR+": MUTED, "HR−": RULE}
        found.append(_Track("Hormone receptor", _known(about["hr"]), hr))
    samples = result.samples[result.samples["patient"].isin(shown)]
    for phase, words in PHASE.items():
        rows = samples[samples["phase"] == phase]
        most = int(rows["place"].max()) if len(rows) else 0
        for place in range(1, min(most, 3) + 1):
            here = rows[rows["place"] == place].groupby("patient")["mutated"].any()
            classes = {str(p): "seen" if m else "not seen" for p, m in here.items()}
            name = f"{capital(words)} {place}" if most > 1 else capital(words)
            found.append(_Track(name, classes, {"seen": INK, "not seen": PAPER}, sample=True))
    return found


def _known(values: pd.Series) -> dict[str, str]:
    return {str(p): str(v) for p, v in values.dropna().items()}


def _entries(tracks: list[_Track]) -> list[Entry]:
    """Key of the classes that occur, and of what a sample shows."""
    entries: list[Entry] = []
    for track in tracks:
        if not track.sample:
            for name, colour in track.colours.items():
                n = sum(v == name for v in track.classes.values())
                if n:
                    look = Look("", colour, colour, MUTED if track.name != "Group" else colour, "s", 10)
                    entries.append(Entry(f"{plain(name)} (n = {n})", look))
    if any(track.sample for track in tracks):
        entries.append(Entry("seen in the sample", Look("", INK, INK, INK, "s", 10)))
        entries.append(Entry("not seen in it", Look("", PAPER, PAPER, MUTED, "s", 10)))
    return entries


def _gene_row(
    picture: Picture,
    ax: Axes,
    hit: pd.DataFrame,
    gene: str,
    look: Look,
    at: Mapping[str, int],
    place: tuple[float, float],
) -> None:
    y, step = place
    have = {str(r.patient): str(r.residues) for r in hit.itertuples()}
    for patient, x in at.items():
        mutated = patient in have
        cell = Rectangle(
            (x + 0.06, y + 0.4), 0.88, ROW - 0.8, facecolor=look.pale if mutated else RULE, edgecolor="none", lw=0
        )
        ax.add_patch(cell)
        word = have[patient] or "mutated" if mutated else "no mutation seen"
        picture.mark(cell, [Mark((plain(patient),), f"{plain(patient)}\n{plain(gene)}: {plain(word)}")])
        if mutated and step >= TEXT - 1.2 and have[patient]:
            text = cut(have[patient], ROW - 1.0, SMALL)
            ax.text(x + 0.5, y + ROW / 2, text, rotation=90, ha="center", va="center", fontsize=SMALL)


def _track_row(picture: Picture, ax: Axes, track: _Track, at: Mapping[str, int], y: float) -> None:
    for patient, x in at.items():
        word = track.classes.get(patient)
        if word is None:
            continue
        edge = MUTED if track.sample else "none"
        cell = Rectangle(
            (x + 0.2, y + 0.9) if track.sample else (x + 0.06, y + 0.4),
            0.6 if track.sample else 0.88,
            TRACK - (1.8 if track.sample else 0.8),
            facecolor=track.colours.get(word, CLOUD),
            edgecolor=edge,
            lw=0.5 if track.sample else 0,
        )
        ax.add_patch(cell)
        picture.mark(cell, [Mark((plain(patient),), f"{plain(patient)}\n{track.name}: {plain(word)}")])


def _residues(result: Mutations) -> tuple[Drawing, ...]:
    """How many tumours have each residue."""
    table = result.residues
    if table.empty:
        return ()
    seen = _looks(result.genes)
    ordered = pd.concat([table[table["gene"] == g] for g in result.genes], ignore_index=True).head(24)
    left = max(width(f"{r.gene} {r.residue}") for r in ordered.itertuples()) + 3
    height = 12 + 4.2 * len(ordered)
    picture, (ax,) = blank(COLUMN, height, Margins(left=left, top=3, bottom=9, right=6))
    for y, row in enumerate(ordered.itertuples()):
        n, gene = int(row.patients), str(row.gene)  # type: ignore[arg-type]
        bar = Rectangle((0, y - 0.36), n, 0.72, facecolor=seen[gene].colour, lw=0)
        ax.add_patch(bar)
        who = result.calls[
            (result.calls["gene"] == gene)
            & result.calls["residues"].str.split(", ").map(lambda names, r=row.residue: r in names)
        ]["patient"]
        picture.mark(bar, [Mark(tuple(plain(p) for p in who), f"{gene} {plain(row.residue)}\n{n} tumours")])
        ax.text(n + 0.2, y, str(n), va="center")
    ax.set(xlim=(0, float(ordered["patients"].max()) * 1.1), ylim=(len(ordered) - 0.4, -0.6), xlabel="Tumours")
    ax.set_yticks(range(len(ordered)), [f"{r.gene} {r.residue}" for r in ordered.itertuples()])
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    told = [e for e in result.shares if " mutations at " in e.contrast]
    drawing = Drawing(
        picture,
        title="; ".join(_place(e) for e in told) or "Residues of the mutations",
        caption=" ".join(["Tumours by mutated residue.", *(f"{_place(e)}: {_interval(e)} (exact)." for e in told)]),
        alt="Bars of residues: " + join(f"{r.gene} {r.residue} {r.patients}" for r in ordered.itertuples()) + ".",
        numbers=table,
        estimates=tuple(told),
        findings=tuple(Finding(_place(e), e) for e in told),
        key="residues",
    )  # fmt: skip
    return (drawing,)


@drawn
def mutation_frequency(result: Mutations) -> tuple[Drawing, ...]:
    """How often tumours are mutated, by response, receptor, heterogeneity and time (S5I-K)."""
    table = result.frequency[result.frequency["variable"].isin(VARIABLES)]
    genes = [g for g in (*result.genes, ANY) if (table["gene"] == g).any()][:4]
    rows = list(dict.fromkeys(table[["variable", "level"]].itertuples(index=False, name=None)))
    if not rows:
        return ()
    seen = _looks(result.genes) | {ANY: LOOKS[7]}
    left, line = 30.0, 4.6
    limit = max(float(table["high"].max()) * 1.05, 1.0)
    picture, axes = facets(len(genes), len(genes), line * (len(rows) + 0.6), [6.5], 9.5, across=27, left=left, right=25)
    for at, (ax, gene) in enumerate(zip(axes, genes, strict=True)):
        _forest(picture, ax, table[table["gene"] == gene], rows, seen[gene], result, limit)
        name = "Any of these" if gene == ANY else gene
        ax.text(0, 1 + 2.0 / size(ax)[1], name, transform=ax.transAxes, fontweight="bold", va="bottom")
        labels = [_level(variable, level) for variable, level in rows]
        ax.set_yticks(range(len(rows)), labels if at == 0 else [""] * len(rows))
    told = (*result.comparisons, *result.changes)
    hits = [e for e in told if found(e)]
    drawing = Drawing(
        picture,
        title="Mutations: " + join(e.contrast for e in hits) + " differ"
        if hits
        else "Mutations: no difference found by response, receptor, heterogeneity or time",
        caption="Share of the evaluable tumours with a mutation and its exact 95 % interval (Clopper-Pearson); beside "
        "it mutated of evaluable, and exact p of the two classes (Fisher; before against after: McNemar, in "
        "patients with both).",
        alt=f"Shares with intervals of mutated tumours in {join(genes)}, by {join(dict.fromkeys(v for v, _ in rows))}.",
        numbers=result.frequency,
        estimates=told,
        findings=tuple(Finding(_words(e), e) for e in told),
        wide=True,
    )
    return (drawing,)


def _level(variable: str, level: str) -> str:
    return "All tumours" if variable == "all" else capital(level) if variable == "phase" else level


def _forest(
    picture: Picture,
    ax: Axes,
    table: pd.DataFrame,
    rows: list[tuple[str, str]],
    look: Look,
    result: Mutations,
    limit: float,
) -> None:
    known = table.set_index(["variable", "level"])
    gene = str(table["gene"].iloc[0])
    wide, _ = size(ax)
    starts = [y for y, (variable, _) in enumerate(rows) if y and variable != rows[y - 1][0]]
    for y in starts:
        ax.axhline(y - 0.5, color=RULE, lw=0.5, zorder=0)
    for y, key in enumerate(rows):
        if key not in known.index:
            continue
        share, low, high, k, n = (float(known.loc[key, c]) for c in ("share", "low", "high", "mutated", "n"))  # type: ignore[arg-type]
        ax.plot([low, high], [y, y], color=look.strong, lw=0.9, zorder=1)
        point = ax.scatter([share], [y], s=14, c=look.colour, edgecolors=look.strong, lw=0.4, zorder=2, clip_on=False)
        words = f"{_level(*key)}\n{gene}: {int(k)} of {int(n)} ({number(share, 1)} %)"
        picture.mark(point, marks_of([[gene]], [words]))
        ax.text(1 + 1.5 / wide, y, f"{int(k)}/{int(n)}", transform=ax.get_yaxis_transform(), va="center")
    for variable in dict.fromkeys(v for v, _ in rows):
        test = _test(result, gene, variable)
        if test is not None:
            mine = [y for y, (v, _) in enumerate(rows) if v == variable]
            x, y = 1 + 11.0 / wide, float(np.mean(mine))
            ax.text(x, y, p_equals(test.p), transform=ax.get_yaxis_transform(), va="center")
    ax.set(xlim=(0, limit), ylim=(len(rows) - 0.4, -0.6), xlabel="Mutated, %")
    ax.tick_params(axis="y", length=0)


def _test(result: Mutations, gene: str, variable: str) -> Estimate | None:
    if variable == "phase":
        return next((e for e in result.changes if e.quantity == gene), None)
    level = result.frequency.loc[result.frequency["variable"] == variable, "level"]
    pair = set(level)
    return next((e for e in result.comparisons if e.quantity == gene and set(e.groups) == pair), None)


def _words(e: Estimate) -> str:
    name = "mutations of any of these genes" if e.quantity == ANY else f"{e.quantity} mutations"
    often = "more" if e.value > 0 else "less"
    if math.isnan(significance(e)):
        return f"The frequency of {name} could not be compared: {inline(e.contrast)}"
    if e.groups == ("all",):
        nothing = f"No change in the frequency of {name} found under treatment"
        return f"{capital(name)} are {often} frequent after treatment" if found(e) else nothing
    if not found(e):
        return f"No difference in the frequency of {name} found between {join(map(plain, e.groups))}"
    if len(e.groups) != 2:
        return f"The frequency of {name} differs between {join(map(plain, e.groups))}"
    return f"{capital(name)} are {often} frequent in {plain(e.groups[0])} than in {plain(e.groups[1])}"
