"""Model formulas: `~ er + her2`, `~ patient + time`, `~ er * her2`, `~ factor(batch) + age`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from her2het.schema import StudyError

Term = frozenset[str]
TOKEN = re.compile(r"\s*(?:(?P<name>`[^`]+`|[A-Za-z_.][A-Za-z0-9_.]*)|(?P<number>\d+)|(?P<sign>[-+*:^()~/]))")
AS_FACTOR = ("factor", "as.factor", "C")


@dataclass(frozen=True)
class Formula:
    """The terms of a formula, main effects first, each a set of variables in `variables` order."""

    text: str
    intercept: bool
    terms: tuple[tuple[str, ...], ...]
    variables: tuple[str, ...]
    """In the order of their first appearance."""
    factors: frozenset[str]
    """Variables that the formula declares to be categories."""


def parse_formula(text: str) -> Formula:
    """Read a one-sided formula of R's kind.

    `a + b` main effects, `a:b` an interaction, `a*b` both, `a/b` b within a, `(a + b)^2` all up to pairs, `- a` a term
    left out, `0` or `-1` no intercept, `factor(a)` numbers as categories, backquotes around a name with blanks.
    :raises StudyError: where it cannot be read, or asks for a transformation
    """
    return _Reader(text).read()


class _Reader:
    """Recursive descent; each rule returns terms in order, the empty set for the intercept."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._split())
        self.at = 0
        self.order: dict[str, None] = {}
        self.factors: set[str] = set()

    def read(self) -> Formula:
        if self._peek() != "~":
            raise self._wrong("does not begin with ~", "Write the design as '~ er + her2'")
        self.at = 1
        if self._peek() == "":
            raise self._wrong("names no term", "Write the design as '~ er + her2'")
        terms, intercept = self._sum(True)
        if self._peek():
            raise self._wrong(f"has {self._peek()!r} where a term was to end", "Join terms by +, : or *")
        rank = {name: i for i, name in enumerate(self.order)}
        named = [tuple(sorted(t, key=rank.__getitem__)) for t in terms]
        used = {v for t in named for v in t}
        if not intercept and not named:
            raise self._wrong("leaves nothing to estimate", "Name a variable, or write '~ 1'")
        named.sort(key=len)
        return Formula(
            self.text, intercept, tuple(named), tuple(v for v in self.order if v in used), frozenset(self.factors)
        )

    def _wrong(self, what: str, remedy: str) -> StudyError:
        return StudyError(f"design {self.text!r}: it {what}. {remedy}.")

    def _split(self) -> Iterator[str]:
        at = 0
        text = self.text.rstrip()
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                raise self._wrong(f"has {text[at:].strip()[0]!r}, which no formula has", "Join names by +, : or *")
            yield match.group().strip()
            at = match.end()

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self.at += 1
        return token

    def _sum(self, intercept: bool) -> tuple[list[Term], bool]:
        terms: list[Term] = []
        sign = "+"
        if self._peek() in {"+", "-"}:
            sign = self._take()
        while True:
            if self._peek() in {"0", "1"}:
                intercept = (self._take() == "1") == (sign == "+")
            elif sign == "+":
                terms += [t for t in self._product() if t not in terms]
            else:
                gone = self._product()
                terms = [t for t in terms if t not in gone]
            if self._peek() not in {"+", "-"}:
                return terms, intercept
            sign = self._take()

    def _product(self) -> list[Term]:
        left = self._interaction()
        while self._peek() in {"*", "/"}:
            nested = self._take() == "/"
            right = self._interaction()
            whole = frozenset(v for t in left for v in t)
            crossed = [whole | b for b in right] if nested else [a | b for a in left for b in right]
            left = left + ([] if nested else [t for t in right if t not in left])
            left += [t for t in crossed if t not in left]
        return left

    def _interaction(self) -> list[Term]:
        left = self._power()
        while self._peek() == ":":
            self._take()
            right = self._power()
            left = [a | b for a in left for b in right]
        return left

    def _power(self) -> list[Term]:
        base = self._atom()
        if self._peek() != "^":
            return base
        self._take()
        if not self._peek().isdigit() or self._peek() == "0":
            raise self._wrong("has no whole number after ^", "Write (a + b)^2")
        terms = base
        for _ in range(int(self._take()) - 1):
            terms = terms + [a | b for a in terms for b in base if a | b not in terms]
            terms = list(dict.fromkeys(terms))
        return terms

    def _atom(self) -> list[Term]:
        token = self._take()
        if token == "(":
            terms, _ = self._sum(True)
            self._close()
            return terms
        if not token or not (token[0].isalpha() or token[0] in "`_."):
            raise self._wrong(f"has {token or 'nothing'} where a variable belongs", "Join variables by +, : or *")
        if self._peek() == "(":
            if token not in AS_FACTOR:
                raise self._wrong(
                    f"has the function {token}(), which is not computed here",
                    "Put the transformed values in a column of the sample table, and name that",
                )
            self._take()
            inner = self._take().strip("`")
            self._close()
            self.factors.add(inner)
            token = inner
        name = token.strip("`")
        self.order.setdefault(name)
        return [frozenset({name})]

    def _close(self) -> None:
        if self._take() != ")":
            raise self._wrong("has a bracket that is not closed", "Close it")
