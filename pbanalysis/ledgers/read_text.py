"""Read tables kept as text: CSV and its kin, and the two formats that programs save under the name .xls
(an HTML page, SpreadsheetML 2003)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from html.parser import HTMLParser
from itertools import islice
from xml.etree import ElementTree

from pbanalysis.ledgers.grid import Cell, Merge, Sheet, Unusable, Value, Workbook
from pbanalysis.ledgers.guard import Refusal
from pbanalysis.ledgers.read_xlsx import number

__all__ = ["read_html", "read_text", "read_xml2003"]

_SEPARATORS = (",", "\t", ";", "|", "，")


def read_text(text: str) -> Workbook:
    """One sheet without a name; a row is a record, so a quoted line break does not split it.

    Raises
    ------
    Refusal
        A quotation mark is opened and never closed, or a field is longer than any ledger's.
    """
    text = text.lstrip("\ufeff")
    if text.lower().startswith("sep=") and "\n" in text[:10]:
        text = text[text.index("\n") + 1 :]
    sheet = Sheet("", is_text=True)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        for r, record in enumerate(records, 1):
            for c, value in enumerate(record, 1):
                sheet.put(r, c, Cell(value))
    except csv.Error as error:
        raise Refusal("broken_quotes") from error
    return Workbook([sheet], "text")


def _separator(text: str) -> str:
    """The separator under which most leading records have the same number (above one) of fields."""

    def score(separator: str) -> float:
        records = csv.reader(io.StringIO(text[:20000], newline=""), delimiter=separator)
        try:
            widths = [len(record) for record in islice(records, 30)]
        except csv.Error:
            return 0
        wide = Counter(w for w in widths if w > 1)
        common, n = wide.most_common(1)[0] if wide else (0, 0)
        return n / max(len(widths), 1) + common / 1000

    return max(_SEPARATORS, key=score)


# -- HTML and SpreadsheetML 2003 ------------------------------------------------------------------

_SPAN_LIMIT = 1000


def read_html(text: str) -> Workbook:
    """Every table of a page as a sheet; spans become merges. Cells are text."""
    reader = _Tables()
    reader.feed(text)
    reader.close()
    return Workbook([s for s in reader.sheets if s.rows], "html", ["html"])


class _Tables(HTMLParser):
    """Collects cells; tables inside tables are read as part of the outer one's cell text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sheets: list[Sheet] = []
        self._depth = 0
        self._row = 0
        self._column = 0
        self._taken: set[tuple[int, int]] = set()
        self._text: list[str] | None = None
        self._span = (1, 1)
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.sheets.append(Sheet(f"表{len(self.sheets) + 1}", is_text=True))
                self._row, self._taken = 0, set()
        elif self._depth == 1 and tag == "tr":
            self._finish()
            self._row, self._column = self._row + 1, 0
            if "display:none" in given.get("style", "").replace(" ", ""):
                self.sheets[-1].hidden_rows.add(self._row)
        elif self._depth == 1 and tag in ("td", "th"):
            self._finish()
            self._span = (_span(given.get("rowspan", "")), _span(given.get("colspan", "")))
            self._text = []
        elif tag == "br" and self._text is not None:
            self._text.append("\n")
        elif tag in ("script", "style"):
            self._hidden = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._depth:
            if self._depth == 1:
                self._finish()
            self._depth -= 1
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._finish()
        elif tag in ("script", "style"):
            self._hidden = False

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._hidden:
            self._text.append(data)

    def _finish(self) -> None:
        if self._text is None:
            return
        sheet, (down, across) = self.sheets[-1], self._span
        row, column = max(self._row, 1), self._column + 1
        while (row, column) in self._taken:
            column += 1
        sheet.put(row, column, Cell(" ".join("".join(self._text).split())))
        if down > 1 or across > 1:
            sheet.merges.append(Merge(row, column, row + down - 1, column + across - 1))
            self._taken |= {(r, c) for r in range(row, row + down) for c in range(column, column + across)}
        self._column, self._text = column + across - 1, None


def _span(text: str) -> int:
    return min(max(int(text), 1), _SPAN_LIMIT) if text.isdigit() else 1


_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"


def read_xml2003(text: str) -> Workbook:
    """Sheets of a SpreadsheetML 2003 file; the guard has refused any document type.

    Raises
    ------
    Refusal
        The XML is not whole.
    """
    try:
        root = ElementTree.fromstring(text)
        formats = {
            s.get(f"{_SS}ID", ""): f.get(f"{_SS}Format", "").replace("Percent", "0%")
            for s in root.iter(f"{_SS}Style")
            for f in s.iter(f"{_SS}NumberFormat")
        }
        sheets = [_sheet(element, formats) for element in root.iter(f"{_SS}Worksheet")]
    except (ElementTree.ParseError, ValueError, OverflowError) as error:
        raise Refusal("truncated") from error
    return Workbook(sheets, "xml2003", ["xml2003"])


def _sheet(element: ElementTree.Element, formats: dict[str, str]) -> Sheet:
    visible = next((v.text or "" for v in element.iter() if v.tag.endswith("}Visible")), "")
    sheet = Sheet(
        element.get(f"{_SS}Name", ""), hidden=visible.startswith(("SheetHidden", "SheetVeryHidden"))
    )
    row = 0
    for line in element.iter(f"{_SS}Row"):
        row = int(line.get(f"{_SS}Index") or row + 1)
        if line.get(f"{_SS}Hidden") == "1":
            sheet.hidden_rows.add(row)
        column = 0
        for item in line.findall(f"{_SS}Cell"):
            column = int(item.get(f"{_SS}Index") or column + 1)
            across, down = int(item.get(f"{_SS}MergeAcross") or 0), int(item.get(f"{_SS}MergeDown") or 0)
            if across or down:
                sheet.merges.append(Merge(row, column, row + min(down, 100000), column + min(across, 1000)))
            data = item.find(f"{_SS}Data")
            value = _value(data) if data is not None else None
            if value is None and item.get(f"{_SS}Formula") is not None:
                value = Unusable("公式没有计算结果")
            if value is not None:
                sheet.put(row, column, Cell(value, formats.get(item.get(f"{_SS}StyleID", ""), "")))
            column += across
        row += int(line.get(f"{_SS}Span") or 0)
    return sheet


def _value(data: ElementTree.Element) -> Value | None:
    raw = "".join(data.itertext())
    match data.get(f"{_SS}Type"):
        case "Number":
            return number(raw)
        case "DateTime":
            moment = dt.datetime.fromisoformat(raw).replace(tzinfo=None)
            return moment.date() if moment.time() == dt.time() else moment
        case "Boolean":
            return raw.strip() == "1"
        case "Error":
            return Unusable(raw)
        case _:
            return raw or None
