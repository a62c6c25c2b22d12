"""Competing ends: cumulative incidence (Aalen–Johansen) and Gray's test, equal to R ``cmprsk``.

An item that was merged or transferred cannot be put right any more. Treating such ends as censored
would answer "if nothing else could happen"; the cumulative incidence answers "by when, really".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from ._checks import Bools, Floats, Ints, Numbers, same_length, two_sided_z, vector
from .intervals import Interval

__all__ = ["CumulativeIncidence", "GrayTest", "cumulative_incidence", "gray_test"]


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """A cumulative incidence curve; made by :func:`cumulative_incidence`.

    Attributes
    ----------
    time : ndarray, shape (m,)
        Distinct times, rising.
    incidence : ndarray, shape (m,)
        Share ended by the cause of interest up to each time.
    variance : ndarray, shape (m,)
        Its variance as ``cmprsk`` computes it (renewed at events of the cause of interest).
    """

    time: Floats
    incidence: Floats
    variance: Floats

    def at(self, times: Numbers) -> tuple[Floats, Floats]:
        """Return incidence and variance at `times`; NaN after the last observation."""
        t = np.asarray(times, dtype=float)
        index = np.searchsorted(self.time, t, side="right")
        known = np.where(t > self.time[-1], np.nan, 1.0)
        incidence = np.concatenate(([0.0], self.incidence))[index]
        variance = np.concatenate(([0.0], self.variance))[index]
        return known * incidence, known * variance

    def interval(self, times: Numbers, confidence: float = 0.95) -> Interval:
        """Return incidence ± z standard errors at `times`, inside [0, 1]; NaN after the last observation."""
        incidence, variance = self.at(times)
        half = two_sided_z(confidence) * np.sqrt(variance)
        return Interval(np.clip(incidence - half, 0, 1), np.clip(incidence + half, 0, 1))


def cumulative_incidence(time: Numbers, cause: Numbers, of: int = 1) -> CumulativeIncidence:
    """Aalen–Johansen estimate of the share ended by one cause, others competing.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time until the end or until last seen open, ≥ 0.
    cause : array_like of int, shape (n,)
        0 = still open, otherwise the code of what ended it.
    of : int
        The cause of interest.

    Returns
    -------
    CumulativeIncidence

    Notes
    -----
    Assumes that still being open is not informative. At a tie all ends come before censoring.
    The incidences of all causes and the Kaplan–Meier curve of "any end" sum to 1. Aalen (1978);
    variance as in Gray's ``cmprsk``, tie correction included.

    Examples
    --------
    >>> ci = cumulative_incidence([5, 8, 8, 12, 20], [1, 1, 2, 0, 1])
    >>> ci.incidence.round(2)
    array([0.2, 0.4, 0.4, 0.8])
    """
    days, ends = _ends(time, cause, of)
    grid, place = np.unique(days, return_inverse=True)
    d1 = _count(place, ends == of, grid.size)
    d2 = _count(place, (ends != of) & (ends != 0), grid.size)
    n = _count(place, ends >= 0, grid.size)[::-1].cumsum()[::-1]
    after = np.cumprod((n - d1 - d2) / n)
    before = np.concatenate(([1.0], after[:-1]))
    incidence = np.cumsum(before * d1 / n)
    return CumulativeIncidence(grid, incidence, _variance(n, d1, d2, before, after, incidence))


def _variance(n: Floats, d1: Floats, d2: Floats, before: Floats, after: Floats, f: Floats) -> Floats:
    """Variance of the incidence; three sums over time, combined at each event of interest."""
    inverse = np.divide(1.0, after, out=np.zeros_like(after), where=after > 0)
    own = before**2 * _tie(d1, n) * d1 / n**2
    other = np.where(after > 0, before**2 * _tie(d2, n) * d2 / n**2, 0.0)
    own_slope, other_slope = 1 + f * inverse, f * inverse
    v1 = np.cumsum(own_slope**2 * own + other_slope**2 * other)
    v2 = np.cumsum(inverse * (own_slope * own + other_slope * other))
    v3 = np.cumsum(inverse**2 * (own + other))
    variance = v1 + f**2 * v3 - 2 * f * v2
    # between events of the cause of interest the last value stands
    last = np.maximum.accumulate(np.where(d1 > 0, np.arange(n.size), -1))
    return np.where(last >= 0, variance[last], 0.0)


def _tie(d: Floats, n: Floats) -> Floats:
    """Hypergeometric correction for `d` ties among `n`."""
    return np.where(d > 1, 1 - (d - 1) / np.maximum(n - 1, 1), 1.0)


class GrayTest(NamedTuple):
    """Gray's chi-square statistic, degrees of freedom and p-value; NaN where it is not defined."""

    statistic: float
    df: int
    p_value: float


