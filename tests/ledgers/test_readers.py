"""The readers give what the file holds: held against openpyxl, cell by cell."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font

from pbanalysis.ledgers.grid import Unusable, Workbook, column_letters
from pbanalysis.ledgers.guard import inspect
from pbanalysis.ledgers.read_xlsx import from_serial, is_date_format, read_xlsx
from pbanalysis.ledgers.run import read_workbook

SAMPLES = Path(__file__).parents[1] / "data" / "ledgers" / "samples"


def _differences(data: bytes) -> list[str]:
    """Sheets, cells, number formats and merges in which our reader and openpyxl differ."""
    ours, theirs = read_xlsx(data), openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    if [s.name for s in ours] != theirs.sheetnames:
        return ["sheets"]
    found: list[str] = []
    for sheet in ours:
        page = theirs[sheet.name]
        for cell in (cell for row in page.iter_rows() for cell in row):
            mine = sheet.rows.get(cell.row, {}).get(cell.column)
            value = None if mine is None else mine.value
            number = isinstance(value, (int, float)) and mine is not None
            if _plain(value) != _plain(cell.value) or (
                number and mine.number_format not in ("", cell.number_format)
            ):
                found.append(f"{sheet.name}!{cell.coordinate}")
        merged = {
            f"{column_letters(m.left)}{m.top}:{column_letters(m.right)}{m.bottom}" for m in sheet.merges
        }
        found += sorted(merged ^ {str(m) for m in page.merged_cells.ranges})
    return found


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date()
    if isinstance(value, str) and not isinstance(value, Unusable) and not value.strip():
        return None
    return str(value) if isinstance(value, str) else value


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xlsx")), ids=lambda p: p.stem)
def test_samples_agree_with_openpyxl(path: Path) -> None:
    """Values, formats and merges of every sample."""
    assert _differences(path.read_bytes()) == []


cells = st.none() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9, allow_nan=False) | st.booleans() | st.dates(dt.date(1901, 1, 1), dt.date(2099, 12, 31)) | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="_\ufffe\uffff"), max_size=8)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(cells, max_size=5), max_size=6), st.booleans())
def test_any_workbook_agrees_with_openpyxl(rows: list[list[Any]], shared: bool) -> None:
    """Whatever openpyxl or XlsxWriter (which shares strings) has written."""
    buffer = io.BytesIO()
    if shared:
        with xlsxwriter.Workbook(
            buffer,
            {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "yyyy-mm-dd"},
        ) as book:
            page = book.add_worksheet("a")
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    page.write_string(r, c, value) if isinstance(value, str) else page.write(r, c, value)
    else:
        other = openpyxl.Workbook()
        for row in rows:
            other.active.append([f"'{v}" if isinstance(v, str) and v.startswith("=") else v for v in row])
        other.save(buffer)
    assert _differences(buffer.getvalue()) == []


def test_formula_value_and_the_lack_of_one() -> None:
    """A calculated formula gives its value, one never calculated has no value and is not lost."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet()
        page.write_formula(0, 0, "=1+2", None, 3)
    read = read_xlsx(buffer.getvalue()).sheets[0].rows[1]
    assert read[1].value == 3
    fresh = openpyxl.Workbook()
    fresh.active["A1"] = "=1+2"
    plain = io.BytesIO()
    fresh.save(plain)
    assert isinstance(read_xlsx(plain.getvalue()).sheets[0].rows[1][1].value, Unusable)


def test_what_openpyxl_needs_two_loads_for(books: Callable[..., bytes]) -> None:
    """Strike-through, hidden rows, columns and sheets, and widths come with the values."""

    def change(book: openpyxl.Workbook) -> None:
        page = book.worksheets[0]
        page["A1"].font = Font(strike=True)
        page.row_dimensions[2].hidden = True
        page.column_dimensions["B"].hidden = True
        page.column_dimensions["C"].width = 33
        book.worksheets[1].sheet_state = "veryHidden"

    got: Workbook = read_xlsx(books({"a": [["x", 1], ["y", 2]], "b": [["z"]]}, change=change))
    first, second = got.sheets
    assert first.rows[1][1].strike
    assert (first.hidden_rows, first.hidden_columns, first.widths[3], second.hidden) == ({2}, {2}, 33, True)


@given(st.dates(dt.date(1900, 3, 1), dt.date(9999, 12, 31)))
def test_serials(day: dt.date) -> None:
    """Serials in both date systems; day 60 of 1900 never was."""
    assert from_serial((day - dt.date(1899, 12, 30)).days) == day
    if day.year >= 1905:
        assert from_serial((day - dt.date(1904, 1, 1)).days, date1904=True) == day
    assert from_serial(60) is None
    assert from_serial(59) == dt.date(1900, 2, 28)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("yyyy-mm-dd", True), ('yyyy"年"m"月"d"日"', True), ("m/d/yy h:mm", True), ("[$-804]yyyy年m月", True), ("0.00%", False), ("General", False), ('0.0"万元"', False), ("h:mm", False), ("#,##0;[Red]-#,##0", False), ("@", False), ("0.00E+00", False)],
)  # fmt: skip
def test_date_formats(code: str, expected: bool) -> None:
    """Which formats show a date: not times, money, percentages or colours."""
    assert is_date_format(code) is expected


def test_xls_sample_keeps_types() -> None:
    """BIFF: numbers are floating point, dates come by their format, blanks inside rows are no cells."""
    data = (SAMPLES / "13_meetings_biff8.xls").read_bytes()
    sheet = read_workbook(inspect(data), data).sheets[0]
    assert sheet.rows[2][4].value == dt.date(2023, 3, 10)
    assert sheet.rows[2][5].value == 25.0
    assert isinstance(sheet.rows[2][5].value, float)
