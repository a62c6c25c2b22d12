"""Meetings of the organisations: what was owed and held, and what the records of them say."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.calendar import Period, months, quarters
from pbanalysis.indicators.columns import Bools, Floats, Ints, between, days, filled, flags, numbers
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.tally import NAMES, Tally, by_town, classes, tally
from pbanalysis.plan.registry import Indicator
from pbanalysis.store.schema import TABLES

__all__ = [
    "attendance",
    "branches_compliant",
    "complete_records",
    "completeness",
    "first_topic",
    "lecturers",
    "life_meetings",
    "meetings_held",
    "meetings_of",
    "obligations",
    "screens",
    "theme_days",
]

TYPES = TABLES["meetings"].column("types").values
OBLIGED = ("assembly", "committee", "group", "theme_day")
_FIRST_TOPIC_TYPES = ("assembly", "committee", "group", "lecture", "theme_day", "study")
_CELLS = ("held_on", "types", "topic", "expected_n", "present_n", "minutes", "evidence_n")
_LEADERS = ("secretary", "committee", "superior")


def meeting_types(known: Known) -> npt.NDArray[np.bool_]:
    """Which types each meeting has, shape (meetings, 8), in the order of :data:`TYPES`."""

    def make() -> npt.NDArray[np.bool_]:
        types = known.rows("meetings")["types"].reset_index(drop=True).explode().dropna()
        has = np.zeros((len(known.rows("meetings")), len(TYPES)), dtype=bool)
        code = pd.Index(TYPES).get_indexer(types)
        has[types.index.to_numpy(dtype=np.int64)[code >= 0], code[code >= 0]] = True
        return has

    return known.once("meeting types", make)


def _within(known: Known, first: Any, last: Any) -> Bools:
    held = days(known.rows("meetings")["held_on"])
    return between(held, first, last)


def meetings_of(known: Known, period: Period) -> pd.DataFrame:
    """Meetings of the period, of every organisation of the townships; ``town`` and type flags beside."""

    def make() -> pd.DataFrame:
        inside = _within(known, period.start, period.end)
        kinds = pd.DataFrame(
            meeting_types(known)[inside], columns=TYPES, index=known.rows("meetings").index[inside]
        )
        return known.rows("meetings")[inside].join(kinds.add_prefix("is_"))

    return known.once(("meetings", period), make)


def filed(known: Known, period: Period) -> Bools:
    """Townships with a meeting of any of their organisations in the year (to the period's last day)."""
    inside = _within(known, period.year_start, period.end)
    return by_town(known, known.rows("meetings")["town"].to_numpy()[inside]) > 0


def latest_counts(known: Known, column: str, until: Any, *, or_earliest: bool) -> npt.NDArray[np.float64]:
    """Latest count of each branch not after the days ``until`` (shape (p,)); shape (branches, p).

    Where there is none by then: the earliest one if that is wanted, else NaN.
    """
    rows = known.rows("org_counts")
    rows = rows.assign(branch=known.branch_of(rows["org_id"]), day=days(rows["as_of"]).astype(np.int64))
    rows = rows[(rows["branch"] >= 0).to_numpy() & rows[column].notna().to_numpy()]
    rows = rows.sort_values(["branch", "day"], kind="stable")
    branch, values = rows["branch"].to_numpy(), numbers(rows[column])
    # one sorted key for branch and day, so that one binary search answers for all branches
    step = 1 << 24
    key = branch * step + rows["day"].to_numpy()
    wanted = np.arange(len(known.branches))
    first = np.searchsorted(branch, wanted)
    last = np.searchsorted(branch, wanted, side="right")
    at = np.searchsorted(key, wanted[:, None] * step + until.astype(np.int64)[None, :], side="right") - 1
    if or_earliest:
        at = np.where((last > first)[:, None], np.maximum(at, first[:, None]), -1)
    else:
        at = np.where(at >= first[:, None], at, -1)
    found: npt.NDArray[np.float64] = np.append(values, np.nan)[at]
    return found


def _held(known: Known, kind: str, starts: Any, ends: Any) -> Bools:
    """Whether each branch held a meeting of that type in each sub-period, shape (branches, p)."""
    meetings = known.rows("meetings")
    mask = meeting_types(known)[:, TYPES.index(kind)]
    held, branch = days(meetings["held_on"])[mask], _meeting_branch(known)[mask]
    at = np.searchsorted(starts, held, side="right") - 1
    inside = (branch >= 0) & (at >= 0) & (held <= ends[np.maximum(at, 0)])
    done = np.zeros((len(known.branches), len(starts)), dtype=bool)
    done[branch[inside], at[inside]] = True
    return done


def obligations(known: Known, period: Period) -> pd.DataFrame:
    """One row per obligation of S01: an active branch, a kind of meeting, a sub-period of the period.

    Returns
    -------
    ``township_id``, ``org_id``, ``kind`` (assembly, committee, group, theme_day), ``start``, ``end`` and
    ``class``: held, missed, not_due, na (fewer than seven full members, no group) or unknown (no count of
    members, or a township that filed no meeting in the year). ``town`` and ``branch`` are positions.
    """
    return known.once(("obligations", period), lambda: _obligations(known, period))


def _obligations(known: Known, period: Period) -> pd.DataFrame:
    branches, need = known.branches, known.on(period)["committee.full_members"]
    silent = ~filed(known, period)[branches["town"].to_numpy()]
    parts = []
    for number, kind in enumerate(OBLIGED):
        starts, ends = quarters(period) if kind == "assembly" else months(period)
        na: Any = np.zeros((len(branches), len(starts)), dtype=bool)
        unknown: Any = np.broadcast_to(silent[:, None], na.shape)
        if kind == "committee":
            full = latest_counts(known, "full_members_n", np.minimum(ends, known.day), or_earliest=True)
            na, unknown = full < need, unknown | np.isnan(full)
        elif kind == "group":
            groups = numbers(branches["groups_n"])[:, None]
            na, unknown = na | (groups < 1), unknown | np.isnan(groups)
        branch, sub = np.nonzero(known.active(branches, starts, ends))
        kinds = classes(
            len(branch), na=na[branch, sub], not_due=(ends > known.day)[sub], unknown=unknown[branch, sub]
        )
        done = _held(known, kind, starts, ends)[branch, sub]
        parts.append(
            (
                branch,
                np.full(len(branch), number),
                starts[sub],
                ends[sub],
                np.where((kinds == 0) & ~done, 4, kinds),
            )
        )
    branch, code, start, end, kinds = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pd.DataFrame(
        {
            "township_id": pd.Categorical.from_codes(branches["town"].to_numpy()[branch], known.towns),
            "org_id": pd.Categorical.from_codes(branch, pd.Index(branches["org_id"])),
            "kind": pd.Categorical.from_codes(code, list(OBLIGED)),
            "start": start.astype("datetime64[s]"),
            "end": end.astype("datetime64[s]"),
            "class": pd.Categorical.from_codes(kinds, ["held", *NAMES[1:], "missed"]),
            "town": branches["town"].to_numpy()[branch],
            "branch": branch,
        }
    )


def _records(known: Known, first: Any, last: Any, *kinds: str) -> Floats:
    """Meetings of branches from ``first`` to ``last`` that are of one of the kinds, by township."""
    rows = known.rows("meetings")
    mine = meeting_types(known)[:, [TYPES.index(kind) for kind in kinds]].any(axis=1)
    mine &= _within(known, first, last) & (_meeting_branch(known) >= 0)
    return by_town(known, rows["town"].to_numpy()[mine])


def _meeting_branch(known: Known) -> Ints:
    """Number of each meeting's branch."""
    return known.once("meeting branch", lambda: known.branch_of(known.rows("meetings")["org_id"]))


def _tally_obligations(known: Known, rows: pd.DataFrame, records: Floats) -> Tally:
    kind = rows["class"]
    counts = tally(
        known,
        rows["town"].to_numpy(),
        kind == "held",
        na=kind == "na",
        not_due=kind == "not_due",
        unknown=kind == "unknown",
        rows=records,
    )
    return counts if known.has("meetings", "organisations") else counts.absent()


def meetings_held(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S01: required meetings held / due. 《支部工作条例》: assembly quarterly, the others monthly."""
    records = _records(known, period.start, period.end, *OBLIGED)
    return _tally_obligations(known, obligations(known, period), records)


def theme_days(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S03: the theme-day part of S01 alone."""
    rows = obligations(known, period)
    records = _records(known, period.start, period.end, "theme_day")
    return _tally_obligations(known, rows[(rows["kind"] == "theme_day").to_numpy()], records)


def branches_compliant(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S02: branches whose every due and known obligation was met / branches with at least one."""
    rows, n = obligations(known, period), len(known.branches)

    def having(kind: str) -> Bools:
        return np.bincount(rows["branch"][(rows["class"] == kind).to_numpy()], minlength=n) > 0

    missed, judged, unknown = having("missed"), having("held") | having("missed"), having("unknown")
    owed = judged | unknown | having("not_due")
    counts = tally(
        known,
        known.branches["town"].to_numpy()[owed],
        (judged & ~missed)[owed],
        not_due=~(judged | unknown)[owed],
        unknown=~judged[owed],
        rows=_records(known, period.start, period.end, *OBLIGED),
    )
    return counts if known.has("meetings", "organisations") else counts.absent()


def _silent(known: Known, period: Period, counts: Tally) -> Tally:
    """A township that filed no meeting in the year is unknown once an obligation of S01 is due."""
    rows = obligations(known, period)
    due = (
        by_town(known, rows["town"].to_numpy()[rows["class"].isin(["held", "missed", "unknown"]).to_numpy()])
        > 0
    )
    counts = counts.fix(~filed(known, period) & due, "unknown")
    return counts if known.has("meetings", "organisations") else counts.absent()


def attendance(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S04: present / expected over meetings with both filled and someone expected."""
    rows = meetings_of(known, period)
    present, expected = numbers(rows["present_n"]), numbers(rows["expected_n"])
    usable = (expected > 0) & ~np.isnan(present)
    counts = tally(known, rows["town"].to_numpy(), present, unknown=~usable, weight=expected)
    return _silent(known, period, counts)


def first_topic_rows(known: Known, period: Period) -> pd.DataFrame:
    """Meetings of the period of the types that owe the required first topic."""
    rows = meetings_of(known, period)
    return rows[rows[[f"is_{kind}" for kind in _FIRST_TOPIC_TYPES]].to_numpy().any(axis=1)]


def first_topic(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S05: meetings with the required first topic / study and 三会一课 meetings where it is filled."""
    rows = first_topic_rows(known, period)
    counts = tally(
        known, rows["town"].to_numpy(), flags(rows["first_topic"]), unknown=rows["first_topic"].isna()
    )
    return _silent(known, period, counts)


def life_meetings(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S13: branches of the whole year with life meeting and appraisal in it / such branches."""
    branches, year = known.branches, (period.year_start, period.end)
    starts, ends = (np.array([np.datetime64(day)]) for day in year)
    both = _held(known, "life_meeting", starts, ends)[:, 0] & _held(known, "appraisal", starts, ends)[:, 0]
    whole = known.active(branches, np.datetime64(period.year_start), np.datetime64(period.year_end))
    town = branches["town"].to_numpy()[whole]
    counts = tally(
        known,
        town,
        both[whole],
        not_due=not known.year_ended(period),
        unknown=~filed(known, period)[town],
        rows=_records(known, *year, "life_meeting", "appraisal"),
    )
    return counts if known.has("meetings", "organisations") else counts.absent()


def _cells(rows: pd.DataFrame) -> Ints:
    """How many of the seven cells of each record are filled."""
    count: Ints = np.sum([filled(rows[column]) for column in _CELLS], axis=0, dtype=np.int64)
    return count


def complete_flags(rows: pd.DataFrame) -> Bools:
    """Records with all seven cells filled."""
    complete: Bools = _cells(rows) == len(_CELLS)
    return complete


def completeness(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S14: filled cells / cells; a 0 is filled, a blank is not."""
    rows = meetings_of(known, period)
    counts = tally(known, rows["town"].to_numpy(), _cells(rows), weight=np.full(len(rows), len(_CELLS)))
    return _silent(known, period, counts)


def complete_records(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M03-5: meetings with all seven cells filled / meetings."""
    rows = meetings_of(known, period)
    return _silent(known, period, tally(known, rows["town"].to_numpy(), complete_flags(rows)))


def screened(known: Known, period: Period) -> pd.DataFrame:
    """Meetings of the period with the four screens of S15 as flags.

    Returns
    -------
    ``overfull`` (present > expected), ``early`` (recorded before held), ``late`` (recorded more than the
    rule's days after), ``same_minutes`` (as a meeting of another organisation of the county), ``town``.
    """
    rows, rule = meetings_of(known, period), known.on(period)
    lag = (days(rows["recorded_on"]) - days(rows["held_on"])).astype("float64", copy=False)
    lag = np.where(rows["recorded_on"].isna(), np.nan, lag)
    bare = rows["minutes"].map(lambda text: "".join(text.split()), na_action="ignore").astype("str")
    long = (bare.str.len() >= rule["same_minutes.characters"]).to_numpy(dtype="bool", na_value=False)
    others = rows["org_id"][long].groupby(bare[long]).transform("nunique")
    same = pd.Series(False, index=rows.index)
    same[others.index[others > 1]] = True
    return pd.DataFrame(
        {
            "overfull": numbers(rows["present_n"]) > numbers(rows["expected_n"]),
            "early": lag < 0,
            "late": lag > rule["late_record.days"],
            "same_minutes": same.to_numpy(),
            "town": rows["town"].to_numpy(),
        },
        index=rows.index,
    )


def screens(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S15: meetings hit by at least one of four screens / meetings; a lead, never a verdict."""
    rows = screened(known, period)
    hit = rows[["overfull", "early", "late", "same_minutes"]].to_numpy().any(axis=1)
    return _silent(known, period, tally(known, rows["town"].to_numpy(), hit))


def lecturers(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M02-4: sessions taught by a leading post / lectures of the period and trainings starting in it."""
    lectures, trainings = meetings_of(known, period), known.rows("trainings")
    lectures = lectures[lectures["is_lecture"].to_numpy()]
    started = days(trainings["start_on"])
    year = between(started, period.year_start, period.end)
    mine = year & (started >= np.datetime64(period.start)) & (trainings["kind"] != "placement").to_numpy()
    columns = ["town", "lecturer"]
    rows = pd.concat([lectures[columns], trainings.loc[mine, columns]])
    counts = tally(
        known,
        rows["town"].to_numpy(dtype=np.int64),
        rows["lecturer"].isin(_LEADERS),
        unknown=rows["lecturer"].isna(),
    )
    any_training = by_town(known, trainings["town"].to_numpy()[year]) > 0
    counts = counts.fix(~filed(known, period) & ~any_training, "unknown")
    return counts if known.has("meetings", "trainings", "organisations") else counts.absent()
