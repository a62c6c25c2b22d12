"""Nasty workbooks made here, one trouble each: what a cell is worth, and which unit it means."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd

UNITS = Path(__file__).parents[1] / "data" / "ledgers" / "units.json"
RECT = ["序号", "乡镇", "存在问题", "整改措施", "责任人", "整改时限", "整改进展"]
MEET = ["乡镇", "所在党支部", "会议类型", "会议时间", "应到人数", "实到人数", "会议议题"]
ECON = ["乡镇", "村名", "总收入（万元）", "经营性收入（万元）"]
MEETING = ["城关镇", "东关村党支部", "党课", "2023-05-31", 20, 18, "学习"]


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


def test_dates(importing: Any) -> None:
    """Every form of a deadline: its class, and its value or none."""
    rows = [
        ["城关镇2023年问题整改台账"],
        ["填报单位：城关镇", None, "填报日期：2023年6月2日"],
        ["存在问题", "整改措施", "整改时限"],
    ]
    rows += [[f"问题{n}", "补齐", value] for n, value in enumerate(DATES)]
    got = importing({"a.xlsx": rows})
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


def test_money(importing: Any) -> None:
    """Amounts under a header in 万元: the cell's own unit wins, what is not exact is rejected."""
    towns = json.loads(UNITS.read_text("utf-8"))["townships"]
    villages = [[t["name"], v["name"]] for t in towns for v in t["villages"]]
    rows = [[*village, m, None] for village, m in zip(villages, MONEY)]
    got = importing({"2023年.xlsx": [ECON, *rows]})
    assert {
        m: (got.cell(f"C{n}")["class"], got.cell(f"C{n}")["value"]) for n, m in enumerate(MONEY, 2)
    } == MONEY


def test_money_needs_a_unit_and_takes_it_from_cell_header_or_sheet(importing: Any, book: Any) -> None:
    """No unit anywhere: rejected unless zero; the unit row of the sheet serves where the header has none."""
    head = ["乡镇", "村名", "总收入", "经营性收入"]
    bare = importing({"城关镇2023.xlsx": [head, ["城关镇", "东关村", 6.2, 0]]}, store="bare")
    assert (bare.cell("C2")["code"], bare.cell("D2")["value"]) == ("no_unit", "0")
    unit = importing(
        {
            "城关镇2023.xlsx": [
                ["村集体经济台账"],
                [None, None, None, "单位：万元"],
                head,
                ["城关镇", "东关村", 6.2, "5.5万"],
            ]
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


def test_counts(importing: Any) -> None:
    """Counts with units and Chinese numerals; what is not a whole, exact number is rejected."""
    rows = [
        ["城关镇", "东关村党支部", "党课", "2023-05-31", value, None, f"议题{n}"]
        for n, value in enumerate(COUNTS)
    ]
    got = importing({"a.xlsx": [MEET, *rows]})
    assert {
        str(v): (got.cell(f"E{n}")["class"], got.cell(f"E{n}")["value"]) for n, v in enumerate(COUNTS, 2)
    } == {str(k): v for k, v in COUNTS.items()}


BOOLS = {"√": "true", "×": "false", "是": "true", "否": "false", "有": "true", "无": "false", "☑是 □否": "true", "□是 ☑否": "false", "已落实": "true", "未落实": "false", 1: "true", "—": "", "/": "", "是/否": None, "○": None, "部分": None}  # fmt: skip


def test_bools(importing: Any) -> None:
    """Yes and no in every sign; an unticked box and a circle are rejected."""
    rows = [
        ["城关镇", "东关村党支部", "党课", "2023-05-31", value, f"议题{n}"] for n, value in enumerate(BOOLS)
    ]
    got = importing(
        {"a.xlsx": [["乡镇", "所在党支部", "会议类型", "会议时间", "第一议题", "会议议题"], *rows]}
    )
    found = {
        v: None if (c := got.cell(f"E{n}"))["class"] == "rejected" else c["value"]
        for n, v in enumerate(BOOLS, 2)
    }
    assert found == BOOLS


def test_summary_of_meetings_with_bools(importing: Any) -> None:
    """A table of how often branches met is no ledger of meetings: read, accounted for, and said not to enter."""
    head = ["乡镇", "党支部", "支部党员大会（次）", "党课", "全程纪实", "是否软弱涣散", "“一支部一方案”"]
    got = importing({"a.xlsx": [head, ["城关镇", "东关村党支部", 4, "4次", "√", "否", "有"]]})
    assert got.summary.files[0].kind == "meetings"
    assert {c["field"]: c["value"] for c in got.lines("cells")} == {
        "township": "城关镇", "branch": "东关村党支部", "meetings_n": "4", "lectures_n": "4", "recorded": "true", "weak_org": "false", "plan_done": "true",
    }  # fmt: skip
    assert "counts_only" in got.codes()


def test_statuses(importing: Any) -> None:
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
            "城关镇.xlsx": [
                RECT,
                *([n, "城关镇", f"问题{n}", "补齐", "王某", "2023-05-31", w] for n, w in enumerate(words, 1)),
            ]
        }
    )
    assert [got.cell(f"G{n}")["value"] for n in range(2, 8)] == list(words.values())
    assert [got.cell(f"G{n}")["class"] for n in (6, 7)] == ["flagged", "rejected"]
    assert list(pd.read_parquet(got.store / "tables/issues.parquet")["status"])[-1] == "in_progress"


