"""The notes of the scorecard: what was left out, what a range is, and why counts that look alike differ."""

from __future__ import annotations

from collections.abc import Iterator

from pbanalysis.exhibits import numbers, phrases, words
from pbanalysis.exhibits.blocks import Line
from pbanalysis.indicators.bounds import BY_BRANCH
from pbanalysis.themes import rectification, study
from pbanalysis.themes.reading import Reading
from pbanalysis.themes.report import Report

__all__ = ["few_branches", "scorecard_notes"]


def scorecard_notes(report: Report) -> Iterator[Line]:
    """What is left out, what a range is, and what counts what."""
    left = [
        (f"{r.name if '.' in r.id else r.id} ", *words.spans(out))
        for r in report.readings
        if (out := words.missing(r))
    ]
    if left:
        yield ("未计入分母的：", *words.spans(numbers.joined(left, "；")), "。")
    yield "波动范围是偶然波动可能造成的上下限（95%），不是抽样误差；分母不足10的只列件数。“推定”指方案未写明数字、按要求推定的目标。"
    if widened := [r.id for r in report.readings if r.ci_method == BY_BRANCH]:
        yield f"{'、'.join(widened)}：同一支部的记录互相关联，波动范围已按支部放宽。"
    for reasons in dict.fromkeys(r.indicator.background for r in report.readings if r.indicator.background):
        named = "、".join(r.id for r in report.readings if r.indicator.background == reasons)
        yield f"{named}：{reasons}。"
    yield from _counted_alike(report)
    shown = {r.vs_county for r in report.readings}
    if shown & {"possible_high", "possible_low"}:
        yield "△▽ 的差异尚不能排除偶然波动。"


def _counted_alike(report: Report) -> Iterator[Line]:
    """What a number counts where another one looks like it, and how wide a range should be."""
    by_id = {r.id: r for r in report.readings if r.state in ("met", "not_met", "info")}
    if "S14" in by_id:
        yield "S14 的分子、分母是记录要素的项数，不是活动次数。"
    if "S17" in by_id and few_branches(report, by_id["S17"]):
        yield "S17：涉及的支部少，实际范围比所列的更宽。"
    if "R02" in by_id and report.theme == "rectification":
        yield phrases.ledger(rectification.ledger(report))
    if "R06" in by_id and (followed := phrases.followed(by_id["R06"])):
        yield followed


def few_branches(report: Report, reading: Reading) -> bool:
    """Whether a gain rests on too few branches for its range to be as wide as it should."""
    found = study.learnt(report) if reading.id == "S17" and report.theme == "study" else None
    return found is not None and found.few_branches and reading.low is not None
