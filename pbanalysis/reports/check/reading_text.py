"""A text of a delivered file, and how its place is said."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROPERTIES", "Text", "place_of"]

PROPERTIES = "文件属性"
_LONGEST = 28


class Text(NamedTuple):
    """What stands at a place.

    Attributes
    ----------
    place
        For a person: the heading, table, row and column; the cell; the page.
    text
        What stands there.
    row, column
        Heads of a table's row and column, where it is a cell.
    facts
        Where the file itself says which number is which: start, end, the fact's id.
    """

    place: str
    text: str
    row: str = ""
    column: str = ""
    facts: tuple[tuple[int, int, str], ...] = ()

    def at(self, start: int, end: int) -> str:
        """The fact that stands there; without a place, the only one."""
        if end == 0:
            return self.facts[0][2] if len(self.facts) == 1 else ""
        return next((fact for low, high, fact in self.facts if low <= start and end <= high), "")


def place_of(under: str, table: str = "", row: str = "", column: str = "") -> str:
    """A place in words.

    >>> place_of("一、学习质量", "指标一览", "S01 三会一课应开已开率", "数值")
    '“一、学习质量”，表“指标一览”，S01 三会一课应开已开率·数值'
    >>> place_of("首页")
    '“首页”'
    """
    table = table if len(table) <= _LONGEST else f"{table[:_LONGEST]}…"
    cell = "·".join(filter(None, (row, column)))
    return "，".join(filter(None, (f"“{under}”", table and f"表“{table}”", cell)))
