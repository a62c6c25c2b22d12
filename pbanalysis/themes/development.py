"""发展党员: what its results say beyond the scorecard. Cases are persons: only counts, and only protected ones."""

from __future__ import annotations

from pbanalysis.themes.matters import Matter, general, short_of, shown_first
from pbanalysis.themes.report import Report

__all__ = ["LIMITS", "onsite"]

LIMITS = ("admissions_number", "missing_dates", "audit_sample", "no_grade")


def onsite(report: Report) -> list[Matter]:
    """At most five matters to check on site."""
    own = [Matter("limits_broken", (r,)) for r in short_of(report, "D04")]
    own += [Matter("no_review", (r,)) for r in short_of(report, "D06")]
    own += [Matter("faults_open", (r,)) for r in short_of(report, "D09")]
    own += [Matter("followups_open", (r,)) for r in short_of(report, "D14")]
    if (cases := report.reading("D04")) and cases.state != "suppressed" and cases.n_unknown and cases.denominator:
        own.append(Matter("dates_missing", (cases,)))
    return shown_first(own, general(report))
