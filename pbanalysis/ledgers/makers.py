"""One maker a layout: accepted rows of a ledger, as records of its canonical table.

What a ledger leaves out and its table requires is taken from the nearest thing that says it (a date, the
register); the findings of the file say so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pbanalysis.ledgers.dates import months_after
from pbanalysis.ledgers.result import DataRow, SheetResult
from pbanalysis.store.schema import TABLES

__all__ = ["MAKERS", "Record", "content_hash", "number_terms", "rows_by_issue"]

Record = dict[str, Any]
_UNITS = ("township_id", "org_id", "village_id")


def content_hash(*parts: object) -> str:
    """Short hash of what a row is about."""
    text = "\x1f".join("" if p is None else str(p) for p in parts)
    return hashlib.blake2b(text.encode(), digest_size=7).hexdigest()


def _record(table: str, row: DataRow, **given: object) -> Record:
    """Record of a table: what is given, else the row's unit, else the value of the field of that name.

    A date column takes days only (a month without a day stays in the record of the import), a flag that may
    not be missing is yes or no.
    """
    record: Record = {}
    for column in TABLES[table].columns:
        name = column.name
        if name in given:
            record[name] = given[name]
        elif name in _UNITS:
            record[name] = getattr(row, name)
        elif not name.endswith("_id"):
            value = row.value(name)
            if column.kind == "date":
                value = value if isinstance(value, dt.date) else None
            elif column.kind == "bool" and not column.optional:
                value = value is True
            record[name] = value
    return record


def _day(row: DataRow, name: str) -> dt.date | None:
    value = row.value(name)
    return value if isinstance(value, dt.date) else None


def _flag(row: DataRow, name: str) -> bool:
    return row.value(name) is True


def _year(row: DataRow, sheet: SheetResult) -> object:
    return row.value("year") or sheet.preamble.year


def _either(value: object, other: object) -> object:
    return other if value is None else value


def _meetings(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    yield _record(
        "meetings",
        row,
        types=list(row.value("types") or row.value("meeting_type") or ()),  # type: ignore[call-overload]
        present_n=row.value("attended_n"),
        leave_n=row.value("absent_n"),
    )


def _trainings(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    yield _record(
        "trainings",
        row,
        level=row.value("level") or ("branch" if row.org_id else "township"),
        kind=row.value("training_kind") or _kind_of(str(row.value("activity") or "")),
        start_on=_day(row, "held_on") or _day(row, "span"),
        hours=_either(row.value("hours"), row.value("days")),
        places_n=row.value("expected_n"),
    )


def _kind_of(activity: str) -> str:
    """Kind of a training whose ledger has no such column: by the words of its name, else an ordinary one."""
    for word, kind in (("观摩", "observation"), ("跟班", "placement"), ("轮训", "rotation")):
        if word in activity:
            return kind
    return "business"


def _study_hours(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    yield _record("study_hours", row, year=_year(row, sheet), role=row.value("role") or "member")


_OUTCOMES = {"applicant": "in_progress", "activist": "in_progress", "candidate": "in_progress"}


def _admissions(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    case_id = row.value("case_no") or row.person
    if not case_id:
        row.reject("no_key", "没有档案编号，又没有假名密钥（--key-file）或姓名、证件号，个人记录不入库")
        return
    result = row.value("review_result")
    if result is None and row.value("joint_review") is not None:
        result = "passed" if _flag(row, "joint_review") else "failed"
    converted = _day(row, "conversion_approved_on") or _day(row, "full_on")
    stage = str(row.value("stage") or "")
    outcome = _OUTCOMES.get(stage, stage) or (
        "full" if converted else "probationary" if _day(row, "probationary_on") else "in_progress"
    )
    yield _record(
        "admissions",
        row,
        case_id=case_id,
        assembly_on=_day(row, "probationary_on"),
        conversion_approved_on=converted,
        review_result=result,
        outcome=outcome,
        two_new=_either(row.value("two_new"), domains.get(row.org_id or "") in ("private", "social")),
    )


def _profiles(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row, year = group[0], _year(group[0], sheet)
    if sheet.layout is None or row.value("branch") is not None:
        return  # rows of branches are parts of the township's row; they are accounted for, not added up
    if row.value("level") is not None:
        yield _record("admission_profiles", row, year=year)
        return
    for name, declared in sheet.layout.kind.fields.items():
        if declared.profile and (n := row.value(name)) is not None:
            dimension, level = declared.profile
            yield _record("admission_profiles", row, year=year, dimension=dimension, level=level, n=n)


def rows_by_issue(sheet: SheetResult) -> list[list[DataRow]]:
    """Rows under one merged 问题 are one issue with several measures."""
    blocks: dict[int, list[DataRow]] = {}
    for row in sheet.rows:
        if row.disposition == "accepted":
            blocks.setdefault(row.block, []).append(row)
    return list(blocks.values())


_PROGRESS = {"not_started": 0, "in_progress": 1, "done": 2, "closed": 3}


def _status(group: list[DataRow]) -> str:
    """Status of an issue: the furthest that all of its measures have reached; unread counts as still open."""
    found = []
    for row in group:
        status = row.value("status")
        if status is None and _flag(row, "closed"):
            status = "closed"
        if status is None:
            status = "closed" if _day(row, "closed_on") else "done" if _day(row, "done_on") else "in_progress"
        found.append(str(status))
    if len(set(found)) > 1 and min(map(_PROGRESS.__getitem__, found)) < 2:
        return "in_progress"
    return min(found, key=_PROGRESS.__getitem__)


def _latest(group: list[DataRow], name: str, *, all_needed: bool = False) -> dt.date | None:
    days = [_day(r, name) for r in group]
    known = [d for d in days if d]
    return None if not known or (all_needed and len(known) < len(days)) else max(known)


def _issues(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    if row.value("issue") is None and row.value("measure") is None:
        row.reject("missing_issue", "问题和措施都没有填")
        return
    words = {
        r.readings[n].word
        for r in group
        for n in ("deadline", "deadline_current")
        if n in r.readings and r.readings[n].word
    }
    original, current = _latest(group, "deadline"), _latest(group, "deadline_current")
    measures = list(dict.fromkeys(str(m) for r in group if (m := r.value("measure")) is not None))
    yield _record(
        "issues",
        row,
        category=row.value("category") or "P99",
        source=row.value("source") or "self",
        problem=row.value("issue"),
        measure="；".join(measures) or None,
        owner_named=all(r.value("owner") is not None for r in group),
        deadline_kind="dated" if original or current else min(words) if words else "none",
        deadline_original_on=original or current,
        deadline_on=current or original,
        status=_status(group),
        done_on=_latest(group, "done_on", all_needed=True),
        closed_on=_latest(group, "closed_on", all_needed=True),
        reopened_on=_latest(group, "reopened_on"),
        reclosed_on=_latest(group, "reclosed_on"),
        rule_document=any(_flag(r, "rule_document") for r in group),
    )


def _village_years(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    yield _record(
        "village_years",
        row,
        year=_year(row, sheet),
        income_total_yuan=row.value("total_income_yuan"),
        income_operating_yuan=row.value("operating_income_yuan"),
        income_subsidy_yuan=row.value("subsidy_yuan"),
    )


def number_terms(sheet: SheetResult) -> None:
    """Terms of a ledger without a number are counted by their election day, within the organisation."""
    if sheet.layout is None or "term_no" in sheet.layout.fields:
        return
    last: dict[str | None, int] = {}
    for row in sorted(sheet.rows, key=lambda r: _day(r, "elected_on") or dt.date.max):
        if row.disposition == "accepted":
            row.block = last[row.org_id] = last.get(row.org_id, 0) + 1


def _elections(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    elected, expires, years = _day(row, "elected_on"), _day(row, "expires_on"), row.value("term_years")
    if expires is None and elected and isinstance(years, int):
        expires = months_after(elected, years * 12)
    if years is None and elected and expires:
        near = (n for n in (3, 5) if abs((months_after(elected, n * 12) - expires).days) <= 31)
        years = next(near, None)
    numbered = sheet.layout is not None and "term_no" in sheet.layout.fields
    number = row.value("term_no") if numbered else row.block
    yield _record("elections", row, term_no=number, term_years=years, expires_on=expires)


def _weak_orgs(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row, listed = group[0], _day(group[0], "listed_on")
    year = row.value("cycle_year") or (listed.year if listed else sheet.preamble.year)
    yield _record("weak_orgs", row, cycle_year=year)


def _enterprises(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    about, members = row.value("credit_code") or row.value("enterprise"), row.value("members_n")
    if about is None:
        row.reject("missing_enterprise", "没有企业（组织）名称")
        return
    yield _record(
        "enterprises",
        row,
        enterprise_id=f"E{content_hash(row.township_id, str(about))}",
        kind=row.value("enterprise_kind") or "private",
        operating=_either(row.value("operating"), True),
        eligible=_either(row.value("eligible"), isinstance(members, int) and members >= 3),
        coverage=row.value("coverage") or "none",
    )


def _roster_counts(group: list[DataRow], sheet: SheetResult, domains: Mapping[str, str]) -> Iterable[Record]:
    row = group[0]
    members, full, new = (row.value(f"{n}_n") for n in ("members", "full_members", "probationary"))
    if isinstance(members, int) and isinstance(full, int) and new is None:
        new = members - full if members >= full else None
    if isinstance(members, int) and isinstance(new, int) and full is None:
        full = members - new if members >= new else None
    as_of = _day(row, "as_of") or sheet.preamble.reported_on
    yield _record("org_counts", row, as_of=as_of, full_members_n=full, probationary_n=new)


MAKERS: dict[str, Callable[[list[DataRow], SheetResult, Mapping[str, str]], Iterable[Record]]] = {
    "meetings": _meetings,
    "trainings": _trainings,
    "study_hours": _study_hours,
    "admissions": _admissions,
    "admission_profiles": _profiles,
    "issues": _issues,
    "village_years": _village_years,
    "elections": _elections,
    "weak_orgs": _weak_orgs,
    "enterprises": _enterprises,
    "roster_counts": _roster_counts,
}
