"""Counts, rates, money and plain numbers. A number that is not exact is not a number."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

from pbanalysis.ledgers.grid import Unusable, Value
from pbanalysis.ledgers.reading import ERROR, NOTHING, Reading, flagged, normalised, ok, rejected
from pbanalysis.ledgers.text import chinese_number, decimal_number, is_null_marker, squash

__all__ = ["MONEY_UNITS", "format_unit", "read_count", "read_money", "read_number", "read_rate"]

MONEY_UNITS = {
    "元": 1,
    "百元": 100,
    "千元": 1000,
    "万元": 10**4,
    "百万元": 10**6,
    "千万元": 10**7,
    "亿元": 10**8,
}
MONEY_UNITS |= {"万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}

_INEXACT = re.compile(
    r"约|近|余|多|左右|以上|以下|上下|不足|超过?|大于|小于|至少|不少于|不低于|[<>≥≤≈?？]|几|若干|\+$|将近|估"
)
_RANGE = re.compile(r"[\d万元%人]\s*(?:-|~|至|到|—)\s*\d")


def _opening(value: Value) -> Reading | str | Decimal:
    """Common beginning: what is no number at all, else the number or the squashed text."""
    if isinstance(value, Unusable):
        return ERROR
    if isinstance(value, bool):
        return rejected("not_a_number", "是逻辑值，不是数字")
    if isinstance(value, (dt.date, dt.datetime)):
        return rejected("date_for_number", "这一列应填数字，单元格却是日期")
    if isinstance(value, (int, float)):
        number = Decimal(repr(value))
        return number if number.is_finite() else rejected("not_a_number", "不是数字")
    text = squash(value)
    if is_null_marker(text):
        return NOTHING
    if text in ("无", "暂无", "没有"):
        message = "填“无”：可能是 0，也可能是没有数据；按没有数据处理，如为 0 请填 0"
        return flagged(None, "none_or_zero", message)
    if _RANGE.search(text):
        return rejected("range_not_value", "填的是一个范围，不是确定的数")
    if _INEXACT.search(text):
        return rejected("not_exact", "不是确定的数")
    return text


def _whole(number: Decimal, *, typed: bool, shape: str) -> Reading:
    if number != number.to_integral_value():
        return rejected("not_whole", "应填整数")
    if number < 0:
        return rejected("negative", "不能是负数")
    if number > 10**7:
        return rejected("out_of_range", "数字大得不合情理")
    return ok(int(number)) if typed else normalised(int(number), shape)


_COUNT_UNITS = r"(?:人次|人|名|个村|个|次|份|件|项|期|场|户|家|节|篇|页|岁|年|届|条|支|位|堂)?"


def read_count(value: Value) -> Reading:
    """Read a whole number of things.

    Examples
    --------
    >>> read_count("２４人").value, read_count("二十五").value, read_count("全体").code
    (24, 25, 'not_a_number')
    """
    start = _opening(value)
    if isinstance(start, Reading):
        return start
    if isinstance(start, Decimal):
        return _whole(start, typed=isinstance(value, int), shape="float_integer")
    text = re.sub(r"^(?:第|共计?|计)", "", start)
    found = re.fullmatch(
        rf"([+-]?[\d.,]+|[零〇一二三四五六七八九十百千万两壹贰叁肆伍陆柒捌玖拾佰仟]+?){_COUNT_UNITS}", text
    )
    number = decimal_number(found[1]) if found else None
    if found is None or number is None:
        return rejected("not_a_number", "不是确定的数")
    chinese = chinese_number(found[1]) is not None
    shape = "chinese_numeral" if chinese else "number_text" if found[1] == text else "unit_in_cell"
    return _whole(number, typed=False, shape=shape)


def read_number(value: Value, *, unit: str = "") -> Reading:
    """Read a number of hours; days count eight hours each and are flagged."""
    start = _opening(value)
    if isinstance(start, Reading):
        return start
    days, typed = unit in ("天", "日"), isinstance(start, Decimal)
    if isinstance(start, Decimal):
        number: Decimal | None = start
    else:
        found = re.fullmatch(
            r"([\d.,]+|[零〇一二三四五六七八九十百两]+)(学时|课时|小时|个学时|个小时|h|天|日)?", start
        )
        number = decimal_number(found[1]) if found else None
        days = found[2] in ("天", "日") if found and found[2] else days
    if number is None:
        return rejected("not_a_number", "不是确定的数")
    if number < 0 or number > 10**4:
        return rejected("out_of_range", "数字不合情理")
    result = _plain(number * 8 if days else number)
    if days:
        return flagged(result, "days_to_hours", "按每天 8 学时折算")
    return ok(result) if typed else normalised(result, "number_text")


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


# -- rates ----------------------------------------------------------------------------------------


def read_rate(value: Value, *, number_format: str = "", percent_header: bool = False) -> Reading:
    """Read a rate as 0..1.

    An ambiguous number is rejected with both readings in ``readings``: other columns may decide.

    Examples
    --------
    >>> [read_rate(v).value for v in ("92%", "23/25", "百分之九十二", "九成")]
    [0.92, 0.92, 0.92, 0.9]
    >>> read_rate("92%以上").code, read_rate(92, percent_header=True).value
    ('not_exact', 0.92)
    """
    start = _opening(value)
    if isinstance(start, Reading):
        return start
    if isinstance(start, Decimal):
        if "%" in number_format:
            return _rate(start, "percent_format")
        return _bare_rate(start, percent_header)
    number: Decimal | None = None
    if found := re.fullmatch(r"([+-]?[\d.]+)([%‰])", start):
        number, whole = decimal_number(found[1]), 1000 if found[2] == "‰" else 100
        code = "percent_text" if start == str(value).strip() else "fullwidth"
        return _NO_RATE if number is None else _rate(number / whole, code)
    if (found := re.fullmatch(r"(\d+)/(\d+)", start)) and int(found[2]):
        return _rate(Decimal(int(found[1])) / int(found[2]), "fraction_text")
    if found := re.fullmatch(r"百分之(.+)", start):
        number = decimal_number(found[1])
        return _NO_RATE if number is None else _rate(number / 100, "percent_chinese")
    if found := re.fullmatch(r"([一二三四五六七八九十])成([一二三四五六七八九]?)", start):
        tenths, hundredths = (chinese_number(part) or 0 for part in found.groups())
        return _rate(Decimal(tenths * 10 + hundredths) / 100, "tenths_chinese")
    if re.fullmatch(r"[+-]?[\d.]+", start):
        number = decimal_number(start)
    return _NO_RATE if number is None else _bare_rate(number, percent_header)


_NO_RATE = rejected("not_a_number", "不是比率")


def _rate(number: Decimal, code: str) -> Reading:
    if not 0 <= number <= 1:
        return rejected("out_of_range", "比率应在 0 到 100% 之间")
    return normalised(_plain(number), code)


def _bare_rate(number: Decimal, percent_header: bool) -> Reading:
    """A number without a per-cent sign: the header decides, unless the number fits both readings."""
    if number == 0:
        return ok(0)
    if not 0 < number <= 100:
        return rejected("out_of_range", "比率应在 0 到 100% 之间")
    as_percent = _plain(number / 100)
    if number > 1 and percent_header:
        return normalised(as_percent, "percent_header_unit")
    if number > 1:
        return flagged(as_percent, "percent_guess", f"没有写百分号，按 {number}% 读取")
    if number < 1 and not percent_header:
        return flagged(_plain(number), "ratio_guess", f"没有百分号，按比率 {number} 读取")
    both = rejected("ambiguous_rate", f"可能是 {number}%，也可能是 {number * 100:f}%")
    return replace(both, readings=(float(_plain(number)), float(as_percent)))


# -- money ----------------------------------------------------------------------------------------

_AMOUNT = re.compile(
    r"(?:人民币|RMB|[¥￥])?([+-]?[\d.,]+|[零〇一二三四五六七八九十百千两壹贰叁肆伍陆柒捌玖拾佰仟]+)(亿元?|千万元?|百万元?|万元?|千元?|百元|元整?|圆整?)?(?:整|人民币)?"
)
# 万元 a village and year: ten million is doubtful, a hundred million is the wrong unit
_SUSPECT, _IMPOSSIBLE = 1000, 10000


def format_unit(number_format: str) -> str:
    """Money unit that a number format shows beside the number, "" when none."""
    literal = "".join(re.findall(r'"([^"]*)"', number_format)) + re.sub(r'"[^"]*"', "", number_format)
    if "万" in literal and re.search(r"!\.|\\\.|0,(?!0)|!,", number_format):
        return "元"  # the format only displays yuan as 万
    found = re.search(r"亿元|万元|千元|元|万|亿", literal)
    return found[0] if found else ""


def read_money(value: Value, *, unit: str = "", number_format: str = "", source: str = "header") -> Reading:
    """Read an amount in yuan; the unit is that of the cell, else ``unit`` (of the header, or of the sheet).

    Examples
    --------
    >>> read_money("12.5万").value, read_money(6.2, unit="万元").value, read_money(6.2).code
    (125000, 62000, 'no_unit')
    >>> read_money(125000, unit="万元").code, read_money("8-10万", unit="万元").code
    ('suspect_unit', 'range_not_value')
    """
    start = _opening(value)
    if isinstance(start, Reading):
        return start
    unit_here, code = "", f"unit_from_{source}"
    if isinstance(start, Decimal):
        number: Decimal | None = start
        unit_here = format_unit(number_format)
    else:
        total = chinese_number(re.sub(r"[元圆]整?$", "", start))
        if total is not None and re.search(r"[元圆]", start):
            return _amount(Decimal(total), "元", "chinese_numeral")
        found = _AMOUNT.fullmatch(start)
        number = decimal_number(found[1]) if found else None
        if found and found[2]:
            unit_here = re.sub(r"整|圆", lambda m: "" if m[0] == "整" else "元", found[2])
    if number is None:
        return rejected("not_a_number", "不是确定的金额")
    if unit_here:
        unit, code = unit_here, "unit_in_cell"
    return _amount(number, unit, code)


def _amount(number: Decimal, unit: str, code: str) -> Reading:
    if number < 0:
        return rejected("negative", "金额不能是负数")
    if number > 10**12:
        return rejected("out_of_range", "金额大得不合情理")
    if number == 0:
        return ok(0) if code != "unit_in_cell" else normalised(0, code)
    factor = MONEY_UNITS.get(unit)
    if factor is None:
        return rejected("no_unit", "没有写明单位（元还是万元）")
    yuan = _plain((number * factor).quantize(Decimal("0.01")) if number * factor % 1 else number * factor)
    if code == "unit_in_cell":
        return normalised(yuan, code)
    if factor == 10**4 and number >= _IMPOSSIBLE:
        return rejected("suspect_unit", f"单位是万元，{number:f} 万元不合情理；如为 {number:f} 元请改写")
    if factor == 10**4 and number >= _SUSPECT:
        return flagged(yuan, "suspect_unit", "单位是万元，数额过大，请核对单位")
    if factor == 1 and number < 100:
        return flagged(yuan, "suspect_unit", "单位是元，数额过小，请核对是否应为万元")
    return ok(yuan) if factor == 1 and code != "chinese_numeral" else normalised(yuan, code)
