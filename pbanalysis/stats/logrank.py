"""Are several time-to-event curves the same? Log-rank tests and Peto's hazard ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from ._checks import Bools, Floats, Ints, Numbers, same_length, two_sided_z
from .survival import observations

__all__ = ["HazardRatio", "LogRank", "logrank", "peto_hazard_ratio"]

Weights: TypeAlias = Literal["logrank", "peto", "gehan", "tarone-ware"]


@dataclass(frozen=True, eq=False)
class LogRank:
    """A test that several curves are the same.

    Attributes
    ----------
    statistic, p_value : float
        Chi-square with `df` degrees of freedom.
    df : int
        Groups − 1.
    groups : ndarray
        The labels, sorted.
    observed, expected : ndarray
        (Weighted) events observed and expected per group.
    """

    statistic: float
    p_value: float
    df: int
    groups: npt.NDArray[np.generic]
    observed: Floats
    expected: Floats


def logrank(time: Numbers, event: Numbers, group: npt.ArrayLike, weights: Weights = "logrank") -> LogRank:
    """k-sample (weighted) log-rank test.

    Parameters
    ----------
    time, event : array_like, shape (n,)
        As in :func:`pbanalysis.stats.survival.kaplan_meier`.
    group : array_like, shape (n,)
        Group labels, at least two different.
    weights : {"logrank", "peto", "gehan", "tarone-ware"}
        Weight of an event time: 1; the pooled Kaplan–Meier just before it (Peto & Peto, R's
        ``rho = 1``), which stresses early differences; the number at risk; its square root.

    Returns
    -------
    LogRank

    Notes
    -----
    Assumes censoring that does not depend on the group. Mantel (1966); Peto & Peto (1972), JRSS A
    135:185; hypergeometric variance, ties included, as R's ``survdiff``.

    Examples
    --------
    >>> r = logrank([9, 13, 18, 23, 5, 8, 8, 12], [1, 1, 1, 0, 1, 1, 1, 1], list("aaaabbbb"))
    >>> print(f"{r.statistic:.3f} {r.p_value:.3f}")
    4.782 0.029
    """
    days, ended = observations(time, event)
    labels, member = np.unique(np.asarray(group), return_inverse=True)
    same_length("时间与分组", days, member)
    if labels.size < 2:
        raise ValueError("对数秩检验至少需要两组")
    at_risk, died = _risk_table(days, ended, member, labels.size)
    n, d = at_risk.sum(axis=0), died.sum(axis=0)
    w = _event_weights(n, d, weights)
    share = at_risk / n
    observed, expected = (w * died).sum(axis=1), (w * share * d).sum(axis=1)
    factor = w**2 * d * (n - d) / np.maximum(n - 1, 1)
    covariance = np.diag((factor * share).sum(axis=1)) - (factor * share) @ share.T
    gap = (observed - expected)[:-1]
    statistic = float(gap @ np.linalg.pinv(covariance[:-1, :-1]) @ gap)
    df = labels.size - 1
    return LogRank(statistic, float(special.chdtrc(df, statistic)), df, labels, observed, expected)


class HazardRatio(NamedTuple):
    """Peto's one-step hazard ratio of the second group over the first, with its interval."""

    ratio: float
    low: float
    high: float


def peto_hazard_ratio(
    time: Numbers, event: Numbers, group: npt.ArrayLike, confidence: float = 0.95
) -> HazardRatio:
    """Peto's one-step estimate exp((O − E)/V) of the hazard ratio of two groups.

    Parameters
    ----------
    time, event : array_like, shape (n,)
        As in :func:`pbanalysis.stats.survival.kaplan_meier`.
    group : array_like, shape (n,)
        Exactly two labels; the ratio is that of the larger label over the smaller.
    confidence : float
        Two-sided level.

    Returns
    -------
    HazardRatio

    Notes
    -----
    Assumes proportional hazards; biased towards 1 for ratios beyond about 3. Yusuf et al. (1985).

    Examples
    --------
    >>> hr = peto_hazard_ratio([9, 13, 18, 23, 5, 8, 8, 12], [1, 1, 1, 0, 1, 1, 1, 1], list("aaaabbbb"))
    >>> round(hr.ratio, 2)
    8.85
    """
    days, ended = observations(time, event)
    labels, member = np.unique(np.asarray(group), return_inverse=True)
    same_length("时间与分组", days, member)
    if labels.size != 2:
        raise ValueError(f"风险比需要恰好两组，收到 {labels.size} 组")
    at_risk, died = _risk_table(days, ended, member, 2)
    n, d = at_risk.sum(axis=0), died.sum(axis=0)
    share = at_risk[1] / n
    gap = float((died[1] - share * d).sum())
    variance = float((d * share * (1 - share) * (n - d) / np.maximum(n - 1, 1)).sum())
    if variance == 0:
        return HazardRatio(float("nan"), float("nan"), float("nan"))
    half = two_sided_z(confidence) / np.sqrt(variance)
    return HazardRatio(*(float(np.exp(gap / variance + s)) for s in (0.0, -half, half)))


def _event_weights(n: Floats, d: Floats, kind: Weights) -> Floats:
    if kind == "logrank":
        return np.ones_like(n)
    if kind == "peto":
        return np.concatenate(([1.0], np.cumprod((n - d) / n)[:-1]))
    if kind == "gehan":
        return n
    if kind == "tarone-ware":
        return np.sqrt(n)
    raise ValueError(f"不认识的权重：{kind}")


def _risk_table(days: Floats, ended: Bools, member: Ints, k: int) -> tuple[Floats, Floats]:
    """Numbers at risk and events, groups × event times."""
    grid = np.unique(days[ended])
    at_risk, died = np.zeros((k, grid.size)), np.zeros((k, grid.size))
    for g in range(k):
        own = np.sort(days[member == g])
        at_risk[g] = own.size - np.searchsorted(own, grid, side="left")
        own_events = np.sort(days[(member == g) & ended])
        died[g] = np.searchsorted(own_events, grid, "right") - np.searchsorted(own_events, grid, "left")
    return at_risk, died
