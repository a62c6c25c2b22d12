"""The PDF: tagged, embedded, laid out as an attachment, the same bytes every time."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace

import pytest
import sample_blocks as sample
from pypdf import PdfReader

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.documents import pdf
from pbanalysis.reports.documents.document import compose_township

A4 = (595.28, 841.89)
FRAME = {
    "township_id": "629901106",
    "township": "双河镇",
    "county": "临河县",
    "period": "2023",
    "as_of": "2023-12-31",
}


@pytest.fixture(scope="module")
def read(made):
    """The PDF of a township, opened."""
    return lambda size: PdfReader(io.BytesIO(made(size, "pdf")))


def page_text(reader, number):
    return reader.pages[number].extract_text()


@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_it_claims_and_has_what_pdf_ua_and_pdf_a_ask_for(read, size):
    """Tagged, in Chinese, titled, with bookmarks, and identified as PDF/UA-1 and PDF/A-2a."""
    root = read(size).trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()
    assert root["/MarkInfo"]["/Marked"] is True or bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"].startswith("zh")
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert (
        read(size).metadata.title
        == f"{sample.TOWNS[size][1]}2023年度基层党建评估报告——“找差距、补短板、夯基础、促提升”行动"
    )
    titles = [str(item.title) for item in read(size).outline if not isinstance(item, list)]
    assert "主要结论" in titles
    assert "一、学习质量" in titles


def test_every_font_is_embedded(read):
    """No page uses a font that is not in the file."""
    for page in read("large").pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(inner["/FontDescriptor"].get_object())


def test_figures_are_vectors_with_alternative_text(made, read):
    """A figure is drawn, not a bitmap, and its alt text is in the structure tree."""
    reader = read("middle")
    assert not [image for page in reader.pages for image in page.images]

    def alts(node):
        node = node.get_object()
        if isinstance(node, list):
            return [alt for item in node for alt in alts(item)]
        if not isinstance(node, dict):
            return []
        own = [str(node["/Alt"])] if "/Alt" in node else []
        return own + (alts(node["/K"]) if "/K" in node else [])

    found = alts(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])
    assert sum("柱形图" in alt for alt in found) == 6


def test_it_is_an_attachment_on_a4(read):
    """附件1 stands first on the first page, then the title; every page is A4."""
    reader = read("middle")
    assert all(tuple(map(float, page.mediabox[2:])) == pytest.approx(A4, abs=0.5) for page in reader.pages)
    text = "".join(page_text(reader, 0).split()).removeprefix("草稿")
    assert text.startswith("附件1双河镇2023年度基层党建评估报告")


@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_the_summary_is_one_page(read, size):
    """The box for the township's statement is on page 1, the first theme on page 2."""
    first, second = page_text(read(size), 0), page_text(read(size), 1)
    assert "乡镇说明" in first
    assert "一、学习质量" in second.replace(" ", "")
    assert "一、学习质量" not in first.replace(" ", "")


def places(program, size, tmp_path):
    """Words of every page of a final report with their boxes, by poppler."""
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf.render(compose_township(sample.parts_of(size), status="final", **FRAME)))
    command = [program("pdftotext"), "-bbox", str(file), "-"]
    xml = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    word = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')
    return [[(*map(float, w[:4]), w[4]) for w in word.findall(page)] for page in xml.split("<page ")[1:]]


@pytest.mark.office
def test_page_numbers_stand_outside_and_nothing_leaves_the_type_area(program, tmp_path):
    """— 1 — right on odd pages, left on even ones; no word beyond the margins of GB/T 9704."""
    pages = places(program, "large", tmp_path)
    for number, words in enumerate(pages, start=1):
        mark = next(w for w in words if w[4] == str(number) and w[1] > 740)
        assert (mark[0] > A4[0] / 2) == bool(number % 2)
        inside = [w for w in words if w[1] < 740]
        assert min(w[0] for w in inside) >= 28 * 72 / 25.4 - 2
        # a mark that ends a line is squeezed: the empty half of its box stands in the margin
        assert max(w[2] for w in inside) <= A4[0] - 26 * 72 / 25.4 + 8.5
        assert max(w[3] for w in inside) <= A4[1] - 35 * 72 / 25.4 + 3


@pytest.mark.office
@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_no_heading_stands_alone_at_the_foot_of_a_page(program, size, tmp_path):
    """The last line of a page is never a heading or a caption."""
    for words in places(program, size, tmp_path):
        inside = sorted((w for w in words if w[1] < 740), key=lambda w: (w[3], w[0]))
        last = "".join(w[4] for w in inside if abs(w[3] - inside[-1][3]) < 2)
        assert not re.match(r"[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）", last)
        assert "各党支部开展情况" not in last


