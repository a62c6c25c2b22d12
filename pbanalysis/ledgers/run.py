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
from pbanalysis.ledgers.analyse import Setting, conclude, locate
from pbanalysis.ledgers.canonical import CanonicalFile, canonical_table, read_canonical
from pbanalysis.ledgers.checks import check_rows
from pbanalysis.ledgers.dates import DateContext
from pbanalysis.ledgers.duplicates import mark_duplicates
from pbanalysis.ledgers.explain import explain, note
from pbanalysis.ledgers.findings import Finding, with_ids
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.guard import Refusal
from pbanalysis.ledgers.keep import Earlier, Filing, read_earlier
from pbanalysis.ledgers.result import FileResult, SheetResult
from pbanalysis.ledgers.safe_csv import write_rows
from pbanalysis.ledgers.sources import Source, find_sources, open_source, read_workbook
from pbanalysis.ledgers.tables import frame, rows_of
from pbanalysis.ledgers.units import Registry, Township, Village, read_units
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
        every: list[FileResult | CanonicalFile] = [*self.canonical, *(r for _, r, _ in self.ledgers), *self.refused]
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
    code, name, registry, derived = _registry(units, got.canonical, earlier)
    latest = as_of or _earlier_cutoff(earlier)
    setting = Setting(registry, DateContext(latest=latest), pseudonyms)
    for source, result, book in got.ledgers:
        _conclude(source, result, book, setting)
    ledgers = [r for _, r, _ in got.ledgers]
    mark_duplicates(ledgers)
    for result in ledgers:
        for sheet in result.sheets:
            check_rows(sheet)
    filings = {r.file: _filing(r) for r in got.results}
    replaced = sorted({f for r in got.results if not _useless(r) for f in earlier.replace(filings[r.file], _towns_of(registry))})
    tables, counts = _tables(got, ledgers, earlier, registry, derived)
    for result in ledgers:
        _verdict(result)
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
    result.findings.append(Finding("block", result.file, "", "", None, "", refusal.code, refusal.message, refusal.fix, about=result.file))


_EXTENSIONS = {"xlsx": {".xlsx", ".xlsm", ".et"}, "xls": {".xls", ".et", ".xlt"}, "text": {".csv", ".tsv", ".txt"}}


def _extension_fits(path: Path, format_: str) -> bool:
    return format_ not in _EXTENSIONS or path.suffix.lower() in _EXTENSIONS[format_]


def _registry(units: Path | None, canonical: list[CanonicalFile], earlier: Earlier) -> tuple[str, str, Registry, dict[str, pd.DataFrame]]:
    """County code and name, the registry of units, and the tables that only ``units`` gives."""
    code, name, towns = read_units(units) if units else ("", "", [])
    county = earlier.meta.get("county", {})
    frames = {n: _union(n, canonical, earlier) for n in ("townships", "villages", "organisations")}
    derived = _derived(towns) if units else {}
    known = {t.code: t for t in towns}
    villages: dict[str, dict[str, Village]] = {t.code: {v.code: v for v in t.villages} for t in towns}
    if (listed := frames["villages"]) is not None:
        for v in listed.itertuples():
            villages.setdefault(str(v.township_id), {}).setdefault(str(v.village_id), Village(str(v.village_id), str(v.name)))
    if (listed := frames["townships"]) is not None:
        for t in listed.itertuples():
            known.setdefault(str(t.township_id), Township(str(t.township_id), str(t.name)))
    townships = [Township(t.code, t.name, t.former_names, tuple(villages.get(t.code, {}).values())) for t in known.values()]
    code = code or str(county.get("code") or "") or (townships[0].code[:6] if townships else "")
    name = name or str(county.get("name") or "")
    return code, name, Registry(name, townships, frames["organisations"]), derived


def _union(name: str, canonical: list[CanonicalFile], earlier: Earlier) -> pd.DataFrame | None:
    frames = [c.frame for c in canonical if c.table.name == name] + ([earlier.tables[name]] if name in earlier.tables else [])
    return pd.concat(frames).drop_duplicates(TABLES[name].key) if frames else None


def _derived(towns: list[Township]) -> dict[str, pd.DataFrame]:
    """Townships and villages as the registry alone gives them."""
    kinds = ("街道", "镇", "乡")
    townships = [{"township_id": t.code, "name": t.name, "kind": next((k for k in kinds if t.name.endswith(k)), "乡")} for t in towns]
    villages = [
        {"village_id": v.code, "township_id": t.code, "name": v.name, "kind": "community" if v.name.endswith("社区") else "village"}
        for t in towns
        for v in t.villages
    ]
    return {"townships": frame("townships", townships), "villages": frame("villages", villages)}


