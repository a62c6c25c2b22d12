"""Small units borrow strength: beta-binomial empirical Bayes and James–Stein estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from ._checks import Floats, Numbers, binomial_counts, level, vector

__all__ = ["BetaPrior", "JamesStein", "Posterior", "james_stein", "posterior", "prior_mle", "prior_moments"]

# a fitted α + β beyond this, or one that is no more likely than equal rates, is "no difference"
_BOUNDARY = 1e6
# at the other end every unit is at 0 or 1: so little weight that nothing is borrowed
_NO_SHRINKAGE = 1e-3


@dataclass(frozen=True)
class BetaPrior:
    """How the units' true rates are spread: Beta(α, β) given by its mean and weight.

    Attributes
    ----------
    mean : float
        The common rate.
    weight : float
        α + β, in records; infinite when the units show no difference beyond chance (full pooling).
    total_x, total_n : float
        The pooled counts, for the interval under full pooling.
    """

    mean: float
    weight: float
    total_x: float
    total_n: float

    @property
    def alpha(self) -> float:
        """First parameter."""
        return self.mean * self.weight

    @property
    def beta(self) -> float:
        """Second parameter."""
        return (1 - self.mean) * self.weight

    @property
    def pooled(self) -> bool:
        """True if the units show no difference beyond chance."""
        return bool(np.isinf(self.weight))


class Posterior(NamedTuple):
    """Shrunken rates with their intervals."""

    mean: Floats
    low: Floats
    high: Floats


class JamesStein(NamedTuple):
    """Grand mean, the factor by which deviations are kept, and the estimates."""

    grand_mean: float
    factor: float
    estimate: Floats


def prior_moments(x: Numbers, n: Numbers, *, raw: bool = False) -> BetaPrior:
    """Beta prior from the mean and variance of the units' rates.

    Parameters
    ----------
    x, n : array_like, shape (k,)
        Counts per unit, n > 0, k ≥ 2.
    raw : bool
        True: match mean and variance of the raw rates, unweighted, as in Gelman et al. (BDA3,
        section 5.1), which shrinks too little because it leaves the chance part in the variance.
        False: weighted, the chance part taken out (Kleinman 1973, JASA 68:46).

    Returns
    -------
    BetaPrior
        With infinite weight when no variance is left beyond chance.

    Raises
    ------
    ValueError
        If the rates differ more than any beta distribution allows (few units near 0 and 1).

    Notes
    -----
    Assumes independent records within a unit and exchangeable units.

    Examples
    --------
    >>> p = prior_moments([2, 9, 12, 4], [20, 20, 20, 20])
    >>> print(f"{p.mean:.4f} {p.weight:.2f}")
    0.3375 4.17
    """
    x, n = _units(x, n)
    if raw:
        rate = x / n
        mean, variance = float(rate.mean()), float(rate.var(ddof=1))
        weight = mean * (1 - mean) / variance - 1 if variance > 0 else np.inf
    else:
        mean = float(x.sum() / n.sum())
        spread = float((n * (x / n - mean) ** 2).sum())
        binomial = mean * (1 - mean)
        room = n.sum() - (n**2).sum() / n.sum()
        # E spread = p(1−p)·[(k−1) + ρ·(room − (k−1))], ρ = 1/(α + β + 1)
        extra = room - (n.size - 1)
        rho = (spread / binomial - (n.size - 1)) / extra if binomial > 0 and extra > 0 else 0.0
        weight = 1 / rho - 1 if rho > 0 else np.inf
    if weight <= 0:
        raise ValueError("各单位比率的差异大于贝塔分布所能描述的程度，矩估计不存在，可改用 prior_mle")
    return BetaPrior(mean, float(weight), float(x.sum()), float(n.sum()))


def prior_mle(x: Numbers, n: Numbers) -> BetaPrior:
    """Beta prior by maximum likelihood of the beta-binomial.

    Parameters
    ----------
    x, n : array_like, shape (k,)
        Counts per unit, n > 0, k ≥ 2.

    Returns
    -------
    BetaPrior
        With infinite weight when equal rates are as likely (the boundary: full pooling).

    Notes
    -----
    Assumes independent records within a unit and exchangeable units. Equals VGAM ``betabinomial``.

    Examples
    --------
    >>> prior_mle([4, 5, 6, 5], [20, 20, 20, 20]).pooled
    True
    """
    from scipy import optimize, stats

    x, n = _units(x, n)
    pooled = float(x.sum() / n.sum())
    start = BetaPrior(pooled, np.inf, float(x.sum()), float(n.sum()))
    if pooled in (0.0, 1.0):
        return start

    def loss(theta: Floats) -> float:
        mean, weight = special.expit(theta[0]), np.exp(theta[1])
        return -float(stats.betabinom.logpmf(x, n, mean * weight, (1 - mean) * weight).sum())

    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000}
    fits = [
        optimize.minimize(loss, [special.logit(pooled), np.log(guess)], method="Nelder-Mead", options=options)
        for guess in (2.0, 20.0, 200.0)
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    mean, weight = float(special.expit(best.x[0])), float(np.exp(best.x[1]))
    equal = -float(stats.binom.logpmf(x, n, pooled).sum())
    if weight > _BOUNDARY or equal - float(best.fun) < 1e-6:
        return start
    return BetaPrior(mean, max(weight, _NO_SHRINKAGE), start.total_x, start.total_n)


def posterior(x: Numbers, n: Numbers, prior: BetaPrior, confidence: float = 0.95) -> Posterior:
    """Shrunken rate of each unit with an equal-tailed posterior interval.

    Parameters
    ----------
    x, n : array_like
        Counts per unit; n may be 0 (the prior speaks alone).
    prior : BetaPrior
        From :func:`prior_moments` or :func:`prior_mle`.
    confidence : float
        Posterior probability of the interval.

    Returns
    -------
    Posterior
        Under full pooling every unit gets the common rate with the pooled counts' own interval
        (Jeffreys), not an interval of width zero.

    Notes
    -----
    Assumes exchangeable units; the intervals take the prior as known and are a little too narrow for
    few units. Efron & Morris (1975); BDA3, chapter 5.

    Examples
    --------
    >>> p = posterior(4, 14, BetaPrior(1.4 / 10, 10.0, 0, 0))
    >>> print(f"{p.mean:.3f}")
    0.225
    """
    x, n = binomial_counts(x, n)
    tail = (1 - level(confidence)) / 2
    if prior.pooled:
        a = np.full(x.shape, prior.total_x + 0.5)
        b = np.full(x.shape, prior.total_n - prior.total_x + 0.5)
        mean = np.full(x.shape, prior.mean)
    else:
        a, b = prior.alpha + x, prior.beta + n - x
        mean = a / (a + b)
    return Posterior(mean, special.betaincinv(a, b, tail), special.betaincinv(a, b, 1 - tail))


def james_stein(values: Numbers, variance: float) -> JamesStein:
    """Positive-part James–Stein (Efron–Morris) estimates, shrunken towards the grand mean.

    Parameters
    ----------
    values : array_like, shape (k,), k ≥ 4
        One estimate per unit.
    variance : float
        Their common sampling variance, > 0 (for rates p̄(1 − p̄)/n).

    Returns
    -------
    JamesStein
        ``factor`` = max(0, 1 − (k − 3)·variance / Σ(y − ȳ)²).

    Notes
    -----
    Assumes normal estimates with equal known variance. Efron & Morris (1977), Sci Am 236:119.

    Examples
    --------
    >>> js = james_stein([0.4, 0.35, 0.3, 0.2, 0.15], 0.0045)
    >>> print(f"{js.grand_mean:.2f} {js.factor:.3f}")
    0.28 0.791
    """
    y = vector(values, "估计值", at_least=4)
    if variance <= 0:
        raise ValueError(f"方差应为正数，收到 {variance}")
    mean = float(y.mean())
    spread = float(((y - mean) ** 2).sum())
    factor = max(0.0, 1 - (y.size - 3) * variance / spread) if spread > 0 else 0.0
    return JamesStein(mean, factor, mean + factor * (y - mean))


def _units(x: Numbers, n: Numbers) -> tuple[Floats, Floats]:
    successes, trials = binomial_counts(vector(x, "分子", at_least=2), vector(n, "分母", at_least=2))
    if (trials <= 0).any():
        raise ValueError("分母应为正数：没有数据的单位不参与估计")
    return successes, trials
