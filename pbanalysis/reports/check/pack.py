"""The package for the annual review: one zip for a USB stick, complete and checkable by itself.

Nothing leaves unscanned: a personal value, a user's name or a folder of this machine stops the package.
Dates are the cut-off's and names are flagged as UTF-8, so that the same reports give the same bytes and
Chinese names survive on Windows.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbanalysis.calendar import Period, as_date
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.privacy.scan import scan_bytes
from pbanalysis.reports.check.delivery import CHECKSUMS, GUIDE, MANIFEST
from pbanalysis.reports.check.packing import checksums, guide, index_again, packed_name, stem_of_package
from pbanalysis.reports.files import output_failed, read_json, sha256
from pbanalysis.reports.manifest import county_files, seal

__all__ = ["Packed", "pack"]


@dataclass(frozen=True, slots=True)
class _Source:
    """A finished OUT: its reports by township, and the frame of one of its attachments."""

    out: Path
    reports: Mapping[str, list[dict[str, Any]]]
    names: Mapping[str, str]
    frame: Mapping[str, Any]

    @property
    def period(self) -> Period:
        """What the reports are about."""
        return Period.parse(self.frame["period"])

    @property
    def stem(self) -> str:
        """What the package is called, after the unit."""
        return stem_of_package(self.period, self.frame["status"])


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
    source = _source(Path(out).absolute())
    folder = Path(target).absolute() if target is not None else source.out.parent
    folder.mkdir(parents=True, exist_ok=True)
    if not townships:
        county = str(source.frame["county"]) or "全县"
        return [_written(source, folder, f"{county}{source.stem}", sorted(source.reports), whole=True)]
    codes = [_code(source, asked) for asked in dict.fromkeys(townships)]
    return [
        _written(source, folder, f"{source.names[code]}{source.stem}", [code], whole=False)
        for code in dict.fromkeys(codes)
    ]


def _source(out: Path) -> _Source:
    reports: dict[str, list[dict[str, Any]]] = {}
    names: dict[str, str] = {}
    for entry in read_json(out / MANIFEST).get("reports", ()):
        reports.setdefault(entry["township_id"], []).append(entry)
        if entry["files"]:
            names[entry["township_id"]] = next(iter(entry["files"])).split("/")[0].partition("_")[2]
    frames = (read_json(path).get("document") for path in sorted(out.glob("*/facts.json")))
    frame = next((frame for frame in frames if frame), None)
    if not names or frame is None:
        raise PbError(
            Code.INPUT_REFUSED,
            "这里没有做好的报告",
            where=out.name,
            fix="请先运行 pbanalysis report，再打包它的输出目录",
        )
    county = {code: str(frame["county"]) for code, name in names.items() if not name}
    return _Source(out, reports, names | county, frame)


def _code(source: _Source, asked: str) -> str:
    for code, name in source.names.items():
        if asked in (code, name):
            return code
    raise PbError(
        Code.UNKNOWN_TOWNSHIP,
        "报告目录里没有这个乡镇的报告",
        where="--township",
        got=asked,
        fix=near_names(asked, source.names.values()),
    )


def _written(source: _Source, folder: Path, title: str, codes: Iterable[str], *, whole: bool) -> Packed:
    """Scan what goes into a package, write it beside its place, and only then give it its name."""
    entries = [entry for code in codes for entry in source.reports[code]]
    found = _files(source, entries, whole=whole)
    names = {packed_name(name, source.period): name for name in found}
    files = {path: found[name] for path, name in names.items()}
    paths = {name: path for path, name in names.items()}
    manifest = {"version": 1, "title": title, "as_of": source.frame["as_of"], "names": names}
    manifest["reports"] = [_plain(entry, paths) for entry in entries]
    files["index.html"] = index_again(manifest, files.get("index.html"))
    reported = {path for entry in manifest["reports"] for path in entry["files"]}
    own = {path: _digest(data) for path, data in sorted(files.items()) if path not in reported}
    manifest = seal({**manifest, "names": {**names, "index.html": "index.html"}, "files": own})
    files[MANIFEST] = json.dumps(manifest, ensure_ascii=False, indent=1).encode("utf-8")
    files[GUIDE] = guide(title, str(source.frame["as_of"]), found)
    files[CHECKSUMS] = checksums({path: _digest(data) for path, data in files.items()})
    not_scanned = _gate({names.get(path, path): data for path, data in files.items()}, names)
    part = folder / f".{title}.{os.getpid()}.part"
    try:
        _zip(part, title, files, source.frame)
        os.replace(part, folder / f"{title}.zip")
    except OSError as error:
        raise output_failed(folder / f"{title}.zip", error) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return Packed(folder / f"{title}.zip", not_scanned)


def _gate(files: Mapping[str, bytes], paths: Iterable[str]) -> tuple[str, ...]:
    """Stop on anything personal, in names and contents; what cannot be scanned does not leave either.

    A PDF that cannot be read here says what the Word file beside it says, which is scanned: it may leave,
    and is named. ``files`` bear the names of the run, so that they are found there; ``paths`` are those of
    the package.
    """
    hits = [hit for path in paths for hit in scan_bytes(path.encode(), path)]
    hits += [
        hit
        for name, data in sorted(files.items())
        for hit in (*scan_bytes(name.encode(), name), *scan_bytes(data, name))
    ]
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


def _plain(entry: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
    """An entry of the manifest with the names of the package, without what differs from run to run."""
    kept = {key: entry[key] for key in ("township_id", "theme", "inputs")}
    state = "failed" if entry["state"] == "failed" else "built"
    files = {paths[name]: digest for name, digest in entry["files"].items()}
    return {**kept, "files": files, "state": state, "seconds": 0.0, "error": None}


def _files(source: _Source, entries: Iterable[Mapping[str, Any]], *, whole: bool) -> dict[str, bytes]:
    """The files of the entries, each checked against its checksum."""
    files: dict[str, bytes] = {}
    listed = county_files(source.out) if whole else {}
    for path, digest in [*listed.items(), *(file for entry in entries for file in entry["files"].items())]:
        if sha256(source.out / path) != digest:
            raise PbError(
                Code.INPUT_REFUSED,
                "报告缺失，或在生成之后被改动",
                where=path,
                fix="请用 pbanalysis verify 核对，或用 pbanalysis report 重新生成后再打包",
            )
        files[path] = (source.out / path).read_bytes()
    for card in sorted(source.out.glob("errors/*.html")) if whole else ():  # the contents page leads to them
        files[f"errors/{card.name}"] = card.read_bytes()
    return files


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _zip(path: Path, root: str, files: Mapping[str, bytes], frame: Mapping[str, Any]) -> None:
    day = as_date(str(frame["as_of"]))
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(f"{root}/{name}", (day.year, day.month, day.day, 0, 0, 0))
            member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            archive.writestr(member, data, compresslevel=6)
