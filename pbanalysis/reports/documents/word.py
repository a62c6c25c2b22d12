"""The attachment as an editable Word file, laid out like the PDF.

The body is written as WordprocessingML and parsed once: python-docx builds the package, its cell by
cell API would take most of the time. The same document gives the same bytes.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import cycle
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import docx
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.parts.document import DocumentPart

from pbanalysis.exhibits.figures.raster import pngs_of
from pbanalysis.exhibits.numbers import NONE
from pbanalysis.exhibits.style import STATE_MARKS, VS_COUNTY_MARKS
from pbanalysis.reports.documents.document import STATUSES, Document
from pbanalysis.reports.documents.heights import LONG, box_lines, breaks
from pbanalysis.reports.documents.placing import placed
from pbanalysis.reports.documents.summary import BOX_LINE, BOX_LINES, ROW, WIDTH, height
from pbanalysis.reports.documents.text import (
    Block,
    HeadCell,
    about_figure,
    about_table,
    caption_of,
    cell_shown,
    figure_size,
    head_rows,
    item_lines,
    notes_of,
    plain,
    pt_widths,
    type_size,
)
from pbanalysis.reports.documents.word_parts import (
    FONT_TABLE,
    NAMESPACES,
    SONG,
    STYLES,
    footer,
    section,
    watermark,
)

__all__ = ["render"]

_EMU = 36000  # per millimetre
_THUMBNAIL = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"
_SUFFIX = {9.0: "", 8.0: "Small", 7.5: "Tiny"}  # of the styles of a table's type
_MARKS = re.compile(f"([{''.join({*STATE_MARKS.values(), *VS_COUNTY_MARKS.values()} - {NONE})}]+)")
_AFTER = '<w:spacing w:after="160"/>'


def render(doc: Document) -> bytes:
    """The attachment as a DOCX file."""
    word = docx.Document(io.BytesIO(_template()))
    text = placed(doc.body, "docx")
    pictures = _Pictures(word.part, (*text, *doc.annex))
    xml = "".join((*_head(doc), *map(_summary, doc.summary), *_flow(text, doc.annex, pictures)))
    body = word.element.body
    parsed = parse_xml(f"<w:body {NAMESPACES}>{xml}</w:body>")
    for element in list(parsed):
        body.insert(len(body) - 1, element)  # the section's properties stay last
    _set_up_page(word, doc)
    _set_properties(word.core_properties, doc)
    made = io.BytesIO()
    word.save(made)
    return _with_fixed_dates(made.getvalue(), doc.as_of)


@cache
def _template() -> bytes:
    """An empty document with the styles and fonts of the attachment."""
    word = docx.Document()
    styles = word.styles.element
    ours = [parse_xml(xml) for xml in STYLES]
    names = {style.styleId for style in ours}
    for style in list(styles.style_lst):
        if style.styleId in names or (style.type is not None and style.styleId.startswith(("Heading", "List", "Light", "Medium", "Dark", "Colorful"))):  # fmt: skip
            styles.remove(style)
    for style in ours:
        styles.append(style)
    package = word.part.package
    for rel_id, rel in list(package.rels.items()):
        if rel.reltype == _THUMBNAIL:
            del package.rels[rel_id]
    for rel in word.part.rels.values():
        part = rel.target_part if not rel.is_external else None
        if isinstance(part, Part) and str(part.partname).endswith("fontTable.xml"):
            part._blob = FONT_TABLE
    word.settings.odd_and_even_pages_header_footer = True
    for paragraph in word.element.body.findall(".//{*}p"):
        paragraph.getparent().remove(paragraph)
    made = io.BytesIO()
    word.save(made)
    return made.getvalue()


def _set_up_page(word: Any, doc: Document) -> None:
    """Margins and grid, page numbers outside, the watermark of a draft."""
    part = word.sections[0]
    text = STATUSES[doc.status]
    for number, (head, foot, align) in enumerate(
        ((part.header, part.footer, "right"), (part.even_page_header, part.even_page_footer, "left")), start=1
    ):
        for place, xml in ((head, watermark(text, number)), (foot, footer(align))):
            place.is_linked_to_previous = False
            for paragraph in list(place._element):
                place._element.remove(paragraph)
            place._element.append(parse_xml(xml))
    old = word.element.body[-1]
    tags = ("headerReference", "footerReference")
    new = parse_xml(section(doc.start_page, ""))
    for position, reference in enumerate(e for e in old if e.tag.split("}")[1] in tags):
        new.insert(position, reference)
    word.element.body.replace(old, new)


def _set_properties(properties: Any, doc: Document) -> None:
    end = dt.datetime.combine(doc.as_of, dt.time())
    properties.title, properties.author, properties.last_modified_by = doc.name, "pbanalysis", "pbanalysis"
    properties.created = properties.modified = end
    properties.keywords, properties.language, properties.comments = doc.identifier, "zh-CN", ""
    properties.revision = 1


def _with_fixed_dates(package: bytes, day: dt.date) -> bytes:
    """The same package with the cut-off as every member's date: the clock leaves no trace."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            new.writestr(member, old.read(name), compresslevel=6)
    return made.getvalue()


