"""The verdicts on the files of one unit: each is held against the same file made again.

What it is held against is made from the store where the store still is what the manifest says, else from the
notebooks delivered. So it matters little what the manifest says of a file: a checksum that was changed along
with it does not make it genuine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.check.anew import Source
from pbanalysis.reports.check.comparing import Change, Sayings, changes
from pbanalysis.reports.check.delivery import Delivery
from pbanalysis.reports.check.reading import (
    PAGE_FRAME,
    PROPERTIES,
    Text,
    lines_of,
    pictures_of,
    texts_apart,
    texts_of,
)
from pbanalysis.reports.check.remake import Remaker, delivered, everywhere, from_store, inside
from pbanalysis.reports.check.verdicts import FileVerdict, State
from pbanalysis.reports.documents.facts import numbers_in, orphans
from pbanalysis.terms import OVERVIEW

__all__ = ["SEALED_ANEW", "Judged", "Task", "compared", "judge", "units_of"]

_NOT_PRINTED = "改动不在印出的文字和数字里"
SEALED_ANEW = "校验码与清单相符，内容却不是{}的：文件和清单一起被改过"
_OFFICE = {".docx", ".xlsx"}
_TEXTS = {".json", ".csv", ".html"}


@dataclass(frozen=True, slots=True)
class Task:
    """Files of one unit to be judged: plain values, for they go to a worker.

    Attributes
    ----------
    out, folder
        The delivery, and the unit's folder in it.
    names
        The files; the path of each as a person sees it, by the name that ``report`` gives.
    source
        What its notebooks are made of; ``None`` without a store.
    same
        Themes whose inputs are now as the manifest says they were.
    other_program
        Whether the manifest says that another version of the program made it, or other libraries.
    """

    out: Path
    folder: str
    names: Mapping[str, str]
    source: Source | None = None
    same: frozenset[str] = frozenset()
    other_program: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts, how many facts were recomputed, those that differ now, and what the files should be.

    ``unchecked`` are files that could not be made again here.
    """

    verdicts: tuple[FileVerdict, ...]
    recomputed: int = 0
    disagreements: tuple[Change, ...] = ()
    moved_on: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    genuine: Mapping[str, str] = field(default_factory=dict)  # path by digest


def judge(task: Task, tools: Tools) -> Judged:
    """The verdicts on the files of a task."""
    return _Judge(task, tools).judged()


