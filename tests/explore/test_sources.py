"""The coverage grid: every source by township with counts, gaps and findings."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pbanalysis as pb
from pbanalysis.demo import demo_tables
from pbanalysis.store.schema import TABLES
from pbanalysis.themes.filings import of_persons

from .conftest import make_store


def cells(table, title: str) -> list[str]:
    """Printed cells of a source's row."""
    row = next(row for row in table.block()["rows"] if row["cells"][0] == title)
    return [cell if isinstance(cell, str) else cell["t"] for cell in row["cells"][1:]]


def test_every_source_stands_with_its_rows_by_township(county):
    """Each table that belongs to townships is a row; rows of persons are not counted beside a name."""
    grid = pb.sources(county)
    for table in TABLES.values():
        if table.route is None or table.name == "townships":
            continue
        shown = cells(grid, table.title)
        for town, text in zip(county.townships["township_id"], shown, strict=True):
            n = len(county.township(town).frame(table.name))
            assert text == ("没有" if not n else "有" if of_persons(table.name) else str(n)), (
                table.name,
                town,
            )


def test_what_was_not_collected_is_no_zero(tmp_path: Path):
    """A table that is absent is 未收集 everywhere, one that is empty is 没有."""
    tables = demo_tables(3)
    del tables["supervisions"]
    tables["weak_orgs"] = tables["weak_orgs"][:0]
    grid = pb.sources(pb.open_county(make_store(tmp_path / "store", tables)))
    assert set(cells(grid, TABLES["supervisions"].title)) == {"未收集"}
    assert set(cells(grid, TABLES["weak_orgs"].title)) == {"没有"}
    assert any("没有导入清单" in str(note) for note in grid.notes)


def test_findings_of_the_import_stand_beside_the_count(store: Path, tmp_path: Path):
    """Rejected and doubtful ones by source and township; those of no known township have a column; notes are left out."""
    folder = shutil.copytree(store, tmp_path / "store") / "import"
    folder.mkdir()
    towns = [str(code) for code in pb.open_county(store).townships["township_id"]]
    write(
        folder / "files.csv",
        [{"file": "a.xlsx", "kind": "meetings"}, {"file": "b.xlsx", "kind": "roster_counts"}],
    )
    found = [("a.xlsx", "block", towns[0]), ("a.xlsx", "confirm", towns[0]), ("a.xlsx", "confirm", towns[0])]
    found += [("a.xlsx", "note", towns[1]), ("b.xlsx", "confirm", "")]
    write(folder / "findings.csv", [dict(zip(("file", "severity", "township_id"), row)) for row in found])
    grid = pb.sources(pb.open_county(tmp_path / "store"))
    assert grid.columns[-1].title == "未能对应到乡镇"
    meetings = cells(grid, TABLES["meetings"].title)
    assert meetings[0].endswith("，退回 1，存疑 2")
    assert meetings[1].isdigit()
    assert cells(grid, TABLES["org_counts"].title)[-1] == "没有，存疑 1"


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """A record of the import."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
