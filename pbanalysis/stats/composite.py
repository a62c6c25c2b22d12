"""A composite index with its uncertainty. Off by default in reports: weights are opinions.

Scores come from :mod:`pbanalysis.stats.normalise`; missing indicators are dropped with their weight and
the coverage is told; bands are named only when they hold over sampling error and weights alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._checks import Floats, Ints, Numbers, level, matrix, vector

__all__ = [
    "Aggregate",
    "Simulation",
    "aggregate",
    "bands",
    "effective_weights",
    "simulate",
]

UNDECIDED = ""  # the band of a unit that falls into no band reliably


class Aggregate(NamedTuple):
    """Weighted scores and the share of weight that had data; NaN below the coverage floor."""

    score: Floats
    coverage: Floats


@dataclass(frozen=True, eq=False)
class Simulation:
    """Composite scores over sampling error and weights; made by :func:`simulate`.

    Attributes
    ----------
    draws : ndarray, shape (draws, units)
        Score of each unit in each draw.
    score, low, high : ndarray, shape (units,)
        Median and central interval.
    best, worst : ndarray of int, shape (units,)
        Central interval of the places.
    """

    draws: Floats
    score: Floats
    low: Floats
    high: Floats
    best: Ints
    worst: Ints


def aggregate(
    scores: Numbers, weights: Numbers, *, floor: float = 0.75, mean: str = "arithmetic"
) -> Aggregate:
    """Weighted mean of scores; a missing indicator is dropped with its weight.

    Parameters
    ----------
    scores : array_like, shape (units, indicators) or (indicators,)
        NaN = not applicable or unknown.
    weights : array_like, shape (indicators,)
        Non-negative, rescaled to sum 1.
    floor : float
        Below this share of weight with data the index is withheld (NaN), not printed.
    mean : {"arithmetic", "geometric", "harmonic"}
        The latter two let a low score weigh more; they need positive scores.

    Returns
    -------
    Aggregate

    Notes
    -----
    Assumes that what is missing would have been like the rest. COINr ``a_amean``, ``a_gmean``,
    ``a_hmean``; OECD/JRC handbook (2008).

    Examples
    --------
    >>> aggregate([40, float("nan"), 70], [0.5, 0.3, 0.2], floor=0.5)
    Aggregate(score=array([48.57142857]), coverage=array([0.7]))
    """
    values, w = np.atleast_2d(np.asarray(scores, dtype=float)), _weights(weights)
    if values.ndim != 2 or values.shape[1] != w.size:
        raise ValueError(f"得分列数 {values.shape[-1]} 与权重个数 {w.size} 不一致")
    known = ~np.isnan(values)
    coverage = known @ w
    with np.errstate(divide="ignore", invalid="ignore"):
        share = known * w / coverage[:, None]
        filled = np.where(known, values, 1.0)
        if mean == "arithmetic":
            score = (share * filled).sum(axis=1)
        elif mean in ("geometric", "harmonic"):
            if (filled <= 0).any():
                raise ValueError("几何平均与调和平均要求得分为正数")
            if mean == "geometric":
                score = np.exp((share * np.log(filled)).sum(axis=1))
            else:
                score = 1 / (share / filled).sum(axis=1)
        else:
            raise ValueError(f"不认识的平均方式：{mean}")
    # rounding of the sum must not withhold a unit that stands exactly on the floor
    return Aggregate(np.where(coverage >= max(floor, 1e-12) - 1e-12, score, np.nan), coverage)


def effective_weights(scores: Numbers, weights: Numbers) -> Floats:
    """What each indicator really contributes to the differences between units.

    Parameters
    ----------
    scores : array_like, shape (units, indicators)
        Without gaps.
    weights : array_like, shape (indicators,)
        Nominal weights.

    Returns
    -------
    ndarray, shape (indicators,)
        Shares of the variance of the composite, w·cov(indicator, composite)/var; they sum to 1, one
        may be negative. NaN if the composite does not vary.

    Notes
    -----
    Assumes arithmetic aggregation. Becker et al. (2017), Ecol Indic 80:12.

    Examples
    --------
    >>> effective_weights([[0, 50], [100, 51], [50, 50]], [0.5, 0.5]).round(2)
    array([0.99, 0.01])
    """
    values, w = matrix(scores, "得分", rows=2), _weights(weights)
    if values.shape[1] != w.size:
        raise ValueError(f"得分列数 {values.shape[1]} 与权重个数 {w.size} 不一致")
    centred = values - values.mean(axis=0)
    composite = centred @ w
    total = composite @ composite
    if total == 0:
        return np.full(w.shape, np.nan)
    shares: Floats = w * (centred.T @ composite) / total
    return shares


def simulate(
    numerators: Numbers,
    denominators: Numbers,
    posts: Numbers,
    weights: Numbers,
    *,
    larger_better: npt.ArrayLike = True,
    concentration: float = 50.0,
    floor: float = 0.75,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Simulation:
    """Vary sampling error and weights together and see which scores and places remain possible.

    Parameters
    ----------
    numerators, denominators : array_like, shape (units, indicators)
        Counts; a denominator of 0 or NaN = missing.
    posts : array_like, shape (indicators, 2)
        Lower and upper goalpost of each rate.
    weights : array_like, shape (indicators,)
        Nominal weights, the mean of the Dirichlet from which weights are drawn.
    larger_better : bool or array_like of bool, shape (indicators,)
        Direction of each indicator.
    concentration : float
        Sum of the Dirichlet parameters: smaller = weights more in doubt (50: a weight of 0.2 varies
        by about ± 0.06).
    floor, confidence, draws, seed
        Coverage floor, level of the intervals, number of draws, seed.

    Returns
    -------
    Simulation
        Units below the floor are NaN and take place 0.

    Notes
    -----
    Assumes independent records and indicators; rates drawn from Beta(x + ½, n − x + ½). Saisana,
    Saltelli & Tarantola (2005), JRSS A 168:307.

    Examples
    --------
    >>> s = simulate([[18, 9], [10, 5]], [[20, 10], [20, 10]], [[0.4, 1], [0.4, 1]], [0.5, 0.5])
    >>> bool(s.score[0] > s.score[1]), s.best.tolist(), s.worst.tolist()
    (True, [1, 2], [1, 2])
    """
    x, n = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    ends, w = matrix(posts, "目标上下界"), _weights(weights)
    if x.ndim != 2 or x.shape != n.shape or ends.shape != (w.size, 2) or x.shape[1] != w.size:
        raise ValueError("分子、分母应为 单位 × 指标 的同形数组，上下界与权重按指标给出")
    if (ends[:, 0] >= ends[:, 1]).any() or (x > n).any() or (x < 0).any() or concentration <= 0:
        raise ValueError("下界应小于上界，分子应在 0 与分母之间，集中度应为正数")
    known = (n > 0) & ~np.isnan(x)
    rng = np.random.default_rng(seed)
    a, b = np.where(known, x, 0) + 0.5, np.where(known, n - x, 0) + 0.5
    rate = rng.beta(a, b, size=(draws, *x.shape))
    share = np.clip((rate - ends[:, 0]) / (ends[:, 1] - ends[:, 0]), 0, 1)
    score = 100 * np.where(np.broadcast_to(np.asarray(larger_better), w.shape), share, 1 - share)
    drawn = rng.dirichlet(np.maximum(w, 1e-12) * concentration, size=draws)[:, None, :] * known
    enough = known @ w >= max(floor, 1e-12) - 1e-12
    totals = np.full((draws, x.shape[0]), np.nan)
    totals[:, enough] = (score * drawn).sum(axis=2)[:, enough] / drawn.sum(axis=2)[:, enough]
    return _summary(totals, enough, level(confidence))


def bands(simulation: Simulation, cuts: Numbers, names: list[str], probability: float = 0.9) -> list[str]:
    """Name the band of each unit only if it holds in at least `probability` of the draws.

    Parameters
    ----------
    simulation : Simulation
        From :func:`simulate`.
    cuts : array_like, shape (b − 1,)
        Rising scores that separate the bands.
    names : list of str, length b
        From the lowest band to the highest.
    probability : float
        Share of draws required, above one half.

    Returns
    -------
    list of str
        ``""`` where no band is reliable (不作区分) or the score was withheld.

    Notes
    -----
    Assumes what :func:`simulate` assumes.

    Examples
    --------
    >>> s = simulate([[190], [120]], [[200], [200]], [[0, 1]], [1.0])
    >>> bands(s, [60, 90], ["低", "中", "高"])
    ['高', '']
    """
    edges = vector(cuts, "分档界限")
    if (np.diff(edges) <= 0).any() or len(names) != edges.size + 1 or not 0.5 < probability <= 1:
        raise ValueError("分档界限应递增，名称比界限多一个，概率应大于 0.5")
    place = np.searchsorted(edges, simulation.draws, side="right")
    shares = np.stack([(place == b).mean(axis=0) for b in range(len(names))])
    likely = shares.argmax(axis=0)
    sure = (shares.max(axis=0) >= probability) & ~np.isnan(simulation.score)
    return [names[b] if s else UNDECIDED for b, s in zip(likely, sure)]


def _summary(totals: Floats, enough: npt.NDArray[np.bool_], confidence: float) -> Simulation:
    tails = [(1 - confidence) / 2, 0.5, (1 + confidence) / 2]
    units = enough.size
    quantiles, places = np.full((3, units), np.nan), np.zeros((2, units), dtype=np.int64)
    if enough.any():
        kept = totals[:, enough]
        quantiles[:, enough] = np.quantile(kept, tails, axis=0)
        rank = 1 + np.argsort(np.argsort(-kept, axis=1), axis=1)
        places[0, enough] = np.quantile(rank, tails[0], axis=0, method="lower")
        places[1, enough] = np.quantile(rank, tails[2], axis=0, method="higher")
    low, middle, high = quantiles
    return Simulation(totals, middle, low, high, places[0], places[1])


def _weights(weights: Numbers) -> Floats:
    w = vector(weights, "权重")
    if (w < 0).any() or w.sum() == 0:
        raise ValueError("权重应非负且不全为零")
    shares: Floats = w / w.sum()
    return shares
