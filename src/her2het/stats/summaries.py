"""What a figure shows beside the points, computed once: boxes, fitted lines, ellipses."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs]

BOX_COLUMNS = ["quantity", "group", "n", "q1", "median", "q3", "low", "high"]
ELLIPSE_SHARE = 0.68


def boxes(values: pd.DataFrame, quantity: str, value: str = "value", group: str = "group") -> pd.DataFrame:
    """Box summaries by quantity and group: quartiles of type 7, whiskers to the last value within 1.5 IQR."""
    known = values.dropna(subset=[value, group])
    rows = [
        (name, label, *_box(part[value].to_numpy(dtype=float)))
        for (name, label), part in known.groupby([quantity, group], sort=False, observed=True)
    ]
    return pd.DataFrame(rows, columns=pd.Index(BOX_COLUMNS))


def _box(x: NDArray[np.float64]) -> tuple[int, float, float, float, float, float]:
    q1, median, q3 = np.quantile(x, [0.25, 0.5, 0.75])
    reach = 1.5 * (q3 - q1)
    inside = x[(x >= q1 - reach) & (x <= q3 + reach)]
    return len(x), float(q1), float(median), float(q3), float(inside.min()), float(inside.max())


def fit_line(x: NDArray[np.float64], y: NDArray[np.float64], points: int = 40, level: float = 0.95) -> pd.DataFrame:
    """Least-squares line of y on x with the pointwise band of the mean, on `points` equal steps of x.

    yhat +- t(n - 2) s sqrt(1/n + (x - xbar)^2 / Sxx). No rows where fewer than 3 points or all x are equal.
    :returns: x, y, low, high
    """
    names = pd.Index(["x", "y", "low", "high"])
    n = len(x)
    spread = float(((x - x.mean()) ** 2).sum()) if n else 0.0
    if n < 3 or spread <= 0:
        return pd.DataFrame(np.empty((0, 4)), columns=names)
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / spread)
    residual = y - y.mean() - slope * (x - x.mean())
    s = float(np.sqrt((residual**2).sum() / (n - 2)))
    at: NDArray[np.float64] = np.linspace(float(x.min()), float(x.max()), points)
    line: NDArray[np.float64] = y.mean() + slope * (at - x.mean())
    half = float(stdtrit(n - 2, 0.5 + level / 2)) * s * np.sqrt(1 / n + (at - x.mean()) ** 2 / spread)
    return pd.DataFrame(np.column_stack([at, line, line - half, line + half]), columns=names)


def ellipse(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """Centre, full width, full height and angle (degrees) of the ellipse that holds 68 % of a bivariate normal.

    The normal has the points' mean and covariance; half-axes sqrt(-2 ln(1 - .68) lambda). Not a number below 3 points.
    """
    if len(x) < 3:
        nothing = float("nan")
        return nothing, nothing, nothing, nothing, nothing
    lengths, axes = np.linalg.eigh(np.cov(np.stack([x, y])))
    width, height = 2 * np.sqrt(-2 * np.log(1 - ELLIPSE_SHARE) * np.maximum(lengths, 0))
    angle = float(np.degrees(np.arctan2(axes[1, 0], axes[0, 0])))
    return float(x.mean()), float(y.mean()), float(width), float(height), angle
