"""The rows of a township as they were when its reports were last made: digests, and where each stood.

Compact on purpose, and without a personal value: of tables that speak of single persons only the place
in the source is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.reports.digests import TableRows
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES

__all__ = ["changed_rows", "keep_rows"]

_OF_PERSONS = {"admissions", "file_audits", "followups", "test_scores"}


def keep_rows(path: Path, county: County, rows: Mapping[str, TableRows]) -> None:
    """Write the digests and places of the rows of one township (or of all)."""
    parts = [_placed(county, name, table) for name, table in rows.items()]
    if parts:
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        pd.concat(parts, ignore_index=True).to_parquet(part, compression="zstd", index=False)
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
        now = _placed(county, name, rows[name]) if name in rows else before.iloc[:0]
        was = before[before["table"] == name]
        gone = was[~was["digest"].isin(now["digest"])]
        come = now[~now["digest"].isin(was["digest"])]
        for where in dict.fromkeys([*come["where"], *gone["where"]]):
            here, there = where in set(come["where"]), where in set(gone["where"])
            change = "changed" if here and there else "added" if here else "removed"
            found.append({"table": name, "title": TABLES[name].title, "change": change, "where": where})
    return found


def _placed(county: County, name: str, rows: TableRows) -> pd.DataFrame:
    frame = county.frame(name)
    assert frame is not None  # rows were found in it
    own, table = frame.iloc[rows.positions], TABLES[name]
    place = own["source_file"].str.cat(own["source_sheet"].fillna(""), sep=" ").str.strip()
    line = own["source_row"].astype("str").radd(" 第 ").add(" 行")
    known = own["source_file"].notna()
    if name in _OF_PERSONS or not table.key:
        otherwise = pd.Series([f"第 {k + 1} 行" for k in rows.positions], index=own.index, dtype="str")
    else:
        first, *rest = (own[key].astype("str") for key in table.key)
        otherwise = first.str.cat(rest, sep=" ", na_rep="") if rest else first
    where = (place + line.where(own["source_row"].notna(), "")).where(known, otherwise)
    return pd.DataFrame({"table": name, "digest": rows.rows, "where": where.astype("str").to_numpy()})
