"""Issues of the ledgers and the supervisions that follow them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators.columns import Days, between, days, equals, filled, flags
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.survival import Followed, median_days
from pbanalysis.indicators.tally import Tally, by_town, tally
from pbanalysis.plan.registry import Indicator

__all__ = [
    "ENDED_OTHERWISE",
    "accepted",
    "actions",
    "categorised",
    "closed_due",
    "closed_on_time",
    "days_to_close",
    "elements",
    "extended",
    "issues",
    "overdue",
    "reopened",
    "replies",
    "rules_left",
    "submitted",
    "visited",
]

ENDED_OTHERWISE = ("merged", "transferred", "withdrawn")


def issues(known: Known, period: Period) -> pd.DataFrame:
    """Issues of the period's report, with what is known of each at the cut-off.

    Returns
    -------
    The columns of ``issues`` and: ``closed`` (closing known, whatever came after), ``ended_otherwise``
    (merged, transferred, withdrawn), ``open_again``, ``dated``, ``current_on`` (current deadline), ``due``
    (dated, current deadline passed), ``overdue`` (due and not closed for good), ``event`` (0 open,
    1 closed, 2 ended otherwise), ``start_on``/``end_on`` and ``days`` (followed from finding to closing,
    other end, or cut-off; NaN = cannot be followed), ``town``.
    """
    return known.once(("issues", period), lambda: _issues(known, period))


def _issues(known: Known, period: Period) -> pd.DataFrame:
    rows = known.rows("issues")
    found, closed_on, reopened = days(rows["found_on"]), days(rows["closed_on"]), days(rows["reopened_on"])
    otherwise = rows["end_reason"].isin(ENDED_OTHERWISE).to_numpy()
    # a status without a date closes nothing
    closed = ~np.isnat(closed_on) & ~otherwise
    again = (reopened >= closed_on) & ~(days(rows["reclosed_on"]) >= reopened)
    standing = equals(rows["deadline_kind"], "standing")
    before = closed & (closed_on < np.datetime64(period.start))
    mine = ~(found > np.datetime64(period.end)) & (~before | standing | again)
    current = rows["deadline_on"].fillna(rows["deadline_original_on"])
    dated = equals(rows["deadline_kind"], "dated")
    due = dated & (days(current) <= known.day)
    followed = Followed(
        rows["town"].to_numpy(), found, np.where(closed | otherwise, closed_on, known.day), closed
    )
    return rows.assign(
        closed=closed,
        ended_otherwise=otherwise,
        open_again=again,
        dated=dated,
        current_on=current,
        due=due,
        overdue=due & ~otherwise & ~(closed & ~again),
        event=np.select([closed, otherwise], [1, 2], 0),
        start_on=found.astype("datetime64[s]"),
        end_on=followed.end.astype("datetime64[s]"),
        days=followed.days,
    )[mine]


def _reported(known: Known, period: Period, counts: Tally) -> Tally:
    """No issue: a submitted ledger reported none; else not due before 31 May, unknown from then on."""
    none = by_town(known, issues(known, period)["town"].to_numpy()) == 0
    handed_in = ~np.isnat(_submitted_on(known, period))
    late = known.as_of >= period.year_start.replace(month=5, day=31)
    counts = counts.fix(none & handed_in, "na").fix(none, "unknown" if late else "not_due")
    return counts if known.has("issues") else counts.absent()


def _count(known: Known, period: Period, rows: pd.DataFrame, hit: Any, **left_out: Any) -> Tally:
    return _reported(known, period, tally(known, rows["town"].to_numpy(), hit, **left_out))


def _submitted_on(known: Known, period: Period) -> Days:
    """Day on which each township handed in its ledger of the year, NaT = not known."""
    rows = known.rows("ledger_submissions")
    rows = rows[equals(rows["year"], period.year)]
    day = np.full(len(known.towns), np.datetime64("NaT", "D"))
    day[rows["town"].to_numpy()] = days(rows["submitted_on"])
    return day


def submitted(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R01: ledger handed in by 31 May of the year."""
    day, last = _submitted_on(known, period), np.datetime64(f"{period.year}-05-31")
    rows = known.rows("ledger_submissions")
    filed = rows["town"].to_numpy()[equals(rows["year"], period.year)]
    waiting = np.isnat(day) & bool(known.day < last)
    unknown = not known.has("ledger_submissions")
    counts = tally(
        known,
        np.arange(len(day)),
        day <= last,
        not_due=waiting & (not unknown),
        unknown=unknown,
        rows=by_town(known, filed),
    )
    return counts.absent() if unknown else counts


