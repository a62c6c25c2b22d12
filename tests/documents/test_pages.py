"""The pages as they are printed, PDF and Word: no empty foot, nothing parted that belongs together."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest
import sample_blocks as sample
from white import by_office, feet

from pbanalysis.reports.documents import pdf, word
from pbanalysis.reports.documents.attachments import compose

pytestmark = [pytest.mark.office, pytest.mark.slow]
WHITE_MOST = 0.2  # of a page
CASES = [(size, kind) for size in ("small", "middle", "large") for kind in ("pdf", "docx")]


def document(size):
    return compose(sample.notebooks_of(size), {**sample.about(size), "status": "final"})


def with_tall_figures():
    """A middle township whose first figure of each theme is as high as forty branches make it."""
    doc = document("middle")
    body, theme, high = [], "", iter((150.0, 183.0, 120.0))
    for block in doc.body:
        if block["type"] == "heading" and block["level"] == 1:
            theme = block["text"]
        if block["type"] == "figure" and theme:
            size, theme = [156.0, next(high)], ""
            picture = {"mime": "image/svg+xml", "data": sample.bars(1, *size)}
            block = {**block, "size": size, "picture": picture}
        body.append(block)
    return replace(doc, body=tuple(body))


@pytest.fixture(scope="module")
def printed(program, tmp_path_factory):
    """A final report (no watermark) as PDF: Typst's own, or the Word file through LibreOffice."""
    kept = {}

    def make(size, kind):
        if (size, kind) not in kept:
            folder = tmp_path_factory.mktemp(f"{size}_{kind}")
            doc = with_tall_figures() if size == "tall" else document(size)
            if kind == "pdf":
                (folder / "report.pdf").write_bytes(pdf.render(doc))
            else:
                (folder / "report.docx").write_bytes(word.render(doc))
                by_office(program("soffice"), [folder / "report.docx"], folder)
            kept[size, kind] = folder / "report.pdf"
        return kept[size, kind]

    return make


def page_lines(program, file):
    """Lines of each page without white space, without the page number."""
    command = [program("pdftotext"), "-layout", str(file), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    pages = [[re.sub(r"\s", "", line) for line in page.splitlines()] for page in text.split("\f")[:-1]]
    return [[line for line in page if line and not re.fullmatch(r"—\d+—", line)] for page in pages]


@pytest.mark.parametrize(("size", "kind"), [*CASES, ("tall", "pdf"), ("tall", "docx")])
def test_no_page_has_an_empty_foot(program, printed, size, kind):
    """Every page but the last is filled: text and tables go on, a figure waits for its place."""
    shares = feet(program("pdftoppm"), printed(size, kind))
    assert len(shares) > 7
    assert max(shares[:-1]) < WHITE_MOST, [round(share, 2) for share in shares]


@pytest.mark.parametrize(("size", "kind"), CASES)
def test_notes_are_never_the_first_of_a_page(program, printed, size, kind):
    """Notes and source have a row of their table above them on the page."""
    for page in page_lines(program, printed(size, kind))[1:]:
        assert not page[0].startswith(("注：", "来源："))


@pytest.mark.parametrize(("size", "kind"), CASES)
def test_no_figure_stands_inside_a_table(program, printed, size, kind):
    """A table that goes over the page goes on at its top: its head is the first that is read there."""
    for page in page_lines(program, printed(size, kind)):
        captions = [k for k, line in enumerate(page) if "多数支部按期开展，" in line]
        rows = [k for k, line in enumerate(page) if re.search(r"党支部\d+12", line)]
        heads = [k for k, line in enumerate(page) if "党支部开展情况" in line]
        begun = [k for k in rows if not heads or k < heads[0]]  # rows of a table begun before
        assert not any(caption < max(begun) for caption in captions if begun)


@pytest.mark.parametrize(("size", "kind"), CASES)
def test_no_row_of_a_long_table_is_alone_on_a_page(program, printed, size, kind):
    """At least two of its rows stand together, at either end."""
    for page in page_lines(program, printed(size, kind)):
        rows = [line for line in page if re.search(r"党支部\d+12", line)]
        assert len(rows) != 1 or size == "small"  # one branch, one row


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_a_box_that_goes_over_the_page_has_two_items_on_either_side(program, tmp_path, kind):
    """Wherever it begins on the page: no title alone, no single item below or above the break."""
    parts = sample.notebooks_of("middle")
    del parts["development"], parts["rectification"]
    box = f"第{{}}条：{'分母不足，不作比较，也不据此推断，' * 3}。"
    for before in (0, 3, 6, 9):
        doc = compose(parts, {**sample.about("middle"), "status": "final"})
        said = next(block for block in doc.body if block["role"] == "limits")
        said = {**said, "items": [[box.format(k)] for k in range(1, 19)]}
        filler = [{"type": "paragraph", "id": "", "role": "", "spans": ["说明" * 28], "facts": []}] * before
        made = replace(doc, body=(doc.body[0], *filler, said))
        file = tmp_path / f"{before}.pdf"
        if kind == "pdf":
            file.write_bytes(pdf.render(made))
        else:
            (tmp_path / f"{before}.docx").write_bytes(word.render(made))
            by_office(program("soffice"), [tmp_path / f"{before}.docx"], tmp_path)
        counts = [
            sum(bool(re.match(r"第\d+条：", line)) for line in page) for page in page_lines(program, file)
        ]
        assert sum(counts) == 18
        assert all(n == 0 or n >= 2 for n in counts), (before, counts)
