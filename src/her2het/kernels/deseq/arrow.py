"""Normal equations X'WX of a design of disjoint 0/1 columns (blocks: patients, groups) and a few others (border).

Samples with equal design rows form a cell; cells stand block by block, those without a block last. With D_k the weight
of block k (and its ridge) and f_k = (sum over its cells of w_c t_c) / D_k, the blocks are eliminated and an m x m Schur
complement is left: S = sum_c w_c u_c u_c' + ridge terms, u_c = t_c - f_k. One evaluation costs O(cells m^2 + m^3),
whatever the number of blocks."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import INNER, LEAF
from her2het.kernels.deseq.special import FAST


class Arrow(NamedTuple):
    """A design seen as cells x (blocks, border)."""

    start: NDArray[np.int64]
    """Samples of cell c, in the order of the layout, are start[c]:start[c + 1]."""
    span: NDArray[np.int64]
    """Cells of block k are span[k]:span[k + 1]; those from span[-1] on are in no block."""
    of: NDArray[np.int64]
    """Block of each of the cells that are in one."""
    border: NDArray[np.float64]
    """m x cells values of the border columns."""
    block_cols: NDArray[np.int64]
    """Column of the design of each block."""
    border_cols: NDArray[np.int64]
    """Column of the design of each border column."""


class ArrowRoom(NamedTuple):
    """Room for the factors of one X'WX."""

    diag: NDArray[np.float64]
    """D_k."""
    share: NDArray[np.float64]
    """f_k, m x blocks."""
    centred: NDArray[np.float64]
    """u_c, m x cells."""
    chol: NDArray[np.float64]
    """Lower Cholesky factor of S, m x m."""
    other: NDArray[np.float64]
    """A second m x m matrix."""
    x: NDArray[np.float64]
    """A vector of length m."""


@njit(**INNER)
def arrow_room(arrow):
    """Arrays that `factor` and its kin write to."""
    k = len(arrow.block_cols)
    m, cells = arrow.border.shape
    return ArrowRoom(
        np.empty(k), np.empty((m, k)), np.empty((m, cells)), np.empty((m, m)), np.empty((m, m)), np.empty(m)
    )


@njit(**LEAF)
def _cholesky(a):
    for j in range(len(a)):
        for i in range(j, len(a)):
            t = a[i, j]
            for k in range(j):
                t -= a[i, k] * a[j, k]
            a[i, j] = math.sqrt(t) if i == j else t / a[j, j]


@njit(**LEAF, fastmath=FAST)
def _eliminate(weight, ridge, arrow, room):
    """Fill D, f and u."""
    blocks = len(arrow.block_cols)
    m, cells = arrow.border.shape
    inside = arrow.span[blocks]
    for k in range(blocks):
        room.diag[k] = ridge[arrow.block_cols[k]]
    for c in range(inside):
        room.diag[arrow.of[c]] += weight[c]
    for j in range(m):
        share = room.share[j]
        border = arrow.border[j]
        centred = room.centred[j]
        for k in range(blocks):
            share[k] = 0.0
        for c in range(inside):
            share[arrow.of[c]] += weight[c] * border[c]
        for k in range(blocks):
            share[k] /= room.diag[k]
        for c in range(inside):
            centred[c] = border[c] - share[arrow.of[c]]
        for c in range(inside, cells):
            centred[c] = border[c]


@njit(**LEAF, fastmath=FAST)
def _schur(weight, room, out):
    """Lower half of sum_c weight_c u_c u_c'."""
    m, cells = room.centred.shape
    for i in range(m):
        for j in range(i + 1):
            left, right = room.centred[i], room.centred[j]
            t = 0.0
            for c in range(cells):
                t += weight[c] * left[c] * right[c]
            out[i, j] = t


@njit(**LEAF)
def factor(weight, ridge, arrow, room):
    """Factor X' diag(weight) X + diag(ridge); `weight` per cell, `ridge` per design column."""
    _eliminate(weight, ridge, arrow, room)
    _schur(weight, room, room.chol)
    for i in range(len(room.chol)):
        room.chol[i, i] += ridge[arrow.border_cols[i]]
        for j in range(i + 1):
            t = 0.0
            for k in range(len(room.diag)):
                t += ridge[arrow.block_cols[k]] * room.share[i, k] * room.share[j, k]
            room.chol[i, j] += t
    _cholesky(room.chol)


