"""Worked cases of the theme 学习质量."""

from __future__ import annotations

import math

from .ledger import (
    TOWN,
    Spec,
    branch,
    expect,
    full_year,
    meeting,
    members,
    record,
    training,
)

ORGS = {"organisations": [branch()], "org_counts": [members()]}
MINUTES = "甲支部召开会议，学习党章党规，重点讨论为民服务事项，形成意见若干条，会后抓好落实。"


def held(*meetings, **more):
    """One small branch (five full members, no group) and these meetings."""
    return {**ORGS, "meetings": list(meetings), **more}


def taught(*trainings):
    """These trainings."""
    return {"trainings": list(trainings)}


def studied(*days, released="2023-03-01", branches=1):
    """One document, and the days on which the first branches studied it."""
    orgs = [branch(f"A{n}") for n in range(branches)]
    return {
        "organisations": orgs,
        "topics": [{"topic_id": "T1", "title": "文件", "released_on": released}],
        "topic_studies": [
            {"topic_id": "T1", "org_id": f"A{n}", "studied_on": day} for n, day in enumerate(days) if day
        ],
    }


def hours(met, due, role="member"):
    """A branch's row of learning hours."""
    return {**ORGS, "study_hours": [{"org_id": "A", "year": 2023, "role": role, "due_n": due, "met_n": met}]}


def scores(phase_scores):
    """Test rows of invented persons of three branches."""
    return {
        "organisations": [branch(f"A{n}") for n in range(3)],
        "test_scores": [
            {"test_id": f"T{k}", "person_key": f"pk{person}", "org_id": f"A{person % 3}", "phase": phase, "taken_on": day, "score": score, "max_score": 100}
            for k, (person, phase, day, score) in enumerate(phase_scores)
        ],
    }  # fmt: skip


