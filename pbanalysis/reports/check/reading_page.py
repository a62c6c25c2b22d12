"""A web page read back: sentences whole, cells with the heads of their row and column, then its code."""

from __future__ import annotations

from html.parser import HTMLParser

from pbanalysis.reports.check.reading_text import Text, place_of

__all__ = ["texts_of_page"]

_HEADINGS = frozenset(("h1", "h2", "h3", "h4"))
_BLOCKS = _HEADINGS | {"p", "li", "dt", "dd", "td", "th", "caption", "figcaption", "title", "option"}
_BLOCKS |= {"label", "small", "text", "tr", "table", "ul", "ol", "div"}
_SAID = frozenset(("alt", "aria-label", "title"))
_DRAWN = frozenset(("d", "transform", "x", "y", "width", "height", "points", "viewbox"))


class _Page(HTMLParser):
    """Collects a text at the end of each block of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[Text] = []
        self._words, self._facts = "", list[tuple[int, int, str]]()
        self._since, self._fact = 0, ""
        self._tag, self._inside = "", ""
        self._under, self._caption = "页首", ""
        self._head: dict[int, str] = {}
        self._row, self._column, self._in_head = "", -1, False
        self._skip = 0
        self._deep: frozenset[int] = frozenset()  # columns whose head reaches down into the rows below
        self._deeper: set[int] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag in _BLOCKS:
            self._flush()
            self._tag = tag
        elif tag == "span":  # a mark, a count: stands apart from its neighbours
            self._words += " "
        elif tag == "data":
            self._since, self._fact = self._offset, values.get("data-fact", "")
        self._inside = tag
        self._in_table(tag, values)
        for key, value in values.items():
            if value and (tag, key) != ("data", "data-fact"):
                self._attribute(tag, key, value, values.get("data-fact", ""))

    def _in_table(self, tag: str, values: dict[str, str]) -> None:
        if tag == "table":
            self._caption, self._head, self._row = "", {}, ""
        elif tag == "thead":
            self._in_head, self._deep, self._deeper = True, frozenset(), set()
        elif tag == "tr":
            self._row, self._column = "", -1
        elif tag in ("td", "th"):
            self._column += 1
            while self._in_head and self._column in self._deep:
                self._column += 1
            span = values.get("colspan", "1")
            self._skip = int(span) - 1 if span.isdigit() else 0
            if self._in_head and "rowspan" in values:
                self._deeper.add(self._column)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
            self._tag = ""
        if tag == "data" and self._fact:
            self._facts.append((self._since, self._offset, self._fact))
        elif tag == "thead":
            self._in_head = False
        elif tag in ("td", "th"):
            self._column += self._skip
        elif tag == "tr":
            self._column, self._deep = -1, self._deep | self._deeper
        elif tag == "table":
            self._caption, self._head, self._row = "", {}, ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("style", "script"):
            self.texts += [Text("网页代码", line.strip()) for line in data.splitlines() if line.strip()]
        else:
            self._words += data

    def close(self) -> None:
        super().close()
        self._flush()

    @property
    def _offset(self) -> int:
        """Where the next word will stand, once white space is made single."""
        return len(" ".join(f"{self._words}x".split())) - 1

    def _flush(self) -> None:
        text, facts = " ".join(self._words.split()), tuple(self._facts)
        self._words, self._facts = "", []
        if not text:
            return
        if self._tag in _HEADINGS:
            self._under = text
        elif self._tag == "caption":
            self._caption = text.partition("（单位")[0].strip()
        if self._column >= 0 and self._in_head:
            self._head[self._column] = text
        elif self._column == 0 and not self._row:
            self._row = text
        self.texts.append(Text(self._place(), text, self._row, self._of_column(), facts))

    def _of_column(self) -> str:
        return "" if self._in_head or self._column < 1 else self._head.get(self._column, "")

    def _place(self) -> str:
        return place_of(self._under, self._caption, self._row if self._column > 0 else "", self._of_column())

    def _attribute(self, tag: str, key: str, value: str, fact: str) -> None:
        if key in _SAID:
            what = f"{self._place()}的{'图的说明' if key != 'title' else '提示'}"
        elif (tag, key) == ("data", "value"):
            what = f"{self._place()}的机器可读值"
        elif key in _DRAWN:
            what = f"{self._place()}的图形"
        else:
            what = f"{self._place()}的网页代码（{key}）"
        facts = ((0, len(value), fact),) if fact else ()
        self.texts.append(Text(what, value, self._row, self._of_column(), facts))


def texts_of_page(page: str) -> list[Text]:
    """The texts of an HTML page, in order."""
    parser = _Page()
    parser.feed(page)
    parser.close()
    return parser.texts
