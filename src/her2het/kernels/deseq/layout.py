"""What a design matrix is made of: cells of samples with equal rows, blocks and border, replicates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.deseq.arrow import Arrow


@dataclass(frozen=True)
class Layout:
    """A design matrix, sorted into cells.

    `fit` serves the normal equations with ridge, `adjust` the Cox-Reid determinant: the same matrix up to column
    operations of determinant one, with the intercept turned into a block of its own (or, where the design has as many
    distinct rows as columns, every cell a block), so that fewer border columns are left. `log_scale` is the log of
    the squared determinant that this leaves out.
    """

    design: NDArray[np.float64]
    """Samples x columns, as given."""
    order: NDArray[np.int64]
    """Sample at each place of the layout."""
    fit: Arrow
    adjust: Arrow
    log_scale: float
    cell_of: NDArray[np.int64]
    """Cell of each sample, in the order given."""
    replicates: NDArray[np.int64]
    """Samples in the cell of each sample, in the order given."""

    @property
    def samples(self) -> int:
        """Rows of the design."""
        return self.design.shape[0]

    @property
    def columns(self) -> int:
        """Columns of the design."""
        return self.design.shape[1]

    @property
    def saturated(self) -> bool:
        """Whether the design has as many distinct rows as columns, so that fitted means are cell means."""
        return self.fit.border.shape[1] == self.columns

    @property
    def intercept_only(self) -> bool:
        """Whether the design is one column of ones."""
        return self.columns == 1 and bool((self.design == 1).all())


def layout(design: NDArray[np.float64]) -> Layout:
    """Sort a full-rank design matrix (samples x columns) into cells, blocks and border.

    Raises ValueError where the matrix is not of full column rank.
    """
    design = np.ascontiguousarray(design, dtype=np.float64)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the design matrix is not of full column rank")
    rows, inverse, sizes = np.unique(design, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    first = np.full(len(rows), len(design))
    np.minimum.at(first, inverse, np.arange(len(design)))
    block_cols = _disjoint_columns(rows)
    block = _block_of(rows, block_cols)
    by = np.lexsort((first, block))
    rank = np.empty(len(rows), np.int64)
    rank[by] = np.arange(len(rows))
    cell_of = rank[inverse]
    rows, block = rows[by], block[by]
    border_cols = np.setdiff1d(np.arange(design.shape[1]), block_cols).astype(np.int64)
    order = np.argsort(cell_of, kind="stable").astype(np.int64)
    start = np.concatenate([[0], np.cumsum(np.bincount(cell_of))]).astype(np.int64)
    span = np.searchsorted(block, np.arange(len(block_cols) + 1)).astype(np.int64)
    border = np.ascontiguousarray(rows[:, border_cols].T)
    fit = Arrow(start, span, block[block < len(block_cols)], border, block_cols, border_cols)
    adjust, log_scale = _for_determinant(fit, rows)
    return Layout(design, order, fit, adjust, log_scale, cell_of, sizes[inverse].astype(np.int64))


def _block_of(rows: NDArray[np.float64], block_cols: NDArray[np.int64]) -> NDArray[np.int64]:
    """Block of each row; one more than the last where it has none."""
    block = np.full(len(rows), len(block_cols), np.int64)
    for k, column in enumerate(block_cols):
        block[rows[:, column] == 1] = k
    return block


def _disjoint_columns(rows: NDArray[np.float64]) -> NDArray[np.int64]:
    """The most 0/1 columns (not constant ones) of which no row has two: greedily from each start, first best."""
    flags = ((rows == 0) | (rows == 1)).all(axis=0) & (rows != 1).any(axis=0)
    candidates = np.flatnonzero(flags)
    best: list[int] = []
    for at in range(len(candidates)):
        chosen = [int(candidates[at])]
        taken = rows[:, candidates[at]] == 1
        for column in candidates[at + 1 :]:
            here = rows[:, column] == 1
            if not (taken & here).any():
                chosen.append(int(column))
                taken |= here
        if len(chosen) > len(best):
            best = chosen
        if len(best) >= len(candidates) - at - 1:
            break
    return np.array(best, np.int64)


def _for_determinant(fit: Arrow, rows: NDArray[np.float64]) -> tuple[Arrow, float]:
    cells, columns = rows.shape
    if cells == columns:
        each = np.arange(cells + 1, dtype=np.int64)
        none = np.empty(0, np.int64)
        return Arrow(fit.start, each, each[:-1], np.empty((0, cells)), each[:-1], none), 2 * float(
            np.linalg.slogdet(rows)[1]
        )
    ones = np.flatnonzero((fit.border == 1).all(axis=1))
    if not len(ones) or fit.span[-1] == cells:
        return fit, 0.0
    intercept = int(ones[0])
    border = np.delete(fit.border, intercept, axis=0)
    border -= border.mean(axis=1, keepdims=True)  # blocks now cover every cell: no change of the determinant
    block_cols = np.append(fit.block_cols, fit.border_cols[intercept])
    of = np.append(fit.of, np.full(cells - len(fit.of), len(fit.block_cols)))
    more = Arrow(
        fit.start, np.append(fit.span, cells), of, np.ascontiguousarray(border), block_cols,
        np.delete(fit.border_cols, intercept),
    )  # fmt: skip
    return more, 0.0
