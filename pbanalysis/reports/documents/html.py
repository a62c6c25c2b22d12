"""An executed notebook as one HTML page: offline, without script, readable on screen and on A4 paper.

The page shows the notebook's text and its blocks (docs/blocks.md); code stays in the notebook. The
exporter is built once per process, because building it costs more than rendering a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.exhibits.markup import html_of
from pbanalysis.reports.documents.document import STATUSES
from pbanalysis.reports.documents.glyphs import shared

__all__ = ["render_html"]

_TITLE = re.compile(r"\A#\s[^\n]*\n*")
_SECTION = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_HEADING = re.compile(r"^##\s+(.+?)\s*$", re.MULTILINE)


def render_html(notebook: Mapping[str, Any], *, title: str, status: str = "final") -> bytes:
    """The page of an executed notebook; the same notebook gives the same bytes.

    Parameters
    ----------
    notebook
        An ``nbformat`` node, version 4, with its outputs.
    title
        Title of the page, e.g. 城关镇学习质量分析（2023年度）; it takes the place of the notebook's
        own first heading.
    status
        ``draft``, ``checking`` (both stand beside the title and behind the text) or ``final``.
    """
    node = _NODE({**notebook, "cells": [_bare(cell) for cell in notebook["cells"]]})
    _drop_title(node["cells"])
    sections = [
        {"id": f"section-{k}", "text": text} for k, text in enumerate(_section_titles(node["cells"]), start=1)
    ]
    ids = iter([section["id"] for section in sections])
    report = {"title": title, "status": STATUSES[status], "sections": sections, "ids": ids}
    page, _ = _exporter().from_notebook_node(node, resources={"report": report})
    return shared(re.sub(r"\n{2,}", "\n", page)).encode("utf-8")


def _bare(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The cell with its blocks as markup: nbconvert copies what it is given twice, and text is never copied."""
    if cell["cell_type"] != "code":
        return dict(cell)
    shown = [{"text/html": html_of(block)} for block in blocks_of({"cells": [cell]})]
    outputs = [{"output_type": "display_data", "metadata": {}, "data": data} for data in shown]
    return {**cell, "outputs": outputs}


def _drop_title(cells: Sequence[dict[str, Any]]) -> None:
    for cell in cells:
        if cell["cell_type"] == "markdown":
            cell["source"] = _TITLE.sub("", cell["source"], count=1)
            return


def _section_titles(cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for cell in cells:
        if cell["cell_type"] == "markdown":
            yield from _HEADING.findall(cell["source"])


def _section_ids(html: str, report: Mapping[str, Any]) -> str:
    """Give every section heading the address that the table of contents names."""
    return _SECTION.sub(lambda found: f'<h2 id="{next(report["ids"])}">{found[1]}</h2>', html)


class _Page(TemplateExporter):
    """The plain template exporter: nbconvert's own for HTML parses and rewrites every page it made."""

    file_extension = ".html"
    template_extension = ".html.j2"
    output_mimetype = "text/html"


# nbformat and nbconvert are only partly typed
_NODE: Any = nbformat.from_dict
_PAGE: Any = _Page


@cache
def _exporter() -> Any:
    exporter = _PAGE(
        config=Config({"Exporter": {"optimistic_validation": True}}),  # once, not after each step
        template_name="report",
        extra_template_basedirs=[str(Path(__file__).parent / "templates")],
    )
    exporter.register_filter("markdown", _markdown())
    exporter.register_filter("section_ids", _section_ids)
    return exporter


def _markdown() -> Callable[[str], str]:
    """Markdown without the anchors that nbconvert puts behind headings."""
    renderer: Callable[[str], str] = MarkdownWithMath(
        renderer=IPythonRenderer(escape=False, exclude_anchor_links=True)
    ).render
    return renderer
