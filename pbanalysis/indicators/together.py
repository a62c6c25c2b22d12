"""Records of one branch go together: how much less a township's meetings say than as many independent ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators.columns import Floats, Ints, flags
from pbanalysis.indicators.known import Known
from pbanalysis.indicators.study import complete_flags, first_topic_rows, meetings_of, obligations
from pbanalysis.stats.clusters import DesignEffect, design_effect

__all__ = ["CLUSTERED", "design_effects"]

# indicators whose units are records of branches
CLUSTERED = ("S01", "S03", "S05", "M03-5")


def design_effects(known: Known, period: Period) -> Mapping[str, DesignEffect]:
    """Design effect of every indicator in :data:`CLUSTERED`, pooled over the county's townships."""
    return known.once(("design effects", period), lambda: _design_effects(known, period))


def _design_effects(known: Known, period: Period) -> dict[str, DesignEffect]:
    owed, meetings, topics = (
        obligations(known, period),
        meetings_of(known, period),
        first_topic_rows(known, period),
    )
    judged = owed["class"].isin(["held", "missed"]).to_numpy()
    theme = (owed["kind"] == "theme_day").to_numpy()
    held = (owed["class"] == "held").to_numpy()
    filled = topics["first_topic"].notna().to_numpy()
    parts = {
        "S01": (held[judged], owed["branch"].to_numpy()[judged], owed["town"].to_numpy()[judged]),
        "S03": (
            held[judged & theme],
            owed["branch"].to_numpy()[judged & theme],
            owed["town"].to_numpy()[judged & theme],
        ),
        "S05": (
            flags(topics["first_topic"])[filled],
            pd.factorize(topics["org_id"])[0][filled],
            topics["town"].to_numpy()[filled],
        ),
        "M03-5": (complete_flags(meetings), pd.factorize(meetings["org_id"])[0], meetings["town"].to_numpy()),
    }
    return {name: _effect(*part) for name, part in parts.items()}


def _effect(hit: Floats, cluster: Ints, town: Ints) -> DesignEffect:
    """Design effect of records: hits, and position of each one's branch and township; shape (records,)."""
    if not len(town):
        return DesignEffect(1.0, 0)
    of_town = np.zeros(int(cluster.max()) + 1, dtype=np.int64)
    of_town[cluster] = town
    n = np.bincount(cluster)
    return design_effect(np.bincount(cluster, np.asarray(hit, dtype=float)), n, of_town)
