"""verify: untouched files pass, every changed digit is found and named with its place."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import zipfile

import pytest
import sample_blocks as sample
from openpyxl import load_workbook
from tampering import parts_of_zip, tamper, write_zip

from pbanalysis.errors import Code, PbError
from pbanalysis.plan.registry import registry
from pbanalysis.reports.batch.tools import standard
from pbanalysis.reports.check.comparing import changes
from pbanalysis.reports.check.delivery import Delivery
from pbanalysis.reports.check.pack import pack
from pbanalysis.reports.check.reading import Text, texts_of
from pbanalysis.reports.check.remake import Remaker, delivered
from pbanalysis.reports.check.verify import verify
from pbanalysis.reports.documents import pdf
from pbanalysis.reports.documents.document import recompose
from pbanalysis.reports.manifest import seal

FOLDER, OTHER = "629901106_双河镇", "629901200_柳林乡"


def verdict_of(report, name):
    return next(verdict for verdict in report.files if verdict.name == name)


@pytest.fixture
def damaged(out):
    """The folder after six kinds of damage, each to another file, and what verify says of them."""
    folder = out / FOLDER
    (folder / "report.pdf").unlink()
    (folder / "note.txt").write_text("1", encoding="utf-8")
    (folder / "report - 副本.docx").write_bytes((folder / "report.docx").read_bytes())
    (folder / "~$report.docx").write_bytes(b"")  # left by an open editor: nobody's business
    (folder / "report.xlsx").write_bytes((folder / "report.xlsx").read_bytes()[:2000])
    (folder / "study_quality.html").write_bytes(b"")
    notebook = out / OTHER / "rectification.ipynb"
    notebook.write_bytes(notebook.read_bytes()[:-2000])
    return verify(out)


def test_untouched_files_pass(finished):
    """A folder as it was made: everything untouched, exit status 0, and it says so."""
    report = verify(finished)
    assert report.ok
    assert report.exit_status == 0
    assert report.lines()[-1].startswith("通过：")
    assert {verdict.state for verdict in report.files} == {"untouched"}


def test_an_edited_word_file_says_which_number(out):
    """Old → new, the heading it stands under, and the fact it was."""
    path = out / FOLDER / "report.docx"
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    xml = parts["word/document.xml"].decode()
    assert "78.0%" not in xml
    value = re.search(r">(\d\d\.\d%)<", xml)[1]
    parts["word/document.xml"] = xml.replace(f">{value}<", ">78.0%<", 1).encode()
    with zipfile.ZipFile(path, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    (change,) = verdict_of(verify(path), f"{FOLDER}/report.docx").changes
    assert (change.old, change.new) == (value, "78.0%")
    assert change.place.startswith("“首页”，表“重点指标”，")
    assert re.fullmatch(r"[SDR]\d\d\.value", change.fact)
    indicator = registry()[change.fact.split(".")[0]]
    assert change.indicator == f"指标 {indicator.id} {indicator.name}的完成值"
    assert f"现为 78.0%，应为 {value}（{change.indicator}" in str(change)


def test_an_edited_pdf_says_which_number(out):
    """A PDF set again with another number: page, old and new."""
    facts = json.loads((out / FOLDER / "facts.json").read_text(encoding="utf-8"))
    parts = sample.parts_of("middle")
    headline = next(b for b in parts["study"] if b["role"] == "headline")
    headline["spans"][1] = {"t": "9", "f": "study.short_n"}
    (out / FOLDER / "report.pdf").write_bytes(pdf.render(recompose(parts, facts["document"])))
    found = verdict_of(verify(out), f"{FOLDER}/report.pdf")
    assert [(c.place, c.old, c.new) for c in found.changes] == [("第1页", "2", "9")]


def test_a_renamed_copy_is_compared_with_what_it_is_a_copy_of(out):
    """report(1).docx beside the reports: the same bytes pass, an edited copy does not."""
    copy = out / FOLDER / "report(1).docx"
    copy.write_bytes((out / FOLDER / "report.docx").read_bytes())
    assert verify(copy).ok
    tamper("report.docx", copy, random.Random(1))
    report = verify(copy)
    assert verdict_of(report, f"{FOLDER}/report(1).docx").changes


@pytest.mark.parametrize(
    ("name", "state", "says"),
    [
        ("report.pdf", "missing", "缺失"),
        ("note.txt", "unlisted", "来源不明"),
        ("report - 副本.docx", "unlisted", "report.docx 内容相同"),
        ("report.xlsx", "broken", "只有 2,000 字节"),
        ("study_quality.html", "broken", "空文件"),
        (f"../{OTHER}/rectification.ipynb", "broken", "文件已损坏"),
    ],
)
def test_each_kind_of_damage_has_its_own_words(damaged, name, state, says):
    """Deleted, added, copied, cut off, emptied, broken: none is called a changed number, none a traceback."""
    verdict = verdict_of(damaged, f"{FOLDER}/{name}".replace(f"{FOLDER}/../", ""))
    assert verdict.state == state
    assert says in next(verdict.lines())
    assert not [v for v in damaged.files if "~$" in v.name]
    assert damaged.lines()[-1].startswith("未通过：")


def test_a_workbook_that_was_saved_again_is_not_called_changed(out):
    """Opened and saved by another program, no number touched: said to be so, and still not the original."""
    path = out / FOLDER / "report.xlsx"
    book = load_workbook(path)
    book.save(path)
    report = verify(out)
    assert verdict_of(report, f"{FOLDER}/report.xlsx").state == "resaved"
    assert report.exit_status == 1
    assert "数字和文字与事实一致" in report.lines()[0]
    assert report.lines()[-1].startswith("数字一致，但有文件已另存")
    book.worksheets[0]["C6"] = 0.123
    book.save(path)
    assert verdict_of(verify(path), f"{FOLDER}/report.xlsx").state == "changed"


@pytest.mark.office
def test_a_word_file_that_was_saved_again_is_not_called_changed(out, program, tmp_path):
    """LibreOffice writes the whole file anew: the numbers are compared, not the bytes."""
    path = out / FOLDER / "report.docx"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = [program("soffice"), profile, "--headless", "--convert-to", "docx", "--outdir", str(tmp_path)]
    subprocess.run([*convert, str(path)], check=True, capture_output=True, timeout=180)
    path.write_bytes((tmp_path / "report.docx").read_bytes())
    assert verdict_of(verify(path), f"{FOLDER}/report.docx").state == "resaved"


def test_another_picture_in_a_word_file_is_no_saving(out):
    """Words and numbers are the same and a picture is not: that is a change."""
    path = out / FOLDER / "report.docx"
    parts = parts_of_zip(path)
    picture = next(name for name in parts if "/media/" in name)
    write_zip(path, {**parts, picture: parts[picture] + b" "})
    verdict = verdict_of(verify(path), f"{FOLDER}/report.docx")
    assert verdict.state == "changed"
    assert "图片" in verdict.note


def test_changed_words_are_told_from_changed_numbers(out):
    """A sentence rewritten without touching a number: the number is said to stand."""
    path = out / FOLDER / "report.docx"
    parts = parts_of_zip(path)
    body = parts["word/document.xml"].decode().replace("没有显著差异", "差异不大", 1)
    write_zip(path, {**parts, "word/document.xml": body.encode()})
    verdict = verdict_of(verify(path), f"{FOLDER}/report.docx")
    assert "数字与事实一致" in verdict.note
    assert ["差异不大" in change.new for change in verdict.changes] == [True]


def test_a_digit_changed_in_the_manifest_is_found(out):
    """A changed checksum accuses the manifest, not the file; a changed number breaks the manifest's own."""
    path = out / "manifest.json"
    text = path.read_text(encoding="utf-8")
    digest = re.search(rf'"{FOLDER}/report.docx": "([0-9a-f]+)"', text)[1]
    path.write_text(text.replace(digest, digest[::-1]), encoding="utf-8")
    report = verify(out)
    assert verdict_of(report, "manifest.json").state == "changed"
    assert "清单中它的校验码被改动" in verdict_of(report, f"{FOLDER}/report.docx").note
    path.write_text(text.replace('"seconds": 1.5', '"seconds": 9.5', 1), encoding="utf-8")
    assert verdict_of(verify(out), "manifest.json").state == "changed"


