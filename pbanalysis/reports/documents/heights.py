"""How high blocks are, and where they may be broken, in the measures that ``pdf`` and ``word`` set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from pbanalysis.reports.documents.text import (
    Block,
    Engine,
    about_figure,
    about_table,
    caption_of,
    cell_lines,
    cell_shown,
    figure_size,
    head_rows,
    item_lines,
    lines,
    notes_of,
    plain,
    pt_widths,
    type_size,
)

__all__ = [
    "LONG",
    "MM",
    "PAGE",
    "Breaks",
    "Piece",
    "box_begin",
    "box_lines",
    "breaks",
    "pieces",
    "row_heights",
]

# points, as in attachment.typ and word_parts.py
PAGE, WIDTH = 637.8, 442.2
PITCH, CHARACTER = 28.95, 15.8
BOX_PITCH, BOX_SIZE, BOX_WIDTH, BOX_FRAME = 18.0, 12.0, 428.2, 22.0
CAPTION, NOTE, BETWEEN, FIGURE = 16.0, 12.0, 13.0, 24.0  # the last two: space around a table, a figure
WORD_CAPTION, WORD_BOX = 3.0, 4.0  # what Word takes more: height, width
MEETING = 11.0  # space around that Typst sets once where two blocks meet
EASE = 1.0  # columns are reckoned a little wider than they are set: what just fits does fit
MM = 72 / 25.4
LEADING, BELOW, WORD_BELOW = (
    12.95,
    10.0,
    8.0,
)  # what is empty below a line of Typst's, below tables and figures

LONG = 4  # lines of an item of a box that may be broken
_LOW = 100.0  # a table that is no higher is kept on one page
_HIGH = 20.0  # a row of so many points may be the only one of its table on a page
_NOTES_MOST = 4  # lines that go to the next page together with two rows


class Piece(NamedTuple):
    """What is not broken: its height, what is said again above it on a new page, what is empty at its foot."""

    height: float
    again: float = 0.0
    empty: float = 0.0


def pieces(block: Block, engine: Engine) -> tuple[Piece, ...]:
    """The unbroken pieces of a block, one below the other.

    As Typst (``pdf``) or Word (``docx``) sets it.
    """

    def high(text: str, size: float, width: float, pitch: float, *, justified: bool = False) -> float:
        return lines(text, width / size, engine, justified=justified) * pitch

    leading = LEADING if engine == "pdf" else 0.0
    below = BELOW if engine == "pdf" else WORD_BELOW

    def running(text: str) -> list[float]:
        """Lines, the first two and the last two together."""
        return _together([PITCH] * round(high("　　" + text, CHARACTER, WIDTH, 1.0, justified=True)), 2, 2)

    match block["type"]:
        case "heading":
            return (Piece(high("　　" + block["text"], CHARACTER, WIDTH, PITCH)),)
        case "paragraph":
            return _whole(running(plain(block["spans"])), leading, leading)
        case "list":
            items = [piece for line in item_lines(block) for piece in running(line)]
            return _whole(_together([PITCH, *items], 2, 1) if block["title"] else items, leading, leading)
        case "box":
            return _whole(_box(block, engine), 0.0, below)
        case "table":
            return _table(block, engine, below)
        case _:
            words = high(block["title"], 12.0, WIDTH, CAPTION) + high(about_figure(block), 9.0, WIDTH, NOTE)
            around = FIGURE - (MEETING if engine == "pdf" else 0.0)
            return (Piece(figure_size(block)[1] * MM + words + around, empty=below),)


def _whole(heights: Sequence[float], empty: float, last: float) -> tuple[Piece, ...]:
    *first, end = heights
    return (*(Piece(height, empty=empty) for height in first), Piece(end, empty=last))


def box_lines(block: Block, engine: Engine) -> list[int]:
    """Lines of each item of a box."""
    wide = BOX_WIDTH + (0.0 if engine == "pdf" else WORD_BOX)
    return [lines(line, wide / BOX_SIZE, engine, justified=True) for line in item_lines(block)]


def _box(block: Block, engine: Engine) -> list[float]:
    """Title and the first items, lines, the last items: a long item is broken like a paragraph."""
    frame = BOX_FRAME + BOX_PITCH * bool(block["title"])
    counts = box_lines(block, engine)
    groups = [_together([BOX_PITCH] * n, 2, 2) if n >= LONG else [BOX_PITCH * n] for n in counts]
    if not groups:
        return [frame]
    flat = [height for group in groups for height in group]
    first = 1 + (counts[0] < LONG)
    made = [frame + sum(flat[:first]), *flat[first:]]
    if len(made) > 1 and counts[-1] < LONG:
        made[-2:] = [sum(made[-2:])]
    return made


@dataclass(frozen=True, slots=True)
class Breaks:
    """Where a table may go over the page.

    Attributes
    ----------
    head, rows
        Heights in points.
    begun
        Rows that stand together at its beginning: two that are no heading, or one high one.
    foot
        Rows at its end that go to the next page together, with its notes: as at its beginning, and a
        heading with its rows; one where the notes are long.
    short
        Whether it is kept on one page.
    """

    head: float
    rows: tuple[float, ...]
    begun: int
    foot: int
    short: bool

    @property
    def begin(self) -> float:
        """The least of it that stands on its first page."""
        return self.head + sum(self.rows[: self.begun])


def breaks(block: Block, engine: Engine) -> Breaks:
    """Where a table may go over the page, as the engine sets it."""
    head, rows = row_heights(block, engine)
    kinds = [row["kind"] for row in block["rows"]]
    notes = _note_lines(block)
    begun = max(1, min(_kept(kinds, rows), len(rows) - 1))
    most = 1 if notes > _NOTES_MOST else _kept(["data"] * len(rows), rows[::-1])
    last = next((k for k, kind in enumerate(reversed(kinds)) if kind == "group"), len(rows))
    foot = max(0, min(most + (last <= most), len(rows) - begun))
    return Breaks(head, tuple(rows), begun, foot, len(rows) < 2 or head + sum(rows) + notes * NOTE <= _LOW)


def _table(block: Block, engine: Engine, below: float) -> tuple[Piece, ...]:
    """Caption, head and first rows; rows, a heading of the table with the next one; last rows and notes."""
    at = breaks(block, engine)
    head, rows = at.head, at.rows
    title = caption_of(block)
    caption = lines(title, WIDTH / 12.0) * CAPTION + 7.0 if title else 0.0
    caption += NOTE + 3.0 if about_table(block) else 0.0
    notes = _note_lines(block) * NOTE + BETWEEN
    around = -MEETING if engine == "pdf" else WORD_CAPTION
    if at.short:
        return (Piece(caption + head + sum(rows) + notes + around, empty=below),)
    kinds = [row["kind"] for row in block["rows"]]
    begun, end = at.begun, len(rows) - at.foot
    # Typst says a table's heading again on the next page, unless the last rows have their own; Word its head alone
    again_too = engine == "pdf" and (end == len(rows) or kinds[end] != "group")
    under = accumulate(zip(kinds, rows), lambda said, row: row[1] if row[0] == "group" else said, initial=0.0)
    said = [head + again_too * above for above in under]
    made = [Piece(caption + head + sum(rows[:begun]) + around)]
    waiting = 0.0
    for kind, row, again in list(zip(kinds, rows, said))[begun:end]:
        if kind == "group":
            waiting += row
        else:
            made.append(Piece(waiting + row, head if waiting else again))
            waiting = 0.0
    return (*made, Piece(waiting + sum(rows[end:]) + notes, head if waiting else said[end], below))


def _together(heights: Sequence[float], first: int, last: int) -> list[float]:
    """The first few as one piece, and the last few."""
    if len(heights) <= first + last - 1:
        return [sum(heights)]
    return [sum(heights[:first]), *heights[first : len(heights) - last], sum(heights[len(heights) - last :])]


def row_heights(block: Block, engine: Engine = "") -> tuple[float, list[float]]:
    """Height of a table's head and of its rows in points."""
    size = type_size(block)
    widths = pt_widths(block, WIDTH, size)

    def high(texts: Iterable[str]) -> float:
        most = max(
            (cell_lines(text, width + EASE, size, engine) for text, width in zip(texts, widths)),
            default=1,
        )
        return most * (size + 2.0) + 2.6

    heads = head_rows(block["columns"])
    head = [high(title for title, _, _ in row) if len(heads) == 1 else high([""]) for row in heads]
    rows = [
        high(map(cell_shown, row["cells"]) if len(row["cells"]) == len(widths) else [""])
        for row in block["rows"]
    ]
    return sum(head), rows


def _kept(kinds: Sequence[str], rows: Sequence[float]) -> int:
    own = [k for k, kind in enumerate(kinds, start=1) if kind != "group"]
    if own and rows[own[0] - 1] > _HIGH:
        return own[0]
    return min([*own[1:2], len(rows)])


def box_begin(block: Block, engine: Engine) -> float:
    """The least of a box that stands on its first page: title and first items."""
    return _box(block, engine)[0] - BOX_FRAME


def _note_lines(block: Block) -> int:
    return sum(lines(note, WIDTH / 9.0) for note in notes_of(block))
