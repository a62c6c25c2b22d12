"""Shared array types and the input checks that every method needs; messages are for the user."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.ArrayLike


def level(confidence: float) -> float:
    """Return `confidence`, refused unless strictly between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"置信水平应在 0 与 1 之间（不含两端），收到 {confidence}")
    return float(confidence)


def two_sided_z(confidence: float) -> float:
    """Return the normal quantile of a two-sided interval (1.96 for 0.95)."""
    return float(special.ndtri((1 + level(confidence)) / 2))


def binomial_counts(x: Numbers, n: Numbers) -> tuple[Floats, Floats]:
    """Return numerators and denominators as floats of one shape, 0 ≤ x ≤ n."""
    successes, trials = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(n, dtype=float))
    if not (np.isfinite(successes).all() and np.isfinite(trials).all()):
        raise ValueError("分子、分母不能缺失或为无穷大")
    if (successes < 0).any() or (successes > trials).any():
        raise ValueError("分子应在 0 与分母之间")
    return successes, trials


def whole(values: Floats, what: str) -> Floats:
    """Return `values`, refused unless all are whole numbers."""
    if (values != np.round(values)).any():
        raise ValueError(f"{what}应为整数")
    return values


def vector(values: Numbers, what: str, *, at_least: int = 1) -> Floats:
    """Return a finite one-dimensional float array with at least `at_least` values."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"{what}应为一维数组，收到 {array.ndim} 维")
    if array.size < at_least:
        raise ValueError(f"{what}至少需要 {at_least} 个数，收到 {array.size} 个")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}含缺失值或无穷大")
    return array


def matrix(values: Numbers, what: str, *, rows: int = 1, columns: int = 1) -> Floats:
    """Return a finite two-dimensional float array of at least `rows` × `columns`."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or array.shape[0] < rows or array.shape[1] < columns:
        raise ValueError(f"{what}应为至少 {rows} 行 {columns} 列的二维数组，收到形状 {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}含缺失值或无穷大")
    return array


def same_length(what: str, *arrays: npt.NDArray[Any]) -> None:
    """Refuse arrays whose lengths differ."""
    if len({len(a) for a in arrays}) > 1:
        raise ValueError(f"{what}长度不一致：{'、'.join(str(len(a)) for a in arrays)}")
