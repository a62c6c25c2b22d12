"""Nasty workbooks made here, one trouble each: where the table is and what its rows and columns are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font

from pbanalysis.ledgers import record
from pbanalysis.ledgers.analyse import Setting
from pbanalysis.ledgers.explain import explain
from pbanalysis.ledgers.files import conclude_file
from pbanalysis.ledgers.grid import Cell, Sheet, Workbook
from pbanalysis.ledgers.result import FileResult
from pbanalysis.ledgers.units import Registry, read_units

UNITS = Path(__file__).parents[1] / "data" / "ledgers" / "units.json"
RECT = ["序号", "乡镇", "存在问题", "整改措施", "责任人", "整改时限", "整改进展"]
MEET = ["乡镇", "所在党支部", "会议类型", "会议时间", "应到人数", "实到人数", "会议议题"]
ISSUE = [1, "城关镇", "记录不规范", "逐项补齐", "王某", "2023-05-31", "已完成"]
MEETING = ["城关镇", "东关村党支部", "党课", "2023-05-31", 20, 18, "学习"]


# -- structure ------------------------------------------------------------------------------------


def test_header_far_down_under_notes(importing: Any) -> None:
    """Title, notes, unit and reporting rows above a header in row 7 get their roles; data begins below it."""
    rows = [
        ["附件2"], ["城关镇2023年问题整改台账"], ["填报说明：每月25日前报送。"], ["1.问题要具体；", None, "2.措施要可行。"],
        ["填报单位：城关镇党委", None, None, "填报日期：2023年6月2日"], ["单位：个、人"], RECT, ISSUE,
    ]  # fmt: skip
    got = importing({"a.xlsx": rows})
    assert list(got.roles().values()) == [
        "title",
        "title",
        "note",
        "note",
        "meta",
        "unit",
        "header",
        "accepted",
    ]


def test_three_header_rows(importing: Any, book: Any) -> None:
    """A header of three rows is joined top down; parents tell equal children apart."""
    rows = [
        ["城关镇2023年发展党员情况汇总表"],
        ["单位", "党员数", "入党申请人", "入党积极\n分子", "发展党员结构", None, None],
        [None, None, None, None, "性别", "年龄", "学历"],
        [None, None, None, None, "女性", "35岁及以下", "大专以上"],
        ["城关镇", 120, 30, 21, 4, 6, 7],
    ]
    merges = ["A2:A4", "B2:B4", "C2:C4", "D2:D4", "E2:G2", "A1:G1"]
    got = importing({"a.xlsx": book(rows, merges=merges)})
    assert got.summary.files[0].kind == "admission_profiles"
    assert got.roles() == {1: "title", 2: "header", 3: "header", 4: "header", 5: "accepted"}
    assert {c["field"] for c in got.lines("cells")} == {
        "township",
        "party_members_n",
        "applicants_n",
        "activists_n",
        "female_n",
        "under35_n",
        "college_n",
    }
    table = pd.read_parquet(got.store / "tables/admission_profiles.parquet")
    assert {(d, v, n) for d, v, n in table[["dimension", "level", "n"]].itertuples(index=False)} == {
        ("sex", "女", 4),
        ("age", "≤35", 6),
        ("education", "大专及以上", 7),
    }


def test_repeated_headers_sections_and_a_second_table(importing: Any) -> None:
    """A header printed again, sections and a second table below are no data; the second table is reported."""
    rows = [
        RECT, ["一、学习方面"], ISSUE, RECT, ["二、组织方面"], [2, "城关镇", "支委会少开", "补开", "李某", "2023-06-30", "推进中"], [],
        ["附表：联系方式"], ["村名", "姓名", "联系电话"], ["东关村", "赵某", "13900000000"],
    ]  # fmt: skip
    got = importing({"a.xlsx": rows})
    assert list(got.roles().values()) == [
        "header",
        "section",
        "accepted",
        "header",
        "section",
        "accepted",
        "other_table",
        "other_table",
        "other_table",
    ]
    assert "other_table" in got.codes()


def test_master_sheet_and_sheets_by_type(importing: Any) -> None:
    """A master sheet with the same rows as the sheets by type is counted once; the copies link to the first."""
    second = [*MEETING[:2], "支委会", "2023-06-01", 5, 5, "研究工作"]
    got = importing(
        {"a.xlsx": {"总表": [MEET, MEETING, second], "党课": [MEET, MEETING], "支委会": [MEET, second]}}
    )
    assert (got.summary.files[0].rows_accepted, got.summary.files[0].rows_duplicate) == (2, 2)
    assert [r["duplicate_of"] for r in got.lines("rows") if r["disposition"] == "duplicate"] == [
        "总表!2",
        "总表!3",
    ]


def test_hidden_sheets_are_reported_not_counted(importing: Any, books: Any) -> None:
    """Hidden and very hidden sheets add no row and are named."""

    def hide(wb: Any) -> None:
        wb["旧表"].sheet_state, wb["底稿"].sheet_state = "hidden", "veryHidden"

    got = importing(
        {"a.xlsx": books({"台账": [RECT, ISSUE], "旧表": [RECT, ISSUE], "底稿": [["x"]]}, change=hide)}
    )
    assert got.summary.files[0].rows_accepted == 1
    assert sorted(f["sheet"] for f in got.lines("findings") if f["code"] == "hidden_sheet") == [
        "底稿",
        "旧表",
    ]


def test_hidden_rows_count_and_a_far_format_does_not(importing: Any, books: Any) -> None:
    """Hidden rows are counted and flagged; a used range blown up to row 900000 adds nothing."""

    def change(wb: Any) -> None:
        wb.active.row_dimensions[3].hidden = True
        wb.active["ZZ900000"].font = Font(bold=True)

    got = importing(
        {
            "a.xlsx": books(
                {"台账": [RECT, ISSUE, [2, "城关镇", "支委会少开", "补开", "李某", "2023-06-30", "推进中"]]},
                change=change,
            )
        }
    )
    assert got.roles() == {1: "header", 2: "accepted", 3: "accepted"}
    assert [r["code"] for r in got.lines("rows")] == ["", "", "hidden_row"]
    assert "hidden_rows" in got.codes()


def test_blank_without_merge_is_never_filled(importing: Any) -> None:
    """A blank township under a filled one rejects the row when nothing else says which township it is."""
    got = importing(
        {"a.xlsx": [RECT, ISSUE, [2, None, "支委会少开", "补开", "李某", "2023-06-30", "推进中"]]}
    )
    assert got.roles() == {1: "header", 2: "accepted", 3: "rejected"}
    assert got.lines("rows")[2]["code"] == "no_township"


def test_blank_township_under_a_reporting_unit_is_flagged(importing: Any) -> None:
    """With a 填报单位 the blank takes it, and the assumption is shown."""
    got = importing(
        {
            "a.xlsx": [
                ["填报单位：城关镇"],
                RECT,
                [2, None, "支委会少开", "补开", "李某", "2023-06-30", "推进中"],
            ]
        }
    )
    assert got.roles()[3] == "accepted"
    assert "township_from_sheet" in got.codes()


@pytest.mark.parametrize("word", ["无", "暂无", "/", "未发现问题", "无。"])
def test_nil_reports(importing: Any, word: str) -> None:
    """无 in 存在问题 is a nil report, not an issue: the table is there and empty."""
    got = importing({"a.xlsx": [["填报单位：城关镇"], RECT, [1, "城关镇", word, "/", "/", "/", "/"]]})
    assert got.roles()[3] == "nil_report"
    assert got.summary.files[0].code == "nil_report"
    assert got.summary.table_rows["issues"] == 0


def test_header_only_is_another_state_than_nil_and_not_filed(importing: Any) -> None:
    """Header only: empty submission; 无: nil report; no file: nothing said of that township."""
    got = importing({"城关镇.xlsx": [RECT], "新城镇.xlsx": [["填报单位：新城镇"], RECT, [1, None, "无"]]})
    states = {f["township_id"]: f["state"] for f in got.lines("filings")}
    assert states == {"629901100": "empty_submission", "629901101": "nil_report"}


def test_prenumbered_rows_are_listed_and_kept_out(importing: Any) -> None:
    """Rows that hold only a serial number are no issues and are not lost either."""
    got = importing({"城关镇.xlsx": [RECT, ISSUE, [2], [3]]})
    assert got.roles() == {1: "header", 2: "accepted", 3: "rejected", 4: "rejected"}


def test_a_form_as_vertical_card(importing: Any) -> None:
    """A form with labels down the side is read as one row when its labels are known."""
    card = [
        ["问题整改登记卡"],
        ["乡镇", "城关镇"],
        ["存在问题", "记录不规范"],
        ["整改措施", "逐项补齐"],
        ["责任人", "王某"],
        ["整改时限", "2023年5月31日"],
        ["整改进展", "已完成"],
    ]
    got = importing({"a.xlsx": card})
    issues = pd.read_parquet(got.store / "tables/issues.parquet")
    assert list(issues["problem"]) == ["记录不规范"]
    assert got.cell("B6")["value"] == "2023-05-31"
    assert set(got.roles().values()) == {"title", "accepted"}


def test_unrecognised_layout_is_not_zero_rows(importing: Any) -> None:
    """A sheet without a known header is refused with what was missing, not read as an empty ledger."""
    got = importing(
        {"a.xlsx": [["乡镇", "整改措施", "责任人", "整改时限"], ["城关镇", "补齐", "王某", "2023-05-31"]]}
    )
    assert [(f.verdict, f.code) for f in got.summary.files] == [("reject", "unrecognised_layout")]
    assert "存在问题" in next(f["message"] for f in got.lines("findings"))
    assert "王某" not in (got.store / "import/findings.csv").read_text("utf-8")


# -- headers --------------------------------------------------------------------------------------


def test_the_same_header_twice(importing: Any) -> None:
    """Two columns on one field: the first is read and flagged, the second rejected cell by cell, never renamed."""
    got = importing({"城关镇.xlsx": [[*RECT, "整改时限"], [*ISSUE, "2023-07-31"]]})
    assert (got.cell("F2")["class"], got.cell("H2")["class"]) == ("flagged", "rejected")
    assert "duplicate_header" in got.codes()


def test_bare_time_columns_are_told_apart_by_place(importing: Any) -> None:
    """时间 twice: found, then done; both flagged."""
    got = importing(
        {
            "城关镇.xlsx": [
                ["存在问题", "时间", "整改措施", "时间"],
                ["记录不规范", "2023-04-01", "补齐", "2023-05-01"],
            ]
        }
    )
    assert [(got.cell(c)["field"], got.cell(c)["class"]) for c in ("B2", "D2")] == [
        ("found_on", "flagged"),
        ("done_on", "flagged"),
    ]


def test_columns_of_two_years(importing: Any) -> None:
    """Of 2022年 and 2023年 columns the ledger's year is read; the other is rejected and said."""
    rows = [
        ["城关镇2023年村集体经济台账"],
        ["村名", "2022年经营性收入（万元）", "2023年经营性收入（万元）", "是否制定发展规划"],
        ["东关村", 5.5, 6.2, "是"],
    ]
    got = importing({"a.xlsx": rows})
    assert (got.cell("C3")["value"], got.cell("B3")["class"]) == ("62000", "rejected")


