"""Small random counties that sit on the edges: month ends, the cut-off and the day beside it, gaps."""

from __future__ import annotations

import datetime as dt
import random

from pbanalysis.store.schema import TABLES

CODE = "629901"
TOWNS = ["629901100", "629901101", "629901200"]


class Dice:
    """Random values for one county."""

    def __init__(self, seed, period, as_of):
        self.r = random.Random(seed)
        year = int(period[:4])
        self.year = year
        edges = [
            as_of,
            dt.date(year, 1, 1),
            dt.date(year, 6, 30),
            dt.date(year, 12, 31),
            dt.date(year, 5, 31),
        ]
        edges += [dt.date(2023, 12, 31), dt.date(2023, 1, 1), dt.date(2024, 2, 29), dt.date(year, 2, 28)]
        self.edges = [e + dt.timedelta(days=k) for e in edges for k in (-1, 0, 1)]

    def chance(self, p):
        return self.r.random() < p

    def day(self, missing=0.0, around=None):
        """A date near an edge, near another date, or anywhere in two and a half years."""
        if self.chance(missing):
            return None
        if around is not None and self.chance(0.7):
            return around + dt.timedelta(
                days=self.r.choice([-3, -1, 0, 1, 5, 27, 28, 30, 31, 59, 62, 89, 92, 181, 364, 365, 366, 400])
            )
        if self.chance(0.35):
            return self.r.choice(self.edges)
        return dt.date(self.year - 1, 6, 1) + dt.timedelta(days=self.r.randrange(900))

    def pick(self, values, missing=0.0):
        return None if self.chance(missing) else self.r.choice(values)

    def flag(self, missing=0.0, p=0.7):
        return None if self.chance(missing) else self.chance(p)


def organisations(d):
    rows = []
    for town in TOWNS:
        for n in range(d.r.randrange(0, 6)):
            rows.append(
                {
                    "org_id": f"{town}-{n:03d}",
                    "township_id": town,
                    "name": f"第{n}党支部",
                    "org_type": d.pick(["branch"] * 5 + ["joint_branch", "committee", "general_branch"]),
                    "domain": "village",
                    "village_id": None,
                    "founded_on": d.day(0.3) if d.chance(0.5) else dt.date(2001, 7, 1),
                    "dissolved_on": d.day() if d.chance(0.25) else None,
                    "groups_n": d.pick([0, 0, 1, 3]),
                }
            )
    return rows


def org_counts(d, orgs):
    rows = {}
    for org in orgs:
        for _ in range(d.r.randrange(0, 4)):
            full = d.pick([3, 6, 7, 8, 49, 50, 51])
            row = {
                "org_id": org,
                "as_of": d.day(),
                "members_n": full + d.pick([0, 1]),
                "full_members_n": full,
            }
            rows[(org, row["as_of"])] = {**row, "probationary_n": 0, "mobile_n": None, "exempt_n": None}
    return list(rows.values())


def meetings(d, orgs):
    minutes = ["甲" * 30, "甲" * 15 + " \u3000" + "甲" * 15, "乙" * 29, "丙" * 40, " ", None]
    types = ["assembly", "committee", "group", "lecture", "theme_day", "life_meeting", "appraisal", "study"]
    rows = []
    silent = d.pick([*TOWNS, None, None])
    for n in range(d.r.randrange(0, 120) if orgs else 0):
        org = d.pick([*orgs, "629901999-001"])
        if silent and org.startswith(silent):
            continue
        held = d.day()
        rows.append(
            {
                "meeting_id": f"M{n}",
                "org_id": org,
                "held_on": held,
                "recorded_on": d.day(0.3, held),
                "types": d.r.sample(types, d.r.randrange(1, 4)),
                "first_topic": d.flag(0.2),
                "topic": d.pick(["学习", " "], 0.2),
                "expected_n": d.pick([0, 5, 10], 0.2),
                "present_n": d.pick([0, 5, 11], 0.2),
                "leave_n": None,
                "hours": None,
                "lecturer": d.pick(["secretary", "committee", "superior", "external", "member"], 0.2),
                "minutes": d.pick(minutes),
                "evidence_n": d.pick([0, 2], 0.3),
            }
        )
    return rows


