"""A township beside its county: funnel limits, p-values and the one state that words may use.

The usual normal limits do not hold what they promise at n = 5…100; here the 95 % limits are mid-p
binomial and the 99.8 % limits exact binomial. A township that makes up much of the county is left out
of the baseline; the rest is then an estimate itself, and the comparison allows for that
(hypergeometric instead of binomial law, see docs/adr/0010-statistics.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from ._checks import Bools, Floats, Numbers, same_length, whole
from ._laws import Law, Tails, binomial, hypergeometric
from .clusters import DesignEffect
from .multiple import benjamini_hochberg

__all__ = ["Comparison", "Limits", "State", "Verdict", "compare", "judge", "limits"]

State: TypeAlias = Literal["not_compared", "no_signal", "possible_high", "possible_low", "high", "low"]

INNER = 0.05  # two-sided level of the inner (95 %) limits
OUTER = 0.002  # two-sided level of the outer (99.8 %) limits
LARGE_SHARE = 0.2  # a unit above this share of the total is left out of its own baseline …
FEW_UNITS = 10  # … and so is every unit when there are fewer than this
SMALL = 10  # units with a smaller denominator are not compared
INDEPENDENT = DesignEffect(1.0, 0)  # every record says something of its own


class Limits(NamedTuple):
    """Inner (95 %, mid-p) and outer (99.8 %, exact) limits, on the scale of the rate."""

    low95: Floats
    high95: Floats
    low998: Floats
    high998: Floats


@dataclass(frozen=True, eq=False)
class Comparison:
    """One indicator, all units; made by :func:`compare`. Arrays have one entry per unit.

    Attributes
    ----------
    numerator, denominator, rate : ndarray
        As given; `rate` is NaN where the denominator is 0 or missing.
    baseline : ndarray
        The rate each unit is compared with (of the others, where `excluded`).
    excluded : ndarray of bool
        The unit was left out of its own baseline.
    compared : ndarray of bool
        False where the unit is too small or nothing is there to compare it with.
    limits : Limits
        A unit is outside exactly where its rate lies beyond them. NaN where not compared.
    p_value : ndarray
        Two-sided mid-p value; below 0.05 = outside the inner limits.
    exact_p_value : ndarray
        Two-sided exact p-value; below 0.002 = outside the outer limits.
    effect : DesignEffect
        How far records go together; give it to :func:`limits` when drawing.
    """

    numerator: Floats
    denominator: Floats
    rate: Floats
    baseline: Floats
    excluded: Bools
    compared: Bools
    limits: Limits
    p_value: Floats
    exact_p_value: Floats
    effect: DesignEffect


class Verdict(NamedTuple):
    """Adjusted p-values and states of one comparison, one entry per unit."""

    q_value: Floats
    state: npt.NDArray[np.str_]


def compare(
    numerators: Numbers,
    denominators: Numbers,
    *,
    baseline: float | None = None,
    min_denominator: int = SMALL,
    effect: DesignEffect = INDEPENDENT,
) -> Comparison:
    """Compare each unit's proportion with the county.

    Parameters
    ----------
    numerators, denominators : array_like of int, shape (k,)
        Counts per unit; NaN or a denominator of 0 = nothing counted there.
    baseline : float, optional
        A fixed rate in (0, 1) to compare with. By default the county's Σ/Σ, without the unit itself
        when it holds more than 20 % of the total or when fewer than ten units have data.
    min_denominator : int
        Smaller units are not compared.
    effect : DesignEffect
        Where records of one branch go together (:func:`clusters.design_effect`): widens the limits by what
        the branches of a unit scatter around their own unit's rate. A variance *between* units is no
        substitute: it takes the very units that stand out as noise.

    Returns
    -------
    Comparison

    Notes
    -----
    Assumes independent records within a unit (else give `effect`). A baseline in which all or none
    succeed is taken as (Σx + ½)/(Σn + 1): a rate of exactly 0 or 1 would turn any deviation into
    certainty. Spiegelhalter (2005), Stat Med 24:1185; the law for an excluded unit is Thatcher's
    (1964) prediction of a further sample, which is Fisher's test of the unit against the rest.

    Examples
    --------
    >>> c = compare([20] * 11 + [38], [40] * 12)
    >>> judge([c])[0].state[[0, -1]].tolist()
    ['no_signal', 'high']
    """
    x, n = _counts(numerators, denominators)
    if baseline is not None and not 0 < baseline < 1:
        raise ValueError(f"基准率应在 0 与 1 之间（不含两端），收到 {baseline}")
    _check(effect)
    excluded, rest_x, rest_n = _others(x, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, base = x / n, rest_x / rest_n
    if baseline is None:
        reference = np.clip(base, 0.5 / (rest_n + 1), (rest_n + 0.5) / (rest_n + 1))
    else:
        excluded = np.zeros_like(excluded)
        base = reference = np.full(n.shape, float(baseline))
    compared = (n >= max(min_denominator, 1)) & ~np.isnan(base)
    inner, outer, *ends = (np.full(n.shape, np.nan) for _ in range(6))
    apart, within = compared & excluded, compared & ~excluded
    for chosen, law in (
        (within, binomial(n[within], reference[within])),
        (apart, hypergeometric(n[apart], rest_x[apart], rest_n[apart])),
    ):
        if chosen.any():
            tails = law(x[chosen])
            inner[chosen], outer[chosen] = _two_sided(tails.mid()), _two_sided(tails.exact())
            for end, value in zip(ends, _limits(law, n[chosen])):
                end[chosen] = value
    bounds = Limits(*ends)
    if effect.value > 1:
        # the rest of the county is an estimate too, where the unit was left out of it
        size = _effective(np.maximum(n, 1), np.where(excluded, np.maximum(rest_n, 1), np.inf), effect)
        p = _effective_p(rate, reference, size, effect.degrees)
        inner, outer = np.maximum(inner, p), np.maximum(outer, p)
        bounds = _wider(bounds, _effective_limits(reference, size, effect.degrees))
    return Comparison(x, n, rate, base, excluded, compared, bounds, inner, outer, effect)


def judge(family: Sequence[Comparison], false_discovery_rate: float = 0.05) -> list[Verdict]:
    """Turn the comparisons of one family into states, their p-values adjusted together.

    Parameters
    ----------
    family : sequence of Comparison
        Every indicator of one period: township × indicator is the family.
    false_discovery_rate : float
        Level for Benjamini–Hochberg over all p-values of the family.

    Returns
    -------
    list of Verdict
        In the order of `family`. A state is ``not_compared``; ``no_signal`` (inside 95 %);
        ``possible_high`` / ``possible_low`` (outside 95 % only); ``high`` / ``low`` (outside 99.8 %
        and q below the rate).

    Notes
    -----
    Assumes independent or positively dependent comparisons. The two conditions of ``high``/``low``
    guard each other: the outer limits hold single comparisons, Benjamini–Hochberg the family.

    Examples
    --------
    >>> same, gap = compare([8] * 12, [20] * 12), compare([2] * 11 + [20], [40] * 12)
    >>> [v.state[-1].item() for v in judge([same, gap])]
    ['no_signal', 'high']
    """
    if not family:
        return []
    sizes = np.cumsum([c.p_value.size for c in family])[:-1]
    adjusted = np.split(benjamini_hochberg(np.concatenate([c.p_value for c in family])), sizes)
    return [Verdict(q, _states(c, q < false_discovery_rate)) for c, q in zip(family, adjusted)]


def limits(
    denominators: Numbers, baseline: float, *, rest_n: int | None = None, effect: DesignEffect = INDEPENDENT
) -> Limits:
    """Funnel limits around a baseline, for drawing the curve.

    Parameters
    ----------
    denominators : array_like of int
        Sizes at which to draw.
    baseline : float
        Rate in (0, 1).
    rest_n : int, optional
        Records the baseline was estimated from, where the unit itself was left out of it.
    effect : DesignEffect
        As given to :func:`compare`.

    Returns
    -------
    Limits
        Interpolated between whole counts (Spiegelhalter 2005, appendix A.1.1) and clipped to [0, 1];
        a unit of that size is outside exactly where its rate lies beyond.

    Notes
    -----
    Assumes binomial counts: 95 % by mid-p, 99.8 % exact; hypergeometric with `rest_n`, as :func:`compare`.

    Examples
    --------
    >>> funnel = limits([10, 100], 0.5)
    >>> funnel.low95.round(3), funnel.high998.round(3)
    (array([0.171, 0.401]), array([1.   , 0.659]))
    """
    n = whole(np.atleast_1d(np.asarray(denominators, dtype=float)), "分母")
    _check(effect)
    if not 0 < baseline < 1 or (n < 1).any():
        raise ValueError("分母应至少为 1，基准率应在 0 与 1 之间")
    centre = np.full(n.shape, float(baseline))
    rest = np.full(n.shape, np.inf if rest_n is None else float(rest_n))
    law = binomial(n, centre) if rest_n is None else hypergeometric(n, np.round(centre * rest), rest)
    bounds = _limits(law, n)
    if effect.value > 1:
        bounds = _wider(bounds, _effective_limits(centre, _effective(n, rest, effect), effect.degrees))
    return bounds


def _check(effect: DesignEffect) -> None:
    if effect.value < 1 or (effect.value > 1 and effect.degrees < 1):
        raise ValueError(f"设计效应不能小于 1，且须由至少两个分组估计，收到 {effect}")


def _counts(numerators: Numbers, denominators: Numbers) -> tuple[Floats, Floats]:
    x, n = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    if x.ndim != 1 or n.ndim != 1:
        raise ValueError("分子、分母应为一维数组")
    same_length("分子与分母", x, n)
    absent = np.isnan(x) | np.isnan(n)
    x, n = np.where(absent, 0.0, x), np.where(absent, 0.0, n)
    if (x < 0).any() or (x > n).any():
        raise ValueError("分子应在 0 与分母之间")
    return whole(x, "分子"), whole(n, "分母")


def _others(x: Floats, n: Floats) -> tuple[Bools, Floats, Floats]:
    """Which units are left out of their own baseline, and the counts each is compared with."""
    excluded = (n > 0) & ((n > LARGE_SHARE * n.sum()) | (np.count_nonzero(n) < FEW_UNITS))
    return excluded, x.sum() - np.where(excluded, x, 0), n.sum() - np.where(excluded, n, 0)


def _states(c: Comparison, discovered: Bools) -> npt.NDArray[np.str_]:
    high = c.rate > c.baseline
    outside = c.p_value < INNER
    far = (c.exact_p_value < OUTER) & discovered
    names: list[State] = ["not_compared", "high", "low", "possible_high", "possible_low"]
    conditions = [~c.compared, far & high, far, outside & high, outside]
    return np.select(conditions, names, default="no_signal")


def _two_sided(tails: tuple[Floats, Floats]) -> Floats:
    low, high = tails
    p: Floats = np.minimum(2 * np.minimum(low, high), 1.0)
    return p


def _limits(law: Law, n: Floats) -> Limits:
    low95, high95 = _inside(law, n, Tails.mid, INNER / 2)
    low998, high998 = _inside(law, n, Tails.exact, OUTER / 2)
    return Limits(low95, high95, low998, high998)


def _inside(
    law: Law, n: Floats, kind: Callable[[Tails], tuple[Floats, Floats]], tail: float
) -> tuple[Floats, Floats]:
    """Rates between which neither tail falls below `tail`, interpolated between whole counts."""

    low = _end(lambda x: kind(law(x))[0], n, tail)
    high = _end(lambda x: kind(law(n - x))[1], n, tail)
    return low / n, 1 - high / n


def _end(probability: Callable[[Floats], Floats], n: Floats, tail: float) -> Floats:
    """Count at which a rising tail probability reaches `tail`, interpolated, at least 0."""
    first = _first(lambda x: probability(x) >= tail, n)
    at = probability(first)
    before = np.where(first > 0, probability(np.maximum(first - 1, 0)), 0.0)
    return np.maximum(first - (at - tail) / (at - before), 0)


def _first(holds: Callable[[Floats], Bools], n: Floats) -> Floats:
    """Smallest whole number in [0, n] from which a monotone condition holds, for all units at once."""
    start, stop = np.zeros_like(n), n.copy()
    while (start < stop).any():
        middle = np.floor((start + stop) / 2)
        good = holds(middle)
        start, stop = np.where(good, start, np.minimum(middle + 1, stop)), np.where(good, middle, stop)
    return start


def _effective(n: Floats, rest_n: Floats, effect: DesignEffect) -> Floats:
    """How many independent records a unit's say as much as, beside a baseline from `rest_n` records."""
    size: Floats = 1 / (effect.value * (1 / n + 1 / rest_n))
    return size


