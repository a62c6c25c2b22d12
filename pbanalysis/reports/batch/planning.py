"""What a run has to do: every report with its inputs now, and whether it still stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pbanalysis import __version__
from pbanalysis.calendar import Period
from pbanalysis.reports.batch.incremental import Reason, document_inputs, key_of, reasons, report_inputs
from pbanalysis.reports.batch.row_ledger import changed_rows
from pbanalysis.reports.batch.slices import Filings
from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.digests import COUNTYWIDE, ResultDigests, Rows, frame_digest, read_digests, rows_of
from pbanalysis.reports.files import POINTER, sha256
from pbanalysis.reports.manifest import Entry
from pbanalysis.reports.versions import code_digest, libraries
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES
from pbanalysis.terms import OVERVIEW

if TYPE_CHECKING:
    from pbanalysis.themes.reads import Reads, Whose

__all__ = ["DOCUMENT", "Planned", "Situation", "Unit"]

DOCUMENT = "document"


@dataclass(frozen=True)
class Planned:
    """One report of the run: its inputs and, when it must be made, the reasons."""

    unit: str
    name: str
    theme: str
    folder: str
    stem: str
    inputs: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """``(township_id, theme)``."""
        return self.unit, self.theme

    @property
    def only_set_anew(self) -> bool:
        """What it says stands, as it was executed: how its page is set does not."""
        return {reason.code for reason in self.reasons} == {"page"}


@dataclass(frozen=True)
class Unit:
    """A township's reports of this run and its attachment; ``notebooks`` are what the attachment is made of."""

    id: str
    name: str
    reports: tuple[Planned, ...]
    document: Planned | None
    notebooks: Mapping[str, str]

    @property
    def planned(self) -> tuple[Planned, ...]:
        """Reports, then the attachment."""
        return (*self.reports, *([self.document] if self.document else []))

    @property
    def to_make(self) -> int:
        """How many of them must be made."""
        return sum(bool(planned.reasons) for planned in self.planned)


