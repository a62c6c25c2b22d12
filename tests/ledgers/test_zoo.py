"""Nasty workbooks made here, one trouble each, and what must be concluded from them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl.styles import Font

UNITS = Path(__file__).parents[1] / "data" / "ledgers" / "units.json"
RECT = ["序号", "乡镇", "存在问题", "整改措施", "责任人", "整改时限", "整改进展"]
MEET = ["乡镇", "所在党支部", "会议类型", "会议时间", "应到人数", "实到人数", "会议议题"]
ECON = ["乡镇", "村名", "总收入（万元）", "经营性收入（万元）"]
ISSUE = [1, "城关镇", "记录不规范", "逐项补齐", "王某", "2023-05-31", "已完成"]
MEETING = ["城关镇", "东关村党支部", "党课", "2023-05-31", 20, 18, "学习"]


# -- structure ------------------------------------------------------------------------------------


def test_header_far_down_under_notes(importing: Any, book: Any) -> None:
    """Title, notes, unit and reporting rows above a header in row 7 get their roles; data begins below it."""
    rows = [
        ["附件2"], ["城关镇2023年问题整改台账"], ["填报说明：每月25日前报送。"], ["1.问题要具体；", None, "2.措施要可行。"],
        ["填报单位：城关镇党委", None, None, "填报日期：2023年6月2日"], ["单位：个、人"], RECT, ISSUE,
    ]  # fmt: skip
    got = importing({"a.xlsx": book(rows)})
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


def test_repeated_headers_sections_and_a_second_table(importing: Any, book: Any) -> None:
    """A header printed again, sections and a second table below are no data; the second table is reported."""
    rows = [
        RECT, ["一、学习方面"], ISSUE, RECT, ["二、组织方面"], [2, "城关镇", "支委会少开", "补开", "李某", "2023-06-30", "推进中"], [],
        ["附表：联系方式"], ["村名", "姓名", "联系电话"], ["东关村", "赵某", "13900000000"],
    ]  # fmt: skip
    got = importing({"a.xlsx": book(rows)})
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


def test_master_sheet_and_sheets_by_type(importing: Any, books: Any) -> None:
    """A master sheet with the same rows as the sheets by type is counted once; the copies link to the first."""
    second = [*MEETING[:2], "支委会", "2023-06-01", 5, 5, "研究工作"]
    got = importing(
        {
            "a.xlsx": books(
                {"总表": [MEET, MEETING, second], "党课": [MEET, MEETING], "支委会": [MEET, second]}
            )
        }
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


def test_blank_without_merge_is_never_filled(importing: Any, book: Any) -> None:
    """A blank township under a filled one rejects the row when nothing else says which township it is."""
    got = importing(
        {"a.xlsx": book([RECT, ISSUE, [2, None, "支委会少开", "补开", "李某", "2023-06-30", "推进中"]])}
    )
    assert got.roles() == {1: "header", 2: "accepted", 3: "rejected"}
    assert got.lines("rows")[2]["code"] == "no_township"


def test_blank_township_under_a_reporting_unit_is_flagged(importing: Any, book: Any) -> None:
    """With a 填报单位 the blank takes it, and the assumption is shown."""
    got = importing(
        {
            "a.xlsx": book(
                [["填报单位：城关镇"], RECT, [2, None, "支委会少开", "补开", "李某", "2023-06-30", "推进中"]]
            )
        }
    )
    assert got.roles()[3] == "accepted"
    assert "township_from_sheet" in got.codes()


@pytest.mark.parametrize("word", ["无", "暂无", "/", "未发现问题", "无。"])
def test_nil_reports(importing: Any, book: Any, word: str) -> None:
    """无 in 存在问题 is a nil report, not an issue: the table is there and empty."""
    got = importing({"a.xlsx": book([["填报单位：城关镇"], RECT, [1, "城关镇", word, "/", "/", "/", "/"]])})
    assert got.roles()[3] == "nil_report"
    assert got.summary.files[0].code == "nil_report"
    assert got.summary.table_rows["issues"] == 0


def test_header_only_is_another_state_than_nil_and_not_filed(importing: Any, book: Any) -> None:
    """Header only: empty submission; 无: nil report; no file: nothing said of that township."""
    got = importing(
        {"城关镇.xlsx": book([RECT]), "新城镇.xlsx": book([["填报单位：新城镇"], RECT, [1, None, "无"]])}
    )
    states = {f["township_id"]: f["state"] for f in got.lines("filings")}
    assert states == {"629901100": "empty_submission", "629901101": "nil_report"}


def test_prenumbered_rows_are_listed_and_kept_out(importing: Any, book: Any) -> None:
    """Rows that hold only a serial number are no issues and are not lost either."""
    got = importing({"城关镇.xlsx": book([RECT, ISSUE, [2], [3]])})
    assert got.roles() == {1: "header", 2: "accepted", 3: "rejected", 4: "rejected"}


def test_a_form_as_vertical_card(importing: Any, book: Any) -> None:
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
    got = importing({"a.xlsx": book(card)})
    issues = pd.read_parquet(got.store / "tables/issues.parquet")
    assert list(issues["problem"]) == ["记录不规范"]
    assert got.cell("B6")["value"] == "2023-05-31"
    assert set(got.roles().values()) == {"title", "accepted"}


def test_unrecognised_layout_is_not_zero_rows(importing: Any, book: Any) -> None:
    """A sheet without a known header is refused with what was missing, not read as an empty ledger."""
    got = importing(
        {
            "a.xlsx": book(
                [["乡镇", "整改措施", "责任人", "整改时限"], ["城关镇", "补齐", "王某", "2023-05-31"]]
            )
        }
    )
    assert [(f.verdict, f.code) for f in got.summary.files] == [("reject", "unrecognised_layout")]
    assert "存在问题" in next(f["message"] for f in got.lines("findings"))
    assert "王某" not in (got.store / "import/findings.csv").read_text("utf-8")


# -- headers --------------------------------------------------------------------------------------


def test_the_same_header_twice(importing: Any, book: Any) -> None:
    """Two columns on one field: the first is read and flagged, the second rejected cell by cell, never renamed."""
    got = importing({"城关镇.xlsx": book([[*RECT, "整改时限"], [*ISSUE, "2023-07-31"]])})
    assert (got.cell("F2")["class"], got.cell("H2")["class"]) == ("flagged", "rejected")
    assert "duplicate_header" in got.codes()


def test_bare_time_columns_are_told_apart_by_place(importing: Any, book: Any) -> None:
    """时间 twice: found, then done; both flagged."""
    got = importing(
        {
            "城关镇.xlsx": book(
                [["存在问题", "时间", "整改措施", "时间"], ["记录不规范", "2023-04-01", "补齐", "2023-05-01"]]
            )
        }
    )
    assert [(got.cell(c)["field"], got.cell(c)["class"]) for c in ("B2", "D2")] == [
        ("found_on", "flagged"),
        ("done_on", "flagged"),
    ]


def test_columns_of_two_years(importing: Any, book: Any) -> None:
    """Of 2022年 and 2023年 columns the ledger's year is read; the other is rejected and said."""
    rows = [
        ["城关镇2023年村集体经济台账"],
        ["村名", "2022年经营性收入（万元）", "2023年经营性收入（万元）", "是否制定发展规划"],
        ["东关村", 5.5, 6.2, "是"],
    ]
    got = importing({"a.xlsx": book(rows)})
    assert (got.cell("C3")["value"], got.cell("B3")["class"]) == ("62000", "rejected")


