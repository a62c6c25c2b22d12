"""Where figures stand: between blocks of their own section, so that no page is left with an empty foot.

A figure is not broken. Where it does not fit, text that follows may fill the page before it, or it stands
a little earlier, or it is set a little smaller. The pages are reckoned beforehand, in the measures that ``pdf`` and ``word`` set, and the
order that leaves the least white is chosen; no figure leaves its section or another's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

from pbanalysis.reports.text import (
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
CAPTION, NOTE, BETWEEN = 16.0, 12.0, 13.0
MM = 72 / 25.4

SHORT = 5  # a table of so few rows is kept on one page
_HIGH = 45.0  # a row of so many points may be the only one of its table on a page
_NOTES_MOST = 4  # lines that go to the next page together with two rows
_WHITE, _MOVED, _EARLY = 100.0, 1.0, 0.5  # what a page of white, a block passed, a look ahead costs
_SIZES: Mapping[float, float] = {1.0: 0.0, 0.92: 0.4, 0.85: 1.0}  # of a figure, and what they cost
_MARGIN = 8.0  # what the engines' breaks may differ by
_KEPT = 10  # orders followed up at each step

Pieces: TypeAlias = tuple[float, ...]  # heights that are not broken, one below the other


@dataclass(frozen=True, slots=True)
class _Laid:
    """An order so far: what of the page is used, headings that wait for their text, what it costs."""

    used: float
    waiting: float
    cost: float
    order: tuple[Block, ...]


def placed(blocks: Sequence[Block]) -> list[Block]:
    """The blocks in the order in which the pages fill best: figures moved within their section."""
    laid = reduce(_best, _sections(blocks), [_Laid(0.0, 0.0, 0.0, ())])
    return list(min(laid, key=lambda at: at.cost).order)


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Runs of blocks that begin with a heading."""
    run: list[Block] = []
    for block in blocks:
        if block["type"] == "heading" and run:
            yield run
            run = []
        run.append(block)
    yield run


def _best(laid: list[_Laid], section: Sequence[Block]) -> list[_Laid]:
    """The best orders after a section: figures keep their order, the other blocks theirs."""
    figures = [(k, block) for k, block in enumerate(section) if block["type"] == "figure"]
    texts = [block for block in section if block["type"] != "figure"]
    homes = [k - n for n, (k, _) in enumerate(figures)]  # texts before each figure
    begin = int(bool(texts) and texts[0]["type"] == "heading")
    table: dict[tuple[int, int], list[_Laid]] = {(0, 0): laid}
    for i in range(len(texts) + 1):
        for j in range(len(figures) + 1):
            here = table.setdefault((i, j), laid if i == j == 0 else [])
            if i:
                here += [_laid(at, texts[i - 1]) for at in table[i - 1, j]]
            if j and i >= begin:
                off = i - homes[j - 1]
                moved = _MOVED * abs(off) + _EARLY * max(0, -off)
                here += [
                    _laid(at, _sized(figures[j - 1][1], scale), moved + cost)
                    for scale, cost in _SIZES.items()
                    for at in table[i, j - 1]
                ]
            table[i, j] = _fittest(here)
    return table[len(texts), len(figures)]


def _sized(figure: Block, scale: float) -> Block:
    return figure if scale == 1.0 else {**figure, "scale": scale}


def _fittest(laid: Sequence[_Laid]) -> list[_Laid]:
    """The cheapest order for each place on the page, and of these the best."""
    by_place: dict[int, _Laid] = {}
    for at in sorted(laid, key=lambda at: at.cost):
        by_place.setdefault(round(at.used / 6), at)
    return list(by_place.values())[:_KEPT]


