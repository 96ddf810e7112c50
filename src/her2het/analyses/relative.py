"""Genes or sets relative to the control group, ordered from common to unique."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

import pandas as pd
from pydantic import Field

from her2het.analyses.expression import scale_words
from her2het.analyses.parts import excluded, find_gene, group_of, samples_at
from her2het.plan import analysis
from her2het.reference.tables import erbb_pi3k_sets, pam50_centroids
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.scores import Checkpoints, ErbbGenes, Pam50Genes, RelativeExpression
from her2het.schema import Matrix, NotApplicable
from her2het.stats.families import adjusted
from her2het.stats.rank_tests import rank_sum
from her2het.stats.units import PerPatient, PerSample
from her2het.tables import GeneSets

STAR = 0.05
COMMON, OPPOSITE, NONE = "common", "opposite", "none"
PAIRS = (
    *(
        "PDCD1",
        "CD274",
        "PDCD1LG2",
        "CTLA4",
        "CD80",
        "CD86",
        "LAG3",
        "FGL1",
        "HAVCR2",
        "LGALS9",
        "TIGIT",
        "PVR",
        "NECTIN2",
    ),
    *("CD28", "ICOS", "ICOSLG", "TNFRSF4", "TNFSF4", "TNFRSF9", "TNFSF9", "CD27", "CD70", "CD40", "CD40LG", "BTLA"),
    *("TNFRSF14", "VSIR", "CD47", "SIRPA", "IDO1", "CD276", "VTCN1"),
)


Lost = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a `RelativeExpression` with the sizes of its groups, those that decide, and what was left out."""

    table: pd.DataFrame
    sizes: pd.DataFrame
    deciding: tuple[str, ...]
    lost: tuple[Lost, ...]


def relative_rows(matrix: Matrix, shown: dict[str, str], groups: GroupAssignment, most: int | None = None) -> Rows:
    """The rows of a matrix (named by `shown`) relative to the control group.

    :raises NotApplicable: where fewer than two groups, or not the control, have baseline samples
    """
    label = group_of(groups)
    baseline = samples_at(groups, "baseline", matrix.columns)
    owner = baseline.set_index("sample")["patient"]
    have = set(label.reindex(owner.unique()).dropna())
    others = [g for g in groups.labels if g in have and g != groups.control]
    if groups.control not in have or not others:
        raise NotApplicable("the control group and another one need baseline samples with these values")
    parts: list[pd.DataFrame] = []
    for row, name in shown.items():
        per_patient = PerSample(matrix.row(row), name).pick(baseline["sample"]).per_patient(owner)
        parts.append(_compare(per_patient, label, others, groups.control, name))
    counts = label.reindex(owner.unique()).value_counts()
    sizes = {g: int(counts[g]) for g in (groups.control, *others)}
    return arranged(pd.concat(parts, ignore_index=True), sizes, tuple(others), most)


def arranged(rows: pd.DataFrame, sizes: dict[str, int], deciding: tuple[str, ...], most: int | None = None) -> Rows:
    """Rows (item, group, difference, p) with q over items within each group, in runs from common to unique.

    `deciding`: the groups by which an item is common or unique; `most`: the items kept of each run.
    """
    rows["q"] = rows.groupby("group", sort=False)["p"].transform(lambda p: adjusted(p.to_numpy(dtype=float)))
    decides = rows[rows["group"].isin(deciding)]
    runs = _runs(decides, deciding)
    rows["run"] = rows["item"].map(runs)
    order = _order(decides, runs, deciding, most)
    why = "differs in none of the groups" if most is not None else ""
    lost = [
        ("item", name, why if run == NONE else f"beyond the {most} strongest of its run", "most")
        for name, run in runs.items()
        if name not in order
    ]
    rows = rows[rows["item"].isin(order)].copy()
    rows["place"] = rows["item"].map({name: i for i, name in enumerate(order)})
    rows = rows.sort_values(["place"], kind="stable").reset_index(drop=True)
    text = dict.fromkeys(["item", "group", "run"], "string")
    table = rows[["item", "group", "difference", "p", "q", "run", "place"]].astype(text)
    n = pd.DataFrame(list(sizes.items()), columns=pd.Index(["group", "n"])).astype({"group": "string"})
    return Rows(table, n, deciding, tuple(lost))


def _compare(values: PerPatient, label: pd.Series, others: list[str], control: str, name: str) -> pd.DataFrame:
    known = values.known()
    mean = known.groupby(label.reindex(known.index)).mean()
    rows = [(name, g, float(mean[g] - mean[control]), rank_sum(values, label, g, control).p) for g in others]
    return pd.DataFrame(rows, columns=pd.Index(["item", "group", "difference", "p"]))


def _runs(rows: pd.DataFrame, others: tuple[str, ...]) -> dict[str, str]:
    """The run of each item: in all groups in one direction or in opposite ones, in one group alone, or none."""
    runs: dict[str, str] = {}
    for name, part in rows.groupby("item", sort=False):
        hit = part[part["p"] < STAR]
        same = len(set(hit["difference"] > 0)) == 1
        if len(hit) == len(others) and len(others) > 1:
            runs[str(name)] = COMMON if same else OPPOSITE
        elif len(hit) == 1 or (len(others) == 1 and len(hit)):
            runs[str(name)] = str(hit["group"].iloc[0])
        else:
            runs[str(name)] = NONE
    return runs


