"""整改成效: what its results say beyond the scorecard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.calendar import months
from pbanalysis.indicators.columns import days
from pbanalysis.indicators.organisations import elections
from pbanalysis.indicators.rectification import issues
from pbanalysis.terms import ISSUE_CATEGORIES
from pbanalysis.themes.matters import Due, Matter, due_soon, general, short_of, shown_first
from pbanalysis.themes.report import Report

__all__ = [
    "AGES",
    "ENDS",
    "LIMITS",
    "STANDINGS",
    "Ledger",
    "MonthEnds",
    "burn_down",
    "by_category",
    "due_next",
    "how_ended",
    "ledger",
    "onsite",
    "overdue_ages",
    "terms",
]

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


def due_next(report: Report) -> list[Due]:
    """Deadlines within three months, terms that expire within a year, reminders due within half a year."""
    rows = issues(report.known, report.period)
    going = rows["dated"].to_numpy() & (rows["event"].to_numpy() == 0)
    every = elections(report.known)
    current = every[every["held_on"].isna().to_numpy() & ~every["dissolved"].to_numpy()]
    untold = current[current["reminded_on"].isna().to_numpy()]
    listed, filed = (("issues",), len(rows)), (("elections",), len(every))
    return [
        *due_soon("issues", report, days(rows["current_on"])[going], 90, *listed),
        *due_soon("reminders", report, days(untold["reminder_due_on"]), 183, *filed),
        *due_soon("terms", report, days(current["due_on"]), 366, *filed),
    ]


@dataclass(frozen=True)
class MonthEnds:
    """Open and overdue issues at each month's end; NaN where the month has not ended.

    ``at_cut_off``: the last of these ends is the cut-off, so that its numbers are those of the report.
    """

    labels: list[str]
    open_n: npt.NDArray[np.float64]
    overdue_n: npt.NDArray[np.float64]
    at_cut_off: bool


def burn_down(report: Report) -> MonthEnds:
    """Open issues of the report's ledger at the end of each month of the period.

    An issue that ended otherwise on a day that is not known at the cut-off is in no month: what counts it
    (R03, R05) takes it as ended, and when is anybody's guess.
    """
    at, period = report.known, report.period
    rows, (_, ends) = issues(at, period), months(period)
    end = ends[None, :]
    found, closed, due = (days(rows[name])[:, None] for name in ("found_on", "closed_on", "current_on"))
    again, final = (days(rows[name])[:, None] for name in ("reopened_on", "reclosed_on"))
    otherwise = rows["ended_otherwise"].to_numpy()[:, None]
    reopened = ~otherwise & (again <= end) & (again >= closed) & ~((final <= end) & (final >= again))
    ended = ((closed <= end) & ~reopened) | (otherwise & np.isnat(closed))
    still = ~(found > end) & ~ended
    late = still & rows["dated"].to_numpy()[:, None] & (due <= end)
    open_n, overdue_n = (np.where(ends <= at.day, mask.sum(axis=0), np.nan) for mask in (still, late))
    labels = [f"{day.astype('datetime64[M]').astype(int) % 12 + 1}月" for day in ends]
    return MonthEnds(labels, open_n, overdue_n, at_cut_off=bool((ends == at.day).any()))


# where an issue stands at the cut-off, in this order of precedence
STANDINGS = ("已销号", "未到期", "逾期", "无到期日", "其他了结")


def by_category(report: Report) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Issues by category (those that occur, in the order of the codebook) and where they stand."""
    rows = issues(report.known, report.period)
    closed = rows["closed"].to_numpy() & ~rows["open_again"].to_numpy()
    standing = np.select(
        [closed, rows["ended_otherwise"].to_numpy(), rows["overdue"].to_numpy(), rows["dated"].to_numpy()],
        [0, 4, 2, 1],
        3,
    )
    codes = list(ISSUE_CATEGORIES)
    category = pd.Index(codes).get_indexer(rows["category"])
    counts = np.zeros((len(codes), len(STANDINGS)), dtype=np.int64)
    np.add.at(counts, (category[category >= 0], standing[category >= 0]), 1)
    used = counts.sum(axis=1) > 0
    return [ISSUE_CATEGORIES[code] for code, has in zip(codes, used) if has], counts[used]


@dataclass(frozen=True)
class Ledger:
    """Issues of the report's ledger at the cut-off, so that counts which look alike can be set side by side.

    ``listed`` = ``closed`` + ``otherwise`` + ``never``; of the closed, ``again`` are open again; ``no_category``
    of the listed are in no row of :func:`by_category`; ``no_days`` cannot be followed from finding to end.
    """

    listed: int
    closed: int
    again: int
    otherwise: int
    never: int
    no_category: int
    no_days: int


def ledger(report: Report) -> Ledger:
    """How the issues of the ledger stand."""
    rows = issues(report.known, report.period)
    closed, otherwise = rows["closed"].to_numpy(), rows["ended_otherwise"].to_numpy()
    return Ledger(
        listed=len(rows),
        closed=int(closed.sum()),
        again=int((closed & rows["open_again"].to_numpy()).sum()),
        otherwise=int(otherwise.sum()),
        never=int((~closed & ~otherwise).sum()),
        no_category=len(rows) - int(by_category(report)[1].sum()),
        no_days=int(rows["days"].isna().sum()),
    )


# how an issue can end, in the order of the codes of ``event``; what is neither is still open
ENDS = ("仍未办结", "销号", "合并、转办、撤销")


def how_ended(report: Report) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Days each issue was followed, and how it ended (position in :data:`ENDS`)."""
    rows = issues(report.known, report.period)
    length = rows["days"].to_numpy(dtype=float)
    usable = np.isfinite(length)
    return length[usable], rows["event"].to_numpy(dtype=np.int64)[usable]


# days past the deadline up to which each class runs
AGES = {"一个月以内": 30, "三个月以内": 90, "半年以内": 180, "半年以上": None}


def overdue_ages(report: Report) -> npt.NDArray[np.int64]:
    """Overdue issues by how long they are past their current deadline (:data:`AGES`)."""
    rows = issues(report.known, report.period)
    late = rows[rows["overdue"].to_numpy()]
    past = (report.known.day - days(late["current_on"])).astype(int)
    return np.bincount(
        np.digitize(past, [last + 1 for last in AGES.values() if last]), minlength=len(AGES)
    ).astype(np.int64)


def terms(report: Report) -> pd.DataFrame:
    """Current terms of organisations that still exist: ``name``, ``due_on``, ``reminded``."""
    rows = elections(report.known)
    rows = rows[rows["held_on"].isna().to_numpy() & ~rows["dissolved"].to_numpy()]
    names = report.known.rows("organisations").drop_duplicates("org_id").set_index("org_id")["name"]
    return pd.DataFrame(
        {
            "name": rows["org_id"].map(names).to_numpy(),
            "due_on": days(rows["due_on"]),
            "reminded": rows["reminded_on"].notna().to_numpy(),
        }
    )