class _Pictures:
    """The figures' pictures, rasterised in one run, and their parts in the package."""

    def __init__(self, part: DocumentPart, blocks: Iterable[Block]) -> None:
        self._part = part
        self._count = 0
        drawn = [b for b in blocks if b["type"] == "figure" and b.get("picture")]
        vector = [b for b in drawn if b["picture"]["mime"] == "image/svg+xml"]
        self._png = {id(b): base64.b64decode(b["picture"]["data"]) for b in drawn if b not in vector}
        try:
            pngs = pngs_of([(b["picture"]["data"], (b["size"][0], b["size"][1])) for b in vector])
        except ImportError:  # without the engine the alt text stands where the picture would
            pngs = []
        self._png |= {id(block): png for block, png in zip(vector, pngs)}

    def inline(self, block: Block) -> str | None:
        """The drawing of a figure's picture; ``None`` where there is none."""
        png = self._png.get(id(block))
        if png is None:
            return None
        self._count += 1
        rel_id, _ = self._part.get_or_add_image(io.BytesIO(png))
        wide, high = figure_size(block)
        size = f'cx="{wide * _EMU:.0f}" cy="{high * _EMU:.0f}"'
        name = f'id="{self._count}" name="图{self._count}" descr={quoteattr(block["alt"])}'
        return (
            f'<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent {size}/><wp:docPr {name}/>'
            '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
            f'<pic:nvPicPr><pic:cNvPr {name}/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="{rel_id}"/>'
            '<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
            f'<a:ext {size}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
            "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        )


def _run(text: str) -> str:
    """The text as runs: the fonts of figures lack the marks of states, or have them narrow."""
    parts = zip(_MARKS.split(text), cycle(("", SONG)))
    return "".join(
        f'<w:r>{font}<w:t xml:space="preserve">{escape(part)}</w:t></w:r>' for part, font in parts if part
    )


def _p(style: str, text: str = "", *, extra: str = "", inside: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{extra}</w:pPr>{inside or _run(text)}</w:p>'


def _head(doc: Document) -> Iterator[str]:
    if doc.attachment_no is not None:
        yield _p("PbAttachment", f"附件{doc.attachment_no}")
    yield _p("Title", doc.title[0])
    yield from (_p("Subtitle", line) for line in doc.title[1:])
    yield _p("PbAbout", doc.about)


def _items(block: Block, style: str) -> list[str]:
    return [_p(style, line) for line in item_lines(block)]


def _summary(block: Block) -> str:
    """A block of page 1, as high as :mod:`~pbanalysis.reports.documents.summary` reckons."""
    label = _p("PbLabel", block["title"])
    match block["type"]:
        case "box":
            if not block["items"]:  # rows to write in
                return _frame(label, *[_p("PbLine")] * BOX_LINES, least=BOX_LINE, exact=True)
            return _frame(label + "".join(_items(block, "PbLine")), least=height(block) - 4, exact=True)
        case "table":
            return label + _table(block, least=ROW) + "".join(_p("PbNote", note) for note in notes_of(block))
        case _ if block["role"] == "headline":
            return label + "".join(_items({**block, "ordered": True}, "PbSentence"))
        case _:
            return label + "".join(_items(block, "PbLine"))


def _flow(text: Sequence[Block], annex: Sequence[Block], pictures: _Pictures) -> Iterator[str]:
    """Body and annex; the body begins on a page of its own."""
    for first, block in enumerate(text):
        yield _block(block, "PbBody", pictures, new_page=first == 0)
    for block in annex:
        yield _block(block, "PbAnnex", pictures)


def _block(block: Block, style: str, pictures: _Pictures, *, new_page: bool = False) -> str:
    match block["type"]:
        case "heading":
            extra = "<w:pageBreakBefore/>" if new_page else ""
            return _p(f"Heading{block['level']}", block["text"], extra=extra)
        case "paragraph":
            return _p(style, plain(block["spans"]))
        case "list":
            title = _p(style, block["title"], extra="<w:keepNext/>") if block["title"] else ""
            return title + "".join(_items(block, style))
        case "box":
            return _box(block)
        case "table":
            return _captioned(block)
        case "figure":
            return _figure(block, pictures)
        case other:
            raise ValueError(f"unknown type of block: {other}")


def _box(block: Block) -> str:
    """Paragraphs in one frame: unlike a table's cell it may go over the page between its items, or inside a
    long one; none is alone on either side."""
    short = [n < LONG for n in box_lines(block, "docx")]
    made = [_p("PbBoxTitle", block["title"])] if block["title"] else []
    for k, line in enumerate(item_lines(block)):
        last = k + 1 == len(short)
        kept = not last and ((k == 0 and short[0]) or (k + 2 == len(short) and short[-1]))
        keep = "<w:keepNext/>" * kept + "<w:keepLines/>" * short[k]
        made.append(_p("PbBoxed", line, extra=keep + _AFTER * last))
    return "".join(made)


def _figure(block: Block, pictures: _Pictures) -> str:
    drawing = pictures.inline(block)
    picture = _frame(_p("PbBox", block["alt"])) if drawing is None else _p("PbFigure", inside=drawing)
    return (
        picture
        + _p("PbCaption", block["title"])
        + _p("PbNote", about_figure(block), extra=f'{_AFTER}<w:jc w:val="center"/>')
    )


def _captioned(block: Block) -> str:
    """A table with its title above; its notes are its last row, so that they are never alone on a page."""
    about, notes, title = about_table(block), notes_of(block), caption_of(block)
    above = (_p("PbCaption", title) if title else "") + (_p("PbUnit", about) if about else "")
    after = "" if notes else _p("PbNote", extra=_AFTER)
    return above + _table(block, notes=notes) + after


_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def _table_head(widths: Sequence[float], about: Mapping[str, str]) -> str:
    total = sum(round(width * 20) for width in widths)
    words = "".join(f"<w:{tag} w:val={quoteattr(text)}/>" for tag, text in about.items() if text)
    grid = "".join(f'<w:gridCol w:w="{width * 20:.0f}"/>' for width in widths)
    return (
        f'<w:tblPr><w:tblW w:w="{total}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{_BORDERS}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="20" w:type="dxa"/><w:left w:w="60" w:type="dxa"/>'
        '<w:bottom w:w="20" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
        f"{words}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
    )


def _frame(*rows: str, least: float = 0, exact: bool = False) -> str:
    """A box: a table of one column, most often of one cell."""
    rule = "exact" if exact else "atLeast"
    high = f'<w:trHeight w:val="{least * 20:.0f}" w:hRule="{rule}"/>' if least else ""
    width = f'<w:tcPr><w:tcW w:w="{WIDTH * 20:.0f}" w:type="dxa"/></w:tcPr>'
    made = (f"<w:tr><w:trPr><w:cantSplit/>{high}</w:trPr><w:tc>{width}{row}</w:tc></w:tr>" for row in rows)
    return f"<w:tbl>{_table_head([WIDTH], {})}{''.join(made)}</w:tbl>"


def _table(block: Block, least: float = 0, notes: Sequence[str] = ()) -> str:
    """A table whose head repeats on every page and whose rows are not split."""
    size = type_size(block)
    small = _SUFFIX[size]
    widths = pt_widths(block, WIDTH, size)
    about = {"tblCaption": block["title"], "tblDescription": "；".join(notes_of(block))}
    rows = block["rows"]
    made = list(_head_rows(head_rows(block["columns"]), widths, small))
    at = breaks(block, "docx")
    for k, row in enumerate(rows, start=1):  # none of the first ones or the last ones is alone on a page
        last = k > len(rows) - (max(at.foot, 1) if notes else at.foot - 1)
        keep = at.short or row["kind"] == "group" or k < at.begun or last
        made.append(_row(row, block["columns"], widths, small, keep=keep, least=least))
    if notes:
        made.append(_notes_row(notes, widths))
    return f"<w:tbl>{_table_head(widths, about)}{''.join(made)}</w:tbl>"


def _notes_row(notes: Sequence[str], widths: Sequence[float]) -> str:
    *before, last = notes
    paragraphs = "".join((*(_p("PbNote", note) for note in before), _p("PbNote", last, extra=_AFTER)))
    none = "".join(f'<w:{side} w:val="nil"/>' for side in ("left", "bottom", "right"))
    cell = f'<w:tcW w:w="{sum(widths) * 20:.0f}" w:type="dxa"/><w:gridSpan w:val="{len(widths)}"/><w:tcBorders>{none}</w:tcBorders>'
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr>{cell}</w:tcPr>{paragraphs}</w:tc></w:tr>"


def _cell(
    text: str, width: float, style: str, *, align: str = "", extra: str = "", keep: bool = False
) -> str:
    para = ("<w:keepNext/>" if keep else "") + (f'<w:jc w:val="{align}"/>' if align else "")
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width * 20:.0f}" w:type="dxa"/>{extra}<w:vAlign w:val="center"/></w:tcPr>'
        f"{_p(style, text, extra=para)}</w:tc>"
    )


