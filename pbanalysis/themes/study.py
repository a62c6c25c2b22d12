"""学习质量: what its results say beyond the scorecard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pbanalysis.calendar import months
from pbanalysis.indicators.columns import days, numbers
from pbanalysis.indicators.scores import paired_scores
from pbanalysis.indicators.study import meetings_of, obligations
from pbanalysis.privacy.disclosure import Policy
from pbanalysis.stats.gain import FEW_CLUSTERS, regression_to_the_mean
from pbanalysis.terms import TERMS
from pbanalysis.themes.matters import Due, Matter, due_soon, general, short_of, shown_first
from pbanalysis.themes.report import Report

__all__ = [
    "LIMITS",
    "BranchMonths",
    "Learnt",
    "Months",
    "attendance",
    "branch_months",
    "due_next",
    "learnt",
    "meeting_mix",
    "onsite",
]

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


def due_next(report: Report) -> list[Due]:
    """Obligations of the period that are still to come."""
    rows = obligations(report.known, report.period)
    ahead = rows[(rows["class"] == "not_due").to_numpy()]
    branches = len(report.known.branches)
    return due_soon("meetings", report, days(ahead["end"]), 366, ("organisations",), branches)


@dataclass(frozen=True)
class BranchMonths:
    """What each branch held in each month; ``states`` has shape (branches, months)."""

    branches: list[str]
    months: list[str]
    states: npt.NDArray[np.str_]


def branch_months(report: Report) -> BranchMonths:
    """State of every branch in every month of the period, over all its obligations that end in the month."""
    at, period = report.known, report.period
    rows, (starts, ends) = obligations(at, period), months(period)
    names = at.branches["name"].tolist()
    month = rows["end"].to_numpy().astype("datetime64[M]").astype(int) - ends[0].astype(
        "datetime64[M]"
    ).astype(int)
    has = {
        kind: np.zeros((len(names), len(ends)), dtype=bool)
        for kind in ("held", "missed", "not_due", "unknown")
    }
    for kind, mask in has.items():
        mine = (rows["class"] == kind).to_numpy()
        mask[rows["branch"].to_numpy()[mine], month[mine]] = True
    held, missed = has["held"], has["missed"]
    states = np.select(
        [held & missed, missed, held, has["unknown"], has["not_due"]],
        ["partial", "missing", "held", "unknown", "not_due"],
        "na",
    )
    owed = (states != "na").any(axis=1)
    labels = [f"{day.astype('datetime64[M]').astype(int) % 12 + 1}月" for day in starts]
    return BranchMonths([name for name, own in zip(names, owed) if own], labels, states[owed])


@dataclass(frozen=True)
class Months:
    """A monthly share of the months that have ended; NaN = no record that month."""

    labels: list[str]
    values: npt.NDArray[np.float64]


def attendance(report: Report) -> Months:
    """Present / expected by month, over meetings with both filled."""
    at, period = report.known, report.period
    _, ends = months(period)
    ends = ends[ends <= at.day]
    rows = meetings_of(at, period)
    present, expected = numbers(rows["present_n"]), numbers(rows["expected_n"])
    usable = (expected > 0) & ~np.isnan(present)
    month = days(rows["held_on"]).astype("datetime64[M]").astype(int) - np.datetime64(
        period.start, "M"
    ).astype(int)
    mine = usable & (month < len(ends))
    sums = [np.bincount(month[mine], weights=part[mine], minlength=len(ends)) for part in (present, expected)]
    with np.errstate(invalid="ignore"):
        values = sums[0] / sums[1]
    return Months([f"{day.astype('datetime64[M]').astype(int) % 12 + 1}月" for day in ends], values)


def meeting_mix(report: Report) -> tuple[list[str], list[str], npt.NDArray[np.float64]]:
    """Quarters, kinds of meeting, and how many meetings of each kind; one meeting may be of several kinds."""
    rows = meetings_of(report.known, report.period)
    kinds = TERMS["types"]
    quarter = rows["held_on"].dt.quarter.to_numpy()
    counts = np.array(
        [[(rows[f"is_{kind}"].to_numpy() & (quarter == q)).sum() for kind in kinds] for q in (1, 2, 3, 4)],
        float,
    )
    used = counts.sum(axis=1) > 0
    labels = [f"第{'一二三四'[q]}季度" for q in range(4) if used[q]]
    return labels, list(kinds.values()), counts[used]


@dataclass(frozen=True)
class Learnt:
    """Tests before and after, of those who took one before; means are shares of the full mark.

    ``few_branches``: too few for the range of the gain to be as wide as it should. Counts and means of one to
    four persons are None. ``regression`` is the mean change to be expected
    without any learning, given how far the township's mean before lies from the county's.
    """

    matched: int
    few_branches: bool
    gone: int | None
    pre: float
    post: float
    ceiling: int | None
    regression: float | None


def learnt(report: Report) -> Learnt | None:
    """What two tests of the same persons say; None where the row S17 is not published or nobody came back."""
    reading = report.reading("S17")
    if reading is None or reading.state != "info" or reading.value is None:
        return None
    pairs = paired_scores(report.known, report.period)
    both = pairs.dropna(subset=["post"])
    few = Policy().threshold
    county = report.county_tested

    def shown(n: int) -> int | None:
        return n if n == 0 or n >= few else None

    if len(both) < few:
        return None
    pre = float(both["pre"].mean())
    return Learnt(
        matched=len(both),
        few_branches=both["org_id"].nunique() < FEW_CLUSTERS,
        gone=shown(len(pairs) - len(both)),
        pre=pre,
        post=float(both["post"].mean()),
        ceiling=shown(int((both["pre"] >= 1).sum())),
        regression=None if county is None else regression_to_the_mean(pre, county.mean, county.reliability),
    )
