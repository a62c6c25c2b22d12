"""Import: files and folders in, a store and its record out, whole or not at all."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.analyse import Setting
from pbanalysis.ledgers.assemble import assemble, known_units, township_of_ids
from pbanalysis.ledgers.canonical import CanonicalFile, canonical_table, read_canonical
from pbanalysis.ledgers.dates import DateContext
from pbanalysis.ledgers.deliver import Delivery
from pbanalysis.ledgers.explain import explain
from pbanalysis.ledgers.files import conclude_file, filing_of, is_useless, settle
from pbanalysis.ledgers.findings import Finding, with_ids
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.guard import Refusal
from pbanalysis.ledgers.keep import Earlier, read_earlier
from pbanalysis.ledgers.result import FileResult
from pbanalysis.ledgers.sources import Source, find_sources, open_source, read_workbook
from pbanalysis.ledgers.summary import ImportSummary
from pbanalysis.privacy.pseudonyms import load_key
from pbanalysis.store.schema import TABLES

__all__ = ["ImportSummary", "import_sources"]


@dataclass
class _Sources:
    """Everything read so far."""

    ledgers: list[tuple[Source, FileResult, Workbook]] = field(default_factory=list)
    canonical: list[CanonicalFile] = field(default_factory=list)
    refused: list[FileResult] = field(default_factory=list)

    @property
    def results(self) -> list[FileResult | CanonicalFile]:
        """All files in the order of their names."""
        every: list[FileResult | CanonicalFile] = [
            *self.canonical,
            *(r for _, r, _ in self.ledgers),
            *self.refused,
        ]
        return sorted(every, key=lambda r: r.file)


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
    found = find_sources(sources)
    pseudonyms = load_key(key_file, forbidden=store) if key_file else None
    earlier = read_earlier(store)
    got = _read(found)
    code, name, registry, derived = known_units(units, got.canonical, earlier)
    if got.ledgers and not registry.townships:
        raise PbError(
            Code.INPUT_REFUSED,
            "没有乡镇名册，无法核对台账属于哪个乡镇",
            where="--units",
            fix="请用 --units 指定 units.json，或把 townships.csv 一并导入",
        )
    latest = as_of or _earlier_cutoff(earlier)
    setting = Setting(registry, DateContext(latest=latest), pseudonyms)
    for source, result, book in got.ledgers:
        conclude_file(source, result, book, setting)
    ledgers = [r for _, r, _ in got.ledgers]
    filings = {r.file: filing_of(r) for r in got.results}
    towns = township_of_ids(registry)
    replaced = sorted(
        {f for r in got.results if not is_useless(r) for f in earlier.replace(filings[r.file], towns)}
    )
    tables, counts = assemble(got.canonical, ledgers, earlier, registry, derived)
    for result in ledgers:
        settle(result)
    findings = _findings(got)
    cutoff = latest or _latest_report(ledgers) or _latest_day(tables)
    delivery = Delivery(store, earlier, got.results, findings, filings, tables, counts, replaced, registry)
    return delivery.write({"code": code, "name": name}, cutoff, pseudonyms.key_id if pseudonyms else "")


# -- reading --------------------------------------------------------------------------------------


def _read(found: list[Source]) -> _Sources:
    got = _Sources()
    for source in found:
        result = FileResult(source.file, "")
        try:
            result.sha256, sniffed, data = open_source(source)
            table = canonical_table(source.file, sniffed.text) if sniffed.format == "text" else None
            if table is not None:
                got.canonical.append(read_canonical(source.file, result.sha256, table, sniffed.text))
                continue
            book = read_workbook(sniffed, data)
        except Refusal as refusal:
            _refuse(result, refusal, source)
            got.refused.append(result)
            continue
        result.format = sniffed.format
        if not _extension_fits(source.path, sniffed.format):
            book.notes.append("extension")
        got.ledgers.append((source, result, book))
    return got


def _refuse(result: FileResult, refusal: Refusal, source: Source) -> None:
    import hashlib

    if not result.sha256:
        try:
            with source.path.open("rb") as file:
                result.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            result.sha256 = ""
    result.refused, result.code = True, refusal.code
    result.message = f"{refusal.message}。{refusal.fix}。"
    result.say("block", refusal.code, refusal.message, suggestion=refusal.fix, about=result.file)


_EXTENSIONS = {
    "xlsx": {".xlsx", ".xlsm", ".et"},
    "xls": {".xls", ".et", ".xlt"},
    "text": {".csv", ".tsv", ".txt"},
}


def _extension_fits(path: Path, format_: str) -> bool:
    return format_ not in _EXTENSIONS or path.suffix.lower() in _EXTENSIONS[format_]


def _findings(got: _Sources) -> list[Finding]:
    found: list[Finding] = []
    for result in got.results:
        found += result.findings if isinstance(result, CanonicalFile) else explain(result)
    return with_ids(found)


def _earlier_cutoff(earlier: Earlier) -> dt.date | None:
    text = str(earlier.meta.get("as_of") or "")
    return dt.date.fromisoformat(text) if text else None


def _latest_report(ledgers: Iterable[FileResult]) -> dt.date | None:
    return max(
        (s.preamble.reported_on for r in ledgers for s in r.sheets if s.preamble.reported_on), default=None
    )


def _latest_day(tables: Mapping[str, pd.DataFrame]) -> dt.date:
    """Latest day on which something happened, for a store of tables alone."""
    days = []
    for name, part in tables.items():
        declared = TABLES[name]
        for column in (declared.own_date, *declared.events):
            if column is not None and len(part) and part[column].notna().any():
                days.append(part[column].max().date())
    return max(days, default=dt.date(1970, 1, 1))
