"""Canonical CSVs as a source: typed, held against their declaration, accounted for like any other file."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pandas as pd

from pbanalysis.ledgers.findings import Finding, Severity
from pbanalysis.ledgers.grid import address
from pbanalysis.ledgers.guard import Refusal
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
    columns: list[str]
    text: pd.DataFrame
    rejected: dict[int, str] = field(default_factory=dict)
    duplicate_of: dict[int, str] = field(default_factory=dict)
    bad_cells: dict[tuple[int, str], str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


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
        raise Refusal("broken_csv", "各行的列数不一致，读不出来", "请重新导出这张表") from error
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
    found = CanonicalFile(file, sha256, table, frame, [c for c in raw.columns if c in table.names], raw)
    for problem in problems:
        _cell(found, problem)
    _duplicates(found)
    _hold(found)
    known = {*table.names, *(s.name for s in SOURCE_COLUMNS)}
    for name in raw.columns:
        if name not in known:
            where = address(1, list(raw.columns).index(name) + 1)
            found.findings.append(
                _finding(
                    found, "note", where, 1, "", "unknown_column", f"表里没有“{mask(name)}”这一列，没有读取"
                )
            )
    return found


def _finding(
    found: CanonicalFile,
    severity: Severity,
    cell: str,
    row: int | None,
    field_name: str,
    code: str,
    message: str,
) -> Finding:
    kind, about = found.table.name, f"{found.table.name}|{cell}|{row}"
    return Finding(severity, found.file, "", cell, row, field_name, code, message, kind=kind, about=about)


def _cell(found: CanonicalFile, problem: Problem) -> None:
    if problem.row is None or problem.column is None:
        return
    found.bad_cells[problem.row, problem.column] = problem.message
    where = (
        address(problem.row, list(found.text.columns).index(problem.column) + 1)
        if problem.column in found.text
        else ""
    )
    found.findings.append(
        _finding(found, "block", where, problem.row, problem.column, problem.code, problem.message)
    )


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
            found.findings.append(_finding(found, "block", "", row, "", "key_conflict", message))
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
