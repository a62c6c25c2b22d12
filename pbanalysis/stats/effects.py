"""Sizes of differences: two proportions, standardised mean differences, paired changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from ._checks import Floats, Numbers, level, same_length, two_sided_z, vector, whole
from .intervals import newcombe

__all__ = [
    "Effect",
    "PairedChange",
    "TwoProportions",
    "hedges_g",
    "paired_change",
    "smcc",
    "smcr",
    "two_proportions",
]


class Effect(NamedTuple):
    """A standardised effect and its large-sample variance."""

    estimate: float
    variance: float

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the normal interval estimate ± z·√variance."""
        half = two_sided_z(confidence) * float(np.sqrt(self.variance))
        return self.estimate - half, self.estimate + half


class PairedChange(NamedTuple):
    """Mean change of the same persons, t interval and two-sided p-value."""

    mean: float
    low: float
    high: float
    p_value: float
    n: int


class TwoProportions(NamedTuple):
    """Difference p1 − p2 with Newcombe's interval and Fisher's exact two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float


def two_proportions(x1: int, n1: int, x2: int, n2: int, confidence: float = 0.95) -> TwoProportions:
    """Compare two independent proportions.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Successes and trials, denominators > 0.
    confidence : float
        Level of the interval.

    Returns
    -------
    TwoProportions

    Notes
    -----
    Assumes independent records. Newcombe (1998) method 10; Fisher (1935) with the probabilities not
    above the observed one summed, as R ``fisher.test``.

    Examples
    --------
    >>> round(two_proportions(3, 4, 1, 4).p_value, 4)
    0.4857
    """
    from scipy import stats

    if n1 <= 0 or n2 <= 0:
        raise ValueError("两组的分母都应为正数")
    whole(np.array([x1, n1, x2, n2], dtype=float), "计数")
    d = newcombe(x1, n1, x2, n2, confidence)
    p = stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1]
    return TwoProportions(float(d.difference), float(d.low), float(d.high), float(p))


def hedges_g(x: Numbers, y: Numbers) -> Effect:
    """Hedges' g: difference of two independent means in pooled standard deviations, unbiased.

    Parameters
    ----------
    x, y : array_like, shapes (n,), (m,)
        Two independent samples, at least two values each.

    Returns
    -------
    Effect

    Notes
    -----
    Assumes normal values with a common variance. Exact gamma correction; variance 1/n + 1/m +
    g²/(2(n+m)) as metafor ``escalc("SMD")``. Hedges (1981), J Educ Stat 6:107.

    Examples
    --------
    >>> g = hedges_g([2, 4, 6, 8], [1, 2, 3, 4])
    >>> print(f"{g.estimate:.3f} {g.variance:.3f}")
    1.064 0.571
    """
    a, b = vector(x, "第一组", at_least=2), vector(y, "第二组", at_least=2)
    n, m = a.size, b.size
    pooled = ((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2)
    g = float(correction(n + m - 2)) * _over(float(a.mean() - b.mean()), float(pooled))
    return Effect(g, 1 / n + 1 / m + g**2 / (2 * (n + m)))


def smcr(pre: Numbers, post: Numbers) -> Effect:
    """Standardised mean change in standard deviations of the pre-test (raw-score metric).

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Scores of the same persons before and after, n ≥ 3.

    Returns
    -------
    Effect
        Positive = gain.

    Notes
    -----
    Assumes normal scores with equal variance before and after. Variance 2(1−r)/n + g²/(2n) as metafor
    ``escalc("SMCR")``. Becker (1988), Br J Math Stat Psychol 41:257.

    Examples
    --------
    >>> e = smcr([50, 60, 70, 80], [60, 65, 80, 85])
    >>> print(f"{e.estimate:.3f} {e.variance:.3f}")
    0.420 0.034
    """
    before, after = _pairs(pre, post)
    n = before.size
    g = float(correction(n - 1)) * _over(float((after - before).mean()), float(before.var(ddof=1)))
    return Effect(g, 2 * (1 - _correlation(before, after)) / n + g**2 / (2 * n))


def smcc(pre: Numbers, post: Numbers) -> Effect:
    """Standardised mean change in standard deviations of the changes (change-score metric).

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Scores of the same persons before and after, n ≥ 3.

    Returns
    -------
    Effect
        Not comparable with :func:`smcr`: it grows with the correlation of the two tests.

    Notes
    -----
    Assumes normal changes. Variance 1/n + g²/(2n) as metafor ``escalc("SMCC")``. Gibbons, Hedeker &
    Davis (1993), J Educ Stat 18:271.

    Examples
    --------
    >>> e = smcc([50, 60, 70, 80], [60, 65, 80, 85])
    >>> print(f"{e.estimate:.3f} {e.variance:.3f}")
    1.880 0.692
    """
    before, after = _pairs(pre, post)
    n, change = before.size, after - before
    g = float(correction(n - 1)) * _over(float(change.mean()), float(change.var(ddof=1)))
    return Effect(g, 1 / n + g**2 / (2 * n))


def paired_change(pre: Numbers, post: Numbers, confidence: float = 0.95) -> PairedChange:
    """Mean change of the same persons with the paired t-test.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Scores of the same persons, n ≥ 3.
    confidence : float
        Level of the interval.

    Returns
    -------
    PairedChange

    Notes
    -----
    Assumes independent persons and roughly normal changes; for branches as clusters use
    :func:`pbanalysis.stats.resampling.bootstrap`, without normality
    :func:`pbanalysis.stats.resampling.permutation_paired`. Student (1908).

    Examples
    --------
    >>> c = paired_change([50, 60, 70, 80], [60, 65, 80, 85])
    >>> print(f"{c.mean:.1f} ({c.low:.1f} to {c.high:.1f}), p = {c.p_value:.3f}")
    7.5 (2.9 to 12.1), p = 0.014
    """
    before, after = _pairs(pre, post)
    change = after - before
    n = change.size
    mean, error = float(change.mean()), float(change.std(ddof=1) / np.sqrt(n))
    if error == 0:
        return PairedChange(mean, mean, mean, 1.0 if mean == 0 else 0.0, n)
    half = float(special.stdtrit(n - 1, (1 + level(confidence)) / 2)) * error
    p = 2 * float(special.stdtr(n - 1, -abs(mean) / error))
    return PairedChange(mean, mean - half, mean + half, p, n)


def correction(df: npt.ArrayLike) -> Floats:
    """Exact factor J(df) that makes a standardised difference unbiased; NaN for one degree or none."""
    many = np.where(np.asarray(df) > 1, df, np.nan)
    found: Floats = np.exp(special.gammaln(many / 2) - special.gammaln((many - 1) / 2)) / np.sqrt(many / 2)
    return found


def _over(difference: float, variance: float) -> float:
    if variance <= 0:
        raise ValueError("标准差为零，不能计算标准化差异")
    return difference / float(np.sqrt(variance))


def _correlation(a: Floats, b: Floats) -> float:
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _pairs(pre: Numbers, post: Numbers) -> tuple[Floats, Floats]:
    before, after = vector(pre, "前测", at_least=3), vector(post, "后测", at_least=3)
    same_length("前测与后测", before, after)
    return before, after
