"""Page 1: conclusions, indicator table, last period's problems, what to check on site, the reply.

The page is a form of fixed height. What must stand on it is placed first; the indicator table takes
the rows that are left, shortfalls before everything else, in the order of the registry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

from pbanalysis.exhibits.style import VS_COUNTY_MARKS
from pbanalysis.reports.documents.summary_county import COUNTY_COLUMNS, COUNTY_LEGEND, indicators_of, rows_of
from pbanalysis.reports.documents.text import (
    Block,
    cell_lines,
    cell_of,
    cell_shown,
    cell_text,
    column_of,
    ems,
    heading,
    joined,
    listing,
    number_alone,
    numbers_of,
    plain,
    prose,
    pt_widths,
    spans_of,
    table,
    type_size,
)
from pbanalysis.terms import STATES

__all__ = ["BOX_LINE", "BOX_LINES", "ONSITE_MOST", "PAGE", "height", "reply_of", "summary_of", "title_height"]

Parts: TypeAlias = Mapping[str, tuple[str, Sequence[Block]]]

# points; the type area of GB/T 9704 is 225 mm high and 156 mm wide. pdf and word set these sizes.
PAGE = 637.8
WIDTH = 442.2
LINE, SUBTITLE, ABOUT = 28.95, 22.0, 20.0
LABEL = 18.0  # 黑体 小四
TEXT, TEXT_PITCH = 11.0, 15.6  # the three sentences
SMALL, SMALL_PITCH = 10.0, 13.8  # lists and the reply
CELL, ROW, ROW_MORE, NOTE_PITCH = 9.0, 13.6, 11.0, 12.0  # 小五: tables
SLACK = 4.0  # what three engines may differ by
BOX_LINES, BOX_LINE = 2, 18.0  # lines to write on
BOX_FOOT = 6.0
REPLY_MOST = 8  # lines of a statement that page 1 has room for
ONSITE_MOST = 5
ROWS_LEAST, ROWS_LEAST_COUNTY, ROWS_MOST, PREVIOUS_MOST = 6, 9, 30, 6

_RANK = {"not_met": 0, "unknown": 1, "met": 2, "not_due": 3, "suppressed": 4, "info": 5, "na": 6}
_LEGEND = "全部指标见正文。○ 与全县无显著差异  △▽ 略高低，或属偶然  ▲▼ 显著高低  □ 样本过小"
_STATE_OF = {text: state for state, text in STATES.items()}
_MARKS = frozenset(VS_COUNTY_MARKS.values())
_COLUMNS = (  # key, title, align, width
    ("theme", "专题", "left", 1.0),
    ("name", "指标", "left", 3.4),
    ("value", "完成值", "right", 1.1),
    ("range", "波动范围", "right", 1.5),
    ("target", "目标", "right", 1.1),
    ("county", "全县", "right", 1.2),
    ("state", "状态", "left", 1.5),
    ("data", "数据", "left", 1.2),
)


def title_height(lines: int) -> float:
    """附件N, an empty line, the title, its subtitles and the line under them."""
    return 3 * LINE + (lines - 1) * SUBTITLE + ABOUT


def height(block: Block) -> float:
    """Height of a summary block in points, as pdf and word set it."""
    items = [plain(item) for item in block.get("items", ())]
    match block["type"]:
        case "table":
            extra = sum(n - 1 for n in _row_lines(block))
            notes = sum(_lines(plain(note), CELL) for note in block["notes"])
            return LABEL + (1 + len(block["rows"])) * ROW + extra * ROW_MORE + notes * NOTE_PITCH + 3
        case "box":
            written = sum(_lines(item, SMALL) for item in items) * SMALL_PITCH
            return LABEL + (written + BOX_FOOT if items else BOX_LINES * BOX_LINE)
        case _ if block["role"] == "headline":
            return LABEL + sum(_lines(item, TEXT) for item in items) * TEXT_PITCH
        case _:
            return LABEL + sum(_lines(item, SMALL) for item in items) * SMALL_PITCH


def _lines(text: str, size: float) -> int:
    return max(1, math.ceil(ems(text) * size / WIDTH))


def _row_lines(block: Block) -> Iterator[int]:
    size = type_size(block)
    widths = pt_widths(block, WIDTH, size)
    for row in block["rows"]:
        yield max(cell_lines(cell_shown(cell), width, size) for cell, width in zip(row["cells"], widths))


def summary_of(parts: Parts, *, title_lines: int, reply: Block) -> tuple[list[Block], list[Block]]:
    """Blocks of page 1, and the ``previous`` and ``onsite`` blocks that are not wholly on it.

    Parameters
    ----------
    parts
        Theme → (printed name, blocks).
    title_lines
        Lines of the title above.
    reply
        The box of the unit's own words (:func:`reply_of`).
    """
    conclusions = listing("list", "headline", "主要结论", list(_conclusions(parts)))
    onsite, left_onsite = _onsite(parts)
    last = [onsite, reply]
    room = PAGE - SLACK - title_height(title_lines) - sum(map(height, [conclusions, *last]))
    county = any(indicators_of(blocks) for _, blocks in parts.values())
    least = ROWS_LEAST_COUNTY if county else ROWS_LEAST
    blank = _indicator_table([["—"] * len(_COLUMNS)] * least, county=False)
    previous, left_previous = _previous(parts, room - height(blank))
    scorecard = _scorecard(parts, room - height(previous), county=county)
    return [conclusions, *scorecard, previous, *last], [*left_previous, *left_onsite]


def _conclusions(parts: Parts) -> Iterator[list[Any]]:
    """One sentence a theme: its first headline block; of the county's overview its list of three."""
    for name, blocks in parts.values():
        found = [block for block in blocks if block["role"] == "headline" and prose(block)]
        if len(parts) == 1:
            listed = [block for block in found if block["type"] == "list"]
            yield from (list(line) for block in listed or found for line in _as_lines(block))
        else:
            for block in found[:1]:
                lead = [] if name in prose(block)[:24] else [f"{name}："]
                yield [*lead, *(span for line in _as_lines(block) for span in line)]
        if not found:
            yield [f"{name}：本期没有数据，不作评价。"]


