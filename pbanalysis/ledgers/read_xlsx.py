"""Read .xlsx/.xlsm into sparse sheets in one pass.

openpyxl tells a formula without a value from an empty cell only when it loads twice; calamine gives no
formats. This reader takes value, number format, strike-through, merges and what is hidden in one pass over
parts that the guard has already found free of entities; a test holds it against openpyxl.
"""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import zipfile
from functools import lru_cache
from typing import NamedTuple
from xml.etree import ElementTree

from pbanalysis.ledgers.grid import (
    Cell,
    Merge,
    Sheet,
    Unusable,
    Value,
    Workbook,
    column_number,
    is_blank,
)
from pbanalysis.ledgers.guard import Refusal

__all__ = ["from_serial", "is_date_format", "number", "read_xlsx"]

_BUILTIN = {9: "0%", 10: "0.00%", 14: "yyyy-mm-dd", 22: "yyyy-mm-dd h:mm"}
_BUILTIN |= dict.fromkeys((15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd")
_BUILTIN |= dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), "h:mm")


class _Style(NamedTuple):
    number_format: str = ""
    is_date: bool = False
    strike: bool = False


_PLAIN = _Style()


@lru_cache(maxsize=1024)
def is_date_format(code: str) -> bool:
    """Whether a number format shows a calendar date (a time alone is none)."""
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.|General', "", code.split(";")[0], flags=re.IGNORECASE)
    if re.search(r"[yd年日]|e", bare, re.IGNORECASE):
        return not re.search(r"[0#]e", bare, re.IGNORECASE)
    return bool(re.fullmatch(r"\W*m{1,5}[\W月]*", bare, re.IGNORECASE))


def from_serial(serial: float, *, date1904: bool = False) -> dt.date | dt.datetime | None:
    """Date of a spreadsheet serial; None outside 1900–9999. Serial 60 is the 29 February 1900 that never was."""
    if not 1 <= serial < 2958466 or (60 <= serial < 61 and not date1904):
        return None
    base = dt.date(1904, 1, 1) if date1904 else dt.date(1899, 12, 30 if serial >= 61 else 31)
    midnight = dt.datetime.combine(base, dt.time())
    moment = midnight + dt.timedelta(days=int(serial), seconds=round((serial % 1) * 86400))
    return moment.date() if moment.time() == dt.time() else moment


