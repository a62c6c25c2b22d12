"""Read .xlsx/.xlsm into sparse sheets in one pass.

openpyxl gives either a formula or its value, never both, so keeping both means loading twice; calamine
gives no formats. This reader takes value, formula, number format, strike-through, merges and what is
hidden in one pass over parts that the guard has already found free of entities; a test holds it against
openpyxl.
"""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree

from pbanalysis.ledgers.grid import Cell, Merge, Sheet, Unusable, Value, Workbook, is_blank
from pbanalysis.ledgers.guard import Refusal

__all__ = ["from_serial", "is_date_format", "read_xlsx"]

_BUILTIN = {9: "0%", 10: "0.00%", 14: "yyyy-mm-dd", 22: "yyyy-mm-dd h:mm"}
_BUILTIN |= dict.fromkeys((15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd")
_BUILTIN |= dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), "h:mm")


@dataclass(frozen=True)
class _Style:
    number_format: str
    is_date: bool
    strike: bool


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


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


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
    except (
        KeyError,
        ValueError,
        IndexError,
        ElementTree.ParseError,
        zipfile.BadZipFile,
        OverflowError,
    ) as error:
        raise Refusal(
            "truncated", "工作簿内部已损坏，读不出来", "请用 Excel 或 WPS 打开后另存为 .xlsx 再报送"
        ) from error


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {n.lower().replace("\\", "/"): n for n in archive.namelist()}

    def workbook(self) -> Workbook:
        book_path = next(n for n in self._names if n == "xl/workbook.xml" or n.endswith("workbook.xml"))
        root = self._xml(book_path)
        targets = self._relations(book_path)
        folder = posixpath.dirname(book_path)
        date1904 = any(_local(e.tag) == "workbookPr" and e.get("date1904") in ("1", "true") for e in root)
        strings = self._strings(self._part(targets, folder, "sharedStrings"))
        styles = self._styles(self._part(targets, folder, "styles"))
        sheets, notes = [], []
        for element in root.iter():
            if _local(element.tag) != "sheet":
                continue
            rid = next((v for k, v in element.attrib.items() if _local(k) == "id"), "")
            kind, target = targets.get(rid, ("", ""))
            sheet = Sheet(element.get("name", ""), hidden=element.get("state", "visible") != "visible")
            if kind != "worksheet":
                notes.append("chart_sheet")
                continue
            path = posixpath.normpath(
                target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            )
            self._sheet(path, sheet, strings, styles, date1904)
            sheets.append(sheet)
        return Workbook(sheets, "xlsx", notes)

    def _open(self, path: str) -> bytes:
        return self._archive.read(self._names[path.lower()])

    def _xml(self, path: str) -> ElementTree.Element:
        return ElementTree.fromstring(self._open(path))

    def _relations(self, book_path: str) -> dict[str, tuple[str, str]]:
        folder, name = posixpath.split(book_path)
        root = self._xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        return {e.get("Id", ""): (e.get("Type", "").rsplit("/", 1)[-1], e.get("Target", "")) for e in root}

    def _part(self, targets: dict[str, tuple[str, str]], folder: str, kind: str) -> str | None:
        target = next((t for k, t in targets.values() if k == kind), None)
        if target is None:
            return None
        path = posixpath.normpath(
            target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        )
        return path if path.lower() in self._names else None

    def _strings(self, path: str | None) -> list[str]:
        if path is None:
            return []
        return [_text(item) for item in self._xml(path) if _local(item.tag) == "si"]

    def _styles(self, path: str | None) -> list[_Style]:
        if path is None:
            return []
        root = self._xml(path)
        formats, fonts, styles = dict(_BUILTIN), [], []
        for section in root:
            name = _local(section.tag)
            if name == "numFmts":
                formats |= {int(e.get("numFmtId", "0")): e.get("formatCode", "") for e in section}
            elif name == "fonts":
                fonts = [
                    any(_local(p.tag) == "strike" and p.get("val") not in ("0", "false") for p in f)
                    for f in section
                ]
            elif name == "cellXfs":
                for xf in section:
                    code, font = formats.get(int(xf.get("numFmtId") or 0), ""), int(xf.get("fontId") or 0)
                    styles.append(_Style(code, is_date_format(code), font < len(fonts) and fonts[font]))
        return styles

    def _sheet(
        self, path: str, sheet: Sheet, strings: list[str], styles: list[_Style], date1904: bool
    ) -> None:
        number = 0
        for element in _elements(io.BytesIO(self._open(path))):
            tag = element.tag
            if tag.endswith("}row"):
                number = int(element.get("r") or number + 1)
                if element.get("hidden") in ("1", "true"):
                    sheet.hidden_rows.add(number)
                _row(element, number, sheet, strings, styles, date1904)
                element.clear()
            elif tag.endswith("}mergeCell"):
                merge = _merge(element.get("ref", ""))
                if merge:
                    sheet.merges.append(merge)
            elif tag.endswith("}col"):
                first, last = int(element.get("min") or 1), int(element.get("max") or 1)
                for column in range(first, min(last, first + 255) + 1):
                    if element.get("hidden") in ("1", "true"):
                        sheet.hidden_columns.add(column)
                    if element.get("width"):
                        sheet.widths[column] = float(element.get("width") or 0)


def _elements(source: io.BytesIO) -> Iterator[ElementTree.Element]:
    """Elements as they close."""
    for _, element in ElementTree.iterparse(source, events=("end",)):
        yield element


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


def _row(
    element: ElementTree.Element,
    number: int,
    sheet: Sheet,
    strings: list[str],
    styles: list[_Style],
    date1904: bool,
) -> None:
    column, known = 0, len(styles)
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
        value = _value(kind, raw, formula, strings, style, date1904)
        if value is not None and not is_blank(value):
            cells[column] = Cell(value, style.number_format, formula, style.strike)
    if cells:
        sheet.rows.setdefault(number, {}).update(cells)


_PLAIN = _Style("", False, False)


def _value(
    kind: str, raw: str | None, formula: bool, strings: list[str], style: _Style, date1904: bool
) -> Value | None:
    if raw is None or (raw == "" and kind != "str"):
        return Unusable("公式没有计算结果") if formula else None
    if kind == "n":
        return number(raw, style.is_date, date1904)
    if kind == "s":
        return strings[int(raw)]
    if kind in ("str", "inlineStr"):
        return raw
    if kind == "b":
        return raw.strip() in ("1", "true")
    if kind == "d":
        return dt.datetime.fromisoformat(raw).replace(tzinfo=None)
    return Unusable(raw)


def number(raw: str, is_date: bool, date1904: bool) -> Value | None:
    """Number of a cell; a date where its format shows one. Integers stay integers."""
    raw = raw.strip()
    if not raw:
        return None
    if is_date:
        moment = from_serial(float(raw), date1904=date1904)
        if moment is not None:
            return moment
    if raw.lstrip("-").isdigit():
        return int(raw)
    return float(raw)


@lru_cache(maxsize=16384)
def _column(letters: str) -> int:
    """Column number of its letters; a reference without any is damaged."""
    column = 0
    for c in letters:
        column = column * 26 + ord(c.upper()) - 64
    if not 1 <= column <= 16384:
        raise ValueError("column")
    return column


def _merge(ref: str) -> Merge | None:
    found = re.fullmatch(r"([A-Za-z]+)(\d+):([A-Za-z]+)(\d+)", ref)
    if not found:
        return None
    return Merge(int(found[2]), _column(found[1]), int(found[4]), _column(found[3]))
