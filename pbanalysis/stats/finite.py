"""Spot checks of a finite pile of files, drawn at random without replacement: exact answers.

Clopper–Pearson is too wide here, Wilson with a finite-population correction too narrow. All
comparisons are made in whole numbers, so that a probability of exactly 0.025 is decided as the rule
says (it rejects) and not by rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from ._checks import level

__all__ = ["Faulty", "discovery_sample_size", "faulty_at_least", "faulty_at_most", "faulty_interval"]


class Faulty(NamedTuple):
    """Smallest and largest number of faulty files in the whole pile that the sample allows."""

    low: int
    high: int


def faulty_interval(found: int, checked: int, total: int, confidence: float = 0.95) -> Faulty:
    """Two-sided exact interval for the number of faulty files among `total`.

    Parameters
    ----------
    found : int
        Faulty files seen in the sample.
    checked : int
        Files drawn at random without replacement.
    total : int
        Files in the pile.
    confidence : float
        Two-sided level.

    Returns
    -------
    Faulty
        Every number under which neither "at most `found`" nor "at least `found`" has a
        probability ≤ (1 − confidence)/2.

    Notes
    -----
    Inversion of the hypergeometric tails (Katz 1953; Buonaccorsi 1987, Am Stat 41:215). Not valid
    for files picked because they looked doubtful.

    Examples
    --------
    >>> faulty_interval(1, 12, 40)
    Faulty(low=1, high=13)
    >>> faulty_interval(0, 3, 10)
    Faulty(low=0, high=6)
    """
    tail = (1 - _exact(confidence)) / 2
    _check(found, checked, total)
    return Faulty(
        _smallest(found, checked, total, tail),
        _largest(found, checked, total, tail),
    )


def faulty_at_most(found: int, checked: int, total: int, confidence: float = 0.95) -> int:
    """One-sided upper bound: with this confidence no more than so many files are faulty.

    Parameters
    ----------
    found, checked, total : int
        As in :func:`faulty_interval`.
    confidence : float
        One-sided level.

    Returns
    -------
    int

    Notes
    -----
    Assumes a random sample without replacement; the same inversion as :func:`faulty_interval`, one tail.

    Examples
    --------
    >>> faulty_at_most(0, 3, 10)
    5
    """
    _check(found, checked, total)
    return _largest(found, checked, total, 1 - _exact(confidence))


def faulty_at_least(found: int, checked: int, total: int, confidence: float = 0.95) -> int:
    """One-sided lower bound: with this confidence at least so many files are faulty.

    Parameters
    ----------
    found, checked, total : int
        As in :func:`faulty_interval`.
    confidence : float
        One-sided level.

    Returns
    -------
    int

    Notes
    -----
    Assumes a random sample without replacement; the same inversion as :func:`faulty_interval`, one tail.

    Examples
    --------
    >>> faulty_at_least(3, 12, 40)
    4
    """
    _check(found, checked, total)
    return _smallest(found, checked, total, 1 - _exact(confidence))


def discovery_sample_size(total: int, rate: float = 0.05, confidence: float = 0.95) -> int:
    """Smallest random sample that meets at least one faulty file if ⌈rate·total⌉ are faulty.

    Parameters
    ----------
    total : int
        Files in the pile, ≥ 1.
    rate : float
        The share of faulty files one would not want to miss, in (0, 1].
    confidence : float
        Probability of meeting at least one; it must be exceeded (as in the published table: with one
        faulty file of 20, nineteen files reach exactly 95 % and twenty are asked for).

    Returns
    -------
    int

    Notes
    -----
    Assumes a random sample without replacement. Discovery sampling as in audit handbooks (100 files,
    5 %, 95 % → 45).

    Examples
    --------
    >>> [discovery_sample_size(n) for n in (10, 40, 100, 500)]
    [10, 31, 45, 56]
    """
    if total < 1 or not 0 < rate <= 1:
        raise ValueError(f"总份数应至少为 1，比例应在 0 与 1 之间，收到 {total}、{rate}")
    miss = 1 - _exact(confidence)
    faulty = math.ceil(Fraction(str(rate)) * total)

    def enough(size: int) -> bool:
        return math.comb(total - faulty, size) < miss * math.comb(total, size)

    return _first(1, total - faulty + 1, enough)


def _exact(confidence: float) -> Fraction:
    """Return 0.95 as 19/20: the decimal the user meant, not its binary neighbour."""
    return Fraction(str(level(confidence)))


def _check(found: int, checked: int, total: int) -> None:
    if any(int(v) != v for v in (found, checked, total)) or not 0 <= found <= checked <= total:
        raise ValueError(f"应为整数且 0 ≤ 问题份数 ≤ 抽查份数 ≤ 总份数，收到 {found}、{checked}、{total}")


def _at_most(found: int, faulty: int, checked: int, total: int) -> int:
    """Number of samples with at most `found` faulty files (of ``comb(total, checked)``)."""
    sound = total - faulty
    x = max(0, checked - sound)
    term = math.comb(faulty, x) * math.comb(sound, checked - x)
    count = 0
    while x <= min(found, checked, faulty):
        count += term
        # C(K, x+1)·C(N−K, n−x−1) from the term before it; the division is exact
        term = term * (faulty - x) * (checked - x) // ((x + 1) * (sound - checked + x + 1))
        x += 1
    return count


def _largest(found: int, checked: int, total: int, tail: Fraction) -> int:
    """Largest pile of faulty files under which "at most found" is more probable than `tail`."""
    found, checked, total = int(found), int(checked), int(total)
    samples = math.comb(total, checked)

    def refuted(faulty: int) -> bool:
        return _at_most(found, faulty, checked, total) <= tail * samples

    return _first(found, total - checked + found + 1, refuted) - 1


def _smallest(found: int, checked: int, total: int, tail: Fraction) -> int:
    """Smallest pile of faulty files under which "at least found" is more probable than `tail`."""
    found, checked, total = int(found), int(checked), int(total)
    samples = math.comb(total, checked)

    def possible(faulty: int) -> bool:
        return samples - _at_most(found - 1, faulty, checked, total) > tail * samples

    return _first(found, total - checked + found, possible)


def _first(start: int, stop: int, holds: Callable[[int], bool]) -> int:
    """First integer in [start, stop] from which the monotone condition holds; it holds at `stop`."""
    while start < stop:
        middle = (start + stop) // 2
        start, stop = (start, middle) if holds(middle) else (middle + 1, stop)
    return start
