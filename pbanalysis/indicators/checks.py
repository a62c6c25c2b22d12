"""Findings of the evaluation: rows that contradict each other, each reported with where it stands.

The importer looks at cells; here rows meet: a meeting of a branch that is not on file, a date before
the branch existed, a closed issue without a date. Nothing is dropped or put right in silence: a row
that leads to no township is in no number, every other row counts as the definitions say, and both are
listed here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from pbanalysis.indicators.columns import Bools, days, equals, filled, looked_up, numbers
from pbanalysis.indicators.known import Known, known
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES

__all__ = ["COLUMNS", "findings"]

COLUMNS = ("table", "row", "source_file", "source_sheet", "source_row", "township_id", "code", "message")

Test: TypeAlias = Callable[[Known, pd.DataFrame], Bools]


@dataclass(frozen=True)
class _Check:
    """Rows of ``table`` for which ``test`` is true are a finding."""

    table: str
    code: str
    message: str
    test: Test


def _over(part: str, whole: str) -> Test:
    return lambda known, rows: numbers(rows[part]) > numbers(rows[whole])


def _before(earlier: str, later: str) -> Test:
    return lambda known, rows: days(rows[later]) < days(rows[earlier])


def _outside_life(column: str, *, founded: bool) -> Test:
    """A date before the organisation was founded, or after it was dissolved."""

    def test(known: Known, rows: pd.DataFrame) -> Bools:
        orgs = known.table("organisations")
        if orgs is None:
            return np.zeros(len(rows), dtype=bool)
        orgs, date = orgs.drop_duplicates("org_id").set_index("org_id"), days(rows[column])
        bound = days(looked_up(orgs["founded_on" if founded else "dissolved_on"], rows["org_id"]))
        outside: Bools = date < bound if founded else date > bound
        return outside

    return test


def _mostly_one_off(known: Known, rows: pd.DataFrame) -> Bools:
    """Less than half of a village's income is from operating: it may not last (domain, pitfall 13)."""
    part: Bools = numbers(rows["income_operating_yuan"]) < numbers(rows["income_total_yuan"]) / 2
    return part


def _jumped(known: Known, rows: pd.DataFrame) -> Bools:
    """More than three times the income of the year before."""
    income = rows.drop_duplicates(["village_id", "year"]).set_index(["village_id", "year"])[
        "income_total_yuan"
    ]
    last = income.reindex(pd.MultiIndex.from_arrays([rows["village_id"], rows["year"] - 1]))
    jumped: Bools = numbers(rows["income_total_yuan"]) > 3 * numbers(last)
    return jumped


def _no_such(column: str, table: str) -> Test:
    """A filled reference that the other table does not have; nothing can be said where it is absent."""

    def test(known: Known, rows: pd.DataFrame) -> Bools:
        other = known.table(table)
        if other is None:
            return np.zeros(len(rows), dtype=bool)
        return np.asarray(filled(rows[column]) & ~rows[column].isin(other[column]).to_numpy())

    return test


def _no_township(known: Known, rows: pd.DataFrame) -> Bools:
    return np.asarray(
        ~rows["township_id"].isin(known.towns).to_numpy() & ~equals(rows["township_id"], known.county.code)
    )


_LED_BY = {
    "org_id": ("organisations", "unknown_organisation", "名册中没有这个党组织，该行没有计入任何指标"),
    "village_id": ("villages", "unknown_village", "名册中没有这个村（社区），该行没有计入任何指标"),
    "case_id": ("admissions", "unknown_case", "发展党员台账中没有这个档案编号，该行没有计入任何指标"),
}


def _references() -> list[_Check]:
    """Every table's way to its township."""
    checks = []
    for table in TABLES.values():
        if table.route in _LED_BY and table.name not in ("organisations", "villages"):
            other, code, message = _LED_BY[table.route]
            checks.append(_Check(table.name, code, message, _no_such(table.route, other)))
        elif table.route == "township_id" and table.name != "townships":
            message = "名册中没有这个乡镇代码，该行没有计入任何指标"
            checks.append(_Check(table.name, "unknown_township", message, _no_township))
    return checks


