"""Figures from plain arrays and labels; they know nothing of the store or of themes.

Every maker takes a :class:`Caption` first and returns a :class:`~pbanalysis.exhibits.blocks.Figure`,
or a :class:`~pbanalysis.exhibits.blocks.Box` that says why nothing can be drawn.
"""

from __future__ import annotations

from pbanalysis.exhibits.figures.bars import counts, mix
from pbanalysis.exhibits.figures.caption import Caption
from pbanalysis.exhibits.figures.curves import Curve, cumulative_incidence, survival, time_to_event
from pbanalysis.exhibits.figures.dots import forest
from pbanalysis.exhibits.figures.funnels import FunnelLimits, funnel
from pbanalysis.exhibits.figures.grids import BRANCH_MONTH_STATES, branch_months, matrix
from pbanalysis.exhibits.figures.plans import Measure, audit_coverage, progress
from pbanalysis.exhibits.figures.raster import pngs_of
from pbanalysis.exhibits.figures.series import burn_down, xmr
from pbanalysis.exhibits.figures.spans import Step, expiring_terms, step_durations

__all__ = [
    "BRANCH_MONTH_STATES",
    "Caption",
    "Curve",
    "FunnelLimits",
    "Measure",
    "Step",
    "audit_coverage",
    "branch_months",
    "burn_down",
    "counts",
    "cumulative_incidence",
    "expiring_terms",
    "forest",
    "funnel",
    "matrix",
    "mix",
    "pngs_of",
    "progress",
    "step_durations",
    "survival",
    "time_to_event",
    "xmr",
]
