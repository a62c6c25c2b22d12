"""The county at a glance: townships in official order, without places; rank ranges alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pbanalysis.exhibits import numbers, words
from pbanalysis.exhibits.blocks import Box, Cell, CellLike, Column, Fact, Figure, Line, ListBlock, Row, Table
from pbanalysis.exhibits.figures.dots import forest
from pbanalysis.exhibits.figures.plans import Measure, progress
from pbanalysis.exhibits.numbers import NONE
from pbanalysis.exhibits.parts import caption, left_out, not_drawn, of_results
from pbanalysis.exhibits.tables import state_cell, value_cell
from pbanalysis.indicators.due import due_day
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.store.schema import TABLES
from pbanalysis.terms import STATES, THEMES
from pbanalysis.themes import overview
from pbanalysis.themes.filings import of_persons
from pbanalysis.themes.overview import Place
from pbanalysis.themes.reading import Reading
from pbanalysis.themes.report import Report

__all__ = [
    "conclusions",
    "contributions",
    "coverage",
    "indicator_table",
    "plot_progress",
    "plot_townships",
    "state_table",
    "township_table",
]


def conclusions(report: Report) -> ListBlock:
    """The county's conclusion on each theme, a computed sentence each."""
    return ListBlock(
        id="overview.conclusions",
        role="headline",
        title="分专题结论",
        items=tuple(
            words.headline(THEMES[theme], _headline(report, theme), f"county.{theme}") for theme in _JUDGED
        ),
    )


def _headline(report: Report, theme: str, unit: str = "") -> list[Reading]:
    """A unit's readings of a theme's headline indicators, without their parts."""
    return [r for r in report.of(registry().headline(theme), unit) if "." not in r.id]


def indicator_table(report: Report) -> Table:
    """The county's judged indicators by theme, and in how many townships each is met."""
    rows: list[Row] = []
    for theme in _JUDGED:
        judged = [r for r in _headline(report, theme) if r.evaluated]
        if judged:
            rows += [Row((THEMES[theme],), kind="group"), *(_indicator(report, r) for r in judged)]
    return Table(
        id="overview.indicators",
        role="scorecard",
        title="重点指标全县情况和各乡镇（街道）达标情况",
        columns=(
            Column(key="name", title="指标", width=2.6),
            Column(key="value", title="全县", align="right", width=0.9),
            Column(key="range", title="波动范围", align="right", width=1.4),
            Column(key="target", title="目标", align="right", width=1.0),
            Column(key="met", title="达标", align="right", group="乡镇（街道）个数", width=0.7),
            Column(key="not_met", title="未达标", align="right", group="乡镇（街道）个数", width=0.7),
            Column(key="unjudged", title="未评价", align="right", group="乡镇（街道）个数", width=0.7),
            Column(key="state", title="全县状态", width=1.2),
        ),
        rows=tuple(rows),
        unit="见各行；乡镇（街道）为个",
        source="各台账",
        notes=("未评价包括未到期、数据缺失、依规定不予公布和不适用；只对全县评价的指标不列乡镇个数。",),
    )


def _indicator(report: Report, reading: Reading) -> Row:
    states = overview.township_states(report, reading.id)
    return Row(
        (
            f"{reading.id} {reading.name}",
            value_cell(reading),
            Cell(numbers.interval(reading)),
            Cell(numbers.target(reading, narrow=True)),
            *(
                numbers.of_results(
                    f"county.{reading.id}.townships_{state}_n", n, sum(states.values()), reading.id
                )
                if states
                else NONE
                for state, n in (states or dict.fromkeys(overview.VERDICTS, 0)).items()
            ),
            state_cell(reading),
        )
    )


def coverage(report: Report) -> Table:
    """Who filed what: rows of each ledger by township. Nothing filed is not nothing done."""
    filed = overview.filed(report)
    rows = []
    for k, (code, name) in enumerate(overview.towns(report)):
        cells = [_filed(code, table, n[k]) for table, n in filed.items()]
        rows.append(Row((name, *cells)))
    return Table(
        id="overview.coverage",
        role="finding",
        title="各乡镇（街道）台账收集情况",
        columns=(
            Column(key="name", title="乡镇（街道）", width=1.4),
            *(Column(key=table, title=TABLES[table].title, align="right") for table in filed),
        ),
        rows=tuple(rows),
        unit="行",
        source="数据仓",
        notes=(
            "“没有记录”可能是未开展、未记录或未报送，先核实，不作评价；行数多少不是工作好坏，涉及个人的不列行数。",
        ),
    )


