"""One cell, one reading: the parser of a field, with what the sheet knows beside the cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pbanalysis.ledgers import words
from pbanalysis.ledgers.dates import DateContext, read_date, read_deadline, read_span
from pbanalysis.ledgers.grid import Cell, Unusable
from pbanalysis.ledgers.headers import Field, vocabulary
from pbanalysis.ledgers.layout import Column
from pbanalysis.ledgers.numbers import read_count, read_money, read_number, read_rate
from pbanalysis.ledgers.reading import ERROR, NOTHING, Reading, flagged, ok
from pbanalysis.ledgers.text import says_nothing, tidy
from pbanalysis.privacy.pseudonyms import mask

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

    def span_end(self, cell: Cell) -> Reading:
        """Last day of a span, whose first day :meth:`read` gives."""
        return read_span(cell.value, self.dates)[1]

    def _read(self, cell: Cell) -> Reading:
        reading = _PARSERS[self.declared.type](self, cell)
        if reading.value is None:
            return reading
        if cell.strike:
            reading = reading.doubt("strikethrough", "单元格有删除线，请确认是否作废")
        if self.column.doubt == "place":
            reading = reading.doubt("header_by_place", f"表头“{self.column.header}”不明确，按所在位置读取")
        if self.column.doubt == "duplicate_header":
            reading = reading.doubt("duplicate_header", "同样的列出现了不止一次，只读取这一列")
        return reading

    def _money(self, cell: Cell) -> Reading:
        unit, source = self.column.unit, "header" if self.column.unit else "sheet"
        return read_money(
            cell.value, unit=unit or self.money_unit, number_format=cell.number_format, source=source
        )

    def _text(self, cell: Cell) -> Reading:
        """Free text, with personal values masked."""
        reading = words.read_text(cell.value)
        if not isinstance(reading.value, str):
            return reading
        masked = mask(reading.value, self.names)
        if masked == reading.value:
            return reading
        return flagged(masked, "personal_in_text", "文字里有姓名、电话或证件号，已隐去")


def _seq(cell: Cell) -> Reading:
    """Serial number: as typed, never used."""
    if isinstance(cell.value, Unusable):
        return ERROR
    text = mask(tidy(words.show(cell.value)))
    return ok(int(text) if text.isdigit() and len(text) < 16 else text)


def _personal(cell: Cell) -> Reading:
    """Presence of a personal value; what was typed never leaves this function."""
    return NOTHING if says_nothing(words.show(cell.value)) else Reading("", "ok", "personal")


# type of a field (headers.toml) -> how its cells are read
_PARSERS: dict[str, Callable[[CellReader, Cell], Reading]] = {
    "date": lambda r, c: read_date(c.value, r.dates, schedule=r.declared.schedule),
    "deadline": lambda r, c: read_deadline(c.value, r.dates),
    "span": lambda r, c: read_span(c.value, r.dates)[0],
    "count": lambda r, c: read_count(c.value),
    "year": lambda r, c: words.read_year(c.value),
    "number": lambda r, c: read_number(c.value, unit="天" if r.declared.unit == "days" else r.column.unit),
    "rate": lambda r, c: read_rate(
        c.value, number_format=c.number_format, percent_header=r.column.unit == "%"
    ),
    "money": CellReader._money,
    "bool": lambda r, c: words.read_bool(c.value),
    "presence": lambda r, c: words.read_presence(c.value),
    "enum": lambda r, c: words.read_enum(c.value, vocabulary(r.declared.vocabulary), title=r.declared.label),
    "types": lambda r, c: words.read_types(
        c.value, vocabulary(r.declared.vocabulary), title=r.declared.label
    ),
    "text": CellReader._text,
    "case_no": lambda r, c: words.read_case_number(c.value, r.names),
    "id_number": lambda r, c: words.read_id_number(c.value),
    "seq": lambda r, c: _seq(c),
    "personal": lambda r, c: _personal(c),
}
