"""The tables of a report: scorecard, gaps, the period before, the plan's measures, definitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pbanalysis.exhibits import numbers, words
from pbanalysis.exhibits.blocks import Align, Cell, CellLike, Column, Line, Paragraph, Row, Table
from pbanalysis.exhibits.notes import few_branches, scorecard_notes
from pbanalysis.exhibits.numbers import NONE
from pbanalysis.exhibits.style import VS_COUNTY_MARKS
from pbanalysis.indicators.due import due_day
from pbanalysis.plan.clauses import Measure
from pbanalysis.plan.clauses import measures as plan_measures
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.store.schema import TABLES
from pbanalysis.terms import STATES, THEMES
from pbanalysis.themes.before import Before, before
from pbanalysis.themes.reading import Reading
from pbanalysis.themes.report import Report

__all__ = ["definitions", "gaps", "measure_items", "measures", "previous", "scorecard"]

_SHORT = {
    "no_signal": "无显著差异",
    "possible_high": "略高，或属偶然",
    "possible_low": "略低，或属偶然",
    "high": "显著高于",
    "low": "显著低于",
}
_UNIT = "见各行"


def _column(key: str, title: str, width: float, align: Align = "left") -> Column:
    return Column(key=key, title=title, width=width, align=align)


def scorecard(report: Report) -> Table:
    """指标 · 分子/分母 · 数值 · 波动范围 · 目标 · 与目标比 · 与全县比 · 状态 · 依据.

    Indicators with a target come first, background after them: which is judged and which is not is
    a heading of the table, and why is a note. The county has no county beside it.
    """
    judged = [r for r in report.readings if r.evaluated or (r.target is not None and r.state == "na")]
    background = [r for r in report.readings if r not in judged]
    rows: list[Row] = []
    for title, group in (("有目标，作评价", judged), ("无目标或按规定只作背景，不作评价", background)):
        if group:
            rows += [Row((title,), kind="group"), *(_score(report, r) for r in group)]
    return Table(
        id=f"{report.theme}.scorecard",
        role="scorecard",
        title=f"{report.unit_name}{report.period.title}{_theme(report)}指标一览",
        columns=(
            _column("name", "指标", 2.35),
            _column("fraction", "分子/分母", 1.15, "right"),
            _column("value", "数值", 0.85, "right"),
            _column("range", "波动范围", 1.45, "right"),
            _column("target", "目标", 1.0, "right"),
            _column("stands", "与目标比", 1.55),
            *((_column("county", "与全县比", 1.75),) if report.township else ()),
            _column("state", "状态", 1.3),
            _column("clause", "依据", 0.85),
        ),
        rows=tuple(rows),
        unit=_UNIT,
        source=_sources(report.readings),
        notes=tuple(scorecard_notes(report)),
    )


def _score(report: Report, reading: Reading) -> Row:
    return Row(
        (
            f"{reading.id} {reading.name}" if "." not in reading.id else f"　其中：{reading.name}",
            Cell(numbers.fraction(reading)),
            value_cell(reading),
            Cell(
                (
                    *words.spans(numbers.interval(reading)),
                    *(("（支部少）",) if few_branches(report, reading) else ()),
                )
            ),
            Cell(numbers.target(reading, narrow=True)),
            Cell(str(words.against_target(reading))),
            *((Cell(_beside_county(report, reading)),) if report.township else ()),
            state_cell(reading),
            reading.indicator.clause,
        )
    )


def value_cell(reading: Reading) -> CellLike:
    """The value, or a dash where there is none to print."""
    if reading.state == "suppressed" or reading.value is None:
        return NONE
    return numbers.fact(reading)


def _numbered(indicator: Indicator) -> str:
    """``D04 …``; a part bears the number of its whole (``D05.talk`` is D05), its name says which part."""
    return f"{indicator.id.partition('.')[0]} {indicator.name}"


def state_cell(reading: Reading) -> Cell:
    """The state by mark and text."""
    return Cell(STATES[reading.state], state=reading.state)


def _beside_county(report: Report, reading: Reading) -> Line:
    """Mark and short words, and the county's own value to read them by."""
    county = report.reading(reading.id, report.county.code)
    shown = reading.indicator.kind != "count" and county is not None and county.value is not None
    beside = ("全县 ", numbers.fact(county)) if shown and county and county.state != "suppressed" else ()
    if reading.state == "suppressed" or reading.value is None or reading.level == "county":
        return NONE
    if reading.vs_county in _SHORT:
        said = f"{VS_COUNTY_MARKS[reading.vs_county]} {_SHORT[reading.vs_county]}"
        return (said, "（", *beside, "）") if beside else said
    said = f"{VS_COUNTY_MARKS['not_compared']} 样本过小" if reading.small else ""
    if not beside:
        return said or NONE
    return (said, "（", *beside, "）") if said else beside


