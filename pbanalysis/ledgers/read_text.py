"""Read separated text (.csv, .tsv, or a table saved as text)."""

from __future__ import annotations

import csv
import io

from pbanalysis.ledgers.grid import Cell, Sheet, Workbook
from pbanalysis.ledgers.guard import Refusal

__all__ = ["read_text"]

_SEPARATORS = (",", "\t", ";", "|", "，")


def read_text(text: str) -> Workbook:
    """One sheet without a name; a row is a record, so a quoted line break does not split it.

    Raises
    ------
    Refusal
        A quotation mark is opened and never closed, or a field is longer than any ledger's.
    """
    text = text.lstrip("\ufeff")
    if text.lower().startswith("sep=") and "\n" in text[:10]:
        text = text[text.index("\n") + 1 :]
    sheet = Sheet("", is_text=True)
    try:
        for r, record in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True), 1
        ):
            for c, value in enumerate(record, 1):
                if value:
                    sheet.put(r, c, Cell(value))
    except csv.Error as error:
        raise Refusal(
            "broken_quotes",
            "文字表格的引号不成对，无法确定列的位置",
            "请用 Excel 或 WPS 打开后另存为 .xlsx 再报送",
        ) from error
    return Workbook([sheet], "text")


def _separator(text: str) -> str:
    """The separator under which most leading records have the same number (above one) of fields."""
    head = text[:20000]
    best, most = ",", 0.0
    for separator in _SEPARATORS:
        widths = []
        try:
            for record in csv.reader(io.StringIO(head, newline=""), delimiter=separator):
                widths.append(len(record))
                if len(widths) == 30:
                    break
        except csv.Error:
            continue
        wide = [w for w in widths if w > 1]
        if not wide:
            continue
        common = max(set(wide), key=wide.count)
        score = wide.count(common) / len(widths) + common / 1000
        if score > most:
            best, most = separator, score
    return best
