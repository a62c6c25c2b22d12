"""Digests of rows, of frames and of results: what a report was made of, to the source row.

A row's digest is 64 bits, computed column by column; a township's digest of a table is the SHA-256 of
its rows' digests in their order. Whole rows are digested so that a change can be told to the row; a
report's key holds only the columns that the report reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES, Table

if TYPE_CHECKING:
    from pbanalysis.themes.reads import Columns, Printed, Reads

__all__ = [
    "COUNTYWIDE",
    "Digests",
    "ResultDigests",
    "Rows",
    "TableRows",
    "frame_digest",
    "read_digests",
    "row_digests",
    "rows_of",
]

Digests = npt.NDArray[np.uint64]

COUNTYWIDE = ""  # the "township" of rows that belong to all


def row_digests(frame: pd.DataFrame) -> Digests:
    """One digest a row, shape (rows,); missing and empty differ, column order and names matter."""
    flat = {
        name: column.map("\x1f".join, na_action="ignore") if column.dtype == object else column
        for name, column in frame.items()
    }
    if frame.empty:  # no rows, or none of their columns
        return np.zeros(len(frame), dtype=np.uint64)
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


def read_digests(county: County, rows: Rows, read: Reads, period: Period) -> dict[str, dict[str, str]]:
    """Digests of what is read of every township's rows: ``{table: {township: digest}}``.

    A table that was not collected is left out; a township without a row of it has no digest.
    """
    found: dict[str, dict[str, str]] = {}
    for name, columns in read.rows.items():
        frame = county.frame(name)
        if frame is None:
            continue
        owners = {owner: tables[name] for owner, tables in rows.items() if name in tables}
        if columns is None:
            found[name] = {owner: own.digest for owner, own in owners.items()}
            continue
        seen = {
            c: look(frame[c], period) for (t, c), look in read.looked_at.items() if t == name and c in columns
        }
        digests = row_digests(frame[list(columns)].assign(**seen))
        # rows of other years, or of after the cut-off, count, but not for what they say
        if name in read.dated:
            day = frame[read.dated[name]]
            mine = day.between(str(period.year_start), str(period.year_end)).to_numpy(dtype=bool)
            digests = np.where(mine, digests, np.uint64(0))
        if own_date := TABLES[name].own_date:
            late = (frame[own_date] > str(county.as_of)).fillna(False).to_numpy(dtype=bool)
            digests = np.where(late, np.uint64(1), digests)
        found[name] = {owner: _digest(digests[own.positions], columns) for owner, own in owners.items()}
    return found


@dataclass(frozen=True, eq=False)
class ResultDigests:
    """Digests of published results as reports print them.

    ``frame`` holds the results of all units, ``county`` is the county's code, ``period`` the label of the
    reports' own period.
    """

    frame: pd.DataFrame
    county: str
    period: str
    _memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def of(self, unit: str, parts: Sequence[Printed]) -> str:
        """Digest of what a unit's report prints."""
        whole = hashlib.sha256(repr([part.columns for part in parts]).encode())
        for positions, digests in self._parts(unit, parts):
            whole.update(digests.tobytes() + len(positions).to_bytes(4))
        return whole.hexdigest()[:16]

    def named(self, unit: str, parts: Sequence[Printed]) -> pd.Series[Any]:
        """Digests of what a unit's report prints, by (indicator, unit, period)."""
        shown, total = np.zeros(len(self.frame), dtype=bool), np.zeros(len(self.frame), dtype=np.uint64)
        # a result may stand in several parts: the sum (modulo 2⁶⁴) shows whether one of them changed
        for positions, digests in self._parts(unit, parts):
            shown[positions] = True
            total[positions] += digests
        return pd.Series(total[shown], index=pd.MultiIndex.from_frame(self.frame.loc[shown, _NAMES]))

    @cached_property
    def _told(self) -> npt.NDArray[np.bool_]:
        """Rows of the period that tell something."""
        told = self.frame["state"].isin(("met", "not_met", "info")) & (self.frame["period"] == self.period)
        mask: npt.NDArray[np.bool_] = told.to_numpy()
        return mask

    def _parts(self, unit: str, parts: Sequence[Printed]) -> Iterable[tuple[npt.NDArray[np.int64], Digests]]:
        for part in parts:
            if part.whose == "own":
                positions = self._by_unit.get(unit, np.empty(0, dtype=np.int64))
                positions = positions[self._chosen(part)[positions]]
            else:
                positions = self._everywhere(part)
            if part.beside:
                own = self._by_unit.get(unit, np.empty(0, dtype=np.int64))
                told = self.frame["indicator_id"].iloc[own[self._told[own]]]
                positions = positions[self.frame["indicator_id"].iloc[positions].isin(told).to_numpy()]
            yield positions, self._digests(part.columns)[positions]

    @cached_property
    def _by_unit(self) -> Mapping[Any, npt.NDArray[np.int64]]:
        by_unit: Mapping[Any, npt.NDArray[np.int64]] = self.frame.groupby("unit_id", sort=False).indices
        return by_unit

    def _everywhere(self, part: Printed) -> npt.NDArray[np.int64]:
        if ("everywhere", part) not in self._memo:
            chosen = self._chosen(part)
            if part.whose == "county":
                chosen = chosen & (self.frame["unit_id"] == self.county).to_numpy()
            self._memo["everywhere", part] = np.flatnonzero(chosen)
        positions: npt.NDArray[np.int64] = self._memo["everywhere", part]
        return positions

    def _chosen(self, part: Printed) -> npt.NDArray[np.bool_]:
        key = ("chosen", part.indicators, part.before)
        if key not in self._memo:
            chosen = np.ones(len(self.frame), dtype=bool)
            if part.indicators is not None:
                chosen &= self.frame["indicator_id"].isin(part.indicators).to_numpy()
            current = (self.frame["period"] == self.period).to_numpy()
            judged = self.frame["state"].isin(("met", "not_met")).to_numpy()
            chosen &= current | judged if part.before else current
            self._memo[key] = chosen
        mask: npt.NDArray[np.bool_] = self._memo[key]
        return mask

    def _digests(self, columns: Columns) -> Digests:
        if columns not in self._memo:
            named = list(self.frame) if columns is None else [c for c in columns if c in self.frame]
            self._memo[columns] = row_digests(self.frame[list(dict.fromkeys([*_NAMES, *named]))])
        digests: Digests = self._memo[columns]
        return digests


_NAMES = ["indicator_id", "unit_id", "period"]
