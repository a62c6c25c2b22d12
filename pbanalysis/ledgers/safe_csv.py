"""CSV that no spreadsheet program takes for a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["safe", "write_rows"]

_FORMULA = frozenset("=+-@\t\r\n\x00＝＋－＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def safe(text: str) -> str:
    """Text with ' before a leading formula character; numbers stay numbers.

    Examples
    --------
    >>> safe("=1+1"), safe("-3.5"), safe("张家村")
    ("'=1+1", '-3.5', '张家村')
    """
    if text and text[0] in _FORMULA and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write UTF-8 CSV with a header row, row by row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([safe(v) if v and v[0] in _FORMULA else v for v in row] for row in rows)
