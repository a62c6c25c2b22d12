"""What goes back to the township and onto the disk: marked copies, safe CSV, pseudonyms."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.record import safe
from pbanalysis.ledgers.run import import_sources
from pbanalysis.privacy.pseudonyms import Pseudonyms, load_key, mask

SAMPLES = Path(__file__).parents[1] / "data" / "ledgers" / "samples"
UNITS = SAMPLES.parent / "units.json"


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marked copies of the samples."""
    folder = tmp_path_factory.mktemp("marked")
    import_sources([SAMPLES], folder / "store", units=UNITS, key_file=folder / "key")
    return folder / "store" / "import" / "marked"


def test_a_marked_copy_keeps_values_and_addresses(marked: Path) -> None:
    """Every cell that is not personal stands where it stood, as it was typed."""
    original = openpyxl.load_workbook(SAMPLES / "06_study_percentages.xlsx").active
    copy = openpyxl.load_workbook(marked / "06_study_percentages.xlsx")["学习培训"]
    for row in original.iter_rows():
        for cell in row:
            assert copy[cell.coordinate].value == cell.value
            if isinstance(cell.value, float):
                assert copy[cell.coordinate].number_format == cell.number_format


def test_a_marked_copy_says_what_to_do(marked: Path) -> None:
    """Coloured cells with a comment each, a list with links, a summary with the balance."""
    book = openpyxl.load_workbook(marked / "06_study_percentages.xlsx")
    page = book["学习培训"]
    commented = {c.coordinate for row in page.iter_rows() for c in row if c.comment}
    assert commented == {"I3", "H5", "H6", "I6", "I7", "H8", "G11", "H11"}
    assert all(
        c.comment.author == "pbanalysis" and len(c.comment.text) <= 255
        for row in page.iter_rows()
        for c in row
        if c.comment
    )
    assert (
        page["H6"].fill.start_color.rgb != page["H5"].fill.start_color.rgb != page["H4"].fill.start_color.rgb
    )
    links = [c.hyperlink.location for row in book["问题清单"].iter_rows() for c in row if c.hyperlink]
    assert "'学习培训'!H6" in links
    assert "收到 10 行 = 采用 10 + 退回 0 + 重复 0" in [
        c.value for row in book["汇总"].iter_rows() for c in row
    ]


def test_a_marked_copy_hides_people(marked: Path) -> None:
    """Names and phones of the original are nowhere in the copy; the signature row keeps its labels only."""
    page = openpyxl.load_workbook(marked / "01_rect_title_meta_notes.xlsx")["问题整改台账"]
    assert [page[c].value for c in ("E4", "A9", "D9")] == [
        "〔已隐去〕",
        "填表人：〔已隐去〕",
        "联系电话：〔已隐去〕",
    ]


def test_other_formats_come_back_as_workbooks(marked: Path) -> None:
    """A CSV or .xls with findings comes back as .xlsx with the same addresses."""
    page = openpyxl.load_workbook(marked / "13_meetings_biff8.xls.xlsx")["三会一课"]
    assert page["G4"].comment is not None
    assert page["E4"].value == "二十五"


@pytest.mark.office
@pytest.mark.skipif(which("soffice") is None, reason="LibreOffice is not installed")
def test_office_opens_a_marked_copy(marked: Path, tmp_path: Path) -> None:
    """LibreOffice opens the copy and prints it."""
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    copy = marked / "32_meetings_sample_and_notes.xlsx"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(copy)],
        check=True,
        capture_output=True,
        timeout=180,
    )
    assert (tmp_path / "32_meetings_sample_and_notes.pdf").stat().st_size > 5000


@given(st.text(max_size=20))
def test_no_csv_field_is_a_formula(text: str) -> None:
    """A field never begins with a character that a spreadsheet program takes for a formula, unless it is a number."""
    written = safe(text)
    assert written.lstrip("'") == text.lstrip("'")
    assert (
        not written
        or written[0] not in "=+-@\t\r\n\x00＝＋－＠"
        or re.fullmatch(r"[+-]?\d+(\.\d+)?", written)
    )


def test_dangerous_text_survives_as_text(importing: Any) -> None:
    """A topic that begins like a formula reaches CSV quoted and the marked copy as text."""
    head = ["乡镇", "所在党支部", "会议类型", "会议时间", "会议议题", "应到人数"]
    got = importing(
        {
            "a.xlsx": [
                head,
                ["城关镇", "东关村党支部", "党课", "2023-05-31", "'=cmd|' /C calc'!A0", "全体"],
                ["城关镇", "东关村党支部", "党课", "2023-06-01", "＝1+1", "@SUM(1)"],
            ]
        }
    )
    assert [got.cell(c)["value"][:2] for c in ("E2", "E3")] == ["'=", "'＝"]
    page = openpyxl.load_workbook(got.store / "import/marked/a.xlsx")["Sheet1"]
    assert all(c.data_type != "f" for row in page.iter_rows() for c in row)


def test_pseudonyms_are_keyed_and_stable(tmp_path: Path) -> None:
    """One key: one pseudonym, however the number was typed; another key: another. The key shows nowhere."""
    one, other = load_key(tmp_path / "k1"), load_key(tmp_path / "k2")
    assert one == load_key(tmp_path / "k1")
    assert (
        one.of_id("11010519491231002x")
        == one.of_id(" １１０１０５１９４９１２３１００２X ")
        != other.of_id("11010519491231002X")
    )
    assert one.of_name("629901100", "甲", "王某") != one.of_name("629901100", "乙", "王某")
    secret = (tmp_path / "k1").read_text().strip()
    assert secret not in repr(one)
    assert (tmp_path / "k1").stat().st_mode & 0o777 == 0o600
    assert one.key_id not in secret


def test_a_key_inside_the_store_or_no_key_at_all_is_refused(tmp_path: Path) -> None:
    """The key never lies in a store; a file that holds no key is not overwritten."""
    with pytest.raises(PbError) as error:
        load_key(tmp_path / "store" / "k", forbidden=tmp_path / "store")
    assert error.value.code is Code.KEY_MISSING
    (tmp_path / "notes.txt").write_text("重要文件")
    with pytest.raises(PbError):
        load_key(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "重要文件"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_an_unwritable_key_folder_is_one_paragraph(tmp_path: Path) -> None:
    """A path below a file cannot be made: the message names the file, not the whole path."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(PbError) as error:
        load_key(tmp_path / "file" / "key")
    assert str(tmp_path) not in str(error.value)


@given(
    st.text(max_size=10),
    st.sampled_from(
        ["13912345678", "11010519491231002X", "139 1234 5678", "１３９１２３４５６７８", "a.b@c.cn"]
    ),
    st.text(max_size=10),
)
def test_masking_leaves_no_number(left: str, secret: str, right: str) -> None:
    """A phone, identity number or address between any words is masked unless it is part of a longer code."""
    text = f"{left} {secret} {right}"
    assert secret not in mask(text)


def test_masking_leaves_codes_alone() -> None:
    """File numbers, amounts and pseudonyms are no phone numbers."""
    for code in ("629901100-D0001", "pk_18040591827a0a00", "2023053114", "91620000MA0000000X"):
        assert mask(code) == code


_FIXED = ("p-6ff3ee524b5a0638fa12", "w-5fec1a55aa13640c838c")


def test_pseudonyms_of_a_fixed_key() -> None:
    """The recipe is part of the contract between years: a change would break every long join."""
    p = Pseudonyms(bytes(range(32)))
    assert (p.of_id("11010519491231002X"), p.of_name("629901100", "甲支部", "王某")) == _FIXED
