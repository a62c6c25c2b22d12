"""Published counts as a linear system, and what an attacker can solve for.

Every number that is published together is a *variable*; numbers that are known to be equal are one
variable. A *showing* is a row of a report or a cell of a table: it shows some variables and is
published or held back whole. A variable is hidden when nothing published shows it. Known relations
between the variables are equations and inequalities. A *secret* is a count (or a difference of two)
that is small; the attacker asks, by linear programming, between which bounds it must lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize as opt
import scipy.sparse as sp

__all__ = ["System", "Terms", "merge_equals"]

Terms = Mapping[int, float]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_ROUNDS = 24  # programs that test many secrets at once, before each is tested alone
_TOLERANCE = 1e-6
_PART = 20_000  # variables that one program may move; the cost of a program grows faster than its size


def merge_equals(n: int, pairs: Sequence[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Number of the class of each of ``n`` numbers when the numbers of each pair are equal.

    Examples
    --------
    >>> merge_equals(4, [(0, 2)]).tolist()
    [0, 1, 0, 2]
    """
    if not pairs:
        return np.arange(n)
    left, right = np.array(pairs).T
    graph = sp.coo_matrix((np.ones(len(left)), (left, right)), shape=(n, n))
    labels: npt.NDArray[np.int64] = sp.csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def _matrix(rows: Sequence[Terms], n: int) -> sp.csr_matrix:
    index = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    columns = np.fromiter((k for r in rows for k in r), dtype=np.int64, count=len(index))
    values = np.fromiter((v for r in rows for v in r.values()), dtype=float, count=len(index))
    return sp.csr_matrix((values, (index, columns)), shape=(len(rows), n))


