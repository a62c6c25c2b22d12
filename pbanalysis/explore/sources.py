"""What data are there: every source by township, with its gaps and what the import found in it."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from pbanalysis.exhibits.blocks import Column, Row, Table
from pbanalysis.exhibits.lines import Line, Span
from pbanalysis.exhibits.numbers import count
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES
from pbanalysis.themes.filings import of_persons

__all__ = ["sources"]

# severities of the import record that ask something of a township
_FOUND = {"block": "退回", "confirm": "存疑"}
# ledger kinds that fill a table of another name
_TABLE_OF = {"roster_counts": "org_counts"}


def sources(county: County) -> Table:
    """Rows of every source by township, with gaps, and what the import rejected or doubted.

    Returns
    -------
    A row for each canonical table that belongs to townships, a column for each township. A store made
    without an import record has no findings, and a note says so.

    Examples
    --------
    >>> pb.sources(county)  # doctest: +SKIP
    """
    towns = dict(zip(county.townships["township_id"].astype("str"), county.townships["name"].astype("str")))
    found = _found(county, set(towns))
    columns = towns | ({"": "未能对应到乡镇"} if any(not town for _, town, _ in found) else {})
    recorded = (county.folder / "import" / "findings.csv").exists()
    return Table(
        id="sources",
        role="finding",
        title=f"{county.name}数据来源与覆盖（截止 {county.as_of}）",
        columns=(
            Column(key="source", title="来源", width=1.4),
            *(Column(key=f"town.{town}", title=name, align="right") for town, name in columns.items()),
        ),
        rows=tuple(
            Row((table.title, *_cells(county, table.name, list(columns), found)))
            for table in TABLES.values()
            if table.route is not None and table.name != "townships"
        ),
        unit="行、处",
        source="数据仓和导入清单",
        notes=(
            "“没有”可能是本来没有、未开展、未记录或未报送，先核实，不作零；“未收集”是全县都没有这张表。涉及个人的不列行数。",
            "“退回”的没有进入任何数字，“存疑”的进入了但请乡镇确认；逐条内容在数据仓 import 文件夹的批注副本和问题清单里。多少不代表工作好坏。"
            if recorded
            else "这个数据仓没有导入清单，列不出退回和存疑的记录。",
        ),
    )


def _cells(county: County, table: str, towns: list[str], found: Counter[tuple[str, str, str]]) -> list[Line]:
    town_of = county.township_of(table)
    if town_of is None:
        return ["未收集"] * len(towns)
    filed = town_of.fillna("").value_counts()
    return [_cell(table, town, int(filed.get(town, 0)), found) for town in towns]


def _cell(table: str, town: str, n: int, found: Counter[tuple[str, str, str]]) -> Line:
    quiet = of_persons(table)
    said: list[Span] = ["没有" if not n else "有" if quiet else count(f"{town}.rows.{table}", n)]
    for severity, word in _FOUND.items():
        if k := found[table, town, severity]:
            said += [f"，{word} ", count(f"{town}.{severity}.{table}", k)]
    return tuple(said)


def _found(county: County, towns: set[str]) -> Counter[tuple[str, str, str]]:
    """How many findings there are of each (table, township or "", severity)."""
    folder = county.folder / "import"
    if not (folder / "findings.csv").exists():
        return Counter()
    kinds = {row["file"]: _TABLE_OF.get(row["kind"], row["kind"]) for row in _read(folder / "files.csv")}
    return Counter(
        (
            kinds.get(row["file"], ""),
            row["township_id"] if row["township_id"] in towns else "",
            row["severity"],
        )
        for row in _read(folder / "findings.csv")
        if row["severity"] in _FOUND
    )


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
