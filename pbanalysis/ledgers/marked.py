"""The marked copy: a township's own sheets at the same addresses, with what has to be corrected shown in place.

The copy is written anew from what was read, not by re-saving the original: only so can nothing of the
original's personal columns, comments, hidden sheets, author or pictures come along. Values are as typed;
a personal cell, and a column nobody knows, show a word in brackets instead.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter

from pbanalysis.ledgers.grid import Cell, Merge, Value, column_letters, column_number
from pbanalysis.ledgers.layout import Layout
from pbanalysis.ledgers.result import SEVERITIES, FileResult, Finding, SheetResult
from pbanalysis.ledgers.roles import Role
from pbanalysis.ledgers.text import tidy
from pbanalysis.privacy.pseudonyms import mask

__all__ = ["marked_name", "write_marked"]

HIDDEN, UNREAD = "〔已隐去〕", "〔未读取〕"
_FILL = {"block": "#F8CBAD", "confirm": "#FFE699", "note": "#DDEBF7"}
_COMMENT_LIMIT = 255
_FONT = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}


def marked_name(file: str) -> str:
    """Name of the marked copy of a file; another format gets .xlsx behind its own name."""
    return file if file.lower().endswith(".xlsx") else f"{file}.xlsx"


def write_marked(
    result: FileResult, findings: Sequence[Finding], path: Path, townships: Mapping[str, str]
) -> None:
    """Write the marked copy of one workbook.

    Parameters
    ----------
    findings
        Its findings, with ids.
    townships
        Names of the townships by code.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    day = next((s.preamble.reported_on for s in result.sheets if s.preamble.reported_on), dt.date(2000, 1, 1))
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"author": "pbanalysis", "created": dt.datetime.combine(day, dt.time())})
        pages = _Pages(book, result, findings)
        for sheet in result.sheets:
            if sheet.layout is not None and sheet.cards is None:
                pages.copy(sheet, sheet.layout)
        pages.listing()
        pages.summary(townships)


