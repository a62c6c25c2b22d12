"""The slow computation, continued: issues, organisations, supervisions."""

from __future__ import annotations

import datetime as dt

from .oracle import OTHERWISE, Oracle, Row, months_after


class IssueOracle(Oracle):
    """Headline rows of the theme 整改成效."""

    @staticmethod
    def closed(i):
        """closed_on known and end_reason done or empty."""
        return i["closed_on"] is not None and i["end_reason"] in ("done", None)

    @staticmethod
    def open_again(i):
        """Reopened on or after closing and not closed for good since."""
        if i["closed_on"] is None or i["reopened_on"] is None or i["reopened_on"] < i["closed_on"]:
            return False
        return i["reclosed_on"] is None or i["reclosed_on"] < i["reopened_on"]

    def report(self, town):
        """Issues of the period's report."""
        out = []
        for i in self.t["issues"]:
            if i["township_id"] != town or (i["found_on"] is not None and i["found_on"] > self.end):
                continue
            gone = self.closed(i) and i["closed_on"] < self.start
            if not gone or i["deadline_kind"] == "standing" or self.open_again(i):
                out.append(i)
        return out

    def submitted_on(self, town):
        """Day of the year's ledger."""
        for r in self.t["ledger_submissions"]:
            if (r["township_id"], r["year"]) == (town, self.year):
                return r["submitted_on"]
        return None

    def none_reported(self, town, row):
        """No issue: a submitted ledger reported none; else not due before 31 May, then unknown."""
        if not self.report(town):
            if self.submitted_on(town) is not None:
                row.fixed = "na"
            else:
                row.fixed = "not_due" if self.as_of < dt.date(self.year, 5, 31) else "unknown"
        return row

    def R01(self, town):
        if self.missing("ledger_submissions"):
            return Row(n_unknown=1)
        day, last = self.submitted_on(town), dt.date(self.year, 5, 31)
        if day is not None:
            return Row(int(day <= last), 1)
        return Row(0, 1) if self.as_of >= last else Row(n_not_due=1)

    @staticmethod
    def current(i):
        """deadline_on, else deadline_original_on."""
        return i["deadline_on"] or i["deadline_original_on"]

    def R02(self, town):
        row = Row()
        for i in self.report(town):
            timed = i["deadline_kind"] in ("immediate", "standing") or (
                i["deadline_kind"] == "dated" and self.current(i) is not None
            )
            row.denominator += 1
            row.numerator += bool(
                (i["problem"] or "").strip() and (i["measure"] or "").strip() and i["owner_named"] and timed
            )
        return self.none_reported(town, row)

    def by_deadline(self, town, deadline, done):
        """R03, R04, R05."""
        row = Row()
        for i in self.report(town):
            day = deadline(i)
            if i["deadline_kind"] != "dated" or i["end_reason"] in OTHERWISE:
                row.leave("na")
            elif day is None:
                row.leave("unknown")
            elif day > self.as_of:
                row.leave("not_due")
            else:
                row.denominator += 1
                row.numerator += done(i)
        return self.none_reported(town, row)

    def R03(self, town):
        return self.by_deadline(town, self.current, lambda i: self.closed(i) and not self.open_again(i))

    def R04(self, town):
        return self.by_deadline(
            town,
            lambda i: i["deadline_original_on"],
            lambda i: self.closed(i) and i["closed_on"] <= i["deadline_original_on"],
        )

    def R05(self, town):
        row = self.R03(town)
        row.numerator, row.counted, row.denominator = row.denominator - row.numerator, row.denominator, None
        return row

    def R06(self, town):
        row = Row()
        for i in self.report(town):
            end = i["closed_on"] if i["end_reason"] in OTHERWISE or self.closed(i) else self.as_of
            if i["found_on"] is None or end is None or end < i["found_on"]:
                row.leave("unknown")
            else:
                row.times.append(((end - i["found_on"]).days, self.closed(i)))
        return self.none_reported(town, row)

    def among_closed(self, town, hit):
        """R07, R09, R16."""
        row = Row()
        for i in self.report(town):
            if self.closed(i):
                row.denominator += 1
                row.numerator += bool(hit(i))
        return self.none_reported(town, row)

    def R07(self, town):
        return self.among_closed(town, lambda i: i["accepted_by"] is not None)

    def R08(self, town):
        row = Row()
        for i in self.report(town):
            if i["deadline_kind"] != "dated":
                continue
            if i["deadline_original_on"] is None:
                row.leave("unknown")
            else:
                row.denominator += 1
                row.numerator += self.current(i) > i["deadline_original_on"]
        return self.none_reported(town, row)

    def R09(self, town):
        return self.among_closed(
            town,
            lambda i: i["reopened_on"] is not None and 0 <= (i["reopened_on"] - i["closed_on"]).days <= 365,
        )

    def R16(self, town):
        row = self.among_closed(town, lambda i: i["rule_document"])
        row.counted, row.denominator = row.denominator, None
        return row

    # ---- organisations --------------------------------------------------------------------------

    def weak(self, town, hit):
        """R10."""
        rows = [r for r in self.of_town("weak_orgs", town) if r["cycle_year"] == self.year]
        return Row(sum(bool(hit(r)) for r in rows), len(rows))

    def R10a(self, town):
        return self.weak(town, lambda r: r["plan"])

    def R10b(self, town):
        return self.weak(town, lambda r: r["leader"])

    def R10c(self, town):
        return self.weak(town, lambda r: r["accepted_on"] is not None and r["result"] != "continuing")

    def R11(self, town):
        row = Row(denominator=None, counted=0)
        for branch in self.branches(town):
            if not self.active(branch, self.as_of, self.as_of):
                continue
            rows = [
                r
                for r in self.t["org_counts"]
                if r["org_id"] == branch["org_id"] and r["as_of"] <= self.as_of
            ]
            if not rows:
                row.leave("unknown")
            else:
                row.counted += 1
                row.numerator += max(rows, key=lambda r: r["as_of"])["members_n"] > 50
        return row

    def terms(self, town):
        """Elections with due day and whether the organisation was dissolved before it without one."""
        orgs = {o["org_id"]: o for o in self.t["organisations"]}
        for e in self.of_town("elections", town):
            due = e["expires_on"]
            if e["extended_until"] is not None and e["extended_until"] > due:
                due = e["extended_until"]
            gone = orgs[e["org_id"]]["dissolved_on"]
            yield e, due, gone is not None and gone < due and e["held_on"] is None

    def no_terms(self, town, row):
        """Filed nothing: unknown at once."""
        if not self.of_town("elections", town):
            row.fixed = "unknown"
        return row

    def R12(self, town):
        row = Row()
        for e, due, dissolved in self.terms(town):
            if not self.in_period(e["expires_on"]):
                continue
            if dissolved:
                row.leave("na")
            elif due > self.as_of:
                row.leave("not_due")
            else:
                row.denominator += 1
                row.numerator += e["held_on"] is not None and e["held_on"] <= due
        return self.no_terms(town, row)

    def R13(self, town):
        row = Row()
        for e, _, dissolved in self.terms(town):
            expiry = e["expires_on"]
            if not (self.in_period(expiry) or self.as_of < expiry <= months_after(self.as_of, 6)):
                continue
            last = months_after(expiry, -6)
            if dissolved:
                row.leave("na")
            elif last > self.as_of:
                row.leave("not_due")
            else:
                row.denominator += 1
                row.numerator += e["reminded_on"] is not None and e["reminded_on"] <= last
        return self.no_terms(town, row)

    def supervisions(self, town):
        """Supervisions of the township."""
        return [r for r in self.t["supervisions"] if r["township_id"] == town]

    def R14(self, town):
        row = Row()
        for s in self.supervisions(town):
            due = s["reply_due_on"]
            if due is None:
                if self.in_period(s["acted_on"]):
                    row.leave("na")
            elif self.in_period(due):
                if due > self.as_of:
                    row.leave("not_due")
                else:
                    row.denominator += 1
                    row.numerator += s["replied_on"] is not None and s["replied_on"] <= due
        return row

    def current_branches(self, town):
        """Branches active on as_of, or the period's end if earlier."""
        day = min(self.as_of, self.end)
        return [b for b in self.branches(town) if self.active(b, day, day)]

    def grades(self, org_id, year):
        """Scheme -> grade."""
        return {
            g["scheme"]: g["grade"]
            for g in self.t["branch_grades"]
            if (g["org_id"], g["year"]) == (org_id, year)
        }

    def R15(self, town):
        row = Row(denominator=None, counted=0)
        for branch in self.current_branches(town):
            now, last = self.grades(branch["org_id"], self.year), self.grades(branch["org_id"], self.year - 1)
            both = sorted(set(now) & set(last))
            if not self.year_over:
                row.leave("not_due")
            elif not now:
                row.leave("unknown")
            elif not both:
                row.leave("na")
            else:
                before, after = last[both[0]], now[both[0]]
                row.counted += 1
                row.numerator += (after < before) - (after > before)
        return row
