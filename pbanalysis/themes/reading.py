"""A reading: one indicator of one unit, as registered and as evaluated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import pandas as pd

from pbanalysis.plan.registry import Indicator
from pbanalysis.stats.funnel import SMALL

__all__ = ["FEW", "Reading", "reading_of"]

FEW = SMALL  # below it no share is printed and nothing is compared: "3/4" says more than 75 %


@dataclass(frozen=True)
class Reading:
    """What the evaluation gave for one indicator of one unit; numbers that are missing are ``None``.

    A suppressed reading has no number at all. ``quota`` is the county's 任务分解 for the township: where
    it is there, the numerator is judged against it and not the value against the county's target.
    ``thin``: of the period before, and judged on less than half of the records there are now. ``rows``: source
    rows counted, left out or not; None where that is not told.
    """

    indicator: Indicator
    level: str
    state: str
    numerator: float | int | None = None
    denominator: float | int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    ci_method: str = ""
    n_not_due: int | None = None
    n_na: int | None = None
    n_unknown: int | None = None
    vs_county: str = "not_compared"
    quota: int | None = None
    thin: bool = False
    rows: int | None = None

    @property
    def id(self) -> str:
        return self.indicator.id

    @property
    def name(self) -> str:
        return self.indicator.name

    @property
    def judged(self) -> bool:
        """Whether the state is a verdict."""
        return self.state in ("met", "not_met")

    @property
    def evaluated(self) -> bool:
        """Whether a target binds this unit: its state is a verdict, or would be one but for what it says."""
        indicator, county = self.indicator, self.level == "county"
        bound = not indicator.county_info if county else indicator.level == "township"
        open_ = indicator.target is not None and self.state in ("not_due", "unknown", "suppressed")
        return self.judged or (open_ and (bound or self.quota is not None))

    @property
    def is_share(self) -> bool:
        return self.indicator.kind == "share"

    @property
    def few(self) -> bool:
        """Whether what is printed in percent rests on too few units for that, or to be compared."""
        return (self.is_share or self.indicator.unit == "%") and (self.denominator or 0) < FEW

    @property
    def small(self) -> bool:
        """Whether it rests on too few units to be compared: a share, a median or a gain."""
        spread = self.indicator.kind in ("median", "gain")
        return self.few or (spread and (self.denominator or 0) < FEW)

    @property
    def known_n(self) -> float | None:
        """Units of which something is known, due and applicable or not; None where none are counted."""
        if self.denominator is None:
            return None
        return self.denominator + (self.n_not_due or 0) + (self.n_na or 0)

    @property
    def target(self) -> Fraction | None:
        return self.indicator.target

    @cached_property
    def shortfall(self) -> int | None:
        """How many units are missing to the target; for a count the number beyond or short of it.

        ``None`` where the state is no verdict, or where the target is no count of units.
        """
        if not self.judged or self.target is None or self.indicator.kind in ("median", "gain"):
            return None
        if self.quota is not None:
            return max(0, math.ceil(self.quota - (self.numerator or 0)))
        if self.indicator.kind == "count":
            gap = (self.numerator or 0) - self.target
            return max(0, math.ceil(gap if self.indicator.direction == "down" else -gap))
        if self.numerator is None or not self.denominator or self.indicator.scale != 1 or self.target > 1:
            return None
        bound = self.target * Fraction(self.denominator).limit_denominator()
        gap = self.numerator - bound if self.indicator.direction == "down" else bound - self.numerator
        return max(0, math.ceil(gap))

    @property
    def stands(self) -> str:
        """The interval against the target: ``beyond``, ``short``, ``straddles``, or empty.

        Empty too where all or none is the target: no range reaches the end of the scale, so that one miss
        would read as firm as a hundred, and nothing is left to chance in what was counted in full.
        """
        if not self.judged or self.target is None or self.low is None or self.high is None:
            return ""
        if self.quota is not None or self.target in (0, 1):
            return ""
        target, up = float(self.target), self.indicator.direction == "up"
        if (self.low if up else -self.high) >= (target if up else -target):
            return "beyond"
        if (self.high if up else -self.low) < (target if up else -target):
            return "short"
        return "straddles"


def reading_of(indicator: Indicator, row: Mapping[str, Any]) -> Reading:
    """The reading of a row of Results."""
    number = {name: _number(row[name]) for name in ("numerator", "denominator", "value", "ci_low", "ci_high")}
    counts = {name: _count(row[name]) for name in ("n_not_due", "n_na", "n_unknown")}
    return Reading(
        indicator=indicator,
        level=str(row["unit_level"]),
        state=str(row["state"]),
        numerator=_whole(number["numerator"]),
        denominator=_whole(number["denominator"]),
        value=number["value"],
        low=number["ci_low"],
        high=number["ci_high"],
        ci_method="" if pd.isna(row["ci_method"]) else str(row["ci_method"]),
        vs_county="not_compared" if pd.isna(row["vs_county"]) else str(row["vs_county"]),
        quota=_count(row.get("quota")),
        thin=row.get("thin") is True,
        rows=_count(row.get("rows")),
        **counts,
    )


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _count(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value
