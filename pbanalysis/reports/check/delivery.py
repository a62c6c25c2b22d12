"""Delivered files and their manifest: a folder that ``report`` wrote, or a package that ``pack`` made.

Everything is known by the name ``report`` gives it; a package has other names on the disk, and its manifest
says which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.files import WORK, read_json, sha256
from pbanalysis.reports.manifest import Entry, seal

__all__ = ["CHECKSUMS", "GUIDE", "MANIFEST", "Delivery"]

MANIFEST, CHECKSUMS, GUIDE = "manifest.json", "校验码.txt", "说明.txt"
_TABLES = ("parameters", "page", "reports", "setting", "libraries", "rows")
_NOT_OURS = {WORK, ".ipynb_checkpoints"}
_LITTER = ("~$", ".~", "._", ".DS_Store", "Thumbs.db", "desktop.ini")  # left by editors and file managers


class Delivery:
    """A folder of delivered files.

    Parameters
    ----------
    folder
        Where the manifest lies.

    Raises
    ------
    PbError
        The manifest cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.manifest = folder, read_json(folder / MANIFEST)
        try:
            self._entries = tuple(map(Entry.from_dict, self.manifest["reports"]))
            self._checksums = dict(self.manifest.get("files") or {})
            for entry in self._entries:
                self._checksums |= entry.files
            given = dict(self.manifest.get("names") or {})
            texts = [*self._checksums, *self._checksums.values(), *given, *given.values()]
            inputs = all(isinstance(entry.inputs, dict) for entry in self._entries)
            whole = inputs and all(isinstance(text, str) for text in texts)
        except (TypeError, ValueError, KeyError, AttributeError):
            whole = False
        if not whole:
            raise PbError(
                Code.INPUT_REFUSED,
                "manifest.json（清单）已损坏，无从核对",
                where=folder.name,
                fix="请取得未改动的清单，放回原处后再核对",
            )

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name that ``report`` gives, by the path in the folder."""
        given: Mapping[str, str] = self.manifest.get("names") or {}
        return {path: given.get(path, path) for path in self._checksums}

    @cached_property
    def listed(self) -> Mapping[str, str]:
        """Checksums by the names that ``report`` gives."""
        return {self.names[path]: digest for path, digest in self._checksums.items()}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The manifest's entries, their files by the names that ``report`` gives.

        An input that should be a table and is none is taken as empty; the inputs' key then does not fit.
        """
        names = self.names
        return tuple(
            replace(
                e,
                files={names[path]: digest for path, digest in e.files.items()},
                inputs={
                    key: {} if key in _TABLES and not isinstance(value, dict) else value
                    for key, value in e.inputs.items()
                },
            )
            for e in self._entries
        )

    def entries_of(self, folder: str) -> Mapping[str, Entry]:
        """The entries by theme whose files lie in a folder."""
        return {e.theme: e for e in self.entries if any(name.startswith(f"{folder}/") for name in e.files)}

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {name: path for path, name in self.names.items()}

    @property
    def packed(self) -> bool:
        """Whether this is a package."""
        return bool(self.manifest.get("names"))

    @property
    def sealed(self) -> bool:
        """Whether the manifest's checksum of itself is right."""
        return bool(seal(self.manifest) == self.manifest)

    def path(self, name: str) -> Path:
        """Where a file lies; a path that leads out of the folder is no path."""
        shown = self.shown(name)
        inside = not {"..", ""} & {*shown.split("/")} and not PureWindowsPath(shown).drive
        return self.folder / shown if inside else self.folder / MANIFEST / "-"

    def shown(self, name: str) -> str:
        """The path a person sees."""
        return self._paths.get(name, name)

    def intact(self, name: str) -> bool:
        """Whether a file has the checksum of the manifest."""
        return sha256(self.path(name)) == self.listed[name]

    def read(self, name: str) -> bytes:
        """The bytes of a file; none where it is not there."""
        try:
            return self.path(name).read_bytes()
        except OSError:
            return b""

    def text(self, name: str) -> str:
        """The text of a file; empty where it is not there or is no text."""
        try:
            return self.read(name).decode("utf-8")
        except ValueError:
            return ""

    def json(self, name: str) -> dict[str, Any]:
        """The object a file holds; empty where there is none."""
        return read_json(self.path(name))

    def folders(self) -> list[str]:
        """Folders of the townships and of the county, by the names that ``report`` gives."""
        return sorted({PurePosixPath(name).parent.as_posix() for name in self.listed if "/" in name})

    def alike(self, path: str) -> str:
        """The listed file that ``path`` is, or is a renamed copy of."""
        if path in self.names:
            return self.names[path]
        asked = PurePosixPath(path)
        near = [
            p
            for p in map(PurePosixPath, self.names)
            if (p.parent, p.suffix) == (asked.parent, asked.suffix.lower())
        ]
        near = [p for p in near if asked.stem.startswith(p.stem)] or near
        return self.names[near[0].as_posix()] if len(near) == 1 else path

    def extra(self, cards: Collection[str] = ()) -> Iterator[str]:
        """Files that are in no list, by their paths; ``cards`` are error cards, which are no delivered reports."""
        ours = {*self.names, *cards, MANIFEST, *((CHECKSUMS, GUIDE) if self.packed else ())}
        for path in sorted(self.folder.rglob("*")):
            parts = path.relative_to(self.folder).parts
            if not path.is_file() or _NOT_OURS & {*parts[:-1]}:
                continue
            name = "/".join(parts)
            if name not in ours and not path.name.startswith(_LITTER):
                yield name
