"""The Word file: the PDF's words, editable tables, office fonts, the same bytes every time."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from itertools import pairwise

import docx
import pytest
import sample_blocks as sample
from docx.shared import Mm
from lxml import etree
from pypdf import PdfReader

from pbanalysis.reports.documents import word
from pbanalysis.reports.documents.document import compose_township
from pbanalysis.reports.documents.text import plain

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def read(made):
    """The Word file of a township, opened."""
    return lambda size: docx.Document(io.BytesIO(made(size, "docx")))


def test_page_set_up_is_that_of_an_official_document(read):
    """A4, 37/28/35/26 mm, line grid of 28.95 pt, different odd and even pages."""
    file = read("middle")
    section = file.sections[0]
    sides = (section.top_margin, section.left_margin, section.bottom_margin, section.right_margin)
    assert [round(side / Mm(1)) for side in sides] == [37, 28, 35, 26]
    assert (round(section.page_width / Mm(1)), round(section.page_height / Mm(1))) == (210, 297)
    assert section._sectPr.find(f"{W}docGrid").get(f"{W}linePitch") == "579"
    assert file.settings.odd_and_even_pages_header_footer
    align = [f.paragraphs[0].alignment for f in (section.footer, section.even_page_footer)]
    assert [int(a) for a in align] == [2, 0]


def test_fonts_are_named_as_offices_have_them(read):
    """Title 方正小标宋, headings 黑体 and 楷体, text 仿宋: an office that has them gets them."""
    styles = read("middle").styles
    names = {
        style: styles[style].element.rPr.rFonts.get(f"{W}eastAsia")
        for style in ("Title", "Heading 1", "Heading 2", "Heading 3", "公文正文")
    }
    assert names == {
        "Title": "方正小标宋简体",
        "Heading 1": "黑体",
        "Heading 2": "楷体_GB2312",
        "Heading 3": "仿宋_GB2312",
        "公文正文": "仿宋_GB2312",
    }


def test_headings_are_for_navigation(read, documents):
    """Every heading of the document is a heading style of its level, in order."""
    found = [
        (int(p.style.name[-1]), p.text)
        for p in read("large").paragraphs
        if p.style.name.startswith("Heading")
    ]
    doc = documents["large"]
    assert found == [(b["level"], b["text"]) for b in (*doc.body, *doc.annex) if b["type"] == "heading"]


def test_tables_repeat_their_head_and_do_not_split_rows(read):
    """Head rows are marked to repeat; no row breaks across pages; cells stand off the page grid."""
    tables = [t for t in read("large").tables if len(t.columns) > 1]  # a box has one
    assert len(tables) >= 10
    for table in tables:
        assert table.rows[0]._tr.find(f"{W}trPr/{W}tblHeader") is not None
        assert all(row._tr.find(f"{W}trPr/{W}cantSplit") is not None for row in table.rows)
        assert table._tbl.tblPr.find(f"{W}tblCaption").get(f"{W}val")
    style = read("large").styles["表格文字"].element
    assert style.pPr.find(f"{W}snapToGrid").get(f"{W}val") == "0"


def test_column_widths_are_fixed_and_fill_the_type_area(read):
    """Every row's cells add up to the grid, the grid to 156 mm."""
    for table in read("middle").tables:
        grid = [int(c.get(f"{W}w")) for c in table._tbl.tblGrid.findall(f"{W}gridCol")]
        assert sum(grid) == pytest.approx(156 / 25.4 * 1440, abs=20)
        for row in table._tbl.findall(f"{W}tr"):
            cells = [int(c.find(f"{W}tcPr/{W}tcW").get(f"{W}w")) for c in row.findall(f"{W}tc")]
            assert sum(cells) == pytest.approx(sum(grid), abs=len(grid) + 1)


def test_a_merged_head_stands_over_its_columns(read):
    """Two head rows: the group spans its columns, the others go down over both rows."""
    table = next(t for t in read("middle").tables if t.cell(0, 0).text == "党支部")
    assert [cell.text for cell in table.rows[0].cells] == ["党支部", "主题党日", "主题党日", "情况"]
    assert [cell.text for cell in table.rows[1].cells] == ["党支部", "已开展", "应开展", "情况"]


