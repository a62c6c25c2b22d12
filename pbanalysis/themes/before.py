"""The period before: what fell short then and where it stands now, as far as the store knows that period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.themes.reading import FEW, Reading
from pbanalysis.themes.report import Report

__all__ = ["Before", "before"]


@dataclass(frozen=True)
class Before:
    """Verdicts of the period before.

    Attributes
    ----------
    short
        What fell short then, with its reading now (None where there is no such row any more).
    judged_n
        How many verdicts there are, those of ``thin`` left out.
    thin
        Judged then on less than half of the records there are now: what was filed then did not reach the
        store in full, so nothing is said of it.
    """

    short: Sequence[tuple[Reading, Reading | None]]
    judged_n: int
    thin: Sequence[Reading]


def before(report: Report) -> Before:
    """What the period before says of the report's unit, in the indicators of its theme."""
    judged = [r for r in report.previous.values() if r.judged and _of_theme(report, r.indicator)]
    thin = [r for r in judged if _thin(report, r.indicator)]
    whole = [r for r in judged if r not in thin]
    short = [(r, report.reading(r.id)) for r in whole if r.state == "not_met"]
    return Before(short, len(whole), thin)


def _thin(report: Report, indicator: Indicator) -> bool:
    """Whether far fewer units were known then than now, of the unit itself or in the county.

    A count has no units of its own: its neighbour that counts in the same tables speaks for it.
    """
    if indicator.kind == "count":
        alike = (i for i in registry() if i.kind != "count" and i.source_tables == indicator.source_tables)
        indicator = next(alike, indicator)
    units = (report.unit, report.county.code)
    return any(
        _fewer(report.previous_readings(unit).get(indicator.id), report.reading(indicator.id, unit))
        for unit in units
    )


def _fewer(then: Reading | None, now: Reading | None) -> bool:
    if then is None or now is None or then.known_n is None or now.known_n is None:
        return False
    return now.known_n >= FEW and 2 * then.known_n < now.known_n


def _of_theme(report: Report, indicator: Indicator) -> bool:
    if "." in indicator.id or indicator.same_as:
        return False
    return indicator.theme == report.theme or report.theme == "overview"
