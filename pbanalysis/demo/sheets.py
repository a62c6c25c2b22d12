"""A ledger as a sheet: rows above the header, header rows, data in the township's own way, rows below."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from pbanalysis.demo.layouts import Cell, Layout
from pbanalysis.demo.people import People
from pbanalysis.demo.stories import COUNTY_NAME

__all__ = ["Day", "Sheet", "Style", "write_csv_ledger", "write_workbook"]

T = TypeVar("T")

_CELL_FORMATS = ("yyyy-mm-dd", "yyyy/m/d", 'yyyy"年"m"月"d"日"')
_TEXT_FORMATS = ("{0}.{1}.{2}", "{0}/{1}/{2}", "{0}年{1}月{2}日", "{0}-{1:02d}-{2:02d}", "{0}{1:02d}{2:02d}")
_FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
_NOTES = (
    "注：1.日期填写实际发生日；2.由党建办负责汇总。",
    "备注：以各支部原始记录为准。",
    "说明：本表报县委组织部备案，留存一份。",
)


class Day(NamedTuple):
    """A real date cell with its number format."""

    day: dt.date
    number_format: str


class Style:
    """One township's way with one ledger, drawn by chance; the careful township is tidy."""

    def __init__(self, rng: np.random.Generator, town: str, *, careful: bool) -> None:
        def often(p: float) -> bool:
            return bool(rng.random() < p)

        def one_of(*choices: T) -> T:
            return choices[int(rng.integers(0, len(choices)))]

        street = town.endswith("街道")
        texts = rng.permutation(len(_TEXT_FORMATS))[: int(rng.integers(1, 3))]
        full = [] if street else [f"中共{COUNTY_NAME}{town}委员会"]
        self.rng = rng
        self.unit = one_of(town, f"{town}党工委" if street else f"{town}党委", *full)
        self.filed_on = f"2024年1月{int(rng.integers(15, 21))}日"
        self.sheet_name = often(0.5)
        self.variant = 0 if careful else int(rng.integers(0, 3))
        self.two_rows = not careful and often(0.5)
        self.unit_row = often(0.35)
        self.town_column = often(0.3)
        self.remark_first = often(0.2)
        self.sections = often(0.35)
        self.total = careful or often(0.4)
        self.note = one_of(*_NOTES) if often(0.6) else ""
        self.signature = often(0.75)
        self.full_names = not careful and often(0.35)
        self.spaced = not careful and often(0.2)
        self.flags = one_of(("是", "否"), ("√", "×"), ("有", "无"))
        self.blank = one_of(None, "/", "—")
        self.person_suffix = not careful and often(0.2)
        self.text_numbers = not careful and often(0.15)
        self.yuan = often(0.3)
        self.join = one_of("、", "+", "，")
        self.cell_format = one_of(*_CELL_FORMATS)
        self.text_formats = tuple(_TEXT_FORMATS[i] for i in texts)
        self.real_dates = 1.0 if careful else float(rng.choice([0.0, 0.5, 1.0]))
        self.odd = 0.0 if careful else 0.008


