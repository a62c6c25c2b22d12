"""What verify says, file by file and in sum, to a person and to a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pbanalysis.errors import Exit
from pbanalysis.reports.check.comparing import Change

__all__ = ["FileVerdict", "State", "VerifyReport"]

State = Literal["untouched", "resaved", "otherwise", "changed", "broken", "missing", "unlisted"]
_STATES: Mapping[State, str] = {
    "untouched": "未改动",
    "resaved": "已另存",
    "otherwise": "与本版程序生成的不同",
    "changed": "已改动",
    "broken": "打不开",
    "missing": "缺失",
    "unlisted": "来源不明",
}
_MARKS: Mapping[State, str] = {"untouched": "✔", "resaved": "△", "otherwise": "△"}
_MOST = 20


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One delivered file: its state, what differs in it, and a remark."""

    name: str
    state: State
    changes: tuple[Change, ...] = ()
    note: str = ""

    def lines(self) -> Iterator[str]:
        """The verdict for a person."""
        count = f"，{len(self.changes)} 处" if self.changes else ""
        note = self.note and f"，{self.note}"
        yield f"{_MARKS.get(self.state, '✘')} {self.name}：{_STATES[self.state]}{count}{note}"
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
    store
        The store that everything was made anew from; empty where none was found.
    recomputed, disagreements
        How many facts were compared with the store, and those that are others now though their file is as it
        was made.
    moved_on
        Files that are as they were made, and not as they would be made of the store today.
    made_by
        The version of the program they were made by, where it is another than this one.
    unchecked
        What could not be checked here, and why.
    """

    files: tuple[FileVerdict, ...]
    store: str = ""
    recomputed: int = 0
    disagreements: tuple[Change, ...] = ()
    moved_on: tuple[str, ...] = ()
    made_by: str = ""
    unchecked: tuple[str, ...] = ()

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
        """The result for a person: what is wrong, then the sum and what it rests on."""
        wrong = [line for verdict in self.files if verdict.state != "untouched" for line in verdict.lines()]
        if self.moved_on:
            names = f"{'、'.join(self.moved_on[:_MOST])}{f' 等 {len(self.moved_on)} 个文件' * (len(self.moved_on) > _MOST)}"
            wrong.append(
                f"✘ 数据仓或程序在报告生成之后有变动：{names} 与现在由数据仓重新生成的不一致。"
                "如以现在的数据为准，请重新运行 pbanalysis report；否则请用生成报告时的数据仓核对（--store）。"
                "数据仓如没有变动，就是这些文件连同清单被改过"
            )
        wrong += [f"    与重算不一致：{change}" for change in self.disagreements[:_MOST]]
        if len(self.disagreements) > _MOST:
            wrong.append(f"    ……共 {len(self.disagreements)} 处，以上为前 {_MOST} 处")
        if wrong and self.made_by:
            wrong.append(
                f"注意：清单说报告由另一版程序（{self.made_by}）生成，上列不同之处可能是版本之间的差别；"
                "请用生成报告的那一版核对"
            )
        told = [f"未能核对：{what}" for what in self.unchecked]
        if self.store:
            told.append(f"所用数据仓：{self.store}")
        return [*wrong, *told, self._sum()]

    def _sum(self) -> str:
        counts = Counter(verdict.state for verdict in self.files)
        told = "，".join(f"{counts[state]} 个{name}" for state, name in _STATES.items() if counts[state])
        only_saved = not self.disagreements and not self.moved_on and {*counts} <= {"untouched", "resaved"}
        head = "通过" if self.ok else "数字一致，但有文件已另存，不是生成时的原件" if only_saved else "未通过"
        data = (
            f"用数据仓重新生成，重算 {self.recomputed} 个数，{len(self.disagreements)} 处不一致"
            if self.store
            else "没有找到数据仓，未重算（可用 --store 指明）"
        )
        return f"{head}：{len(self.files)} 个文件，{told}；{data}"

    def to_dict(self) -> dict[str, Any]:
        """The result for a program."""
        return {
            "ok": self.ok,
            "files": [asdict(verdict) for verdict in self.files],
            "store": self.store,
            "recomputed": self.recomputed,
            "disagreements": [asdict(change) for change in self.disagreements],
            "moved_on": list(self.moved_on),
            "made_by": self.made_by,
            "unchecked": list(self.unchecked),
        }
