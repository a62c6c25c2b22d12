"""What a report shows but does not count itself, and what therefore travels with the results.

A township's report reads no other township's rows. So the county's curves of time come with the results;
and so does what an expected regression to the mean needs: the county's mean before, and how two tests of
a person agree. Of a township's own there come its quotas, and whether the period before was filed in full;
of every number, how many rows of the ledgers it was counted from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators import Known
from pbanalysis.indicators.learning import studies
from pbanalysis.indicators.rectification import issues
from pbanalysis.indicators.scores import paired_scores
from pbanalysis.indicators.together import CLUSTERED, design_effects
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.privacy.relations import TRAITS
from pbanalysis.stats.survival import KaplanMeier, kaplan_meier
from pbanalysis.store.county import County
from pbanalysis.themes.reading import FEW

__all__ = [
    "Beside",
    "CountyCurve",
    "Tested",
    "Together",
    "beside",
    "quota",
    "rows_told",
    "study_lag",
    "thin",
    "time_to_close",
]


@dataclass(frozen=True)
class CountyCurve:
    """Share still open on each day it changes, and how many were followed until then."""

    n: int
    median: float | None
    day: list[float]
    left: list[float]
    risk: list[int]

    @classmethod
    def of(cls, fitted: KaplanMeier) -> CountyCurve:
        """The curve, in tenths of a percent."""
        median = float(fitted.median().value)
        return cls(
            n=int(fitted.at_risk[0]),
            median=median if np.isfinite(median) else None,
            day=fitted.time.tolist(),
            left=fitted.survival.round(3).tolist(),
            risk=fitted.at_risk.tolist(),
        )

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))


def study_lag(at: Known, period: Period) -> KaplanMeier | None:
    """Days from a document's release to its first study, by branch and document; None where nobody is followed."""
    units = studies(at, period)
    return kaplan_meier(units.days[units.known], units.event[units.known]) if units.known.any() else None


def time_to_close(at: Known, period: Period) -> KaplanMeier | None:
    """Days from finding to closing of issues; other ends leave the risk set on their day."""
    rows = issues(at, period)
    length = rows["days"].to_numpy(dtype=float)
    usable = np.isfinite(length)
    return kaplan_meier(length[usable], rows["closed"].to_numpy()[usable]) if usable.any() else None


@dataclass(frozen=True)
class Tested:
    """First tests of the county: mean share of the full mark, and correlation with the last test."""

    mean: float
    reliability: float

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))


def _tested(at: Known, period: Period) -> Tested | None:
    pairs = paired_scores(at, period)
    both = pairs.dropna(subset=["post"])
    if len(both) < _ENOUGH or both["pre"].std() == 0 or both["post"].std() == 0:
        return None
    agree = float(np.clip(both["pre"].corr(both["post"]), 0, 1))
    return Tested(round(float(pairs["pre"].mean()), 3), round(agree, 2))


@dataclass(frozen=True)
class Together:
    """How far records of one branch go together, so that a funnel is drawn as it judges."""

    value: float
    degrees: int

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))


def _curve(fit: Callable[[Known, Period], KaplanMeier | None]) -> Callable[[Known, Period], Beside | None]:
    def make(at: Known, period: Period) -> Beside | None:
        fitted = fit(at, period)
        return None if fitted is None else CountyCurve.of(fitted)

    return make


def _together(name: str) -> Callable[[Known, Period], Beside | None]:
    def make(at: Known, period: Period) -> Beside | None:
        effect = design_effects(at, period)[name]
        return Together(round(effect.value, 3), effect.degrees)

    return make


Beside: TypeAlias = CountyCurve | Tested | Together
_ENOUGH = 30  # persons tested twice in the county, from which on a correlation is said
_MADE: Mapping[str, Callable[[Known, Period], Beside | None]] = {
    **{name: _together(name) for name in CLUSTERED},
    "S06": _curve(study_lag),
    "R06": _curve(time_to_close),
    "S17": _tested,
}


def beside(frame: pd.DataFrame, at: Known, period: Period) -> pd.Series[str]:
    """A column beside the results: JSON on the county's rows that have one, missing elsewhere."""
    column = pd.Series(pd.NA, index=frame.index, dtype="str")
    mine = (frame["unit_level"] == "county") & (frame["period"] == period.label)
    for indicator, make in _MADE.items():
        if (made := make(at, period)) is not None:
            column[mine & (frame["indicator_id"] == indicator)] = made.text()
    return column


def quota(frame: pd.DataFrame, county: County, period: Period) -> pd.Series[int]:
    """A column beside the results: the county's 任务分解 of the year, where an item is judged by it."""
    column = pd.Series(pd.NA, index=frame.index, dtype="Int64")
    rows = county.frame("quotas")
    if rows is None:
        return column
    this_year = (rows["year"] == period.year).fillna(False).to_numpy(dtype=bool)
    judged = {i.id for i in registry() if i.quotas}
    rows = rows[this_year & rows["item_id"].isin(judged).to_numpy()].dropna(subset=["quota_n"])
    given = {
        (unit, item): int(n) for unit, item, n in zip(rows["township_id"], rows["item_id"], rows["quota_n"])
    }
    mine = frame[frame["period"] == period.label]
    column[mine.index] = [given.get(pair, pd.NA) for pair in zip(mine["unit_id"], mine["indicator_id"])]
    return column


# what their rows would tell of persons is nowhere else said: how many of a branch took a test, how often
# somebody was looked after
_ROWS_NOT_TOLD = TRAITS | {"M08-5"}


def rows_told(frame: pd.DataFrame, counted: pd.Series[int]) -> pd.Series[int]:
    """A column beside the results: how many source rows each was counted from.

    Empty where the row is held back, or its rows would tell more of persons than the row itself does.
    """
    told = (frame["state"] != "suppressed") & ~frame["indicator_id"].isin(_ROWS_NOT_TOLD)
    return counted.where(told)


def thin(frame: pd.DataFrame, period: Period) -> pd.Series[bool]:
    """A column beside the results: rows of the period before that rest on less than half of what is known now.

    Of the unit itself or in the county. A count has no units of its own: its neighbour that counts in the
    same tables speaks for it.
    """
    known = frame["denominator"] + frame["n_not_due"].fillna(0) + frame["n_na"].fillna(0)
    named = known.set_axis(pd.MultiIndex.from_frame(frame[["indicator_id", "unit_id"]])).astype("Float64")
    own = (frame["period"] == period.label).to_numpy()
    now, then = named[own], named[~own]
    fewer = ((now >= FEW) & (2 * then.reindex(now.index) < now)).fillna(False)
    few = set(fewer.index[fewer.to_numpy(dtype=bool)])
    speaks = {i.id: _speaks_for(i).id for i in registry()}
    county = set(frame.loc[frame["unit_level"] == "county", "unit_id"])
    marked = [
        not mine and any((speaks.get(name, name), place) in few for place in (unit, *county))
        for mine, name, unit in zip(own, frame["indicator_id"], frame["unit_id"])
    ]
    return pd.Series(marked, index=frame.index, dtype=bool)


def _speaks_for(indicator: Indicator) -> Indicator:
    if indicator.kind != "count":
        return indicator
    alike = (i for i in registry() if i.kind != "count" and i.source_tables == indicator.source_tables)
    return next(alike, indicator)