def test_meetings_of_several_types(importing: Any) -> None:
    """One event under several types keeps them in order; an unknown part is flagged."""
    rows = [
        [*MEETING[:2], t, "2023-05-31", 20, 18, f"议题{n}"]
        for n, t in enumerate(("支部党员大会、主题党日活动+上党课", "党课＋座谈会", "三会一课"))
    ]
    got = importing({"a.xlsx": [MEET, *rows]})
    assert [got.cell(f"C{n}")["value"] for n in (2, 3, 4)] == ["assembly;theme_day;lecture", "lecture", ""]
    assert [got.cell(f"C{n}")["class"] for n in (2, 3, 4)] == ["normalised", "flagged", "rejected"]


# -- units ----------------------------------------------------------------------------------------

TOWNS = {
    "城关镇": "629901100", "中共安和县城关镇委员会": "629901100", "城关": "629901100", "629901100": "629901100", "双河乡": "629901106", "马家河乡": "629901204",
    "石门子": "629901203", "石门乡党委": "629901202", "新城街道办事处": "629901001", "新城": "", "城管镇": "", "石门镇": "",
}  # fmt: skip


def test_townships(importing: Any) -> None:
    """By code, name, alias, former name and suffix rules; what fits two or only resembles one is rejected."""
    rows = [[n, name, f"问题{n}", "补齐", "王某", "2023-05-31", "推进中"] for n, name in enumerate(TOWNS, 1)]
    got = importing({"a.xlsx": [RECT, *rows]})
    assert {t: r["township_id"] for t, r in zip(TOWNS, got.lines("rows")[1:])} == TOWNS
    messages = {f["code"]: f["message"] for f in got.lines("findings")}
    assert "新城镇" in messages["ambiguous_township"]
    assert "新城街道" in messages["ambiguous_township"]
    assert "城关镇" in next(f["message"] for f in got.lines("findings") if f["code"] == "unknown_township")


def test_villages(importing: Any) -> None:
    """A village is matched inside its township only; one of the same name elsewhere is told, a typo suggested."""
    names = {
        "东关村": "accepted",
        "西关": "accepted",
        "南街社区居委会": "accepted",
        "东关春": "rejected",
        "太平村": "rejected",
    }
    got = importing({"2023年.xlsx": [ECON, *(["城关镇", n, 6.2, 5.1] for n in names)]})
    assert [r["disposition"] for r in got.lines("rows")[1:]] == list(names.values())
    said = [f["message"] for f in got.lines("findings") if f["code"] == "unknown_village"]
    assert "东关村" in said[0]
    assert "太平镇" in said[1]


def test_organisations_by_short_and_full_name(importing: Any) -> None:
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
    got = importing({"a.xlsx": [MEET, *rows], "organisations.csv": org.encode()})
    dispositions = [r["disposition"] for r in got.lines("rows") if r["file"] == "a.xlsx"][1:]
    assert dispositions == ["accepted"] * 4 + ["rejected"]
    assert list(pd.read_parquet(got.store / "tables/meetings.parquet")["org_id"]) == ["629901100-002"] * 3 + [
        "629901100-001"
    ]
