"""The indicator table as a workbook: 基层组织建设重点指标完成情况统计表.

Numbers are numbers, shown as every other format prints them; text is always written as text, so
that nothing can be taken for a formula. The same document gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter

from pbanalysis.reports.documents.document import Document
from pbanalysis.reports.documents.text import (
    Block,
    about_table,
    cell_of,
    cell_shown,
    cell_text,
    column_of,
    ems,
    head_rows,
    notes_of,
    plain,
    prose,
)

__all__ = ["COLUMNS", "TITLE", "number_and_format", "render"]

TITLE = "基层组织建设重点指标完成情况统计表"
COLUMNS = (  # title, what the scorecard's column says, width in characters
    ("指标", "name", 30),
    ("目标", "target", 13),
    ("完成值", "value", 12),
    ("分子/分母", "fraction", 14),
    ("状态", "state", 14),
    ("依据", "clause", 10),
    ("说明", "note", 46),
)
_FONT = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
_NUMBER = re.compile(r"(\D*)(\d[\d,]*(?:\.(\d+))?)(%?)(\D*)")
_BAD_IN_NAME = re.compile(r"[\[\]:*?/\\']")


def number_and_format(text: str) -> tuple[float, str] | None:
    """A printed number as value and number format, so that the cell shows the same text.

    >>> number_and_format("83.9%"), number_and_format("41天"), number_and_format("3/4")
    ((0.839, '0.0%'), (41.0, '0"天"'), None)
    """
    found = _NUMBER.fullmatch(text)
    if found is None or '"' in text:
        return None
    before, digits, decimals, percent, after = found.groups()
    number = Decimal(digits.replace(",", "")) / (100 if percent else 1)
    shown = ("#,##0" if "," in digits else "0") + (f".{'0' * len(decimals)}" if decimals else "") + percent
    quoted = [f'"{part}"' if part else "" for part in (before, after)]
    return float(number), f"{quoted[0]}{shown}{quoted[1]}"


def render(doc: Document) -> bytes:
    """The workbook: the indicator table, further tables, definitions, sources."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = _Book(book, doc)
    sheet.indicators()
    for title, tables in _further_tables(doc).items():
        sheet.tables(title, title, tables)
    sheet.tables("口径说明", "指标口径说明", list(_under_theme(doc.annex, ("definitions",))))
    sheet.statement()
    sheet.sources()
    book.close()
    return made.getvalue()


def _further_tables(doc: Document) -> dict[str, list[tuple[str, Block]]]:
    """Tables that get a sheet, by title: what the themes say in tables of one kind stands together."""
    roles = ("measures", "gaps", "previous") + (("finding", "") if doc.kind == "county" else ())
    sheets: dict[str, list[tuple[str, Block]]] = {}
    for theme, block in _under_theme([*doc.body, *doc.annex], roles):
        same = sheets.setdefault(block["title"], [])
        if not same or same[0][1]["columns"] == block["columns"]:
            same.append((theme, block))
        else:
            sheets[f"{block['title']}（{theme}）"] = [(theme, block)]
    return sheets


def _under_theme(blocks: Sequence[Block], roles: Sequence[str]) -> Iterator[tuple[str, Block]]:
    """Tables of the roles, each with its theme: the heading of the first level in the body, of the
    lowest in the annex, where the themes stand below 指标口径."""
    lowest = 2 if "definitions" in roles else 1
    theme = ""
    for block in blocks:
        if block["type"] == "heading" and block["level"] <= lowest:
            theme = re.sub(r"^[^、）]*[、）]", "", block["text"])
        elif block["role"] in roles and block["type"] == "table":
            yield theme, block


