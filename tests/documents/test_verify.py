"""verify: untouched files pass, every changed digit is found and named with its place."""

from __future__ import annotations

import io
import json
import random
import re
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import sample_blocks as sample

from pbanalysis.errors import Code, PbError
from pbanalysis.reports import pdf
from pbanalysis.reports.document import recompose
from pbanalysis.reports.pack import pack
from pbanalysis.reports.reading import changes, texts_of
from pbanalysis.reports.remake import Remaker
from pbanalysis.reports.verify import verify

FOLDER = "629901106_双河镇"


def verdict_of(report, name):
    return next(verdict for verdict in report.files if verdict.name == name)


def tamper_text(path, draw, pattern):
    """Change one digit of a text file inside what ``pattern`` finds; returns (old, new)."""
    text = path.read_text(encoding="utf-8")
    found = draw.choice(list(re.finditer(pattern, text)))
    place = draw.choice([k for k in range(*found.span(1)) if text[k].isdigit()])
    digit = str((int(text[place]) + draw.randint(1, 9)) % 10)
    path.write_text(text[:place] + digit + text[place + 1 :], encoding="utf-8")
    changed = found[1][: place - found.start(1)] + digit + found[1][place - found.start(1) + 1 :]
    return found[1], changed


def tamper_zip(path, draw, member, pattern):
    """The same inside a part of a DOCX or XLSX."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    inside = path.with_name("part.xml")
    inside.write_bytes(parts[member])
    changed = tamper_text(inside, draw, pattern)
    parts[member] = inside.read_bytes()
    inside.unlink()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return changed


TAMPER = {
    "report.docx": lambda p, d: tamper_zip(p, d, "word/document.xml", r"<w:t[^>]*>([^<]*\d[^<]*)</w:t>"),
    "report.xlsx": lambda p, d: tamper_zip(p, d, "xl/sharedStrings.xml", r"<t[^>]*>([^<]*\d[^<]*)</t>"),
    "report.xlsx numbers": lambda p, d: tamper_zip(p, d, "xl/worksheets/sheet1.xml", r'<c r="C\d+" s="\d+"><v>(0\.\d+)</v>'),
    "study_quality.html": lambda p, d: tamper_text(p, d, r"<data[^>]*>([^<]*\d[^<]*)</data>"),
    "facts.json": lambda p, d: tamper_text(p, d, r'"(?:text|value|n|N)": "?([^",\n]*\d[^",\n]*)'),
    "rectification.ipynb": lambda p, d: tamper_text(p, d, r'data-fact=[^>]*>([^<]*\d[^<]*)<'),
}  # fmt: skip


def test_untouched_files_pass(finished):
    """A folder as it was made: everything untouched, exit status 0, and it says so."""
    report = verify(finished)
    assert report.ok
    assert report.exit_status == 0
    assert report.lines()[-1].startswith("通过：")
    assert {verdict.state for verdict in report.files} == {"untouched"}


@pytest.mark.slow
def test_two_hundred_changed_digits_are_all_found(finished, tmp_path):
    """One digit at a time in texts, tables, typed cells, JSON and notebooks: each found; in what is
    printed the old and the new number are named."""
    draw = random.Random(20231231)
    kinds = list(TAMPER)
    for number in range(200):
        kind = kinds[number % len(kinds)]
        name = f"{FOLDER}/{kind.split()[0]}"
        out = Path(shutil.copytree(finished, tmp_path / "OUT"))
        before, after = TAMPER[kind](out / name, draw)
        report = verify(out / name)
        shutil.rmtree(out)
        verdict = verdict_of(report, name)
        assert not report.ok
        assert report.exit_status == 1
        assert verdict.state == "changed", (kind, before, after)
        if kind.startswith(("report", "study", "facts")):
            assert verdict.changes, (kind, before, after)
            if kind.endswith("numbers"):  # a typed cell is named as it is shown
                assert verdict.changes[0].place.startswith("统计表!C")
            else:
                assert any(c.old in before and c.new in after for c in verdict.changes), (kind, before, after)


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
    assert change.place == "“首页”"


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
    TAMPER["report.docx"](copy, random.Random(1))
    report = verify(copy)
    assert verdict_of(report, f"{FOLDER}/report(1).docx").changes


def test_a_missing_file_is_named(out):
    """A delivered file that is gone is not passed over."""
    (out / FOLDER / "report.pdf").unlink()
    report = verify(out)
    assert verdict_of(report, f"{FOLDER}/report.pdf").state == "missing"
    assert any("缺失" in line for line in report.lines())


def test_a_broken_file_is_said_to_be_broken(out):
    """Half a file is no traceback."""
    path = out / FOLDER / "report.xlsx"
    path.write_bytes(path.read_bytes()[:2000])
    assert "打不开" in verdict_of(verify(path), f"{FOLDER}/report.xlsx").note


def test_a_digit_changed_in_the_manifest_is_found(out):
    """A changed checksum accuses the manifest, not the file; a changed number breaks the manifest's own."""
    path = out / "manifest.json"
    text = path.read_text(encoding="utf-8")
    digest = re.search(rf'"{FOLDER}/report.docx": "([0-9a-f]+)"', text)[1]
    path.write_text(text.replace(digest, digest[::-1]), encoding="utf-8")
    report = verify(out)
    assert verdict_of(report, "manifest.json").state == "changed"
    assert "清单中的校验码被改动" in verdict_of(report, f"{FOLDER}/report.docx").note
    path.write_text(text.replace('"seconds": 1.5', '"seconds": 9.5', 1), encoding="utf-8")
    assert verdict_of(verify(out), "manifest.json").state == "changed"


@pytest.mark.parametrize("name", ["index.html", "results.csv"])
def test_a_byte_changed_in_the_countys_own_files_is_found(out, name):
    """The manifest alone tells: nothing of the run's work folder is needed."""
    assert not (out / ".work").exists()
    (out / name).write_bytes((out / name).read_bytes().replace(b"2", b"3", 1).replace(b"7", b"8", 1))
    assert [v.name for v in verify(out).files if v.state == "changed"] == [name]


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


def test_readings_of_the_same_file_do_not_differ(made):
    """Comparing a file with itself gives nothing; texts have a place each."""
    for kind in ("pdf", "docx", "xlsx"):
        data = made("small", kind)
        texts = texts_of(f"report.{kind}", data)
        assert texts
        assert changes(texts, texts_of(f"report.{kind}", io.BytesIO(data).getvalue())) == []
        assert all(place for place, _ in texts)


def test_every_file_is_made_again_byte_for_byte(finished):
    """What verify compares with is what was delivered: pages, attachment, workbook and facts."""
    remaker = Remaker(finished, None, frozenset())
    made_again = [p for p in sorted(finished.rglob("*")) if p.suffix in {".pdf", ".docx", ".xlsx", ".html", ".json"} and p.parent != finished]  # fmt: skip
    assert len(made_again) == 13
    for path in made_again:
        assert remaker.file(path.relative_to(finished).as_posix()) == path.read_bytes(), path.name
