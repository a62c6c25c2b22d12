"""Figures of 发展党员. Cases are persons: every count is protected before it is drawn."""

from __future__ import annotations

from dataclasses import replace

from pbanalysis.exhibits import phrases
from pbanalysis.exhibits.blocks import Box, Fact, Figure, Paragraph
from pbanalysis.exhibits.figures.bars import counts
from pbanalysis.exhibits.figures.plans import audit_coverage
from pbanalysis.exhibits.figures.spans import Step, step_durations
from pbanalysis.exhibits.parts import caption, of_results, rates
from pbanalysis.exhibits.words import spans
from pbanalysis.terms import TERMS
from pbanalysis.themes import development
from pbanalysis.themes.development import Structure
from pbanalysis.themes.report import Report

__all__ = [
    "national",
    "plot_audits",
    "plot_durations",
    "plot_limits",
    "plot_stages",
    "plot_structure",
    "spot_check",
]


_CASES = ("admissions",)


def plot_stages(report: Report) -> Figure | Box:
    """Cases in each stage at the cut-off."""
    table = development.stages(report)
    rows = table[table["stage"].isin(development.STAGES.values())]
    words = caption(report, "stages", "各阶段在册人数", unit="人", counted="人", tables=_CASES, rows=None)
    return counts(
        words,
        rows["stage"].tolist(),
        rows["n"],
        states=["suppressed" if hidden else "info" for hidden in rows["suppressed"]],
    )


def plot_limits(report: Report) -> Figure | Box:
    """Each time limit: kept of those due, with its range."""
    readings = [r for r in report.readings if r.id.startswith("D05.")]
    return rates(report, "steps", "各环节时限合规率", readings)


def plot_durations(report: Report) -> Figure | Box:
    """How long each step took against its limit; only limits that ten cases and more have gone through."""
    words = caption(report, "durations", "各环节用时", unit="天", counted="件", tables=_CASES, rows=None)
    found = development.limit_days(report)
    if not found:
        return words.nothing("没有可以公布且满10件的环节，为避免识别个人，本图不画。")
    size = words.size(sum(len(each.days) for each in found), "件次")
    words = replace(words, n=(*spans(size), "；只计起止日期都有的，到期仍未办的没有用时，不在图中"))
    steps = [Step(each.name, each.days, each.limit, each.kind, each.broken) for each in found]
    return step_durations(words, steps)


def plot_structure(report: Report, dimension: str = "education") -> Figure | Box:
    """New members by age or education, over three years where one is small; small groups are withheld."""
    found = development.structure(report, dimension)
    what = f"新发展党员{TERMS['dimension'][dimension]}构成"
    words = caption(
        report,
        f"structure.{dimension}",
        what if found is None else f"{_years(found)}{what}",
        unit="人",
        counted="人",
        tables=("admission_profiles",),
        rows=None,
    )
    if found is None:
        return words.nothing("近三年没有发展党员构成数据，本图不画。")
    years = "岁" if dimension == "age" else ""
    names = [f"{level}{years if level[-1:].isdigit() else ''}" for level in found.table["level"].astype(str)]
    levels = tuple(
        Fact(id=f"{words.id}.level_{k}", text=level, value=level, source_tables=words.source_tables)
        for k, level in enumerate(names)
    )
    return counts(
        replace(words, facts=levels),
        names,
        found.table["n"],
        states=["suppressed" if hidden else "info" for hidden in found.table["suppressed"]],
    )


def _years(found: Structure) -> str:
    if found.first_year == found.last_year:
        return f"{found.last_year}年"
    return f"{found.first_year}年至{found.last_year}年（一年人数少，合并）"


def plot_audits(report: Report) -> Figure | Box:
    """Files audited of those admitted, beside the 30 % that the county has to audit."""
    rows = [(report.unit_name, report.reading("D07")), ("全县", report.reading("D07", report.county.code))]
    shown = [(name, r) for name, r in rows if r is not None and r.denominator and r.numerator is not None]
    words = of_results(
        caption(
            report,
            "audits",
            "新发展党员档案抽查",
            unit="%",
            counted="份",
            tables=("admissions", "file_audits"),
            rows=None,
        ),
        [r for _, r in shown],
    )
    if not shown:
        return words.nothing("档案抽查没有可公布的数据，本图不画。")
    words = replace(words, subject="新发展党员档案抽查")
    return audit_coverage(
        words,
        [n for n, _ in shown],
        [r.numerator for _, r in shown],
        [r.denominator for _, r in shown],
        judged=[k for k, (_, r) in enumerate(shown) if r.judged],
    )


def spot_check(report: Report) -> Paragraph:
    """What the county's random checks of files found, and what follows for all files."""
    found, admitted = report.reading("D08"), report.reading("D07")
    if found is None or admitted is None:
        return Paragraph(id="development.spot_check", role="finding", text="档案抽查数据缺失，不作评价。")
    return Paragraph(id="development.spot_check", role="finding", text=phrases.spot_check(found, admitted))


def national(report: Report) -> Paragraph:
    """The national figures that the structure may be read beside."""
    return Paragraph(id="development.national", role="finding", text=phrases.national(report.period.year))
