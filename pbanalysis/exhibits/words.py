"""The one generator of sentences: states in, words out. Nothing that is found is ever typed.

A word that claims (达标, 显著, 略高于, 稳定 …) is spoken by one function from one state; what is not
due, not applicable, unknown or withheld is named as such and never reads as bad. The wording is the
county office's; "p 值" and "置信区间" do not occur, the range is 波动范围.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pbanalysis.exhibits.blocks import Line, Span
from pbanalysis.exhibits.numbers import NONE, counter, fact, fraction, joined, of_results, percent, target
from pbanalysis.exhibits.style import STATE_MARKS, VS_COUNTY_MARKS
from pbanalysis.terms import STATES, VS_COUNTY
from pbanalysis.themes.reading import FEW, Reading

__all__ = [
    "TOO_FEW",
    "Said",
    "against_county",
    "against_target",
    "bounds",
    "headline",
    "missing",
    "names",
    "sentence",
    "shortfall",
    "signals",
    "spans",
    "states",
    "tally",
    "trend",
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
        return Said(STATE_MARKS["suppressed"], STATES["suppressed"])
    if reading.level == "county" or (reading.vs_county == "not_compared" and not reading.small):
        return Said("", NONE)
    if reading.vs_county == "not_compared":
        return Said("", NONE) if not reading.denominator else Said(VS_COUNTY_MARKS["not_compared"], TOO_FEW)
    return Said(VS_COUNTY_MARKS[reading.vs_county], VS_COUNTY[reading.vs_county])


def against_target(reading: Reading) -> Said:
    """与目标比, from the state and the interval: how sure the verdict is against chance.

    All of all, or none where none is the target, needs no range: it is said as it is. So is a count.
    A verdict on few units is one on what was counted, and is said to be no more.
    """
    if not reading.judged:
        return Said("", NONE)
    if reading.few:
        return Said("达" if reading.state == "met" else "未", "按件数，样本过小")
    if reading.stands:
        return Said(*_STANDS[reading.stands])
    if reading.state == "not_met":
        return Said("", "未达要求")
    return Said("", "全部达到" if reading.is_share and reading.target in (0, 1) else "达到要求")


def trend(points: int, signal: str) -> str:
    """趋势: ``signal`` is ``common``, ``better`` or ``worse``; under seven points nothing is said."""
    return _TRENDS["few"] if points < 7 else _TRENDS[signal]


def shortfall(reading: Reading) -> Line:
    """How much is missing to the target, as a count; empty where nothing is."""
    if reading.state != "not_met" or not reading.shortfall:
        return ""
    indicator = reading.indicator
    return (
        "多出" if indicator.direction == "down" else "还差",
        fact(reading, "shortfall"),
        counter(indicator),
    )


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
    done, left = reading.numerator or 0, fact(reading, "n_unknown")
    worst, best = (
        replace(left, id=left.id.replace("n_unknown", part), text=percent(share, units), value=share)
        for part, share in (("if_none", done / units), ("if_all", (done + unknown) / units))
    )
    said = ("：有 ", left, " 个数据缺失未计入，如全未完成或全部完成，数值在 ")
    return (reading.name, *said, worst, "—", best, " 之间。")


# values that are no quotient: what the fraction beside them counts, and what is said where there is no value
_NO_QUOTIENT = {
    "R06": ("已销号 ", "过半问题尚未办结，中位办结时间暂不能估计"),
    "S06": ("已学习 ", "过半支部尚未学习，中位时间暂不能估计"),
    "S17": ("前后都测 ", "前后两次都参加测试的人数不足，提升幅度暂不能估计"),
}
_Clause: TypeAlias = Callable[[Reading], Line]


def _value(reading: Reading) -> Line:
    counted, without = _NO_QUOTIENT.get(reading.indicator.same_as or reading.id, ("", ""))
    if reading.value is None:
        return f"：{without}" if without and reading.denominator else ""
    shown = fact(reading)
    whole = fraction(reading)
    if reading.indicator.kind == "count" or reading.few or whole == NONE:
        return (" ", shown)
    return (" ", shown, f"（{counted}", *spans(whole), "）")


def _met(reading: Reading) -> Line:
    return (_by_count(reading), "达到", *spans(target(reading)), "的要求")


def _not_met(reading: Reading) -> Line:
    gap = shortfall(reading)
    return (
        _by_count(reading),
        "未达到",
        *spans(target(reading)),
        "的要求",
        *(("，", *spans(gap)) if gap else ()),
    )


def _by_count(reading: Reading) -> str:
    return "按件数" if reading.few else ""


# the clause that each state allows; exhaustive, and each names its state
_CLAUSES: dict[str, _Clause] = {
    "met": _met,
    "not_met": _not_met,
    "info": lambda r: "样本过小，仅供参考" if r.small and r.denominator else "仅供参考",
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
    signal = (
        ("；", compared.text)
        if reading.vs_county in _SIGNALS and reading.state != "suppressed" and reading.level != "county"
        else ()
    )
    return tuple(
        span for span in (reading.name, *spans(shown), "，" if shown else "", *spans(clause), *signal) if span
    )


_SIGNALS = ("possible_high", "possible_low", "high", "low")


def names(readings: Readings, most: int = 4) -> str:
    """Names in registry order; beyond ``most`` their number is in the sentence beside it."""
    shown = "、".join(reading.name for reading in readings[:most])
    return f"{shown}等" if len(readings) > most else shown


def tally(readings: Readings, name: str) -> Line:
    """How many indicators bind the unit, and how many of them are in each state: the counts add up."""
    counts = _by_state(readings)
    if not counts:
        return "没有纳入评价的指标"
    rows = sum(counts.values())
    parts: list[Line] = [
        (f"{STATES[state]} ", of_results(f"{name}.{state}_n", n, rows), " 项") for state, n in counts.items()
    ]
    whole = of_results(f"{name}.evaluated_n", rows, rows)
    return ("纳入评价的 ", whole, " 项指标中，", *spans(joined(parts)))


def states(readings: Readings, name: str) -> Line:
    """How many of the indicators that bind the unit are in each state: 达标 5、未达标 3、未到期 1."""
    counts = _by_state(readings)
    rows = sum(counts.values())
    parts: list[Line] = [
        (f"{STATES[state]} ", of_results(f"{name}.{state}_n", n, rows)) for state, n in counts.items()
    ]
    return joined(parts) or NONE


def _by_state(readings: Readings) -> dict[str, int]:
    """Indicators that a target binds, by state; background and what does not apply are in none."""
    bound = [r.state for r in readings if r.evaluated]
    states = ("met", "not_met", "not_due", "unknown", "suppressed")
    return {state: n for state in states if (n := bound.count(state))}


def signals(readings: Readings) -> Line:
    """Which indicators stand out from the county, and which way; only what the funnel and BH bear."""
    parts = [
        f"{names(found)}{VS_COUNTY[state]}"
        for state in ("high", "low")
        if (
            found := [
                reading
                for reading in readings
                if reading.vs_county == state and reading.state != "suppressed"
            ]
        )
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
        return (reading.name, " ", fact(reading))
    inside = (*(() if reading.few else whole), *(("，",) if gap and not reading.few else ()), *gap)
    return (reading.name, " ", fact(reading), *(("（", *inside, "）") if inside else ()))
