"""The 减负 check refuses what may not judge, however it is renamed or divided, and lets the rest pass."""

from __future__ import annotations

import datetime as dt
import importlib

import pytest

from pbanalysis.plan.policy import bans, check, check_all
from pbanalysis.plan.registry import registry

BAD = [
    ("党员年度学习时长", "学习小时数", "党员"),
    ("平台日均在线情况", "在线分钟", "党员"),
    ("人均学时达标率", "学时达到32的党员", "党员"),
    ("网络课程完成度", "已听课时", "应听课时"),
    ("学习强国人均得分", "平台积分", "党员"),
    ("先锋积分", "支部积分", "满分积分"),
    ("支部学习名次", "全县排名", "支部"),
    ("学习达人上榜率", "进入排行榜的党员", "党员"),
    ("线上打卡率", "打卡人次", "应打卡人次"),
    ("会议签到率", "扫码签到人数", "应到人数"),
    ("党员活跃率", "近30天登录过平台的党员", "党员"),
    ("连续学习情况", "连续学习天数超过20天的党员", "党员"),
    ("宣传影响力", "公众号文章点赞量", "文章"),
    ("信息扩散比", "转发数", "阅读数"),
    ("公众号覆盖", "关注人数", "党员"),
    ("党建视频传播", "短视频播放量", "视频"),
    ("手机端普及率", "已下载客户端的党员", "党员"),
    ("支部会议次数", "全年召开会议总次数", ""),
    ("三会一课场次", "党课场次", "支部"),
    ("月均会议密度", "每支部月均召开会议", "月"),
    ("会议频次增幅", "本年会议次数 − 上年会议次数", "上年会议次数"),
    ("超额开会率", "超额召开的会议", "应召开的会议"),
    ("发文数量", "印发文件数", ""),
    ("简报采用率", "被采用的简报篇数", "报送的简报篇数"),
    ("信息报送量", "报送信息篇数", "乡镇"),
    ("活动照片张数", "上传照片", "活动"),
    ("留痕完备率", "留痕齐全的活动", "活动"),
    ("学习笔记篇数", "笔记篇数", "党员"),
    ("心得体会上交率", "已交心得的党员", "党员"),
    ("佐证材料丰富度", "佐证材料份数", "活动"),
]
RENAMED = [
    {"name": "study quality index", "numerator": "study_hours", "denominator": "members"},
    {"name": "engagement", "numerator": "likes", "denominator": "posts"},
    {"name": "记录充分度", "numerator": "截 图 数", "denominator": "活动"},
    {"name": "学习深度", "formula": "Σ 在线时长 ÷ 党员人数"},
    {"name": "参与热度", "numerator": "check_in", "denominator": "members"},
]
# the plan's own obligations and sound measures, 40 of them
GOOD = [
    ("三会一课应开已开率", "已按期召开的应开会次", "到期应开会次"),
    ("按期足额支部比例", "到期应开会次全部召开的支部", "支部"),
    ("主题党日月度覆盖率", "已开展主题党日的支部月", "到期的支部月"),
    ("党员到会率", "实到人次", "应到人次"),
    ("第一议题落实率", "以规定内容为第一议题的会次", "会次"),
    ("传达学习时滞", "已学习的文件×支部", "应学习的文件×支部"),
    ("组织生活会完成率", "开过组织生活会的支部", "支部"),
    ("纪实完整率", "已填的要素", "应填的要素"),
    ("记录待核查率", "触发核查条件的记录", "记录"),
    ("随机抽测合格率", "得分达到合格线的人次", "参加随机抽测的人次"),
    ("学习前后提升幅度", "学前学后都参加测试的人", "参加学前测试的人"),
    ("年度发展党员数与计划", "支部大会通过的预备党员", "指导性计划"),
    ("程序时限合规率", "到期时限全部守住的发展对象", "发展对象"),
    ("集中培训达标率", "支部大会前完成24学时集中培训的", "发展对象"),
    ("政审联审完成率", "支部大会前联审合格的", "预备党员"),
    ("档案抽查比例", "经县级抽查的档案", "预备党员"),
    ("档案问题率", "发现问题的档案", "抽查的档案"),
    ("抽查问题整改率", "已整改的抽查问题", "抽查发现的问题"),
    ("跟踪评估按期完成率", "按期完成的跟踪评估", "已到期的跟踪评估"),
    ("台账按时报送", "5月31日前报送的乡镇", "应报送的乡镇"),
    ("台账四要素完整率", "四项齐全的问题", "问题"),
    ("到期问题整改完成率", "已销号的到期问题", "到期问题"),
    ("逾期未完成问题数", "逾期问题", ""),
    ("整改时长中位数", "已整改销号的问题", "可追踪的问题"),
    ("验收销号率", "经上级验收的已销号问题", "已销号问题"),
    ("延期率", "现行时限晚于原定时限的问题", "问题"),
    ("一年内反弹率", "重新打开的问题", "已销号问题"),
    ("领导包抓", "有领导包抓的", "软弱涣散党组织"),
    ("大支部未整改数", "党员超过50人的支部", ""),
    ("按期换届率", "按期换届的", "届满任期"),
    ("换届提前提醒率", "届满6个月以前已提醒的", "届满任期"),
    ("督办按期办结率", "按期回复的督办", "督办"),
    ("分类晋级净变化", "等次上升的支部数减下降的支部数", ""),
    ("长效机制转化数", "形成制度的问题", ""),
    ("经营性收入5万元以上的村", "达到5万元的村", "村"),
    ("村规民约备案", "已备案的村", "行政村"),
    ("每万城镇常住人口社区工作者", "社区工作者", "城镇常住人口"),
    ("非公企业党组织覆盖率", "建立党组织的企业", "企业"),
    ("村党组织书记届中研判", "开展过研判的村", "行政村"),
    ("流动党员纳入组织", "已纳入党组织的流动党员", "流动党员"),
]


