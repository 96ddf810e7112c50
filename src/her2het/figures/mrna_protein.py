"""Whether mRNA follows protein."""

from her2het.figures import relation
from her2het.figures.markers import genes_of, of_quantity
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import drawn, looks
from her2het.figures.words import methods, related, scale, title_of_relation
from her2het.results.expression import MrnaProtein


@drawn
def mrna_protein(result: MrnaProtein) -> tuple[Drawing, ...]:
    """mRNA against protein by IHC, one drawing per gene; x: protein, y: mRNA."""
    return tuple(_one(result, gene) for gene in genes_of(result.values))


def _one(result: MrnaProtein, gene: str) -> Drawing:
    rows = result.values[result.values["gene"] == gene]
    known = rows[rows["mrna"].notna() & rows["protein_value"].notna()]
    protein = str(rows["protein"].iloc[0])
    values = known.rename(columns={"protein_value": "x", "mrna": "y"})
    estimates = of_quantity(result.correlations, gene)
    fit = result.fits[result.fits["gene"] == gene]
    mrna = f"{gene} mRNA"
    picture = relation.scatter(values, fit, looks(result.labels), protein, f"{mrna}, {scale(result.scale)}", estimates)
    title = title_of_relation(estimates[0] if estimates else None, protein, mrna)
    absent = len(rows) - len(known)
    return Drawing(
        picture,
        title=title,
        caption=f"{relation.CAPTION} mRNA and protein are means of a patient's baseline samples."
        + (f" {absent} patients lack one of the two." if absent else "")
        + methods(estimates),
        alt=f"Scatter of {mrna} against {protein}. {title}.",
        numbers=rows[["gene", "protein", "patient", "group", "mrna", "protein_value"]].reset_index(drop=True),
        estimates=estimates,
        findings=tuple(Finding(related(e, protein, mrna), e) for e in estimates[:1]),
        key=gene,
    )