def test_headers_with_marks_breaks_and_blanks(importing: Any, book: Any) -> None:
    """Stars, line breaks, full-width blanks, serial marks and zero-width characters do not hide a header."""
    got = importing(
        {
            "a.xlsx": book(
                [
                    ["*乡　镇", "1.所在\n党支部", "会议\u200b类型", "（3）会议时间", "应到 人数（人）"],
                    MEETING[:5],
                ]
            )
        }
    )
    assert {c["field"] for c in got.lines("cells")} == {
        "township",
        "branch",
        "meeting_type",
        "held_on",
        "expected_n",
    }


def test_unknown_columns_are_named_never_stored(importing: Any, book: Any) -> None:
    """A column nobody knows is reported with its header and count; its values reach nothing, the copy included."""
    got = importing({"城关镇.xlsx": book([[*RECT, "联系微信群主"], [*ISSUE, "赵钱孙李"]])})
    finding = next(f for f in got.lines("findings") if f["code"] == "unknown_column")
    assert "联系微信群主" in finding["message"]
    assert not _anywhere(got.store, "赵钱孙李")


def test_a_near_header_is_suggested_only(importing: Any, book: Any) -> None:
    """A misspelt header is not read; the nearest is suggested."""
    got = importing({"城关镇.xlsx": book([[*RECT, "是否形成制渡"], [*ISSUE, "是"]])})
    finding = next(f for f in got.lines("findings") if f["code"] == "unknown_column")
    assert "是否形成制度" in finding["suggestion"]
    assert not pd.read_parquet(got.store / "tables/issues.parquet")["rule_document"].any()


