"""Party organisations: size, elections, grades, and the weak ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period, add_months
from pbanalysis.indicators.columns import between, days, equals, filled, flags, looked_up, numbers
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.study import latest_counts
from pbanalysis.indicators.tally import Tally, by_town, tally
from pbanalysis.plan.registry import Indicator

__all__ = [
    "elections",
    "elections_on_time",
    "grade_moves",
    "graded",
    "large",
    "moves",
    "reminded",
    "terms_recorded",
    "weak",
]


def weak(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R10: weak organisations of the cycle year with plan, with leader, or accepted and not continuing."""
    rows = known.rows("weak_orgs")
    rows = rows[equals(rows["cycle_year"], period.year)]
    column = rows[indicator.options["column"]]
    if column.name == "accepted_on":
        hit = filled(column) & ~equals(rows["result"], "continuing")
    else:
        hit = flags(column)
    counts = tally(known, rows["town"].to_numpy(), hit)
    return counts if known.has("weak_orgs", "organisations") else counts.absent()


def members(known: Known) -> pd.DataFrame:
    """Branches active at the cut-off with their latest count of members (NaN = none filed by then)."""
    branches = known.branches
    latest = latest_counts(known, "members_n", np.array([known.day]), or_earliest=False)[:, 0]
    active = known.active(branches, known.day, known.day)
    return branches.assign(members_n=latest)[active]


