"""Stable descending order of one sample's values: the step that GSVA, ssGSEA and ESTIMATE share."""

import numpy as np
from numba import njit

from her2het.kernels.compile_options import INNER, LEAF

SIGN = np.uint64(1) << np.uint64(63)
DIGIT_BITS = 11
DIGITS = 6
BUCKETS = 1 << DIGIT_BITS


@njit(**INNER)
def ordered_keys(values, keys):
    """Write one unsigned integer per double, in the same order as the doubles; -0.0 and 0.0 share one key.

    `values`, `keys`: length n; no NaN. IEEE doubles order like sign-magnitude integers: negative ones are inverted,
    positive ones get the top bit.
    """
    bits = values.view(np.uint64)
    for i in range(len(values)):
        b = bits[i]
        if values[i] == 0.0:
            b = np.uint64(0)
        keys[i] = ~b if (b & SIGN) != 0 else b | SIGN


@njit(**INNER)
def sort_buffers(n):
    """Return the working arrays of `argsort_descending` for n values: one order, two keys, the digit counts."""
    return np.empty(n, np.int32), np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty((DIGITS, BUCKETS), np.int32)


@njit(**LEAF)
def argsort_descending(keys, order, buffers):
    """Fill `order` with the positions of `keys` from largest to smallest; equal keys keep their order.

    Least-significant-digit radix sort of 64-bit keys in 11-bit digits; a digit that is the same everywhere is skipped.
    `keys`: n uint64; `order`: n int32; `buffers`: as `sort_buffers(n)` makes them.
    """
    work_order, work_a, work_b, counts = buffers
    n = len(keys)
    mask = np.uint64(BUCKETS - 1)
    for d in range(DIGITS):
        for b in range(BUCKETS):
            counts[d, b] = 0
    for i in range(n):
        inverted = ~keys[i]
        work_a[i] = inverted
        order[i] = i
        for d in range(DIGITS):
            counts[d, (inverted >> np.uint64(DIGIT_BITS * d)) & mask] += 1
    flipped = False
    for d in range(DIGITS):
        shift = np.uint64(DIGIT_BITS * d)
        first = ((work_b[0] if flipped else work_a[0]) >> shift) & mask
        if counts[d, first] == n:
            continue
        start = 0
        for b in range(BUCKETS):
            size = counts[d, b]
            counts[d, b] = start
            start += size
        if flipped:
            for i in range(n):
                b = (work_b[i] >> shift) & mask
                at = counts[d, b]
                counts[d, b] = at + 1
                work_a[at] = work_b[i]
                order[at] = work_order[i]
        else:
            for i in range(n):
                b = (work_a[i] >> shift) & mask
                at = counts[d, b]
                counts[d, b] = at + 1
                work_b[at] = work_a[i]
                work_order[at] = order[i]
        flipped = not flipped
    if flipped:
        for i in range(n):
            order[i] = work_order[i]
