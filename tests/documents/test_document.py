"""The document: what stands on page 1, in which order the rest comes, what is too long."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
import sample_blocks as sample

from pbanalysis.errors import Code, PbError
from pbanalysis.exhibits.blocks import Box, Column, Row, Table
from pbanalysis.reports.documents import attachments
from pbanalysis.reports.documents.budget import BODY_MOST, budget
from pbanalysis.reports.documents.document import compose_county, compose_township, recompose
from pbanalysis.reports.documents.summary import PAGE
from pbanalysis.reports.documents.text import cell_text, figure_size, plain, prose

FRAME = {
    "township_id": "629901106",
    "township": "双河镇",
    "county": "临河县",
    "period": "2023",
    "as_of": "2023-12-31",
}


def texts(blocks):
    """All that is read in the blocks."""
    cells = [cell_text(cell) for block in blocks for row in block.get("rows", ()) for cell in row["cells"]]
    return "\n".join([*map(prose, blocks), *cells])


def headings(doc, level):
    return [b["text"] for b in (*doc.body, *doc.annex) if b["type"] == "heading" and b["level"] == level]


@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_page_one_holds_conclusions_table_problems_matters_and_reply(documents, size):
    """Page 1: three sentences, the indicator table, last period's problems, at most five matters, the box."""
    summary = documents[size].summary
    assert [block["role"] for block in summary] == [
        "headline",
        "scorecard",
        "previous",
        "onsite",
        "statement",
    ]
    assert len(summary[0]["items"]) == 3
    assert 1 <= len(summary[3]["items"]) <= 5
    titles = [column["title"] for column in summary[1]["columns"]]
    assert titles == ["专题", "指标", "完成值", "波动范围", "目标", "全县", "状态", "数据"]


def test_shortfalls_come_before_everything_else_on_page_one(documents):
    """A theme's rows on page 1 are shortfalls as long as it has any that is not shown."""
    doc, parts = documents["middle"], sample.parts_of("middle")
    for theme, name in (("study", "学习质量"), ("development", "发展党员"), ("rectification", "整改成效")):
        table = next(b for b in parts[theme] if b["role"] == "scorecard")
        short = sum(row["kind"] == "data" and row["cells"][7]["state"] == "not_met" for row in table["rows"])
        shown = [row["cells"][6]["state"] for row in doc.summary[1]["rows"] if row["cells"][0] == name]
        assert shown
        assert shown.count("not_met") == min(short, len(shown))


def test_every_problem_of_the_last_period_appears_with_its_state(documents):
    """None is dropped: each stands on page 1, or in its theme's own section."""
    for size, doc in documents.items():
        had = {
            cell_text(row["cells"][0])
            for blocks in sample.parts_of(size).values()
            for block in blocks
            if block["role"] == "previous"
            for row in block["rows"]
        }
        said = texts([b for b in (*doc.summary, *doc.body) if b["role"] == "previous"])
        assert had
        assert all(problem in said for problem in had)


def test_a_theme_without_data_is_said_and_not_judged(documents):
    """An empty theme reads as "no data", on page 1 and in its section, never as bad work."""
    doc = documents["small"]
    assert "发展党员：本期没有数据，不作评价。" in texts(doc.summary)
    assert "不等于没有开展工作" in texts(doc.body)


def test_themes_come_in_order_then_definitions_then_sources(documents):
    """Headings are numbered 一、 by the document, whatever numbers a notebook gave them."""
    assert headings(documents["middle"], 1) == [
        "一、学习质量", "二、发展党员", "三、整改成效", "四、指标口径", "五、数据来源与校验",
    ]  # fmt: skip
    assert headings(documents["middle"], 2)[:3] == [
        "（一）指标完成情况",
        "（二）主要情况",
        "（三）差距与下步工作",
    ]


def test_numbers_that_a_notebook_gave_its_headings_are_replaced():
    """A heading of a theme that begins with 二、 or 3. gets the document's number instead."""
    block = {"type": "heading", "id": "", "role": "", "level": 2, "text": "3. 组织生活", "facts": []}
    parts = {"study": [block, *sample.parts_of("middle")["study"]]}
    doc = compose_township(parts, **FRAME)
    assert "1.组织生活" in headings(doc, 3)