def gaps(report: Report) -> Table | Paragraph:
    """What falls short, as counts, with who answers for it: headline first, then the plan's items."""
    short = [r for r in report.readings if r.state == "not_met" and "." not in r.id]
    items = [i for i in registry().items() if i.theme == report.theme and not i.same_as]
    short += [r for r in report.of(items) if r.state == "not_met"]
    if not short:
        return Paragraph(
            id=f"{report.theme}.gaps", role="gaps", text="截止日已到期并可评价的事项中，没有未达标的。"
        )
    return Table(
        id=f"{report.theme}.gaps",
        role="gaps",
        title="未达标事项与还差的数量",
        columns=(
            _column("name", "事项", 2.2),
            _column("now", "现状", 1.2, "right"),
            _column("target", "目标", 1.1, "right"),
            _column("gap", "差距", 1.2, "right"),
            _column("due", "期限", 1.2),
            _column("responsible", "责任主体", 1.6),
            _column("clause", "依据", 0.8),
        ),
        rows=tuple(_gap(report, r) for r in short),
        unit=_UNIT,
        source=_sources(short),
        notes=("差距按件数列出，不因样本小、差异不显著而免列。",),
    )


def _gap(report: Report, reading: Reading) -> Row:
    day = due_day(reading.indicator, report.period)
    whole = numbers.fraction(reading)
    return Row(
        (
            _numbered(reading.indicator),
            Cell(whole),
            Cell(numbers.target(reading, narrow=True)),
            Cell(words.shortfall(reading) or NONE),
            day.isoformat() if day else "持续",
            reading.indicator.responsible,
            reading.indicator.clause,
        )
    )


def previous(report: Report) -> Table | Paragraph:
    """What fell short in the period before, each once, with its state now; nothing of what was filed in part."""
    found = before(report)
    thin: Line = ""
    if found.thin:
        named = "、".join(r.id for r in found.thin[:_NAMED]) + ("等" if len(found.thin) > _NAMED else "")
        number = numbers.of_results(
            f"{report.theme}.previous_thin_n", len(found.thin), len(found.thin) + found.judged_n
        )
        thin = (
            named,
            "（",
            number,
            " 项）：库中上期的记录不到本期的一半，收集不全，上期情况以上期报告为准。",
        )
    if not found.short:
        rest = f"{'其余' if thin else '上期'}可评价的事项中没有未达标的。" if found.judged_n else ""
        text = (
            (*words.spans(thin), rest) if thin else rest or "上期没有收集到可评价的数据，无法列出上期问题。"
        )
        return Paragraph(id=f"{report.theme}.previous", role="previous", text=text)
    return Table(
        id=f"{report.theme}.previous",
        role="previous",
        title="上期未达标事项的现状",
        columns=(
            _column("name", "事项", 2.4),
            _column("then", "上期", 1.2, "right"),
            _column("now", "本期", 1.2, "right"),
            _column("state", "现在状态", 1.3),
            _column("clause", "依据", 0.9),
        ),
        rows=tuple(_then_and_now(then, now) for then, now in found.short),
        unit=_UNIT,
        source=_sources([then for then, _ in found.short]),
        notes=(*((thin,) if thin else ()), *_previous_notes(found)),
    )


_NAMED = 6  # indicators named in a note; of more their number says enough


# what fell short then stays so, whatever this period's persons, faults and terms are like
_OF_THEIR_PERIOD = ("D06", "D09", "D14", "R10a", "R10b", "R12", "M08-2", "M08-5")


def _previous_notes(found: Before) -> Iterator[Line]:
    yield "上期按上期最后一日和当时的规则、以现有数据评价。"
    if own := [then.id for then, now in found.short if now is not None and then.id in _OF_THEIR_PERIOD]:
        yield f"{'、'.join(own)}：本期数只计本期的人和事，上期所缺的不在其中，不因本期达标而视为补正。"


def _then_and_now(then: Reading, now: Reading | None) -> Row:
    name, clause = f"{then.id} {then.name}", then.indicator.clause
    if now is None:
        return Row((name, Cell(numbers.previous(then)), NONE, NONE, clause))
    line = numbers.fraction(now)
    if then.id in _OF_THEIR_PERIOD and then.shortfall:
        missed = numbers.previous_fact(then, "shortfall")
        line = (*words.spans(line), "，上期所缺 ", missed, f" {numbers.counter(then.indicator)}另计")
    return Row((name, Cell(numbers.previous(then)), Cell(line), state_cell(now), clause))


