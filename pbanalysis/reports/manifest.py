"""``manifest.json``: what is done. "Done" is an entry with hashes, not the existence of a file.

Every finished report is first one line in the journal, flushed to the disk; the manifest is rewritten
from time to time (writing it all after each of thousands of reports would cost more than the reports)
and at the end. A run that was killed is read back from both.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pbanalysis.reports.files import output_failed, read_json, sha256, write_whole

__all__ = [
    "COUNTY_FILES",
    "VERSION",
    "Entry",
    "Manifest",
    "county_files",
    "read_manifest",
    "seal",
    "statement_digest",
]

VERSION = 1
COUNTY_FILES = ("index.html", "results.csv")
State = Literal["built", "unchanged", "failed"]
_SHARE_OF_TIME = 20  # the manifest is rewritten when this many times its writing time has passed


@dataclass(frozen=True)
class Entry:
    """One report: its inputs' hashes, its files' hashes, and why it was or was not built.

    ``theme`` is study, development or rectification; ``document`` for a township's attachment;
    ``overview`` and ``document`` for the county. ``remarks`` say what a person should look at in it.
    """

    township_id: str
    theme: str
    state: State
    inputs: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    files: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, str] | None = None
    why: tuple[Mapping[str, Any], ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """``(township_id, theme)``."""
        return self.township_id, self.theme

    def to_dict(self) -> dict[str, Any]:
        """As in the manifest."""
        return {**asdict(self), "why": [dict(reason) for reason in self.why]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Entry:
        """The inverse of :meth:`to_dict`."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, **{name: tuple(known.get(name, ())) for name in ("why", "remarks")}})

    def intact(self, out: Path) -> list[str]:
        """Files that are missing or were changed since."""
        return [name for name, digest in self.files.items() if sha256(out / name) != digest]


def statement_digest(statement: str) -> str:
    """What the manifest holds of a township's statement; empty where it made none."""
    return statement and hashlib.sha256(statement.encode("utf-8")).hexdigest()[:32]


def seal(content: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest (or a frame) with a checksum of itself, so that a digit changed in it is found too.

    >>> sealed = seal({"version": 1, "reports": []})
    >>> sealed["seal"] == seal({**sealed, "seal": "x"})["seal"]
    True
    """
    body = {key: value for key, value in content.items() if key != "seal"}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return {**body, "seal": hashlib.sha256(text.encode("utf-8")).hexdigest()}


def read_manifest(out: Path, work: Path) -> dict[tuple[str, str], Entry]:
    """Entries of ``out``, those of a killed run included; what cannot be read counts as not done."""
    entries: dict[tuple[str, str], Entry] = {}
    for data in (
        *(read_json(out / "manifest.json").get("reports") or ()),
        *_of_journal(work / "journal.jsonl"),
    ):
        try:
            entry = Entry.from_dict(data)
        except (TypeError, KeyError):  # no entry at all, or one that lacks a field
            continue
        entries[entry.key] = entry
    return entries


def county_files(out: Path) -> dict[str, str]:
    """The county's own files (contents page, results.csv) with their checksums, after a whole run."""
    files: dict[str, str] = read_json(out / "manifest.json").get("files") or {}
    return files


def _of_journal(path: Path) -> Iterable[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            data = json.loads(line)
        except ValueError:  # the line on which a run was killed
            continue
        if isinstance(data, dict):
            yield data


class Manifest:
    """The manifest of a running batch, its only writer."""

    def __init__(self, out: Path, work: Path, entries: Iterable[Entry]) -> None:
        self._out, self._work, self._journal = out, work, work / "journal.jsonl"
        self._entries = {entry.key: entry for entry in entries}
        self._files: Mapping[str, str] = {}
        self._next_write = 0.0
        self._write()
        self._journal.unlink(missing_ok=True)

    @property
    def entries(self) -> list[Entry]:
        """All entries, by township and theme."""
        return [self._entries[key] for key in sorted(self._entries)]

    def get(self, key: tuple[str, str]) -> Entry | None:
        """The entry of a report."""
        return self._entries.get(key)

    def add(self, entry: Entry) -> None:
        """Note a finished report: in the journal at once, in the manifest soon."""
        self._entries[entry.key] = entry
        try:
            with self._journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry.to_dict(), ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise output_failed(self._journal, error) from error
        if time.monotonic() >= self._next_write:
            self._write()

    def keep(self, entries: Iterable[Entry]) -> None:
        """Note reports that need no work, all at once."""
        for entry in entries:
            self._entries[entry.key] = replace(entry, state="unchanged", why=())

    def close(self, files: Mapping[str, str] | None = None) -> None:
        """Write the manifest; the journal is then no longer needed.

        ``files`` are the county's own with their checksums, once they are written: they tell a whole run.
        """
        self._files = files or {}
        self._write()
        self._journal.unlink(missing_ok=True)

    def _write(self) -> None:
        started = time.monotonic()
        reports = [entry.to_dict() for entry in self.entries]
        content = seal({"version": VERSION, "reports": reports, "files": dict(self._files)})
        text = json.dumps(content, ensure_ascii=False, indent=1)
        write_whole(self._out / "manifest.json", text.encode("utf-8"), aside=self._work)
        ended = time.monotonic()
        self._next_write = ended + _SHARE_OF_TIME * (ended - started)
