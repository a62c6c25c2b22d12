"""A slow second computation of the headline rows, in plain loops, sentence by sentence from the contract.

It shares no code with the package. Tables are lists of dictionaries (dates are ``date``, missing is
None); a table that was not collected is None. Where this and the package disagree, read the contract.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb

OWN_DATE = {
    "meetings": "held_on",
    "trainings": "start_on",
    "topics": "released_on",
    "topic_studies": "studied_on",
    "file_audits": "audited_on",
    "issues": "found_on",
    "weak_orgs": "listed_on",
    "supervisions": "acted_on",
    "organisations": "founded_on",
    "elections": "elected_on",
}
STEPS = [
    "applied_on", "talked_on", "activist_on", "candidate_on", "review_on", "trained_on", "prereviewed_on",
    "assembly_on", "approved_on", "conversion_assembly_on", "conversion_approved_on", "archived_on",
]  # fmt: skip
EVENTS = {
    *STEPS, "closed_on", "done_on", "reopened_on", "reclosed_on", "fixed_on", "submitted_on", "accepted_on",
    "reminded_on", "replied_on", "dissolved_on", "rules_filed_on", "secretary_assessed_on", "surveyed_on",
}  # fmt: skip
OTHERWISE = {"merged", "transferred", "withdrawn"}


def months_after(day, n):
    """Same day n months later, or that month's last day."""
    month = day.month - 1 + n
    year, month = day.year + month // 12, month % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def median_day(times):
    """First day on which the Kaplan-Meier curve is at or below one half; times = [(days, event)]."""
    share = Fraction(1)
    for day in sorted({t for t, event in times if event}):
        risk = sum(1 for t, _ in times if t >= day)
        share *= 1 - Fraction(sum(1 for t, event in times if event and t == day), risk)
        if share <= Fraction(1, 2):
            return day
    return None


@dataclass
class Row:
    """What the contract prints; ``counted`` is what the state looks at when the denominator is not printed."""

    numerator: float | None = 0
    denominator: float | None = 0
    n_not_due: int = 0
    n_na: int = 0
    n_unknown: int = 0
    value: float | None = None
    state: str = ""
    counted: float | None = None
    fixed: str = ""
    times: list = field(default_factory=list)
    ci: tuple | None = None

    def leave(self, reason):
        """Leave a unit out for a reason."""
        setattr(self, f"n_{reason}", getattr(self, f"n_{reason}") + 1)


