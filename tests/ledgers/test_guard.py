"""The door: what a file really is, refused by name before any parser, quickly and in little memory."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from pbanalysis.errors import Exit
from pbanalysis.ledgers.compound import MAGIC
from pbanalysis.ledgers.guard import MAX_BYTES, Refusal, inspect
from pbanalysis.ledgers.read_xls import no_panic
from pbanalysis.ledgers.run import read_workbook

HEADER = ["乡镇", "所在党支部", "会议类型", "会议时间", "应到人数", "实到人数", "会议议题"]
ROW = ["城关镇", "东关村党支部", "党课", "2023-05-31", "20", "18", "学习"]
CSV = "\n".join([",".join(HEADER), ",".join(ROW)])


def _zip(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _with_part(book: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return _zip(
            {n: change(archive.read(n)) if n == name else archive.read(n) for n in archive.namelist()}
        )


def _compound(names: list[str], stream: bytes = b"") -> bytes:
    """A minimal compound file: header, one FAT sector, one directory sector, one stream of whole sectors."""
    sectors = max(1, -(-max(len(stream), 4096) // 512))
    fat = [0xFFFFFFFD, 0xFFFFFFFE] + [i + 3 for i in range(sectors - 1)] + [0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))
    head = MAGIC + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6) + struct.pack("<I", 0)
    head += (
        struct.pack("<8I", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
        + struct.pack("<I", 0)
        + b"\xff" * (108 * 4)
    )
    directory = b""
    for i, name in enumerate(["Root Entry", *names]):
        raw = name.encode("utf-16-le")
        directory += (
            raw.ljust(64, b"\x00") + struct.pack("<H", len(raw) + 2) + bytes([5 if i == 0 else 2]) + bytes(49)
        )
        directory += struct.pack("<IQ", 2, max(len(stream), 4096))
    return (
        head
        + struct.pack("<128I", *fat)
        + directory.ljust(512, b"\x00")
        + stream.ljust(sectors * 512, b"\x00")
    )


def _bomb() -> bytes:
    return _zip({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b" " * 30_000_000})


CASES = {
    "empty": (b"", "empty_file"),
    "blank": (b" \r\n\x00", "empty_file"),
    "too big": (b"a," * (MAX_BYTES // 2 + 1), "too_big"),
    "zip bomb": (_bomb(), "zip_bomb"),
    "many parts": (_zip({"xl/workbook.xml": b"", **{f"p{i}.xml": b"" for i in range(2001)}}), "zip_bomb"),
    "word": (_zip({"word/document.xml": b"<d/>"}), "not_spreadsheet_document"),
    "ods": (_zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<d/>"}), "ods"),
    "xlsb": (_zip({"xl/workbook.bin": b""}), "xlsb"),
    "archive": (_zip({"台账.xlsx": b"PK"}), "not_spreadsheet_archive"),
    "password xlsx": (_compound(["EncryptionInfo", "EncryptedPackage"]), "password"),
    "password xls": (_compound(["Workbook"], struct.pack("<HH", 0x809, 0) + struct.pack("<HH", 0x2F, 0)), "password"),
    "word 97": (_compound(["WordDocument"]), "not_spreadsheet_document"),
    "cut compound": (_compound(["Workbook"])[:1000], "truncated"),
    "pdf": (b"%PDF-1.7\n...", "not_spreadsheet_pdf"),
    "png": (b"\x89PNG\r\n\x1a\n", "not_spreadsheet_picture"),
    "program": (b"MZ\x90\x00", "not_spreadsheet_program"),
    "random bytes": (bytes(range(256)) * 20, "not_spreadsheet"),
    "prose": ("关于报送台账的通知".encode(), "not_spreadsheet"),
    "web page": (b"<html><body><p>404</p></body></html>", "not_spreadsheet_html"),
    "xml": (b"<?xml version='1.0'?><a/>", "not_spreadsheet"),
    "xml entity": (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "entity"),
    "xml2003 entity": (
        b"<?xml version='1.0'?><!DOCTYPE Workbook SYSTEM 'file:///etc/passwd'><Workbook xmlns:ss='x'>&x;</Workbook>",
        "entity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refused_by_name_in_milliseconds(name: str) -> None:
    """Each is refused under its own code, with a reason and a way out, well within a tenth of a second."""
    data, code = CASES[name]
    started = time.perf_counter()
    with pytest.raises(Refusal) as refusal:
        inspect(data)
    assert time.perf_counter() - started < 0.5
    assert refusal.value.code == code
    assert refusal.value.message
    assert refusal.value.fix


def test_a_bomb_is_judged_by_its_directory() -> None:
    """Refusing a bomb unpacks nothing: the memory it takes is that of its directory."""
    data = _bomb()
    tracemalloc.start()
    with pytest.raises(Refusal):
        inspect(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-32"])
@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"])
def test_entities_in_any_part_and_encoding(book: Any, part: str, encoding: str) -> None:
    """A document type in any XML part is found, in every encoding an XML parser would detect by itself."""
    lead = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'.encode(encoding)
    with pytest.raises(Refusal) as refusal:
        inspect(_with_part(book([HEADER, ROW]), part, lambda old: lead + old))
    assert refusal.value.code == "entity"


def test_a_document_type_deep_inside_a_part(book: Any) -> None:
    """The whole part is searched, not its first kilobytes; a mark across two chunks is found too."""
    padded = b"<!-- " + b"x" * ((1 << 20) - 10) + b" --><!DOCTYPE a>"
    with pytest.raises(Refusal) as refusal:
        inspect(_with_part(book([HEADER, ROW]), "xl/worksheets/sheet1.xml", lambda old: padded + old))
    assert refusal.value.code == "entity"


def test_a_truncated_workbook(book: Any) -> None:
    """Half a workbook is named as such, wherever it was cut."""
    whole = book([HEADER, ROW] * 50)
    for cut in (100, len(whole) // 2, len(whole) - 10):
        with pytest.raises(Refusal) as refusal:
            inspect(whole[:cut])
        assert refusal.value.code == "truncated"


ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_text_in_every_encoding_and_separator(importing: Any, encoding: str, separator: str) -> None:
    """CSV and TSV are read in every encoding that programs here save, without a lost or changed character."""
    text = CSV.replace(",", separator).replace("学习", "学习㙍䶮𠮷")
    got = importing({"城关镇.csv": text.encode(encoding)})
    assert got.roles() == {1: "header", 2: "accepted"}
    assert got.cell("G2")["value"] == "学习㙍䶮𠮷"


def test_a_wrong_extension_is_said_and_read(importing: Any) -> None:
    """The content decides: a workbook named .csv, and a CSV named .xlsx, are read and remarked on."""
    got = importing({"a.csv": [HEADER, ROW], "b.xlsx": CSV.encode("gb18030")})
    assert [f.verdict for f in got.summary.files] == ["accept_with_findings"] * 2
    assert [f["code"] for f in got.lines("findings")].count("wrong_extension") == 2


def test_a_web_page_named_xls(importing: Any) -> None:
    """An HTML table saved as .xls in GB2312 is read, with its spans."""
    cells = "".join(f"<td>{h}</td>" for h in HEADER)
    body = f"<tr><td rowspan=2>城关镇</td>{''.join(f'<td>{v}</td>' for v in ROW[1:])}</tr><tr>{''.join(f'<td>{v}</td>' for v in ROW[1:-1])}<td>乡村振兴</td></tr>"
    page = f"<html><head><meta http-equiv='Content-Type' content='text/html; charset=gb2312'></head><table><tr>{cells}</tr>{body}</table></html>"
    got = importing({"台账.xls": page.encode("gb18030")})
    assert got.roles() == {1: "header", 2: "accepted", 3: "accepted"}
    assert got.cell("A3")["code"] == "merged_fill"
    assert "html_named_xls" in got.codes()


def test_spreadsheetml_2003_named_xls(importing: Any) -> None:
    """A 2003 XML table named .xls is read: numbers, dates, skipped cells."""
    head = "".join(f"<Cell><Data ss:Type='String'>{h}</Data></Cell>" for h in HEADER)
    row = "<Cell><Data ss:Type='String'>城关镇</Data></Cell><Cell><Data ss:Type='String'>东关村党支部</Data></Cell><Cell ss:Index='4'><Data ss:Type='DateTime'>2023-05-31T00:00:00.000</Data></Cell><Cell><Data ss:Type='Number'>20</Data></Cell>"
    xml = (
        "<?xml version='1.0' encoding='UTF-8'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'>"
        f"<Worksheet ss:Name='台账'><Table><Row>{head}</Row><Row>{row}</Row></Table></Worksheet></Workbook>"
    )
    got = importing({"台账.xls": xml.encode()})
    assert (got.cell("D2")["value"], got.cell("E2")["value"]) == ("2023-05-31", "20")


def test_only_refused_files_give_status_3_and_leave_tables_alone(importing: Any) -> None:
    """A refused file is recorded with its reason; a store that exists keeps its rows."""
    importing({"城关镇.xlsx": [HEADER, ROW]})
    got = importing({"城关镇.xlsx": b"%PDF-1.7"})
    assert got.summary.exit_status is Exit.REFUSED
    assert got.summary.table_rows["meetings"] == 1
    assert {f["verdict"] for f in got.lines("files")} == {"accept_with_findings", "reject"}


@pytest.fixture(scope="session")
def one_book(book: Any) -> bytes:
    """One workbook with a merge, the same bytes for every example."""
    made: bytes = book([HEADER, ROW], merges=["A1:B1"])
    return made


def _read_or_refused(data: bytes) -> bool:
    """Whether a file ends in sheets whose cells stand in rows and columns from 1 on, or in a refusal in Chinese."""
    try:
        read = read_workbook(inspect(data), data)
    except Refusal as refusal:
        return all("一" <= said[0] <= "鿿" for said in (refusal.message, refusal.fix))
    return all(
        row > 0 and column > 0 for sheet in read for row, cells in sheet.rows.items() for column in cells
    )


def test_a_panic_of_the_reader_is_a_refusal() -> None:
    """A first record without a body, on which calamine panics, is a damaged file like any other."""
    data = _compound(["Workbook"], struct.pack("<HH", 0x809, 0))
    with pytest.raises(Refusal, match="truncated"):
        read_workbook(inspect(data), data)


@pytest.mark.parametrize("backtrace", ["0", "1"])
def test_a_panic_of_the_reader_is_told_in_chinese_alone(tmp_path: Path, backtrace: str) -> None:
    """The command line says where and what in Chinese; of the runtime's own English nothing is seen."""
    (tmp_path / "云台镇").mkdir()
    for name in ("三会一课.xls", "问题整改.xls"):
        (tmp_path / "云台镇" / name).write_bytes(_compound(["Workbook"], struct.pack("<HH", 0x809, 0)))
    command = f"{sys.executable} -m pbanalysis import 云台镇 --store store --as-of 2023-12-31"
    run = subprocess.run(
        command.split(),
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "RUST_BACKTRACE": backtrace},
    )
    said = (run.stdout + run.stderr).decode()
    assert run.returncode in (1, 3)
    assert said.count("读不出来") == 2
    assert not re.search(r"panick|thread|RUST|backtrace|python_calamine|Traceback", said)


