"""What every non-empty row of a sheet is. Only ``data`` rows count; all others are still listed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pbanalysis.ledgers.dates import DateContext, read_date
from pbanalysis.ledgers.grid import Cell, Sheet
from pbanalysis.ledgers.headers import header_keys
from pbanalysis.ledgers.layout import Layout, header_words
from pbanalysis.ledgers.text import is_null_marker, plain, squash

__all__ = ["Preamble", "Role", "body_roles", "preamble_roles", "read_preamble"]

Role = Literal[
    "title",
    "meta",
    "unit",
    "header",
    "section",
    "data",
    "subtotal",
    "total",
    "note",
    "signature",
    "example",
    "nil_report",
    "other_table",
]

_META = re.compile(
    r"填报单位|填表单位|报送单位|编报单位|编制单位|上报单位|填报日期|填报时间|填表日期|填表时间|报送日期|报送时间|上报日期|上报时间|统计时间|统计截止|截止时间|截止日期|制表日期|制表时间"
)
_UNIT = re.compile(
    r"^[(（]?(?:计量|金额)?单位[:：]\s*(?:[万亿千百]?元|人次?|次|个|户|份|%|名|岁|[、,，/和])+[)）]?$"
)
_NOTE_WORD = r"[*＊※]|注\s*\d*\s*[:：.、]|注意|备注\s*\d*[:：]|说\s*明\s*[:：]|填表说明|填报说明|填写说明|填写要求|填报要求|要求[:：]|表中|本表|以上"
_NOTE = re.compile(rf"^(?:{_NOTE_WORD}|\d{{1,2}}\s*[、.．)）](?!\d)|[①-⑳]|\(\d{{1,2}}\)|（\d{{1,2}}）)")
_NAMED_NOTE = re.compile(rf"^(?:{_NOTE_WORD})")
_SIGNATURE = re.compile(
    r"(?:填表人|填报人|审核人|制表人|经办人|负责人|主要领导|分管领导|联系电话|联系人|审核|制表|签字|签章|盖章|党委书记|填报单位|填报日期|填表日期|报送日期|日\s*期)\s*(?:[(（][^)）]*[)）])?\s*[:：]|[(（](?:签字|盖章|签章|公章)[)）]"
)
_EXAMPLE = re.compile(
    r"^[(（【\[]?(?:例|示例|样例|例如|填写示例|填表示例|范例|举例)(?:[)）】\]:：\d]|$)|^例[:：]?"
)
_TOTAL = re.compile(
    r"^(?:全县|全镇|全乡|全街道|本月|本页|本年)?(?:合计|总计|共计|累计|总合计|平均)(?:[:：(（\d].*)?$|.{1,12}(?:合计|总计)$"
)
_SUBTOTAL = re.compile(r"^(?:小计|分计|其中[:：]?.*|.{1,12}小计)(?:[:：(（\d].*)?$")
_SECTION = re.compile(
    r"^(?:[一二三四五六七八九十]{1,3}[、.．]|[(（][一二三四五六七八九十]{1,3}[)）]|【.*】$|第[一二三四五六七八九十]{1,3}(?:部分|章|节|类))"
)
_NIL = re.compile(
    r"^(?:无|暂无|没有|零报告|无问题|未发现问题|暂无问题|暂未发现|未发现|无此类情况|无相关情况|本[月季年]?度?无.{0,10}|无.{0,6}情况|暂无.{0,8}|没有发现.{0,6})[。.]?$"
)


@dataclass(frozen=True)
class Preamble:
    """What the rows above a header say about the whole sheet."""

    title: str = ""
    unit_text: str = ""
    reported_on: dt.date | None = None
    money_unit: str = ""
    year: int | None = None
    period: str = ""


def _texts(sheet: Sheet, row: int) -> list[str]:
    return [plain(str(c.value)) for _, c in sorted(sheet.rows[row].items())]


def preamble_roles(sheet: Sheet, rows: list[int]) -> dict[int, Role]:
    """Roles of rows above the header."""
    return {r: _preamble_role(_texts(sheet, r)) for r in rows}


def _preamble_role(texts: list[str]) -> Role:
    units = [t for t in texts if _UNIT.match(t)]
    if any(_META.search(t) or (re.match(r"单位[:：]", t) and t not in units) for t in texts):
        return "meta"
    if units:
        return "unit"
    if all(_NOTE.match(t) for t in texts):
        return "note"
    return "example" if _EXAMPLE.match(texts[0]) else "title"


def read_preamble(sheet: Sheet, roles: Mapping[int, Role], file_words: str) -> Preamble:
    """Reporting unit, date, money unit, year and period: from the rows above the header, then the file's name."""
    lines = [t for r in roles for t in _texts(sheet, r)]
    text = "　".join(lines)
    titles = "".join(t for r, role in roles.items() if role == "title" for t in _texts(sheet, r))
    unit = re.search(
        r"(?:填报|填表|报送|编报|编制|上报)单位\s*(?:[(（][^)）]*[)）])?\s*[:：]\s*([^\s　:：]+)", text
    ) or re.search(r"(?<![量额])单位[:：]\s*([^\s　:：]*(?:镇|乡|街道)[^\s　:：]*)", text)
    money = re.search(r"单位[:：][^　]*?(亿元|万元|千元|元)", text)
    dated = re.search(
        r"(?:填报|填表|报送|上报|制表|统计|截止)(?:日期|时间|截止)\s*[:：]?\s*([^\s　:：]+(?:\s*\d+\s*[月日.]?)*)",
        text,
    )
    reported = read_date(dated[1].strip("。,，;；()（）"), DateContext()).value if dated else None
    year_text = re.search(r"((?:19|20)\d{2})\s*年", titles) or re.search(
        r"((?:19|20)\d{2})\s*年?", file_words
    )
    day = reported if isinstance(reported, dt.date) else None
    year = int(year_text[1]) if year_text else day.year if day else None
    return Preamble(
        titles, unit[1] if unit else "", day, money[1] if money else "", year, _period(titles + file_words)
    )


