"""facts.json: complete, consistent, and no number in any format without a fact."""

from __future__ import annotations

import io
import json
import re

import docx
import pytest
import sample_blocks as sample
from openpyxl import load_workbook
from pypdf import PdfReader

from pbanalysis.errors import PbError
from pbanalysis.reports.check.reading import texts_of
from pbanalysis.reports.documents import attachments, pdf
from pbanalysis.reports.documents.document import compose_township
from pbanalysis.reports.documents.facts import collect, numbers_in, orphans
from pbanalysis.reports.documents.html import render_html

FIELDS = {
    *("id", "indicator_id", "name", "value", "text", "n", "N", "state", "source_tables", "rows", "clause")
}


def facts_of(size):
    return json.loads(attachments.facts(sample.notebooks_of(size), sample.about(size)))


def body_of_pdf(data):
    """Text of the PDF from the title to the definitions, watermarks left out."""
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return re.split(r"\n四、\s*指标口径|\n三、\s*指标口径", text)[0]


def body_of_docx(data):
    """Text of the Word file from the title to the definitions."""
    lines = []
    for item in docx.Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(item, docx.table.Table):
            lines += [cell.text for row in item.rows for cell in row.cells]
        elif item.text.endswith("指标口径") and item.style.name.startswith("Heading"):
            break
        else:
            lines.append(item.text)
    return "\n".join(lines)


def body_of_xlsx(data):
    """Cells of the indicator table as a person sees them."""
    cells = [cell for row in load_workbook(io.BytesIO(data)).worksheets[0].iter_rows() for cell in row]
    shown = [f"{c.value:.1%}" if c.number_format == "0.0%" else f"{c.value:.0%}" if "%" in c.number_format else c.value for c in cells]  # fmt: skip
    return "\n".join(str(value) for value in shown if value is not None)


def test_facts_have_the_fields_of_the_contract_and_unique_ids():
    """Every fact of every block is there once, with the contract's fields."""
    facts = facts_of("middle")["facts"]
    assert all(set(fact) == FIELDS for fact in facts)
    assert len({fact["id"] for fact in facts}) == len(facts)
    wanted = {f["id"] for blocks in sample.parts_of("middle").values() for b in blocks for f in b["facts"]}
    assert {fact["id"] for fact in facts if not fact["id"].startswith("rule.")} == wanted


def test_numbers_of_the_method_are_facts_too():
    """「分母不足10」, 95% and 50 persons a branch stand in sentences: each has a fact that says what it is."""
    facts = {fact["id"]: fact for fact in facts_of("small")["facts"]}
    texts = [facts[name]["text"] for name in ("rule.few", "rule.range", "rule.branch.most_members")]
    assert texts == ["10", "95%", "50"]
    assert orphans("分母不足10，只列件数", facts_of("small")) == []


def test_two_facts_of_one_id_that_differ_are_refused():
    """The same number said twice differently must not leave the house."""
    blocks = [{"facts": [{"id": "R03.value", "text": text, "value": 0.8}]} for text in ("80%", "81%")]
    with pytest.raises(PbError, match=r"R03\.value"):
        collect(blocks)


@pytest.mark.parametrize("size", ["small", "middle", "large"])
@pytest.mark.parametrize(
    ("kind", "body"), [("pdf", body_of_pdf), ("docx", body_of_docx), ("xlsx", body_of_xlsx)]
)
def test_no_format_prints_a_number_without_a_fact(made, size, kind, body):
    """Every number in the body of PDF, Word and Excel is the text of a fact, or part of it."""
    text = body(made(size, kind))
    assert len(numbers_in(text)) > 40
    assert orphans(text, facts_of(size)) == []


@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_no_page_prints_a_number_without_a_fact(size):
    """The same of the web pages, words for pictures included."""
    facts = facts_of(size)
    for notebook in sample.notebooks_of(size).values():
        texts = texts_of("a.html", render_html(notebook, title="专题"))
        shown = [t.text for t in texts if not re.search("网页代码|的图形|的机器可读值", t.place)]
        body = "\n".join(shown[: next(k for k, text in enumerate(shown) if text.startswith("指标口径"))])
        assert len(numbers_in(body)) > 40
        assert orphans(body, facts) == []


def test_pdf_and_word_print_the_same_numbers(made):
    """What one format says, the other says: the same numbers as often, page furniture aside."""
    for size in ("small", "middle", "large"):
        one, other = (sorted(set(numbers_in(body(made(size, kind))))) for kind, body in (("pdf", body_of_pdf), ("docx", body_of_docx)))  # fmt: skip
        assert one == other


def test_a_typed_number_is_found():
    """A number put into a sentence by hand is an orphan in every format that prints it."""
    parts = sample.parts_of("middle")
    for block in parts["study"]:
        if block["role"] == "headline":
            block["spans"] = [*block["spans"], "其中有 8.7 项突出。"]
    doc = compose_township(parts, township_id="629901106", township="双河镇", county="临河县", period="2023", as_of="2023-12-31")  # fmt: skip
    assert orphans(body_of_pdf(pdf.render(doc)), facts_of("middle")) == ["8.7"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("截至2023年12月31日（2023H1）", []),
        ("2023 年度；2023-12-31；12月底前", []),
        ("依据措施8、措施 13，中办发〔2024〕5号，附件1", []),
        ("R03、M03-4a、W3-2、v1.2 和 facts.json", []),
        ("— 12 —", []),
        ("1. 到期31项\n（2）完成26项", ["31", "26"]),
        ("93.0%—100.0%，1,234元", ["93.0%", "100.0%", "1,234"]),
    ],
)
def test_numbers_of_the_frame_are_no_facts(text, numbers):
    """Dates, clauses, ids, page and heading numbers are left out; everything else counts."""
    assert numbers_in(text) == numbers
