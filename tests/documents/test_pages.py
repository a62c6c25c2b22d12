"""The pages as they are printed, PDF and Word: no empty foot, nothing parted that belongs together."""

from __future__ import annotations

import io
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import sample_blocks as sample

from pbanalysis.reports.documents import pdf, word
from pbanalysis.reports.documents.attachments import compose

pytestmark = [pytest.mark.office, pytest.mark.slow]
DPI, TOP, BOTTOM = 40, 37 / 25.4, 262 / 25.4  # the type area, in inches
WHITE_MOST = 0.2  # of a page
CASES = [(size, kind) for size in ("small", "middle", "large") for kind in ("pdf", "docx")]


@pytest.fixture(scope="module")
def printed(program, tmp_path_factory):
    """A final report (no watermark) as PDF: Typst's own, or the Word file through LibreOffice."""
    kept = {}

    def make(size, kind):
        if (size, kind) not in kept:
            folder = tmp_path_factory.mktemp(f"{size}_{kind}")
            doc = compose(sample.notebooks_of(size), {**sample.about(size), "status": "final"})
            if kind == "pdf":
                (folder / "report.pdf").write_bytes(pdf.render(doc))
            else:
                (folder / "report.docx").write_bytes(word.render(doc))
                profile = f"-env:UserInstallation=file://{folder}/profile"
                command = [program("soffice"), profile, "--headless", "--convert-to", "pdf", "report.docx"]
                subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=180)
            kept[size, kind] = folder / "report.pdf"
        return kept[size, kind]

    return make


def feet(program, file):
    """White below the last ink of each page, as a share of the type area."""
    command = [program("pdftoppm"), "-r", str(DPI), "-gray", str(file)]
    made = io.BytesIO(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
    shares = []
    while made.readline():  # P5
        wide, high = map(int, made.readline().split())
        made.readline()
        page = np.frombuffer(made.read(wide * high), dtype=np.uint8).reshape(high, wide)
        area = page[int(TOP * DPI) : int(BOTTOM * DPI) + 1]
        inked = np.flatnonzero((area < 200).any(axis=1))
        shares.append(1 - (inked.max(initial=-1) + 1) / len(area))
    return shares


def page_lines(program, file):
    """Lines of each page without white space, without the page number."""
    command = [program("pdftotext"), "-layout", str(file), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    pages = [[re.sub(r"\s", "", line) for line in page.splitlines()] for page in text.split("\f")[:-1]]
    return [[line for line in page if line and not re.fullmatch(r"—\d+—", line)] for page in pages]


@pytest.mark.parametrize(("size", "kind"), CASES)
def test_no_page_has_an_empty_foot(program, printed, size, kind):
    """Every page but the last is filled: text and tables go on, a figure waits for its place."""
    shares = feet(program, printed(size, kind))
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
            profile = f"-env:UserInstallation=file://{tmp_path}/profile"
            command = [program("soffice"), profile, "--headless", "--convert-to", "pdf", f"{before}.docx"]
            subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
        counts = [
            sum(bool(re.match(r"第\d+条：", line)) for line in page) for page in page_lines(program, file)
        ]
        assert sum(counts) == 18
        assert all(n == 0 or n >= 2 for n in counts), (before, counts)
