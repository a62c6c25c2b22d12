"""The township's statement: read in every way an office hands it in, refused by kind, printed word for word."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
import sample_blocks as sample
import xlsxwriter
from openpyxl import load_workbook
from pypdf import PdfReader

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.batch.statements import MOST, of_townships, read_statements
from pbanalysis.reports.check.verify import verify
from pbanalysis.reports.documents import attachments, excel, pdf, word
from pbanalysis.reports.documents.document import compose_township
from pbanalysis.reports.documents.facts import orphans
from pbanalysis.reports.documents.text import plain

TOWNS = {"629901200": "柳林乡", "629901106": "双河镇"}
SAID = "一、3个支部的缺口已于12月20日补课，涉及8.7小时。\n二、堃河村、䶮山村、镕炉社区的台账已核对；“<b>&100%”请复核。"


def workbook(path, rows):
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def of_folder(tmp_path, files):
    folder = tmp_path / "说明"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def composed(text):
    return attachments.compose(sample.notebooks_of("middle"), {**sample.about("middle"), "statement": text})


def squeezed(text):
    return "".join(text.split())


def test_a_folder_has_a_text_file_a_township(tmp_path):
    """Named by code, name or both; UTF-8 with or without its mark, or GB18030; a blank one is none."""
    folder = of_folder(
        tmp_path,
        {
            "柳林乡.txt": "\ufeff一行\r\n\r\n二行  \r\n",
            "629901106_双河镇.md": "现有䶮山村".encode("gb18030"),
            "空白.txt": " \n",
            ".DS_Store": b"\x00",
            "~$柳林乡.txt": b"\x00",
        },
    )
    said = of_townships(read_statements(folder), TOWNS)
    assert said == {"629901200": "一行\n\n二行", "629901106": "现有䶮山村"}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_one_table_has_all_townships(tmp_path, kind):
    """A workbook or CSV with 乡镇 and 说明, a title above allowed; a code that Excel made a number counts."""
    rows = [["乡镇说明汇总"], ["序号", "乡镇", "说明"], [1, 629901200, SAID], [2, "双河镇", ""], [3, "", ""]]
    path = tmp_path / f"说明.{kind}"
    if kind == "xlsx":
        workbook(path, rows)
    else:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        path.write_text(text.getvalue(), encoding="gb18030")
    assert of_townships(read_statements(path), TOWNS) == {"629901200": SAID}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("请联系 13800138000", "手机号"),
        ("身份证１１０１０１１９９００３０７４４７７", "身份证号"),
        ("见 C:\\Users\\zhang\\说明.txt", "本机目录"),
    ],
)
def test_what_belongs_to_a_person_is_refused_by_kind_and_place(tmp_path, text, kind):
    """Exit 4; file or row and kind are named, the value never."""
    files = [
        (of_folder(tmp_path, {"柳林乡.txt": text}), "柳林乡.txt"),
        (workbook(tmp_path / "说明.xlsx", [["乡镇", "说明"], ["双河镇", "好"], ["柳林乡", text]]), "第3行"),
    ]
    for source, place in files:
        with pytest.raises(PbError, match=kind) as caught:
            read_statements(source)
        assert caught.value.code is Code.PRIVACY_GATE
        assert caught.value.exit_status == 4
        assert place in caught.value.where
        assert squeezed(text)[-6:] not in squeezed(str(caught.value))


def test_an_unknown_township_is_wrong_use(tmp_path):
    """Exit 2 with the near names: nothing is printed under another's name."""
    with pytest.raises(PbError, match="双河镇") as caught:
        of_townships(read_statements(of_folder(tmp_path, {"双合镇.txt": "好"})), TOWNS)
    assert caught.value.exit_status == 2


def test_a_statement_too_long_names_by_how_much(tmp_path):
    """Exit 3: the township shortens it, the program cuts nobody's words."""
    with pytest.raises(PbError, match="删减 7 字以上") as caught:
        read_statements(of_folder(tmp_path, {"柳林乡.txt": "字 " * (MOST + 7)}))
    assert caught.value.exit_status == 3
    longest = of_folder(tmp_path / "kept", {"柳林乡.txt": "字" * MOST})
    assert len(read_statements(longest)["柳林乡"]) == MOST


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"柳林乡.docx": b"PK"}, "文本文件"),
        ({"柳林乡.txt": "一", "629901200.txt": "二"}, "两份说明"),
        ({"柳林乡.txt": "一", "柳林乡.md": "二"}, "两份说明"),
        ({"柳林乡.txt": b"\xff\xff\xff"}, "编码"),
    ],
)
def test_a_folder_that_is_not_clear_is_refused(tmp_path, files, told):
    """Another kind of file, two statements of one township, an unknown encoding: said, not guessed."""
    with pytest.raises(PbError, match=told):
        of_townships(read_statements(of_folder(tmp_path, files)), TOWNS)


