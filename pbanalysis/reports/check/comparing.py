"""Two readings of a file compared, and each number that differs named: one way for every format.

What a number is, is not guessed from its digits: the blocks the reports are made of say which fact stands
where in which sentence and cell, and a number is found there by what stands around it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import zip_longest
from typing import Any

from pbanalysis.exhibits.style import STATE_MARKS, VS_COUNTY_MARKS
from pbanalysis.plan.registry import registry
from pbanalysis.reports.check.reading_text import Text
from pbanalysis.reports.documents.text import Block, cell_text

__all__ = ["Change", "Sayings", "changes"]

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?[%‰]?")
_INDICATOR = re.compile(r"\b[A-Z]\d\d(?:[-.]\d+[a-z]?)?\b")
_LONGEST, _AROUND = 40, 12
_WINDOWS = (16, 8, 4)  # characters on either side by which a number is found in the blocks
_ALIKE = {"数值": "完成值"}  # one column, named so in the tables of a theme and so in the 统计表
_NO_MARKS = str.maketrans("", "", "".join((*STATE_MARKS.values(), *VS_COUNTY_MARKS.values())))
_PARTS = {
    "value": "完成值",
    "numerator": "分子",
    "denominator": "分母",
    "ci_low": "波动范围下限",
    "ci_high": "波动范围上限",
    "n_not_due": "未到期数",
    "n_na": "不适用数",
    "n_unknown": "数据缺失数",
    "target": "目标",
    "shortfall": "还差数",
    "previous_numerator": "上期分子",
    "previous_denominator": "上期分母",
    "if_none": "缺失的全未完成时的值",
    "if_all": "缺失的全部完成时的值",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What differs at a place.

    Attributes
    ----------
    place
        Where it stands.
    old, new
        What should stand there, and what does.
    around
        The sentence or cell as it stands now, the number in 【】; empty where it is the number alone.
    fact, indicator
        The number's id, and the indicator it belongs to with its name, where they are known.
    """

    place: str
    old: str
    new: str
    around: str = ""
    fact: str = ""
    indicator: str = ""

    def __str__(self) -> str:
        around = self.around and f"，“{self.around}”"
        known = "，".join(filter(None, (self.indicator, self.fact and f"事实编号 {self.fact}")))
        return f"{self.place}{around}：现为 {self.new or '（无）'}，应为 {self.old or '（无）'}{known and f'（{known}）'}"


@dataclass(frozen=True, slots=True)
class _Found:
    """A change with the text it was found in."""

    change: Change
    old: Text
    start: int = 0
    end: int = 0


def changes(old: Sequence[Text], new: Sequence[Text], sayings: Sayings | None = None) -> list[Change]:
    """Differences of two readings, number by number where the numbers can be paired.

    Parameters
    ----------
    old, new
        What should stand in the file, and what does.
    sayings
        Names the numbers.
    """
    found = [item for before, after in _pairs(old, new) for item in _differing(before, after)]
    return [(sayings or Sayings()).named(item) for item in found]


