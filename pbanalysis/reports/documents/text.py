"""Reading a block's dictionary (docs/blocks.md): its words, its cells, its head rows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.style import STATE_MARKS
from pbanalysis.terms import STATES

__all__ = [
    "Block",
    "Engine",
    "HeadCell",
    "about_figure",
    "about_table",
    "caption_of",
    "cell_lines",
    "cell_of",
    "cell_shown",
    "cell_text",
    "column_of",
    "ems",
    "figure_size",
    "head_rows",
    "heading",
    "is_tall",
    "item_lines",
    "joined",
    "lines",
    "listing",
    "notes_of",
    "number_alone",
    "numbers_of",
    "paragraph",
    "plain",
    "prose",
    "pt_widths",
    "spans_of",
    "table",
    "type_size",
]

FIGURE_HALF, FIGURE_TALL, FIGURE_MOST = 96.0, 112.0, 190.0  # heights, mm; the type area has 225
# what is not broken: a word or number, or one character, with the marks that belong to it
_OPENING, _CLOSING, _STOPS = "（《“", "，。；：、）》”", "，。；：、"
_PIECE = re.compile(f"[{_OPENING}]*(?:[!-~]+|.)[{_CLOSING}]*", re.DOTALL)
_HAN = re.compile("[\u3400-\u9fff]")
_MEETING = re.compile(f"[{_OPENING}](?=[{_OPENING}])|[{_CLOSING}](?=[{_CLOSING}])")
_MARK = re.compile(f"[{_OPENING}{_CLOSING}]")
_GIVE, _GAP = 0.3, 0.25  # ems: what a mark gives, what Word leaves between Chinese and figures
_APART = re.compile("[\u3400-\u9fff](?=[0-9A-Za-z])|[0-9A-Za-z%](?=[\u3400-\u9fff])")
# ems: the widest of the usual fonts, and the font of Word's figures
_NARROW = {" ": 0.26, ".": 0.3, ",": 0.3, ":": 0.3, "/": 0.42, "-": 0.36, "%": 0.93, "": 0.56}
_TIMES = {
    " ": 0.25,
    ".": 0.25,
    ",": 0.25,
    ":": 0.28,
    "/": 0.28,
    "-": 0.34,
    "%": 0.84,
    "≥": 0.55,
    "≤": 0.55,
    "": 0.5,
}
Engine: TypeAlias = Literal["", "pdf", "docx"]  # who sets a text; "" for what fits with either
PADDING = 7.0  # left and right inside a cell, points
Block: TypeAlias = Mapping[str, Any]
HeadCell: TypeAlias = tuple[str, int, int]  # text, columns and rows it spans

# what a scorecard's column says: its key, or a word of its title
_COLUMNS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "name": (("name",), ("指标", "事项")),
    "value": (("value",), ("数值", "完成值")),
    "fraction": (("fraction",), ("分子",)),
    "range": (("range",), ("波动范围",)),
    "target": (("target",), ("目标",)),
    "stands": (("stands",), ("与目标比",)),
    "county": (("county",), ("与全县比",)),
    "state": (("state",), ("状态",)),
    "clause": (("clause",), ("依据",)),
    "note": (("note",), ("说明",)),
}


def _block(kind: str, role: str = "", **body: Any) -> Block:
    return {"version": 1, "type": kind, "id": "", "role": role, **body, "facts": []}


def heading(level: int, text: str) -> Block:
    """A heading that is the document's own."""
    return _block("heading", level=level, text=text)


def paragraph(text: str) -> Block:
    """A paragraph that is the document's own and holds no fact."""
    return _block("paragraph", spans=[text])


def listing(kind: str, role: str, title: str, items: Sequence[Any], *, ordered: bool = False) -> Block:
    """A list or box of lines that come from other blocks."""
    return _block(kind, role, title=title, ordered=ordered, items=list(items))


def table(role: str, title: str, columns: Sequence[Any], rows: Sequence[Any], **about: Any) -> Block:
    """A table of cells that come from other blocks; ``about`` has unit, source, n, notes."""
    about = {"unit": "", "source": "", "n": "", "notes": [], **about}
    return _block("table", role, title=title, columns=list(columns), rows=list(rows), **about)


def plain(line: str | Sequence[Any]) -> str:
    """A line of spans as it is read."""
    return line if isinstance(line, str) else "".join(s if isinstance(s, str) else s["t"] for s in line)


def item_lines(block: Block) -> list[str]:
    """The lines of a list or box, with their numbers where it is ordered."""
    marks = (f"{k}. " if block["ordered"] else "" for k in range(1, len(block["items"]) + 1))
    return [mark + plain(item) for mark, item in zip(marks, block["items"])]


def cell_text(cell: str | Mapping[str, Any]) -> str:
    """Text of a cell, without its mark."""
    return cell if isinstance(cell, str) else str(cell["t"])