def gray_test(
    time: Numbers,
    cause: Numbers,
    group: npt.ArrayLike,
    of: int = 1,
    *,
    rho: float = 0.0,
    strata: npt.ArrayLike | None = None,
) -> GrayTest:
    """Gray's test that the cumulative incidence of one cause is the same in all groups.

    Parameters
    ----------
    time, cause, of
        As in :func:`cumulative_incidence`.
    group : array_like, shape (n,)
        Group labels, at least two different.
    rho : float
        Power of (1 − incidence) in the weight.
    strata : array_like, shape (n,), optional
        Compare within strata.

    Returns
    -------
    GrayTest

    Notes
    -----
    Assumes censoring that does not depend on the group. Gray (1988), Ann Stat 16:1141, with the tie
    corrections of R ``cmprsk``.

    Examples
    --------
    >>> t = gray_test([5, 8, 8, 12, 20, 7, 9, 14, 18], [1, 1, 2, 0, 1, 2, 0, 1, 2], list("aaaaabbbb"))
    >>> print(f"{t.statistic:.4f} {t.p_value:.4f}")
    0.4476 0.5035
    """
    days, ends = _ends(time, cause, of)
    labels, member = np.unique(np.asarray(group), return_inverse=True)
    stratum = np.zeros(days.size) if strata is None else np.asarray(strata)
    same_length("时间、分组与分层", days, member, stratum)
    if labels.size < 2:
        raise ValueError("Gray 检验至少需要两组")
    kinds = np.select([ends == 0, ends == of], [0, 1], default=2)
    score, covariance = np.zeros(labels.size), np.zeros((labels.size, labels.size))
    for level in np.unique(stratum):
        inside = stratum == level
        s, v = _gray_score(days[inside], kinds[inside], member[inside], labels.size, rho)
        score, covariance = score + s, covariance + v
    df = labels.size - 1
    core = covariance[:-1, :-1]
    if np.linalg.matrix_rank(core) < df:
        return GrayTest(float("nan"), df, float("nan"))
    statistic = float(score[:-1] @ np.linalg.solve(core, score[:-1]))
    return GrayTest(statistic, df, float(special.chdtrc(df, statistic)))


def _gray_score(days: Floats, kinds: Ints, member: Ints, k: int, rho: float) -> tuple[Floats, Floats]:
    """Score vector and covariance of one stratum; symbols as in Gray (1988), section 3.

    h = R/S(−) per group, tr = Σ h, tq = Σ h·(1 − F(−)); `c`, `v2`, `v3` collect the part of the
    variance that comes from estimating the curves themselves.
    """
    score, covariance = np.zeros(k), np.zeros((k, k))
    s_before, f_before, pooled_before = np.ones(k), np.zeros(k), 0.0
    c, v2, v3 = np.zeros((k, k)), np.zeros((k, k)), np.zeros(k)
    for time in np.unique(days[kinds > 0]):
        r, now = _count(member, days >= time, k), days == time
        d1, d2 = (_count(member, now & (kinds == kind), k) for kind in (1, 2))
        some, nd1 = r > 0, float(d1.sum())
        safe = np.where(some, r, 1.0)
        s_after = np.where(some, s_before * (safe - d1 - d2) / safe, s_before)
        f_after = f_before + np.where(some, s_before * d1 / safe, 0.0)
        h = np.divide(r, s_before, out=np.zeros(k), where=some)
        tr, tq = h.sum(), (h * (1 - f_before)).sum()
        pooled = pooled_before + nd1 / tr
        weight = (1 - pooled_before) ** rho
        a = weight * (np.diag(h) - np.outer(h, h) / tr)
        alive = s_after > 0
        ratio = np.divide(1 - pooled, s_after, out=np.zeros(k), where=alive)
        if nd1 > 0:
            c = c + a * nd1 / (tr * (1 - pooled_before))
            score += weight * (d1 - nd1 * h * (1 - f_before) / tq)
            tie = 1 - (nd1 - 1) / (tr * s_before - 1) if nd1 > 1 else np.ones(k)
            slope = 1 - ratio
            mass = np.where(some, tie * s_before * nd1 / (tr * safe), 0.0)
            part = a - slope * c
            covariance += (part * mass) @ part.T
            v2 += part * slope * mass
            v3 += slope**2 * mass
        if d2.any():
            mass = np.where(alive & (d2 > 0), _tie(d2, safe) * s_before**2 * d2 / safe**2, 0.0)
            part = ratio * c
            covariance += (part * mass) @ part.T
            v2 -= part * ratio * mass
            v3 += ratio**2 * mass
        s_before, f_before, pooled_before = s_after, f_after, pooled
    covariance += (c * v3) @ c.T + c @ v2.T + v2 @ c.T
    return score, covariance


def _count(place: Ints, chosen: Bools, size: int) -> Floats:
    """How many of the chosen are at each place."""
    return np.bincount(place[chosen], minlength=size).astype(float)


def _ends(time: Numbers, cause: Numbers, of: int) -> tuple[Floats, Ints]:
    days, codes = vector(time, "时间"), vector(cause, "终止原因")
    same_length("时间与终止原因", days, codes)
    if (days < 0).any():
        raise ValueError("时间不能为负")
    if (codes != np.round(codes)).any() or (codes < 0).any() or of == 0:
        raise ValueError("终止原因应为非负整数代码，0 表示尚未终止，不能作为所关心的原因")
    return days, codes.astype(np.int64)
