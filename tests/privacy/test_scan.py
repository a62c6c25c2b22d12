"""The output scan finds what is planted, wherever it hides, and says nothing of it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import secrets
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pbanalysis.demo import make_demo
from pbanalysis.demo.people import People
from pbanalysis.errors import Code, Exit, PbError
from pbanalysis.privacy.scan import Hit, check_digit, require_clean, scan_bytes, scan_folder


def an_id(rng: np.random.Generator) -> str:
    """An invented identity number whose check digit holds."""
    day = np.datetime64("1960-01-01") + int(rng.integers(0, 15000))
    first = f"990001{str(day).replace('-', '')}{int(rng.integers(0, 1000)):03d}"
    return first + check_digit(first)


def kinds(hits: list[Hit]) -> list[str]:
    """Kinds found."""
    return [h.kind for h in hits]


def as_xlsx(text: str) -> bytes:
    """A workbook with the text in a cell."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write_string(3, 2, text)
    return out.getvalue()


def as_docx(text: str) -> bytes:
    """A document in which the text is cut into runs after its first character."""
    import docx

    document = docx.Document()
    paragraph = document.add_paragraph()
    paragraph.add_run(text[:1]).bold = True
    paragraph.add_run(text[1:])
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def as_zip(text: str) -> bytes:
    """A zip inside a zip."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a/b.txt", text)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
    return out.getvalue()


def as_parquet(text: str) -> bytes:
    """A column of text."""
    out = io.BytesIO()
    pq.write_table(pa.table({"remark": ["x", text], "n": [1, 2]}), out)
    return out.getvalue()


def as_parquet_metadata(text: str) -> bytes:
    """The text in the metadata of the schema only."""
    out = io.BytesIO()
    pq.write_table(pa.table({"n": [1]}).replace_schema_metadata({"note": text}), out)
    return out.getvalue()


def as_notebook(text: str) -> bytes:
    """An output of a notebook, with JSON's escapes."""
    cell = {"cell_type": "code", "outputs": [{"data": {"text/plain": [f"值 {text}"]}}], "source": []}
    return json.dumps({"cells": [cell], "metadata": {}}, ensure_ascii=True).encode()


def as_data_address(text: str) -> bytes:
    """An SVG inside an HTML page as a data: address."""
    svg = base64.b64encode(f"<svg><text>{text}</text></svg>".encode()).decode()
    return f'<img alt="" src="data:image/svg+xml;base64,{svg}">'.encode()


WRAPS = {
    "txt": lambda t: f"备注：{t}。".encode(),
    "html": lambda t: f"<p>{t}</p>".encode(),
    "entities": lambda t: "".join(f"&#{ord(c)};" for c in t).encode(),
    "json": lambda t: json.dumps({"a": t}).encode(),
    "ipynb": as_notebook,
    "gb18030.csv": lambda t: f"序号,备注\r\n1,{t}\r\n".encode("gb18030"),
    "utf16.txt": lambda t: f"{t}\n".encode("utf-16"),
    "gz": lambda t: gzip.compress(t.encode()),
    "zip": as_zip,
    "xlsx": as_xlsx,
    "parquet": as_parquet,
    "meta.parquet": as_parquet_metadata,
    "data.html": as_data_address,
}


@pytest.mark.parametrize("wrap", list(WRAPS))
def test_numbers_are_found_in_every_kind_of_file(wrap: str) -> None:
    """An identity number and a mobile number, by their shape alone."""
    rng = np.random.default_rng(1)
    for text, kind in ((an_id(rng), "id_number"), ("15412345678", "phone")):
        hits = scan_bytes(WRAPS[wrap](text), f"x.{wrap}")
        assert kind in kinds(hits), wrap
        assert not any(text in str(h) or text in h.place for h in hits)


@pytest.mark.parametrize("wrap", [*WRAPS, "docx"])
def test_names_are_found_in_every_kind_of_file(wrap: str) -> None:
    """A name that was given, though a document cuts it into runs."""
    data = as_docx("冯某子") if wrap == "docx" else WRAPS[wrap]("冯某子")
    hits = scan_bytes(data, f"x.{wrap}", forbidden=["冯某子"])
    assert kinds(hits)
    assert set(kinds(hits)) == {"forbidden"}


