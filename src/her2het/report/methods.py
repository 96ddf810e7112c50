"""What was done, in words: for methods.md and for the foot of the page."""

import math
import re
from collections.abc import Sequence

from her2het import notice
from her2het.figures.words import bounded, join, percent
from her2het.report.prose import paragraphs
from her2het.report.view import AnalysisView, ReportView
from her2het.stats.estimate import LOWEST_LEVEL, Estimate

PAPER = (
    "Li Z, Metzger Filho O, Viale G, et al. HER2 heterogeneity and treatment response-associated profiles "
    "in HER2-positive breast cancer in the NCT02326974 clinical trial. J Clin Invest "
    "2024;134(7):e176454. doi:10.1172/JCI176454"
)
SOFTWARE = (
    "Harris CR, et al. Array programming with NumPy. Nature 2020;585:357–362. doi:10.1038/s41586-020-2649-2",
    "Virtanen P, et al. SciPy 1.0: fundamental algorithms for scientific computing in Python. "
    "Nat Methods 2020;17:261–272. doi:10.1038/s41592-019-0686-2",
    "McKinney W. Data structures for statistical computing in Python. Proc 9th Python in Science Conf 2010:56–61. "
    "doi:10.25080/Majora-92bf1922-00a",
    "Hunter JD. Matplotlib: a 2D graphics environment. Comput Sci Eng 2007;9:90–95. doi:10.1109/MCSE.2007.55",
)
ADJUSTED = (
    "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 1995;57:289–300. "
    "doi:10.1111/j.2517-6161.1995.tb02031.x"
)


def methods_paragraphs(view: ReportView) -> list[tuple[str, str]]:
    """Headings with their text: design, what was done per analysis, statistics, software."""
    parts = [("Design", _design(view))]
    for section in view.sections:
        done = [a for a in section.analyses if a.status != "skipped"]
        if done:
            parts.append((section.title, "\n\n".join(_analysis(a, view) for a in done)))
    skipped = [a for a in view.analyses if a.status == "skipped"]
    if skipped:
        parts.append(("Not done", "\n\n".join(f"{a.title}: {a.reason}." for a in skipped)))
    parts.append(("Statistics", _statistics([e for p in view.panels for e in p.estimates])))
    parts.append(("Software", _software(view)))
    return parts


def references_of(view: ReportView) -> list[str]:
    """The trial's paper, what the analyses cite, the adjustment where one was made, and the software."""
    cited = [
        r if r.lower().startswith(("doi", "http")) or " " in r else f"doi:{r}"
        for a in view.analyses
        for r in a.references
    ]
    adjusted = [ADJUSTED] if any(e.family for p in view.panels for e in p.estimates) else []
    known = [PAPER, *adjusted, *SOFTWARE]
    own = [r for r in cited if not any(r.removeprefix("doi:").lower() in k.lower() for k in known)]
    return list(dict.fromkeys([PAPER, *own, *adjusted, *SOFTWARE]))


def methods_text(view: ReportView) -> str:
    """The methods paragraph as Markdown, with versions, settings, inputs and references."""
    out = [f"# Methods: {_md(view.study)}", ""]
    if view.synthetic:
        out += ["**Synthetic data: every number was simulated; none comes from a patient.**", ""]
    out += [f"{notice.HEADER} {notice.PERSON}", ""]
    for heading, text in methods_paragraphs(view):
        out += [f"## {_md(heading)}", ""]
        for paragraph in paragraphs(text):
            out += [_md(paragraph, code=True), ""]
    out += ["## Settings that differ from their defaults", ""]
    if view.knobs:
        out += ["| setting | here | default | meaning |", "|---|---|---|---|"]
        out += [f"| `{_code(k.name)}` | {_md(k.value)} | {_md(k.default)} | {_md(k.meaning)} |" for k in view.knobs]
    else:
        out.append("None.")
    out += ["", "## Inputs", "", "| table | file | size | SHA-256 |", "|---|---|---|---|"]
    out += [f"| {_md(i.table)} | `{_code(i.file)}` | {_md(i.size)} | `{_code(i.digest)}` |" for i in view.inputs]
    out += ["", "## Versions", "", "| what | version |", "|---|---|"]
    out += [f"| {_md(name)} | {_md(version)} |" for name, version in view.versions]
    out += ["", "## References", ""]
    out += [f"{at}. {_md(text)}" for at, text in enumerate(references_of(view), 1)]
    out += ["", "## Research use only", ""]
    out += [f"{at}. {text}" for at, text in enumerate(notice.FULL, 1)]
    return "\n".join(out) + "\n"