def learning(d, orgs):
    topics = [
        {"topic_id": f"T{n}", "title": "文件", "released_on": d.day()} for n in range(d.r.randrange(0, 4))
    ]
    studied = {
        (t["topic_id"], o): {"topic_id": t["topic_id"], "org_id": o, "studied_on": d.day(0, t["released_on"])}
        for t in topics
        for o in orgs
        if d.chance(0.6)
    }
    trainings = [
        {
            "training_id": f"TR{n}",
            "township_id": d.pick([*TOWNS, CODE]),
            "org_id": None,
            "level": d.pick(["branch", "township", "township", "county"]),
            "kind": d.pick(["business", "business", "observation", "placement", "rotation"]),
            "start_on": d.day(),
            "end_on": None,
            "hours": None,
            "places_n": None,
            "attended_n": None,
            "lecturer": d.pick(["secretary", "external"], 0.3),
        }
        for n in range(d.r.randrange(0, 15))
    ]
    hours = [
        {"org_id": o, "year": year, "role": role, "due_n": d.pick([0, 3, 20]), "met_n": d.pick([0, 3])}
        for o in orgs
        for year in (d.year - 1, d.year)
        for role in ("member", "secretary", "committee")
        if d.chance(0.5)
    ]
    return {
        "topics": topics,
        "topic_studies": list(studied.values()),
        "trainings": trainings,
        "study_hours": hours,
    }


def admissions(d, orgs):
    steps = [c.name for c in TABLES["admissions"].columns if c.name in TABLES["admissions"].events]
    cases, audits, follow = [], {}, {}
    for n in range(d.r.randrange(0, 30) if orgs else 0):
        case = {"case_id": f"C{n}", "org_id": d.pick(orgs)}
        day = d.day()
        for step in steps:
            case[step] = d.day(0.3, day)
            day = case[step] or day
        case |= {
            "review_result": d.pick(["passed", "passed", "failed"], 0.2),
            "training_hours": d.pick([20.0, 23.5, 24.0, 40.0], 0.2),
            "extended_until": None,
            "outcome": d.pick(
                ["in_progress", "probationary", "full", "cancelled", "withdrawn", "transferred"]
            ),
            "two_new": d.flag(p=0.4),
        }
        cases.append(case)
    for _ in range(d.r.randrange(0, 30)):
        case = d.pick([*[c["case_id"] for c in cases], "CX"])
        row = {
            "case_id": case,
            "audited_on": d.day(),
            "level": d.pick(["county", "county", "township"]),
            "sampling": d.pick(["random", "targeted"]),
            "fault": d.pick(["none", "missing", "order"]),
        }
        audits[(*tuple(row.values())[:3], row["fault"])] = {**row, "fixed_on": d.day(0.4, row["audited_on"])}
    for _ in range(d.r.randrange(0, 30)):
        due = d.day()
        case = d.pick([*[c["case_id"] for c in cases], "CX"])
        follow[(case, due)] = {"case_id": case, "due_on": due, "done_on": d.day(0.3, due)}
    plans = [
        {"township_id": t, "year": y, "plan_n": d.pick([0, 2, 5])}
        for t in TOWNS
        for y in (d.year - 1, d.year)
        if d.chance(0.7)
    ]
    return {
        "admissions": cases,
        "file_audits": list(audits.values()),
        "followups": list(follow.values()),
        "admission_plans": plans,
    }


