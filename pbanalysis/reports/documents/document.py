"""What an attachment says, and in which order: the same blocks for PDF, Word and Excel.

Page 1 is the summary: three sentences, the indicator table, the last period's problems, what to
check on site, and room for the township's own statement. Then come the three themes and the
supporting measures; then definitions, sources and checksums. No number is made here: every one
comes with its fact from a block of an executed notebook.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pbanalysis.calendar import Period, as_date
from pbanalysis.reports.documents.summary import reply_of, summary_of
from pbanalysis.reports.documents.summary_county import opinion
from pbanalysis.reports.documents.text import Block, heading, is_tall, paragraph, table
from pbanalysis.terms import THEMES

__all__ = ["STATUSES", "Document", "Status", "compose_county", "compose_township", "recompose"]

Status = Literal["draft", "checking", "final"]
STATUSES: Mapping[str, str] = {"draft": "草稿", "checking": "核实中", "final": ""}

_PLAN = "——“找差距、补短板、夯基础、促提升”行动"
_OWN_THEMES = ("study", "development", "rectification")
_HAN = "一二三四五六七八九十"
_NUMBERED = re.compile(
    r"^\s*(?:第?[一二三四五六七八九十]+[、章节]|（[一二三四五六七八九十]+）|\d+[.、．]|（\d+）)\s*"
)
_FRAME = ("headline", "about", "definitions", "provenance", "measures")
_SECTIONS = (  # heading, roles; a role that is not named here belongs to 主要情况
    ("指标完成情况", ("scorecard",)),
    ("主要情况", ()),
    ("差距与下步工作", ("gaps",)),
    ("上期问题整改情况", ("previous",)),
    ("需现场核实的全部事项", ("onsite",)),
)


@dataclass(frozen=True, kw_only=True)
class Document:
    """An attachment as plain data: three runs of blocks, and the frame around them.

    ``summary`` is page 1, ``body`` the themes (counted against the budget), ``annex`` definitions,
    sources and checksums. Headings are numbered: ``{"type": "heading", "level": 1, "text": "一、…"}``.
    ``frame`` is what it was composed with beside the blocks (:func:`recompose`).
    """

    kind: Literal["township", "county"]
    unit_id: str
    unit: str
    county: str
    period: Period
    as_of: dt.date
    status: Status
    start_page: int
    attachment_no: int | None
    title: tuple[str, ...]
    summary: tuple[Block, ...] = field(repr=False)
    body: tuple[Block, ...] = field(repr=False)
    annex: tuple[Block, ...] = field(repr=False)
    frame: Mapping[str, Any] = field(repr=False)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks in the order of reading."""
        return (*self.summary, *self.body, *self.annex)

    @property
    def name(self) -> str:
        """Title in one line, for bookmarks and file properties."""
        return "".join(self.title)

    @property
    def about(self) -> str:
        """The line under the title."""
        state = STATUSES[self.status]
        end = f"{self.as_of.year}年{self.as_of.month}月{self.as_of.day}日"
        return f"（评估期间：{self.period.title}；数据截至{end}{'；' + state if state else ''}）"

    @property
    def identifier(self) -> str:
        """Names the unit, period and cut-off inside each file's properties."""
        return "/".join((self.kind, self.unit_id, self.period.label, self.as_of.isoformat()))


def compose_township(
    parts: Mapping[str, Sequence[Block]],
    *,
    township_id: str,
    township: str,
    county: str,
    period: str | Period,
    as_of: str | dt.date,
    status: Status = "draft",
    start_page: int = 1,
    attachment_no: int | None = 1,
    statement: str = "",
    figures: int = 2,
    checksums: Mapping[str, str] | None = None,
) -> Document:
    """The attachment of a township.

    Parameters
    ----------
    parts
        Theme (``study``, ``development``, ``rectification``, perhaps ``supporting``) → blocks of its
        executed notebook. A theme that is absent or empty is said to be so.
    township_id, township, county
        Code and names as printed.
    period, as_of
        The frame of the data; all dates inside the files are the cut-off's.
    status
        ``draft`` 草稿, ``checking`` 核实中 (both with a watermark) or ``final``.
    start_page
        Number of the first page, where the attachment follows other pages.
    attachment_no
        N of 附件N; ``None`` leaves the line out.
    statement
        The township's statement, word for word in its box on page 1, or in the annex where it is too
        long for the box; a box with lines to write on without it.
    figures
        Most figures per theme; the web page has them all.
    checksums
        Printed name → digest (数据, 代码 …) for the last page.
    """
    return _compose(
        "township",
        parts,
        _OWN_THEMES,
        {
            "township_id": township_id,
            "township": township,
            "county": county,
            "period": str(period),
            "as_of": str(as_of),
            "status": status,
            "start_page": start_page,
            "attachment_no": attachment_no,
            "statement": statement,
            "figures": figures,
            "checksums": dict(checksums or {}),
        },
    )


