"""The period before: what fell short then and where it stands now, as far as the store knows that period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pbanalysis.plan.registry import Indicator
from pbanalysis.themes.reading import Reading
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


# what is owed does not tell how much of it was filed: the indicator that counts the records does
_RECORDS = {"S01": "S14", "S02": "S14", "S03": "S14", "S13": "S14"}


def before(report: Report) -> Before:
    """What the period before says of the report's unit, in the indicators of its theme."""
    judged = [r for r in report.previous.values() if r.judged and _of_theme(report, r.indicator)]
    few = {name for name, r in report.previous.items() if r.thin}
    thin = [r for r in judged if _RECORDS.get(r.id, r.id) in few]
    whole = [r for r in judged if r not in thin]
    short = [(r, report.reading(r.id)) for r in whole if r.state == "not_met"]
    return Before(short, len(whole), thin)


def _of_theme(report: Report, indicator: Indicator) -> bool:
    if "." in indicator.id or indicator.same_as:
        return False
    return indicator.theme == report.theme or report.theme == "overview"