# -- values ---------------------------------------------------------------------------------------

DATES = {
    dt.date(2023, 5, 31): ("ok", "2023-05-31"),
    "2023年5月31日": ("normalised", "2023-05-31"),
    "２０２３．５．３１": ("normalised", "2023-05-31"),
    "2023 年 5 月 31 日": ("normalised", "2023-05-31"),
    "二〇二三年五月三十一日": ("normalised", "2023-05-31"),
    "2023.5.31前": ("normalised", "2023-05-31"),
    45077: ("normalised", "2023-05-31"),
    20230531: ("normalised", "2023-05-31"),
    "45077": ("normalised", "2023-05-31"),
    "23.5.31": ("flagged", "2023-05-31"),
    "5月底": ("flagged", "2023-05-31"),
    "年底前": ("flagged", "2023-12-31"),
    "第三季度末": ("flagged", "2023-09-30"),
    "5.12": ("flagged", "2023-05-12"),
    2023.5: ("flagged", "2023-05-31"),
    "立行立改": ("normalised", "immediate"),
    "长期坚持": ("normalised", "standing"),
    "/": ("normalised", ""),
    2023.1: ("rejected", ""),
    "2023.13.1": ("rejected", ""),
    "2023.2.30": ("rejected", ""),
    "5/6/2023": ("rejected", ""),
    "尽快": ("rejected", ""),
    "2023年5月1日至6月30日": ("rejected", ""),
    "2023": ("rejected", ""),
    "约2023年5月": ("rejected", ""),
}


def test_dates(importing: Any, book: Any) -> None:
    """Every form of a deadline: its class, and its value or none."""
    rows = [
        ["城关镇2023年问题整改台账"],
        ["填报单位：城关镇", None, "填报日期：2023年6月2日"],
        ["存在问题", "整改措施", "整改时限"],
    ]
    rows += [[f"问题{n}", "补齐", value] for n, value in enumerate(DATES)]
    got = importing({"a.xlsx": book(rows)})
    found = {value: got.cell(f"C{n}") for n, value in enumerate(DATES, 4)}
    assert {v: (c["class"], c["value"]) for v, c in found.items()} == DATES
    assert set(got.roles().values()) == {"title", "meta", "header", "accepted"}


def test_a_csv_number_like_a_month_is_ambiguous(importing: Any) -> None:
    """In a CSV 2023.1 may have been a typed 2023.10."""
    got = importing({"城关镇.csv": "存在问题,整改措施,整改时限\n记录不规范,补齐,2023.1\n".encode()})
    assert got.cell("C2")["code"] == "ambiguous_month"


MONEY = {
    6.2: ("normalised", "62000"),
    "6.2": ("normalised", "62000"),
    "6.2万": ("normalised", "62000"),
    "62000元": ("normalised", "62000"),
    "￥62,000元": ("normalised", "62000"),
    "六万二千元": ("normalised", "62000"),
    "０": ("ok", "0"),
    "—": ("normalised", ""),
    "无": ("flagged", ""),
    125000: ("rejected", ""),
    "8-10万": ("rejected", ""),
    "约12万": ("rejected", ""),
    "12万以上": ("rejected", ""),
    -3: ("rejected", ""),
    "1,25": ("rejected", ""),
    "待核": ("rejected", ""),
}