def test_figures_have_alternative_text_and_their_size(read, documents):
    """Each figure is 156 mm wide at most, with its alt text."""
    file = read("middle")
    figures = [b for b in documents["middle"].blocks if b["type"] == "figure"]
    described = [shape._inline.docPr.get("descr") for shape in file.inline_shapes]
    assert described == [figure["alt"] for figure in figures]
    assert all(shape.width <= Mm(156.1) for shape in file.inline_shapes)


def test_pictures_are_sharp_in_print(made):
    """A picture has at least 200 dots an inch at its printed size."""
    with zipfile.ZipFile(io.BytesIO(made("middle", "docx"))) as package:
        pngs = [package.read(name) for name in package.namelist() if name.endswith(".png")]
    assert pngs
    assert all(int.from_bytes(png[16:20], "big") >= 156 / 25.4 * 200 for png in pngs)


def test_its_words_are_those_of_the_document(read, documents):
    """Every running text of the document stands in the Word file, in order."""
    for size in ("small", "middle", "large"):
        text = "\n".join(p.text for p in read(size).paragraphs)
        wanted = [plain(b["spans"]) for b in documents[size].blocks if b["type"] == "paragraph"]
        at = 0
        for line in wanted:
            found = text.find(line, at)
            assert found >= 0, line
            at = found + len(line)


def test_dates_inside_are_the_cut_off(made, read):
    """Properties and members of the package bear the cut-off, not the clock."""
    with zipfile.ZipFile(io.BytesIO(made("small", "docx"))) as package:
        assert {member.date_time for member in package.infolist()} == {(2023, 12, 31, 0, 0, 0)}
    properties = read("small").core_properties
    assert properties.created.isoformat()[:10] == properties.modified.isoformat()[:10] == "2023-12-31"
    assert properties.author == properties.last_modified_by == "pbanalysis"


def test_a_draft_bears_a_watermark_on_odd_and_even_pages(made):
    """草稿 stands in both headers; a final report has none."""
    doc = compose_township(
        sample.parts_of("small"),
        township_id="629901200",
        township="柳林乡",
        county="临河县",
        period="2023",
        as_of="2023-12-31",
        status="final",
    )
    for data, times in ((made("small", "docx"), 2), (word.render(doc), 0)):
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            headers = [package.read(n).decode() for n in package.namelist() if "word/header" in n]
        assert sum('string="草稿"' in header for header in headers) == times


def test_without_the_engine_the_alternative_text_stands_for_the_picture(monkeypatch, documents):
    """No Typst to rasterise with: the Word file is still made, each figure told in words."""
    monkeypatch.setitem(sys.modules, "typst", None)
    file = docx.Document(io.BytesIO(word.render(documents["middle"])))
    assert not len(file.inline_shapes)
    told = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    assert sum("柱形图" in text for text in told) == 6


@pytest.mark.office
@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_libreoffice_opens_it_with_page_one_on_one_page(office, size):
    """The box is on page 1, the first theme on page 2; page numbers count on; no page is empty."""
    pages = [page.extract_text() for page in PdfReader(office(size)).pages]
    assert "乡镇说明" in pages[0]
    assert "一、学习质量" in pages[1].replace(" ", "")
    for number, text in enumerate(pages, start=1):
        assert re.search(rf"—\s*{number}\s*—", text)
        assert len("".join(text.split())) > 30


