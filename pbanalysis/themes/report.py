"""A report: a theme, a unit, a period, and the results it speaks of. It holds no words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.indicators import Known, evaluate, known
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.privacy.disclosure import protect
from pbanalysis.stats.clusters import DesignEffect
from pbanalysis.stats.funnel import INDEPENDENT
from pbanalysis.store.county import County, Township
from pbanalysis.themes.beside import CountyCurve, Tested, beside, quota, rows_told, thin
from pbanalysis.themes.reading import Reading, reading_of
from pbanalysis.themes.reads import tables_of

__all__ = [
    "Report",
    "county_overview",
    "member_development",
    "open_report",
    "previous_period",
    "published",
    "rectification",
    "study_quality",
]


@dataclass(frozen=True)
class Report:
    """What the exhibits of one report read.

    Attributes
    ----------
    theme
        ``study``, ``development``, ``rectification`` or ``overview``.
    county, township
        The unit; ``township`` is None in the county's overview.
    period
        Period of the report; the cut-off is ``county.as_of``.
    frame
        Rows of contract/results.md for all units: as published, that is, protected.
    previous_frame
        The same for the period before, judged by the rules of its own time; empty when nothing was filed.
    """

    theme: str
    county: County
    township: Township | None
    period: Period
    frame: pd.DataFrame = field(repr=False, compare=False)
    previous_frame: pd.DataFrame = field(repr=False, compare=False)

    @property
    def unit(self) -> str:
        """Code of the township, or of the county."""
        return self.township.id if self.township else self.county.code

    @property
    def unit_name(self) -> str:
        return self.township.name if self.township else self.county.name

    @cached_property
    def indicators(self) -> Sequence[Indicator]:
        """Headline indicators of the theme; of all three in the overview."""
        themes = ("study", "development", "rectification") if self.theme == "overview" else (self.theme,)
        return [i for i in registry() if i.headline and i.theme in themes]

    @cached_property
    def readings(self) -> Sequence[Reading]:
        """The unit's readings of :attr:`indicators`, in registry order."""
        return self.of(self.indicators)

    def of(self, indicators: Sequence[Indicator], unit: str = "") -> Sequence[Reading]:
        """Readings of the indicators for a unit (by default the report's own); rows that do not exist are left out."""
        known = self.unit_readings(unit)
        return [known[i.id] for i in indicators if i.id in known]

    def reading(self, indicator: str, unit: str = "") -> Reading | None:
        """One reading; None where the contract has no such row (items of other organs, in a township)."""
        return self.unit_readings(unit).get(indicator)

    def unit_readings(self, unit: str = "") -> Mapping[str, Reading]:
        """Readings of a unit (by default the report's own) by indicator; made when they are first asked for."""
        unit = unit or self.unit
        if unit not in self._read:
            rows = self.frame.iloc[self._positions.get(unit, [])]
            self._read[unit] = _readings(rows)
        return self._read[unit]

    @cached_property
    def _read(self) -> dict[str, dict[str, Reading]]:
        return {}

    @cached_property
    def _positions(self) -> Mapping[str, npt.NDArray[np.int64]]:
        positions: Mapping[str, npt.NDArray[np.int64]] = self.frame.groupby("unit_id", sort=False).indices
        return positions

    def compared(self, indicator: str) -> pd.DataFrame:
        """Rows of an indicator for all townships, by code in the county's order.

        Raises
        ------
        LookupError
            The results at hand hold the report's own township only: a batch hands out what is declared
            in :data:`pbanalysis.themes.reads.COMPARED`, and nothing must be drawn of less.
        """
        rows = self.frame[self.frame["indicator_id"] == indicator].set_index("unit_id")
        towns = self.county.townships["township_id"]
        if len(towns) > 2 and 2 * int(towns.isin(rows.index).sum()) < len(towns):
            raise LookupError(f"{indicator}: results of the other townships are not at hand")
        return rows.reindex(towns)

    @cached_property
    def known(self) -> Known:
        """The unit's own rows as known at the cut-off: what figures read; the county's in its overview.

        A township's report reads no other township's rows, so its cost does not grow with the county.
        """
        if self.township is None:
            return known(self.county)
        frames = {name: self.township.frame(name) for name in tables_of(self.theme) if self.county.has(name)}
        return known(replace(self.county, _frames=frames))

    def county_curve(self, indicator: str) -> CountyCurve | None:
        """The county's curve of a median time, as the results carry it; None where nobody was followed."""
        text = self._beside(indicator)
        return CountyCurve(**json.loads(text)) if text else None

    @property
    def county_tested(self) -> Tested | None:
        """The county's first tests, as the results carry them; None where too few took part twice."""
        text = self._beside("S17")
        return Tested(**json.loads(text)) if text else None

    def design_effect(self, indicator: str) -> DesignEffect:
        """How far the records of one branch go together, as the comparison with the county allows for."""
        # what stands beside a median is a curve
        text = self._beside(indicator) if registry()[indicator].kind == "share" else ""
        return DesignEffect(**json.loads(text)) if text else INDEPENDENT

    def _beside(self, indicator: str) -> str:
        mine = (self.frame["indicator_id"] == indicator) & (self.frame["unit_id"] == self.county.code)
        rows = self.frame.loc[mine, "beside"].dropna()
        return str(rows.iloc[0]) if len(rows) else ""

    @cached_property
    def previous(self) -> dict[str, Reading]:
        """The unit's readings of the period before."""
        return self.previous_readings(self.unit)

    def previous_readings(self, unit: str) -> dict[str, Reading]:
        """A unit's readings of the period before."""
        if unit not in self._read_before:
            rows = self.previous_frame[self.previous_frame["unit_id"] == unit]
            self._read_before[unit] = _readings(rows)
        return self._read_before[unit]

    @cached_property
    def _read_before(self) -> dict[str, dict[str, Reading]]:
        return {}


