"""Median times with open units censored: Kaplan–Meier by township, and on the pooled units for the county."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pbanalysis.indicators.columns import Bools, Days, Floats, Ints
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.tally import IN, Statistic, Tally, classes, tally
from pbanalysis.stats.survival import kaplan_meier

__all__ = ["Followed", "median_days"]


@dataclass(frozen=True)
class Followed:
    """Units followed from a start to an event or to censoring; all arrays have shape (units,).

    Attributes
    ----------
    town
        Position of the unit's township.
    start, end
        First day, and day of the event or of censoring; NaT = not known.
    event
        Whether the event happened.
    """

    town: Ints
    start: Days
    end: Days
    event: Bools

    @property
    def known(self) -> Bools:
        """Whether the unit can be followed: it has a start, and it does not end before that."""
        return self.start <= self.end

    @property
    def days(self) -> Floats:
        """Days followed, NaN where that is not known."""
        length = (self.end - self.start).astype("timedelta64[D]").astype(np.float64)
        return np.where(self.known, length, np.nan)


def median_days(known: Known, units: Followed, *, unknown: Any = False, rows: Any = None) -> Tally:
    """Events / units followed, with the first day on which the curve is at or below ½."""
    left_out = ~units.known | unknown
    counts = tally(known, units.town, units.event, unknown=left_out, rows=rows)
    use = classes(len(units.town), unknown=left_out) == IN
    town, length, event = units.town[use], units.days[use], units.event[use]
    values = np.full((3, len(known.towns) + 1), np.nan)
    for position in (*np.unique(town), -1):
        mine = town == position if position >= 0 else np.ones(len(town), dtype=bool)
        if mine.any():
            middle = kaplan_meier(length[mine], event[mine]).median()
            values[:, position] = middle.value, middle.low, middle.high
    return replace(counts, statistic=Statistic(*values))