def test_a_table_that_is_none_is_refused(tmp_path):
    """No such columns, a statement without its township, a broken workbook, a path that is not there."""
    cases = {
        "说明": workbook(tmp_path / "a.xlsx", [["乡镇", "意见"]]),
        "第2行": workbook(tmp_path / "b.xlsx", [["乡镇", "说明"], ["", "有话"]]),
        "打不开": tmp_path / "c.xlsx",
        "没有这个文件": tmp_path / "d.csv",
        "CSV": tmp_path / "e.pdf",
    }
    for name in ("c.xlsx", "e.pdf"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 broken")
    for told, path in cases.items():
        with pytest.raises(PbError, match=told):
            read_statements(path)


def test_it_is_printed_word_for_word_under_the_townships_name():
    """PDF, Word and workbook say the same words, whose they are, and that their numbers are not checked."""
    doc = composed(SAID)
    told = "双河镇提供，原文照录，所述数字未经核对"
    first = PdfReader(io.BytesIO(pdf.render(doc))).pages[0].extract_text()
    with zipfile.ZipFile(io.BytesIO(word.render(doc))) as package:
        xml = package.read("word/document.xml").decode()
    for line in SAID.splitlines():
        assert squeezed(line) in squeezed(first)
        assert line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in xml
    assert squeezed(told) in squeezed(first)
    assert told in xml
    cells = [row[0].value for row in load_workbook(io.BytesIO(excel.render(doc)))["乡镇说明"].iter_rows()]
    assert cells[2:4] == SAID.splitlines()
    assert "双河镇原文" in cells[1]


def test_without_it_there_are_lines_to_write_on():
    """The box stands empty: two rows in Word, no sheet in the workbook."""
    doc = composed("")
    assert doc.summary[-1]["title"] == "乡镇说明"
    with zipfile.ZipFile(io.BytesIO(word.render(doc))) as package:
        xml = package.read("word/document.xml").decode()
    box = xml[xml.index(">乡镇说明<") : xml.index("学习质量</w:t></w:r></w:p>", xml.index(">乡镇说明<"))]
    assert box.split("</w:tbl>")[0].count("<w:tr>") == 2
    assert "乡镇说明" not in load_workbook(io.BytesIO(excel.render(doc))).sheetnames


def test_a_long_one_stands_whole_behind_the_body():
    """Page 1 stays one page and points to the annex, where every word stands; the budget is not touched."""
    long = "\n".join(f"{SAID}（续）" for _ in range(20))
    doc = composed(long)
    assert "乡镇说明" in plain(doc.summary[-1]["items"][0])
    own = next(block for block in doc.annex if block["role"] == "statement")
    assert "\n".join(plain(item) for item in own["items"]) == long
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf.render(doc))).pages]
    assert "原文照录" not in pages[0]
    assert "一、学习质量" in squeezed(pages[1])


def test_its_numbers_are_the_townships_and_no_others_are_excused():
    """No orphan for its own words; changed by a digit, or a number outside of it, is one."""
    facts = json.loads(
        attachments.facts(sample.notebooks_of("middle"), {**sample.about("middle"), "statement": SAID})
    )
    text = "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf.render(composed(SAID)))).pages[:1])
    assert orphans(text, facts) == []
    assert "8.7" in orphans(text.replace("8.7", "9.7") + "另有 8.7 项", facts)
    assert "9.7" in orphans(text.replace("8.7", "9.7"), facts)
    assert orphans(text, facts["facts"]) == ["8.7"]


def test_a_changed_word_of_it_is_found(tmp_path):
    """In the Word file, named; in facts.json, where its words are kept for setting it again, too."""
    out = sample.write_out(tmp_path / "OUT", ("middle",), SAID)
    folder = out / "629901106_双河镇"
    assert verify(out).ok
    facts = folder / "facts.json"
    genuine = facts.read_bytes()
    facts.write_bytes(genuine.replace("3个支部".encode(), "2个支部".encode()))
    (verdict,) = verify(facts).files
    assert (verdict.state, "乡镇说明" in verdict.note) == ("changed", True)
    facts.write_bytes(genuine)
    path = folder / "report.docx"
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data.replace("8.7小时".encode(), "8.1小时".encode()))
    (verdict,) = verify(path).files
    assert [(c.old, c.new) for c in verdict.changes] == [("8.7", "8.1")]


def test_a_character_that_no_font_has_is_named():
    """PDF/UA refuses what it cannot show; the error says which character and where it stands."""
    with pytest.raises(PbError, match="U\\+13000") as caught:
        pdf.render(composed("落款：\U00013000"))
    assert "乡镇说明" in caught.value.where


def test_the_county_has_no_statement():
    """compose_township takes one, the county's report has no box for it."""
    frame = {k: v for k, v in sample.about("middle").items() if k != "county_id"}
    assert compose_township({}, **frame, statement="好").frame["statement"] == "好"
    about = {**sample.about("middle"), "township_id": "629901", "statement": ""}
    county = attachments.compose({"overview": sample.notebooks_of("middle")["study"]}, about)
    assert "statement" not in county.frame
