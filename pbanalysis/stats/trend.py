"""Is there a trend? Theil–Sen slope and Mann–Kendall test, robust to single outlying months."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from ._checks import Numbers, level, same_length, vector

__all__ = ["MannKendall", "Slope", "mann_kendall", "theil_sen"]

# R's cor.test computes the exact distribution below this size
_EXACT_BELOW = 50


class Slope(NamedTuple):
    """Median slope per unit of time with its interval, and the intercept."""

    slope: float
    low: float
    high: float
    intercept: float


class MannKendall(NamedTuple):
    """Kendall's τ with time and its two-sided p-value."""

    tau: float
    p_value: float


def theil_sen(values: Numbers, times: Numbers | None = None, confidence: float = 0.95) -> Slope:
    """Median of all slopes between two points.

    Parameters
    ----------
    values : array_like, shape (m,)
        One value per time, m ≥ 3.
    times : array_like, shape (m,), optional
        0, 1, 2 … by default.
    confidence : float
        Level of the interval.

    Returns
    -------
    Slope

    Notes
    -----
    Assumes independent deviations from a straight line, of any distribution. Theil (1950); Sen (1968),
    JASA 63:1379.

    Examples
    --------
    >>> theil_sen([1, 2, 3, 4, 50]).slope
    1.0
    """
    y = vector(values, "序列", at_least=3)
    t = np.arange(y.size, dtype=float) if times is None else vector(times, "时间")
    same_length("序列与时间", y, t)
    if np.ptp(t) == 0:
        raise ValueError("时间全部相同，不能估计趋势")
    fit = stats.theilslopes(y, t, alpha=level(confidence))
    return Slope(float(fit.slope), float(fit.low_slope), float(fit.high_slope), float(fit.intercept))


def mann_kendall(values: Numbers, times: Numbers | None = None) -> MannKendall:
    """Test for a monotone trend.

    Parameters
    ----------
    values : array_like, shape (m,)
        One value per time, m ≥ 3.
    times : array_like, shape (m,), optional
        0, 1, 2 … by default.

    Returns
    -------
    MannKendall
        NaN for a constant series.

    Notes
    -----
    Assumes exchangeable values if there is no trend (no season, no autocorrelation). Exact below 50
    points without ties, else normal with tie correction, as R ``cor.test``. Mann (1945); Kendall (1975).

    Examples
    --------
    >>> r = mann_kendall([3, 5, 4, 6, 8, 7, 9, 12, 10, 11])
    >>> print(f"{r.tau:.3f} {r.p_value:.5f}")
    0.822 0.00036
    """
    y = vector(values, "序列", at_least=3)
    t = np.arange(y.size, dtype=float) if times is None else vector(times, "时间")
    same_length("序列与时间", y, t)
    if np.ptp(y) == 0 or np.ptp(t) == 0:
        return MannKendall(float("nan"), float("nan"))
    untied = np.unique(y).size == y.size and np.unique(t).size == t.size
    method = "exact" if untied and y.size < _EXACT_BELOW else "asymptotic"
    result = stats.kendalltau(t, y, method=method)
    return MannKendall(float(result.statistic), float(result.pvalue))
