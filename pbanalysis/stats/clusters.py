"""Records that go together: how much less they say than as many independent ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from ._checks import Numbers, binomial_counts, two_sided_z
from .intervals import Interval, wilson

__all__ = ["DesignEffect", "clustered_wilson", "design_effect"]


class DesignEffect(NamedTuple):
    """Variance of a unit's rate as a multiple of the binomial one, and what it was estimated from.

    ``degrees`` counts clusters less units: the degrees of freedom of the estimate.
    """

    value: float
    degrees: int


def design_effect(numerators: Numbers, denominators: Numbers, units: Numbers) -> DesignEffect:
    """Design effect of clusters within units, pooled over the units.

    Estimates how far records of one cluster (a branch) go together, from how the clusters of a unit (a
    township) scatter around *their own unit's* rate. Differences between units do not enter, so that a
    unit that stands out is not taken as noise, as a variance between units would take it.

    Parameters
    ----------
    numerators, denominators : array_like
        Counts of each cluster, shape (c,); clusters without records may stand there with 0.
    units : array_like
        The unit of each cluster, shape (c,).

    Returns
    -------
    DesignEffect
        ``value`` at least 1 (records that scatter less than by chance are taken as independent).

    Notes
    -----
    Ratio estimator of the variance of a proportion from clusters, k/(k−1) Σ(x − np)² per unit, over
    Σ np(1−p). Assumes clusters independent of each other and the same effect in all units. Kish (1965),
    Survey Sampling, §5.4 and §8.2; Rao and Scott (1992), Biometrics 48:577.

    Examples
    --------
    Branches of ten records each that all do the same say as much as one record each:

    >>> design_effect([10, 0, 10, 0, 10, 0], [10] * 6, [0, 0, 0, 1, 1, 1]).value.__round__(1)
    15.0
    """
    x, n = binomial_counts(numerators, denominators)
    codes = np.unique(np.asarray(units), return_inverse=True)[1]
    if codes.shape != n.shape:
        raise ValueError("每个分组都要说明属于哪个单位")
    filled = n > 0
    x, n, codes = x[filled], n[filled], codes[filled]
    count = np.bincount(codes)
    whole_x, whole_n = np.bincount(codes, x), np.bincount(codes, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(whole_n > 0, whole_x / whole_n, 0.0)
        factor = np.where(count > 1, count / (count - 1.0), 0.0)
    scatter = float((factor[codes] * (x - n * rate[codes]) ** 2).sum())
    usable = count > 1
    chance = float((whole_n * rate * (1 - rate))[usable].sum())
    degrees = int((count[usable] - 1).sum())
    return DesignEffect(max(scatter / chance, 1.0) if chance > 0 else 1.0, degrees)


def clustered_wilson(x: Numbers, n: Numbers, effect: DesignEffect, confidence: float = 0.95) -> Interval:
    """Wilson interval of a proportion whose records go together in clusters.

    Estimates where the rate lies, given that n records say as much as n / effect independent ones.

    Parameters
    ----------
    x, n : array_like
        Numerators and denominators, 0 ≤ x ≤ n.
    effect : DesignEffect
        As :func:`design_effect` gives it; with a value of 1 this is :func:`intervals.wilson`.
    confidence : float
        Two-sided level.

    Returns
    -------
    Interval
        NaN where n = 0.

    Notes
    -----
    Assumes the same effect in all units. Effective sample size with Student's t for an effect that was
    itself estimated: Korn and Graubard (1998), Survey Methodology 24:193, there for Clopper–Pearson.

    Examples
    --------
    >>> low, high = clustered_wilson([80], [100], DesignEffect(4.0, 200))
    >>> low.round(3), high.round(3)
    (array([0.607]), array([0.912]))
    """
    trials = np.asarray(n, dtype=float)
    factor = effect.value
    if factor > 1:
        t = special.stdtrit(effect.degrees, (1 + confidence) / 2)
        factor *= (t / two_sided_z(confidence)) ** 2
    return wilson(np.asarray(x, dtype=float) / factor, trials / factor, confidence)
