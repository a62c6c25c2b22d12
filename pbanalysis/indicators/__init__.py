"""Counting functions, states and the evaluation of a county: everything a report prints is made here."""

from __future__ import annotations

import sys
from types import ModuleType

from pbanalysis.indicators.catalogue import Catalogue, catalogue
from pbanalysis.indicators.evaluate import evaluate
from pbanalysis.indicators.known import Known, known
from pbanalysis.indicators.results import Result, Results

__all__ = ["Catalogue", "Known", "Result", "Results", "evaluate", "known"]


class _Indicators(ModuleType):
    """The package is callable: ``pb.indicators("study")`` is the catalogue of a theme."""

    def __call__(self, theme: str = "") -> Catalogue:
        return catalogue(theme)


sys.modules[__name__].__class__ = _Indicators
