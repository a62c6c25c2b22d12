"""Figures of 学习质量."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pbanalysis.exhibits.blocks import Box, Figure, Line, Paragraph
from pbanalysis.exhibits.figures.bars import mix
from pbanalysis.exhibits.figures.curves import time_to_event
from pbanalysis.exhibits.figures.grids import branch_months
from pbanalysis.exhibits.figures.series import xmr as draw_xmr
from pbanalysis.exhibits.numbers import percent
from pbanalysis.exhibits.parts import caption, county_curve, curve, few, undrawn
from pbanalysis.exhibits.phrases import learning
from pbanalysis.exhibits.words import sentence, spans, trend
from pbanalysis.stats.spc import xmr
from pbanalysis.themes import study
from pbanalysis.themes.beside import study_lag
from pbanalysis.themes.report import Report

__all__ = ["learning_gain", "plot_attendance", "plot_branch_months", "plot_meeting_mix", "plot_study_lag"]


def plot_branch_months(report: Report) -> Figure | Box:
    """Branch × month: what was held of what was due."""
    grid = study.branch_months(report)
    words = caption(
        report,
        "grid",
        "各支部三会一课",
        unit="支部月",
        counted="个支部",
        tables=("meetings", "organisations"),
        rows="S01",
    )
    n = (*spans(words.size(len(grid.branches))), "；一个月里到期的各类会都开了，才算这个支部月按期召开")
    return branch_months(replace(words, n=n), grid.branches, grid.months, grid.states)


def plot_attendance(report: Report) -> Figure | Box:
    """Attendance by month with its natural limits; without seven months no trend is read."""
    words = caption(
        report, "attendance", "党员到会率", unit="%", counted="个月", tables=("meetings",), rows="S04"
    )
    if why := undrawn(report, "S04"):
        return words.nothing(why)
    months = study.attendance(report)
    known = np.isfinite(months.values)
    if not known.any():
        return words.nothing("没有同时填写应到、实到人数的会议，本图不画。")
    chart = xmr(months.values[known])
    lines = {name: np.full(len(known), np.nan) for name in ("mean", "lower", "upper")}
    for name, line in lines.items():
        line[known] = np.clip(getattr(chart, name), 0, 1)
    last = chart.last_point("up").state
    told = {"improvement": "better", "concern": "worse"}.get(last, "common")
    where = int(np.flatnonzero(known)[-1])
    latest = words.fact("last", float(months.values[where]), percent(float(months.values[where]), 1000))
    title = (f"{words.subject}：{months.labels[where]} ", latest, f"，{trend(int(known.sum()), told)}")
    side = np.sign(chart.values - chart.mean)
    signals = np.full(len(known), "", dtype=object)
    signals[known] = np.where(chart.special(), np.where(side > 0, "high", "low"), "")
    return draw_xmr(
        replace(words, title=title),
        months.labels,
        months.values,
        centre=lines["mean"],
        low=lines["lower"],
        high=lines["upper"],
        signals=list(signals),
    )


def plot_meeting_mix(report: Report) -> Figure | Box:
    """Kinds of meeting by quarter; a meeting of several kinds counts in each."""
    quarters, kinds, counts = study.meeting_mix(report)
    words = caption(report, "mix", "各季度活动构成", unit="%", counted="次", tables=("meetings",), rows="S14")
    return mix(words, quarters, kinds, counts)


def plot_study_lag(report: Report) -> Figure | Box:
    """How long after release a document was first studied; branches that have not yet are counted in."""
    words = caption(
        report,
        "lag",
        "必学文件传达学习",
        unit="%",
        counted="个支部件次",
        tables=("topics", "topic_studies"),
        rows="S06",
    )
    if why := undrawn(report, "S06"):
        return words.nothing(why)
    own = study_lag(report.known, report.period)
    return time_to_event(few(own, words), curve(own), county_curve(report, "S06", own))


def learning_gain(report: Report) -> Paragraph:
    """What two tests of the same persons say, with who is missing, the ceiling and what chance alone would give."""
    reading = report.reading("S17")
    found = study.learnt(report)
    text: Line
    if reading is None:
        text = "学习前后提升幅度数据缺失，不作评价。"
    elif found is None:
        text = (*spans(sentence(reading)), "。")
    else:
        text = learning(reading, found)
    return Paragraph(id="study.gain", role="finding", text=text)
