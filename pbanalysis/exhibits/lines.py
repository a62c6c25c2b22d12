"""Lines of text whose numbers are facts: the smallest part of every block (docs/blocks.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

from pbanalysis.terms import STATES

__all__ = ["Fact", "Line", "Span", "facts_of", "plain_value", "span_list", "spans_of", "text_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A printed number: its display text, its raw value and where it comes from.

    A number that was counted has its ``source_tables`` and how many of their ``rows`` were counted; one that
    is laid down (a target, a limit of the method) has the ``clause`` that says so. ``rows`` is empty where it
    would tell of persons (docs/blocks.md).

    ``id`` is unique inside one township's ``facts.json``: ``R03.value``, ``issues.open_n``,
    ``county.R03.value``. ``text`` is what every output prints. A suppressed fact has the state
    ``suppressed``, no numbers, and the text 「依规定不予公布」 (:meth:`suppressed`).

    Examples
    --------
    >>> Fact(id="R03.value", text="83.9%", value=26 / 31, n=26, N=31, indicator_id="R03").span()
    {'t': '83.9%', 'f': 'R03.value'}
    """

    id: str
    text: str
    value: float | int | str | None = None
    indicator_id: str | None = None
    name: str | None = None
    n: float | int | None = None
    N: float | int | None = None
    state: str = ""
    source_tables: tuple[str, ...] = ()
    rows: int | None = None
    clause: str = ""

    def __post_init__(self) -> None:
        hidden = (self.value, self.n, self.N) == (None, None, None) and self.text == STATES["suppressed"]
        if self.state == "suppressed" and not hidden:
            raise ValueError(f"a suppressed fact holds a number: {self.id}")

    @classmethod
    def suppressed(cls, id: str, **about: Any) -> Fact:
        """A fact that the disclosure policy holds back."""
        return cls(id=id, text=STATES["suppressed"], state="suppressed", **about)

    def block(self) -> dict[str, Any]:
        """The fact as it stands in ``facts`` of a block and in ``facts.json``."""
        return {
            "id": self.id,
            "indicator_id": self.indicator_id,
            "name": self.name,
            "value": plain_value(self.value),
            "text": self.text,
            "n": plain_value(self.n),
            "N": plain_value(self.N),
            "state": self.state,
            "source_tables": list(self.source_tables),
            "rows": plain_value(self.rows),
            "clause": self.clause,
        }

    def span(self) -> dict[str, str]:
        """The fact as a span of a line."""
        return {"t": self.text, "f": self.id}


Span: TypeAlias = str | Fact
Line: TypeAlias = Span | tuple[Span, ...]


def spans_of(line: Line) -> tuple[Span, ...]:
    """The line as spans."""
    return line if isinstance(line, tuple) else (line,)


def text_of(line: Line) -> str:
    """The line as it is read.

    >>> text_of(("到期 ", Fact(id="a", text="31"), " 项"))
    '到期 31 项'
    """
    return "".join(span if isinstance(span, str) else span.text for span in spans_of(line))


def facts_of(*lines: Line) -> tuple[Fact, ...]:
    """Facts of the lines, in order."""
    return tuple(span for line in lines for span in spans_of(line) if isinstance(span, Fact))


def span_list(line: Line) -> list[Any]:
    """The line as a block holds it."""
    return [span if isinstance(span, str) else span.span() for span in spans_of(line) if span != ""]


def plain_value(value: Any) -> Any:
    """JSON value of a number that may be numpy's or pandas': missing is ``None``, never NaN."""
    if value is None or isinstance(value, str | bool):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, int):
        return value
    try:
        number = float(value)
    except TypeError:  # pandas.NA
        return None
    return number if math.isfinite(number) else None