def _scorecard(parts: Parts, room: float, *, county: bool) -> list[Block]:
    """The indicator table by theme, in the room that is left."""
    rows = [themed for name, blocks in parts.values() for themed in _rows_of(name, blocks)]
    ranked = [
        sorted((_rank(row), theme, k) for k, row in enumerate(found)) for theme, found in enumerate(rows)
    ]
    order = interleaved(ranked)
    for most in range(min(len(order), ROWS_MOST), 0, -1):
        kept = sorted((theme, k) for _, theme, k in order[:most])
        block = _indicator_table([rows[theme][k] for theme, k in kept], county=county)
        if height(block) <= room or most <= ROWS_LEAST:
            return [block]
    return []


def _rows_of(name: str, blocks: Sequence[Block]) -> list[list[list[Any]]]:
    """A theme's indicators; parts of an indicator (其中) stand in the theme's own table only.

    The county's table has all themes, under headings of its own.
    """
    if whole := indicators_of(blocks):
        return list(rows_of(whole))
    tables = [block for block in blocks if block["role"] == "scorecard" and block["type"] == "table"]
    return [
        [
            [name, *_compact(block, row)]
            for block in tables
            if column_of(block, "name") is not None
            for row in block["rows"]
            if row["kind"] == "data" and "其中" not in cell_text(cell_of(block, row, "name"))
        ]
    ]


def _indicator_table(rows: Sequence[Sequence[Any]], *, county: bool) -> Block:
    columns = [{"key": key, "title": title, "align": align, "group": "", "width": width}
               for key, title, align, width in (COUNTY_COLUMNS if county else _COLUMNS)]  # fmt: skip
    made = [{"cells": list(row), "kind": "data"} for row in rows]
    return table("scorecard", "重点指标", columns, made, notes=[[COUNTY_LEGEND if county else _LEGEND]])


def _compact(block: Block, row: Mapping[str, Any]) -> list[Any]:
    """The row's cells for the narrow table: the county's mark and value, and whether data suffice."""
    cell = {key: cell_of(block, row, key) for key, *_ in _COLUMNS[1:-1]}
    cell["target"] = number_alone(cell["target"])
    cell["county"] = _beside(cell["county"])
    cell["data"] = _sufficiency(row, block, cell["state"])
    return list(cell.values())


def _beside(cell: Any) -> Any:
    """``○ 无显著差异（全县 84%）`` → ``○ 84%``."""
    text = cell_text(cell)
    mark = [f"{text[0]} "] if text[:1] in _MARKS else []
    return joined([*mark, *numbers_of(cell)]) or "—"


def _sufficiency(row: Mapping[str, Any], block: Block, state: Any) -> str:
    """What the judgement rests on, without a number: the counts stand in the theme's own table."""
    name = _STATE_OF.get(cell_text(state))
    if name in ("unknown", "na", "not_due", "suppressed"):
        return "—" if name != "unknown" else "缺失"
    texts = [cell_text(cell_of(block, row, what)) for what in ("county", "stands")]
    if any("样本过小" in text for text in texts):
        return "样本过小"
    return "部分缺失" if STATES["unknown"] in cell_text(cell_of(block, row, "fraction")) else "充分"


