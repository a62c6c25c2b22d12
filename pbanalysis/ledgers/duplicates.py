"""Rows filed twice: the same content is kept out and linked, the same thing told differently is flagged."""

from __future__ import annotations

from collections.abc import Iterable

from pbanalysis.ledgers.result import DataRow, FileResult, SheetResult

__all__ = ["mark_duplicates"]


def mark_duplicates(files: Iterable[FileResult]) -> None:
    """Mark duplicate rows over all files of an import, in order; the first one counts."""
    content: dict[tuple[object, ...], tuple[str, str, DataRow]] = {}
    identity: dict[tuple[object, ...], tuple[str, str, DataRow]] = {}
    for file in files:
        for sheet in file.sheets:
            for row in sheet.rows:
                if row.disposition == "accepted" and sheet.layout is not None:
                    _mark(row, file, sheet, content, identity)


def _mark(
    row: DataRow,
    file: FileResult,
    sheet: SheetResult,
    content: dict[tuple[object, ...], tuple[str, str, DataRow]],
    identity: dict[tuple[object, ...], tuple[str, str, DataRow]],
) -> None:
    assert sheet.layout is not None
    here = (file.file, sheet.sheet.name, row)
    layout = sheet.layout.kind.layout
    whole = (layout, row.township_id, row.content)
    if whole in content:
        first = content[whole]
        row.disposition, row.code = "duplicate", "duplicate_row"
        row.duplicate_of = _place(first, here)
        row.message = f"与{_where(first, here)}内容相同（序号除外），只计一次"
        return
    content.setdefault(whole, here)
    key = (layout, *row.identity)
    if len([p for p in row.identity[1:] if p not in (None, "")]) == 0:
        return
    first = identity.setdefault(key, here)
    if first[2] is not row and (first[:2] != here[:2] or first[2].block != row.block):
        for name, reading in row.readings.items():
            before = first[2].readings.get(name)
            if name != "seq" and reading.value is not None and (before is None or before.value != reading.value):
                row.doubt(name, f"conflicts_with_row_{first[2].number}", f"与{_where(first, here)}说的是同一件事，这一格不同")
        row.code = row.code or "conflict"


def _place(first: tuple[str, str, DataRow], here: tuple[str, str, DataRow]) -> str:
    """Row number inside the same sheet, else with sheet and file before it."""
    number = str(first[2].number)
    if first[0] != here[0]:
        return f"{first[0]}#{first[1]}!{number}"
    return number if first[1] == here[1] else f"{first[1]}!{number}"


def _where(first: tuple[str, str, DataRow], here: tuple[str, str, DataRow]) -> str:
    number = f"第 {first[2].number} 行"
    if first[0] != here[0]:
        return f"“{first[0]}”{number}"
    return number if first[1] == here[1] else f"工作表“{first[1]}”{number}"
