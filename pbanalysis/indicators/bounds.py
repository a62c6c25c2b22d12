"""The one place that makes the interval of a value; the registry says which kind applies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pbanalysis.indicators.columns import Floats
from pbanalysis.indicators.tally import Statistic
from pbanalysis.plan.registry import Indicator
from pbanalysis.stats.intervals import count_interval, wilson

__all__ = ["METHODS", "Bounds", "bounds"]

# what results.csv prints as ci_method
METHODS = {
    "wilson": "wilson",
    "poisson": "poisson_exact_byar",
    "km": "km_brookmeyer_crowley",
    "hypergeometric_files": "hypergeometric_files",
    "bca": "bca_branches",
}


class Bounds(NamedTuple):
    """Ends of the interval of each unit, on the scale of its value; NaN where none applies."""

    low: Floats
    high: Floats


def bounds(
    indicator: Indicator, numerator: Floats, denominator: Floats, statistic: Statistic | None
) -> Bounds:
    """Interval of each unit; a share above 100 % (a finding) and a sum that is no count get none."""
    low = np.full(len(numerator), np.nan)
    high = low.copy()
    if statistic is not None:
        return Bounds(statistic.low, statistic.high)
    whole = (numerator == np.round(numerator)) & (denominator == np.round(denominator))
    if indicator.interval == "wilson":
        usable = whole & (denominator > 0) & (numerator >= 0) & (numerator <= denominator)
        low[usable], high[usable] = wilson(numerator[usable], denominator[usable])
    elif indicator.interval == "poisson":
        usable = whole & (denominator > 0) & (numerator >= 0)
        low[usable], high[usable] = count_interval(numerator[usable])
    return Bounds(low, high)
