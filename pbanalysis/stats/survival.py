"""Time to an event when some are still open: Kaplan–Meier curve, median, restricted mean.

Averages over closed items alone are biased downwards (measured: 24.8 days where the truth is 41.6);
open items must enter as censored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from ._checks import Bools, Floats, Ints, Numbers, same_length, two_sided_z, vector

__all__ = [
    "KaplanMeier",
    "Quantile",
    "RestrictedMean",
    "kaplan_meier",
]

Band: TypeAlias = Literal["plain", "log", "log-log"]
Rule: TypeAlias = Literal["first", "midpoint"]

# R's tolerance: a product of fractions that should be ½ must count as ½.
_TOLERANCE = float(np.sqrt(np.finfo(float).eps))


class Quantile(NamedTuple):
    """A survival quantile with its interval; NaN where the curve or the band never reaches it."""

    value: float
    low: float
    high: float


class RestrictedMean(NamedTuple):
    """Mean time within the first `horizon` days, its standard error and interval."""

    mean: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """A Kaplan–Meier curve; made by :func:`kaplan_meier`.

    Attributes
    ----------
    time : ndarray, shape (m,)
        Distinct times at which something ended or was censored, rising.
    at_risk, events, censored : ndarray of int, shape (m,)
        Counts at each time.
    survival : ndarray, shape (m,)
        Share still open just after each time.
    greenwood : ndarray, shape (m,)
        Σ d/(n(n−d)); NaN once the curve is zero.
    """

    time: Floats
    at_risk: Ints
    events: Ints
    censored: Ints
    survival: Floats
    greenwood: Floats

    @property
    def standard_error(self) -> Floats:
        """Greenwood's standard error of the curve; NaN once it is zero."""
        return self.survival * np.sqrt(self.greenwood)

    def at(self, times: Numbers) -> Floats:
        """Return the curve at `times` (1 before the first event, NaN after the last observation)."""
        t = np.asarray(times, dtype=float)
        index = np.searchsorted(self.time, t, side="right")
        known = np.where((t > self.time[-1]) & (self.survival[-1] > 0), np.nan, 1.0)
        return known * np.concatenate(([1.0], self.survival))[index]

    def number_at_risk(self, times: Numbers) -> Ints:
        """Return how many were still under observation just before each of `times`."""
        left = np.searchsorted(self.time, np.asarray(times, dtype=float), side="left")
        return np.concatenate((self.at_risk, [0]))[left]

    def band(self, kind: Band = "log-log", confidence: float = 0.95) -> tuple[Floats, Floats]:
        """Return the pointwise Greenwood band at ``self.time``.

        ``"log-log"`` stays inside [0, 1] (SAS, lifelines); ``"log"`` is R's default; ``"plain"`` is
        symmetric. NaN where the curve is zero: no standard error is left there.
        """
        z, s = two_sided_z(confidence), self.survival
        error = np.sqrt(self.greenwood)  # of log S
        with np.errstate(divide="ignore", invalid="ignore"):
            if kind == "plain":
                low, high = s - z * self.standard_error, s + z * self.standard_error
            elif kind == "log":
                low, high = s * np.exp(-z * error), s * np.exp(z * error)
            elif kind == "log-log":
                shift = z * error / np.log(s)
                low, high = s ** np.exp(-shift), s ** np.exp(shift)
            else:
                raise ValueError(f"不认识的置信带类型：{kind}")
        low, high = np.where(s == 1, 1.0, low), np.where(s == 1, 1.0, high)
        return np.clip(low, 0, 1), np.clip(high, 0, 1)

    def quantile(
        self, p: float = 0.5, *, rule: Rule = "first", band: Band = "log-log", confidence: float = 0.95
    ) -> Quantile:
        """Return the time by which the share `p` has ended, with the Brookmeyer–Crowley interval.

        The interval holds every time at which the band covers 1 − p. `rule` is ``"first"``: the
        first time on which the curve is at or below 1 − p; or ``"midpoint"``: the middle where the
        curve equals 1 − p on a whole stretch, as R does.
        """
        if not 0 < p < 1:
            raise ValueError(f"分位数应在 0 与 1 之间，收到 {p}")
        low, high = self.band(band, confidence)
        return Quantile(*(self._crossing(curve, 1 - p, rule) for curve in (self.survival, low, high)))

    def median(self, *, rule: Rule = "first", band: Band = "log-log", confidence: float = 0.95) -> Quantile:
        """Return :meth:`quantile` for one half."""
        return self.quantile(0.5, rule=rule, band=band, confidence=confidence)

    def _crossing(self, curve: Floats, share: float, rule: Rule) -> float:
        known = ~np.isnan(curve)
        time, curve = self.time[known], curve[known]
        reached = np.flatnonzero(curve <= share + _TOLERANCE)
        if reached.size == 0:
            return float("nan")
        first = float(time[reached[0]])
        if rule == "first":
            return first
        if rule != "midpoint":
            raise ValueError(f"不认识的中位数规则：{rule}")
        below = np.flatnonzero(curve < share - _TOLERANCE)
        return (first + float(time[below[0]] if below.size else self.time[-1])) / 2

    def restricted_mean(self, horizon: float, confidence: float = 0.95) -> RestrictedMean:
        """Return the mean time within `horizon`: the area under the curve, with its standard error.

        Raises
        ------
        ValueError
            If `horizon` lies beyond the last observation while some are still open.
        """
        if horizon <= 0 or (horizon > self.time[-1] and self.survival[-1] > 0):
            raise ValueError(f"限定时间应为正且不晚于最后观察时间 {self.time[-1]:g}，收到 {horizon:g}")
        inside = self.time < horizon
        edges = np.concatenate(([0.0], self.time[inside], [horizon]))
        areas = np.diff(edges) * np.concatenate(([1.0], self.survival[inside]))
        beyond = areas[::-1].cumsum()[::-1][1:]
        n, d = self.at_risk[inside], self.events[inside]
        # where all at risk end at once, nothing lies beyond and the term is zero
        variance = (beyond**2 * d / np.where(n > d, n * (n - d), np.inf)).sum()
        mean, error, z = float(areas.sum()), float(np.sqrt(variance)), two_sided_z(confidence)
        return RestrictedMean(mean, error, mean - z * error, mean + z * error)


