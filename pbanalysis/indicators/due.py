"""Due days of the plan's items."""

from __future__ import annotations

import datetime as dt

from pbanalysis.calendar import Period
from pbanalysis.indicators.known import Known
from pbanalysis.plan.registry import Indicator

__all__ = ["due_day", "due_reached"]


def due_day(indicator: Indicator, period: Period) -> dt.date | None:
    """The day from which the indicator is judged in a period; None = as it stands.

    Examples
    --------
    >>> from pbanalysis.plan.registry import registry
    >>> str(due_day(registry()["W2-1"], Period.parse("2024"))), str(due_day(registry()["M07-2"], Period.parse("2023")))
    ('2024-05-31', '2024-12-31')
    """
    match len(indicator.due):
        case 0:
            return None
        case 4:  # "year"
            return period.year_end
        case 5:  # month and day of the period's year
            return dt.date.fromisoformat(f"{period.year}-{indicator.due}")
        case _:
            return dt.date.fromisoformat(indicator.due)


def due_reached(known: Known, period: Period, indicator: Indicator) -> bool:
    """Whether the item is due: its day has come by the cut-off, and the period ends on or after it."""
    day = due_day(indicator, period)
    return day is None or known.reached(day, period)