def _filed(unit: str, table: str, n: int | None) -> CellLike:
    if n is None:
        return "未收集"
    if not n:
        return "没有记录"
    return (
        "有记录" if of_persons(table) else numbers.count(f"{unit}.rows.{table}", n, tables=(table,), rows=n)
    )


def state_table(report: Report) -> Table:
    """How many headline indicators are in each state, by township and theme."""
    rows = []
    for code, name in overview.towns(report):
        cells: list[CellLike] = []
        for theme in _JUDGED:
            cells.append(Cell(words.states(_headline(report, theme, code), f"{code}.{theme}")))
        rows.append(Row((name, *cells)))
    return Table(
        id="overview.states",
        role="scorecard",
        title="各乡镇（街道）重点指标状态",
        columns=(
            Column(key="name", title="乡镇（街道）", width=1.0),
            *(Column(key=theme, title=THEMES[theme], width=2.0) for theme in _JUDGED),
        ),
        rows=tuple(rows),
        unit="项",
        source="各台账",
        notes=("乡镇按法定顺序排列，不排名次；只列有目标的指标，仅供参考和不适用的不列。",),
    )


_JUDGED = ("study", "development", "rectification")


def township_table(report: Report, indicator: str) -> Table:
    """One indicator by township: counted, value, range, beside the county, and the range of places."""
    known = registry()[indicator]
    towns = overview.towns(report)
    readings = [report.reading(indicator, code) for code, _ in towns]
    ranges = overview.places(readings, report.design_effect(known.same_as or indicator).value)
    rows = [
        _township(code, name, reading, place) for (code, name), reading, place in zip(towns, readings, ranges)
    ]
    whole = report.reading(indicator)
    total = [Row(("全县", *_reading_cells(whole, ""), NONE, NONE), kind="total")] if whole else []
    return Table(
        id=f"overview.{indicator}",
        role="finding",
        title=f"各乡镇（街道）{known.name}",
        columns=(
            Column(key="name", title="乡镇（街道）", width=1.3),
            Column(key="fraction", title="分子/分母", align="right", width=1.1),
            Column(key="value", title="数值", align="right", width=0.9),
            Column(key="range", title="波动范围", align="right", width=1.3),
            Column(key="state", title="状态", width=1.2),
            Column(key="county", title="与全县比", width=2.2),
            Column(key="places", title="可能的位次范围", width=2.2),
        ),
        rows=(*(row for row in rows if row), *total),
        unit=known.unit,
        source="、".join(TABLES[name].title for name in known.source_tables),
        notes=("按法定顺序排列。位次只有范围：范围重叠的乡镇分不出先后。",),
    )


def _township(code: str, name: str, reading: Reading | None, place: Place | None) -> Row | None:
    if reading is None:
        return None
    return Row(
        (
            name,
            *_reading_cells(reading, code),
            str(words.against_county(reading)),
            Cell(_place(reading, place, code)),
        )
    )


def _reading_cells(reading: Reading, unit: str) -> tuple[CellLike, ...]:
    shown = reading.state != "suppressed" and reading.value is not None
    return (
        Cell(numbers.fraction(reading, unit)),
        numbers.fact(reading, unit=unit) if shown else NONE,
        Cell(numbers.interval(reading, unit)),
        state_cell(reading),
    )


def _place(reading: Reading, place: Place | None, unit: str) -> Line:
    if place is None:
        return NONE

    def said(part: str, n: int) -> Fact:
        return numbers.of_results(f"{unit}.{reading.id}.{part}", n, place.compared, reading.id)

    if not place.apart:
        return ("与其他 ", said("compared_n", place.compared - 1), " 个分不出先后")
    span = (
        ("第", said("place_best", place.best), "—", said("place_worst", place.worst), "位")
        if place.best < place.worst
        else ()
    )
    apart = ("可与 ", said("apart_n", place.apart), " 个区分")
    return (*span, "，", *apart) if span else apart