def test_headers_with_marks_breaks_and_blanks(importing: Any) -> None:
    """Stars, line breaks, full-width blanks, serial marks and zero-width characters do not hide a header."""
    got = importing(
        {
            "a.xlsx": [
                ["*乡　镇", "1.所在\n党支部", "会议\u200b类型", "（3）会议时间", "应到 人数（人）"],
                MEETING[:5],
            ]
        }
    )
    assert {c["field"] for c in got.lines("cells")} == {
        "township",
        "branch",
        "meeting_type",
        "held_on",
        "expected_n",
    }


def test_unknown_columns_are_named_never_stored(importing: Any, anywhere: Any) -> None:
    """A column nobody knows is reported with its header and count; its values reach nothing, the copy included."""
    got = importing({"城关镇.xlsx": [[*RECT, "联系微信群主"], [*ISSUE, "赵钱孙李"]]})
    finding = next(f for f in got.lines("findings") if f["code"] == "unknown_column")
    assert "联系微信群主" in finding["message"]
    assert not anywhere(got.store, "赵钱孙李")


def test_a_near_header_is_suggested_only(importing: Any) -> None:
    """A misspelt header is not read; the nearest is suggested."""
    got = importing({"城关镇.xlsx": [[*RECT, "是否形成制渡"], [*ISSUE, "是"]]})
    finding = next(f for f in got.lines("findings") if f["code"] == "unknown_column")
    assert "是否形成制度" in finding["suggestion"]
    assert not pd.read_parquet(got.store / "tables/issues.parquet")["rule_document"].any()


