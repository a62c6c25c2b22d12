"""Small builders for ledgers, and an import that gives its record as dictionaries."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from pbanalysis.ledgers.deliver import ImportSummary
from pbanalysis.ledgers.run import import_sources

UNITS = Path(__file__).parents[1] / "data" / "ledgers" / "units.json"
Line = dict[str, str]
Rows = Sequence[Sequence[object]]


@dataclass(frozen=True)
class Imported:
    """Summary and record of one import."""

    summary: ImportSummary
    store: Path

    def lines(self, name: str) -> list[Line]:
        """Lines of a CSV of the record."""
        text = (self.store / "import" / f"{name}.csv").read_text("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def roles(self, sheet: str | None = None) -> dict[int, str]:
        """Role of every row; data rows show their disposition instead."""
        return {
            int(r["row"]): r["disposition"] if r["role"] == "data" else r["role"]
            for r in self.lines("rows")
            if sheet is None or r["sheet"] == sheet
        }

    def cell(self, address: str, sheet: str | None = None) -> Line:
        """One line of cells.csv."""
        return next(c for c in self.lines("cells") if c["cell"] == address and sheet in (None, c["sheet"]))

    def codes(self) -> set[str]:
        """Codes of all findings."""
        return {f["code"] for f in self.lines("findings")}


@pytest.fixture
def importing(tmp_path: Path) -> Callable[..., Imported]:
    """Import files with the sample registry: name -> bytes, rows, or sheets of rows; or sources already on disk."""

    def run(
        files: Mapping[str, bytes | Rows | Mapping[str, Rows]] | Sequence[Path],
        *,
        store: str = "store",
        key: bool = True,
        **options: object,
    ) -> Imported:
        if isinstance(files, Mapping):
            folder = tmp_path / f"in-{store}-{len(list(tmp_path.iterdir()))}"
            for name, data in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                sheets = {"Sheet1": data} if isinstance(data, list) else data
                (folder / name).write_bytes(sheets if isinstance(sheets, bytes) else build_book(sheets))
            sources: Sequence[Path] = [folder]
        else:
            sources = files
        key_file = tmp_path / "key" if key else None
        summary = import_sources(sources, tmp_path / store, units=UNITS, key_file=key_file, **options)  # type: ignore[arg-type]
        return Imported(summary, tmp_path / store)

    return run


def build_book(
    sheets: Mapping[str, Rows],
    *,
    merges: Sequence[str] = (),
    formats: Mapping[str, str] | None = None,
    change: Callable[[openpyxl.Workbook], None] | None = None,
) -> bytes:
    """A workbook; merges and formats go to its first sheet, ``change`` may do anything else."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    first = book.worksheets[0]
    for merge in merges:
        first.merge_cells(merge)
    for cell, code in (formats or {}).items():
        first[cell].number_format = code
    if change:
        change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def books() -> Callable[..., bytes]:
    """:func:`build_book`."""
    return build_book


@pytest.fixture(scope="session")
def book() -> Callable[..., bytes]:
    """A workbook of one sheet."""

    def one(rows: Rows, *, title: str = "Sheet1", **options: Any) -> bytes:
        return build_book({title: rows}, **options)

    return one


@pytest.fixture(scope="session")
def anywhere() -> Callable[[Path, str], bool]:
    """Whether a text stands in any file under a folder, inside workbooks and Parquet columns too."""

    def found(folder: Path, secret: str) -> bool:
        for path in (p for p in folder.rglob("*") if p.is_file()):
            data = path.read_bytes()
            parts = [data]
            if data.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    parts += [archive.read(n) for n in archive.namelist()]
            if path.suffix == ".parquet":
                parts.append(str(pd.read_parquet(path).to_dict()).encode())
            if any(secret.encode() in p for p in parts):
                return True
        return False

    return found
