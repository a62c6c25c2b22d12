"""Tail probabilities of a unit's count under a law, for whole arrays of units at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy import special

from ._checks import Floats


class Tails(NamedTuple):
    """Probabilities of at most x, less than x, at least x, more than x."""

    at_most: Floats
    less: Floats
    at_least: Floats
    more: Floats

    def exact(self) -> tuple[Floats, Floats]:
        return self.at_most, self.at_least

    def mid(self) -> tuple[Floats, Floats]:
        return (self.at_most + self.less) / 2, (self.at_least + self.more) / 2


Law: TypeAlias = Callable[[Floats], Tails]


def binomial(n: Floats, p: Floats) -> Law:
    trials = n.astype(np.int64)

    def tails(x: Floats) -> Tails:
        less = np.where(x > 0, special.bdtr(np.maximum(x - 1, 0), trials, p), 0.0)
        at_least = special.bdtrc(x - 1, trials, p)
        return Tails(special.bdtr(x, trials, p), less, at_least, special.bdtrc(x, trials, p))

    return tails


def hypergeometric(n: Floats, rest_x: Floats, rest_n: Floats) -> Law:
    """Law of a unit's count given the rest: all successes are shared out at random."""

    def one(x: float, n: float, rest_x: float, rest_n: float) -> tuple[float, float, float, float]:
        successes = x + rest_x
        support = np.arange(max(0.0, successes - rest_n), min(n, successes) + 1)
        weight = _log_choose(n, support) + _log_choose(rest_n, successes - support)
        mass = np.exp(weight - weight.max())
        mass /= mass.sum()
        at, below = mass[support == x].sum(), mass[support < x].sum()
        above = mass[support > x].sum()
        return at + below, below, at + above, above

    def tails(x: Floats) -> Tails:
        rows = [one(*row) for row in zip(x, n, rest_x, rest_n)]
        return Tails(*np.array(rows).T)

    return tails


def _log_choose(n: float, k: Floats) -> Floats:
    result: Floats = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return result