def _head_rows(heads: Sequence[Sequence[HeadCell]], widths: Sequence[float], small: str) -> Iterator[str]:
    """Head rows, repeated on every page; a cell of two rows is continued by an empty one below."""
    continued: set[int] = set()
    for row in heads:
        cells, column, waiting = [], 0, list(row)
        while column < len(widths):
            text, span, tall = ("", 1, 1) if column in continued else waiting.pop(0)
            merge = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
            merge += (
                '<w:vMerge w:val="restart"/>' if tall > 1 else "<w:vMerge/>" if column in continued else ""
            )
            width = sum(widths[column : column + span])
            cells.append(_cell(text, width, f"PbHead{small}", extra=merge, keep=True))
            continued |= {column} if tall > 1 else set()
            column += span
        yield f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(cells)}</w:tr>"


def _row(
    row: Mapping[str, Any],
    columns: Sequence[Mapping[str, Any]],
    widths: Sequence[float],
    small: str,
    *,
    keep: bool,
    least: float,
) -> str:
    if len(row["cells"]) < len(columns):
        shade = f'<w:gridSpan w:val="{len(columns)}"/><w:shd w:val="clear" w:color="auto" w:fill="EFEFEF"/>'
        text = cell_shown(row["cells"][0])
        cells = [_cell(text, sum(widths), f"PbHead{small}", align="left", extra=shade, keep=keep)]
    else:
        style = f"PbCell{small}" if row["kind"] == "data" else f"PbHead{small}"
        cells = [
            _cell(cell_shown(cell), width, style, align=column["align"], keep=keep)
            for cell, column, width in zip(row["cells"], columns, widths)
        ]
    high = f'<w:trHeight w:val="{least * 20:.0f}" w:hRule="atLeast"/>' if least else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{high}</w:trPr>{''.join(cells)}</w:tr>"
