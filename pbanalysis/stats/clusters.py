"""Records that go together: how much less they say than as many independent ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._checks import Numbers, binomial_counts

__all__ = ["DesignEffect", "design_effect"]


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
