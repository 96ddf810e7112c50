"""A signature of cell types from sorted or single-cell profiles: no licence stands between data and fractions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.markers import condition_number, one_against_rest
from her2het.schema import Matrix, Note, StudyError
from her2het.stats.families import adjusted
from her2het.stats.linear_scale import linear_values


@dataclass(frozen=True, eq=False)
class Signature:
    """A signature (genes x cell types, linear), the genes behind it, and how the number of genes was chosen.

    `markers`: one row per chosen gene and type (type, gene, rank, log2_fold, p, q). `choice`: per_type, genes and
    condition for every number of genes that was tried. `condition`: of the chosen signature.
    """

    signature: Matrix
    markers: pd.DataFrame
    choice: pd.DataFrame
    condition: float
    notes: tuple[Note, ...]


def build_signature(
    profiles: Matrix,
    cell_type: Mapping[str, str],
    *,
    fewest: int = 50,
    most: int = 150,
    fdr: float = 0.3,
    least_log2_fold: float = 0.0,
    replicates: int | None = None,
    seed: int = 0,
) -> Signature:
    """Choose marker genes of cell types and average their profiles into a signature, as Newman et al. 2015 did.

    Genes of a type: higher in it than in all other profiles together (on log2(x + 1)), Benjamini-Hochberg q < `fdr`
    over the genes (Welch's t), in the order of their log2 fold change. For G = `fewest` to `most` genes per type the
    union of the first G of each type is taken; the G whose matrix of means has the lowest condition number wins.

    `profiles`: genes x profiles (sorted populations or single cells), linear or log2 (which is taken back); counts are
    scaled to a million per profile. `cell_type`: profile -> type; profiles without one are left out and said.
    `replicates`: pool the profiles of a type at random (`seed`) into so many means before testing, as single cells
    need. Where a type has one profile no test is possible, and genes are chosen by fold change alone.
    :raises StudyError: for fewer than two types, unknown profiles, impossible knobs, or a type without marker genes
    Newman et al. 2015, doi:10.1038/nmeth.3337.
    """
    _check_knobs(fewest, most, fdr, replicates)
    used, labels, left_out = _labelled(profiles, cell_type)
    values, notes = linear_values(used, "signature")
    if used.unit == "counts":
        values = values / np.maximum(values.sum(axis=0), 1.0) * 1e6
        notes.append(Note("note", "Counts were scaled", "Each profile was scaled to a million counts."))
    if left_out:
        text = f"{len(left_out):,} profiles without a cell type were left out, such as {left_out[0]}."
        notes.append(Note("note", "Profiles left out", text))
    types = tuple(dict.fromkeys(labels))
    codes = np.array([types.index(label) for label in labels], dtype=np.int64)
    tested, tested_codes = _pooled(values, codes, replicates, seed) if replicates else (values, codes)
    ranked, notes_of_test = _markers(tested, tested_codes, types, used.rows, fdr, least_log2_fold)
    means = np.column_stack([values[:, codes == k].mean(axis=1) for k in range(len(types))])
    choice = _choose(means, ranked, fewest, most)
    condition = choice["condition"].to_numpy(dtype=np.float64)
    best = int(condition.argmin())
    per_type = fewest + best
    rows = _union(ranked, per_type)
    chosen = pd.concat([one.table.head(per_type) for one in ranked], ignore_index=True)
    signature = Matrix(means[rows], tuple(used.rows[int(i)] for i in rows), types, "linear")
    few = [t for t, one in zip(types, ranked, strict=True) if len(one.rows) < fewest]
    if few:
        text = f"{', '.join(few)}: fewer than {fewest} genes pass, so all that do are used."
        notes.append(Note("caution", "Few marker genes", text))
    return Signature(signature, chosen, choice, float(condition[best]), (*notes, *notes_of_test))


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The marker genes of one type, best first: their rows in the profiles and what is told about them."""

    rows: NDArray[np.int64]
    table: pd.DataFrame


def _check_knobs(fewest: int, most: int, fdr: float, replicates: int | None) -> None:
    if not 1 <= fewest <= most:
        raise StudyError(f"signature: {fewest} to {most} genes per type. Give 1 <= fewest <= most.")
    if not 0 < fdr <= 1:
        raise StudyError(f"signature: false discovery rate {fdr:g}, outside 0 to 1. Give one between.")
    if replicates is not None and replicates < 2:
        raise StudyError(f"signature: {replicates} replicates per type, below 2. Give at least 2, or none.")


def _labelled(profiles: Matrix, cell_type: Mapping[str, str]) -> tuple[Matrix, list[str], list[str]]:
    unknown = [name for name in cell_type if name not in set(profiles.columns)]
    if unknown:
        raise StudyError(
            f"signature: profile {unknown[0]!r} has a cell type but is not among {len(profiles.columns)} columns, "
            f"{len(unknown)} such profiles. Correct the names."
        )
    kept = [name for name in profiles.columns if name in cell_type]
    labels = [cell_type[name] for name in kept]
    if len(set(labels)) < 2:
        raise StudyError(f"signature: {len(set(labels))} cell type, 2 or more are needed. Add profiles of other types.")
    return profiles.pick(kept), labels, [name for name in profiles.columns if name not in cell_type]


def _pooled(
    values: NDArray[np.float64], codes: NDArray[np.int64], replicates: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Means of random parts of each type; a type with fewer profiles than parts keeps its profiles."""
    means: list[NDArray[np.float64]] = []
    labels: list[int] = []
    kinds = int(codes.max()) + 1
    for k, stream in zip(range(kinds), np.random.SeedSequence(seed).spawn(kinds), strict=True):
        shuffled = np.random.default_rng(stream).permutation(np.flatnonzero(codes == k))
        for part in np.array_split(shuffled, min(replicates, len(shuffled))):
            means.append(values[:, part].mean(axis=1))
            labels.append(k)
    return np.column_stack(means), np.array(labels, dtype=np.int64)


def _markers(
    values: NDArray[np.float64],
    codes: NDArray[np.int64],
    types: tuple[str, ...],
    genes: tuple[str, ...],
    fdr: float,
    least: float,
) -> tuple[list[_Ranked], list[Note]]:
    compared = one_against_rest(np.log2(values + 1.0), codes, len(types))
    ranked: list[_Ranked] = []
    untested: list[str] = []
    for k, name in enumerate(types):
        fold, p = compared.difference[k], compared.p[k]
        q = adjusted(p)
        tested = not np.isnan(p).all()
        if not tested:
            untested.append(name)
        passed = np.flatnonzero((fold > max(least, 0.0)) & ((q < fdr) | (not tested)))
        order = passed[np.argsort(-fold[passed], kind="stable")]
        if not len(order):
            raise StudyError(
                f"signature: no gene is higher in {name!r} than in the other types at q < {fdr:g}. Raise the bound, "
                "add profiles, or join it with a similar type."
            )
        table = pd.DataFrame({"type": name, "gene": [genes[int(i)] for i in order]})
        table["rank"] = np.arange(1, len(order) + 1)
        table["log2_fold"], table["p"], table["q"] = fold[order], p[order], q[order]
        ranked.append(_Ranked(order.astype(np.int64), table))
    if not untested:
        return ranked, []
    text = f"{', '.join(untested)}: one profile allows no test, so genes were chosen by fold change alone."
    return ranked, [Note("caution", "Cell types with one profile", text)]


def _union(ranked: list[_Ranked], per_type: int) -> NDArray[np.int64]:
    return np.unique(np.concatenate([one.rows[:per_type] for one in ranked]))


def _choose(means: NDArray[np.float64], ranked: list[_Ranked], fewest: int, most: int) -> pd.DataFrame:
    rows: list[tuple[int, int, float]] = []
    for per_type in range(fewest, most + 1):
        genes = _union(ranked, per_type)
        rows.append((per_type, len(genes), condition_number(means[genes])))
        if all(len(one.rows) <= per_type for one in ranked):
            break
    return pd.DataFrame(rows, columns=pd.Index(["per_type", "genes", "condition"]))