def large(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R11: active branches with more members than a branch may have; 50 is not more than 50."""
    rows = members(known)
    size = rows["members_n"].to_numpy()
    most = known.on(period)["branch.most_members"]
    counts = tally(known, rows["town"].to_numpy(), size > most, unknown=np.isnan(size))
    return counts if known.has("organisations", "org_counts") else counts.absent()


def elections(known: Known) -> pd.DataFrame:
    """Terms with their due day (an approved extension where it is later), and what became of them.

    Returns
    -------
    The columns of ``elections`` and ``due_on``, ``reminder_due_on``, ``dissolved`` (the organisation was
    dissolved before the due day without an election), ``town``. The last day to remind uses the lead
    time of the rules in force at the cut-off.
    """

    def make() -> pd.DataFrame:
        rows, orgs = known.rows("elections"), known.rows("organisations").drop_duplicates("org_id")
        expires, extended = days(rows["expires_on"]), days(rows["extended_until"])
        due = np.where(extended > expires, extended, expires)
        gone = days(looked_up(orgs.set_index("org_id")["dissolved_on"], rows["org_id"]))
        lead = known.rules.on(known.as_of).months("reminder.months")
        return rows.assign(
            due_on=due.astype("datetime64[s]"),
            reminder_due_on=add_months(expires, -lead).astype("datetime64[s]"),
            dissolved=(gone < due) & rows["held_on"].isna().to_numpy(),
        )

    return known.once("elections", make)


def _filed_terms(known: Known, counts: Tally) -> Tally:
    """A township without a single term on file is unknown at once."""
    silent = by_town(known, known.rows("elections")["town"].to_numpy()) == 0
    counts = counts.fix(silent, "unknown")
    return counts if known.has("elections", "organisations") else counts.absent()


def elections_on_time(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R12: terms that expired in the period, renewed on or before their due day / due."""
    rows = elections(known)
    rows = rows[between(days(rows["expires_on"]), period.start, period.end)]
    due = days(rows["due_on"])
    counts = tally(
        known,
        rows["town"].to_numpy(),
        days(rows["held_on"]) <= due,
        na=rows["dissolved"],
        not_due=due > known.day,
        unknown=np.isnat(due),
    )
    return _filed_terms(known, counts)


def reminded(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R13: reminded six months before expiry / terms expiring in the period or soon after the cut-off."""
    rows = elections(known)
    expires = days(rows["expires_on"])
    ahead = add_months(known.day, known.rules.on(known.as_of).months("reminder.months"))
    soon = (expires > known.day) & (expires <= ahead)
    rows = rows[between(expires, period.start, period.end) | soon]
    last = days(rows["reminder_due_on"])
    counts = tally(
        known,
        rows["town"].to_numpy(),
        days(rows["reminded_on"]) <= last,
        na=rows["dissolved"],
        not_due=last > known.day,
        unknown=np.isnat(last),
    )
    return _filed_terms(known, counts)


def _current(known: Known, period: Period) -> pd.DataFrame:
    """Branches active on the cut-off, or on the period's end if that is earlier."""
    day = np.datetime64(min(known.as_of, period.end))
    return known.branches[known.active(known.branches, day, day)]


def _grades(known: Known, year: int) -> pd.DataFrame:
    rows = known.rows("branch_grades")
    return rows[equals(rows["year"], year)]


def moves(known: Known, period: Period) -> pd.DataFrame:
    """Active branches with their grade of the previous and of this year by the same scheme.

    Returns
    -------
    ``township_id``, ``org_id``, ``scheme``, ``before``, ``after`` (1 = best; NaN = not graded by it),
    ``class``: in, not_due, unknown (no grade this year) or na (no earlier one of the scheme), ``town``.
    Of several schemes in both years the first by name is taken.
    """
    now, last = _grades(known, period.year), _grades(known, period.year - 1)
    both = now.merge(last[["org_id", "scheme", "grade"]], on=["org_id", "scheme"], suffixes=("", "_before"))
    pairs = both.sort_values(["org_id", "scheme"]).drop_duplicates("org_id").set_index("org_id")
    rows = _current(known, period)
    org = rows["org_id"]
    after, before = (numbers(looked_up(pairs[column], org)) for column in ("grade", "grade_before"))
    graded_now = org.isin(now["org_id"]).to_numpy()
    ended = known.year_ended(period)
    names = np.select([~np.isnan(after), graded_now], ["in", "na"], "unknown") if ended else "not_due"
    return pd.DataFrame(
        {
            "township_id": rows["township_id"].to_numpy(),
            "org_id": org.to_numpy(),
            "scheme": looked_up(pairs["scheme"], org).to_numpy(),
            "before": before,
            "after": after,
            "class": names,
            "town": rows["town"].to_numpy(),
        }
    )


def grade_moves(known: Known, period: Period, indicator: Indicator) -> Tally:
    """R15: branches improved − worsened between the previous and this year by the same scheme."""
    rows = moves(known, period)
    kind = rows["class"].to_numpy()
    counts = tally(
        known,
        rows["town"].to_numpy(),
        np.nan_to_num(np.sign(rows["before"].to_numpy() - rows["after"].to_numpy())),
        na=kind == "na",
        not_due=kind == "not_due",
        unknown=kind == "unknown",
    )
    return counts if known.has("branch_grades", "organisations") else counts.absent()


def graded(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M03-1: active branches graded in the year, by any scheme / active branches."""
    rows, now = _current(known, period), _grades(known, period.year)
    town = rows["town"].to_numpy()
    silent = by_town(known, now["town"].to_numpy()) == 0
    counts = tally(
        known,
        town,
        rows["org_id"].isin(now["org_id"]),
        not_due=not known.year_ended(period),
        unknown=silent[town],
    )
    return counts if known.has("organisations") else counts.absent()


def terms_recorded(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M04-5: active organisations of every type whose latest term is fully on file / such organisations."""
    orgs, rows = known.rows("organisations"), known.rows("elections")
    orgs = orgs[known.active(orgs, known.day, known.day)]
    latest = rows.sort_values("term_no", kind="stable").drop_duplicates("org_id", keep="last")
    full = latest[latest[["elected_on", "term_years", "expires_on"]].notna().all(axis=1)]
    silent = by_town(known, rows["town"].to_numpy()) == 0
    town = orgs["town"].to_numpy()
    counts = tally(known, town, orgs["org_id"].isin(full["org_id"]), unknown=silent[town])
    return counts if known.has("organisations") else counts.absent()
