"""One cell, one reading: the parser of a field with what the sheet knows beside the cell.

Dates and numbers have modules of their own; here are yes and no, closed vocabularies, free text, identity
numbers, years and file numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pbanalysis.ledgers.dates import DateContext, read_date, read_deadline, read_span
from pbanalysis.ledgers.grid import Cell, Unusable, Value
from pbanalysis.ledgers.headers import Field, vocabulary
from pbanalysis.ledgers.layout import Column
from pbanalysis.ledgers.numbers import read_count, read_money, read_number, read_rate
from pbanalysis.ledgers.reading import ERROR, NOTHING, Reading, flagged, normalised, ok, rejected
from pbanalysis.ledgers.text import is_null_marker, plain, says_nothing, squash, tidy
from pbanalysis.privacy.pseudonyms import mask, valid_id_number

__all__ = [
    "CellReader",
    "read_bool",
    "read_case_number",
    "read_enum",
    "read_id_number",
    "read_presence",
    "read_text",
    "read_types",
    "read_year",
    "show",
]

_YES = frozenset(
    [
        "是",
        "有",
        "√",
        "✓",
        "✔",
        "☑",
        "对",
        "y",
        "yes",
        "true",
        "已",
        "1",
        "已有",
        "具备",
        "符合",
        "属于",
        "通过",
        "合格",
        "落实",
        "已落实",
    ]
)
_NO = frozenset(
    [
        "否",
        "无",
        "×",
        "✗",
        "✘",
        "☒",
        "x",
        "n",
        "no",
        "false",
        "未",
        "0",
        "没有",
        "没",
        "不是",
        "不具备",
        "不符合",
        "不属于",
        "未通过",
        "不合格",
        "未落实",
    ]
)
_TICKED, _UNTICKED = "☑√■✓✔☒R", "□☐○"


def show(value: Value) -> str:
    """A cell's value as text, integers without a decimal point and dates in ISO form."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and abs(value) < 1e300:
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value)


def read_bool(value: Value) -> Reading:
    """Read yes or no, by word, sign, digit or ticked box.

    Examples
    --------
    >>> [read_bool(v).value for v in ("√", "否", "☑是 □否", "/")], read_bool("是/否").code
    ([True, False, True, None], 'not_in_vocabulary')
    """
    if isinstance(value, Unusable):
        return ERROR
    if isinstance(value, bool):
        return ok(value)
    if isinstance(value, (int, float)) and value in (0, 1):
        return normalised(bool(value), "bool_digit")
    text = squash(show(value)).lower()
    if is_null_marker(text):
        return NOTHING
    if text in _YES or text in _NO:
        return normalised(text in _YES, "bool_word")
    if (ticked := _boxes(text)) is not None:
        return normalised(ticked, "bool_box")
    if found := re.fullmatch(r"(已|未|没有?|不)(?!知|详|清|定)[\u4e00-\u9fff]{1,6}", text):
        return normalised(found[1] == "已", "bool_phrase")
    return rejected("not_in_vocabulary", "应填“是”或“否”")


def _boxes(text: str) -> bool | None:
    """``☑是□否``: the word beside the one ticked box."""
    pairs = re.findall(rf"([{_TICKED}{_UNTICKED}])\s*(是|否|有|无)", text) or [
        (box, word) for word, box in re.findall(rf"(是|否|有|无)\s*([{_TICKED}{_UNTICKED}])", text)
    ]
    ticked = [word for box, word in pairs if box in _TICKED]
    return ticked[0] in ("是", "有") if len(pairs) == 2 and len(ticked) == 1 else None


def read_presence(value: Value) -> Reading:
    """Read a column that holds yes/no or what is there (a plan's title, a person): something there is yes."""
    reading = read_bool(value)
    if reading.kind != "rejected" or reading.code == "error_value":
        return reading
    return normalised(True, "presence", "填了内容，按“有”读取")