@dataclass(frozen=True, eq=False)
class Situation:
    """Everything a run knows before its first report: data, results, tools, and what was done before."""

    county: County
    period: Period
    results: pd.DataFrame
    before: pd.DataFrame | None  # results of the run before
    tools: Tools
    out: Path
    work: Path
    known: Mapping[tuple[str, str], Entry]
    formats: Sequence[str]
    force: bool
    setting: Mapping[str, Any] = field(default_factory=dict)  # of the attachments: status, numbering
    statements: Mapping[str, str] = field(default_factory=dict)  # of the townships, by code

    @cached_property
    def rows(self) -> Rows:
        """Digests of every township's rows."""
        return rows_of(self.county)

    @cached_property
    def package(self) -> str:
        """Version and digest of the package."""
        return f"{__version__}+{code_digest()}"

    @property
    def status(self) -> str:
        """Whether the reports are drafts (``draft``), under check or final: said on every page."""
        return str(self.setting.get("status", "draft"))

    @property
    def libraries(self) -> Mapping[str, str]:
        """Versions of the libraries."""
        return libraries()

    def folder(self, unit: str, name: str) -> str:
        """Folder of a unit's files."""
        return "county" if unit == self.county.code else f"{unit}_{name}"

    def unit(self, unit: str, name: str, themes: Sequence[str]) -> Unit:
        """A unit's part of the run.

        Its attachment holds the themes asked for, and the others as far as they still stand.
        """
        every = [OVERVIEW] if unit == self.county.code else list(self.tools.stems)
        reports = [self._report(unit, name, theme, asked=theme in themes) for theme in every]
        asked = tuple(report for report in reports if report.theme in themes)
        inside = [r for r in reports if r.theme in themes or not r.reasons or r.only_set_anew]
        document = self._document(unit, name, {r.theme: r.inputs["key"] for r in inside})
        return Unit(unit, name, asked, document, {r.theme: f"{r.folder}/{r.stem}.ipynb" for r in inside})

    def _report(self, unit: str, name: str, theme: str, *, asked: bool) -> Planned:
        """A report with its inputs now, and the reasons to make it."""
        stem = "overview" if theme == OVERVIEW else self.tools.stems[theme]
        inputs = report_inputs(
            template=self._templates[theme],
            parameters=self.shown(unit),
            page={"status": self.status},
            county=f"{self.county.code} {self.county.name}",
            unit=name,
            rows=self._row_digests(unit, theme),
            read=self._read_digest(unit, theme),
            filings=self._filings(unit, theme),
            results=self._printed.of(unit, self._reads(theme).results),
            rules=self._rules,
            package=self.package,
            libraries=self.libraries,
        )
        folder = self.folder(unit, name)
        wanted = [f"{folder}/{stem}.{suffix}" for suffix in ("ipynb", *self.tools.pages)]
        why = reasons(
            self.known.get((unit, theme)),
            inputs,
            wanted=wanted,
            out=self.out,
            force=self.force and asked,
            changed_rows=lambda tables: self._changed_rows(unit, tables),
            changed_results=lambda: self._changed_results(unit, theme),
        )
        return Planned(unit, name, theme, folder, stem, inputs, why)

    def _document(self, unit: str, name: str, reports: Mapping[str, str]) -> Planned:
        """A unit's attachment, made of the reports of these themes and keys."""
        folder = self.folder(unit, name)
        inputs = document_inputs(
            reports=reports,
            package=self.package,
            libraries=self.libraries,
            setting={**self.setting, "status": self.status},
            statement=self.statements.get(unit, ""),
        )
        why = reasons(
            self.known.get((unit, DOCUMENT)),
            inputs,
            wanted=[f"{folder}/{file}" for file in self.document_files()],
            out=self.out,
            force=self.force,
            changed_rows=lambda tables: [],
            changed_results=list,
        )
        return Planned(unit, name, DOCUMENT, folder, "report", inputs, why)

    def document_files(self) -> list[str]:
        """Names of an attachment's files in the formats asked for."""
        return [*(f"report.{f}" for f in self.formats if f in self.tools.documents), "facts.json"]

    def shown(self, unit: str) -> dict[str, str]:
        """Parameters that say what a report is about."""
        shown = {"period": self.period.label, "as_of": self.county.as_of.isoformat()}
        return shown if unit == self.county.code else {"township_id": unit, **shown}

    def shown_paths(self) -> dict[str, str]:
        """Where an executed notebook, opened where it lies, finds its data: the same words in every OUT."""
        return {"store": f"../{self.work.name}/{POINTER}", "results": f"../{self.work.name}/results.parquet"}

    @cached_property
    def _templates(self) -> dict[str, str]:
        stems = {**self.tools.stems, **({OVERVIEW: self.tools.overview} if self.tools.overview else {})}
        return {theme: sha256(self.tools.template(stem))[:16] for theme, stem in stems.items()}

    @cached_property
    def _rules(self) -> str:
        return ",".join(sorted(set(self.results["rule_version"].dropna().astype(str))))

    def _reads(self, theme: str) -> Reads:
        """What the report of a theme reads; with what its template names."""
        return self._read[theme]

    @cached_property
    def _read(self) -> dict[str, Reads]:
        named: dict[str, Reads] = {}
        for theme in self._templates:
            whose: Whose = "all" if theme == OVERVIEW else "own"
            named[theme] = self.tools.reads(theme).and_named(self._code(theme), whose)
        return named

    def _code(self, theme: str) -> str:
        """Code of a theme's template."""
        stem = self.tools.overview if theme == OVERVIEW else self.tools.stems[theme]
        cells = json.loads(self.tools.template(str(stem)).read_text(encoding="utf-8"))["cells"]
        return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")

    def _owners(self, unit: str) -> tuple[str, ...]:
        """Whose rows a report reads: its unit's own, those of all, and those under the county's code."""
        return (COUNTYWIDE, self.county.code, unit) if unit != self.county.code else tuple(self.rows)

    def _row_digests(self, unit: str, theme: str) -> dict[str, str]:
        """Digests of whole rows by table, so that it can be told what changed."""
        found: dict[str, str] = {}
        for owner in dict.fromkeys(self._owners(unit)):
            for name, rows in self.rows.get(owner, {}).items():
                found[name] = found.get(name, "") + rows.digest
        tables = self._reads(theme).rows
        return {name: key_of({name: found[name]}) for name in sorted(found) if name in tables}

    @cached_property
    def _columns(self) -> dict[str, dict[str, dict[str, str]]]:
        return {
            theme: read_digests(self.county, self.rows, reads, self.period)
            for theme, reads in self._read.items()
        }

    def _read_digest(self, unit: str, theme: str) -> str:
        """Digest of the columns a report reads of its rows."""
        owners = dict.fromkeys(self._owners(unit))
        columns = self._columns[theme]
        own = {
            name: {owner: digests[owner] for owner in owners if owner in digests}
            for name, digests in columns.items()
        }
        return key_of(own)

    @cached_property
    def filings(self) -> Filings | None:
        """The import record, by township."""
        return Filings.read(self.county)

    def _filings(self, unit: str, theme: str) -> str:
        """Digest of the files that the report of a theme names."""
        if self.filings is None:
            return ""
        own = self.filings.record if unit == self.county.code else self.filings.of(unit)
        return frame_digest(own[own["file"].isin(self._files[theme])])

    @cached_property
    def _files(self) -> Mapping[str, frozenset[str]]:
        """Files that each theme's reports name: of its kinds, or with rows in its tables."""
        assert self.filings is not None
        record = self.filings.record
        return {
            theme: frozenset(record["file"][record["kind"].map(read.names_kind)]).union(
                *(files for name, files in self._sources.items() if read.names_table(name))
            )
            for theme, read in self._read.items()
        }

    @cached_property
    def _sources(self) -> Mapping[str, frozenset[str]]:
        """Files that rows of each table were taken from."""
        frames = {name: self.county.frame(name) for name in TABLES}
        return {
            name: frozenset(frame["source_file"].dropna().unique())
            for name, frame in frames.items()
            if frame is not None
        }

    @cached_property
    def _printed(self) -> ResultDigests:
        return ResultDigests(self.results, self.county.code, self.period.label)

    def _changed_rows(self, unit: str, tables: Sequence[str]) -> list[Mapping[str, Any]]:
        """Rows of these tables that changed, those of a county by township."""
        shared = [t for t in tables if t in self.rows.get(COUNTYWIDE, {})]
        own = [t for t in tables if t not in shared]
        names = self._townships if unit == self.county.code else {}
        return [
            *(
                {"township": names[owner], **row} if owner in names else row
                for owner in names or (unit,)
                for row in changed_rows(self.ledger(owner), self.county, self.rows.get(owner, {}), own)
            ),
            *changed_rows(self.ledger(COUNTYWIDE), self.county, self.rows.get(COUNTYWIDE, {}), shared),
        ]

    @cached_property
    def _townships(self) -> dict[str, str]:
        """Names of the townships by code."""
        towns = self.county.townships
        return dict(zip(towns["township_id"], towns["name"]))

    def ledger(self, unit: str) -> Path:
        """File of the row digests of a township, or of what belongs to all."""
        return self.work / "rows" / f"{unit or 'all'}.parquet"

    def _changed_results(self, unit: str, theme: str) -> list[str]:
        if self.before is None:
            return []
        names = self._townships
        before = ResultDigests(self.before, self.county.code, self.period.label)
        parts = self._reads(theme).results
        was, now = before.named(unit, parts), self._printed.named(unit, parts)
        changed = now[now.ne(was.reindex(now.index))].index.append(was.index.difference(now.index))
        return list(dict.fromkeys(f"{i}（{names.get(u, '全县')}）" for i, u, _ in changed))
