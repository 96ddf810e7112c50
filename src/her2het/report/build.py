"""The page: one HTML file with its style, script and figures inside, which loads nothing."""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from her2het import notice
from her2het.figures.marks import plain
from her2het.figures.style import Look, looks
from her2het.figures.words import estimand, found, interval, join, level, number, p_text, scale, significance
from her2het.report.frames import as_json, shown
from her2het.report.methods import methods_paragraphs, references_of
from her2het.report.pictures import on_page
from her2het.report.prose import html, paragraphs
from her2het.report.view import AnalysisView, GroupView, PanelView, ReportView, SectionView
from her2het.stats.estimate import Estimate, Note

MARKERS = {  # as in the figures, in a box of 12 by 12
    "o": "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
    "s": "M1.5 1.5h9v9h-9z",
    "^": "M6 .8L11.5 10.6H.5z",
    "D": "M6 .3L11.7 6L6 11.7L.3 6z",
    "v": "M6 11.2L.5 1.4H11.5z",
    "P": "M4 .5h4V4h3.500v4H8v3.500H4V8H.5V4H4z",
    "X": "M3 .5L6 3.500L9 .5L11.5 3L8.500 6L11.5 9L9 11.5L6 8.500L3 11.5L.5 9L3.500 6L.5 3z",
    "p": "M6 .5L11.5 4.500L9.400 11H2.600L.5 4.500z",
}


@dataclass(frozen=True)
class KeyFinding:
    """A row of the key-findings table."""

    words: str
    e: Estimate
    panel: PanelView
    section: str


@dataclass(frozen=True)
class Exclusion:
    """Things left out for one reason."""

    what: str
    reason: str
    decided_by: str
    ids: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many things: an id of the form '15,206 genes' stands for so many."""
        counts = (re.match(rf"([\d,]+) {re.escape(self.what)}s?$", one) for one in self.ids)
        return sum(int(m[1].replace(",", "")) if m else 1 for m in counts)


@dataclass(frozen=True)
class Swatch:
    """How a group is marked in the key at the head of the page."""

    token: str
    colour: str
    strong: str
    path: str


def render_report(view: ReportView) -> str:
    """The page as text. The same view gives the same bytes."""
    printed = {p.name: p.svg for p in view.panels}
    small = {f"{p.name} (narrow)": p.narrow for p in view.panels if p.narrow}
    pictures = on_page(printed | small)
    script, style = _template("report.js"), _template("report.css") + _footer(view) + pictures.looks
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src 'unsafe-inline'; "
        "img-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'"
    )
    # what is marked as HTML is our own, or escaped where it was made: by the XML writer, `css_string`, `as_json`
    sections = [(section, f"section-{at + 1}") for at, section in enumerate(view.sections)]
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            notice=notice,
            policy=policy,
            style=Markup(style),
            script=Markup(script),
            facts=facts(view),
            groups=_groups(view.groups),
            sections=sections,
            lifted=[(p, p.command) for p in view.panels if p.in_summary],
            placed={a.name: placed([p for p in a.panels if not (p.in_summary or p.case)]) for a in view.analyses},
            figures={name: Markup(pictures.svg[name]) for name in printed},
            narrow={p.name: Markup(pictures.svg[f"{p.name} (narrow)"]) for p in view.panels if p.narrow},
            data={p.name: Markup(as_json(p.numbers)) for p in view.panels},
            findings=key_findings(sections),
            exclusions=exclusions(view.analyses),
            warnings=_warnings(view),
            methods=methods_paragraphs(view),
            references=references_of(view),
        )
    )
    return page.replace("\r\n", "\n")


def key_findings(sections: Sequence[tuple[SectionView, str]]) -> list[KeyFinding]:
    """Findings in the order of the sections: below 5 %, then the others, then what is true by definition."""
    rows = [
        KeyFinding(f.words, f.estimate, p, anchor)
        for section, anchor in sections
        for a in section.analyses
        for p in a.panels
        for f in p.findings
    ]
    return sorted(rows, key=lambda row: (row.e.by_definition, not found(row.e)))


def facts(view: ReportView) -> str:
    """Who was studied, in a sentence, from the groups."""
    if not view.groups:
        return "The study defines no groups."
    total = sum(g.patients for g in view.groups)
    parts = join(f"{g.patients} {plain(g.label)}" for g in view.groups)
    text = f"{total} patients in {len(view.groups)} group{'s' * (len(view.groups) > 1)}: {parts}."
    counts = [
        (sum(n for n in numbers if n is not None), words)
        for numbers, words in (
            ([g.baseline_samples for g in view.groups], "baseline samples"),
            ([g.followup_samples for g in view.groups], "samples after treatment"),
        )
        if any(n is not None for n in numbers)
    ]
    return text + (f" They have {join(f'{n} {words}' for n, words in counts)}." if counts else "")


def placed(panels: Sequence[PanelView]) -> list[tuple[PanelView, bool]]:
    """Panels with whether each stands alone in its row: the last of an odd run of column-wide ones."""
    result: list[tuple[PanelView, bool]] = []
    run = 0
    for at, panel in enumerate(panels):
        if panel.wide:
            run = 0
            result.append((panel, False))
            continue
        run += 1
        last = at + 1 == len(panels) or panels[at + 1].wide
        result.append((panel, last and run % 2 == 1))
    return result


def exclusions(analyses: Iterable[AnalysisView]) -> list[Exclusion]:
    """What was left out by any analysis, one row per reason; the same thing left out twice stands once."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for a in analyses:
        if a.excluded is None:
            continue
        for row in a.excluded.itertuples(index=False):
            what, identity, reason, by = (plain(getattr(row, n)) for n in ("what", "id", "reason", "decided_by"))
            found.setdefault((what, reason, by), {})[identity] = None
    return [Exclusion(*key, tuple(ids)) for key, ids in found.items()]