PIECES = ["城关镇", "东关村党支部", "党课", "2023-05-31", "2023.13.1", "全体", "20", "合计", "小计", "一、党课", "注：说明", "例：", "填表人：某某", "无", "/", "13900000000", "乡镇", "会议类型", "会议时间", "存在问题", "=1+1"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.none()
            | st.sampled_from(PIECES)
            | st.integers(-5, 50000)
            | st.dates(dt.date(2022, 1, 1), dt.date(2024, 1, 1)),
            max_size=9,
        ),
        max_size=9,
    )
)
def test_the_accounts_balance_whatever_stands_below_the_header(rows: list[list[object]]) -> None:
    """Every non-empty row has a role, every cell of a data row under a known header a class; nothing is lost or raised."""
    sheet = Sheet("a")
    for r, row in enumerate([MEET, *rows], 1):
        for c, value in enumerate(row, 1):
            if value is not None:
                sheet.put(r, c, Cell(value))  # type: ignore[arg-type]
    _, name, towns = read_units(UNITS)
    result = FileResult("城关镇.xlsx", "0")
    conclude_file(result, Workbook([sheet], "xlsx"), "", Setting(Registry(name, towns), None, None))
    listed = list(record.row_lines(result))
    cells = list(record.cell_lines(result))
    data = [int(line[2]) for line in listed if line[3] == "data"]
    assert [int(line[2]) for line in listed] == sheet.numbers()
    assert sum(line[8] != "" for line in cells) == sum(c <= len(MEET) for r in data for c in sheet.rows[r])
    assert sum(result.count(d) for d in ("accepted", "rejected", "duplicate")) == len(data)
    assert all(f.message for f in explain(result))
