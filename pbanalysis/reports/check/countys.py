"""The verdicts on the county's own files, the contents page and results.csv, and on what a package adds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping

from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.check.anew import Now
from pbanalysis.reports.check.comparing import Sayings, changes
from pbanalysis.reports.check.delivery import CHECKSUMS, GUIDE, MANIFEST, Delivery
from pbanalysis.reports.check.judging import SEALED_ANEW, Judged, compared, units_of
from pbanalysis.reports.check.packing import checksums, guide, index_again
from pbanalysis.reports.check.reading import lines_of
from pbanalysis.reports.check.verdicts import FileVerdict
from pbanalysis.reports.files import sha256

__all__ = ["CountyFiles", "package_files"]


class CountyFiles:
    """Judges the county's own files.

    Parameters
    ----------
    out, now, tools
        The delivery; the store, if there is one; the batch's tools.
    all_same
        Whether the store still is what every report was made of.
    other
        Whether another version of the program made them.
    """

    def __init__(
        self, out: Delivery, now: Now | None, tools: Tools, all_same: Callable[[], bool], *, other: bool
    ) -> None:
        self._out, self._now, self._tools = out, now, tools
        self._all_same, self._other = all_same, other

    def judged(self, names: Mapping[str, str]) -> Judged:
        """The verdicts on files, given the path of each as a person sees it."""
        verdicts = {name: self._verdict(name, shown) for name, shown in names.items()}
        moved = [name for name, verdict in verdicts.items() if verdict is None]
        wrong = [change for name in moved for change in self._compared(name, names[name]).changes]
        unchecked = [
            names[name]
            for name, v in verdicts.items()
            if v and v.state == "untouched" and self._made(name) is None
        ]
        told = (v or FileVerdict(names[name], "untouched") for name, v in verdicts.items())
        return Judged(tuple(told), 0, tuple(wrong), tuple(names[n] for n in moved), tuple(unchecked))

    def _verdict(self, name: str, shown: str) -> FileVerdict | None:
        """The verdict; ``None`` where the file may be as it was made, and the store have moved on."""
        path, made = self._out.folder / shown, self._made(name)
        if not path.exists():
            return FileVerdict(shown, "missing", note="清单中有，报告目录里没有")
        vouched = sha256(path) == self._out.listed[name]
        if made is None:
            note = "没有找到数据仓，不能指出是哪个数（可用 --store 指明）"
            return FileVerdict(shown, "untouched") if vouched else FileVerdict(shown, "changed", note=note)
        if made == path.read_bytes():
            note = "内容与重新生成的一致，是清单中它的校验码被改动"
            return FileVerdict(shown, "untouched") if vouched else FileVerdict(shown, "changed", note=note)
        found = self._compared(name, shown)
        if not vouched:
            return found
        if self._other:
            return FileVerdict(shown, "otherwise" if found.changes else "untouched", found.changes)
        if not self._all_same() and not self._of_package(name):
            return None
        by = "由清单排出" if self._of_package(name) else "由数据仓生成"
        note = "；".join(filter(None, (SEALED_ANEW.format(by), found.note)))
        return FileVerdict(shown, "changed", found.changes, note)

    def _compared(self, name: str, shown: str) -> FileVerdict:
        data, sayings = (self._out.folder / shown).read_bytes(), Sayings(units=units_of(self._out))
        try:
            return compared(name, shown, self._made(name) or b"", data, sayings)
        except ValueError:
            found = changes(lines_of(self._made(name) or b""), lines_of(data), sayings)
            return FileVerdict(shown, "broken", tuple(found), "文件已损坏")

    def _of_package(self, name: str) -> bool:
        """Whether it is the contents page of a township's package, which is made of the manifest alone."""
        return name == "index.html" and self._out.packed and "results.csv" not in self._out.listed

    def _made(self, name: str) -> bytes | None:
        out, now = self._out, self._now
        if self._of_package(name):
            return index_again(out.manifest)
        if now is None:
            return None
        return now.results_csv if name == "results.csv" else self._contents(now)

    def _contents(self, now: Now) -> bytes | None:
        if self._tools.index is None:
            return None
        page = self._tools.index(
            county=now.county,
            period=now.period,
            results=now.results,
            entries=self._out.entries,
            rows=now.situation.rows,
        )
        return index_again(self._out.manifest, page) if self._out.packed else page


def package_files(out: Delivery) -> Iterator[FileVerdict]:
    """The verdicts on the guide and the list of checksums of a package."""
    manifest = out.manifest
    told = guide(str(manifest.get("title")), str(manifest.get("as_of")), out.listed)
    digests = {path: out.listed[name] for path, name in out.names.items()}
    digests |= {MANIFEST: sha256(out.folder / MANIFEST), GUIDE: hashlib.sha256(told).hexdigest()}
    for name, made in ((GUIDE, told), (CHECKSUMS, checksums(digests))):
        path = out.folder / name
        if not path.exists():
            yield FileVerdict(name, "missing", note="附件包里本来有它")
        elif path.read_bytes() != made:
            found = changes(lines_of(made), lines_of(path.read_bytes()))
            yield FileVerdict(name, "changed", tuple(found))
