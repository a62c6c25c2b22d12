"""The attacker, and his opponent: linear programs over what is not shown, or might not be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.optimize as opt
import scipy.sparse as sp

if TYPE_CHECKING:
    from pbanalysis.privacy.cells import System

__all__ = ["REACHES", "TOLERANCE", "Attack", "Reach", "neighbourhood"]

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

TOLERANCE = 1e-6
_ROUNDS = 24  # programs that test many secrets at once, before each is tested alone
_FEW = 4  # secrets that are as quickly tested alone


class Reach(NamedTuple):
    """How far from a secret its complement is looked for: lines away, and terms of a long line."""

    lines: int
    terms: int


REACHES = (Reach(4, 6), Reach(8, 30), Reach(10**9, 10**9))


def neighbourhood(system: System, secret: int, reach: Reach) -> Whole:
    """Variables that may move to make a secret wide: near it, of long lines the cheapest to move.

    Of a sum over two thousand townships a handful is enough to take up what the secret gains.
    """
    inside = frontier = np.unique(system.secrets[[secret]].indices).astype(np.int64)
    for _ in range(reach.lines):
        found = [frontier]
        for lines, by_variable in (
            (system.equal, system.sums_by_variable),
            (system.most, system.bounds_by_variable),
        ):
            for line in np.unique(by_variable[frontier].indices).tolist():
                terms = lines.indices[lines.indptr[line] : lines.indptr[line + 1]].astype(np.int64)
                if len(terms) > 2 * reach.terms:
                    order = np.lexsort((-system.values[terms], _rank(system, terms)))
                    terms = terms[order[: reach.terms]]
                found.append(terms)
        frontier = np.setdiff1d(np.concatenate(found), inside)
        if not len(frontier):
            break
        inside = np.union1d(inside, frontier)
    return inside


def _rank(system: System, variables: Whole) -> Floats:
    """Hidden ones first, then by price for what can be moved; zeros and what is out already last."""
    price = system.price(variables)
    return np.where(system.values[variables] == 0, 1e8, 0.0) + np.where(np.isinf(price), 1e12, price)


class Attack:
    """Linear programs over some variables, and the secrets they stand in; the others stay as they are."""

    def __init__(self, system: System, free: Whole) -> None:
        self._system, self._free = system, free
        self._true = system.values[free]
        self._position = np.full(len(system.values), -1)
        self._position[free] = np.arange(len(free))
        self._equal, self._equal_to = self._lines(system.equal, system.sums_by_variable)
        self._most, self._most_to = self._lines(system.most, system.bounds_by_variable)
        self._secrets = np.unique(system.secrets_by_variable[free].indices).astype(np.int64)
        self._terms, self._constant = self._split(system.secrets[self._secrets])

    def _lines(self, lines: sp.csr_matrix, by_variable: sp.csr_matrix) -> tuple[sp.csr_matrix, Floats]:
        """Lines with a free variable, and what these have to add up to."""
        inside, kept = self._split(lines[np.unique(by_variable[self._free].indices)])
        return inside, -kept

    def _split(self, lines: sp.csr_matrix) -> tuple[sp.csr_matrix, Floats]:
        """The terms of free variables, and what the others add up to."""
        at = self._position[lines.indices]
        row = np.repeat(np.arange(lines.shape[0]), np.diff(lines.indptr))
        inside = at >= 0
        shape = (lines.shape[0], len(self._free))
        terms = sp.csr_matrix((lines.data[inside], (row[inside], at[inside])), shape=shape)
        rest = np.where(inside, 0.0, lines.data * self._system.values[lines.indices])
        kept = np.bincount(row, weights=rest, minlength=lines.shape[0]).astype(float)
        return terms, kept

    # ---- the attacker: what is hidden moves

    def settle(self, width: float) -> None:
        """Move the bounds of the narrow secrets apart by feasible points: many at once, then each alone."""
        system = self._system
        moves = self._secrets[np.diff(self._terms.indptr) > 0]
        rng = np.random.default_rng(0)  # which secrets are tested together; the verdict does not depend on it
        idle = 0
        for _ in range(_ROUNDS):
            narrow = moves[system.high[moves] - system.low[moves] < width]
            if len(narrow) <= _FEW or idle == 3:
                break
            self._push_many(narrow[rng.random(len(narrow)) < 0.5], width)
            idle = idle + 1 if (system.high[narrow] - system.low[narrow] < width).all() else 0
        for secret in moves[system.high[moves] - system.low[moves] < width].tolist():
            if system.high[secret] - system.low[secret] < width:
                objective = self._terms[[self._number(secret)]].toarray().ravel()
                if not self._visit(objective):
                    system.low[secret] = -np.inf
                if not self._visit(-objective):
                    system.high[secret] = np.inf

    def _number(self, secret: int) -> int:
        return int(np.searchsorted(self._secrets, secret))

    def _push_many(self, chosen: Whole, width: float) -> None:
        """Two feasible points in which as many as possible of the chosen secrets are large, or small."""
        if not len(chosen):
            return
        mine = np.searchsorted(self._secrets, chosen)
        rows = self._terms[mine]
        own = rows @ self._true
        # largest: maximise the sum of gains, each gain at most `width` above the secret's least known value
        cap = width - (self._constant[mine] + own - self._system.low[chosen])
        n, k = rows.shape[1], len(chosen)
        gain = sp.hstack([-rows, sp.identity(k)], format="csr")
        bounds = [(None, float(max(c, 0.0))) for c in cap]
        self._visit(np.concatenate([np.zeros(n), -np.ones(k)]), gain, -own, bounds)
        self._visit(np.asarray(rows.sum(axis=0)).ravel())

    def _visit(
        self,
        objective: Floats,
        extra: sp.csr_matrix | None = None,
        extra_to: Floats | None = None,
        bounds: Sequence[tuple[float | None, float]] = (),
    ) -> bool:
        """Solve one program and learn from the point found; False if unbounded."""
        n, more = len(self._free), len(objective) - len(self._free)
        most, most_to, equal = self._most, self._most_to, self._equal
        if extra is not None:
            most = sp.vstack([_wider(most, more), extra], format="csr")
            most_to, equal = np.concatenate([most_to, extra_to]), _wider(equal, more)
        found = self._solve(objective, most, most_to, equal, self._equal_to, [(0, None)] * n + list(bounds))
        if found.status == 3:
            return False
        self._learn(found.x[:n])
        return True

    def _learn(self, point: Floats) -> None:
        """Widen the bounds of every secret by a feasible point."""
        at = self._constant + self._terms @ point
        low, high, mine = self._system.low, self._system.high, self._secrets
        low[mine], high[mine] = np.minimum(low[mine], at), np.maximum(high[mine], at)

    # ---- his opponent: what is shown may be hidden, at its price

    def cheapest(self, secret: int, width: float) -> Whole | None:
        """Variables to hide so that a secret becomes wide, at the least cost; None if no hiding helps.

        Two points that agree with every line, in which the secret lies ``width`` apart, and which differ
        from the truth as little as can be where something is shown. What differs there is hidden.
        """
        n = len(self._free)
        price = self._system.price(self._free)
        shown = np.flatnonzero(price > 0)
        m = len(shown)
        pick = sp.csr_matrix((np.ones(m), (np.arange(m), shown)), shape=(m, n))
        own = self._terms[[self._number(secret)]]
        zero, unit = sp.csr_matrix((m, n)), sp.identity(m)
        most = sp.block_array(
            [
                [self._most, None, None],
                [None, self._most, None],
                [-own, own, None],
                *([[sign * pick, zero, -unit] for sign in (1, -1)]),
                *([[zero, sign * pick, -unit] for sign in (1, -1)]),
            ],
            format="csr",
        )
        away = np.concatenate([self._true[shown], -self._true[shown]])
        most_to = np.concatenate([self._most_to, self._most_to, [-width], away, away])
        equal = sp.block_diag([self._equal, self._equal], format="csr")
        bounds = [(x, x) if out else (0, None) for x, out in zip(self._true.tolist(), np.isinf(price))] * 2
        found = self._solve(
            np.concatenate([np.zeros(2 * n), np.minimum(price[shown], 1e12)]),
            most,
            most_to,
            _wider(equal, m),
            np.concatenate([self._equal_to, self._equal_to]),
            [*bounds, *[(0, None)] * m],
        )
        if found.x is None:
            return None
        self._learn(found.x[:n])
        self._learn(found.x[n : 2 * n])
        moved: Whole = self._free[shown[found.x[2 * n :] > TOLERANCE]]
        return moved

    def _solve(
        self, objective: Floats, most: sp.csr_matrix, most_to: Floats, equal: sp.csr_matrix, equal_to: Floats,
        bounds: list[tuple[float | None, float | None]],
    ) -> Any:  # fmt: skip
        self._system.programs += 1
        return opt.linprog(
            objective,
            A_ub=most,
            b_ub=most_to,
            A_eq=equal,
            b_eq=equal_to,
            bounds=bounds,
            method="highs",
        )


def _wider(lines: sp.csr_matrix, more: int) -> sp.csr_matrix:
    return sp.hstack([lines, sp.csr_matrix((lines.shape[0], more))], format="csr")