def _at_most(rate: Floats, reference: Floats, size: Floats) -> Floats:
    """Mid-p of a rate or less among `size` binomial trials, which need not be whole."""
    p: Floats = special.betainc(size * (1 - rate) + 0.5, size * rate + 0.5, 1 - reference)
    return p


def _effective_p(rate: Floats, reference: Floats, size: Floats, df: int) -> Floats:
    """Two-sided p-value; the normal deviate is read as Student's t, for the effect was estimated."""
    low = _at_most(rate, reference, size)
    p: Floats = 2 * special.stdtr(df, special.ndtri(np.minimum(low, 1 - low)))
    return p


def _effective_limits(reference: Floats, size: Floats, df: int) -> Limits:
    ends = []
    for tail in (INNER / 2, 1 - INNER / 2, OUTER / 2, 1 - OUTER / 2):
        wanted = special.ndtr(special.stdtrit(df, tail))
        low, high = np.zeros_like(reference), np.ones_like(reference)
        for _ in range(50):  # halvings, to the last digit
            middle = (low + high) / 2
            short = _at_most(middle, reference, size) < wanted
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        # from outside, so that none or all lies beyond a limit only where its p-value says so
        ends.append(np.where(np.isnan(reference), np.nan, low if tail < 0.5 else high))
    return Limits(*ends)


def _wider(a: Limits, b: Limits) -> Limits:
    return Limits(
        np.minimum(a.low95, b.low95),
        np.maximum(a.high95, b.high95),
        np.minimum(a.low998, b.low998),
        np.maximum(a.high998, b.high998),
    )