def _order(rows: pd.DataFrame, runs: dict[str, str], others: tuple[str, ...], most: int | None) -> list[str]:
    """Common, opposite, each group's own, then the rest; within a run from higher to lower, the strongest kept."""
    strength = rows.assign(size=rows["difference"].abs()).groupby("item")["size"].max()
    mean = rows.groupby("item")["difference"].mean()
    order: list[str] = []
    for run in (COMMON, OPPOSITE, *others, NONE):
        members = [name for name, r in runs.items() if r == run]
        if most is not None:
            members = [] if run == NONE else sorted(members, key=lambda n: -float(strength[n]))[:most]
        order += sorted(members, key=lambda n: -float(mean[n]))
    if not order:  # nothing differs: show what comes closest
        order = [str(n) for n in rows.groupby("item")["p"].min().nsmallest(most or 20).index]
    return order


def find_genes(expression: Expression, genes: tuple[str, ...], who: str) -> tuple[dict[str, str], list[Lost]]:
    """Row -> symbol of the genes that the matrix has, and those that it lacks.

    :raises NotApplicable: where fewer than three are there
    """
    found = {gene: find_gene(expression.log_cpm.rows, gene) for gene in dict.fromkeys(genes)}
    shown = {row: gene for gene, row in found.items() if row is not None}
    absent = [("gene", gene, "not among the genes", who) for gene, row in found.items() if row is None]
    if len(shown) < 3:
        rows = expression.log_cpm.rows
        raise NotApplicable(
            f"{len(shown)} of {len(found)} genes are among the {len(rows):,} (such as {rows[0]!r}); 3 needed"
        )
    return shown, absent


T = TypeVar("T", bound=RelativeExpression)


def _genes(
    kind: type[T], expression: Expression, genes: tuple[str, ...], groups: GroupAssignment, who: str, source: str
) -> T:
    shown, absent = find_genes(expression, genes, who)
    rows = relative_rows(expression.log_cpm, shown, groups)
    return kind(
        rows=rows.table,
        sizes=rows.sizes,
        deciding=rows.deciding,
        unit=scale_words(expression.log_cpm.unit),
        source=source,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded([*absent, *rows.lost]),
        notes=(),
    )


@analysis(section="Before treatment")
def erbb_genes(
    expression: Expression,
    groups: GroupAssignment,
    gene_sets: GeneSets | None,
    *,
    set_name: Annotated[
        str, Field(description="The set whose genes are shown; KEGG's where the study's GMT file has it.")
    ] = "KEGG_ERBB_SIGNALING_PATHWAY",
    fall_back: Annotated[
        str, Field(description="The shipped set that stands in for it.")
    ] = "REACTOME_SIGNALING_BY_ERBB2",
) -> ErbbGenes:
    """Which genes of ERBB signalling differ from the control group, in common or in one group alone?

    Difference of mean log expression from the control group (patient level, baseline), rank-sum test;
    Benjamini-Hochberg over genes within each comparison. Ordered from common to unique as in the paper, whose stars
    are uncorrected p < .05. KEGG's set comes from the user's GMT file (its terms forbid shipping); without it
    Reactome's is used, and said so.
    """
    own = {} if gene_sets is None else {str(n): tuple(p["gene"]) for n, p in gene_sets.groupby("set", sort=False)}
    shipped = dict(erbb_pi3k_sets())
    name = set_name if set_name in own else fall_back
    members = own.get(name) or shipped.get(name)
    if members is None:
        raise NotApplicable(f"neither {set_name} nor {fall_back} is among the gene sets")
    return _genes(ErbbGenes, expression, members, groups, "erbb_genes.set_name", name)


@analysis(section="Before treatment")
def pam50_genes(expression: Expression, groups: GroupAssignment) -> Pam50Genes:
    """How do the PAM50 genes differ from the control group?

    Difference of mean log expression from the control group (patient level, baseline), rank-sum test;
    Benjamini-Hochberg over genes within each comparison; ordered from common to unique (doi:10.1200/JCO.2008.18.1370).
    """
    members = tuple(pam50_centroids().index.astype(str))
    return _genes(Pam50Genes, expression, members, groups, "pam50_genes", "PAM50")


@analysis(section="Immune microenvironment")
def checkpoints(
    expression: Expression,
    groups: GroupAssignment,
    *,
    genes: Annotated[
        tuple[str, ...], Field(min_length=3, description="Checkpoint receptors and ligands, by symbol.")
    ] = PAIRS,
) -> Checkpoints:
    """Do immune checkpoint receptors and their ligands differ from the control group?

    Difference of mean log expression from the control group (patient level, baseline), rank-sum test;
    Benjamini-Hochberg over genes within each comparison; ordered from common to unique.
    """
    return _genes(Checkpoints, expression, genes, groups, "checkpoints.genes", "checkpoint pairs")
