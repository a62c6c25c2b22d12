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
MAX_UNPACKED = 100 * 1024 * 1024
MAX_RATIO = 100
MAX_PARTS = 2000
_RATIO_FROM = 10 * 1024 * 1024  # small parts of blank cells compress a thousandfold and harm nobody
_CHUNK = 1 << 20

# the document type in the encodings an XML parser detects by itself
_DOCTYPES = tuple(
    mark.encode(encoding)
    for mark in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
)


class Refusal(Exception):  # noqa: N818 - a refused file is a conclusion, not a fault
    """A file that is not opened: code of ``files.csv``, Chinese reason and what to do about it."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(code, message, fix)
        self.code, self.message, self.fix = code, message, fix


@dataclass(frozen=True)
class Sniffed:
    """What a file really is: ``xlsx``, ``xls``, ``text``, ``html`` or ``xml2003``."""

    format: str
    macros: bool = False
    encoding: str = ""
    text: str = ""


_RESAVE = "请用 Excel 或 WPS 打开后另存为 .xlsx 再报送"
_NAMED: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "pdf", "这是 PDF 文件，不是电子表格"),
    (b"\x89PNG", "picture", "这是图片，不是电子表格"),
    (b"\xff\xd8\xff", "picture", "这是图片，不是电子表格"),
    (b"GIF8", "picture", "这是图片，不是电子表格"),
    (b"BM", "picture", "这是图片，不是电子表格"),
    (b"Rar!", "archive", "这是压缩包，不是电子表格"),
    (b"7z\xbc\xaf\x27\x1c", "archive", "这是压缩包，不是电子表格"),
    (b"\x1f\x8b", "archive", "这是压缩包，不是电子表格"),
    (b"{\\rtf", "document", "这是 RTF 文档，不是电子表格"),
    (b"MZ", "program", "这是可执行程序，不是电子表格"),
    (b"\x7fELF", "program", "这是可执行程序，不是电子表格"),
    (b"PAR1", "data", "这是数据文件，不是电子表格"),
    (b"SQLite format 3", "data", "这是数据库文件，不是电子表格"),
)


def inspect(data: bytes) -> Sniffed:
    """Name a file by its bytes, or refuse it.

    Raises
    ------
    Refusal
        Empty, too big, password-protected, truncated, a bomb, with entities, or no spreadsheet.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise Refusal("empty_file", "文件是空的", "请重新导出后报送")
    if len(data) > MAX_BYTES:
        raise Refusal("too_big", f"文件超过 {MAX_BYTES >> 20} MB", "请删去图片和多余的工作表后再报送")
    if data.startswith(b"PK"):
        return _zip(data)
    if data.startswith(MAGIC):
        return _compound(data)
    # BIFF without a container: Excel 2 to 4
    if data[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04") and data[2:4] in (b"\x04\x00", b"\x06\x00"):
        raise Refusal("old_excel", "这是 Excel 4 或更早的文件", _RESAVE)
    for magic, code, message in _NAMED:
        if data.startswith(magic) and not (code == "picture" and magic == b"BM" and _is_text(data)):
            raise Refusal(f"not_spreadsheet_{code}", message, "请报送 .xlsx、.xls、.et 或 .csv 文件")
    return _text(data)


# -- zip ------------------------------------------------------------------------------------------


def _zip(data: bytes) -> Sniffed:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise Refusal("truncated", "文件不完整，可能没有下载完或传输中断", "请重新发送完整的文件") from error
    with archive:
        _directory(parts)
        names = {p.filename for p in parts}
        _is_workbook(names)
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                _no_entities(archive, part)
    return Sniffed("xlsx", macros=any(n.lower().endswith("vbaproject.bin") for n in names))


def _directory(parts: list[zipfile.ZipInfo]) -> None:
    """Judge the zip by its directory: nothing is unpacked yet."""
    bomb = Refusal(
        "zip_bomb", "压缩包解开后大得不合常理，没有打开", "请核对文件来源，另存为新的 .xlsx 后再报送"
    )
    if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
        raise bomb
    if any(p.file_size > _RATIO_FROM and p.file_size > MAX_RATIO * max(p.compress_size, 1) for p in parts):
        raise bomb
    if any(p.flag_bits & 0x1 for p in parts):
        raise Refusal("password", "文件加了密码，读不出来", "请取消密码后重新报送")


def _is_workbook(names: set[str]) -> None:
    lower = {n.lower().replace("\\", "/") for n in names}
    if "xl/workbook.xml" in lower or any(n.startswith("xl/") and n.endswith("workbook.xml") for n in lower):
        return
    if "xl/workbook.bin" in lower:
        raise Refusal("xlsb", "这是 .xlsb 二进制工作簿", _RESAVE)
    if "word/document.xml" in lower:
        raise Refusal(
            "not_spreadsheet_document", "这是 Word 文档，不是电子表格", "请报送 .xlsx、.xls、.et 或 .csv 文件"
        )
    if "content.xml" in lower and "mimetype" in lower:
        raise Refusal("ods", "这是 OpenDocument 表格或文档", _RESAVE)
    raise Refusal("not_spreadsheet_archive", "这是压缩包，里面没有工作簿", "请解压后报送其中的表格文件")


def _no_entities(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Stream one part through the search for a document type; also proves that the part is whole."""
    seen, tail = 0, b""
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                seen += len(chunk)
                if seen > part.file_size:
                    raise Refusal("zip_bomb", "压缩包的目录与内容不符，没有打开", _RESAVE)
                window = tail + chunk
                if any(mark in window for mark in _DOCTYPES):
                    raise Refusal("entity", "工作簿里含有实体声明（可能是攻击文件），没有打开", _RESAVE)
                tail = chunk[-64:]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise Refusal("truncated", "文件已损坏，里面的内容解不开", "请重新发送完整的文件") from error


# -- OLE2 compound file ---------------------------------------------------------------------------


def _compound(data: bytes) -> Sniffed:
    try:
        compound = Compound(data)
        names = compound.names
        book = next((n for n in ("Workbook", "Book", "WORKBOOK", "BOOK") if n in names), None)
        if "EncryptedPackage" in names or "EncryptionInfo" in names:
            raise Refusal("password", "工作簿加了打开密码，读不出来", "请取消密码后重新报送")
        if "WordDocument" in names or "PowerPoint Document" in names:
            raise Refusal(
                "not_spreadsheet_document",
                "这是 Word 或演示文档，不是电子表格",
                "请报送 .xlsx、.xls、.et 或 .csv 文件",
            )
        if book is None:
            raise Refusal("not_spreadsheet", "这不是电子表格", "请报送 .xlsx、.xls、.et 或 .csv 文件")
        encrypted = False
        records, last = 0, 0
        for kind, _ in biff_records(compound.stream(book)):
            encrypted |= kind == 0x2F
            records, last = records + 1, kind
            if encrypted:
                raise Refusal("password", "工作簿加了打开密码，读不出来", "请取消密码后重新报送")
        if not records or last not in (0x0A, 0x00):
            raise ValueError("stream without end")
    except (ValueError, KeyError, IndexError, StopIteration, OverflowError) as error:
        raise Refusal("truncated", "文件不完整或已损坏", "请重新发送完整的文件") from error
    return Sniffed("xls", macros=any(n.upper().startswith("_VBA_PROJECT") for n in names))


# -- text -----------------------------------------------------------------------------------------


def _is_text(data: bytes) -> bool:
    try:
        decode(data)
    except Refusal:
        return False
    return True


def decode(data: bytes) -> tuple[str, str]:
    """Text and its encoding: by mark, then UTF-16 without a mark, UTF-8, GB18030, all strict.

    Raises
    ------
    Refusal
        No encoding reads it without a loss.
    """
    unknown = Refusal(
        "not_spreadsheet", "这不是电子表格，也不是可以识别编码的文字", "请报送 .xlsx、.xls、.et 或 .csv 文件"
    )
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            candidates: tuple[str, ...] = (encoding,)
            break
    else:
        sample = data[:4096]
        if sample.count(b"\x00") > len(sample) // 8:
            even = sample[::2].count(0)
            candidates = ("utf-16-be",) if even > sample[1::2].count(0) else ("utf-16-le",)
        elif _sixteen_bits(sample):
            candidates = ("utf-16-le",)
        else:
            candidates = ("utf-8", "gb18030")
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, UnicodeError):
            continue
        odd = sum(not c.isprintable() and c not in "\r\n\t\x0b\x0c" for c in text[:20000])
        if "\x00" in text or odd > len(text[:20000]) // 50:
            break
        return text, encoding
    raise unknown


def _sixteen_bits(sample: bytes) -> bool:
    """Chinese UTF-16 without a mark has few zero bytes; its separators give it away."""
    return any(sample.count(s) >= 3 for s in (b",\x00", b"\t\x00")) and b"\n\x00" in sample


_XML2003 = re.compile(r"urn:schemas-microsoft-com:office:spreadsheet|<(?:\w+:)?Workbook\b")
_HTML = re.compile(r"<(?:html|table|!doctype html|meta|body|head)\b", re.IGNORECASE)


def _text(data: bytes) -> Sniffed:
    text, encoding = decode(_declared(data))
    head = text[:4096].lstrip("\ufeff \t\r\n")
    if head.startswith("<"):
        if _XML2003.search(head):
            if re.search(r"<!(DOCTYPE|ENTITY)", text):
                raise Refusal("entity", "文件里含有实体声明（可能是攻击文件），没有打开", _RESAVE)
            return Sniffed("xml2003", encoding=encoding, text=text)
        if _HTML.search(head):
            if not re.search(r"<table\b", text, re.IGNORECASE):
                raise Refusal(
                    "not_spreadsheet_html", "这是网页，里面没有表格", "请报送 .xlsx、.xls、.et 或 .csv 文件"
                )
            return Sniffed("html", encoding=encoding, text=text)
        if "<!DOCTYPE" in head or "<!ENTITY" in head:
            raise Refusal("entity", "文件里含有实体声明（可能是攻击文件），没有打开", _RESAVE)
        if head.startswith("<?xml"):
            raise Refusal(
                "not_spreadsheet", "这是 XML 文件，不是电子表格", "请报送 .xlsx、.xls、.et 或 .csv 文件"
            )
    if head.startswith("MIME-Version:"):
        raise Refusal("mhtml", "这是单个文件网页（.mht）", _RESAVE)
    if not re.search(r"[,\t;|，]", text):
        raise Refusal("not_spreadsheet", "这是普通文字，没有分列", "请报送 .xlsx、.xls、.et 或 .csv 文件")
    return Sniffed("text", encoding=encoding, text=text)


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
