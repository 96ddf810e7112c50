"""Marker genes by group, and against residual cancer burden."""

import pandas as pd

from her2het.figures import groups, relation
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import drawn, looks
from her2het.figures.words import compared, methods, related, scale, title_of_groups, title_of_relation
from her2het.results.expression import MarkerExpression
from her2het.stats.estimate import Estimate


@drawn
def markers_by_group(result: MarkerExpression) -> tuple[Drawing, ...]:
    """Expression of each marker gene by group of patients, at baseline."""
    return tuple(_by_group(result, gene) for gene in genes_of(result.values))


@drawn
def markers_by_rcb(result: MarkerExpression) -> tuple[Drawing, ...]:
    """Residual cancer burden against the baseline expression of each marker gene."""
    if "rcb" not in result.values:
        return ()
    known = result.values[result.values["rcb"].notna()]
    return tuple(_by_rcb(result, gene) for gene in genes_of(known))


def genes_of(values: pd.DataFrame) -> list[str]:
    """Genes in the order of the result."""
    return [str(gene) for gene in values["gene"].dropna().unique()]


def of_quantity(estimates: tuple[Estimate, ...], quantity: str) -> tuple[Estimate, ...]:
    """The estimates of one quantity."""
    return tuple(e for e in estimates if e.quantity == quantity)


def _by_group(result: MarkerExpression, gene: str) -> Drawing:
    values = result.values[result.values["gene"] == gene]
    estimates = of_quantity(result.comparisons, gene)
    name, axis = f"{gene} mRNA", f"{gene} mRNA, {scale(result.scale)}"
    boxes = result.boxes[result.boxes["quantity"] == gene]
    picture, _ = groups.box_points(values, boxes, looks(result.labels), axis, estimates)
    return Drawing(
        picture,
        title=title_of_groups(name, estimates),
        caption=f"{gene} at baseline, mean of a patient's biopsies, {scale(result.scale)}. {groups.CAPTION}"
        + methods(estimates),
        alt=f"Box plot with points: {name} in {len(result.labels)} groups. {title_of_groups(name, estimates)}.",
        numbers=values[["gene", "patient", "group", "value"]].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(compared(e, name), e) for e in estimates),
        key=gene,
    )


def _by_rcb(result: MarkerExpression, gene: str) -> Drawing:
    rows = result.values[(result.values["gene"] == gene) & result.values["rcb"].notna()]
    values = rows.rename(columns={"value": "x", "rcb": "y"})
    estimates = of_quantity(result.correlations, gene)
    name = f"{gene} mRNA"
    fit = result.fits[result.fits["gene"] == gene]
    axis = f"{name}, {scale(result.scale)}"
    picture = relation.scatter(values, fit, looks(result.labels), axis, "RCB index", estimates)
    title = title_of_relation(estimates[0] if estimates else None, name, "residual cancer burden")
    return Drawing(
        picture,
        title=title,
        caption=f"{relation.CAPTION} A complete response has burden 0 by definition, so the points at 0 are one group."
        + methods(estimates),
        alt=f"Scatter of residual cancer burden against {name}. {title}.",
        numbers=rows[["gene", "patient", "group", "value", "rcb"]].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(related(e, name, "residual cancer burden"), e) for e in estimates[:1]),
        key=gene,
    )
