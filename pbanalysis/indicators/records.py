"""Figures reported as such (``measure_records``), for items that have no row-level table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators.columns import between, days, equals, numbers
from pbanalysis.indicators.due import due_reached
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.tally import OwnRow, Tally, nothing, tally
from pbanalysis.plan.registry import Indicator

__all__ = ["reported"]


def _latest(known: Known, period: Period, indicator: Indicator) -> pd.DataFrame:
    """Latest usable row of each unit, index = its code; a yearly item only from rows dated in the year."""
    rows = known.table("measure_records")
    if rows is None:
        return pd.DataFrame(
            {"numerator": [], "denominator": []}, index=pd.Index([], dtype="str"), dtype=float
        )
    as_of = days(rows["as_of"])
    usable = equals(rows["item_id"], indicator.id) & (as_of <= known.day)
    usable &= rows["numerator"].notna().to_numpy()
    if indicator.kind != "count":
        usable &= rows["denominator"].notna().to_numpy()
    if indicator.yearly:
        usable &= between(as_of, period.year_start, period.end)
    last = rows[usable].sort_values("as_of", kind="stable").drop_duplicates("township_id", keep="last")
    return last.set_index("township_id")[["numerator", "denominator"]]


def reported(known: Known, period: Period, indicator: Indicator) -> Tally:
    """An item's latest reported figure, by township, or the county's own."""
    latest, waiting = _latest(known, period, indicator), not due_reached(known, period, indicator)
    counts = nothing(known)
    if indicator.level != "other":
        mine = latest.reindex(known.towns)
        number, base = numbers(mine["numerator"]), numbers(mine["denominator"])
        if indicator.kind == "count":
            base = np.where(np.isnan(number), np.nan, 1.0)
        missing = np.isnan(number)
        own = indicator.level == "county" and known.county.code in latest.index
        counts = tally(
            known,
            np.arange(len(known.towns)),
            number,
            na=(base == 0) | (missing & own),
            not_due=missing & waiting,
            unknown=missing,
            weight=base,
            rows=~missing,
        )
        if not own:
            return counts
    return replace(counts, county=_own_row(latest, known.county.code, indicator, waiting))


def _own_row(latest: pd.DataFrame, code: str, indicator: Indicator, waiting: bool) -> OwnRow:
    if code not in latest.index:
        return OwnRow(0.0, 0.0, n_na=0, n_unknown=int(not waiting), n_not_due=int(waiting), rows=0)
    number, base = (float(value) if pd.notna(value) else 1.0 for value in latest.loc[code])
    if indicator.kind == "count":
        base = 1.0
    return OwnRow(number if base else 0.0, base, n_na=int(base == 0), n_unknown=0, n_not_due=0, rows=1)
