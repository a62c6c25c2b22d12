"""The units an indicator counts, one row each: what it adds to the number, and why it may be left out.

The masks are those of the counting functions (contract/results.md); a test compares the sums of every
township with its results, so that the two cannot drift apart. No builder returns a row about a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period, half_years
from pbanalysis.indicators.columns import days, filled, flags, looked_up, numbers
from pbanalysis.indicators.development import limits
from pbanalysis.indicators.due import due_reached
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.organisations import elections, members
from pbanalysis.indicators.rectification import issues
from pbanalysis.indicators.study import meetings_of, obligations, screened
from pbanalysis.indicators.tally import classes
from pbanalysis.plan.registry import Indicator
from pbanalysis.terms import label

__all__ = ["BUILDERS", "PARTS", "PERSONS", "Builder"]

# column of a builder's frame -> what it is called in the table
PARTS = {
    "numerator": "分子",
    "denominator": "分母",
    "n_not_due": "未到期",
    "n_na": "不适用",
    "n_unknown": "数据缺失",
}
Builder: TypeAlias = Callable[[Known, Period, Indicator, int], pd.DataFrame]


def _rows(
    units: Any,
    hit: Any,
    *,
    na: Any = False,
    not_due: Any = False,
    unknown: Any = False,
    weight: Any = None,
    **details: Any,
) -> pd.DataFrame:
    """One row per unit with the parts it adds; ``details`` are further printed columns."""
    kind = classes(len(units), na=na, not_due=not_due, unknown=unknown)
    counted = kind == 0
    amount = np.broadcast_to(np.asarray(hit, dtype=float), len(units))
    base = np.ones(len(units)) if weight is None else np.asarray(weight, dtype=float)
    parts = {
        "numerator": np.where(counted, amount, 0.0),
        "denominator": np.where(counted, base, 0.0),
        **{
            name: (kind == code).astype(float)
            for code, name in ((2, "n_not_due"), (1, "n_na"), (3, "n_unknown"))
        },
    }
    return pd.DataFrame({"unit": np.asarray(units, dtype=object), **details, **parts})


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the same unit as one."""
    return rows.groupby("unit", sort=False)[list(PARTS)].sum().reset_index()


def _of(frame: pd.DataFrame, town: int) -> pd.DataFrame:
    return frame[(frame["town"] == town).to_numpy()]


def _names(known: Known, org_ids: pd.Series[Any]) -> Any:
    orgs = known.rows("organisations").drop_duplicates("org_id").set_index("org_id")["name"]
    return org_ids.astype("str").map(orgs).fillna("（未注明支部）").to_numpy()


def _dates(column: Any) -> Any:
    """Dates as text, missing = empty."""
    return pd.Series(np.asarray(column, dtype="datetime64[D]")).astype("str").replace("NaT", "").to_numpy()


# 三会一课


