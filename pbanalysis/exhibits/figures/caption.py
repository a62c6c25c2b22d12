"""What a figure says in words: who passes it, what is computed where nothing is passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.exhibits.blocks import Box, Fact, Figure, Line, Span, text_of
from pbanalysis.exhibits.figures.sheet import Sheet
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.numbers import percent, plain

__all__ = ["Caption", "Numbers", "floats", "joined", "number_text"]


# what a maker takes for numbers: an array, a pandas column, a list in which None is missing
Numbers: TypeAlias = npt.ArrayLike | Sequence[float | int | None]


METHOD = "统计方法"


@dataclass(frozen=True, kw_only=True)
class Caption:
    """The words around a figure.

    Attributes
    ----------
    id
        Stable inside a report; numbers of computed sentences become facts ``<id>.<part>``.
    subject
        What is shown, a noun: 「到期问题办结率」.
    unit, source
        Unit of the values and the ledger they come from, as printed.
    counted
        Measure word and thing that ``n`` counts: 「项问题」.
    own, county
        What the unit and its reference are called.
    title, n, alt
        The finding, n and the alt text; where empty the maker says it in neutral words.
    source_tables, rows, county_rows
        Tables behind the computed numbers, and how many of their rows were counted; for the numbers
        ``county.…`` of the county's.
    clause
        What lays down a target that is drawn.
    facts
        Further facts that the passed words print.
    """

    id: str
    subject: str
    unit: str
    source: str
    counted: str = "项"
    own: str = "本乡镇"
    county: str = "全县"
    title: Line = ""
    n: Line = ""
    alt: Line = ""
    role: str = "finding"
    source_tables: tuple[str, ...] = ()
    rows: int | None = None
    county_rows: int | None = None
    clause: str = ""
    facts: tuple[Fact, ...] = ()

    def fact(self, part: str, value: Any, text: str | None = None) -> Fact:
        """A number of a computed sentence, as a fact."""
        shown = number_text(value) if text is None else text
        rows = self.county_rows if part.startswith("county.") else self.rows
        return Fact(
            id=f"{self.id}.{part}", text=shown, value=value, source_tables=self.source_tables, rows=rows
        )

    def given(self, part: str, value: Any, text: str | None = None, *, by: str = METHOD) -> Fact:
        """A number that is not counted but laid down: by a clause of the plan, or by the method."""
        shown = number_text(value) if text is None else text
        return Fact(id=f"{self.id}.{part}", text=shown, value=value, clause=by)

    def share(self, part: str, value: float, n: float) -> Fact:
        """A share of ``n`` as a fact, in whole percents where n < 100."""
        return self.fact(part, value, percent(value, n))

    def size(self, n: float, counted: str | None = None) -> Line:
        """``n`` in words."""
        return ("n = ", self.fact("n", n), f" {counted or self.counted}")

    def figure(self, sheet: Sheet, *, title: Line, alt: Line, n: Line) -> Figure:
        """The exhibit: passed words win over the computed ones."""
        alt = self.alt or alt
        return Figure(
            id=self.id,
            role=self.role,
            facts=self.facts,
            title=self.title or title,
            alt=alt,
            unit=self.unit,
            source=self.source,
            n=self.n or n,
            size=(sheet.width, sheet.height),
            svg=sheet.svg(self.id, text_of(alt)),
        )

    def nothing(self, why: Line) -> Box:
        """The exhibit that stands where nothing can be drawn: it says why."""
        return Box(id=self.id, role=self.role, facts=self.facts, title=self.subject, items=(why,))


def floats(values: Numbers) -> npt.NDArray[np.float64]:
    """Numbers as an array of floats of the same shape; every kind of missing value is NaN."""
    shape = np.shape(cast(Any, values))
    flat = np.ravel(np.asarray(values, dtype=object))
    return np.asarray(pd.array(flat, dtype="Float64").to_numpy(float, na_value=np.nan)).reshape(shape)


def number_text(value: float) -> str:
    """A number with at most one decimal and a true minus sign."""
    return plain(float(value), 1).replace("-", "−")


def joined(parts: Sequence[Line], by: str = "；", end: str = "。") -> tuple[Span, ...]:
    """Clauses joined into one line."""
    line: list[Span] = []
    for k, part in enumerate(parts):
        line += [by] if k else []
        line += spans_of(part)
    return (*line, end)
