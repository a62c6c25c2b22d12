"""One cell, one reading: the parser of a field, with what the sheet knows beside the cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pbanalysis.ledgers.dates import DateContext, read_date, read_deadline, read_span
from pbanalysis.ledgers.grid import Cell, Unusable
from pbanalysis.ledgers.headers import Field, vocabulary
from pbanalysis.ledgers.layout import Column
from pbanalysis.ledgers.numbers import read_count, read_money, read_number, read_rate
from pbanalysis.ledgers.reading import NOTHING, Reading, flagged, normalised, ok, rejected
from pbanalysis.ledgers.text import is_null_marker, squash, tidy
from pbanalysis.ledgers.words import (
    read_bool,
    read_enum,
    read_id_number,
    read_presence,
    read_text,
    read_types,
    show,
)
from pbanalysis.privacy.pseudonyms import mask, valid_id_number

__all__ = ["CellReader"]


@dataclass
class CellReader:
    """Reads the cells of one column; equal cells are read once."""

    column: Column
    declared: Field
    dates: DateContext
    money_unit: str
    names: frozenset[str]
    _cache: dict[tuple[object, ...], Reading] = field(default_factory=dict, repr=False)

    def read(self, cell: Cell) -> Reading:
        """Reading of a cell."""
        key = (type(cell.value), cell.value, cell.number_format, cell.strike)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._read(cell)
        return found

    def _read(self, cell: Cell) -> Reading:
        reading = _PARSERS[self.declared.type](self, cell)
        if cell.strike and reading.value is not None:
            reading = reading.doubt("strikethrough", "单元格有删除线，请确认是否作废")
        if self.column.doubt == "place" and reading.value is not None:
            reading = reading.doubt("header_by_place", f"表头“{self.column.header}”不明确，按所在位置读取")
        if self.column.doubt == "duplicate_header" and reading.value is not None:
            reading = reading.doubt("duplicate_header", "同样的列出现了不止一次，只读取这一列")
        return reading

    def date(self, cell: Cell) -> Reading:
        """Date, or the first day of a span."""
        return read_date(cell.value, self.dates, schedule=self.declared.schedule)

    def deadline(self, cell: Cell) -> Reading:
        """Deadline."""
        return read_deadline(cell.value, self.dates)

    def span(self, cell: Cell) -> Reading:
        """First day of a span; the last day is read by :meth:`span_end`."""
        return read_span(cell.value, self.dates)[0]

    def span_end(self, cell: Cell) -> Reading:
        """Last day of a span."""
        return read_span(cell.value, self.dates)[1]

    def count(self, cell: Cell) -> Reading:
        """Whole number."""
        return read_count(cell.value)

    def year(self, cell: Cell) -> Reading:
        """Year, with or without 年度."""
        text = squash(show(cell.value))
        found = re.fullmatch(r"((?:19|20)\d{2})(?:年度?)?", text)
        if not found:
            return NOTHING if is_null_marker(text) else rejected("not_a_year", "应填四位年份")
        return ok(int(found[1])) if isinstance(cell.value, int) else normalised(int(found[1]), "year_text")

    def number(self, cell: Cell) -> Reading:
        """Hours, or days."""
        return read_number(cell.value, unit="天" if self.declared.unit == "days" else self.column.unit)

    def rate(self, cell: Cell) -> Reading:
        """Rate as 0..1."""
        return read_rate(cell.value, number_format=cell.number_format, percent_header=self.column.unit == "%")

    def money(self, cell: Cell) -> Reading:
        """Amount in yuan."""
        source = "header" if self.column.unit else "sheet"
        return read_money(
            cell.value,
            unit=self.column.unit or self.money_unit,
            number_format=cell.number_format,
            source=source,
        )

    def bool(self, cell: Cell) -> Reading:
        """Yes or no."""
        return read_bool(cell.value)

    def presence(self, cell: Cell) -> Reading:
        """Yes, no, or what is there."""
        return read_presence(cell.value)

    def enum(self, cell: Cell) -> Reading:
        """Word of a closed vocabulary."""
        return read_enum(cell.value, vocabulary(self.declared.vocabulary), title=self.declared.label)

    def types(self, cell: Cell) -> Reading:
        """Words of a closed vocabulary."""
        return read_types(cell.value, vocabulary(self.declared.vocabulary), title=self.declared.label)

    def text(self, cell: Cell) -> Reading:
        """Free text, with personal values masked."""
        reading = read_text(cell.value)
        if not isinstance(reading.value, str):
            return reading
        masked = mask(reading.value, self.names)
        if masked == reading.value:
            return reading
        return flagged(masked, "personal_in_text", "文字里有姓名、电话或证件号，已隐去")

    def seq(self, cell: Cell) -> Reading:
        """Serial number: as typed, never used."""
        if isinstance(cell.value, Unusable):
            return rejected("error_value", "单元格是错误值或没有算出结果的公式")
        text = mask(tidy(show(cell.value)))
        return ok(int(text) if text.isdigit() and len(text) < 16 else text)

    def case_no(self, cell: Cell) -> Reading:
        """File number; one that holds an identity number is none."""
        if isinstance(cell.value, Unusable):
            return rejected("error_value", "单元格是错误值或没有算出结果的公式")
        text = squash(show(cell.value))
        if is_null_marker(text) or text == "无":
            return NOTHING
        if valid_id_number(text) or mask(text, self.names) != text:
            return rejected("personal_case_no", "编号里含有证件号、电话或姓名，不能用作编号")
        return ok(text) if text == cell.value else normalised(text, "blanks")

    def personal(self, cell: Cell) -> Reading:
        """Presence of a personal value; what was typed never leaves this method."""
        text = squash(show(cell.value))
        if is_null_marker(text) or text in ("无", "暂无"):
            return NOTHING
        return Reading("", "ok", "personal")

    def id_number(self, cell: Cell) -> Reading:
        """Whether the identity number is usable; the number itself is replaced by the caller."""
        return read_id_number(cell.value)


_PARSERS: dict[str, Callable[[CellReader, Cell], Reading]] = {
    name: getattr(CellReader, name)
    for name in [
        "date",
        "deadline",
        "span",
        "count",
        "year",
        "number",
        "rate",
        "money",
        "bool",
        "presence",
        "enum",
        "types",
        "text",
        "seq",
        "case_no",
        "personal",
        "id_number",
    ]
}


def hide(reading: Reading, value: str) -> Reading:
    """A reading whose personal value is replaced."""
    return replace(reading, value=value if reading.value is not None else None)
