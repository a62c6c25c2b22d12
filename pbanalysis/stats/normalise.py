"""Bring indicators onto one scale. Use goalposts for judging; the others depend on who is compared.

Names follow COINr and the OECD/JRC handbook (2008).
"""

from __future__ import annotations

import numpy as np

from ._checks import Floats, Numbers

__all__ = ["borda", "goalposts", "minmax", "percent_rank", "to_target", "zscore"]


def goalposts(
    x: Numbers, low: float, high: float, *, larger_better: bool = True, scale: float = 100.0
) -> Floats:
    """Score between two goalposts fixed in advance, cut off beyond them.

    Parameters
    ----------
    x : array_like
        Values; NaN stays NaN.
    low, high : float
        Values worth 0 and `scale` (the other way round if a smaller value is better).
    larger_better : bool
        Direction.
    scale : float
        Highest score.

    Returns
    -------
    ndarray

    Notes
    -----
    Assumes that one point is worth the same all the way. COINr ``n_goalposts``; UNDP human
    development index.

    Examples
    --------
    >>> goalposts([0.5, 0.9, 1.2], low=0.6, high=1.0).round(1)
    array([  0.,  75., 100.])
    """
    if not low < high:
        raise ValueError(f"下界应小于上界，收到 {low}、{high}")
    share = np.clip((np.asarray(x, dtype=float) - low) / (high - low), 0, 1)
    return scale * (share if larger_better else 1 - share)


def minmax(x: Numbers, low: float = 0.0, high: float = 100.0) -> Floats:
    """Stretch the values so that the smallest gets `low`, the largest `high`.

    Parameters
    ----------
    x : array_like
        Values; NaN stays NaN.
    low, high : float
        Ends of the scale.

    Returns
    -------
    ndarray
        NaN if all values are equal.

    Notes
    -----
    Depends on who else is compared: not for judging, use :func:`goalposts`. COINr ``n_minmax``.

    Examples
    --------
    >>> minmax([62, 75, 95]).round(1)
    array([  0. ,  39.4, 100. ])
    """
    values = np.asarray(x, dtype=float)
    smallest, span = np.nanmin(values), np.nanmax(values) - np.nanmin(values)
    share = (values - smallest) / span if span > 0 else np.full(values.shape, np.nan)
    return low + (high - low) * share


def zscore(x: Numbers, mean: float = 0.0, sd: float = 1.0) -> Floats:
    """Standardise to a given mean and standard deviation.

    Parameters
    ----------
    x : array_like
        Values; NaN stays NaN.
    mean, sd : float
        Target mean and standard deviation.

    Returns
    -------
    ndarray
        NaN if all values are equal.

    Notes
    -----
    Standard deviation with n − 1, relative to the units compared. COINr ``n_zscore``.

    Examples
    --------
    >>> zscore([1, 2, 3]).tolist()
    [-1.0, 0.0, 1.0]
    """
    values = np.asarray(x, dtype=float)
    if np.count_nonzero(~np.isnan(values)) < 2 or np.nanmin(values) == np.nanmax(values):
        return np.full(values.shape, np.nan)
    scores: Floats = mean + sd * (values - np.nanmean(values)) / np.nanstd(values, ddof=1)
    return scores


def borda(x: Numbers) -> Floats:
    """Count how many units a unit beats.

    Parameters
    ----------
    x : array_like, shape (k,)
        Values; NaN stays NaN.

    Returns
    -------
    ndarray
        Rank − 1, ties share the lowest.

    Notes
    -----
    Assumes that only the order matters. COINr ``n_borda``.

    Examples
    --------
    >>> borda([3, 1, 2, 2])
    array([3., 0., 1., 1.])
    """
    values = np.asarray(x, dtype=float)
    known = ~np.isnan(values)
    beaten = np.searchsorted(np.sort(values[known]), values, side="left").astype(float)
    return np.where(known, beaten, np.nan)


def percent_rank(x: Numbers) -> Floats:
    """Share of the other units that a unit beats.

    Parameters
    ----------
    x : array_like, shape (k,)
        Values; NaN stays NaN.

    Returns
    -------
    ndarray
        In [0, 1]; NaN for a single unit.

    Notes
    -----
    Assumes that only the order matters. COINr ``n_prank``.

    Examples
    --------
    >>> percent_rank([3, 1, 2]).tolist()
    [1.0, 0.0, 0.5]
    """
    beaten = borda(x)
    others = np.count_nonzero(~np.isnan(beaten)) - 1
    return beaten / others if others > 0 else np.full(beaten.shape, np.nan)


def to_target(x: Numbers, target: float, *, cap: bool = True) -> Floats:
    """Share of the way from the smallest value to a target.

    Parameters
    ----------
    x : array_like
        Values; NaN stays NaN.
    target : float
        Above the smallest value.
    cap : bool
        Values beyond the target count 1.

    Returns
    -------
    ndarray

    Notes
    -----
    Depends on the smallest unit. COINr ``n_dist2targ``.

    Examples
    --------
    >>> to_target([0.5, 0.75, 1.2], 1.0)
    array([0. , 0.5, 1. ])
    """
    values = np.asarray(x, dtype=float)
    smallest = float(np.nanmin(values))
    if target <= smallest:
        raise ValueError(f"目标 {target} 应大于最小值 {smallest}")
    share = (values - smallest) / (target - smallest)
    return np.minimum(share, 1) if cap else share
