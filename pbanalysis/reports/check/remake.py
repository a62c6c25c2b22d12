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
from dataclasses import replace
from functools import cached_property, partial
from html import unescape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pbanalysis.errors import PbError
from pbanalysis.exhibits.blocks import BLOCK_MIME, blocks_of
from pbanalysis.exhibits.markup import html_of
from pbanalysis.reports.batch.tools import standard
from pbanalysis.reports.check.delivery import Delivery
from pbanalysis.reports.check.packing import index_again
from pbanalysis.reports.check.reading import Text, texts_of
from pbanalysis.reports.documents.attachments import rendered
from pbanalysis.reports.documents.document import Document, recompose
from pbanalysis.reports.documents.facts import as_json, collect
from pbanalysis.reports.documents.text import Block, cell_text, plain
from pbanalysis.reports.manifest import Entry, seal, statement_digest
from pbanalysis.terms import OVERVIEW

if TYPE_CHECKING:
    import pandas as pd

    from pbanalysis.calendar import Period
    from pbanalysis.store.county import County

__all__ = ["Remaker"]

_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_STORE = re.compile(r'^store = "(.+)"', re.MULTILINE)


class Remaker:
    """Makes files of OUT again.

    Parameters
    ----------
    out
        The delivered files.
    store
        The store; ``None`` looks where the notebooks say it was.
    changed
        Files of OUT that are known to be changed: nothing is made from them.
    """

    def __init__(self, out: Delivery, store: Path | None, changed: frozenset[str]) -> None:
        self._out, self._given, self._changed = out, store, changed
        self._documents: dict[str, Document | None] = {}

    def file(self, name: str) -> bytes | None:
        """The file as it was made; ``None`` where it cannot be made again."""
        path = PurePosixPath(name)
        if name in ("results.csv", "index.html"):
            return self._results_csv if name == "results.csv" else self._contents
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
        from pbanalysis.reports.documents.html import render_html

        content = self._notebook(notebook, even_changed=even_changed)
        title = _TITLE.search(self._out.text(page))
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
        for name in sorted(self._out.listed):
            # as the batch shows it: from where the notebook lies
            for found in _STORE.findall(_sources(self._out.json(name))) if name.endswith(".ipynb") else ():
                store: Path = self._out.path(name).parent / found
                if (store / "meta.json").exists():
                    return store.resolve()
        return None

    @cached_property
    def county(self) -> County | None:
        """The county's tables at the cut-off; ``None`` without store or cut-off."""
        frame = next((f for f in map(self.frame, self._out.folders()) if f), None)
        if self.store is None or frame is None:
            return None
        from pbanalysis.calendar import as_date
        from pbanalysis.store.county import open_county

        return open_county(self.store, as_of=as_date(frame["as_of"]))

    @cached_property
    def results(self) -> pd.DataFrame | None:
        """Published results of the period, from the store; ``None`` without store or period."""
        if self.county is None:
            return None
        from pbanalysis.themes.report import published

        results = published(self.county, self._period)
        return results[results["period"] == self._period.label]

    @property
    def _period(self) -> Period:
        from pbanalysis.calendar import Period

        return Period.parse(next(f for f in map(self.frame, self._out.folders()) if f)["period"])

    def frame(self, folder: str) -> Mapping[str, Any] | None:
        """What an attachment was composed with, from its ``facts.json``; ``None`` when that was edited."""
        text = self._out.text(f"{folder}/facts.json")
        _, mark, rest = text.partition('"document": ')
        try:  # the frame stands first: a digit that breaks the file further down does not hide it
            frame, _ = json.JSONDecoder().raw_decode(rest) if mark else (None, 0)
        except ValueError:
            frame = None
        if isinstance(frame, dict) and seal(frame) == frame:
            return frame
        said = frame.get("statement", "") if isinstance(frame, dict) else ""
        return self._frame_again(folder, str(said))

    def _frame_again(self, folder: str, said: str) -> Mapping[str, Any] | None:
        """The frame as the manifest's entries and the other attachments tell it.

        Of the township's statement they hold the digest alone: ``said`` is taken where it has that digest.
        """
        by_theme = {
            entry["theme"]: entry
            for entry in self._out.manifest["reports"]
            if any(self._out.names[path].startswith(f"{folder}/") for path in entry["files"])
        }
        try:
            document = by_theme.pop("document")
            about = next(iter(by_theme.values()))["inputs"]["parameters"]
            inputs, county = document["inputs"], self._county_name()
            frame = {
                "county": county,
                "period": about["period"],
                "as_of": about["as_of"],
                **inputs["setting"],
            }
            frame["checksums"] = {"数据": inputs["key"], "程序": inputs["package"]}
            unit = str(document["township_id"])
        except (KeyError, StopIteration):
            return None
        if folder == "county":
            return {**frame, "county_id": unit}
        if statement_digest(said) != inputs.get("statement", ""):
            return None
        return {**frame, "township_id": unit, "township": folder.partition("_")[2], "statement": said}

    def _county_name(self) -> str:
        frames = (self._out.json(f"{other}/facts.json").get("document") for other in self._out.folders())
        sealed = (f for f in frames if f and seal(f) == f)
        return str(next(frame["county"] for frame in sealed))

    def parts(self, folder: str) -> dict[str, list[Block]] | None:
        """Blocks of the folder's notebooks by theme; ``None`` when one of them is changed."""
        stems = {**standard().stems, OVERVIEW: OVERVIEW}
        parts: dict[str, list[Block]] = {}
        for theme, stem in stems.items():
            name = f"{folder}/{stem}.ipynb"
            if self._out.path(name).exists() or name in self._changed:
                notebook = self._notebook(name)
                if notebook is None:
                    return None
                parts[theme] = list(blocks_of(notebook))
        return parts or None

    def document(self, folder: str) -> Document | None:
        """The attachment, composed again; ``None`` where what it was made of is not at hand."""
        if folder not in self._documents:
            frame, parts = self.frame(folder), self.parts(folder)
            made = None
            if frame is not None and parts is not None:
                with suppress(TypeError, ValueError, KeyError, PbError):  # a frame that was tampered with
                    made = recompose(parts, frame)
            self._documents[folder] = made
        return self._documents[folder]

    def _rendered(self, suffix: str, folder: str) -> bytes | None:
        document = self.document(folder)
        with suppress(PbError):  # the engine is not installed here
            return rendered(suffix, document) if document else None
        return None

    def _facts(self, folder: str) -> bytes | None:
        document, parts = self.document(folder), self.parts(folder)
        if document is None or parts is None:
            return None
        return as_json(collect((block for blocks in parts.values() for block in blocks), document))

    @cached_property
    def _results_csv(self) -> bytes | None:
        if self.results is None:
            return None
        from pbanalysis.indicators.results import COLUMNS, Results

        with tempfile.TemporaryDirectory() as folder:
            Results(self.results[list(COLUMNS)]).write(folder)
            return (Path(folder) / "results.csv").read_bytes()

    @cached_property
    def _contents(self) -> bytes | None:
        manifest = self._out.manifest
        if self._out.packed and "results.csv" not in self._out.listed:  # a township's package has its own
            return index_again(manifest)
        if self.county is None or self.results is None:
            return None
        from pbanalysis.reports.digests import rows_of
        from pbanalysis.reports.documents.contents import contents

        entries = [Entry.from_dict(entry) for entry in manifest["reports"]]
        names = self._out.names
        page = contents(
            county=self.county,
            period=self._period,
            results=self.results,
            entries=[
                replace(e, files={names[path]: digest for path, digest in e.files.items()}) for e in entries
            ],
            rows=rows_of(self.county),
        )
        return index_again(manifest, page) if self._out.packed else page

    def inside(self, name: str) -> tuple[list[Text], list[Text]]:
        """What the parts of a notebook should say that its page does not show, and what they say.

        Each output is said twice, as a block and as HTML, and so is a cell of several facts; the code is the
        template's; the facts of its blocks are those of ``facts.json``.
        """
        notebook, path = self._notebook(name, even_changed=True), PurePosixPath(name)
        if notebook is None:
            return [], []
        should, does = [], []
        for cell in notebook["cells"]:
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                if BLOCK_MIME in data and "text/html" in data:
                    (block,) = blocks_of({"cells": [{"outputs": [output]}]})
                    should += texts_of("a.html", html_of(block).encode()) or []
                    does += texts_of("a.html", "".join(data["text/html"]).encode()) or []
                    joined = [c for row in block.get("rows", ()) for c in row["cells"] if "spans" in c]
                    should += [Text(f"表“{block['title']}”", plain(cell["spans"])) for cell in joined]
                    does += [Text(f"表“{block['title']}”", cell_text(cell)) for cell in joined]
        facts = f"{path.parent}/facts.json"
        own = {fact["id"]: fact for block in blocks_of(notebook) for fact in block["facts"]}
        known = {fact["id"]: fact for fact in self._out.json(facts).get("facts", ())}
        if facts not in self._changed:
            for fact_id in own.keys() & known.keys():
                pair = ({key: f[fact_id].get(key) for key in known[fact_id]} for f in (known, own))
                for side, fact in zip((should, does), pair):
                    side += texts_of("a.json", json.dumps({"facts": [fact]}).encode()) or []
        template = {cell["id"]: cell["source"] for cell in self._template(path.stem)}
        for cell in notebook["cells"]:
            if cell.get("id") in template and cell["cell_type"] == "code":
                place = f"代码单元格 {cell['id']}"
                should.append(Text(place, template[cell["id"]]))
                does.append(Text(place, cell["source"]))
        return should, does

    @staticmethod
    def _template(stem: str) -> list[Any]:
        import nbformat

        tools = standard()
        try:
            path = tools.template(tools.overview if stem == OVERVIEW else stem)
        except PbError:  # an installation without templates
            return []
        return list(nbformat.read(path, as_version=4)["cells"])  # type: ignore[no-untyped-call]

    def _notebook(self, name: str, *, even_changed: bool = False) -> Any:
        if name in self._changed and not even_changed:
            return None
        import nbformat

        try:
            return nbformat.reads(self._out.text(name), as_version=4)  # type: ignore[no-untyped-call]
        except (ValueError, nbformat.ValidationError):
            return None


def _sources(notebook: Mapping[str, Any]) -> str:
    """Code of a notebook, without its outputs."""
    try:
        return "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    except (KeyError, TypeError):
        return ""
