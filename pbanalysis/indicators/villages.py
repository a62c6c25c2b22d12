"""Villages and communities: what the year's row of each says. Without that row the village is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators.columns import Floats, days, equals, flags, looked_up, numbers
from pbanalysis.indicators.due import due_reached
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.tally import Tally, by_town, tally
from pbanalysis.plan.registry import Indicator

__all__ = [
    "at_least",
    "below",
    "dated",
    "flag",
    "growth",
    "mean",
    "model",
    "standard",
    "total",
    "village_rows",
    "workers",
]

_TABLE = {"village": "village_years", "community": "community_years"}
_STANDARDS = ("std_team", "std_grid", "std_site", "std_service")


def village_rows(known: Known, year: int, kind: str = "village") -> pd.DataFrame:
    """Every village (or community) with its figures of a year.

    Returns
    -------
    One row per village: ``township_id``, ``village_id``, ``name``, ``town``, the columns of
    ``village_years`` (``community_years``), and ``filed``: whether there is a row of that year.
    """
    return known.once(("villages", year, kind), lambda: _village_rows(known, year, kind))


def _village_rows(known: Known, year: int, kind: str) -> pd.DataFrame:
    villages, figures = known.rows("villages"), known.rows(_TABLE[kind])
    villages = villages[equals(villages["kind"], kind)]
    figures = figures[equals(figures["year"], year)]
    figures = figures.drop_duplicates("village_id").drop(
        columns=["town", "source_file", "source_sheet", "source_row"]
    )
    rows = villages[["township_id", "village_id", "name", "town"]].merge(
        figures.assign(filed=True), on="village_id", how="left"
    )
    return rows.assign(filed=rows["filed"].notna())


def _tally(
    known: Known,
    period: Period,
    indicator: Indicator,
    rows: pd.DataFrame,
    hit: Any,
    missing: Any,
    **more: Any,
) -> Tally:
    """Count villages; a missing one is not due before the item's due day, unknown from then on."""
    waiting = not due_reached(known, period, indicator)
    counts = tally(
        known,
        rows["town"].to_numpy(),
        hit,
        not_due=missing & waiting,
        unknown=missing | more.pop("unknown", False),
        **more,
    )
    return counts if known.has("villages") else counts.absent()


def _of(known: Known, period: Period, indicator: Indicator) -> pd.DataFrame:
    return village_rows(known, period.year, indicator.options.get("kind", "village"))


def flag(known: Known, period: Period, indicator: Indicator) -> Tally:
    """Villages or communities where a yes/no column is true / where it is filled."""
    rows = _of(known, period, indicator)
    column = rows[indicator.options["column"]]
    return _tally(known, period, indicator, rows, flags(column), column.isna().to_numpy())


def model(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M09-1: villages in one of the three models / villages with it filled."""
    rows = _of(known, period, indicator)
    return _tally(
        known, period, indicator, rows, ~equals(rows["model"], "none"), rows["model"].isna().to_numpy()
    )


def _least(known: Known, period: Period, indicator: Indicator) -> float:
    options = indicator.options
    return float(options["least"]) if "least" in options else known.on(period)[options["rule"]]


def at_least(known: Known, period: Period, indicator: Indicator) -> Tally:
    """Villages whose figure reaches a threshold / villages with it filled (M07-2, M09-6)."""
    rows = _of(known, period, indicator)
    figure = numbers(rows[indicator.options["column"]])
    return _tally(
        known, period, indicator, rows, figure >= _least(known, period, indicator), np.isnan(figure)
    )


def below(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M09-5: villages whose figure is below a threshold; one exactly on it is not below."""
    rows = _of(known, period, indicator)
    figure = numbers(rows[indicator.options["column"]])
    return _tally(known, period, indicator, rows, figure < _least(known, period, indicator), np.isnan(figure))


def total(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M07-1: sum of a figure over villages with it filled."""
    rows = _of(known, period, indicator)
    figure = numbers(rows[indicator.options["column"]])
    return _tally(known, period, indicator, rows, figure, np.isnan(figure))


mean = total  # M09-7 prints the villages it was summed over, and divides


def growth(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M09-4: income of the year / of the year before, over villages with both."""
    rows, before = _of(known, period, indicator), village_rows(known, period.year - 1)
    figure = numbers(rows["income_total_yuan"])
    last = numbers(looked_up(before.set_index("village_id")["income_total_yuan"], rows["village_id"]))
    return _tally(
        known, period, indicator, rows, figure, np.isnan(figure), unknown=np.isnan(last), weight=last
    )


def dated(known: Known, period: Period, indicator: Indicator) -> Tally:
    """Villages with an event between the option's days, in whatever year's row / villages (M06-1, M09-10)."""
    rows, figures, options = _of(known, period, indicator), known.rows("village_years"), indicator.options
    event = days(figures[options["column"]])
    inside = event <= np.datetime64(min(options["to"], period.end))
    if "from" in options:
        inside &= event >= np.datetime64(options["from"])
    hit = rows["village_id"].isin(figures["village_id"][inside])
    return _tally(known, period, indicator, rows, hit, ~rows["filed"].to_numpy())


def standard(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M10-5: communities that meet all four standards / where all are filled or one is not met."""
    cells = village_rows(known, period.year, "community")
    met = np.column_stack([flags(cells[column]) for column in _STANDARDS])
    empty = np.column_stack([cells[column].isna() for column in _STANDARDS])
    failed = (~met & ~empty).any(axis=1)
    return _tally(known, period, indicator, cells, met.all(axis=1), empty.any(axis=1) & ~failed)


def workers(known: Known, period: Period, indicator: Indicator) -> Tally:
    """M10-2: community workers / urban residents of the township.

    A township without communities counts with its residents; one where a community's workers or the
    residents are missing counts with nothing, and then the county is unknown.
    """
    rows = village_rows(known, period.year, "community")
    town, n = rows["town"].to_numpy(), len(known.towns)
    number = numbers(rows["workers_n"])
    communities = by_town(known, town)
    residents: Floats = np.full(n, np.nan)
    towns = known.rows("townships")
    residents[towns["town"].to_numpy()] = numbers(towns["urban_residents_n"])
    missing = (communities > 0) & ((by_town(known, town, np.isnan(number)) > 0) | np.isnan(residents))
    waiting = not due_reached(known, period, indicator)
    left = tally(known, town, 0, na=~missing[town], not_due=waiting, unknown=True)
    counts = replace(
        left,
        numerator=np.where(missing, 0.0, by_town(known, town, np.nan_to_num(number))),
        denominator=np.where(missing, 0.0, np.nan_to_num(residents)),
        n_na=known.zeros(),
    )
    if missing.any():
        counts = replace(counts, county_state="not_due" if waiting else "unknown")
    return counts if known.has("villages") else counts.absent()