def _period(text: str) -> str:
    """Part of the year a ledger covers, as its title says: H1, Q3, M05; "" for the whole year."""
    if found := re.search(r"(上|下)半年", text):
        return "H1" if found[1] == "上" else "H2"
    if found := re.search(r"第?([一二三四1-4])季度", text):
        return f"Q{'一二三四'.find(found[1]) + 1 or found[1]}"
    if found := re.search(r"(?<!\d)(1[0-2]|0?[1-9])月(?!\d|\s*\d{1,2}\s*日)", text):
        return f"M{int(found[1]):02d}"
    return ""


def body_roles(sheet: Sheet, layout: Layout, rows: list[int]) -> dict[int, Role]:
    """Roles of the rows below the header."""
    judge = _Judge(sheet, layout)
    roles = {r: judge.role(r) for r in rows}
    _tail(rows, roles)
    return roles


def _tail(rows: list[int], roles: dict[int, Role]) -> None:
    """Lone lines after the last data row are notes, or the title of the second table below them."""
    last = max((r for r in rows if roles[r] in ("data", "subtotal", "total", "nil_report")), default=0)
    for i, r in enumerate(rows):
        if roles[r] == "section" and r > last:
            following = next((roles[s] for s in rows[i + 1 :] if roles[s] not in ("section", "note")), "")
            roles[r] = "other_table" if following == "other_table" else "note"


_SIGNATURE_CELLS = 8
_LABELS = (None, "seq", "township", "village", "branch", "enterprise")  # where 合计 stands
_BESIDE = ("seq", "township", "remark", "branch", "village", "owner_unit", "year")  # may stand beside 无


