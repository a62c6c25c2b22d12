"""A township's attachment from its executed notebooks, in every format, and its facts.

The batch calls each of them with the notebooks by theme and what there is to say about the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pbanalysis.errors import Code, PbError
from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.reports.documents.budget import budget
from pbanalysis.reports.documents.document import Document, compose_county, compose_township
from pbanalysis.reports.documents.facts import as_json, collect

__all__ = ["attachment", "compose", "facts", "remarks", "rendered"]

# format → module, imported when first used, for each is slow to load; and what it is called
_MODULES = {"pdf": ("pdf", "PDF"), "docx": ("word", "Word 文件"), "xlsx": ("excel", "Excel 统计表")}
_PACKAGES = {"docx": "python-docx"}  # that are not called as what is imported from them
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
    """The document as PDF, as a Word file, or the indicator table and the facts as a workbook.

    Raises
    ------
    PbError
        ``ENGINE_MISSING`` when the package that writes the format is not installed.
    """
    module, name = _MODULES[suffix]
    try:
        made: bytes = import_module(f"pbanalysis.reports.documents.{module}").render(document)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        raise PbError(
            Code.ENGINE_MISSING,
            f"没有生成{name}的程序，{name}未生成，其他格式照常生成",
            where=f"report.{suffix}",
            got=missing,
            fix=f"请运行 pip install {_PACKAGES.get(missing, missing)} 后重新生成",
        ) from error
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
