"""pack: a complete, checkable zip that keeps Chinese names on Windows and holds nothing personal."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
import sample_blocks as sample
from pypdf import PdfReader
from tampering import parts_of_zip

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.privacy import scan
from pbanalysis.privacy.scan import scan_folder
from pbanalysis.reports.check.delivery import CHECKSUMS, GUIDE
from pbanalysis.reports.check.pack import pack
from pbanalysis.reports.check.packing import packed_name, title_of
from pbanalysis.reports.check.verify import verify
from pbanalysis.reports.documents import attachments
from pbanalysis.reports.manifest import Entry, seal

UTF8 = 0x800
TABLE = "基层组织建设重点指标完成情况统计表"
MIDDLE = "629901106_双河镇"


def members(path):
    with zipfile.ZipFile(path) as package:
        return {member.filename: package.read(member) for member in package.infolist()}


def test_the_county_goes_into_one_zip_with_everything(finished, tmp_path):
    """Index, every township's reports and 统计表, manifest and checksums, under one Chinese folder."""
    path = pack(finished, tmp_path)[0].path
    assert path.name == "临河县2023年度基层党建评估报告_草稿.zip"
    names = set(members(path))
    root = path.stem
    assert {f"{root}/index.html", f"{root}/manifest.json", f"{root}/{CHECKSUMS}"} <= names
    assert f"{root}/全县_2023年度_全部指标.csv" in names
    for code, town in (sample.TOWNS["small"], sample.TOWNS["middle"]):
        for what in ("评估报告.pdf", "评估报告.docx", f"{TABLE}.xlsx", "数字出处.json", "整改成效.html"):
            assert f"{root}/{code}_{town}/{town}_2023年度_{what}" in names


def test_a_township_gets_its_own_zip_with_its_own_index(finished, tmp_path):
    """By code or name, once; nothing of another township is in it; every link of its index is there."""
    paths = [p.path for p in pack(finished, tmp_path, townships=["双河镇", "629901106", "柳林乡"])]
    assert [path.name for path in paths] == [
        f"{name}2023年度基层党建评估报告_草稿.zip" for name in ("双河镇", "柳林乡")
    ]
    found = members(paths[0])
    assert not [name for name in found if "柳林乡" in name]
    page = found[f"{paths[0].stem}/index.html"].decode()
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 7
    assert all(f"{paths[0].stem}/{unquote(link)}" in found for link in links)
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_names_survive_on_windows(finished, tmp_path):
    """Every non-ASCII name bears the UTF-8 flag; none is longer or stranger than Windows allows."""
    path = pack(finished, tmp_path)[0].path
    with zipfile.ZipFile(path) as package:
        for member in package.infolist():
            assert member.flag_bits & UTF8
            assert not re.search(r'[\\:*?"<>|]|^/|\.\./', member.filename)
            assert not any(part != part.strip(" .") for part in member.filename.split("/"))
            assert len(member.filename) < 120


