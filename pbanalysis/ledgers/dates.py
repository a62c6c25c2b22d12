"""Dates in every form that townships write, with their precision. Another reading means rejection.

Order of the parts is year, month, day; the program never guesses a century or a month silently.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from pbanalysis.calendar import add_months
from pbanalysis.ledgers.grid import Unusable, Value
from pbanalysis.ledgers.read_xlsx import from_serial
from pbanalysis.ledgers.reading import ERROR, NOTHING, Reading, flagged, normalised, ok, rejected
from pbanalysis.ledgers.text import chinese_number, plain, says_nothing

__all__ = ["DateContext", "months_after", "read_date", "read_deadline", "read_span"]


@dataclass(frozen=True)
class DateContext:
    """What a cell does not say itself."""

    year: int | None = None  # of the ledger, from 填报日期 or the title
    latest: dt.date | None = None  # last plausible day of an event: a later one is flagged
    numbers_are_text: bool = False  # as in a CSV: a typed 2023.10 may have become 2023.1


_NO_DATE = rejected("invalid_date", "不是存在的日期")
_FIRST_YEAR, _LAST_YEAR = 1921, 2099
_DAY = re.compile(
    r"(\d{4}|\d{2})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?"
    r"(?:[ T]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?|\s*[上下]午\S*)?(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?[.。]?"
)
_MONTH = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*月?(?:份)?")
_MONTH_DAY = re.compile(r"(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?")
_UNSURE = re.compile(r"约|左右|大约|大概|前后|上下|暂定|拟定?|预计|待定|尽快|至今|不详|不清|[?？]")
_NUMERAL_DATE = re.compile(
    r"([零〇○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月(?:([一二三四五六七八九十]{1,3})[日号])?"
)


def read_date(value: Value, context: DateContext, *, schedule: bool = False) -> Reading:
    """Read a calendar date.

    Parameters
    ----------
    value
        Cell value.
    context
        Year of the ledger and the last plausible day.
    schedule
        The date is a plan (deadline, expiry): 前 is allowed, the future is not a doubt, a month means its end.

    Returns
    -------
    A date, or for month precision the text ``YYYY-MM`` (``schedule``: the month's last day).

    Examples
    --------
    >>> read_date("２０２３．５．３１", DateContext()).value, read_date(45077, DateContext()).value
    (datetime.date(2023, 5, 31), datetime.date(2023, 5, 31))
    >>> read_date(2023.1, DateContext()).code, read_date("2023.13.1", DateContext()).code
    ('ambiguous_month', 'invalid_date')
    """
    if isinstance(value, Unusable):
        return ERROR
    if isinstance(value, bool):
        return rejected("not_a_date", "不是日期")
    if isinstance(value, dt.datetime):
        reading = normalised(value.date(), "time_dropped", "带有钟点，只取日期", "day")
    elif isinstance(value, dt.date):
        reading = ok(value, "day")
    elif isinstance(value, (int, float)):
        reading = _from_number(value, context)
    else:
        reading = _from_text(value, context, schedule)
    return _plausible(reading, context, schedule)


def _plausible(reading: Reading, context: DateContext, schedule: bool) -> Reading:
    if reading.precision == "month" and schedule and isinstance(reading.value, str):
        year, month = map(int, reading.value.split("-"))
        reading = Reading(_month_end(year, month), reading.kind, reading.code, reading.message, "month")
    day = reading.value
    if not isinstance(day, dt.date):
        return reading
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return rejected("implausible_date", f"年份是 {day.year} 年，不合情理")
    if not schedule and context.latest and day > context.latest:
        return reading.doubt("future_date", f"日期 {day.isoformat()} 晚于填报和截止日期")
    return reading


def _month_end(year: int, month: int) -> dt.date:
    """Last day of a month."""
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def months_after(day: dt.date, months: int) -> dt.date:
    """The day so many calendar months later."""
    return dt.date.fromisoformat(str(add_months(day, months)))


def _from_number(value: int | float, context: DateContext) -> Reading:
    text = format(Decimal(repr(value)).normalize(), "f")
    if "." not in text and text.lstrip("-").isdigit():
        return _digits(text)
    return _decimal(text, context)


def _digits(text: str) -> Reading:
    """A whole number: a serial of the spreadsheet, or YYYYMMDD, YYYYMM, YYYY."""
    if len(text) == 5:
        day = from_serial(int(text))
        if day is not None and 1950 <= day.year <= 2099:
            return normalised(day if isinstance(day, dt.date) else None, "serial", "是日期的序列号", "day")
    if len(text) == 8:
        return _checked(int(text[:4]), int(text[4:6]), int(text[6:]), "ymd_digits")
    if len(text) == 6 and "19" <= text[:2] <= "20" and 1 <= int(text[4:]) <= 12:
        other = _valid(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
        if other is None:
            return flagged(f"{text[:4]}-{text[4:]}", "month_only", "只有年月，没有日", "month")
        return _either("ambiguous_date", f"{text[:4]} 年 {int(text[4:])} 月", other.isoformat())
    if len(text) == 4 and 1950 <= int(text) <= 2099:
        return rejected("year_only", "只有年份，没有月日")
    return rejected("not_a_date", "这个数字不是日期")


def _decimal(text: str, context: DateContext) -> Reading:
    """A decimal number: 2023.5 is May; 2023.1 may have been typed 2023.10."""
    whole, _, fraction = text.partition(".")
    if len(whole) == 4 and 1950 <= int(whole) <= 2099 and len(fraction) <= 2:
        if fraction == "1":
            return _either("ambiguous_month", f"{whole} 年 1 月", f"{whole} 年 10 月")
        return _month(int(whole), int(fraction), "decimal_month")
    if len(whole) <= 2 and len(fraction) <= 2 and whole.isdigit() and 1 <= int(whole) <= 12 and context.year:
        if len(fraction) == 1 and fraction in "123":
            month = int(whole)
            return _either("ambiguous_date", f"{month} 月 {fraction} 日", f"{month} 月 {fraction}0 日")
        return _without_year(int(whole), int(fraction), context)
    if len(whole) == 5 and whole.isdigit():
        moment = from_serial(float(text))
        if isinstance(moment, dt.datetime) and 1950 <= moment.year <= 2099:
            return normalised(moment.date(), "serial", "是带钟点的日期序列号", "day")
    return rejected("not_a_date", "这个数字不是日期")


def _from_text(raw: str, context: DateContext, schedule: bool) -> Reading:
    text = plain(raw)
    if says_nothing(text) or text in ("没有", "未"):
        return NOTHING
    text = text.replace("．", ".").replace("。", ".").replace("／", "/")
    text = re.sub(r"(?<=[\d年月日号])\s+(?=[年月日号]|\d{1,2}\s*[月日号])", "", text)
    if schedule and re.search(r"\d\s*[日号]?\s*(?:之前|以前|前|止|截止)$", text):
        text = re.sub(r"(?:之前|以前|前|截止|止)$", "", text).strip()
        if _MONTH_END_WORD.search(text):
            return _month_word(text, context) or rejected("not_a_date", "不是可以确定的日期")
    if _UNSURE.search(text):
        return rejected("not_exact", "不是确定的日期")
    if found := _DAY.fullmatch(text):
        return _day(found, raw)
    if text.isdigit():
        return _digits(text)
    if found := _MONTH.fullmatch(text):
        year_text, month_text = found.groups()
        typed = "月" not in text and "年" not in text and "." in text
        if typed and month_text == "1" and context.numbers_are_text:
            return _either("ambiguous_month", f"{year_text} 年 1 月", f"{year_text} 年 10 月")
        reading = _month(int(year_text), int(month_text), "month_only")
        if "." in text and month_text == "1":
            return reading.doubt("ambiguous_month", f"按 {year_text} 年 1 月读取；如为 10 月请改写")
        return reading
    if found := _NUMERAL_DATE.fullmatch(text):
        year, month, day = (chinese_number(p) if p else None for p in found.groups())
        if year and month and day:
            return _checked(year, month, day, "chinese_numerals")
        if year and month:
            return _month(year, month, "month_only")
    return _partial(text, context)


def _day(found: re.Match[str], raw: str) -> Reading:
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    if len(found[1]) == 4:
        reading = _checked(year, month, day, "date_text")
        as_typed = isinstance(reading.value, dt.date) and raw == reading.value.isoformat()
        return ok(reading.value, "day") if as_typed else reading
    date = _valid((2000 if year < 50 else 1900) + year, month, day)
    if date is None:
        return rejected("invalid_date", "不是存在的日期，年份也不完整")
    return flagged(date, "two_digit_year", f"年份只写了两位，按 {date.isoformat()} 读取", "day")


def _partial(text: str, context: DateContext) -> Reading:
    """Forms that need the ledger's year: 5.12, 5月12日, 5月, 5月底, 年底前, 第三季度末."""
    found = _MONTH_DAY.fullmatch(text)
    if found and ("月" in text or "." in text or "-" in text or "/" in text):
        month, day = int(found[1]), int(found[2])
        if not context.year:
            return rejected("no_year", "没有年份，台账里也找不到年份")
        if "/" in text and month <= 12 and day <= 12 and month != day:
            return _either("ambiguous_date", f"{month} 月 {day} 日", f"{day} 月 {month} 日")
        return _without_year(month, day, context)
    if reading := _month_word(text, context):
        return reading
    if found := re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", text):
        return _western(int(found[1]), int(found[2]), int(found[3]))
    if re.search(r"\d.*(?:至|到|~|、|;|,|-{1,2}\s*\d{4}|—)", text):
        return rejected("several_dates", "写了不止一个日期")
    if re.search(r"\d{4}\D+\d{1,2}", text):
        return rejected("invalid_date", "不是完整、存在的日期")
    return rejected("not_a_date", "不是日期")


def _western(first: int, second: int, year: int) -> Reading:
    month_first, day_first = _valid(year, first, second), _valid(year, second, first)
    if month_first and day_first and month_first != day_first:
        return _either("ambiguous_date", month_first.isoformat(), day_first.isoformat())
    date = month_first or day_first
    if date is None:
        return _NO_DATE
    return flagged(date, "western_order", f"年份写在后面，按 {date.isoformat()} 读取", "day")


_MONTH_END_WORD = re.compile(r"[底末]|年内|季度|半年")


def _month_word(text: str, context: DateContext) -> Reading | None:
    found = _MONTH_WORD.fullmatch(text) if text else None
    if not found:
        return None
    year_text, this_year, month_text, month_end, year_end, quarter, half, _ = found.groups()
    year = int(year_text) if year_text else context.year
    if not year:
        return rejected("no_year", "没有年份，台账里也找不到年份")
    if year_end in ("底", "末") and not year_text and not this_year:
        return None
    month = 6 if half == "上" else 12
    if quarter:
        month = 3 * _small(quarter)
    elif month_text:
        month = _small(month_text)
        if not 1 <= month <= 12:
            return rejected("invalid_date", "没有这个月份")
        if not month_end and not text.endswith("前"):
            message = f"只有月份，按 {year} 年 {month} 月读取"
            return flagged(f"{year}-{month:02d}", "month_only", message, "month")
    last = _month_end(year, month)
    return flagged(last, "end_of_month", f"按 {last.isoformat()} 读取", "month")


_MONTH_WORD = re.compile(
    r"(?:(\d{4})年?)?(?:(今|本|当)年)?"
    r"(?:(\d{1,2}|[一二三四五六七八九十]{1,3})月份?(底|末)?|(年底|年末|年内|底|末)|第?([1-4一二三四])季度[底末]?|(上|下)半年[底末]?|(全)年)"
    r"(?:之前|以前|前|止)?"
)


def _small(text: str) -> int:
    return int(text) if text.isdigit() else chinese_number(text) or 0


def _without_year(month: int, day: int, context: DateContext) -> Reading:
    date = _valid(context.year or 0, month, day)
    if date is None:
        return _NO_DATE
    return flagged(date, "year_from_ledger", f"没有写年份，按台账年份读作 {date.isoformat()}", "day")


def _month(year: int, month: int, code: str) -> Reading:
    if not 1 <= month <= 12:
        return rejected("invalid_date", "没有这个月份")
    return flagged(f"{year}-{month:02d}", code, f"只有年月（{year} 年 {month} 月），没有日", "month")


def _checked(year: int, month: int, day: int, code: str) -> Reading:
    date = _valid(year, month, day)
    if date is None:
        return _NO_DATE
    return normalised(date, code, "", "day")


def _either(code: str, one: str, other: str) -> Reading:
    return rejected(code, f"可能是 {one}，也可能是 {other}")


def _valid(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


_STANDING = {  # words that stand in place of a date
    "immediate": re.compile(r"立(?:行|即|整)立?改|立即整改|即知即改|立改立行|马上就改|边查边改|即查即改"),
    "standing": re.compile(
        r"长期(?:坚持|整改|推进|执行)?|持续(?:推进|整改|坚持|用力)?|常态化?(?:推进|坚持|长效)?|常抓不懈|全年坚持|永远坚持"
    ),
}


def read_deadline(value: Value, context: DateContext) -> Reading:
    """Read a deadline: a date, or one of the words 立行立改 and 长期坚持, which are neither dates nor errors."""
    if not isinstance(value, str) or isinstance(value, Unusable):
        return read_date(value, context, schedule=True)
    text = re.sub(r"[\s,，。.;；、并且和]", "", plain(value))
    words = [word for word, pattern in _STANDING.items() if pattern.search(text)]
    if not words:
        return read_date(value, context, schedule=True)
    if len(words) == 1 and _STANDING[words[0]].fullmatch(text):
        return Reading(None, "normalised", f"deadline_{words[0]}", word=words[0])
    rest = text
    for pattern in _STANDING.values():
        rest = pattern.sub("", rest)
    date = read_date(rest, context, schedule=True)
    if isinstance(date.value, dt.date):
        return date.doubt("deadline_mixed", "既写了日期又写了“立行立改”或“长期坚持”，按日期读取")
    return Reading(None, "flagged", "deadline_mixed", "写了多种时限，请明确一种", word=words[0])


def read_span(value: Value, context: DateContext) -> tuple[Reading, Reading]:
    """Read 起止时间: one cell with a first and a last day; the later date may leave out its year or month."""
    if not isinstance(value, str) or isinstance(value, Unusable):
        first = read_date(value, context)
        return first, first
    text = plain(value)
    parts = re.split(r"\s*(?:至|到|~|—+|--+|(?<=[日号])-|(?<=\d)\s-\s(?=\d))\s*", text)
    halves = re.fullmatch(r"(\d{4}[./]\d{1,2}[./]\d{1,2})-(\d.*)", text)
    if len(parts) != 2 and halves:
        parts = list(halves.groups())
    if len(parts) != 2:
        first = read_date(value, context)
        return first, first
    first = read_date(parts[0], context)
    if not isinstance(first.value, dt.date):
        return first, first
    last = read_date(parts[1], DateContext(first.value.year, context.latest))
    if re.fullmatch(r"\d{1,2}[日号]?", parts[1]):
        last = _checked(first.value.year, first.value.month, int(re.sub(r"\D", "", parts[1])), "span_day")
    if isinstance(last.value, dt.date) and last.code == "year_from_ledger":
        last = normalised(last.value, "span_year", "年份取自开始日期", "day")
    if isinstance(last.value, dt.date) and last.value < first.value:
        last = rejected("span_reversed", "结束日期早于开始日期")
    return normalised(first.value, "span", "", "day") if first.kind == "ok" else first, last