def read_enum(value: Value, vocabulary: Mapping[str, str], *, title: str = "") -> Reading:
    """Read one word of a closed vocabulary (squashed word -> canonical value).

    A vocabulary may name a doubt: canonical values that end in ``?`` are flagged.
    """
    if isinstance(value, Unusable):
        return ERROR
    text = squash(show(value))
    if is_null_marker(text):
        return NOTHING
    found = vocabulary.get(text) or vocabulary.get(text.strip("。.;；,，"))
    if found is None and re.fullmatch(r"[A-Za-z]\d{2}.*", text):
        found = _coded(text, vocabulary)
    if found is None:
        return rejected("not_in_vocabulary", f"不是“{title}”允许的取值" if title else "不是允许的取值")
    if found.endswith("?"):
        return flagged(found[:-1], "vocabulary_doubt", "写法不够明确，请核对")
    return ok(found) if show(value) == found else normalised(found, "vocabulary")


def _coded(text: str, vocabulary: Mapping[str, str]) -> str | None:
    """``P11学习不深入不系统``: code and label must agree."""
    code, label = text[:3].upper(), text[3:].lstrip("-:、.")
    by_code = code if code in vocabulary.values() else None
    return by_code if by_code and (not label or vocabulary.get(label) == by_code) else None


def read_types(value: Value, vocabulary: Mapping[str, str], *, title: str = "") -> Reading:
    """Read several words of a vocabulary, joined by any usual sign, in the order given."""
    whole = read_enum(value, vocabulary, title=title)
    if whole.value is not None:
        return replace(whole, value=(str(whole.value),))
    if whole.kind != "rejected" or isinstance(value, Unusable):
        return whole
    parts = [p for p in re.split(r"[+、,，/;；&＋]|和|及|暨|与", squash(show(value))) if p]
    known = tuple(dict.fromkeys(vocabulary[p].rstrip("?") for p in parts if p in vocabulary))
    unknown = sum(p not in vocabulary for p in parts)
    if not known:
        return whole
    if unknown:
        return flagged(known, "partly_in_vocabulary", f"有 {unknown} 个写法不认识，只取认识的")
    return normalised(known, "vocabulary")


def read_text(value: Value) -> Reading:
    """Read free text as typed; a null marker is nothing, a replacement character is a doubt."""
    if isinstance(value, Unusable):
        return ERROR
    text = tidy(show(value))
    if says_nothing(text):
        return NOTHING
    if "\ufffd" in text:
        return flagged(text, "mojibake", "文字里有乱码，请核对")
    return ok(text) if text == value else normalised(text, "trimmed")


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def read_id_number(value: Value) -> Reading:
    """Read an identity number; the caller replaces it by a pseudonym at once.

    A number cell keeps fifteen digits, so an identity number in one is beyond recovery.
    """
    if isinstance(value, Unusable):
        return ERROR
    if isinstance(value, (int, float)):
        return rejected("precision_lost", "号码存成了数字，末尾几位已丢失，无法恢复")
    text = re.sub(r"[\s\-']", "", plain(show(value))).upper()
    if says_nothing(text):
        return NOTHING
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", text) or re.fullmatch(r"\d{15,}\.0*", text):
        return rejected("precision_lost", "号码变成了科学记数，末尾几位已丢失，无法恢复")
    if "*" in text or "＊" in text:
        return rejected("masked", "号码已被遮盖，不能用来识别")
    if re.fullmatch(r"\d{15}", text):
        return flagged(text, "old_id_number", "是 15 位旧号码，请改填 18 位")
    if not re.fullmatch(r"\d{17}[\dX]", text):
        return rejected("bad_length", "号码不是 18 位")
    if "10X98765432"[sum(int(d) * w for d, w in zip(text, _WEIGHTS)) % 11] != text[17]:
        return rejected("id_checksum", "号码校验位不对，请核对")
    try:
        dt.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return flagged(text, "id_birthday", "号码中的出生日期不存在，请核对")
    return ok(text) if text == value else normalised(text, "id_normalised")


def read_year(value: Value) -> Reading:
    """Read a year, with or without 年度."""
    text = squash(show(value))
    found = re.fullmatch(r"((?:19|20)\d{2})(?:年度?)?", text)
    if not found:
        return NOTHING if is_null_marker(text) else rejected("not_a_year", "应填四位年份")
    return ok(int(found[1])) if isinstance(value, int) else normalised(int(found[1]), "year_text")