@pytest.mark.parametrize(("name", "numerator", "denominator"), BAD)
def test_a_banned_basis_is_refused_with_its_source(name, numerator, denominator):
    """Thirty seeded bad indicators: every one is refused, and the refusal names clause and source."""
    refusals = check({"name": name, "numerator": numerator, "denominator": denominator})
    assert refusals
    assert all(r.ban.source in str(r) and r.ban.clause in str(r) for r in refusals)


@pytest.mark.parametrize("draft", RENAMED, ids=lambda draft: draft["name"])
def test_renaming_or_dividing_does_not_help(draft):
    """English names, spaces inside the word, and a formula as the only trace are refused as well."""
    assert check(draft)


def test_a_sound_indicator_passes():
    """Forty good indicators: at most one false refusal is allowed, none is known."""
    assert len(GOOD) == 40
    assert not [g[0] for g in GOOD if check(dict(zip(("name", "numerator", "denominator"), g, strict=True)))]


def test_an_obligation_of_the_plan_stays_judged():
    """A yearly number of events is refused, unless the plan demands it in its own words."""
    draft = {"name": "年度观摩活动次数", "numerator": "观摩活动次数", "denominator": ""}
    demanded = draft | {"target_basis": "explicit", "quote": "每年至少组织开展1次党建观摩、业务互学活动"}
    assert check(draft)
    assert not check(demanded)


def test_the_registry_scores_nothing_that_is_banned():
    """Every record of the registry passes, or is background with its reason printed and without a target."""
    assert check_all(registry()) == []
    background = [i for i in registry() if i.background]
    assert {"S07", "S08"} <= {i.id for i in background}
    assert all(i.target is None for i in background)


def test_a_ban_that_is_scored_all_the_same_is_found():
    """Giving learning hours a target makes the whole registry fail the check."""
    from dataclasses import replace

    scored = replace(registry()["S07"], target=1, background="")
    assert [r.ban.id for r in check_all([scored])] == ["time"]


def test_evaluation_stops_at_the_policy_gate(monkeypatch):
    """A registry edited to score learning hours evaluates nothing: exit status 4, with the clause."""
    from dataclasses import replace

    from pbanalysis.errors import Exit, PbError
    from pbanalysis.indicators import evaluate
    from pbanalysis.testing import county_of

    county = county_of(
        {"townships": [{"township_id": "629901100", "name": "甲镇", "kind": "镇"}]}, dt.date(2023, 12, 31)
    )
    module = importlib.import_module("pbanalysis.indicators.evaluate")
    monkeypatch.setattr(module, "registry", lambda: [replace(registry()["S07"], target=1, background="")])
    with pytest.raises(PbError, match="学习时长") as error:
        evaluate(county, "2023")
    assert error.value.exit_status is Exit.GATE


def test_every_ban_cites_clause_and_source():
    """A ban without its source could not be printed as a reason."""
    assert all(ban.clause and ban.source and ban.words for ban in bans())
