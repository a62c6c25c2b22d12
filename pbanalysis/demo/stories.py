"""The planted townships of the fictional county: who is good at what, who is bad, and where to look.

``docs/demo.md`` prints this list; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["COUNTY_CODE", "COUNTY_NAME", "ORDINARY", "STORIES", "Story", "story_key"]

COUNTY_CODE = "629902"  # not in use
COUNTY_NAME = "青岭县"

Key = Literal[
    "ordinary", "test_gain", "exemplary", "no_meetings", "breaches", "no_admissions", "late_ledger", "month_ends",
    "big_branches", "issue_ends", "founded_dissolved", "one_branch", "exact_income", "copied_minutes", "nil_issues",
]  # fmt: skip


@dataclass(frozen=True)
class Story:
    """One planted township.

    Attributes
    ----------
    key
        What the generators ask for.
    name, kind
        As in ``townships``.
    villages, communities
        How many.
    diligence
        Share of what is required that is done, in time and recorded in full, 0 … 1.
    what
        What was planted, for the reader of the report (Chinese).
    """

    key: Key
    name: str
    kind: Literal["乡", "镇", "街道"]
    villages: int
    communities: int
    diligence: float
    what: str


STORIES: tuple[Story, ...] = (
    Story("test_gain", "云台镇", "镇", 12, 4, 0.90, "县城所在镇，各项居中；学习测试学后成绩有真实提高（平均约 12 分），其余乡镇约 2 分"),
    Story("exemplary", "松溪镇", "镇", 13, 0, 1.00, "样板：应开必开、记录齐全、时限全守、问题按期销号；各支部无一例外"),
    Story("no_meetings", "长坪镇", "镇", 9, 1, 0.80, "没有报送 2023 年三会一课台账：相关指标应为“数据缺失”，不是 0"),
    Story("breaches", "清泉镇", "镇", 15, 2, 0.45, "明显违规：发展党员时限多处突破（含政审不合格而接收 1 例），会议缺开，问题逾期"),
    Story("no_admissions", "龙湾镇", "镇", 10, 1, 0.80, "全年没有发展党员，计划为 0：不适用"),
    Story("late_ledger", "红柳镇", "镇", 11, 1, 0.75, "问题整改台账 6 月 12 日才报送（应于 5 月 31 日前）"),
    Story("month_ends", "河湾镇", "镇", 12, 1, 0.90, "月末与闰日：多数活动在每月最后一天；发展党员的步骤落在 1 月 31 日、2 月 28 日、闰年 2 月 29 日与各限期的当天和次日"),
    Story("big_branches", "榆树镇", "镇", 11, 1, 0.85, "一个支部恰 50 人（不算大支部），一个 51 人（算），一个年中由 51 人调整到 49 人"),
    Story("issue_ends", "河湾街道", "街道", 0, 7, 0.75, "没有行政村；问题有销号后反弹、再次销号、合并、转办、撤销、长期坚持、立行立改、延期等各种结局"),
    Story("founded_dissolved", "桃源乡", "乡", 10, 0, 0.85, "支部在年中成立、撤销，或同年成立又撤销；有一个支部的换届因撤销不再适用"),
    Story("one_branch", "静水乡", "乡", 1, 0, 0.70, "极小：一个村、一个支部，人数类指标多在 5 人以下，应予隐去"),
    Story("exact_income", "大岭乡", "乡", 12, 0, 0.85, "村收入恰为 100000 元（达标）、99999 元（未达标），经营性收入恰为 50000 元；村规民约 12 月 31 日当天与次年 1 月 2 日备案各一"),
    Story("copied_minutes", "大岭子乡", "乡", 8, 0, 0.80, "三成会议记录与别的支部一字不差；另有补录过晚、先录后开、实到多于应到"),
    Story("nil_issues", "三岔河乡", "乡", 14, 0, 0.80, "问题整改台账按时报送，但报“无”：不适用；支部定级换了一次办法"),
)  # fmt: skip

ORDINARY = Story("ordinary", "", "镇", 12, 1, 0.80, "普通乡镇")


def story_key(index: int) -> Key:
    """Key of the township at that place of the official order.

    Examples
    --------
    >>> story_key(1), story_key(500)
    ('exemplary', 'ordinary')
    """
    return STORIES[index].key if index < len(STORIES) else "ordinary"
