"""Canonical CSVs as a source: typed, held against their declaration, accounted for like any other file."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pandas as pd

from pbanalysis.ledgers.grid import address
from pbanalysis.ledgers.guard import Refusal
from pbanalysis.ledgers.result import Disposition, Finding, Severity
from pbanalysis.privacy.pseudonyms import mask
from pbanalysis.store.frames import Problem, check, typed
from pbanalysis.store.schema import SOURCE_COLUMNS, TABLES, Table

__all__ = ["CanonicalFile", "canonical_table", "read_canonical"]


@dataclass
class CanonicalFile:
    """One canonical CSV, concluded: rows that enter, and why others do not."""

    file: str
    sha256: str
    table: Table
    frame: pd.DataFrame
    text: pd.DataFrame
    rejected: dict[int, str] = field(default_factory=dict)
    duplicate_of: dict[int, str] = field(default_factory=dict)
    bad_cells: dict[tuple[int, str], str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    code: str = ""
    message: str = ""
    refused: bool = False
    useful: bool = True

    @property
    def kind(self) -> str:
        """The table it holds."""
        return self.table.name

    @property
    def columns(self) -> list[str]:
        """Columns that the table has, in the order of the file."""
        return [c for c in self.text.columns if c in self.table.names]

    def count(self, disposition: Disposition) -> int:
        """Rows of a disposition."""
        return len(
            {"accepted": self.frame, "rejected": self.rejected, "duplicate": self.duplicate_of}[disposition]
        )

    def say(
        self,
        severity: Severity,
        code: str,
        message: str,
        *,
        row: int | None,
        column: str = "",
        cell: str = "",
    ) -> None:
        """Add a finding."""
        if column in self.text:
            cell = address(row or 1, list(self.text.columns).index(column) + 1)
        about = f"{self.kind}|{cell}|{row}"
        found = Finding(
            severity, code, message, cell, row, column, about=about, file=self.file, kind=self.kind
        )
        self.findings.append(found)


def canonical_table(file: str, text: str) -> Table | None:
    """Table that a CSV is: named as one, with a header of its key columns."""
    table = TABLES.get(PurePosixPath(file).stem)
    if table is None:
        return None
    header = [c.strip().strip('"') for c in text.lstrip("\ufeff").split("\n", 1)[0].strip().split(",")]
    return table if set(table.key) <= set(header) else None


def read_canonical(file: str, sha256: str, table: Table, text: str) -> CanonicalFile:
    """Read a canonical CSV.

    Raises
    ------
    Refusal
        Its lines do not have the same number of columns.
    """
    try:
        raw = pd.read_csv(
            io.StringIO(text.lstrip("\ufeff")), dtype="str", keep_default_na=False, index_col=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise Refusal("broken_csv") from error
    raw.columns = [str(c).strip() for c in raw.columns]
    raw.index = pd.RangeIndex(2, len(raw) + 2)
    raw = raw[(raw != "").any(axis=1)]
    for column in table.columns:
        if column.kind == "text" and column.name in raw and not column.name.endswith(("_id", "_key")):
            raw[column.name] = raw[column.name].map(mask)
    frame, problems = typed(table, raw)
    if "source_file" not in raw:
        frame["source_file"] = pd.Series([file] * len(frame), index=frame.index, dtype="str")
        frame["source_row"] = pd.Series(frame.index, index=frame.index, dtype="Int64")
    found = CanonicalFile(file, sha256, table, frame, raw)
    for problem in problems:
        _cell(found, problem)
    _duplicates(found)
    _hold(found)
    known = {*table.names, *(s.name for s in SOURCE_COLUMNS)}
    for place, name in enumerate(raw.columns, 1):
        if name not in known:
            message = f"表里没有“{mask(name)}”这一列，没有读取"
            found.say("note", "unknown_column", message, row=1, cell=address(1, place))
    return found


def _cell(found: CanonicalFile, problem: Problem) -> None:
    if problem.row is not None and problem.column is not None:
        found.bad_cells[problem.row, problem.column] = problem.message
        found.say("block", problem.code, problem.message, row=problem.row, column=problem.column)


def _duplicates(found: CanonicalFile) -> None:
    """Identical rows are merged; of rows with one key and other values the first stays."""
    key, frame = found.table.key, found.frame
    if not key or not frame.duplicated(key).any():
        return
    shown = found.text[list(found.columns)]
    first: dict[tuple[str, ...], int] = {}
    for row in frame.index:
        this = tuple(str(v) for v in shown.loc[row, list(key)])
        before = first.setdefault(this, row)
        if before == row:
            continue
        if shown.loc[before].equals(shown.loc[row]):
            found.duplicate_of[row] = str(before)
        else:
            found.rejected[row] = "key_conflict"
            message = f"与第 {before} 行主键相同（{'、'.join(key)}），其他内容不同；只采用第 {before} 行"
            found.say("block", "key_conflict", message, row=row)
    found.frame = frame.drop(index=[*found.duplicate_of, *found.rejected])


def _hold(found: CanonicalFile) -> None:
    """What the declaration forbids: empty the cell where it may be empty, else keep the row out."""
    optional = {c.name for c in found.table.columns if c.optional}
    out: set[int] = set()
    for problem in check(found.frame, found.table):
        if problem.row is None:
            continue
        if problem.column in optional:
            _cell(found, problem)
            found.frame.loc[problem.row, problem.column] = pd.NA
        else:
            out.add(problem.row)
            if (problem.row, problem.column or "") not in found.bad_cells:
                _cell(found, problem)
    for row in out:
        found.rejected[row] = "bad_row"
    found.frame = found.frame.drop(index=sorted(out))
