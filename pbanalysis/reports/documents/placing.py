"""Where figures stand: between blocks of their own section, so that no page is left with an empty foot.

A figure is not broken. Where it does not fit, text that follows may fill the page before it, or it stands
a little earlier, or it is set a little smaller. The pages are reckoned beforehand, in the measures that ``pdf`` and ``word`` set, and the
order that leaves the least white is chosen; no figure leaves its section or another's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

from pbanalysis.reports.documents.text import (
    Block,
    about_figure,
    about_table,
    cell_lines,
    cell_shown,
    figure_size,
    head_rows,
    lines,
    notes_of,
    plain,
    pt_widths,
    type_size,
)

__all__ = ["SHORT", "begin_height", "begun_rows", "foot_rows", "placed"]

# points, as in attachment.typ and word_parts.py
PAGE, WIDTH = 637.8, 442.2
PITCH, CHARACTER = 28.95, 15.8
BOX_PITCH, BOX_SIZE, BOX_WIDTH, BOX_FRAME = 18.0, 12.0, 428.2, 22.0
WORD_BOX, WORD_CAPTION = 10.0, 3.0  # what Word takes more
CAPTION, NOTE, BETWEEN, FIGURE = 16.0, 12.0, 13.0, 24.0  # the last two: space around a table, a figure
MM = 72 / 25.4

SHORT = 5  # a table of so few rows is kept on one page
_HIGH = 45.0  # a row of so many points may be the only one of its table on a page
_NOTES_MOST = 4  # lines that go to the next page together with two rows
_WHITE, _MOVED, _EARLY = 250.0, 1.0, 0.5  # what a page of white, a block passed, a look ahead costs
_SIZES: Mapping[float, float] = {1.0: 0.0, 0.92: 0.4, 0.85: 1.0}  # of a figure, and what they cost
_LITTLE = 0.05  # of a page: a line or two are always left
_MARGIN = 30.0  # what the engines' breaks may differ by
_KEPT = 10  # orders followed up at each step

Pieces: TypeAlias = tuple[float, ...]  # heights that are not broken, one below the other


@dataclass(frozen=True, slots=True)
class _Set:
    """A block as it is set: its unbroken pieces, and what is said again above them on the next page."""

    block: Block
    pieces: Pieces
    again: float = 0.0
    page: float = PAGE
    smaller: float = 0.0  # what it costs that a figure is set smaller

    @property
    def is_heading(self) -> bool:
        return bool(self.block["type"] == "heading")

    @property
    def is_figure(self) -> bool:
        return bool(self.block["type"] == "figure")


@dataclass(frozen=True, slots=True)
class _Laid:
    """An order so far: what of the page is used, headings that wait for their text, what it costs."""

    used: float = 0.0
    waiting: float = 0.0
    cost: float = 0.0
    order: tuple[Block, ...] = ()

    def then(self, item: _Set, moved: float = 0.0) -> _Laid:
        """The order with one more block, broken over pages where it must be."""
        order = (*self.order, item.block)
        if item.is_heading:
            return _Laid(self.used, self.waiting + item.pieces[0], self.cost, order)
        used, cost = self.used, self.cost + item.smaller + moved
        room = item.page - (_MARGIN if item.is_figure else 0.0)
        for k, piece in enumerate(item.pieces):
            height = piece + (self.waiting if k == 0 else 0.0)
            if used and used + height > room:
                cost += _WHITE * max(0.0, 1 - used / PAGE - _LITTLE) ** 2
                used = item.again if k else 0.0
            used += height
        return _Laid(used, 0.0, cost, order)


def placed(blocks: Sequence[Block], *, squeezed: bool = False) -> list[Block]:
    """The blocks in the order in which the pages fill best: figures moved within their section.

    ``squeezed`` as in :func:`~pbanalysis.reports.documents.text.lines`. The first block begins a page.
    """
    page = PAGE + (BETWEEN if squeezed else 0.0)  # Typst needs no space below what ends a page
    items = [_Set(block, *_pieces(block, squeezed), page) for block in blocks]
    laid = reduce(_best, _sections(items), [_Laid()])
    return list(min(laid, key=lambda at: at.cost).order)


def _sections(items: Sequence[_Set]) -> Iterator[list[_Set]]:
    """Runs of blocks that begin with a heading."""
    run: list[_Set] = []
    for item in items:
        if item.is_heading and run:
            yield run
            run = []
        run.append(item)
    yield run


def _best(laid: list[_Laid], section: Sequence[_Set]) -> list[_Laid]:
    """The best orders after a section: figures keep their order, the other blocks theirs."""
    figures = [item for item in section if item.is_figure]
    texts = [item for item in section if not item.is_figure]
    homes = [k - n for n, k in enumerate(k for k, item in enumerate(section) if item.is_figure)]
    begin = int(bool(texts) and texts[0].is_heading)
    best: dict[tuple[int, int], list[_Laid]] = {}
    for i in range(len(texts) + 1):
        for j in range(len(figures) + 1):
            here = laid if i == j == 0 else []
            if i:
                here = [at.then(texts[i - 1]) for at in best[i - 1, j]]
            if j and i >= begin:
                off = i - homes[j - 1]  # texts passed, or looked ahead
                moved = _MOVED * abs(off) + _EARLY * max(0, -off)
                sizes = _sizes(figures[j - 1])
                here = [*here, *(at.then(item, moved) for item in sizes for at in best[i, j - 1])]
            best[i, j] = _fittest(here)
    return best[len(texts), len(figures)]


def _fittest(laid: Sequence[_Laid]) -> list[_Laid]:
    """The cheapest order for each place on the page, and of these the best."""
    by_place: dict[int, _Laid] = {}
    for at in sorted(laid, key=lambda at: at.cost):
        by_place.setdefault(round(at.used / 6), at)
    return list(by_place.values())[:_KEPT]


def _sizes(figure: _Set) -> Iterator[_Set]:
    """The figure as large as it may be, and a little smaller."""
    picture = figure_size(figure.block)[1] * MM
    for scale, cost in _SIZES.items():
        block = figure.block if scale == 1.0 else {**figure.block, "scale": scale}
        yield replace(figure, block=block, pieces=(figure.pieces[0] - (1 - scale) * picture,), smaller=cost)


def _pieces(block: Block, squeezed: bool) -> tuple[Pieces, float]:
    def high(text: str, size: float, width: float, pitch: float) -> float:
        return lines(text, width / size, squeezed=squeezed) * pitch

    def running(text: str) -> Pieces:
        """Lines, the first two and the last two together."""
        return _together([PITCH] * round(high("　　" + text, CHARACTER, WIDTH, 1.0)), 2, 2)

    match block["type"]:
        case "heading":
            return (high("　　" + block["text"], CHARACTER, WIDTH, PITCH),), 0.0
        case "paragraph":
            return running(plain(block["spans"])), 0.0
        case "list":
            items = [piece for item in block["items"] for piece in running(plain(item))]
            return _together([PITCH, *items], 2, 1) if block["title"] else tuple(items), 0.0
        case "box":
            said = [high(plain(item), BOX_SIZE, BOX_WIDTH, BOX_PITCH) for item in block["items"]]
            frame = BOX_FRAME + (0.0 if squeezed else WORD_BOX) + BOX_PITCH * bool(block["title"])
            return _together([frame, *said], 3, 2), 0.0
        case "table":
            return _table(block, squeezed)
        case _:
            words = high(block["title"], 12.0, WIDTH, CAPTION) + high(about_figure(block), 9.0, WIDTH, NOTE)
            return (figure_size(block)[1] * MM + words + FIGURE,), 0.0


def _table(block: Block, squeezed: bool) -> tuple[Pieces, float]:
    head, rows = row_heights(block, squeezed=squeezed)
    caption = (
        lines(block["title"], WIDTH / 12.0) * CAPTION + 7.0 + (NOTE + 3.0 if about_table(block) else 0.0)
    )
    caption += 0.0 if squeezed else WORD_CAPTION
    notes = _note_lines(block) * NOTE + BETWEEN
    if len(rows) <= SHORT:
        return (caption + head + sum(rows) + notes,), 0.0
    begun, end = begun_rows(block), len(rows) - foot_rows(block)
    return (caption + head + sum(rows[:begun]), *rows[begun:end], sum(rows[end:]) + notes), head


def _together(pieces: Sequence[float], first: int, last: int) -> Pieces:
    """The first few as one piece, and the last few."""
    if len(pieces) <= first + last - 1:
        return (sum(pieces),)
    return (sum(pieces[:first]), *pieces[first : len(pieces) - last], sum(pieces[len(pieces) - last :]))


def row_heights(block: Block, *, squeezed: bool = False) -> tuple[float, list[float]]:
    """Height of a table's head and of its rows in points."""
    size = type_size(block)
    widths = pt_widths(block, WIDTH, size)

    def high(texts: Iterable[str]) -> float:
        most = max(
            (cell_lines(text, width, size, squeezed=squeezed) for text, width in zip(texts, widths)),
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


def foot_rows(block: Block) -> int:
    """Rows at the end of a table that go to the next page together, with its notes: two where there is room."""
    rows = block["rows"]
    after = next((k for k, row in enumerate(reversed(rows)) if row["kind"] == "group"), len(rows) - 1)
    return max(0, min(2 if _note_lines(block) <= _NOTES_MOST else 1, after))


def begin_height(block: Block) -> float:
    """The least of a table that stands on its first page: its head and two rows."""
    head, rows = row_heights(block)
    return head + sum(rows[: begun_rows(block)])


def begun_rows(block: Block) -> int:
    """Rows that stand together at a table's beginning: two that are no heading, or one high one."""
    own = [k for k, row in enumerate(block["rows"], start=1) if row["kind"] != "group"]
    if own and row_heights(block)[1][own[0] - 1] > _HIGH:
        return own[0]
    return min([*own[1:2], len(block["rows"])])


def _note_lines(block: Block) -> int:
    return sum(lines(note, WIDTH / 9.0) for note in notes_of(block))
