"""The door: what a file really is, and whether it may be opened at all.

No parser runs before this. The extension is never trusted; a zip is judged by its directory; every
XML part is searched for a document type before anything reads it, so no entity can be declared.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass

from pbanalysis.ledgers.compound import MAGIC, Compound, biff_records

__all__ = ["MAX_BYTES", "Refusal", "Sniffed", "inspect"]

MAX_BYTES = 20 * 1024 * 1024
_MAX_UNPACKED = 100 * 1024 * 1024
_MAX_RATIO = 100
_MAX_PARTS = 2000
_RATIO_FROM = 10 * 1024 * 1024  # small parts of blank cells compress a thousandfold and harm nobody
_CHUNK = 1 << 20

# the document type in the encodings an XML parser detects by itself
_DOCTYPES = tuple(
    mark.encode(encoding)
    for mark in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
)

_SEND_A_TABLE = "请报送 .xlsx、.xls、.et 或 .csv 文件"
_RESAVE = "请用 Excel 或 WPS 打开后另存为 .xlsx 再报送"
_SEND_AGAIN = "请重新发送完整的文件"

# code of files.csv -> what is wrong, what to do about it
_REFUSALS: dict[str, tuple[str, str]] = {
    "empty_file": ("文件是空的", "请重新导出后报送"),
    "too_big": (f"文件超过 {MAX_BYTES >> 20} MB", "请删去图片和多余的工作表后再报送"),
    "unreadable": ("文件打不开，可能正被其他程序占用", "请关闭 Excel 或 WPS 后重试"),
    "truncated": ("文件不完整或已损坏，读不出来", _SEND_AGAIN),
    "password": ("文件加了密码，读不出来", "请取消密码后重新报送"),
    "zip_bomb": ("压缩包解开后大得不合常理，没有打开", "请核对文件来源，另存为新的 .xlsx 后再报送"),
    "entity": ("文件里含有实体声明（可能是攻击文件），没有打开", _RESAVE),
    "broken_quotes": ("文字表格的引号不成对，无法确定列的位置", _RESAVE),
    "broken_csv": ("各行的列数不一致，读不出来", "请重新导出这张表"),
    "old_excel": ("这是 Excel 4 或更早的文件", _RESAVE),
    "xlsb": ("这是 .xlsb 二进制工作簿", _RESAVE),
    "ods": ("这是 OpenDocument 表格或文档", _RESAVE),
    "mhtml": ("这是单个文件网页（.mht）", _RESAVE),
    "not_spreadsheet": ("这不是电子表格，也不是分列的文字", _SEND_A_TABLE),
    "not_spreadsheet_archive": ("这是压缩包，里面没有工作簿", "请解压后报送其中的表格文件"),
    "not_spreadsheet_data": ("这是数据库或数据文件，不是电子表格", _SEND_A_TABLE),
    "not_spreadsheet_document": ("这是文字或演示文档，不是电子表格", _SEND_A_TABLE),
    "not_spreadsheet_html": ("这是网页，里面没有表格", _SEND_A_TABLE),
    "not_spreadsheet_pdf": ("这是 PDF 文件，不是电子表格", _SEND_A_TABLE),
    "not_spreadsheet_picture": ("这是图片，不是电子表格", _SEND_A_TABLE),
    "not_spreadsheet_program": ("这是可执行程序，不是电子表格", _SEND_A_TABLE),
}

# how files that are no workbook begin; BIFF without a container is Excel 2 to 4
_OPENINGS = (
    (rb"%PDF", "not_spreadsheet_pdf"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\x00{4}", "not_spreadsheet_picture"),
    (rb"Rar!|7z\xbc\xaf\x27\x1c|\x1f\x8b", "not_spreadsheet_archive"),
    (rb"\{\\rtf", "not_spreadsheet_document"),
    (rb"MZ|\x7fELF", "not_spreadsheet_program"),
    (rb"PAR1|SQLite format 3", "not_spreadsheet_data"),
    (rb"\x09[\x00\x02\x04][\x04\x06]\x00", "old_excel"),
)


class Refusal(Exception):  # noqa: N818 - a refused file is a conclusion, not a fault
    """A file that is not opened: code of ``files.csv``, Chinese reason and what to do about it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message, self.fix = _REFUSALS[code]


@dataclass(frozen=True)
class Sniffed:
    """What a file really is: ``xlsx``, ``xls``, ``text``, ``html`` or ``xml2003``; the text of the last three."""

    format: str
    macros: bool = False
    text: str = ""


