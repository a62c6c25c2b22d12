"""The attachment as PDF: Typst, always PDF/UA-1 and PDF/A-2a, so that a missing glyph is an error.

Fonts and template are loaded once per process (:class:`Typesetter`); a document is a JSON file
beside the template, a figure an SVG file beside it. The same document gives the same bytes.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module, resources
from typing import Any

from pbanalysis.errors import Code, PbError
from pbanalysis.exhibits.fonts import font_paths
from pbanalysis.reports.documents.document import STATUSES, Document
from pbanalysis.reports.documents.heights import LONG, box_begin, box_lines, breaks
from pbanalysis.reports.documents.placing import placed
from pbanalysis.reports.documents.summary import (
    BOX_LINE,
    BOX_LINES,
    LABEL,
    SMALL_PITCH,
    TEXT_PITCH,
    WIDTH,
    height,
)
from pbanalysis.reports.documents.text import (
    Block,
    about_figure,
    about_table,
    caption_of,
    cell_shown,
    figure_size,
    head_rows,
    notes_of,
    plain,
    prose,
    pt_widths,
    type_size,
)

__all__ = ["STANDARDS", "Typesetter", "render", "typesetter"]

STANDARDS = ("ua-1", "a-2a")
_MISSING = re.compile(r"the text `\"(.+?)\"` could not be displayed")

# families an office may have put into its font folder, then the free ones; last: whatever there is
_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "title": ("FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "方正小标宋简体"),
    "body": (
        "FangSong_GB2312",
        "仿宋_GB2312",
        "FangSong",
        "仿宋",
        "STFangsong",
        "FandolFang R",
        "FandolFang",
    ),
    "kai": ("KaiTi_GB2312", "楷体_GB2312", "KaiTi", "楷体", "STKaiti", "FandolKai"),
    "hei": ("SimHei", "黑体", "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC"),
    "song": ("SimSun", "宋体", "Noto Serif SC", "Noto Serif CJK SC", "Source Han Serif SC"),
}


class Typesetter:
    """A Typst compiler with its fonts and template loaded.

    Raises
    ------
    PbError
        ``ENGINE_MISSING`` without the package ``typst`` or without a Chinese font.
    """

    def __init__(self) -> None:
        try:
            typst = import_module("typst")
        except ImportError as error:
            raise PbError(
                Code.ENGINE_MISSING,
                "没有 PDF 排版程序，PDF 未生成，其他格式照常生成",
                where="report.pdf",
                got=str(error.name),
                fix="请运行 pip install typst 后重新生成",
            ) from error
        self._fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=font_paths()
        )
        self._compiler = typst.Compiler(font_paths=self._fonts)
        self._error = typst.TypstError
        self._template = resources.files(__package__).joinpath("typst", "attachment.typ").read_bytes()
        families = self._fonts.families()
        song = _first(_FAMILIES["song"], families)
        noto = [name for name in families if "Serif" in name and name.endswith("SC")]
        self._families = {
            role: list(dict.fromkeys([_first(names, families) or song, *noto])) or families
            for role, names in _FAMILIES.items()
        }

    def pdf(self, doc: Document) -> bytes:
        """The document as PDF; a character that no font has is named with its place."""
        files = {"main": self._template, **_files(doc, self._families)}
        end = dt.datetime(doc.as_of.year, doc.as_of.month, doc.as_of.day, tzinfo=dt.UTC)
        try:
            made = self._compiler.compile(
                input=files, format="pdf", pdf_standards=list(STANDARDS), timestamp=int(end.timestamp())
            )
        except self._error as error:
            missing = _MISSING.search(error.message)
            if missing is None:
                raise
            raise _missing_glyph(missing[1], doc) from error
        return bytes(made)


@cache
def typesetter() -> Typesetter:
    """The process's typesetter."""
    return Typesetter()


def render(doc: Document) -> bytes:
    """The attachment as PDF."""
    return typesetter().pdf(doc)


def _first(names: Sequence[str], families: Sequence[str]) -> str:
    return next((name for name in names if name in families), "")


