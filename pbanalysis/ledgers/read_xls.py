"""Read BIFF workbooks (.xls, .et): calamine for the cells, the record stream for what it does not tell."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import struct
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import python_calamine

from pbanalysis.ledgers.compound import Compound, biff_records
from pbanalysis.ledgers.grid import Cell, Merge, Sheet, Unusable, Value, Workbook
from pbanalysis.ledgers.guard import Refusal

__all__ = ["no_panic", "read_xls"]

_BUILTIN = {9: "0%", 10: "0.00%"}
_ERROR = "#错误值"


@dataclass
class _Extras:
    """Of one sheet: number formats of numeric cells and cells with an error; the sheet takes the rest itself."""

    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: set[tuple[int, int]] = field(default_factory=set)


@contextmanager
def no_panic() -> Iterator[None]:
    """Turns a panic of calamine into its error: it is no ``Exception``, and would end a whole county's import.

    What calamine's runtime says of it in English, past Python to descriptor 2, is left out, line by line;
    what else was written there meanwhile, by another thread perhaps, is passed on after. (No promise holds for
    a write under way in the very moment in which the descriptor is exchanged: the system offers none.)
    """
    with _stderr_held() as said:
        try:
            yield
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # pyo3 does not export it
                raise
            said.append(str(error))
            raise python_calamine.CalamineError(str(error)) from error


_one_at_a_time = threading.RLock()  # two that put descriptor 2 back in the wrong order would lose it


@contextmanager
def _stderr_held() -> Iterator[list[str]]:
    """Holds back what goes to descriptor 2; in the end lets it go, less the panics that it was told of."""
    panics: list[str] = []
    with _one_at_a_time, ExitStack() as stack:
        try:
            held = stack.enter_context(tempfile.TemporaryFile())
            real = os.dup(2)
        except OSError:  # there is no standard error, or no room: nothing is held back
            yield panics
            return
        stack.callback(os.close, real)
        _flush()
        os.dup2(held.fileno(), 2)
        try:
            yield panics
        finally:
            _flush()
            os.dup2(real, 2)
            held.seek(0)
            rest = held.read()
            if panics:
                rest = b"".join(
                    line for line in rest.splitlines(keepends=True) if not _of_panic(line, panics)
                )
            while rest:
                rest = rest[os.write(2, rest) :]


# the place, what led there where RUST_BACKTRACE asks for it, how to see more of it
_PANIC = re.compile(
    rb"thread '.*' .*panicked at |stack backtrace:|\s+\d+: |\s+at |note: (?:run with|[Ss]ome details)"
)


def _of_panic(line: bytes, messages: list[str]) -> bool:
    """Whether a line is one that a panic with one of the messages leaves."""
    said = line.rstrip(b"\r\n")
    return (
        not said
        or bool(_PANIC.match(line))
        or any(said in message.encode().split(b"\n") for message in messages)
    )


def _flush() -> None:
    if sys.stderr is not None:  # None under pythonw
        sys.stderr.flush()


def read_xls(data: bytes) -> Workbook:
    """Sheets of a BIFF workbook, hidden ones marked.

    Raises
    ------
    Refusal
        Password-protected or damaged.
    """
    try:
        with no_panic():
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        streams = _Streams(data)
        sheets = []
        for meta in book.sheets_metadata:
            if "WorkSheet" not in str(meta.typ):
                continue
            sheet = Sheet(meta.name, hidden="Visible" not in str(meta.visible))
            _fill(sheet, book, streams.read(sheet))
            sheets.append(sheet)
    except python_calamine.PasswordError as error:
        raise Refusal("password") from error
    except (python_calamine.CalamineError, ValueError, KeyError, IndexError, struct.error, OSError) as error:
        raise Refusal("truncated") from error
    return Workbook(sheets, "xls")


def _fill(sheet: Sheet, book: python_calamine.CalamineWorkbook, extra: _Extras) -> None:
    with no_panic():
        source = book.get_sheet_by_name(sheet.name)
        rows, merges = source.to_python(skip_empty_area=True), source.merged_cell_ranges or ()
    top, left = source.start or (0, 0)
    for r, values in enumerate(rows, top + 1):
        for c, value in enumerate(values, left + 1):
            cell = Unusable(str(value) or _ERROR) if (r, c) in extra.errors else _value(value)
            if cell is not None:
                sheet.put(r, c, Cell(cell, extra.formats.get((r, c), "")))
    for r, c in extra.errors:
        if c not in sheet.rows.get(r, {}):
            sheet.put(r, c, Cell(Unusable(_ERROR)))
    for (top, left), (bottom, right) in merges:
        sheet.merges.append(Merge(top + 1, left + 1, bottom + 1, right + 1))


def _value(value: object) -> Value | None:
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # BIFF knows only floating point; calamine has rounded it for us
    return value if isinstance(value, (str, float, bool, dt.date)) else str(value)


class _Streams:
    """Number formats of the workbook, and where the records of every sheet begin."""

    def __init__(self, data: bytes) -> None:
        compound = Compound(data)
        self._stream = compound.stream(compound.book or "")
        formats, xfs = dict(_BUILTIN), []
        self._starts: dict[str, int] = {}
        for kind, body in biff_records(self._stream):
            if kind == 0x41E and len(body) > 4:  # FORMAT
                formats[struct.unpack_from("<H", body)[0]] = _string(body[2:], 2)
            elif kind == 0xE0 and len(body) >= 4:  # XF
                xfs.append(struct.unpack_from("<H", body, 2)[0])
            elif kind == 0x85 and len(body) > 7:  # BOUNDSHEET
                self._starts[_string(body[6:], 1)] = struct.unpack_from("<I", body)[0]
            elif kind == 0x0A:
                break
        self._formats = [formats.get(x, "") for x in xfs]

    def read(self, sheet: Sheet) -> _Extras:
        """Hidden rows and columns and widths go to the sheet."""
        extra, depth = _Extras(), 0
        start = self._starts.get(sheet.name)
        for kind, body in biff_records(self._stream[start:]) if start is not None else ():
            if kind == 0x809:
                depth += 1
            elif kind == 0x0A:
                depth -= 1
                if depth == 0:
                    break
            elif kind == 0x208 and len(body) >= 16:  # ROW
                if struct.unpack_from("<H", body, 12)[0] & 0x20:
                    sheet.hidden_rows.add(struct.unpack_from("<H", body)[0] + 1)
            elif kind == 0x7D and len(body) >= 10:  # COLINFO
                first, last, width, _, flags = struct.unpack_from("<5H", body)
                sheet.set_columns(first + 1, last + 1, width / 256, hidden=bool(flags & 1))
            elif kind in (0x203, 0x27E, 0x06, 0x205) and len(body) >= 8:  # NUMBER, RK, FORMULA, BOOLERR
                row, column, xf = struct.unpack_from("<3H", body)
                self._format(extra, row, column, xf)
                if kind == 0x205 and body[7] == 1:
                    extra.errors.add((row + 1, column + 1))
                if kind == 0x06 and body[6] == 2 and body[12:14] == b"\xff\xff":
                    extra.errors.add((row + 1, column + 1))
            elif kind == 0xBD and len(body) >= 12:  # MULRK
                row, column = struct.unpack_from("<2H", body)
                for i in range((len(body) - 6) // 6):
                    self._format(extra, row, column + i, struct.unpack_from("<H", body, 4 + 6 * i)[0])
        return extra

    def _format(self, extra: _Extras, row: int, column: int, xf: int) -> None:
        if xf < len(self._formats) and self._formats[xf]:
            extra.formats[row + 1, column + 1] = self._formats[xf]


def _string(body: bytes, length_bytes: int) -> str:
    length = body[0] if length_bytes == 1 else struct.unpack_from("<H", body)[0]
    wide, raw = body[length_bytes] & 1, body[length_bytes + 1 :]
    return raw[: length * 2].decode("utf-16-le", "replace") if wide else raw[:length].decode("latin-1")
