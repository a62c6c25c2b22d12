"""National figures of the Party statistics bulletins: a labelled reference line, never a target."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Figure", "benchmark"]


@dataclass(frozen=True)
class Figure:
    """One national figure.

    Attributes
    ----------
    year, metric, value, unit
        What the bulletin of that year says; ``metric`` is the file's own name for it.
    source
        Where it was read. Mirrors of the bulletin, not official copies.
    """

    year: int
    metric: str
    value: float
    unit: str
    source: str


@cache
def benchmark(metric: str | None = None) -> Sequence[Figure]:
    """National figures, all or those of one metric, oldest first.

    Examples
    --------
    >>> [(f.year, f.value) for f in benchmark("female_pct")]
    [(2022, 29.9), (2023, 30.4), (2024, 30.9)]
    """
    text = (files("pbanalysis.plan") / "benchmark.csv").read_text(encoding="utf-8")
    figures = [
        Figure(int(r["year"]), r["metric"], float(r["value"]), r["unit"], r["source"])
        for r in csv.DictReader(text.splitlines())
    ]
    return tuple(sorted((f for f in figures if metric in (None, f.metric)), key=lambda f: f.year))
