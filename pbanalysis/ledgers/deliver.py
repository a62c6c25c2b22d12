"""Writing: the store, its record and the marked copies, in one swap; and what an import tells its caller."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.errors import Exit
from pbanalysis.ledgers import record
from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.keep import RECORD_FILES, Earlier, Filing
from pbanalysis.ledgers.marked import marked_name, write_marked
from pbanalysis.ledgers.result import SEVERITIES, FileResult, Finding
from pbanalysis.ledgers.units import Registry
from pbanalysis.store.write import write_store
from pbanalysis.terms import LEDGER_KINDS

__all__ = ["Delivery", "FileSummary", "ImportSummary"]


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
    not_filed
        Names of the townships that filed nothing of a ledger kind that others filed, by kind.
    table_rows
        Rows of every table of the store.
    paths
        ``store``, ``files``, ``findings``, ``marked``, ``mapping`` and, on a resubmission, ``resubmission``.
    exit_status
        0 nothing to do · 1 something needs attention · 3 nothing could be used.
    """

    files: tuple[FileSummary, ...]
    verdicts: Mapping[str, int]
    severities: Mapping[str, int]
    changes: Mapping[str, int]
    replaced: tuple[str, ...]
    not_filed: Mapping[str, tuple[str, ...]]
    table_rows: Mapping[str, int]
    paths: Mapping[str, Path]
    exit_status: Exit

    def lines(self) -> list[str]:
        """The summary for people, in Chinese."""
        used = [f for f in self.files if f.verdict != "reject"]
        accepted, rejected, duplicate = (
            sum(getattr(f, n) for f in used) for n in ("rows_accepted", "rows_rejected", "rows_duplicate")
        )
        lines = [
            f"读取 {len(self.files)} 个文件：采用 {len(used)} 个，退回 {len(self.files) - len(used)} 个",
            f"收到 {accepted + rejected + duplicate} 行 = 采用 {accepted} + 退回 {rejected} + 重复 {duplicate}",
        ]
        lines += [f"　退回：{f.file}：{f.message}" for f in self.files if f.verdict == "reject"]
        lines += [f"　{f.file}：{f.message}" for f in used if f.message]
        lines += [
            f"没有报送{LEDGER_KINDS[kind]}台账：{'、'.join(towns)}" for kind, towns in self.not_filed.items()
        ]
        if self.replaced:
            lines.append(f"替换了以前报送的 {len(self.replaced)} 个文件：{'、'.join(self.replaced)}")
        if self.changes:
            c = self.changes
            lines.append(
                f"与上次相比：已改正 {c.get('fixed', 0)}，仍未改正 {c.get('still_open', 0)}，新发现 {c.get('new', 0)}"
            )
        if self.severities:
            said = "，".join(
                f"{word} {self.severities[s]} 处" for s, word in SEVERITIES.items() if self.severities.get(s)
            )
            lines.append(
                f"核对结果：{said}。清单：{self.paths['findings']}；标注副本：{self.paths['marked']}"
            )
        lines.append(
            f"数据仓：{self.paths['store']}（{len(self.table_rows)} 张表，{sum(self.table_rows.values())} 行）"
        )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """The summary for programs."""
        return asdict(self) | {
            "files": [vars(f) for f in self.files],
            "replaced": list(self.replaced),
            "not_filed": {k: list(v) for k, v in self.not_filed.items()},
            "paths": {k: str(v) for k, v in self.paths.items()},
            "exit_status": int(self.exit_status),
        }


Lines = Sequence[Sequence[str]]


