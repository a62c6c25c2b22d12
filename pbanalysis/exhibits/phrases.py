"""Statements that hold whatever the numbers are, and the clauses of matters and due days.

The clauses have places for numbers, which are filled with facts; which clause is said is decided by the
theme, from states (:mod:`pbanalysis.exhibits.words`).
"""

from __future__ import annotations

from dataclasses import replace
from string import Formatter

from pbanalysis.exhibits.blocks import Fact, Line, Span
from pbanalysis.exhibits.numbers import count, fact, interval, joined, percent, plain
from pbanalysis.exhibits.words import names, sentence, spans
from pbanalysis.plan.benchmark import benchmark
from pbanalysis.terms import VS_COUNTY
from pbanalysis.themes.matters import Due, Matter
from pbanalysis.themes.reading import FEW, Reading
from pbanalysis.themes.rectification import Ledger
from pbanalysis.themes.study import Learnt

__all__ = [
    "DUE",
    "LIMITS",
    "MATTERS",
    "due",
    "followed",
    "learning",
    "ledger",
    "matter",
    "national",
    "spot_check",
]

# what may not be concluded: general statements, they hold whatever the numbers are
LIMITS = {
    "volume": "会议、培训、学时的数量只说明“办了没有”，不说明学得怎样；学习质量另看第一议题、纪实、抽测等，学时、次数类只作背景。",
    "self_reported": "台账由乡镇自行填报，完成率接近满额时不能再用来区分工作好坏，需以抽查和现场核实为准。",
    "screens": "“待核查”只是提示核实的线索，不是结论；只有经审核认定的才算问题，机器代写的记录也可能查不出来。",
    "admissions_number": "发展党员数量是控制总量的指导性计划，多发展、少发展都不作评价。",
    "missing_dates": "台账缺日期的环节列为数据缺失，既不算合规，也不算违规。",
    "audit_sample": "抽查结果只对随机抽取的档案可以推断全部；重点抽查的不能推断。",
    "closing_is_not_effect": "销号表示按程序办结，不等于问题不再发生；整改前后的变化不能直接归因于整改。",
    "moved_deadlines": "到期完成率按现行时限计算，时限延长过的另列，两者要对照着看。",
    "competing_ends": "合并、转办、撤销的问题不算整改完成；仍在整改的问题计入办结时间的估计，不能只看已办结的平均天数。",
    "contribution": "全县目标不能拿来判定单个乡镇，乡镇只列贡献；有任务分解的除外。",
    "no_grade": "波动范围反映偶然波动而非抽样误差。本报告不评等次，不排名次，不评价个人。",
}

# matters to check on site; {…} is a number of the first reading, {names} are all of their names
MATTERS = {
    "stands_out": "{names}与全县相比，{compared}，建议到支部了解原因，先核对数据再作判断",
    "no_data": "{names}没有数据，建议核实是未开展、未记录还是未报送",
    "ceiling": "{names}填报为全部完成，建议抽看原始记录印证",
    "flagged": "{denominator}次会议记录中有{numerator}次列入待核查，建议调阅原始记录核实",
    "incomplete": "会议记录应填的{denominator}项要素中有{shortfall}项未填，建议核对纪实材料",
    "first_topic": "{denominator}次会议中有{shortfall}次未记第一议题，建议核实是未落实还是漏记",
    "life_meeting": "{denominator}个支部中有{shortfall}个当年组织生活会或民主评议不全，建议核实补开情况",
    "limits_broken": "{denominator}份有到期时限的档案中有{shortfall}份环节时限未守住，建议逐份核对日期",
    "no_review": "接收的{denominator}人中有{shortfall}人政审联审不在支部大会之前或没有合格结论，建议调阅材料",
    "faults_open": "档案抽查发现的{denominator}处问题中有{shortfall}处未整改，建议现场复核",
    "followups_open": "到期的{denominator}次跟踪评估中有{shortfall}次未按期完成，建议核实",
    "county_audit": "全县接收的{denominator}人中已抽查档案{numerator}份，距规定比例还差{shortfall}份，建议补抽",
    "dates_missing": "有{n_unknown}份档案缺日期，无法判断时限，建议补录后核对",
    "overdue": "逾期未完成的问题{numerator}项，建议逐项核实进展和时限",
    "not_accepted": "已销号的{denominator}项中有{shortfall}项没有验收记录，列为“已销号、效果待证”，建议现场查看",
    "reopened": "已销号的{denominator}项中有{numerator}项一年内又出现，建议核实整改是否到位",
    "moved": "{denominator}项有时限的问题中有{numerator}项延长过时限，建议核实延期理由",
    "standing": "{n_na}项问题没有到期日（长期坚持、立行立改等）或已作其他了结，多于有到期日的{denominator}项，建议补定阶段性时限",
    "branch_too_big": "党员超过50人的支部{numerator}个，建议核实调整设置的方案",
}


