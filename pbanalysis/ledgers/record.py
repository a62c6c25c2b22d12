"""The import record: files, rows, cells and findings, and the proof that everything is accounted for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.findings import Finding
from pbanalysis.ledgers.grid import Cell, Value, address, column_letters
from pbanalysis.ledgers.layout import Column
from pbanalysis.ledgers.reading import Reading
from pbanalysis.ledgers.result import DataRow, FileResult, SheetResult
from pbanalysis.ledgers.words import show
from pbanalysis.privacy.pseudonyms import mask

__all__ = [
    "CELLS",
    "FILES",
    "FINDINGS",
    "ROWS",
    "cell_lines",
    "file_line",
    "finding_line",
    "row_lines",
    "verdict",
]

FILES = (
    "file",
    "sha256",
    "kind",
    "verdict",
    "code",
    "message",
    "rows_accepted",
    "rows_rejected",
    "rows_duplicate",
)
ROWS = ("file", "sheet", "row", "role", "disposition", "table", "township_id", "code", "duplicate_of")
CELLS = ("file", "sheet", "cell", "row", "header", "field", "class", "value", "raw", "code", "message")
FINDINGS = (
    "finding_id",
    "severity",
    "file",
    "sheet",
    "cell",
    "row",
    "field",
    "code",
    "message",
    "suggestion",
    "township_id",
)

Line = tuple[str, ...]

# changes of form only; a workbook with no other is accepted without more
_FORM_ONLY = {
    "",
    "vocabulary",
    "bool_word",
    "bool_digit",
    "personal",
    "deadline_immediate",
    "deadline_standing",
}


def verdict(result: FileResult | CanonicalFile, findings: list[Finding]) -> str:
    """``accept``: nothing to say and every cell as typed; ``accept_with_findings``; or ``reject``."""
    if isinstance(result, CanonicalFile):
        return "accept_with_findings" if findings else "accept"
    if result.refused:
        return "reject"
    changed = any(
        r.kind != "ok" and r.code not in _FORM_ONLY
        for s in result.sheets
        for row in s.rows
        for r in row.readings.values()
    )
    return "accept_with_findings" if findings or changed else "accept"


def file_line(result: FileResult | CanonicalFile, findings: list[Finding]) -> Line:
    """Line of ``files.csv``."""
    if isinstance(result, CanonicalFile):
        counts = (len(result.frame), len(result.rejected), len(result.duplicate_of))
        kind, code, message = result.table.name, "", ""
    else:
        counts = (result.count("accepted"), result.count("rejected"), result.count("duplicate"))
        kind, code, message = result.kind, result.code, result.message
    return (result.file, result.sha256, kind, verdict(result, findings), code, message, *map(str, counts))


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
        disposition = (
            "accepted" if row in accepted else "duplicate" if row in result.duplicate_of else "rejected"
        )
        code = result.rejected.get(row, "duplicate_row" if disposition == "duplicate" else "")
        yield (
            result.file,
            "",
            str(row),
            "data",
            disposition,
            result.table.name,
            str(towns.get(row, "")),
            code,
            result.duplicate_of.get(row, ""),
        )


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
            for column in columns:
                cell = cells.get(column.index)
                rest = column.line(cell, row)
                if rest is not None:
                    written += cell is not None
                    number = str(row.number)
                    where, at = column.letters + number, number
                    if sheet.cards is not None:
                        where, at = (
                            sheet.where(row.number, column.index),
                            str(sheet.at(row.number, column.index)[0]),
                        )
                    yield (result.file, sheet.sheet.name, where, at, column.header, *rest)
        if written != expected:
            raise _unbalanced(result.file, sheet, "单元格")


class _Listed:
    """A column of the record: what is the same for all of its cells."""

    def __init__(self, sheet: SheetResult, column: Column) -> None:
        assert sheet.layout is not None
        self.index, self.letters = column.index, column_letters(column.index)
        self.header, self._names = mask(column.header, sheet.names), sheet.names
        self._used, self._field, self._doubt = (
            column.field is not None,
            column.field or column.meant or "",
            column.doubt,
        )
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
        raw = "" if value is None or self._personal else raw_text(value, self._names)
        if reading is None or not self._used:
            what = "这一列是别的年度" if self._doubt == "other_year" else "同样的列出现了不止一次"
            return ("", "rejected", "", raw, self._doubt, f"{what}，这一列没有读取")
        return (self._field, reading.kind, shown(reading), raw, reading.code, reading.message)


def raw_text(value: Value, names: frozenset[str]) -> str:
    """A cell as typed, without personal values."""
    return mask(value if isinstance(value, str) else show(value), names)


def shown(reading: Reading) -> str:
    """Value of a reading as text of the record."""
    value = reading.value
    if value is None:
        return reading.word
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ";".join(value)
    return show(value)


def _canonical_cells(result: CanonicalFile) -> Iterator[Line]:
    letters = {name: address(1, i + 1)[:-1] for i, name in enumerate(result.text.columns)}
    for name in result.columns:
        for row, raw in result.text[name].items():
            if raw:
                message = result.bad_cells.get((row, name), "")
                kind = "rejected" if message else "ok"
                yield (
                    result.file,
                    "",
                    f"{letters[name]}{row}",
                    str(row),
                    name,
                    name,
                    kind,
                    "" if message else raw,
                    raw,
                    "bad_value" if message else "",
                    message,
                )


def finding_line(finding: Finding) -> Line:
    """Line of ``findings.csv``."""
    f = finding
    row = "" if f.row is None else str(f.row)
    return (
        f.finding_id,
        f.severity,
        f.file,
        f.sheet,
        f.cell,
        row,
        f.field,
        f.code,
        f.message,
        f.suggestion,
        f.township_id,
    )


def _unbalanced(file: str, sheet: SheetResult, what: str) -> PbError:
    return PbError(
        Code.IMPORT_UNBALANCED,
        f"导入核对不平：有{what}没有交代去向",
        where=f"{file} 工作表“{sheet.sheet.name}”",
        fix="这是程序的错误，没有写入任何数据；请保留该文件并反馈",
    )
