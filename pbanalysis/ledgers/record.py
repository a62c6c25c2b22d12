"""The import record: files, rows, cells and findings, and the proof that everything is accounted for."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.cells import show
from pbanalysis.ledgers.grid import Cell, Value, address, column_letters
from pbanalysis.ledgers.layout import Column
from pbanalysis.ledgers.reading import Reading
from pbanalysis.ledgers.result import DataRow, FileResult, Finding, SheetResult
from pbanalysis.privacy.pseudonyms import mask

__all__ = [
    "HEADERS",
    "Line",
    "cell_lines",
    "file_line",
    "finding_line",
    "mapping_lines",
    "row_lines",
    "safe",
    "write_rows",
]

# the record's files and their columns
HEADERS = {
    name: tuple(columns.split())
    for name, columns in {
        "files.csv": "file sha256 kind verdict code message rows_accepted rows_rejected rows_duplicate",
        "rows.csv": "file sheet row role disposition table township_id code duplicate_of",
        "cells.csv": "file sheet cell row header field class value raw code message",
        "findings.csv": "finding_id severity file sheet cell row field code message suggestion township_id",
        "mapping.csv": "file sheet township_id kind column header field how",
        "filings.csv": "kind township_id state file",
    }.items()
}

Line = tuple[str, ...]

# changes of form only; a workbook with no other is accepted without more
_FORM_ONLY = frozenset(
    ["vocabulary", "bool_word", "bool_digit", "personal", "deadline_immediate", "deadline_standing"]
) | {""}


def file_line(result: FileResult | CanonicalFile, findings: Sequence[Finding]) -> Line:
    """Line of ``files.csv``.

    The verdict is ``accept`` (nothing to say and every cell as typed), ``accept_with_findings`` or ``reject``.
    """
    sheets = [] if isinstance(result, CanonicalFile) else result.sheets
    readings = (r for s in sheets for row in s.rows for r in row.readings.values())
    changed = bool(findings) or any(r.kind != "ok" and r.code not in _FORM_ONLY for r in readings)
    verdict = "reject" if result.refused else "accept_with_findings" if changed else "accept"
    counts = (result.count("accepted"), result.count("rejected"), result.count("duplicate"))
    head = (result.file, result.sha256, result.kind, verdict, result.code, result.message)
    return (*head, *map(str, counts))


def row_lines(result: FileResult | CanonicalFile) -> Iterator[Line]:
    """Lines of ``rows.csv``; raises when the roles do not add up to the non-empty rows."""
    if isinstance(result, CanonicalFile):
        yield from _canonical_rows(result)
        return
    for sheet in result.sheets:
        data = {n for n, role in sheet.roles.items() if role == "data"} if sheet.layout else set()
        if set(sheet.roles) != set(sheet.sheet.rows) or {r.number for r in sheet.rows} != data:
            raise _unbalanced(result.file, sheet, "行")
        table = sheet.layout.kind.table if sheet.layout else ""
        for number, (role, row) in sheet.filed_rows().items():
            head = (result.file, sheet.sheet.name, str(number), role)
            if row is None:
                yield (*head, "not_data", "", "", "", "")
            else:
                code = row.code or ("hidden_row" if number in sheet.sheet.hidden_rows else "")
                yield (*head, row.disposition, table, row.township_id, code, row.duplicate_of)


def _canonical_rows(result: CanonicalFile) -> Iterator[Line]:
    yield (result.file, "", "1", "header", "not_data", "", "", "", "")
    accepted = set(result.frame.index)
    towns = result.text["township_id"].to_dict() if "township_id" in result.text else {}
    for row in result.text.index:
        before, code = result.duplicate_of.get(row, ""), result.rejected.get(row, "")
        if row in accepted:
            disposition = "accepted"
        else:
            disposition, code = ("duplicate", "duplicate_row") if before else ("rejected", code)
        head = (result.file, "", str(row), "data", disposition, result.kind)
        yield (*head, str(towns.get(row, "")), code, before)


def cell_lines(result: FileResult | CanonicalFile) -> Iterator[Line]:
    """Lines of ``cells.csv``; raises when a non-empty cell under a known header would be lost."""
    if isinstance(result, CanonicalFile):
        yield from _canonical_cells(result)
        return
    for sheet in result.sheets:
        if sheet.layout is None:
            continue
        columns = [_Listed(sheet, c) for c in sheet.layout.columns.values() if c.field or c.meant]
        expected = sum(c.index in sheet.sheet.rows[r.number] for r in sheet.rows for c in columns)
        written = 0
        for row in sheet.rows:
            cells = sheet.sheet.rows[row.number]
            number = str(row.number)
            for column in columns:
                cell = cells.get(column.index)
                rest = column.line(cell, row)
                if rest is None:
                    continue
                written += cell is not None
                where = (column.letters + number, number)
                if sheet.cards is not None:
                    at = sheet.at(row.number, column.index)
                    where = (address(*at), str(at[0]))
                yield (result.file, sheet.sheet.name, *where, column.header, *rest)
        if written != expected:
            raise _unbalanced(result.file, sheet, "单元格")


class _Listed:
    """A column of the record: what is the same for all of its cells."""

    def __init__(self, sheet: SheetResult, column: Column) -> None:
        assert sheet.layout is not None
        self.index, self.letters = column.index, column_letters(column.index)
        self.header, self._names = mask(column.header, sheet.names), sheet.names
        self._used, self._doubt = column.field is not None, column.doubt
        self._field = column.field or column.meant or ""
        self._cache: dict[tuple[int, type, Value | None], Line] = {}
        self._personal = bool(sheet.layout.kind.fields[self._field].personal)

    def line(self, cell: Cell | None, row: DataRow) -> Line | None:
        """Field, class, value, raw, code and message of a cell; None where there is nothing to list."""
        reading = row.readings.get(self._field)
        if (reading is None and self._used) or (cell is None and not self._used):
            return None
        value = None if cell is None else cell.value
        key = (id(reading), type(value), value)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._make(reading, value)
        return found

    def _make(self, reading: Reading | None, value: Value | None) -> Line:
        raw = ""
        if value is not None and not self._personal:
            raw = mask(value if isinstance(value, str) else show(value), self._names)
        if reading is None or not self._used:
            what = "这一列是别的年度" if self._doubt == "other_year" else "同样的列出现了不止一次"
            return ("", "rejected", "", raw, self._doubt, f"{what}，这一列没有读取")
        return (self._field, reading.kind, _shown(reading), raw, reading.code, reading.message)


def _shown(reading: Reading) -> str:
    """Value of a reading as text of the record."""
    value = reading.value
    if value is None:
        return reading.word
    if isinstance(value, bool):
        return "true" if value else "false"
    return ";".join(value) if isinstance(value, tuple) else show(value)


def _canonical_cells(result: CanonicalFile) -> Iterator[Line]:
    letters = {name: column_letters(n) for n, name in enumerate(result.text.columns, 1)}
    for name in result.columns:
        for row, raw in result.text[name].items():
            if raw:
                message = result.bad_cells.get((row, name), "")
                read = ("rejected", "", raw, "bad_value", message) if message else ("ok", raw, raw, "", "")
                yield (result.file, "", f"{letters[name]}{row}", str(row), name, name, *read)


def finding_line(finding: Finding) -> Line:
    """Line of ``findings.csv``."""
    values = (getattr(finding, name) for name in HEADERS["findings.csv"])
    return tuple("" if v is None else str(v) for v in values)


def mapping_lines(result: FileResult | CanonicalFile) -> Iterator[Line]:
    """How every column of a ledger was read: shown, and kept with the store."""
    for sheet in [] if isinstance(result, CanonicalFile) else result.sheets:
        head = (result.file, sheet.sheet.name, sheet.township_id, result.kind)
        for c in sheet.layout.columns.values() if sheet.layout else ():
            how = c.doubt or ("synonym" if c.field else "unknown")
            yield (*head, column_letters(c.index), mask(c.header, sheet.names), c.field or "", how)


def _unbalanced(file: str, sheet: SheetResult, what: str) -> PbError:
    return PbError(
        Code.IMPORT_UNBALANCED,
        f"导入核对不平：有{what}没有交代去向",
        where=f"{file} 工作表“{sheet.sheet.name}”",
        fix="这是程序的错误，没有写入任何数据；请保留该文件并反馈",
    )


# -- CSV that no spreadsheet program takes for a formula ------------------------------------------

_FORMULA = frozenset("=+-@\t\r\n\x00＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def safe(text: str) -> str:
    """Text with ' before a leading formula character; numbers stay numbers.

    Examples
    --------
    >>> safe("=1+1"), safe("-3.5"), safe("张家村")
    ("'=1+1", '-3.5', '张家村')
    """
    if text and text[0] in _FORMULA and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write UTF-8 CSV with a header row, row by row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([safe(v) if v and v[0] in _FORMULA else v for v in row] for row in rows)
