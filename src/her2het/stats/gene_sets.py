"""Gene sets on an expression matrix: which can be scored, their GSVA and ssGSEA scores, differences to controls."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.gsva import Kernel, gsva_scores
from her2het.kernels.ssgsea import ALPHA, ssgsea_scores
from her2het.schema import Matrix, StudyError

GeneSets = Mapping[str, Sequence[str]]
CONSTANT_BELOW = 1e-10  # R's GSVA takes a gene with a smaller standard deviation for constant (measured)
LARGEST_LOG2 = 30.0  # 2^30 is more reads than a library has
_ENSEMBL = re.compile(r"ENS[A-Z]*G\d{11}")


@dataclass(frozen=True, eq=False)
class SetSelection:
    """The sets that can be scored, as rows of a matrix, and what was left out.

    Set i holds the rows members[starts[i]:starts[i + 1]]. `dropped_sets` has the columns set, genes (in the file),
    found (in the matrix) and reason; `absent_genes` has set and gene, for the sets that are kept.
    """

    names: tuple[str, ...]
    members: NDArray[np.int32]
    starts: NDArray[np.int64]
    dropped_sets: pd.DataFrame
    absent_genes: pd.DataFrame


@dataclass(frozen=True, eq=False)
class GeneSetScores:
    """Scores (sets x samples), what could not be scored, and the genes left out because they do not vary."""

    scores: Matrix
    dropped_sets: pd.DataFrame
    absent_genes: pd.DataFrame
    constant_genes: tuple[str, ...]


def select_sets(sets: GeneSets, rows: Sequence[str], *, min_size: int = 1, max_size: int | None = None) -> SetSelection:
    """Match sets to the rows of a matrix and keep those of which `min_size` to `max_size` genes are there.

    :raises StudyError: where no set remains, with the reason: another kind of identifier, or the size bounds
    """
    if min_size < 1 or (max_size is not None and max_size < min_size):
        raise StudyError(f"gene sets: sizes {min_size} to {max_size} leave no set. Give 1 <= smallest <= largest.")
    at = {name: i for i, name in enumerate(rows)}
    names: list[str] = []
    members: list[int] = []
    starts = [0]
    dropped: list[tuple[str, int, int, str]] = []
    absent: list[tuple[str, str]] = []
    for name, listed in sets.items():
        genes = tuple(dict.fromkeys(listed))
        found = sorted(at[gene] for gene in genes if gene in at)
        reason = _unfit(len(found), len(rows), min_size, max_size)
        if reason:
            dropped.append((name, len(genes), len(found), reason))
            continue
        names.append(name)
        members += found
        starts.append(len(members))
        absent += [(name, gene) for gene in genes if gene not in at]
    selection = SetSelection(
        tuple(names),
        np.array(members, dtype=np.int32),
        np.array(starts, dtype=np.int64),
        pd.DataFrame(dropped, columns=pd.Index(["set", "genes", "found", "reason"])),
        pd.DataFrame(absent, columns=pd.Index(["set", "gene"])),
    )
    if not names:
        raise StudyError(_nothing_left(sets, rows, selection.dropped_sets))
    return selection


def gsva(
    matrix: Matrix,
    sets: GeneSets,
    *,
    kernel: Kernel = "gaussian",
    min_size: int = 1,
    max_size: int | None = None,
    constant: Literal["refuse", "drop"] = "refuse",
) -> GeneSetScores:
    """Score gene sets per sample relative to the cohort, as R's GSVA 1.46 (see `kernels.gsva.gsva_scores`).

    `matrix`: genes x samples, log values for the Gaussian kernel, counts for the Poisson kernel. `constant`: genes
    that do not vary have no Gaussian score; refuse them, or drop and list them (R drops them for either kernel).
    :raises StudyError: for one sample, constant genes, counts with the Gaussian or other values with the Poisson
        kernel, or sets that do not match
    """
    who = f"GSVA ({kernel} kernel)"
    if len(matrix.columns) < 2:
        raise StudyError(
            f"{who}: {len(matrix.columns)} sample; a score compares samples, so at least 2 are needed. "
            "Give the whole cohort, or use ssGSEA without normalisation."
        )
    if kernel == "gaussian":
        need_log(matrix, who)
    else:
        _need_counts(matrix, who)
    varies = ~constant_rows(matrix)
    flat = [row for row, keep in zip(matrix.rows, varies, strict=True) if not keep]
    if flat and constant == "refuse":
        more = f" and {len(flat) - 1} more genes do" if len(flat) > 1 else " does"
        raise StudyError(
            f"{who}: {flat[0]}{more} not vary over the {len(matrix.columns)} samples, which leaves no scale for them. "
            "Leave such genes out (--drop-constant does)."
        )
    used = matrix.keep_rows(varies) if flat else matrix
    chosen = select_sets(sets, used.rows, min_size=min_size, max_size=max_size)
    values = gsva_scores(used.values, chosen.members, chosen.starts, kernel)
    scores = Matrix(values, chosen.names, matrix.columns, "gsva_score")
    return GeneSetScores(scores, chosen.dropped_sets, chosen.absent_genes, tuple(flat))


def ssgsea(
    matrix: Matrix,
    sets: GeneSets,
    *,
    alpha: float = ALPHA,
    normalise: bool = True,
    min_size: int = 1,
    max_size: int | None = None,
) -> GeneSetScores:
    """Score gene sets per sample by the sample's own ranking (see `kernels.ssgsea.ssgsea_scores`).

    Counts and logs give the same scores, as only the order within a sample counts. With `normalise` scores are
    divided by their range over all sets and samples, as R does: they then depend on the cohort and on the sets.
    :raises StudyError: for missing values, sets that do not match, or a single score to normalise
    """
    _need_finite(matrix, "ssGSEA")
    chosen = select_sets(sets, matrix.rows, min_size=min_size, max_size=max_size)
    raw = ssgsea_scores(matrix.values, chosen.members, chosen.starts, alpha=alpha, normalise=False)
    if normalise:
        span = float(np.ptp(raw))
        if not span > 0:
            raise StudyError(
                f"ssGSEA: {raw.size} score{'s' * (raw.size > 1)} without a range, so nothing to normalise by. "
                "Use --no-normalise, or score more sets or samples together."
            )
        raw = raw / span
    scores = Matrix(raw, chosen.names, matrix.columns, "ssgsea_score")
    return GeneSetScores(scores, chosen.dropped_sets, chosen.absent_genes, ())


def delta_scores(scores: Matrix, control: Sequence[str]) -> Matrix:
    """Subtract from each set's scores the mean score of the control samples (non-HET/pCR tumours, or pretreatment).

    delta_tj = s_tj - mean of s_tk over the control samples k. Same rows and columns; the unit gains "_delta".
    :raises StudyError: where there is no control sample, or one is not a column
    """
    names = tuple(dict.fromkeys(control))
    if not names:
        raise StudyError("delta scores: no control sample. Name the samples of the control group.")
    baseline = scores.pick(names).values.astype(np.float64).mean(axis=1, keepdims=True)
    return Matrix(scores.values - baseline, scores.rows, scores.columns, f"{scores.unit}_delta")


def constant_rows(matrix: Matrix) -> NDArray[np.bool_]:
    """Which rows have a standard deviation below 1e-10 over the samples."""
    values = np.asarray(matrix.values, dtype=np.float64)
    reach = np.ptp(values, axis=1)
    flat: NDArray[np.bool_] = reach < CONSTANT_BELOW * values.shape[1]
    unsure = np.flatnonzero(flat & (reach > 0))
    if values.shape[1] > 1 and len(unsure):
        flat[unsure] = values[unsure].std(axis=1, ddof=1) < CONSTANT_BELOW
    return flat


def need_log(matrix: Matrix, who: str, *, gaps: bool = False) -> None:
    """:raises StudyError: where values are missing (unless `gaps`), counts, or no logarithms (largest above 30)"""
    if not gaps:
        _need_finite(matrix, who)
    largest = float(np.nanmax(np.asarray(matrix.values, dtype=np.float64), initial=0))
    counts = matrix.unit == "counts"
    if counts or matrix.unit == "linear" or largest > LARGEST_LOG2:
        shown = "counts" if counts else f"up to {largest:.6g}"
        raise StudyError(
            f"{who}: the values are {shown}, needed are log2 values (below {LARGEST_LOG2:g}). Give log2 expression, as "
            "`her2het rna tmm --log-cpm` makes it from counts."
        )


def identifier_kind(names: Sequence[str]) -> str:
    """What most of the names are: 'Entrez' numbers, 'Ensembl' identifiers or 'symbol'."""
    kinds = Counter("Entrez" if n.isdecimal() else "Ensembl" if _ENSEMBL.match(n) else "symbol" for n in names)
    return kinds.most_common(1)[0][0] if kinds else "symbol"


def _need_finite(matrix: Matrix, who: str) -> None:
    if matrix.values.dtype.kind != "f":
        return
    bad = np.argwhere(~np.isfinite(matrix.values))
    if len(bad):
        row, column = matrix.rows[int(bad[0, 0])], matrix.columns[int(bad[0, 1])]
        raise StudyError(
            f"{who}: {row} in {column} is missing or infinite, {len(bad)} such value{'s' * (len(bad) > 1)}; every gene "
            "needs a number in every sample. Fill it in or leave the gene out."
        )


def _need_counts(matrix: Matrix, who: str) -> None:
    _need_finite(matrix, who)
    values = np.asarray(matrix.values, dtype=np.float64)
    bad = np.argwhere((values < 0) | (values != np.floor(values)))
    if len(bad):
        i, j = int(bad[0, 0]), int(bad[0, 1])
        raise StudyError(
            f"{who}: {matrix.rows[i]} in {matrix.columns[j]} is {values[i, j]:g}, not a count. Give raw "
            "counts, or use the Gaussian kernel for log values."
        )


def _unfit(found: int, rows: int, min_size: int, max_size: int | None) -> str:
    if found == 0:
        return "no gene in the matrix"
    if found < min_size:
        return f"fewer than {min_size} genes in the matrix"
    if max_size is not None and found > max_size:
        return f"more than {max_size} genes in the matrix"
    return "all genes of the matrix" if found >= rows else ""


def _nothing_left(sets: GeneSets, rows: Sequence[str], dropped: pd.DataFrame) -> str:
    if not sets:
        return "gene sets: none given. Give at least one set."
    genes = [gene for members in sets.values() for gene in members]
    theirs, ours = identifier_kind(genes), identifier_kind(rows)
    if theirs != ours:
        return (
            f"gene sets: genes are {theirs} identifiers ({genes[0]!r}), the matrix has {ours} identifiers "
            f"({rows[0]!r}). Take the sets or the matrix in the other's identifier."
        )
    if (dropped["found"] == 0).all():
        return (
            f"gene sets: none of {len(set(genes)):,} genes (such as {genes[0]!r}) is among the {len(rows):,} rows of "
            f"the matrix (such as {rows[0]!r}). Check identifiers and species."
        )
    reasons = "; ".join(f"{n} {reason}" for reason, n in dropped["reason"].value_counts().items())
    return f"gene sets: none of {len(sets)} sets can be scored ({reasons}). Change the size bounds or the sets."
