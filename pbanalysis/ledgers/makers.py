"""Accepted rows of a ledger, as records of its canonical table.

A column takes the field of its own name, or the one named in ``_FIELDS``; a maker gives what takes more
than that. What a ledger leaves out and its table requires is taken from the nearest thing that says it (a
date, the register); the findings of the file say so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pbanalysis.ledgers.dates import months_after
from pbanalysis.ledgers.result import DataRow, SheetResult
from pbanalysis.store.schema import TABLES

__all__ = ["Filed", "Record", "content_hash", "filed_of", "records_of"]

Record = dict[str, Any]
_UNITS = ("township_id", "org_id", "village_id")

# table -> column -> field of the ledger, where the names differ
_FIELDS = {
    "meetings": {"present_n": "attended_n", "leave_n": "absent_n"},
    "trainings": {"kind": "training_kind", "start_on": "held_on", "places_n": "expected_n"},
    "admissions": {"assembly_on": "probationary_on"},
    "issues": {"problem": "issue"},
    "village_years": {
        "income_total_yuan": "total_income_yuan",
        "income_operating_yuan": "operating_income_yuan",
        "income_subsidy_yuan": "subsidy_yuan",
    },
    "enterprises": {"kind": "enterprise_kind"},
}

# table -> column -> its value where the ledger does not say
_UNSAID: dict[str, dict[str, object]] = {
    "study_hours": {"role": "member"},
    "issues": {"category": "P99", "source": "self"},
    "enterprises": {"kind": "private", "operating": True, "coverage": "none"},
}


def content_hash(*parts: object) -> str:
    """Short hash of what a row is about."""
    text = "\x1f".join("" if p is None else str(p) for p in parts)
    return hashlib.blake2b(text.encode(), digest_size=7).hexdigest()


@dataclass(frozen=True)
class Filed:
    """What a record is made of: its row (of an issue, all rows of its block) and its sheet."""

    rows: list[DataRow]
    sheet: SheetResult
    domains: Mapping[str, str]  # of organisations: what a ledger leaves to their register (两新组织)

    @property
    def row(self) -> DataRow:
        """The first row."""
        return self.rows[0]

    def value(self, name: str) -> Any:
        """Value of a field, None where it is missing or rejected."""
        return self.row.value(name)

    def day(self, name: str) -> dt.date | None:
        """Day of a field; a month without a day is none."""
        return self.row.day(name)

    def latest(self, name: str, *, of_all: bool = False) -> dt.date | None:
        """Latest day of the rows; ``of_all``: none while one of them has none."""
        days = [r.day(name) for r in self.rows]
        known = [d for d in days if d]
        return None if not known or (of_all and len(known) < len(days)) else max(known)


@cache
def _columns(table: str) -> list[tuple[str, str, str, object]]:
    """Of a table without the ids made at import: column, field, how it is taken, and what it is unsaid."""
    fields, unsaid = _FIELDS.get(table, {}), _UNSAID.get(table, {})
    found: list[tuple[str, str, str, object]] = []
    for column in TABLES[table].columns:
        name = column.name
        if name.endswith("_id") and name not in _UNITS:
            continue
        required = column.kind == "bool" and not column.optional and name not in unsaid
        how = "unit" if name in _UNITS else "flag" if required else column.kind
        found.append((name, fields.get(name, name), how, unsaid.get(name)))
    return found


def filed_of(sheet: SheetResult, domains: Mapping[str, str]) -> Iterator[Filed]:
    """Accepted rows of a sheet; those under one merged 问题 are one issue with several measures."""
    accepted = [r for r in sheet.rows if r.disposition == "accepted"]
    layout = sheet.layout
    if layout is None or layout.kind.layout != "issues":
        if layout is not None and layout.kind.layout == "elections" and "term_no" not in layout.fields:
            _number_terms(accepted)
        yield from (Filed([r], sheet, domains) for r in accepted)
        return
    blocks: dict[int, list[DataRow]] = {}
    for row in accepted:
        blocks.setdefault(row.block, []).append(row)
    yield from (Filed(rows, sheet, domains) for rows in blocks.values())


def _number_terms(rows: list[DataRow]) -> None:
    """Terms of a ledger without a number are counted by their election day, within the organisation."""
    last: dict[str | None, int] = {}
    for row in sorted(rows, key=lambda r: r.day("elected_on") or dt.date.max):
        row.block = last[row.org_id] = last.get(row.org_id, 0) + 1


def records_of(filed: Filed, layout: str, table: str) -> Iterator[Record]:
    """Records of a table; ids made at import are still missing."""
    for given in _MAKERS[layout](filed) if layout in _MAKERS else [{}]:
        record: Record = {}
        for name, field, how, unsaid in _columns(table):
            if name in given:
                continue
            if how == "unit":
                value = getattr(filed.row, name)
            elif name == "year":
                value = filed.value(field) or filed.sheet.preamble.year
            else:
                value = filed.day(field) if how == "date" else filed.value(field)
                if how == "flag":
                    value = value is True
            record[name] = unsaid if value is None else value
        yield record | given


# -- one maker a layout ---------------------------------------------------------------------------


def _meetings(f: Filed) -> list[Record]:
    return [{"types": list(f.value("types") or f.value("meeting_type") or ())}]


def _trainings(f: Filed) -> list[Record]:
    activity = str(f.value("activity") or "")
    words = (("观摩", "observation"), ("跟班", "placement"), ("轮训", "rotation"))
    hours = f.value("hours")
    return [
        {
            "level": f.value("level") or ("branch" if f.row.org_id else "township"),
            "kind": f.value("training_kind") or next((k for w, k in words if w in activity), "business"),
            "start_on": f.day("held_on") or f.day("span"),
            "hours": f.value("days") if hours is None else hours,
        }
    ]


_OUTCOMES = {"applicant": "in_progress", "activist": "in_progress", "candidate": "in_progress"}


def _admissions(f: Filed) -> list[Record]:
    case_id = f.value("case_no") or f.row.person
    if not case_id:
        f.row.reject("no_key", "没有档案编号，又没有假名密钥（--key-file）或姓名、证件号，个人记录不入库")
        return []
    result, two_new = f.value("review_result"), f.value("two_new")
    if result is None and f.value("joint_review") is not None:
        result = "passed" if f.value("joint_review") is True else "failed"
    converted = f.day("conversion_approved_on") or f.day("full_on")
    stage = str(f.value("stage") or "")
    reached = "full" if converted else "probationary" if f.day("probationary_on") else "in_progress"
    if two_new is None:
        two_new = f.domains.get(f.row.org_id or "") in ("private", "social")
    return [
        {
            "case_id": case_id,
            "conversion_approved_on": converted,
            "review_result": result,
            "outcome": _OUTCOMES.get(stage, stage) or reached,
            "two_new": two_new,
        }
    ]


def _profiles(f: Filed) -> list[Record]:
    if f.sheet.layout is None or f.value("branch") is not None:
        return []  # rows of branches are parts of the township's row; they are accounted for, not added up
    if f.value("level") is not None:
        return [{}]
    fields = f.sheet.layout.kind.fields.values()
    return [
        {"dimension": d.profile[0], "level": d.profile[1], "n": n}
        for d in fields
        if d.profile and (n := f.value(d.name)) is not None
    ]


_PROGRESS = ("not_started", "in_progress", "done", "closed")


def _status(f: Filed) -> str:
    """Status of an issue: the furthest that all of its measures have reached; unread counts as still open."""
    found = []
    for row in f.rows:
        status = row.value("status")
        if status is None:
            closed = row.value("closed") is True or row.day("closed_on")
            status = "closed" if closed else "done" if row.day("done_on") else "in_progress"
        found.append(_PROGRESS.index(str(status)))
    if len(set(found)) > 1 and min(found) < _PROGRESS.index("done"):
        return "in_progress"
    return _PROGRESS[min(found)]


def _issues(f: Filed) -> list[Record]:
    if f.value("issue") is None and f.value("measure") is None:
        f.row.reject("missing_issue", "问题和措施都没有填")
        return []
    deadlines = [r.readings[n] for r in f.rows for n in ("deadline", "deadline_current") if n in r.readings]
    words = {d.word for d in deadlines if d.word}
    original, current = f.latest("deadline"), f.latest("deadline_current")
    measures = dict.fromkeys(str(m) for r in f.rows if (m := r.value("measure")) is not None)
    return [
        {
            "measure": "；".join(measures) or None,
            "owner_named": all(r.value("owner") is not None for r in f.rows),
            "deadline_kind": "dated" if original or current else min(words, default="none"),
            "deadline_original_on": original or current,
            "deadline_on": current or original,
            "status": _status(f),
            "done_on": f.latest("done_on", of_all=True),
            "closed_on": f.latest("closed_on", of_all=True),
            "reopened_on": f.latest("reopened_on"),
            "reclosed_on": f.latest("reclosed_on"),
            "rule_document": any(r.value("rule_document") is True for r in f.rows),
        }
    ]


def _elections(f: Filed) -> list[Record]:
    elected, expires, years = f.day("elected_on"), f.day("expires_on"), f.value("term_years")
    if expires is None and elected and years is not None:
        expires = months_after(elected, years * 12)
    if years is None and elected and expires:
        near = (n for n in (3, 5) if abs((months_after(elected, n * 12) - expires).days) <= 31)
        years = next(near, None)
    numbered = f.sheet.layout is not None and "term_no" in f.sheet.layout.fields
    number = f.value("term_no") if numbered else f.row.block
    return [{"term_no": number, "term_years": years, "expires_on": expires}]


def _weak_orgs(f: Filed) -> list[Record]:
    listed = f.day("listed_on")
    return [{"cycle_year": f.value("cycle_year") or (listed.year if listed else f.sheet.preamble.year)}]


def _enterprises(f: Filed) -> list[Record]:
    about, eligible = f.value("credit_code") or f.value("enterprise"), f.value("eligible")
    if about is None:
        f.row.reject("missing_enterprise", "没有企业（组织）名称")
        return []
    if eligible is None:
        eligible = (f.value("members_n") or 0) >= 3
    return [{"enterprise_id": f"E{content_hash(f.row.township_id, str(about))}", "eligible": eligible}]


def _roster_counts(f: Filed) -> list[Record]:
    members, full, new = (f.value(f"{n}_n") for n in ("members", "full_members", "probationary"))
    if members is not None and full is not None and new is None:
        new = members - full if members >= full else None
    if members is not None and new is not None and full is None:
        full = members - new if members >= new else None
    as_of = f.day("as_of") or f.sheet.preamble.reported_on
    return [{"as_of": as_of, "full_members_n": full, "probationary_n": new}]


_MAKERS: dict[str, Callable[[Filed], list[Record]]] = {
    "meetings": _meetings,
    "trainings": _trainings,
    "admissions": _admissions,
    "admission_profiles": _profiles,
    "issues": _issues,
    "elections": _elections,
    "weak_orgs": _weak_orgs,
    "enterprises": _enterprises,
    "roster_counts": _roster_counts,
}