def _design(view: ReportView) -> str:
    if not view.groups:
        return "The study defines no groups of patients."
    groups = join(f"{g.label} (n = {g.patients}{f'; {g.definition}' if g.definition else ''})" for g in view.groups)
    control = f" The control group is {view.control}." if view.control else ""
    return (
        f"Patients were assigned to {len(view.groups)} groups: {groups}.{control} The patient is the unit of "
        "inference: values of several samples of one patient at one timepoint are combined before any test."
    )


def _analysis(a: AnalysisView, view: ReportView) -> str:
    """Title and method of one analysis, with the settings that were changed."""
    own = [k for k in view.knobs if k.name.startswith(f"{a.name}.")]
    changed = f" Settings changed: {join(f'{k.name} = {k.value} (default {k.default})' for k in own)}." if own else ""
    title = a.title if a.title.endswith("?") else f"{a.title}."
    return f"{title} {' '.join(paragraphs(a.method))}{changed}".strip()


def _statistics(estimates: Sequence[Estimate]) -> str:
    if not estimates:
        return "No comparison was made."
    methods = list(dict.fromkeys(e.method for e in estimates if e.method))
    families = list(dict.fromkeys(e.family for e in estimates if e.family))
    text = (
        f"Tests: {'; '.join(methods)}. {_levels(estimates)} p values are two-sided: exact where the test is named "
        "exact, else by the approximation that is named with it (normal with continuity correction, t, chi-square), "
        "from resampling where that is named."
    )
    if families:
        text += (
            " q values are Benjamini–Hochberg adjusted within each of these families, never across them: "
            f"{'; '.join(families)}."
        )
    return text + (
        " On the common scale of the key findings an effect is a rank-biserial correlation, a correlation or a "
        "difference of proportions, from −1 to 1; one without a direction lies between 0 and 1."
    )


def _levels(estimates: Sequence[Estimate]) -> str:
    """At which levels the intervals are; each row of a table says its own."""
    usual = sorted({round(e.level, 3) for e in estimates if bounded(e)})
    lead = f"Intervals are at {percent(max(usual))} %." if usual else "No estimate has an interval."
    if len(usual) > 1:
        least = f"{percent(usual[0])} % or more" if len(usual) > 2 else f"{percent(usual[0])} %"
        lead = f"{lead[:-1]}, or at what few patients allow ({least}, as each row says)."
    few = sum(e.too_few and not math.isnan(e.value) for e in estimates)
    return lead + (f" Where not even {percent(LOWEST_LEVEL)} % can be had none is shown." if few else "")


def _software(view: ReportView) -> str:
    versions = join(f"{n} {version}" for n, version in view.versions if f"{n} {version}" != view.software)
    return f"Analyses were run with {view.software}{f' ({versions})' if versions else ''}."


def _md(text: str, *, code: bool = False) -> str:
    """Text of a study that Markdown shall show as it is; `code` leaves what stands between backticks."""
    kept = re.sub(r"([\\*_\[\]|#~]" + (")" if code else r"|`)"), r"\\\1", text.replace("``", "`") if code else text)
    if code:  # inside backticks nothing needs a backslash
        kept = re.sub(r"`[^`]*`", lambda m: re.sub(r"\\([\\*_\[\]|#~])", r"\1", m[0]), kept)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "  \n")


def _code(text: str) -> str:
    """Text between backticks."""
    return text.replace("`", "'").replace("|", "\\|").replace("\n", " ")