def elements(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R02: issues with problem, measure, somebody who answers and a deadline / issues."""
    rows = issues(known, period)
    dated = rows["dated"].to_numpy() & rows["current_on"].notna().to_numpy()
    timed = dated | rows["deadline_kind"].isin(["immediate", "standing"]).to_numpy()
    return _count(
        known,
        period,
        rows,
        filled(rows["problem"]) & filled(rows["measure"]) & flags(rows["owner_named"]) & timed,
    )


def _due_by(known: Known, rows: pd.DataFrame, deadline: Days) -> dict[str, Any]:
    """Who is left out of R03 … R05: not dated or ended otherwise, not yet due, no such deadline."""
    return {
        "na": ~rows["dated"] | rows["ended_otherwise"],
        "not_due": deadline > known.day,
        "unknown": np.isnat(deadline),
    }


def closed_due(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R03: due by the current deadline and closed for good / due."""
    rows = issues(known, period)
    return _count(known, period, rows, ~rows["overdue"], **_due_by(known, rows, days(rows["current_on"])))


def overdue(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R05: due by the current deadline and not closed for good."""
    rows = issues(known, period)
    return _count(known, period, rows, rows["overdue"], **_due_by(known, rows, days(rows["current_on"])))


def closed_on_time(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R04: as R03, by the original deadline; the closing counts even if the issue opened again."""
    rows = issues(known, period)
    original = days(rows["deadline_original_on"])
    in_time = rows["closed"].to_numpy() & (days(rows["closed_on"]) <= original)
    return _count(known, period, rows, in_time, **_due_by(known, rows, original))


def days_to_close(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R06: Kaplan–Meier median days from finding to closing; other ends are censored on their day."""
    rows = issues(known, period)
    units = Followed(
        rows["town"].to_numpy(), days(rows["start_on"]), days(rows["end_on"]), rows["closed"].to_numpy()
    )
    return _reported(known, period, median_days(known, units))


def _closed(known: Known, period: Period) -> pd.DataFrame:
    rows = issues(known, period)
    return rows[rows["closed"].to_numpy()]


def accepted(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R07: closed issues that a superior accepted / closed issues."""
    rows = _closed(known, period)
    return _count(known, period, rows, rows["accepted_by"].notna())


def extended(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R08: dated issues whose current deadline is later than the original / dated issues."""
    rows = issues(known, period)
    rows = rows[rows["dated"].to_numpy()]
    original = days(rows["deadline_original_on"])
    return _count(known, period, rows, days(rows["current_on"]) > original, unknown=np.isnat(original))


def reopened(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R09: closed issues reopened within a year / closed issues."""
    rows = _closed(known, period)
    after = (days(rows["reopened_on"]) - days(rows["closed_on"])).astype("timedelta64[D]")
    limit = np.timedelta64(int(known.on(period)["reopening.days"]), "D")
    return _count(known, period, rows, (after >= np.timedelta64(0, "D")) & (after <= limit))


def rules_left(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R16: closed issues that left a rule behind."""
    rows = _closed(known, period)
    return _count(known, period, rows, flags(rows["rule_document"]))


def categorised(known: Known, period: Period, indicator: Indicator) -> Tally:
    """W2-1: townships with an issue of the report that has its category / townships with an issue."""
    rows = issues(known, period)
    town = np.unique(rows["town"].to_numpy())
    named = by_town(known, rows["town"].to_numpy()[filled(rows["category"])]) > 0
    listed = by_town(known, rows["town"].to_numpy())
    return _reported(known, period, tally(known, town, named[town], rows=listed))


def replies(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R14: supervisions answered by their day / with that day in the period and passed."""
    rows = known.rows("supervisions")
    due = days(rows["reply_due_on"])
    undated = np.isnat(due) & between(days(rows["acted_on"]), period.start, period.end)
    mine = between(due, period.start, period.end) | undated
    rows, due, undated = rows[mine], due[mine], undated[mine]
    counts = tally(
        known, rows["town"].to_numpy(), days(rows["replied_on"]) <= due, na=undated, not_due=due > known.day
    )
    return counts if known.has("supervisions") else counts.absent()


def _acted(known: Known, period: Period, mask: Any = True) -> Any:
    rows = known.rows("supervisions")
    mine = between(days(rows["acted_on"]), period.start, period.end) & mask
    return by_town(known, rows["town"].to_numpy()[mine])


def _by_township(known: Known, number: Any, rows: Any) -> Tally:
    unknown = not known.has("supervisions")
    counts = tally(known, np.arange(len(known.towns)), number, unknown=unknown, rows=rows)
    return counts.absent() if unknown else counts


def actions(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M05-4: supervisions of the period with an action; none filed = 0."""
    rows = known.rows("supervisions")
    acted = _acted(known, period, filled(rows["action"]) & ~equals(rows["action"], "none"))
    return _by_township(known, acted, _acted(known, period))


def visited(known: Known, period: Period, indicator: Indicator) -> Tally:
    """W3-2: townships where a supervision was acted in the period / townships."""
    acted = _acted(known, period)
    return _by_township(known, acted > 0, acted)
