"""What is known at the cut-off: the one place that hides what happened later.

``as_of`` is the end of that day. A row whose own date is later is not there; a later event date is
empty; deadlines, expiries and due days are schedules and stay (contract/results.md, "Cut-off").
Which column is which is declared beside the tables, in ``store/schema.py``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.calendar import Period, as_date
from pbanalysis.indicators.columns import Ints, days, numbers
from pbanalysis.plan.rules import Rules, RuleSet, rules
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES

__all__ = ["Known", "known"]

T = TypeVar("T")

# the result of a year is known from its last day (contract/tables.md)
_KNOWN_FROM_YEAR_END = {"branch_grades": "year"}
# where an id leads to a township
_HOLDERS = {"org_id": "organisations", "village_id": "villages", "case_id": "admissions"}
# branches in the sense of the indicators: committees and general branches hold no 三会一课 of their own
_BRANCHES = ("branch", "joint_branch")


@dataclass(frozen=True, eq=False)
class Known:
    """A county's tables as known at a cut-off; made by :func:`known`.

    Attributes
    ----------
    county
        The store.
    as_of
        Cut-off, the end of that day.
    rules
        Thresholds with their validity; a period is judged by those of its last day.
    """

    county: County
    as_of: dt.date
    rules: Rules = field(repr=False)
    _memo: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def day(self) -> np.datetime64:
        """The cut-off as numpy reads it."""
        return np.datetime64(self.as_of, "D")

    @cached_property
    def towns(self) -> pd.Index[str]:
        """Township codes in official order; positions in it are the ``town`` of every row."""
        return pd.Index(self.county.townships["township_id"])

    def table(self, name: str) -> pd.DataFrame | None:
        """A canonical table as known, with its index of the store; None when it was not collected.

        One column is added where rows belong to a township: ``town``, the position of the township in
        :attr:`towns`, −1 where a row leads to none (those rows are findings, and in no number).
        """
        return self.once(("table", name), lambda: self._cut(name))

    def rows(self, name: str) -> pd.DataFrame:
        """The rows of a table that belong to a township; none when it was not collected."""
        return self.once(("rows", name), lambda: self._owned(name))

    def has(self, *names: str) -> bool:
        """Whether all of these tables were collected."""
        return all(self.county.frame(name) is not None for name in names)

    def on(self, period: Period) -> RuleSet:
        """The rules by which a period is judged."""
        return self.rules.on(period.end)

    def reached(self, day: dt.date, period: Period) -> bool:
        """Whether a due day has passed by the cut-off and lies in or before the period."""
        return self.as_of >= day and period.end >= day

    def year_ended(self, period: Period) -> bool:
        """Whether a yearly obligation can be judged in this period at this cut-off."""
        return self.reached(period.year_end, period)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value kept under ``key``, made on first use: figures and numbers share one derivation."""
        if key not in self._memo:
            self._memo[key] = make()
        made: T = self._memo[key]
        return made

    def zeros(self) -> Ints:
        """A zero for each township."""
        return np.zeros(len(self.towns), dtype=np.int64)

    @cached_property
    def branches(self) -> pd.DataFrame:
        """Branches and joint branches that are known, numbered 0 … n−1 by their index."""
        orgs = self.rows("organisations")
        return orgs[orgs["org_type"].isin(_BRANCHES)].reset_index(drop=True)

    def branch_of(self, org_ids: pd.Series[Any]) -> Ints:
        """Number of each row's branch in :attr:`branches`, −1 for other organisations."""
        return self._position(self.branches["org_id"], org_ids)

    @staticmethod
    def _position(index: pd.Series[Any] | pd.Index[str], keys: pd.Series[Any]) -> Ints:
        """Position of each key in an index, −1 where it is not in it."""
        found: Ints = pd.Index(index).get_indexer(keys).astype(np.int64)
        return found

    def active(self, orgs: pd.DataFrame, first: Any, last: Any) -> npt.NDArray[np.bool_]:
        """Whether organisations existed from ``first`` to ``last``, both broadcast against the rows.

        Founded on or before the first day and not dissolved before the last; an empty date sets no bound.
        """
        founded, dissolved = days(orgs["founded_on"]), days(orgs["dissolved_on"])
        extra = (...,) + (None,) * max(np.ndim(first), np.ndim(last))
        return np.asarray(~(founded[extra] > first) & ~(dissolved[extra] < last))

    def _cut(self, name: str) -> pd.DataFrame | None:
        frame, table = self.county.frame(name), TABLES[name]
        if frame is None:
            return None
        keep = np.ones(len(frame), dtype=bool)
        if table.own_date:
            keep = ~(days(frame[table.own_date]) > self.day)
        if name in _KNOWN_FROM_YEAR_END:
            ends = numbers(frame[_KNOWN_FROM_YEAR_END[name]])
            keep = ~(
                ends
                > (self.as_of.year if self.as_of >= dt.date(self.as_of.year, 12, 31) else self.as_of.year - 1)
            )
        known_events = {
            column: frame[column].where(~(days(frame[column]) > self.day)) for column in table.events
        }
        cut = frame.assign(**known_events)[keep]
        town = self._town(cut, table.route)
        return cut if town is None else cut.assign(town=town)

    def _town(self, frame: pd.DataFrame, route: str | None) -> Ints | None:
        if route is None:
            return None
        if route == "township_id":
            return self._position(self.towns, frame["township_id"])
        holder = self.table(_HOLDERS[route])
        if holder is None or holder.empty:
            return np.full(len(frame), -1, dtype=np.int64)
        holder = holder.drop_duplicates(route)
        found = self._position(holder[route], frame[route])
        town: Ints = np.where(found >= 0, holder["town"].to_numpy()[found], -1)
        return town

    def _owned(self, name: str) -> pd.DataFrame:
        from pbanalysis.store.frames import empty

        frame = self.table(name)
        if frame is None:
            return empty(TABLES[name]).assign(town=np.zeros(0, dtype=np.int64))
        return frame[frame["town"] >= 0]


def known(county: County, as_of: str | dt.date | None = None, rule_book: Rules | None = None) -> Known:
    """The tables of a county as known at the end of ``as_of`` (by default the county's own cut-off).

    Examples
    --------
    >>> at_midyear = known(county, "2023-06-30")  # doctest: +SKIP
    >>> at_midyear.table("meetings")["held_on"].max()  # doctest: +SKIP
    Timestamp('2023-06-30 00:00:00')
    """
    return Known(county, as_date(as_of or county.as_of), rule_book or rules())
