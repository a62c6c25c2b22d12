"""A township sends a workbook again: what is replaced, what stays, and what has changed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pbanalysis.errors import Code, PbError

RECT = ["序号", "乡镇", "存在问题", "整改措施", "责任人", "整改时限", "整改进展"]


def _issue(n: int, town: str, deadline: str, status: str = "推进中") -> list[object]:
    return [n, town, f"{town}问题{n}", "补齐", "王某", deadline, status]


def _problems(got: Any) -> list[str]:
    return sorted(pd.read_parquet(got.store / "tables/issues.parquet")["problem"])


def test_a_corrected_workbook_replaces_its_own_rows_only(importing: Any) -> None:
    """城关镇 sends its ledger under another name: its rows are replaced, 新城镇's stay, and so do their lines of the record."""
    importing({
        "城关镇2023年问题整改台账.xlsx": [RECT, _issue(1, "城关镇", "尽快"), _issue(2, "城关镇", "2023.13.1")],
        "新城镇2023年问题整改台账.xlsx": [RECT, _issue(1, "新城镇", "待定")],
    })  # fmt: skip
    got = importing(
        {
            "城关镇2023年问题整改台账（改）.xlsx": [
                RECT,
                _issue(9, "城关镇", "2023-05-05"),
                _issue(1, "城关镇", "2023-05-31"),
                _issue(2, "城关镇", "2023.13.1"),
            ]
        }
    )
    assert _problems(got) == ["城关镇问题1", "城关镇问题2", "城关镇问题9", "新城镇问题1"]
    assert got.summary.replaced == ("城关镇2023年问题整改台账.xlsx",)
    assert {f["file"] for f in got.lines("files")} == {
        "城关镇2023年问题整改台账（改）.xlsx",
        "新城镇2023年问题整改台账.xlsx",
    }
    assert {c["file"] for c in got.lines("cells")} == {f["file"] for f in got.lines("files")}


def test_fixed_still_open_and_new(importing: Any) -> None:
    """The list names what was put right, what is still open although its row has moved, and what is new."""
    first = importing(
        {"城关镇2023年.xlsx": [RECT, _issue(1, "城关镇", "尽快"), _issue(2, "城关镇", "2023.13.1")]}
    )
    before = {f["code"]: f["finding_id"] for f in first.lines("findings") if f["severity"] == "block"}
    rows = [
        RECT,
        _issue(3, "城关镇", "2023-07-01", "差不多"),
        _issue(1, "城关镇", "2023-05-31"),
        _issue(2, "城关镇", "2023.13.1"),
    ]
    got = importing({"城关镇2023年.xlsx": rows})
    listed = {
        (f["state"], f["code"]): f["finding_id"]
        for f in got.lines("resubmission")
        if f["severity"] == "block"
    }
    assert listed[("fixed", "not_exact")] == before["not_exact"]
    assert listed[("still_open", "invalid_date")] == before["invalid_date"]
    assert ("new", "not_in_vocabulary") in listed
    assert got.summary.changes["fixed"] == 1


def test_halves_of_a_year_do_not_replace_each_other(importing: Any) -> None:
    """A ledger of the second half stands beside that of the first; one of the whole year replaces both."""
    importing({"城关镇2023年上半年整改台账.xlsx": [RECT, _issue(1, "城关镇", "2023-05-31")]})
    got = importing({"城关镇2023年下半年整改台账.xlsx": [RECT, _issue(2, "城关镇", "2023-11-30")]})
    assert _problems(got) == ["城关镇问题1", "城关镇问题2"]
    got = importing(
        {
            "城关镇2023年整改台账.xlsx": [
                RECT,
                _issue(1, "城关镇", "2023-05-31"),
                _issue(3, "城关镇", "2023-11-30"),
            ]
        }
    )
    assert _problems(got) == ["城关镇问题1", "城关镇问题3"]


def test_a_refused_resubmission_replaces_nothing(importing: Any, book: Any) -> None:
    """An unreadable workbook of the same name leaves the earlier rows and their record."""
    importing({"城关镇2023年.xlsx": [RECT, _issue(1, "城关镇", "2023-05-31")]})
    got = importing({"城关镇2023年.xlsx": book([RECT, _issue(1, "城关镇", "2023-05-31")])[:500]})
    assert _problems(got) == ["城关镇问题1"]
    assert sorted(f["verdict"] for f in got.lines("files"))[-1] == "reject"


def test_canonical_tables_are_replaced_as_tables(importing: Any) -> None:
    """A canonical CSV given again replaces its table's canonical rows; ledgers and other tables stay."""
    towns = b"township_id,name,kind,urban_residents_n\n629901100,\xe5\x9f\x8e\xe5\x85\xb3\xe9\x95\x87,\xe9\x95\x87,"
    importing({"townships.csv": towns + b"100\n", "城关镇.xlsx": [RECT, _issue(1, "城关镇", "2023-05-31")]})
    got = importing({"townships.csv": towns + b"200\n"})
    table = pd.read_parquet(got.store / "tables/townships.parquet").set_index("township_id")
    assert table.loc["629901100", "urban_residents_n"] == 200
    assert _problems(got) == ["城关镇问题1"]


def test_one_key_from_two_sources(importing: Any) -> None:
    """A village year in the county's table and in a ledger: the same values merge, other values are a finding."""
    table = "village_id,year,income_total_yuan,income_operating_yuan\n629901100200,2023,62000,51000\n629901100201,2023,70000,60000\n"
    rows = [
        ["乡镇", "村名", "总收入（万元）", "经营性收入（万元）"],
        ["城关镇", "东关村", 6.2, 5.1],
        ["城关镇", "西关村", 8.8, 6],
    ]
    got = importing({"village_years.csv": table.encode(), "城关镇2023年.xlsx": rows})
    assert got.summary.table_rows["village_years"] == 2
    assert {"merged_with_other_file", "key_conflict"} <= got.codes()


def test_a_broken_store_is_not_overwritten(importing: Any) -> None:
    """A store that cannot be read is refused in one Chinese paragraph and left as it was."""
    got = importing({"城关镇.xlsx": [RECT, _issue(1, "城关镇", "2023-05-31")]})
    (got.store / "tables/issues.parquet").write_bytes(b"broken")
    with pytest.raises(PbError) as error:
        importing({"城关镇.xlsx": [RECT, _issue(2, "城关镇", "2023-05-31")]})
    assert error.value.code is Code.STORE_BROKEN
    assert (got.store / "tables/issues.parquet").read_bytes() == b"broken"


def test_without_a_registry_no_ledger_is_read(book: Any, tmp_path: Any) -> None:
    """No units.json, no townships.csv, no store: one paragraph that says what to give, nothing written."""
    from pbanalysis.ledgers.run import import_sources

    (tmp_path / "a.xlsx").write_bytes(book([RECT, _issue(1, "城关镇", "2023-05-31")]))
    with pytest.raises(PbError) as error:
        import_sources([tmp_path / "a.xlsx"], tmp_path / "store")
    assert "--units" in str(error.value)
    assert not (tmp_path / "store").exists()
