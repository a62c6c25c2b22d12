"""What every reader returns: sparse sheets of cells, nothing interpreted yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from pbanalysis.ledgers.text import tidy

__all__ = [
    "Cell",
    "Merge",
    "Sheet",
    "Unusable",
    "Value",
    "Workbook",
    "address",
    "column_letters",
    "column_number",
    "is_blank",
]


class Unusable(str):
    """A cell that holds something but no value: an error value, or a formula that was never calculated."""

    __slots__ = ()


Value = str | int | float | bool | dt.date | dt.datetime


class Cell(NamedTuple):
    """One non-empty cell: value, number format ("" = none known), and whether it is struck through."""

    value: Value
    number_format: str = ""
    strike: bool = False


def is_blank(value: Value) -> bool:
    """Whether a value is text of blanks and invisible characters only."""
    if not isinstance(value, str) or isinstance(value, Unusable):
        return False
    return not value.strip() or (not value.isprintable() and not tidy(value))


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range, 1-based and inclusive."""

    top: int
    left: int
    bottom: int
    right: int

    def cells(self) -> Iterator[tuple[int, int]]:
        """Row and column of every cell it covers."""
        return product(range(self.top, self.bottom + 1), range(self.left, self.right + 1))


@dataclass
class Sheet:
    """One sheet: non-empty cells by row and column (1-based), never a full rectangle."""

    name: str
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    widths: dict[int, float] = field(default_factory=dict)
    is_text: bool = False  # values were text in the file (CSV): a number may have lost its typed zeros

    def put(self, row: int, column: int, cell: Cell) -> None:
        """Keep a cell unless it is blank."""
        if is_blank(cell.value):
            return
        self.rows.setdefault(row, {})[column] = cell

    def set_columns(self, first: int, last: int, width: float | None, *, hidden: bool) -> None:
        """Width, and hiding, of a run of columns (its first 256)."""
        for column in range(first, min(last, first + 255) + 1):
            if hidden:
                self.hidden_columns.add(column)
            if width:
                self.widths[column] = width

    def numbers(self) -> list[int]:
        """Numbers of the non-empty rows, in order."""
        return sorted(self.rows)

    def text(self, row: int, column: int) -> str:
        """Tidied text of a cell, "" where it is empty."""
        cell = self.rows.get(row, {}).get(column)
        return "" if cell is None else tidy(str(cell.value))


@dataclass
class Workbook:
    """Sheets of one file, and what the reader noticed about the file as a whole."""

    sheets: list[Sheet]
    format: str
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Sheet]:
        return iter(self.sheets)


def column_letters(column: int) -> str:
    """Spreadsheet letters of a column number.

    Examples
    --------
    >>> column_letters(1), column_letters(27)
    ('A', 'AA')
    """
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """Number of a column's letters, the inverse of :func:`column_letters`."""
    number = 0
    for c in letters.upper():
        number = number * 26 + ord(c) - 64
    return number


def address(row: int, column: int) -> str:
    """A1 address."""
    return f"{column_letters(column)}{row}"
