"""The one place that makes the interval of a value; the registry says which kind applies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pbanalysis.indicators.columns import Floats
from pbanalysis.indicators.tally import Statistic
from pbanalysis.plan.registry import Indicator
from pbanalysis.stats.clusters import DesignEffect, clustered_wilson
from pbanalysis.stats.intervals import count_interval

__all__ = ["BY_BRANCH", "Bounds", "bounds"]

# what results.csv prints as ci_method
_METHODS = {
    "wilson": "wilson",
    "poisson": "poisson_exact_byar",
    "km": "km_brookmeyer_crowley",
    "hypergeometric_files": "hypergeometric_files",
    "bca": "bca_branches",
}
BY_BRANCH = "wilson_design_effect"  # widened by how far the records of one branch go together


class Bounds(NamedTuple):
    """Ends of the interval of each unit, on the scale of its value (NaN where none applies), and how they are made."""

    low: Floats
    high: Floats
    method: str


def bounds(
    indicator: Indicator,
    numerator: Floats,
    denominator: Floats,
    statistic: Statistic | None,
    effect: DesignEffect,
) -> Bounds:
    """Interval of each unit; a share above 100 % (a finding) and a sum that is no count get none.

    ``effect`` is the design effect of records that go together; 1 where they do not.
    """
    low = np.full(len(numerator), np.nan)
    high = low.copy()
    whole = (numerator == np.round(numerator)) & (denominator == np.round(denominator))
    usable = whole & (denominator > 0) & (numerator >= 0)
    if statistic is not None:
        low, high = statistic.low, statistic.high
    elif indicator.interval == "wilson":
        usable &= numerator <= denominator
        low[usable], high[usable] = clustered_wilson(numerator[usable], denominator[usable], effect)
    elif indicator.interval == "poisson":
        low[usable], high[usable] = count_interval(numerator[usable])
    return Bounds(low, high, BY_BRANCH if effect.value > 1 else _METHODS.get(indicator.interval, ""))
