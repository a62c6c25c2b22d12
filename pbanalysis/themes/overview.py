"""全县概览: what the county's results say that no township's report can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pbanalysis.stats.ranks import rank_proportions
from pbanalysis.themes.matters import Matter, general, short_of, shown_first
from pbanalysis.themes.reading import FEW, Reading
from pbanalysis.themes.report import Report

__all__ = [
    "LEDGERS",
    "LIMITS",
    "VERDICTS",
    "Place",
    "filed",
    "onsite",
    "places",
    "towns",
    "township_states",
]

LIMITS = ("self_reported", "contribution", "no_grade")
# the ledgers that every township is asked for
LEDGERS = ("meetings", "trainings", "admissions", "issues", "village_years", "elections")


def towns(report: Report) -> list[tuple[str, str]]:
    """Code and name of the townships in official order."""
    frame = report.county.townships
    return [(str(code), str(name)) for code, name in zip(frame["township_id"], frame["name"])]


def filed(report: Report) -> dict[str, list[int | None]]:
    """Rows of each ledger by township, in official order; None where the table was not collected."""
    counts: dict[str, list[int | None]] = {}
    for name in LEDGERS:
        if not report.county.has(name):
            counts[name] = [None] * len(towns(report))
            continue
        rows = report.known.rows(name)
        counts[name] = np.bincount(rows["town"].to_numpy(), minlength=len(towns(report))).tolist()
    return counts


VERDICTS = ("met", "not_met", "unjudged")


def township_states(report: Report, indicator: str) -> dict[str, int]:
    """Townships that meet an indicator, that do not, and that are not judged; empty where it binds none."""
    readings = [report.reading(indicator, code) for code, _ in towns(report)]
    if not any(r is not None and r.evaluated for r in readings):
        return {}
    states = [r.state if r is not None else "unknown" for r in readings]
    met, not_met = states.count("met"), states.count("not_met")
    return dict(zip(VERDICTS, (met, not_met, len(states) - met - not_met)))


@dataclass(frozen=True)
class Place:
    """Where a township may stand among those compared: never a single place unless it is certain."""

    best: int
    worst: int
    apart: int
    compared: int


def places(readings: Sequence[Reading | None], effect: float = 1.0) -> list[Place | None]:
    """Joint rank ranges of a share; None for those that are not compared (few units, no data, withheld).

    ``effect`` is the design effect: so many records of one branch say as much as one independent record.
    """
    usable = [
        r is not None and r.is_share and r.state in ("met", "not_met", "info") and (r.denominator or 0) >= FEW
        for r in readings
    ]
    chosen = [r for r, use in zip(readings, usable) if r is not None and use]
    if len(chosen) < 2 or any((r.numerator or 0) > (r.denominator or 0) for r in chosen):
        return [None] * len(readings)
    ranks = rank_proportions(
        [(r.numerator or 0) / effect for r in chosen],
        [(r.denominator or 0) / effect for r in chosen],
        larger_first=chosen[0].indicator.direction != "down",
    )
    found = iter(zip(ranks.best.tolist(), ranks.worst.tolist(), ranks.distinguishable_n.tolist()))
    return [Place(*next(found), len(chosen)) if use else None for use in usable]


def onsite(report: Report) -> list[Matter]:
    """At most five matters that the county itself should look into."""
    own = [Matter("county_audit", (r,)) for r in short_of(report, "D07")]
    own += [Matter("overdue", (r,)) for r in short_of(report, "R05")]
    own += [Matter("not_accepted", (r,)) for r in short_of(report, "R07")]
    own += [Matter("branch_too_big", (r,)) for r in short_of(report, "R11")]
    return shown_first(own, general(report))