@dataclass
class _Pages:
    book: Any
    result: FileResult
    findings: Sequence[Finding]
    _looks: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _titles: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def _look(self, *style: str, number_format: str = "", fill: str = "") -> Any:
        key = (number_format, fill, *style)
        if key not in self._looks:
            given: dict[str, Any] = {**_FONT, "num_format": number_format} if number_format else dict(_FONT)
            if fill:
                given |= {"bg_color": fill, "pattern": 1}
            for word in style:
                given |= _STYLES[word]
            self._looks[key] = self.book.add_format(given)
        return self._looks[key]

    def _line(self, page: Any, row: int, texts: Sequence[str], *style: str) -> None:
        for column, text in enumerate(texts):
            page.write_string(row, column, text, self._look(*style))

    def _title(self, name: str, fallback: str) -> str:
        """A sheet name that Excel takes and that is not taken yet."""
        base = re.sub(r"[\[\]:*?/\\]", " ", mask(name)).strip(" '")[:28] or fallback
        title, n = base, 1
        while title.lower() in self._taken:
            n += 1
            title = f"{base[:25]} ({n})"
        self._taken.add(title.lower())
        return title

    # -- the copy -----------------------------------------------------------------------------

    def copy(self, sheet: SheetResult, layout: Layout) -> None:
        """One sheet at its own addresses."""
        title = self._titles[sheet.sheet.name] = self._title(sheet.sheet.name, "台账")
        page = self.book.add_worksheet(title)
        marks, merged = self._marks(sheet), _merges(sheet)
        for column in range(1, max((c for r in sheet.sheet.rows.values() for c in r), default=1) + 1):
            page.set_column(column - 1, column - 1, _width(sheet, column))
        for m in merged:
            page.merge_range(m.top - 1, m.left - 1, m.bottom - 1, m.right - 1, "", self._look("merged"))
        covered = {at for m in merged for at in m.cells()}
        for number, cells in sheet.sheet.rows.items():
            role = sheet.roles[number]
            boxed = role in _BOXED
            style = [role if role in ("header", "title") else "cell"] if boxed else []
            for column, cell in cells.items():
                fill = marks.get((number, column), ("", ""))[0]
                more = ["merged"] if boxed and (number, column) in covered else []
                value = _shown(cell, column, role, sheet, layout)
                self._write(page, number, column, cell.number_format, value, fill, [*style, *more])
            if role == "header":
                texts = [
                    (str(c.value), _width(sheet, n)) for n, c in cells.items() if (number, n) not in covered
                ]
                page.set_row(number - 1, _height(texts))
            elif boxed:  # borders of the empty cells
                for column in layout.columns.keys() - cells.keys():
                    if (number, column) not in covered:
                        fill = marks.get((number, column), ("", ""))[0]
                        page.write_blank(number - 1, column - 1, None, self._look("cell", fill=fill))
        for (number, column), (_, text) in marks.items():
            size = {"author": "pbanalysis", "x_scale": 2.2, "y_scale": 1 + len(text) / 60}
            page.write_comment(number - 1, column - 1, text, size)
        page.freeze_panes(layout.bottom, 0)
        page.set_landscape()
        page.fit_to_pages(1, 0)

    def _write(
        self, page: Any, row: int, column: int, number_format: str, value: Value, fill: str, style: list[str]
    ) -> None:
        match value:
            case str():
                put, code = page.write_string, ""
            case bool():
                put, code = page.write_boolean, ""
            case int() | float():
                put, code = page.write_number, number_format.replace("General", "")
            case dt.datetime():
                put, code = page.write_datetime, "yyyy-mm-dd hh:mm"
            case dt.date():
                put, code = page.write_datetime, "yyyy-mm-dd"
        put(row - 1, column - 1, value, self._look(*style, number_format=code, fill=fill))

    def _marks(self, sheet: SheetResult) -> dict[tuple[int, int], tuple[str, str]]:
        """Fill and comment of every cell that a finding names."""
        anchors = {
            (r, m.left): (m.top, m.left)
            for m in sheet.sheet.merges
            if m.bottom - m.top < 1000
            for r in range(m.top, m.bottom + 1)
        }
        said: dict[tuple[int, int], list[Finding]] = {}
        for finding in self.findings:
            at = _position(finding.cell)
            if finding.sheet == sheet.sheet.name and at:
                said.setdefault(anchors.get(at, at), []).append(finding)
        marks = {}
        for at, found in said.items():
            worst = min(found, key=lambda f: list(SEVERITIES).index(f.severity))
            text = "\n".join(
                f"【{SEVERITIES[f.severity]}】{f.message}" + (f"。{f.suggestion}" if f.suggestion else "")
                for f in found
            )
            if len(text) > _COMMENT_LIMIT:
                text = text[: _COMMENT_LIMIT - 1] + "…"
            marks[at] = (_FILL[worst.severity], text)
        return marks

    # -- the note -----------------------------------------------------------------------------

    def listing(self) -> None:
        """「问题清单」: every finding, with a link to its cell."""
        page = self.book.add_worksheet(self._title("问题清单", "问题清单"))
        page.activate()
        page.set_first_sheet()
        for column, width in enumerate((6, 9, 16, 9, 60, 44, 14)):
            page.set_column(column, column, width)
        name = mask(self.result.file.rsplit("/", 1)[-1])
        page.merge_range(0, 0, 0, 6, f"{name}　问题清单", self._look("title"))
        page.merge_range(1, 0, 1, 6, f"{_received(self.result)}。{_HOW}", self._look("plain"))
        page.set_row(1, 30)
        self._line(page, 2, ("序号", "类别", "工作表", "位置", "问题", "怎么改", "编号"), "header")
        order = list(SEVERITIES)
        listed = sorted(self.findings, key=lambda f: (order.index(f.severity), f.sheet, f.row or 0))
        for row, f in enumerate(listed, 3):
            page.write_number(row, 0, row - 2, self._look("cell"))
            page.write_string(row, 1, SEVERITIES[f.severity], self._look("cell", fill=_FILL[f.severity]))
            page.write_string(row, 2, mask(f.sheet), self._look("cell"))
            self._link(page, row, f)
            page.write_string(row, 4, f.message, self._look("wrapped"))
            page.write_string(row, 5, f.suggestion, self._look("wrapped"))
            page.write_string(row, 6, f.finding_id, self._look("cell"))
            page.set_row(row, _height(((f.message, 60), (f.suggestion, 44))))
        page.freeze_panes(3, 0)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(2)

    def _link(self, page: Any, row: int, finding: Finding) -> None:
        title = self._titles.get(finding.sheet)
        place = finding.cell or (f"第{finding.row}行" if finding.row else "")
        target = finding.cell or (f"A{finding.row}" if finding.row else "")
        if title and target:
            quoted = title.replace("'", "''")
            page.write_url(row, 3, f"internal:'{quoted}'!{target}", self._look("link"), place)
        else:
            page.write_string(row, 3, place or "整个文件", self._look("cell"))

    def summary(self, townships: Mapping[str, str]) -> None:
        """「汇总」: what was received and used, how columns were read, what is not shown."""
        page = self.book.add_worksheet(self._title("汇总", "汇总"))
        page.set_column(0, 0, 22)
        page.set_column(1, 2, 40)
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        row = 0
        for left, right in _account(self.result, self.findings, townships):
            page.write_string(row, 0, left, self._look("header"))
            page.merge_range(row, 1, row, 2, right, self._look("wrapped"))
            page.set_row(row, _height(((right, 76),)))
            row += 1
        row += 1
        self._line(page, row, ("列", "表头", "读作"), "header")
        for sheet in self.result.sheets:
            if sheet.layout is None:
                continue
            for column in sheet.layout.columns.values():
                row += 1
                where = f"{self._titles.get(sheet.sheet.name, '')} {column_letters(column.index)}".strip()
                known = sheet.layout.kind.fields[column.field].label if column.field else "没有读取"
                self._line(page, row, (where, mask(column.header, sheet.names), known), "wrapped")


