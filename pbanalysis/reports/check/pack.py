"""The package for the annual review: one zip for a USB stick, complete and checkable by itself.

Nothing leaves unscanned: a personal value, a user's name or a folder of this machine stops the package.
Dates are the cut-off's and names are flagged as UTF-8, so that the same reports give the same bytes and
Chinese names survive on Windows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pbanalysis.calendar import Period, as_date
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.privacy.scan import scan_bytes
from pbanalysis.reports.batch.tools import standard
from pbanalysis.reports.check.delivery import CHECKSUMS, GUIDE, MANIFEST, Delivery
from pbanalysis.reports.check.packing import checksums, guide, index_again, packed_name, title_of
from pbanalysis.reports.check.vouching import Vouching
from pbanalysis.reports.files import WORK, output_failed, pointed_at, read_json, sha256
from pbanalysis.reports.manifest import Entry, seal

__all__ = ["Packed", "pack"]


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished package, and the files in it whose text could not be read here and so was not scanned."""

    path: Path
    not_scanned: tuple[str, ...]

    def lines(self) -> list[str]:
        """What was packed, for a person."""
        left = [f"　未能检查：{name}（读不出文字）" for name in self.not_scanned]
        return [f"已打包：{self.path}", *left]


def pack(out: Path, target: Path | None = None, *, townships: Sequence[str] | None = None) -> list[Packed]:
    """Pack the county's reports, or those of some townships, each into a zip of its own.

    Parameters
    ----------
    out
        The folder that ``report`` wrote.
    target
        Folder for the zips; by default beside ``out``.
    townships
        Codes or names; without them one zip of the whole county.

    Raises
    ------
    PbError
        No finished report, an unknown township, a report that was changed since it was made; and
        ``PRIVACY_GATE`` when the scan finds something that belongs to a person or a machine.
    """
    source = _Source(Path(out).absolute())
    folder = Path(target).absolute() if target is not None else source.out.folder.parent
    folder.mkdir(parents=True, exist_ok=True)
    if not townships:
        return [_written(source, folder, source.out.entries, whole=True)]
    codes = dict.fromkeys(source.code(asked) for asked in townships)
    return [
        _written(source, folder, [e for e in source.out.entries if e.township_id == code], whole=False)
        for code in codes
    ]


class _Source:
    """A finished OUT."""

    def __init__(self, out: Path) -> None:
        if not any(entry.get("files") for entry in read_json(out / MANIFEST).get("reports") or ()):
            raise PbError(
                Code.INPUT_REFUSED,
                "这里没有做好的报告",
                where=out.name,
                fix="请先运行 pbanalysis report，再打包它的输出目录",
            )
        self.out = Delivery(out)
        self.vouching = Vouching(self.out, standard())
        self.period, self.as_of = Period.parse(self.vouching.frame[0]), self.vouching.frame[1]

    def code(self, asked: str) -> str:
        """The code of a township, given that or its name."""
        units = {e.township_id: str(e.inputs["unit"]) for e in self.out.entries if "unit" in e.inputs}
        for code, name in units.items():
            if asked in (code, name):
                return code
        raise PbError(
            Code.UNKNOWN_TOWNSHIP,
            "报告目录里没有这个乡镇的报告",
            where="--township",
            got=asked,
            fix=near_names(asked, units.values()),
        )

    def places(self) -> set[str]:
        """Where OUT, its store and the program lie on this machine, as a text may write them."""
        store = pointed_at(self.out.folder / WORK)
        lie = {self.out.folder, Path(sys.prefix), Path.home(), *([store] if store else [])}
        lie = {path for known in lie for path in (known, known.resolve()) if len(path.parts) > 2}
        return {text for path in lie for text in (str(path), path.as_posix(), json.dumps(str(path))[1:-1])}

    def files(self, entries: Iterable[Entry], *, whole: bool) -> dict[str, bytes]:
        """The files of the entries, each checked against its checksum; of a whole package the county's own and
        the error cards, to which its contents page leads."""
        listed = dict(self.out.manifest.get("files") or {}) if whole else {}
        for entry in entries:
            listed |= entry.files
        for name, digest in listed.items():
            if name in self.vouching.foreign or sha256(self.out.path(name)) != digest:
                raise PbError(
                    Code.INPUT_REFUSED,
                    "报告缺失、在生成之后被改动，或不是 pbanalysis 生成的",
                    where=name,
                    fix="请用 pbanalysis verify 核对，或用 pbanalysis report 重新生成后再打包",
                )
        cards = [name for name in sorted(self.vouching.cards) if whole and self.out.path(name).is_file()]
        return {name: self.out.read(name) for name in (*listed, *cards)}


