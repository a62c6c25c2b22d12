"""Figures of 整改成效."""

from __future__ import annotations

from pbanalysis.exhibits.blocks import Box, Figure
from pbanalysis.exhibits.figures.bars import counts
from pbanalysis.exhibits.figures.curves import survival
from pbanalysis.exhibits.figures.grids import matrix
from pbanalysis.exhibits.figures.series import burn_down
from pbanalysis.exhibits.figures.spans import expiring_terms
from pbanalysis.exhibits.parts import caption, county_curve, curve, few, undrawn
from pbanalysis.themes import rectification
from pbanalysis.themes.beside import time_to_close
from pbanalysis.themes.report import Report

__all__ = ["plot_issue_matrix", "plot_open_issues", "plot_overdue", "plot_terms", "plot_time_to_close"]

_ISSUES = ("issues",)


def plot_open_issues(report: Report) -> Figure | Box:
    """Open issues at each month's end, the overdue part hatched."""
    words = caption(report, "open", "未办结问题", unit="项", counted="项", tables=_ISSUES)
    if why := undrawn(report, "R02"):
        return words.nothing(why)
    stock = rectification.burn_down(report)
    return burn_down(words, stock.labels, stock.open_n, stock.overdue_n)


def plot_time_to_close(report: Report) -> Figure | Box:
    """How long issues stay open, the county beside it; open ones are counted in, other ends leave the risk set."""
    words = caption(report, "time", "问题整改", unit="%", counted="项问题", tables=_ISSUES)
    if why := undrawn(report, "R06"):
        return words.nothing(why)
    own = time_to_close(report.known, report.period)
    return survival(few(own, words), curve(own), county_curve(report, "R06"))


def plot_issue_matrix(report: Report) -> Figure | Box:
    """Issues by category and where they stand."""
    words = caption(report, "matrix", "各类问题整改情况", unit="项", counted="项", tables=_ISSUES)
    if why := undrawn(report, "R02"):
        return words.nothing(why)
    categories, table = rectification.by_category(report)
    return matrix(
        words, categories, rectification.STANDINGS, table, row_title="问题类别", column_title="截止日的状况"
    )


def plot_overdue(report: Report) -> Figure | Box:
    """Overdue issues by how long they are overdue."""
    words = caption(report, "overdue", "逾期问题", unit="项", counted="项", tables=_ISSUES)
    if why := undrawn(report, "R05"):
        return words.nothing(why)
    ages = rectification.overdue_ages(report)
    if not ages.sum():
        return words.nothing("截止日没有逾期未办结的问题，本图不画。")
    return counts(words, list(rectification.AGES), ages, bad=range(len(ages)))


def plot_terms(report: Report) -> Figure | Box:
    """Terms that have expired, or expire within a year."""
    rows = rectification.terms(report)
    words = caption(report, "terms", "党组织任期届满", unit="月", counted="个党组织", tables=("elections",))
    return expiring_terms(
        words,
        rows["name"].tolist(),
        rows["due_on"].to_numpy(),
        report.county.as_of,
        reminded=rows["reminded"].to_numpy(),
    )
