"""The workbook: the indicator table in typed cells, nothing that can be taken for a formula."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
import sample_blocks as sample
from openpyxl import load_workbook

from pbanalysis.reports.documents import excel
from pbanalysis.reports.documents.document import compose_county, compose_township
from pbanalysis.reports.documents.text import cell_text

FRAME = {"county": "临河县", "period": "2023", "as_of": "2023-12-31"}


@pytest.fixture(scope="module")
def book(made):
    """The workbook of a township, opened."""
    return lambda size: load_workbook(io.BytesIO(made(size, "xlsx")))


def rows_of(sheet):
    """Rows of the table: those of indicators, as dictionaries by column title."""
    titles = [cell.value for cell in sheet[3]]
    rows = [dict(zip(titles, row)) for row in sheet.iter_rows(min_row=4)]
    return [row for row in rows if re.match(r"[SDR]\d\d ", str(row["指标"].value or ""))]


def test_the_first_sheet_is_the_table_the_office_files(book):
    """Title, the seven columns in their order, one row an indicator."""
    sheet = book("middle").worksheets[0]
    assert sheet.title == "统计表"
    assert sheet["A1"].value == "双河镇2023年度基层组织建设重点指标完成情况统计表"
    assert [cell.value for cell in sheet[3]] == [
        "指标",
        "目标",
        "完成值",
        "分子/分母",
        "状态",
        "依据",
        "说明",
    ]
    assert len(rows_of(sheet)) == sum(map(len, sample.NAMES.values()))


def test_values_are_numbers_that_show_the_printed_text(book):
    """A share is a number with a percent format; what it shows is what the other formats print."""
    printed = {
        cell_text(row["cells"][0]): cell_text(row["cells"][2])
        for blocks in sample.parts_of("middle").values()
        for block in blocks
        if block["role"] == "scorecard"
        for row in block["rows"]
        if row["kind"] == "data"
    }
    typed = 0
    for row in rows_of(book("middle").worksheets[0]):
        cell, text = row["完成值"], printed[row["指标"].value]
        if text == "—":
            assert cell.value == "—"
        else:
            typed += 1
            assert cell.number_format == "0.0%"
            assert f"{cell.value:.1%}" == text
    assert typed > 5


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("83.9%", 0.839, "0.0%"),
        ("100%", 1.0, "0%"),
        ("1,234", 1234.0, "#,##0"),
        ("≥30%", 0.3, '"≥"0%'),
        ("17.25万元", 17.25, '0.00"万元"'),
    ],
)
def test_a_printed_number_becomes_a_value_with_its_format(text, value, shown):
    """The number format shows the printed text, sign and unit included."""
    assert excel.number_and_format(text) == (value, shown)


@pytest.mark.parametrize("text", ["3/4", "—", "依规定不予公布", "2023-12-31", "10—20", ""])
def test_what_is_no_single_number_stays_text(text):
    """A fraction must not become a date, nor a range a difference."""
    assert excel.number_and_format(text) is None


def test_fractions_are_text_and_never_dates(book):
    """分子/分母 stands as it is printed."""
    fractions = [row["分子/分母"].value for row in rows_of(book("middle").worksheets[0])]
    assert all(isinstance(fraction, str) for fraction in fractions)
    assert sum(bool(re.fullmatch(r"\d+/\d+", fraction)) for fraction in fractions) > 5


def test_nothing_can_be_taken_for_a_formula():
    """A name that begins with =, +, - or @ stands as text in the file."""
    parts = sample.parts_of("middle")
    for block in parts["study"]:
        if block["role"] == "scorecard":
            rows = [row for row in block["rows"] if row["kind"] == "data"]
            for row, bad in zip(rows, ("=1+1", "+A1", "-2+3", "@SUM(A1)", "=cmd|' /C calc'!A0")):
                row["cells"][0] = bad
    data = excel.render(compose_township(parts, township_id="629901106", township="双河镇", **FRAME))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        sheets = [package.read(n).decode() for n in package.namelist() if n.startswith("xl/worksheets/")]
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    values = [cell.value for cell in load_workbook(io.BytesIO(data)).worksheets[0]["A"]]
    assert "=cmd|' /C calc'!A0" in values


def test_it_is_ready_to_print(book):
    """Head frozen and repeated, landscape A4, one page wide, page numbers below."""
    sheet = book("middle").worksheets[0]
    assert sheet.freeze_panes == "B4"
    assert sheet.print_title_rows == "$3:$3"
    for other in book("middle").worksheets:
        first, _, last = (other.print_title_rows or "$0:$0").replace("$", "").partition(":")
        assert int(first) <= int(last), other.title
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert "&P" in sheet.oddFooter.center.text


def test_it_says_what_the_numbers_mean_and_where_they_come_from(book):
    """A sheet of definitions, one row an indicator, and one of sources and checksums."""
    found = book("middle")
    assert "口径说明" in found.sheetnames
    assert found.sheetnames[-1] == "来源与校验"
    names = [cell.value for cell in found["口径说明"]["A"]]
    assert sum(bool(re.match(r"[SDR]\d\d ", str(name))) for name in names) == sum(
        map(len, sample.NAMES.values())
    )
    assert "9b1e" * 8 in [cell.value for row in found["来源与校验"].iter_rows() for cell in row]


def test_the_countys_workbook_has_its_further_tables():
    """The county's has a sheet for every kind of table, names that Excel allows."""
    parts = {"overview": sample.parts_of("large")["study"]}
    doc = compose_county(parts, county_id="629901", **FRAME)
    names = load_workbook(io.BytesIO(excel.render(doc))).sheetnames
    assert any("各党支部开展情况" in name for name in names)
    assert all(len(name) <= 31 for name in names)


def test_the_same_document_gives_the_same_bytes(documents, made):
    """Made twice, the workbook is the same file."""
    assert excel.render(documents["large"]) == made("large", "xlsx")
