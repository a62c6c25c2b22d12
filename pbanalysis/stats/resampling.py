"""Resampling: BCa bootstrap over persons or whole branches, and permutation tests."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from ._checks import Floats, Numbers, level, same_length, vector

__all__ = ["Bootstrap", "bootstrap", "permutation_paired", "permutation_two_sample"]


class Bootstrap(NamedTuple):
    """Estimate and BCa interval; NaN ends where resampling does not vary. `units_n` were resampled."""

    estimate: float
    low: float
    high: float
    standard_error: float
    units_n: int


def bootstrap(
    statistic: Callable[..., Any],
    *columns: Numbers,
    clusters: npt.ArrayLike | None = None,
    of_sums: bool = False,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Bootstrap:
    """BCa bootstrap interval of any statistic, resampling persons or whole clusters.

    Parameters
    ----------
    statistic : callable
        Takes as many one-dimensional arrays as there are `columns`, returns a number. With `of_sums` it
        takes their sums instead, arrays of any shape (one sum a resample), and works elementwise.
    *columns : array_like, shape (n,)
        Data of the same persons, resampled together.
    clusters : array_like, shape (n,), optional
        Whole clusters (branches) are resampled: persons of one branch learn together.
    of_sums : bool
        The statistic is a function of the columns' sums: all resamples at once, some twenty times faster.
    confidence : float
        Two-sided level.
    resamples, seed : int
        Number of resamples; the seed makes the result repeatable.

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        With fewer than three persons (or clusters) to resample.

    Notes
    -----
    Assumes independent clusters; with fewer than about ten the interval is too narrow (measured in
    docs/calibration.md). Efron (1987), JASA 82:171; acceleration from leaving out clusters.

    Examples
    --------
    >>> b = bootstrap(np.mean, [4, 8, 6, 5, 3, 7, 9, 2], resamples=500)
    >>> b.low < b.estimate < b.high
    True
    """
    data = [vector(c, "数据") for c in columns]
    if not data:
        raise ValueError("至少需要一列数据")
    same_length("各列", *data)
    labels = np.arange(data[0].size) if clusters is None else np.asarray(clusters)
    same_length("数据与分组", data[0], labels)
    _, member = np.unique(labels, return_inverse=True)
    rows = [np.flatnonzero(member == g) for g in range(int(member.max()) + 1)]
    if len(rows) < 3:
        raise ValueError(f"可重抽样的单位不足 3 个，收到 {len(rows)} 个")

    units: tuple[npt.NDArray[Any], ...]
    if of_sums:
        units = tuple(np.bincount(member, weights=column) for column in data)
        estimate, resampled = statistic(*(column.sum() for column in data)), _of_sums(statistic)
    else:
        units = (np.arange(len(rows)),)
        estimate, resampled = statistic(*data), _of_rows(statistic, data, rows)
    with warnings.catch_warnings():
        # a statistic that does not vary has no BCa interval: the ends are NaN, which says it
        warnings.simplefilter("ignore")
        result = stats.bootstrap(
            units,
            _tied(resampled, float(estimate)),
            vectorized=True,
            paired=True,
            n_resamples=resamples,
            confidence_level=level(confidence),
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    ends = result.confidence_interval
    return Bootstrap(
        float(estimate), float(ends.low), float(ends.high), float(result.standard_error), len(rows)
    )


def _tied(statistic: Callable[..., Any], estimate: float) -> Callable[..., Any]:
    """Resamples that hold the same units tie: the order of a sum must not decide which is larger.

    With three branches two of nine resamples are the sample itself, and BCa counts how many lie below it.
    """
    digits = 12 - math.ceil(math.log10(abs(estimate))) if np.isfinite(estimate) and estimate else 12

    def rounded(*data: npt.NDArray[Any], axis: int) -> Any:
        return np.round(statistic(*data, axis=axis), digits)

    return rounded


def _of_sums(statistic: Callable[..., Any]) -> Callable[..., Any]:
    def resampled(*totals: Floats, axis: int) -> Any:
        return statistic(*(total.sum(axis=axis) for total in totals))

    return resampled


def _of_rows(
    statistic: Callable[..., Any], data: list[Floats], rows: list[npt.NDArray[np.int64]]
) -> Callable[..., Any]:
    def one(units: npt.NDArray[np.int64]) -> float:
        chosen = np.concatenate([rows[int(u)] for u in units])
        return float(statistic(*(column[chosen] for column in data)))

    def resampled(units: npt.NDArray[np.int64], axis: int) -> Any:
        return np.apply_along_axis(one, axis, units)

    return resampled


def permutation_two_sample(x: Numbers, y: Numbers, *, resamples: int = 9999, seed: int = 0) -> float:
    """Two-sided permutation p-value for the difference of two means.

    Parameters
    ----------
    x, y : array_like
        Two independent samples.
    resamples, seed : int
        All permutations are used when there are no more than `resamples`.

    Returns
    -------
    float

    Notes
    -----
    Assumes only that the labels are exchangeable if nothing differs. Fisher (1935); Pitman (1937).

    Examples
    --------
    >>> permutation_two_sample([1, 2, 3], [7, 8, 9])
    0.1
    """
    samples = (vector(x, "第一组"), vector(y, "第二组"))

    def difference(a: Floats, b: Floats, axis: int) -> Any:
        return a.mean(axis=axis) - b.mean(axis=axis)

    return _permuted(samples, difference, "independent", resamples, seed)


def permutation_paired(pre: Numbers, post: Numbers, *, resamples: int = 9999, seed: int = 0) -> float:
    """Two-sided sign-flip p-value for the mean change of the same persons.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Scores of the same persons.
    resamples, seed : int
        All sign patterns are used when there are no more than `resamples`.

    Returns
    -------
    float

    Notes
    -----
    Assumes only that each change would be symmetric around zero if nothing changed. Fisher (1935).

    Examples
    --------
    >>> permutation_paired([1, 2, 3, 4, 5], [2, 4, 6, 8, 9])
    0.0625
    """
    before, after = vector(pre, "前测"), vector(post, "后测")
    same_length("前测与后测", before, after)

    def mean(change: Floats, axis: int) -> Any:
        return change.mean(axis=axis)

    return _permuted((after - before,), mean, "samples", resamples, seed)


def _permuted(
    samples: tuple[Floats, ...], statistic: Callable[..., Any], kind: str, resamples: int, seed: int
) -> float:
    result = stats.permutation_test(
        samples,
        statistic,
        permutation_type=kind,
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)
