"""Digests of rows and of frames: what a report was made of, to the source row.

A row's digest is 64 bits, computed column by column; a township's digest of a table is the SHA-256 of
its rows' digests in their order. Source columns are part of a row, because reports print where a row
comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES, Table

__all__ = ["COUNTYWIDE", "Digests", "Rows", "TableRows", "frame_digest", "row_digests", "rows_of"]

Digests = npt.NDArray[np.uint64]

COUNTYWIDE = ""  # the "township" of rows that belong to all


def row_digests(frame: pd.DataFrame) -> Digests:
    """One digest a row, shape (rows,); missing and empty differ, column order and names matter."""
    flat = {
        name: column.map("\x1f".join, na_action="ignore") if column.dtype == object else column
        for name, column in frame.items()
    }
    if not len(frame):
        return np.empty(0, dtype=np.uint64)
    digests: Digests = pd.util.hash_pandas_object(pd.DataFrame(flat), index=False).to_numpy()
    return digests


def frame_digest(frame: pd.DataFrame) -> str:
    """Digest of a whole frame, its columns and the order of its rows."""
    return _digest(row_digests(frame), frame.columns)


def _digest(rows: Digests, columns: object) -> str:
    head = ",".join(map(str, columns)).encode()  # type: ignore[call-overload]
    return hashlib.sha256(head + b"\n" + rows.tobytes()).hexdigest()[:16]


@dataclass(frozen=True)
class TableRows:
    """One township's rows of one table: digest of all, and of each with where it came from."""

    digest: str
    rows: Digests
    positions: npt.NDArray[np.int64]  # row numbers in the county's frame


Rows = Mapping[str, Mapping[str, TableRows]]  # township → table → rows


def rows_of(county: County) -> dict[str, dict[str, TableRows]]:
    """Digests of every township's rows of every table; rows of no township under ``COUNTYWIDE``."""
    found: dict[str, dict[str, TableRows]] = {}
    for table in TABLES.values():
        frame = county.frame(table.name)
        if frame is None:
            continue
        digests, columns = row_digests(frame), list(frame.columns)
        for township, positions in _by_township(county, table, frame).items():
            rows = digests[positions]
            found.setdefault(township, {})[table.name] = TableRows(_digest(rows, columns), rows, positions)
    return found


def _by_township(county: County, table: Table, frame: pd.DataFrame) -> dict[str, npt.NDArray[np.int64]]:
    town = county.township_of(table.name)
    if town is None or table.name == "townships":  # the register of townships is read by all
        return {COUNTYWIDE: np.arange(len(frame))}
    codes, names = pd.factorize(town)  # rows of no township have code -1
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return {str(name): order[starts[k] : starts[k + 1]].astype(np.int64) for k, name in enumerate(names)}