def _laid(at: _Laid, block: Block, cost: float = 0.0) -> _Laid:
    if block["type"] == "heading":
        height = _lines(block["text"], CHARACTER, WIDTH) * PITCH
        return _Laid(at.used, at.waiting + height, at.cost, (*at.order, block))
    pieces, again = _pieces(block)
    used, cost = at.used, at.cost + cost
    for k, piece in enumerate(pieces):
        height = piece + (at.waiting if k == 0 else 0.0)
        if used + height > PAGE and used:
            cost += _WHITE * (1 - used / PAGE) ** 2
            used = again if k else 0.0
        used += height
    return _Laid(used, 0.0, cost, (*at.order, block))


def _pieces(block: Block) -> tuple[Pieces, float]:
    """The block's unbroken pieces, and what is said again above them on the next page."""
    match block["type"]:
        case "paragraph":
            return _paragraph(plain(block["spans"])), 0.0
        case "list":
            items = [piece for item in block["items"] for piece in _paragraph(plain(item))]
            return _together([PITCH, *items] if block["title"] else items, 2 if block["title"] else 1, 1), 0.0
        case "box":
            said = [_lines(plain(item), BOX_SIZE, BOX_WIDTH) * BOX_PITCH for item in block["items"]]
            first = BOX_FRAME + (BOX_PITCH if block["title"] else 0.0)
            return _together([first, *said], 3, 2), 0.0
        case "table":
            return _table(block)
        case _:
            about = _lines(about_figure(block), 9.0, WIDTH) * NOTE
            title = _lines(block["title"], 12.0, WIDTH) * CAPTION
            return (figure_size(block)[1] * MM + title + about + BETWEEN + 10.0 + _MARGIN,), 0.0


def _paragraph(text: str) -> Pieces:
    """Lines, the first two and the last two together."""
    return _together([PITCH] * _lines("　　" + text, CHARACTER, WIDTH), 2, 2)


def _table(block: Block) -> tuple[Pieces, float]:
    head, rows = row_heights(block)
    caption = _lines(block["title"], 12.0, WIDTH) * CAPTION + 7.0
    caption += NOTE + 3.0 if about_table(block) else 0.0
    notes = sum(_note_lines(block)) * NOTE + BETWEEN
    if len(rows) <= SHORT:
        return (caption + head + sum(rows) + notes,), 0.0
    foot = foot_rows(block)
    body, last = rows[: len(rows) - foot], sum(rows[len(rows) - foot :]) + notes
    begun = begun_rows(block)
    return (caption + head + sum(body[:begun]), *body[begun:], last), head


def _together(pieces: Sequence[float], first: int, last: int) -> Pieces:
    """The first few as one piece, and the last few."""
    if len(pieces) <= first + last - 1:
        return (sum(pieces),)
    return (sum(pieces[:first]), *pieces[first : len(pieces) - last], sum(pieces[len(pieces) - last :]))


def row_heights(block: Block) -> tuple[float, list[float]]:
    """Height of a table's head and of its rows in points."""
    size = type_size(block)
    widths = pt_widths(block, WIDTH, size)
    heads = head_rows(block["columns"])
    head = [
        max(cell_lines(title, width, size) for (title, _, _), width in zip(row, widths))
        if len(heads) == 1
        else 1
        for row in heads
    ]
    rows = [
        max((cell_lines(cell_shown(c), width, size) for c, width in zip(row["cells"], widths)), default=1)
        if len(row["cells"]) == len(widths)
        else 1
        for row in block["rows"]
    ]
    return sum(_row(n, size) for n in head), [_row(n, size) for n in rows]


def _row(n: int, size: float) -> float:
    return n * (size + 2.0) + 2.6


def foot_rows(block: Block) -> int:
    """Rows at the end of a table that go to the next page together, with its notes: two where there is room."""
    rows = block["rows"]
    after = next((k for k, row in enumerate(reversed(rows)) if row["kind"] == "group"), len(rows) - 1)
    return max(0, min(2 if sum(_note_lines(block)) <= _NOTES_MOST else 1, after))


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


def _note_lines(block: Block) -> list[int]:
    return [_lines(note, 9.0, WIDTH) for note in notes_of(block)]


def _lines(text: str, size: float, width: float) -> int:
    return lines(text, width / size)