class _Judge:
    def __init__(self, task: Task, tools: Tools) -> None:
        self._task, self._tools, self._out = task, tools, Delivery(task.out)
        out, folder = self._out, task.folder
        self._as_delivered = delivered(out, folder, tools, even_changed=True)
        self._chain = Remaker(out, folder, tools, delivered(out, folder, tools))
        source = task.source
        self._now = Remaker(out, folder, tools, from_store(out, folder, tools, source)) if source else None
        self._theme = {name: theme for theme, e in out.entries_of(folder).items() for name in e.files}

    def judged(self) -> Judged:
        """All verdicts, and the facts against the store."""
        verdicts, moved_on, unchecked, genuine = [], [], [], {}
        for name, shown in self._task.names.items():
            verdict = self._verdict(name, shown)
            verdicts.append(verdict)
            original = self._original(name)
            if original is not None:
                genuine[sha256(original).hexdigest()] = shown
            elif verdict.state == "untouched" and not name.endswith(".ipynb"):
                unchecked.append(shown)
            if verdict.state == "untouched" and self._differs_now(name, shown):
                moved_on.append(shown)
        facts = f"{self._task.folder}/facts.json"
        known = {str(fact["id"]): fact for fact in self._facts(self._now.file(facts) if self._now else None)}
        wrong = [] if self._theme.get(facts) in self._task.same else self._disagreements(facts, known)
        return Judged(tuple(verdicts), len(known), tuple(wrong), tuple(moved_on), tuple(unchecked), genuine)

    def _original(self, name: str) -> bytes | None:
        """What a file should be; ``None`` where that cannot be told."""
        if self._now and self._theme.get(name) in self._task.same:
            return self._now.file(name)
        return None if name.endswith(".ipynb") else self._chain.file(name)

    def _differs_now(self, name: str, shown: str) -> bool:
        """Whether a file that is as it was made is another when made of the store today.

        Another version of the program may set it otherwise; there its numbers alone are compared.
        """
        if not self._now or self._theme.get(name) in self._task.same:
            return False
        if self._task.other_program and PurePosixPath(name).name != "facts.json":
            return False
        made, data = self._now.file(name), (self._out.folder / shown).read_bytes()
        if made is None or made == data:
            return False
        return not self._task.other_program or bool(
            self._disagreements(name, {f["id"]: f for f in self._facts(made)})
        )

    def _disagreements(self, name: str, known: Mapping[str, Mapping[str, Any]]) -> list[Change]:
        """Facts of the delivered ``facts.json`` that the store does not say so."""
        named = self._sayings
        said = {str(f["id"]): f for f in self._facts(self._out.read(name))}
        return [
            named.change(self._out.shown(name), _told(known.get(key)), _told(said.get(key)), key)
            for key in {**known, **said}
            if known and said and _told(known.get(key)) != _told(said.get(key))
        ]

    @staticmethod
    def _facts(data: bytes | None) -> list[Mapping[str, Any]]:
        try:
            facts = json.loads(data)["facts"] if data else []
            return [fact for fact in facts if "id" in fact]
        except (ValueError, KeyError, TypeError):
            return []

    def _verdict(self, name: str, shown: str) -> FileVerdict:
        """The verdict on the file at ``shown``, which is the listed ``name`` or a copy of it."""
        path = self._out.folder / shown
        if not path.exists():
            return FileVerdict(shown, "missing", note="清单中有，报告目录里没有")
        data, made = path.read_bytes(), self._original(name)
        vouched = sha256(data).hexdigest() == self._out.listed[name]
        if made == data:
            note = "" if vouched else "内容与重新生成的一致，是清单中它的校验码被改动"
            return FileVerdict(shown, "untouched" if vouched else "changed", note=note)
        if vouched and made is None and path.suffix != ".ipynb" and path.name != "facts.json":
            return FileVerdict(shown, "untouched")  # nothing to hold it against: the report says so
        if not vouched and (not data or (made or b"").startswith(data)):
            short = f"应为 {len(made):,} 字节，只有 {len(data):,} 字节" if made and data else "是空文件"
            return FileVerdict(shown, "broken", note=f"文件不完整：{short}")
        try:
            verdict = self._told_apart(name, shown, made, data)
        except ValueError:
            lines = [lines_of(made), lines_of(data)] if made and PurePosixPath(name).suffix in _TEXTS else []
            found = changes(lines[0], lines[1], self._sayings) if lines else []
            return FileVerdict(shown, "broken", tuple(found), "文件已损坏")
        return self._vouched(verdict, name) if vouched else verdict

    def _told_apart(self, name: str, shown: str, made: bytes | None, data: bytes) -> FileVerdict:
        if name.endswith(".ipynb"):
            texts_of(name, data)
            return self._notebook(name, shown, made, data)
        if made is not None:
            return compared(name, shown, made, data, self._sayings)
        return self._by_facts(name, shown, data)

    def _vouched(self, verdict: FileVerdict, name: str) -> FileVerdict:
        """The verdict on a file that has the manifest's checksum, and yet is not what was made."""
        made_now = self._theme.get(name) in self._task.same
        if not made_now and name.endswith(".ipynb") and not verdict.changes:
            return FileVerdict(verdict.name, "untouched")
        if self._task.other_program:
            state: State = "otherwise" if verdict.changes else "untouched"
            return FileVerdict(verdict.name, state, verdict.changes)
        by = "由数据仓生成" if made_now else "由分析过程（ipynb）排出"
        note = "；".join(filter(None, (SEALED_ANEW.format(by), verdict.note)))
        return FileVerdict(verdict.name, "changed", verdict.changes, note)

    def _notebook(self, name: str, shown: str, made: bytes | None, data: bytes) -> FileVerdict:
        """A changed notebook: by its page, then by its own parts, then by whatever is in it."""
        out, theme = self._out, self._theme[name]
        own, page = self._as_delivered(theme), str(PurePosixPath(name).with_suffix(".html"))
        should = self._original(page)
        if should is None and page in out.listed and out.intact(page):
            should = out.read(page)
        even_changed = Remaker(out, self._task.folder, self._tools, self._as_delivered)
        does = even_changed.file(page)
        found: list[Change] = []
        if should is not None and does is not None:
            found = changes(texts_of(page, should) or [], texts_of(page, does) or [], self._sayings)
        if not found and own is not None:
            facts = f"{self._task.folder}/facts.json"
            known = self._facts(self._original(facts) or (out.read(facts) if out.intact(facts) else b""))
            parts = inside(own, {str(fact["id"]): fact for fact in known}, self._template(theme))
            found = changes(*parts, self._sayings)
        if not found and made is not None:
            found = changes(*everywhere(made, data), self._sayings)
        return FileVerdict(shown, "changed", tuple(found), "" if found else _NOT_PRINTED)

    def _template(self, theme: str) -> Any:
        import nbformat

        stem = self._tools.overview if theme == OVERVIEW else self._tools.stems[theme]
        return nbformat.read(self._tools.template(stem), as_version=4)  # type: ignore[no-untyped-call]

    def _by_facts(self, name: str, shown: str, data: bytes) -> FileVerdict:
        """A changed file that cannot be made again: its numbers against the facts."""
        known, now = self._facts(self._out.read(f"{self._task.folder}/facts.json")), texts_of(name, data)
        if now is None:
            return FileVerdict(shown, "changed", note="这种文件只能核对校验码")
        if PurePosixPath(name).suffix == ".json":
            return FileVerdict(shown, "changed", note="改动在“document”部分：稿别、编号、乡镇说明或校验码")
        if not known:
            return FileVerdict(shown, "changed", note="缺少重新生成所需的文件，不能指出改动之处")
        strange = [Change(text.place, "", number) for text in now for number in orphans(text.text, known)]
        told = "以下各数不在 facts.json 中" if strange else "各数均在 facts.json 中"
        return FileVerdict(shown, "changed", tuple(strange), f"缺少重新生成所需的文件，{told}")

    @cached_property
    def _sayings(self) -> Sayings:
        """What names the numbers: the folder's blocks and facts, and the units' names."""
        now = self._now if self._now and self._task.same else self._chain
        blocks = [*now.blocks, *(now.document.blocks if now.document else ())]
        facts = {fact["id"]: fact for block in now.blocks for fact in block["facts"]}
        known = {fact["id"]: fact for fact in self._facts(self._out.read(f"{self._task.folder}/facts.json"))}
        return Sayings(blocks, (known | facts).values(), units_of(self._out))


