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
from html import escape
from pathlib import Path
from typing import Any

from pbanalysis.calendar import Period, as_date
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.privacy.scan import scan_bytes
from pbanalysis.reports.document import STATUSES
from pbanalysis.reports.files import output_failed, read_json, sha256
from pbanalysis.reports.manifest import county_files, seal

__all__ = ["CHECKSUMS", "Packed", "pack"]

CHECKSUMS = "校验码.txt"
_LABELS = {
    "report.pdf": "评估报告（PDF，供打印）",
    "report.docx": "评估报告（Word，可编辑）",
    "report.xlsx": "基层组织建设重点指标完成情况统计表（Excel）",
    "study_quality.html": "学习质量（网页）",
    "member_development.html": "发展党员（网页）",
    "rectification.html": "整改成效（网页）",
    "overview.html": "全县一览（网页）",
    "facts.json": "报告中每个数的出处（供核对）",
}


@dataclass(frozen=True, slots=True)
class _Source:
    """A finished OUT: its reports by township, and the frame of one of its attachments."""

    out: Path
    reports: Mapping[str, list[dict[str, Any]]]
    names: Mapping[str, str]
    frame: Mapping[str, Any]

    @property
    def stem(self) -> str:
        """What the package is called, after the unit."""
        state = STATUSES.get(self.frame["status"], "")
        return f"{Period.parse(self.frame['period']).title}基层党建评估报告{state and f'_{state}'}"


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
        return [_written(source, folder, f"{county}{source.stem}", sorted(source.reports), index=None)]
    codes = [_code(source, asked) for asked in dict.fromkeys(townships)]
    return [
        _written(source, folder, f"{source.names[code]}{source.stem}", [code], index=_index(source, code))
        for code in dict.fromkeys(codes)
    ]


def _source(out: Path) -> _Source:
    reports: dict[str, list[dict[str, Any]]] = {}
    names: dict[str, str] = {}
    for entry in read_json(out / "manifest.json").get("reports", ()):
        if entry["state"] != "failed" and entry["files"]:
            reports.setdefault(entry["township_id"], []).append(entry)
            names[entry["township_id"]] = next(iter(entry["files"])).split("/")[0].partition("_")[2]
    frames = (read_json(path).get("document") for path in sorted(out.glob("*/facts.json")))
    frame = next((frame for frame in frames if frame), None)
    if not reports or frame is None:
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


def _written(
    source: _Source, folder: Path, name: str, codes: Iterable[str], *, index: bytes | None
) -> Packed:
    """Scan what goes into a package, write it beside its place, and only then give it its name."""
    entries = [_plain(entry) for code in codes for entry in source.reports[code]]
    files = _files(source, entries, whole=index is None)
    if index is not None:
        files["index.html"] = index
    digests = {path: _digest(data) for path, data in sorted(files.items())}
    own = {path: digest for path, digest in digests.items() if "/" not in path}
    manifest = seal({"version": 1, "reports": entries, "files": own})
    files["manifest.json"] = json.dumps(manifest, ensure_ascii=False, indent=1).encode("utf-8")
    digests["manifest.json"] = _digest(files["manifest.json"])
    lines = [f"{digest}  {path}" for path, digest in sorted(digests.items())]
    files[CHECKSUMS] = ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")
    not_scanned = _gate(files)
    part = folder / f".{name}.{os.getpid()}.part"
    try:
        _zip(part, name, files, source.frame)
        os.replace(part, folder / f"{name}.zip")
    except OSError as error:
        raise output_failed(folder / f"{name}.zip", error) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return Packed(folder / f"{name}.zip", not_scanned)


def _gate(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Stop on anything personal, in names and contents; what cannot be scanned does not leave either.

    A PDF that cannot be read here says what the Word file beside it says, which is scanned: it may leave,
    and is named.
    """
    hits = [
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


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the manifest without what differs from run to run."""
    kept = ("township_id", "theme", "inputs", "files")
    return {**{key: entry[key] for key in kept}, "state": "built", "seconds": 0.0, "error": None}


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


def _index(source: _Source, code: str) -> bytes:
    """The contents page of one township's package."""
    paths = [path for entry in source.reports[code] for path in entry["files"]]
    links = [
        f'<li><a href="{escape(path)}">{label}</a></li>'
        for name, label in _LABELS.items()
        for path in paths
        if path.endswith(f"/{name}")
    ]
    title = escape(f"{source.names[code]}{source.stem}")
    page = f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>body{{font-family:serif;max-width:40em;margin:2em auto;line-height:1.8}}</style></head>
<body><h1>{title}</h1>
<p>数据截至{escape(str(source.frame["as_of"]))}。各文件的校验码见“{CHECKSUMS}”和 manifest.json。</p>
<ul>{"".join(links)}</ul></body></html>
"""
    return page.encode("utf-8")
