"""The one generator of sentences: states in, words out. Nothing that is found is ever typed.

A word that claims (达标, 显著, 略高于, 稳定 …) is spoken by one function from one state; what is not
due, not applicable, unknown or withheld is named as such and never reads as bad. The wording is that
of docs/wording in the method notes; "p 值" and "置信区间" do not occur, the range is 波动范围.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import TypeAlias

from pbanalysis.exhibits.blocks import Fact, Line, Span
from pbanalysis.exhibits.numbers import COUNTERS, NONE, count, fact, fraction, joined, percent, target
from pbanalysis.exhibits.style import VS_COUNTY_MARKS
from pbanalysis.terms import STATES, VS_COUNTY
from pbanalysis.themes.matters import Due, Matter
from pbanalysis.themes.reading import FEW, Reading

__all__ = [
    "DUE",
    "LIMITS",
    "MATTERS",
    "TOO_FEW",
    "Said",
    "against_county",
    "against_target",
    "bounds",
    "due",
    "headline",
    "matter",
    "missing",
    "names",
    "sentence",
    "shortfall",
    "signals",
    "spans",
    "states",
    "tally",
    "trend",
    "verdict",
]

TOO_FEW = "样本过小，不作比较"
_STANDS = {
    "beyond": ("达", "稳定达标"),
    "short": ("未", "稳定未达标"),
    "straddles": ("？", "达标与否尚不能确定"),
}
_TRENDS = {
    "few": "数据点不足，暂不判断趋势",
    "common": "正常波动",
    "better": "出现显著向好变化，请说明原因",
    "worse": "出现显著转差变化，请说明原因",
}
Readings: TypeAlias = Sequence[Reading]


@dataclass(frozen=True)
class Said:
    """A mark, readable on a photocopy, and its words."""

    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}".strip()


def against_county(reading: Reading) -> Said:
    """与全县比, from ``vs_county`` alone."""
    if reading.state == "suppressed":
        return Said(VS_COUNTY_MARKS["not_compared"], STATES["suppressed"])
    if reading.level == "county" or reading.vs_county == "not_compared" and not reading.few:
        return Said("", NONE)
    if reading.vs_county == "not_compared":
        return Said("", NONE) if not reading.denominator else Said(VS_COUNTY_MARKS["not_compared"], TOO_FEW)
    return Said(VS_COUNTY_MARKS[reading.vs_county], VS_COUNTY[reading.vs_county])


def against_target(reading: Reading) -> Said:
    """与目标比, from the state and the interval: how sure the verdict is against chance.

    All of all, or none where none is the target, needs no range: it is said as it is. So is a count.
    """
    if not reading.judged:
        return Said("", NONE)
    if reading.few and reading.denominator != reading.numerator:
        return Said("□", "样本过小，只列件数")
    if reading.stands:
        return Said(*_STANDS[reading.stands])
    if reading.state == "not_met":
        return Said("未", "未达要求")
    return Said("达", "全部达到" if reading.is_share and reading.target in (0, 1) else "达到要求")


def trend(points: int, signal: str) -> str:
    """趋势: ``signal`` is ``common``, ``better`` or ``worse``; under seven points nothing is said."""
    return _TRENDS["few"] if points < 7 else _TRENDS[signal]


def verdict(reading: Reading) -> str:
    """The state in words."""
    return STATES[reading.state]


def shortfall(reading: Reading) -> Line:
    """How much is missing to the target, as a count; empty where nothing is."""
    if reading.state != "not_met" or not reading.shortfall:
        return ""
    indicator = reading.indicator
    counter = indicator.unit if indicator.kind == "count" else COUNTERS[indicator.counted]
    return ("多出" if indicator.direction == "down" else "还差", fact(reading, "shortfall"), counter)


def missing(reading: Reading) -> Line:
    """What was left out of the denominator, each kind by its own name."""
    if reading.state == "suppressed":
        return ""
    left = (("n_not_due", "未到期"), ("n_na", "不适用"), ("n_unknown", "数据缺失"))
    return joined([(word, " ", fact(reading, part)) for part, word in left if getattr(reading, part)])


def bounds(reading: Reading) -> Line:
    """Where the value would lie if all that is unknown were done, or none of it; empty where nothing is unknown."""
    unknown, units = reading.n_unknown or 0, (reading.denominator or 0) + (reading.n_unknown or 0)
    if not (reading.judged and reading.is_share and unknown and units >= FEW):
        return ""
    done = reading.numerator or 0
    worst, best = (
        Fact(id=fact(reading, "n_unknown").id.replace("n_unknown", part), text=percent(share, units), value=share)
        for part, share in (("if_none", done / units), ("if_all", (done + unknown) / units))
    )
    left = ("：有 ", fact(reading, "n_unknown"), " 个数据缺失未计入，如全未完成或全部完成，数值在 ")
    return (reading.name, *left, worst, "—", best, " 之间。")


_Clause: TypeAlias = Callable[[Reading], Line]


def _value(reading: Reading) -> Line:
    if reading.value is None:
        if reading.indicator.kind == "median" and reading.denominator:
            return "过半尚未完成，中位时间暂不能估计"
        return ""
    shown = fact(reading)
    whole = fraction(reading)
    if reading.indicator.kind == "count" or reading.few or whole == NONE:
        return (" ", shown)
    return (" ", shown, "（", *(whole if isinstance(whole, tuple) else (whole,)), "）")


def _met(reading: Reading) -> Line:
    return ("达到", *spans(target(reading)), "的要求")


def _not_met(reading: Reading) -> Line:
    gap = shortfall(reading)
    return ("未达到", *spans(target(reading)), "的要求", *(("，", *spans(gap)) if gap else ()))


# the clause that each state allows; exhaustive, and each names its state
_CLAUSES: dict[str, _Clause] = {
    "met": _met,
    "not_met": _not_met,
    "info": lambda _: "仅供参考",
    "not_due": lambda _: "尚未到期，暂不评价",
    "na": lambda _: "不适用",
    "unknown": lambda _: "数据缺失，不作评价",
    "suppressed": lambda _: STATES["suppressed"],
}


def spans(line: Line) -> tuple[Span, ...]:
    """The spans of a line."""
    return line if isinstance(line, tuple) else (line,)


def sentence(reading: Reading) -> Line:
    """One indicator as a clause without full stop: name, value, verdict, comparison."""
    shown = _value(reading) if reading.state in ("met", "not_met", "info") else ""
    clause = _CLAUSES[reading.state](reading)
    compared = against_county(reading)
    signal = ("；", compared.text) if reading.vs_county in _SIGNALS and reading.state != "suppressed" and reading.level != "county" else ()
    return tuple(span for span in (reading.name, *spans(shown), "，" if shown else "", *spans(clause), *signal) if span)


_SIGNALS = ("possible_high", "possible_low", "high", "low")


def names(readings: Readings, most: int = 4) -> str:
    """Names in registry order; beyond ``most`` their number is in the sentence beside it."""
    shown = "、".join(reading.name for reading in readings[:most])
    return f"{shown}等" if len(readings) > most else shown


def tally(readings: Readings, name: str) -> Line:
    """How many indicators are met and not met, and how many are not judged and why; background is left out."""
    by_state = {state: sum(r.state == state for r in readings) for state in STATES}

    def part(state: str) -> tuple[Span, ...]:
        return (f"{STATES[state]} ", count(f"{name}.{state}_n", by_state[state]), " 项")

    judged = by_state["met"] + by_state["not_met"]
    left = joined([part(state) for state in ("not_due", "unknown", "suppressed") if by_state[state]])
    said: tuple[Span, ...] = ("没有可以评价的指标",)
    if judged:
        said = ("可评价的 ", count(f"{name}.judged_n", judged), " 项指标中，", *part("met"), "、", *part("not_met"))
    return (*said, *(("；另有", *left, "，不作评价") if left else ()))


def states(readings: Readings, name: str) -> Line:
    """How many indicators with a target are in each state: 达标 5、未达标 3、未到期 1."""
    parts: list[Line] = []
    for state in ("met", "not_met", "not_due", "unknown", "suppressed"):
        if n := sum(r.state == state for r in readings):
            parts.append((f"{STATES[state]} ", count(f"{name}.{state}_n", n)))
    return joined(parts) or NONE


def signals(readings: Readings) -> Line:
    """Which indicators stand out from the county, and which way; only what the funnel and BH bear."""
    parts = [
        f"{names(found)}{VS_COUNTY[state]}"
        for state in ("high", "low")
        if (found := [reading for reading in readings if reading.vs_county == state and reading.state != "suppressed"])
    ]
    return "；".join(parts)


def headline(subject: str, readings: Readings, name: str) -> Line:
    """The one sentence on top: tally, shortfalls as counts, and what stands out from the county."""
    short = [reading for reading in readings if reading.state == "not_met"]
    lines: list[Line] = [(f"{subject}", *spans(tally(readings, name)))]
    if short:
        more = "等" if len(short) > 3 else ""
        lines.append(("未达标的有", *spans(joined([_short(reading) for reading in short[:3]])), more))
    if told := signals(readings):
        lines.append(f"与全县相比，{told}" if isinstance(told, str) else told)
    return (*spans(joined(lines, "；")), "。")


def _short(reading: Reading) -> Line:
    """An indicator that falls short, in a list: 三会一课应开已开率 73.8%（747/1012，还差265次）."""
    gap, whole = spans(shortfall(reading)), spans(fraction(reading))
    if reading.indicator.kind == "count":
        return (reading.name, " ", fact(reading), reading.indicator.unit)
    inside = (*(() if reading.few else whole), *(("，",) if gap and not reading.few else ()), *gap)
    return (reading.name, " ", fact(reading), *(("（", *inside, "）") if inside else ()))


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
    "ceiling": "{names}台账显示全部完成，建议抽看原始记录印证",
    "flagged": "{denominator}次会议记录中有{numerator}次列入待核查，建议调阅原始记录核实",
    "incomplete": "会议记录应填的{denominator}个栏目中有{shortfall}个未填，建议核对纪实材料",
    "first_topic": "{denominator}次会议中有{shortfall}次未记第一议题，建议核实是未落实还是漏记",
    "life_meeting": "{denominator}个支部中有{shortfall}个当年组织生活会或民主评议不全，建议核实补开情况",
    "limits_broken": "{denominator}份有到期时限的档案中有{shortfall}份环节时限未守住，建议逐份核对日期",
    "no_review": "接收的{denominator}人中有{shortfall}人政审联审不在支部大会之前或没有合格结论，建议调阅材料",
    "faults_open": "档案抽查发现的{denominator}处问题中有{shortfall}处未整改，建议现场复核",
    "followups_open": "到期的{denominator}次跟踪评估中有{shortfall}次未按期完成，建议核实",
    "county_audit": "全县接收的{denominator}人中已抽查档案{numerator}份，距 30% 还差{shortfall}份，建议补抽",
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
    "limits": ("90 天内有 {n} 个环节时限到期", "90 天内有环节时限到期（件数依规定不予公布）"),
    "followups": ("90 天内有 {n} 次跟踪评估到期", "90 天内有跟踪评估到期（次数依规定不予公布）"),
    "issues": ("90 天内有 {n} 项问题的整改时限到期，最早 {first}", ""),
    "reminders": ("半年内有 {n} 个党组织的换届提醒到期，最早 {first}", ""),
    "terms": ("一年内有 {n} 个党组织任期届满，最早 {first}", ""),
}


def due(found: Due, name: str) -> Line:
    """What falls due next, as a clause; ``name`` is the theme's, for its facts."""
    said, withheld = DUE[found.kind]
    if found.n is None or found.first_on is None:
        return withheld
    first = found.first_on.isoformat()
    numbers = {
        "n": count(f"{name}.next_{found.kind}_n", found.n),
        "first": Fact(id=f"{name}.next_{found.kind}_on", name=f"{name}.next_{found.kind}_on", text=first, value=first),
    }
    return tuple(span for text, part, _, _ in Formatter().parse(said) for span in (text, numbers.get(part or "", "")) if span)


def matter(found: Matter) -> Line:
    """A matter as a clause; every number in it is a fact."""
    first, said = found.readings[0], []
    for text, part, _, _ in Formatter().parse(MATTERS[found.kind]):
        said.append(text)
        if part == "names":
            said.append(names(found.readings))
        elif part == "compared":
            said.append(VS_COUNTY[first.vs_county])
        elif part:
            said.append(fact(first, part))
    return tuple(span for span in said if span)
