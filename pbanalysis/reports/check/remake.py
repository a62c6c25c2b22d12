"""The files of a unit made again, as the batch makes them, from its notebooks and what the manifest says of them.

Renderers are pure, so a file that was not touched comes out byte for byte; one that was touched can be
compared with what it was. The notebooks are those delivered, or made anew from the store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pbanalysis.calendar import Period
from pbanalysis.errors import PbError
from pbanalysis.exhibits.blocks import BLOCK_MIME, blocks_of
from pbanalysis.exhibits.markup import html_of, plain_of
from pbanalysis.reports.batch.planning import DOCUMENT
from pbanalysis.reports.batch.tools import Tools
from pbanalysis.reports.check.anew import Source, executed
from pbanalysis.reports.check.delivery import Delivery
from pbanalysis.reports.check.reading import Text, texts_of
from pbanalysis.reports.documents.attachments import compose
from pbanalysis.reports.documents.text import Block, cell_text, plain
from pbanalysis.reports.manifest import statement_digest
from pbanalysis.terms import OVERVIEW

if TYPE_CHECKING:
    from pbanalysis.reports.documents.document import Document

__all__ = ["Remaker", "delivered", "everywhere", "from_store", "inside", "stem_of"]

Notebooks = Callable[[str], Any]  # theme → its notebook; None where there is none to go by
_FRAME = re.compile(r'"document":\s*')
# what a notebook, or an entry of the manifest, that was tampered with may lead to
_TAMPERED = (PbError, LookupError, TypeError, ValueError, AttributeError)


def stem_of(theme: str, tools: Tools) -> str:
    """Name of a theme's files, without suffix."""
    return OVERVIEW if theme == OVERVIEW else tools.stems[theme]


def delivered(out: Delivery, folder: str, tools: Tools, *, even_changed: bool = False) -> Notebooks:
    """The notebooks of a folder as they were delivered; none that is known to be changed."""
    import nbformat

    @cache
    def notebook(theme: str) -> Any:
        name = f"{folder}/{stem_of(theme, tools)}.ipynb"
        if not even_changed and not (name in out.listed and out.intact(name)):
            return None
        try:
            return nbformat.reads(out.text(name), as_version=4)  # type: ignore[no-untyped-call]
        except (ValueError, AttributeError, nbformat.ValidationError):
            return None

    return notebook


def from_store(out: Delivery, folder: str, tools: Tools, source: Source) -> Notebooks:
    """The notebooks of a folder made anew.

    Of those delivered they have the kernel's description of its language, which nobody reads.
    """
    by_theme = out.entries_of(folder)
    as_delivered = delivered(out, folder, tools, even_changed=True)

    @cache
    def notebook(theme: str) -> Any:
        template = tools.template(tools.overview if theme == OVERVIEW else tools.stems[theme])
        made = executed(template, by_theme[theme].inputs["parameters"], source)
        if (was := as_delivered(theme)) is not None:
            made.metadata = was.metadata
        return made

    return notebook


class Remaker:
    """Makes the files of a unit's folder again.

    Parameters
    ----------
    out, folder
        The delivered files, and the folder among them.
    tools
        Of the batch.
    notebooks
        What they are made from.
    """

    def __init__(self, out: Delivery, folder: str, tools: Tools, notebooks: Notebooks) -> None:
        self._out, self._folder, self._tools, self._notebook = out, folder, tools, notebooks
        self._entries = out.entries_of(folder)
        self._made: dict[str, bytes | None] = {}
        self._themes = {f"{stem_of(theme, tools)}": theme for theme in (*tools.stems, OVERVIEW)}

    def file(self, name: str) -> bytes | None:
        """The file as it was made; ``None`` where it cannot be made again."""
        if name not in self._made:
            self._made[name] = self._file(PurePosixPath(name))
        return self._made[name]

    def _file(self, path: PurePosixPath) -> bytes | None:
        try:
            if theme := self._themes.get(path.stem):
                return self._report(theme, path.suffix)
            makers = {f"report.{kind}": make for kind, make in self._tools.documents.items()}
            make = {**makers, "facts.json": self._tools.facts}.get(path.name)
            if make is None or self.notebooks is None or self._about is None:
                return None
            return make(self.notebooks, self._about)
        except _TAMPERED:
            return None

    def _report(self, theme: str, suffix: str) -> bytes | None:
        from pbanalysis.reports.kernel.execute import to_bytes

        notebook = self._notebook(theme)
        if notebook is None:
            return None
        if suffix == ".ipynb":
            return to_bytes(notebook)
        about = self._entries[theme].inputs
        title = f"{about['unit']}{self._tools.titles[theme]}（{Period.parse(about['parameters']['period']).title}）"
        return self._tools.pages[suffix[1:]](notebook, title=title, status=about["page"]["status"])

    @cached_property
    def notebooks(self) -> Mapping[str, Any] | None:
        """The notebooks that the attachment is made of, by theme; ``None`` where one of them is lacking."""
        document = self._entries.get(DOCUMENT)
        inside = document.inputs.get("reports", {}) if document else {}
        found = {theme: self._notebook(theme) for theme in (*self._tools.stems, OVERVIEW) if theme in inside}
        return None if not found or None in found.values() else found

    @cached_property
    def blocks(self) -> list[Block]:
        """Blocks of the folder's notebooks, as far as there are any."""
        themes = [theme for theme in self._themes.values() if theme in self._entries]
        notebooks = [n for n in map(self._notebook, themes) if n is not None]
        return [block for notebook in notebooks for block in blocks_of(notebook)]

    @cached_property
    def document(self) -> Document | None:
        """The attachment, composed again; ``None`` where what it was made of is not at hand."""
        try:
            return compose(self.notebooks, self._about) if self.notebooks and self._about else None
        except _TAMPERED:
            return None

    @cached_property
    def _about(self) -> Mapping[str, Any] | None:
        """What the batch told the renderers of the attachment, as the manifest says it.

        Of the township's statement it holds the digest alone: the words are those of ``facts.json`` as long as
        they have that digest.
        """
        try:
            inputs = self._entries[DOCUMENT].inputs
            report = next(e for theme, e in self._entries.items() if theme != DOCUMENT)
            code, _, county = report.inputs["county"].partition(" ")
            said = str(self._frame.get("statement", ""))
            if statement_digest(said) != inputs["statement"]:
                return None
            return {
                "county_id": code,
                "county": county,
                "township_id": report.township_id,
                "township": report.inputs["unit"],
                "period": report.inputs["parameters"]["period"],
                "as_of": report.inputs["parameters"]["as_of"],
                "checksums": {"数据": inputs["key"], "程序": inputs["package"]},
                **inputs["setting"],
                "statement": said,
            }
        except (*_TAMPERED, StopIteration):
            return None

    @property
    def _frame(self) -> Mapping[str, Any]:
        """What ``facts.json`` says of the attachment; it stands first, whatever is broken further down."""
        text = self._out.text(f"{self._folder}/facts.json")
        found = _FRAME.search(text)
        frame = json.JSONDecoder().raw_decode(text, found.end())[0] if found else {}
        return frame if isinstance(frame, dict) else {}