def _readings(rows: pd.DataFrame) -> dict[str, Reading]:
    """Readings of one unit's rows by indicator."""
    known = registry()
    return {
        name: reading_of(known[name], row)
        for row in rows.to_dict("records")
        if (name := str(row["indicator_id"])) in known
    }


def open_report(
    theme: str,
    county: County,
    township: Township | None,
    period: str | Period,
    results: str | Path | pd.DataFrame = "",
) -> Report:
    """The report of a theme.

    Parameters
    ----------
    results
        Published results of the whole county, as a frame or as the Parquet file that a batch computed
        once (:func:`published`); empty: they are computed here, with the same numbers.

    Raises
    ------
    PbError
        The period is unknown, or the results are of another period or cut-off.
    """
    period = Period.parse(period)
    frame = _results(county, period, results)
    own, before = frame["period"] == period.label, frame["period"] == previous_period(period).label
    days = set(frame.loc[own, "as_of"].astype(str))
    if days != {county.as_of.isoformat()}:
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            "算好的结果与报告的期间、截止日期不一致",
            where="results",
            got=f"{'、'.join(sorted(days)) or '没有该期间'}",
            fix=f"请用 {period.label}、{county.as_of} 重新计算",
        )
    return Report(theme, county, township, period, frame[own], frame[before])


def published(county: County, period: Period) -> pd.DataFrame:
    """Results of a period and of the one before, evaluated and protected together for publication.

    This is what a batch computes once for the county; a notebook run by hand computes the same. Beside
    the contract's columns it has what a report shows but does not count itself
    (:mod:`pbanalysis.themes.beside`): ``beside`` of the county, the township's ``quota``, ``thin``, and how
    many source ``rows`` were counted.
    """
    before = previous_period(period)
    evaluated = [
        evaluate(county, period),
        evaluate(county, before, as_of=min(before.end, county.as_of)),
    ]
    persons = {i.id for i in registry() if i.counted == "persons"}
    frame = protect(pd.concat([each.frame for each in evaluated], ignore_index=True), persons)[0]
    return frame.assign(
        rows=rows_told(frame, pd.concat([each.rows for each in evaluated], ignore_index=True)),
        beside=beside(frame, known(county), period),
        quota=quota(frame, county, period),
        thin=thin(frame, period),
    )


def previous_period(period: Period) -> Period:
    """The period before of the same length.

    >>> str(previous_period(Period.parse("2023"))), str(previous_period(Period.parse("2023H1")))
    ('2022', '2022H2')
    """
    year, half = period.year, period.label[4:]
    if half:
        return Period.parse(f"{year}H1" if half == "H2" else f"{year - 1}H2")
    return Period.parse(str(year - 1))


def _results(county: County, period: Period, results: str | Path | pd.DataFrame) -> pd.DataFrame:
    if isinstance(results, pd.DataFrame):
        return results
    return pd.read_parquet(results) if results else published(county, period)


def study_quality(
    township: Township, period: str | Period, results: str | Path | pd.DataFrame = ""
) -> Report:
    """The report on 学习质量 of a township; ``results`` as in :func:`open_report`."""
    return open_report("study", township.county, township, period, results)


def member_development(
    township: Township, period: str | Period, results: str | Path | pd.DataFrame = ""
) -> Report:
    """The report on 发展党员 of a township; ``results`` as in :func:`open_report`."""
    return open_report("development", township.county, township, period, results)


def rectification(
    township: Township, period: str | Period, results: str | Path | pd.DataFrame = ""
) -> Report:
    """The report on 整改成效 of a township; ``results`` as in :func:`open_report`."""
    return open_report("rectification", township.county, township, period, results)


def county_overview(county: County, period: str | Period, results: str | Path | pd.DataFrame = "") -> Report:
    """The overview of a county; ``results`` as in :func:`open_report`."""
    return open_report("overview", county, None, period, results)
