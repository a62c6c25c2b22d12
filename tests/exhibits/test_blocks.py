"""Blocks: the schema of docs/blocks.md, their facts, their HTML, and reading them back."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbanalysis.exhibits.blocks import (
    BLOCK_MIME,
    Box,
    Cell,
    Column,
    Fact,
    Figure,
    Heading,
    ListBlock,
    Paragraph,
    Row,
    Table,
    blocks_of,
)
from pbanalysis.exhibits.markup import html_of
from pbanalysis.exhibits.style import STATE_MARKS, VS_COUNTY_MARKS
from pbanalysis.terms import STATES

CLOSED = Fact(id="R03.numerator", text="26", value=26, indicator_id="R03")
DUE = Fact(id="R03.denominator", text="31", value=31, indicator_id="R03")
RATE = Fact(id="R03.value", text="84%", value=26 / 31, n=26, N=31, indicator_id="R03", state="not_met")
VOID = {"col", "img", "br"}


class _Tree(HTMLParser):
    """Checks that tags close in order and gathers text and the facts named."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.facts: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self.facts += [value for name, value in attrs if name == "data-fact" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> _Tree:
    """The parsed HTML; every tag is closed."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    assert tree.open == []
    return tree


def html(block: Any) -> str:
    """HTML that the block shows in a notebook."""
    shown: str = block._repr_mimebundle_()["text/html"]
    return shown


def table(**changes: Any) -> Table:
    """A small scorecard."""
    columns = (
        Column(key="name", title="指标", width=2),
        Column(key="parts", title="分子/分母", align="right", group="结果"),
        Column(key="value", title="数值", align="right", group="结果"),
        Column(key="state", title="状态"),
    )
    rows = (
        Row(("整改",), "group"),
        Row(("到期办结率", Cell((CLOSED, "/", DUE)), RATE, Cell("未达标", state="not_met"))),
    )
    full = {
        "id": "R.card",
        "title": "指标一览",
        "columns": columns,
        "rows": rows,
        "unit": "项",
        "source": "整改台账",
    }
    return Table(**{**full, **changes})


def test_a_line_gathers_its_facts() -> None:
    """A paragraph's spans name their facts and the block lists them once each."""
    block = Paragraph(id="p", text=("到期 ", DUE, " 项，已办结 ", CLOSED, " 项（", DUE, "）。")).block()
    assert block["spans"][1] == {"t": "31", "f": "R03.denominator"}
    assert [fact["id"] for fact in block["facts"]] == ["R03.denominator", "R03.numerator"]


def test_a_block_is_json_whatever_the_number_type() -> None:
    """numpy and pandas numbers become JSON numbers; NaN, infinity and NA become null, never 0."""
    values = [np.int64(3), np.float64(0.5), np.nan, pd.NA, np.inf, None, 7]
    facts = tuple(Fact(id=f"x{k}", text="x", value=value) for k, value in enumerate(values))
    block = json.loads(json.dumps(Paragraph(text="", facts=facts).block(), allow_nan=False))
    assert [fact["value"] for fact in block["facts"]] == [3, 0.5, None, None, None, None, 7]


def test_a_suppressed_fact_holds_no_number() -> None:
    """A suppressed fact prints the legal phrase; one with a number cannot be made."""
    fact = Fact.suppressed("D01.value", indicator_id="D01")
    assert fact.text == STATES["suppressed"]
    assert fact.block()["value"] is None
    assert Cell(fact).block() | {"f": ""} == {
        "t": STATES["suppressed"],
        "v": None,
        "f": "",
        "state": "suppressed",
        "suppressed": True,
    }
    with pytest.raises(ValueError, match="suppressed"):
        Fact(id="D01.value", text=STATES["suppressed"], value=3, state="suppressed")
    with pytest.raises(ValueError, match="suppressed"):
        Fact(id="D01.value", text="3", state="suppressed")


def test_two_facts_of_one_id_must_agree() -> None:
    """An id that says two things in one block is refused."""
    other = Fact(id="R03.numerator", text="27", value=27)
    with pytest.raises(ValueError, match=r"R03\.numerator"):
        Paragraph(text=(CLOSED, other)).block()


def test_a_table_follows_the_schema() -> None:
    """Columns, rows, cells and notes as docs/blocks.md writes them."""
    block = table(notes=(("共 ", DUE, " 项"),)).block()
    assert block["type"] == "table"
    assert block["columns"][0] == {"key": "name", "title": "指标", "align": "left", "group": "", "width": 2}
    group, data = block["rows"]
    assert group == {"cells": ["整改"], "kind": "group"}
    assert data["cells"][0] == "到期办结率"
    assert data["cells"][1]["t"] == "26/31"
    assert [span if isinstance(span, str) else span["f"] for span in data["cells"][1]["spans"]] == [
        "R03.numerator",
        "/",
        "R03.denominator",
    ]
    assert data["cells"][2] == {
        "t": "84%",
        "v": 26 / 31,
        "f": "R03.value",
        "state": "not_met",
        "suppressed": False,
    }
    assert data["cells"][3]["state"] == "not_met"
    assert {fact["id"] for fact in block["facts"]} == {"R03.numerator", "R03.denominator", "R03.value"}


