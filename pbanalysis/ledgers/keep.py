"""What stays in a store when something is imported into it again.

A filing replaces the rows of an earlier filing of the same township, ledger kind and period, or of the
same file name; a canonical CSV replaces the earlier canonical rows of its table; everything else stays.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.result import FileResult
from pbanalysis.ledgers.roles import Preamble
from pbanalysis.store.frames import from_arrow
from pbanalysis.store.schema import TABLES

__all__ = ["RECORD_FILES", "Earlier", "Filing", "filing_of", "read_earlier"]

# tables of the record that outlast an import -> place of the file's name in a line
RECORD_FILES = {"files.csv": 0, "rows.csv": 0, "cells.csv": 0, "findings.csv": 2, "mapping.csv": 0}


@dataclass(frozen=True)
class Filing:
    """What one file is a filing of: kind, townships, year and part of the year ("" = the whole)."""

    file: str
    kind: str
    townships: frozenset[str]
    year: int | None
    period: str
    canonical: bool = False

    def replaces(self, earlier: Filing) -> frozenset[str] | None:
        """Townships whose rows of an earlier filing this one replaces; None: none at all."""
        if self.kind != earlier.kind or self.canonical != earlier.canonical:
            return None
        if self.canonical:
            return earlier.townships
        shared = self.townships & earlier.townships
        same_name = self.file.rsplit("/", 1)[-1] == earlier.file.rsplit("/", 1)[-1]
        same_time = self.year == earlier.year and _months(self.period) & _months(earlier.period)
        return shared if shared and (same_name or same_time) else None


def _months(period: str) -> set[int]:
    """Months of a part of the year: M05, Q3, H1, or "" for the whole."""
    length = {"M": 1, "Q": 3, "H": 6, "": 12}[period[:1]]
    last = int(period[1:] or 1) * length
    return set(range(last - length + 1, last + 1))


def filing_of(result: FileResult | CanonicalFile) -> Filing:
    """What a file is a filing of."""
    if isinstance(result, CanonicalFile):
        return Filing(result.file, result.kind, frozenset(), None, "", canonical=True)
    towns = {s.township_id for s in result.sheets} | {r.township_id for s in result.sheets for r in s.rows}
    preamble = next((s.preamble for s in result.sheets if s.layout), Preamble())
    return Filing(result.file, result.kind, frozenset(towns - {""}), preamble.year, preamble.period)


@dataclass
class Earlier:
    """An earlier import: its tables, filings and record; what is replaced is taken out."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    lines: dict[str, list[list[str]]] = field(default_factory=dict)  # of the record, by its files
    withdrawn: list[list[str]] = field(default_factory=list)  # findings of what is replaced
    folder: Path | None = None

    @property
    def cutoff(self) -> dt.date | None:
        """Cut-off of the store."""
        text = str(self.meta.get("as_of") or "")
        return dt.date.fromisoformat(text) if text else None

    def filing(self, file: str) -> Filing:
        """Filing of an earlier file."""
        s = self.sources[file]
        return Filing(
            file, str(s["kind"]), frozenset(s["townships"]), s["year"], str(s["period"]), bool(s["canonical"])
        )

    def replace(self, new: Filing, towns_of: Mapping[str, str]) -> list[str]:
        """Take out what a new filing replaces; names of the earlier files concerned."""
        touched = []
        for file in list(self.sources):
            shared = new.replaces(self.filing(file))
            if shared is None:
                continue
            whole = new.canonical or shared >= self.filing(file).townships
            touched.append(file)
            for name, frame in self.tables.items():
                mine = frame["source_file"] == file
                if not whole:
                    route = TABLES[name].route or "township_id"
                    mine &= frame[route].map(lambda v: towns_of.get(v, v)).isin(shared)
                self.tables[name] = frame[~mine.fillna(False).astype(bool)]
            if whole:
                self._forget(file)
        return touched

    def _forget(self, file: str) -> None:
        self.withdrawn += [line for line in self.lines.get("findings.csv", []) if line[2] == file]
        for name, lines in self.lines.items():
            self.lines[name] = [line for line in lines if line[RECORD_FILES[name]] != file]
        del self.sources[file]


def read_earlier(store: Path) -> Earlier:
    """The import that a store holds; empty when there is none.

    Raises
    ------
    PbError
        There is a store, but it cannot be read: nothing is overwritten.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    meta_path = Path(store) / "meta.json"
    if not meta_path.exists():
        return Earlier()
    try:
        meta = json.loads(meta_path.read_text(encoding="utf-8"))
        tables = {
            p.stem: from_arrow(pq.read_table(p), TABLES[p.stem])
            for p in sorted((Path(store) / "tables").glob("*.parquet"))
            if p.stem in TABLES
        }
        lines = {}
        for name in RECORD_FILES:
            path = Path(store) / "import" / name
            if path.exists():
                with path.open(encoding="utf-8", newline="") as file:
                    lines[name] = list(csv.reader(file))[1:]
        sources = {
            k: {"kind": "unknown", "townships": [], "year": None, "period": "", "canonical": False, **v}
            for k, v in dict(meta.get("sources", {})).items()
        }
        return Earlier(tables, sources, meta, lines, folder=Path(store))
    except (OSError, ValueError, KeyError, pa.ArrowInvalid, csv.Error) as error:
        raise PbError(
            Code.STORE_BROKEN,
            "原有的数据仓读不出来，没有改动它",
            where=Path(store).name,
            fix="请换一个新的 --store 重新导入全部来源",
        ) from error
