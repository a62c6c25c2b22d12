"""Blocks: what a notebook shows, as frozen values that HTML, PDF, Word and Excel are made from.

A text is a *line*: a string, a :class:`Fact`, or a tuple of both. Every number printed in a body is
a fact; a block collects the facts of its lines and cells by itself (docs/blocks.md).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from pbanalysis.exhibits.lines import Fact, Line, Span, facts_of, plain_value, span_list, spans_of, text_of
from pbanalysis.exhibits.markup import html_of, plain_of

__all__ = [
    "BLOCK_MIME",
    "Align",
    "Block",
    "Box",
    "Cell",
    "CellLike",
    "Column",
    "Fact",
    "Figure",
    "Heading",
    "Line",
    "ListBlock",
    "Paragraph",
    "Row",
    "Span",
    "Table",
    "blocks_of",
    "facts_of",
    "text_of",
]

BLOCK_MIME = "application/vnd.pbanalysis.block+json"
VERSION = 1
Align: TypeAlias = Literal["left", "right", "center"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """What all blocks share: identity, role, and how they show themselves in a notebook."""

    id: str = ""
    role: str = ""
    facts: tuple[Fact, ...] = ()
    kind: ClassVar[str] = ""

    def body(self) -> dict[str, Any]:
        """The part of the block that depends on its type."""
        raise NotImplementedError

    def lines(self) -> Iterable[Line]:
        """Every line whose facts the block owns."""
        return ()

    def block(self) -> dict[str, Any]:
        """The block as docs/blocks.md describes it.

        Raises
        ------
        ValueError
            When two facts of one id say different things.
        """
        facts: dict[str, Fact] = {}
        for fact in (*facts_of(*self.lines()), *self.facts):
            if facts.setdefault(fact.id, fact) != fact:
                raise ValueError(f"two facts of one id: {fact.id}")
        head = {"version": VERSION, "type": self.kind, "id": self.id, "role": self.role}
        return {**head, **self.body(), "facts": [fact.block() for fact in facts.values()]}

    def picture(self) -> dict[str, str]:
        """MIME type → picture that stands beside the block."""
        return {}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        block, picture = self.block(), self.picture()
        shown = {"text/plain": plain_of(block), "text/html": html_of(block, picture)}
        return {BLOCK_MIME: block, **shown, **picture}


@dataclass(frozen=True, kw_only=True)
class Heading(Block):
    """A heading of the report; numbering belongs to the renderer or the text."""

    text: str
    level: int = 2
    kind: ClassVar[str] = "heading"

    def body(self) -> dict[str, Any]:
        return {"level": self.level, "text": self.text}


@dataclass(frozen=True, kw_only=True)
class Paragraph(Block):
    """A paragraph of text with its facts."""

    text: Line
    kind: ClassVar[str] = "paragraph"

    def lines(self) -> Iterable[Line]:
        return (self.text,)

    def body(self) -> dict[str, Any]:
        return {"spans": span_list(self.text)}


@dataclass(frozen=True, kw_only=True)
class ListBlock(Block):
    """A list, numbered where ``ordered``."""

    items: tuple[Line, ...]
    title: str = ""
    ordered: bool = False
    kind: ClassVar[str] = "list"

    def lines(self) -> Iterable[Line]:
        return self.items

    def body(self) -> dict[str, Any]:
        items = [span_list(item) for item in self.items]
        return {"title": self.title, "ordered": self.ordered, "items": items}


@dataclass(frozen=True, kw_only=True)
class Box(ListBlock):
    """A framed note: what may not be concluded, what is missing, why a figure is not drawn."""

    kind: ClassVar[str] = "box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table; neighbours of the same ``group`` share a head. ``width`` is relative."""

    key: str
    title: str
    align: Align = "left"
    group: str = ""
    width: float = 1.0

    def block(self) -> dict[str, Any]:
        """The column as docs/blocks.md describes it."""
        plain = {"key": self.key, "title": self.title, "align": self.align}
        return {**plain, "group": self.group, "width": self.width}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell whose state is shown by mark and text, or that joins several facts (``26/31``)."""

    line: Line
    state: str = ""
    value: float | int | str | None = None

    def block(self) -> dict[str, Any]:
        """The cell as docs/blocks.md describes it; ``spans`` where it joins several facts."""
        facts = facts_of(self.line)
        only = facts[0] if len(facts) == 1 and len(spans_of(self.line)) == 1 else None
        state = self.state or (only.state if only else "")
        value = self.value if self.value is not None or only is None else only.value
        cell: dict[str, Any] = {
            "t": text_of(self.line),
            "v": plain_value(value),
            "f": only.id if only else None,
        }
        cell |= {"state": state, "suppressed": "suppressed" in {state, *(fact.state for fact in facts)}}
        return cell if only or not facts else {**cell, "spans": span_list(self.line)}


CellLike: TypeAlias = Cell | Line


@dataclass(frozen=True, slots=True)
class Row:
    """A row: as many cells as columns; a row of kind ``group`` may hold its heading alone."""

    cells: tuple[CellLike, ...]
    kind: Literal["data", "group", "total"] = "data"

    def block(self) -> dict[str, Any]:
        """The row as docs/blocks.md describes it."""
        cells = [cell if isinstance(cell, str) else _as_cell(cell).block() for cell in self.cells]
        return {"cells": cells, "kind": self.kind}


def _as_cell(cell: CellLike) -> Cell:
    return cell if isinstance(cell, Cell) else Cell(cell)


@dataclass(frozen=True, kw_only=True)
class Table(Block):
    """A table: title above, notes below; unit and source are obligatory."""

    title: Line
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    unit: str
    source: str
    n: Line = ""
    notes: tuple[Line, ...] = ()
    kind: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        if not (text_of(self.title) and self.unit and self.source):
            raise ValueError(f"a table needs a title, a unit and a source: {self.id}")
        for row in self.rows:
            if len(row.cells) != len(self.columns) and (row.kind, len(row.cells)) != ("group", 1):
                raise ValueError(f"a row of {self.id} has {len(row.cells)} cells, not {len(self.columns)}")

    def lines(self) -> Iterable[Line]:
        cells = (_as_cell(cell).line for row in self.rows for cell in row.cells)
        return (self.title, self.n, *cells, *self.notes)

    def body(self) -> dict[str, Any]:
        return {
            "title": text_of(self.title),
            "unit": self.unit,
            "source": self.source,
            "n": text_of(self.n),
            "columns": [column.block() for column in self.columns],
            "rows": [row.block() for row in self.rows],
            "notes": [span_list(note) for note in self.notes],
        }


@dataclass(frozen=True, kw_only=True)
class Figure(Block):
    """A figure: the title states the finding, ``alt`` says it again with the numbers.

    ``svg`` is the picture (no title, n or source in it: those are the caption's), ``size`` its
    width and height in millimetres.
    """

    title: Line
    alt: Line
    unit: str
    source: str
    n: Line
    size: tuple[float, float]
    svg: str = field(repr=False)
    kind: ClassVar[str] = "figure"

    def __post_init__(self) -> None:
        if not (text_of(self.title) and text_of(self.alt) and self.unit and self.source and text_of(self.n)):
            raise ValueError(f"a figure needs a title, an alt text, a unit, a source and n: {self.id}")

    def lines(self) -> Iterable[Line]:
        return (self.title, self.alt, self.n)

    def body(self) -> dict[str, Any]:
        return {
            "title": text_of(self.title),
            "alt": text_of(self.alt),
            "unit": self.unit,
            "source": self.source,
            "n": text_of(self.n),
            "size": [plain_value(side) for side in self.size],
        }

    def picture(self) -> dict[str, str]:
        return {"image/svg+xml": self.svg}

    def png(self, dpi: float = 220) -> bytes:
        """The picture as PNG, for Word."""
        from pbanalysis.exhibits.figures.raster import pngs_of

        return pngs_of([(self.svg, self.size)], dpi)[0]


def blocks_of(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Blocks of an executed notebook, in the order of its outputs.

    A figure's block gains ``picture``: ``{"mime": …, "data": …}``; SVG is text, PNG base64 text.

    Parameters
    ----------
    notebook
        An ``nbformat`` node or the notebook's JSON.
    """
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
    return [_read(output["data"]) for output in outputs if BLOCK_MIME in output.get("data", {})]


def _read(data: Mapping[str, Any]) -> dict[str, Any]:
    block = dict(data[BLOCK_MIME])
    for mime in ("image/svg+xml", "image/png"):
        if mime in data:
            block["picture"] = {"mime": mime, "data": _joined(data[mime])}
            break
    return block


def _joined(text: str | bytes | Sequence[str]) -> str:
    """Text that a notebook file may keep as a list of lines."""
    if isinstance(text, bytes):
        return base64.b64encode(text).decode("ascii")
    return text if isinstance(text, str) else "".join(text)