def _towns_of(registry: Registry) -> dict[str, str]:
    """Township of every organisation and village id."""
    towns = {v.code: t.code for t in registry.townships for v in t.villages}
    if registry.organisations is not None:
        towns |= dict(zip(registry.organisations["org_id"], registry.organisations["township_id"]))
    return towns


# -- concluding -----------------------------------------------------------------------------------


def _conclude(source: Source, result: FileResult, book: Workbook, setting: Setting) -> None:
    visible = [s for s in book if not s.hidden]
    located = [locate(sheet, source.file) for sheet in visible if sheet.rows]
    kinds = Counter(s.layout.kind.name for s in located if s.layout for _ in range(max(1, sum(r == "data" for r in s.roles.values()))))
    result.kind = kinds.most_common(1)[0][0] if kinds else "unknown"
    result.sheets = located
    result.findings += [note(result, word) for word in dict.fromkeys(book.notes)]
    for sheet in book:
        if sheet.hidden and sheet.rows:
            message = f"工作表是隐藏的（{len(sheet.rows)} 行），没有读取；需要计入请取消隐藏"
            result.findings.append(Finding("confirm", result.file, sheet.name, "", None, "", "hidden_sheet", message, kind=result.kind, about=f"hidden|{sheet.name}"))
    for sheet in located:
        town = _township(sheet, source, setting.registry)
        conclude(sheet, setting, town)
        if sheet.layout is None:
            sheet.township_id = town
            result.findings.append(_unrecognised(result, sheet))
        elif sheet.search.rivals:
            message = f"看不出是哪一种台账，按“{sheet.layout.kind.title}”读取；也可能是“{'”“'.join(sheet.search.rivals)}”"
            result.findings.append(Finding("confirm", result.file, sheet.sheet.name, "", sheet.layout.top, "", "kind_tie", message, kind=result.kind, about="kind_tie"))


def _township(sheet: SheetResult, source: Source, registry: Registry) -> str:
    """Township of a sheet: 填报单位, else title, sheet name, file name, folder name; the first that names exactly one."""
    if sheet.preamble.unit_text:
        _, code = registry.township(sheet.preamble.unit_text)
        if code:
            return code
    for text in (sheet.preamble.unit_text, sheet.preamble.title, sheet.sheet.name, source.file.rsplit("/", 1)[-1], source.folder):
        codes = registry.township_in(text)
        if len(codes) == 1:
            return next(iter(codes))
    return ""


def _unrecognised(result: FileResult, sheet: SheetResult) -> Finding:
    search = sheet.search
    nearest = f"最像“{search.nearest}”，但找不到这些列：{'、'.join(search.missing)}" if search.nearest else "找不到认识的表头"
    return Finding(
        "block", result.file, sheet.sheet.name, "", None, "", "unrecognised_layout", f"这张工作表没有读取：{nearest}", "请使用县里下发的台账模板", sheet.township_id, result.kind, f"layout|{sheet.sheet.name}"
    )


def _verdict(result: FileResult) -> None:
    """Code and message of a file that is not simply read: nothing recognised, nil report, or header only."""
    read = [s for s in result.sheets if s.layout]
    rows = sum(len(s.rows) for s in read)
    if not read:
        result.refused = True
        result.code = "unrecognised_layout" if result.sheets else "empty_workbook"
        result.message = "没有认出任何台账；请使用县里下发的台账模板。" if result.sheets else "工作簿里没有内容。"
        if not result.sheets and not result.findings:
            result.findings.append(Finding("block", result.file, "", "", None, "", result.code, result.message, about=result.file))
    elif not rows and any(role == "nil_report" for s in read for role in s.roles.values()):
        result.code, result.message = "nil_report", "零报告：填报了“无”。"
    elif not rows:
        result.code, result.message = "empty_submission", "只有表头，没有填报任何内容。"
        result.findings.append(Finding("confirm", result.file, read[0].sheet.name, "", None, "", "empty_submission", "只有表头，没有填报任何内容；如果确实没有，请填“无”", kind=result.kind, about="empty"))


def _useless(result: FileResult | CanonicalFile) -> bool:
    """Whether a file brings nothing: then it replaces nothing either."""
    return isinstance(result, FileResult) and not any(s.layout for s in result.sheets)


