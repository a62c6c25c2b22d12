"""Import: files and folders in, a store and its record out, whole or not at all."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.analyse import Setting
from pbanalysis.ledgers.assemble import assemble, known_units, township_of_ids
from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.dates import DateContext
from pbanalysis.ledgers.deliver import Delivery, ImportSummary
from pbanalysis.ledgers.explain import explain, with_ids
from pbanalysis.ledgers.files import conclude_file, settle
from pbanalysis.ledgers.keep import filing_of, read_earlier
from pbanalysis.ledgers.result import FileResult
from pbanalysis.ledgers.sources import find_sources, read_source
from pbanalysis.privacy.pseudonyms import load_key
from pbanalysis.store.schema import TABLES

__all__ = ["ImportSummary", "import_sources"]


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
    read = [(source, read_source(source)) for source in found]
    canonical = [got for _, got in read if isinstance(got, CanonicalFile)]
    files = [(source, *got) for source, got in read if not isinstance(got, CanonicalFile)]
    results: list[FileResult | CanonicalFile] = [*canonical, *(result for _, result, _ in files)]
    results.sort(key=lambda r: r.file)
    books = [(source, result, book) for source, result, book in files if book is not None]
    ledgers = [result for _, result, _ in books]

    code, name, registry, derived = known_units(units, canonical, earlier)
    if ledgers and not registry.townships:
        raise PbError(
            Code.INPUT_REFUSED,
            "没有乡镇名册，无法核对台账属于哪个乡镇",
            where="--units",
            fix="请用 --units 指定 units.json，或把 townships.csv 一并导入",
        )
    latest = as_of or earlier.cutoff
    setting = Setting(registry, DateContext(latest=latest), pseudonyms)
    for source, result, book in books:
        conclude_file(source, result, book, setting)
    filings = {r.file: filing_of(r) for r in results}
    towns = township_of_ids(registry)
    replaced = {f for r in results if r.useful for f in earlier.replace(filings[r.file], towns)}
    tables, counts = assemble(canonical, ledgers, earlier, registry, derived)
    for result in ledgers:
        settle(result)
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