def _written(source: _Source, folder: Path, entries: Sequence[Entry], *, whole: bool) -> Packed:
    """Scan what goes into a package, write it beside its place, and only then give it its name."""
    found = source.files(entries, whole=whole)
    title = title_of(entries, source.period, whole=whole)
    names = {packed_name(name, source.period): name for name in found}
    files = {path: found[name] for path, name in names.items()}
    paths = {name: path for path, name in names.items()}
    manifest: dict[str, Any] = {
        "version": 1,
        "title": title,
        "as_of": source.as_of,
        "whole": whole,
        "names": names,
    }
    manifest["reports"] = [_plain(entry, paths) for entry in entries]
    files["index.html"] = index_again(manifest, files.get("index.html"))
    reported = {path for entry in manifest["reports"] for path in entry["files"]}
    own = {path: _digest(data) for path, data in sorted(files.items()) if path not in reported}
    manifest = seal({**manifest, "names": {**names, "index.html": "index.html"}, "files": own})
    files[MANIFEST] = json.dumps(manifest, ensure_ascii=False, indent=1).encode("utf-8")
    files[GUIDE] = guide(title, source.as_of, found)
    files[CHECKSUMS] = checksums({path: _digest(data) for path, data in files.items()})
    original = {names.get(path, path): data for path, data in files.items()}
    not_scanned = _gate(original, (title, *names), source.places())
    part = folder / f".{title}.{os.getpid()}.part"
    try:
        _zip(part, title, files, as_date(source.as_of))
        os.replace(part, folder / f"{title}.zip")
    except OSError as error:
        raise output_failed(folder / f"{title}.zip", error) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return Packed(folder / f"{title}.zip", not_scanned)


def _gate(files: Mapping[str, bytes], paths: Iterable[str], places: Iterable[str]) -> tuple[str, ...]:
    """Stop on anything personal or of this machine, in names and contents; what cannot be scanned stays too.

    A PDF that cannot be read here says what the Word file beside it says, which is scanned: it may leave,
    and is named. ``files`` bear the names of the run, so that they are found there; ``paths`` are those of
    the package.
    """
    hits = [hit for path in paths for hit in scan_bytes(path.encode(), path)]
    hits += [
        hit
        for name, data in sorted(files.items())
        for hit in (*scan_bytes(name.encode(), name), *scan_bytes(data, name, forbidden=places))
    ]
    hits = [replace(hit, kind="home_path") if hit.kind == "forbidden" else hit for hit in hits]
    unread = tuple(h.place for h in hits if h.kind == "not_scanned" and h.place.lower().endswith(".pdf"))
    hits = [hit for hit in hits if hit.kind != "not_scanned" or hit.place not in unread]
    if hits:
        raise PbError(
            Code.PRIVACY_GATE,
            f"发现 {len(hits)} 处个人信息、本机目录或未能检查的内容，已停止打包",
            where="；".join(str(hit) for hit in hits[:3]),
            fix="请检查这些文件的来源；含个人信息的文件不得发出",
        )
    return unread


def _plain(entry: Entry, paths: Mapping[str, str]) -> dict[str, Any]:
    """An entry of the manifest with the names of the package, without what differs from run to run."""
    state = "failed" if entry.state == "failed" else "built"
    files = {paths[name]: digest for name, digest in entry.files.items()}
    kept = {"township_id": entry.township_id, "theme": entry.theme, "inputs": entry.inputs}
    return {**kept, "files": files, "state": state, "seconds": 0.0, "error": None}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _zip(path: Path, root: str, files: Mapping[str, bytes], day: dt.date) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(f"{root}/{name}", (day.year, day.month, day.day, 0, 0, 0))
            member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            archive.writestr(member, data, compresslevel=6)
