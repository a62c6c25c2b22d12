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

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from pbanalysis.privacy.attack import TOLERANCE, Attack

__all__ = ["System", "Terms", "merge_equals"]

Terms = Mapping[int, float]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

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
        true = np.abs(equations @ values) < TOLERANCE
        under = inequalities @ values <= TOLERANCE
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
            attack = Attack(self, part)
            attack.widen(low, high, width)
            self.programs += attack.programs
        if len(hidden) and (high - low < width).any():
            attack = Attack(self, hidden)
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
            narrow = np.flatnonzero(self.attack(width) < width - TOLERANCE)
            attack = Attack(self, np.flatnonzero(self.hidden))
            fresh: set[int] = set()  # one variable more for each place and pass, not one for each secret
            for secret in narrow:
                fresh |= self._hide_another(int(secret), width, attack, fresh)
            self.programs += attack.programs
            if not fresh:
                return narrow

    def _hide_another(self, secret: int, width: float, attack: Attack, fresh: set[int]) -> set[int]:
        """Hold back the cheapest variable that pins the secret down; what was hidden.

        Nothing, where one that pins it down has been hidden for another secret in this pass.
        """
        own = set(self.secrets[[secret]].indices.tolist())
        if own & fresh:
            return set()
        hidden = self.hidden
        if not any(hidden[v] for v in own):
            return self._hide(own, needed=0.0)
        pins = attack.pins(secret)
        if pins & fresh:
            return set()
        needed = width - float((self.secrets[[secret]] @ self.values)[0])
        if chosen := self._hide({v for v in pins if not hidden[v]}, needed):
            return chosen
        # what pins it down is out already or shows zero: go on along the lines
        seen, frontier = set(own), own
        while frontier:
            near = self._neighbours(frontier) - seen
            if near & fresh:
                return set()
            if chosen := self._hide({v for v in near if not hidden[v]}, needed):
                return chosen
            seen |= near
            frontier = {v for v in near if hidden[v]}
        return self._hide({v for v in own if not hidden[v]}, needed=0.0)

    def _neighbours(self, variables: set[int]) -> set[int]:
        """Variables that stand in a line with one of ``variables``."""
        near: set[int] = set()
        for lines, by_variable in ((self.equal, self._in_sums), (self.most, self._in_bounds)):
            own = np.unique(by_variable[sorted(variables)].indices)
            near |= set(lines[own].indices.tolist())
        return near

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
