"""The county's curves of time, coarse enough to travel with the results.

A township's report shows its own curve beside the county's. It reads no other township's rows, so the
county's curve comes with the results, at every tenth day and in whole percent: what is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators import Known
from pbanalysis.indicators.learning import studies
from pbanalysis.indicators.rectification import issues
from pbanalysis.stats.survival import KaplanMeier, kaplan_meier

__all__ = ["CoarseCurve", "county_curves", "study_lag", "time_to_close"]

_STEP = 10


@dataclass(frozen=True)
class CoarseCurve:
    """Share still open at every tenth day, and how many were then still followed."""

    n: int
    median: float | None
    day: list[int]
    left: list[float]
    risk: list[int]

    @classmethod
    def of(cls, fitted: KaplanMeier) -> CoarseCurve:
        """The curve at every tenth day it was observed."""
        day = np.arange(0, fitted.time[-1] + 1, _STEP)
        median = float(fitted.median().value)
        return cls(
            n=int(fitted.at_risk[0]),
            median=median if np.isfinite(median) else None,
            day=day.astype(int).tolist(),
            left=fitted.at(day).round(2).tolist(),
            risk=fitted.number_at_risk(day).tolist(),
        )

    @classmethod
    def parse(cls, text: str) -> CoarseCurve:
        """Read what :meth:`text` wrote."""
        return cls(**json.loads(text))

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


_CURVES: Mapping[str, Callable[[Known, Period], KaplanMeier | None]] = {
    "S06": study_lag,
    "R06": time_to_close,
}


def county_curves(frame: pd.DataFrame, at: Known, period: Period) -> pd.Series[str]:
    """A column beside the results: the curve on the county's rows of S06 and R06, missing elsewhere."""
    column = pd.Series(pd.NA, index=frame.index, dtype="str")
    mine = (frame["unit_level"] == "county") & (frame["period"] == period.label)
    for indicator, fit in _CURVES.items():
        fitted = fit(at, period)
        if fitted is not None:
            column[mine & (frame["indicator_id"] == indicator)] = CoarseCurve.of(fitted).text()
    return column