def units_of(out: Delivery) -> dict[str, str]:
    """Names of the units by code."""
    return dict(folder.split("_", 1) for folder in out.folders() if "_" in folder)


def compared(name: str, shown: str, made: bytes, data: bytes, sayings: Sayings) -> FileVerdict:
    """A changed file against the same file made again."""
    office = PurePosixPath(name).suffix in _OFFICE
    before, now = texts_apart(name, made, data)
    if office:
        before, now = _body(before), _body(now)
    found = changes(before, now, sayings)
    if found:
        same = all(numbers_in(change.old) == numbers_in(change.new) for change in found)
        return FileVerdict(shown, "changed", tuple(found), "改动的是文字，数字与事实一致" * same)
    if not office:
        return FileVerdict(shown, "changed", note=_NOT_PRINTED)
    if pictures_of(made) != pictures_of(data):
        return FileVerdict(shown, "changed", note="文字和数字与事实一致，但图片不是原来的")
    return FileVerdict(shown, "resaved", note="印出的数字和文字与事实一致")


def _told(fact: Mapping[str, Any] | None) -> str:
    """What a fact says: its text, and what stands behind it."""
    if fact is None:
        return ""
    beside = "、".join(f"{key}={fact[key]}" for key in ("n", "N", "state") if fact.get(key) not in (None, ""))
    return f"{fact.get('text', '')}（{fact.get('value')}{beside and f'，{beside}'}）"


def _body(texts: list[Text]) -> list[Text]:
    """Without what an office program writes anew on saving: the properties, and the page numbers.

    What stands at the head and foot of pages counts once, whatever the number of sections.
    """
    frame = {text.text for text in texts if text.place == PAGE_FRAME}
    heads = [Text(PAGE_FRAME, text) for text in sorted(frame) if not text.strip("—- ").isdigit()]
    return [*(text for text in texts if text.place not in (PAGE_FRAME, PROPERTIES)), *heads]
