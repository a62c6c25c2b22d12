"""Figures of 整改成效."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pbanalysis.exhibits.blocks import Box, Column, Figure, Line, Paragraph, Row, Span, Table
from pbanalysis.exhibits.figures.bars import counts
from pbanalysis.exhibits.figures.caption import Caption
from pbanalysis.exhibits.figures.curves import cumulative_incidence, survival
from pbanalysis.exhibits.figures.grids import matrix
from pbanalysis.exhibits.figures.series import burn_down
from pbanalysis.exhibits.figures.spans import expiring_terms
from pbanalysis.exhibits.numbers import joined
from pbanalysis.exhibits.parts import caption, county_curve, curve, few, undrawn
from pbanalysis.exhibits.words import spans
from pbanalysis.stats import competing
from pbanalysis.themes import rectification
from pbanalysis.themes.beside import time_to_close
from pbanalysis.themes.report import Report

__all__ = [
    "plot_ends",
    "plot_issue_matrix",
    "plot_open_issues",
    "plot_overdue",
    "plot_terms",
    "plot_time_to_close",
]

_DRAWN = 5  # fewer issues that ended in one of the ways are listed, not drawn as a curve


def _caption(report: Report, part: str, subject: str, unit: str = "项", counted: str = "项") -> Caption:
    """Words of a figure of the report's issues: R02 counts each of them."""
    return caption(report, part, subject, unit=unit, counted=counted, tables=("issues",), rows="R02")


def plot_open_issues(report: Report) -> Figure | Box:
    """Open issues at each month's end, the overdue part hatched."""
    words = _caption(report, "open", "未办结问题")
    if why := undrawn(report, "R02"):
        return words.nothing(why)
    stock, found = rectification.burn_down(report), rectification.ledger(report)
    also = _also(words, (found.again, "again", "销号后重新打开的 ", " 项按未办结列"))
    other_day = "" if stock.at_cut_off else "；各月末的数，与截止日的数可以不同"
    n = (*spans(words.size(int(np.isfinite(stock.open_n).sum()), "个月末")), *also, other_day)
    return burn_down(replace(words, n=n), stock.labels, stock.open_n, stock.overdue_n)


def plot_time_to_close(report: Report) -> Figure | Box:
    """How long issues stay open, the county beside it; open ones are counted in, other ends leave the risk set."""
    words = _caption(report, "time", "问题整改", unit="%", counted="项问题")
    if why := undrawn(report, "R06"):
        return words.nothing(why)
    own = time_to_close(report.known, report.period)
    if own is not None:
        words = replace(words, n=(*spans(words.size(int(own.at_risk[0]))), *_no_days(report, words)))
    return survival(few(own, words), curve(own), county_curve(report, "R06", own))


def _no_days(report: Report, words: Caption) -> tuple[Span, ...]:
    """What a curve of days leaves out, and what it counts as closed."""
    reading = report.reading("R06")
    left = 0 if reading is None else reading.n_unknown or 0
    return _also(words, (left, "no_days", "另有 ", " 项算不出天数，不在其中"))


def _also(words: Caption, *clauses: tuple[int, str, str, str]) -> tuple[Span, ...]:
    """Clauses behind n, each with its count; nothing of those that are zero."""
    return tuple(
        span
        for n, part, before, after in clauses
        if n
        for span in ("；" + before, words.fact(part, n), after)
    )


def plot_ends(report: Report) -> Figure | Table | Paragraph | Box:
    """How issues ended by day, closing and other ends competing; a few are listed, and none is said."""
    words = _caption(report, "ends", "问题了结情况", unit="%", counted="项问题")
    if why := undrawn(report, "R06"):
        return words.nothing(why)
    days, how = rectification.how_ended(report)
    n = np.bincount(how, minlength=len(rectification.ENDS)).tolist()
    if not n[2]:
        return Paragraph(id=words.id, role=words.role, text=f"没有以{rectification.ENDS[2]}了结的问题。")
    if min(n[1:]) < _DRAWN:
        return _ends_listed(report, words, n)
    # the last tenth still followed would say little of how the others end
    horizon = float(np.sort(days)[-math.ceil(len(days) / 10)])
    words = replace(words, n=(*spans(words.size(len(days))), *_no_days(report, words)))
    curves = {
        name: competing.cumulative_incidence(days, how, of=code)
        for code, name in enumerate(rectification.ENDS)
        if code
    }
    return cumulative_incidence(
        words,
        next(iter(curves.values())).time,
        {name: curve.incidence for name, curve in curves.items()},
        n=len(days),
        ranges={name: curve.interval(horizon) for name, curve in curves.items()},
        remaining=rectification.ENDS[0],
        horizon=horizon,
    )


def _ends_listed(report: Report, words: Caption, n: list[int]) -> Table:
    total = words.fact("n", sum(n))
    ends = [(rectification.ENDS[code], words.fact(f"end_{code}", n[code])) for code in (1, 2, 0)]
    clauses: list[Line] = [(f"{name} ", number, " 项") for name, number in ends]
    return Table(
        id=words.id,
        role=words.role,
        title=(f"{words.subject}：能算出天数的 ", total, " 项中，", *spans(joined(clauses, "，"))),
        columns=(
            Column(key="how", title="截止日的结果", width=2.0),
            Column(key="n", title="件数", align="right"),
        ),
        rows=(*(Row((name, number)) for name, number in ends), Row(("合计", total), kind="total")),
        unit="项",
        source=words.source,
        notes=(("件数少，只列件数，不画累计曲线；重新打开的按首次销号计", *_no_days(report, words), "。"),),
    )


def plot_issue_matrix(report: Report) -> Figure | Box:
    """Issues by category and where they stand."""
    words = _caption(report, "matrix", "各类问题整改情况")
    if why := undrawn(report, "R02"):
        return words.nothing(why)
    categories, table = rectification.by_category(report)
    found = rectification.ledger(report)
    also = _also(
        words,
        (found.again, "again", "销号后重新打开的 ", " 项不列作已销号"),
        (found.no_category, "no_category", "没有分类的 ", " 项不在其中"),
    )
    words = replace(words, n=(*spans(words.size(int(table.sum()))), *also))
    return matrix(
        words, categories, rectification.STANDINGS, table, row_title="问题类别", column_title="截止日的状况"
    )


def plot_overdue(report: Report) -> Figure | Box:
    """Overdue issues by how long they are overdue."""
    words = _caption(report, "overdue", "逾期问题")
    if why := undrawn(report, "R05"):
        return words.nothing(why)
    ages = rectification.overdue_ages(report)
    if not ages.sum():
        return words.nothing("截止日没有逾期未办结的问题，本图不画。")
    return counts(words, list(rectification.AGES), ages, bad=range(len(ages)))


def plot_terms(report: Report) -> Figure | Box:
    """Terms that have expired, or expire within a year."""
    rows = rectification.terms(report)
    words = caption(
        report,
        "terms",
        "党组织任期届满",
        unit="月",
        counted="个党组织",
        tables=("elections",),
        rows=len(rows),
    )
    return expiring_terms(
        words,
        rows["name"].tolist(),
        rows["due_on"].to_numpy(),
        report.county.as_of,
        reminded=rows["reminded"].to_numpy(),
    )
