"""Several comparisons at once: adjusted p-values. Missing p-values stay missing and do not count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._checks import Floats, Numbers

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "holm"]


def benjamini_hochberg(p: Numbers) -> Floats:
    """Adjusted p-values (q) that hold the expected share of false findings.

    Parameters
    ----------
    p : array_like
        p-values of one family; NaN = not compared.

    Returns
    -------
    ndarray
        Same shape. Flagging q < 0.05 means: of all flags, on average at most 5 % are false.

    Notes
    -----
    Assumes independent or positively dependent tests. Benjamini & Hochberg (1995), JRSS B 57:289.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.02, 0.03, float("nan")])
    array([0.03, 0.03, 0.03,  nan])
    """
    return _adjust(p, _step_up)


def benjamini_yekutieli(p: Numbers) -> Floats:
    """Adjusted p-values that hold the false discovery rate under any dependence.

    Parameters
    ----------
    p : array_like
        p-values of one family; NaN = not compared.

    Returns
    -------
    ndarray
        Same shape; larger than those of :func:`benjamini_hochberg` by 1 + 1/2 + … + 1/m.

    Notes
    -----
    No assumption about dependence. Benjamini & Yekutieli (2001), Ann Stat 29:1165.

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.02]).round(3)
    array([0.03, 0.03])
    """
    return _adjust(p, lambda ranked: np.minimum(_harmonic(ranked.size) * _unbounded_step_up(ranked), 1))


def holm(p: Numbers) -> Floats:
    """Adjusted p-values that hold the chance of any false finding at all.

    Parameters
    ----------
    p : array_like
        p-values of one family; NaN = not compared.

    Returns
    -------
    ndarray
        Same shape.

    Notes
    -----
    No assumption about dependence. Holm (1979), Scand J Stat 6:65.

    Examples
    --------
    >>> holm([0.01, 0.02, 0.03])
    array([0.03, 0.04, 0.04])
    """
    return _adjust(p, _step_down)


def _step_up(ranked: Floats) -> Floats:
    return np.minimum(_unbounded_step_up(ranked), 1)


def _unbounded_step_up(ranked: Floats) -> Floats:
    m = ranked.size
    return np.minimum.accumulate((ranked * m / np.arange(1, m + 1))[::-1])[::-1]


def _step_down(ranked: Floats) -> Floats:
    return np.minimum(np.maximum.accumulate(ranked * np.arange(ranked.size, 0, -1)), 1)


def _harmonic(m: int) -> float:
    return float((1 / np.arange(1, m + 1)).sum())


def _adjust(p: Numbers, rule: Callable[[Floats], Floats]) -> Floats:
    """Apply `rule` to the known p-values in rising order and put the results back in place."""
    values = np.asarray(p, dtype=float)
    known = ~np.isnan(values)
    present = values[known]
    if ((present < 0) | (present > 1)).any():
        raise ValueError("p 值应在 0 与 1 之间")
    order = np.argsort(present)
    adjusted = np.empty_like(present)
    adjusted[order] = rule(present[order])
    result = np.full(values.shape, np.nan)
    result[known] = adjusted
    return result
