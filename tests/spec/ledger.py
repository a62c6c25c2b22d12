"""Tiny ledgers: rows with only what matters written out, the rest filled with something harmless."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pbanalysis.calendar import as_date
from pbanalysis.indicators import Result, evaluate
from pbanalysis.testing import county_of

TOWN, COUNTY = "629901100", "629901"
Row = dict[str, Any]
Tables = dict[str, list[Row] | None]


@dataclass(frozen=True)
class Spec:
    """A worked case: a ledger in words and as rows, and the row of results it must give.

    ``expect`` has numerator, denominator, n_not_due, n_na, n_unknown, state, or value; what is not
    named is 0 (numbers) or not looked at (value, intervals).
    """

    id: str
    words: str
    tables: Tables
    expect: Mapping[str, Any]
    period: str = "2023"
    as_of: str = "2023-12-31"
    unit: str = TOWN

    def run(self, indicator_id: str | None = None) -> Result:
        """The row as evaluated."""
        tables = {"townships": [town()], **self.tables}
        county = county_of(tables, as_date(self.as_of), code=COUNTY)
        name = indicator_id or self.id
        return evaluate(county, self.period, only=[name]).get(name, self.unit)


@dataclass
class Numbers:
    """Gives rows their keys."""

    last: dict[str, int] = field(default_factory=dict)

    def __call__(self, kind: str) -> str:
        self.last[kind] = self.last.get(kind, 0) + 1
        return f"{kind}{self.last[kind]}"


number = Numbers()


def town(code: str = TOWN, **more: Any) -> Row:
    """A township."""
    return {"township_id": code, "name": "甲镇" if code == TOWN else "乙镇", "kind": "镇", **more}


def branch(org_id: str = "A", **more: Any) -> Row:
    """A branch of the whole year without groups."""
    return {
        "org_id": org_id,
        "township_id": TOWN,
        "name": f"{org_id}支部",
        "org_type": "branch",
        "domain": "village",
        "groups_n": 0,
        **more,
    }


def members(org_id: str = "A", full: int = 5, as_of: str = "2022-12-31", **more: Any) -> Row:
    """A count of members."""
    return {
        "org_id": org_id,
        "as_of": as_of,
        "members_n": full,
        "full_members_n": full,
        "probationary_n": 0,
        **more,
    }


def meeting(held_on: str, *types: str, org_id: str = "A", **more: Any) -> Row:
    """A meeting."""
    return {
        "meeting_id": number("m"),
        "org_id": org_id,
        "held_on": held_on,
        "types": list(types) or ["assembly"],
        **more,
    }


def full_year(org_id: str = "A", until: int = 12) -> list[Row]:
    """All that a small branch owes: a theme day each month, an assembly each quarter."""
    rows = [meeting(f"2023-{m:02d}-05", "theme_day", org_id=org_id) for m in range(1, until + 1)]
    return rows + [meeting(f"2023-{m:02d}-20", "assembly", org_id=org_id) for m in range(1, until + 1, 3)]


def training(start_on: str, kind: str = "business", level: str = "township", **more: Any) -> Row:
    """A training."""
    return {
        "training_id": number("t"),
        "township_id": TOWN,
        "level": level,
        "kind": kind,
        "start_on": start_on,
        **more,
    }


def case(**steps: Any) -> Row:
    """A case of admission."""
    return {"case_id": number("c"), "org_id": "A", "outcome": "in_progress", "two_new": False, **steps}


def audit(case_id: str, audited_on: str = "2023-11-01", fault: str = "none", **more: Any) -> Row:
    """A row of a file audit."""
    return {
        "case_id": case_id,
        "audited_on": audited_on,
        "level": "county",
        "sampling": "random",
        "fault": fault,
        **more,
    }


def issue(**more: Any) -> Row:
    """A dated issue, found in April, due at the end of June, open."""
    row = {
        "issue_id": number("i"), "township_id": TOWN, "category": "P11", "source": "self", "found_on": "2023-04-03", "problem": "问题",
        "measure": "措施", "owner_named": True, "deadline_kind": "dated", "deadline_original_on": "2023-06-30", "deadline_on": "2023-06-30",
        "status": "in_progress", "rule_document": False,
    }  # fmt: skip
    return {**row, **more}


def closed(on: str, **more: Any) -> Row:
    """An issue closed on a day."""
    return issue(closed_on=on, end_reason="done", status="closed", **more)


def ledger(submitted_on: str | None, year: int = 2023) -> Row:
    """The day on which a township handed in its ledger."""
    return {"township_id": TOWN, "year": year, "submitted_on": submitted_on}


def term(expires_on: str, **more: Any) -> Row:
    """A term of an organisation."""
    return {
        "org_id": "A",
        "term_no": 1,
        "elected_on": "2018-01-01",
        "term_years": 5,
        "expires_on": expires_on,
        **more,
    }


def village(village_id: str = "V1", kind: str = "village") -> Row:
    """A village or community."""
    return {"village_id": village_id, "township_id": TOWN, "name": village_id, "kind": kind}


def figures(village_id: str = "V1", year: int = 2023, **more: Any) -> Row:
    """The year's row of a village or community."""
    return {"village_id": village_id, "year": year, **more}


def firm(kind: str = "private", **more: Any) -> Row:
    """An enterprise: operating, eligible, not covered."""
    row = {
        "enterprise_id": number("e"),
        "township_id": TOWN,
        "kind": kind,
        "operating": True,
        "eligible": True,
        "coverage": "none",
        "instructor": False,
        "liaison": False,
    }
    return {**row, **more}


def record(
    item_id: str,
    numerator: float | None,
    denominator: float | None = None,
    as_of: str = "2023-12-31",
    unit: str = TOWN,
) -> Row:
    """A reported figure."""
    return {
        "township_id": unit,
        "item_id": item_id,
        "as_of": as_of,
        "numerator": numerator,
        "denominator": denominator,
    }


def quota(item_id: str, quota_n: float, year: int = 2023) -> Row:
    """The county's 任务分解."""
    return {"township_id": TOWN, "item_id": item_id, "year": year, "quota_n": quota_n}


def grade(year: int, value: int, org_id: str = "A", scheme: str = "星级") -> Row:
    """A branch's grade."""
    return {"org_id": org_id, "year": year, "scheme": scheme, "grade": value, "label": str(value)}


def weak(**more: Any) -> Row:
    """A weak organisation of the cycle year, with nothing done yet."""
    row = {
        "org_id": "A",
        "cycle_year": 2023,
        "listed_on": "2023-03-01",
        "plan": False,
        "leader": False,
        "first_secretary": False,
        "partner_unit": False,
    }
    return {**row, **more}


def supervision(acted_on: str, action: str = "letter", **more: Any) -> Row:
    """A supervision."""
    return {
        "supervision_id": number("s"),
        "township_id": TOWN,
        "acted_on": acted_on,
        "method": "inspection",
        "action": action,
        **more,
    }


def expect(numerator: float | None, denominator: float | None, state: str, **more: Any) -> dict[str, Any]:
    """What the row must be; counts that are not named are 0."""
    return {
        "numerator": numerator,
        "denominator": denominator,
        "n_not_due": 0,
        "n_na": 0,
        "n_unknown": 0,
        **more,
        "state": state,
    }
