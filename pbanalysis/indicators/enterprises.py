"""Enterprises and social organisations of the two new fields: surveyed, organised, reached."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators.known import Known, flags
from pbanalysis.indicators.tally import Bools, Tally, tally
from pbanalysis.plan.registry import Indicator

__all__ = ["share"]


def _hit(rows: pd.DataFrame, test: str) -> Bools:
    coverage = rows["coverage"]
    match test:
        case "surveyed":
            return rows["surveyed_on"].notna().to_numpy()
        case "organised":
            return coverage.isin(["own", "joint"]).to_numpy()
        case "reached":
            work = coverage.isin(["own", "joint", "work_only"]).to_numpy()
            return np.asarray(work | flags(rows["instructor"]) | flags(rows["liaison"]))
        case "guided":
            return np.asarray(flags(rows["instructor"]) & flags(rows["liaison"]))
    raise ValueError(test)


def share(known: Known, period: Period, indicator: Indicator) -> Tally:
    """Enterprises of some kinds that pass a test / those of the kinds (operating, eligible).

    Enterprises are counted, not organisations: a joint branch covers several of them, and a share above
    100 % cannot come about.
    """
    rows, options = known.rows("enterprises"), indicator.options
    if "kinds" in options:
        rows = rows[rows["kind"].isin(options["kinds"]).to_numpy()]
    if "among" in options:
        rows = rows[flags(rows["operating"]) & (flags(rows["eligible"]) | (options["among"] == "operating"))]
    counts = tally(known, rows["town"].to_numpy(), _hit(rows, options["test"]))
    return counts if known.has("enterprises") else counts.absent()
