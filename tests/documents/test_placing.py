"""Where figures stand, and how wide columns are: reckoned before a page is set."""

from __future__ import annotations

import pytest
import sample_blocks as sample

from pbanalysis.reports.documents.heights import PAGE, breaks, pieces, row_heights
from pbanalysis.reports.documents.placing import placed
from pbanalysis.reports.documents.summary import WIDTH
from pbanalysis.reports.documents.text import (
    cell_lines,
    cell_shown,
    figure_size,
    heading,
    lines,
    paragraph,
    pt_widths,
    table,
)


def figure(name, height=90.0):
    about = {"title": name, "alt": name, "unit": "次", "n": "", "source": "台账", "facts": []}
    return {"type": "figure", "id": name, "role": "finding", "size": [156.0, height], **about}


def text(characters):
    return paragraph("情" * characters)


def names(blocks):
    return [b["id"] or b.get("text") or str(len(b["spans"][0])) for b in blocks]


def test_text_that_follows_fills_the_page_before_a_figure():
    """Twelve lines stand, a half-page figure does not fit below: the next paragraph goes before it."""
    blocks = [heading(1, "一"), text(12 * 28 - 4), figure("图"), text(8 * 28 - 4)]
    assert names(placed(blocks, "docx")) == ["一", "332", "220", "图"]


def test_a_figure_that_fits_stays_where_it_is():
    """Nothing is moved or made smaller without need."""
    blocks = [heading(1, "一"), text(60), figure("图"), text(200)]
    assert placed(blocks, "docx") == blocks


def test_a_figure_is_set_a_little_smaller_where_that_saves_half_a_page():
    """Nothing follows in its section: a tenth off the figure is better than an empty foot."""
    blocks = [heading(1, "一"), text(9 * 28 - 4), figure("图", 100.0), heading(1, "二"), text(200)]
    found = placed(blocks, "docx")
    assert names(found) == names(blocks)
    assert 0.8 <= figure_size(found[2])[1] / figure_size(blocks[2])[1] < 1


@pytest.mark.parametrize("lines_before", range(1, 22))
def test_no_figure_leaves_its_section_and_each_kind_keeps_its_order(lines_before):
    """Whatever stands before: the same blocks, figures between their headings, orders kept."""
    blocks = [heading(1, "一"), text(lines_before * 28 - 4), figure("甲"), figure("乙"), text(300), text(61), heading(1, "二"), text(90), figure("丙")]  # fmt: skip
    for engine in ("pdf", "docx"):
        found = names(placed(blocks, engine))
        assert sorted(found) == sorted(names(blocks))
        assert found.index("甲") < found.index("乙") < found.index("二") < found.index("丙")
        assert found[0] == "一"
        kept = [name for name in found if name not in "甲乙丙"]
        assert kept == [name for name in names(blocks) if name not in "甲乙丙"]


def branches(rows=None, **about):
    block = next(b for b in sample.parts_of("large")["study"] if b["id"] == "study.branches")
    return {**block, "rows": block["rows"] if rows is None else rows, **about}


@pytest.mark.parametrize("engine", ["pdf", "docx"])
def test_a_table_keeps_two_rows_at_either_end(engine):
    """Its head and two low rows begin it, two rows and the notes end it; one where rows or notes are high."""
    block = branches()
    assert (breaks(block, engine).begun, breaks(block, engine).foot) == (2, 2)
    assert breaks(branches(notes=[["说明" * 300]]), engine).foot == 1
    high = {"cells": [name * 40 for name in "甲乙丙丁"], "kind": "data"}
    assert breaks(branches([high, *block["rows"]]), engine).begun == 1
    assert breaks(branches([*block["rows"], high]), engine).foot == 1


@pytest.mark.parametrize("engine", ["pdf", "docx"])
def test_a_heading_inside_a_table_goes_with_the_rows_below_it(engine):
    """It counts as none of the first rows, and goes over the page with the last ones."""
    rows = branches()["rows"]
    group = {"cells": ["其他支部"], "kind": "group"}
    assert breaks(branches([group, *rows]), engine).begun == 3
    assert breaks(branches([*rows[:-2], group, *rows[-2:]]), engine).foot == 3