def _obligations(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(obligations(known, period), town)
    if indicator.counting == "study.theme_days":
        rows = rows[(rows["kind"] == "theme_day").to_numpy()]
    kind = rows["class"].astype("str")
    units = known.branches["name"].to_numpy()[rows["branch"].to_numpy()]
    parts = _rows(
        units, kind == "held", na=kind == "na", not_due=kind == "not_due", unknown=kind == "unknown"
    )
    missed = rows[(kind == "missed").to_numpy()]
    when = [
        f"{'第' + '一二三四'[(m - 1) // 3] + '季度' if k == 'assembly' else f'{m}月'}{label('types', k)}"
        for m, k in zip(missed["start"].dt.month, missed["kind"].astype("str"))
    ]
    names = known.branches["name"].to_numpy()[missed["branch"].to_numpy()]
    said = pd.Series(when, dtype="str").groupby(names, sort=False).agg("、".join).to_dict()
    summed = _summed(parts)
    return summed.assign(未开的=[said.get(name, "") for name in summed["unit"]])


def _branches(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(obligations(known, period), town)
    counts = pd.crosstab(rows["branch"], rows["class"].astype("str")).reindex(
        columns=["held", "missed", "not_due", "unknown"], fill_value=0
    )
    counts = counts[counts.sum(axis=1) > 0]
    held, missed, _, unknown = (counts[name].to_numpy() for name in counts)
    judged = (held > 0) | (missed > 0)
    names = known.branches["name"].to_numpy()[counts.index.to_numpy(dtype=int)]
    return _rows(
        names, missed == 0, not_due=~judged & (unknown == 0), unknown=~judged, 已开=held, 未开=missed
    )


_FIRST_TOPIC = [f"is_{kind}" for kind in ("assembly", "committee", "group", "lecture", "theme_day", "study")]
_CELLS = ("held_on", "types", "topic", "expected_n", "present_n", "minutes", "evidence_n")


def _meetings(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(meetings_of(known, period), town)
    full = np.sum([filled(rows[name]) for name in _CELLS], axis=0, dtype=np.int64)
    match indicator.counting:
        case "study.first_topic":
            rows = rows[rows[_FIRST_TOPIC].to_numpy().any(axis=1)]
            parts = _rows(
                _names(known, rows["org_id"]), flags(rows["first_topic"]), unknown=rows["first_topic"].isna()
            )
        case "study.completeness":
            parts = _rows(_names(known, rows["org_id"]), full, weight=np.full(len(rows), len(_CELLS)))
        case _:
            parts = _rows(_names(known, rows["org_id"]), full == len(_CELLS))
    return _summed(parts)


_SCREENS = {
    "overfull": "实到多于应到",
    "early": "录入早于活动",
    "late": "录入过迟",
    "same_minutes": "与其他组织记录雷同",
}


def _screens(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(screened(known, period), town)
    hits = rows[list(_SCREENS)].to_numpy()
    units = _names(known, known.rows("meetings").loc[rows.index, "org_id"])
    summed = _summed(_rows(units, hits.any(axis=1)))
    each = pd.DataFrame(hits.astype(int), columns=list(_SCREENS.values())).groupby(units, sort=False).sum()
    return summed.join(each, on="unit")


def _life(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    branches = known.branches
    mine = known.active(branches, np.datetime64(period.year_start), np.datetime64(period.year_end))
    branches = branches[mine & (branches["town"] == town).to_numpy()]
    rows = known.rows("meetings")
    held = days(rows["held_on"])
    year = (held >= np.datetime64(period.year_start)) & (held <= np.datetime64(period.end))
    rows = _of(rows[year], town)
    types = rows["types"].explode()
    has = [
        branches["org_id"].isin(rows.loc[types.index[(types == kind).to_numpy()], "org_id"])
        for kind in ("life_meeting", "appraisal")
    ]
    return _rows(
        branches["name"],
        has[0] & has[1],
        not_due=not known.year_ended(period),
        unknown=rows.empty,
        组织生活会=np.where(has[0], "有", "无"),
        民主评议=np.where(has[1], "有", "无"),
    )


def _trainings(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(known.rows("trainings"), town)
    started = days(rows["start_on"])
    year = (started >= np.datetime64(period.year_start)) & (started <= np.datetime64(period.end))
    for column, value in indicator.options.items():
        year &= (rows[column] == value).to_numpy(dtype="bool", na_value=False)
    rows = rows[year]
    kinds = [label("trainings.kind", str(kind)) for kind in rows["kind"]]
    return _rows([f"{k}（{d}）" for k, d in zip(kinds, _dates(rows["start_on"]))], 1)


def _halves(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(known.rows("trainings"), town)
    started = days(rows["start_on"])
    year = (started >= np.datetime64(period.year_start)) & (started <= np.datetime64(period.end))
    mine = ((rows["level"] == "township") & (rows["kind"] == "business")).to_numpy(
        dtype="bool", na_value=False
    )
    parts = []
    for start, end in zip(*half_years(period), strict=True):
        n = int((mine & (started >= start) & (started <= end)).sum())
        half = "上半年" if str(start)[5:7] == "01" else "下半年"
        parts.append(
            _rows([half], n > 0, not_due=bool(end > known.day), unknown=not year.any(), 业务培训次数=[n])
        )
    return pd.concat(parts, ignore_index=True)


# 问题整改


def _issues(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(issues(known, period), town)
    original, current, closed_on = (
        days(rows[name]) for name in ("deadline_original_on", "current_on", "closed_on")
    )
    left = ~rows["dated"].to_numpy() | rows["ended_otherwise"].to_numpy()
    closed, day = rows["closed"].to_numpy(), known.day
    after = (days(rows["reopened_on"]) - closed_on).astype("timedelta64[D]").astype(float)
    after = np.where(np.isnat(days(rows["reopened_on"])) | np.isnat(closed_on), np.nan, after)
    keep, marks = np.ones(len(rows), dtype=bool), {}
    match indicator.counting.removeprefix("rectification."):
        case "closed_due":
            hit = ~rows["overdue"].to_numpy()
            marks = {"na": left, "not_due": current > day, "unknown": np.isnat(current)}
        case "overdue":
            hit = rows["overdue"].to_numpy()
            marks = {"na": left, "not_due": current > day, "unknown": np.isnat(current)}
        case "closed_on_time":
            hit = closed & (closed_on <= original)
            marks = {"na": left, "not_due": original > day, "unknown": np.isnat(original)}
        case "days_to_close":
            hit, marks = closed, {"unknown": ~np.isfinite(rows["days"].to_numpy(dtype=float))}
        case "accepted":
            hit, keep = rows["accepted_by"].notna().to_numpy(), closed
        case "extended":
            hit, keep = current > original, rows["dated"].to_numpy()
            marks = {"unknown": np.isnat(original)}
        case "reopened":
            hit, keep = (after >= 0) & (after <= known.on(period)["reopening.days"]), closed
        case _:  # rules_left
            hit, keep = flags(rows["rule_document"]), closed
    state = np.select(
        [rows["overdue"], closed & ~rows["open_again"], rows["ended_otherwise"]],
        ["逾期", "已销号", "其他了结"],
        "未办结",
    )
    built = _rows(
        _names(known, rows["org_id"]),
        hit,
        **marks,
        问题类别=[label("category", str(code)) for code in rows["category"]],
        发现=_dates(rows["found_on"]),
        时限=_dates(rows["current_on"]),
        销号=_dates(rows["closed_on"]),
        现状=state,
        行号=["" if pd.isna(row) else str(int(row)) for row in rows["source_row"]],
    )
    return built[keep]


# 党组织


def _weak(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(known.rows("weak_orgs"), town)
    rows = rows[(rows["cycle_year"] == period.year).fillna(False).to_numpy(dtype=bool)]
    column = rows[indicator.options["column"]]
    hit = (
        column.notna() & (rows["result"] != "continuing").fillna(True)
        if column.name == "accepted_on"
        else column.fillna(False)
    )
    return _rows(_names(known, rows["org_id"]), hit.to_numpy(dtype=bool), 列入=_dates(rows["listed_on"]))


def _terms(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(elections(known), town)
    expires = days(rows["expires_on"])
    mine = (expires >= np.datetime64(period.start)) & (expires <= np.datetime64(period.end))
    last, done = "due_on", "held_on"
    if indicator.counting == "organisations.reminded":
        from pbanalysis.calendar import add_months

        ahead = add_months(known.day, known.rules.on(known.as_of).months("reminder.months"))
        mine |= (expires > known.day) & (expires <= ahead)
        last, done = "reminder_due_on", "reminded_on"
    rows = rows[mine]
    due = days(rows[last])
    return _rows(
        _names(known, rows["org_id"]),
        days(rows[done]) <= due,
        na=rows["dissolved"],
        not_due=due > known.day,
        unknown=np.isnat(due),
        届满=_dates(rows["expires_on"]),
        应完成=_dates(rows[last]),
        实际=_dates(rows[done]),
    )


def _large(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(members(known), town)
    size = rows["members_n"].to_numpy(dtype=float)
    beyond = size > known.on(period)["branch.most_members"]
    return _rows(
        rows["name"],
        beyond,
        unknown=np.isnan(size),
        人数=np.where(np.isnan(size), "没有人数", np.where(beyond, "超过上限", "未超过")),
    )


# 村（社区）


def _villages(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    """Villages or communities with a flag of the year."""
    kind = "community" if "community_years" in indicator.source_tables else "village"
    places = _of(known.rows("villages"), town)
    places = places[(places["kind"] == kind).to_numpy()]
    rows = known.rows(f"{kind}_years")
    rows = rows[(rows["year"] == period.year).fillna(False).to_numpy(dtype=bool)].drop_duplicates(
        "village_id"
    )
    flag = looked_up(rows.set_index("village_id")[indicator.options["column"]], places["village_id"])
    later = not due_reached(known, period, indicator)
    return _rows(places["name"], flags(flag), not_due=later & flag.isna().to_numpy(), unknown=flag.isna())


# persons, by branch: only through the disclosure control


def _cases(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(limits(known, period), town)
    cases = known.rows("admissions").drop_duplicates("case_id").set_index("case_id")["org_id"]
    has = pd.crosstab(rows["case_id"], rows["class"].astype("str")).reindex(
        columns=["kept", "breach", "not_due", "unknown"], fill_value=0
    )
    kept, breach, later, unknown = (has[name].to_numpy() > 0 for name in has)
    due = kept | breach
    units = _names(known, looked_up(cases, has.index.to_series()))
    return _summed(
        _rows(units, ~breach, na=~due & ~later & ~unknown, not_due=~due & later, unknown=~due & ~later)
    )


def _hours(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(known.rows("study_hours"), town)
    mine = (rows["year"] == period.year).fillna(False) & rows["role"].isin(indicator.options["roles"])
    rows = rows[mine.to_numpy(dtype=bool)] if known.year_ended(period) else rows[:0]
    return _summed(
        _rows(_names(known, rows["org_id"]), numbers(rows["met_n"]), weight=numbers(rows["due_n"]))
    )


def _attendance(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(meetings_of(known, period), town)
    present, expected = numbers(rows["present_n"]), numbers(rows["expected_n"])
    usable = (expected > 0) & ~np.isnan(present)
    return _summed(
        _rows(
            _names(known, rows["org_id"]),
            np.nan_to_num(present),
            unknown=~usable,
            weight=np.nan_to_num(expected),
        )
    )


BUILDERS: Mapping[str, Builder] = {
    "study.meetings_held": _obligations,
    "study.theme_days": _obligations,
    "study.branches_compliant": _branches,
    "study.first_topic": _meetings,
    "study.completeness": _meetings,
    "study.complete_records": _meetings,
    "study.screens": _screens,
    "study.life_meetings": _life,
    "learning.events": _trainings,
    "learning.half_years_trained": _halves,
    **{
        f"rectification.{name}": _issues
        for name in (
            "closed_due",
            "closed_on_time",
            "overdue",
            "days_to_close",
            "accepted",
            "extended",
            "reopened",
            "rules_left",
        )
    },
    "organisations.weak": _weak,
    "organisations.elections_on_time": _terms,
    "organisations.reminded": _terms,
    "organisations.large": _large,
    "villages.flag": _villages,
}
# counts of persons that may be told by branch, where they are large enough
PERSONS: Mapping[str, Builder] = {
    "development.cases_kept": _cases,
    "learning.hours": _hours,
    "study.attendance": _attendance,
}
