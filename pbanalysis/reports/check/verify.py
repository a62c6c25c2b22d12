"""Whether delivered files still are what was made: offline, number by number.

With the store at hand every report is made anew from it and each delivered file is held against its new self,
whatever the manifest says. Without it, files are held against each other: pages and attachments against what
the notebooks give. What differs is named: where it stands, what should stand there, what does, and which
indicator it is.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from pbanalysis import __version__
from pbanalysis.calendar import Period, as_date
from pbanalysis.errors import Code, PbError
from pbanalysis.reports.batch.planning import DOCUMENT
from pbanalysis.reports.batch.tools import Tools, standard
from pbanalysis.reports.check.anew import Now
from pbanalysis.reports.check.countys import CountyFiles, package_files
from pbanalysis.reports.check.delivery import MANIFEST, Delivery
from pbanalysis.reports.check.judging import Judged, Task, judge
from pbanalysis.reports.check.verdicts import FileVerdict, VerifyReport
from pbanalysis.reports.check.vouching import Vouching
from pbanalysis.reports.files import WORK, pointed_at, sha256
from pbanalysis.reports.manifest import COUNTY_FILES, Entry
from pbanalysis.reports.versions import code_digest, libraries

__all__ = ["FileVerdict", "VerifyReport", "verify"]

_FEW = 6  # units that are done before a second process has imported what it needs
_MOST = 6


def verify(path: Path, *, store: Path | None = None, tools: Tools | None = None) -> VerifyReport:
    """Check a delivered file, a folder that ``report`` wrote, or a package.

    Parameters
    ----------
    path
        A file that lies where it was delivered (beside its manifest), a folder with a
        ``manifest.json``, or a package (zip).
    store
        The store to make the reports from; by default the one that OUT points at.
    tools
        Those of the batch that made the reports; by default the package's own.

    Raises
    ------
    PbError
        There is no such file, or no manifest to check it by; or the store cannot be read.
    """
    path, tools = Path(path).absolute(), tools or standard()
    if not path.exists():
        raise PbError(
            Code.UNKNOWN_PARAMETER, "没有这个文件或文件夹", where="verify", got=path.name, fix="请检查路径"
        )
    if path.suffix.lower() == ".zip":
        with tempfile.TemporaryDirectory() as folder:
            delivery = _unpacked(path, Path(folder))
            report = _Check(delivery, store, tools).report()
            return replace(report, files=(*report.files, *_outside(delivery.folder, Path(folder))))
    if path.is_dir():
        return _Check(_found(path / MANIFEST, path), store, tools).report()
    manifest = next((parent / MANIFEST for parent in path.parents if (parent / MANIFEST).exists()), None)
    delivery = _found(manifest, path)
    return _Check(delivery, store, tools, path.relative_to(delivery.folder).as_posix()).report()


def _unpacked(path: Path, folder: Path) -> Delivery:
    try:
        zipfile.ZipFile(path).extractall(folder)
    except (zipfile.BadZipFile, EOFError, OSError, zlib.error, RuntimeError, NotImplementedError) as error:
        raise PbError(
            Code.INPUT_REFUSED, "压缩包不完整或已损坏", where=path.name, fix="请重新取得该文件"
        ) from error
    found = sorted(folder.rglob(MANIFEST), key=lambda manifest: len(manifest.parts))
    return _found(found[0] if found else None, path)


def _outside(reports: Path, folder: Path) -> Iterator[FileVerdict]:
    """What a package holds beside the folder of the reports."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_relative_to(reports):
            name = path.relative_to(folder).as_posix()
            yield FileVerdict(name, "unlisted", note="在附件包里，却不在报告的文件夹里")


def _found(manifest: Path | None, path: Path) -> Delivery:
    if manifest is None or not manifest.exists():
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            "旁边没有 manifest.json（清单），无从核对",
            where=path.name,
            fix="请把文件放回报告目录（或解开的附件包）中原来的位置再核对",
        )
    return Delivery(manifest.parent)


