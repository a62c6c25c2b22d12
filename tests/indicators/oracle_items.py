"""The slow computation, continued: the items of the plan, county rows and states."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from .oracle import Oracle, Row, median_day
from .oracle_issues import IssueOracle

SAME = {
    "M01-1": "S05", "M01-3": "S06", "M02-3": "S09", "M02-5": "S10", "M03-4a": "R10a", "M03-4b": "R10b",
    "M03-4c": "R10c", "M04-1": "R11", "M04-4": "R13", "M04-6": "R12", "M05-1": "S13", "M08-1": "D06",
    "M08-4": "D07", "W1-3": "S15", "W2-2": "R02", "W2-3": "R01", "W2-4": "R03", "W2-5": "R16", "W3-3": "R14",
}  # fmt: skip
# id: level, kind (share/count), target (None = info), due; [R] items
REPORTED = {
    **dict.fromkeys(("M01-4", "M05-2", "M09-9"), ("T", "share", None, "")),
    "M07-3": ("T", "count", None, ""),
    **dict.fromkeys(("M03-6", "M06-2", "M06-3", "M09-8", "W1-1", "W1-2"), ("T", "share", 1, "")),
    **dict.fromkeys(("M02-7", "M03-3", "W3-1"), ("T", "share", 1, "year")),
    "M03-7": ("T", "share", 0, ""),
    "M03-2": ("C", "count", None, ""),
    "M13-8": ("C", "count", None, ""),
    **dict.fromkeys(("M13-5", "M13-6"), ("C", "share", 1, "2023-12-31")),
    **dict.fromkeys(("M01-2", "M02-2", "M10-3", "M11-1", "M12-3"), ("O", "share", 1, "")),
    "M11-4": ("O", "share", 1, "2023-12-31"),
    "M02-6": ("O", "count", 1, "year"),
    "M08-3": ("O", "count", 1, "year"),
    "M12-4": ("O", "count", 1, ""),
    **dict.fromkeys(("M11-2", "M11-3", "M12-1", "M12-2"), ("O", "share", None, "")),
    **dict.fromkeys(("M12-5", "W3-4"), ("O", "count", None, "")),
}
# other items: level, kind, target, due, tables that make it unknown at once when absent
OTHERS = {
    "M02-1": ("T", "share", 1, "year", ("trainings",)),
    "M02-4": ("T", "share", None, "", ("meetings", "trainings", "organisations")),
    "M03-1": ("T", "share", 1, "year", ("organisations",)),
    "M03-5": ("T", "share", 1, "", ("meetings", "organisations")),
    "M04-2": ("C", "share", 1, "", ("enterprises",)),
    "M04-3": ("C", "share", 1, "", ("enterprises",)),
    "M10-6": ("C", "share", 1, "", ("enterprises",)),
    "M04-5": ("T", "share", 1, "", ("organisations",)),
    "M05-4": ("T", "count", None, "", ("supervisions",)),
    "M06-1": ("T", "share", 1, "2023-12-31", ("villages",)),
    "M06-4": ("C", "share", Fraction(1, 3), "2023-12-31", ("villages",)),
    "M07-1": ("C", "count", 150, "2023-12-31", ("villages",)),
    "M07-2": ("T", "share", 1, "2024-12-31", ("villages",)),
    "M08-2": ("T", "share", 0, "", ("admissions", "organisations")),
    "M08-5": ("T", "share", 1, "", ("followups", "admissions", "organisations")),
    "M09-1": ("T", "share", None, "year", ("villages",)),
    "M09-2": ("T", "share", 1, "year", ("villages",)),
    "M09-3": ("T", "share", 1, "year", ("villages",)),
    "M09-4": ("T", "share", None, "year", ("villages",)),
    "M09-5": ("T", "count", 0, "2023-12-31", ("villages",)),
    "M09-6": ("C", "share", Fraction(95, 100), "2023-12-31", ("villages",)),
    "M09-7": ("C", "share", 200000, "2024-12-31", ("villages",)),
    "M09-10": ("T", "share", 1, "2023-12-31", ("villages",)),
    "M10-1": ("T", "share", None, "year", ("villages",)),
    "M10-4": ("T", "share", 1, "year", ("villages",)),
    "M10-2": ("C", "share", 18, "2023-12-31", ("villages",)),
    "M10-5": ("T", "share", None, "year", ("villages",)),
    "M10-7": ("C", "share", 1, "2023-12-31", ("enterprises",)),
    "M13-1": ("C", "share", 1, "2023-12-31", ("enterprises",)),
    "M13-2": ("C", "count", 10, "2023-12-31", ("admissions", "organisations")),
    "M13-3": ("C", "count", 20, "2023-12-31", ("admissions", "organisations")),
    "M13-4a": ("C", "share", Fraction(92, 100), "2023-12-31", ("enterprises",)),
    "M13-4b": ("C", "share", Fraction(90, 100), "2023-12-31", ("enterprises",)),
    "M13-7": ("C", "share", 1, "2023-12-31", ("enterprises",)),
    "W2-1": ("T", "share", 1, "05-31", ("issues",)),
    "W3-2": ("T", "share", None, "", ("supervisions",)),
}
MEETINGS = ("meetings", "organisations")
CASES = ("admissions", "organisations")
# headline: kind, target (None = info), tables
HEADLINE = {
    **dict.fromkeys(("S01", "S02", "S03", "S05", "S13", "S14"), ("share", 1, MEETINGS)),
    "S04": ("share", None, MEETINGS),
    "S15": ("share", None, MEETINGS),
    "S06": ("median", None, ("topics", "topic_studies", "organisations")),
    "S07": ("share", None, ("study_hours", "organisations")),
    "S08": ("share", None, ("study_hours", "organisations")),
    "S09": ("share", 1, ("trainings",)),
    "S10": ("count", 1, ("trainings",)),
    "S11": ("count", 1, ("trainings",)),
    "D01": ("share", None, (*CASES, "admission_plans")),
    "D04": ("share", 1, CASES),
    **{f"D05.{k}": ("share", 1, CASES) for k in Oracle.LIMITS},
    "D06": ("share", 1, CASES),
    "D07": ("share", Fraction(3, 10), (*CASES, "file_audits")),
    "D08": ("share", None, (*CASES, "file_audits")),
    "D09": ("share", 1, (*CASES, "file_audits")),
    "D14": ("share", 1, (*CASES, "followups")),
    "R01": ("share", 1, ("ledger_submissions",)),
    **dict.fromkeys(("R02", "R03", "R07"), ("share", 1, ("issues",))),
    **dict.fromkeys(("R04", "R08"), ("share", None, ("issues",))),
    "R05": ("count", 0, ("issues",)),
    "R06": ("median", None, ("issues",)),
    "R09": ("share", 0, ("issues",)),
    "R16": ("count", None, ("issues",)),
    **dict.fromkeys(("R10a", "R10b"), ("share", 1, ("weak_orgs", "organisations"))),
    "R10c": ("share", None, ("weak_orgs", "organisations")),
    "R11": ("count", 0, ("organisations", "org_counts")),
    **dict.fromkeys(("R12", "R13"), ("share", 1, ("elections", "organisations"))),
    "R14": ("share", None, ("supervisions",)),
    "R15": ("count", None, ("branch_grades", "organisations")),
}
TWENTY_THREE = (dt.date(2023, 1, 1), dt.date(2023, 12, 31))


class FullOracle(IssueOracle):
    """Every row of the contract."""

    def due_day(self, due):
        """None = as it stands."""
        if not due:
            return None
        if due == "year":
            return self.dec
        return dt.date.fromisoformat(f"{self.year}-{due}" if len(due) == 5 else due)

    def is_due(self, due):
        """as_of has reached it, and the period ends on or after it."""
        day = self.due_day(due)
        return day is None or (self.as_of >= day and self.end >= day)

    def units(self, item, rows, missing, hit):
        """Villages, communities ...: missing ones are unknown, before the due day not due."""
        row, due = Row(), self.is_due(OTHERS[item][3])
        for r in rows:
            if missing(r):
                row.leave("unknown" if due else "not_due")
            else:
                row.denominator += 1
                row.numerator += hit(r)
        return row

    def places(self, town, kind):
        """Villages or communities, each with its row of the period's year (None = no row)."""
        table = "village_years" if kind == "village" else "community_years"
        years = {r["village_id"]: r for r in self.t[table] if r["year"] == self.year}
        return [
            (v["village_id"], years.get(v["village_id"]))
            for v in self.t["villages"]
            if v["township_id"] == town and v["kind"] == kind
        ]

    def figure(self, item, town, column, hit, kind="village"):
        """An item that reads one figure of the year's row."""
        return self.units(
            item,
            [f for _, f in self.places(town, kind)],
            lambda f: f is None or f[column] is None,
            lambda f: hit(f[column]),
        )

    def dated(self, item, town, column, first, last):
        """Any date of the village, whatever the row's year; the year's row must be there."""
        last = min(last, self.end)

        def hit(place):
            return any(
                r["village_id"] == place[0] and r[column] is not None and first <= r[column] <= last
                for r in self.t["village_years"]
            )

        return self.units(item, self.places(town, "village"), lambda p: p[1] is None, hit)

    def enterprises(self, town, kinds, keep, hit):
        """Shares of enterprises."""
        rows = [
            e
            for e in self.t["enterprises"]
            if e["township_id"] == town and (kinds is None or e["kind"] in kinds)
        ]
        rows = [e for e in rows if keep(e)]
        return Row(sum(bool(hit(e)) for e in rows), len(rows))

    def item(self, item, town):
        """A township's row of an item that is neither a headline row nor reported."""
        own = {"own", "joint"}
        match item:
            case "M02-1":
                s11 = self.S11(town)
                return Row(
                    int(bool(s11.counted) and s11.numerator >= 1),
                    s11.counted,
                    s11.n_not_due,
                    s11.n_na,
                    s11.n_unknown,
                )
            case "M02-4":
                row = Row()
                sessions = [m["lecturer"] for m in self.period_meetings(town) if "lecture" in m["types"]]
                sessions += [
                    r["lecturer"]
                    for r in self.trainings(town, self.start, self.end)
                    if r["kind"] != "placement"
                ]
                for lecturer in sessions:
                    if lecturer is None:
                        row.leave("unknown")
                    else:
                        row.denominator += 1
                        row.numerator += lecturer in ("secretary", "committee", "superior")
                if not self.filed_meetings(town) and not self.trainings(town, self.jan, self.end):
                    row.fixed = "unknown"
                return row
            case "M03-1":
                row = Row()
                any_grade = any(g["year"] == self.year for g in self.of_town("branch_grades", town))
                for b in self.current_branches(town):
                    if not self.year_over:
                        row.leave("not_due")
                    elif not any_grade:
                        row.leave("unknown")
                    else:
                        row.denominator += 1
                        row.numerator += bool(self.grades(b["org_id"], self.year))
                return row
            case "M03-5":
                row = Row()
                for m in self.period_meetings(town):
                    row.denominator += 1
                    row.numerator += self.cells(m) == 7
                return self.silent(town, row)
            case "M04-2":
                return self.enterprises(
                    town, ("internet", "courier"), lambda e: True, lambda e: e["surveyed_on"]
                )
            case "M13-1":
                return self.enterprises(town, None, lambda e: True, lambda e: e["surveyed_on"])
            case "M04-3" | "M10-6":
                kinds = ("internet", "courier") if item == "M04-3" else ("property",)
                return self.enterprises(
                    town, kinds, lambda e: e["operating"] and e["eligible"], lambda e: e["coverage"] in own
                )
            case "M10-7":
                return self.enterprises(
                    town,
                    ("property",),
                    lambda e: e["operating"],
                    lambda e: e["coverage"] != "none" or e["instructor"] or e["liaison"],
                )
            case "M13-4a" | "M13-4b":
                kinds = ("private",) if item == "M13-4a" else ("social",)
                return self.enterprises(town, kinds, lambda e: e["operating"], lambda e: e["coverage"] in own)
            case "M13-7":
                return self.enterprises(
                    town, ("new_form",), lambda e: e["operating"], lambda e: e["instructor"] and e["liaison"]
                )
            case "M04-5":
                row, silent = Row(), not self.of_town("elections", town)
                for o in self.t["organisations"]:
                    if o["township_id"] != town or not self.active(o, self.as_of, self.as_of):
                        continue
                    if silent:
                        row.leave("unknown")
                        continue
                    rows = [e for e in self.t["elections"] if e["org_id"] == o["org_id"]]
                    row.denominator += 1
                    if rows:
                        last = max(rows, key=lambda e: e["term_no"])
                        row.numerator += all(
                            last[c] is not None for c in ("elected_on", "term_years", "expires_on")
                        )
                return row
            case "M05-4":
                if self.missing("supervisions"):
                    return Row(denominator=None, counted=0, n_unknown=1)
                acted = [s for s in self.supervisions(town) if self.in_period(s["acted_on"])]
                return Row(sum(s["action"] != "none" for s in acted), None, counted=1)
            case "W3-2":
                if self.missing("supervisions"):
                    return Row(n_unknown=1)
                return Row(int(any(self.in_period(s["acted_on"]) for s in self.supervisions(town))), 1)
            case "M06-1":
                return self.dated(item, town, "secretary_assessed_on", *TWENTY_THREE)
            case "M09-10":
                return self.dated(item, town, "rules_filed_on", dt.date(1900, 1, 1), TWENTY_THREE[1])
            case "M06-4":
                return self.figure(item, town, "secretary_professional", bool)
            case "M07-1":
                row = self.figure(item, town, "reserve_n", int)
                row.counted, row.denominator = row.denominator, None
                return row
            case "M07-2":
                return self.figure(item, town, "graduates_n", lambda n: n >= 1)
            case "M08-2":
                cases = self.admitted(town)
                return Row(sum(c["review_result"] in (None, "failed") for c in cases), len(cases))
            case "M08-5":
                row, rows = Row(), self.followups(town)
                for case in {r["case_id"] for r in rows}:
                    due = [r for r in rows if r["case_id"] == case and r["due_on"] <= self.as_of]
                    if not due:
                        row.leave("not_due")
                    else:
                        row.denominator += 1
                        row.numerator += all(
                            r["done_on"] is not None and r["done_on"] <= r["due_on"] for r in due
                        )
                return row
            case "M09-1":
                return self.figure(item, town, "model", lambda m: m != "none")
            case "M09-2":
                return self.figure(item, town, "analysed", bool)
            case "M09-3":
                return self.figure(item, town, "plan", bool)
            case "M09-4":
                row = Row()
                last = {
                    r["village_id"]: r["income_total_yuan"]
                    for r in self.t["village_years"]
                    if r["year"] == self.year - 1
                }
                for village, f in self.places(town, "village"):
                    if f is None or f["income_total_yuan"] is None:
                        row.leave("unknown" if self.is_due("year") else "not_due")
                    elif last.get(village) is None:
                        row.leave("unknown")
                    else:
                        row.numerator += f["income_total_yuan"]
                        row.denominator += last[village]
                return row
            case "M09-5":
                row = self.figure(item, town, "income_total_yuan", lambda y: y < 100_000)
                row.counted, row.denominator = row.denominator, None
                return row
            case "M09-6":
                return self.figure(item, town, "income_operating_yuan", lambda y: y >= 50_000)
            case "M09-7":
                return self.figure(item, town, "income_total_yuan", float)
            case "M10-1":
                return self.figure(item, town, "big_committee", bool, "community")
            case "M10-4":
                return self.figure(item, town, "grids_merged", bool, "community")
            case "M10-5":
                names = ("std_team", "std_grid", "std_site", "std_service")
                return self.units(
                    item,
                    [f for _, f in self.places(town, "community")],
                    lambda f: (
                        f is None
                        or (any(f[c] is None for c in names) and not any(f[c] is False for c in names))
                    ),
                    lambda f: all(f[c] for c in names),
                )
            case "M10-2":
                places = self.places(town, "community")
                residents = next(
                    r["urban_residents_n"] for r in self.t["townships"] if r["township_id"] == town
                )
                if not places:
                    return Row(0, residents or 0)
                if residents is None or any(f is None or f["workers_n"] is None for _, f in places):
                    name = "n_unknown" if self.is_due("2023-12-31") else "n_not_due"
                    return Row(**{name: len(places)})
                return Row(sum(f["workers_n"] for _, f in places), residents)
            case "M13-2" | "M13-3":
                if self.missing("admissions", "organisations"):
                    return Row(denominator=None, counted=0, n_unknown=1)
                column = "assembly_on" if item == "M13-2" else "activist_on"
                last = min(TWENTY_THREE[1], self.end)
                cases = [c for c in self.town_cases(town) if c["two_new"] and c[column] is not None]
                return Row(sum(TWENTY_THREE[0] <= c[column] <= last for c in cases), None, counted=1)
            case "W2-1":
                row = Row()
                issues = self.report(town)
                if issues:
                    row = Row(int(any(i["category"] for i in issues)), 1)
                return self.none_reported(town, row)
        raise AssertionError(item)

    def reported(self, item, unit):
        """Latest row of measure_records, or None."""
        _, kind, _, due = REPORTED[item]
        rows = [
            r
            for r in self.t["measure_records"]
            if r["item_id"] == item
            and r["township_id"] == unit
            and r["as_of"] <= self.as_of
            and r["numerator"] is not None
            and (kind == "count" or r["denominator"] is not None)
            and (due != "year" or self.in_year(r["as_of"]))
        ]
        return max(rows, key=lambda r: r["as_of"]) if rows else None

    def reported_row(self, item, unit, county_has_own=False):
        """[R]."""
        _, kind, _, due = REPORTED[item]
        count = kind == "count"
        found = self.reported(item, unit)
        row = Row(0, None if count else 0, counted=0 if count else None)
        if found is None:
            row.leave("na" if county_has_own else ("unknown" if self.is_due(due) else "not_due"))
        elif not count and found["denominator"] == 0:
            row.leave("na")
        else:
            row.numerator = found["numerator"]
            row.denominator = None if count else found["denominator"]
            row.counted = 1 if count else None
        return row

    # ---- county rows and states -----------------------------------------------------------------

    def add_up(self, rows, kind):
        """Sums of the townships' rows."""
        whole = Row()
        for name in ("numerator", "n_not_due", "n_na", "n_unknown"):
            setattr(whole, name, sum(getattr(r, name) for r in rows))
        if kind == "count":
            whole.denominator, whole.counted = None, sum(r.counted for r in rows)
        else:
            whole.denominator = sum(r.denominator for r in rows)
        whole.times = [t for r in rows for t in r.times]
        return whole

    @staticmethod
    def reach(row, kind, target):
        """Whether the target is reached."""
        if kind == "count":
            return row.numerator <= 0 if target == 0 else row.numerator >= target
        if target in (0, 1):
            return row.numerator == (0 if target == 0 else row.denominator)
        return Fraction(row.numerator) >= target * Fraction(row.denominator)

    def judge(self, row, *, kind, info, due=True, never_early=False, target=None, quota=None, parts=()):
        """Give the row its state, then empty what has none."""
        counted = row.denominator if row.counted is None else row.counted
        if row.fixed:
            row.state = row.fixed
        elif not counted:
            if row.n_unknown or "unknown" in parts:
                row.state = "unknown"
            elif row.n_not_due or "not_due" in parts:
                row.state = "not_due"
            else:
                row.state = "na"
        elif info:
            row.state = "info"
        else:
            reached = row.numerator >= quota if quota is not None else self.reach(row, kind, target)
            sure = quota is not None or (kind == "count" and target) or not (row.n_not_due or row.n_unknown)
            if due:
                row.state = "met" if reached else "not_met"
            else:
                row.state = "met" if reached and sure and not never_early else "not_due"
        if kind == "count":
            if row.state in ("na", "unknown"):
                row.numerator = None
            row.value = row.numerator
        elif kind == "median":
            row.value = median_day(row.times) if row.times else None
        elif row.denominator:
            row.value = row.numerator / row.denominator
        return row

    def block(
        self,
        make,
        kind,
        target,
        tables,
        *,
        level="T",
        due="",
        never_early=False,
        county_info=False,
        quota=None,
    ):
        """Township rows and the county's."""
        out, gone, states = {}, self.missing(*tables), []
        rows = {town: make(town) for town in self.towns}
        if kind == "median":
            for row in rows.values():
                row.numerator, row.denominator = sum(e for _, e in row.times), len(row.times)
        if gone:
            for row in rows.values():
                row.fixed, row.numerator, row.times = "unknown", 0, []
                row.denominator, row.counted = (None, 0) if kind == "count" else (0, None)
        whole = self.add_up(list(rows.values()), kind)
        if gone:
            whole.fixed = "unknown"
        is_due = self.is_due(due)
        for town, row in rows.items():
            share = (quota or {}).get(town)
            info = target is None or (level == "C" and share is None)
            out[town] = self.judge(
                row, kind=kind, info=info, due=is_due, never_early=never_early, target=target, quota=share
            )
            states.append(row.state)
        info = target is None or county_info
        out[self.code] = self.judge(
            whole, kind=kind, info=info, due=is_due, never_early=never_early, target=target, parts=states
        )
        return out

    def quotas(self, item):
        """任务分解 of a county item for the year."""
        return {
            r["township_id"]: r["quota_n"]
            for r in self.t["quotas"]
            if r["item_id"] == item and r["year"] == self.year and r["quota_n"] is not None
        }

    def headline(self, name):
        """One headline indicator."""
        kind, target, tables = HEADLINE[name]
        if name.startswith("D05"):
            make = lambda town: self.D05(town, name.split(".")[1])  # noqa: E731
        else:
            make = getattr(self, name)
        more = {}
        if name in ("S10", "S11"):
            more = {"due": "year", "county_info": True}
        if name == "D07":
            more = {"due": "year", "never_early": True, "level": "C"}
        out = self.block(make, kind, target, tables, **more)
        if name == "D08" and not self.missing(*tables):
            totals = {town: len(self.admitted(town)) for town in self.towns}
            totals[self.code] = sum(totals.values())
            for unit, row in out.items():
                row.ci = self.files(row.numerator, row.denominator, totals[unit]) if row.denominator else None
        return out

    def reported_block(self, item):
        """[R] items."""
        level, kind, target, due = REPORTED[item]
        quota = self.quotas(item) if level == "C" and target is not None else {}
        own = level == "C" and self.reported(item, self.code) is not None
        if level == "O":
            row = self.reported_row(item, self.code)
            return {
                self.code: self.judge(
                    row, kind=kind, info=target is None, due=self.is_due(due), target=target
                )
            }
        out = self.block(
            lambda town: self.reported_row(item, town, own),
            kind,
            target,
            (),
            level=level,
            due=due,
            quota=quota,
        )
        if own:
            row = self.reported_row(item, self.code)
            out[self.code] = self.judge(
                row, kind=kind, info=target is None, due=self.is_due(due), target=target
            )
        return out

    def other_block(self, item):
        """The remaining items."""
        level, kind, target, due, tables = OTHERS[item]
        quota = self.quotas(item) if level == "C" else {}
        scaled = Fraction(target, 10_000) if item == "M10-2" else target
        out = self.block(
            lambda town: self.item(item, town),
            kind,
            scaled,
            tables,
            level=level,
            due=due,
            never_early=item in ("M09-5", "M09-6", "M09-7"),
            quota=quota,
        )
        if item == "M10-2":
            for row in out.values():
                row.value = None if row.value is None else row.value * 10_000
            gone = any(out[t].n_unknown or out[t].n_not_due for t in self.towns)
            if gone and not self.missing(*tables):
                out[self.code].state = "unknown" if self.is_due(due) else "not_due"
        return out

    def rows(self):
        """{(indicator, unit): Row} for everything."""
        found = {name: self.headline(name) for name in HEADLINE}
        found |= {item: self.reported_block(item) for item in REPORTED}
        found |= {item: self.other_block(item) for item in OTHERS}
        found |= {item: found[name] for item, name in SAME.items()}
        s01 = self.headline("S01")
        for row in s01.values():
            row.state = "info" if row.state in ("met", "not_met") else row.state
        found["M05-3"] = s01
        return {(name, unit): row for name, block in found.items() for unit, row in block.items()}