def compose_county(
    parts: Mapping[str, Sequence[Block]],
    *,
    county_id: str,
    county: str,
    period: str | Period,
    as_of: str | dt.date,
    status: Status = "draft",
    start_page: int = 1,
    attachment_no: int | None = 1,
    figures: int = 6,
    checksums: Mapping[str, str] | None = None,
) -> Document:
    """The county's report, of the same kind; ``parts`` may hold one part, e.g. ``overview``."""
    return _compose(
        "county",
        parts,
        _OWN_THEMES if set(parts) & set(THEMES) else tuple(parts),
        {
            "county_id": county_id,
            "county": county,
            "period": str(period),
            "as_of": str(as_of),
            "status": status,
            "start_page": start_page,
            "attachment_no": attachment_no,
            "figures": figures,
            "checksums": dict(checksums or {}),
        },
    )


def recompose(parts: Mapping[str, Sequence[Block]], frame: Mapping[str, Any]) -> Document:
    """The document again, from its blocks and the frame that ``facts.json`` keeps under its seal."""
    compose = compose_township if "township_id" in frame else compose_county
    return compose(parts, **{name: value for name, value in frame.items() if name != "seal"})


def _compose(
    kind: Literal["township", "county"],
    parts: Mapping[str, Sequence[Block]],
    themes: Sequence[str],
    frame: Mapping[str, Any],
) -> Document:
    if frame["status"] not in STATUSES:
        raise ValueError(f"unknown status: {frame['status']}")
    unit, period = frame[kind] or "全县", Period.parse(frame["period"])
    title = (f"{unit}{period.title}基层党建评估报告", _PLAN)
    named = {theme: (_theme_name(theme), tuple(parts.get(theme, ()))) for theme in themes}
    reply, more = reply_of(unit, frame["statement"]) if kind == "township" else (opinion(), [])
    summary, rest = summary_of(named, title_lines=len(title), reply=reply)
    body = [block for theme in themes for block in _theme(theme, *named[theme], rest, frame["figures"])]
    body += _measures(parts)
    annex = [*more, *_items(parts), *_definitions(parts), *_sources(parts, frame["checksums"])]
    numbered = _numbered([*body, *annex])
    return Document(
        kind=kind,
        unit_id=frame[f"{kind}_id"],
        unit=unit,
        county=frame["county"],
        period=period,
        as_of=as_date(frame["as_of"]),
        status=frame["status"],
        start_page=frame["start_page"],
        attachment_no=frame["attachment_no"],
        title=title,
        summary=tuple(summary),
        body=tuple(numbered[: len(body)]),
        annex=tuple(numbered[len(body) :]),
        frame=frame,
    )


def _theme_name(theme: str) -> str:
    return THEMES.get(theme, "全县情况")


def _theme(
    theme: str, name: str, blocks: Sequence[Block], rest: Sequence[Block], figures: int
) -> Iterator[Block]:
    """A theme's part of the body: limits first, then the sections that have something in them."""
    yield heading(1, name)
    own = [block for block in blocks if block["role"] not in _FRAME]
    if not own:
        yield paragraph(
            "本期没有这一专题的数据，不作评价。没有数据不等于没有开展工作，请先核对台账是否报送。"
        )
        return
    yield from (block for block in own if block["role"] == "limits")
    for title, roles in _SECTIONS:
        if roles in (("previous",), ("onsite",)):
            inside = [b for b in own if b["role"] in roles and any(b is left for left in rest)]
        elif roles:
            inside = [block for block in own if block["role"] in roles]
        else:
            inside = _undrawn_together(list(_some_figures(_findings(own), figures)))
        if inside:
            yield heading(2, title)
            yield from (_demoted(block) for block in inside)


def _findings(blocks: Iterable[Block]) -> list[Block]:
    """What belongs to 主要情况: roles that no other section has."""
    known = {"limits", *_FRAME, *(role for _, roles in _SECTIONS for role in roles)}
    return [b for b in blocks if b["role"] not in known]


def _some_figures(blocks: Sequence[Block], most: int) -> Iterator[Block]:
    """The first figures; a tall one may stand further behind in its theme, so that the page before it is full."""
    figures = [block for block in blocks if block["type"] == "figure"]
    more = {id(block) for block in figures[most:]}
    yield from (block for block in blocks if id(block) not in more)
    if any(is_tall(block) for block in figures[:most]):
        yield paragraph("逐行列出的图占大半页，排在本专题之内。")
    if more:
        yield paragraph("其余图见本专题的网页版报告。")


def _undrawn_together(blocks: Sequence[Block]) -> list[Block]:
    """Figures that could not be drawn, each a box that says why, as one box at the end."""
    boxes = [block for block in blocks if block["type"] == "box"]
    if len(boxes) < 2:
        return list(blocks)
    together = {
        **boxes[0],
        "title": "没有画的图",
        "items": [[f"{box['title']}：", *item] for box in boxes for item in box["items"]],
        "facts": list({fact["id"]: fact for box in boxes for fact in box["facts"]}.values()),
    }
    return [*(block for block in blocks if block["type"] != "box"), together]


