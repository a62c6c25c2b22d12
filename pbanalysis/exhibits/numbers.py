"""Readings as printed numbers: display text once, beside the raw value, as facts (docs/blocks.md).

A share is printed in whole percent below 100 units and with one decimal from there on; below ten
units it is printed as it was counted ("3/4"). Rounding never makes all or nothing of a part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from pbanalysis.exhibits.blocks import Fact, Line, Span
from pbanalysis.plan.registry import Indicator
from pbanalysis.themes.reading import Reading

__all__ = [
    "count",
    "counter",
    "fact",
    "fraction",
    "interval",
    "joined",
    "of_results",
    "percent",
    "plain",
    "previous",
    "previous_fact",
    "target",
]

# what a unit is called, and where that of its kind would not say it
_COUNTERS = {"persons": "人", "organisations": "个", "events": "次", "issues": "项"}
_OWN_COUNTERS = {
    "S03": "个支部月",
    "S09": "个半年",
    "S14": "项要素",
    "D07": "份",
    "D08": "份",
    "D09": "处",
    "M03-6": "本",
    "M03-7": "份",
    "M06-2": "个岗位",
    "M06-3": "个岗位",
    "W1-1": "项",
    "W1-2": "个岗位",
    "W3-1": "份",
}
NONE = "—"
RESULTS = ("results",)  # what is counted of results.csv, in place of a ledger
FILES = "hypergeometric_files"  # the one interval that is in files, not on the scale of the value


def plain(number: float | int | Fraction, decimals: int = 0) -> str:
    """A number without needless decimals.

    >>> plain(1234), plain(17.25, 1), plain(16.0, 1)
    ('1234', '17.3', '16')
    """
    exact = (
        Decimal(number.numerator) / Decimal(number.denominator)
        if isinstance(number, Fraction)
        else Decimal(str(number))
    )
    text = str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | Fraction, units: float | int = 0) -> str:
    """A share in percent, as precise as ``units`` allow.

    >>> percent(26 / 31, 31), percent(0.9996, 2500), percent(0.0004, 2500), percent(1.0, 40)
    ('84%', '99.9%', '0.1%', '100%')
    """
    decimals = 0 if units < 100 else 1
    step = Decimal(1).scaleb(-decimals)
    shown = (Decimal(str(float(share))) * 100).quantize(step, ROUND_HALF_UP)
    if shown >= 100 and share < 1:
        shown = 100 - step
    if shown <= 0 and share > 0:
        shown = step
    whole = shown == shown.to_integral_value()
    return f"{shown.to_integral_value() if whole and shown in (0, 100) else shown}%"


def counter(indicator: Indicator) -> str:
    """Measure word of the units that an indicator counts.

    >>> from pbanalysis.plan.registry import registry
    >>> counter(registry()["S01"]), counter(registry()["S14"])
    ('次', '项要素')
    """
    if indicator.kind == "count":
        return indicator.unit
    return _OWN_COUNTERS.get(indicator.same_as or indicator.id) or _COUNTERS[indicator.counted]


def fact(reading: Reading, part: str = "value", unit: str = "") -> Fact:
    """A printed number of a reading: ``value``, ``numerator``, ``denominator``, ``ci_low``, ``ci_high``,
    ``target``, ``quota``, ``shortfall``, ``n_not_due``, ``n_na``, ``n_unknown``.

    ``unit`` is the township's code where a county's paper prints several townships.

    Raises
    ------
    ValueError
        When the reading has no such number: what is missing is not printed.
    """
    prefix = "county." if reading.level == "county" else f"{unit}." if unit else ""
    name = f"{prefix}{reading.id}.{part}"
    tables = reading.indicator.source_tables
    if part == "target":
        goal = reading.target
        if goal is None:
            raise ValueError(f"no target: {reading.id}")
        return Fact(
            id=name,
            text=_target_text(reading),
            value=float(goal),
            indicator_id=reading.id,
            clause=reading.indicator.clause,
        )
    if reading.state == "suppressed":
        return Fact.suppressed(name, indicator_id=reading.id, source_tables=tables)
    value = {"ci_low": reading.low, "ci_high": reading.high}.get(part, getattr(reading, part, None))
    if value is None:
        raise ValueError(f"no such number: {name}")
    match part:
        case "value" if reading.few:
            text = f"{plain(reading.numerator or 0)}/{plain(reading.denominator or 0)}"
        case "ci_low" | "ci_high" if reading.ci_method == FILES:
            text = plain(value)
        case "ci_low" | "ci_high":
            text = _bound(reading, part, value)
        case "value":
            text = _scaled(reading, value)
        case _:
            text = _counted(reading, part, value)
    return Fact(
        id=name,
        text=text,
        value=value,
        indicator_id=reading.id,
        n=reading.numerator,
        N=reading.denominator,
        state=reading.state,
        source_tables=("quotas",) if part == "quota" else tables,
        rows=1 if part == "quota" else reading.rows,
    )


def _target_text(reading: Reading) -> str:
    goal = reading.target or Fraction(0)
    if reading.is_share:
        return percent(goal) if goal.denominator <= 100 and (goal * 100).denominator == 1 else str(goal)
    return _scaled(reading, float(goal))


def _scaled(reading: Reading, value: float) -> str:
    """A value, or a bound of its interval, in the unit of the indicator."""
    if reading.is_share or reading.indicator.unit == "%":
        return percent(value, reading.denominator or 0)
    if "元" in reading.indicator.unit:
        return f"{plain(value / 10_000, 2)}万元"
    return f"{plain(value, 2 if reading.indicator.unit == '标准差' else 1)}{reading.indicator.unit}"


def _bound(reading: Reading, part: str, value: float) -> str:
    """An end of the range: what comes in wholes (items, days) is rounded outward; the unit stands once."""
    if reading.is_share or reading.indicator.unit == "%":
        return _scaled(reading, value)
    if reading.indicator.kind in ("count", "median"):
        value = math.floor(value) if part == "ci_low" else math.ceil(value)
    number = plain(value, 2 if reading.indicator.unit == "标准差" else 1)
    return number if part == "ci_low" and reading.high is not None else f"{number}{reading.indicator.unit}"


def _counted(reading: Reading, part: str, value: float) -> str:
    """A count; a sum of money in 万元."""
    indicator = reading.indicator
    growth = indicator.counting == "villages.growth" and part in ("numerator", "denominator")
    money = growth or ("元" in indicator.unit and part == "numerator")
    return f"{plain(value / 10_000, 2)}万元" if money else plain(value)


def count(
    name: str,
    number: int,
    *,
    tables: tuple[str, ...] = (),
    rows: int | None = None,
    indicator: str | None = None,
) -> Fact:
    """A fact that is a plain count, made of ``rows`` of ``tables``: ``issues.open_n``."""
    return Fact(
        id=name,
        text=str(number),
        value=number,
        name=name,
        indicator_id=indicator,
        source_tables=tables,
        rows=rows,
    )


def of_results(name: str, number: int, rows: int, indicator: str | None = None) -> Fact:
    """A count of states: made of so many rows of the results, not of the ledgers."""
    return count(name, number, tables=RESULTS, rows=rows, indicator=indicator)


def fraction(reading: Reading, unit: str = "") -> Line:
    """``26/31``; the numerator alone for a count; a dash where nothing is counted."""
    if reading.state == "suppressed" or reading.numerator is None or reading.denominator == 0:
        return NONE
    above = fact(reading, "numerator", unit)
    return (above,) if reading.denominator is None else (above, "/", fact(reading, "denominator", unit))


def previous(reading: Reading) -> Line:
    """The fraction of the period before, under ids of its own (``R03.previous_numerator``)."""
    line = fraction(reading)
    if not isinstance(line, tuple):
        return line
    return tuple(_of_before(reading, span) if isinstance(span, Fact) else span for span in line)


def previous_fact(reading: Reading, part: str) -> Fact:
    """A number of the period before, under an id of its own."""
    return _of_before(reading, fact(reading, part))


def _of_before(reading: Reading, number: Fact) -> Fact:
    return replace(number, id=number.id.replace(f"{reading.id}.", f"{reading.id}.previous_"))


def interval(reading: Reading, unit: str = "") -> Line:
    """The range of chance (波动范围): ``72%—90%``; a dash where none applies or the units are few."""
    if reading.state == "suppressed" or reading.low is None or (reading.small and reading.ci_method != FILES):
        return NONE
    low = fact(reading, "ci_low", unit)
    if reading.high is None:
        return (low, "以上")
    files = ("份",) if reading.ci_method == FILES else ()
    return (low, "—", fact(reading, "ci_high", unit), *files)


def target(reading: Reading, *, narrow: bool = False) -> Line:
    """The target with its sense and basis: ``≥95%``, ``100%（推定）``; ``narrow``: as a cell breaks it."""
    goal, indicator = reading.target, reading.indicator
    if reading.quota is not None and reading.judged:
        return ("任务 ", fact(reading, "quota"))
    if goal is None:
        return NONE
    whole = (reading.is_share and goal in (0, 1)) or goal == 0
    sense = "" if whole else {"up": "≥", "down": "≤"}.get(indicator.direction, "")
    basis = (" 推定" if narrow else "（推定）") if indicator.target_basis == "implied" else ""
    return tuple(span for span in (sense, fact(reading, "target"), basis) if span)


def joined(lines: Sequence[Line], separator: str = "、") -> Line:
    """Lines in a row, as one line."""
    spans: list[Span] = []
    for k, line in enumerate(lines):
        spans += [separator] if k else []
        spans += line if isinstance(line, tuple) else (line,)
    return tuple(spans)