def _pairs(old: Sequence[Text], new: Sequence[Text]) -> Iterator[tuple[Text, Text]]:
    """Texts that differ, beside each other."""
    nothing = Text("", "")
    differing = [(a, b) for a, b in zip(old, new) if a.text != b.text]
    if len(old) == len(new) and len(differing) <= max(3, len(old) // 10):
        yield from differing
        return
    head = next((k for k, (a, b) in enumerate(zip(old, new)) if a.text != b.text), min(len(old), len(new)))
    most = min(len(old), len(new)) - head
    pairs = zip(reversed(old), reversed(new))
    tail = min(most, next((k for k, (a, b) in enumerate(pairs) if a.text != b.text), most))
    one, two = old[head : len(old) - tail], new[head : len(new) - tail]
    # thousands of cells of a few values would take hours without the junk heuristic
    matcher = SequenceMatcher(None, [t.text for t in one], [t.text for t in two], len(one) > 3000)
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            yield from zip_longest(one[a:b], two[c:d], fillvalue=nothing)


def _differing(before: Text, after: Text) -> Iterator[_Found]:
    place = before.place or after.place
    was, now = list(_NUMBER.finditer(before.text)), list(_NUMBER.finditer(after.text))
    if len(was) != len(now) or [m[0] for m in was] == [m[0] for m in now]:
        yield _Found(Change(place, *_apart(before.text, after.text)), before)
        return
    for x, y in zip(was, now):
        if x[0] != y[0]:
            yield _Found(Change(place, x[0], y[0], _around(after.text, *y.span())), before, *x.span())


def _around(text: str, start: int, end: int) -> str:
    """The number with what stands on either side of it."""
    left, right = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    if not (left + right).strip():
        return ""
    before, after = "…" * (start > _AROUND), "…" * (end + _AROUND < len(text))
    return f"{before}{left}【{text[start:end]}】{right}{after}"


def _apart(before: str, after: str) -> tuple[str, str]:
    """The parts that differ, with a little of what stands before them."""
    start = next((k for k, (x, y) in enumerate(zip(before, after)) if x != y), min(len(before), len(after)))
    start = max(0, start - 8)
    return before[start : start + _LONGEST], after[start : start + _LONGEST]


@dataclass(frozen=True, slots=True)
class _Saying:
    """One text of a block, white space left out, and which fact stands where in it."""

    text: str
    facts: tuple[tuple[int, int, str], ...]
    row: str = ""
    column: str = ""

    def is_cell(self, where: Text) -> bool:
        """Whether it is the cell of that row, or a text that says the same and nothing more."""
        row = _bare(where.row)
        return self.text == _bare(where.text) or bool(self.column and row and row in self.row)

    def at(self, start: int, end: int) -> str:
        return next((fact for low, high, fact in self.facts if low <= start and end <= high), "")


class Sayings:
    """What the blocks of a report say, number by number.

    Parameters
    ----------
    blocks
        Blocks of the notebooks and of the attachment.
    facts
        The facts of ``facts.json``.
    units
        Names by code, for tables that hold codes.
    """

    def __init__(
        self,
        blocks: Iterable[Block] = (),
        facts: Iterable[Mapping[str, Any]] = (),
        units: Mapping[str, str] | None = None,
    ) -> None:
        self._blocks, self._facts, self._units = tuple(blocks), tuple(facts), units or {}

    def named(self, found: _Found) -> Change:
        """The change with its fact and its indicator."""
        change, text = found.change, found.old
        fact = (
            text.at(found.start, found.end)
            or (self._of_place(found) if found.end else "")
            or self._of_row(found)
        )
        indicator = self._about(fact) or self._of_column(text)
        place = change.place
        for code, name in self._units.items():
            if code in text.row.split():
                place = f"{name}（{code}），{place}"
        return replace(change, place=place, fact=fact, indicator=indicator)

    def change(self, place: str, old: str, new: str, fact: str) -> Change:
        """A fact that is not what it should be, with its indicator."""
        return Change(place, old, new, fact=fact, indicator=self._about(fact))

    @cached_property
    def _said(self) -> list[_Saying]:
        return [saying for block in self._blocks for saying in _of_block(block)]

    def _of_place(self, found: _Found) -> str:
        """The fact that the blocks say stands between what stands around the number."""
        text, start, end = _squashed(found.old.text, found.start, found.end)
        for width in _WINDOWS:
            left = max(0, start - width)
            window, offset = text[left : end + width], start - left
            hits = [
                (saying, fact)
                for saying in self._said
                if window != text or len(window) > end - start + 4 or saying.is_cell(found.old)
                for at in _all(saying.text, window)
                if (fact := saying.at(at + offset, at + offset + end - start))
            ]
            if facts := _narrowed(hits, text, found.old):
                return facts.pop() if len(facts) == 1 else ""
        return ""

    def _of_row(self, found: _Found) -> str:
        """The fact of the row's indicator that has this text or value."""
        row = _INDICATOR.search(found.old.row)
        if row is None:
            return ""
        own = [fact for fact in self._facts if fact.get("indicator_id") == row[0]]
        known = {str(fact["id"]) for fact in own if _says(fact, found.change.old, found.old.text)}
        return known.pop() if len(known) == 1 else ""

    def _about(self, fact: str) -> str:
        """``指标 S01 三会一课应开已开率的完成值``."""
        known = next((f for f in self._facts if f["id"] == fact), {})
        indicator = str(known.get("indicator_id") or "")
        if not indicator:
            return ""
        named = _called(indicator)
        if not named:
            return ""
        whose, _, part = fact.rpartition(f"{indicator}.")
        whose = {"": "", "county.": "全县"}.get(whose, self._units.get(whose.strip("."), whose))
        return f"{whose}{named}{_part(part)}"

    @staticmethod
    def _of_column(text: Text) -> str:
        """The indicator that the row names, and the number that the column does."""
        found = _INDICATOR.search(text.row)
        indicator = _called(found[0]) if found else ""
        return indicator and f"{indicator}{_part(text.column)}"


def _called(indicator: str) -> str:
    """``指标 S01 三会一课应开已开率``; a part of an indicator has its own name."""
    known = next((i for i in registry() if i.id == indicator), None)
    return f"指标 {known.id} {known.name}" if known else ""


def _part(name: str) -> str:
    return f"的{_PARTS[name]}" if name in _PARTS else ""


def _narrowed(hits: Sequence[tuple[_Saying, str]], text: str, where: Text) -> set[str]:
    """The facts of the hits: of the same whole text, row and column as far as that leaves any."""
    row, column = _bare(where.row), _bare(where.column)
    for holds in (
        lambda saying: bool(row and saying.row) and (saying.row in row or row in saying.row),
        lambda saying: (
            bool(column) and _ALIKE.get(saying.column, saying.column) == _ALIKE.get(column, column)
        ),
        lambda saying: saying.text == text,
    ):
        hits = [hit for hit in hits if holds(hit[0])] or hits
    return {fact for _, fact in hits}


def _says(fact: Mapping[str, Any], number: str, text: str) -> bool:
    if number in (fact["text"], *_NUMBER.findall(fact["text"])):
        return True
    try:
        return math.isclose(float(fact["value"]), float(text), rel_tol=1e-9)
    except (TypeError, ValueError):
        return False


def _squashed(text: str, start: int, end: int) -> tuple[str, int, int]:
    """The text without white space, and where the number then stands."""
    first = len(_bare(text[:start]))
    return _bare(text), first, first + end - start


def _bare(text: str) -> str:
    """Without white space and marks: a state has its mark before it in some formats only."""
    return "".join(text.translate(_NO_MARKS).split())


def _all(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _of_block(block: Block) -> Iterator[_Saying]:
    lines = [block.get("spans"), *block.get("items", ()), *block.get("notes", ())]
    yield from (_saying(line) for line in lines if line)
    for key in ("title", "alt", "n"):
        if text := block.get(key):
            yield _of_plain(str(text), block["facts"])
    heads = [_bare(column["title"]) for column in block.get("columns", ())]
    for row in block.get("rows", ()):
        cells = [_of_cell(cell) for cell in row["cells"]]
        named = next((c.text for c in cells if _INDICATOR.match(c.text)), cells[0].text if cells else "")
        yield _joined(cells, named)
        yield from (replace(cell, row=named, column=head) for cell, head in zip(cells, heads))


def _saying(line: str | Sequence[Any]) -> _Saying:
    text, facts = "", []
    for span in [line] if isinstance(line, str) else line:
        start, words = len(text), span if isinstance(span, str) else str(span["t"])
        text += _bare(words)
        if not isinstance(span, str) and span.get("f"):
            facts.append((start, len(text), str(span["f"])))
    return _Saying(text, tuple(facts))


def _of_cell(cell: str | Mapping[str, Any]) -> _Saying:
    if isinstance(cell, str):
        return _saying(cell)
    return _saying(cell.get("spans") or [{"t": cell_text(cell), "f": cell.get("f")}])


def _joined(cells: Iterable[_Saying], row: str) -> _Saying:
    """A row as one line, as a PDF's text has it."""
    text, facts = "", []
    for cell in cells:
        facts += [(len(text) + low, len(text) + high, fact) for low, high, fact in cell.facts]
        text += cell.text
    return _Saying(text, tuple(facts), row)


def _of_plain(text: str, facts: Sequence[Mapping[str, Any]]) -> _Saying:
    """A text whose facts are listed beside it: each number is the one that reads so."""
    squashed = _bare(text)
    by_text = {"".join(str(fact["text"]).split()): str(fact["id"]) for fact in facts}
    spans = [(*m.span(), by_text[m[0]]) for m in _NUMBER.finditer(squashed) if m[0] in by_text]
    return _Saying(squashed, tuple(spans))