def _warnings(view: ReportView) -> list[tuple[Note, list[tuple[str, str]]]]:
    """Notes on the study, then what analyses ask to be careful about: each once, with a link to every one that asks."""
    found: dict[Note, list[tuple[str, str]]] = {n: [] for n in view.warnings}
    for a in view.analyses:
        for n in a.notes:
            if n.level == "caution":
                found.setdefault(n, []).append((f"about-{a.name}", a.name.replace("_", " ")))
    return list(found.items())


def _groups(groups: Sequence[GroupView]) -> list[tuple[GroupView, Swatch]]:
    shapes = looks([g.label for g in groups])
    return [(g, _swatch(shapes[g.label])) for g in groups]


def _swatch(look: Look) -> Swatch:
    return Swatch(look.token, look.colour, look.strong, MARKERS.get(look.marker, MARKERS["o"]))


def about_evidence(panel: PanelView) -> str:
    """Within which family q is adjusted."""
    families = list(dict.fromkeys(e.family for e in panel.estimates if e.family))
    if families:
        return f"q: Benjamini–Hochberg within {'; '.join(families)}."
    return "One test, so q = p." if len(panel.estimates) == 1 else "p is not adjusted."


def _interval(e: Estimate) -> str:
    """Estimate and interval, which a narrow cell may part but not break within."""
    value, _, rest = interval(e).partition(" (")
    return f"{value} ({rest.replace(' ', chr(160))}" if rest else value


def brief(value: float) -> str:
    """A number to sort by, with six significant digits."""
    return f"{value:.6g}"


def forest_x(value: float) -> float:
    """Where a value from -1 to 1 lies in the glyph."""
    return round(66 + 60 * min(1.0, max(-1.0, value)), 1)


def css_string(text: str) -> str:
    """A text as a CSS string in which every letter that could end it is escaped."""
    return '"' + "".join(c if re.fullmatch(r"[A-Za-z0-9 ,.:-]", c) else f"\\{ord(c):06x}" for c in plain(text)) + '"'


def _footer(view: ReportView) -> str:
    """What stands below each printed page."""
    kind = f", {notice.SYNTHETIC.lower()}" if view.synthetic else ""
    text = css_string(f"{view.software}, {view.study}{kind}. {notice.SHORT}.")
    font = "font: 7pt Arial, sans-serif; color: #55606a;"
    return (
        "\n@page { size: A4; margin: 14mm 17.5mm 16mm; "
        f"@bottom-left {{ content: {text}; {font} }} "
        f'@bottom-right {{ content: counter(page) " / " counter(pages); {font} }} }}\n'
    )


def _hash(script: str) -> str:
    """The digest by which the page allows this one script and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _template(name: str) -> str:
    return files("her2het.report").joinpath("template", name).read_text(encoding="utf-8").replace("\r\n", "\n")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    filters: dict[str, Any] = {
        "p": p_text,
        "number": number,
        "interval": _interval,
        "level": level,
        "estimand": estimand,
        "significance": significance,
        "scale": scale,
        "forest_x": forest_x,
        "brief": brief,
        "shown": shown,
        "prose": html,
        "paragraphs": paragraphs,
        "about_evidence": about_evidence,
    }
    environment.filters.update(filters)
    return environment
