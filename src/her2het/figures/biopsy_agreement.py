"""Distances of two baseline biopsies of a tumour to its residual tumour, against each other and the patient."""

import pandas as pd

from her2het.figures import relation
from her2het.figures.layout import draw_key, facets, key_height
from her2het.figures.lettering import LINE
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import PAGE, drawn, looks
from her2het.figures.words import found, inline, join, methods, number, related, variable
from her2het.results.biopsy_agreement import BiopsyAgreement

TALL = 36.0  # mm
FIRST = "Distance from the first biopsy"
COLUMNS = {FIRST: ("distance_a", "distance_b"), "Age": ("age", "difference"),
           "Residual cancer burden": ("rcb", "difference")}  # fmt: skip
LABELS = {"distance_b": "From the second biopsy", "difference": "Difference of distances"}


@drawn
def biopsy_agreement(result: BiopsyAgreement) -> tuple[Drawing, ...]:
    """The distance from one biopsy against that from the other, and their difference against age and RCB (S5D)."""
    told = [e for e in result.correlations if e.quantity in COLUMNS]
    if not told:
        return ()
    seen = looks(result.labels)
    entries = relation.key_of(result.patients.assign(x=0.0, y=0.0), seen)
    head = 1.5 + LINE
    picture, axes = facets(
        len(told), 3, TALL, [head + key_height(entries, PAGE - 14) + 1], 10.5, left=13, across=12, right=4
    )
    for ax, e in zip(axes, told, strict=True):
        x, y = COLUMNS[e.quantity]
        values = pd.DataFrame({"patient": result.patients["patient"], "group": result.patients["group"],
                               "x": result.patients[x].astype("float64"), "y": result.patients[y]})  # fmt: skip
        fit = result.fits[result.fits["variable"] == e.quantity]
        words = "From the first biopsy" if e.quantity == FIRST else variable(e.quantity)
        relation.draw(picture, ax, values, fit, seen, words, LABELS[y])
        relation.state(ax, [e], short=True)
    draw_key(axes[0], entries, PAGE - 14, above=head)
    middle = float(result.patients["difference"].median())
    return (
        Drawing(
            picture,
            title=f"Distances from two baseline biopsies of a tumour differ by {number(middle, 1)} (median)",
            caption=f"{len(result.patients)} patients with two baseline biopsies and a residual tumour: Euclidean "
            "distance of each biopsy to the residual tumour, over all kept genes; difference without sign. "
            f"{relation.CAPTION}{methods(told)}",
            alt=f"{len(told)} scatters of the distances of two biopsies: "
            + join("against each other" if e.quantity == FIRST else f"against {inline(e.quantity)}" for e in told)
            + ".",
            numbers=result.patients,
            estimates=tuple(told),
            findings=tuple(Finding(_words(e.quantity, found(e), related(e, inline(e.quantity), _what(e.quantity))), e)
                           for e in told),
            wide=True,
        ),
    )  # fmt: skip


def _what(quantity: str) -> str:
    return "distance from the second" if quantity == FIRST else "the difference between the distances of two biopsies"


def _words(quantity: str, agree: bool, otherwise: str) -> str:
    if quantity != FIRST:
        return otherwise
    return f"The distances from two biopsies of a tumour are {'' if agree else 'not found to be '}correlated"