def inspect(data: bytes) -> Sniffed:
    """Name a file by its bytes, or refuse it.

    Raises
    ------
    Refusal
        Empty, too big, password-protected, truncated, a bomb, with entities, or no spreadsheet.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise Refusal("empty_file")
    if len(data) > MAX_BYTES:
        raise Refusal("too_big")
    if data.startswith(b"PK"):
        return _zip(data)
    if data.startswith(MAGIC):
        return _compound(data)
    for opening, code in _OPENINGS:
        if re.match(opening, data, re.DOTALL):
            raise Refusal(code)
    return _text(data)


# -- zip ------------------------------------------------------------------------------------------


def _zip(data: bytes) -> Sniffed:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _directory(parts)
            _is_workbook({p.filename.lower().replace("\\", "/") for p in parts})
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _no_entities(archive, part)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, RuntimeError) as error:
        raise Refusal("truncated") from error
    return Sniffed("xlsx", macros=any(p.filename.lower().endswith("vbaproject.bin") for p in parts))


def _directory(parts: list[zipfile.ZipInfo]) -> None:
    """Judge the zip by its directory: nothing is unpacked yet."""
    if len(parts) > _MAX_PARTS or sum(p.file_size for p in parts) > _MAX_UNPACKED:
        raise Refusal("zip_bomb")
    if any(p.file_size > _RATIO_FROM and p.file_size > _MAX_RATIO * max(p.compress_size, 1) for p in parts):
        raise Refusal("zip_bomb")
    if any(p.flag_bits & 0x1 for p in parts):
        raise Refusal("password")


def _is_workbook(names: set[str]) -> None:
    if any(n.startswith("xl/") and n.endswith("workbook.xml") for n in names):
        return
    if "xl/workbook.bin" in names:
        raise Refusal("xlsb")
    if "word/document.xml" in names:
        raise Refusal("not_spreadsheet_document")
    if {"content.xml", "mimetype"} <= names:
        raise Refusal("ods")
    raise Refusal("not_spreadsheet_archive")


def _no_entities(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Stream one part through the search for a document type; also proves that the part is whole."""
    seen, tail = 0, b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            seen += len(chunk)
            if seen > part.file_size:
                raise Refusal("zip_bomb")
            window = tail + chunk
            if any(mark in window for mark in _DOCTYPES):
                raise Refusal("entity")
            tail = chunk[-64:]


# -- OLE2 compound file ---------------------------------------------------------------------------


def _compound(data: bytes) -> Sniffed:
    try:
        compound = Compound(data)
        names = compound.names
        if names & {"EncryptedPackage", "EncryptionInfo"}:
            raise Refusal("password")
        if names & {"WordDocument", "PowerPoint Document"}:
            raise Refusal("not_spreadsheet_document")
        if compound.book is None:
            raise Refusal("not_spreadsheet")
        last = None
        for last, _ in biff_records(compound.stream(compound.book)):
            if last == 0x2F:
                raise Refusal("password")
    except (ValueError, KeyError, IndexError, StopIteration, OverflowError) as error:
        raise Refusal("truncated") from error
    if last not in (0x0A, 0x00):  # the stream has no end
        raise Refusal("truncated")
    return Sniffed("xls", macros=any(n.upper().startswith("_VBA_PROJECT") for n in names))


# -- text -----------------------------------------------------------------------------------------

_XML2003 = re.compile(r"urn:schemas-microsoft-com:office:spreadsheet|<(?:\w+:)?Workbook\b")
_HTML = re.compile(r"<(?:html|table|!doctype html|meta|body|head)\b", re.IGNORECASE)


def _text(data: bytes) -> Sniffed:
    text = _decode(_declared(data))
    head = text[:4096].lstrip("\ufeff \t\r\n")
    if head.startswith("<"):
        if _XML2003.search(head):
            if re.search(r"<!(DOCTYPE|ENTITY)", text):
                raise Refusal("entity")
            return Sniffed("xml2003", text=text)
        if _HTML.search(head):
            if not re.search(r"<table\b", text, re.IGNORECASE):
                raise Refusal("not_spreadsheet_html")
            return Sniffed("html", text=text)
        if "<!DOCTYPE" in head or "<!ENTITY" in head:
            raise Refusal("entity")
        if head.startswith("<?xml"):
            raise Refusal("not_spreadsheet")
    if head.startswith("MIME-Version:"):
        raise Refusal("mhtml")
    if not re.search(r"[,\t;|，]", text):
        raise Refusal("not_spreadsheet")
    return Sniffed("text", text=text)


def _declared(data: bytes) -> bytes:
    """HTML and XML say their encoding inside; bring such bytes to UTF-8 first."""
    found = re.search(rb"(?:charset|encoding)\s*=\s*[\"']?([A-Za-z0-9_-]+)", data[:2048])
    if not found or not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return data
    name = found[1].decode("ascii").lower()
    encoding = "gb18030" if name.startswith(("gb", "x-gb", "cp936")) else name
    try:
        return data.decode(encoding).encode("utf-8")
    except (UnicodeError, LookupError):
        return data


def _decode(data: bytes) -> str:
    """Text that one of its likely encodings reads without a loss."""
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        head = text[:20000]
        odd = sum(not c.isprintable() and c not in "\r\n\t\x0b\x0c" for c in head)
        if "\x00" in text or odd > len(head) // 50:
            break
        return text
    raise Refusal("not_spreadsheet")


def _encodings(data: bytes) -> tuple[str, ...]:
    """By mark, then UTF-16 without a mark (its zero bytes or separators give it away), UTF-8, GB18030."""
    if data.startswith(b"\xef\xbb\xbf"):
        return ("utf-8-sig",)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    sample = data[:4096]
    if sample.count(0) > len(sample) // 8:
        return ("utf-16-be",) if sample[::2].count(0) > sample[1::2].count(0) else ("utf-16-le",)
    if any(sample.count(s) >= 3 for s in (b",\x00", b"\t\x00")) and b"\n\x00" in sample:
        return ("utf-16-le",)  # Chinese has few zero bytes
    return "utf-8", "gb18030"
