"""What the importer concluded from a sheet: rows with roles and dispositions, cells with classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pbanalysis.ledgers.cards import Cards
from pbanalysis.ledgers.findings import Finding, Severity
from pbanalysis.ledgers.grid import Sheet, address
from pbanalysis.ledgers.layout import Layout, Search
from pbanalysis.ledgers.reading import Reading
from pbanalysis.ledgers.roles import Preamble, Role

__all__ = ["DataRow", "FileResult", "SheetResult"]

Disposition = Literal["accepted", "rejected", "duplicate"]


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
    format: str = ""

    def say(
        self,
        severity: Severity,
        code: str,
        message: str,
        *,
        sheet: str = "",
        row: int | None = None,
        suggestion: str = "",
        township_id: str = "",
        about: str = "",
    ) -> None:
        """Add a finding about the file or one of its sheets."""
        found = Finding(
            severity,
            self.file,
            sheet,
            "",
            row,
            "",
            code,
            message,
            suggestion,
            township_id,
            self.kind,
            about or f"{code}|{sheet}",
        )
        self.findings.append(found)

    def count(self, disposition: str) -> int:
        """Data rows of a disposition."""
        rows = (row for s in self.sheets for _, row in s.filed_rows().values())
        return sum(row is not None and row.disposition == disposition for row in rows)