class _Check:
    """One check of a delivery, or of one file of it."""

    def __init__(self, out: Delivery, store: Path | None, tools: Tools, only: str | None = None) -> None:
        self._out, self._tools, self._only = out, tools, only
        self._store = store or _store_of(out)
        self._vouching = Vouching(out, tools)
        self._now: Now | None = None

    def report(self) -> VerifyReport:
        """All verdicts."""
        out, chosen = self._out, self._chosen()
        tasks: dict[str, dict[str, str]] = {}
        for name, shown in chosen.items():
            if name not in self._vouching.foreign | {*COUNTY_FILES}:
                tasks.setdefault(PurePosixPath(name).parent.as_posix(), {})[name] = shown
        with tempfile.TemporaryDirectory() as work, ExitStack() as stack:
            run = _workers(stack, len(tasks))
            self._now = self._opened(Path(work))
            given = [run(judge, self._task(folder, names), self._tools) for folder, names in tasks.items()]
            own = {name: chosen[name] for name in COUNTY_FILES if name in chosen}
            countys = CountyFiles(out, self._now, self._tools, self._all_same, other=bool(self._made_by))
            beside = [*self._beside()]
            judged = [countys.judged(own), *(future.result() for future in given)]
        verdicts = [*_misplaced(judged, out), *beside]
        return VerifyReport(
            tuple(sorted(verdicts, key=lambda verdict: verdict.name)),
            store=str(self._store or "") if self._now else "",
            recomputed=sum(part.recomputed for part in judged),
            disagreements=tuple(change for part in judged for change in part.disagreements),
            moved_on=tuple(name for part in judged for name in part.moved_on),
            made_by=self._made_by,
            unchecked=tuple(self._unchecked([name for part in judged for name in part.unchecked])),
        )

    def _chosen(self) -> dict[str, str]:
        """The listed files that are asked for, and the path of each: of a copy, its own."""
        if self._only is None:
            return {name: self._out.shown(name) for name in self._out.listed}
        name = self._out.alike(self._only)
        return {name: self._only} if name in self._out.listed else {}

    def _opened(self, work: Path) -> Now | None:
        """The store at the reports' cut-off; ``None`` where there is none, or the manifest tells no cut-off."""
        period, as_of = self._vouching.frame
        if self._store is None:
            return None
        try:
            frame = Period.parse(period), as_date(as_of)
        except (PbError, ValueError):
            return None
        return Now(self._store, *frame, self._tools, work)

    def _task(self, folder: str, names: Mapping[str, str]) -> Task:
        code = self._vouching.code(folder)
        usual = all(frame in (None, self._vouching.frame) for frame in self._vouching.frames(folder))
        there = self._now is not None and usual and code in self._now.towns
        source = self._now.source(code) if self._now and there else None
        return Task(
            self._out.folder, folder, names, source, self._same(folder) if there else frozenset(),
            other_program=bool(_programs(self._out.entries_of(folder).values())),
        )  # fmt: skip

    def _same(self, folder: str) -> frozenset[str]:
        """Themes of a folder whose inputs are today what the manifest says they were."""
        code, entries = self._vouching.code(folder), self._out.entries_of(folder)
        if self._now is None or code not in self._now.towns:
            return frozenset()
        now = {theme: inputs["key"] for theme, inputs in self._now.inputs(code).items()}
        same = {theme for theme, entry in entries.items() if entry.inputs.get("key") == now.get(theme, "")}
        document = entries.get(DOCUMENT)
        inside = document.inputs.get("reports", {}) if document else {}
        if document and not _programs([document]) and inside and {*inside} <= same:
            same.add(DOCUMENT)
        return frozenset(same)

    def _all_same(self) -> bool:
        """Whether the store still is what every report was made of."""
        folders = {folder for folder in self._out.folders() if self._vouching.code(folder)}
        return all(self._same(folder) >= {*self._out.entries_of(folder)} for folder in folders)

    @cached_property
    def _made_by(self) -> str:
        return "、".join(sorted(_programs(self._out.entries)))

    def _beside(self) -> Iterator[FileVerdict]:
        """The verdicts on the manifest, on what is in no list, and on what should be in none."""
        out, only, foreign = self._out, self._only, self._vouching.foreign
        for name in foreign & {*self._chosen()}:
            note = "清单中列有它，但 pbanalysis 不生成这样的文件，或不在这个位置"
            yield FileVerdict(out.shown(name), "unlisted", note=note)
        manifest = self._of_manifest()
        if only in (None, MANIFEST):
            yield manifest
        elif not self._chosen():
            yield self._unlisted(str(only))
        elif manifest.state != "untouched":  # what a single file is held against rests on it
            yield manifest
        if only is None:
            yield from (self._unlisted(path) for path in out.extra(self._vouching.cards))
            yield from package_files(out) if out.packed else ()

    def _of_manifest(self) -> FileVerdict:
        folders = {PurePosixPath(name).parent.as_posix() for name in self._chosen()}

        def same(folder: str) -> frozenset[str]:
            return self._same(folder) if self._only == MANIFEST or folder in folders else frozenset()

        doubts = tuple(self._vouching.doubts(self._now.towns if self._now else None, same))
        seal = "清单自身的校验码不符：清单里有内容被改动；各文件另与重新生成的内容核对"
        note = "" if self._out.sealed else seal
        return FileVerdict(MANIFEST, "changed" if doubts or note else "untouched", doubts, note)

    def _unlisted(self, path: str) -> FileVerdict:
        """A file nobody vouches for; a copy of one that is listed is said to be one."""
        digest = sha256(self._out.folder / path)
        same = next((name for name, known in self._out.listed.items() if known == digest), "")
        note = f"与 {self._out.shown(same)} 内容相同" if same else "不在清单中，不是 pbanalysis 生成的"
        return FileVerdict(path, "unlisted", note=note)

    def _unchecked(self, names: list[str]) -> Iterator[str]:
        if self._now is None:
            yield "没有数据仓，数字与数据是否一致没有核对；网页、附件已与分析过程（ipynb）核对"
        if names:
            yield f"不能在这里重新生成、只核对了校验码的文件：{'、'.join(names[:_MOST])}{f' 等 {len(names)} 个' * (len(names) > _MOST)}"