def plot_townships(report: Report, indicator: str) -> Figure | Box:
    """One indicator by township in official order, with ranges, target and the county's value."""
    known = registry()[indicator]
    named = [
        (name, r)
        for code, name in overview.towns(report)
        if (r := report.reading(indicator, code)) is not None
    ]
    whole = report.reading(indicator)
    caption_ = of_results(
        caption(
            report,
            f"townships.{indicator}",
            known.name,
            unit=known.unit,
            counted="个乡镇",
            tables=known.source_tables,
            rows=None,
        ),
        [r for _, r in named],
    )
    if not any(r.value is not None and not r.few for _, r in named):
        return caption_.nothing("没有分母达到10且可以公布的乡镇，本图不画。")
    drawn_n = sum(r.value is not None and not r.few for _, r in named)
    size = (*words.spans(caption_.size(drawn_n)), *not_drawn(caption_, left_out(named), report))
    caption_ = replace(caption_, n=size)
    return forest(
        caption_,
        [name for name, _ in named],
        [np.nan if r.value is None or r.few else r.value for _, r in named],
        [np.nan if r.low is None or r.few else r.low for _, r in named],
        [np.nan if r.high is None or r.few else r.high for _, r in named],
        parts=["" if not r.denominator else f"{r.numerator:g}/{r.denominator:g}" for _, r in named],
        states=[
            f"{r.numerator:g}/{r.denominator:g}，件数少" if r.few and r.denominator else r.state
            for _, r in named
        ],
        signals=["" if r.vs_county == "not_compared" else r.vs_county for _, r in named],
        better=known.direction,
        target=None if known.target is None else float(known.target),
        county=None if whole is None else whole.value,
        is_share=known.kind == "share",
        sizes=[r.denominator or 0 for _, r in named],
    )


def contributions(report: Report, *measures: str) -> Table:
    """Items with a number in the plan: the county's total and what each township contributes."""
    chosen = [
        i
        for m in measures
        for i in registry().of_measure(m)
        if i.target_basis == "explicit" and i.level != "other"
    ]
    rows = [
        Row((name, *(_contribution(report.reading(i.id, code), code) for i in chosen)))
        for code, name in overview.towns(report)
    ]
    county = [report.reading(i.id) for i in chosen]
    return Table(
        id=f"overview.contributions.{measures[0]}",
        role="measures",
        title=f"方案定量目标：全县进展和各乡镇贡献（{'、'.join(dict.fromkeys(i.clause for i in chosen))}）",
        columns=(
            Column(key="name", title="单位", width=1.1),
            *(Column(key=i.id, title=f"{i.id} {i.name}", align="right", width=1.2) for i in chosen),
        ),
        rows=(
            Row(("目标", *(Cell(numbers.target(r, narrow=True)) if r else NONE for r in county))),
            Row(("期限", *(_deadline(report, i) for i in chosen))),
            Row(("全县", *(_contribution(r, "") for r in county)), kind="total"),
            Row(("全县状态", *(state_cell(r) if r else NONE for r in county))),
            *rows,
        ),
        unit="见各列",
        source="、".join(dict.fromkeys(TABLES[name].title for i in chosen for name in i.source_tables)),
        notes=("全县目标对乡镇只列贡献，不作评价；有任务分解的按分解数评价。",),
    )


def _deadline(report: Report, indicator: Indicator) -> str:
    day = due_day(indicator, report.period)
    return day.isoformat() if day else NONE


def _contribution(reading: Reading | None, unit: str) -> CellLike:
    if reading is None:
        return NONE
    whole = numbers.fraction(reading, unit)
    return Cell(whole) if whole != NONE else Cell(STATES[reading.state])


def plot_progress(report: Report) -> Figure | Box:
    """Each number of the plan that binds the county: how far it is to its target, with its deadline."""
    readings = [
        r for r in report.of(_explicit()) if r.target and r.value is not None and r.state != "suppressed"
    ]
    caption_ = of_results(
        caption(
            report,
            "progress",
            "方案定量目标进展",
            unit="见各行",
            counted="项",
            tables=("measure_records", "village_years"),
            rows=None,
        ),
        readings,
    )
    return progress(caption_, [_measure(report, r) for r in readings])


def _explicit() -> Sequence[Indicator]:
    return [i for i in registry().items() if i.level == "county" and i.target_basis == "explicit"]


def _measure(report: Report, reading: Reading) -> Measure:
    day = due_day(reading.indicator, report.period)
    money = "元" in reading.indicator.unit
    scale = 10_000 if money else 1
    return Measure(
        label=reading.name,
        value=(reading.value or 0) / scale,
        target=float(reading.target or 0) / scale,
        unit="万元" if money else reading.indicator.unit,
        deadline=day.isoformat() if day else "",
        state=reading.state,
        better=reading.indicator.direction,
        is_share=reading.is_share,
        clause=reading.indicator.clause,
    )