def _demoted(block: Block) -> Block:
    """Headings of a notebook stand below the section they are put in."""
    return {**block, "level": max(3, int(block["level"]) + 1)} if block["type"] == "heading" else block


def _by_role(parts: Mapping[str, Sequence[Block]], role: str) -> Iterator[tuple[str, Block]]:
    """Blocks of a role with their theme; what two notebooks say alike is said once."""
    said = set()
    for theme, blocks in parts.items():
        for block in blocks:
            if block["role"] != role:
                continue
            body = json.dumps({k: v for k, v in block.items() if k not in ("id", "facts")}, sort_keys=True)
            if body not in said:
                said.add(body)
                yield theme, block


def _measures(parts: Mapping[str, Sequence[Block]]) -> Iterator[Block]:
    """The short section: progress of the measures; item by item they stand in the annex."""
    found = [_demoted(block) for _, block in _by_role(parts, "measures") if not _is_items(block)]
    supporting = [_demoted(block) for block in parts.get("supporting", ()) if block["role"] not in _FRAME]
    if found or supporting:
        yield heading(1, THEMES["supporting"])
        yield from found
        yield from supporting


def _is_items(block: Block) -> bool:
    return block["type"] == "table" and str(block["id"]).endswith(".items")


def _items(parts: Mapping[str, Sequence[Block]]) -> Iterator[Block]:
    """The plan's items one by one: the themes' tables as one."""
    found = [block for _, block in _by_role(parts, "measures") if _is_items(block)]
    if found:
        yield heading(1, found[0]["title"])
        yield {**_merged(found), "untitled": True}


def _merged(tables: Sequence[Block]) -> Block:
    """Tables of one kind as one, what stands under one heading together; a row is said once."""
    groups: dict[str, dict[str, Any]] = {}
    facts: dict[str, Any] = {}
    for block in tables:
        group = groups.setdefault("", {})
        for row in block["rows"]:
            said = json.dumps(row, sort_keys=True)
            if row["kind"] == "group":
                group = groups.setdefault(said, {})
            group.setdefault(said, row)
        facts |= {fact["id"]: fact for fact in block["facts"]}
    rows = [row for group in groups.values() for row in group.values()]
    return {**tables[0], "rows": rows, "facts": list(facts.values())}


def _definitions(parts: Mapping[str, Sequence[Block]]) -> Iterator[Block]:
    found = list(_by_role(parts, "definitions"))
    if not found:
        return
    yield heading(1, "指标口径")
    before = None
    for theme, block in found:
        if theme != before and len({theme for theme, _ in found}) > 1:
            yield heading(2, _theme_name(theme))
        before = theme
        yield {**_demoted(block), "untitled": block.get("title") == "指标口径"}


def _sources(parts: Mapping[str, Sequence[Block]], checksums: Mapping[str, str]) -> Iterator[Block]:
    yield heading(1, "数据来源与校验")
    kinds: dict[str, list[Block]] = {}
    for _, block in _by_role(parts, "provenance"):
        kinds.setdefault(f"{block['type']} {block.get('title', block['id'])}", []).append(_demoted(block))
    for alike in kinds.values():
        yield _merged(alike) if alike[0]["type"] == "table" else alike[0]
    if checksums:
        columns = [
            {"key": "what", "title": "对象", "align": "left", "group": "", "width": 1.0},
            {"key": "digest", "title": "校验码", "align": "left", "group": "", "width": 4.0},
        ]
        rows = [{"cells": [what, digest], "kind": "data"} for what, digest in checksums.items()]
        yield table("", "校验码", columns, rows, unit="十六进制", source="生成时计算")
    yield paragraph(
        "正文每一个数都对应同目录 facts.json 中的一条记录，载明取值、分子分母、来源表和行数；"
        "收到的文件是否被改动，可用 pbanalysis verify 离线核对。"
        "本报告不评定等次，等次由县委按述职评议考核程序确定。"
    )


def _numbered(blocks: Iterable[Block]) -> list[Block]:
    """Number the headings 一、（一）1.（1）, whatever numbers they brought."""
    counts = [0, 0, 0, 0]
    out: list[Block] = []
    for block in blocks:
        if block["type"] == "heading":
            level = min(int(block["level"]), 4)
            counts[level - 1] += 1
            counts[level:] = [0] * (4 - level)
            text = _mark(level, counts[level - 1]) + _NUMBERED.sub("", block["text"])
            block = {**block, "level": level, "text": text}
        out.append(block)
    return out


def _mark(level: int, number: int) -> str:
    return {1: f"{_han(number)}、", 2: f"（{_han(number)}）", 3: f"{number}.", 4: f"（{number}）"}[level]


def _han(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number <= 10:
        return _HAN[number - 1]
    return ("" if tens == 1 else _HAN[tens - 1]) + "十" + (_HAN[ones - 1] if ones else "")
