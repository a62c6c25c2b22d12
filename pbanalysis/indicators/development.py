"""Admission cases: time limits between the steps, reviews, file audits, follow-ups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period, add_months
from pbanalysis.indicators.columns import Bools, Days, between, days, equals, flags, numbers
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.tally import Statistic, Tally, by_town, tally
from pbanalysis.plan.registry import Indicator
from pbanalysis.stats.finite import faulty_interval
from pbanalysis.store.schema import TABLES

__all__ = [
    "LIMITS",
    "admitted",
    "audited",
    "cases_kept",
    "faults_fixed",
    "faulty",
    "followed",
    "followups_done",
    "limit_kept",
    "limits",
    "plan",
    "reviewed",
    "two_new",
    "unfit",
]

STEPS = tuple(c.name for c in TABLES["admissions"].columns if c.name in TABLES["admissions"].events)
_ENDED = ("cancelled", "withdrawn", "transferred")
_CLASSES = ("kept", "breach", "not_due", "na", "unknown")


@dataclass(frozen=True)
class Limit:
    """A time limit between two steps: a longest (``most``) or shortest (``least``) number of months."""

    name: str
    earlier: str
    later: str
    kind: Literal["most", "least", "hours"]
    rule: str


LIMITS = (
    Limit("talk", "applied_on", "talked_on", "most", "talk.months"),
    Limit("cultivation", "activist_on", "candidate_on", "least", "cultivation.months"),
    Limit("training", "trained_on", "assembly_on", "hours", "training.hours"),
    Limit("prereview", "prereviewed_on", "assembly_on", "most", "prereview.months"),
    Limit("approval", "assembly_on", "approved_on", "most", "approval.months"),
    Limit("probation", "assembly_on", "conversion_assembly_on", "least", "probation.months"),
    Limit("conversion", "conversion_assembly_on", "conversion_approved_on", "most", "conversion.months"),
)


def _ended(cases: pd.DataFrame) -> Bools:
    return np.asarray(cases["outcome"].isin(_ENDED))


def _limit_day(known: Known, period: Period, limit: Limit, earlier: Days) -> Days:
    months = 0 if limit.kind == "hours" else known.on(period).months(limit.rule)
    return add_months(earlier, months)


def _in_motion(known: Known, period: Period) -> pd.DataFrame:
    """Cases with any step in the period or, stalled, a longest limit that ends in it and is still open."""
    cases = known.rows("admissions")
    moved = np.zeros(len(cases), dtype=bool)
    for step in STEPS:
        moved |= between(days(cases[step]), period.start, period.end)
    stalled = np.zeros(len(cases), dtype=bool)
    for limit in (each for each in LIMITS if each.kind == "most"):
        last = _limit_day(known, period, limit, days(cases[limit.earlier]))
        stalled |= between(last, period.start, period.end) & cases[limit.later].isna().to_numpy()
    return cases[moved | (stalled & ~_ended(cases))]


def limits(known: Known, period: Period) -> pd.DataFrame:
    """One row per case in motion and limit (D04, D05).

    Returns
    -------
    ``township_id``, ``case_id``, ``limit``, ``earlier``, ``later``, ``limit_day`` (last day of a longest,
    first day of a shortest limit), ``class``: kept, breach, not_due, na (a step not taken in a case that
    ended) or unknown (the later date without the earlier one, or training without its hours). ``town``
    and ``case`` are positions.
    """
    return known.once(("limits", period), lambda: _limits(known, period))


def _limits(known: Known, period: Period) -> pd.DataFrame:
    cases = _in_motion(known, period)
    parts = [_one_limit(known, period, cases, limit) for limit in LIMITS]
    frame = pd.concat(parts, ignore_index=True)
    frame["class"] = pd.Categorical(frame["class"], _CLASSES)
    return frame


def _one_limit(known: Known, period: Period, cases: pd.DataFrame, limit: Limit) -> pd.DataFrame:
    earlier, later = days(cases[limit.earlier]), days(cases[limit.later])
    day = _limit_day(known, period, limit, earlier)
    unknown, kept = np.isnat(earlier), later >= earlier
    if limit.kind == "most":
        kept &= later <= day
    elif limit.kind == "least":
        kept &= later >= day
    else:
        hours = numbers(cases["training_hours"])
        unknown, kept = unknown | np.isnan(hours), kept & (hours >= known.on(period)[limit.rule])
    taken = ~np.isnat(later)
    overrun = (day <= known.day) if limit.kind == "most" else np.zeros(len(cases), dtype=bool)
    names = np.select(
        [taken & unknown, taken & kept, taken, _ended(cases), overrun],
        ["unknown", "kept", "breach", "na", "breach"],
        "not_due",
    )
    return pd.DataFrame(
        {
            "township_id": known.towns.to_numpy()[cases["town"].to_numpy()],
            "case_id": cases["case_id"].to_numpy(),
            "limit": limit.name,
            "earlier": earlier.astype("datetime64[s]"),
            "later": later.astype("datetime64[s]"),
            "limit_day": day.astype("datetime64[s]"),
            "class": names,
            "town": cases["town"].to_numpy(),
            "case": np.arange(len(cases)),
        }
    )


def cases_kept(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D04: cases whose every due limit is kept / cases with at least one due limit."""
    rows = limits(known, period)
    case = rows["case"].to_numpy()
    n = int(case.max()) + 1 if len(rows) else 0

    def having(kind: str) -> Bools:
        return np.bincount(case[(rows["class"] == kind).to_numpy()], minlength=n) > 0

    breach, due = having("breach"), having("breach") | having("kept")
    # a case without a due limit is left out: not due, else unknown, else not applicable
    not_due = ~due & having("not_due")
    unknown = ~due & ~not_due & having("unknown")
    town = rows["town"].to_numpy()[:n]
    counts = tally(known, town, ~breach, na=~due & ~not_due & ~unknown, not_due=not_due, unknown=unknown)
    return _collected(known, counts)