def test_sources_of_the_themes_are_one_table_by_its_headings():
    """Every theme's tables and files stand under their own heading in the attachment, each once."""

    def sources(theme: str, tables: list[str], files: list[str]) -> Table:
        rows = [Row(("数据表",), kind="group"), *(Row((name, "1")) for name in tables)]
        rows += [Row(("文件",), kind="group"), *(Row((name, "1")) for name in files)]
        columns = (Column(key="what", title="项目"), Column(key="n", title="行数"))
        shared = {"role": "provenance", "title": "数据", "unit": "行", "source": "数据仓"}
        return Table(id=f"{theme}.provenance", columns=columns, rows=tuple(rows), **shared)

    own = {
        "study": sources("study", ["会议", "组织"], ["会议.xlsx", "组织.csv"]),
        "rectification": sources("rectification", ["组织", "问题"], ["组织.csv", "问题.xlsx"]),
    }
    doc = compose_township({theme: [table.block()] for theme, table in own.items()}, **FRAME)
    (found,) = (b for b in doc.annex if b["type"] == "table" and b.get("title") == "数据")
    assert [row["cells"][0] for row in found["rows"]] == [
        "数据表", "会议", "组织", "问题", "文件", "会议.xlsx", "组织.csv", "问题.xlsx",
    ]  # fmt: skip


def test_what_may_not_be_concluded_stands_first_in_every_theme(documents):
    """The limits box follows the theme's heading."""
    body = documents["middle"].body
    after = [b for a, b in pairwise(body) if a["type"] == "heading" and a["level"] == 1]
    assert [block["role"] for block in after] == ["limits"] * 3


def test_budget_of_a_middle_township_is_kept(documents):
    """An ordinary attachment has one page of summary and a body of at most 4,000 characters."""
    found = budget(documents["middle"])
    assert found.ok
    assert found.body_chars <= BODY_MOST


def test_budget_names_what_to_cut_and_by_how_much(documents):
    """A body that is too long: the cuts named add up to the excess, and what is owed is not among them."""
    found = budget(documents["large"])
    assert sum(cut.by for cut in found.cuts) == found.body_chars - BODY_MOST
    assert {cut.block_id.split(".")[1] for cut in found.cuts} == {"long"}
    assert "建议减少" in found.lines()[0]


def test_the_batch_is_told_what_to_cut():
    """What the attachment's maker remarks is what the budget names; nothing where it is kept."""
    told = attachments.remarks(sample.notebooks_of("large"), sample.about("large"))
    assert told
    assert all("建议减少" in line for line in told)
    assert attachments.remarks(sample.notebooks_of("middle"), sample.about("middle")) == []


def test_budget_names_a_conclusion_that_does_not_fit_on_page_one():
    """Sentences too long for one page are named, the longest first."""
    parts = sample.parts_of("middle")
    for block in parts["study"]:
        if block["role"] == "headline":
            block["spans"] = ["情况" * 700]
    found = budget(compose_township(parts, **FRAME))
    assert not found.ok
    assert found.cuts[0].chars >= 1400
    assert "首页" in found.cuts[0].place


def test_a_tall_figure_stays_in_its_theme_and_the_body_says_so():
    """It may be set further behind, so that the page before it is full: a sentence tells where it is."""
    parts = sample.parts_of("middle")
    tall = next(b for b in parts["study"] if b["type"] == "figure")
    tall["size"] = [156.0, 180.0]
    doc = compose_township(parts, **FRAME)
    assert tall in doc.body
    assert not any(block["type"] == "figure" for block in doc.annex)
    assert texts(doc.body).count("排在本专题之内") == 1
    assert sum(b["type"] == "figure" for b in doc.body) == 6  # two a theme


@pytest.mark.parametrize(
    ("size", "set_as"), [((156, 70), (156, 70)), ((200, 70), (156, 54.6)), ((156, 108), (138.7, 96)), ((156, 240), (123.5, 190))]
)  # fmt: skip
def test_a_figure_is_set_so_that_its_caption_fits_below(size, set_as):
    """Within the type area, two of a page; a tall one alone on its page; never distorted."""
    assert figure_size({"size": size}) == pytest.approx(set_as, abs=0.05)


