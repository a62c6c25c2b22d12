"""Import: files and folders in, a store and its record out, whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.errors import Code, Exit, PbError
from pbanalysis.ledgers import record
from pbanalysis.ledgers.analyse import Setting
from pbanalysis.ledgers.assemble import assemble, known_units, township_of_ids
from pbanalysis.ledgers.canonical import CanonicalFile, canonical_table, read_canonical
from pbanalysis.ledgers.dates import DateContext
from pbanalysis.ledgers.explain import explain
from pbanalysis.ledgers.files import conclude_file, filing_of, is_useless, settle
from pbanalysis.ledgers.findings import Finding, with_ids
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.guard import Refusal
from pbanalysis.ledgers.keep import Earlier, Filing, read_earlier
from pbanalysis.ledgers.result import FileResult
from pbanalysis.ledgers.safe_csv import write_rows
from pbanalysis.ledgers.sources import Source, find_sources, open_source, read_workbook
from pbanalysis.privacy.pseudonyms import Pseudonyms, load_key
from pbanalysis.store.schema import TABLES
from pbanalysis.store.write import write_store

__all__ = ["FileSummary", "ImportSummary", "import_sources"]


@dataclass(frozen=True)
class FileSummary:
    """One line of ``files.csv``."""

    file: str
    kind: str
    verdict: str
    code: str
    message: str
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int


@dataclass(frozen=True)
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    files
        One entry a file of this import.
    verdicts, severities
        How many files of each verdict, and findings of each severity, in this import.
    changes
        On a resubmission: how many findings are ``fixed``, ``still_open`` and ``new``; empty otherwise.
    replaced
        Earlier files whose rows were replaced.
    table_rows
        Rows of every table of the store.
    paths
        ``store``, ``files``, ``findings``, ``marked`` and, on a resubmission, ``resubmission``.
    exit_status
        0 nothing to do · 1 something needs attention · 3 nothing could be used.
    """

    files: tuple[FileSummary, ...]
    verdicts: Mapping[str, int]
    severities: Mapping[str, int]
    changes: Mapping[str, int]
    replaced: tuple[str, ...]
    table_rows: Mapping[str, int]
    paths: Mapping[str, Path]
    exit_status: Exit


@dataclass
class _Import:
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
    store = Path(store)
    found = find_sources(sources)
    pseudonyms = load_key(key_file, forbidden=store) if key_file else None
    earlier = read_earlier(store)
    got = _read(found)
    code, name, registry, derived = known_units(units, got.canonical, earlier)
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
    summary = _Writer(store, earlier, got, findings, filings, tables, counts, replaced)
    cutoff = latest or _latest_report(ledgers) or _latest_day(tables)
    return summary.write(code, name, cutoff, pseudonyms)


# -- reading --------------------------------------------------------------------------------------


def _read(found: list[Source]) -> _Import:
    got = _Import()
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


def _findings(got: _Import) -> list[Finding]:
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


# -- writing --------------------------------------------------------------------------------------


@dataclass
class _Writer:
    store: Path
    earlier: Earlier
    got: _Import
    findings: list[Finding]
    filings: Mapping[str, Filing]
    tables: dict[str, pd.DataFrame]
    counts: Mapping[str, Counter[str]]
    replaced: list[str]
    changed: list[tuple[str, ...]] = field(default_factory=list)

    def write(self, code: str, name: str, cutoff: dt.date, pseudonyms: Pseudonyms | None) -> ImportSummary:
        """Write the store and say what was done."""
        by_file: dict[str, list[Finding]] = {}
        for finding in self.findings:
            by_file.setdefault(finding.file, []).append(finding)
        results = self.got.results
        files = [record.file_line(r, by_file.get(r.file, [])) for r in results]
        rows = [line for r in results for line in record.row_lines(r)]
        cells = [line for r in results for line in record.cell_lines(r)]
        lines = [record.finding_line(f) for f in self.findings]
        kept = {f[0] for f in files}
        old = {
            n: [ln for ln in many if ln[2 if n == "findings.csv" else 0] not in kept]
            for n, many in self.earlier.lines.items()
        }
        self._compare(lines)

        def write_record(folder: Path) -> None:
            target = folder / "import"
            target.mkdir()
            for file_name, header, new in (
                ("files.csv", record.FILES, files),
                ("rows.csv", record.ROWS, rows),
                ("cells.csv", record.CELLS, cells),
                ("findings.csv", record.FINDINGS, lines),
            ):
                write_rows(target / file_name, header, [*old.get(file_name, []), *new])
            if self.earlier.folder is not None:
                write_rows(target / "resubmission.csv", ("state", *record.FINDINGS), self.changed)

        write_store(
            self.store,
            self.tables,
            county={"code": code, "name": name},
            as_of=cutoff.isoformat(),
            sources={**self.earlier.sources, **{r.file: self._source(r) for r in results}},
            record=write_record,
        )
        return self._summary(files)

    def _source(self, result: FileResult | CanonicalFile) -> dict[str, Any]:
        filing = self.filings[result.file]
        return {
            "sha256": result.sha256,
            "rows": dict(self.counts.get(result.file, {})),
            "kind": filing.kind,
            "townships": sorted(filing.townships),
            "year": filing.year,
            "period": filing.period,
            "canonical": filing.canonical,
            "state": "canonical" if isinstance(result, CanonicalFile) else result.code or "filed",
        }

    def _compare(self, lines: list[tuple[str, ...]]) -> None:
        """Findings of what was replaced against the new ones: fixed, still open, new."""
        if self.earlier.folder is None:
            return
        before = {line[0]: tuple(line) for line in self.earlier.withdrawn}
        now = {line[0] for line in lines}
        self.changed = [("fixed", *line) for i, line in before.items() if i not in now]
        self.changed += [("still_open" if line[0] in before else "new", *line) for line in lines]

    def _summary(self, files: list[tuple[str, ...]]) -> ImportSummary:
        severities: Counter[str] = Counter(f.severity for f in self.findings)
        verdicts = Counter(f[3] for f in files)
        used = sum(n for v, n in verdicts.items() if v != "reject")
        status = (
            Exit.REFUSED
            if not used
            else Exit.ATTENTION
            if severities["block"] or severities["confirm"]
            else Exit.DONE
        )
        folder = self.store / "import"
        paths = {
            "store": self.store,
            "files": folder / "files.csv",
            "findings": folder / "findings.csv",
            "marked": folder / "marked",
        }
        if self.earlier.folder is not None:
            paths["resubmission"] = folder / "resubmission.csv"
        return ImportSummary(
            tuple(FileSummary(f[0], f[2], f[3], f[4], f[5], *map(int, f[6:9])) for f in files),
            dict(verdicts),
            dict(severities),
            dict(Counter(c[0] for c in self.changed)),
            tuple(self.replaced),
            {n: len(t) for n, t in self.tables.items()},
            paths,
            status,
        )


def _no_registry() -> PbError:
    return PbError(
        Code.INPUT_REFUSED,
        "没有乡镇名册，无法核对台账属于哪个乡镇",
        where="--units",
        fix="请用 --units 指定 units.json，或把 townships.csv 一并导入",
    )
