"""Docstrings as prose: question, method and references; and paragraphs as HTML with nothing but code marked."""

import inspect
import re
from dataclasses import dataclass

from markupsafe import Markup, escape

# Parentheses belong to a DOI where they are closed within it, as in 10.1016/0040-5809(82)90004-1.
DOI = re.compile(r"\b10\.\d{4,9}/(?:\([^\s\"<>,;()]*\)|[^\s\"<>,;()\]])*(?:\([^\s\"<>,;()]*\)|[^\s\"<>,;.()\]])")


@dataclass(frozen=True)
class Prose:
    """The parts of a docstring that a reader of the report meets."""

    title: str
    question: str
    method: str
    references: tuple[str, ...]  # DOIs


def read_docstring(text: str) -> Prose:
    """Title (first line), question, method, and the DOIs that they cite.

    Where the title is a question all that follows is method; else the first of several paragraphs is the question.
    Paragraphs such as `:raises …` are for programmers and are left out.
    """
    title, _, rest = inspect.cleandoc(text).partition("\n")
    said = [p for p in re.split(r"\n\s*\n", rest.strip()) if p.strip() and not p.lstrip().startswith(":")]
    title = title.strip().rstrip(".")
    first = 0 if title.endswith("?") or len(said) < 2 else 1
    question, method = ("\n\n".join(_joined(p) for p in part) for part in (said[:first], said[first:]))
    return Prose(title, question, method, tuple(dict.fromkeys(DOI.findall(f"{question} {method}"))))


def _joined(paragraph: str) -> str:
    """One line; list items and indented lines (formulas) keep their own."""
    lines = paragraph.splitlines()
    if any(re.match(r"\s*[-*•] |\s{4,}\S", line) for line in lines[1:] or lines):
        return "\n".join(line.rstrip() for line in lines)
    return " ".join(line.strip() for line in lines)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, each on one line unless it is a list or a formula."""
    return [_joined(p) for p in re.split(r"\n\s*\n", text.strip()) if p.strip()]


def html(text: str) -> Markup:
    """Escaped text in which what stands between backticks is code."""
    parts = re.split(r"``([^`]+)``|`([^`]+)`", text)
    out: list[Markup] = []
    for at in range(0, len(parts), 3):
        out.append(escape(parts[at]))
        if at + 2 < len(parts):
            out.append(Markup("<code>{}</code>").format(parts[at + 1] or parts[at + 2]))
    return Markup("").join(out)
