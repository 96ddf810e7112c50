"""ESTIMATE on a matrix: stromal and immune scores, and tumour purity where the platform allows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from her2het.kernels.estimate import estimate_scores, tumour_purity
from her2het.reference.tables import estimate_aliases, estimate_common_genes, estimate_signatures
from her2het.schema import Matrix, Note, StudyError
from her2het.stats.gene_sets import identifier_kind, select_sets

Platform = Literal["illumina", "affymetrix"]
FEWEST_OF_SIGNATURE = 0.5


@dataclass(frozen=True, eq=False)
class EstimateResult:
    """`table`: sample, stromal, immune, estimate and, on Affymetrix only, purity. `absent`: signature, gene."""

    table: pd.DataFrame
    common_genes: int
    absent: pd.DataFrame
    notes: tuple[Note, ...]


def estimate(matrix: Matrix, platform: Platform, *, aliases: bool = False) -> EstimateResult:
    """Score stromal and immune signatures as ESTIMATE does; tumour purity on Affymetrix only.

    The matrix is restricted to ESTIMATE's 10,412 common genes first. `aliases`: take six signature genes under their
    present symbols too; the published program does not, and its scores differ by that. Counts and logs give the same
    scores. Yoshihara et al. 2013, doi:10.1038/ncomms3612.
    :raises StudyError: where rows are no symbols, or fewer than half of a signature's genes are there
    """
    current = {new: old for old, new in estimate_aliases().items()}
    renamed = [current[row] if row in current and current[row] not in matrix.rows else row for row in matrix.rows]
    names = renamed if aliases else list(matrix.rows)
    at = {name: i for i, name in enumerate(names)}
    common = [gene for gene in estimate_common_genes()["symbol"].astype(str) if gene in at]
    published = {
        name: tuple(current.get(gene, gene) for gene in estimate_signatures()[name]) for name in ("stromal", "immune")
    }
    for name, genes in published.items():
        found = sum(gene in at for gene in genes)
        if found < FEWEST_OF_SIGNATURE * len(genes):
            kind = identifier_kind(matrix.rows)
            raise StudyError(
                f"ESTIMATE: {found} of {len(genes)} {name} genes are among the {len(matrix.rows):,} rows (such as "
                f"{matrix.rows[0]!r}, {kind}); at least half are needed. Name rows by gene symbol."
            )
    restricted = Matrix(matrix.values[[at[gene] for gene in common]], tuple(common), matrix.columns, matrix.unit)
    if not np.isfinite(np.asarray(restricted.values, dtype=np.float64)).all():
        raise StudyError("ESTIMATE: values are missing; every gene needs a number in every sample. Fill them in.")
    chosen = select_sets(published, restricted.rows)
    stromal, immune = estimate_scores(restricted.values, chosen.members, chosen.starts)
    table = pd.DataFrame({"stromal": stromal, "immune": immune, "estimate": stromal + immune})
    if platform == "affymetrix":
        table["purity"] = tumour_purity(table["estimate"].to_numpy())
    table.insert(0, "sample", list(matrix.columns))
    return EstimateResult(
        table,
        len(common),
        chosen.absent_genes.rename(columns={"set": "signature"}),
        tuple(_estimate_notes(len(common), chosen.absent_genes, renamed, matrix, aliases)),
    )


def _estimate_notes(
    common: int, absent: pd.DataFrame, renamed: Sequence[str], matrix: Matrix, aliases: bool
) -> list[Note]:
    notes: list[Note] = []
    total = len(estimate_common_genes())
    if common < 0.9 * total:
        text = f"{common:,} of {total:,} common genes found: scores do not compare with published ones."
        notes.append(Note("caution", "ESTIMATE on part of its genes", text))
    if len(absent):
        genes = ", ".join(f"{row.gene} ({row.set})" for row in absent.itertuples())
        notes.append(Note("note", f"{len(absent)} signature genes are not in the matrix", genes))
    changed = [f"{new} ({old})" for new, old in zip(matrix.rows, renamed, strict=True) if new != old]
    if changed and not aliases:
        text = f"The published program does not know {', '.join(changed)} (former symbol); --aliases counts them."
        notes.append(Note("note", f"{len(changed)} signature genes stand under present symbols", text))
    return notes
