"""Joint intervals for ranks: which places are possible, and from how many others one can be told apart.

Never print a bare rank: 20 equal townships of 40 records each still come out as first and last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from ._checks import Floats, Ints, Numbers, level, same_length, two_sided_z, vector
from .intervals import Interval, wilson

__all__ = ["RankIntervals", "joint_level", "rank_intervals", "rank_normal", "rank_proportions"]

Joint: TypeAlias = Literal["independent", "bonferroni"]


@dataclass(frozen=True, eq=False)
class RankIntervals:
    """Possible places of each unit, 1 = first.

    Attributes
    ----------
    best, worst : ndarray of int
        The interval of places; all intervals hold together with the joint confidence.
    rank : ndarray of int
        Place by the point estimates alone (ties share the better place); for checks, not for print.
    distinguishable_n : ndarray of int
        From how many other units it can be told apart.
    """

    best: Ints
    worst: Ints
    rank: Ints
    distinguishable_n: Ints


def joint_level(k: int, confidence: float = 0.95, joint: Joint = "independent") -> float:
    """Level at which each of `k` intervals must be made so that all hold together.

    Parameters
    ----------
    k : int
        Number of units.
    confidence : float
        Joint level.
    joint : {"independent", "bonferroni"}
        Exact for independent estimates, or safe under any dependence.

    Returns
    -------
    float

    Notes
    -----
    ``"independent"`` assumes that the units' estimates are independent (Šidák 1967).

    Examples
    --------
    >>> round(joint_level(20), 5)
    0.99744
    """
    if k < 1:
        raise ValueError(f"单位数应至少为 1，收到 {k}")
    if joint == "independent":
        return float(level(confidence) ** (1 / k))
    if joint == "bonferroni":
        return 1 - (1 - level(confidence)) / k
    raise ValueError(f"不认识的联合方式：{joint}")


def rank_intervals(
    estimate: Numbers, low: Numbers, high: Numbers, *, larger_first: bool = True
) -> RankIntervals:
    """Joint rank intervals from joint confidence intervals of the values.

    Parameters
    ----------
    estimate, low, high : array_like, shape (k,)
        Point estimates and intervals that hold together (see :func:`joint_level`).
    larger_first : bool
        The largest value takes place 1.

    Returns
    -------
    RankIntervals
        A unit is surely behind those whose whole interval is beyond its own; touching intervals do
        not tell units apart.

    Notes
    -----
    Assumes nothing beyond the joint coverage of the intervals given. Klein, Wright & Wieczorek (2020),
    JRSS A 183:589.

    Examples
    --------
    >>> r = rank_intervals([0.9, 0.5, 0.4], [0.8, 0.4, 0.3], [0.95, 0.6, 0.5])
    >>> r.best.tolist(), r.worst.tolist(), r.distinguishable_n.tolist()
    ([1, 2, 2], [1, 3, 3], [2, 1, 1])
    """
    value, lower, upper = vector(estimate, "估计值"), vector(low, "下限"), vector(high, "上限")
    same_length("估计值与区间", value, lower, upper)
    if (lower > value).any() or (value > upper).any():
        raise ValueError("区间应包含估计值")
    if not larger_first:
        value, lower, upper = -value, -upper, -lower
    surely_ahead = (lower[None, :] > upper[:, None]).sum(axis=1)
    surely_behind = (upper[None, :] < lower[:, None]).sum(axis=1)
    rank = 1 + (value[None, :] > value[:, None]).sum(axis=1)
    return RankIntervals(1 + surely_ahead, value.size - surely_behind, rank, surely_ahead + surely_behind)


def rank_normal(
    estimate: Numbers,
    standard_error: Numbers,
    *,
    larger_first: bool = True,
    confidence: float = 0.95,
    joint: Joint = "independent",
) -> RankIntervals:
    """Joint rank intervals from estimates and standard errors.

    Parameters
    ----------
    estimate, standard_error : array_like, shape (k,)
        Estimates and their standard errors, ≥ 0.
    larger_first, confidence, joint
        As in :func:`rank_intervals` and :func:`joint_level`.

    Returns
    -------
    RankIntervals

    Notes
    -----
    Assumes approximately normal estimates. Klein, Wright & Wieczorek (2020), JRSS A 183:589.

    Examples
    --------
    >>> rank_normal([10, 12, 30], [1, 1, 1]).best.tolist()
    [2, 2, 1]
    """
    value, error = vector(estimate, "估计值"), vector(standard_error, "标准误")
    same_length("估计值与标准误", value, error)
    if (error < 0).any():
        raise ValueError("标准误不能为负")
    half = two_sided_z(joint_level(value.size, confidence, joint)) * error
    return rank_intervals(value, value - half, value + half, larger_first=larger_first)


def rank_proportions(
    numerators: Numbers,
    denominators: Numbers,
    *,
    larger_first: bool = True,
    confidence: float = 0.95,
    joint: Joint = "independent",
) -> RankIntervals:
    """Joint rank intervals of proportions, from Wilson intervals at the joint level.

    Parameters
    ----------
    numerators, denominators : array_like, shape (k,)
        Counts per unit; denominators > 0 (leave out units without data).
    larger_first, confidence, joint
        As in :func:`rank_intervals` and :func:`joint_level`.

    Returns
    -------
    RankIntervals

    Notes
    -----
    Assumes independent records. Klein, Wright & Wieczorek (2020), JRSS A 183:589.

    Examples
    --------
    >>> r = rank_proportions([38, 20, 21], [40, 40, 40])
    >>> list(zip(r.best.tolist(), r.worst.tolist()))
    [(1, 1), (2, 3), (2, 3)]
    """
    x, n = vector(numerators, "分子"), vector(denominators, "分母")
    same_length("分子与分母", x, n)
    if (n <= 0).any():
        raise ValueError("分母应为正数：没有数据的单位不参与比较")
    low, high = _enclosing(x / n, wilson(x, n, joint_level(x.size, confidence, joint)))
    return rank_intervals(x / n, low, high, larger_first=larger_first)


def _enclosing(rate: Floats, interval: Interval) -> Interval:
    """The interval, widened by rounding error so that it holds its own estimate."""
    return Interval(np.minimum(interval.low, rate), np.maximum(interval.high, rate))
