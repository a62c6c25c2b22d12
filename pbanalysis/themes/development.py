"""发展党员: what its results say beyond the scorecard. Cases are persons: only counts, and only protected ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.indicators.columns import days
from pbanalysis.indicators.development import LIMITS as LIMIT_KINDS
from pbanalysis.indicators.development import limits
from pbanalysis.privacy.disclosure import protect_table
from pbanalysis.themes.matters import Due, Matter, due_soon, general, short_of, shown_first
from pbanalysis.themes.reading import FEW
from pbanalysis.themes.report import Report

__all__ = [
    "LIMITS",
    "STAGES",
    "LimitDays",
    "Structure",
    "due_next",
    "limit_days",
    "onsite",
    "stages",
    "structure",
]

_ENDED = ("cancelled", "withdrawn", "transferred")

LIMITS = ("admissions_number", "missing_dates", "audit_sample", "no_grade")


def onsite(report: Report) -> list[Matter]:
    """At most five matters to check on site."""
    own = [Matter("limits_broken", (r,)) for r in short_of(report, "D04")]
    own += [Matter("no_review", (r,)) for r in short_of(report, "D06")]
    own += [Matter("faults_open", (r,)) for r in short_of(report, "D09")]
    own += [Matter("followups_open", (r,)) for r in short_of(report, "D14")]
    if (
        (cases := report.reading("D04"))
        and cases.state != "suppressed"
        and cases.n_unknown
        and cases.denominator
    ):
        own.append(Matter("dates_missing", (cases,)))
    return shown_first(own, general(report))


def due_next(report: Report) -> list[Due]:
    """Longest limits and follow-ups that end within three months."""
    rows = limits(report.known, report.period)
    longest = {limit.name for limit in LIMIT_KINDS if limit.kind == "most"}
    running = rows[(rows["class"] == "not_due").to_numpy() & rows["limit"].isin(longest).to_numpy()]
    followups = report.known.rows("followups")
    waiting = followups[followups["done_on"].isna().to_numpy()]
    return [
        *due_soon("limits", report, days(running["limit_day"]), 90, ("admissions",), None),
        *due_soon("followups", report, days(waiting["due_on"]), 90, ("followups",), None),
    ]


# stages a case can stand in, by the furthest step taken
STAGES = {
    "applied_on": "入党申请人",
    "activist_on": "入党积极分子",
    "candidate_on": "发展对象",
    "assembly_on": "预备党员",
}


def stages(report: Report) -> pd.DataFrame:
    """Cases in each stage at the cut-off, protected: columns ``stage``, ``n``, ``suppressed``; 合计 last."""
    cases = report.known.rows("admissions")
    going = ~cases["outcome"].isin(_ENDED).to_numpy() & cases["conversion_approved_on"].isna().to_numpy()
    furthest = np.zeros(len(cases), dtype=int)
    for k, step in enumerate(STAGES, start=1):
        furthest[cases[step].notna().to_numpy()] = k
    counts = np.bincount(furthest[going], minlength=len(STAGES) + 1)[1:]
    table = pd.DataFrame({"stage": list(STAGES.values()), "n": counts})
    return protect_table(table, ["stage"])[0]


@dataclass(frozen=True)
class LimitDays:
    """Durations between the two steps of a limit, and the limit in days (``most`` or ``least``).

    ``broken`` of them do not keep it, by calendar months as in D05; a step that was never taken has no
    duration and is not among them.
    """

    name: str
    days: npt.NDArray[np.float64]
    limit: int
    kind: str
    broken: int


def limit_days(report: Report) -> list[LimitDays]:
    """How long each step took against its limit.

    Only limits whose row is published and that at least ten cases have gone through.
    """
    rows = limits(report.known, report.period)
    found = []
    for limit in LIMIT_KINDS:
        reading = report.reading(f"D05.{limit.name}")
        mine = rows[(rows["limit"] == limit.name).to_numpy()]
        length = (mine["later"] - mine["earlier"]).dt.days
        lengths = length.dropna().to_numpy(dtype=float)
        broken = int(((mine["class"] == "breach") & length.notna()).sum())
        if limit.kind == "hours" or reading is None or reading.state == "suppressed" or len(lengths) < FEW:
            continue
        months = report.known.on(report.period).months(limit.rule)
        days_limit = round(months * 365.25 / 12)
        found.append(LimitDays(reading.name, lengths, days_limit, limit.kind, broken))
    return found


@dataclass(frozen=True)
class Structure:
    """New members by age, education …: columns ``level``, ``n``, ``suppressed``, over the years named."""

    table: pd.DataFrame
    first_year: int
    last_year: int


_ALONE = 50  # new members of a year from which on its structure is shown by itself


def structure(report: Report, dimension: str) -> Structure | None:
    """New members by a dimension, protected; a small year is pooled with the two before. None without data."""
    rows, year = report.known.rows("admission_profiles"), report.period.year
    mine = rows[(rows["dimension"] == dimension).to_numpy(dtype=bool, na_value=False)]
    chosen = mine[(mine["year"] == year).to_numpy(dtype=bool, na_value=False)]
    if chosen["n"].sum() < _ALONE:
        chosen = mine[mine["year"].between(year - 2, year).to_numpy(dtype=bool, na_value=False)]
    if chosen.empty:
        return None
    table = protect_table(chosen, ["level"])[0]
    return Structure(table[table["level"] != "合计"], int(chosen["year"].min()), int(chosen["year"].max()))