def issues(d, orgs):
    rows = []
    quiet = d.pick([*TOWNS, None])
    for n in range(d.r.randrange(0, 40)):
        town = d.pick(TOWNS)
        if town == quiet:
            continue
        found = d.day(0.1)
        closed = d.day(0.4, found)
        original = d.day(0.2, found)
        rows.append(
            {
                "issue_id": f"I{n}",
                "township_id": town,
                "org_id": None,
                "category": d.pick(["P11", "P24", "P99"]),
                "source": "self",
                "found_on": found,
                "problem": d.pick(["问题", " "], 0.1),
                "measure": d.pick(["措施"], 0.1),
                "owner_named": d.flag(p=0.9),
                "deadline_kind": d.pick(["dated"] * 5 + ["immediate", "standing", "none"]),
                "deadline_original_on": original,
                "deadline_on": d.pick([original, d.day(0, original)], 0.2),
                "status": d.pick(["in_progress", "done", "closed"]),
                "done_on": None,
                "closed_on": closed,
                "accepted_by": d.pick(["township", "county"], 0.3),
                "end_reason": d.pick(["done", "done", "merged", "transferred", "withdrawn"], 0.3),
                "reopened_on": d.day(0.7, closed),
                "reclosed_on": d.day(0.7, closed),
                "rule_document": d.flag(),
            }
        )
    submissions = [
        {
            "township_id": t,
            "year": y,
            "submitted_on": d.pick([dt.date(y, 5, 30), dt.date(y, 5, 31), dt.date(y, 6, 1)], 0.2),
        }
        for t in TOWNS
        for y in (d.year - 1, d.year)
        if d.chance(0.7)
    ]
    supervisions = [
        {
            "supervision_id": f"S{n}",
            "township_id": d.pick(TOWNS),
            "acted_on": (acted := d.day()),
            "method": "inspection",
            "action": d.pick(["letter", "call", "none"]),
            "reply_due_on": (due := d.day(0.3, acted)),
            "replied_on": d.day(0.3, due),
            "issue_id": None,
        }
        for n in range(d.r.randrange(0, 12))
    ]
    return {"issues": rows, "ledger_submissions": submissions, "supervisions": supervisions}


def standing(d, orgs):
    weak = {
        (o, y): {
            "org_id": o, "cycle_year": y, "listed_on": d.day(), "plan": d.flag(), "leader": d.flag(),
            "first_secretary": True, "partner_unit": True, "accepted_on": d.day(0.3), "result": d.pick(["converted", "continuing"], 0.3),
        }
        for o in orgs for y in (d.year - 1, d.year) if d.chance(0.2)
    }  # fmt: skip
    terms = [
        {
            "org_id": o, "term_no": n, "elected_on": d.day(0.2), "term_years": d.pick([3, 5]), "expires_on": (end := d.day()),
            "extended_until": d.day(0.7, end), "reminded_on": d.day(0.3, end - dt.timedelta(days=183)), "held_on": d.day(0.3, end),
        }
        for o in orgs for n in (1, 2) if d.chance(0.5)
    ]  # fmt: skip
    grades = [
        {"org_id": o, "year": y, "scheme": s, "grade": d.pick([1, 2, 3]), "label": "好"}
        for o in orgs
        for y in (d.year - 1, d.year)
        for s in ("星级", "分类定级")
        if d.chance(0.5)
    ]
    return {"weak_orgs": list(weak.values()), "elections": terms, "branch_grades": grades}