@dataclass
class System:
    """A publication.

    Attributes
    ----------
    values
        True value of each variable, shape (v,).
    unit
        Number of the unit it belongs to, shape (v,): variables that hang together most closely.
    shows
        1 where a showing shows a variable, shape (s, v).
    equal, most
        ``equal @ values == 0`` and ``most @ values <= 0``; shapes (e, v) and (m, v).
    secrets
        Functionals that must stay wide, shape (k, v).
    cost
        What it costs to hold a showing back, shape (s,).
    fixed
        Showings that are out already and cannot be held back, shape (s,).
    held
        Showings held back, shape (s,).
    """

    values: Floats
    unit: npt.NDArray[np.int64]
    shows: sp.csr_matrix
    equal: sp.csr_matrix
    most: sp.csr_matrix
    secrets: sp.csr_matrix
    cost: Floats
    fixed: Flags
    held: Flags
    programs: int = field(default=0)

    @classmethod
    def build(
        cls,
        values: Floats,
        shows: Sequence[Iterable[int]],
        *,
        equal: Sequence[Terms],
        most: Sequence[Terms],
        secrets: Sequence[Terms],
        cost: Floats,
        fixed: Flags,
        held: Flags,
        unit: npt.NDArray[np.int64] | None = None,
    ) -> System:
        """From lists of terms; equations that do not hold of the true values are left out."""
        n = len(values)
        equations, inequalities = _matrix(equal, n), _matrix(most, n)
        true = np.abs(equations @ values) < _TOLERANCE
        under = inequalities @ values <= _TOLERANCE
        return cls(
            values,
            np.arange(n) if unit is None else unit,
            _matrix([dict.fromkeys(s, 1.0) for s in shows], n),
            equations[np.flatnonzero(true)],
            inequalities[np.flatnonzero(under)],
            _matrix(secrets, n),
            cost,
            fixed,
            held.copy(),
        )

    @property
    def hidden(self) -> Flags:
        """Variables that nothing published shows, shape (v,)."""
        shown: Flags = (self.shows.T @ (~self.held).astype(float)) > 0
        return ~shown

    def attack(self, width: float) -> Floats:
        """Width of the feasible range of each secret, shape (k,).

        Widths of at least ``width`` are lower bounds (the search stops there); narrower ones are exact.
        """
        hidden = np.flatnonzero(self.hidden)
        at: Floats = self.secrets @ self.values
        low, high = at.copy(), at.copy()
        # what a few units can do while all others stay as they are is possible: large counties in parts
        parts = [hidden] if len(hidden) <= _PART else self._parts(hidden)
        for part in parts if len(parts) > 1 else []:
            attack = _Attack(self, part)
            attack.widen(low, high, width)
            self.programs += attack.programs
        if len(hidden) and (high - low < width).any():
            attack = _Attack(self, hidden)
            attack.widen(low, high, width)
            attack.settle(low, high, width)
            self.programs += attack.programs
        widths: Floats = high - low
        return widths

    def _parts(self, hidden: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """The hidden variables, whole units together, in parts that are quickly solved."""
        order = hidden[np.argsort(self.unit[hidden], kind="stable")]
        starts = np.flatnonzero(np.diff(self.unit[order], prepend=-1))
        cuts = [starts[0]]
        for start in starts:
            if start - cuts[-1] >= _PART // 4:
                cuts.append(start)
        return np.split(order, cuts[1:])

    def protect(self, width: float) -> npt.NDArray[np.int64]:
        """Hold further showings back until no secret is narrower than ``width``.

        Returns
        -------
        Secrets that stay narrow because what pins them down is out already, or nothing is left to hold back.
        """
        while True:
            narrow = np.flatnonzero(self.attack(width) < width - _TOLERANCE)
            fresh: set[int] = set()  # one variable more for each equation and pass, not one for each secret
            for secret in narrow:
                fresh |= self._hide_another(int(secret), width, fresh)
            if not fresh:
                return narrow

    def _hide_another(self, secret: int, width: float, fresh: set[int]) -> set[int]:
        """Hold back the cheapest variable near the secret, unless a near one has just been; what was hidden."""
        hidden = self.hidden
        seen: set[int] = set()
        frontier = set(self.secrets[[secret]].indices.tolist())
        if frontier & fresh:
            return set()
        if not any(hidden[v] for v in frontier):
            return self._hide(frontier, needed=0.0)
        needed = width - float((self.secrets[[secret]] @ self.values)[0])
        while frontier:
            seen |= frontier
            sums = self._neighbours(frontier, self.equal, self._in_sums) - seen
            if sums & fresh:
                return set()
            bounds = self._neighbours(frontier, self.most, self._in_bounds) - seen - sums
            for near in (sums, bounds):
                if chosen := self._hide({v for v in near if not hidden[v]}, needed):
                    return chosen
            frontier = {v for v in sums | bounds if hidden[v]}
        return self._hide({v for v in seen if not hidden[v]}, needed=0.0)

    def _neighbours(self, variables: set[int], lines: sp.csr_matrix, by_variable: sp.csr_matrix) -> set[int]:
        """Variables that stand in one of the lines with one of ``variables``."""
        own = np.unique(by_variable[sorted(variables)].indices)
        return set(lines[own].indices.tolist())

    @cached_property
    def _in_sums(self) -> sp.csr_matrix:
        return self.equal.T.tocsr()

    @cached_property
    def _in_bounds(self) -> sp.csr_matrix:
        return self.most.T.tocsr()

    @cached_property
    def _shown_by(self) -> sp.csr_matrix:
        return self.shows.T.tocsr()

    def _hide(self, variables: set[int], needed: float) -> set[int]:
        """Hold back the cheapest of ``variables``: large enough if one is, never one that is out already."""
        best: tuple[float, int, npt.NDArray[np.int64]] | None = None
        for variable in sorted(variables):
            shown = self._shown_by[[variable]].indices
            shown = shown[~self.held[shown]]
            if not len(shown) or self.fixed[shown].any():
                continue
            short = max(needed - self.values[variable], 0.0)
            # a zero gives an attacker no room, so anything else is better
            price = float(self.cost[shown].sum()) + 1e3 * short + 1e8 * (self.values[variable] == 0)
            if best is None or price < best[0]:
                best = (price, variable, shown)
        if best is None:
            return set()
        self.held[best[2]] = True
        return {best[1]}


class _Attack:
    """Linear programs over some variables; the others are known, or kept as they are."""

    def __init__(self, system: System, free: npt.NDArray[np.int64]) -> None:
        self.programs = 0
        self._free = free
        kept = system.values.copy()
        kept[free] = 0.0
        self._true = system.values[free]
        self._equal, self._equal_to = self._reduced(system.equal, kept)
        self._most, self._most_to = self._reduced(system.most, kept)
        self._secrets = system.secrets[:, free].tocsr()
        self._constant: Floats = system.secrets @ kept

    def _reduced(self, matrix: sp.csr_matrix, kept: Floats) -> tuple[sp.csr_matrix, Floats]:
        """Lines with a free variable, and what the others add up to."""
        inside = matrix[:, self._free].tocsr()
        inside.eliminate_zeros()
        lines = np.flatnonzero(np.diff(inside.indptr))
        return inside[lines], -(matrix[lines] @ kept)

    def widen(self, low: Floats, high: Floats, width: float) -> None:
        """Move the bounds of the secrets apart by feasible points, many secrets at once."""
        moves = np.diff(self._secrets.indptr) > 0  # a secret without a free variable does not move
        rng = np.random.default_rng(0)  # which secrets are tested together; the verdict does not depend on it
        idle = 0
        for _ in range(_ROUNDS):
            narrow = np.flatnonzero(moves & (high - low < width))
            if not len(narrow) or idle == 3:
                return
            self._push_many(narrow[rng.random(len(narrow)) < 0.5], width, low, high)
            idle = idle + 1 if (high[narrow] - low[narrow] < width).all() else 0

    def settle(self, low: Floats, high: Floats, width: float) -> None:
        """Exact bounds of each secret that is still narrow."""
        moves = np.diff(self._secrets.indptr) > 0
        for secret in np.flatnonzero(moves & (high - low < width)):
            if high[secret] - low[secret] < width:
                self._solve_one(int(secret), low, high)

    def _push_many(self, chosen: npt.NDArray[np.int64], width: float, low: Floats, high: Floats) -> None:
        """Two feasible points in which as many as possible of the chosen secrets are large, or small."""
        if not len(chosen):
            return
        rows = self._secrets[chosen]
        own = rows @ self._true
        # largest: maximise the sum of gains, each gain at most `width` above the secret's least known value
        cap = width - (self._constant[chosen] + own - low[chosen])
        n, k = rows.shape[1], len(chosen)
        gain = sp.hstack([-rows, sp.identity(k)], format="csr")
        self._visit(
            np.concatenate([np.zeros(n), -np.ones(k)]),
            low,
            high,
            extra=(gain, -own),
            bounds=[(None, float(max(c, 0.0))) for c in cap],
        )
        self._visit(np.asarray(rows.sum(axis=0)).ravel(), low, high)

    def _solve_one(self, secret: int, low: Floats, high: Floats) -> None:
        objective = self._secrets[[secret]].toarray().ravel()
        for sign in (1.0, -1.0):
            if not self._visit(sign * objective, low, high):
                (low if sign > 0 else high)[secret] = -np.inf if sign > 0 else np.inf

    def _visit(
        self,
        objective: Floats,
        low: Floats,
        high: Floats,
        *,
        extra: tuple[sp.csr_matrix, Floats] | None = None,
        bounds: list[tuple[float | None, float]] | None = None,
    ) -> bool:
        """Solve one program and widen the bounds of every secret by the point found; False if unbounded."""
        n, more = len(self._free), len(objective) - len(self._free)

        def padded(matrix: sp.csr_matrix) -> sp.csr_matrix:
            return (
                sp.hstack([matrix, sp.csr_matrix((matrix.shape[0], more))], format="csr") if more else matrix
            )

        most, most_to = padded(self._most), self._most_to
        if extra is not None:
            most, most_to = sp.vstack([most, extra[0]], format="csr"), np.concatenate([most_to, extra[1]])
        self.programs += 1
        found: Any = opt.linprog(
            objective,
            A_ub=most if most.shape[0] else None,
            b_ub=most_to if most.shape[0] else None,
            A_eq=padded(self._equal) if self._equal.shape[0] else None,
            b_eq=self._equal_to if self._equal.shape[0] else None,
            bounds=[(0, None)] * n + list(bounds or []),
            method="highs",
        )
        if found.status == 3 or found.x is None:
            return False
        at = self._constant + self._secrets @ found.x[:n]
        np.minimum(low, at, out=low)
        np.maximum(high, at, out=high)
        return True
