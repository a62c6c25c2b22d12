"""What a report rests on: source files with their hashes, and what became of their rows."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pbanalysis.store.schema import TABLES
from pbanalysis.themes.reads import SHOWN, reads
from pbanalysis.themes.report import Report

__all__ = ["Filing", "filings", "of_persons", "row_counts"]


@dataclass(frozen=True)
class Filing:
    """One source file as the import record has it."""

    name: str
    kind: str
    sha256: str
    accepted: int
    rejected: int
    duplicate: int

    @property
    def key(self) -> str:
        """The file in the ids of its facts: the same in every report that names it."""
        return hashlib.sha256(self.name.encode("utf-8")).hexdigest()[:8]

    @property
    def received(self) -> int:
        return self.accepted + self.rejected + self.duplicate


def filings(report: Report) -> list[Filing]:
    """The files that the report's theme rests on: of a township's own folder, and those the county keeps.

    A file belongs to a theme by its kind, and by the rows that were taken from it.
    """
    path = report.county.folder / "import" / "files.csv"
    if not path.exists():
        return []
    others = {str(name) for name in report.county.townships["name"]} - {report.unit_name}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if report.township is None or not _is_of(row["file"], others)
        ]
    named, used = reads(report.theme).names_kind, _files_used(report)
    return [_filing(row) for row in rows if named(row["kind"]) or row["file"] in used]


def _files_used(report: Report) -> set[str]:
    """Files that rows of the theme's tables were taken from."""
    source, read = report.township or report.county, reads(report.theme)
    frames = (source.frame(name) for name in TABLES if read.names_table(name))
    return {str(file) for frame in frames if frame is not None for file in frame["source_file"].unique()}


def _filing(row: Mapping[str, str]) -> Filing:
    return Filing(
        row["file"],
        row["kind"],
        row["sha256"],
        *(int(row[f"rows_{part}"] or 0) for part in ("accepted", "rejected", "duplicate")),
    )


def _is_of(file: str, townships: set[str]) -> bool:
    return any(part in townships for part in PurePosixPath(file).parts[:-1])


def of_persons(table: str) -> bool:
    """Whether a row stands for a person or a few: how many there are is then not said beside its name."""
    keys = {column.name for column in TABLES[table].columns} & {"case_id", "person_key"}
    return bool(keys) or table == "admission_profiles"


def row_counts(report: Report) -> dict[str, int | None]:
    """Rows of the unit in each table the theme reads; None where the table was not collected."""
    counted = (name for i in report.indicators for name in i.source_tables)
    tables = dict.fromkeys((*counted, *SHOWN.get(report.theme, ())))
    source = report.township or report.county
    frames = {name: source.frame(name) for name in tables}
    return {name: None if frame is None else len(frame) for name, frame in frames.items()}
