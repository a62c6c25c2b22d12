"""What the importer concluded from a sheet: rows with roles and dispositions, cells with classes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from pbanalysis.ledgers.cards import Cards
from pbanalysis.ledgers.grid import Sheet, address
from pbanalysis.ledgers.layout import Layout, Search
from pbanalysis.ledgers.reading import Reading
from pbanalysis.ledgers.roles import Preamble, Role

__all__ = ["SEVERITIES", "DataRow", "Disposition", "FileResult", "Finding", "Severity", "SheetResult"]

Disposition = Literal["accepted", "rejected", "duplicate"]
Severity = Literal["block", "confirm", "note"]
SEVERITIES: dict[str, str] = {"block": "需改正", "confirm": "需确认", "note": "提示"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a township has to correct, confirm or know, addressed into its own workbook.

    ``about`` is what it concerns in words that survive moved rows; it makes the stable id. File, sheet, kind,
    township and id are filled in when all findings of a file are listed (:mod:`explain`).
    """

    severity: Severity
    code: str
    message: str
    cell: str = ""
    row: int | None = None
    field: str = ""
    suggestion: str = ""
    about: str = ""
    township_id: str = ""
    sheet: str = ""
    file: str = ""
    kind: str = ""
    finding_id: str = ""


@dataclass(slots=True)
class DataRow:
    """One data row: a reading a field, the units it belongs to, and what became of it."""

    number: int
    readings: dict[str, Reading]
    filled: frozenset[str] = frozenset()  # fields whose value came down from a merged cell
    township_id: str = ""
    org_id: str | None = None
    village_id: str | None = None
    person: str = ""
    disposition: Disposition = "accepted"
    code: str = ""
    message: str = ""
    duplicate_of: str = ""
    content: tuple[object, ...] = ()
    identity: tuple[object, ...] = ()
    block: int = 0  # first row of the merged block it belongs to

    def value(self, name: str) -> object:
        """Value of a field, None where it is missing or rejected."""
        reading = self.readings.get(name)
        return None if reading is None else reading.value

    def day(self, name: str) -> dt.date | None:
        """Day of a field; a month without a day is none."""
        value = self.value(name)
        return value if isinstance(value, dt.date) else None

    def amount(self, name: str) -> int | float | None:
        """Number of a field."""
        value = self.value(name)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def doubt(self, name: str, code: str, message: str) -> None:
        """Flag the cell of a field."""
        if name in self.readings:
            self.readings[name] = self.readings[name].doubt(code, message)

    def reject(self, code: str, message: str) -> None:
        """Keep the row out; the first reason stays."""
        if self.disposition == "accepted":
            self.disposition, self.code, self.message = "rejected", code, message


@dataclass
class SheetResult:
    """One sheet, concluded."""

    sheet: Sheet
    roles: dict[int, Role]
    layout: Layout | None = None
    search: Search = field(default_factory=lambda: Search(None))
    preamble: Preamble = field(default_factory=Preamble)
    rows: list[DataRow] = field(default_factory=list)
    township_id: str = ""
    names: frozenset[str] = frozenset()
    cards: Cards | None = None  # the sheet holds forms: ``sheet`` and ``roles`` are then those of their table
    beside: dict[int, Role] = field(default_factory=dict)  # roles of the rows that are no part of a card
    findings: list[Finding] = field(default_factory=list)

    def filed_rows(self) -> dict[int, tuple[Role, DataRow | None]]:
        """Role, and data row, of every non-empty row of the sheet as filed."""
        data: dict[int, DataRow | None] = {r.number: r for r in self.rows}
        if self.cards is None:
            return {n: (role, data.get(n)) for n, role in self.roles.items()}
        inside: dict[int, tuple[Role, DataRow | None]] = {
            n: ("data", data[card]) for n, card in self.cards.rows.items()
        }
        return dict(sorted({**inside, **{n: (role, None) for n, role in self.beside.items()}}.items()))

    def at(self, row: int, column: int) -> tuple[int, int]:
        """Where a cell stands in the file."""
        return self.cards.origin.get((row, column), (row, column)) if self.cards else (row, column)

    def where(self, row: int, column: int) -> str:
        """A1 address of a cell in the file."""
        return address(*self.at(row, column))


@dataclass
class FileResult:
    """One file, concluded."""

    file: str
    sha256: str
    kind: str = "unknown"
    sheets: list[SheetResult] = field(default_factory=list)
    code: str = ""
    message: str = ""
    refused: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def useful(self) -> bool:
        """Whether it brings anything: what brings nothing replaces nothing either."""
        return any(s.layout for s in self.sheets)

    def count(self, disposition: Disposition) -> int:
        """Data rows of a disposition."""
        rows = (row for s in self.sheets for _, row in s.filed_rows().values())
        return sum(row is not None and row.disposition == disposition for row in rows)
