"""A whole county evaluates in seconds, and a branch costs the same in a large county."""

from __future__ import annotations

import importlib.util
import time

import pytest

from pbanalysis.indicators import evaluate


@pytest.mark.slow
def test_cost_per_branch_is_flat(root):
    """2,000 branches with 150,000 meetings in seconds; four times as many cost at most about four times as much."""
    spec = importlib.util.spec_from_file_location("evaluating", root / "benchmarks" / "evaluating.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    evaluate(benchmark.make(100), "2023")

    def seconds(branches):
        county = benchmark.make(branches)
        start = time.process_time()
        evaluate(county, "2023")
        return time.process_time() - start

    small, large = min(seconds(2_000) for _ in range(2)), seconds(8_000)
    assert small < 10
    assert large < 6 * small