def kaplan_meier(time: Numbers, event: Numbers) -> KaplanMeier:
    """Kaplan–Meier estimate of the share still open after each time.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time until the event or until last seen open, ≥ 0.
    event : array_like of bool, shape (n,)
        True where it ended, False where it was still open (censored).

    Returns
    -------
    KaplanMeier
        With ``.at``, ``.band``, ``.median``, ``.quantile``, ``.restricted_mean``, ``.number_at_risk``.

    Notes
    -----
    Assumes that being censored says nothing about when it would have ended; at a tie the events
    come first. Kaplan & Meier (1958), JASA 53:457; Brookmeyer & Crowley (1982), Biometrics 38:29.

    Examples
    --------
    >>> km = kaplan_meier([10, 20, 25, 30, 60, 90], [1, 1, 0, 1, 1, 0])
    >>> km.survival.round(4)
    array([0.8333, 0.6667, 0.6667, 0.4444, 0.2222, 0.2222])
    >>> km.median().value
    30.0
    """
    days, ended = observations(time, event)
    grid, place = np.unique(days, return_inverse=True)
    events = np.bincount(place, weights=ended, minlength=grid.size).astype(np.int64)
    leaving = np.bincount(place, minlength=grid.size)
    at_risk = leaving[::-1].cumsum()[::-1]
    survival = np.cumprod((at_risk - events) / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.cumsum(events / (at_risk * (at_risk - events)))
    greenwood = np.where(survival > 0, terms, np.nan)
    return KaplanMeier(grid, at_risk, events, leaving - events, survival, greenwood)


def observations(time: Numbers, event: Numbers) -> tuple[Floats, Bools]:
    """Check times and event marks and return them as arrays."""
    days = vector(time, "时间")
    ended = vector(event, "事件标记")
    same_length("时间与事件标记", days, ended)
    if (days < 0).any():
        raise ValueError("时间不能为负")
    if not np.isin(ended, (0, 1)).all():
        raise ValueError("事件标记应为 0 或 1")
    return days, ended == 1