_BOXED = ("header", "title", "data", "subtotal", "total", "nil_report", "section", "example")
_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 13, "align": "center"},
    "header": {"bold": True, "border": 1, "text_wrap": True, "align": "center", "bg_color": "#F2F2F2"},
    "cell": {"border": 1},
    "plain": {"text_wrap": True},
    "wrapped": {"border": 1, "text_wrap": True},
    "merged": {"border": 1, "text_wrap": True},
    "link": {"border": 1, "font_color": "#0563C1", "underline": 1},
}


def _account(
    result: FileResult, findings: Sequence[Finding], townships: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    towns = sorted({townships.get(s.township_id, "") for s in result.sheets} - {""})
    yield "文件", mask(result.file)
    yield "乡镇", "、".join(towns) or "见各行"
    yield "收到", _received(result)
    for severity, word in SEVERITIES.items():
        yield word, f"{sum(f.severity == severity for f in findings)} 处"
    yield (
        "没有显示的",
        f"姓名、证件号、电话等个人信息在本表中写作{HIDDEN}；没有读取的列和另外的表写作{UNREAD}；隐藏的工作表、图片和批注没有带过来。原表没有改动。",
    )


def _received(result: FileResult) -> str:
    accepted, rejected, duplicate = (result.count(d) for d in ("accepted", "rejected", "duplicate"))
    return f"收到 {accepted + rejected + duplicate} 行 = 采用 {accepted} + 退回 {rejected} + 重复 {duplicate}"


_HOW = "红色：没有采用，请改正；黄色：已采用，请确认；蓝色：提示。点“位置”可跳到该单元格；请在原表上改好后重新报送"


def _width(sheet: SheetResult, column: int) -> float:
    return min(max(sheet.sheet.widths.get(column, 12), 9), 50)


def _height(texts: Iterable[tuple[str, float]]) -> float:
    """Row height that shows wrapped texts, given their column widths; a Chinese character takes two columns."""
    lines = [1 + int(sum(1 if c.isascii() else 2 for c in text) / max(width - 1, 1)) for text, width in texts]
    return 16.0 * max(lines, default=1)


def _position(cell: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"([A-Z]+)(\d+)", cell)
    if not found:
        return None
    return int(found[2]), column_number(found[1])


def _shown(cell: Cell, column: int, role: Role, sheet: SheetResult, layout: Layout) -> Value:
    """What the copy shows of a cell: the value as typed, unless it is personal or was not read."""
    if role == "other_table":
        return UNREAD
    value = cell.value
    text = tidy(value) if isinstance(value, str) else ""
    if role == "signature":
        label, mark, _ = text.replace(":", "：").partition("：")
        return f"{mask(label, sheet.names)}：{HIDDEN}" if mark else HIDDEN
    if role in ("data", "example", "nil_report", "subtotal", "total"):
        known = layout.columns.get(column)
        name = known.field or known.meant if known else None
        if name is None and role in ("data", "example"):
            return UNREAD
        if name is not None and layout.kind.fields[name].personal and role not in ("subtotal", "total"):
            return HIDDEN
        if name is None and not text:
            return value
    if isinstance(value, str):
        return mask(text, sheet.names)
    return HIDDEN if isinstance(value, (int, float)) and mask(str(value)) != str(value) else value


def _merges(sheet: SheetResult) -> list[Merge]:
    """Merges that a new workbook takes: inside the used range and not over one another."""
    last_row = max(sheet.sheet.rows, default=1)
    last_column = max((c for r in sheet.sheet.rows.values() for c in r), default=1)
    taken: set[tuple[int, int]] = set()
    kept = []
    for m in sheet.sheet.merges:
        clipped = Merge(m.top, m.left, min(m.bottom, last_row), min(m.right, max(last_column, m.left)))
        cells = set(clipped.cells())
        if 1 < len(cells) <= 100000 and not cells & taken:
            taken |= cells
            kept.append(clipped)
    return kept
