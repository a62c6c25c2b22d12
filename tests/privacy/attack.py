"""An attacker of published tables, written apart from the package: dense, slow, one program a bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

__all__ = ["width"]


def width(
    target: Mapping[str, float],
    published: Mapping[str, float],
    hidden: Sequence[str],
    equal: Sequence[Mapping[str, float]],
    most: Sequence[Mapping[str, float]] = (),
) -> float:
    """Width of the range of ``target`` (name → factor) that agrees with everything published.

    ``equal``: sums that are zero; ``most``: sums that are at most zero; hidden counts are at least 0.
    """
    at = {name: k for k, name in enumerate(hidden)}

    def lines(sums: Sequence[Mapping[str, float]]) -> tuple[np.ndarray, np.ndarray]:
        matrix, right = np.zeros((len(sums), len(hidden))), np.zeros(len(sums))
        for i, terms in enumerate(sums):
            for name, factor in terms.items():
                if name in at:
                    matrix[i, at[name]] += factor
                else:
                    right[i] -= factor * published[name]
        return matrix, right

    a_eq, b_eq = lines(equal)
    a_ub, b_ub = lines(most)
    objective = np.zeros(len(hidden))
    for name, factor in target.items():
        if name in at:
            objective[at[name]] += factor
    bounds = []
    for sign in (1, -1):
        found = linprog(
            sign * objective,
            A_eq=a_eq if len(equal) else None,
            b_eq=b_eq if len(equal) else None,
            A_ub=a_ub if len(most) else None,
            b_ub=b_ub if len(most) else None,
            bounds=(0, None),
            method="highs",
        )
        if found.status == 3:
            return float("inf")
        assert found.status == 0, found.message
        bounds.append(sign * found.fun)
    return float(bounds[1] - bounds[0])
