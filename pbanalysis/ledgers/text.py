"""Text and numerals as townships type them, brought to one shape for comparison.

Nothing here changes what is stored: stored text is only trimmed (:func:`tidy`). The other functions make
keys for matching, and numbers of Chinese numerals, ordinary and financial.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

__all__ = ["chinese_number", "decimal_number", "is_null_marker", "plain", "says_nothing", "squash", "tidy"]

# zero-width and bidirectional marks, soft hyphen, byte order mark: invisible, pasted in from chat programs
_INVISIBLE = dict.fromkeys((173, 6158, *range(8203, 8208), *range(8234, 8239), *range(8288, 8293), 65279))
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－﹣", "-"))

_NULL_MARKERS = frozenset(
    {"", "-", "--", "---", "/", "//", "\\", "N/A", "NA", "n/a", "NULL", "空", "未填", "×无", "待填"}
)


@lru_cache(maxsize=65536)
def tidy(text: str) -> str:
    """Text as typed, without invisible and control characters and without blanks at its ends."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text)
    return text.translate(_INVISIBLE).translate(_CONTROL).replace("\r\n", "\n").replace("\r", "\n").strip()


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Half-width form (NFKC) of tidied text with one kind of dash; inner blanks stay."""
    return unicodedata.normalize("NFKC", tidy(text)).translate(_DASHES).strip()


@lru_cache(maxsize=65536)
def squash(text: str) -> str:
    """Half-width form without any blank: the key under which names and headers are compared."""
    return re.sub(r"\s+", "", plain(text))


def is_null_marker(text: str) -> bool:
    """Whether a cell says "nothing here" (/, —, N/A); 无 is not among them, its meaning depends on the field."""
    return squash(text) in _NULL_MARKERS


def says_nothing(text: str) -> bool:
    """A null marker, or 无, in a field where 无 can only mean that there is nothing to fill in."""
    return is_null_marker(text) or squash(text) in ("无", "暂无")


# -- numerals -------------------------------------------------------------------------------------

_DIGITS = dict(zip("零〇○一二三四五六七八九", (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)))
_DIGITS |= dict(zip("壹贰叁肆伍陆柒捌玖两兩弍貳參陸", (1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 2, 2, 2, 3, 6)))
_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_BIG = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_NUMERAL = re.compile(r"[零〇○一二三四五六七八九壹贰叁肆伍陆柒捌玖两兩弍貳參陸十百千拾佰仟万萬亿億]+")


def chinese_number(text: str) -> int | None:
    """Whole number of a Chinese numeral, None when it is none or not well formed.

    Examples
    --------
    >>> chinese_number("二十五"), chinese_number("一百零三"), chinese_number("二〇二三"), chinese_number("百十")
    (25, 103, 2023, None)
    """
    if not _NUMERAL.fullmatch(text):
        return None
    if all(c in _DIGITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text)) if len(text) == 1 or len(text) == 4 else None
    return _grouped(text)


def _grouped(text: str) -> int | None:
    for mark, size in sorted(_BIG.items(), key=lambda p: -p[1]):
        if mark in text:
            head, _, tail = text.partition(mark)
            high, low = _grouped(head), _grouped(tail.lstrip("零〇")) if tail else 0
            return None if high is None or low is None or low >= size or not head else high * size + low
    return _below_ten_thousand(text)


def _below_ten_thousand(text: str) -> int | None:
    total, digit, last_unit = 0, None, 10**4
    for i, c in enumerate(text):
        if c in _DIGITS:
            if digit is not None or (_DIGITS[c] == 0 and i == 0):
                return None
            digit = _DIGITS[c] or None
        else:
            unit = _UNITS[c]
            if unit >= last_unit or (digit is None and not (unit == 10 and i == 0)):
                return None
            total, digit, last_unit = total + (digit or 1) * unit, None, unit
    return total + (digit or 0)


def decimal_number(text: str) -> Decimal | None:
    """Decimal of half-width digits with correct thousands separators, or of a Chinese numeral; None otherwise.

    Examples
    --------
    >>> decimal_number("12,500.5"), decimal_number("1,25"), decimal_number("十二")
    (Decimal('12500.5'), None, Decimal('12'))
    """
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
        return Decimal(text)
    found = chinese_number(text)
    return None if found is None else Decimal(found)
