"""The sentences and boxes of a report: what it is, its conclusion, its limits, what to check, where from."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

from pbanalysis import __version__
from pbanalysis.exhibits import phrases, words
from pbanalysis.exhibits.blocks import Box, Cell, Column, Fact, Line, ListBlock, Paragraph, Row, Table
from pbanalysis.exhibits.numbers import FILES, NONE, count, joined
from pbanalysis.plan.registry import registry
from pbanalysis.privacy.disclosure import Policy
from pbanalysis.store.schema import TABLES
from pbanalysis.terms import STATES, THEMES
from pbanalysis.themes import development, overview, rectification, study
from pbanalysis.themes.filings import Filing, filings, of_persons, row_counts
from pbanalysis.themes.matters import not_due
from pbanalysis.themes.reading import Reading
from pbanalysis.themes.report import Report

__all__ = ["about", "due_next", "headline", "limits", "onsite", "provenance", "says"]

_THEMES: dict[str, ModuleType] = {
    "study": study,
    "development": development,
    "rectification": rectification,
    "overview": overview,
}


def about(report: Report) -> Box:
    """What this is, for whom, of which period, with which cut-off."""
    title = THEMES.get(report.theme, "学习质量、发展党员、整改成效和各项支撑措施")
    items: list[Line] = [
        f"评价对象：{report.county.name}{report.unit_name if report.township else '各乡镇（街道）'}及所属党组织，不涉及个人。",
        f"内容：基层党建“找差距、补短板、夯基础、促提升”行动的{title}情况。",
        f"报告期：{report.period.title}（{report.period.start}至{report.period.end}）；数据截止 {report.county.as_of}，此后发生的不计。",
        "用途：供乡镇党委查找差距，供县委组织部核实和年度述职评议考核参考；乡镇可以就任何一个数字提出核实。",
    ]
    return Box(id=f"{report.theme}.about", role="about", title="关于本报告", items=tuple(items))


def headline(report: Report) -> Paragraph:
    """The conclusion in one computed sentence."""
    subject = f"{report.unit_name}{report.period.title}{THEMES.get(report.theme, '重点指标')}"
    readings = [r for r in report.readings if "." not in r.id]
    return Paragraph(
        id=f"{report.theme}.headline", role="headline", text=words.headline(subject, readings, report.theme)
    )


def limits(report: Report) -> Box:
    """What may not be concluded from this report."""
    readings = [r for r in report.readings if "." not in r.id]
    items: list[Line] = []
    for chosen, text in _NOT_CONCLUDED:
        if found := [r for r in readings if chosen(r)]:
            items.append(f"{_named(found)}：{text}")
    items += [bound for r in readings if (bound := words.bounds(r))]
    items += [phrases.LIMITS[kind] for kind in _THEMES[report.theme].LIMITS]
    return Box(id=f"{report.theme}.limits", role="limits", title="哪些结论不能下", items=tuple(items))


def _named(found: list[Reading]) -> str:
    """Their names, apart what is background: the headline does not count it."""
    bound, background = ([r for r in found if r.evaluated is kind] for kind in (True, False))
    named = words.names(bound, most=len(bound))
    if not background or found[0].state == "na":
        return named or words.names(background, most=len(background))
    return f"{named}{'，以及' if named else ''}只作背景的{words.names(background, most=len(background))}"


# what is left out comes first, then what was judged on little
_NOT_CONCLUDED: tuple[tuple[Callable[[Reading], bool], str], ...] = (
    (lambda r: r.state == "unknown", "数据缺失，不作评价，不等于没有开展。"),
    (lambda r: r.state == "suppressed", "依规定不予公布，不作评价。"),
    (lambda r: r.state == "not_due", "尚未到期，不作评价。"),
    (lambda r: r.state == "na", "本单位没有这类事项，不适用。"),
    (
        lambda r: bool(r.few and r.denominator and r.ci_method != FILES),
        "分母不足10，只列件数，不作比较，也不据此推断；状态按件数列出。",
    ),
    (
        lambda r: bool(r.few and r.denominator and r.ci_method == FILES),
        "抽查不足10份，推断全部的范围很宽，不能当作实际问题率。",
    ),
    (
        lambda r: bool(r.small and not r.few and r.denominator),
        "所依据的不足10，数值只供了解，不作比较，也不据此推断。",
    ),
    (
        lambda r: r.stands == "straddles" and not r.few,
        "波动范围跨过目标，达标与否尚不能确定；状态按本期件数列出。",
    ),
)


def says(report: Report, *indicators: str) -> Paragraph:
    """The indicators named, each as one computed clause."""
    readings = [r for i in indicators if (r := report.reading(i)) is not None]
    lines = [words.sentence(r) for r in readings]
    text = (*words.spans(joined(lines, "。")), "。") if lines else "本单位没有这些指标。"
    return Paragraph(id=f"{report.theme}.{indicators[0]}.said", role="finding", text=text)


def onsite(report: Report) -> ListBlock | Paragraph:
    """At most five matters to check on site."""
    found = _THEMES[report.theme].onsite(report)
    if not found:
        return Paragraph(
            id=f"{report.theme}.onsite", role="onsite", text="从现有数据看，没有需要到现场核实的事项。"
        )
    items = tuple((*words.spans(phrases.matter(m)), "。") for m in found)
    return ListBlock(id=f"{report.theme}.onsite", role="onsite", ordered=True, items=items)


def due_next(report: Report) -> ListBlock | Paragraph:
    """What falls due after the cut-off."""
    items: list[Line] = [
        (*words.spans(phrases.due(d, report.theme)), "。") for d in _THEMES[report.theme].due_next(report)
    ]
    own = [i for i in registry().of_theme(report.theme) if "." not in i.id and not i.same_as]
    for reading, day in not_due(report, own):
        items.append(f"{reading.name}：{f'{day} 到期' if day else '尚未到期'}。")
    if not items:
        return Paragraph(id=f"{report.theme}.next", role="gaps", text="截止日之后近期没有到期的事项。")
    return ListBlock(id=f"{report.theme}.next", role="gaps", title="接下来到期的事项", items=tuple(items))


def provenance(report: Report) -> Table:
    """Parameters, versions, tables and files the numbers rest on, and what became of the rows received."""
    tables = [_table(report, name, n) for name, n in row_counts(report).items()]
    files = [_filed(filing) for filing in filings(report)]
    return Table(
        id=f"{report.theme}.provenance",
        role="provenance",
        title="数据、版本和参数",
        columns=(
            Column(key="what", title="项目", width=3.0),
            Column(key="rows", title="行数", align="right", width=2.6),
            Column(key="check", title="校验码或说明", width=3.0),
        ),
        rows=(
            Row(("参数和版本",), kind="group"),
            Row(("对象", NONE, f"{report.unit_name}（{report.unit}）")),
            Row(("报告期和截止日", NONE, f"{report.period.label}，{report.county.as_of}")),
            Row(("程序和指标口径", NONE, f"pbanalysis {__version__}，口径第 {registry().version} 版")),
            Row(("用到的数据表",), kind="group"),
            *tables,
            *((Row(("来源文件",), kind="group"), *files) if files else ()),
        ),
        unit="行",
        source="数据仓及其导入记录",
        notes=(
            "收到的行数 = 采用 + 退回 + 重复；退回的行和原因见导入清单。校验码为文件 SHA-256 的前 12 位。",
        )
        if files
        else (),
    )


def _table(report: Report, name: str, n: int | None) -> Row:
    if n is None:
        return Row((TABLES[name].title, NONE, "未收集"))
    if of_persons(name):
        return Row((TABLES[name].title, NONE, "已收集；涉及个人，不列行数"))
    return Row((TABLES[name].title, count(f"rows.{report.unit}.{name}", n, tables=(name,), rows=n), ""))


_PERSONS = ("admissions", "admission_profiles")


def _filed(filing: Filing) -> Row:
    if filing.kind in _PERSONS and Policy().small(np.array([filing.received])).any():
        return Row((filing.name, STATES["suppressed"], filing.sha256[:12]))
    received = _rows_of(filing, "received")
    parts: list[Line] = [
        (f"{word} ", _rows_of(filing, part))
        for part, word in (("accepted", "采用"), ("rejected", "退回"), ("duplicate", "重复"))
    ]
    return Row(
        (
            filing.name,
            Cell(("收到 ", received, " = ", *words.spans(joined(parts, " + ")))),
            filing.sha256[:12],
        )
    )


def _rows_of(filing: Filing, part: str) -> Fact:
    """How many rows of a file were received, or what became of them."""
    name = f"file.{filing.key}.{part}_n"
    return count(name, getattr(filing, part), tables=("import",), rows=filing.received)