@dataclass
class Delivery:
    """Everything concluded, ready to be written."""

    store: Path
    earlier: Earlier
    results: Sequence[FileResult | CanonicalFile]
    findings: Sequence[Finding]
    filings: Mapping[str, Filing]
    tables: dict[str, pd.DataFrame]
    counts: Mapping[str, Counter[str]]
    replaced: Sequence[str]
    registry: Registry

    def write(self, county: Mapping[str, str], cutoff: dt.date, key_id: str) -> ImportSummary:
        """Write the store and say what was done; when the accounting fails the old store stays as it is."""
        by_file: dict[str, list[Finding]] = {}
        for finding in self.findings:
            by_file.setdefault(finding.file, []).append(finding)
        files = [record.file_line(r, by_file.get(r.file, [])) for r in self.results]
        lines = [record.finding_line(f) for f in self.findings]
        # the long ones are made while they are written: a big ledger is never held as text
        new: dict[str, Iterable[record.Line]] = {
            "files.csv": files,
            "rows.csv": chain.from_iterable(map(record.row_lines, self.results)),
            "cells.csv": chain.from_iterable(map(record.cell_lines, self.results)),
            "findings.csv": lines,
            "mapping.csv": chain.from_iterable(map(record.mapping_lines, self.results)),
        }
        sources = self._sources(key_id)
        filed, not_filed = self._filed(sources)
        changed = self._changed(lines)

        def write_record(folder: Path) -> None:
            target = folder / "import"
            target.mkdir()
            for name, fresh in new.items():
                record.write_rows(target / name, record.HEADERS[name], chain(self._kept(name), fresh))
            record.write_rows(target / "filings.csv", record.HEADERS["filings.csv"], filed)
            if self.earlier.folder is not None:
                header = ("state", *record.HEADERS["findings.csv"])
                record.write_rows(target / "resubmission.csv", header, changed)
            self._marked(target / "marked", by_file)

        write_store(
            self.store,
            self.tables,
            county=county,
            as_of=cutoff.isoformat(),
            sources=sources,
            record=write_record,
        )
        return self._summary(files, changed, not_filed)

    def _kept(self, name: str) -> Lines:
        """Lines of earlier files that stay: those of a file read again now go, unless it was refused."""
        read = {r.file for r in self.results if not r.refused}
        return [line for line in self.earlier.lines.get(name, []) if line[RECORD_FILES[name]] not in read]

    def _sources(self, key_id: str) -> dict[str, Any]:
        sources: dict[str, Any] = dict(self.earlier.sources)
        for result in self.results:
            if result.refused and result.file in sources:
                continue  # the earlier filing of that name still stands
            filing = self.filings[result.file]
            state = "canonical" if filing.canonical else "reject" if result.refused else result.code
            sources[result.file] = {
                "sha256": result.sha256,
                "rows": dict(self.counts.get(result.file, {})),
                "kind": filing.kind,
                "townships": sorted(filing.townships),
                "year": filing.year,
                "period": filing.period,
                "canonical": filing.canonical,
                "state": state or "filed",
                "key_id": key_id,
            }
        return sources

    def _filed(self, sources: Mapping[str, Any]) -> tuple[Lines, dict[str, tuple[str, ...]]]:
        """State of every township and ledger kind: filed, nil_report, empty_submission, or not_filed.

        Not filing is said only of kinds that at least half of the townships filed.
        """
        states: dict[tuple[str, str], tuple[str, str]] = {}
        for file, source in sources.items():
            for town in source["townships"]:
                if not source["canonical"] and source["state"] != "reject":
                    states.setdefault((source["kind"], town), (source["state"], file))
        towns = [t.code for t in self.registry.townships]
        lines: list[record.Line] = []
        missing: dict[str, tuple[str, ...]] = {}
        for kind in sorted({k for k, _ in states}):
            absent = [t for t in towns if (kind, t) not in states]
            lines += [(kind, t, *states[kind, t]) for t in towns if (kind, t) in states]
            if 2 * len(absent) <= len(towns):
                lines += [(kind, t, "not_filed", "") for t in absent]
                missing |= {kind: tuple(self.registry.by_code[t].name for t in absent)} if absent else {}
        return lines, missing

    def _changed(self, lines: Lines) -> Lines:
        """Findings of what was replaced against the new ones: fixed, still open, new."""
        if self.earlier.folder is None:
            return []
        before = {line[0]: line for line in self.earlier.withdrawn}
        now = {line[0] for line in lines}
        fixed = [("fixed", *line) for i, line in before.items() if i not in now]
        return [*fixed, *(("still_open" if line[0] in before else "new", *line) for line in lines)]

    def _marked(self, folder: Path, by_file: Mapping[str, list[Finding]]) -> None:
        folder.mkdir()
        townships = {t.code: t.name for t in self.registry.townships}
        if self.earlier.folder is not None:
            for file in self.earlier.sources:
                copy = self.earlier.folder / "import" / "marked" / marked_name(file)
                if copy.exists():
                    (folder / marked_name(file)).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(copy, folder / marked_name(file))
        for result in self.results:
            if isinstance(result, FileResult) and result.sheets and by_file.get(result.file):
                write_marked(result, by_file[result.file], folder / marked_name(result.file), townships)

    def _summary(
        self, files: Lines, changed: Lines, not_filed: Mapping[str, tuple[str, ...]]
    ) -> ImportSummary:
        severities: Counter[str] = Counter(f.severity for f in self.findings)
        verdicts = Counter(f[3] for f in files)
        nothing = verdicts["reject"] == len(files)
        doubts = severities["block"] + severities["confirm"]
        folder = self.store / "import"
        paths = {"store": self.store, "marked": folder / "marked"}
        paths |= {name: folder / f"{name}.csv" for name in ("files", "findings", "mapping", "filings")}
        if self.earlier.folder is not None:
            paths["resubmission"] = folder / "resubmission.csv"
        return ImportSummary(
            tuple(FileSummary(f[0], f[2], f[3], f[4], f[5], *map(int, f[6:9])) for f in files),
            dict(verdicts),
            dict(severities),
            dict(Counter(c[0] for c in changed)),
            tuple(self.replaced),
            not_filed,
            {n: len(t) for n, t in self.tables.items()},
            paths,
            Exit.REFUSED if nothing else Exit.ATTENTION if doubts else Exit.DONE,
        )
