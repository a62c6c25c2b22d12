"""The files of OUT made again: from the executed notebooks, and from the store where it is at hand.

Renderers are pure, so a file that was not touched comes out byte for byte; one that was touched can be
compared with what it was.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from html import unescape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pbanalysis.errors import PbError
from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.reports.attachments import rendered
from pbanalysis.reports.document import Document, recompose
from pbanalysis.reports.facts import as_json, collect
from pbanalysis.reports.files import read_json
from pbanalysis.reports.manifest import seal
from pbanalysis.reports.text import Block
from pbanalysis.reports.tools import OVERVIEW, standard

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Remaker"]

_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_STORE = re.compile(r'^store = "(.+)"', re.MULTILINE)


class Remaker:
    """Makes files of OUT again.

    Parameters
    ----------
    out
        The folder that ``report`` wrote, or an unpacked package.
    store
        The store; ``None`` looks where the notebooks say it was.
    changed
        Files of OUT that are known to be changed: nothing is made from them.
    """

    def __init__(self, out: Path, store: Path | None, changed: frozenset[str]) -> None:
        self._out, self._given, self._changed = out, store, changed
        self._documents: dict[str, Document | None] = {}

    def file(self, name: str) -> bytes | None:
        """The file as it was made; ``None`` where it cannot be made again."""
        path = PurePosixPath(name)
        if name == "results.csv":
            return self._results_csv
        if path.suffix == ".html" and path.parent.name:
            return self.page(f"{path.with_suffix('.ipynb')}", name)
        makers: Mapping[str, Callable[[str], bytes | None]] = {
            "facts.json": self._facts,
            **{f"report.{kind}": partial(self._rendered, kind) for kind in ("pdf", "docx", "xlsx")},
        }
        maker = makers.get(path.name)
        return maker(str(path.parent)) if maker else None

    def page(self, notebook: str, page: str, *, even_changed: bool = False) -> bytes | None:
        """The page of a notebook, with the title that the delivered page bears."""
        from pbanalysis.reports.html import render_html

        content = self._notebook(notebook, even_changed=even_changed)
        title = _TITLE.search(self._text(page))
        if content is None or title is None:
            return None
        try:
            return render_html(content, title=unescape(title[1]))
        except (KeyError, TypeError, ValueError):  # a notebook whose structure was tampered with
            return None

    @cached_property
    def store(self) -> Path | None:
        """The store, where it can be found."""
        if self._given is not None:
            return self._given
        for notebook in sorted(self._out.glob("*/*.ipynb")):
            # as the batch shows it: from where the notebook lies
            for found in _STORE.findall(_sources(notebook)):
                store: Path = notebook.parent / found
                if (store / "meta.json").exists():
                    return store.resolve()
        return None

    @cached_property
    def results(self) -> pd.DataFrame | None:
        """Published results of the period, from the store; ``None`` without store or period."""
        frame = next((f for f in map(self.frame, self._folders()) if f), None)
        if self.store is None or frame is None:
            return None
        from pbanalysis.calendar import Period, as_date
        from pbanalysis.store.county import open_county
        from pbanalysis.themes.report import published

        period = Period.parse(frame["period"])
        results = published(open_county(self.store, as_of=as_date(frame["as_of"])), period)
        return results[results["period"] == period.label]

    def frame(self, folder: str) -> Mapping[str, Any] | None:
        """What an attachment was composed with, from its ``facts.json``; ``None`` when that was edited."""
        text = self._text(f"{folder}/facts.json")
        _, mark, rest = text.partition('"document": ')
        try:  # the frame stands first: a digit that breaks the file further down does not hide it
            frame, _ = json.JSONDecoder().raw_decode(rest) if mark else (None, 0)
        except ValueError:
            return None
        return frame if isinstance(frame, dict) and seal(frame) == frame else None

    def parts(self, folder: str) -> dict[str, list[Block]] | None:
        """Blocks of the folder's notebooks by theme; ``None`` when one of them is changed."""
        stems = {**standard().stems, OVERVIEW: OVERVIEW}
        parts: dict[str, list[Block]] = {}
        for theme, stem in stems.items():
            name = f"{folder}/{stem}.ipynb"
            if (self._out / name).exists() or name in self._changed:
                notebook = self._notebook(name)
                if notebook is None:
                    return None
                parts[theme] = list(blocks_of(notebook))
        return parts or None

    def _folders(self) -> list[str]:
        return sorted(path.parent.name for path in self._out.glob("*/facts.json"))

    def _document(self, folder: str) -> Document | None:
        if folder not in self._documents:
            frame, parts = self.frame(folder), self.parts(folder)
            made = None
            if frame is not None and parts is not None:
                with suppress(TypeError, ValueError, KeyError, PbError):  # a frame that was tampered with
                    made = recompose(parts, frame)
            self._documents[folder] = made
        return self._documents[folder]

    def _rendered(self, suffix: str, folder: str) -> bytes | None:
        document = self._document(folder)
        with suppress(PbError):  # the engine is not installed here
            return rendered(suffix, document) if document else None
        return None

    def _facts(self, folder: str) -> bytes | None:
        document, parts = self._document(folder), self.parts(folder)
        if document is None or parts is None:
            return None
        return as_json(collect((block for blocks in parts.values() for block in blocks), document))

    @cached_property
    def _results_csv(self) -> bytes | None:
        if self.results is None:
            return None
        from pbanalysis.indicators.results import Results

        with tempfile.TemporaryDirectory() as folder:
            Results(self.results).write(folder)
            return (Path(folder) / "results.csv").read_bytes()

    def _text(self, name: str) -> str:
        try:
            return (self._out / name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def _notebook(self, name: str, *, even_changed: bool = False) -> Any:
        if name in self._changed and not even_changed:
            return None
        import nbformat

        try:
            return nbformat.reads(self._text(name), as_version=4)  # type: ignore[no-untyped-call]
        except (ValueError, nbformat.ValidationError):
            return None


def _sources(notebook: Path) -> str:
    """Code of a notebook, without its outputs."""
    content = read_json(notebook)
    try:
        return "\n".join("".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code")
    except (KeyError, TypeError):
        return ""
