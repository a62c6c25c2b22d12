"""The units behind an indicator, one row each: what it adds to the number, and what is worth seeing beside.

What a unit adds comes from the indicator's own counting function (``by_unit.py``); where the function counts
something else than a listed unit — obligations, half-years, terms — the rows are laid out here by its rules.
A test compares the sums of every township with its results. No builder returns a row about a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period, half_years
from pbanalysis.explore.by_unit import PARTS, counted_by, names_of
from pbanalysis.indicators.columns import between, days, equals, filled, flags
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.organisations import elections
from pbanalysis.indicators.rectification import issues
from pbanalysis.indicators.study import obligations, screened
from pbanalysis.indicators.tally import classes
from pbanalysis.plan.registry import Indicator
from pbanalysis.terms import label

__all__ = ["BUILDERS", "PERSONS", "Builder", "why_none"]

Builder: TypeAlias = Callable[[Known, Period, Indicator, int], pd.DataFrame]
_OWN_ROWS = "（乡镇本级或未注明支部）"


def _rows(units: Any, hit: Any, *, left_out: Mapping[str, Any] | None = None, **details: Any) -> pd.DataFrame:
    """One row per unit with the parts it adds; ``left_out`` as of ``tally``, ``details`` are printed columns."""
    kind = classes(len(units), **(left_out or {}))
    counted = kind == 0
    parts = {
        "numerator": np.where(counted, np.broadcast_to(np.asarray(hit, dtype=float), len(units)), 0.0),
        "denominator": counted.astype(float),
        **{
            name: (kind == code).astype(float)
            for code, name in ((2, "n_not_due"), (1, "n_na"), (3, "n_unknown"))
        },
    }
    return pd.DataFrame({"unit": np.asarray(units, dtype=object), **details, **parts})


def _of(frame: pd.DataFrame, town: int) -> pd.DataFrame:
    return frame[(frame["town"] == town).to_numpy()]


def _dates(column: Any) -> Any:
    """Dates as text, missing = empty."""
    return pd.Series(np.asarray(column, dtype="datetime64[D]")).astype("str").fillna("").to_numpy()


def _words(column: pd.Series[Any], term: str) -> list[str]:
    return ["" if pd.isna(value) else label(term, str(value)) for value in column]


# units of a table: the counting function's own sums


def _listed(known: Known, period: Period, indicator: Indicator, town: int, *, key: str) -> pd.DataFrame:
    """Branches or villages by name."""
    rows = counted_by(known, period, indicator, town, key)
    median = {"中位天数": rows["median"]} if "median" in rows else {}
    return pd.DataFrame({"unit": rows["name"].astype("str").fillna(_OWN_ROWS), **median, **rows[list(PARTS)]})


def _issues(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    parts = counted_by(known, period, indicator, town, "issue_id")[["issue_id", *PARTS]]
    rows = issues(known, period).merge(parts, on="issue_id")
    closed = rows["closed"] & ~rows["open_again"]
    state = np.select(
        [rows["overdue"], closed, rows["ended_otherwise"]], ["逾期", "已销号", "其他了结"], "未办结"
    )
    has = {
        "问题": filled(rows["problem"]),
        "措施": filled(rows["measure"]),
        "责任": flags(rows["owner_named"]),
        "时限": (rows["dated"] & rows["current_on"].notna())
        | rows["deadline_kind"].isin(["immediate", "standing"]),
    }
    missing = ["、".join(name for name in has if not has[name][k]) for k in range(len(rows))]
    return pd.DataFrame(
        {
            "unit": names_of(known, rows["org_id"]).to_numpy(),
            "问题类别": _words(rows["category"], "category"),
            "发现": _dates(rows["found_on"]),
            "时限": _dates(rows["current_on"]),
            "销号": _dates(rows["closed_on"]),
            "现状": state,
            **({"缺少的要素": missing} if indicator.counting == "rectification.elements" else {}),
            "行号": ["" if pd.isna(row) else str(int(row)) for row in rows["source_row"]],
            **rows[list(PARTS)],
        }
    )


def _supervisions(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = counted_by(known, period, indicator, town, "supervision_id").dropna(subset=["supervision_id"])
    return pd.DataFrame(
        {
            "unit": [
                f"{label('method', str(m))}（{d}）" for m, d in zip(rows["method"], _dates(rows["acted_on"]))
            ],
            "处理": _words(rows["action"], "action"),
            "回复期限": _dates(rows["reply_due_on"]),
            "回复": _dates(rows["replied_on"]),
            **rows[list(PARTS)],
        }
    )


def _enterprises(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    """By kind: an enterprise has no name in the store."""
    rows = counted_by(known, period, indicator, town, "enterprise_id").dropna(subset=["enterprise_id"])
    kinds = pd.Series(_words(rows["kind"], "enterprises.kind"), name="unit", dtype="str")
    return rows[list(PARTS)].groupby(kinds, sort=False).sum().reset_index()


# units that stand in no table


def _obligations(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(obligations(known, period), town)
    if indicator.counting == "study.theme_days":
        rows = rows[(rows["kind"] == "theme_day").to_numpy()]
    kind = rows["class"].astype("str")
    units = known.branches["name"].to_numpy()[rows["branch"].to_numpy()]
    left_out = {name: kind == name for name in ("na", "not_due", "unknown")}
    summed = _rows(units, kind == "held", left_out=left_out).groupby("unit", sort=False).sum().reset_index()
    missed = (kind == "missed").to_numpy()
    when = [
        f"{'第' + '一二三四'[(m - 1) // 3] + '季度' if k == 'assembly' else f'{m}月'}{label('types', k)}"
        for m, k in zip(rows["start"][missed].dt.month, rows["kind"][missed].astype("str"))
    ]
    said = pd.Series(when, dtype="str").groupby(units[missed], sort=False).agg("、".join).to_dict()
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
    left_out = {"not_due": ~judged & (unknown == 0), "unknown": ~judged}
    return _rows(names, missed == 0, left_out=left_out, 已开=held, 未开=missed)


_SCREENS = {
    "overfull": "实到多于应到",
    "early": "录入早于活动",
    "late": "录入过迟",
    "same_minutes": "与其他组织记录雷同",
}


def _screens(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(screened(known, period), town)
    hits = rows[list(_SCREENS)]
    units = names_of(known, known.rows("meetings").loc[rows.index, "org_id"]).to_numpy()
    each = hits.astype(int).rename(columns=_SCREENS)
    parts = _rows(units, hits.to_numpy().any(axis=1), **{name: each[name].to_numpy() for name in each})
    return parts.groupby("unit", sort=False).sum().reset_index()


def _trainings(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(known.rows("trainings"), town)
    mine = between(days(rows["start_on"]), period.year_start, period.end)
    for column, value in indicator.options.items():
        mine &= equals(rows[column], value)
    rows = rows[mine]
    kinds = _words(rows["kind"], "trainings.kind")
    return _rows([f"{k}（{d}）" for k, d in zip(kinds, _dates(rows["start_on"]))], 1)


def _halves(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(known.rows("trainings"), town)
    started = days(rows["start_on"])
    none = not between(started, period.year_start, period.end).any()
    started = started[equals(rows["level"], "township") & equals(rows["kind"], "business")]
    starts, ends = half_years(period)
    held = np.array([between(started, *half).sum() for half in zip(starts, ends, strict=True)])
    names = ["上半年" if str(start)[5:7] == "01" else "下半年" for start in starts]
    left_out = {"not_due": ends > known.day, "unknown": none}
    return _rows(names, held > 0, left_out=left_out, 业务培训次数=held)


def _terms(known: Known, period: Period, indicator: Indicator, town: int) -> pd.DataFrame:
    rows = _of(elections(known), town)
    expires = days(rows["expires_on"])
    mine = between(expires, period.start, period.end)
    last, done = "due_on", "held_on"
    if indicator.counting == "organisations.reminded":
        from pbanalysis.calendar import add_months

        ahead = add_months(known.day, known.rules.on(known.as_of).months("reminder.months"))
        mine |= (expires > known.day) & (expires <= ahead)
        last, done = "reminder_due_on", "reminded_on"
    rows = rows[mine]
    due = days(rows[last])
    return _rows(
        names_of(known, rows["org_id"]),
        days(rows[done]) <= due,
        left_out={"na": rows["dissolved"], "not_due": due > known.day, "unknown": np.isnat(due)},
        届满=_dates(rows["expires_on"]),
        应完成=_dates(rows[last]),
        实际=_dates(rows[done]),
    )


_branch_rows, _village_rows = partial(_listed, key="org_id"), partial(_listed, key="village_id")
_BY: tuple[tuple[Builder, str, tuple[str, ...]], ...] = (
    (_obligations, "study", ("meetings_held", "theme_days")),
    (_branches, "study", ("branches_compliant",)),
    (_screens, "study", ("screens",)),
    (
        _branch_rows,
        "study",
        ("first_topic", "completeness", "complete_records", "life_meetings", "lecturers"),
    ),
    (_trainings, "learning", ("events",)),
    (_halves, "learning", ("half_years_trained",)),
    (_branch_rows, "learning", ("lag",)),
    (_issues, "rectification", ("elements", "closed_due", "closed_on_time", "overdue", "days_to_close")),
    (_issues, "rectification", ("accepted", "extended", "reopened", "rules_left")),
    (_supervisions, "rectification", ("replies", "actions")),
    (_terms, "organisations", ("elections_on_time", "reminded")),
    (_branch_rows, "organisations", ("weak", "large", "graded", "grade_moves", "terms_recorded")),
    (_village_rows, "villages", ("flag", "model", "at_least", "below", "total", "mean")),
    (_village_rows, "villages", ("growth", "dated", "standard")),
    (_enterprises, "enterprises", ("share",)),
)
BUILDERS: Mapping[str, Builder] = {
    f"{module}.{name}": builder for builder, module, names in _BY for name in names
}
# shares of persons that may be told by branch where they are large enough: only through the disclosure control
PERSONS: Mapping[str, Builder] = dict.fromkeys(
    ("study.attendance", "learning.hours", "scores.spot_tests", "development.cases_kept"), _branch_rows
)
_FILES = "人员档案：一个支部一年只发展几名党员，列到支部就能认出人，只公布到乡镇一级"
_NO_ROWS = {
    "records.": "本数由乡镇汇总报送，报的就是这个数，没有到支部或村的明细",
    "development.plan": "计划下达到乡镇，支部没有计划数",
    "development.": _FILES,
    "scores.gain": "前后两次测试按人配对，提升幅度只计算到乡镇一级",
    "villages.": "这里数的是村（社区）干部和居民，一村只有几人，只公布到乡镇一级",
}
_ONE_ROW = "本指标以乡镇为单位，一个乡镇就是一行，见“各乡镇”表"


def why_none(indicator: Indicator) -> str:
    """Why an indicator has no rows behind it; empty when it has.

    Examples
    --------
    >>> from pbanalysis.plan.registry import registry
    >>> why_none(registry()["S01"]), why_none(registry()["D01"])
    ('', '计划下达到乡镇，支部没有计划数')
    """
    counted = indicator.counting
    if counted in PERSONS or (counted in BUILDERS and indicator.counted != "persons"):
        return ""
    return next((why for start, why in _NO_ROWS.items() if counted.startswith(start)), _ONE_ROW)
