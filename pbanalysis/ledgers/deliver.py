"""Writing: the store, its record and the marked copies, in one swap."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.errors import Exit
from pbanalysis.ledgers import record
from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.findings import Finding
from pbanalysis.ledgers.grid import column_letters
from pbanalysis.ledgers.keep import Earlier, Filing
from pbanalysis.ledgers.marked import marked_name, write_marked
from pbanalysis.ledgers.result import FileResult
from pbanalysis.ledgers.safe_csv import write_rows
from pbanalysis.ledgers.summary import FileSummary, ImportSummary
from pbanalysis.ledgers.units import Registry
from pbanalysis.privacy.pseudonyms import mask
from pbanalysis.store.write import write_store

__all__ = ["Delivery"]

Lines = list[Sequence[str]]

# file of the record -> column that holds the file's name
_FILE_COLUMN = {"files.csv": 0, "rows.csv": 0, "cells.csv": 0, "findings.csv": 2, "mapping.csv": 0}
MAPPING = ("file", "sheet", "township_id", "kind", "column", "header", "field", "how")
FILINGS = ("kind", "township_id", "state", "file")


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
        files: Lines = [record.file_line(r, by_file.get(r.file, [])) for r in self.results]
        lines: Lines = [record.finding_line(f) for f in self.findings]
        # the two long ones are made while they are written: a big ledger is never held as text
        new: dict[str, tuple[Sequence[str], Iterable[Sequence[str]]]] = {
            "files.csv": (record.FILES, files),
            "rows.csv": (record.ROWS, (line for r in self.results for line in record.row_lines(r))),
            "cells.csv": (record.CELLS, (line for r in self.results for line in record.cell_lines(r))),
            "findings.csv": (record.FINDINGS, lines),
            "mapping.csv": (
                MAPPING,
                [line for r in self.results if isinstance(r, FileResult) for line in _mapping(r)],
            ),
        }
        sources = self._sources(key_id)
        filed, not_filed = self._filed(sources)
        changed = self._changed(lines)

        def write_record(folder: Path) -> None:
            target = folder / "import"
            target.mkdir()
            for name, (header, fresh) in new.items():
                write_rows(target / name, header, chain(self._kept(name), fresh))
            write_rows(target / "filings.csv", FILINGS, filed)
            if self.earlier.folder is not None:
                write_rows(target / "resubmission.csv", ("state", *record.FINDINGS), changed)
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
        read = {r.file for r in self.results if not (isinstance(r, FileResult) and r.refused)}
        return [line for line in self.earlier.lines.get(name, []) if line[_FILE_COLUMN[name]] not in read]

    def _sources(self, key_id: str) -> dict[str, Any]:
        sources: dict[str, Any] = dict(self.earlier.sources)
        for result in self.results:
            refused = isinstance(result, FileResult) and result.refused
            if refused and result.file in sources:
                continue  # the earlier filing of that name still stands
            filing = self.filings[result.file]
            state = (
                "canonical"
                if isinstance(result, CanonicalFile)
                else "reject"
                if refused
                else result.code or "filed"
            )
            sources[result.file] = {
                "sha256": result.sha256,
                "rows": dict(self.counts.get(result.file, {})),
                "kind": filing.kind,
                "townships": sorted(filing.townships),
                "year": filing.year,
                "period": filing.period,
                "canonical": filing.canonical,
                "state": state,
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
        lines: Lines = []
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


def _mapping(result: FileResult) -> Lines:
    """How every column was read: shown, and kept with the store."""
    lines: Lines = []
    for sheet in result.sheets:
        for c in sheet.layout.columns.values() if sheet.layout else ():
            how = c.doubt or ("synonym" if c.field else "unknown")
            head = (result.file, sheet.sheet.name, sheet.township_id, result.kind)
            lines.append((*head, column_letters(c.index), mask(c.header, sheet.names), c.field or "", how))
    return lines