# what falls due next, and what is said where the number is withheld; no single day where it is of persons
DUE = {
    "meetings": ("本期还有 {n} 次应开会议尚未到期，最早的 {first} 到期", ""),
    "limits": ("三个月内有 {n} 个环节时限到期", "三个月内有环节时限到期（件数依规定不予公布）"),
    "followups": ("三个月内有 {n} 次跟踪评估到期", "三个月内有跟踪评估到期（次数依规定不予公布）"),
    "issues": ("三个月内有 {n} 项问题的整改时限到期，最早 {first}", ""),
    "reminders": ("半年内有 {n} 个党组织的换届提醒到期，最早 {first}", ""),
    "terms": ("一年内有 {n} 个党组织任期届满，最早 {first}", ""),
}


def due(found: Due, name: str) -> Line:
    """What falls due next, as a clause; ``name`` is the theme's, for its facts."""
    said, withheld = DUE[found.kind]
    if found.n is None or found.first_on is None:
        return withheld
    first = found.first_on.isoformat()
    n = count(f"{name}.next_{found.kind}_n", found.n, tables=found.tables, rows=found.rows)
    day = f"{name}.next_{found.kind}_on"
    numbers = {"n": n, "first": replace(n, id=day, name=day, text=first, value=first)}
    return tuple(
        span
        for text, part, _, _ in Formatter().parse(said)
        for span in (text, numbers.get(part or "", ""))
        if span
    )


def matter(found: Matter) -> Line:
    """A matter as a clause; every number in it is a fact."""
    first = found.readings[0]
    said: list[Span] = []
    for text, part, _, _ in Formatter().parse(MATTERS[found.kind]):
        said.append(text)
        if part == "names":
            said.append(names(found.readings))
        elif part == "compared":
            said.append(VS_COUNTY[first.vs_county])
        elif part:
            said.append(fact(first, part))
    return tuple(span for span in said if span)


def learning(reading: Reading, found: Learnt) -> Line:
    """Tests before and after, as clauses; a change is never called an effect."""

    def said(part: str, value: float, text: str) -> Fact:
        return Fact(
            id=f"study.gain.{part}",
            text=text,
            value=value,
            indicator_id="S17",
            source_tables=("test_scores",),
        )

    def share(part: str, value: float) -> Fact:
        return said(part, value, percent(value, found.matched))

    line: list[Span] = [
        "前后两次测试都参加的 ",
        said("matched_n", found.matched, str(found.matched)),
        " 人，",
    ]
    line += (
        ["另有前测后未再参加的 ", said("gone_n", found.gone, str(found.gone)), " 人；"] if found.gone else []
    )
    line += ["平均得分率前测 ", share("pre", found.pre), "、后测 ", share("post", found.post)]
    line += ["，提升幅度 ", fact(reading)]
    if reading.low is not None:
        line += ["，波动范围 ", *spans(interval(reading))]
        line += ["（涉及的支部少，实际范围更宽）"] if found.few_branches else []
    line += ["。"]
    if found.ceiling is not None:
        line += ["前测已得满分、无可提升的 ", said("ceiling_n", found.ceiling, str(found.ceiling)), " 人。"]
    if found.regression is not None:
        points = f"{plain(100 * abs(found.regression), 1)}"
        way = "下降" if found.regression < 0 else "上升"
        line += [f"按全县前测平均和两次得分的相关推算，没有学习作用时平均也会{way} "]
        line += [said("regression", abs(found.regression), points), " 个百分点。"]
    return (*line, "没有对照组，前后变化不能都算作学习成效。")


