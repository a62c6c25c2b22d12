"""What the figures of every theme share: captions, rates with their ranges, the funnel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pbanalysis.exhibits.blocks import Box, Figure, Line, Span
from pbanalysis.exhibits.figures.caption import Caption
from pbanalysis.exhibits.figures.curves import Curve
from pbanalysis.exhibits.figures.dots import forest
from pbanalysis.exhibits.figures.funnels import FunnelLimits, funnel
from pbanalysis.exhibits.numbers import RESULTS, counter, joined
from pbanalysis.exhibits.words import TOO_FEW, spans
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.stats import funnel as control
from pbanalysis.stats.survival import KaplanMeier
from pbanalysis.store.schema import TABLES
from pbanalysis.terms import STATES
from pbanalysis.themes.reading import FEW, Reading
from pbanalysis.themes.report import Report

__all__ = [
    "caption",
    "county_curve",
    "curve",
    "few",
    "left_out",
    "not_drawn",
    "of_results",
    "plot_funnel",
    "plot_rates",
    "rates",
    "undrawn",
]


def caption(
    report: Report,
    part: str,
    subject: str,
    *,
    unit: str,
    counted: str,
    tables: Sequence[str],
    rows: int | str | None,
) -> Caption:
    """The words around a figure; its computed numbers become facts ``<theme>.<part>.…``.

    ``rows``: how many rows of the tables it is drawn from, or the indicator that counts the same rows; None
    where the tables speak of single persons.
    """
    own, county = (
        (_rows(report, rows, report.unit), _rows(report, rows, report.county.code))
        if isinstance(rows, str)
        else (rows, None)
    )
    prefix = "county." if report.township is None else ""
    return Caption(
        id=f"{prefix}{report.theme}.{part}",
        subject=f"{report.unit_name}{subject}",
        unit=unit,
        counted=counted,
        own=report.unit_name,
        source="、".join(TABLES[name].title for name in tables),
        source_tables=tuple(tables),
        rows=own,
        county_rows=county,
    )


def _rows(report: Report, indicator: str, unit: str) -> int | None:
    reading = report.reading(indicator, unit)
    return None if reading is None else reading.rows


def of_results(words: Caption, readings: Sequence[Reading]) -> Caption:
    """The words of a figure that shows results: its numbers are made of those, not of the ledgers."""
    clauses = dict.fromkeys(r.indicator.clause for r in readings)
    return replace(words, source_tables=RESULTS, rows=len(readings), clause="、".join(clauses))


def undrawn(report: Report, indicator: str) -> str:
    """Why a figure that rests on an indicator is not drawn; empty where it is."""
    reading = report.reading(indicator)
    state = "unknown" if reading is None else reading.state
    return "" if state in ("met", "not_met", "info") else f"{STATES[state]}，本图不画。"


def few(fitted: KaplanMeier | None, words: Caption) -> Caption:
    """The words of a curve of less than ten units: the median, and no share of so few."""
    if fitted is None or fitted.at_risk[0] >= FEW:
        return words
    n = words.fact("n", int(fitted.at_risk[0]))
    median = fitted.median().value
    said = (words.fact("own.median", float(median)), " 天") if np.isfinite(median) else ("暂不能估计",)
    title = (f"{words.subject}：", n, f" {words.counted}，中位 ", *said)
    return replace(words, title=title, alt=(*title, "。"))


def curve(fitted: KaplanMeier | None) -> Curve | None:
    """A Kaplan–Meier curve with its band, as its figure takes it."""
    if fitted is None:
        return None
    low, high = fitted.band()
    return Curve(
        time=fitted.time,
        survival=fitted.survival,
        at_risk=fitted.at_risk,
        n=int(fitted.at_risk[0]),
        low=low,
        high=high,
        median=fitted.median().value,
    )


def county_curve(report: Report, indicator: str, own: KaplanMeier | None) -> Curve | None:
    """The county's curve beside a township's; none in the county's own paper, and none beside a few units."""
    alone = report.township is None or own is None or own.at_risk[0] < FEW
    known = None if alone else report.county_curve(indicator)
    if known is None:
        return None
    median = np.nan if known.median is None else known.median
    return Curve(time=known.day, survival=known.left, at_risk=known.risk, n=known.n, median=median)


def plot_rates(report: Report) -> Figure | Box:
    """Every share of the theme with its range against its target; those below ten units as counts."""
    chosen = [r for r in report.readings if r.is_share and r.target == 1 and "." not in r.id]
    return rates(report, "rates", "各项指标完成率", chosen)


def rates(report: Report, part: str, subject: str, readings: Sequence[Reading]) -> Figure | Box:
    """Shares with ranges against 100 %, one row a reading; those of less than ten units are in the scorecard."""
    words = of_results(
        caption(
            report,
            part,
            subject,
            unit="%",
            counted="项指标",
            tables=_tables([r.indicator for r in readings]),
            rows=None,
        ),
        readings,
    )
    drawn = [r for r in readings if not r.few or not r.denominator]
    if part == "rates" and any(r.evaluated and r not in drawn for r in report.readings if "." not in r.id):
        size = words.size(sum(r.value is not None for r in drawn))
        words = replace(words, n=(*spans(size), "；件数类和分母不足10的不在图中，见指标一览"))
    full = sum(r.state == "met" for r in drawn)
    short = sum(r.state == "not_met" for r in drawn)
    if not full + short:
        return words.nothing("没有分母达到10且可以评价的指标，本图不画。")
    title = (
        f"{words.subject}：图中全部达到要求的 ",
        words.fact("met_n", full),
        " 项，未达到的 ",
        words.fact("not_met_n", short),
        " 项",
    )
    return forest(
        replace(words, title=title),
        [r.name for r in drawn],
        [np.nan if r.value is None else r.value for r in drawn],
        [np.nan if r.low is None else r.low for r in drawn],
        [np.nan if r.high is None else r.high for r in drawn],
        parts=[_part(r) for r in drawn],
        states=[r.state for r in drawn],
        signals=[r.vs_county if r.vs_county != "not_compared" else "" for r in drawn],
        target=1.0,
        sizes=[r.denominator or 0 for r in drawn],
    )


