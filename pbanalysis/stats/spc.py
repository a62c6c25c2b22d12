"""XmR chart: is the latest month within the usual month-to-month variation?

Rules and constants as NHS "Making data count" (NHSRplotthedots). Fewer than seven points say nothing:
the state is ``insufficient``, never "stable".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from ._checks import Bools, Floats, Ints, Numbers, vector

__all__ = ["Assurance", "Direction", "LastPoint", "Rebase", "Trend", "XmR", "assurance", "trend7", "xmr"]

Direction: TypeAlias = Literal["up", "down", "none"]
Trend: TypeAlias = Literal["insufficient", "common_cause", "improvement", "concern", "high", "low"]
Assurance: TypeAlias = Literal["insufficient", "consistent_pass", "consistent_fail", "inconsistent"]
Rule: TypeAlias = Literal["outside", "trend", "two_of_three", "one_side"]

RUN = 7
_SIGMAS = 2.66  # 3 / d2, d2 = 1.128 for ranges of two
_RANGE_LIMIT = 3.267  # D4 for ranges of two


@dataclass(frozen=True)
class Rebase:
    """New limits from a point on, because the process was changed.

    Attributes
    ----------
    start : int
        Index of the first point of the new stretch.
    reason : str
        What changed; must not be empty.
    on : datetime.date
        When it changed.
    """

    start: int
    reason: str
    on: dt.date

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("重设控制限须写明原因")
        if not isinstance(self.on, dt.date):
            raise ValueError("重设控制限须写明日期")


class LastPoint(NamedTuple):
    """What the last point says, and by which rules."""

    state: Trend
    rules: tuple[Rule, ...]


@dataclass(frozen=True, eq=False)
class XmR:
    """Process limits and signals; made by :func:`xmr`. Arrays have one entry per point.

    Attributes
    ----------
    values, mean, lower, upper : ndarray
        The series, and the centre and limits of each point's stretch.
    near_lower, near_upper : ndarray
        Two thirds of the way to the limits.
    segment : ndarray of int
        0, 1, … : which stretch between rebases a point belongs to.
    outside, trend, two_of_three, one_side : ndarray of int
        +1 / −1 where the rule fires *at* that point (above / below, rising / falling), else 0.
    """

    values: Floats
    mean: Floats
    lower: Floats
    upper: Floats
    near_lower: Floats
    near_upper: Floats
    segment: Ints
    outside: Ints
    trend: Ints
    two_of_three: Ints
    one_side: Ints

    @property
    def enough(self) -> bool:
        """Whether the last stretch has the seven points that the rules need."""
        return int((self.segment == self.segment[-1]).sum()) >= RUN

    def special(self) -> Bools:
        """Return which points are part of a signal (for colouring), seven-point runs as a whole."""
        flagged: Bools = (self.outside != 0) | (self.two_of_three != 0)
        for rule in (self.trend, self.one_side):
            for end in np.flatnonzero(rule):
                flagged[end - RUN + 1 : end + 1] = True
        return flagged

    def last_point(self, direction: Direction = "none") -> LastPoint:
        """Return the state of the last point.

        `direction` says which way is good: ``"up"`` and ``"down"`` give ``improvement`` or
        ``concern``, ``"none"`` gives ``high`` or ``low``.
        """
        if not self.enough:
            return LastPoint("insufficient", ())
        named: list[tuple[Rule, Ints]] = [
            ("outside", self.outside),
            ("trend", self.trend),
            ("two_of_three", self.two_of_three),
            ("one_side", self.one_side),
        ]
        fired = tuple(rule for rule, signs in named if signs[-1])
        if not fired:
            return LastPoint("common_cause", ())
        # where rules disagree (rising, yet still below the mean) the first, strongest one decides
        sign = next(int(signs[-1]) for _, signs in named if signs[-1])
        if direction == "none":
            return LastPoint("high" if sign > 0 else "low", fired)
        good = sign == (1 if direction == "up" else -1)
        return LastPoint("improvement" if good else "concern", fired)

    def assurance(self, target: float, direction: Direction) -> Assurance:
        """Return whether the last stretch's limits lie wholly on one side of `target`."""
        if not self.enough:
            return "insufficient"
        return assurance(float(self.lower[-1]), float(self.upper[-1]), target, direction)