class _Book:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any, doc: Document) -> None:
        self._book, self._doc = book, doc
        self._formats: dict[tuple[Any, ...], Any] = {}
        end = dt.datetime.combine(doc.as_of, dt.time())
        book.set_properties(
            {
                "title": f"{doc.unit}{TITLE}",
                "author": "pbanalysis",
                "keywords": doc.identifier,
                "created": end,
            }
        )

    def _style(self, **about: Any) -> Any:
        key = tuple(sorted(about.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({**_FONT, **about})
        return self._formats[key]

    def _sheet(self, name: str, widths: Sequence[float], *, title: str, about: str, head: int) -> Any:
        """A sheet with its title, what is repeated and frozen, and how it prints."""
        used = {sheet.get_name() for sheet in self._book.worksheets()}
        name = base = _BAD_IN_NAME.sub("", name)[:28]
        for number in range(2, 100):
            if name not in used:
                break
            name = f"{base}_{number}"
        sheet = self._book.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_row(0, 30)
        center = self._style(font_name="黑体", font_size=16, align="center")
        sheet.merge_range(0, 0, 0, max(1, len(widths) - 1), "", center)
        sheet.write_string(0, 0, title, center)
        sheet.write_string(1, 0, about, self._style(font_size=9))
        sheet.freeze_panes(2 + head, 1)
        if head:
            sheet.repeat_rows(2, 1 + head)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.6, right=0.6, top=0.8, bottom=0.8)
        sheet.set_footer("&C— &P —")
        sheet.center_horizontally()
        return sheet

    def _head(self, sheet: Any, columns: Sequence[Mapping[str, Any]]) -> int:
        style = self._style(font_name="黑体", align="center", border=1, text_wrap=True, bg_color="#EFEFEF")
        rows = head_rows(columns)
        covered: set[tuple[int, int]] = set()
        for down, row in enumerate(rows):
            column = 0
            for text, span, tall in row:
                while (down, column) in covered:
                    column += 1
                if span > 1 or tall > 1:
                    sheet.merge_range(2 + down, column, 1 + down + tall, column + span - 1, "", style)
                    covered |= {(down + d, column + c) for d in range(tall) for c in range(span)}
                sheet.write_string(2 + down, column, text, style)
                column += span
        return len(rows)

    def _cell(self, sheet: Any, row: int, column: int, cell: Any, align: str, *, bold: bool = False) -> None:
        """A number with the format that shows its printed text; anything else as text."""
        about = {"border": 1, "align": align, "font_name": "黑体" if bold else "宋体"}
        typed = None if isinstance(cell, str) else _typed(cell)
        if typed is None:
            sheet.write_string(row, column, cell_shown(cell), self._style(text_wrap=True, **about))
        else:
            sheet.write_number(row, column, typed[0], self._style(num_format=typed[1], **about))

    def _group(self, sheet: Any, row: int, columns: int, text: str) -> None:
        style = self._style(font_name="黑体", border=1, bg_color="#F7F7F7")
        for column in range(1, columns):
            sheet.write_blank(row, column, None, style)
        sheet.write_string(row, 0, text, style)

    def _notes(self, sheet: Any, row: int, notes: Sequence[str]) -> None:
        for note in notes:
            sheet.write_string(row, 0, note, self._style(font_size=9))
            row += 1

    def indicators(self) -> None:
        """The 统计表: the themes' scorecards, one under the other."""
        doc = self._doc
        columns = [{"title": title, "group": ""} for title, _, _ in COLUMNS]
        about = f"填报范围：{doc.unit}{doc.about}"
        title = f"{doc.unit}{doc.period.title}{TITLE}"
        sheet = self._sheet("统计表", [w for *_, w in COLUMNS], title=title, about=about, head=1)
        row = 2 + self._head(sheet, columns)
        notes: dict[str, None] = {}
        for theme, block in _under_theme(doc.body, ("scorecard",)):
            if column_of(block, "name") is None:
                continue
            self._group(sheet, row, len(COLUMNS), theme)
            row += 1
            for line in block["rows"]:
                if line["kind"] == "group":
                    self._group(sheet, row, len(COLUMNS), f"　{cell_text(line['cells'][0])}")
                else:
                    self._indicator(sheet, row, block, line)
                row += 1
            notes |= dict.fromkeys(notes_of(block))
        self._notes(sheet, row, list(notes))

    def _indicator(self, sheet: Any, row: int, block: Block, line: Mapping[str, Any]) -> None:
        cells = [_indicator_cell(block, line, what) for _, what, _ in COLUMNS]
        for column, (cell, (_, what, _)) in enumerate(zip(cells, COLUMNS)):
            align = "right" if what in ("target", "value", "fraction") else "left"
            self._cell(sheet, row, column, cell, align)
        sheet.set_row(row, _row_height(cells, [width for *_, width in COLUMNS]))

    def tables(self, name: str, title: str, found: Sequence[tuple[str, Block]]) -> None:
        """Tables of one kind on one sheet, each under its theme."""
        if not found:
            return
        first = found[0][1]
        columns = first["columns"]
        total = sum(float(column["width"]) for column in columns)
        widths = [max(9.0, 130 * float(c["width"]) / total, 2.1 * ems(c["title"])) for c in columns]
        about = f"{self._doc.unit}{self._doc.about}{about_table(first)}"
        sheet = self._sheet(name, widths, title=title, about=about, head=len(head_rows(columns)))
        row = 2 + self._head(sheet, columns)
        notes: dict[str, None] = {}
        for theme, block in found:
            if len(found) > 1:
                self._group(sheet, row, len(columns), theme)
                row += 1
            for line in block["rows"]:
                self._line(sheet, row, line, columns, widths)
                row += 1
            notes |= dict.fromkeys(notes_of(block))
        self._notes(sheet, row, list(notes))

    def _line(
        self, sheet: Any, row: int, line: Mapping[str, Any], columns: Sequence[Any], widths: Sequence[float]
    ) -> None:
        cells = line["cells"]
        if len(cells) < len(columns):
            self._group(sheet, row, len(columns), cell_text(cells[0]))
            return
        for column, (cell, about) in enumerate(zip(cells, columns)):
            self._cell(sheet, row, column, cell, about["align"], bold=line["kind"] != "data")
        sheet.set_row(row, _row_height(cells, widths))

    def statement(self) -> None:
        """The township's own words, where it sent any."""
        said = str(self._doc.frame.get("statement", ""))
        if not said:
            return
        about = f"以下为{self._doc.unit}原文，照录；所述数字未经核对。"
        sheet = self._sheet("乡镇说明", [115], title="乡镇说明", about=about, head=0)
        for row, line in enumerate(said.splitlines(), start=2):
            sheet.write_string(row, 0, line, self._style(text_wrap=True))
            sheet.set_row(row, _row_height([line], [115]))

    def sources(self) -> None:
        """Where the data come from, and the checksums."""
        sheet = self._sheet("来源与校验", [24, 90], title="数据来源与校验", about=self._doc.about, head=0)
        row, inside = 2, False
        for block in self._doc.annex:
            if block["type"] == "heading" and block["level"] == 1:
                inside = block["text"].endswith("数据来源与校验")
            elif inside:
                for cells in _lines_of(block):
                    for column, text in enumerate(cells):
                        sheet.write_string(row, column, text, self._style())
                    row += 1


def _lines_of(block: Block) -> Iterator[list[str]]:
    match block["type"]:
        case "table":
            yield from ([cell_shown(cell) for cell in row["cells"]] for row in block["rows"])
        case "list" | "box":
            yield from ([plain(item)] for item in block["items"])
        case _:
            yield [prose(block)]


def _typed(cell: Mapping[str, Any]) -> tuple[float, str] | None:
    """Value and format of a cell that holds one number; its text must be all of the cell."""
    facts = [span for span in cell.get("spans", ()) if not isinstance(span, str)]
    return number_and_format(cell["t"]) if cell["f"] or len(facts) == 1 else None


def _row_height(cells: Sequence[Any], widths: Sequence[float]) -> float:
    """Height that shows every line; a Chinese character takes two of a column's characters."""
    lines = max(math.ceil(1.95 * ems(cell_shown(cell)) / width) for cell, width in zip(cells, widths))
    return 15.0 * max(1, lines)


def _indicator_cell(block: Block, line: Mapping[str, Any], what: str) -> Any:
    if what == "note":
        return _remark(block, line)
    cell = cell_of(block, line, what)
    return cell_text(cell).partition("；")[0] if what == "fraction" else cell


def _remark(block: Block, line: Mapping[str, Any]) -> str:
    """What the scorecard says beside the number: what is left out, how sure it is, the county."""
    left = cell_text(cell_of(block, line, "fraction")).partition("；另")[2]
    parts = [left, *(cell_text(cell_of(block, line, what)) for what in ("range", "stands", "county"))]
    named = ("未计入：{}", "波动范围 {}", "{}", "{}")
    return "；".join(name.format(part) for name, part in zip(named, parts) if part and part != "—")
