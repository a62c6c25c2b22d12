"""A township's attachment from its executed notebooks, in every format, and its facts.

The batch calls each of them with the notebooks by theme and what there is to say about the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.reports.documents.budget import budget
from pbanalysis.reports.documents.document import Document, compose_county, compose_township
from pbanalysis.reports.documents.facts import as_json, collect

__all__ = ["attachment", "compose", "facts", "remarks", "rendered"]

_MODULES = {"pdf": "pdf", "docx": "word", "xlsx": "excel"}  # imported when first used: each is slow to load
_OPTIONS = ("status", "start_page", "attachment_no")
Notebooks = Mapping[str, Mapping[str, Any]]


def compose(notebooks: Notebooks, about: Mapping[str, Any]) -> Document:
    """The document of a township, or of the county when ``about`` names no township."""
    parts = {theme: blocks_of(notebook) for theme, notebook in notebooks.items()}
    frame = {"county": about["county"], "period": about["period"], "as_of": about["as_of"]}
    frame["checksums"] = about["checksums"]
    frame |= {name: about[name] for name in _OPTIONS if name in about}
    if about["township_id"] == about["county_id"]:
        return compose_county(parts, county_id=about["county_id"], **frame)
    frame["statement"] = about.get("statement", "")
    return compose_township(parts, township_id=about["township_id"], township=about["township"], **frame)


_last: list[tuple[Notebooks, Mapping[str, Any], Document]] = []


def _composed(notebooks: Notebooks, about: Mapping[str, Any]) -> Document:
    """:func:`compose`, once for all formats: a batch asks for one after the other with the very same notebooks."""
    if not any(known is notebooks and told is about for known, told, _ in _last):
        _last[:] = [(notebooks, about, compose(notebooks, about))]
    return _last[0][2]


def rendered(suffix: str, document: Document) -> bytes:
    """The document as PDF, as a Word file, or the indicator table and the facts as a workbook."""
    made: bytes = import_module(f"pbanalysis.reports.documents.{_MODULES[suffix]}").render(document)
    return made


def attachment(suffix: str, notebooks: Notebooks, about: Mapping[str, Any]) -> bytes:
    """The attachment in the format of the suffix (pdf, docx, xlsx)."""
    return rendered(suffix, _composed(notebooks, about))


def remarks(notebooks: Notebooks, about: Mapping[str, Any]) -> list[str]:
    """What to cut where the attachment is longer than it may be; nothing is cut silently."""
    return budget(_composed(notebooks, about)).lines()


def facts(notebooks: Notebooks, about: Mapping[str, Any]) -> bytes:
    """``facts.json``: every number printed in the reports, once, and the frame of the attachment.

    Raises
    ------
    PbError
        Two blocks print different values under one fact's name.
    """
    blocks = (block for notebook in notebooks.values() for block in blocks_of(notebook))
    return as_json(collect(blocks, _composed(notebooks, about)))
