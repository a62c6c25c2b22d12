"""Look through everything that is about to leave the house for what belongs to a person or a machine.

Finds identity numbers, mobile numbers, home folders and given strings (planted or real names) in any
artefact: text, HTML, JSON, notebooks, the parts of .zip, .xlsx and .docx, PDF text, Parquet. A hit says
where and of which kind, never what. It reads no pictures: text in a PNG stays unseen.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import re
import shutil
import subprocess
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from pbanalysis.errors import Code, PbError

__all__ = ["Hit", "Kind", "check_digit", "require_clean", "scan_bytes", "scan_folder"]

Kind = Literal["id_number", "id_shaped", "phone", "home_path", "forbidden", "not_scanned"]
KIND_NAMES: dict[Kind, str] = {
    "id_number": "身份证号",
    "id_shaped": "形似身份证号",
    "phone": "手机号",
    "home_path": "本机目录",
    "forbidden": "禁止出现的姓名或字样",
    "not_scanned": "未能检查",
}

_ID = re.compile(r"[1-9]\d{5}[ -]?(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[0-9Xx]")
_PHONE = re.compile(r"1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4})")
_HOME_MARKS = ("/home/", "/Users/", ":\\Users", ":\\\\Users", ":/Users", "/root")
_FOLDER = r"[^\s/\\\"'<>:|]+"
_HOME = re.compile(
    rf"(?<![\w.])(?:/home/|/Users/){_FOLDER}|[A-Za-z]:[\\/]{{1,2}}Users[\\/]{{1,2}}{_FOLDER}"
    r"|(?<![\w.])/root(?=[/\"'\s<]|$)"
)
_DATA = re.compile(r"data:(?:image/svg\+xml|text/[\w+.-]+|application/[\w+.-]+);base64,([A-Za-z0-9+/=]+)")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_MARKUP = re.compile(r"<[^<>]*>|\s+")
# curves of a drawn letter (matplotlib's SVG): four or six coordinates that may look like a phone number
_CURVE = re.compile(r"\b[QC] -?\d+(?:\.\d+)?(?: -?\d+(?:\.\d+)?){3,5}\b")
_DEEPEST, _LARGEST = 4, 200_000_000


@dataclass(frozen=True, order=True)
class Hit:
    """Something found: the file (and the part inside it), the line where there is one, the kind."""

    place: str
    kind: Kind
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.place}{f'：第 {self.line} 行' if self.line else ''}：{KIND_NAMES[self.kind]}"


def scan_folder(path: Path, *, forbidden: Iterable[str] = ()) -> list[Hit]:
    """Scan a file, or every file of a folder, hidden ones and names of files and folders too.

    Parameters
    ----------
    path
        File or folder.
    forbidden
        Strings that may stand nowhere, e.g. names of the ledgers that were read.

    Returns
    -------
    Hits in order of their place; kind ``not_scanned`` where a file cannot be read (an encrypted or
    broken archive, an old .xls, a PDF where neither pypdf nor pdftotext is there).
    """
    path = Path(path)
    names = _matcher(forbidden)
    files = (
        [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
    )
    hits: list[Hit] = []
    for file in files:
        place = file.name if file == path else file.relative_to(path).as_posix()
        hits += _in_text(_hide(place, names), place, names)
        hits += _in_bytes(file.read_bytes(), _hide(place, names), names, 0)
    return sorted(set(hits), key=lambda h: (h.place, h.kind, h.line or 0))


def scan_bytes(data: bytes, place: str = "", *, forbidden: Iterable[str] = ()) -> list[Hit]:
    """Scan one artefact in memory; what it is shows in its first bytes.

    Examples
    --------
    >>> [str(h) for h in scan_bytes("电话 13800138000".encode(), "a.txt")]
    ['a.txt：第 1 行：手机号']
    >>> scan_bytes(b"629902100200 and 3f2b13912345678aa0.13912345678")
    []
    """
    hits = set(_in_bytes(data, place, _matcher(forbidden), 0))
    return sorted(hits, key=lambda h: (h.place, h.kind, h.line or 0))


def require_clean(path: Path, *, forbidden: Iterable[str] = ()) -> list[Hit]:
    """Raise when anything personal is found; what could not be scanned is returned.

    Raises
    ------
    PbError
        ``PRIVACY_GATE`` (exit 4), naming the first places, never a value.
    """
    hits = scan_folder(path, forbidden=forbidden)
    found = [h for h in hits if h.kind != "not_scanned"]
    if found:
        raise PbError(
            Code.PRIVACY_GATE,
            f"输出中发现 {len(found)} 处个人信息或本机目录，已停止",
            where="；".join(str(h) for h in found[:3]),
            fix="请检查这些文件的来源；含个人信息的文件不得发出",
        )
    return hits


_Matcher = Callable[[str], Iterator[int]]


def _matcher(strings: Iterable[str]) -> _Matcher:
    """Positions of any of the strings; a tree of characters, so that thousands cost as little as one."""
    words = sorted({unicodedata.normalize("NFKC", s).strip() for s in strings} - {""})
    if not words:
        return lambda _: iter(())
    tree = re.compile(_tree(words))
    return lambda text: (found.start() for found in tree.finditer(text))


def _tree(words: list[str]) -> str:
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    if "" in branches:
        return ""  # a shorter word ends here: it is found already
    parts = [re.escape(first) + _tree(rest) for first, rest in branches.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _hide(place: str, names: _Matcher) -> str:
    """The place as it may be printed: a path that itself holds a hit shows its folder level only."""
    if _hits_of(place, names):
        return "/".join("〔名称含敏感内容〕" if _hits_of(part, names) else part for part in place.split("/"))
    return place


def _hits_of(text: str, names: _Matcher) -> bool:
    return any(True for _ in _in_text("", text, names))


def _plain(text: str) -> str:
    """Full-width digits, escapes of JSON, HTML and addresses, as what a reader would see."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if "\\u" in text:
        text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text)
    if "&#" in text:
        text = html.unescape(text)
    return unquote(text) if re.search(r"%[0-9A-Fa-f]{2}", text) else text


