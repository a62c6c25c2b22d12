"""Delivered files read back as short texts with their places, and two readings compared.

What is compared is what a person reads, and in JSON and tables every value: a changed digit shows as
old → new with the place where it stands.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import Any, TypeAlias

__all__ = ["Change", "Text", "changes", "lines_of", "texts_of"]

Text: TypeAlias = tuple[str, str]  # place, what stands there
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?[%‰]?")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Change:
    """What differs at a place; ``fact`` is the number's id where it is known."""

    place: str
    old: str
    new: str
    fact: str = ""

    def __str__(self) -> str:
        return f"{self.place}：{self.old or '（无）'} → {self.new or '（无）'}{f'（{self.fact}）' if self.fact else ''}"


def texts_of(name: str, data: bytes) -> list[Text] | None:
    """The texts of a file; ``None`` where its kind cannot be read here.

    Raises
    ------
    ValueError
        The file is broken: it is not what its name says.
    """
    readers: Mapping[str, Callable[[bytes], Iterable[Text]]] = {
        ".html": _html,
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


def lines_of(data: bytes) -> list[Text]:
    """Lines of a text file whose structure is broken."""
    lines = data.decode("utf-8", errors="replace").splitlines()
    return [(f"第{number}行", line.strip()) for number, line in enumerate(lines, start=1)]


def changes(old: Sequence[Text], new: Sequence[Text]) -> list[Change]:
    """Differences of two readings, number by number where the numbers can be paired."""
    matcher = SequenceMatcher(None, [text for _, text in old], [text for _, text in new], autojunk=False)
    found: list[Change] = []
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            for before, after in zip_longest(old[a:b], new[c:d], fillvalue=("", "")):
                found += _differing(before, after)
    return found


def _differing(before: Text, after: Text) -> Iterator[Change]:
    place = after[0] or before[0]
    was, now = _NUMBER.findall(before[1]), _NUMBER.findall(after[1])
    if len(was) == len(now) and was != now:
        yield from (Change(place, x, y) for x, y in zip(was, now) if x != y)
    else:
        yield Change(place, *_around(before[1], after[1]))


def _around(before: str, after: str) -> tuple[str, str]:
    """The parts that differ, with a little of what stands before them."""
    start = next((k for k, (x, y) in enumerate(zip(before, after)) if x != y), min(len(before), len(after)))
    start = max(0, start - 8)
    return before[start : start + _LONGEST], after[start : start + _LONGEST]


class _Page(HTMLParser):
    """Texts of a page, with the heading they stand under; a picture by its alternative text."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[Text] = []
        self._under, self._in_heading, self._inside = "页首", False, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self._in_heading = tag in {"h1", "h2", "h3"}
        for key, value in attrs:
            if value and (
                key in {"alt", "aria-label", "title", "href", "id"} or (tag, key) == ("data", "value")
            ):
                self.texts.append((f"“{self._under}”的 {key}", value))
            elif value and key in {"d", "transform", "x", "y", "width", "height", "points"}:
                self.texts.append((f"“{self._under}”的图形", value))

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and self._inside != "style":
            self._under = text if self._in_heading else self._under
            self._in_heading = False
            self.texts.append((f"“{self._under}”", text))


def _html(data: bytes) -> list[Text]:
    page = _Page()
    page.feed(data.decode("utf-8"))
    return page.texts


def _json(data: bytes) -> Iterator[Text]:
    yield from _leaves(json.loads(data.decode("utf-8")), "")


def _leaves(value: Any, place: str) -> Iterator[Text]:
    if isinstance(value, dict):
        name = f"{place}[{value['id']}]" if isinstance(value.get("id"), str) else place
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            inside = isinstance(item, dict) and isinstance(item.get("id"), str)
            yield from _leaves(item, place if inside else f"{place}[{number}]")
    else:
        yield place, value if isinstance(value, str) else json.dumps(value)


def _csv(data: bytes) -> Iterator[Text]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    head = rows[0] if rows else []
    for number, row in enumerate(rows[1:], start=2):
        for title, cell in zip_longest(head, row, fillvalue=""):
            yield f"第{number}行 {title}", cell


_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _docx(data: bytes) -> Iterator[Text]:
    from defusedxml.ElementTree import fromstring

    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = [
            n for n in package.namelist() if re.fullmatch(r"word/(document|header\d*|footer\d*)\.xml", n)
        ]
        for name in sorted(names):
            under = "首页" if name == "word/document.xml" else "页眉页脚"
            for paragraph in fromstring(package.read(name)).iter(f"{_W}p"):
                text = "".join(node.text or "" for node in paragraph.iter(f"{_W}t"))
                style = paragraph.find(f"{_W}pPr/{_W}pStyle")
                if style is not None and style.get(f"{_W}val", "").startswith("Heading"):
                    under = text
                if text:
                    yield f"“{under}”", text
                for drawing in paragraph.iter():
                    if drawing.tag.endswith("}docPr"):
                        yield f"“{under}”图的替代文字", drawing.get("descr", "")
        yield from (("文件属性", text) for text in _properties(package.read("docProps/core.xml")))


def _properties(xml: bytes) -> Iterator[str]:
    from defusedxml.ElementTree import fromstring

    yield from (node.text or "" for node in fromstring(xml).iter())


def _xlsx(data: bytes) -> Iterator[Text]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield f"{sheet.title}!{cell.coordinate}", _cell_text(cell.value, cell.number_format)


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
        lines = (" ".join(line.split()) for line in page.extract_text().splitlines())
        yield from ((f"第{number}页", line) for line in lines if line)