@pytest.mark.parametrize("name", ["index.html", "results.csv"])
def test_a_byte_changed_in_the_countys_own_files_is_found(out, name):
    """The manifest alone tells; that no store was found, so that no number can be named, is said."""
    assert not (out / ".work").exists()
    (out / name).write_bytes((out / name).read_bytes().replace(b"2", b"3", 1).replace(b"7", b"8", 1))
    report = verify(out)
    assert [v.name for v in report.files if v.state == "changed"] == [name]
    assert "没有找到数据仓" in verdict_of(report, name).note


def test_without_the_notebooks_the_facts_still_tell(out):
    """Only the attachment and facts.json were handed on: a number that is no fact is named."""
    for notebook in (out / FOLDER).glob("*.ipynb"):
        notebook.unlink()
    path = out / FOLDER / "report.docx"
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["word/document.xml"] = parts["word/document.xml"].replace(
        "有 2 项未达标".encode(), "有 0.77 项未达标".encode(), 1
    )
    with zipfile.ZipFile(path, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    found = verdict_of(verify(path), f"{FOLDER}/report.docx")
    assert [change.new for change in found.changes if "首页" in change.place] == ["0.77"]


def test_a_package_is_verified_as_it_is(finished, tmp_path):
    """The zip for the review is checked without unpacking it by hand."""
    (package,) = pack(finished, tmp_path, townships=["双河镇"])
    assert verify(package.path).ok


def test_a_file_without_its_manifest_cannot_be_verified(tmp_path, out):
    """A file that lies alone: wrong use, and what to do."""
    alone = tmp_path / "alone.docx"
    alone.write_bytes((out / FOLDER / "report.docx").read_bytes())
    with pytest.raises(PbError, match=r"manifest\.json") as caught:
        verify(alone)
    assert caught.value.exit_status == 2
    with pytest.raises(PbError) as caught:
        verify(tmp_path / "nowhere.pdf")
    assert caught.value.code is Code.UNKNOWN_PARAMETER


def test_a_file_that_is_in_no_list_is_said_to_be_so(out):
    """A file of another kind put into the folder is not vouched for."""
    (out / FOLDER / "note.txt").write_text("1", encoding="utf-8")
    assert verdict_of(verify(out / FOLDER / "note.txt"), f"{FOLDER}/note.txt").state == "unlisted"


def test_long_tables_of_few_values_are_compared_in_no_time():
    """Thousands of cells that are 0 or 1, one of them another: seconds at most, and only that one is named."""
    cells = [Text(f"第{k}行", str(k % 2)) for k in range(30_000)]
    one = [*cells[:20_001], Text("第20001行", "7"), *cells[20_002:]]
    assert [str(c) for c in changes(cells, one)] == ["第20001行：现为 7，应为 1"]
    assert [c.old for c in changes(cells, one[1:])] != []


def test_readings_of_the_same_file_do_not_differ(made):
    """Comparing a file with itself gives nothing; texts have a place each."""
    for kind in ("pdf", "docx", "xlsx"):
        data = made("small", kind)
        texts = texts_of(f"report.{kind}", data)
        assert texts
        assert changes(texts, texts_of(f"report.{kind}", io.BytesIO(data).getvalue())) == []
        assert all(text.place for text in texts)


def test_every_file_is_made_again_byte_for_byte(finished):
    """What verify compares with is what was delivered: pages, attachment, workbook and facts."""
    out, tools, count = Delivery(finished), standard(), 0
    for folder in (FOLDER, OTHER):
        remaker = Remaker(out, folder, tools, delivered(out, folder, tools))
        for path in sorted((finished / folder).iterdir()):
            name = f"{folder}/{path.name}"
            assert remaker.file(name) == path.read_bytes() or path.suffix == ".ipynb", name
            count += path.suffix != ".ipynb"
    assert count == 13


BROKEN = [
    {"reports": 1},
    {"reports": [{"township_id": "1"}]},
    {"reports": [1]},
    {"reports": [{"township_id": "1", "theme": "study", "state": "built", "files": [1]}]},
    {"reports": [{"township_id": "1", "theme": "study", "state": "built", "inputs": []}]},
    {"reports": [], "files": {"a": 1}},
    {"reports": [], "names": 3},
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_manifest_of_another_shape_is_refused(tmp_path, content):
    """Whatever stands where entries should: one Chinese sentence, never a traceback."""
    (tmp_path / "manifest.json").write_text(json.dumps(seal(content)), encoding="utf-8")
    with pytest.raises(PbError, match="清单") as caught:
        verify(tmp_path)
    assert caught.value.exit_status == 3


@pytest.mark.parametrize(
    "edit",
    [
        lambda entry: entry["inputs"].update(parameters="x"),
        lambda entry: entry["inputs"].update(parameters={"period": "x", "as_of": 7}),
        lambda entry: entry["inputs"].update(reports=["study"], setting=[], unit=5, county=None),
        lambda entry: entry["inputs"].clear(),
        lambda entry: entry.update(theme="..", township_id="../.."),
    ],
)
def test_nonsense_in_the_entries_is_told(out, edit):
    """Values of other types and names of other things, sealed: verdicts, never a traceback, never a pass."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["reports"]:
        edit(entry)
    (out / "manifest.json").write_text(json.dumps(seal(manifest)), encoding="utf-8")
    report = verify(out)
    assert report.exit_status == 1
    assert verdict_of(report, "manifest.json").state == "changed"


def test_a_manifest_without_its_seal_is_not_believed(out):
    """Who changes it and takes the seal away is found out."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    del manifest["seal"]
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert verdict_of(verify(out), "manifest.json").state == "changed"


def test_a_title_is_not_taken_from_the_page(out):
    """Another township's or another year's name in a page's title and heading: found, though the page is whole."""
    path = out / FOLDER / "study_quality.html"
    path.write_text(path.read_text(encoding="utf-8").replace("2023年度", "2024年度"), encoding="utf-8")
    sample.vouch(out)
    changes_of = verdict_of(verify(out), f"{FOLDER}/study_quality.html").changes
    assert any((c.old, c.new) == ("2023", "2024") for c in changes_of)


@pytest.mark.parametrize("member", ["../out.txt", "x/y.txt"])
def test_a_package_holds_nothing_beside_its_folder(finished, tmp_path, member):
    """A file put into the zip outside the reports' folder is named; it is not written outside either."""
    (package,) = pack(finished, tmp_path / "zip", townships=["双河镇"])
    with zipfile.ZipFile(package.path, "a") as archive:
        archive.writestr(member, "x")
    report = verify(package.path)
    assert report.exit_status == 1
    assert [v.state for v in report.files if v.name.endswith(".txt") and v.state != "untouched"] == [
        "unlisted"
    ]
    assert not (tmp_path / "out.txt").exists()