def villages(d):
    places = [
        {
            "village_id": f"{t}{200 + n}",
            "township_id": t,
            "name": f"村{n}",
            "kind": d.pick(["village", "village", "community"]),
        }
        for t in TOWNS
        for n in range(d.r.randrange(0, 5))
    ]
    years, communities = [], []
    for place in places:
        for year in (d.year - 1, d.year):
            if d.chance(0.2):
                continue
            if place["kind"] == "village":
                years.append(
                    {
                        "village_id": place["village_id"], "year": year,
                        "income_total_yuan": d.pick([99_999.99, 100_000.0, 250_000.0], 0.15),
                        "income_operating_yuan": d.pick([49_999.0, 50_000.0, 90_000.0], 0.15),
                        "income_subsidy_yuan": None, "plan": d.flag(0.15), "analysed": d.flag(0.15),
                        "model": d.pick(["strong_leads_weak", "union", "none"], 0.15), "rules_filed_on": d.day(0.3),
                        "graduates_n": d.pick([0, 1, 2], 0.15), "reserve_n": d.pick([0, 30, 60], 0.15),
                        "secretary_professional": d.flag(0.15, 0.4), "secretary_assessed_on": d.day(0.3),
                    }
                )  # fmt: skip
            else:
                flags = {c: d.flag(0.1, 0.8) for c in ("std_team", "std_grid", "std_site", "std_service")}
                communities.append(
                    {
                        "village_id": place["village_id"], "year": year, "workers_n": d.pick([5, 9, 20], 0.15),
                        **flags, "big_committee": d.flag(0.15), "grids_merged": d.flag(0.15),
                    }
                )  # fmt: skip
    towns = [
        {"township_id": t, "name": t, "kind": "乡", "urban_residents_n": d.pick([0, 5000, 12_000], 0.2)}
        for t in TOWNS
    ]
    enterprises = [
        {
            "enterprise_id": f"E{n}", "township_id": d.pick(TOWNS),
            "kind": d.pick(["private", "social", "property", "internet", "courier", "new_form"]),
            "operating": d.flag(p=0.8), "eligible": d.flag(), "coverage": d.pick(["own", "joint", "work_only", "none"]),
            "instructor": d.flag(p=0.5), "liaison": d.flag(p=0.5), "surveyed_on": d.day(0.3),
        }
        for n in range(d.r.randrange(0, 30))
    ]  # fmt: skip
    return {
        "townships": towns,
        "villages": places,
        "village_years": years,
        "community_years": communities,
        "enterprises": enterprises,
    }


def reported(d, items):
    rows, quotas = {}, {}
    for item in items:
        for unit in (*TOWNS, CODE):
            for _ in range(d.r.randrange(0, 3)):
                base = d.pick([0, 4, 10], 0.1)
                row = {
                    "township_id": unit, "item_id": item, "as_of": d.day(),
                    "numerator": None if d.chance(0.1) else float(min(base or 10, d.pick([0, 1, 4, 10]))), "denominator": base,
                }  # fmt: skip
                rows[(unit, item, row["as_of"])] = row
    for item in (
        "M06-4",
        "M07-1",
        "M09-6",
        "M09-7",
        "M10-2",
        "M13-1",
        "M13-2",
        "M13-3",
        "M13-4a",
        "M13-5",
        "M13-8",
        "M03-2",
        "M08-4",
        "M02-7",
    ):
        for town in TOWNS:
            if d.chance(0.3):
                year = d.pick([d.year, d.year, d.year - 1])
                quotas[(town, item, year)] = {
                    "township_id": town,
                    "item_id": item,
                    "year": year,
                    "quota_n": d.pick([0.0, 1.0, 2.0, 40.0]),
                }
    return {"measure_records": list(rows.values()), "quotas": list(quotas.values())}


def make(seed, period, as_of, items, absent=0.0):
    """Tables as lists of dictionaries; with chance ``absent`` a table was not collected (None)."""
    d = Dice(seed, period, as_of)
    orgs = organisations(d)
    ids = [o["org_id"] for o in orgs]
    tables = {"organisations": orgs, "org_counts": org_counts(d, ids), "meetings": meetings(d, ids)}
    for part in (
        learning(d, ids),
        admissions(d, ids),
        issues(d, ids),
        standing(d, ids),
        villages(d),
        reported(d, items),
    ):
        tables |= part
    for name in tables:
        if name != "townships" and d.chance(absent):
            tables[name] = None
    return tables
