"""Can the measurement be trusted? Cronbach's α of a test, Cohen's κ of two checkers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from ._checks import Floats, Numbers, level, matrix, same_length, two_sided_z

__all__ = ["CronbachAlpha", "Kappa", "cohen_kappa", "contingency", "cronbach_alpha"]

KappaWeights: TypeAlias = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True, eq=False)
class CronbachAlpha:
    """Internal consistency of a test; made by :func:`cronbach_alpha`.

    Attributes
    ----------
    raw, standardised : float
        α from covariances and from correlations.
    mean_correlation : float
        Mean correlation between items.
    low, high : float
        Feldt's interval of `raw`.
    item_rest : ndarray, shape (k,)
        Correlation of each item with the sum of the others.
    if_dropped : ndarray, shape (k,)
        α without the item (NaN for a test of two items).
    """

    raw: float
    standardised: float
    mean_correlation: float
    low: float
    high: float
    item_rest: Floats
    if_dropped: Floats


class Kappa(NamedTuple):
    """Agreement beyond chance with its normal interval."""

    kappa: float
    low: float
    high: float
    standard_error: float


def cronbach_alpha(items: Numbers, confidence: float = 0.95) -> CronbachAlpha:
    """Cronbach's α with Feldt's interval and item statistics.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Scores of n ≥ 3 persons on k ≥ 2 items, no gaps, every item varying.
    confidence : float
        Level of the interval.

    Returns
    -------
    CronbachAlpha

    Notes
    -----
    α equals reliability only if all items measure one thing equally well; otherwise a lower bound.
    Cronbach (1951); Feldt, Woodruff & Salih (1987), Appl Psychol Meas 11:93; item statistics as R
    ``psych::alpha``.

    Examples
    --------
    >>> a = cronbach_alpha([[1, 2, 1], [2, 3, 3], [3, 3, 4], [4, 5, 5], [5, 4, 5]])
    >>> print(f"{a.raw:.3f} ({a.low:.3f} to {a.high:.3f})")
    0.950 (0.747 to 0.994)
    """
    scores = matrix(items, "题目得分", rows=3, columns=2)
    n, k = scores.shape
    covariance = np.cov(scores, rowvar=False)
    variances = np.diag(covariance)
    if (variances <= 0).any():
        raise ValueError("有题目得分全部相同，不能计算信度")
    correlation = covariance / np.sqrt(np.outer(variances, variances))
    raw = _alpha(covariance)
    tail, df1, df2 = (1 - level(confidence)) / 2, n - 1, (n - 1) * (k - 1)
    rest = covariance.sum(axis=1) - variances
    rest_variance = covariance.sum() - 2 * covariance.sum(axis=1) + variances
    return CronbachAlpha(
        raw=raw,
        standardised=_alpha(correlation),
        mean_correlation=float((correlation.sum() - k) / (k * (k - 1))),
        low=1 - (1 - raw) * float(special.fdtri(df1, df2, 1 - tail)),
        high=1 - (1 - raw) * float(special.fdtri(df1, df2, tail)),
        item_rest=rest / np.sqrt(variances * rest_variance),
        if_dropped=np.array([_alpha(np.delete(np.delete(covariance, i, 0), i, 1)) for i in range(k)]),
    )


def contingency(first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Count how two checkers judged the same files.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Their judgements, in the same order.

    Returns
    -------
    ndarray of int, shape (c, c)
        Rows: first checker; categories sorted.

    Notes
    -----
    Assumes that both judged every file; the table for :func:`cohen_kappa` (Cohen 1960).

    Examples
    --------
    >>> contingency([0, 0, 1, 1], [0, 1, 1, 1]).tolist()
    [[1, 1], [0, 2]]
    """
    a, b = np.asarray(first), np.asarray(second)
    same_length("两人的判断", a, b)
    categories, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    table = np.zeros((categories.size, categories.size), dtype=np.int64)
    np.add.at(table, (codes[: a.size], codes[a.size :]), 1)
    return table


def cohen_kappa(table: Numbers, weights: KappaWeights = "none", confidence: float = 0.95) -> Kappa:
    """Cohen's κ of two checkers, weighted for ordered categories if wanted.

    Parameters
    ----------
    table : array_like, shape (c, c)
        Counts: first checker in rows, second in columns, same order of categories.
    weights : {"none", "linear", "quadratic"}
        Credit for near misses.
    confidence : float
        Level of the interval.

    Returns
    -------
    Kappa
        NaN where chance alone would agree fully (one category only).

    Notes
    -----
    Assumes independent files and checkers. Cohen (1960, 1968); large-sample variance of Fleiss, Cohen
    & Everitt (1969), as R ``psych::cohen.kappa``.

    Examples
    --------
    >>> k = cohen_kappa([[20, 5], [10, 15]])
    >>> print(f"{k.kappa:.2f} ({k.low:.3f} to {k.high:.3f})")
    0.40 (0.151 to 0.649)
    """
    counts = matrix(table, "列联表", rows=2, columns=2)
    c, n = counts.shape[0], counts.sum()
    if counts.shape[1] != c or (counts < 0).any() or n == 0:
        raise ValueError("列联表应为方阵，计数非负且不全为零")
    distance = np.abs(np.subtract.outer(np.arange(c), np.arange(c))) / (c - 1)
    credit = {"none": np.eye(c), "linear": 1 - distance, "quadratic": 1 - distance**2}.get(weights)
    if credit is None:
        raise ValueError(f"不认识的权重：{weights}")
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = float((credit * p).sum()), float(rows @ credit @ columns)
    if chance >= 1:
        return Kappa(*(float("nan"),) * 4)
    marginal = np.add.outer(credit @ columns, credit.T @ rows)
    inner = (p * (credit * (1 - chance) - marginal * (1 - observed)) ** 2).sum()
    variance = (inner - (observed * chance - 2 * chance + observed) ** 2) / (n * (1 - chance) ** 4)
    kappa = (observed - chance) / (1 - chance)
    error = float(np.sqrt(max(variance, 0.0)))
    half = two_sided_z(confidence) * error
    return Kappa(kappa, kappa - half, kappa + half, error)


def _alpha(covariance: Floats) -> float:
    k = covariance.shape[0]
    if k < 2:
        return float("nan")
    return float(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))
