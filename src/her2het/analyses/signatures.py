"""Gene sets: scores of every sample, ERBB and PI3K signatures, and sets relative to the control group."""

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded
from her2het.analyses.relative import relative_rows
from her2het.analyses.scores import score_study
from her2het.plan import analysis
from her2het.reference.tables import erbb_pi3k_sets
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.scores import ErbbSignatures, GeneSetScores, PathwayDeltas
from her2het.schema import NotApplicable, Note, StudyError
from her2het.stats.gene_sets import gsva, ssgsea
from her2het.tables import GeneSets, Patients

SHIPPED = "Reactome v2023.1, ERBB, PI3K and related sets (shipped)"
SIGNATURES = (
    "REACTOME_SIGNALING_BY_ERBB2",
    "REACTOME_SIGNALING_BY_ERBB4",
    "REACTOME_PI3K_EVENTS_IN_ERBB2_SIGNALING",
    "REACTOME_PI3K_AKT_SIGNALING_IN_CANCER",
)


@analysis(section="Expression")
def gene_set_scores(
    expression: Expression,
    gene_sets: GeneSets | None,
    *,
    method: Annotated[
        Literal["gsva", "ssgsea"], Field(description="GSVA compares samples; ssGSEA ranks within each.")
    ] = "gsva",
    min_size: Annotated[int, Field(ge=1, description="Fewest genes of a set that must be among the genes.")] = 5,
    max_size: Annotated[int, Field(ge=1, description="Most genes of a set.")] = 1000,
) -> GeneSetScores:
    """How active is each gene set in each sample?

    GSVA with the Gaussian kernel (numbers as GSVA 1.46; doi:10.1186/1471-2105-14-7) or ssGSEA
    (doi:10.1038/nature08460) on the kept genes. Sets are those of the study's GMT file; without one, the ERBB, PI3K
    and related sets of Reactome that are shipped (CC BY 4.0). KEGG and BioCarta sets come from the user, since their
    terms forbid shipping them.
    """
    if gene_sets is None:
        sets, source = dict(erbb_pi3k_sets()), SHIPPED
    else:
        sets = {str(name): tuple(part["gene"]) for name, part in gene_sets.groupby("set", sort=False)}
        source = "the study's gene sets"
    matrix = expression.log_cpm.keep_rows(expression.genes["kept"].to_numpy(dtype=bool))
    try:
        if method == "gsva":
            found = gsva(matrix, sets, min_size=min_size, max_size=max_size, constant="drop")
        else:
            found = ssgsea(matrix, sets, min_size=min_size, max_size=max_size)
    except StudyError as e:
        raise NotApplicable(str(e)) from None
    rows = set(matrix.rows)
    names = pd.DataFrame(
        {
            "set": pd.Series(found.scores.rows, dtype="string"),
            "size": [len(set(sets[name]) & rows) for name in found.scores.rows],
            "shown": pd.Series([set_words(name) for name in found.scores.rows], dtype="string"),
        }
    )
    lost = [("gene set", str(r[0]), str(r[-1]), "gene_set_scores") for r in found.dropped_sets.itertuples(index=False)]
    notes = []
    if gene_sets is None:
        text = "Reactome's ERBB, PI3K and related sets are used; name a GMT file under [tables.gene_sets] for others."
        notes.append(Note("note", "No gene sets were given", text))
    return GeneSetScores(found.scores, names, method, source, excluded(lost), tuple(notes))


def set_words(name: str) -> str:
    """'REACTOME_SIGNALING_BY_ERBB2' as 'Signaling by ERBB2'."""
    words = (
        name.split("_")[1:]
        if name.split("_", maxsplit=1)[0] in {"REACTOME", "KEGG", "BIOCARTA", "HALLMARK", "PID", "WP"}
        else name.split("_")
    )
    small = [w if any(c.isdigit() for c in w) or w in _UPPER else w.lower() for w in words]
    text = " ".join(small)
    return text[:1].upper() + text[1:]


_UPPER = {
    "PI3K",
    "AKT",
    "PTEN",
    "FGFR",
    "TGF",
    "DNA",
    "RNA",
    "ERBB",
    "MTOR",
    "EGFR",
    "NOTCH",
    "ATF6",
    "MAPK",
    "JAK",
    "STAT",
    "TCR",
    "BCR",
}


@analysis(section="Before treatment")
def erbb_signatures(
    scores: GeneSetScores,
    groups: GroupAssignment,
    patients: Patients,
    *,
    sets: Annotated[tuple[str, ...], Field(min_length=1, description="Sets to show, by name.")] = SIGNATURES,
) -> ErbbSignatures:
    """Do ERBB and PI3K signatures differ between groups, and do they change under treatment?

    Scores of gene_set_scores. Patient level: the mean over a patient's samples of one phase. Groups at baseline:
    two-sided rank-sum tests, Hodges-Lehmann shift with 95 % interval. Residual cancer burden: Spearman. Before against
    after: signed-rank test among all pairs, those not HET and those HET at baseline. Benjamini-Hochberg within each of
    these questions. A score is relative to the cohort: it says nothing outside it.
    """
    present = [name for name in sets if name in scores.scores.rows]
    if not present:
        raise NotApplicable(f"none of {', '.join(sets)} is among the gene sets; set erbb_signatures.sets")
    shown = scores.sets.set_index("set")["shown"]
    frame = pd.DataFrame({str(shown[name]): scores.scores.row(name) for name in present})
    absent = [
        ("gene set", name, "not among the gene sets", "erbb_signatures.sets") for name in sets if name not in present
    ]
    common = score_study(frame, groups, patients, f"{scores.method.upper()} score", "ERBB signatures")
    notes = (Note("note", "Gene sets", f"From {scores.source}."),)
    return ErbbSignatures(**common, excluded=excluded(absent), notes=notes)


@analysis(section="Before treatment")
def pathway_deltas(
    scores: GeneSetScores,
    groups: GroupAssignment,
    *,
    most: Annotated[int, Field(ge=1, description="Sets of each run (common, unique to a group) that are shown.")] = 10,
) -> PathwayDeltas:
    """Which gene sets differ from the control group, in common or in one group alone?

    Difference of mean scores from the control group at baseline (patient level), rank-sum test, Benjamini-Hochberg
    over sets within each comparison. Common: p < .05 in every group and in one direction; unique: in one group alone.
    The star is the uncorrected p, as in the paper; q is beside it.
    """
    rows = relative_rows(scores.scores, shown_names(scores), groups, most)
    return PathwayDeltas(
        rows=rows.table,
        sizes=rows.sizes,
        deciding=rows.deciding,
        unit=f"{scores.method.upper()} score",
        source=scores.source,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(rows.lost),
        notes=(),
    )


def shown_names(scores: GeneSetScores) -> dict[str, str]:
    """Set -> its name on figures."""
    return {str(name): str(shown) for name, shown in zip(scores.sets["set"], scores.sets["shown"], strict=True)}
