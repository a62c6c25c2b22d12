"""Integrity screens of meeting records by township: leads to check, with how many of them chance would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.exhibits.blocks import Cell, CellLike, Column, Row, Table
from pbanalysis.exhibits.numbers import NONE, count, plain
from pbanalysis.explore.kept import known_of
from pbanalysis.indicators.columns import days, numbers
from pbanalysis.indicators.study import meetings_of, screened
from pbanalysis.stats.duplicates import copied_texts
from pbanalysis.stats.funnel import compare
from pbanalysis.stats.integrity import digit_heaping, entry_burst, entry_lag, leads
from pbanalysis.store.county import County

__all__ = ["screens"]

_TESTS = ("末位数字", "集中录入", "待核查率")


def screens(county: County, period: str | Period = "") -> Table:
    """Screens of the meeting records of each township; a lead is a reason to look, never a verdict.

    Three independent tests — last digits of attendance, entries on one day beside the county's calendar,
    records hit by the screens of S15 beside the county — go through Benjamini–Hochberg together; a
    township is named only with two signals. How many would be named by chance is printed.

    Examples
    --------
    >>> pb.screens(county)  # doctest: +SKIP
    """
    period = Period.parse(period or str(county.as_of.year))
    at = known_of(county)
    if not at.has("meetings", "organisations"):
        raise PbError(
            Code.UNKNOWN_NAME, "没有三会一课台账，无法筛查", where="meetings", fix="请先导入三会一课台账"
        )
    rows = meetings_of(at, period)
    town = rows["town"].to_numpy()
    hit = screened(at, period)[["overfull", "early", "late", "same_minutes"]].to_numpy().any(axis=1)
    lag = _lag(rows)
    calendar = _entries(rows)
    copied = _copied(rows, len(at.towns))
    tested = _p_values(rows, town, hit, calendar, len(at.towns))
    found = leads(tested)
    table = []
    for k, name in enumerate(county.townships["name"]):
        mine = town == k
        late = entry_lag(lag[mine & np.isfinite(lag)], late_after=int(at.on(period)["late_record.days"]))
        cells: list[CellLike] = [
            count(f"{at.towns[k]}.{part}", n)
            for part, n in (
                ("meetings_n", int(mine.sum())),
                ("early_n", late.before_n),
                ("late_n", late.late_n),
                ("copied_n", int(copied[k])),
            )
        ]
        marks: list[CellLike] = [_mark(p, q) for p, q in zip(tested[k], found.q_value[k])]
        said = "建议核实" if found.flagged[k] else NONE
        table.append(Row((str(name), *cells, *marks, Cell(said))))
    titles = ("会议", "录入早于活动", "录入过迟", "与其他组织文字相近", *_TESTS, "线索")
    return Table(
        id="screens",
        role="finding",
        title=f"会议记录筛查线索（{period.title}）",
        columns=(
            Column(key="name", title="乡镇（街道）", width=1.3),
            *(
                Column(key=str(k), title=title, align="right" if k < 4 else "center")
                for k, title in enumerate(titles)
            ),
        ),
        rows=tuple(table),
        unit="次",
        source="三会一课",
        notes=(
            "线索只说明值得核实，不说明弄虚作假；正常原因很多：统一模板、集中补录、整数人数的支部。",
            f"同时有两项信号才列为线索；即使没有任何异常，凭偶然也会有约 {plain(found.expected_false, 2)} 个乡镇被列入。",
            "机器代写、逐篇改写的记录筛查不出来，没有线索不等于记录属实。",
        ),
    )


def _mark(p_value: float, q_value: float) -> str:
    if not np.isfinite(p_value):
        return "记录太少"
    return "▲ 有信号" if q_value < 0.05 else "○ 无信号"


def _lag(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    gap = (days(rows["recorded_on"]) - days(rows["held_on"])).astype("timedelta64[D]").astype(float)
    return np.where(rows["recorded_on"].isna().to_numpy(), np.nan, gap)


def _entries(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Day of entry of each meeting as a position in the county's calendar; −1 = not known."""
    entered = days(rows["recorded_on"])
    known = ~np.isnat(entered)
    position = np.full(len(rows), -1, dtype=np.int64)
    if known.any():
        first: Any = entered[known].min()
        position[known] = (entered[known] - first).astype(np.int64)
    return position


def _copied(rows: pd.DataFrame, towns: int) -> npt.NDArray[np.int64]:
    """Meetings of each township whose minutes are nearly those of another organisation of the county."""
    texts = rows["minutes"].fillna("").astype("str").tolist()
    sets = copied_texts(texts, rows["org_id"].tolist())
    members = np.array([k for each in sets for k in each.members], dtype=np.int64)
    return (
        np.bincount(rows["town"].to_numpy()[members], minlength=towns)
        if len(members)
        else np.zeros(towns, dtype=np.int64)
    )


def _p_values(
    rows: pd.DataFrame,
    town: npt.NDArray[np.int64],
    hit: npt.NDArray[np.bool_],
    calendar: npt.NDArray[np.int64],
    towns: int,
) -> npt.NDArray[np.float64]:
    """One row a township, one column a test; NaN where there is too little to test."""
    present = numbers(rows["present_n"])
    last = int(calendar.max(initial=-1)) + 1
    everyone = np.bincount(calendar[calendar >= 0], minlength=last)
    n = np.bincount(town, minlength=towns).astype(float)
    beside = compare(np.bincount(town[hit], minlength=towns).astype(float), n)
    high = np.where(beside.rate > beside.baseline, beside.p_value / 2, 1 - beside.p_value / 2)
    out = np.full((towns, len(_TESTS)), np.nan)
    out[:, 2] = np.where(beside.compared, high, np.nan)
    for k in range(towns):
        mine = town == k
        out[k, 0] = digit_heaping(present[mine & np.isfinite(present)]).p_value
        out[k, 1] = (
            entry_burst(np.bincount(calendar[mine & (calendar >= 0)], minlength=last), everyone).p_value
            if last
            else np.nan
        )
    return out
