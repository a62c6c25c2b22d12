"""Delivered files read back as short texts, each with the place where it stands.

What is read is what a person reads, and in JSON and tables every value. A text of a table knows the head
of its row and of its column, whatever the format, so that a number can be named by them.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pbanalysis.reports.check.reading_page import texts_of_page
from pbanalysis.reports.check.reading_text import PROPERTIES, Text, place_of

__all__ = ["PAGE_FRAME", "PROPERTIES", "Text", "lines_of", "pictures_of", "texts_apart", "texts_of"]

PAGE_FRAME = "页眉页脚"
_INDICATOR = re.compile(r"[A-Z]\d\d(?:[-.]\d+)?(?=\s)")


def texts_of(name: str, data: bytes) -> list[Text] | None:
    """The texts of a file; ``None`` where its kind cannot be read here.

    Raises
    ------
    ValueError
        The file is broken: it is not what its name says.
    """
    readers: Mapping[str, Callable[[bytes], Iterable[Text]]] = {
        ".html": lambda page: texts_of_page(page.decode("utf-8")),
        ".json": _json,
        ".ipynb": _json,
        ".csv": _csv,
        ".docx": _docx,
        ".xlsx": _xlsx,
        ".pdf": _pdf,
    }
    reader = readers.get(PurePosixPath(name).suffix)
    if reader is None:
        return None
    try:
        return list(reader(data))
    except Exception as error:
        raise ValueError(f"{name} cannot be read: {type(error).__name__}") from error


def texts_apart(name: str, old: bytes, new: bytes) -> tuple[list[Text], list[Text]]:
    """The texts of a file as it was made and as it is now, as far as they can differ.

    Raises
    ------
    ValueError
        The file as it is now is broken.
    """
    if not name.endswith(".pdf"):
        return texts_of(name, old) or [], texts_of(name, new) or []
    try:
        return _pages_apart(old, new)
    except Exception as error:
        raise ValueError(f"{name} cannot be read: {type(error).__name__}") from error


def lines_of(data: bytes) -> list[Text]:
    """Lines of a text file whose structure is broken."""
    lines = data.decode("utf-8", errors="replace").splitlines()
    return [Text(f"第{number}行", line.strip()) for number, line in enumerate(lines, start=1)]


def pictures_of(data: bytes) -> list[int]:
    """Checksums of the pictures inside a Word file or a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return sorted(member.CRC for member in package.infolist() if "/media/" in member.filename)


def _json(data: bytes) -> Iterator[Text]:
    yield from _leaves(json.loads(data.decode("utf-8")), "", "")


def _leaves(value: Any, place: str, fact: str) -> Iterator[Text]:
    if isinstance(value, dict):
        known = value["id"] if isinstance(value.get("id"), str) else ""
        name = f"{place}[{known}]" if known else place
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}".lstrip("."), known if place == "facts" else fact)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            inside = isinstance(item, dict) and isinstance(item.get("id"), str)
            yield from _leaves(item, place if inside else f"{place}[{number}]", fact)
    else:
        text = value if isinstance(value, str) else json.dumps(value)
        yield Text(place, text, facts=((0, len(text), fact),) if fact else ())


def _csv(data: bytes) -> Iterator[Text]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    head = rows[0] if rows else []
    at = {title: k for k, title in enumerate(head)}
    for number, row in enumerate(rows[1:], start=2):
        named = [row[at[key]] for key in ("indicator_id", "unit_id") if key in at and at[key] < len(row)]
        for title, cell in zip_longest(head, row, fillvalue=""):
            yield Text(f"第{number}行“{title}”列", cell, " ".join(named), title)


_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _docx(data: bytes) -> Iterator[Text]:
    from defusedxml.ElementTree import fromstring

    with zipfile.ZipFile(io.BytesIO(data)) as package:
        body = fromstring(package.read("word/document.xml")).find(f"{_W}body")
        yield from _word_body([] if body is None else body)
        for name in package.namelist():
            if re.fullmatch(r"word/(header|footer)\d*\.xml", name):
                yield from (Text(PAGE_FRAME, text) for text in _word_lines(fromstring(package.read(name))))
        core = fromstring(package.read("docProps/core.xml"))
        yield from (Text(PROPERTIES, text) for node in core.iter() if (text := (node.text or "").strip()))


def _word_body(body: Iterable[Any]) -> Iterator[Text]:
    under, before = "首页", ""
    for child in body:
        if child.tag == f"{_W}tbl":
            yield from _word_table(child, under, before)
            continue
        for paragraph in child.iter(f"{_W}p"):
            text = _word_text(paragraph)
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            if style is not None and style.get(f"{_W}val", "").startswith("Heading"):
                under = text
            if text:
                before = text
                yield Text(place_of(under), text)
            yield from _alternatives(paragraph, under)