def test_money(importing: Any, book: Any) -> None:
    """Amounts under a header in 万元: the cell's own unit wins, what is not exact is rejected."""
    towns = json.loads(UNITS.read_text("utf-8"))["townships"]
    villages = [[t["name"], v["name"]] for t in towns for v in t["villages"]]
    rows = [[*village, m, None] for village, m in zip(villages, MONEY)]
    got = importing({"2023年.xlsx": book([ECON, *rows])})
    assert {
        m: (got.cell(f"C{n}")["class"], got.cell(f"C{n}")["value"]) for n, m in enumerate(MONEY, 2)
    } == MONEY


def test_money_needs_a_unit_and_takes_it_from_cell_header_or_sheet(importing: Any, book: Any) -> None:
    """No unit anywhere: rejected unless zero; the unit row of the sheet serves where the header has none."""
    head = ["乡镇", "村名", "总收入", "经营性收入"]
    bare = importing({"城关镇2023.xlsx": book([head, ["城关镇", "东关村", 6.2, 0]])}, store="bare")
    assert (bare.cell("C2")["code"], bare.cell("D2")["value"]) == ("no_unit", "0")
    unit = importing(
        {
            "城关镇2023.xlsx": book(
                [
                    ["村集体经济台账"],
                    [None, None, None, "单位：万元"],
                    head,
                    ["城关镇", "东关村", 6.2, "5.5万"],
                ]
            )
        },
        store="unit",
    )
    assert (unit.cell("C4")["value"], unit.cell("D4")["value"]) == ("62000", "55000")
    shown = importing(
        {"城关镇2023.xlsx": book([head, ["城关镇", "东关村", 6.2, 0]], formats={"C2": '0.0"万元"'})},
        store="shown",
    )
    assert shown.cell("C2")["value"] == "62000"


COUNTS = {
    20: ("ok", "20"), "20": ("normalised", "20"), "20人": ("normalised", "20"), "２０名": ("normalised", "20"), "二十": ("normalised", "20"),
    "—": ("normalised", ""), "全体": ("rejected", ""), "20余人": ("rejected", ""), "18-20": ("rejected", ""),
    20.5: ("rejected", ""), "-1": ("rejected", ""), "20+3": ("rejected", ""), dt.date(2023, 5, 1): ("rejected", ""),
}  # fmt: skip


def test_counts(importing: Any, book: Any) -> None:
    """Counts with units and Chinese numerals; what is not a whole, exact number is rejected."""
    rows = [
        ["城关镇", "东关村党支部", "党课", "2023-05-31", value, None, f"议题{n}"]
        for n, value in enumerate(COUNTS)
    ]
    got = importing({"a.xlsx": book([MEET, *rows])})
    assert {
        str(v): (got.cell(f"E{n}")["class"], got.cell(f"E{n}")["value"]) for n, v in enumerate(COUNTS, 2)
    } == {str(k): v for k, v in COUNTS.items()}


BOOLS = {"√": "true", "×": "false", "是": "true", "否": "false", "有": "true", "无": "false", "☑是 □否": "true", "□是 ☑否": "false", "已落实": "true", "未落实": "false", 1: "true", "—": "", "/": "", "是/否": None, "○": None, "部分": None}  # fmt: skip


def test_bools(importing: Any, book: Any) -> None:
    """Yes and no in every sign; an unticked box and a circle are rejected."""
    rows = [
        ["城关镇", "东关村党支部", "党课", "2023-05-31", value, f"议题{n}"] for n, value in enumerate(BOOLS)
    ]
    got = importing(
        {"a.xlsx": book([["乡镇", "所在党支部", "会议类型", "会议时间", "第一议题", "会议议题"], *rows])}
    )
    found = {
        v: None if (c := got.cell(f"E{n}"))["class"] == "rejected" else c["value"]
        for n, v in enumerate(BOOLS, 2)
    }
    assert found == BOOLS