def read_case_number(value: Value, names: frozenset[str]) -> Reading:
    """Read a file number; one that holds an identity number, a phone or a name is none."""
    if isinstance(value, Unusable):
        return ERROR
    text = squash(show(value))
    if is_null_marker(text) or text == "无":
        return NOTHING
    if valid_id_number(text) or mask(text, names) != text:
        return rejected("personal_case_no", "编号里含有证件号、电话或姓名，不能用作编号")
    return ok(text) if text == value else normalised(text, "blanks")


# -- the cells of a column ------------------------------------------------------------------------


@dataclass
class CellReader:
    """Reads the cells of one column; equal cells are read once."""

    column: Column
    declared: Field
    dates: DateContext
    money_unit: str
    names: frozenset[str]
    _cache: dict[tuple[object, ...], Reading] = field(default_factory=dict, repr=False)

    def read(self, cell: Cell) -> Reading:
        """Reading of a cell."""
        key = (type(cell.value), cell.value, cell.number_format, cell.strike)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._read(cell)
        return found

    def span_end(self, cell: Cell) -> Reading:
        """Last day of a span, whose first day :meth:`read` gives."""
        return read_span(cell.value, self.dates)[1]

    def _read(self, cell: Cell) -> Reading:
        reading = _PARSERS[self.declared.type](self, cell)
        if reading.value is None:
            return reading
        if cell.strike:
            reading = reading.doubt("strikethrough", "单元格有删除线，请确认是否作废")
        if self.column.doubt == "place":
            reading = reading.doubt("header_by_place", f"表头“{self.column.header}”不明确，按所在位置读取")
        if self.column.doubt == "duplicate_header":
            reading = reading.doubt("duplicate_header", "同样的列出现了不止一次，只读取这一列")
        return reading

    def _money(self, cell: Cell) -> Reading:
        unit, source = self.column.unit, "header" if self.column.unit else "sheet"
        return read_money(
            cell.value, unit=unit or self.money_unit, number_format=cell.number_format, source=source
        )

    def _text(self, cell: Cell) -> Reading:
        """Free text, with personal values masked."""
        reading = read_text(cell.value)
        if not isinstance(reading.value, str):
            return reading
        masked = mask(reading.value, self.names)
        if masked == reading.value:
            return reading
        return flagged(masked, "personal_in_text", "文字里有姓名、电话或证件号，已隐去")


def _seq(cell: Cell) -> Reading:
    """Serial number: as typed, never used."""
    if isinstance(cell.value, Unusable):
        return ERROR
    text = mask(tidy(show(cell.value)))
    return ok(int(text) if text.isdigit() and len(text) < 16 else text)


def _personal(cell: Cell) -> Reading:
    """Presence of a personal value; what was typed never leaves this function."""
    return NOTHING if says_nothing(show(cell.value)) else Reading("", "ok", "personal")


# type of a field (headers.toml) -> how its cells are read
_PARSERS: dict[str, Callable[[CellReader, Cell], Reading]] = {
    "date": lambda r, c: read_date(c.value, r.dates, schedule=r.declared.schedule),
    "deadline": lambda r, c: read_deadline(c.value, r.dates),
    "span": lambda r, c: read_span(c.value, r.dates)[0],
    "count": lambda r, c: read_count(c.value),
    "year": lambda r, c: read_year(c.value),
    "number": lambda r, c: read_number(c.value, unit="天" if r.declared.unit == "days" else r.column.unit),
    "rate": lambda r, c: read_rate(
        c.value, number_format=c.number_format, percent_header=r.column.unit == "%"
    ),
    "money": CellReader._money,
    "bool": lambda r, c: read_bool(c.value),
    "presence": lambda r, c: read_presence(c.value),
    "enum": lambda r, c: read_enum(c.value, vocabulary(r.declared.vocabulary), title=r.declared.label),
    "types": lambda r, c: read_types(c.value, vocabulary(r.declared.vocabulary), title=r.declared.label),
    "text": CellReader._text,
    "case_no": lambda r, c: read_case_number(c.value, r.names),
    "id_number": lambda r, c: read_id_number(c.value),
    "seq": lambda r, c: _seq(c),
    "personal": lambda r, c: _personal(c),
}
