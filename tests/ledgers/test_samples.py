"""The eight published samples, row by row and cell by cell."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbanalysis.ledgers.run import import_sources

DATA = Path(__file__).parents[1] / "data" / "ledgers"
EXPECTED = {
    f["file"]: f for f in json.loads((DATA / "expectations.json").read_text(encoding="utf-8"))["files"]
}

KINDS = {
    "rectification": "issues",
    "study": "trainings",
    "pipeline": "admissions",
    "economy": "village_years",
}
# the expectations speak the ledger's words, the record the canonical ones
WORDS = {
    "members_meeting": "assembly",
    "committee_meeting": "committee",
    "group_meeting": "group",
    "party_lecture": "lecture",
}
PERSONAL = {"owner", "host", "lead_official", "name", "id_number", "phone"}
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """The import record of all samples in one import."""
    folder = tmp_path_factory.mktemp("samples")
    import_sources([DATA / "samples"], folder / "store", units=DATA / "units.json", key_file=folder / "key")
    tables = {}
    for name in ("files", "rows", "cells", "findings"):
        with (folder / "store" / "import" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    return tables


def _sheets(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for sheet in EXPECTED[name]["sheets"]:
        yield sheet["sheet"] or "", sheet


@pytest.mark.parametrize("name", EXPECTED)
def test_kind_and_verdict(record: dict[str, Rows], name: str) -> None:
    """Every sample is named as its kind and gets the published verdict."""
    line = next(r for r in record["files"] if r["file"] == name)
    assert line["kind"] == KINDS.get(EXPECTED[name]["kind"], EXPECTED[name]["kind"])
    assert line["verdict"] == EXPECTED[name]["file_verdict"]


@pytest.mark.parametrize("name", EXPECTED)
def test_rows(record: dict[str, Rows], name: str) -> None:
    """Every non-empty row has the published role, disposition and link to the row it repeats."""
    for sheet, expected in _sheets(name):
        got = {int(r["row"]): r for r in record["rows"] if (r["file"], r["sheet"]) == (name, sheet)}
        want = {
            r["row"]: (r["role"], r["disposition"], str(r.get("duplicate_of_row", "")))
            for r in expected["rows"]
        }
        assert {n: (r["role"], r["disposition"], r["duplicate_of"]) for n, r in got.items()} == want
        assert len(got) == expected["reconcile"]["physical_non_empty_rows"]


@pytest.mark.parametrize("name", EXPECTED)
def test_values(record: dict[str, Rows], name: str) -> None:
    """Every value of every data row is the published one; a person is a pseudonym; what is missing is missing."""
    cells: dict[tuple[str, int, str], dict[str, str]] = {}
    for c in record["cells"]:
        if c["file"] == name:
            cells[c["sheet"], int(c["row"]), re.sub(r"\d", "", c["cell"])] = c
    for sheet, expected in _sheets(name):
        for row in expected["rows"]:
            for letter, column in expected["columns"].items():
                if "values" in row:
                    got = cells.get(
                        (sheet, row["row"], letter), {"value": "", "raw": "", "field": column["field"]}
                    )
                    assert got["field"] == column["field"]
                    _assert_value(got, column["field"], row["values"][column["field"]])


def _assert_value(got: dict[str, str], field: str, want: object) -> None:
    value = got["value"]
    if field in PERSONAL:
        assert got["raw"] == ""
        assert re.fullmatch(r"[pw]-[0-9a-f]{20}", value) if want is not None else value == ""
    elif want is None:
        assert value == ""
    elif isinstance(want, (int, float)):
        assert float(value) == pytest.approx(want)
    else:
        assert value == WORDS.get(str(want), want)


@pytest.mark.parametrize("name", EXPECTED)
def test_cell_classes(record: dict[str, Rows], name: str) -> None:
    """Every listed cell has the published class; every other cell of a data row is as typed."""
    for sheet, expected in _sheets(name):
        got = {c["cell"]: c["class"] for c in record["cells"] if (c["file"], c["sheet"]) == (name, sheet)}
        want = defaultdict(lambda: "ok", {c["cell"]: c["class"] for c in expected["cells"]})
        assert got == {cell: want[cell] for cell in got}
        assert set(want) <= set(got)


def test_total_mismatch_is_said(record: dict[str, Rows]) -> None:
    """合计 25.6 over rows that sum to 24.6 is a finding at its cell; the correct subtotals and 其中 are not."""
    found = [f for f in record["findings"] if f["file"].startswith("10_")]
    assert [(f["cell"], f["code"]) for f in found] == [("D10", "total_mismatch")]
    assert "25.6" in found[0]["message"]
    assert "24.6" in found[0]["message"]


def test_merged_issue_is_one_issue(tmp_path: Path) -> None:
    """Two merged blocks with four measures become two issues; the first holds three measures."""
    import pandas as pd

    import_sources([DATA / "samples" / "03_rect_merged_down.xlsx"], tmp_path / "s", units=DATA / "units.json")
    issues = pd.read_parquet(tmp_path / "s" / "tables" / "issues.parquet")
    assert list(issues["problem"]) == ["村集体经济薄弱", "后备干部不足"]
    assert issues["measure"][0].count("；") == 2
    assert list(issues["status"]) == ["in_progress", "done"]
    assert [str(d) for d in issues["deadline_on"]] == ["2023-12-31", "2023-10-31"]


def test_every_finding_has_a_stable_id(record: dict[str, Rows]) -> None:
    """Finding ids are unique inside an import."""
    assert max(Counter(f["finding_id"] for f in record["findings"]).values()) == 1