def read_xlsx(data: bytes) -> Workbook:
    """Sheets of a workbook, in order, hidden ones marked.

    Raises
    ------
    Refusal
        The parts do not fit together.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Reader(archive).workbook()
    except (LookupError, ValueError, ElementTree.ParseError, zipfile.BadZipFile, OverflowError) as error:
        raise Refusal("truncated") from error


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {n.lower().replace("\\", "/"): n for n in archive.namelist()}
        self._book = next(n for n in self._names if n.endswith("workbook.xml"))
        self._strings: list[str] = []
        self._styles: list[_Style] = []
        self._date1904 = False

    def workbook(self) -> Workbook:
        root = self._xml(self._book)
        folder, name = posixpath.split(self._book)
        relations = self._xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        parts = {  # id -> kind and path
            e.get("Id", ""): (
                e.get("Type", "").rsplit("/", 1)[-1],
                posixpath.normpath(posixpath.join("/", folder, e.get("Target", ""))).lstrip("/"),
            )
            for e in relations
        }
        one = {kind: path for kind, path in reversed(parts.values()) if path.lower() in self._names}
        if "sharedStrings" in one:
            self._strings = [_text(e) for e in self._xml(one["sharedStrings"]) if _local(e.tag) == "si"]
        if "styles" in one:
            self._styles = _styles(self._xml(one["styles"]))
        self._date1904 = any(
            _local(e.tag) == "workbookPr" and e.get("date1904") in ("1", "true") for e in root
        )
        book = Workbook([], "xlsx")
        for element in root.iter():
            if _local(element.tag) != "sheet":
                continue
            rid = next((v for k, v in element.attrib.items() if _local(k) == "id"), "")
            kind, path = parts.get(rid, ("", ""))
            if kind != "worksheet":
                book.notes.append("chart_sheet")
                continue
            sheet = Sheet(element.get("name", ""), hidden=element.get("state", "visible") != "visible")
            self._sheet(path, sheet)
            book.sheets.append(sheet)
        return book

    def _open(self, path: str) -> bytes:
        return self._archive.read(self._names[path.lower()])

    def _xml(self, path: str) -> ElementTree.Element:
        return ElementTree.fromstring(self._open(path))

    def _sheet(self, path: str, sheet: Sheet) -> None:
        at = 0
        for _, element in ElementTree.iterparse(io.BytesIO(self._open(path)), events=("end",)):
            tag = element.tag
            if tag.endswith("}row"):
                at = int(element.get("r") or at + 1)
                if element.get("hidden") in ("1", "true"):
                    sheet.hidden_rows.add(at)
                if cells := self._row(element):
                    sheet.rows.setdefault(at, {}).update(cells)
                element.clear()
            elif tag.endswith("}mergeCell"):
                if found := re.fullmatch(r"([A-Za-z]+)(\d+):([A-Za-z]+)(\d+)", element.get("ref", "")):
                    left, top, right, bottom = found.groups()
                    sheet.merges.append(Merge(int(top), _column(left), int(bottom), _column(right)))
            elif tag.endswith("}col"):
                first, last = int(element.get("min") or 1), int(element.get("max") or 1)
                hidden = element.get("hidden") in ("1", "true")
                sheet.set_columns(first, last, float(element.get("width") or 0), hidden=hidden)

    def _row(self, element: ElementTree.Element) -> dict[int, Cell]:
        column, known, styles = 0, len(self._styles), self._styles
        cells: dict[int, Cell] = {}
        for c in element:
            ref = c.get("r")
            column = _column(ref.rstrip("0123456789")) if ref else column + 1
            if not len(c):
                continue
            kind, raw, formula = c.get("t", "n"), None, False
            for child in c:
                tag = child.tag
                if tag.endswith("}v"):
                    raw = child.text or ""
                elif tag.endswith("}f"):
                    formula = True
                elif tag.endswith("}is"):
                    raw = _text(child)
            index = int(c.get("s") or 0)
            style = styles[index] if index < known else _PLAIN
            value = self._value(kind, raw, formula, style.is_date)
            if value is not None and not is_blank(value):
                cells[column] = Cell(value, style.number_format, style.strike)
        return cells

    def _value(self, kind: str, raw: str | None, formula: bool, is_date: bool) -> Value | None:
        if raw is None or (raw == "" and kind != "str"):
            return Unusable("公式没有计算结果") if formula else None
        if kind == "n":
            return number(raw, is_date, date1904=self._date1904)
        if kind == "s":
            return self._strings[int(raw)]
        if kind in ("str", "inlineStr"):
            return raw
        if kind == "b":
            return raw.strip() in ("1", "true")
        if kind == "d":
            return dt.datetime.fromisoformat(raw).replace(tzinfo=None)
        return Unusable(raw)


def _styles(root: ElementTree.Element) -> list[_Style]:
    formats, struck, styles = dict(_BUILTIN), [], []
    for section in root:
        name = _local(section.tag)
        if name == "numFmts":
            formats |= {int(e.get("numFmtId", "0")): e.get("formatCode", "") for e in section}
        elif name == "fonts":
            struck = [
                any(_local(p.tag) == "strike" and p.get("val") not in ("0", "false") for p in font)
                for font in section
            ]
        elif name == "cellXfs":
            for xf in section:
                code, font = formats.get(int(xf.get("numFmtId") or 0), ""), int(xf.get("fontId") or 0)
                styles.append(_Style(code, is_date_format(code), font < len(struck) and struck[font]))
    return styles


def _text(item: ElementTree.Element) -> str:
    """Text of a string item: its runs joined, without the phonetic guide."""
    parts = []
    for child in item:
        name = _local(child.tag)
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts += [t.text or "" for t in child if _local(t.tag) == "t"]
    return "".join(parts)


def number(raw: str, is_date: bool = False, *, date1904: bool = False) -> Value | None:
    """Number of a cell; a date where its format shows one. Integers stay integers."""
    raw = raw.strip()
    if not raw:
        return None
    if is_date and (moment := from_serial(float(raw), date1904=date1904)) is not None:
        return moment
    return int(raw) if raw.lstrip("-").isdigit() else float(raw)


@lru_cache(maxsize=16384)
def _column(letters: str) -> int:
    """Column number of a reference; one without any, or beyond XFD, is damaged."""
    column = column_number(letters)
    if not 1 <= column <= 16384:
        raise ValueError("column")
    return column
