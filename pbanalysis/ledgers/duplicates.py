"""Rows filed twice: the same content is kept out and linked, the same thing told differently is flagged."""

from __future__ import annotations

from pbanalysis.ledgers.result import DataRow, FileResult, SheetResult

__all__ = ["mark_duplicates"]


def mark_duplicates(file: FileResult) -> None:
    """Mark duplicate rows over the sheets of one file, in order; the first one counts.

    A master sheet and its sheets by type hold the same rows. What two files both say is settled when the
    tables are made.
    """
    content: dict[tuple[object, ...], tuple[str, DataRow]] = {}
    identity: dict[tuple[object, ...], tuple[str, DataRow]] = {}
    for sheet in file.sheets:
        for row in sheet.rows:
            if row.disposition == "accepted" and sheet.layout is not None:
                _mark(row, sheet, content, identity)


def _mark(
    row: DataRow,
    sheet: SheetResult,
    content: dict[tuple[object, ...], tuple[str, DataRow]],
    identity: dict[tuple[object, ...], tuple[str, DataRow]],
) -> None:
    assert sheet.layout is not None
    name, layout = sheet.sheet.name, sheet.layout.kind.layout
    before, first = content.setdefault((layout, row.township_id, row.content), (name, row))
    if first is not row:
        row.disposition, row.code = "duplicate", "duplicate_row"
        row.duplicate_of = str(first.number) if before == name else f"{before}!{first.number}"
        row.message = f"与{_where(before, name, first)}内容相同（序号除外），只计一次"
        return
    if not any(p not in (None, "") for p in row.identity[1:]):
        return
    before, first = identity.setdefault((layout, *row.identity), (name, row))
    if first is row or (before == name and first.block == row.block):
        return
    for field, reading in row.readings.items():
        other = first.readings.get(field)
        if field != "seq" and reading.value is not None and (other is None or other.value != reading.value):
            row.doubt(
                field,
                f"conflicts_with_row_{first.number}",
                f"与{_where(before, name, first)}说的是同一件事，这一格不同",
            )
    row.code = row.code or "conflict"


def _where(before: str, here: str, first: DataRow) -> str:
    return f"第 {first.number} 行" if before == here else f"工作表“{before}”第 {first.number} 行"