def _part(reading: Reading) -> str:
    if reading.state == "suppressed" or not reading.denominator:
        return ""
    return f"{reading.numerator:g}/{reading.denominator:g}"


def plot_funnel(report: Report, indicator: str) -> Figure | Box:
    """A rate of all townships by its denominator within control limits; the own point named, the rest grey.

    Where the township was left out of its own baseline, the others are drawn as what it is compared with.
    """
    known = registry()[indicator]
    towns = report.county.townships.set_index("township_id")["name"].astype(str)
    rows = report.compared(indicator)
    size = rows["denominator"].fillna(0).to_numpy(dtype=float)
    hidden = (rows["state"] == "suppressed").to_numpy(dtype=bool)
    drawn = rows[(size >= FEW) & ~hidden]
    words = caption(
        report,
        f"funnel.{indicator}",
        known.name,
        unit="%",
        counted=counter(known),
        tables=known.source_tables,
        rows=len(rows),
    )
    words = replace(words, subject=f"各乡镇（街道）{known.name}", source_tables=RESULTS)
    mine, whole = report.reading(indicator), report.reading(indicator, report.county.code)
    if report.township and mine is not None and (why := undrawn(report, indicator)):
        return words.nothing(why)
    if report.township and mine is not None and mine.small:
        return words.nothing(f"{report.unit_name}{TOO_FEW}，本图不画。")
    if len(drawn) < 3 or whole is None or not whole.denominator:
        return words.nothing("可比较的乡镇不足 3 个，本图不画。")
    names, sizes = list(towns[drawn.index]), drawn["denominator"].to_numpy(dtype=float)
    own = drawn.index.get_loc(report.unit) if report.unit in drawn.index else None
    units_n = int(((size > 0) | hidden).sum())
    others = _others(whole, None if own is None else mine, units_n)
    alone = "，各与其余单位比较，界限线只作参照" if own is None and units_n < control.FEW_UNITS else ""
    left = {
        "分母不足10": (size > 0) & (size < FEW) & ~hidden,
        STATES["suppressed"]: hidden,
        "没有数值": (size == 0) & ~hidden,
    }
    undrawn_towns = {why: list(towns[rows.index[which]]) for why, which in left.items() if which.any()}
    words = replace(
        words,
        county=words.county if others is whole else "其余乡镇",
        n=(*spans(words.size(len(names), "个单位")), alone, *not_drawn(words, undrawn_towns, report)),
    )
    done, total = others.numerator or 0, others.denominator or 0
    centre = float(np.clip(done / total, 0.5 / (total + 1), (total + 0.5) / (total + 1)))
    grid = np.unique(np.geomspace(max(1, sizes.min() * 0.7), sizes.max() * 1.05, 60).round())
    effect = report.design_effect(known.same_as or indicator)
    rest_n = None if others is whole else int(total)
    return funnel(
        words,
        names,
        sizes,
        drawn["value"].to_numpy(dtype=float),
        centre=centre,
        bounds=FunnelLimits(grid, *control.limits(grid, centre, rest_n=rest_n, effect=effect)),
        own=own,
        signals=list(drawn["vs_county"].fillna("not_compared")),
        better=known.direction,
    )


def not_drawn(words: Caption, left: Mapping[str, Sequence[str]], report: Report) -> tuple[Span, ...]:
    """Which units a funnel leaves out and why: by name in the county's paper, how many in a township's."""
    if not left:
        return ()
    if report.township is None:
        return ("；未画：" + "，".join(f"{'、'.join(names)}（{why}）" for why, names in left.items()),)
    clauses: list[Line] = [
        (f"{why}的 ", words.fact(f"left_{k}", len(names)), " 个")
        for k, (why, names) in enumerate(left.items())
    ]
    return ("；未画：", *spans(joined(clauses)))


def left_out(named: Sequence[tuple[str, Reading]]) -> dict[str, list[str]]:
    """Units that have no place in a figure of shares, by the reason: few, held back, not due, unknown."""
    left: dict[str, list[str]] = {}
    for name, reading in named:
        if reading.few and reading.denominator:
            left.setdefault(f"分母不足{FEW}", []).append(name)
        elif reading.value is None or reading.few:
            left.setdefault(STATES[reading.state], []).append(name)
    return left


def _others(whole: Reading, own: Reading | None, units_n: int) -> Reading:
    """What a unit is compared with: the county, without the unit where it is left out of its own baseline."""
    total = whole.denominator or 0
    if own is None or (
        units_n >= control.FEW_UNITS and (own.denominator or 0) <= control.LARGE_SHARE * total
    ):
        return whole
    done, rest = (whole.numerator or 0) - (own.numerator or 0), total - (own.denominator or 0)
    return replace(whole, numerator=done, denominator=rest)


def _tables(indicators: Sequence[Indicator]) -> list[str]:
    return list(dict.fromkeys(name for i in indicators for name in i.source_tables))