def spans_of(cell: Any) -> list[Any]:
    """A cell as spans: strings, and numbers with their facts."""
    if isinstance(cell, str):
        return [cell]
    if "spans" in cell:
        return list(cell["spans"])
    return [{"t": cell["t"], "f": cell["f"]} if cell["f"] else cell["t"]]


def numbers_of(cell: Any) -> list[Any]:
    """The spans of a cell that are facts."""
    return [span for span in spans_of(cell) if not isinstance(span, str)]


def number_alone(cell: Any) -> Any:
    """``100%（推定）`` → ``100%``: how a target was come by stands in the theme's own table."""
    return joined(numbers_of(cell)) or cell


def joined(spans: Sequence[Any]) -> Any:
    """Spans as one cell; an empty text where there are none."""
    cell = {"t": plain(spans).strip(), "v": None, "f": None, "state": "", "suppressed": False}
    return {**cell, "spans": list(spans)} if spans else ""


def cell_shown(cell: str | Mapping[str, Any]) -> str:
    """Text of a cell as printed: a state has its mark before it, for black-and-white paper."""
    text = cell_text(cell)
    if isinstance(cell, str) or STATES.get(cell.get("state") or "") != text:
        return text
    return f"{STATE_MARKS[cell['state']]} {text}"


def column_of(table: Block, what: str) -> int | None:
    """Position of the column that says ``what`` (``value``, ``state`` …), or ``None``."""
    keys, words = _COLUMNS[what]
    columns = table["columns"]
    for position, column in enumerate(columns):
        if column["key"] in keys:
            return position
    found = (p for p, column in enumerate(columns) if any(word in column["title"] for word in words))
    return next(found, None)


def cell_of(table: Block, row: Mapping[str, Any], what: str) -> Any:
    """The cell of a row that says ``what``; an empty text where the table has no such column."""
    position = column_of(table, what)
    return "" if position is None or position >= len(row["cells"]) else row["cells"][position]


def head_rows(columns: Sequence[Mapping[str, Any]]) -> list[list[HeadCell]]:
    """One head row, or two where neighbours share a group."""
    if not any(column["group"] for column in columns):
        return [[(column["title"], 1, 1) for column in columns]]
    first: list[HeadCell] = []
    second: list[HeadCell] = []
    for group, members in groupby(columns, key=lambda column: column["group"]):
        titles = [column["title"] for column in members]
        first += [(group, len(titles), 1)] if group else [(title, 1, 2) for title in titles]
        second += [(title, 1, 1) for title in titles] if group else []
    return [first, second]


def pt_widths(block: Block, total: float, size: float) -> list[float]:
    """Widths of a table's columns in points, at a type of ``size`` points: the table as low as may be.

    A column is at least as wide as its longest piece that should not be broken (a number, a short
    Chinese term), so that 「100%」 stands on one line. From the width of its longest text each column is
    made narrower where that costs the fewest lines; what is left over is shared by the declared widths.
    """
    texts = tuple((column["title"], *_column_texts(block, k)) for k, column in enumerate(block["columns"]))
    return list(_shared(texts, tuple(float(column["width"]) for column in block["columns"]), total, size))


@lru_cache(maxsize=128)  # PDF, Word and the length of page 1 ask for the same tables
def _shared(
    texts: tuple[tuple[str, ...], ...], declared: tuple[float, ...], total: float, size: float
) -> tuple[float, ...]:
    points = np.array([[ems(text) * size for text in column] for column in texts])  # columns × rows
    floors = np.array([_floor(column) * size + PADDING for column in texts])
    if floors.sum() >= total:
        return tuple(np.minimum(floors, _level(floors, total)).tolist())
    widths = np.clip(points.max(axis=1) + PADDING + 1, floors, max(total, floors.max()))
    while (over := widths.sum() - total) > 0.01:
        step = np.minimum(np.maximum(over / 12, 2.0), np.minimum(widths - floors, over))
        now, then = _lines_of(points, widths), _lines_of(points, widths - step)
        others = [np.delete(now, k, axis=0).max(axis=0, initial=1.0) for k in range(len(widths))]
        high = np.maximum(others, then).sum(axis=1)  # of the table, with each column narrowed in turn
        high[step < 0.001] = np.inf
        narrowed = min(range(len(widths)), key=lambda k: (high[k], -widths[k]))  # the widest of equals
        widths[narrowed] -= step[narrowed]
    if (left := total - widths.sum()) > 0:
        widths += left * np.array(declared) / sum(declared)
    return tuple(widths.tolist())


def _level(floors: npt.NDArray[np.float64], total: float) -> float:
    """The width to which the widest columns are cut, so that all have room: narrow ones keep theirs."""
    ordered = np.sort(floors)
    left = total - np.concatenate([[0.0], np.cumsum(ordered)[:-1]])
    levels = left / np.arange(len(ordered), 0, -1)
    return float(levels[np.argmax(levels <= ordered)])