def _filing(result: FileResult | CanonicalFile) -> Filing:
    if isinstance(result, CanonicalFile):
        return Filing(result.file, result.table.name, frozenset(), None, "", canonical=True)
    towns = {r.township_id for s in result.sheets for r in s.rows if r.township_id} | {s.township_id for s in result.sheets if s.township_id}
    first = next((s for s in result.sheets if s.layout), None)
    return Filing(result.file, result.kind, frozenset(towns), first.preamble.year if first else None, first.preamble.period if first else "")


# -- tables ---------------------------------------------------------------------------------------


def _tables(
    got: _Import, ledgers: list[FileResult], earlier: Earlier, registry: Registry, derived: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], dict[str, Counter[str]]]:
    """Tables of the store, and how many rows every new file gave to each."""
    domains = dict(zip(registry.organisations["org_id"], registry.organisations["domain"])) if registry.organisations is not None else {}
    counts: dict[str, Counter[str]] = {r.file: Counter() for r in got.results}
    parts: dict[str, list[pd.DataFrame]] = {n: [f] for n, f in earlier.tables.items()}
    for canonical in got.canonical:
        parts.setdefault(canonical.table.name, []).append(canonical.frame)
        counts[canonical.file][canonical.table.name] += len(canonical.frame)
    taken = {n: _keys(n, frames) for n, frames in parts.items()}
    made: dict[str, list[dict[str, Any]]] = {}
    ids: Counter[str] = Counter()
    for result in ledgers:
        for sheet in result.sheets:
            if sheet.layout is not None and sheet.layout.kind.table:
                made.setdefault(sheet.layout.kind.table, [])
            for table, entry, row in rows_of(result, sheet, domains, ids):
                key = tuple(entry.get(k) for k in TABLES[table].key)
                if key in taken.setdefault(table, set()):
                    row.reject("key_conflict", "同一对象已有另一条记录，内容不同，没有采用；请核对哪一条对")
                    continue
                taken[table].add(key)
                made[table].append(entry)
                counts[result.file][table] += 1
    for table, records in made.items():
        parts.setdefault(table, []).append(frame(table, records))
    for table, listed in derived.items():
        parts.setdefault(table, [])
        parts[table] = [*parts[table], listed[~listed[TABLES[table].key[0]].isin(pd.concat([f[TABLES[table].key[0]] for f in parts[table]] or [pd.Series([], dtype="str")]))]]
    return {n: _joined(n, frames) for n, frames in parts.items()}, counts


def _keys(table: str, frames: list[pd.DataFrame]) -> set[tuple[Any, ...]]:
    keys: set[tuple[Any, ...]] = set()
    for part in frames:
        columns = [part[k].dt.date if str(part[k].dtype).startswith("datetime") else part[k] for k in TABLES[table].key]
        keys.update(zip(*(c.tolist() for c in columns)))
    return keys


def _joined(table: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """One frame in a stable order; of rows with one key the earlier part's stays."""
    filled = [f for f in frames if len(f)]
    if not filled:
        return frames[0] if frames else frame(table, [])
    return pd.concat(filled, ignore_index=True).drop_duplicates(TABLES[table].key, ignore_index=True)


def _findings(got: _Import) -> list[Finding]:
    found: list[Finding] = []
    for result in got.results:
        found += result.findings if isinstance(result, CanonicalFile) else explain(result)
    return with_ids(found)


def _earlier_cutoff(earlier: Earlier) -> dt.date | None:
    text = str(earlier.meta.get("as_of") or "")
    return dt.date.fromisoformat(text) if text else None


def _latest_report(ledgers: Iterable[FileResult]) -> dt.date | None:
    return max((s.preamble.reported_on for r in ledgers for s in r.sheets if s.preamble.reported_on), default=None)


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
        old = {n: [ln for ln in many if ln[2 if n == "findings.csv" else 0] not in kept] for n, many in self.earlier.lines.items()}
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
            "rows": dict(self.counts[result.file]),
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
        severities = Counter(f.severity for f in self.findings)
        verdicts = Counter(f[3] for f in files)
        used = sum(n for v, n in verdicts.items() if v != "reject")
        status = Exit.REFUSED if not used else Exit.ATTENTION if severities["block"] or severities["confirm"] else Exit.DONE
        folder = self.store / "import"
        paths = {"store": self.store, "files": folder / "files.csv", "findings": folder / "findings.csv", "marked": folder / "marked"}
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
    return PbError(Code.INPUT_REFUSED, "没有乡镇名册，无法核对台账属于哪个乡镇", where="--units", fix="请用 --units 指定 units.json，或把 townships.csv 一并导入")