@dataclass(frozen=True)
class Sheet:
    """One ledger of one township, ready to be laid out.

    ``names``: index org_id or village_id, columns ``name`` and ``full_name``.
    """

    layout: Layout
    town: str
    style: Style
    names: pd.DataFrame
    rows: pd.DataFrame
    people: People
    hidden_phone: bool = False

    @property
    def cells(self) -> list[Cell]:
        """Columns of this township: with or without its own name, remark first or last."""
        cells = [c for c in self.layout.cells if c.kind != "town" or self.style.town_column]
        if self.style.remark_first:
            cells = [cells[0], cells[-1], *cells[1:-1]]
        return cells

    @property
    def sheet_name(self) -> str:
        """Name of the sheet."""
        return self.layout.file if self.style.sheet_name else "Sheet1"

    def header(self) -> tuple[list[str], list[str] | None]:
        """Header row, and the row below it where groups are written out."""
        style = self.style
        names = self.names_of(unit=style.yuan or not style.unit_row)
        if not style.two_rows or not any(c.group for c in self.cells):
            return names, None
        top, seen = [], set()
        for name, cell in zip(names, self.cells):
            top.append(name if not cell.group else "" if cell.group in seen else cell.group)
            seen.add(cell.group)
        return top, [name if cell.group else "" for name, cell in zip(names, self.cells)]

    def names_of(self, *, unit: bool) -> list[str]:
        """Header of every column; of money with its unit."""
        money = ("（元）" if self.style.yuan else "（万元）") if unit else ""
        return [c.headers[self.style.variant] + (money if c.kind == "money" else "") for c in self.cells]

    def above(self) -> list[list[str]]:
        """Title, 填报单位, and sometimes the unit."""
        width = len(self.cells)
        title = self.layout.title.format(town=self.town)
        lines = [
            [title],
            [f"填报单位：{self.style.unit}", *[""] * (width - 3), f"填报日期：{self.style.filed_on}"],
        ]
        if self.style.unit_row:
            unit = ("元" if self.style.yuan else "万元") if self.layout.village else "人、次"
            lines.append([*[""] * (width - 1), f"单位：{unit}"])
        return lines

    def data(self) -> list[list[Any]]:
        """Data rows in order; a row of one cell is a section row."""
        if self.rows.empty:
            return [self._nil()]
        rows = self.rows.reset_index(drop=True)
        sections = self.style.sections and self.layout.kind == "meetings"
        if sections:
            rows = rows.sort_values(["org_id", "held_on"], kind="stable").reset_index(drop=True)
        columns = [self._column(cell, rows) for cell in self.cells]
        lines: list[list[Any]] = [list(line) for line in zip(*columns)]
        if not sections:
            return lines
        out: list[list[Any]] = []
        for org, line, before in zip(rows["org_id"], lines, [None, *rows["org_id"][:-1]]):
            if org != before:
                out.append([f"【{self.names.at[org, 'name']}】"])
            out.append(line)
        return out

    def _nil(self) -> list[Any]:
        """A row that reports none: 无 under the problem, or under the file number and the branch."""
        return ["无" if c.field in ("problem", "case_id") else None for c in self.cells]

    def below(self) -> list[list[Any]]:
        """Total, note and signature rows."""
        lines: list[list[Any]] = []
        style, cells = self.style, self.cells
        if style.total and any(c.total for c in cells) and len(self.rows):
            scale = 1 if style.yuan or not self.layout.village else 10_000
            sums = [round(float(self.rows[c.field].sum()) / scale, 4) if c.total else None for c in cells]
            sums = [int(v) if v is not None and v == int(v) else v for v in sums]
            lines.append(["合 计" if style.spaced else "合计", *sums[1:]])
        if style.note:
            lines.append([style.note])
        if style.signature:
            first, second = self.people.names(2)
            lines.append([f"填表人：{first}", None, None, None, f"审核人：{second}", None, None, f"联系电话：{self.people.phone()}"])  # fmt: skip
        return lines

    def _column(self, cell: Cell, rows: pd.DataFrame) -> list[Any]:
        style, n = self.style, len(rows)
        match cell.kind:
            case "seq":
                return list(range(1, n + 1))
            case "town":
                return [self.town] * n
            case "remark":
                return [{0: "已核对", 1: "无", 2: "/"}.get(int(k)) for k in style.rng.integers(0, 40, n)]
            case "name":
                names = self.people.names(n)
                named = rows[cell.field] if cell.field else style.rng.random(n) < 0.7
                return [name if there else None for name, there in zip(names, named)]
            case "sex":
                return ["男女"[k % 2] for k in range(n)]
            case "id_number":
                return list(self.people.id_numbers([k % 2 == 1 for k in range(n)]))
            case "org":
                return [self._name(key) for key in rows[cell.field]]
            case "date":
                return self._days(rows[cell.field])
            case "deadline":
                days = self._days(rows["deadline_original_on"], mark=False)
                words = {"immediate": "立行立改", "standing": "长期坚持"}
                return [words.get(kind, day) for kind, day in zip(rows["deadline_kind"], days)]
            case _:
                return self._plain(cell, rows[cell.field])

    def _name(self, key: Any) -> str | None:
        if not isinstance(key, str):
            return None
        name = str(self.names.at[key, "name"])
        if self.style.full_names and self.names.at[key, "full_name"]:
            return str(self.names.at[key, "full_name"])
        return name.replace("党支部", " 党支部") if self.style.spaced and name.endswith("党支部") else name

    def _days(self, days: pd.Series[Any], *, mark: bool = True) -> list[Any]:
        style = self.style
        real = style.rng.random(len(days)) < style.real_dates
        which = style.rng.integers(0, len(style.text_formats), len(days))
        wide = style.rng.random(len(days)) < style.odd / 4
        out: list[Any] = []
        for day, is_real, k, odd in zip(days.dt.date, real, which, wide):
            if pd.isna(day):
                out.append(style.blank if mark else None)
            elif is_real:
                out.append(Day(day, style.cell_format))
            else:
                text = style.text_formats[k].format(day.year, day.month, day.day)
                out.append(text.translate(_FULL_WIDTH) if odd else text)
        return out

    def _plain(self, cell: Cell, values: pd.Series[Any]) -> list[Any]:
        style = self.style
        missing = values.isna().to_list()
        if cell.kind == "flag":
            yes, no = style.flags
            return [style.blank if gone else yes if v else no for v, gone in zip(values, missing)]
        if cell.kind == "words":
            words = {k: v[min(style.variant, len(v) - 1)] for k, v in cell.words.items()}
            return [None if gone else words[v] for v, gone in zip(values, missing)]
        if cell.kind == "types":
            words = {k: v[style.variant % 2] for k, v in cell.words.items()}
            return [style.join.join(words[t] for t in v) for v in values]
        if cell.kind == "text":
            return [(style.blank if cell.field in ("topic", "minutes") else None) if gone else v for v, gone in zip(values, missing)]  # fmt: skip
        return [style.blank if gone else v for v, gone in zip(self._numbers(cell, values), missing)]

    def _numbers(self, cell: Cell, values: pd.Series[Any]) -> list[Any]:
        style = self.style
        scale = 10_000 if cell.kind == "money" and not style.yuan else 1
        exact = [None if pd.isna(v) else round(float(v) / scale, 4) for v in values]
        numbers: list[Any] = [int(v) if v is not None and v == int(v) else v for v in exact]
        if cell.kind != "int":
            return numbers
        odd, suffix = style.rng.random(len(values)) < style.odd, style.rng.random(len(values)) < 0.05
        people = cell.field.endswith("_n") and cell.field != "evidence_n"
        out: list[Any] = []
        for number, wide, person in zip(numbers, odd, suffix):
            if number is None:
                out.append(None)
            elif wide:
                out.append(str(number).translate(_FULL_WIDTH))
            elif person and style.person_suffix and people:
                out.append(f"{number}人")
            else:
                out.append(str(number) if style.text_numbers else number)
        return out


