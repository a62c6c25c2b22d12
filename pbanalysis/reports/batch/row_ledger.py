"""The rows of a township as they were when its reports were last made: digests, and where each stood.

Compact on purpose, and without a personal value: of tables that speak of single persons only the place
in the source is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.reports.digests import TableRows
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES

__all__ = ["changed_rows", "keep_rows"]

_SOURCE = ("source_file", "source_sheet", "source_row")
_OF_PERSONS = {"admissions", "file_audits", "followups", "test_scores"}


def keep_rows(path: Path, county: County, rows: Mapping[str, TableRows]) -> None:
    """Write the digests and places of the rows of one township (or of all)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if rows:
        names = [name for name, own in rows.items() for _ in own.rows]
        digests = np.concatenate([own.rows for own in rows.values()])
        places = [place for name, own in rows.items() for place in _places(county, name, own)]
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        table = pa.table({"table": names, "digest": digests, "where": places})
        pq.write_table(table, part, compression="zstd")
        part.replace(path)


def changed_rows(
    path: Path, county: County, rows: Mapping[str, TableRows], tables: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of ``tables`` that were added, removed or changed since :func:`keep_rows`.

    Returns
    -------
    ``{"table", "title", "change", "where"}`` a row; empty when nothing is known of the time before.
    """
    if not path.exists():
        return []
    before = pd.read_parquet(path)
    found: list[dict[str, Any]] = []
    for name in tables:
        was, now = before[before["table"] == name], rows.get(name)
        gone = was["where"] if now is None else was["where"][~was["digest"].isin(now.rows)]
        come = [] if now is None else _places(county, name, _without(now, was["digest"]))
        here, there = set(come), set(gone)
        for where in dict.fromkeys([*come, *gone]):
            change = "removed" if where not in here else "changed" if where in there else "added"
            found.append({"table": name, "title": TABLES[name].title, "change": change, "where": where})
    return found


def _without(rows: TableRows, digests: pd.Series[int]) -> TableRows:
    """The rows whose digests are none of these."""
    new = ~np.isin(rows.rows, digests.to_numpy())
    return TableRows(rows.digest, rows.rows[new], rows.positions[new])


def _places(county: County, name: str, rows: TableRows) -> list[str]:
    """Where each row stands."""
    frame = county.frame(name)
    assert frame is not None  # rows were found in it
    # lists, for a township has few rows of a table: a vectorised step costs as much for ten as for a thousand
    sources = zip(*(frame[column].iloc[rows.positions].tolist() for column in _SOURCE), strict=True)
    where = [_source(*source) for source in sources]
    if not all(where):
        where = [place or key for place, key in zip(where, _keys(frame, name, rows), strict=True)]
    return where


def _source(file: Any, sheet: Any, row: Any) -> str:
    """Place in a ledger, e.g. ``城关镇.xlsx 问题台账 第 7 行``; empty for a row that came from none."""
    if pd.isna(file):
        return ""
    place = f"{file} {'' if pd.isna(sheet) else sheet}".strip()
    return place if pd.isna(row) else f"{place} 第 {row} 行"


def _keys(frame: pd.DataFrame, name: str, rows: TableRows) -> list[str]:
    """What names a row that came from no ledger: its key, or its number where the key may name a person."""
    key = TABLES[name].key
    if name in _OF_PERSONS or not key:
        return [f"第 {position + 1} 行" for position in rows.positions]
    first, *rest = (frame[column].iloc[rows.positions].astype("str") for column in key)
    return list(first.str.cat(rest, sep=" ", na_rep="") if rest else first)
