"""The county's page 1: its indicators, and in how many townships each is met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pbanalysis.reports.documents.text import Block, cell_text, listing, number_alone

__all__ = ["COUNTY_COLUMNS", "COUNTY_LEGEND", "indicators_of", "opinion", "rows_of"]

COUNTY_COLUMNS = (  # key, title, align, width
    ("theme", "专题", "left", 1.0),
    ("name", "指标", "left", 3.4),
    ("value", "全县", "right", 1.0),
    ("range", "波动范围", "right", 1.5),
    ("target", "目标", "right", 0.9),
    ("met", "达标乡镇", "right", 0.9),
    ("not_met", "未达标乡镇", "right", 1.0),
    ("unjudged", "未评价乡镇", "right", 1.0),
    ("state", "全县状态", "left", 1.2),
)
COUNTY_LEGEND = "乡镇为个数，含街道；未评价包括未到期、数据缺失、依规定不予公布和不适用。全部指标见正文。"


def indicators_of(blocks: Sequence[Block]) -> Block | None:
    """The overview's table that says in how many townships an indicator is met."""
    tables = (block for block in blocks if block["type"] == "table" and block["role"] == "scorecard")
    return next((b for b in tables if any(column["key"] == "unjudged" for column in b["columns"])), None)


def rows_of(table: Block) -> Iterator[list[list[Any]]]:
    """Its rows for page 1, by theme: a heading of the table names the theme of those below."""
    at = {column["key"]: k for k, column in enumerate(table["columns"])}
    theme = ""
    rows: list[list[Any]] = []
    for row in table["rows"]:
        if row["kind"] == "group":
            if rows:
                yield rows
            theme, rows = cell_text(row["cells"][0]), []
            continue
        cells = {key: row["cells"][at[key]] for key, *_ in COUNTY_COLUMNS[1:]}
        cells["target"] = number_alone(cells["target"])
        rows.append([theme, *cells.values()])
    yield rows


def opinion() -> Block:
    """The box of page 1: lines for the county's own words, as a township has for its own."""
    return listing("box", "statement", "县委组织部意见", [])
