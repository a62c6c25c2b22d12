"""The action plan as data: clauses, indicator registry, rules with validity dates, policy check."""

from __future__ import annotations

from pbanalysis.plan.benchmark import benchmark
from pbanalysis.plan.clauses import Measure, measures

__all__ = ["Measure", "benchmark", "measures"]
