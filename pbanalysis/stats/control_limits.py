"""Published control limits and over-dispersion, as FunnelPlotR and OHID (PHE) compute them.

:mod:`pbanalysis.stats.funnel` judges; this module is for conformance with published charts, for
standardised ratios, and for estimating how much units differ beyond chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

from ._checks import Bools, Floats, Numbers, binomial_counts, level, same_length, two_sided_z, vector
from .intervals import Interval

__all__ = ["Dispersion", "Kind", "overdispersed_limits", "overdispersion", "poisson_limits", "score_limits"]

# proportion: arcsine, Winsorised (FunnelPlotR "PR"); ratio-log: log, truncated ("SR", SHMI);
# ratio-sqrt: square root, Winsorised ("SR", CQC); count-ratio: log, Winsorised ("RC")
Kind: TypeAlias = Literal["proportion", "ratio-log", "ratio-sqrt", "count-ratio"]

# FunnelPlotR prints its limits with these rounded quantiles; conformance to 1e-8 needs them.
_PUBLISHED_Z = {0.95: 1.959964, 0.998: 3.090232}


@dataclass(frozen=True, eq=False)
class Dispersion:
    """How much units differ beyond chance; made by :func:`overdispersion`.

    Attributes
    ----------
    kind : str
        The transformation used.
    phi : float
        Mean squared z-score after trimming; about 1 when units differ by chance alone.
    tau2 : float
        Variance between units on the transformed scale (0 if none is found).
    z : ndarray, shape (k,)
        z-score of each unit, not trimmed.
    used_n : int
        Units that entered `phi`.
    target : float
        The common rate (1 for standardised ratios).
    """

    kind: Kind
    phi: float
    tau2: float
    z: Floats
    used_n: int
    target: float


def score_limits(
    denominators: Numbers, average: float, confidence: float = 0.95, *, clipped: bool = True
) -> Interval:
    """Funnel limits of a proportion from the score test (OHID Fingertips "inverse Wilson").

    Parameters
    ----------
    denominators : array_like
        Sizes, > 0.
    average : float
        Baseline proportion in [0, 1].
    confidence : float
        0.95 and 0.998 are customary.
    clipped : bool
        Cut to [0, 1] for drawing.

    Returns
    -------
    Interval

    Notes
    -----
    A normal approximation: at n = 5…100 the 95 % limits are really crossed by 1.8–8.6 % of equal
    units, hence not used for judging. PHEindicatormethods ``phe_funnels``.

    Examples
    --------
    >>> low, high = score_limits([10, 25], 0.8)
    >>> low.round(3), high.round(3)
    (array([0.552, 0.643]), array([1.   , 0.957]))
    """
    n = np.asarray(denominators, dtype=float)
    if not 0 <= average <= 1 or not (n > 0).all():
        raise ValueError("分母应为正数，基准率应在 0 与 1 之间")
    half = two_sided_z(confidence) * np.sqrt(average * (1 - average) / n)
    low, high = average - half, average + half
    return Interval(np.clip(low, 0, 1), np.clip(high, 0, 1)) if clipped else Interval(low, high)


def poisson_limits(expected: Numbers, target: float = 1.0, confidence: float = 0.95) -> Interval:
    """Exact Poisson funnel limits of a standardised ratio at `expected` events.

    Parameters
    ----------
    expected : array_like
        Expected events, > 0.
    target : float
        The ratio at the centre of the funnel.
    confidence : float
        0.95 and 0.998 are customary.

    Returns
    -------
    Interval

    Notes
    -----
    Assumes Poisson counts. FunnelPlotR: the exact interval of a count equal to `expected`.

    Examples
    --------
    >>> low, high = poisson_limits([15, 30])
    >>> low.round(3), high.round(3)
    (array([0.56 , 0.675]), array([1.649, 1.428]))
    """
    e = np.asarray(expected, dtype=float)
    if not (e > 0).all():
        raise ValueError("期望数应为正数")
    tail = (1 - level(confidence)) / 2
    return Interval(
        target * special.gammaincinv(e, tail) / e, target * special.gammaincinv(e + 1, 1 - tail) / e
    )


def overdispersion(
    numerators: Numbers,
    denominators: Numbers,
    kind: Kind = "proportion",
    *,
    trim: float = 0.1,
    consistent: bool = True,
) -> Dispersion:
    """Over-dispersion φ and variance between units τ², robust to a few outlying units.

    Parameters
    ----------
    numerators, denominators : array_like, shape (k,)
        Events and trials (``"proportion"``), events and expected events (``"ratio-…"``), or two
        counts (``"count-ratio"``).
    kind : str
        Transformation and way of trimming, see :data:`Kind`.
    trim : float
        Share Winsorised (``"ratio-log"``: dropped) at each end, in [0, 0.5).
    consistent : bool
        Divide φ by its mean under chance alone (0.71 for 20 Winsorised units): without it, trimming
        hides over-dispersion. False reproduces FunnelPlotR.

    Returns
    -------
    Dispersion

    Notes
    -----
    Assumes an additive random effect on the transformed scale. Spiegelhalter et al. (2012), JRSS A
    175:1; τ² after DerSimonian & Laird (1986). A zero count counts as ½ on the log scale, so that φ
    stays finite.

    Examples
    --------
    >>> d = overdispersion([100, 150, 180, 80, 120, 225], [108, 112, 165, 95, 100, 220],
    ...                    "ratio-log", consistent=False)
    >>> print(f"{d.phi:.4f} {d.tau2:.5f}")
    2.9480 0.01948
    """
    x, n = vector(numerators, "分子", at_least=2), vector(denominators, "分母", at_least=2)
    same_length("分子与分母", x, n)
    if (x < 0).any() or (n <= 0).any() or not 0 <= trim < 0.5:
        raise ValueError("分子应非负、分母应为正数，修剪比例应在 0 与 0.5 之间")
    y, s, centre, target = _transformed(x, n, kind)
    z = (y - centre) / s
    if kind == "ratio-log":
        kept = _untrimmed(z, trim)
        if not kept.any():
            raise ValueError("修剪后没有剩余单位")
        used, usual = z[kept], _null_phi(z.size, trim, False)
    else:
        kept = np.ones(z.shape, dtype=bool)
        used = np.clip(z, *np.quantile(z, [trim, 1 - trim]))
        usual = _null_phi(z.size, trim, True)
    phi = float((used**2).mean()) / (usual if consistent else 1.0)
    return Dispersion(kind, phi, _tau2(phi, s[kept]), z, int(kept.sum()), target)


def overdispersed_limits(
    denominators: Numbers, dispersion: Dispersion, confidence: float = 0.95, *, squared: bool = True
) -> Interval:
    """Funnel limits widened by the variance between units.

    Parameters
    ----------
    denominators : array_like
        Sizes or expected events, > 0.
    dispersion : Dispersion
        From :func:`overdispersion`.
    confidence : float
        0.95 and 0.998 use FunnelPlotR's rounded quantiles.
    squared : bool
        For ``"ratio-sqrt"``: transform back. False draws them as FunnelPlotR does, untransformed.

    Returns
    -------
    Interval

    Notes
    -----
    Assumes the random effect and the counts to be normal on the transformed scale. Same sources as
    :func:`overdispersion`.

    Examples
    --------
    >>> d = overdispersion([30, 45, 20, 38], [60, 60, 60, 60])
    >>> low, high = overdispersed_limits([60], d)
    >>> print(f"{low[0]:.2f}-{high[0]:.2f}")
    0.23-0.86
    """
    n = np.asarray(denominators, dtype=float)
    if not (n > 0).all():
        raise ValueError("分母应为正数")
    z = _PUBLISHED_Z.get(confidence) or two_sided_z(confidence)
    unit = 1.0 if dispersion.kind == "ratio-log" else 4.0
    reach = z * np.sqrt(1 / (unit * n) + dispersion.tau2)
    if dispersion.kind == "proportion":
        centre = np.arcsin(np.sqrt(dispersion.target))
        return Interval(
            np.sin(np.maximum(centre - reach, 0)) ** 2, np.sin(np.minimum(centre + reach, np.pi / 2)) ** 2
        )
    if dispersion.kind == "ratio-sqrt":
        if not squared:
            return Interval(1 - reach, 1 + reach)
        return Interval(np.maximum(1 - reach, 0) ** 2, (1 + reach) ** 2)
    return Interval(dispersion.target * np.exp(-reach), dispersion.target * np.exp(reach))


def _transformed(x: Floats, n: Floats, kind: Kind) -> tuple[Floats, Floats, float, float]:
    """Transformed values, their standard errors, the centre on that scale, and the target."""
    if kind == "proportion":
        binomial_counts(x, n)
        p = float(x.sum() / n.sum())
        return np.arcsin(np.sqrt(x / n)), 1 / (2 * np.sqrt(n)), float(np.arcsin(np.sqrt(p))), p
    if kind == "ratio-sqrt":
        return np.sqrt(x / n), 1 / (2 * np.sqrt(n)), 1.0, 1.0
    if kind == "ratio-log":
        return np.log(np.where(x == 0, 0.5, x) / n), 1 / np.sqrt(n), 0.0, 1.0
    if kind == "count-ratio":
        if x.sum() == 0:
            raise ValueError("分子全为零，无法比较")
        target = float(x.sum() / n.sum())
        s = np.sqrt(x / (x + 0.5) ** 2 + n / (n + 0.5) ** 2)
        return np.log((x + 0.5) / (n + 0.5)), s, float(np.log(target)), target
    raise ValueError(f"不认识的数据类型：{kind}")


def _untrimmed(z: Floats, trim: float) -> Bools:
    """Units left when ranks are cut into 1/trim groups and the outer two groups dropped (SHMI)."""
    if trim == 0:
        return np.ones(z.shape, dtype=bool)
    order = np.sort(z)
    rank = (np.searchsorted(order, z, "left") + np.searchsorted(order, z, "right") + 1) / 2
    group = np.floor(rank / trim / (z.size + 1))
    return (group > 0) & (group < 1 / trim - 1)


def _tau2(phi: float, s: Floats) -> float:
    weight, n = 1 / s**2, s.size
    room = weight.sum() - (weight**2).sum() / weight.sum()
    if room <= 0:
        return 0.0
    return float(max(0.0, (n * phi - (n - 1)) / room))


@lru_cache(maxsize=256)
def _null_phi(n: int, trim: float, winsorised: bool) -> float:
    """Mean of φ when all n z-scores are standard normal, from moments of normal order statistics."""
    z = np.linspace(-9, 9, 6001)
    step = z[1] - z[0]
    density, below, above = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), special.ndtr(z), special.ndtr(-z)

    def square(i: int) -> float:
        """E Z(i)²."""
        constant = np.exp(special.gammaln(n + 1) - special.gammaln(i) - special.gammaln(n - i + 1))
        return float((constant * z**2 * density * below ** (i - 1) * above ** (n - i)).sum() * step)

    def adjacent(i: int) -> float:
        """E Z(i) Z(i+1)."""
        constant = np.exp(special.gammaln(n + 1) - special.gammaln(i) - special.gammaln(n - i))
        part = z * density * below ** (i - 1)
        inner = (part.cumsum() - part / 2) * step
        return float((constant * z * density * above ** (n - i - 1) * inner).sum() * step)

    if not winsorised:
        kept = np.flatnonzero(_untrimmed(np.arange(n, dtype=float), trim))
        return float(np.mean([square(int(i) + 1) for i in kept]))
    cut = (n - 1) * trim
    j = int(np.floor(cut))
    g = cut - j
    end = (1 - g) ** 2 * square(j + 1)
    if g > 0:
        end += g**2 * square(j + 2) + 2 * g * (1 - g) * adjacent(j + 1)
    middle = n - 2 * sum(square(i) for i in range(1, j + 2))
    return (middle + 2 * (j + 1) * end) / n