@njit(**LEAF)
def solve(rhs, out, arrow, room):
    """out = (X'WX + ridge)^-1 rhs, both in the order of the design's columns, after `factor`."""
    m, blocks = room.share.shape
    x = room.x
    for j in range(m):
        t = rhs[arrow.border_cols[j]]
        for k in range(blocks):
            t -= room.share[j, k] * rhs[arrow.block_cols[k]]
        for i in range(j):
            t -= room.chol[j, i] * x[i]
        x[j] = t / room.chol[j, j]
    for j in range(m - 1, -1, -1):
        t = x[j]
        for i in range(j + 1, m):
            t -= room.chol[i, j] * x[i]
        x[j] = t / room.chol[j, j]
        out[arrow.border_cols[j]] = x[j]
    for k in range(blocks):
        t = rhs[arrow.block_cols[k]] / room.diag[k]
        for j in range(m):
            t -= room.share[j, k] * x[j]
        out[arrow.block_cols[k]] = t


@njit(**LEAF)
def leverages(out, arrow, room):
    """x' (X'WX + ridge)^-1 x for the design row x of each cell, after `factor`."""
    blocks = len(room.diag)
    m, cells = room.centred.shape
    for k in range(blocks):
        for c in range(arrow.span[k], arrow.span[k + 1]):
            out[c] = 1 / room.diag[k]
    for c in range(arrow.span[blocks], cells):
        out[c] = 0.0
    for c in range(cells):
        for j in range(m):
            t = room.centred[j, c]
            for i in range(j):
                t -= room.chol[j, i] * room.x[i]
            room.x[j] = t / room.chol[j, j]
            out[c] += room.x[j] * room.x[j]


@njit(**LEAF, fastmath=FAST)
def to_columns(cell_sum, out, arrow):
    """out = X' cell_sum, by design column."""
    for j in range(len(arrow.border_cols)):
        t = 0.0
        border = arrow.border[j]
        for c in range(len(cell_sum)):
            t += border[c] * cell_sum[c]
        out[arrow.border_cols[j]] = t
    for k in range(len(arrow.block_cols)):
        t = 0.0
        for c in range(arrow.span[k], arrow.span[k + 1]):
            t += cell_sum[c]
        out[arrow.block_cols[k]] = t


@njit(**LEAF, fastmath=FAST)
def to_cells(beta, out, arrow):
    """out = X beta, one value per cell."""
    blocks = len(arrow.block_cols)
    for k in range(blocks):
        t = beta[arrow.block_cols[k]]
        for c in range(arrow.span[k], arrow.span[k + 1]):
            out[c] = t
    for c in range(arrow.span[blocks], len(out)):
        out[c] = 0.0
    for j in range(len(arrow.border_cols)):
        t = beta[arrow.border_cols[j]]
        border = arrow.border[j]
        for c in range(len(out)):
            out[c] += border[c] * t


@njit(**LEAF, fastmath=FAST)
def log_determinant(weight, squared, zero, arrow, room):
    """log det X'WX, and the trace of (X'WX)^-1 X'VX, for cell sums `weight` of W and `squared` of V; no ridge."""
    _eliminate(weight, zero, arrow, room)
    trace = 0.0
    for k in range(len(room.diag)):
        t = 0.0
        for c in range(arrow.span[k], arrow.span[k + 1]):
            t += squared[c]
        trace += t / room.diag[k]
    total = 0.0
    product = 1.0
    for k in range(len(room.diag)):
        product *= room.diag[k]
        if k % 8 == 7:
            total += math.log(product)
            product = 1.0
    if len(room.chol) > 0:
        _schur(weight, room, room.chol)
        _schur(squared, room, room.other)
        _cholesky(room.chol)
        trace += _trace_solved(room.chol, room.other, room.x)
        for j in range(len(room.chol)):
            product *= room.chol[j, j] * room.chol[j, j]
    return total + math.log(product), trace


@njit(**LEAF)
def _trace_solved(chol, a, x):
    """trace((L L')^-1 a) for a symmetric matrix given by its lower half."""
    m = len(chol)
    total = 0.0
    for c in range(m):
        for j in range(m):
            t = a[j, c] if j >= c else a[c, j]
            for i in range(j):
                t -= chol[j, i] * x[i]
            x[j] = t / chol[j, j]
        for j in range(m - 1, c - 1, -1):
            t = x[j]
            for i in range(j + 1, m):
                t -= chol[i, j] * x[i]
            x[j] = t / chol[j, j]
        total += x[c]
    return total