def measures(report: Report) -> Table:
    """All 13 measures and 3 demands of the plan, each with the states of its items for this unit."""
    return Table(
        id="measures.overview",
        role="measures",
        title=f"行动方案各项措施和要求的进展（{report.unit_name}）",
        columns=(
            _column("clause", "条目", 0.8),
            _column("title", "内容", 2.6),
            *(_column(state, STATES[state], 0.75, "right") for state in _TALLIED),
            _column("short", "未达标的事项", 2.8),
        ),
        rows=tuple(_measure(report, m) for m in plan_measures()),
        unit="项",
        source="各台账及《行动方案》事项清单",
        notes=("全县目标和其他单位的事项对乡镇只列贡献，计入“仅供参考”或不列。",),
    )


_TALLIED = ("met", "not_met", "not_due", "unknown", "info", "na", "suppressed")


def _measure(report: Report, measure: Measure) -> Row:
    readings = report.of(registry().of_measure(measure.id))
    tally = {state: sum(r.state == state for r in readings) for state in _TALLIED}
    prefix = "county." if report.township is None else ""
    cells = [
        numbers.of_results(f"{prefix}{measure.id}.{state}_n", tally[state], len(readings))
        if tally[state]
        else NONE
        for state in _TALLIED
    ]
    short = "、".join(r.name for r in readings if r.state == "not_met") or NONE
    return Row((measure.clause, measure.title, *cells, short if readings else "属县直单位事项，见全县概览"))


def measure_items(report: Report) -> Table:
    """The plan's items one by one: of the report's own theme; the supporting ones with the last theme."""
    themes = {"rectification": ("rectification", "supporting"), "overview": tuple(THEMES)}.get(
        report.theme, (report.theme,)
    )
    rows: list[Row] = []
    for measure in plan_measures():
        readings = [r for r in report.of(registry().of_measure(measure.id)) if r.indicator.theme in themes]
        if readings:
            rows.append(Row((f"{measure.clause}　{measure.title}",), kind="group"))
            rows += [_item(report, r) for r in readings]
    return Table(
        id=f"{report.theme}.items",
        role="measures",
        title="《行动方案》事项逐项进展",
        columns=(
            _column("name", "事项", 2.6),
            _column("fraction", "分子/分母", 1.3, "right"),
            _column("value", "数值", 1.0, "right"),
            _column("target", "目标", 1.4, "right"),
            _column("due", "期限", 1.2),
            _column("state", "状态", 1.3),
            _column("left", "未计入", 1.5),
        ),
        rows=tuple(rows),
        unit=_UNIT,
        source="各台账及逐项报送的数据",
        notes=("“全县”目标不判定单个乡镇，乡镇列贡献；“推定”指方案未写明数字或年份、按要求推定。",),
    )


def _item(report: Report, reading: Reading) -> Row:
    indicator = reading.indicator
    day = due_day(indicator, report.period)
    goal = numbers.target(reading, narrow=True)
    countywide = (
        reading.level == "township" and indicator.level == "county" and not reading.judged and goal != NONE
    )
    return Row(
        (
            _numbered(indicator),
            Cell(numbers.fraction(reading)),
            value_cell(reading),
            Cell(("全县 ", *(goal if isinstance(goal, tuple) else (goal,))) if countywide else goal),
            f"{day.isoformat()}{' 推定' if indicator.due_inferred else ''}" if day else NONE,
            state_cell(reading),
            Cell(words.missing(reading) or NONE),
        )
    )


def definitions(report: Report) -> Table:
    """What each number means, from the registry."""
    return Table(
        id=f"{report.theme}.definitions",
        role="definitions",
        title="指标口径",
        columns=(
            _column("name", "指标", 1.7),
            _column("formula", "怎么算", 3.2),
            _column("basis", "方案原文", 2.4),
            _column("tables", "数据来源", 1.3),
            _column("caveats", "说明", 2.4),
        ),
        rows=tuple(_definition(i) for i in report.indicators),
        unit=_UNIT,
        source=f"指标登记表第 {registry().version} 版",
    )


def _definition(indicator: Indicator) -> Row:
    quote = f"{indicator.clause}：“{indicator.quote}”" if indicator.quote else indicator.clause
    caveats = "；".join(text for text in (indicator.caveats, indicator.background) if text)
    return Row((_numbered(indicator), indicator.formula, quote, _tables(indicator), caveats or NONE))


def _tables(indicator: Indicator) -> str:
    return "、".join(TABLES[name].title for name in indicator.source_tables)


def _sources(readings: Sequence[Reading]) -> str:
    names = dict.fromkeys(name for r in readings for name in r.indicator.source_tables)
    return "、".join(TABLES[name].title for name in names) or "各台账"


def _theme(report: Report) -> str:
    return THEMES.get(report.theme, "")
