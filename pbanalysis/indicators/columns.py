"""Columns of canonical frames as plain arrays, with missing cells handled once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "Bools",
    "Days",
    "Floats",
    "Ints",
    "between",
    "days",
    "equals",
    "filled",
    "flags",
    "looked_up",
    "numbers",
]

Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def days(column: pd.Series[Any]) -> Days:
    """Dates as ``datetime64[D]``, missing = NaT (which compares false with everything)."""
    values: Days = column.to_numpy(dtype="datetime64[s]").astype("datetime64[D]")
    return values


def numbers(column: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Counts or amounts as float64, missing = NaN."""
    values: npt.NDArray[np.float64] = column.to_numpy(dtype="float64", na_value=np.nan)
    return values


def flags(column: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """True where a flag is true; missing is not true."""
    values: npt.NDArray[np.bool_] = column.to_numpy(dtype="bool", na_value=False)
    return values


def filled(column: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Where a cell is neither missing nor blank; a 0 and an empty-looking list of one are filled."""
    present = column.notna().to_numpy()
    if isinstance(column.dtype, pd.StringDtype):
        return np.asarray(present & (column.str.strip() != "").to_numpy(dtype="bool", na_value=False))
    if column.dtype == object:
        return np.asarray(present & (column.str.len() > 0).to_numpy(dtype="bool", na_value=False))
    return np.asarray(present)


def looked_up(column: pd.Series[Any], keys: pd.Series[Any]) -> pd.Series[Any]:
    """Values of a column with a unique index for each key, on the keys' index; an empty column is fine."""
    return column.reindex(keys).set_axis(keys.index)


def equals(column: pd.Series[Any], value: Any) -> Bools:
    """Where a column has this value; a missing cell has not."""
    same: Bools = (column == value).to_numpy(dtype="bool", na_value=False)
    return same


def between(column: Days, first: Any, last: Any) -> Bools:
    """Where a date lies in [first, last], both included; a missing one does not."""
    inside: Bools = (column >= np.datetime64(first)) & (column <= np.datetime64(last))
    return inside