class Oracle:
    """One county, period and cut-off."""

    def __init__(self, tables, code, period, as_of):
        self.code, self.as_of, self.label = code, as_of, period
        self.year = int(period[:4])
        self.start = dt.date(self.year, 7 if period.endswith("H2") else 1, 1)
        self.end = dt.date(self.year, 6, 30) if period.endswith("H1") else dt.date(self.year, 12, 31)
        self.jan, self.dec = dt.date(self.year, 1, 1), dt.date(self.year, 12, 31)
        self.year_over = self.end == self.dec and as_of >= self.dec
        self.absent = {name for name, rows in tables.items() if rows is None}
        self.t = {name: self.cut(name, rows or []) for name, rows in tables.items()}
        self.towns = [r["township_id"] for r in self.t["townships"]]
        self.town_of_org = {r["org_id"]: r["township_id"] for r in self.t["organisations"]}
        self.town_of_village = {r["village_id"]: r["township_id"] for r in self.t["villages"]}
        self.town_of_case = {r["case_id"]: self.town_of_org.get(r["org_id"]) for r in self.t["admissions"]}

    def cut(self, name, rows):
        """What is known at the end of as_of."""
        out = []
        for row in rows:
            own = row.get(OWN_DATE.get(name, ""))
            if own is not None and own > self.as_of:
                continue
            if name == "branch_grades" and dt.date(row["year"], 12, 31) > self.as_of:
                continue
            row = dict(row)
            for column, value in row.items():
                late = column in EVENTS or (name, column) == ("elections", "held_on")
                if late and value is not None and value > self.as_of:
                    row[column] = None
            out.append(row)
        return out

    def missing(self, *tables):
        """Whether one of the tables was not collected."""
        return any(name in self.absent for name in tables)

    def of_town(self, table, town, org=True):
        """Rows of a table that belong to a township by its organisation."""
        return [r for r in self.t[table] if self.town_of_org.get(r["org_id"]) == town]

    def branches(self, town):
        """Branches and joint branches of the township."""
        return [
            r
            for r in self.t["organisations"]
            if r["township_id"] == town and r["org_type"] in ("branch", "joint_branch")
        ]

    @staticmethod
    def active(org, first, last):
        """Founded on or before the first day and not dissolved before the last."""
        founded, dissolved = org["founded_on"], org["dissolved_on"]
        return (founded is None or founded <= first) and (dissolved is None or dissolved >= last)

    def in_period(self, day):
        """From the period's first to its last day."""
        return day is not None and self.start <= day <= self.end

    def in_year(self, day):
        """From 1 January to the period's last day."""
        return day is not None and self.jan <= day <= self.end

    def sub_periods(self, size):
        """Months (1), quarters (3) or half-years (6) inside the period."""
        out, first = [], self.start
        while first <= self.end:
            following = months_after(first, size)
            out.append((first, following - dt.timedelta(days=1)))
            first = following
        return out

    # ---- meetings -------------------------------------------------------------------------------

    def filed_meetings(self, town):
        """Any meeting of the township's organisations in the year."""
        return any(self.in_year(m["held_on"]) for m in self.of_town("meetings", town))

    def full_members(self, org_id, end):
        """Latest count not after the sub-period's end nor as_of, else the earliest; None = no row."""
        rows = sorted((r for r in self.t["org_counts"] if r["org_id"] == org_id), key=lambda r: r["as_of"])
        if not rows:
            return None
        before = [r for r in rows if r["as_of"] <= min(end, self.as_of)]
        return (before[-1] if before else rows[0])["full_members_n"]

    def meetings_of(self, org_id):
        """Meetings of one organisation."""
        return [m for m in self.t["meetings"] if m["org_id"] == org_id]

    def duties(self, town):
        """(branch, kind, class) of every obligation of S01."""
        out, silent = [], not self.filed_meetings(town)
        for branch in self.branches(town):
            mine = self.meetings_of(branch["org_id"])
            for kind, size in (("assembly", 3), ("committee", 1), ("group", 1), ("theme_day", 1)):
                for first, last in self.sub_periods(size):
                    if not self.active(branch, first, last):
                        continue
                    full = self.full_members(branch["org_id"], last) if kind == "committee" else 99
                    if (full is not None and full < 7) or (kind == "group" and branch["groups_n"] < 1):
                        name = "na"
                    elif last > self.as_of:
                        name = "not_due"
                    elif silent or full is None:
                        name = "unknown"
                    elif any(kind in m["types"] and first <= m["held_on"] <= last for m in mine):
                        name = "held"
                    else:
                        name = "missed"
                    out.append((branch["org_id"], kind, name))
        return out

    def count_duties(self, duties):
        """Held / due, with what is left out."""
        row = Row()
        for _, _, name in duties:
            if name in ("held", "missed"):
                row.denominator += 1
                row.numerator += name == "held"
            else:
                row.leave(name)
        return row

    def S01(self, town):
        return self.count_duties(self.duties(town))

    def S03(self, town):
        return self.count_duties([d for d in self.duties(town) if d[1] == "theme_day"])

    def S02(self, town):
        row = Row()
        duties = self.duties(town)
        for org in {d[0] for d in duties}:
            names = [n for o, _, n in duties if o == org]
            known = [n for n in names if n in ("held", "missed")]
            if known:
                row.denominator += 1
                row.numerator += "missed" not in known
            elif "unknown" in names:
                row.leave("unknown")
            elif "not_due" in names:
                row.leave("not_due")
        return row

    def period_meetings(self, town):
        """Meetings of the period of every organisation of the township."""
        return [m for m in self.of_town("meetings", town) if self.in_period(m["held_on"])]

    def silent(self, town, row):
        """Filed nothing: unknown once an obligation of S01 is due."""
        due = any(name in ("held", "missed", "unknown") for _, _, name in self.duties(town))
        if not self.filed_meetings(town) and due:
            row.fixed = "unknown"
        return row

    def S04(self, town):
        row = Row()
        for m in self.period_meetings(town):
            if m["present_n"] is not None and m["expected_n"] is not None and m["expected_n"] > 0:
                row.numerator += m["present_n"]
                row.denominator += m["expected_n"]
            else:
                row.leave("unknown")
        return self.silent(town, row)

    def S05(self, town):
        row = Row()
        for m in self.period_meetings(town):
            if not {"assembly", "committee", "group", "lecture", "theme_day", "study"} & set(m["types"]):
                continue
            if m["first_topic"] is None:
                row.leave("unknown")
            else:
                row.denominator += 1
                row.numerator += m["first_topic"]
        return self.silent(town, row)

    def S13(self, town):
        row = Row()
        filed = self.filed_meetings(town)
        for branch in self.branches(town):
            if not self.active(branch, self.jan, self.dec):
                continue
            if not self.year_over:
                row.leave("not_due")
            elif not filed:
                row.leave("unknown")
            else:
                held = {
                    kind
                    for m in self.t["meetings"]
                    if m["org_id"] == branch["org_id"] and self.in_year(m["held_on"])
                    for kind in m["types"]
                }
                row.denominator += 1
                row.numerator += {"life_meeting", "appraisal"} <= held
        return row

    @staticmethod
    def cells(m):
        """How many of the seven cells are filled."""
        names = ("held_on", "types", "topic", "expected_n", "present_n", "minutes", "evidence_n")
        return sum(
            m[c] is not None and m[c] != [] and not (isinstance(m[c], str) and not m[c].strip())
            for c in names
        )

    def S14(self, town):
        row = Row()
        for m in self.period_meetings(town):
            row.denominator += 7
            row.numerator += self.cells(m)
        return self.silent(town, row)

    @staticmethod
    def bare(m):
        """Minutes without white space."""
        return "".join((m["minutes"] or "").split())

    def copied(self, m):
        """Whether another organisation of the county has the same minutes in the period."""
        everyone = [o for town in self.towns for o in self.period_meetings(town)]
        return any(self.bare(o) == self.bare(m) and o["org_id"] != m["org_id"] for o in everyone)

    def S15(self, town):
        row = Row()
        for m in self.period_meetings(town):
            late = (m["recorded_on"] - m["held_on"]).days if m["recorded_on"] else 0
            full = (
                m["present_n"] is not None
                and m["expected_n"] is not None
                and m["present_n"] > m["expected_n"]
            )
            twin = len(self.bare(m)) >= 30 and self.copied(m)
            row.denominator += 1
            row.numerator += bool(full or late < 0 or late > 60 or twin)
        return self.silent(town, row)

    # ---- learning -------------------------------------------------------------------------------

    def S06(self, town):
        row = Row()
        filed = any(self.in_year(r["studied_on"]) for r in self.of_town("topic_studies", town))
        for topic in self.t["topics"]:
            released = topic["released_on"]
            if not self.in_period(released):
                continue
            for branch in self.branches(town):
                if not self.active(branch, released, released):
                    continue
                studied = [
                    r["studied_on"]
                    for r in self.t["topic_studies"]
                    if r["org_id"] == branch["org_id"] and r["topic_id"] == topic["topic_id"]
                ]
                end = min(studied) if studied else min(self.as_of, branch["dissolved_on"] or self.as_of)
                if not filed or end < released:
                    row.leave("unknown")
                else:
                    row.times.append(((end - released).days, bool(studied)))
        return row

    def hours(self, town, roles):
        """S07, S08."""
        row = Row()
        mine = [r for r in self.t["study_hours"] if r["year"] == self.year and r["role"] in roles]
        if self.year_over:
            for r in mine:
                if self.town_of_org.get(r["org_id"]) == town:
                    row.numerator += r["met_n"]
                    row.denominator += r["due_n"]
        for branch in self.branches(town):
            if self.active(branch, self.jan, self.dec):
                if not self.year_over:
                    row.leave("not_due")
                elif not any(r["org_id"] == branch["org_id"] for r in mine):
                    row.leave("unknown")
        return row

    def S07(self, town):
        return self.hours(town, ("member",))

    def S08(self, town):
        return self.hours(town, ("secretary", "committee"))

    def trainings(self, town, first, last, **match):
        """Trainings of the township that start between two days."""
        return [
            r
            for r in self.t["trainings"]
            if r["township_id"] == town
            and first <= r["start_on"] <= last
            and all(r[k] == v for k, v in match.items())
        ]

    def S09(self, town):
        row = Row()
        filed = self.trainings(town, self.jan, self.end)
        for first, last in self.sub_periods(6):
            if last > self.as_of:
                row.leave("not_due")
            elif not filed:
                row.leave("unknown")
            else:
                row.denominator += 1
                row.numerator += bool(self.trainings(town, first, last, level="township", kind="business"))
        return row

    def yearly_count(self, town, number):
        """S10, S11: the township is the unit."""
        row = Row(numerator=number, denominator=None, counted=0)
        if self.missing("trainings"):
            row.n_unknown = 1
        elif number >= 1 or (self.year_over and self.trainings(town, self.jan, self.end)):
            row.counted = 1
        elif not self.year_over:
            row.n_not_due = 1
        else:
            row.n_unknown = 1
        return row

    def S10(self, town):
        held = self.trainings(town, self.jan, self.end, level="township", kind="observation")
        return self.yearly_count(town, len(held))

    def S11(self, town):
        return self.yearly_count(town, len(self.trainings(town, self.jan, self.end, kind="placement")))

    # ---- admissions -----------------------------------------------------------------------------

    def town_cases(self, town):
        """Cases of the township."""
        return [c for c in self.t["admissions"] if self.town_of_case[c["case_id"]] == town]

    def admitted(self, town):
        """Cases with assembly_on in the year."""
        return [c for c in self.town_cases(town) if self.in_year(c["assembly_on"])]

    def D01(self, town):
        plan = [
            r["plan_n"]
            for r in self.t["admission_plans"]
            if (r["township_id"], r["year"]) == (town, self.year)
        ]
        if not plan or plan[0] is None:
            return Row(n_unknown=1)
        if plan[0] == 0:
            return Row(n_na=1)
        return Row(len(self.admitted(town)), plan[0])

    LIMITS = {  # noqa: RUF012
        "talk": ("applied_on", "talked_on", "max", 1),
        "cultivation": ("activist_on", "candidate_on", "min", 12),
        "training": ("trained_on", "assembly_on", "hours", 24),
        "prereview": ("prereviewed_on", "assembly_on", "max", 1),
        "approval": ("assembly_on", "approved_on", "max", 3),
        "probation": ("assembly_on", "conversion_assembly_on", "min", 12),
        "conversion": ("conversion_assembly_on", "conversion_approved_on", "max", 3),
    }

    @staticmethod
    def over(case):
        """Cancelled, withdrawn, transferred."""
        return case["outcome"] in ("cancelled", "withdrawn", "transferred")

    def limit(self, case, name):
        """kept, breach, not_due, na or unknown."""
        first, second, kind, n = self.LIMITS[name]
        earlier, later = case[first], case[second]
        if later is None:
            if self.over(case):
                return "na"
            passed = kind == "max" and earlier is not None and months_after(earlier, n) <= self.as_of
            return "breach" if passed else "not_due"
        if earlier is None or (kind == "hours" and case["training_hours"] is None):
            return "unknown"
        if later < earlier:
            return "breach"
        if kind == "max":
            return "kept" if later <= months_after(earlier, n) else "breach"
        if kind == "min":
            return "kept" if later >= months_after(earlier, n) else "breach"
        return "kept" if case["training_hours"] >= n else "breach"

    def moving(self, town):
        """Cases with any step in the period or stalled."""
        out = []
        for case in self.town_cases(town):
            stalled = any(
                kind == "max"
                and case[first] is not None
                and case[second] is None
                and self.in_period(months_after(case[first], n))
                for first, second, kind, n in self.LIMITS.values()
            )
            if any(self.in_period(case[s]) for s in STEPS) or (stalled and not self.over(case)):
                out.append(case)
        return out

    def D04(self, town):
        row = Row()
        for case in self.moving(town):
            names = [self.limit(case, k) for k in self.LIMITS]
            if "kept" in names or "breach" in names:
                row.denominator += 1
                row.numerator += "breach" not in names
            elif "not_due" in names:
                row.leave("not_due")
            elif "unknown" in names:
                row.leave("unknown")
            else:
                row.leave("na")
        return row

    def D05(self, town, k):
        row = Row()
        for case in self.moving(town):
            name = self.limit(case, k)
            if name in ("kept", "breach"):
                row.denominator += 1
                row.numerator += name == "kept"
            else:
                row.leave(name)
        return row

    def D06(self, town):
        row = Row()
        for c in self.admitted(town):
            row.denominator += 1
            row.numerator += (
                c["review_result"] == "passed"
                and c["review_on"] is not None
                and c["review_on"] <= c["assembly_on"]
            )
        return row

    def audits(self, case_id, **match):
        """Audit rows of a case."""
        return [
            r
            for r in self.t["file_audits"]
            if r["case_id"] == case_id and all(r[k] == v for k, v in match.items())
        ]

    def D07(self, town):
        cases = self.admitted(town)
        return Row(sum(bool(self.audits(c["case_id"], level="county")) for c in cases), len(cases))

    def D08(self, town):
        row, cases = Row(), self.admitted(town)
        for c in cases:
            rows = self.audits(c["case_id"], level="county", sampling="random")
            if rows:
                row.denominator += 1
                row.numerator += any(r["fault"] != "none" for r in rows)
        row.ci = (len(cases),)
        return row

    @staticmethod
    def files(x, n, total):
        """Every K under which neither at most x nor at least x faults has probability at most 0.025."""
        fine = []
        for k in range(total + 1):
            ways = [comb(k, i) * comb(total - k, n - i) for i in range(n + 1)]
            whole = comb(total, n)
            at_most, at_least = Fraction(sum(ways[: x + 1]), whole), Fraction(sum(ways[x:]), whole)
            if at_most > Fraction(1, 40) and at_least > Fraction(1, 40):
                fine.append(k)
        return min(fine), max(fine)

    def D09(self, town):
        row = Row()
        for r in self.t["file_audits"]:
            if (
                self.town_of_case.get(r["case_id"]) == town
                and self.in_year(r["audited_on"])
                and r["fault"] != "none"
            ):
                row.denominator += 1
                row.numerator += r["fixed_on"] is not None
        return row

    def followups(self, town):
        """Follow-ups with due_on in the period."""
        return [
            r
            for r in self.t["followups"]
            if self.town_of_case.get(r["case_id"]) == town and self.in_period(r["due_on"])
        ]

    def D14(self, town):
        row = Row()
        for r in self.followups(town):
            if r["due_on"] > self.as_of:
                row.leave("not_due")
            else:
                row.denominator += 1
                row.numerator += r["done_on"] is not None and r["done_on"] <= r["due_on"]
        return row
