"""Files to import: found in what the user named, opened through the guard, read into sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.canonical import CanonicalFile, canonical_table, read_canonical
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.guard import MAX_BYTES, Refusal, Sniffed, inspect
from pbanalysis.ledgers.read_text import read_html, read_text, read_xml2003
from pbanalysis.ledgers.read_xls import read_xls
from pbanalysis.ledgers.read_xlsx import read_xlsx
from pbanalysis.ledgers.result import FileResult, Finding

__all__ = ["Source", "find_sources", "read_source", "read_workbook"]

# beside ledgers people keep these in the same folder; they are no filings
_NOT_FILED = {".json", ".md", ".py", ".key", ".toml", ".ini", ".log", ".lnk", ".db", ".tmp", ".parquet"}


@dataclass(frozen=True)
class Source:
    """One file: where it is, its name in the record, the folder name above it."""

    path: Path
    file: str
    folder: str


def find_sources(named: Sequence[Path]) -> list[Source]:
    """Files under the named files and folders, in order of their names in the record.

    Raises
    ------
    PbError
        Something named does not exist, or nothing at all was found.
    """
    found: dict[Path, Source] = {}
    for root in map(Path, named):
        if not root.exists():
            raise PbError(
                Code.UNKNOWN_PARAMETER, "没有这个文件或文件夹", where="来源", got=root.name, fix="请核对路径"
            )
        listed = [root] if root.is_file() else [p for p in sorted(root.rglob("*")) if _filed(p, root)]
        for path in listed:
            file = path.name if root.is_file() else path.relative_to(root).as_posix()
            found.setdefault(path.resolve(), Source(path, file, path.resolve().parent.name))
    if not found:
        raise PbError(
            Code.INPUT_REFUSED, "来源里没有任何文件", where="来源", fix="请指定台账文件或存放台账的文件夹"
        )
    names = [s.file for s in found.values()]
    distinct = (  # the same name from two folders gets its folder's name in front
        s if names.count(s.file) == 1 else Source(s.path, f"{s.folder}/{s.file}", s.folder)
        for s in found.values()
    )
    return sorted(distinct, key=lambda s: s.file)


def _filed(path: Path, root: Path) -> bool:
    hidden = any(part.startswith((".", "~$")) for part in path.relative_to(root).parts)
    return path.is_file() and not hidden and path.suffix.lower() not in _NOT_FILED


def read_source(source: Source) -> CanonicalFile | tuple[FileResult, Workbook | None]:
    """A canonical CSV, a ledger with its sheets, or a refused file without any."""
    result = FileResult(source.file, "")
    try:
        data = _open(source.path, result)
        sniffed = inspect(data)
        table = canonical_table(source.file, sniffed.text) if sniffed.format == "text" else None
        if table is not None:
            return read_canonical(source.file, result.sha256, table, sniffed.text)
        book = read_workbook(sniffed, data)
    except Refusal as refusal:
        result.refused, result.code = True, refusal.code
        result.message = f"{refusal.message}。{refusal.fix}。"
        said = Finding("block", refusal.code, refusal.message, suggestion=refusal.fix, about=source.file)
        result.findings.append(said)
        return result, None
    if source.path.suffix.lower() not in _EXTENSIONS.get(sniffed.format, {source.path.suffix.lower()}):
        book.notes.append("extension")
    return result, book


def _open(path: Path, result: FileResult) -> bytes:
    """Bytes of a file; its SHA-256 is recorded even when it is too big."""
    try:
        with path.open("rb") as file:
            result.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            if file.tell() > MAX_BYTES:
                raise Refusal("too_big")
            file.seek(0)
            return file.read()
    except OSError as error:
        raise Refusal("unreadable") from error


_EXTENSIONS = {
    "xlsx": {".xlsx", ".xlsm", ".et"},
    "xls": {".xls", ".et", ".xlt"},
    "text": {".csv", ".tsv", ".txt"},
}


def read_workbook(sniffed: Sniffed, data: bytes) -> Workbook:
    """Sheets of a file that the guard has named.

    Raises
    ------
    Refusal
        The inside is damaged.
    """
    match sniffed.format:
        case "xlsx":
            book = read_xlsx(data)
        case "xls":
            book = read_xls(data)
        case "html":
            book = read_html(sniffed.text)
        case "xml2003":
            book = read_xml2003(sniffed.text)
        case _:
            book = read_text(sniffed.text)
    if sniffed.macros:
        book.notes.append("macros")
    return book
