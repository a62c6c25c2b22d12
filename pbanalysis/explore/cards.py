"""A township at a glance, and townships side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import fisher_exact

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.exhibits import numbers
from pbanalysis.exhibits.blocks import Cell, CellLike, Column, Row, Table
from pbanalysis.exhibits.numbers import NONE
from pbanalysis.exhibits.summary import headline, limits
from pbanalysis.exhibits.tables import scorecard
from pbanalysis.explore.kept import REPORTS, report_of
from pbanalysis.explore.shown import Shown
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.stats.multiple import benjamini_hochberg
from pbanalysis.store.county import Township
from pbanalysis.terms import STATES, THEMES
from pbanalysis.themes.reading import FEW, Reading
from pbanalysis.themes.report import Report

__all__ = ["card", "compare"]

_LEVEL = 0.05


def card(township: Township, period: str | Period = "", theme: str = "") -> Shown:
    """A township at a glance: the headline of each theme; with a theme also its limits and scorecard.

    Examples
    --------
    >>> pb.card(county.township("城关镇"))  # doctest: +SKIP
    """
    period = Period.parse(period or str(township.county.as_of.year))
    reports = [report_of(key, township, period) for key in ([theme] if theme else REPORTS)]
    exhibits = [headline(report) for report in reports]
    if theme:
        exhibits += [limits(reports[0]), scorecard(reports[0])]  # type: ignore[list-item]
    return Shown(f"{township.name}　{period.title}　截止 {township.county.as_of}", tuple(exhibits))


def compare(*townships: Township, period: str | Period = "", theme: str = "") -> Table:
    """Townships side by side, indicator by indicator: counts, states, and whether they can be told apart.

    Parameters
    ----------
    townships
        Two to six; a person is no township and cannot be compared.
    theme
        Key; empty: all three themes.

    Notes
    -----
    With two townships the last column says whether a share differs beyond chance: Fisher's exact test,
    Benjamini–Hochberg over the indicators shown (5 %). It says nothing about which one works better.
    """
    if not 2 <= len(townships) <= 6 or not all(isinstance(town, Township) for town in townships):
        raise PbError(
            Code.UNKNOWN_TOWNSHIP,
            "对比要写两到六个乡镇",
            where="compare",
            got=str(len(townships)),
            fix="例如 %pb 对比 城关镇 太平镇",
        )
    county = townships[0].county
    period = Period.parse(period or str(county.as_of.year))
    themes = [theme] if theme else list(REPORTS)
    chosen = [i for key in themes for i in registry().headline(key)]
    reports = [report_of(themes[0], town, period) for town in townships]
    readings = [[report.reading(i.id) for report in reports] for i in chosen]
    apart = _apart(readings) if len(townships) == 2 else [NONE] * len(chosen)
    rows: list[Row] = []
    for key in themes:
        rows.append(Row((THEMES[key],), kind="group"))
        rows += [
            _row(i, both, said, reports) for i, both, said in zip(chosen, readings, apart) if i.theme == key
        ]
    return Table(
        id="compare",
        role="finding",
        title=f"{'、'.join(town.name for town in townships)}对照（{period.title}，截止 {county.as_of}）",
        columns=(
            Column(key="name", title="指标", width=2.4),
            *(Column(key=town.id, title=town.name, align="right", width=1.6) for town in townships),
            *((Column(key="apart", title="能否区分", width=1.4),) if len(townships) == 2 else ()),
        ),
        rows=tuple(rows),
        unit="见各行",
        source="各台账",
        notes=(
            "能否区分：分母都不少于10的比率，扣除偶然波动并作多重比较校正后判断（Fisher 精确检验，BH 5%）；分不出不等于相同，分得出不等于工作好坏。",
        ),
    )


def _row(
    indicator: Indicator, readings: Sequence[Reading | None], said: str, reports: Sequence[Report]
) -> Row:
    cells: list[CellLike] = [_cell(reading, report.unit) for reading, report in zip(readings, reports)]
    name = f"{indicator.id} {indicator.name}" if "." not in indicator.id else f"　其中：{indicator.name}"
    return Row((name, *cells, *((said,) if len(readings) == 2 else ())))


def _cell(reading: Reading | None, unit: str) -> CellLike:
    if reading is None:
        return NONE
    if reading.value is None or reading.state == "suppressed":
        return STATES[reading.state]
    shown = numbers.fact(reading, unit=unit)
    whole = numbers.fraction(reading, unit)
    counted = (
        ()
        if reading.few or reading.indicator.kind == "count" or not isinstance(whole, tuple)
        else ("（", *whole, "）")
    )
    return Cell((shown, *counted, f" {STATES[reading.state]}"))


def _apart(readings: Sequence[Sequence[Reading | None]]) -> list[str]:
    """Whether each pair of shares differs beyond chance, all comparisons together."""
    p_values = np.array([_p_value(*pair) for pair in readings])
    tested = np.isfinite(p_values)
    q_values = np.full(len(p_values), np.nan)
    if tested.any():
        q_values[tested] = benjamini_hochberg(p_values[tested])
    return [NONE if not use else "可区分" if q < _LEVEL else "分不出" for use, q in zip(tested, q_values)]


def _p_value(first: Reading | None, second: Reading | None) -> float:
    table = []
    for reading in (first, second):
        usable = reading is not None and reading.is_share and reading.indicator.interval == "wilson"
        if not usable or reading is None or reading.state == "suppressed" or (reading.denominator or 0) < FEW:
            return float("nan")
        x, n = reading.numerator or 0, reading.denominator or 0
        if x > n:
            return float("nan")
        table.append([x, n - x])
    return float(fisher_exact(np.array(table, dtype=int)).pvalue)