def test_a_table_without_unit_source_or_cells_is_refused() -> None:
    """Title, unit and source are obligatory and rows are as wide as the head."""
    for missing in ("title", "unit", "source"):
        with pytest.raises(ValueError, match="needs"):
            table(**{missing: ""})
    with pytest.raises(ValueError, match="2 cells"):
        table(rows=(Row(("a", "b")),))


def test_table_html_is_accessible() -> None:
    """Caption, column widths, scoped heads in two rows, a row head, the state by mark and text."""
    tree = read(html(table()))
    heads = [attrs for tag, attrs in tree.seen if tag == "th"]
    assert [head["scope"] for head in heads] == ["col", "colgroup", "col", "col", "col", "rowgroup", "row"]
    assert sum(tag == "col" for tag, _ in tree.seen) == 4
    assert "指标一览（单位：项）" in tree.text
    assert "来源：整改台账" in tree.text
    assert f"{STATE_MARKS['not_met']} 未达标" in tree.text
    assert tree.facts == ["R03.numerator", "R03.denominator", "R03.value"]


def test_every_state_has_a_mark_of_its_own() -> None:
    """Not applicable, missing, not due and suppressed never merge."""
    assert set(STATE_MARKS) == set(STATES)
    assert len(set(STATE_MARKS.values())) == len(STATES)


def test_what_is_held_back_and_what_is_too_small_have_different_marks() -> None:
    """No mark of a comparison with the county is a state's, and office fonts have each of them."""
    assert not set(STATE_MARKS.values()) & set(VS_COUNTY_MARKS.values())
    assert "".join((*STATE_MARKS.values(), *VS_COUNTY_MARKS.values())).encode("gbk")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))))
def test_text_is_escaped_everywhere(text: str) -> None:
    """Whatever a name contains, the HTML stays well-formed and shows exactly that text."""
    nasty = f"<script>&\"'{text}"
    fact = Fact(id=f"f{nasty}", text=nasty, value=nasty)
    blocks = [
        Heading(id=nasty, text=nasty),
        Paragraph(text=(nasty, fact)),
        ListBlock(title=nasty, items=(nasty,)),
        Box(role="limits", title=nasty, items=((nasty, fact),)),
        table(
            title=nasty, unit=nasty, source=nasty, n=nasty, rows=(Row((nasty, fact, "", Cell(nasty, "met"))),)
        ),
    ]
    for block in blocks:
        tree = read(html(block))
        assert nasty in tree.text
        assert "script" not in {tag for tag, _ in tree.seen}


def test_a_list_is_numbered_only_when_ordered() -> None:
    """``ordered`` decides between ol and ul, in HTML and in plain text."""
    ordered = ListBlock(items=("甲", "乙"), ordered=True)._repr_mimebundle_()
    assert ordered["text/html"].startswith("<ol")
    assert ordered["text/plain"] == "1. 甲\n2. 乙"
    assert html(ListBlock(items=("甲",))).startswith("<ul")


def figure(**changes: Any) -> Figure:
    """A figure with a stand-in drawing."""
    full: dict[str, Any] = {
        "id": "R.fig",
        "title": ("已办结 ", CLOSED, " 项"),
        "alt": ("共 ", DUE, " 项"),
        "unit": "项",
        "source": "整改台账",
        "n": ("n = ", DUE),
        "size": (150, 80.0),
        "svg": '<svg role="img" aria-label="x"></svg>',
    }
    return Figure(**{**full, **changes})


def test_a_figure_carries_its_picture_and_its_caption() -> None:
    """The drawing, title, unit, n and source stand in the HTML; the facts of the title are listed."""
    bundle = figure()._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle[BLOCK_MIME]["size"] == [150, 80]
    assert [fact["id"] for fact in bundle[BLOCK_MIME]["facts"]] == ["R03.numerator", "R03.denominator"]
    text = read(bundle["text/html"]).text
    assert text == "已办结 26 项（单位：项；n = 31；来源：整改台账）"
    for missing in ("title", "alt", "unit", "source", "n"):
        with pytest.raises(ValueError, match="needs"):
            figure(**{missing: ""})


def test_a_png_is_shown_with_its_alt_text() -> None:
    """Where only a PNG stands beside the block, the image names the alt text."""
    tree = read(html_of(figure().block(), {"image/png": "iVBO\n"}))
    (image,) = [attrs for tag, attrs in tree.seen if tag == "img"]
    assert image == {"alt": "共 31 项", "src": "data:image/png;base64,iVBO"}


def test_blocks_are_read_back_from_a_notebook_file() -> None:
    """A written and reread notebook gives the blocks in output order, with their pictures."""
    shown = [Heading(text="整改"), figure(), table()]
    outputs = [nbformat.v4.new_output("display_data", data=block._repr_mimebundle_()) for block in shown]
    cells = [
        nbformat.v4.new_markdown_cell("说明"),
        nbformat.v4.new_code_cell("x", outputs=[*outputs[:2], nbformat.v4.new_output("stream", text="…")]),
        nbformat.v4.new_code_cell("y", outputs=[outputs[2]]),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    again = nbformat.reads(nbformat.writes(notebook), as_version=4)
    raw = json.loads(nbformat.writes(notebook))  # a picture is a list of lines here
    for source in (again, raw):
        blocks = blocks_of(source)
        assert [block["type"] for block in blocks] == ["heading", "figure", "table"]
        assert blocks[1].pop("picture") == {"mime": "image/svg+xml", "data": figure().svg}
        assert blocks == [block.block() for block in shown]
