"""Vertical cards: forms with labels down one column and values beside them, one or several on a sheet.

A card is turned on its side and then read like any table; every cell remembers where it stood.
"""

from __future__ import annotations

from dataclasses import dataclass

from pbanalysis.ledgers.grid import Sheet
from pbanalysis.ledgers.headers import Kind, kinds, match
from pbanalysis.ledgers.layout import Layout, Search, find_layout
from pbanalysis.ledgers.text import tidy

__all__ = ["Cards", "find_cards"]

_MIN_LABELS = 4


@dataclass(frozen=True)
class Cards:
    """Cards of a sheet as a table."""

    table: Sheet  # header in row 1, one card a row below it
    search: Search  # what the search for a header found on that table
    origin: dict[tuple[int, int], tuple[int, int]]  # (row, column) of the table -> of the sheet
    rows: dict[int, int]  # row of the sheet -> row of the table that holds its value

    @property
    def layout(self) -> Layout:
        """Layout of the table."""
        assert self.search.layout is not None
        return self.search.layout


def find_cards(sheet: Sheet, hints: list[str]) -> Cards | None:
    """Cards of a sheet, None when it has none that name all key columns of a ledger kind."""
    best: tuple[int, int, Kind, dict[int, str]] | None = None
    for kind in kinds().values():
        for column in sorted({c for row in sheet.rows.values() for c in row})[:3]:
            labels = _labels(sheet, kind, column)
            own = len(set(labels.values()) & kind.own)
            if len(set(labels.values())) >= _MIN_LABELS and own >= 2 and (best is None or own > best[0]):
                best = (own, column, kind, labels)
    if best is None:
        return None
    _, column, kind, labels = best
    table, origin, rows = _turn(sheet, column, labels)
    search = find_layout(table, hints, only=kind.layout)
    return (
        Cards(table, search, origin, rows) if search.layout is not None and search.layout.top == 1 else None
    )


def _labels(sheet: Sheet, kind: Kind, column: int) -> dict[int, str]:
    """Rows whose cell in a column is a label with a value to its right."""
    found = {}
    for number, cells in sheet.rows.items():
        cell = cells.get(column)
        if cell is None or not isinstance(cell.value, str) or len(cell.value) > 30 or len(cells) > 2:
            continue
        field = match(kind.layout, (tidy(cell.value),), contained=False).field
        if field is not None:
            found[number] = field
    return found


def _turn(
    sheet: Sheet, column: int, labels: dict[int, str]
) -> tuple[Sheet, dict[tuple[int, int], tuple[int, int]], dict[int, int]]:
    """Labels become a header row; a label that comes again begins the next card."""
    table = Sheet(sheet.name, is_text=sheet.is_text)
    origin: dict[tuple[int, int], tuple[int, int]] = {}
    place = {field: n for n, field in enumerate(dict.fromkeys(labels.values()), 1)}
    rows: dict[int, int] = {}
    card, seen = 2, set[str]()
    for number in sorted(labels):
        field = labels[number]
        if field in seen:
            card, seen = card + 1, set()
        seen.add(field)
        rows[number] = card
        at = place[field]
        if (1, at) not in origin:
            table.put(1, at, sheet.rows[number][column])
            origin[1, at] = (number, column)
        value = next((c for c in sorted(sheet.rows[number]) if c > column), None)
        if value is not None:
            table.put(card, at, sheet.rows[number][value])
            origin[card, at] = (number, value)
    return table, origin, rows
