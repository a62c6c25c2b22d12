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

from pbanalysis.privacy.attack import REACHES, TOLERANCE, Attack, neighbourhood

__all__ = ["System", "Terms", "merge_equals"]

Terms = Mapping[int, float]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_PART = 300  # variables that one program moves; its cost grows faster than its size


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
        Number of the unit it belongs to, shape (v,): variables that hang together most closely; -1 for
        those above all units (the county's).
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
    low, high
        Least and greatest value of each secret that a feasible point is known for, shape (k,). Holding more
        back leaves every such point feasible, so they only ever move apart.
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
    programs: int = field(default=0, init=False)
    low: Floats = field(init=False)
    high: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.low = self.secrets @ self.values
        self.high = self.low.copy()
        self._times: Floats = self.shows.T @ (~self.held).astype(float)  # how often each variable is shown

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
        unseen: Flags = self._times == 0
        return unseen

    def attack(self, width: float) -> Floats:
        """Width of the range of values that each secret is known to be able to take, shape (k,).

        A lower bound: the search stops at ``width``, and in large systems looks at neighbours only.
        """
        self._search(width)
        widths: Floats = self.high - self.low
        return widths

    def protect(self, width: float) -> npt.NDArray[np.int64]:
        """Hold further showings back until no secret is narrower than ``width``.

        Returns
        -------
        Secrets that stay narrow because what pins them down is out already, or nothing is left to hold back.
        """
        self._search(width)
        stuck = [k for k in self._narrow(width).tolist() if not self._complement(k, width)]
        return np.array(stuck, dtype=np.int64)

    def _narrow(self, width: float) -> npt.NDArray[np.int64]:
        return np.flatnonzero(self.high - self.low < width - TOLERANCE)

    def _complement(self, secret: int, width: float) -> bool:
        """Make one secret wide at the least cost; whether that could be done."""
        if self.high[secret] - self.low[secret] >= width - TOLERANCE:
            return True  # by what another one needed
        for reach in REACHES:
            near = neighbourhood(self, secret, reach)
            moved = Attack(self, near).cheapest(secret, width)
            if moved is not None:
                rows = np.unique(self.shows_by_variable[moved].indices)
                rows = rows[~self.held[rows]]
                self.held[rows] = True
                self._times -= np.bincount(self.shows[rows].indices, minlength=len(self.values))
                return True
        return False

    def _search(self, width: float) -> None:
        """Move the bounds of narrow secrets apart, by what is hidden already.

        Hidden variables that no line joins, not even through others, cannot help each other: each such
        component is attacked by itself, a large one in parts. What a few units can do while the rest stays
        as it is, is possible; what is missed so is found when the secret's complement is looked for.
        """
        for component in self._components(width):
            for part in self._parts(component):
                Attack(self, part).settle(width)

    def _components(self, width: float) -> list[npt.NDArray[np.int64]]:
        """Hidden variables joined by lines, of each component with a secret that is still narrow."""
        hidden = np.flatnonzero(self.hidden)
        lines = sp.vstack([self.equal, self.most, self.secrets], format="csc")[:, hidden]
        joined = sp.block_array([[None, lines], [lines.T, None]], format="csr")
        label = sp.csgraph.connected_components(joined, directed=False)[1][lines.shape[0] :]
        wanted = np.unique(label[self.secrets[self._narrow(width)][:, hidden].indices])
        order = np.argsort(label, kind="stable")
        starts = np.searchsorted(label[order], wanted)
        ends = np.searchsorted(label[order], wanted, side="right")
        return [hidden[order[start:end]] for start, end in zip(starts, ends)]

    def _parts(self, component: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """A component, whole units together; what stands above all units is in every part."""
        if len(component) <= _PART:
            return [component]
        above, below = component[self.unit[component] < 0], component[self.unit[component] >= 0]
        order = below[np.argsort(self.unit[below], kind="stable")]
        starts = np.flatnonzero(np.diff(self.unit[order], prepend=-1))
        cuts = [0]
        for start in starts:
            if start - cuts[-1] >= _PART:
                cuts.append(int(start))
        return [np.concatenate([above, part]) for part in np.split(order, cuts[1:])]

    @cached_property
    def sums_by_variable(self) -> sp.csr_matrix:
        """Equations by variable, shape (v, e)."""
        return self.equal.T.tocsr()

    @cached_property
    def bounds_by_variable(self) -> sp.csr_matrix:
        """Inequalities by variable, shape (v, m)."""
        return self.most.T.tocsr()

    @cached_property
    def secrets_by_variable(self) -> sp.csr_matrix:
        """Secrets by variable, shape (v, k)."""
        return self.secrets.T.tocsr()

    @cached_property
    def shows_by_variable(self) -> sp.csr_matrix:
        """Showings by variable, shape (v, s)."""
        return self.shows.T.tocsr()

    def price(self, variables: npt.NDArray[np.int64]) -> Floats:
        """What it costs to hide each of ``variables``: 0 if hidden, infinite if it is out already."""
        shown = self.shows_by_variable[variables]
        price: Floats = shown @ np.where(self.held, 0.0, self.cost)
        price[shown @ (self.fixed & ~self.held).astype(float) > 0] = np.inf
        return price