def test_a_thousand_canaries(tmp_path: Path) -> None:
    """1,000 planted names, numbers and home folders over all kinds of files: each is found."""
    rng = np.random.default_rng(2)
    wraps = list(WRAPS)
    planted: dict[str, str] = {}
    names = [f"金丝雀{secrets.token_hex(3)}" for _ in range(250)]
    for k in range(1000):
        text = (names[k // 4], an_id(rng), f"1{int(rng.integers(3, 10))}{int(rng.integers(0, 10**9)):09d}", f"/home/user{k}/data")[k % 4]  # fmt: skip
        wrap = wraps[k % len(wraps)]
        name = f"{k % 7}/f{k}.{wrap}"
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(WRAPS[wrap](text))
        planted[name] = ("forbidden", "id_number", "phone", "home_path")[k % 4]
    hits = scan_folder(tmp_path, forbidden=names)
    found = {(h.place.split(" › ")[0], h.kind) for h in hits}
    assert set(planted.items()) <= found
    assert len(found) == len(planted)


def test_the_gate_blocks(tmp_path: Path) -> None:
    """One number put in on purpose stops the run with exit 4; the message names the file, not the number."""
    (tmp_path / "report.html").write_text("<p>联系人 15412345678</p>", encoding="utf-8")
    with pytest.raises(PbError) as caught:
        require_clean(tmp_path)
    assert caught.value.code is Code.PRIVACY_GATE
    assert caught.value.exit_status is Exit.GATE
    assert "report.html" in str(caught.value)
    assert "154" not in str(caught.value)


def test_no_false_alarm_on_our_own_numbers() -> None:
    """Codes, case numbers, hashes, dates, decimals, coordinates and money are no persons."""
    rng = np.random.default_rng(3)
    lines = [f"62990{a:04d}" for a in rng.integers(0, 9999, 200)]
    lines += [f"62990{a:07d}" for a in rng.integers(0, 9_999_999, 200)]
    lines += [f"629902{a:03d}-D{b:04d}" for a, b in rng.integers(0, 999, (200, 2))]
    lines += [secrets.token_hex(32) for _ in range(3000)]
    lines += [f"pk_{secrets.token_hex(8)}" for _ in range(500)]
    lines += [f"M {a:.14f} {b:.14f}" for a, b in rng.random((500, 2)) * 200]
    lines += [repr(float(a)) for a in rng.random(2000)]
    lines += ["2023-12-31T23:59:59.123456", "20231231", "100000", "150000000.00", "GB/T 9704-2012", "v1.13.5"]
    lines += ["https://example.org/home/page", "data/rooted/x"]
    lines += [
        "M 2 3 Q 159 4531 1234 3981 L 1 2",
        "C 138 4531 1234 3981 20 7 z",
    ]  # curves of letters in an SVG
    assert scan_bytes("\n".join(lines).encode()) == []
    assert scan_bytes(json.dumps({"x": list(rng.random(2000) * 1e11)}).encode()) == []


def test_a_demo_store_of_tables_is_clean(tmp_path: Path) -> None:
    """The fictional county's canonical tables raise no alarm."""
    make_demo(tmp_path / "d", townships=3, workbooks=False)
    assert scan_folder(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("110105194912310021", "id_shaped"),
        ("11010519491231002X", "id_number"),
        ("11010519491231002x", "id_number"),
        ("１１０１０５１９４９１２３１００２Ｘ", "id_number"),
        ("110105 19491231 002X", "id_number"),
        ("+8613800138000", "phone"),
        ("138 0013 8000", "phone"),
        ("手机13800138000转", "phone"),
        (r"C:\Users\wang\report", "home_path"),
        ("C:\\\\Users\\\\wang\\\\report", "home_path"),
        ("/Users/wang/report", "home_path"),
        ("/root/x", "home_path"),
    ],
)
def test_shapes(text: str, kind: str) -> None:
    """Full width, lower case, groups, prefixes; a wrong check digit is still shaped like a number."""
    assert kinds(scan_bytes(text.encode(), "x.txt")) == [kind]


def test_a_person_in_a_file_name(tmp_path: Path) -> None:
    """The name of a file counts, and is not printed."""
    (tmp_path / "冯某子.txt").write_text("x", encoding="utf-8")
    hits = scan_folder(tmp_path, forbidden=["冯某子"])
    assert kinds(hits) == ["forbidden"]
    assert "冯某子" not in str(hits[0])


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A broken archive and an old workbook are listed as not scanned, and do not pass for clean."""
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "b.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100)
    assert kinds(require_clean(tmp_path)) == ["not_scanned", "not_scanned"]


def test_numbers_of_neighbouring_cells_do_not_join() -> None:
    """139 in one cell and eight digits in the next are two numbers."""
    assert scan_bytes(b"<td>139</td><td>12345678</td>", forbidden=["x"]) == []


def test_a_pdf_is_read() -> None:
    """Text of a PDF, by pypdf or pdftotext."""
    pypdf = pytest.importorskip("pypdf")
    typst = pytest.importorskip("typst")
    pdf = typst.compile(b"Call 15412345678 now")
    assert pdf.startswith(b"%PDF")
    assert pypdf.__version__
    assert "phone" in kinds(scan_bytes(pdf, "x.pdf"))


def test_numbers_as_integers_in_parquet() -> None:
    """A phone kept as a number is a phone."""
    out = io.BytesIO()
    pd.DataFrame({"tel": [15412345678, 2]}).to_parquet(out)
    assert "phone" in kinds(scan_bytes(out.getvalue(), "x.parquet"))


def test_invented_people_are_found_by_the_scan() -> None:
    """The demo's people have the shape of people."""
    people = People(np.random.default_rng(0))
    text = "\n".join([*people.id_numbers([True, False] * 20), *(people.phone() for _ in range(40))])
    assert sorted(kinds(scan_bytes(text.encode()))) == ["id_number"] * 40 + ["phone"] * 40