class _Judge:
    def __init__(self, sheet: Sheet, layout: Layout) -> None:
        self._sheet, self._layout = sheet, layout
        self._headers = [{c: squash(t) for c, t in row.items()} for row in layout.texts.values()]
        self._wide = {m.top: m.right - m.left + 1 for m in sheet.merges if m.top == m.bottom and m.left <= 2}
        self._field = {c.index: c.field for c in layout.columns.values() if c.field}
        self._in_other = False

    def role(self, row: int) -> Role:
        cells = self._sheet.rows[row]
        texts = {c: squash(v) if isinstance(v := cell.value, str) else str(v) for c, cell in cells.items()}
        if self._repeats(texts):
            self._in_other = False
            return "header"
        if self._in_other or self._other_header(row, cells, texts):
            self._in_other = True
            return "other_table"
        first = plain(str(cells[min(cells)].value))
        if _EXAMPLE.match(first) or any(
            self._field.get(c) == "seq" and t in ("例", "示例", "样例") for c, t in texts.items()
        ):
            return "example"
        if sums := self._sum_role(texts):
            return sums
        if len(cells) <= _SIGNATURE_CELLS and self._is_signature(cells):
            return "signature"
        if len(cells) == 1 or self._wide.get(row, 1) > max(2, len(self._layout.columns) // 2):
            return self._lone(first, min(cells))
        pattern = _NAMED_NOTE if self._field.get(min(cells)) == "seq" else _NOTE
        if len(cells) == 2 and pattern.match(first):
            return "note"
        if not any(c in self._field for c in cells):
            return "other_table"
        return "nil_report" if self._is_nil(texts) else "data"

    def _repeats(self, texts: Mapping[int, str]) -> bool:
        return any(
            len(same := [c for c, t in texts.items() if header.get(c) == t]) >= 2
            and len(same) >= 0.6 * len(texts)
            for header in self._headers
        )

    def _other_header(self, row: int, cells: Mapping[int, Cell], texts: Mapping[int, str]) -> bool:
        """A row of header words under other columns: a second table begins."""
        if len(cells) < 2 or not all(isinstance(c.value, str) for c in cells.values()):
            return False
        hits = sum(header_keys(t)[0] in header_words() for t in texts.values() if len(t) <= 20)
        above = self._sheet.rows.get(row - 1, {})
        after_gap = len(above) <= 1 or self._wide.get(row - 1, 1) > 1
        return hits >= (2 if after_gap else 3) and hits >= 0.6 * len(texts)

    def _sum_role(self, texts: Mapping[int, str]) -> Role | None:
        labels = [c for c in sorted(texts) if self._field.get(c) in _LABELS][:4]
        for c in labels:
            if _SUBTOTAL.match(texts[c]):
                return "subtotal"
            if _TOTAL.match(texts[c]):
                return "total"
        return None

    def _is_signature(self, cells: Mapping[int, Cell]) -> bool:
        texts = [plain(str(c.value)) for c in cells.values()]
        signed = sum(bool(_SIGNATURE.search(t)) and len(t) <= 60 and not _NOTE.match(t) for t in texts)
        return signed > 0 and signed >= 0.5 * len(texts)

    def _lone(self, text: str, column: int) -> Role:
        if _NIL.match(squash(text)):
            return "nil_report"
        if _NOTE.match(text) and not (self._field.get(column) == "seq" and text.isdigit()):
            return "note"
        if self._field.get(column) == "seq" and re.fullmatch(r"\d+", text):
            return "data"
        if _SECTION.match(text):
            return "section"
        if self._field.get(column) is None and column in self._layout.columns:
            return "other_table"
        return "section"

    def _is_nil(self, texts: Mapping[int, str]) -> bool:
        """无 in the column that says what the row is about, and nothing else of substance in the row.

        A village whose income is 无 is a village, not a nil report.
        """
        if any(self._field.get(c) == "village" and not _NIL.match(t) for c, t in texts.items()):
            return False
        said = False
        for c, text in texts.items():
            name = self._field.get(c)
            if name is None or name in _BESIDE or self._layout.kind.fields[name].personal:
                continue
            if _NIL.match(text):
                said = True
            elif not is_null_marker(text) and text != "0":
                return False
            elif name == "issue" and is_null_marker(text):
                said = True
        return said
