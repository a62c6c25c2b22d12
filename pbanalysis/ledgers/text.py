"""Text as townships type it, brought to one shape for comparison.

Nothing here changes what is stored: stored text is only trimmed (:func:`tidy`). The other functions make
keys for matching and strings for parsing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["NULL_MARKERS", "is_null_marker", "plain", "squash", "tidy"]

# zero-width and bidirectional marks, soft hyphen, byte order mark: invisible, pasted in from chat programs
_INVISIBLE = dict.fromkeys((173, 6158, *range(8203, 8208), *range(8234, 8239), *range(8288, 8293), 65279))
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－﹣", "-"))

NULL_MARKERS = frozenset(
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
    return squash(text) in NULL_MARKERS
