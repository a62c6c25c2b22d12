"""Whether delivered files still are what was made: offline, number by number.

A file is untouched when its checksum is the manifest's. One that is not is compared with the same file
made again, and what differs is named: where it stands, what should stand there, what does, and which
indicator it is. With the store at hand the facts are recomputed too.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pbanalysis import __version__
from pbanalysis.errors import Code, Exit, PbError
from pbanalysis.reports.check.comparing import Change, Sayings, changes
from pbanalysis.reports.check.delivery import MANIFEST, Delivery
from pbanalysis.reports.check.reading import (
    PAGE_FRAME,
    PROPERTIES,
    Text,
    lines_of,
    pictures_of,
    texts_apart,
    texts_of,
)
from pbanalysis.reports.check.recomputing import recomputed
from pbanalysis.reports.check.remake import Remaker
from pbanalysis.reports.documents.facts import numbers_in, orphans
from pbanalysis.reports.files import sha256
from pbanalysis.reports.versions import code_digest

__all__ = ["FileVerdict", "VerifyReport", "verify"]

State = Literal["untouched", "resaved", "changed", "broken", "missing", "unlisted"]
_STATES: Mapping[State, str] = {
    "untouched": "未改动",
    "resaved": "已另存",
    "changed": "已改动",
    "broken": "打不开",
    "missing": "缺失",
    "unlisted": "不在清单中",
}
_NOT_PRINTED = "改动不在印出的文字和数字里"
_MOST = 20
_OFFICE = {".docx", ".xlsx"}
_TEXTS = {".json", ".csv", ".html"}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One delivered file: its state, what differs in it, and a remark."""

    name: str
    state: State
    changes: tuple[Change, ...] = ()
    note: str = ""

    def lines(self) -> Iterator[str]:
        """The verdict for a person."""
        mark = {"untouched": "✔", "resaved": "△"}.get(self.state, "✘")
        count = f"，{len(self.changes)} 处" if self.changes else ""
        yield f"{mark} {self.name}：{_STATES[self.state]}{count}{self.note and f'，{self.note}'}"
        yield from (f"    {change}" for change in self.changes[:_MOST])
        if len(self.changes) > _MOST:
            yield f"    ……共 {len(self.changes)} 处，以上为前 {_MOST} 处"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All verdicts.

    Attributes
    ----------
    files
        One verdict a file.
    recomputed, disagreements
        How many facts were compared with the store, and those that differ.
    store
        The store; empty where none was found.
    moved_on
        Files that are as they were made, and not as they would be made of the store today.
    made_by
        The version of the program they were made by, where it is another than this one.
    """

    files: tuple[FileVerdict, ...]
    recomputed: int = 0
    disagreements: tuple[Change, ...] = ()
    store: str = ""
    moved_on: tuple[str, ...] = ()
    made_by: str = ""

    @property
    def ok(self) -> bool:
        """Whether every file is untouched and every recomputed number agrees."""
        untouched = all(verdict.state == "untouched" for verdict in self.files)
        return untouched and not self.disagreements and not self.moved_on

    @property
    def exit_status(self) -> Exit:
        """0, or 1 when something was found."""
        return Exit.DONE if self.ok else Exit.ATTENTION

    def lines(self) -> list[str]:
        """The result for a person: what is wrong, then the sum."""
        wrong = [line for verdict in self.files if verdict.state != "untouched" for line in verdict.lines()]
        if self.moved_on:
            names = "、".join(self.moved_on)
            wrong.append(
                f"✘ 数据仓或程序在报告生成之后有变动：{names} 的数字与现在重算的不一致。"
                "如以现在的数据为准，请重新运行 pbanalysis report；否则请用生成报告时的数据仓核对（--store）"
            )
        wrong += [f"    与重算不一致：{change}" for change in self.disagreements[:_MOST]]
        if len(self.disagreements) > _MOST:
            wrong.append(f"    ……共 {len(self.disagreements)} 处，以上为前 {_MOST} 处")
        if wrong and self.made_by:
            wrong.append(
                f"注意：报告由另一版程序（{self.made_by}）生成，上列不同之处可能是版本之间的差别；"
                "请用生成报告的那一版核对"
            )
        return [*wrong, self._sum()]

    def _sum(self) -> str:
        counts = Counter(verdict.state for verdict in self.files)
        told = "，".join(f"{counts[state]} 个{name}" for state, name in _STATES.items() if counts[state])
        data = (
            f"用数据仓重算 {self.recomputed} 个数，{len(self.disagreements)} 处不一致"
            if self.store
            else "没有找到数据仓，未重算（可用 --store 指明）"
        )
        only_saved = not self.disagreements and not self.moved_on and {*counts} <= {"untouched", "resaved"}
        head = "通过" if self.ok else "数字一致，但有文件已另存，不是生成时的原件" if only_saved else "未通过"
        return f"{head}：{len(self.files)} 个文件，{told}；{data}"

    def to_dict(self) -> dict[str, Any]:
        """The result for a program."""
        return {
            "ok": self.ok,
            "files": [asdict(verdict) for verdict in self.files],
            "recomputed": self.recomputed,
            "disagreements": [asdict(change) for change in self.disagreements],
            "moved_on": list(self.moved_on),
            "made_by": self.made_by,
        }


def verify(path: Path, *, store: Path | None = None) -> VerifyReport:
    """Check a delivered file, a folder that ``report`` wrote, or a package.

    Parameters
    ----------
    path
        A file that lies where it was delivered (beside its manifest), a folder with a
        ``manifest.json``, or a package (zip).
    store
        The store to recompute from; by default where the notebooks say it was.

    Raises
    ------
    PbError
        There is no such file, or no manifest to check it by.
    """
    path = Path(path).absolute()
    if not path.exists():
        raise PbError(
            Code.UNKNOWN_PARAMETER, "没有这个文件或文件夹", where="verify", got=path.name, fix="请检查路径"
        )
    if path.suffix.lower() == ".zip":
        with tempfile.TemporaryDirectory() as folder:
            try:
                zipfile.ZipFile(path).extractall(folder)
            except (zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
                raise PbError(
                    Code.INPUT_REFUSED, "压缩包不完整或已损坏", where=path.name, fix="请重新取得该文件"
                ) from error
            return _Check(_found(next(Path(folder).rglob(MANIFEST), None), path), store).report()
    if path.is_dir():
        return _Check(_found(path / MANIFEST, path), store).report()
    manifest = next((parent / MANIFEST for parent in path.parents if (parent / MANIFEST).exists()), None)
    delivery = _found(manifest, path)
    return _Check(delivery, store, path.relative_to(delivery.folder).as_posix()).report()


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

    def __init__(self, delivery: Delivery, store: Path | None, only: str | None = None) -> None:
        self._delivery, self._only = delivery, only
        self._touched = frozenset(name for name in delivery.listed if not delivery.intact(name))
        self._remaker = Remaker(delivery, store, self._touched)

    def report(self) -> VerifyReport:
        """All verdicts, and the facts against the store."""
        delivery, only = self._delivery, self._only
        if only is None:
            verdicts = [self._verdict(name, delivery.shown(name)) for name in sorted(delivery.listed)]
            verdicts += [self._unlisted(path) for path in delivery.extra()]
        elif only == MANIFEST:
            verdicts = []
        else:
            name = delivery.alike(only)
            verdicts = [self._verdict(name, only) if name in delivery.listed else self._unlisted(only)]
        if only in (None, MANIFEST):
            verdicts.append(self._of_manifest())
        folders = delivery.folders() if only in (None, MANIFEST) else [self._folder(only or "")]
        whole = only in (None, "results.csv")
        count, wrong, moved_on = recomputed(delivery, self._remaker, folders, self._touched, whole=whole)
        store = str(self._remaker.store or "")
        return VerifyReport(tuple(verdicts), count, tuple(wrong), store, moved_on, self._other_version())

    def _other_version(self) -> str:
        made_by = {
            entry["inputs"].get("package", "")
            for entry in self._delivery.manifest["reports"]
            if entry["files"]
        }
        return "、".join(sorted(made_by - {"", f"{__version__}+{code_digest()}"}))

    def _folder(self, path: str) -> str:
        return PurePosixPath(self._delivery.alike(path)).parent.as_posix()

    def _of_manifest(self) -> FileVerdict:
        if self._delivery.sealed:
            return FileVerdict(MANIFEST, "untouched")
        note = "清单自身的校验码不符：清单里有内容被改动；各文件另与重新生成的内容核对"
        return FileVerdict(MANIFEST, "changed", note=note)

    def _unlisted(self, path: str) -> FileVerdict:
        """A file nobody vouches for; a copy of one that is listed is said to be one."""
        digest = sha256(self._delivery.folder / path)
        same = next((name for name, known in self._delivery.listed.items() if known == digest), "")
        note = f"与 {self._delivery.shown(same)} 内容相同" if same else "不是 pbanalysis 生成的，来源不明"
        return FileVerdict(path, "unlisted", note=note)

    def _verdict(self, name: str, shown: str) -> FileVerdict:
        """The verdict on the file at ``shown``, which is the listed ``name`` or a copy of it."""
        path = self._delivery.folder / shown
        if not path.exists():
            return FileVerdict(shown, "missing", note="清单中有，报告目录里没有")
        if sha256(path) == self._delivery.listed[name]:
            return FileVerdict(shown, "untouched")
        data, made = path.read_bytes(), self._remaker.file(name)
        if made == data:
            return FileVerdict(shown, "changed", note="内容与重新生成的一致，是清单中它的校验码被改动")
        if not data or (made or b"").startswith(data):
            short = f"应为 {len(made):,} 字节，只有 {len(data):,} 字节" if made else "是空文件"
            return FileVerdict(shown, "broken", note=f"文件不完整：{short}")
        try:
            if name.endswith(".ipynb"):
                texts_of(name, data)
                return self._notebook(name, shown)
            if made is not None:
                return self._compared(name, shown, made, data)
            return self._by_facts(name, shown, data)
        except ValueError:
            lines = [lines_of(made), lines_of(data)] if made and PurePosixPath(name).suffix in _TEXTS else []
            found = changes(lines[0], lines[1], self._sayings(name)) if lines else []
            return FileVerdict(shown, "broken", tuple(found), "文件已损坏")

    def _compared(self, name: str, shown: str, made: bytes, data: bytes) -> FileVerdict:
        """A changed file against the same file made again."""
        office = PurePosixPath(name).suffix in _OFFICE
        before, now = texts_apart(name, made, data)
        if office:
            before, now = _body(before), _body(now)
        found = changes(before, now, self._sayings(name))
        if found:
            same = all(numbers_in(change.old) == numbers_in(change.new) for change in found)
            return FileVerdict(shown, "changed", tuple(found), "改动的是文字，数字与事实一致" * same)
        if not office:
            return FileVerdict(shown, "changed", note=_NOT_PRINTED)
        if pictures_of(made) != pictures_of(data):
            return FileVerdict(shown, "changed", note="文字和数字与事实一致，但图片不是原来的")
        return FileVerdict(shown, "resaved", note="印出的数字和文字与事实一致")

    def _notebook(self, name: str, shown: str) -> FileVerdict:
        """A changed notebook: by its page, then by its own parts."""
        page = str(PurePosixPath(name).with_suffix(".html"))
        made = self._remaker.page(name, page, even_changed=True)
        found: list[Change] = []
        if made is not None and page in self._delivery.listed and page not in self._touched:
            shows = texts_of(page, self._delivery.read(page)) or []
            found = changes(shows, texts_of(page, made) or [], self._sayings(name))
        should, does = self._remaker.inside(name)
        found = found or changes(should, does, self._sayings(name))
        return FileVerdict(shown, "changed", tuple(found), "" if found else _NOT_PRINTED)

    def _by_facts(self, name: str, shown: str, data: bytes) -> FileVerdict:
        """A changed file that cannot be made again: its numbers against the facts."""
        known, now = self._facts(name), texts_of(name, data)
        if now is None:
            return FileVerdict(shown, "changed", note="这种文件只能核对校验码")
        if name in ("index.html", "results.csv"):
            return FileVerdict(shown, "changed", note="没有找到数据仓，不能指出是哪个数（可用 --store 指明）")
        folder, _, file = name.rpartition("/")
        if file == "facts.json" and self._remaker.frame(folder) is None:
            return FileVerdict(shown, "changed", note="改动在“document”部分：稿别、编号、乡镇说明或校验码")
        if not known or PurePosixPath(name).suffix == ".json":
            return FileVerdict(shown, "changed", note="缺少重新生成所需的文件，不能指出改动之处")
        strange = [Change(text.place, "", number) for text in now for number in orphans(text.text, known)]
        told = "以下各数不在 facts.json 中" if strange else "各数均在 facts.json 中"
        return FileVerdict(shown, "changed", tuple(strange), f"缺少重新生成所需的文件，{told}")

    def _facts(self, name: str) -> list[Mapping[str, Any]]:
        folder = PurePosixPath(name).parent
        return list(self._delivery.json(f"{folder}/facts.json").get("facts", []))

    def _sayings(self, name: str) -> Sayings:
        """What names the numbers of a file: its folder's blocks and facts, and the units' names."""
        units = dict(folder.split("_", 1) for folder in self._delivery.folders() if "_" in folder)
        folder = PurePosixPath(name).parent.as_posix()
        if folder == ".":
            return Sayings(units=units)
        document, parts = self._remaker.document(folder), self._remaker.parts(folder) or {}
        blocks = [block for part in parts.values() for block in part]
        facts = {fact["id"]: fact for block in blocks for fact in block["facts"]}
        known = {fact["id"]: fact for fact in self._facts(name)}
        return Sayings([*blocks, *(document.blocks if document else ())], (known | facts).values(), units)


def _body(texts: list[Text]) -> list[Text]:
    """Without what an office program writes anew on saving: the properties, and the page numbers.

    What stands at the head and foot of pages counts once, whatever the number of sections.
    """
    frame = {text.text for text in texts if text.place == PAGE_FRAME}
    heads = [Text(PAGE_FRAME, text) for text in sorted(frame) if not text.strip("—- ").isdigit()]
    return [*(text for text in texts if text.place not in (PAGE_FRAME, PROPERTIES)), *heads]