def check_digit(first: str) -> str:
    """Last character of the 18-digit identity number that begins with these 17 digits (GB 11643).

    Examples
    --------
    >>> check_digit("11010519491231002")
    'X'
    """
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(w * int(c) for w, c in zip(weights, first)) % 11]


def _alone(text: str, start: int, end: int) -> bool:
    """Whether a number is not part of a longer number or word (a hash, an id), nor of a decimal."""
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    if (before[-1:].isascii() and before[-1:].isalnum()) or (after[:1].isascii() and after[:1].isalnum()):
        return False
    return not re.fullmatch(r"\d\.", before) and not re.fullmatch(r"\.\d", after)


def _in_text(place: str, text: str, names: _Matcher) -> Iterator[Hit]:
    text = _CURVE.sub("", _plain(text))

    def line(at: int) -> int:
        return text.count("\n", 0, at) + 1

    for found in _ID.finditer(text):
        if _alone(text, *found.span()):
            number = re.sub("[ -]", "", found[0])
            yield Hit(
                place,
                "id_number" if check_digit(number[:17]) == number[17].upper() else "id_shaped",
                line(found.start()),
            )
    for found in _PHONE.finditer(text):
        start = (
            found.start() - 3 if text[max(found.start() - 3, 0) : found.start()] == "+86" else found.start()
        )
        if _alone(text, start, found.end()):
            yield Hit(place, "phone", line(found.start()))
    if any(mark in text for mark in _HOME_MARKS):
        for found in _HOME.finditer(text):
            yield Hit(place, "home_path", line(found.start()))
    seen = False
    for at in names(text):
        seen = True
        yield Hit(place, "forbidden", line(at))
    # a name broken by markup; numbers are not looked for here, neighbouring cells would join
    if not seen and "<" in text and next(names(_MARKUP.sub("", text)), None) is not None:
        yield Hit(place, "forbidden")


