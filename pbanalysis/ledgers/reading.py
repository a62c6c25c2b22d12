"""What a parser concludes from one cell. Parsers are total: they return a :class:`Reading`, never raise."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["ERROR", "NOTHING", "Class", "Parsed", "Reading", "flagged", "normalised", "ok", "rejected"]

Class = Literal["ok", "normalised", "flagged", "rejected"]
Parsed = str | int | float | bool | dt.date | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Value, class and reason of one cell.

    Attributes
    ----------
    value
        In the canonical unit; None when the cell says "nothing", or is rejected.
    kind
        ``ok`` as typed, ``normalised`` changed by a lossless rule, ``flagged`` kept with a doubt, ``rejected`` not used.
    code, message
        Why; the message is Chinese and never repeats a personal value.
    precision
        Of a date: ``day``, ``month`` or ``year``.
    word
        A word that stands in place of a date: ``immediate`` or ``standing``.
    readings
        The values an ambiguous cell may have; another column may decide between them.
    """

    value: Parsed
    kind: Class = "ok"
    code: str = ""
    message: str = ""
    precision: str = ""
    word: str = ""
    readings: tuple[float, ...] = ()

    def doubt(self, code: str, message: str) -> Reading:
        """The same value, flagged; a rejected reading stays as it is, a second doubt is added to the first."""
        if self.kind == "rejected":
            return self
        if self.kind == "flagged" and self.message:
            return replace(self, message=f"{self.message}；{message}")
        return replace(self, kind="flagged", code=code, message=message)


NOTHING = Reading(None, "normalised", "null_marker", "填的是空值记号，按未填处理")


def ok(value: Parsed, precision: str = "") -> Reading:
    """As typed."""
    return Reading(value, precision=precision)


def normalised(value: Parsed, code: str, message: str = "", precision: str = "") -> Reading:
    """Changed by a lossless rule."""
    return Reading(value, "normalised", code, message, precision)


def flagged(value: Parsed, code: str, message: str, precision: str = "") -> Reading:
    """Kept; a person has to look."""
    return Reading(value, "flagged", code, message, precision)


def rejected(code: str, message: str) -> Reading:
    """Not used."""
    return Reading(None, "rejected", code, message)


ERROR = rejected("error_value", "单元格是错误值或没有算出结果的公式")