SPECS = [
    Spec("S01", "小支部（正式党员5名、无党小组）全年按月过主题党日、按季开党员大会：应开12+4次", held(*full_year()), expect(16, 16, "met", n_na=24)),
    Spec("S01", "季末当天（3月31日）召开的党员大会算一季度；4月1日的算二季度", held(meeting("2023-03-31", "assembly"), meeting("2023-04-01", "assembly")), expect(2, 8, "not_met", n_na=12), period="2023H1", as_of="2023-06-30"),
    Spec("S01", "截止6月29日：6月和二季度还没结束，未到期", held(meeting("2023-01-05", "theme_day")), expect(1, 6, "not_met", n_na=12, n_not_due=2), period="2023H1", as_of="2023-06-29"),
    Spec("S01", "一个月两次主题党日只计一次；截止1月31日，其余未到期", held(meeting("2023-01-05", "theme_day"), meeting("2023-01-25", "theme_day")), expect(1, 1, "met", n_na=12, n_not_due=7), period="2023H1", as_of="2023-01-31"),
    Spec("S01", "党员人数未填报：支委会按月列为数据缺失", {"organisations": [branch()], "org_counts": [], "meetings": full_year()}, expect(16, 16, "met", n_na=12, n_unknown=12)),
    Spec("S01", "全年没有一条会议记录：到期应开的全部为数据缺失，不算0%", held(), expect(0, 0, "unknown", n_na=24, n_unknown=16)),
    Spec("S01", "没有支部：不适用", {"organisations": [], "org_counts": [], "meetings": []}, expect(0, 0, "na")),
    Spec("S02", "一次没缺才算按期足额", held(*full_year()), expect(1, 1, "met")),
    Spec("S02", "缺12月主题党日一次", held(*full_year(until=11)), expect(0, 1, "not_met")),
    Spec("S02", "截止1月30日：没有一项到期", held(meeting("2023-01-05", "theme_day")), expect(0, 0, "not_due", n_not_due=1), as_of="2023-01-30"),
    Spec("S02", "全年没有记录：数据缺失", held(), expect(0, 0, "unknown", n_unknown=1)),
    Spec("S02", "没有支部：不适用", {"organisations": [], "org_counts": [], "meetings": []}, expect(0, 0, "na")),
    Spec("S03", "12个月开了11个月", held(*full_year(until=11)), expect(11, 12, "not_met")),
    Spec("S03", "月末当天（2月28日）算当月，次日（3月1日）算下月", held(meeting("2023-02-28", "theme_day"), meeting("2023-03-01", "theme_day")), expect(2, 3, "not_met", n_not_due=3), period="2023H1", as_of="2023-03-31"),
    Spec("S03", "没有记录：数据缺失", held(), expect(0, 0, "unknown", n_unknown=12)),
    Spec("S03", "没有支部：不适用", {"organisations": [], "meetings": []}, expect(0, 0, "na")),
    Spec("S04", "实到9+10，应到10+10；应到为0或未填的列为缺失", held(meeting("2023-01-05", present_n=9, expected_n=10), meeting("2023-02-05", present_n=10, expected_n=10), meeting("2023-03-05", present_n=3, expected_n=0), meeting("2023-04-05", present_n=None, expected_n=8)), expect(19, 20, "info", n_unknown=2)),
    Spec("S04", "有会议但都没填人数：数据缺失", held(meeting("2023-01-05")), expect(0, 0, "unknown", n_unknown=1)),
    Spec("S04", "全年没有会议记录：数据缺失", held(), expect(0, 0, "unknown")),
    Spec("S05", "两次填明，其中一次落实；组织生活会不在其列，未填的为缺失", held(meeting("2023-01-05", "theme_day", first_topic=True), meeting("2023-02-05", "committee", first_topic=False), meeting("2023-03-05", "assembly"), meeting("2023-11-05", "life_meeting", first_topic=True)), expect(1, 2, "not_met", n_unknown=1)),
    Spec("S05", "只有组织生活会：没有可统计的会次，不适用", held(meeting("2023-11-05", "life_meeting", first_topic=True)), expect(0, 0, "na")),
    Spec("S05", "没有会议记录：数据缺失", held(), expect(0, 0, "unknown")),
    Spec("S06", "三个支部分别在0、10、20天后学习，中位数10天", studied("2023-03-01", "2023-03-11", "2023-03-21", branches=3), expect(3, 3, "info", value=10)),
    Spec("S06", "两个支部没学（按截止日删失）：过半未学，中位数不能估计", studied("2023-03-05", None, None, branches=3), expect(1, 3, "info", value=None)),
    Spec("S06", "学习日期早于下发日期：不能用，数据缺失", studied("2023-02-20"), expect(0, 0, "unknown", n_unknown=1)),
    Spec("S06", "一份也没报：数据缺失", studied(None), expect(0, 0, "unknown", n_unknown=1)),
    Spec("S06", "期内没有下发文件：不适用", studied("2022-12-30", released="2022-12-01"), expect(0, 0, "na")),
    Spec("S07", "30人中28人完成；学时只作背景", hours(28, 30), expect(28, 30, "info")),
    Spec("S07", "截止12月30日：年度还没结束", hours(28, 30), expect(0, 0, "not_due", n_not_due=1), as_of="2023-12-30"),
    Spec("S07", "支部没有报学时：数据缺失", hours(3, 3, role="secretary"), expect(0, 0, "unknown", n_unknown=1)),
    Spec("S07", "没有应完成的人：不适用", hours(0, 0), expect(0, 0, "na")),
    Spec("S08", "书记、班子合计", {**ORGS, "study_hours": [{"org_id": "A", "year": 2023, "role": r, "due_n": d, "met_n": m} for r, d, m in (("secretary", 1, 1), ("committee", 4, 3))]}, expect(4, 5, "info")),
    Spec("S08", "上半年不评年度义务", hours(1, 1, role="secretary"), expect(0, 0, "not_due", n_not_due=1), period="2023H1"),
    Spec("S08", "只报了党员学时：数据缺失", hours(28, 30), expect(0, 0, "unknown", n_unknown=1)),
    Spec("S09", "上半年6月30日开班，下半年没有", taught(training("2023-06-30")), expect(1, 2, "not_met")),
    Spec("S09", "7月1日开班算下半年；截止12月30日下半年未到期", taught(training("2023-07-01")), expect(0, 1, "not_met", n_not_due=1), as_of="2023-12-30"),
    Spec("S09", "截止3月31日：没有一个半年结束", taught(training("2023-02-01")), expect(0, 0, "not_due", n_not_due=2), as_of="2023-03-31"),
    Spec("S09", "全年没有培训记录：两个半年都是数据缺失", taught(), expect(0, 0, "unknown", n_unknown=2)),
    Spec("S09", "支部办的、跟班学习的不算", taught(training("2023-02-01", level="branch"), training("2023-08-01", kind="placement")), expect(0, 2, "not_met")),
    Spec("S10", "12月31日当天开展一次观摩", taught(training("2023-12-31", kind="observation")), expect(1, None, "met")),
    Spec("S10", "次年1月1日的不算本年", taught(training("2024-01-01", kind="observation"), training("2023-03-01")), expect(0, None, "not_met"), as_of="2024-01-20"),
    Spec("S10", "6月底已有一次：提前达标", taught(training("2023-05-01", kind="observation")), expect(1, None, "met"), as_of="2023-06-30"),
    Spec("S10", "截止12月30日还没有：未到期", taught(training("2023-03-01")), expect(0, None, "not_due", n_not_due=1), as_of="2023-12-30"),
    Spec("S10", "没有培训记录：数据缺失", taught(), expect(None, None, "unknown", n_unknown=1)),
    Spec("S10", "全县合计只供参考（要求的是每个乡镇）", taught(training("2023-05-01", kind="observation")), expect(1, None, "info"), unit="629901"),
    Spec("S11", "选派过一次（任何层级）", taught(training("2023-05-01", kind="placement", level="county")), expect(1, None, "met")),
    Spec("S11", "年末没有选派", taught(training("2023-05-01")), expect(0, None, "not_met")),
    Spec("S11", "年中没有选派：未到期", taught(training("2023-05-01")), expect(0, None, "not_due", n_not_due=1), as_of="2023-06-30"),
    Spec("S11", "没有培训记录：数据缺失", taught(), expect(None, None, "unknown", n_unknown=1)),
    Spec("S13", "组织生活会和民主评议可以一次开", held(meeting("2023-12-31", "life_meeting", "appraisal")), expect(1, 1, "met")),
    Spec("S13", "次年1月1日开的不算本年", held(meeting("2023-11-01", "life_meeting"), meeting("2024-01-01", "appraisal")), expect(0, 1, "not_met"), as_of="2024-01-20"),
    Spec("S13", "截止12月30日：未到期", held(meeting("2023-11-01", "life_meeting", "appraisal")), expect(0, 0, "not_due", n_not_due=1), as_of="2023-12-30"),
    Spec("S13", "没有会议记录：数据缺失", held(), expect(0, 0, "unknown", n_unknown=1)),
    Spec("S13", "支部年内成立，不是全年存在：不适用", {**held(meeting("2023-11-01", "life_meeting")), "organisations": [branch(founded_on="2023-01-02")]}, expect(0, 0, "na")),
    Spec("S14", "七项中填了五项（0份佐证也算填）", held(meeting("2023-01-05", topic="学习", expected_n=5, evidence_n=0, minutes="  ")), expect(5, 7, "not_met")),
    Spec("S14", "没有会议记录：数据缺失", held(), expect(0, 0, "unknown")),
    Spec("S14", "上年有会、期内没有到期义务也没有会：不适用", held(meeting("2022-12-05")), expect(0, 0, "na"), as_of="2023-01-10"),
    Spec("S15", "四条中任一条：实到多于应到；录入早于活动；迟录61天（60天不算）", held(meeting("2023-01-05", present_n=6, expected_n=5), meeting("2023-02-05", recorded_on="2023-02-04"), meeting("2023-03-01", recorded_on="2023-05-01"), meeting("2023-03-02", recorded_on="2023-05-01")), expect(3, 4, "info")),
    Spec("S15", "两个支部的记录去空白后相同：两条都算；同一支部内相同不算", {"organisations": [branch(), branch("B")], "org_counts": [], "meetings": [meeting("2023-01-05", minutes=MINUTES), meeting("2023-02-05", minutes=MINUTES[:9] + " " + MINUTES[9:], org_id="B"), meeting("2023-03-05", minutes="乙" * 40), meeting("2023-04-05", minutes="乙" * 40)]}, expect(2, 4, "info")),
    Spec("S15", "没有会议记录：数据缺失", held(), expect(0, 0, "unknown")),
    Spec("S16", "60分及格：60分合格，59分不合格", scores([(1, "spot", "2023-06-01", 60), (2, "spot", "2023-06-01", 59)]), expect(1, 2, "info")),
    Spec("S16", "没有抽测：不适用", scores([(1, "pre", "2023-06-01", 60)]), expect(0, 0, "na")),
    Spec("S16", "没有收集测试成绩：数据缺失", {"organisations": [branch()]}, expect(0, 0, "unknown")),
    Spec("S17", "四人学前测试，三人参加学后测试", scores([(1, "pre", "2023-03-01", 50), (2, "pre", "2023-03-01", 60), (3, "pre", "2023-03-01", 70), (4, "pre", "2023-03-01", 40), (1, "post", "2023-10-01", 60), (2, "post", "2023-10-01", 66), (3, "post", "2023-10-01", 74)]), expect(3, 4, "info", value=(20 / 3) / 10 / math.sqrt(math.pi))),
    Spec("S17", "没有学前测试：不适用", scores([(1, "post", "2023-06-01", 60)]), expect(0, 0, "na")),
    # items of the plan
    Spec("M02-1", "选派过：1/1", taught(training("2023-05-01", kind="placement")), expect(1, 1, "met")),
    Spec("M02-1", "年末没有选派：0/1", taught(training("2023-05-01")), expect(0, 1, "not_met")),
    Spec("M02-1", "年中没有选派：未到期", taught(training("2023-05-01")), expect(0, 0, "not_due", n_not_due=1), as_of="2023-06-30"),
    Spec("M02-1", "没有培训记录：数据缺失", taught(), expect(0, 0, "unknown", n_unknown=1)),
    Spec("M02-4", "书记讲党课、外聘讲培训；跟班学习不算，没填主讲人的为缺失", {**held(meeting("2023-03-05", "lecture", lecturer="secretary"), meeting("2023-04-05", "theme_day", lecturer="secretary"), meeting("2023-05-05", "lecture")), **taught(training("2023-06-01", lecturer="external"), training("2023-06-02", kind="placement", lecturer="superior"))}, expect(1, 2, "info", n_unknown=1)),
    Spec("M02-4", "有会议但没有党课和培训：不适用", {**held(meeting("2023-03-05", "theme_day")), **taught()}, expect(0, 0, "na")),
    Spec("M02-4", "会议、培训都没有记录：数据缺失", {**held(), **taught()}, expect(0, 0, "unknown")),
    Spec("M03-5", "七项齐全的才算", held(meeting("2023-01-05", topic="学习", expected_n=5, present_n=0, minutes="记录", evidence_n=0), meeting("2023-02-05", topic="学习")), expect(1, 2, "not_met")),
    Spec("M03-5", "没有会议记录：数据缺失", held(), expect(0, 0, "unknown")),
    Spec("M01-4", "宣讲到14个支部，共18个", {"measure_records": [record("M01-4", 14, 18)]}, expect(14, 18, "info")),
    Spec("M01-4", "没有上报：数据缺失", {"measure_records": []}, expect(0, 0, "unknown", n_unknown=1)),
    Spec("M05-2", "只取截止日前最近一次填全的", {"measure_records": [record("M05-2", 4, 9, "2023-06-30"), record("M05-2", 8, 9, "2023-12-31"), record("M05-2", 9, 9, "2024-01-15"), record("M05-2", 9, None, "2023-12-30")]}, expect(8, 9, "info")),
    Spec("M02-7", "本年全员培训", {"measure_records": [record("M02-7", 24, 24)]}, expect(24, 24, "met")),
    Spec("M02-7", "只有上年的数：年末为数据缺失", {"measure_records": [record("M02-7", 9, 9, "2022-12-31")]}, expect(0, 0, "unknown", n_unknown=1)),
    Spec("M02-7", "年中还没训完：未到期，数字照列", {"measure_records": [record("M02-7", 5, 24, "2023-06-30")]}, expect(5, 24, "not_due"), as_of="2023-06-30"),
    Spec("M02-7", "没有党务干部：不适用", {"measure_records": [record("M02-7", 0, 0)]}, expect(0, 0, "na", n_na=1)),
    Spec("M01-2", "党校8个班都列入", {"measure_records": [record("M01-2", 8, 8, unit="629901")]}, expect(8, 8, "met"), unit="629901"),
    Spec("M01-2", "没有上报：数据缺失", {"measure_records": [record("M01-2", 8, 8, unit=TOWN)]}, expect(0, 0, "unknown", n_unknown=1), unit="629901"),
    Spec("M02-2", "六名组工干部四名参加", {"measure_records": [record("M02-2", 4, 6, unit="629901")]}, expect(4, 6, "not_met"), unit="629901"),
    Spec("M02-6", "本年办过一期", {"measure_records": [record("M02-6", 1, None, "2023-05-19", unit="629901")]}, expect(1, None, "met"), unit="629901", as_of="2023-06-30"),
    Spec("M02-6", "年中没有：未到期", {"measure_records": []}, expect(0, None, "not_due", n_not_due=1), unit="629901", as_of="2023-06-30"),
    Spec("M02-6", "年末没有：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1), unit="629901"),
    Spec("M05-3", "与三会一课应开已开率同一行，只供参考", held(*full_year()), expect(16, 16, "info", n_na=24)),
    Spec("M05-3", "没有记录：数据缺失", held(), expect(0, 0, "unknown", n_na=24, n_unknown=16)),
]  # fmt: skip
