"""Import: files and folders in, a store and its record out, whole or not at all."""

from __future__ import annotations

import datetime as dt
import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.analyse import Setting
from pbanalysis.ledgers.assemble import assemble, known_units, township_of_ids
from pbanalysis.ledgers.canonical import CanonicalFile, canonical_table, read_canonical
from pbanalysis.ledgers.deliver import Delivery, ImportSummary
from pbanalysis.ledgers.explain import explain, with_ids
from pbanalysis.ledgers.files import conclude_file, settle
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.guard import MAX_BYTES, Refusal, Sniffed, inspect
from pbanalysis.ledgers.keep import filing_of, read_earlier
from pbanalysis.ledgers.read_text import read_html, read_text, read_xml2003
from pbanalysis.ledgers.read_xls import read_xls
from pbanalysis.ledgers.read_xlsx import read_xlsx
from pbanalysis.ledgers.result import FileResult, Finding
from pbanalysis.privacy.pseudonyms import load_key
from pbanalysis.store.schema import TABLES

__all__ = ["ImportSummary", "import_sources", "read_workbook"]


def import_sources(
    sources: Sequence[Path],
    store: Path,
    *,
    units: Path | None = None,
    as_of: dt.date | None = None,
    key_file: Path | None = None,
) -> ImportSummary:
    """Import workbooks and canonical CSVs into a store.

    Parameters
    ----------
    sources
        Files or folders, in any order.
    store
        Folder of the store; an existing one keeps what this import does not replace.
    units
        Registry of townships and villages (``units.json``).
    as_of
        Cut-off; by default the one of the store, else the latest 填报日期 of the ledgers.
    key_file
        Pseudonym key, made where absent; without it no row is loaded that only a person identifies.

    Raises
    ------
    PbError
        A source is missing, the registry or the old store is broken, or the accounting does not balance.
        Nothing is written then.
    """
    with _without_cycle_search():
        return _import(sources, Path(store), units, as_of, key_file)


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Cells are millions of small objects without cycles; searching them for cycles costs a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _import(
    sources: Sequence[Path], store: Path, units: Path | None, as_of: dt.date | None, key_file: Path | None
) -> ImportSummary:
    found = _find(sources)
    pseudonyms = load_key(key_file, forbidden=store) if key_file else None
    earlier = read_earlier(store)
    canonical: list[CanonicalFile] = []
    books: list[tuple[FileResult, Workbook, str]] = []
    results: list[FileResult | CanonicalFile] = []
    for source in found:
        result, book = _read(source)
        results.append(result)
        if isinstance(result, CanonicalFile):
            canonical.append(result)
        elif book is not None:
            books.append((result, book, source.folder))
    ledgers = [result for result, _, _ in books]

    code, name, registry, derived = known_units(units, canonical, earlier)
    if ledgers and not registry.townships:
        raise PbError(
            Code.INPUT_REFUSED,
            "没有乡镇名册，无法核对台账属于哪个乡镇",
            where="--units",
            fix="请用 --units 指定 units.json，或把 townships.csv 一并导入",
        )
    latest = as_of or earlier.cutoff
    setting = Setting(registry, latest, pseudonyms)
    for ledger, book, folder in books:
        conclude_file(ledger, book, folder, setting)
    filings = {r.file: filing_of(r) for r in results}
    towns = township_of_ids(registry)
    replaced = {f for r in results if r.useful for f in earlier.replace(filings[r.file], towns)}
    tables, counts = assemble(canonical, ledgers, earlier, registry, derived)
    for ledger in ledgers:
        settle(ledger)
    findings = with_ids(
        f for r in results for f in (r.findings if isinstance(r, CanonicalFile) else explain(r))
    )
    cutoff = latest or _latest_report(ledgers) or _latest_day(tables)
    delivery = Delivery(
        store, earlier, results, findings, filings, tables, counts, sorted(replaced), registry
    )
    return delivery.write({"code": code, "name": name}, cutoff, pseudonyms.key_id if pseudonyms else "")


def _latest_report(ledgers: Iterable[FileResult]) -> dt.date | None:
    return max((day for r in ledgers for s in r.sheets if (day := s.preamble.reported_on)), default=None)


def _latest_day(tables: Mapping[str, pd.DataFrame]) -> dt.date:
    """Latest day on which something happened, for a store of tables alone."""
    days = [
        frame[column].max()
        for name, frame in tables.items()
        for column in (TABLES[name].own_date, *TABLES[name].events)
        if column is not None
    ]
    return max((day.date() for day in days if pd.notna(day)), default=dt.date(1970, 1, 1))


# -- sources --------------------------------------------------------------------------------------

# beside ledgers people keep these in the same folder; they are no filings
_NOT_FILED = {".json", ".md", ".py", ".key", ".toml", ".ini", ".log", ".lnk", ".db", ".tmp", ".parquet"}


@dataclass(frozen=True)
class _Source:
    """One file: where it is, its name in the record, the folder name above it."""

    path: Path
    file: str
    folder: str


def _find(named: Sequence[Path]) -> list[_Source]:
    """Files under the named files and folders, in order of their names in the record.

    Raises
    ------
    PbError
        Something named does not exist, or nothing at all was found.
    """
    found: dict[Path, _Source] = {}
    for root in map(Path, named):
        if not root.exists():
            raise PbError(
                Code.UNKNOWN_PARAMETER, "没有这个文件或文件夹", where="来源", got=root.name, fix="请核对路径"
            )
        listed = [root] if root.is_file() else [p for p in sorted(root.rglob("*")) if _filed(p, root)]
        for path in listed:
            file = path.name if root.is_file() else path.relative_to(root).as_posix()
            found.setdefault(path.resolve(), _Source(path, file, path.resolve().parent.name))
    if not found:
        raise PbError(
            Code.INPUT_REFUSED, "来源里没有任何文件", where="来源", fix="请指定台账文件或存放台账的文件夹"
        )
    names = [s.file for s in found.values()]
    distinct = (  # the same name from two folders gets its folder's name in front
        s if names.count(s.file) == 1 else _Source(s.path, f"{s.folder}/{s.file}", s.folder)
        for s in found.values()
    )
    return sorted(distinct, key=lambda s: s.file)


def _filed(path: Path, root: Path) -> bool:
    hidden = any(part.startswith((".", "~$")) for part in path.relative_to(root).parts)
    return path.is_file() and not hidden and path.suffix.lower() not in _NOT_FILED


def _read(source: _Source) -> tuple[FileResult | CanonicalFile, Workbook | None]:
    """A canonical CSV, a ledger with its sheets, or a refused file without any."""
    result = FileResult(source.file, "")
    try:
        data = _open(source.path, result)
        sniffed = inspect(data)
        table = canonical_table(source.file, sniffed.text) if sniffed.format == "text" else None
        if table is not None:
            return read_canonical(source.file, result.sha256, table, sniffed.text), None
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