def write_workbook(sheet: Sheet, path: Path) -> None:
    """Write an .xlsx whose bytes depend on the sheet alone."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"in_memory": True})
    book.set_properties({"created": dt.datetime(2024, 1, 20, tzinfo=dt.UTC).replace(tzinfo=None)})
    page = book.add_worksheet(sheet.sheet_name)
    bold = book.add_format({"bold": True, "align": "center", "text_wrap": True})
    formats = {f: book.add_format({"num_format": f}) for f in _CELL_FORMATS}
    width, line = len(sheet.cells), 0
    for above in sheet.above():
        if len(above) == 1:
            page.merge_range(line, 0, line, width - 1, above[0], bold)
        else:
            _write_line(page, line, above, formats)
        line += 1
    line = _write_header(page, line, sheet, bold)
    rows = [*sheet.data(), *sheet.below()]
    for row in rows:
        if len(row) == 1:
            page.merge_range(line, 0, line, width - 1, row[0])
        else:
            _write_line(page, line, row, formats)
        line += 1
    if sheet.hidden_phone and sheet.layout.kind == "elections":
        _write_hidden_phone(page, sheet, line - len(rows), len(sheet.rows))
    book.close()


def _write_header(page: Any, line: int, sheet: Sheet, bold: Any) -> int:
    """One header row, or two with merged groups; returns the next line."""
    top, under = sheet.header()
    if under is None:
        _write_line(page, line, top, {}, bold)
        return line + 1
    column = 0
    while column < len(top):
        span = column + 1
        while span < len(top) and top[span] == "" and under[span]:
            span += 1
        if not under[column]:
            page.merge_range(line, column, line + 1, column, top[column], bold)
        elif span - column > 1:
            page.merge_range(line, column, line, span - 1, top[column], bold)
        else:
            page.write_string(line, column, top[column], bold)
        column = span
    _write_line(page, line + 1, under, {}, bold)
    return line + 2


def _write_hidden_phone(page: Any, sheet: Sheet, first: int, n: int) -> None:
    """A hidden column of telephone numbers right of the table."""
    column = len(sheet.cells)
    page.write_string(first - 1, column, "联系电话")
    for k in range(n):
        page.write_string(first + k, column, sheet.people.phone())
    page.set_column(column, column, 12, None, {"hidden": True})


def _write_line(
    page: Any, line: int, values: Sequence[Any], formats: dict[str, Any], style: Any = None
) -> None:
    for column, value in enumerate(values):
        if isinstance(value, Day):
            page.write_datetime(line, column, dt.datetime.combine(value.day, dt.time()), formats[value.number_format])  # fmt: skip
        elif isinstance(value, str):
            if value:
                page.write_string(line, column, value, style)
        elif value is not None:
            page.write_number(line, column, value, style)


def write_csv_ledger(sheet: Sheet, path: Path) -> None:
    """Write the ledger as older programs export it: GB18030, CRLF, one header row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in [*sheet.above(), sheet.names_of(unit=True), *sheet.data(), *sheet.below()]:
        writer.writerow([f"{v.day.year}-{v.day.month:02d}-{v.day.day:02d}" if isinstance(v, Day) else v for v in row])  # fmt: skip
    path.write_bytes(out.getvalue().encode("gb18030"))