def test_every_link_of_an_unpacked_package_leads_to_a_file(out, tmp_path):
    """The county's contents page, its links led to the Chinese names, error cards included."""
    links = {f"{MIDDLE}/report.docx": "Word", f"{MIDDLE}/rectification.html": "网页", "results.csv": "CSV",
             "errors/629901200_柳林乡_development.html": "原因", "#top": "页首"}  # fmt: skip
    page = "".join(f'<a href="{path}">{label}</a>' for path, label in links.items())
    (out / "index.html").write_text(page, encoding="utf-8")
    (out / "errors").mkdir()
    (out / "errors" / "629901200_柳林乡_development.html").write_text("未生成", encoding="utf-8")
    (out / "errors" / "别的.html").write_text("不是本程序写的", encoding="utf-8")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    failed = Entry("629901200", "development", "failed", sample.inputs_of("small", "development"))
    manifest["reports"].append(failed.to_dict())
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    sample.vouch(out)
    path = pack(out, tmp_path)[0].path
    shutil.unpack_archive(path, tmp_path)
    packed = (tmp_path / path.stem / "index.html").read_text(encoding="utf-8")
    found = {label: unquote(link) for link, label in re.findall('href="([^"]+)">([^<]+)<', packed)}
    assert found["原因"] == "未能生成的报告/629901200_柳林乡_发展党员.html"
    assert found.pop("页首") == "#top"
    assert all((tmp_path / path.stem / link).is_file() for link in found.values())
    assert not [name for name in members(path) if "别的" in name]


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("629901106_双河镇/member_development.ipynb", "629901106_双河镇/双河镇_2023年度_发展党员_分析过程.ipynb"),
        ("county/overview.html", "全县/全县_2023年度_全县一览.html"),
        ('629901107_a:b?镇. /report.pdf', "629901107_a_b_镇/a_b_镇_2023年度_评估报告.pdf"),
        ("629901107_CON/report.pdf", "629901107_CON/CON_2023年度_评估报告.pdf"),
        ("629901107_\u202efdp.镇\u200b/report.pdf", "629901107_fdp_镇/fdp_镇_2023年度_评估报告.pdf"),
        ("errors/629901106_双河镇_document.html", "未能生成的报告/629901106_双河镇_评估报告.html"),
    ],
)  # fmt: skip
def test_names_in_a_package_are_chinese_and_allowed_everywhere(name, packed):
    """Whose, when and what; no character or ending that Windows forbids."""
    assert packed_name(name, Period.parse("2023")) == packed


RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{k}" for port in ("COM", "LPT") for k in range(10))}
HOSTILE = ["CON", "NUL.镇", "镇" * 70, "a:b*?<>|镇. ", "..", "\u202e镇\u200b", "镇\t", "é镇", "con"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_gives_a_package_that_windows_can_unpack(name, tmp_path, monkeypatch):
    """Reserved, forbidden, endless or unseen: every part of every path is allowed, the longest fits under a
    user's desktop, and the package is verified as it is."""
    monkeypatch.setitem(sample.TOWNS, "small", ("629901200", name))
    out = sample.write_out(tmp_path / "OUT", ("small",))
    for package in (*pack(out, tmp_path / "全县"), *pack(out, tmp_path, townships=[name])):
        assert windows_allows(package.path.name)
        found = members(package.path)
        assert len({path.lower() for path in found}) == len(found)
        assert all(windows_allows(part) for path in found for part in path.split("/"))
        assert max(map(len, found)) <= 150
        assert verify(package.path).ok


def windows_allows(part):
    """Whether a part of a path can be the name of a file or folder."""
    forbidden = re.search(r'[\\/:*?"<>|\x00-\x1f\x7f]', part) or part != part.strip(" .")
    return part and not forbidden and part.split(".")[0].strip().upper() not in RESERVED


def test_the_title_of_a_package_is_a_name_as_well():
    """A county's name with a slash, a final dot, reserved or endless: the zip is called by what is allowed of it."""
    for county in ("甲/乙县", "县.", "NUL", "县" * 90):
        entry = Entry("1", "study", "built", {"county": f"629901 {county}", "unit": "镇"})
        title = title_of([entry], Period.parse("2023"), whole=True)
        assert windows_allows(title)
        assert len(title) < 50


def test_of_attachments_in_several_states_the_least_final_names_the_package():
    """One draft among final reports: the package is a draft."""
    for states, said in (
        (("final", "draft"), "_草稿"),
        (("checking", "final"), "_核实中"),
        (("final",), "报告"),
    ):
        entries = [
            Entry(f"{k}", "document", "built", {"setting": {"status": s}}) for k, s in enumerate(states)
        ]
        assert title_of(entries, Period.parse("2023"), whole=True).endswith(said)


def test_who_made_it_and_where_stands_nowhere(tmp_path, monkeypatch):
    """User, home and machine planted in the environment: neither in properties of a document or picture, nor in
    the streams of a PDF, nor in a name."""
    for name in ("USER", "LOGNAME", "USERNAME", "HOSTNAME", "COMPUTERNAME"):
        monkeypatch.setenv(name, "zhangsan007")
    monkeypatch.setenv("HOME", "/home/zhangsan007")
    out = sample.write_out(tmp_path / "zhangsan007" / "OUT", ("small",))
    path = pack(out, tmp_path / "zip")[0].path
    assert [hit for hit in scan_folder(path, forbidden=["zhangsan007"]) if hit.kind != "not_scanned"] == []
    for name, data in members(path).items():
        inside = [data]
        if name.endswith((".docx", ".xlsx")):
            inside += parts_of_zip(io.BytesIO(data)).values()
        if name.endswith(".pdf"):
            reader = PdfReader(io.BytesIO(data))
            objects = (reader.get_object(k) for k in range(1, len(reader.xref_objStm) + 1))
            inside += [o.get_data() for o in objects if hasattr(o, "get_data")]
        assert not any(
            word in part for part in inside for word in (b"zhangsan007", b"/home/", str(tmp_path).encode())
        )


def test_what_is_in_the_list_and_is_none_of_ours_is_not_packed(out):
    """A file put among the reports, or one outside, entered into the manifest: refused by name."""
    for name in (f"{MIDDLE}/名单.xlsx", "../secret.txt"):
        (out / name).write_bytes(b"x")
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        manifest["reports"][0]["files"][name] = hashlib.sha256(b"x").hexdigest()
        (out / "manifest.json").write_text(json.dumps(seal(manifest)), encoding="utf-8")
        with pytest.raises(PbError, match="不是 pbanalysis 生成的") as caught:
            pack(out)
        assert caught.value.where == name
        del manifest["reports"][0]["files"][name]
        (out / "manifest.json").write_text(json.dumps(seal(manifest)), encoding="utf-8")


PACKED = {  # what is done to an unpacked package → the file that is accused, and with what words
    CHECKSUMS: ("校验码.txt", "changed", "现为"),
    GUIDE: ("说明.txt", "changed", "现为"),
    "index.html": ("index.html", "changed", "文件和清单一起被改过"),
    "names": ("manifest.json", "changed", "包内文件名"),
    "title": ("manifest.json", "changed", "清单的 title"),
    "deleted": ("说明.txt", "missing", "缺失"),
    "added": ("双河镇/名单.docx", "unlisted", "来源不明"),
}


@pytest.mark.parametrize("done", PACKED)
def test_an_unpacked_package_on_another_machine_is_checked_as_far_as_it_goes(finished, tmp_path, done):
    """No store there: what was done to any part of the package is named, and what could not be checked."""
    path = pack(finished, tmp_path, townships=["双河镇"])[0].path
    shutil.unpack_archive(path, tmp_path)
    folder = tmp_path / path.stem
    whole = verify(folder)
    assert whole.ok
    assert any(line.startswith("未能核对：没有数据仓") for line in whole.lines())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if done in (CHECKSUMS, GUIDE, "index.html"):
        text = (folder / done).read_text(encoding="utf-8-sig")
        (folder / done).write_text(text.replace("2", "3").replace("1", "7"), encoding="utf-8-sig")
        manifest["files"]["index.html"] = hashlib.sha256((folder / "index.html").read_bytes()).hexdigest()
    elif done == "names":
        one, two = (
            next(p for p, n in manifest["names"].items() if n.endswith(f".{k}")) for k in ("pdf", "docx")
        )
        manifest["names"][one], manifest["names"][two] = manifest["names"][two], manifest["names"][one]
    elif done == "title":
        manifest["title"] = manifest["title"].removesuffix("_草稿")
    elif done == "deleted":
        (folder / GUIDE).unlink()
    else:
        (folder / "双河镇").mkdir()
        (folder / "双河镇" / "名单.docx").write_bytes(b"x")
    if done in ("index.html", "names", "title"):
        (folder / "manifest.json").write_text(
            json.dumps(seal(manifest), ensure_ascii=False), encoding="utf-8"
        )
    name, state, says = PACKED[done]
    verdict = next(v for v in verify(folder).files if v.name == name)
    assert verdict.state == state
    assert says in "\n".join(verdict.lines())


def test_the_guide_says_what_is_there_and_how_to_check(finished, tmp_path):
    """In Notepad's encoding; only kinds of files that are there are explained."""
    path = pack(finished, tmp_path, townships=["双河镇"])[0].path
    text = members(path)[f"{path.stem}/说明.txt"].decode("utf-8-sig")
    assert "pbanalysis verify" in text
    assert "双击 index.html" in text
    assert "certutil -hashfile" in text
    assert "\r\n" in text
    assert "全部指标" not in text


def test_sums_are_checked_by_the_ordinary_program(finished, tmp_path, program):
    """sha256sum -c of what was unpacked: every file is all right."""
    path = pack(finished, tmp_path, townships=["双河镇"])[0].path
    shutil.unpack_archive(path, tmp_path)
    command = [program("sha256sum"), "--quiet", "-c", CHECKSUMS]
    assert subprocess.run(command, cwd=tmp_path / path.stem, capture_output=True).returncode == 0


def test_checksums_and_manifest_agree_with_what_is_inside(finished, tmp_path):
    """校验码.txt has a line for each file; the manifest is sealed, and names no other file but the guide."""
    path = pack(finished, tmp_path)[0].path
    found = {name.split("/", 1)[1]: data for name, data in members(path).items()}
    text = found.pop(CHECKSUMS)
    assert text.startswith(b"\xef\xbb\xbf")
    lines = dict(reversed(line.split("  ", 1)) for line in text.decode("utf-8-sig").splitlines()[1:])
    assert lines == {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    manifest = json.loads(found["manifest.json"])
    assert seal(manifest) == manifest
    listed = {name for entry in manifest["reports"] for name in entry["files"]} | set(manifest["files"])
    assert listed == set(found) - {"manifest.json", GUIDE}
    assert set(manifest["names"]) == listed


def test_the_same_reports_give_the_same_zip(finished, tmp_path):
    """Packed twice into two folders: identical bytes, dated by the cut-off."""
    one, two = (pack(finished, tmp_path / name)[0].path for name in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as package:
        assert {member.date_time[:3] for member in package.infolist()} == {(2023, 12, 31)}


def test_nothing_of_the_machine_or_of_a_person_is_inside(finished, tmp_path):
    """The scan of the zip finds nothing; the folder it was made in is nowhere named."""
    path = pack(finished, tmp_path)[0].path
    assert [hit for hit in scan_folder(path) if hit.kind != "not_scanned"] == []
    assert not any(str(finished).encode() in data for data in members(path).values())


@pytest.mark.parametrize("planted", ["电话 13800138000", "身份证 110101199003074477", "/home/zhangsan/data"])
def test_a_personal_value_stops_the_package(out, planted):
    """Injected on purpose into a report and its manifest: exit 4, no zip, no half of one."""
    page = out / MIDDLE / "rectification.html"
    page.write_text(
        page.read_text(encoding="utf-8").replace("</body>", f"<p>{planted}</p></body>"), encoding="utf-8"
    )
    sample.vouch(out)
    with pytest.raises(PbError) as caught:
        pack(out)
    assert caught.value.code is Code.PRIVACY_GATE
    assert caught.value.exit_status == 4
    assert planted.split()[-1] not in str(caught.value)
    assert [path.name for path in out.parent.iterdir()] == ["OUT"]


@pytest.mark.parametrize("where", ["out", "store", "python"])
def test_a_folder_of_this_machine_stops_the_package(tmp_path, finished, where):
    """Wherever OUT, the store or the program lie, and however a file writes it; the place is not repeated."""
    out, store = tmp_path / "张三的文件" / "OUT", tmp_path / "张三的数据"
    shutil.copytree(finished, out)
    (out / ".work").mkdir(exist_ok=True)
    (out / ".work" / "store").write_text("../../../张三的数据", encoding="utf-8")
    assert pack(out)
    place = {"out": out, "store": store, "python": Path(sys.prefix)}[where]
    path = out / MIDDLE / "rectification.ipynb"
    escaped = json.dumps(f"{place}/x")[1:-1]
    path.write_text(
        path.read_text("utf-8").replace('"metadata":{', f'"metadata":{{"note":"{escaped}",', 1), "utf-8"
    )
    sample.vouch(out)
    with pytest.raises(PbError, match="本机目录") as caught:
        pack(out)
    assert caught.value.code is Code.PRIVACY_GATE
    assert str(place) not in str(caught.value)


TEXTS = {  # file → the part of it, what stands before the place, how the text is put in
    "report.docx": ("word/document.xml", "</w:t>", "{}"),
    "report.xlsx": ("xl/sharedStrings.xml", "</t>", "{}"),
    "facts.json": ("", '"facts": [', '{{"id": "x", "text": "{}"}}, '),
    "rectification.ipynb": ("", '"metadata":{', '"note": "{}", '),
}


@pytest.mark.parametrize("name", [*TEXTS, "report.pdf", "index.html", "results.csv"])
def test_every_kind_of_file_is_scanned(out, name):
    """A telephone number in a cell, a paragraph, a field or a page stops the package, whatever the format."""
    planted = "电话 13800138000"
    path = out / name if (out / name).exists() else out / MIDDLE / name
    if name == "report.pdf":
        told = {**sample.about("middle"), "statement": planted}
        data = attachments.attachment("pdf", sample.notebooks_of("middle"), told)
    elif name in TEXTS:
        part, before, form = TEXTS[name]
        data = with_text(path.read_bytes(), part, before, form.format(planted))
    else:
        data = path.read_bytes() + planted.encode()
    path.write_bytes(data)
    sample.vouch(out)
    with pytest.raises(PbError, match="手机号") as caught:
        pack(out)
    assert caught.value.exit_status == 4
    assert name in caught.value.where
    assert "13800138000" not in str(caught.value)
    assert not list(out.parent.glob("*.zip"))


def with_text(data, part, before, text):
    """A text put into a file, or into a part of a package."""
    if not part:
        return data.replace(before.encode(), f"{before}{text}".encode(), 1)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            inside = old.read(name)
            put = inside.replace(before.encode(), f"{text}{before}".encode(), 1)
            new.writestr(name, put if name == part else inside)
    return made.getvalue()


def test_what_could_not_be_scanned_is_named(finished, tmp_path, monkeypatch):
    """No reader of PDF here: the package is made, for the Word file says the same; each PDF is listed."""
    monkeypatch.setattr(scan, "_pdf_text", lambda data: None)
    (packed,) = pack(finished, tmp_path, townships=["双河镇"])
    assert packed.not_scanned == (f"{MIDDLE}/report.pdf",)
    assert any("未能检查" in line and "report.pdf" in line for line in packed.lines())
    monkeypatch.undo()
    assert pack(finished, tmp_path, townships=["双河镇"])[0].not_scanned == ()


def test_what_cannot_be_read_at_all_does_not_leave(out):
    """A file that is no archive though it should be: nothing vouches for what it holds."""
    (out / MIDDLE / "report.docx").write_bytes(b"PK\x03\x04 broken")
    sample.vouch(out)
    with pytest.raises(PbError, match="未能检查") as caught:
        pack(out)
    assert caught.value.code is Code.PRIVACY_GATE


@pytest.mark.parametrize("name", ["index.html", "results.csv"])
def test_a_contents_page_that_was_edited_is_not_packed(out, name):
    """The county's own files are checked like every report."""
    (out / name).write_bytes((out / name).read_bytes() + b" ")
    with pytest.raises(PbError, match="被改动") as caught:
        pack(out)
    assert caught.value.where == name


def test_a_report_that_was_edited_is_not_packed(out):
    """What was changed since it was made does not leave under a manifest that vouches for it."""
    (out / MIDDLE / "report.docx").write_bytes(b"edited")
    with pytest.raises(PbError, match="被改动") as caught:
        pack(out)
    assert "report.docx" in caught.value.where


def test_an_unknown_township_is_named_with_its_neighbours(finished, tmp_path):
    """Wrong use: exit 2, the near names suggested, nothing written."""
    with pytest.raises(PbError, match="双河镇") as caught:
        pack(finished, tmp_path, townships=["双河"])
    assert caught.value.exit_status == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_without_reports_is_refused(tmp_path):
    """Nothing to pack is said, with what to run first."""
    with pytest.raises(PbError, match="pbanalysis report"):
        pack(tmp_path)