def _in_bytes(data: bytes, place: str, names: _Matcher, depth: int) -> Iterator[Hit]:
    if data.startswith(b"PK\x03\x04"):
        yield from _in_zip(data, place, names, depth)
    elif data.startswith(b"\x1f\x8b"):
        try:
            yield from _in_bytes(gzip.decompress(data), place, names, depth + 1)
        except (OSError, EOFError):
            yield Hit(place, "not_scanned")
    elif data.startswith(b"PAR1"):
        yield from _in_parquet(data, place, names)
    elif data.startswith(b"%PDF"):
        text = _pdf_text(data)
        if text is None:
            yield Hit(place, "not_scanned")
        else:  # lines of a PDF break names
            yield from _in_text(place, text, names)
            yield from (Hit(place, "forbidden") for _ in names(re.sub(r"\s+", "", _plain(text))))
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        yield Hit(place, "not_scanned")
    else:
        for text in _decoded(data):
            yield from _in_text(place, text, names)
            for found in _DATA.finditer(text):
                try:
                    inner = base64.b64decode(found[1])
                except (binascii.Error, ValueError):
                    continue
                yield from _in_bytes(inner, f"{place} › data:", names, depth + 1)


def _decoded(data: bytes) -> list[str]:
    """The text of bytes: by its mark, as UTF-8, else both as GB18030 and as what of UTF-8 is readable."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [data.decode("utf-16", errors="replace")]
    try:
        return [data.decode("utf-8-sig")]
    except UnicodeDecodeError:
        return [data.decode("gb18030", errors="replace"), data.decode("utf-8", errors="replace")]


def _in_zip(data: bytes, place: str, names: _Matcher, depth: int) -> Iterator[Hit]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if depth >= _DEEPEST or sum(m.file_size for m in members) > _LARGEST:
                yield Hit(place, "not_scanned")
                return
            yield from _in_text(place, archive.comment.decode("utf-8", errors="replace"), names)
            for member in members:
                inside = f"{place} › {_hide(member.filename, names)}"
                yield from _in_text(inside, member.filename, names)
                yield from _in_bytes(archive.read(member), inside, names, depth + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError):
        yield Hit(place, "not_scanned")  # broken, or encrypted (RuntimeError)


def _in_parquet(data: bytes, place: str, names: _Matcher) -> Iterator[Hit]:
    """Metadata, column names, and the distinct values of every column that can hold text or a number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError):
        yield Hit(place, "not_scanned")
        return
    meta = table.schema.metadata or {}
    words = [part.decode("utf-8", errors="replace") for item in meta.items() for part in item]
    yield from _in_text(f"{place} › metadata", "\n".join([*words, *table.column_names]), names)
    for name, column in zip(table.column_names, table.columns):
        if pa.types.is_list(column.type):
            column = column.combine_chunks().flatten()
        if (
            pa.types.is_floating(column.type)
            or pa.types.is_boolean(column.type)
            or pa.types.is_nested(column.type)
        ):
            continue
        values = column.unique().cast(pa.string()).to_pylist()
        text = "\n".join(v for v in values if v is not None)
        yield from (Hit(f"{place} › {_hide(name, names)}", hit.kind) for hit in _in_text("", text, names))


def _pdf_text(data: bytes) -> str | None:
    """Text of a PDF by pypdf, else by pdftotext; None where neither is there or can read it."""
    try:
        import pypdf
    except ImportError:
        return _pdftotext(data)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        about = [str(v) for v in (reader.metadata or {}).values()]
        return "\n".join([*about, *(page.extract_text() for page in reader.pages)])
    except Exception:  # noqa: BLE001 - a reader of foreign files meets anything; the file counts as not scanned
        return _pdftotext(data)


def _pdftotext(data: bytes) -> str | None:
    program = shutil.which("pdftotext")
    if program is None:
        return None
    run = subprocess.run([program, "-", "-"], input=data, capture_output=True, check=False, timeout=120)
    return run.stdout.decode("utf-8", errors="replace") if run.returncode == 0 else None
