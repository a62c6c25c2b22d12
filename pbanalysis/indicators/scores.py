"""What was learnt: spot tests passed and the gain between two tests. Background only, never by person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pbanalysis import stats
from pbanalysis.calendar import Period
from pbanalysis.indicators.columns import between, days, equals, looked_up, numbers
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.tally import Statistic, Tally, by_town, tally
from pbanalysis.plan.registry import Indicator

__all__ = ["gain", "paired_scores", "spot_tests"]

# enough for two digits of an interval, and a county still evaluates in seconds
_RESAMPLES = 1000


def spot_tests(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S16: spot tests passed / taken in the period."""
    rows = known.rows("test_scores")
    taken = days(rows["taken_on"])
    inside = between(taken, period.start, period.end)
    rows = rows[inside & equals(rows["phase"], "spot")]
    share = numbers(rows["score"]) / numbers(rows["max_score"])
    passed = share >= known.on(period)["spot_test.pass"]
    counts = tally(known, rows["town"].to_numpy(), passed, unknown=np.isnan(share))
    return counts if known.has("test_scores", "organisations") else counts.absent()


def paired_scores(known: Known, period: Period) -> pd.DataFrame:
    """First test before and last test after, of those who took one before in the year.

    Returns
    -------
    ``town``, ``org_id``, ``pre``, ``post`` (shares of the full mark; NaN = not taken again). The key of a
    person is left behind here: nothing after this can group, sort or export by person.
    """
    rows = known.rows("test_scores")
    taken = days(rows["taken_on"])
    inside = between(taken, period.year_start, period.end)
    rows = rows[inside].assign(share=numbers(rows["score"])[inside] / numbers(rows["max_score"])[inside])
    rows = rows.dropna(subset=["share"]).sort_values("taken_on", kind="stable")
    pre, post = (rows[equals(rows["phase"], phase)] for phase in ("pre", "post"))
    last = post.drop_duplicates("person_key", keep="last").set_index("person_key")["share"]
    first = pre.drop_duplicates("person_key")
    return pd.DataFrame(
        {
            "town": first["town"].to_numpy(),
            "org_id": first["org_id"].to_numpy(),
            "pre": numbers(first["share"]),
            "post": numbers(looked_up(last, first["person_key"])),
        }
    )


def gain(known: Known, period: Period, indicator: Indicator) -> Tally:
    """S17: standardised gain of persons tested twice; numerator and denominator say how many came back."""
    pairs = paired_scores(known, period)
    town, n = pairs["town"].to_numpy(), len(known.towns)
    again = pairs["post"].notna().to_numpy()
    tests = by_town(known, town) + by_town(known, town[again])
    counts = tally(known, town, again, rows=tests)
    values = np.full((3, n + 1), np.nan)
    for position in (*np.unique(town), -1):
        mine = pairs[town == position] if position >= 0 else pairs
        if len(mine):
            result = stats.gain.learning_gain(mine["pre"], mine["post"], mine["org_id"], resamples=_RESAMPLES)
            values[:, position] = result.gain, result.low, result.high
    counts = replace(counts, statistic=Statistic(*values))
    return counts if known.has("test_scores", "organisations") else counts.absent()
