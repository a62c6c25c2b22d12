"""Enterprises and social organisations of the two new fields: surveyed, organised, reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators.columns import Bools, flags
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.tally import Tally, tally
from pbanalysis.plan.registry import Indicator

__all__ = ["share"]


def _surveyed(rows: pd.DataFrame) -> Bools:
    return np.asarray(rows["surveyed_on"].notna())


def _organised(rows: pd.DataFrame) -> Bools:
    return np.asarray(rows["coverage"].isin(["own", "joint"]))


def _reached(rows: pd.DataFrame) -> Bools:
    covered = rows["coverage"].isin(["own", "joint", "work_only"]).to_numpy()
    return np.asarray(covered | flags(rows["instructor"]) | flags(rows["liaison"]))


def _guided(rows: pd.DataFrame) -> Bools:
    return flags(rows["instructor"]) & flags(rows["liaison"])


_TESTS: Mapping[str, Callable[[pd.DataFrame], Bools]] = {
    "surveyed": _surveyed,
    "organised": _organised,
    "reached": _reached,
    "guided": _guided,
}


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
    counts = tally(known, rows["town"].to_numpy(), _TESTS[options["test"]](rows))
    return counts if known.has("enterprises") else counts.absent()
