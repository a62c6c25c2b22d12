"""学习质量: what its results say beyond the scorecard."""

from __future__ import annotations

from pbanalysis.themes.matters import Matter, general, short_of, shown_first
from pbanalysis.themes.report import Report

__all__ = ["LIMITS", "onsite"]

# what may not be concluded from this theme, whatever its numbers
LIMITS = ("volume", "self_reported", "screens", "no_grade")


def onsite(report: Report) -> list[Matter]:
    """At most five matters to check on site, those that only a visit can settle first."""
    own = []
    if (flagged := report.reading("S15")) and flagged.state == "info" and flagged.numerator:
        own.append(Matter("flagged", (flagged,)))
    own += [Matter("incomplete", (r,)) for r in short_of(report, "S14")]
    own += [Matter("first_topic", (r,)) for r in short_of(report, "S05")]
    own += [Matter("life_meeting", (r,)) for r in short_of(report, "S13")]
    return shown_first(own[:3], general(report), own[3:])