@pytest.mark.office
@pytest.mark.slow
def test_libreoffice_repeats_heads_and_leaves_no_heading_alone(office, program, made):
    """Sixty rows go over the page with their head; a heading is never the last line of a page."""
    pdf = office("large")
    command = [program("pdftotext"), "-layout", str(pdf), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    for page in text.split("\f")[:-1]:
        lines = [line.strip() for line in page.splitlines() if line.strip()]
        assert not re.match(r"[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）", lines[-2])
        if len(re.findall(r"党支部\s+\d+\s+12", page)) >= 3:
            assert "应开展" in page


ORDER = {  # what Word insists on (ECMA-376 part 1, sequences of the content models)
    "pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc textDirection textAlignment textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange",
    "rPr": "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid vanish webHidden color spacing w kern position sz szCs highlight u effect bdr shd fitText vertAlign rtl cs em lang eastAsianLayout specVanish oMath",
    "tblPr": "tblStyle tblpPr tblOverlap bidiVisual tblStyleRowBandSize tblStyleColBandSize tblW jc tblCellSpacing tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption tblDescription",
    "tcPr": "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign hideMark",
    "tbl": "tblPr tblGrid tr",
    "tr": "tblPrEx trPr tc",
    "sectPr": "headerReference footnotePr endnotePr type pgSz pgMar paperSrc pgBorders lnNumType pgNumType cols formProt vAlign noEndnote titlePg textDirection bidi rtlGutter docGrid",
    "style": "name aliases basedOn next link autoRedefine hidden uiPriority semiHidden unhideWhenUsed qFormat locked personal personalCompose personalReply rsid pPr rPr tblPr trPr tcPr tblStylePr",
    "font": "altName panose1 charset family notTrueType pitch sig",
    "inline": "extent effectExtent docPr cNvGraphicFramePr graphic",
}  # fmt: skip


@pytest.mark.parametrize("size", ["small", "large"])
def test_its_xml_is_in_the_order_that_word_asks_for(made, size):
    """Word repairs or refuses what stands in another order, LibreOffice does not: every part is looked at."""
    seen = set()
    with zipfile.ZipFile(io.BytesIO(made(size, "docx"))) as package:
        parts = [name for name in package.namelist() if re.match(r"word/[a-zA-Z]+\d?\.xml", name)]
        for name in parts:
            for element in etree.fromstring(package.read(name)).iter(etree.Element):
                tag = etree.QName(element).localname
                if tag not in ORDER:
                    continue
                seen.add(tag)
                order = ORDER[tag].split()
                inside = [etree.QName(child).localname for child in element]
                # references to heads and feet may stand in any order
                inside = [name.replace("footerReference", "headerReference") for name in inside]
                assert set(inside) <= set(order), (name, tag, inside)
                assert inside == sorted(inside, key=order.index), (name, tag, inside)
    assert seen == set(ORDER)


def test_every_cell_ends_in_a_paragraph_and_no_table_touches_another(made):
    """Both make a file that Word calls damaged, or tables that run into each other."""
    with zipfile.ZipFile(io.BytesIO(made("large", "docx"))) as package:
        body = etree.fromstring(package.read("word/document.xml"))[0]
    assert all(cell[-1].tag == f"{W}p" for cell in body.iter(f"{W}tc"))
    tags = [etree.QName(child).localname for child in body]
    assert ("tbl", "tbl") not in set(pairwise(tags))
    ids = [e.get("id") for e in body.iter() if str(e.tag).endswith("}docPr")]
    assert len(ids) == len(set(ids)) > 0


def test_a_figure_stays_with_its_caption_and_source(read):
    """Picture, caption and source line on one page: each is kept with the next."""
    blocks = list(read("middle").element.body)
    figures = [k for k, block in enumerate(blocks) if block.find(f".//{W}drawing") is not None]
    assert figures
    styles = {style.style_id: style for style in read("middle").styles}
    for k in figures:
        names = [blocks[j].pPr.pStyle.val for j in (k, k + 1, k + 2)]
        assert names == ["PbFigure", "PbCaption", "PbNote"]
        assert all(styles[name].paragraph_format.keep_with_next for name in names[:2])


def test_notes_and_source_are_a_tables_last_row(read, documents):
    """They stay on its page: kept with the rows before, whole, without a frame, over all columns."""
    noted = [t for t in read("large").element.body.findall(f"{W}tbl") if "来源：" in "".join(t.itertext())]
    shown = [b for b in documents["large"].blocks if b["type"] == "table" and b["source"]]
    assert len(noted) == len(shown)
    for table in noted:
        *_, before, last = table.findall(f"{W}tr")
        assert before.find(f".//{W}keepNext") is not None
        assert last.find(f"{W}trPr/{W}cantSplit") is not None
        (cell,) = last.findall(f"{W}tc")
        assert int(cell.find(f"{W}tcPr/{W}gridSpan").get(f"{W}val")) == len(table.find(f"{W}tblGrid"))
        assert cell.find(f"{W}tcPr/{W}tcBorders/{W}bottom").get(f"{W}val") == "nil"


def test_a_box_may_go_over_the_page_with_its_first_and_last_items_together(read):
    """A box is paragraphs in one frame, not a cell: title and two items together, and the last two."""
    paragraphs = [p for p in read("middle").paragraphs if p.style.style_id in ("PbBoxTitle", "PbBoxed")]
    assert paragraphs
    frames = {etree.tostring(p.style.element.pPr.find(f"{W}pBdr")) for p in paragraphs}
    assert len(frames) == 1
    title, first, *_ = paragraphs
    assert title.style.paragraph_format.keep_with_next
    assert first.paragraph_format.keep_with_next