def _missing_glyph(text: str, doc: Document) -> PbError:
    character = text[:1]
    place = next((where for where, words in _texts(doc) if character in words), "正文")
    return PbError(
        Code.ENGINE_MISSING,
        f"字体中没有“{character}”字（U+{ord(character):04X}）",
        where=f"report.pdf {place}",
        fix="请把含有该字的中文字体放入 PBANALYSIS_FONTS 所指的目录后重新生成",
    )


def _texts(doc: Document) -> Iterator[tuple[str, str]]:
    """Every text with its place: the heading it stands under and the block."""
    yield "标题", doc.name
    under = "首页"
    for block in doc.blocks:
        under = block["text"] if block["type"] == "heading" else under
        place = f"“{under}”{block.get('title') or block['id']}"
        yield place, prose(block)
        yield place, " ".join(str(block.get(key, "")) for key in ("title", "alt", "n", "unit", "source"))
        for row in block.get("rows", ()):
            yield place, " ".join(map(cell_shown, row["cells"]))
        yield place, " ".join(map(plain, block.get("notes", ())))


def _files(doc: Document, families: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    pictures: dict[str, bytes] = {}
    runs = {"summary": doc.summary, "body": placed(doc.body, "pdf"), "annex": doc.annex}
    parts = {name: [_set(block, pictures) for block in blocks] for name, blocks in runs.items()}
    data = {
        **parts,
        "fonts": families,
        "name": doc.name,
        "title": doc.title,
        "about": doc.about,
        "author": "pbanalysis",
        "keywords": [doc.identifier],
        "date": [doc.as_of.year, doc.as_of.month, doc.as_of.day],
        "start_page": doc.start_page,
        "attachment": "" if doc.attachment_no is None else f"附件{doc.attachment_no}",
        "watermark": STATUSES[doc.status],
        "sheet": {"label": LABEL, "text": TEXT_PITCH, "small": SMALL_PITCH},
    }
    return {"document.json": json.dumps(data, ensure_ascii=False).encode(), **pictures}


def _set(block: Block, pictures: dict[str, bytes]) -> dict[str, Any]:
    """The block as the template reads it: plain lines, widths in points, pictures as files."""
    head = {"type": block["type"], "role": block["role"], "title": block.get("title", "")}
    match block["type"]:
        case "heading":
            return {**head, "level": block["level"], "text": block["text"]}
        case "paragraph":
            return {**head, "text": plain(block["spans"])}
        case "list" | "box":
            lines = [plain(item) for item in block["items"]]
            blank = 0 if lines else BOX_LINES
            return {**head, "ordered": block["ordered"], "items": lines, "height": height(block),
                    "blank": blank, "blank-pitch": BOX_LINE - 2,
                    "begin": box_begin(block, "pdf") if block["type"] == "box" else 0,
                    "short": [n < LONG for n in box_lines(block, "pdf")]}  # fmt: skip
        case "table":
            at = breaks(block, "pdf")
            rows = [
                {"kind": row["kind"], "cells": [cell_shown(c) for c in row["cells"]]} for row in block["rows"]
            ]
            return {
                **head,
                "title": caption_of(block),
                "short": at.short,
                "columns": [{"align": column["align"]} for column in block["columns"]],
                "size": type_size(block),
                "widths": pt_widths(block, WIDTH, type_size(block)),
                "head": head_rows(block["columns"]),
                "rows": rows,
                "foot": at.foot,
                "begin": at.begin,
                "about": about_table(block),
                "notes": notes_of(block),
            }
        case "figure":
            return {**head, "alt": block["alt"], "width": figure_size(block)[0], "about": about_figure(block),
                    "file": _picture(block, pictures)}  # fmt: skip
        case other:
            raise ValueError(f"unknown type of block: {other}")


def _picture(block: Block, pictures: dict[str, bytes]) -> str:
    picture = block.get("picture")
    if not picture:
        return ""
    svg = picture["mime"] == "image/svg+xml"
    name = f"figure{len(pictures) + 1}.{'svg' if svg else 'png'}"
    pictures[name] = picture["data"].encode() if svg else base64.b64decode(picture["data"])
    return name