def limit_kept(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D05.k: one limit over the same cases."""
    rows = limits(known, period)
    rows = rows[(rows["limit"] == indicator.options["limit"]).to_numpy()]
    kind = rows["class"]
    counts = tally(
        known,
        rows["town"].to_numpy(),
        kind == "kept",
        na=kind == "na",
        not_due=kind == "not_due",
        unknown=kind == "unknown",
    )
    return _collected(known, counts)


def _collected(known: Known, counts: Tally, *tables: str) -> Tally:
    return counts if known.has("admissions", "organisations", *tables) else counts.absent()


def admitted(known: Known, period: Period) -> pd.DataFrame:
    """Cases whose branch assembly passed in the year: that day is the day of admission."""
    cases = known.rows("admissions")
    return cases[between(days(cases["assembly_on"]), period.year_start, period.end)]


def plan(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D01: admitted / planned; a township without a plan row adds to neither sum."""
    plans = known.rows("admission_plans")
    plans = plans[equals(plans["year"], period.year)]
    planned = np.full(len(known.towns), np.nan)
    planned[plans["town"].to_numpy()] = numbers(plans["plan_n"])
    number = by_town(known, admitted(known, period)["town"].to_numpy())
    filed = ~np.isnan(planned)
    counts = tally(
        known,
        np.arange(len(known.towns)),
        number,
        na=planned == 0,
        unknown=~filed,
        weight=planned,
        # where no plan bounds them the admitted are not counted, and their number is nobody's business
        rows=filed + np.where(planned > 0, number, 0),
    )
    return _collected(known, counts, "admission_plans")


def reviewed(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D06: admitted after a passed joint review / admitted."""
    cases = admitted(known, period)
    passed = equals(cases["review_result"], "passed")
    in_time = days(cases["review_on"]) <= days(cases["assembly_on"])
    return _collected(known, tally(known, cases["town"].to_numpy(), passed & in_time))


def unfit(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M08-2: admitted with a failed or empty review result / admitted."""
    cases = admitted(known, period)
    passed = equals(cases["review_result"], "passed")
    return _collected(known, tally(known, cases["town"].to_numpy(), ~passed))


def _audits(known: Known, sampling: str | None = None) -> pd.DataFrame:
    """County-level audit rows, of one way of sampling where it is said."""
    rows = known.rows("file_audits")
    rows = rows[equals(rows["level"], "county")]
    return rows if sampling is None else rows[equals(rows["sampling"], sampling)]


def audited(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D07: admitted with a county-level audit / admitted; whole files, so 30 % is ceil(0.3·N)."""
    cases = admitted(known, period)
    hit = cases["case_id"].isin(_audits(known)["case_id"])
    return _collected(known, tally(known, cases["town"].to_numpy(), hit), "file_audits")


def faulty(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D08: admitted whose random county-level audit found a fault / admitted with such an audit.

    The interval is the number of faulty files among all admitted of the unit.
    """
    everyone, rows = admitted(known, period), _audits(known, "random")
    cases = everyone[everyone["case_id"].isin(rows["case_id"]).to_numpy()]
    found = cases["case_id"].isin(rows["case_id"][(rows["fault"] != "none").to_numpy()])
    counts = tally(known, cases["town"].to_numpy(), found)
    x, n, total = (
        np.append(part, part.sum())
        for part in (counts.numerator, counts.denominator, by_town(known, everyone["town"].to_numpy()))
    )
    ends = np.full((2, len(x)), np.nan)
    for unit in np.flatnonzero(n > 0):
        ends[:, unit] = faulty_interval(int(x[unit]), int(n[unit]), int(total[unit]))
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = replace(counts, statistic=Statistic(x / n, *ends))
    return _collected(known, counts, "file_audits")


def faults_fixed(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D09: faults put right / faults found by the year's audits, any level and sampling."""
    rows = known.rows("file_audits")
    mine = (
        between(days(rows["audited_on"]), period.year_start, period.end)
        & (rows["fault"] != "none").to_numpy()
    )
    rows = rows[mine]
    return _collected(known, tally(known, rows["town"].to_numpy(), rows["fixed_on"].notna()), "file_audits")


def _followups(known: Known, period: Period) -> pd.DataFrame:
    rows = known.rows("followups")
    due, done = days(rows["due_on"]), days(rows["done_on"])
    rows = rows.assign(kept=done <= due, later=due > known.day)
    return rows[between(due, period.start, period.end)]


def followups_done(known: Known, period: Period, indicator: Indicator) -> Tally:
    """D14: follow-ups done by their due day / follow-ups due in the period."""
    rows = _followups(known, period)
    counts = tally(known, rows["town"].to_numpy(), rows["kept"], not_due=rows["later"])
    return _collected(known, counts, "followups")


def followed(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M08-5: cases with every due follow-up done in time / cases with one due in the period."""
    rows = _followups(known, period)
    due = rows[~rows["later"].to_numpy()].groupby("case_id").agg(town=("town", "first"), kept=("kept", "all"))
    waiting = rows[~rows["case_id"].isin(due.index).to_numpy()].drop_duplicates("case_id")
    town = np.concatenate([due["town"].to_numpy(dtype=np.int64), waiting["town"].to_numpy()])
    kept = np.concatenate([due["kept"].to_numpy(dtype=bool), np.zeros(len(waiting), dtype=bool)])
    not_due = np.arange(len(town)) >= len(due)
    records = by_town(known, rows["town"].to_numpy())
    return _collected(known, tally(known, town, kept, not_due=not_due, rows=records), "followups")


def two_new(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M13-2, M13-3: cases of the two new fields with that step in 2023; the township is the unit."""
    cases = known.rows("admissions")
    step = between(days(cases[indicator.options["column"]]), "2023-01-01", min(str(period.end), "2023-12-31"))
    mine = step & flags(cases["two_new"])
    number = by_town(known, cases["town"].to_numpy()[mine])
    unknown = not known.has("admissions", "organisations")
    counts = tally(known, np.arange(len(number)), number, unknown=unknown, rows=number)
    return _collected(known, counts)