def xmr(values: Numbers, *, screen: bool = True, rebases: Sequence[Rebase] = ()) -> XmR:
    """Individuals chart: mean ± 2.66 · mean moving range.

    Parameters
    ----------
    values : array_like, shape (m,)
        One value per period, without gaps.
    screen : bool
        Drop moving ranges ≥ 3.267 times their mean, once, before computing the limits. If nothing
        varies besides the dropped ranges, they are kept: the limits must not collapse on the mean.
    rebases : sequence of Rebase
        Dated reasons to start new limits.

    Returns
    -------
    XmR

    Notes
    -----
    Assumes a stable process between rebases; needs no distribution. Wheeler (1993), Understanding
    Variation; rules as NHSRplotthedots: outside the limits; seven rising or falling (a tie breaks it);
    two of three near a limit with all three on that side; seven on one side of the mean.

    Examples
    --------
    >>> chart = xmr([1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1])
    >>> print(f"{chart.mean[0]:.2f} {chart.lower[0]:.2f} {chart.upper[0]:.2f}")
    1.94 -0.72 4.60
    >>> chart.last_point("up").state
    'common_cause'
    """
    y = vector(values, "序列")
    segment = _segments(y.size, rebases)
    mean, reach = np.empty_like(y), np.empty_like(y)
    for s in range(int(segment[-1]) + 1):
        inside = segment == s
        mean[inside], reach[inside] = y[inside].mean(), _SIGMAS * _average_range(y[inside], screen)
    gap = y - mean
    # a value that equals the mean but for rounding is on neither side of it
    noise = 1e-9 * np.maximum(np.abs(y), np.abs(mean))
    side = np.where(np.abs(gap) <= noise, 0, np.sign(gap)).astype(np.int64)
    outside = np.where(np.abs(gap) > reach + noise, side, 0)
    near = (np.abs(gap) > 2 * reach / 3) & (outside == 0) & (side != 0)
    trend, two, one = np.zeros_like(side), np.zeros_like(side), np.zeros_like(side)
    for s in range(int(segment[-1]) + 1):
        inside = segment == s
        trend[inside] = trend7(y[inside])
        one[inside] = _run(side[inside], RUN)
        two[inside] = _two_of_three(near[inside], side[inside])
    near_reach = 2 * reach / 3
    return XmR(
        y,
        mean,
        mean - reach,
        mean + reach,
        mean - near_reach,
        mean + near_reach,
        segment,
        outside,
        trend,
        two,
        one,
    )


def trend7(values: Numbers) -> Ints:
    """Mark the points that end seven rising (+1) or falling (−1) values; a tie breaks the run.

    Parameters
    ----------
    values : array_like, shape (m,)
        One value per period.

    Returns
    -------
    ndarray of int, shape (m,)

    Notes
    -----
    In a stable process a given run of seven is monotone with probability 2/7! ≈ 0.0004.
    NHSRplotthedots ``ptd_seven_point_trend``.

    Examples
    --------
    >>> trend7([2, 1, 2, 3, 4, 5, 6, 7, 3]).tolist()
    [0, 0, 0, 0, 0, 0, 0, 1, 0]
    """
    y = vector(values, "序列")
    steps = np.sign(np.diff(y)).astype(np.int64)
    return np.concatenate(([0], _run(steps, RUN - 1)))


def assurance(lower: float, upper: float, target: float, direction: Direction) -> Assurance:
    """Compare process limits with a target: will it be met whatever the usual variation does?

    Parameters
    ----------
    lower, upper : float
        Process limits of the *last* stretch.
    target : float
        The target.
    direction : {"up", "down"}
        Which way is good.

    Returns
    -------
    str
        ``consistent_pass``, ``consistent_fail`` or ``inconsistent``.

    Notes
    -----
    Assumes a stable process. NHSRplotthedots ``ptd_calculate_assurance_type``.

    Examples
    --------
    >>> assurance(0.5, 0.7, target=0.9, direction="up")
    'consistent_fail'
    """
    if direction not in ("up", "down"):
        raise ValueError("没有好坏方向的指标不与目标比较")
    if target > upper:
        return "consistent_fail" if direction == "up" else "consistent_pass"
    if target < lower:
        return "consistent_pass" if direction == "up" else "consistent_fail"
    return "inconsistent"


def _segments(size: int, rebases: Sequence[Rebase]) -> Ints:
    starts = [r.start for r in rebases]
    if starts != sorted(set(starts)) or any(not 0 < s < size for s in starts):
        raise ValueError("重设控制限的位置应递增且在序列之内")
    segment = np.zeros(size, dtype=np.int64)
    segment[starts] = 1
    return segment.cumsum()


def _average_range(y: Floats, screen: bool) -> float:
    ranges = np.abs(np.diff(y))
    if ranges.size == 0:
        return 0.0
    average = float(ranges.mean())
    kept = ranges[ranges < _RANGE_LIMIT * average]
    if screen and kept.any():
        return float(kept.mean())
    return average


def _run(signs: Ints, length: int) -> Ints:
    """The sign at each place that ends `length` equal non-zero signs, else 0."""
    result = np.zeros_like(signs)
    if signs.size >= length:
        totals = np.lib.stride_tricks.sliding_window_view(signs, length).sum(axis=1)
        result[length - 1 :] = np.where(np.abs(totals) == length, np.sign(totals), 0)
    return result


def _two_of_three(near: Bools, side: Ints) -> Ints:
    """The side at near points that belong to three points of one side, two of them near."""
    result = np.zeros_like(side)
    for start in range(side.size - 2):
        window = slice(start, start + 3)
        if abs(side[window].sum()) == 3 and near[window].sum() >= 2:
            result[window] = np.where(near[window], side[window], result[window])
    return result