_BESIDE = 30  # characters shown on either side


def inside(
    notebook: Any, known: Mapping[str, Mapping[str, Any]], template: Any
) -> tuple[list[Text], list[Text]]:
    """What the parts of a notebook should say that its page does not show, and what they say.

    Each output is said three times, as a block, as HTML and as plain text, and a cell of several facts twice;
    the code is the template's; the facts of its blocks are those of ``facts.json``, ``known`` by their ids.
    """
    should, does = [], []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if BLOCK_MIME in data and "text/html" in data:
                (block,) = blocks_of({"cells": [{"outputs": [output]}]})
                should += texts_of("a.html", html_of(block).encode()) or []
                does += texts_of("a.html", "".join(data["text/html"]).encode()) or []
                place = f"“{block.get('title') or block['role']}”的纯文本"
                should += [Text(place, line) for line in plain_of(block).splitlines()]
                does += [Text(place, line) for line in "".join(data.get("text/plain", "")).splitlines()]
                joined = [c for row in block.get("rows", ()) for c in row["cells"] if "spans" in c]
                should += [Text(f"表“{block['title']}”", plain(cell["spans"])) for cell in joined]
                does += [Text(f"表“{block['title']}”", cell_text(cell)) for cell in joined]
    own = {fact["id"]: fact for block in blocks_of(notebook) for fact in block["facts"]}
    for fact_id in own.keys() & known.keys():
        pair = ({key: f[fact_id].get(key) for key in known[fact_id]} for f in (known, own))
        for side, fact in zip((should, does), pair):
            side += texts_of("a.json", json.dumps({"facts": [fact]}).encode()) or []
    sources = {cell["id"]: cell["source"] for cell in template["cells"] if cell["cell_type"] == "code"}
    for cell in notebook["cells"]:
        if cell.get("id") in sources and cell["cell_type"] == "code":
            place = f"代码单元格 {cell['id']}"
            should.append(Text(place, sources[cell["id"]]))
            does.append(Text(place, cell["source"]))
    return should, does


def everywhere(made: bytes, data: bytes) -> tuple[list[Text], list[Text]]:
    """Whatever differs in a notebook from the one made again, also where nobody reads it; by cell and field."""
    should, does = (list(_leaves(json.loads(text))) for text in (made, data))
    if [place for place, _ in should] != [place for place, _ in does]:
        return [], []
    pairs = [(place, *_apart(a, b)) for (place, a), (_, b) in zip(should, does) if a != b]
    return [Text(place, a) for place, a, _ in pairs], [Text(place, b) for place, _, b in pairs]


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Texts and numbers of a notebook's JSON, each with where it stands, e.g. ``第 3 格·outputs·1·data·text/plain``."""
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _leaves(value[key], f"{place}·{key}" if place else key)
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _leaves(item, f"第 {number} 格" if place == "cells" else f"{place}·{number}")
    else:
        yield place, str(value)


def _apart(old: str, new: str) -> tuple[str, str]:
    """What differs, with a little of what stands around it: a picture's text is too long to be shown or searched."""
    same = _alike(old, new)
    tail = _alike(old[same:][::-1], new[same:][::-1])
    low, back = max(same - _BESIDE, 0), max(tail - _BESIDE, 0)
    return old[low : len(old) - back], new[low : len(new) - back]


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other))
    return next((k for k, (a, b) in pairs if a != b), min(len(one), len(other)))
