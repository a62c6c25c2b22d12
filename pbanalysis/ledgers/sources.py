"""Files to import: found in what the user named, opened through the guard, read into sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.guard import MAX_BYTES, Refusal, Sniffed, inspect
from pbanalysis.ledgers.read_markup import read_html, read_xml2003
from pbanalysis.ledgers.read_text import read_text
from pbanalysis.ledgers.read_xls import read_xls
from pbanalysis.ledgers.read_xlsx import read_xlsx

__all__ = ["Source", "find_sources", "open_source", "read_workbook"]

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
        for path in (
            [root]
            if root.is_file()
            else sorted(p for p in root.rglob("*") if p.is_file() and _filed(p.relative_to(root)))
        ):
            file = path.name if root.is_file() else path.relative_to(root).as_posix()
            found.setdefault(path.resolve(), Source(path, file, path.resolve().parent.name))
    if not found:
        raise PbError(
            Code.INPUT_REFUSED, "来源里没有任何文件", where="来源", fix="请指定台账文件或存放台账的文件夹"
        )
    return sorted(_distinct(found.values()), key=lambda s: s.file)


def _filed(path: Path) -> bool:
    hidden = any(part.startswith((".", "~$")) for part in path.parts)
    return not hidden and path.suffix.lower() not in _NOT_FILED


def _distinct(sources: Iterable[Source]) -> list[Source]:
    """Same names from two SOURCEs get their folder's name in front."""
    listed = list(sources)
    names = [s.file for s in listed]
    return [
        s if names.count(s.file) == 1 else Source(s.path, f"{s.folder}/{s.file}", s.folder) for s in listed
    ]


def open_source(source: Source) -> tuple[str, Sniffed, bytes]:
    """SHA-256, true format and bytes of a file.

    Raises
    ------
    Refusal
        The guard does not let it in.
    """
    try:
        size = source.path.stat().st_size
        if size > MAX_BYTES:
            raise Refusal("too_big", f"文件超过 {MAX_BYTES >> 20} MB", "请删去图片和多余的工作表后再报送")
        data = source.path.read_bytes()
    except OSError as error:
        raise Refusal(
            "unreadable", "文件打不开，可能正被其他程序占用", "请关闭 Excel 或 WPS 后重试"
        ) from error
    return hashlib.sha256(data).hexdigest(), inspect(data), data


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
