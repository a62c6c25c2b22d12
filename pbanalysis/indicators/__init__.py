"""Counting functions, states and the evaluation of a county: everything a report prints is made here."""

from __future__ import annotations

from pbanalysis.indicators.evaluate import evaluate
from pbanalysis.indicators.known import Known, known
from pbanalysis.indicators.results import Result, Results

__all__ = ["Known", "Result", "Results", "evaluate", "known"]
