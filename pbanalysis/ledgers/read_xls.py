"""Read BIFF workbooks (.xls, .et): calamine for the cells, the record stream for what it does not tell."""

from __future__ import annotations

import datetime as dt
import io
import struct
from dataclasses import dataclass, field

import python_calamine

from pbanalysis.ledgers.compound import Compound, biff_records
from pbanalysis.ledgers.grid import Cell, Merge, Sheet, Unusable, Value, Workbook
from pbanalysis.ledgers.guard import Refusal

__all__ = ["read_xls"]

_BUILTIN = {9: "0%", 10: "0.00%"}


@dataclass
class _Extras:
    """Per sheet: hidden rows and columns, formula cells, and the number formats of numeric cells."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)


def read_xls(data: bytes) -> Workbook:
    """Sheets of a BIFF workbook, hidden ones marked.

    Raises
    ------
    Refusal
        Password-protected or damaged.
    """
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        extras = _extras(data)
        sheets = []
        for meta in book.sheets_metadata:
            if "WorkSheet" not in str(meta.typ):
                continue
            sheet = Sheet(meta.name, hidden="Visible" not in str(meta.visible))
            _fill(sheet, book.get_sheet_by_name(meta.name), extras.get(meta.name, _Extras()))
            sheets.append(sheet)
    except python_calamine.PasswordError as error:
        raise Refusal("password", "工作簿加了打开密码，读不出来", "请取消密码后重新报送") from error
    except (python_calamine.CalamineError, ValueError, KeyError, IndexError, struct.error, OSError) as error:
        raise Refusal("truncated", "文件不完整或已损坏", "请重新发送完整的文件") from error
    return Workbook(sheets, "xls")


def _fill(sheet: Sheet, source: python_calamine.CalamineSheet, extra: _Extras) -> None:
    top, left = source.start or (0, 0)
    for r, row in enumerate(source.to_python(skip_empty_area=True), top + 1):
        for c, value in enumerate(row, left + 1):
            at = (r, c)
            cell = _value(value, at in extra.errors)
            if cell is not None:
                sheet.put(r, c, Cell(cell, extra.formats.get(at, ""), at in extra.formulas))
    for (top, left), (bottom, right) in source.merged_cell_ranges or ():
        sheet.merges.append(Merge(top + 1, left + 1, bottom + 1, right + 1))
    sheet.hidden_rows, sheet.hidden_columns, sheet.widths = (
        extra.hidden_rows,
        extra.hidden_columns,
        extra.widths,
    )
    for at in extra.errors - {(r, c) for r, cells in sheet.rows.items() for c in cells}:
        sheet.put(*at, Cell(Unusable("#错误值")))


def _value(value: object, is_error: bool) -> Value | None:
    if is_error:
        return Unusable(str(value) or "#错误值")
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else value
    if value is None or value == "" or isinstance(value, (dt.time, dt.timedelta)):
        return None if value is None or value == "" else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # BIFF knows only floating point; calamine has rounded it for us
    return value if isinstance(value, (str, float, bool, dt.date)) else str(value)


def _extras(data: bytes) -> dict[str, _Extras]:
    compound = Compound(data)
    stream = compound.stream(next(n for n in ("Workbook", "Book", "WORKBOOK", "BOOK") if n in compound.names))
    formats, xfs, starts = dict(_BUILTIN), [], []
    for kind, body in biff_records(stream):
        if kind == 0x41E and len(body) > 4:  # FORMAT
            formats[struct.unpack_from("<H", body)[0]] = _string(body[2:], 2)
        elif kind == 0xE0 and len(body) >= 4:  # XF
            xfs.append(struct.unpack_from("<H", body, 2)[0])
        elif kind == 0x85 and len(body) > 7:  # BOUNDSHEET
            starts.append((struct.unpack_from("<I", body)[0], _string(body[6:], 1)))
        elif kind == 0x0A:
            break
    codes = [formats.get(x, "") for x in xfs]
    return {name: _sheet_extras(stream[start:], codes) for start, name in starts}


def _string(body: bytes, length_bytes: int) -> str:
    length = body[0] if length_bytes == 1 else struct.unpack_from("<H", body)[0]
    wide, raw = body[length_bytes] & 1, body[length_bytes + 1 :]
    return raw[: length * 2].decode("utf-16-le", "replace") if wide else raw[:length].decode("latin-1")


def _sheet_extras(stream: bytes, codes: list[str]) -> _Extras:
    extra, depth = _Extras(), 0
    for kind, body in biff_records(stream):
        if kind == 0x809:
            depth += 1
        elif kind == 0x0A:
            depth -= 1
            if depth == 0:
                break
        elif kind == 0x208 and len(body) >= 16:  # ROW
            if struct.unpack_from("<H", body, 12)[0] & 0x20:
                extra.hidden_rows.add(struct.unpack_from("<H", body)[0] + 1)
        elif kind == 0x7D and len(body) >= 10:  # COLINFO
            first, last, width, _, flags = struct.unpack_from("<5H", body)
            for column in range(first + 1, min(last, first + 255) + 2):
                extra.widths[column] = width / 256
                if flags & 1:
                    extra.hidden_columns.add(column)
        elif kind in (0x203, 0x27E, 0x06, 0x205) and len(body) >= 8:  # NUMBER, RK, FORMULA, BOOLERR
            row, column, xf = struct.unpack_from("<3H", body)
            at = (row + 1, column + 1)
            if xf < len(codes) and codes[xf]:
                extra.formats[at] = codes[xf]
            if kind == 0x06:
                extra.formulas.add(at)
                if body[6] == 2 and body[12:14] == b"\xff\xff":
                    extra.errors.add(at)
            elif kind == 0x205 and body[7] == 1:
                extra.errors.add(at)
        elif kind == 0xBD and len(body) >= 12:  # MULRK
            row, column = struct.unpack_from("<2H", body)
            for i in range((len(body) - 6) // 6):
                xf = struct.unpack_from("<H", body, 4 + 6 * i)[0]
                if xf < len(codes) and codes[xf]:
                    extra.formats[row + 1, column + 1 + i] = codes[xf]
    return extra
