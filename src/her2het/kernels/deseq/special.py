"""Logarithms and exponentials of whole rows, and the log-gamma sums of the negative binomial likelihood."""

import math

import numpy as np
from numba import njit

from her2het.kernels.compile_options import LEAF

FAST = {"reassoc", "nsz", "contract", "arcp"}
"""Rewritings allowed to the compiler: none of them depends on the number of threads."""
LN2 = math.log(2.0)
SMALL = 12
"""Counts below this have their log-gamma ratio as a product, those from it on by Stirling's series."""
HALF_LOG_2PI = 0.91893853320467274178
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD


@njit(**LEAF, fastmath=FAST)
def log_row(q, bits, work, n):
    """Natural log of q[:n] in place, for positive normal numbers; `bits` is q seen as int64. No branch: vectorised."""
    for i in range(n):
        b = bits[i]
        t = (b - np.int64(_SQRT_HALF_BITS)) >> 52  # the exponent that leaves the mantissa in [sqrt(1/2), sqrt(2))
        work[i] = float(t)
        bits[i] = b - (t << 52)
    for i in range(n):
        m = q[i]
        s = (m - 1.0) / (m + 1.0)
        z = s * s
        p = 0.1531383769920937332 + z * 0.1479819860511658591
        p = 0.2222219843214978396 + z * (0.1818357216161805012 + z * p)
        p = 0.3999999999940941908 + z * (0.2857142874366239149 + z * p)
        p = 0.6666666666666735130 + z * p
        q[i] = work[i] * 0.693147180559945309417 + (2.0 * s + s * z * p)


@njit(**LEAF, fastmath={"contract"})
def exp_row(q, bits, work, n):
    """Exponential of q[:n] in place, arguments held to -700..700; `bits` is q seen as int64."""
    for i in range(n):
        x = min(max(q[i], -700.0), 700.0)
        k = math.floor(x * 1.4426950408889634 + 0.5)
        work[i] = k
        q[i] = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    for i in range(n):
        x = q[i]
        p = 1 / 39916800.0 + x * (1 / 479001600.0 + x / 6227020800.0)
        p = 1 / 40320.0 + x * (1 / 362880.0 + x * (1 / 3628800.0 + x * p))
        p = 1 / 120.0 + x * (1 / 720.0 + x * (1 / 5040.0 + x * p))
        q[i] = 1.0 + x * (1.0 + x * (0.5 + x * (1 / 6.0 + x * (1 / 24.0 + x * p))))
    for i in range(n):
        bits[i] = bits[i] + (np.int64(work[i]) << 52)


@njit(**LEAF)
def stirling_rest(r):
    """lgamma(r) - ((r - 1/2) log r - r + log(2 pi)/2), and digamma(r) - log r."""
    if r >= SMALL:
        v = 1 / r
        z = v * v
        log_rest = v * (1 / 12.0 - z * (1 / 360.0 - z * (1 / 1260.0 - z * (1 / 1680.0 - z / 1188.0))))
        psi = -0.5 * v - z * (1 / 12.0 - z * (1 / 120.0 - z * (1 / 252.0 - z * (1 / 240.0 - z / 132.0))))
        return log_rest, psi
    log_r = math.log(r)
    log_rest = math.lgamma(r) - ((r - 0.5) * log_r - r + HALF_LOG_2PI)
    x = r
    below = 0.0
    while x < SMALL:
        below -= 1 / x
        x += 1.0
    v = 1 / x
    z = v * v
    psi = -0.5 * v - z * (1 / 12.0 - z * (1 / 120.0 - z * (1 / 252.0 - z * (1 / 240.0 - z / 132.0))))
    return log_rest, below + math.log(x) + psi - log_r
