"""Statistics for small counts, usable on its own: numpy and scipy only, nothing of the plan.

Each submodule is one idea; ``import pbanalysis.stats`` loads none of them, the first use of
``stats.funnel`` loads that one.

>>> from pbanalysis import stats
>>> low, high = stats.intervals.wilson(3, 4)
>>> print(f"{low:.3f}-{high:.3f}")
0.301-0.954
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        clusters,
        competing,
        composite,
        control_limits,
        duplicates,
        effects,
        finite,
        funnel,
        gain,
        integrity,
        intervals,
        logrank,
        multiple,
        normalise,
        ranks,
        reliability,
        resampling,
        shrinkage,
        spc,
        survival,
        trend,
    )

__all__ = [
    "clusters",
    "competing",
    "composite",
    "control_limits",
    "duplicates",
    "effects",
    "finite",
    "funnel",
    "gain",
    "integrity",
    "intervals",
    "logrank",
    "multiple",
    "normalise",
    "ranks",
    "reliability",
    "resampling",
    "shrinkage",
    "spc",
    "survival",
    "trend",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
