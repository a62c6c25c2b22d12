"""Each township beside its county: funnel limits and Benjamini–Hochberg over all comparisons of a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pbanalysis.plan.registry import Registry
from pbanalysis.stats.clusters import DesignEffect
from pbanalysis.stats.funnel import INDEPENDENT, Comparison, compare, judge

__all__ = ["beside_county", "comparison"]


def comparison(rows: pd.DataFrame, effect: DesignEffect = INDEPENDENT) -> Comparison | None:
    """Funnel comparison of one indicator's township rows; None where it cannot be made.

    Only rows with a verdict are compared. ``effect``: how far records of one branch go together
    (:func:`pbanalysis.indicators.together.design_effects`).
    """
    x = rows["numerator"].where(rows["state"].isin(["met", "not_met"])).to_numpy(dtype=float)
    n = rows["denominator"].to_numpy(dtype=float)
    fine = (n > 0) & (x <= n) & (x == np.round(x)) & (n == np.round(n))
    return compare(np.where(fine, x, np.nan), np.where(fine, n, 0.0), effect=effect) if fine.any() else None


def beside_county(
    frame: pd.DataFrame, registry: Registry, effects: Mapping[str, DesignEffect]
) -> pd.Series[str]:
    """``vs_county`` of every row.

    Counts, medians, background rows, counties and units that are too small are not compared. An item
    that shows a headline indicator's row takes its word and is no comparison of its own.
    """
    words = pd.Series("not_compared", index=frame.index, dtype="str")
    towns = frame[frame["unit_level"] == "township"]
    family, where = [], []
    for name, rows in towns.groupby("indicator_id", sort=False):
        indicator = registry[str(name)]
        if indicator.kind == "share" and indicator.interval == "wilson" and not indicator.same_as:
            made = comparison(rows, effects.get(indicator.id, INDEPENDENT))
            if made is not None:
                family.append(made)
                where.append(rows.index)
    for index, verdict in zip(where, judge(family), strict=True):
        words[index] = verdict.state
    twins = {i.id: i.same_as for i in registry if i.same_as}
    by_row = pd.Series(words.to_numpy(), index=pd.MultiIndex.from_frame(frame[["indicator_id", "unit_id"]]))
    copied = frame["indicator_id"].map(twins)
    for row in frame.index[(copied.notna() & frame["state"].isin(["met", "not_met"])).to_numpy()]:
        words[row] = by_row.loc[(copied[row], frame.at[row, "unit_id"])]
    return words