def _lines_of(points: npt.NDArray[np.float64], widths: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Lines of every cell, columns × rows."""
    return np.maximum(1.0, np.ceil(points / (widths[:, None] - PADDING)))


def cell_lines(text: str, width: float, size: float, engine: Engine = "") -> int:
    """Lines that a cell's text takes in a column of ``width`` points."""
    return lines(text, (width - PADDING) / size, engine)


@lru_cache(maxsize=8192)  # asked once where figures are placed and once where the table is set
def lines(text: str, most: float, engine: Engine = "", *, justified: bool = False) -> int:
    """Lines of a text at ``most`` ems a line: numbers and words are not broken, nor marks parted from theirs.

    In a PDF marks that meet, or that begin a line, lose their empty half; where lines are justified,
    each of their marks gives a little more.

    >>> lines("波动范围", 4), lines("（全县 84.0%）", 4), lines("（全县", 2.5, "pdf")
    (1, 2, 1)
    """
    count, used, given, before = 1, 0.0, 0.0, ""
    squeezed = engine == "pdf"
    give = _GIVE if squeezed and justified else 0.0
    for piece in _PIECE.findall(text):
        width = ems(piece, engine)
        gives = give * len(_MARK.findall(piece)) if give else 0.0
        if squeezed:
            width -= 0.5 * len(_MEETING.findall(piece))
        if engine == "docx" and used and _APART.match(before + piece[0]):
            width += _GAP
        before = piece[-1]
        # the empty half of a mark may stand in the margin
        spare = 0.5 if piece[-1] in (_CLOSING if squeezed else _STOPS) else 0.0
        if used + width - spare - given - gives > most + 0.01 and used:
            count, used, given = count + 1, 0.0, 0.0
        if squeezed and not used and piece[0] in _OPENING:
            width -= 0.5
        used, given = used + width, given + gives
        if width > most + 0.51:  # a piece wider than the line is broken after all
            count, used = count + math.ceil(used / most) - 1, used % most
    return count


def type_size(block: Block) -> float:
    """Type of a table: 小五, less where it has many columns or long texts in each, 六号 for ten columns."""
    columns = len(block["columns"])
    if columns > 9:
        return 7.5
    return 9.0 if columns < 8 and block["role"] != "definitions" else 8.0


def _column_texts(block: Block, position: int) -> Iterator[str]:
    for row in block["rows"]:
        if len(row["cells"]) == len(block["columns"]):
            yield cell_shown(row["cells"][position])


def _floor(column: Sequence[str]) -> float:
    """Width, in ems, of the widest piece of a column that should not be broken; its title comes first."""
    title, *texts = column
    widest = min(ems(title), 6.1)
    for text in texts:
        whole = ems(text) + _GAP * len(_APART.findall(text))
        if whole > 5.6 and _HAN.search(text):  # it may be broken, its numbers and words may not
            whole = max(4.0, *map(ems, _PIECE.findall(text)))
        widest = max(widest, min(8.0, whole))
    return widest


def ems(text: str, engine: Engine = "") -> float:
    """Width of a text in ems, as the widest of the usual fonts sets it, or as Word does."""
    narrow = _TIMES if engine == "docx" else _NARROW
    figure = narrow[""]
    return sum(narrow.get(ch, 1.0 if ord(ch) >= 0x2010 or ch == "×" else figure) for ch in text)


def prose(block: Block) -> str:
    """The running text of a block: what a length is counted on. Tables and captions have none."""
    match block["type"]:
        case "heading":
            return str(block["text"])
        case "paragraph":
            return plain(block["spans"])
        case "list" | "box":
            return str(block["title"]) + "".join(plain(item) for item in block["items"])
        case _:
            return ""


def caption_of(table: Block) -> str:
    """The title above a table; none where the heading just above says the same (``untitled``)."""
    return "" if table.get("untitled") else str(table["title"])


def about_table(block: Block) -> str:
    """Unit and n, right above a table; definitions have no numbers, and no unit."""
    if block["role"] == "definitions":
        return ""
    about = [f"单位：{block['unit']}" if block["unit"] else "", block["n"]]
    return "；".join(filter(None, about))


def notes_of(block: Block) -> list[str]:
    """Notes and source, under a table."""
    notes = [f"注：{plain(note)}" for note in block["notes"]]
    return [*notes, *([f"来源：{block['source']}"] if block["source"] else [])]


def figure_size(block: Block) -> tuple[float, float]:
    """Width and height of a figure in mm: two of a page, or a tall one alone, with the captions below.

    ``scale`` of the block is what ``placing`` made of it to fill a page.
    """
    wide, high = (float(side) for side in block["size"])
    scale = min(1.0, 156.0 / wide, (FIGURE_MOST if is_tall(block) else FIGURE_HALF) / high)
    scale *= block.get("scale", 1.0)
    return wide * scale, high * scale


def is_tall(figure: Block) -> bool:
    """Whether a figure needs a page of its own."""
    return float(figure["size"][1]) > FIGURE_TALL


def about_figure(block: Block) -> str:
    """Unit, n and source, under a figure's caption."""
    return "；".join(filter(None, (f"单位：{block['unit']}", block["n"], f"来源：{block['source']}")))