def test_figures_that_could_not_be_drawn_are_one_box():
    """Two of them in a theme: one box after its other findings, each with its reason and its facts."""
    parts = sample.parts_of("middle")
    few = sample.number("study.lag.n", "4", 4)
    empty = [
        Box(id="study.lag", role="finding", title="传达学习", items=(("只有 ", few, " 件，本图不画。"),)),
        Box(id="study.mix", role="finding", title="活动构成", items=("没有数据，本图不画。",)),
    ]
    parts["study"] = [*(box.block() for box in empty), *parts["study"]]
    doc = compose_township(parts, **FRAME)
    (box,) = [b for b in doc.body if b["type"] == "box" and b["role"] == "finding"]
    assert [plain(item) for item in box["items"]] == [
        "传达学习：只有 4 件，本图不画。",
        "活动构成：没有数据，本图不画。",
    ]
    assert [fact["id"] for fact in box["facts"]] == ["study.lag.n"]


def test_the_statement_of_the_township_is_printed_in_its_box():
    """The right of reply: what the township wrote stands on page 1; without it the box is empty."""
    doc = compose_township(sample.parts_of("middle"), statement="两个支部的补课已安排。", **FRAME)
    assert plain(doc.summary[-1]["items"][0]) == "两个支部的补课已安排。"
    assert compose_township(sample.parts_of("middle"), **FRAME).summary[-1]["items"] == []


@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_a_document_is_composed_again_from_its_frame(documents, size):
    """The frame that facts.json keeps is all that is needed beside the blocks."""
    assert recompose(sample.parts_of(size), documents[size].frame) == documents[size]


def county_of(blocks):
    return compose_county(
        {"overview": blocks}, county_id="629901", county="临河县", period="2023", as_of="2023-12-31"
    )


def test_the_county_has_a_report_of_the_same_kind():
    """The parts are what the overview shows; the box is for the county's own words."""
    doc = county_of(sample.parts_of("middle")["study"])
    assert doc.title[0] == "临河县2023年度基层党建评估报告"
    roles = ["headline", "scorecard", "previous", "onsite", "statement"]
    assert [block["role"] for block in doc.summary] == roles
    assert doc.summary[-1]["title"] == "县委组织部意见"
    assert headings(doc, 1)[0] == "一、全县情况"


def test_the_countys_page_one_says_a_sentence_a_theme_and_in_how_many_townships():
    """Three sentences from the overview's list; the table names the theme and counts the townships."""
    doc = county_of(sample.overview_blocks())
    assert [plain(item)[:4] for item in doc.summary[0]["items"]] == ["学习质量", "发展党员", "整改成效"]
    table = doc.summary[1]
    shown = [[cell_text(cell) for cell in row["cells"]] for row in table["rows"]]
    assert [column["title"] for column in table["columns"]][5:8] == ["达标乡镇", "未达标乡镇", "未评价乡镇"]
    assert {row[0] for row in shown} == {"学习质量", "发展党员", "整改成效"}
    assert all(sum(map(int, row[5:8])) == 14 for row in shown)
    assert {row[4] for row in shown} == {"100%"}  # how a target was come by stands in the body
    assert len(shown) >= 9
    assert budget(doc).summary_points <= PAGE


def test_an_unknown_status_is_refused():
    """Only draft, checking and final exist."""
    with pytest.raises(ValueError, match="unknown status"):
        compose_township({}, status="signed", **FRAME)  # type: ignore[arg-type]


def test_nothing_at_all_is_still_a_document():
    """A township without any notebook gets an attachment that says so three times."""
    doc = compose_township({}, **FRAME)
    assert texts(doc.body).count("本期没有这一专题的数据") == 3


@pytest.mark.parametrize(
    ("suffix", "module", "package"),
    [("docx", "docx", "python-docx"), ("xlsx", "xlsxwriter", "xlsxwriter")],
)
def test_a_format_whose_package_is_missing_says_what_to_install(monkeypatch, suffix, module, package):
    """An expected error with the command to run, so that the batch makes the other formats all the same."""
    written = {"docx": "word", "xlsx": "excel"}[suffix]
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"pbanalysis.reports.documents.{written}", raising=False)
    with pytest.raises(PbError, match=f"pip install {package}") as caught:
        attachments.attachment(suffix, sample.notebooks_of("middle"), sample.about("middle"))
    assert (caught.value.code, caught.value.where) == (Code.ENGINE_MISSING, f"report.{suffix}")
