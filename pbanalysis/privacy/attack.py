"""The attacker: linear programs over what is not shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy.optimize as opt
import scipy.sparse as sp

if TYPE_CHECKING:
    from pbanalysis.privacy.cells import System

__all__ = ["TOLERANCE", "Attack"]

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-6
_ROUNDS = 24  # programs that test many secrets at once, before each is tested alone


class Attack:
    """Linear programs over some variables; the others are known, or kept as they are."""

    def __init__(self, system: System, free: npt.NDArray[np.int64]) -> None:
        self.programs = 0
        self._free = free
        kept = system.values.copy()
        kept[free] = 0.0
        self._true = system.values[free]
        self._system = system
        self._equal, self._equal_to, self._equal_lines = self._reduced(system.equal, kept)
        self._most, self._most_to, self._most_lines = self._reduced(system.most, kept)
        self._secrets = system.secrets[:, free].tocsr()
        self._constant: Floats = system.secrets @ kept

    def _reduced(
        self, matrix: sp.csr_matrix, kept: Floats
    ) -> tuple[sp.csr_matrix, Floats, npt.NDArray[np.int64]]:
        """Lines with a free variable, what the others add up to, and the numbers of the lines."""
        inside = matrix[:, self._free].tocsr()
        inside.eliminate_zeros()
        lines = np.flatnonzero(np.diff(inside.indptr))
        return inside[lines], -(matrix[lines] @ kept), lines

    def pins(self, secret: int) -> set[int]:
        """Variables in the lines that keep a secret from being larger, or smaller (those with a price)."""
        objective = self._secrets[[secret]].toarray().ravel()
        found: set[int] = set()
        for sign in (1.0, -1.0):
            point = self._program(sign * objective, self._most, self._most_to)
            if point.x is None:
                continue
            for matrix, lines, prices in (
                (self._system.equal, self._equal_lines, point.eqlin.marginals),
                (self._system.most, self._most_lines, point.ineqlin.marginals),
            ):
                dear = lines[np.abs(prices) > TOLERANCE]
                found |= set(matrix[dear].indices.tolist())
        return found - set(self._free.tolist())

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
        n = len(self._free)
        most, most_to = self._most, self._most_to
        if extra is not None:
            most = sp.hstack([most, sp.csr_matrix((most.shape[0], len(objective) - n))], format="csr")
            most, most_to = sp.vstack([most, extra[0]], format="csr"), np.concatenate([most_to, extra[1]])
        found = self._program(objective, most, most_to, bounds or [])
        if found.x is None:
            return False
        at = self._constant + self._secrets @ found.x[:n]
        np.minimum(low, at, out=low)
        np.maximum(high, at, out=high)
        return True

    def _program(
        self,
        objective: Floats,
        most: sp.csr_matrix,
        most_to: Floats,
        bounds: Sequence[tuple[float | None, float]] = (),
    ) -> Any:
        """Least value of the objective over what is published; ``x`` is None where it has none."""
        self.programs += 1
        equal, more = self._equal, len(objective) - len(self._free)
        if more:
            equal = sp.hstack([equal, sp.csr_matrix((equal.shape[0], more))], format="csr")
        found = opt.linprog(
            objective,
            A_ub=most,
            b_ub=most_to,
            A_eq=equal,
            b_eq=self._equal_to,
            bounds=[(0, None)] * len(self._free) + list(bounds),
            method="highs",
        )
        if found.status == 3:
            found.x = None
        return found