def _store_of(out: Delivery) -> Path | None:
    """The store, where the last run left a note of it."""
    store = pointed_at(out.folder / WORK)
    return store if store and (store / "meta.json").exists() else None


def _programs(entries: Iterable[Entry]) -> set[str]:
    """Versions that the entries say they were made by, less this one with these libraries."""
    own = f"{__version__}+{code_digest()}"
    made = {
        (str(e.inputs.get("package", "")), e.inputs.get("libraries") == libraries())
        for e in entries
        if e.files
    }
    return {
        package if package != own else f"{package}，程序库版本不同"
        for package, alike in made
        if (package, alike) != (own, True)
    }


def _workers(stack: ExitStack, units: int) -> Callable[..., Future[Judged]]:
    """What runs the tasks: a process a processor where there are many; here, one after the other."""
    if units > _FEW:
        from pbanalysis.reports.batch.labour import at_once
        from pbanalysis.reports.batch.pool import Workers

        workers = stack.enter_context(Workers(min(units, at_once())))
        workers.submit(os.getpid)  # a first worker, and what it imports
        return workers.submit

    def here(work: Callable[..., Judged], *told: Any) -> Future[Judged]:
        done: Future[Judged] = Future()
        done.set_result(work(*told))
        return done

    return here


def _misplaced(judged: Iterable[Judged], out: Delivery) -> Iterator[FileVerdict]:
    """The verdicts; a file that is what another one should be is said to be that one."""
    judged = list(judged)
    genuine = {digest: shown for part in judged for digest, shown in part.genuine.items()}
    for verdict in (verdict for part in judged for verdict in part.verdicts):
        other = genuine.get(sha256(out.folder / verdict.name)) if verdict.state == "changed" else None
        if other and other != verdict.name:
            yield replace(verdict, changes=(), note=f"这是 {other} 的内容，放错了位置")
        else:
            yield verdict
