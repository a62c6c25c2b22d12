"""What a theme finds beside its indicators: matters to check on site, and what falls due next.

A matter is a kind and its numbers; its words are in :mod:`pbanalysis.exhibits.phrases`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pbanalysis.indicators.columns import Days
from pbanalysis.indicators.due import due_day
from pbanalysis.plan.registry import Indicator
from pbanalysis.privacy.disclosure import Policy
from pbanalysis.themes.reading import FEW, Reading
from pbanalysis.themes.report import Report

__all__ = [
    "MOST_ON_SITE",
    "Due",
    "Matter",
    "bad_signals",
    "due_soon",
    "general",
    "not_due",
    "short_of",
    "shown_first",
]

MOST_ON_SITE = 5


@dataclass(frozen=True)
class Matter:
    """One thing to say: its kind, the readings it rests on, and further counts by name."""

    kind: str
    readings: tuple[Reading, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Due:
    """What falls due soon after the cut-off: how many, and the first day.

    ``n`` and ``first_on`` are None where a number of persons is too small to be said. ``rows``: how many rows
    of ``tables`` were looked at; None where they are of persons.
    """

    kind: str
    n: int | None
    first_on: dt.date | None
    tables: tuple[str, ...]
    rows: int | None


def due_soon(
    kind: str, report: Report, days: Days, ahead: int, tables: tuple[str, ...], rows: int | None
) -> list[Due]:
    """What of ``days`` lies within ``ahead`` days after the cut-off; nothing where none does.

    ``rows`` of ``tables`` were looked at for that; None: they are of persons, and few are not said.
    """
    today = report.known.day
    soon = np.sort(days[(days > today) & (days <= today + np.timedelta64(ahead, "D"))])
    if not len(soon):
        return []
    if rows is None and len(soon) < Policy().threshold:
        return [Due(kind, None, None, tables, None)]
    return [Due(kind, len(soon), soon[0].item(), tables, rows)]


def not_due(report: Report, indicators: Iterable[Indicator]) -> list[tuple[Reading, dt.date | None]]:
    """Readings that are not due yet, with their due day, earliest first."""
    readings = [r for r in report.of(list(indicators)) if r.state == "not_due"]
    dated = [(r, due_day(r.indicator, report.period)) for r in readings]
    return sorted(dated, key=lambda pair: pair[1] or dt.date.max)


def short_of(report: Report, *ids: str) -> list[Reading]:
    """The readings among ``ids`` that fall short of their target."""
    return [r for i in ids if (r := report.reading(i)) is not None and r.state == "not_met"]


def bad_signals(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Readings that stand out from the county on the wrong side."""
    worse = {"up": "low", "down": "high"}
    return tuple(
        r for r in readings if r.state != "suppressed" and r.vs_county == worse.get(r.indicator.direction)
    )


def general(report: Report) -> list[Matter]:
    """Matters of every theme: what stands out from the county, and what nobody could judge."""
    found = []
    low = bad_signals(report.readings)
    for way in dict.fromkeys(r.vs_county for r in low):  # one clause says one way
        found.append(Matter("stands_out", tuple(r for r in low if r.vs_county == way)))
    if unknown := tuple(r for r in report.readings if r.state == "unknown"):
        found.append(Matter("no_data", unknown))
    if full := tuple(
        r
        for r in report.readings
        if r.is_share and r.state == "met" and r.value == 1 and (r.denominator or 0) >= FEW
    ):
        found.append(Matter("ceiling", full))
    return found


def shown_first(*groups: Sequence[Matter]) -> list[Matter]:
    """The first few matters in order of the groups: a visit has room for five."""
    return [matter for group in groups for matter in group][:MOST_ON_SITE]
