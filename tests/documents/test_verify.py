"""verify: untouched files pass, every changed digit is found and named with its place."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import sample_blocks as sample
from openpyxl import load_workbook
from tampering import parts_of_zip, tamper, write_zip

from pbanalysis.errors import Code, PbError
from pbanalysis.plan.registry import registry
from pbanalysis.reports.check.comparing import changes
from pbanalysis.reports.check.delivery import Delivery
from pbanalysis.reports.check.pack import pack
from pbanalysis.reports.check.reading import Text, texts_of
from pbanalysis.reports.check.remake import Remaker
from pbanalysis.reports.check.verify import verify
from pbanalysis.reports.documents import pdf
from pbanalysis.reports.documents.document import recompose

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


def test_numbers_are_recomputed_from_the_store(out, monkeypatch):
    """With the store's results at hand each fact of an indicator is compared with what they say now."""
    facts = json.loads((out / FOLDER / "facts.json").read_text(encoding="utf-8"))["facts"]
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for fact in facts:
        found = re.fullmatch(r"(county\.)?([SDR]\d\d)\.(\w+)", fact["id"])
        if found and not found[3].startswith("previous"):
            unit, level = ("629901", "county") if found[1] else ("629901106", "township")
            row = {"indicator_id": found[2], "unit_id": unit, "unit_level": level}
            rows.setdefault((unit, found[2]), row)[found[3]] = fact["value"]
    frame = pd.DataFrame(rows.values())
    monkeypatch.setattr(Remaker, "results", frame)
    monkeypatch.setattr(Remaker, "store", Path("store"))
    report = verify(out / FOLDER / "facts.json")
    assert report.ok
    assert report.recomputed == sum(len(row) - 3 for row in rows.values())
    known = frame.index[frame["value"].notna() & (frame["unit_level"] == "township")][0]
    frame.loc[known, "value"] = 0.123
    (wrong,) = verify(out / FOLDER / "facts.json").disagreements
    assert (wrong.old, wrong.fact) == ("0.123", f"{frame.loc[known, 'indicator_id']}.value")
    moved = verify(out / FOLDER / "facts.json")
    assert moved.moved_on == (f"{FOLDER}/facts.json",)
    assert "数据仓或程序在报告生成之后有变动" in moved.lines()[0]


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
    remaker = Remaker(Delivery(finished), None, frozenset())
    made_again = [p for p in sorted(finished.rglob("*")) if p.suffix in {".pdf", ".docx", ".xlsx", ".html", ".json"} and p.parent != finished]  # fmt: skip
    assert len(made_again) == 13
    for path in made_again:
        assert remaker.file(path.relative_to(finished).as_posix()) == path.read_bytes(), path.name
