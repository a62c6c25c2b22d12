"""Documents studied, trainings and learning hours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period, half_years
from pbanalysis.indicators.columns import Bools, Floats, between, days, equals, numbers
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.survival import Followed, median_days
from pbanalysis.indicators.tally import Tally, by_town, nothing, tally
from pbanalysis.plan.registry import Indicator, registry

__all__ = ["events", "half_years_trained", "hours", "lag", "placed", "studies"]


def studies(known: Known, period: Period) -> Followed:
    """Topics released in the period × branches active at release: days to the first study.

    Not studied by the cut-off = censored there, or at the branch's dissolution if that is earlier.
    """
    return known.once(("studies", period), lambda: _studies(known, period))


def _studies(known: Known, period: Period) -> Followed:
    topics, branches = known.table("topics"), known.branches
    if topics is None:
        topics = pd.DataFrame({"topic_id": [], "released_on": np.array([], dtype="datetime64[s]")})
    released = days(topics["released_on"])
    mine = between(released, period.start, period.end)
    topics, released = topics[mine], released[mine]
    studied = known.rows("topic_studies")
    branch = known.branch_of(studied["org_id"])
    topic = pd.Index(topics["topic_id"]).get_indexer(studied["topic_id"])
    first = np.full((len(branches), len(topics)), np.datetime64("NaT", "D"))
    hit = (branch >= 0) & (topic >= 0)
    # latest first, so that the earliest study is written last and stays
    order = np.argsort(-days(studied["studied_on"])[hit].astype(np.int64), kind="stable")
    first[branch[hit][order], topic[hit][order]] = days(studied["studied_on"])[hit][order]
    at, of = np.nonzero(known.active(branches, released, released))
    closed = np.fmin(days(branches["dissolved_on"])[at], known.day)
    event = ~np.isnat(first[at, of])
    return Followed(
        town=branches["town"].to_numpy()[at],
        start=released[of],
        end=np.where(event, first[at, of], closed),
        event=event,
    )


def _study_rows(known: Known, period: Period) -> Floats:
    """Study records of branches on the period's topics, by township."""
    topics, rows = known.table("topics"), known.rows("topic_studies")
    if topics is None:
        return known.zeros().astype(float)
    mine = topics["topic_id"][between(days(topics["released_on"]), period.start, period.end)]
    studied = rows["topic_id"].isin(mine).to_numpy() & (known.branch_of(rows["org_id"]) >= 0)
    return by_town(known, rows["town"].to_numpy()[studied])


def lag(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S06: Kaplan–Meier median days from release to first study."""
    units = studies(known, period)
    studied = days(known.rows("topic_studies")["studied_on"])
    year = between(studied, period.year_start, period.end)
    silent = by_town(known, known.rows("topic_studies")["town"].to_numpy()[year]) == 0
    counts = median_days(known, units, unknown=silent[units.town], rows=_study_rows(known, period))
    return counts if known.has("topics", "topic_studies", "organisations") else counts.absent()


def hours(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S07, S08: persons with the year's hours / due. Background only: hours may not judge."""
    rows, branches = known.rows("study_hours"), known.branches
    rows = rows[equals(rows["year"], period.year) & rows["role"].isin(indicator.options["roles"]).to_numpy()]
    ended = known.year_ended(period)
    whole = known.active(branches, np.datetime64(period.year_start), np.datetime64(period.year_end))
    missing = whole & ~branches["org_id"].isin(rows["org_id"]).to_numpy()
    # persons are summed, branches are left out: two tallies side by side
    people = (
        tally(known, rows["town"].to_numpy(), numbers(rows["met_n"]), weight=numbers(rows["due_n"]))
        if ended
        else nothing(known)
    )
    left = tally(known, branches["town"].to_numpy()[whole], 0, not_due=not ended, unknown=missing[whole])
    counts = replace(
        left,
        numerator=people.numerator,
        denominator=people.denominator,
        rows=by_town(known, rows["town"].to_numpy()).astype(np.int64),
    )
    return counts if known.has("study_hours", "organisations") else counts.absent()


def _starting(known: Known, first: Any, last: Any, **match: str) -> Bools:
    """Flags of trainings that start in [first, last] and have these values."""
    rows = known.rows("trainings")
    started = days(rows["start_on"])
    flag = between(started, first, last)
    for column, value in match.items():
        flag &= equals(rows[column], value)
    return flag


def _trained(known: Known, period: Period) -> Bools:
    """Townships with any training in the year."""
    towns = known.rows("trainings")["town"].to_numpy()
    return by_town(known, towns[_starting(known, period.year_start, period.end)]) > 0


def half_years_trained(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S09: half-years with a township-level business training / half-years ended."""
    towns = known.rows("trainings")["town"].to_numpy()
    parts = []
    for start, end in zip(*half_years(period), strict=True):
        held = _starting(known, start, end, level="township", kind="business")
        parts.append((by_town(known, towns[held]), np.full(len(known.towns), end > known.day)))
    number, not_due = (np.concatenate(column) for column in zip(*parts, strict=True))
    rows = number.reshape(len(parts), -1).sum(axis=0)
    town = np.tile(np.arange(len(known.towns)), len(parts))
    silent = ~_trained(known, period)[town]
    counts = tally(known, town, number > 0, not_due=not_due, unknown=silent, rows=rows)
    return counts if known.has("trainings") else counts.absent()


def events(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S10, S11: trainings of one kind starting in the year; a township is left out until the year ends.

    A count that already reaches the target is counted earlier.
    """
    held = _starting(known, period.year_start, period.end, **indicator.options)
    number = by_town(known, known.rows("trainings")["town"].to_numpy()[held])
    if not known.has("trainings"):
        return tally(known, np.arange(len(known.towns)), 0, unknown=True).absent()
    reached = number >= float(indicator.target or 0)
    return tally(
        known,
        np.arange(len(known.towns)),
        number,
        not_due=~reached & (not known.year_ended(period)),
        unknown=~_trained(known, period),
        rows=number,
    )


def placed(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M02-1: townships that sent somebody to learn on the job / townships where S11 can be judged."""
    sent = events(known, period, registry()["S11"])
    judged = sent.denominator > 0
    hit = judged & (sent.numerator >= 1)
    return replace(sent, numerator=hit.astype(float), denominator=judged.astype(float))