def test_what_others_write_while_a_workbook_is_read_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    """From another thread, past Python too: nothing of it is lost, and descriptor 2 is what it was."""
    before = os.fstat(2)
    for number in range(100):
        with no_panic():
            talker = threading.Thread(target=os.write, args=(2, f"[{number}]\n".encode()))
            talker.start()
            talker.join()
    assert os.path.samestat(os.fstat(2), before)
    assert capfd.readouterr().err.split() == [f"[{number}]" for number in range(100)]


def test_of_a_panic_nothing_but_its_own_lines_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    """What stood on standard error before and what came after it stays."""
    data = _compound(["Workbook"], struct.pack("<HH", 0x809, 0))

    def read() -> None:
        with no_panic():
            print("前", file=sys.stderr)
            try:
                python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
            finally:
                print("后", file=sys.stderr)

    with pytest.raises(python_calamine.CalamineError):
        read()
    assert capfd.readouterr().err.split() == ["前", "后"]


def test_many_threads_read_and_standard_error_is_put_back() -> None:
    """Damaged and sound workbooks in eight threads at once: descriptor 2 ends as it began, none is left open."""
    data = _compound(["Workbook"], struct.pack("<HH", 0x809, 0))
    before, opened = os.fstat(2), len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0

    def read(_: int) -> bool:
        with pytest.raises(Refusal):
            read_workbook(inspect(data), data)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(64)))
    assert os.path.samestat(os.fstat(2), before)
    assert not opened or len(os.listdir("/proc/self/fd")) == opened


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_broken_bytes_never_crash_the_door_or_the_readers(one_book: bytes, data: st.DataObject) -> None:
    """Bytes changed, cut or spliced anywhere: a refusal or sheets, never another exception, never a hang."""
    base = data.draw(
        st.sampled_from(
            [one_book, _compound(["Workbook"], struct.pack("<HH", 0x809, 0)), CSV.encode("utf-16")]
        )
    )
    broken = bytearray(base)
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(base) - 1), st.integers(0, 255)), max_size=12)
    ):
        broken[at] = byte
    broken = broken[: data.draw(st.integers(1, len(broken)))]
    assert _read_or_refused(bytes(broken))


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"PK\x03\x04", MAGIC, b"<html><table>", b"\xff\xfe", b"\x09\x08"]),
)
def test_arbitrary_bytes(tail: bytes, lead: bytes) -> None:
    """Arbitrary bytes behind every known opening are refused or read."""
    assert _read_or_refused(lead + tail)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_xml_inside_a_sound_zip(one_book: bytes, data: st.DataObject) -> None:
    """A sound zip whose parts are damaged: a refusal or sheets, nothing else."""
    part = data.draw(
        st.sampled_from(
            [
                "xl/workbook.xml",
                "xl/worksheets/sheet1.xml",
                "xl/styles.xml",
                "xl/sharedStrings.xml",
                "xl/_rels/workbook.xml.rels",
            ]
        )
    )
    cut = data.draw(st.floats(0, 1))
    word = data.draw(
        st.sampled_from([b"", b'r="A0"', b"<c", b't="s"><v>999', b"</row>", b'ref="A1:ZZZZ9999999"', b"-1"])
    )
    broken = _with_part(
        one_book, part, lambda old: old[: int(len(old) * cut)] + word + old[int(len(old) * cut) :]
    )
    assert _read_or_refused(broken)