@pytest.mark.office
@pytest.mark.parametrize("size", ["middle", "large"])
def test_no_page_of_the_body_is_left_half_empty(program, size, tmp_path):
    """Text fills the page before a figure: under the last word at most a figure's half page is free."""
    pages = places(program, size, tmp_path)
    body = pages[1 : next(k for k, words in enumerate(pages) if any("指标口径" in w[4] for w in words))]
    assert len(body) >= 8
    for words in body:
        assert max(w[3] for w in words if w[1] < 740) > 0.55 * A4[1]


def test_a_figures_caption_and_source_are_on_its_page(read):
    """Picture, caption, unit and source are one piece: 来源 never starts the next page."""
    for page in read("middle").pages:
        text = page.extract_text().replace(" ", "").replace("\n", "")
        captions = text.count("多数支部按期开展，")
        assert text.count("单位：次；支部12个；来源：三会一课台账") == captions


def test_the_first_page_number_is_a_parameter():
    """An attachment that follows other pages goes on counting."""
    doc = compose_township(sample.parts_of("small"), start_page=4, attachment_no=None, **FRAME)
    reader = PdfReader(io.BytesIO(pdf.render(doc)))
    assert re.search(r"—\s*4\s*—", page_text(reader, 0))
    assert "附件" not in page_text(reader, 0)


def test_drafts_bear_a_watermark_and_final_reports_do_not():
    """草稿 and 核实中 stand behind every page until the report is final."""
    parts = sample.parts_of("small")
    for status, word, least in (("draft", "草稿", 2), ("checking", "核实中", 2), ("final", "草稿", 0)):
        doc = compose_township(parts, status=status, **FRAME)
        reader = PdfReader(io.BytesIO(pdf.render(doc)))
        text = page_text(reader, 1).replace("\n", "").replace(" ", "")
        assert text.count(word) >= min(least, 1)
        assert (word in text) == bool(least)


def test_a_long_table_repeats_its_head_on_every_page(read):
    """Sixty rows: each page that holds rows of the table has the head above them."""
    pages = [page.extract_text().replace(" ", "") for page in read("large").pages]
    with_rows = [text for text in pages if len(re.findall(r"党支部\s*\d+\s*12", text)) >= 3]
    assert len(with_rows) >= 4
    assert all("应开展" in text for text in with_rows)


def test_rare_characters_of_village_names_print(read):
    """堃, 䶮 and 镕 are in the text, so they were set with a glyph: PDF/UA refuses what has none."""
    text = "".join(page.extract_text() for page in read("middle").pages)
    assert all(character in text for character in "堃䶮镕")


def test_a_character_without_a_glyph_is_named_with_its_place():
    """The error says which character, its code point, and under which heading it stands."""
    parts = sample.parts_of("middle")
    table = next(b for b in parts["rectification"] if b["id"] == "rectification.branches")
    table["rows"][0]["cells"][0] = "\U00020bb7村党支部"
    with pytest.raises(PbError) as caught:
        pdf.render(compose_township(parts, **FRAME))
    assert "“\U00020bb7”字（U+20BB7）" in str(caught.value)
    assert "主要情况" in caught.value.where
    assert "PBANALYSIS_FONTS" in caught.value.fix


def test_without_the_engine_the_error_says_what_to_install(monkeypatch, documents):
    """No Typst: an expected error with the command to run; other formats do not need it."""
    monkeypatch.setitem(sys.modules, "typst", None)
    pdf.typesetter.cache_clear()
    try:
        with pytest.raises(PbError, match="pip install typst") as caught:
            pdf.render(documents["small"])
    finally:
        pdf.typesetter.cache_clear()
    assert caught.value.code is Code.ENGINE_MISSING
    assert caught.value.exit_status == 1


def test_the_same_document_gives_the_same_bytes_in_another_process(made, tmp_path):
    """Two processes, two folders, another day by the clock: identical bytes of every format."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import sample_blocks as s, hashlib\n"
        "from pbanalysis.reports.documents import attachments as a\n"
        "n, t = s.notebooks_of('middle'), s.about('middle')\n"
        "made = [*(a.attachment(kind, n, t) for kind in ('pdf', 'docx', 'xlsx')), a.facts(n, t)]\n"
        "print(*(hashlib.sha256(data).hexdigest() for data in made))"
    )
    here = str(__import__("pathlib").Path(__file__).parent)
    command = [sys.executable, "-c", code, here]
    runs = [
        subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout
        for env in ({"PYTHONHASHSEED": "1", "TZ": "UTC"}, {"PYTHONHASHSEED": "2", "TZ": "Asia/Shanghai"})
    ]
    assert runs[0] == runs[1]
    import hashlib

    assert hashlib.sha256(made("middle", "pdf")).hexdigest() in runs[0]


def test_dates_inside_the_file_are_the_cut_off(documents):
    """Nothing reads the clock: another cut-off gives another date, and that alone is the date."""
    later = replace(documents["small"], as_of=documents["small"].as_of.replace(month=11, day=15))
    reader = PdfReader(io.BytesIO(pdf.render(later)))
    assert (reader.metadata.creation_date.month, reader.metadata.creation_date.day) == (11, 15)