_CHECKS = (
    *_references(),
    _Check("issues", "unknown_organisation", "名册中没有问题所属的党组织，问题仍计入本乡镇", _no_such("org_id", "organisations")),
    _Check("topic_studies", "unknown_topic", "文件目录中没有这份文件，该行没有计入传达学习", _no_such("topic_id", "topics")),
    _Check("meetings", "before_founding", "活动日期早于党组织成立日期", _outside_life("held_on", founded=True)),
    _Check("meetings", "after_dissolution", "活动日期晚于党组织撤销日期", _outside_life("held_on", founded=False)),
    _Check("topic_studies", "before_founding", "学习日期早于党组织成立日期", _outside_life("studied_on", founded=True)),
    _Check("meetings", "present_over_expected", "实到人数多于应到人数", _over("present_n", "expected_n")),
    _Check("study_hours", "share_over_one", "完成人数多于应完成人数，比例超过100%", _over("met_n", "due_n")),
    _Check("measure_records", "share_over_one", "分子大于分母，比例超过100%，不作达标判断", _over("numerator", "denominator")),
    _Check("test_scores", "share_over_one", "得分高于满分", _over("score", "max_score")),
    _Check("org_counts", "part_over_whole", "正式党员多于党员总数", _over("full_members_n", "members_n")),
    _Check("village_years", "part_over_whole", "经营性收入大于总收入", _over("income_operating_yuan", "income_total_yuan")),
    _Check("village_years", "income_mostly_one_off", "经营性收入不到总收入的一半，可能含一次性补助或征地款，请核实", _mostly_one_off),
    _Check("village_years", "income_jump", "总收入超过上年的3倍，请核实来源", _jumped),
    _Check("issues", "closed_undated", "状态为已销号但没有销号日期，按未销号计", lambda known, rows: equals(rows["status"], "closed") & ~filled(rows["closed_on"])),
    _Check("issues", "ended_undated", "已合并、转办或撤销但没有日期，不计入整改时长", lambda known, rows: filled(rows["end_reason"]) & ~equals(rows["end_reason"], "done") & ~filled(rows["closed_on"])),
    _Check("issues", "deadline_missing", "写明有时限但没有日期，到期与否无法判断", lambda known, rows: equals(rows["deadline_kind"], "dated") & ~filled(rows["deadline_on"]) & ~filled(rows["deadline_original_on"])),
    _Check("issues", "closed_before_found", "销号日期早于发现日期，不计入整改时长", _before("found_on", "closed_on")),
    _Check("issues", "reopened_before_closed", "重新打开日期早于销号日期", _before("closed_on", "reopened_on")),
    _Check("admissions", "steps_reversed", "支部大会早于政审联审，程序倒置", _before("review_on", "assembly_on")),
    _Check("admissions", "steps_reversed", "审批早于支部大会，程序倒置", _before("assembly_on", "approved_on")),
    _Check("admissions", "steps_reversed", "转正审批早于转正大会，程序倒置", _before("conversion_assembly_on", "conversion_approved_on")),
    _Check("elections", "held_before_elected", "换届日期早于本届选举日期", _before("elected_on", "held_on")),
)  # fmt: skip


def findings(county: County, as_of: str | dt.date | None = None) -> pd.DataFrame:
    """Rows that contradict each other, as known at the cut-off.

    Returns
    -------
    Columns :data:`COLUMNS`, one row per finding: table and position of the row in it (1 = first),
    where the sender finds it, its township (empty where it leads to none), code, and Chinese message.

    Examples
    --------
    >>> findings(county, "2023-12-31").groupby("code").size()  # doctest: +SKIP
    """
    at = known(county, as_of)
    parts = [part for check in _CHECKS if (part := _found(at, check)) is not None]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _found(at: Known, check: _Check) -> pd.DataFrame | None:
    rows, everything = at.table(check.table), at.county.frame(check.table)
    if rows is None or everything is None:
        return None
    hit = check.test(at, rows)
    if not hit.any():
        return None
    rows = rows[hit]
    town: Any = rows["town"].to_numpy()
    return pd.DataFrame(
        {
            "table": check.table,
            "row": everything.index.get_indexer(rows.index) + 1,
            "source_file": rows["source_file"].to_numpy(),
            "source_sheet": rows["source_sheet"].to_numpy(),
            "source_row": rows["source_row"].to_numpy(),
            "township_id": np.where(town >= 0, at.towns.to_numpy(dtype=object)[town], ""),
            "code": check.code,
            "message": check.message,
        }
    )