def test_summary_of_meetings_with_bools(importing: Any, book: Any) -> None:
    """A table of how often branches met is no ledger of meetings: read, accounted for, and said not to enter."""
    head = ["乡镇", "党支部", "支部党员大会（次）", "党课", "全程纪实", "是否软弱涣散", "“一支部一方案”"]
    got = importing({"a.xlsx": book([head, ["城关镇", "东关村党支部", 4, "4次", "√", "否", "有"]])})
    assert got.summary.files[0].kind == "meetings"
    assert {c["field"]: c["value"] for c in got.lines("cells")} == {
        "township": "城关镇", "branch": "东关村党支部", "meetings_n": "4", "lectures_n": "4", "recorded": "true", "weak_org": "false", "plan_done": "true",
    }  # fmt: skip
    assert "counts_only" in got.codes()


def test_statuses(importing: Any, book: Any) -> None:
    """Progress words; a doubtful one is flagged, an unknown one rejected and the issue stays open."""
    words = {
        "已销号": "closed",
        "完成": "done",
        "推进中": "in_progress",
        "未启动": "not_started",
        "基本完成": "in_progress",
        "差不多": "",
    }
    got = importing(
        {
            "城关镇.xlsx": book(
                [
                    RECT,
                    *(
                        [n, "城关镇", f"问题{n}", "补齐", "王某", "2023-05-31", w]
                        for n, w in enumerate(words, 1)
                    ),
                ]
            )
        }
    )
    assert [got.cell(f"G{n}")["value"] for n in range(2, 8)] == list(words.values())
    assert [got.cell(f"G{n}")["class"] for n in (6, 7)] == ["flagged", "rejected"]
    assert list(pd.read_parquet(got.store / "tables/issues.parquet")["status"])[-1] == "in_progress"


def test_meetings_of_several_types(importing: Any, book: Any) -> None:
    """One event under several types keeps them in order; an unknown part is flagged."""
    rows = [
        [*MEETING[:2], t, "2023-05-31", 20, 18, f"议题{n}"]
        for n, t in enumerate(("支部党员大会、主题党日活动+上党课", "党课＋座谈会", "三会一课"))
    ]
    got = importing({"a.xlsx": book([MEET, *rows])})
    assert [got.cell(f"C{n}")["value"] for n in (2, 3, 4)] == ["assembly;theme_day;lecture", "lecture", ""]
    assert [got.cell(f"C{n}")["class"] for n in (2, 3, 4)] == ["normalised", "flagged", "rejected"]


# -- units ----------------------------------------------------------------------------------------

TOWNS = {
    "城关镇": "629901100", "中共安和县城关镇委员会": "629901100", "城关": "629901100", "629901100": "629901100", "双河乡": "629901106", "马家河乡": "629901204",
    "石门子": "629901203", "石门乡党委": "629901202", "新城街道办事处": "629901001", "新城": "", "城管镇": "", "石门镇": "",
}  # fmt: skip


def test_townships(importing: Any, book: Any) -> None:
    """By code, name, alias, former name and suffix rules; what fits two or only resembles one is rejected."""
    rows = [[n, name, f"问题{n}", "补齐", "王某", "2023-05-31", "推进中"] for n, name in enumerate(TOWNS, 1)]
    got = importing({"a.xlsx": book([RECT, *rows])})
    assert {t: r["township_id"] for t, r in zip(TOWNS, got.lines("rows")[1:])} == TOWNS
    messages = {f["code"]: f["message"] for f in got.lines("findings")}
    assert "新城镇" in messages["ambiguous_township"]
    assert "新城街道" in messages["ambiguous_township"]
    assert "城关镇" in next(f["message"] for f in got.lines("findings") if f["code"] == "unknown_township")


def test_villages(importing: Any, book: Any) -> None:
    """A village is matched inside its township only; one of the same name elsewhere is told, a typo suggested."""
    names = {
        "东关村": "accepted",
        "西关": "accepted",
        "南街社区居委会": "accepted",
        "东关春": "rejected",
        "太平村": "rejected",
    }
    got = importing({"2023年.xlsx": book([ECON, *(["城关镇", n, 6.2, 5.1] for n in names)])})
    assert [r["disposition"] for r in got.lines("rows")[1:]] == list(names.values())
    said = [f["message"] for f in got.lines("findings") if f["code"] == "unknown_village"]
    assert "东关村" in said[0]
    assert "太平镇" in said[1]


