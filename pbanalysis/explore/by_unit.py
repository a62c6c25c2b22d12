"""The counting functions asked about branches, villages or issues instead of townships.

A counting function sums by the ``town`` of every row. Here each unit of a township stands in the place of
a township, so the very function that made a number says what each unit adds to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators.columns import Ints, looked_up
from pbanalysis.indicators.evaluate import count
from pbanalysis.indicators.known import Known
from pbanalysis.plan.registry import Indicator

__all__ = ["PARTS", "ByUnit", "counted_by", "names_of"]

# what a unit adds to a result, and what it is called in the table
PARTS = {
    "numerator": "分子",
    "denominator": "分母",
    "n_not_due": "未到期",
    "n_na": "不适用",
    "n_unknown": "数据缺失",
}
# key of a unit -> the table that lists the units
_HOLDERS = {
    "org_id": "organisations",
    "village_id": "villages",
    "issue_id": "issues",
    "supervision_id": "supervisions",
    "enterprise_id": "enterprises",
}
_NO_UNIT = "（未注明支部）"


@dataclass(frozen=True, eq=False)
class ByUnit(Known):
    """The county's rows as known, their ``town`` the position of a unit.

    Rows that name no unit of their township (a township's own training, an issue without a branch)
    belong to the township itself: units that follow the listed ones, in official order.

    Attributes
    ----------
    whole
        The same rows by township.
    key
        Column that names the unit: ``org_id``, ``village_id``, ``issue_id`` …
    """

    whole: Known = field(kw_only=True, repr=False)
    key: str = field(kw_only=True)

    @cached_property
    def units(self) -> pd.DataFrame:
        """The listed units, one row each, with the ``town`` they belong to."""
        return self.whole.rows(_HOLDERS[self.key]).drop_duplicates(self.key).reset_index(drop=True)

    @cached_property
    def home(self) -> Ints:
        """Township of every unit, listed ones first."""
        towns = np.arange(len(self.whole.towns), dtype=np.int64)
        return np.concatenate([self.units["town"].to_numpy(dtype=np.int64), towns])

    @cached_property
    def towns(self) -> pd.Index[str]:
        """A name for every unit; never shown."""
        return pd.Index([f"unit {k}" for k in range(len(self.home))])

    def _cut(self, name: str) -> pd.DataFrame | None:
        frame = self.whole.table(name)
        if frame is None or "town" not in frame:
            return frame
        town = frame["town"].to_numpy(dtype=np.int64)
        unit = np.where(town >= 0, len(self.units) + town, -1)
        if self.key in frame:
            found = pd.Index(self.units[self.key]).get_indexer(frame[self.key])
            unit = np.where((found >= 0) & (self.home[found] == town), found, unit)
        return frame.assign(town=unit)


def counted_by(known: Known, period: Period, indicator: Indicator, town: int, key: str) -> pd.DataFrame:
    """What each unit of a township adds to an indicator.

    Returns
    -------
    One row per unit that adds anything: the columns of its table, :data:`PARTS`, and for a median
    ``median``; units without an entry in the table (a township's own rows) have none of its columns.
    """
    at = known.once(
        ("by unit", key), lambda: ByUnit(known.county, known.as_of, known.rules, whole=known, key=key)
    )
    counts = at.once(("counts", indicator.id, period), lambda: count(at, period, indicator))
    mine = np.flatnonzero(at.home == town)
    parts = pd.DataFrame({name: np.asarray(getattr(counts, name), dtype=float)[mine] for name in PARTS})
    if not known.once(("counts", indicator.id, period), lambda: count(known, period, indicator)).n_unknown[
        town
    ]:
        # the township filed: a unit without rows has done nothing, only a silent township is unknown
        parts["denominator"] += parts["n_unknown"]
        parts["n_unknown"] = 0.0
    if counts.statistic is not None:
        parts["median"] = counts.statistic.value[mine]
    rows = pd.concat([at.units.reindex(mine).reset_index(drop=True), parts], axis=1)
    # of a count, units that were looked at and add nothing are not listed
    adds = parts[[name for name in PARTS if name != "denominator" or indicator.kind != "count"]]
    return rows[(adds != 0).any(axis=1).to_numpy()].reset_index(drop=True)


def names_of(known: Known, org_ids: pd.Series[Any]) -> pd.Series[Any]:
    """Names of organisations; a row may name none."""
    orgs = known.rows("organisations").drop_duplicates("org_id").set_index("org_id")["name"]
    return looked_up(orgs, org_ids.astype("str")).fillna(_NO_UNIT)