def _rank(cells: Sequence[Any]) -> int:
    """Shortfalls first, what is only background last."""
    states = [
        _STATE_OF.get(cell_text(cell)) or (not isinstance(cell, str) and cell.get("state")) for cell in cells
    ]
    return min((_RANK[state] for state in states if state in _RANK), default=5)


def _previous(parts: Parts, room: float) -> tuple[Block, list[Block]]:
    """Last period's problems with their state, as many as there is room for; the rest in the body."""
    title = "上期问题整改情况"
    found = [[block for block in blocks if block["role"] == "previous"] for _, blocks in parts.values()]
    lines = interleaved([[line for block in blocks for line in _problems(block)] for blocks in found])
    left = [block for blocks in found for block in blocks]
    if not lines:
        said = [span for block in left[:1] for line in _as_lines(block) for span in line]
        return listing("list", "previous", title, [said or ["没有上一期报告，无从核对。"]]), []
    for most in range(min(len(lines), PREVIOUS_MOST), 0, -1):
        all_shown = most == len(lines)
        line = [part for k, spans in enumerate(lines[:most]) for part in ((["；"] if k else []) + spans)]
        block = listing("list", "previous", title, [[*line, "。" if all_shown else "；其余逐条列在正文。"]])
        if height(block) <= room or most == 1:
            break
    return block, [] if all_shown else left


def _problems(block: Block) -> Iterator[list[Any]]:
    """Problems of a table or list; a paragraph that says there is none is no problem."""
    if block["type"] != "table" or _position(block, "name") is None:
        yield from _matters(block)
        return
    for row in block["rows"]:
        if row["kind"] == "data":
            name, state = cell_of(block, row, "name"), cell_of(block, row, "state")
            now = row["cells"][k] if (k := _position(block, "now")) is not None else ""
            yield [*spans_of(name), " ", *spans_of(now), " ", *spans_of(state)]


def _position(block: Block, key: str) -> int | None:
    return next((k for k, column in enumerate(block["columns"]) if column["key"] == key), None)


def _onsite(parts: Parts) -> tuple[Block, list[Block]]:
    """Up to five matters, the themes in turn; the rest stays in its theme."""
    found = [[block for block in blocks if block["role"] == "onsite"] for _, blocks in parts.values()]
    items = interleaved([[line for block in blocks for line in _matters(block)] for blocks in found])
    shown = items[:ONSITE_MOST] or [["本期没有需要现场核实的事项。"]]
    left = [block for blocks in found for block in blocks] if len(items) > ONSITE_MOST else []
    return listing("list", "onsite", "需现场核实事项", shown, ordered=len(shown) > 1), left


def _matters(block: Block) -> Iterator[list[Any]]:
    """Matters of a list or table; a paragraph that says there is none is no matter."""
    yield from () if block["type"] == "paragraph" else _as_lines(block)


def reply_of(unit: str, statement: str) -> tuple[Block, list[Block]]:
    """The unit's words: the box on page 1, and the section of the annex where that is too small.

    The words are the township's and so are their numbers: no fact stands behind them, and the title says so.
    """
    lines = [[line] for line in statement.splitlines() if line.strip()]
    title = f"乡镇说明（{unit}提供，原文照录，所述数字未经核对）" if lines else "乡镇说明"
    box = listing("box", "statement", title, lines)
    if sum(_lines(plain(line), SMALL) for line in lines) <= REPLY_MOST:
        return box, []
    pointer = listing("box", "statement", "乡镇说明", [["说明较长，全文照录在正文之后的“乡镇说明”中。"]])
    return pointer, [heading(1, "乡镇说明"), listing("list", "statement", title, lines)]


def _as_lines(block: Block) -> Iterator[list[Any]]:
    """A block as lines: items of a list, rows of a table, one line of a paragraph."""
    match block["type"]:
        case "list" | "box":
            yield from block["items"]
        case "table":
            for row in block["rows"]:
                if row["kind"] == "data":
                    cells = [cell for cell in row["cells"] if cell_text(cell).strip()]
                    yield [
                        part
                        for k, cell in enumerate(cells)
                        for part in ((["，"] if k else []) + spans_of(cell))
                    ]
        case "paragraph":
            yield block["spans"]
        case _:  # a heading or a figure is no line
            return


def interleaved(groups: Iterable[Sequence[Any]]) -> list[Any]:
    """First of each group, then second of each …"""
    return [item for turn in zip_longest(*groups) for item in turn if item is not None]