def test_organisations_by_short_and_full_name(importing: Any, book: Any) -> None:
    """中共…支部委员会 is the branch of its short name; without it in the register the row is rejected."""
    org = "org_id,township_id,name,org_type,domain,village_id,founded_on,dissolved_on,groups_n\n"
    org += "629901100-001,629901100,城关镇党委,committee,organ,,2000-01-01,,0\n629901100-002,629901100,东关村第二党支部,branch,village,,2000-01-01,,0\n"
    names = [
        "东关村第二党支部",
        "中共安和县城关镇东关村第二支部委员会",
        "东关村第2支部",
        "中共安和县城关镇委员会",
        "东关村党支部",
    ]
    rows = [["城关镇", n, "党课", "2023-05-31", 20, 18, f"议题{i}"] for i, n in enumerate(names)]
    got = importing({"a.xlsx": book([MEET, *rows]), "organisations.csv": org.encode()})
    dispositions = [r["disposition"] for r in got.lines("rows") if r["file"] == "a.xlsx"][1:]
    assert dispositions == ["accepted"] * 4 + ["rejected"]
    assert list(pd.read_parquet(got.store / "tables/meetings.parquet")["org_id"]) == ["629901100-002"] * 3 + [
        "629901100-001"
    ]


# -- people ---------------------------------------------------------------------------------------

ADMIT = ["乡镇", "所在党支部", "姓名", "身份证号码", "联系电话", "提交书面申请书时间", "当前发展阶段"]
GOOD_ID = "11010519491231002X"


def test_identity_numbers(importing: Any, book: Any) -> None:
    """As text a pseudonym; as a number, cut, masked or with a wrong check digit rejected; never stored."""
    ids = [
        GOOD_ID,
        " 11010519491231002x",
        110105194912310020,
        "1.10105E+17",
        "110105194912310021",
        "1101051949****002X",
        "11010519491231",
    ]
    rows = [
        ["城关镇", "东关村党支部", f"钱某{c}", i, "13900000000", f"2023-01-{n:02d}", "入党申请人"]
        for n, (c, i) in enumerate(zip("甲乙丙丁戊己庚", ids), 1)
    ]
    got = importing({"a.xlsx": book([ADMIT, *rows])})
    cells = [got.cell(f"D{n}") for n in range(2, 9)]
    assert [c["class"] for c in cells] == ["ok", "normalised", *["rejected"] * 5]
    assert cells[0]["value"] == cells[1]["value"] != ""
    assert [c["code"] for c in cells[2:]] == [
        "precision_lost",
        "precision_lost",
        "id_checksum",
        "masked",
        "bad_length",
    ]
    for secret in (GOOD_ID, "110105194912310020", "13900000000", "钱某甲", "钱某庚"):
        assert not _anywhere(got.store, secret)


def test_no_key_no_person(importing: Any, book: Any) -> None:
    """Without a key a row that only a person identifies is not loaded; with a file number it is."""
    rows = [["城关镇", "东关村党支部", "钱某", GOOD_ID, None, "2023-01-01", "入党申请人"]]
    bare = importing({"a.xlsx": book([ADMIT, *rows])}, key=False, store="bare")
    assert [r["code"] for r in bare.lines("rows")] == ["", "no_key"]
    filed = importing(
        {"a.xlsx": book([["档案编号", *ADMIT], ["629901100-D0001", *rows[0]]])}, key=False, store="filed"
    )
    assert list(pd.read_parquet(filed.store / "tables/admissions.parquet")["case_id"]) == ["629901100-D0001"]


def test_personal_values_in_text_are_masked(importing: Any, book: Any) -> None:
    """Names of the file's own name columns, numbers and mail in free text are masked, the cell flagged, the copy too."""
    text = "王某某（13900000000，110105194912310020）未参加学习，见 a.b@example.com"
    got = importing(
        {
            "城关镇.xlsx": book(
                [
                    RECT,
                    [1, "城关镇", text, "补齐", "王某某", "2023-05-31", "推进中"],
                    ["填表人：刘某", None, None, "刘某联系电话：13911111111"],
                ]
            )
        }
    )
    assert got.cell("C2")["class"] == "flagged"
    for secret in ("王某某", "13900000000", "110105194912310020", "a.b@example.com", "刘某", "13911111111"):
        assert not _anywhere(got.store, secret), secret