def ledger(found: Ledger) -> Line:
    """How the issues of a ledger stand, and which numbers count a reopened one as closed and which as open."""

    def items(part: str, n: int) -> tuple[Span, ...]:
        fact_of = count(f"issues.{part}_n", n, tables=("issues",), rows=found.listed)
        return (" ", fact_of, " 项")

    line: list[Span] = [
        "台账所列问题",
        *items("listed", found.listed),
        "：已销号",
        *items("closed", found.closed),
    ]
    if found.otherwise:
        line += ["，合并、转办、撤销", *items("otherwise", found.otherwise)]
    line += ["，一直未办结", *items("never_closed", found.never), "。"]
    if found.again:
        line += ["已销号的含重新打开、截止日没有再销号的", *items("open_again", found.again)]
        line += [
            "：R04、R06、R07、R09、R16 看销号本身，仍计作已销号；R03、R05 和未办结、逾期、各类问题的图按未办结列，"
        ]
        line += ["未办结共", *items("open", found.never + found.again), "。"]
    return tuple(line)


def followed(found: Reading) -> Line:
    """Of how many issues R06 can tell the days, where that is not all of them; empty where it is."""
    if not found.n_unknown or not found.denominator:
        return ""
    return (
        "R06 只计能算出天数的 ",
        fact(found, "denominator"),
        " 项问题（其中已销号 ",
        fact(found, "numerator"),
        " 项），另 ",
        fact(found, "n_unknown"),
        " 项缺发现或了结日期、或两者颠倒，不在其中。",
    )


def spot_check(found: Reading, admitted: Reading) -> Line:
    """抽查: what random checks found, and the range for all the files they were drawn from."""
    if found.state != "info" or found.value is None:
        return (*spans(sentence(found)), "。")
    whole = 0 if admitted.state == "suppressed" else admitted.denominator or 0
    checked: list[Span] = ["随机抽查档案 ", fact(found, "denominator"), " 份"]
    if whole >= FEW:
        share = (found.denominator or 0) / whole
        of = fact(admitted, "denominator")
        checked += [
            "（",
            replace(of, id="D08.checked_share", indicator_id="D08", text=percent(share, whole), value=share),
            "）",
        ]
    line: list[Span] = [*checked, "，发现问题 ", fact(found, "numerator"), " 份"]
    if found.low is not None and found.high is not None and whole:
        line += ["；据此推断，", fact(admitted, "denominator"), " 份中有问题的在 "]
        line += [*spans(interval(found)), "之间（95%）"]
    return (*line, "。")


_NATIONAL = {
    "admitted_le35_pct": "三十五岁及以下的占 ",
    "admitted_jc_pct": "大专及以上学历的占 ",
    "admitted_female_pct": "女性占 ",
}


def national(year: int) -> Line:
    """The latest national figures on new members, named with their year: a reference, never a target."""
    known = {metric: [f for f in benchmark(metric) if f.year <= year] for metric in _NATIONAL}
    latest = max((figures[-1].year for figures in known.values() if figures), default=None)
    if latest is None:
        return "没有可供参照的全国数据。"
    said: list[Line] = [
        (
            words,
            Fact(
                id=f"national.{metric}",
                name=f"national.{metric}",
                text=f"{figure.value:g}%",
                value=figure.value,
                clause=f"{latest}年度中国共产党党内统计公报（转载）",
            ),
        )
        for metric, words in _NATIONAL.items()
        for figure in known[metric]
        if figure.year == latest
    ]
    head = f"全国参照（{latest}年度党内统计公报的转载，只看结构，不是目标，乡村与全国的人员构成不同）：新发展党员中，"
    return (head, *spans(joined(said, "，")), "。")
