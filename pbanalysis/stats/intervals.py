"""Intervals for proportions, counts, rates and their differences; closed forms, vectorised."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from ._checks import Floats, Numbers, binomial_counts, level, same_length, two_sided_z, vector, whole

__all__ = [
    "Difference",
    "Interval",
    "Rate",
    "byar",
    "clopper_pearson",
    "count_interval",
    "dobson",
    "newcombe",
    "poisson_exact",
    "weighted_wilson",
    "wilson",
]

# Below ten events Byar's approximation is not trusted (OHID technical guidance).
FEW_EVENTS = 10


class Interval(NamedTuple):
    """Lower and upper end, arrays of the shape of the input; NaN where nothing can be said."""

    low: Floats
    high: Floats


class Difference(NamedTuple):
    """A difference of two proportions with its interval."""

    difference: Floats
    low: Floats
    high: Floats


class Rate(NamedTuple):
    """A standardised rate with its interval, both per `multiplier`."""

    rate: float
    low: float
    high: float


def wilson(x: Numbers, n: Numbers, confidence: float = 0.95) -> Interval:
    """Score interval of a proportion: the rates that a score test would not reject.

    Parameters
    ----------
    x, n : array_like
        Numerators and denominators, 0 ≤ x ≤ n; x may be non-integer (weighted counts).
    confidence : float
        Two-sided level.

    Returns
    -------
    Interval
        Ends inside [0, 1]; NaN where n = 0, for 0/0 is neither 0 % nor 100 %.

    Notes
    -----
    Assumes independent trials with one probability. Average coverage is close to nominal even for
    n = 3; single probabilities near 0 or 1 may fall below (see docs/calibration.md).
    Source: Wilson (1927), JASA 22:209; Newcombe (1998), Stat Med 17:857.

    Examples
    --------
    >>> low, high = wilson([3, 0], [3, 5])
    >>> low.round(3), high.round(3)
    (array([0.439, 0.   ]), array([1.   , 0.434]))
    """
    x, n = binomial_counts(x, n)
    z = two_sided_z(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = x / n
        centre = p + z**2 / (2 * n)
        half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        low = (centre - half) / (1 + z**2 / n)
        high = (centre + half) / (1 + z**2 / n)
    # the ends are exact at x = 0 and x = n; rounding must not push them past the estimate
    return _interval(np.where(p == 0, 0.0, low), np.where(p == 1, 1.0, high))


def weighted_wilson(values: Numbers, weights: Numbers, confidence: float = 0.95) -> Interval:
    """Wilson interval of a weighted proportion on Kish's effective sample size.

    Parameters
    ----------
    values : array_like, shape (n,)
        0/1 outcomes (or proportions in [0, 1]).
    weights : array_like, shape (n,)
        Non-negative sampling weights, at least one positive.
    confidence : float
        Two-sided level.

    Returns
    -------
    Interval

    Notes
    -----
    Effective size (Σw)²/Σw² (Kish 1965); ignores clustering (:func:`clusters.clustered_wilson`).

    Examples
    --------
    >>> low, high = weighted_wilson([1, 1, 0, 1], [1, 1, 1, 1])
    >>> print(f"{low:.3f}-{high:.3f}")
    0.301-0.954
    """
    outcomes, w = vector(values, "取值"), vector(weights, "权重")
    same_length("取值与权重", outcomes, w)
    if (w < 0).any() or w.sum() == 0 or ((outcomes < 0) | (outcomes > 1)).any():
        raise ValueError("权重应非负且不全为零，取值应在 0 与 1 之间")
    size = w.sum() ** 2 / (w**2).sum()
    return wilson(min(float(w @ outcomes / w.sum()), 1.0) * size, size, confidence)


def clopper_pearson(x: Numbers, n: Numbers, confidence: float = 0.95) -> Interval:
    """Exact binomial interval: never covers less than promised, so it is wide.

    Parameters
    ----------
    x, n : array_like of int
        Successes and trials.
    confidence : float
        Two-sided level.

    Returns
    -------
    Interval
        NaN where n = 0.

    Notes
    -----
    For a census or a large sampling fraction use :mod:`pbanalysis.stats.finite`, this is too wide.
    Source: Clopper & Pearson (1934), Biometrika 26:404, through beta quantiles.

    Examples
    --------
    >>> low, high = clopper_pearson(81, 263)
    >>> print(f"{low:.4f}-{high:.4f}")
    0.2527-0.3676
    """
    x, n = binomial_counts(x, n)
    whole(x, "分子")
    whole(n, "分母")
    tail = (1 - level(confidence)) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(x == 0, 0.0, special.betaincinv(np.maximum(x, 1), n - x + 1, tail))
        high = np.where(x == n, 1.0, special.betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail))
    return _interval(np.where(n == 0, np.nan, low), np.where(n == 0, np.nan, high))


def newcombe(x1: Numbers, n1: Numbers, x2: Numbers, n2: Numbers, confidence: float = 0.95) -> Difference:
    """Difference of two independent proportions p1 − p2 with the hybrid score interval.

    Parameters
    ----------
    x1, n1, x2, n2 : array_like
        Numerators and denominators of the two groups.
    confidence : float
        Two-sided level.

    Returns
    -------
    Difference
        NaN where a denominator is 0.

    Notes
    -----
    Method 10 of Newcombe (1998), Stat Med 17:873; without continuity correction.

    Examples
    --------
    >>> d = newcombe(56, 70, 48, 80)
    >>> print(f"{d.difference:.4f} ({d.low:.4f} to {d.high:.4f})")
    0.2000 (0.0524 to 0.3339)
    """
    (a, na), (b, nb) = binomial_counts(x1, n1), binomial_counts(x2, n2)
    (l1, u1), (l2, u2) = wilson(a, na, confidence), wilson(b, nb, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p2 = a / na, b / nb
    d = p1 - p2
    return Difference(d, d - np.hypot(p1 - l1, u2 - p2), d + np.hypot(u1 - p1, p2 - l2))


def poisson_exact(x: Numbers, confidence: float = 0.95) -> Interval:
    """Exact interval of a Poisson mean from the count `x`.

    Parameters
    ----------
    x : array_like
        Counts ≥ 0.
    confidence : float
        Two-sided level.

    Returns
    -------
    Interval

    Notes
    -----
    Garwood (1936), Biometrika 28:437: chi-square quantiles with 2x and 2x + 2 degrees of freedom.

    Examples
    --------
    >>> low, high = poisson_exact(1)
    >>> print(f"{low:.4f}-{high:.4f}")
    0.0253-5.5716
    """
    count = _events(x)
    tail = (1 - level(confidence)) / 2
    low = np.where(count == 0, 0.0, special.gammaincinv(np.maximum(count, 1e-300), tail))
    return _interval(low, special.gammaincinv(count + 1, 1 - tail))


def byar(x: Numbers, confidence: float = 0.95) -> Interval:
    """Byar's approximate interval of a Poisson mean, accurate from ten events on.

    Parameters
    ----------
    x : array_like
        Counts ≥ 0.
    confidence : float
        Two-sided level.

    Returns
    -------
    Interval
        The lower end is NaN (missing, never negative) where the approximation breaks down.

    Notes
    -----
    Breslow & Day (1987), Statistical Methods in Cancer Research II, p. 69.
    :func:`count_interval` changes to the exact interval below ten events.

    Examples
    --------
    >>> low, high = byar([65, 1], confidence=0.998)
    >>> low.round(2), high.round(2)
    (array([42.88,   nan]), array([94.  ,  9.36]))
    """
    count = _events(x)
    z = two_sided_z(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = count * (1 - 1 / (9 * count) - z / (3 * np.sqrt(count))) ** 3
    more = count + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return _interval(np.where(low >= 0, low, np.nan), high)


def count_interval(x: Numbers, confidence: float = 0.95) -> Interval:
    """Interval of a Poisson mean: exact below ten events, Byar's from ten on.

    Parameters
    ----------
    x : array_like
        Counts ≥ 0.
    confidence : float
        Two-sided level.

    Returns
    -------
    Interval
        Divide both ends by the exposure to get the interval of a rate.

    Notes
    -----
    The rule of the OHID Fingertips technical guidance.

    Examples
    --------
    >>> low, high = count_interval([0, 65])
    >>> low.round(2), high.round(2)
    (array([ 0.  , 50.16]), array([ 3.69, 82.85]))
    """
    count = _events(x)
    few = count < FEW_EVENTS
    exact, approximate = poisson_exact(count, confidence), byar(count, confidence)
    return _interval(np.where(few, exact.low, approximate.low), np.where(few, exact.high, approximate.high))


def dobson(
    counts: Numbers,
    population: Numbers,
    standard: Numbers,
    *,
    multiplier: float = 100_000,
    confidence: float = 0.95,
) -> Rate:
    """Directly standardised rate with Dobson's interval.

    Parameters
    ----------
    counts, population, standard : array_like, shape (k,)
        Events, population and standard population of each stratum.
    multiplier : float
        Rate per so many.
    confidence : float
        Two-sided level.

    Returns
    -------
    Rate

    Raises
    ------
    ValueError
        With fewer than ten events in all: the interval would not hold.

    Notes
    -----
    Assumes Poisson counts, independent strata. Dobson et al. (1991), Stat Med 10:457.

    Examples
    --------
    >>> r = dobson([10, 20], [1000, 1000], [600, 400], multiplier=1000)
    >>> print(f"{r.rate:.1f} ({r.low:.1f} to {r.high:.1f})")
    14.0 (9.4 to 20.1)
    """
    events, size, weight = vector(counts, "事件数"), vector(population, "人口"), vector(standard, "标准人口")
    same_length("各层数据", events, size, weight)
    if (events < 0).any() or (size <= 0).any() or (weight < 0).any() or weight.sum() == 0:
        raise ValueError("事件数与标准人口应非负（标准人口不全为零），人口应为正数")
    total = events.sum()
    if total < FEW_EVENTS:
        raise ValueError(f"事件总数不足 {FEW_EVENTS}，不计算标准化率，收到 {total:g}")
    rate = (weight * events / size).sum() / weight.sum()
    spread = np.sqrt((weight**2 * events / size**2).sum() / weight.sum() ** 2 / total)
    crude = byar(total, confidence)
    return Rate(
        float(rate * multiplier),
        float((rate + spread * (crude.low - total)) * multiplier),
        float((rate + spread * (crude.high - total)) * multiplier),
    )


def _interval(low: Floats, high: Floats) -> Interval:
    """Ends as arrays, or as numbers where a number was asked for."""
    return Interval(np.asarray(low)[()], np.asarray(high)[()])


def _events(x: Numbers) -> Floats:
    count = np.asarray(x, dtype=float)
    if not (np.isfinite(count).all() and (count >= 0).all()):
        raise ValueError("事件数应为非负数，不能缺失")
    return count
