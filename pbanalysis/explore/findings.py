"""What the import found, by township: what to correct, to confirm, to know."""

from __future__ import annotations

import csv
from collections import Counter

from pbanalysis.exhibits.blocks import Box, CellLike, Column, Row, Table
from pbanalysis.exhibits.numbers import NONE, count
from pbanalysis.store.county import County

__all__ = ["findings"]

# severities of the import record, and what they ask of a township
SEVERITIES = {"block": "需改正（已退回）", "confirm": "需确认", "note": "提示"}


def findings(county: County) -> Table | Box:
    """Findings of the import by township and severity, with the rows rejected and said twice.

    A store made from canonical CSVs without a record has none; a box says so.
    """
    folder = county.folder / "import"
    if not (folder / "findings.csv").exists():
        return Box(
            id="findings",
            role="finding",
            title="导入时发现的问题",
            items=("这个数据仓没有导入清单，无法列出发现的问题。",),
        )
    found = Counter((row["township_id"], row["severity"]) for row in _read(county, "findings.csv"))
    lost = Counter(
        (row["township_id"], row["disposition"])
        for row in _read(county, "rows.csv")
        if row["disposition"] in ("rejected", "duplicate")
    )
    towns = [
        (str(code), str(name))
        for code, name in zip(county.townships["township_id"], county.townships["name"])
    ]
    known = {code for code, _ in towns}
    other = [
        (code, "未能对应到乡镇")
        for code in dict.fromkeys(code for code, _ in (*found, *lost))
        if code not in known
    ]
    rows = []
    for code, name in (*towns, *other):
        numbers = [
            *((f"findings.{code}.{severity}", found[code, severity]) for severity in SEVERITIES),
            *((f"rows.{code}.{kind}", lost[code, kind]) for kind in ("rejected", "duplicate")),
        ]
        cells: list[CellLike] = [count(fact, n) if n else NONE for fact, n in numbers]
        rows.append(Row((name, *cells)))
    titles = (*SEVERITIES.values(), "退回的行", "重复的行")
    return Table(
        id="findings",
        role="finding",
        title="导入时发现的问题",
        columns=(
            Column(key="name", title="乡镇（街道）", width=1.4),
            *(Column(key=str(k), title=title, align="right") for k, title in enumerate(titles)),
        ),
        rows=tuple(rows),
        unit="处、行",
        source="导入清单",
        notes=(
            "退回的行没有进入任何数字；逐条内容见数据仓 import 文件夹中的批注副本和问题清单。发现多少不代表工作好坏。",
        ),
    )


def _read(county: County, name: str) -> list[dict[str, str]]:
    with (county.folder / "import" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