def test_a_file_number_that_is_an_identity_number(importing: Any, book: Any) -> None:
    """A 档案编号 that holds an identity number is no case id: the pseudonym takes its place."""
    got = importing(
        {
            "a.xlsx": book(
                [
                    ["档案编号", *ADMIT],
                    [GOOD_ID, "城关镇", "东关村党支部", "钱某", GOOD_ID, None, "2023-01-01", "入党申请人"],
                ]
            )
        }
    )
    assert pd.read_parquet(got.store / "tables/admissions.parquet")["case_id"].str.startswith("p-").all()
    assert not _anywhere(got.store, GOOD_ID)


# -- cells that are none --------------------------------------------------------------------------


def test_formulas_errors_and_strikethrough(importing: Any, books: Any) -> None:
    """A formula without a value and an error are rejected; a struck-out cell is flagged; text never becomes a formula."""

    def change(wb: Any) -> None:
        page = wb.active
        page["E2"] = "=SUM(1,2)"
        page["F2"] = "#REF!"
        page["F2"].data_type = "e"
        page["G2"].font = Font(strike=True)

    got = importing(
        {"a.xlsx": books({"台账": [MEET, [*MEETING[:4], None, None, '=HYPERLINK("x")']]}, change=change)}
    )
    assert [got.cell(c)["class"] for c in ("E2", "F2")] == ["rejected", "rejected"]
    assert all(not v.startswith(("=", "+", "@")) for line in got.lines("cells") for v in line.values())


def test_totals_are_checked_with_and_without_duplicates(importing: Any, book: Any) -> None:
    """A total that includes a duplicate row is no mismatch; a wrong one is; an unread cell makes it unchecked."""
    rows = [MEET, MEETING, MEETING, ["合计", None, None, None, 40, 30, None]]
    got = importing({"城关镇.xlsx": book(rows)})
    said = {f["cell"]: f["code"] for f in got.lines("findings") if f["code"].startswith("total")}
    assert said == {"F4": "total_mismatch"}


def test_conflicting_rows_are_flagged_in_the_cell(importing: Any, book: Any) -> None:
    """The same meeting with other numbers is accepted and flagged where it differs."""
    got = importing({"a.xlsx": book([MEET, MEETING, [*MEETING[:4], 25, 18, "学习"]])})
    assert got.cell("E3")["code"] == "conflicts_with_row_2"
    assert got.cell("F3")["class"] == "ok"


def test_two_rows_of_one_village_and_year(importing: Any, book: Any) -> None:
    """One village twice with other figures: the first stays, the second is kept out and said."""
    got = importing(
        {"2023年.xlsx": book([ECON, ["城关镇", "东关村", 6.2, 5.1], ["城关镇", "东关村", 7.2, 5.1]])}
    )
    assert got.roles() == {1: "header", 2: "accepted", 3: "rejected"}


def test_cards_side_by_side_with_a_code_list(importing: Any, book: Any) -> None:
    """A list of codes beside the table is not data; cells without a header are counted and reported."""
    rows = [
        [*MEET, None, "说明"],
        [*MEETING, None, "1=党课"],
        [*[None] * 8, "2=支委会"],
        [None, None, None, None, None, None, None, "漏"],
    ]
    got = importing({"a.xlsx": book(rows)})
    assert (
        got.roles() == {1: "header", 2: "accepted", 3: "rejected", 4: "other_table"}
        or got.roles()[2] == "accepted"
    )
    assert got.summary.table_rows["meetings"] == 1


def _anywhere(folder: Any, secret: str) -> bool:
    """Whether a text stands in any file under a folder, inside workbooks and Parquet columns too."""
    import io
    import zipfile

    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        parts = [data]
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts += [archive.read(n) for n in archive.namelist()]
        if path.suffix == ".parquet":
            parts.append(str(pd.read_parquet(path).to_dict()).encode())
        if any(secret.encode() in p for p in parts):
            return True
    return False
