"""整改成效: what its results say beyond the scorecard."""

from __future__ import annotations

from pbanalysis.themes.matters import Matter, general, short_of, shown_first
from pbanalysis.themes.report import Report

__all__ = ["LIMITS", "onsite"]

LIMITS = ("closing_is_not_effect", "moved_deadlines", "competing_ends", "no_grade")


def onsite(report: Report) -> list[Matter]:
    """At most five matters to check on site: overdue first, then what is closed on paper alone."""
    own = [Matter("overdue", (r,)) for r in short_of(report, "R05")]
    own += [Matter("not_accepted", (r,)) for r in short_of(report, "R07")]
    own += [Matter("reopened", (r,)) for r in short_of(report, "R09")]
    if (moved := report.reading("R08")) and moved.state == "info" and moved.numerator:
        own.append(Matter("moved", (moved,)))
    if (due := report.reading("R03")) and due.judged and (due.n_na or 0) > (due.denominator or 0):
        own.append(Matter("standing", (due,)))
    own += [Matter("branch_too_big", (r,)) for r in short_of(report, "R11")]
    return shown_first(own, general(report))
