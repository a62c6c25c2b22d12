"""Leads for a human check of records: heaped digits, entry bursts, late entry.

A lead is never a verdict. Tests over many townships find something by chance: :func:`leads` adjusts
for that, asks for two independent signals, and says how many false leads to expect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from ._checks import Bools, Floats, Ints, Numbers, same_length, vector, whole
from .multiple import benjamini_hochberg

__all__ = [
    "Burst",
    "DigitHeaping",
    "EntryLag",
    "Leads",
    "digit_heaping",
    "digit_heaping_counts",
    "entry_burst",
    "entry_lag",
    "leads",
]

_DIGIT_SAMPLE = 50  # fewer numbers cannot show heaping
_BURST_SAMPLE = 10  # fewer entries cannot show a burst


class DigitHeaping(NamedTuple):
    """Last-digit test; statistic and p-value are NaN if there were too few numbers."""

    counts: Ints
    statistic: float
    p_value: float
    round_share: float


class Burst(NamedTuple):
    """The most unusual day; NaN p-value if there were too few entries."""

    day: int
    entered_n: int
    expected: float
    p_value: float


class EntryLag(NamedTuple):
    """Days from event to entry: median, 90th percentile, entries before the event, late entries."""

    median: float
    p90: float
    before_n: int
    late_n: int
    n: int


@dataclass(frozen=True, eq=False)
class Leads:
    """Units worth a look; made by :func:`leads`.

    Attributes
    ----------
    q_value : ndarray, shape (units, tests)
        Adjusted over all units and tests.
    signals_n : ndarray of int, shape (units,)
        Tests below the level.
    flagged : ndarray of bool, shape (units,)
        Enough independent signals.
    expected_false : float
        Flagged units to expect if nothing were wrong anywhere.
    """

    q_value: Floats
    signals_n: Ints
    flagged: Bools
    expected_false: float


def digit_heaping(numbers: Numbers, *, smallest: int = 10) -> DigitHeaping:
    """Test whether last digits are heaped (estimates instead of counts).

    Parameters
    ----------
    numbers : array_like of int
        Reported numbers ≥ 0; those below `smallest` are left out: their last digit is the number.
    smallest : int
        See above.

    Returns
    -------
    DigitHeaping
        ``round_share`` is the share of last digits 0 and 5 (0.2 is usual). With fewer than 50 numbers
        nothing is tested.

    Notes
    -----
    Assumes numbers spread over several tens, so that all last digits are equally likely. Pearson's χ²
    with 9 degrees of freedom.

    Examples
    --------
    >>> heaped = digit_heaping([20, 25, 30, 40, 45, 50] * 10)
    >>> heaped.p_value < 0.001, heaped.round_share
    (True, 1.0)
    """
    values = whole(np.abs(vector(numbers, "数值", at_least=0)), "数值")
    digits = values[values >= smallest].astype(np.int64) % 10
    return digit_heaping_counts(np.bincount(digits, minlength=10))


def digit_heaping_counts(counts: Numbers) -> DigitHeaping:
    """Test whether the counts of the last digits 0…9 are equal but for chance.

    Parameters
    ----------
    counts : array_like of int, shape (10,)
        How often each last digit occurs.

    Returns
    -------
    DigitHeaping

    Notes
    -----
    As :func:`digit_heaping`.

    Examples
    --------
    >>> digit_heaping_counts([46, 9, 11, 8, 12, 38, 10, 9, 7, 10]).statistic
    108.75
    """
    observed = whole(vector(counts, "末位数字频数"), "末位数字频数")
    if observed.size != 10 or (observed < 0).any():
        raise ValueError("末位数字频数应为 10 个非负整数")
    n = observed.sum()
    statistic = p = share = float("nan")
    if n > 0:
        share = float((observed[0] + observed[5]) / n)
    if n >= _DIGIT_SAMPLE:
        statistic = float(((observed - n / 10) ** 2 / (n / 10)).sum())
        p = float(special.chdtrc(9, statistic))
    return DigitHeaping(observed.astype(np.int64), statistic, p, share)


def entry_burst(entered: Numbers, county: Numbers, *, resamples: int = 1999, seed: int = 0) -> Burst:
    """Test whether a unit entered unusually much on one day, beside the county's own calendar.

    Parameters
    ----------
    entered : array_like of int, shape (days,)
        Entries of the unit per calendar day.
    county : array_like of int, shape (days,)
        Entries of the whole county per day, the unit's included: reporting days, weekends and
        holidays are the same for all.
    resamples, seed : int
        Monte Carlo draws; the seed makes the result repeatable.

    Returns
    -------
    Burst
        With fewer than ten entries nothing is tested.

    Notes
    -----
    Under the null the unit's entries fall on days as the other units' do (multinomial, half an entry
    added to each day). Statistic: largest (observed − expected)/√(expected + 1); p = (1 + #{as large})
    / (1 + resamples).

    Examples
    --------
    >>> county = [40, 42, 38, 41, 45, 24, 3]
    >>> entry_burst([0, 0, 0, 1, 0, 20, 0], county).day
    5
    """
    own = whole(vector(entered, "每日录入数"), "每日录入数")
    everyone = whole(vector(county, "全县每日录入数"), "全县每日录入数")
    same_length("录入数", own, everyone)
    if (own < 0).any() or (own > everyone).any():
        raise ValueError("每日录入数应非负且不超过全县数")
    n = int(own.sum())
    usual = (everyone - own + 0.5) / (everyone - own + 0.5).sum()
    expected = n * usual
    excess = (own - expected) / np.sqrt(expected + 1)
    day = int(excess.argmax())
    p = float("nan")
    if n >= _BURST_SAMPLE:
        draws = np.random.default_rng(seed).multinomial(n, usual, size=resamples)
        extreme = ((draws - expected) / np.sqrt(expected + 1)).max(axis=1) >= excess[day] - 1e-12
        p = float((1 + extreme.sum()) / (1 + resamples))
    return Burst(day, int(own[day]), float(expected[day]), p)


def entry_lag(days: Numbers, *, late_after: int = 60) -> EntryLag:
    """Describe the days between an event and its entry.

    Parameters
    ----------
    days : array_like
        Entry date minus event date; NaN = unknown, left out.
    late_after : int
        More days than this are late.

    Returns
    -------
    EntryLag

    Notes
    -----
    Assumes nothing: a description (empirical quantiles). Entries that are still to come are not
    there yet, so the latest months look quicker than they are.

    Examples
    --------
    >>> entry_lag([0, 1, 2, 50, -1, 100, float("nan")]).late_n
    1
    """
    lag = np.asarray(days, dtype=float)
    lag = lag[~np.isnan(lag)]
    if lag.size == 0:
        return EntryLag(float("nan"), float("nan"), 0, 0, 0)
    median, p90 = (float(q) for q in np.quantile(lag, [0.5, 0.9]))
    return EntryLag(median, p90, int((lag < 0).sum()), int((lag > late_after).sum()), int(lag.size))


def leads(p_values: Numbers, *, level: float = 0.05, signals: int = 2) -> Leads:
    """Decide which units deserve a look, over all units and independent tests together.

    Parameters
    ----------
    p_values : array_like, shape (units, tests)
        One p-value per unit and screen; NaN = not tested.
    level : float
        False discovery rate.
    signals : int
        Independent signals needed before a unit is named.

    Returns
    -------
    Leads

    Notes
    -----
    Assumes independent tests within a unit. Benjamini & Hochberg (1995); the expected number of false
    leads is Σ P(Binomial(tests of the unit, t) ≥ signals) at the p-value threshold t reached.

    Examples
    --------
    >>> p = np.full((20, 4), 0.5)
    >>> p[3, :2] = 1e-6
    >>> leads(p).flagged.nonzero()[0].tolist()
    [3]
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 2 or signals < 1:
        raise ValueError("p 值应为 单位 × 检验 的二维数组，信号数至少为 1")
    q = benjamini_hochberg(p)
    hits = q < level
    reached = float(p[hits].max()) if hits.any() else 0.0
    tests = (~np.isnan(p)).sum(axis=1)
    # P(Binomial(m, t) ≥ s) as an incomplete beta function; 0 where fewer tests than signals were made
    enough = tests >= signals
    chance = special.betainc(signals, np.where(enough, tests - signals + 1, 1), reached)
    signals_n = hits.sum(axis=1)
    return Leads(q, signals_n, signals_n >= signals, float(np.where(enough, chance, 0.0).sum()))