@pytest.mark.parametrize("engine", ["pdf", "docx"])
def test_a_low_table_is_not_broken_and_a_high_one_of_two_rows_is(engine):
    """What is a sixth of a page at most stays on one; more would leave the page before it too empty."""
    rows = branches()["rows"]
    low, high = branches(rows[:2]), branches(rows[:2], notes=[["说明" * 200]])
    assert breaks(low, engine).short
    assert len(pieces(low, engine)) == 1
    assert not breaks(high, engine).short
    assert len(pieces(high, engine)) == 2


def test_a_long_item_of_a_box_is_broken_and_a_short_one_is_not():
    """Title and the first short item go with the next one, the last short item with the one before."""

    def box(*lengths):
        about = {"id": "", "role": "limits", "title": "限制", "ordered": False, "facts": []}
        return {"type": "box", **about, "items": [["情" * n] for n in lengths]}

    for engine in ("pdf", "docx"):
        assert len(pieces(box(20, 20), engine)) == 1
        assert len(pieces(box(20, 20, 20, 20), engine)) == 2
        assert len(pieces(box(20, 350, 20), engine)) > 5  # ten lines between two


def test_a_tall_figure_may_go_behind_what_follows_in_its_theme():
    """Its page would leave half of the one before empty: text of a later section fills that; no other theme's."""
    blocks = [heading(1, "零"), text(9 * 28 - 4), heading(1, "一"), figure("图", 180.0), heading(2, "二"), text(200), text(201), heading(1, "三"), text(90)]  # fmt: skip
    for engine in ("pdf", "docx"):
        found = names(placed(blocks, engine))
        assert found.index("图") > found.index("200")
        assert found.index("图") < found.index("三")
        assert [name for name in found if name != "图"] == [name for name in names(blocks) if name != "图"]


def test_a_column_of_long_text_is_wide_and_one_of_numbers_narrow():
    """The table is as low as may be, whatever widths were declared."""
    columns = [
        {"key": key, "title": key, "align": "left", "group": "", "width": 1.0}
        for key in ("项目", "行数", "说明")
    ]
    rows = [
        {"cells": [f"第{k}项", str(k), "收到的行数等于采用、退回与重复之和" * 3], "kind": "data"}
        for k in range(12)
    ]
    block = table("", "表", columns, rows)
    widths = pt_widths(block, WIDTH, 9.0)
    assert sum(widths) == pytest.approx(WIDTH)
    assert widths[2] > WIDTH / 2 > 4 * widths[1]
    even = [WIDTH / 3] * 3

    def high(of):
        return sum(max(cell_lines(cell_shown(c), w, 9.0) for c, w in zip(row["cells"], of)) for row in rows)

    assert high(widths) < high(even)


@pytest.mark.parametrize("size", ["small", "middle", "large"])
def test_no_short_term_or_number_is_broken(documents, size):
    """A number, a state, a head of up to five characters stands on one line in every table that has the room."""
    for block in documents[size].blocks:
        if block["type"] != "table" or len(block["columns"]) > 7:
            continue
        for row in block["rows"]:
            for cell, width in zip(row["cells"], pt_widths(block, WIDTH, 9.0)):
                shown = cell_shown(cell)
                if len(row["cells"]) == len(block["columns"]) and len(shown) <= 5:
                    assert cell_lines(shown, width, 9.0) == 1, (block["title"], shown)


def test_a_line_breaks_where_a_typesetter_would():
    """A number goes to the next line whole; a mark stays with its word; what is too long is broken."""
    assert lines("到期31次", 4) == 2
    assert lines("未达标，", 3.5) == 1
    assert lines("1" * 20, 5) == 3
    assert lines("", 5) == 1


def test_rows_are_reckoned_within_a_page(documents):
    """No row of a real table is higher than a page."""
    for doc in documents.values():
        for block in doc.blocks:
            if block["type"] == "table":
                head, rows = row_heights(block)
                assert head + max(rows, default=0.0) < PAGE / 2