def _word_table(table: Any, under: str, caption: str) -> Iterator[Text]:
    head: dict[int, str] = {}
    named_so = table.find(f"{_W}tblPr/{_W}tblCaption")
    caption = caption if named_so is None else named_so.get(f"{_W}val", "")
    for row in table.iter(f"{_W}tr"):
        cells = [(at, "\n".join(_word_lines(cell))) for at, cell in _grid(row)]
        first = next((text for _, text in cells if text), "")
        named = next((text for _, text in cells if _INDICATOR.match(f"{text} ")), first)
        is_head = row.find(f"{_W}trPr/{_W}tblHeader") is not None
        for at, text in cells:
            if is_head and text:
                head[at] = text
            if text:
                column = "" if is_head else head.get(at, "")
                yield Text(place_of(under, caption, "" if is_head else named, column), text, named, column)
        for cell in row.iter(f"{_W}p"):
            yield from _alternatives(cell, under)


def _grid(row: Any) -> Iterator[tuple[int, Any]]:
    """The cells of a row with the column each begins in."""
    at = 0
    for cell in row.findall(f"{_W}tc"):
        yield at, cell
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        at += 1 if span is None else int(span.get(f"{_W}val", "1"))


def _word_lines(node: Any) -> Iterator[str]:
    yield from filter(None, map(_word_text, node.iter(f"{_W}p")))


def _word_text(paragraph: Any) -> str:
    return "".join(node.text or "" for node in paragraph.iter(f"{_W}t"))


def _alternatives(paragraph: Any, under: str) -> Iterator[Text]:
    for node in paragraph.iter():
        if node.tag.endswith("}docPr") and node.get("descr"):
            yield Text(f"{place_of(under)}图的替代文字", node.get("descr"))


class _Sheet(NamedTuple):
    """What is known of a sheet while its rows are read."""

    title: str
    head: dict[int, str]


def _xlsx(data: bytes) -> Iterator[Text]:
    from openpyxl import load_workbook

    for sheet in load_workbook(io.BytesIO(data)).worksheets:
        known = _Sheet(sheet.title, {})
        for row in sheet.iter_rows():
            yield from _sheet_row(known, [cell for cell in row if cell.value not in (None, "")])


def _sheet_row(sheet: _Sheet, cells: list[Any]) -> Iterator[Text]:
    is_head = not sheet.head and len(cells) > 2
    if is_head:
        sheet.head.update({cell.column: str(cell.value) for cell in cells})
    texts = [_cell_text(cell.value, cell.number_format) for cell in cells]
    named = next((text for text in texts if _INDICATOR.match(f"{text} ")), texts[0] if texts else "")
    for cell, text in zip(cells, texts):
        column = "" if is_head else sheet.head.get(cell.column, "")
        where = "·".join(part for part in (named, column) if column and part != text)
        place = f"{sheet.title}!{cell.coordinate}{where and f'（{where}）'}"
        yield Text(place, text, named, column)


def _cell_text(value: Any, shown: str) -> str:
    """A number as its format prints it; a value that the format would round is given in full."""
    percent = re.search(r"0(?:\.(0+))?%", shown)
    if isinstance(value, int | float) and percent:
        decimals = len(percent[1] or "")
        text = f"{value:.{decimals}%}"
        return text if abs(float(text[:-1]) / 100 - value) < 1e-9 else repr(value)
    return str(value)


def _pdf(data: bytes) -> Iterator[Text]:
    from pypdf import PdfReader

    for number, page in enumerate(PdfReader(io.BytesIO(data)).pages, start=1):
        yield from _pdf_page(number, page)


def _pdf_page(number: int, page: Any) -> Iterator[Text]:
    row = ""
    for line in filter(None, (" ".join(line.split()) for line in page.extract_text().splitlines())):
        # a long name breaks: the numbers of a row may stand on the line after the one it begins on
        found = re.match(r"(?:\S+ )?([A-Z]\d\d(?:[-.]\d+)? \S+)", line)
        row = found[1] if found else row
        yield Text(f"第{number}页", line, row)
        row = "" if re.search(r"\d", line.removeprefix(row)) else row


def _pages_apart(old: bytes, new: bytes) -> tuple[list[Text], list[Text]]:
    """The pages that are drawn differently: reading a page costs far more than comparing it."""
    from pypdf import PdfReader

    was, now = (list(PdfReader(io.BytesIO(data)).pages) for data in (old, new))
    texts: tuple[list[Text], list[Text]] = ([], [])
    for number, (a, b) in enumerate(zip_longest(was, now), start=1):
        if a is None or b is None or _drawn(a) != _drawn(b):
            for side, page in zip(texts, (a, b)):
                side += _pdf_page(number, page) if page is not None else ()
    return texts


def _drawn(page: Any) -> bytes:
    contents = page.get_contents()
    return b"" if contents is None else bytes(contents.get_data())
