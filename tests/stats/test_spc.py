"""XmR charts and trends: limits that cannot collapse, rules, rebases with a reason, too few points."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pbanalysis.stats import spc, trend

CALM = [5.0, 6, 5, 7, 6, 5, 6, 7, 5, 6, 6, 5]


def test_one_dip_in_a_constant_series_does_not_collapse_the_limits() -> None:
    """Screening would leave only zero ranges; they are kept, and the dip is flagged, not all others."""
    chart = spc.xmr([10.0] * 10 + [3] + [10.0] * 10)
    assert chart.lower[0] < 10 < chart.upper[0]
    assert np.flatnonzero(chart.outside).tolist() == [10]


def test_a_constant_series_is_common_cause() -> None:
    """No variation, no signal; rounding of the mean is not a side of it."""
    for value in (0.1, 1 / 3, 1e9 + 0.1, 0.0):
        chart = spc.xmr([value] * 12)
        assert chart.last_point("up").state == "common_cause"
        assert not chart.special().any()


def test_last_point_rules_and_direction() -> None:
    """Each rule fires on its own series, and good or bad follows the direction."""
    cases: list[tuple[str, list[float], str]] = [
        ("outside", [*CALM, 30.0], "improvement"),
        ("trend", [9.0, 1, 9, 1, 9, 1, 9, 1, 2, 3, 4, 5, 6, 7], "improvement"),
        ("two_of_three", [*CALM, 7, 8.3, 8.3], "improvement"),
        ("one_side", [5.0, 5, 5, 7, 4, 4, 5, 7, 7, 8, 7, 8, 7, 8], "improvement"),
    ]
    for rule, series, state in cases:
        point = spc.xmr(series).last_point("up")
        assert rule in point.rules, (rule, point)
        assert point.state == state
        assert spc.xmr(series).last_point("down").state == "concern"
        assert spc.xmr(series).last_point().state == "high"
    assert spc.xmr([*CALM, -20]).last_point("up").state == "concern"
    assert spc.xmr([*CALM, -20]).last_point().state == "low"


def test_an_old_signal_is_not_the_last_points() -> None:
    """A spike months ago is coloured, but the last point is common cause."""
    chart = spc.xmr([*CALM[:6], 30, *CALM[6:]])
    assert chart.special()[6]
    assert chart.last_point("up").state == "common_cause"


def test_runs_are_coloured_as_a_whole() -> None:
    """All seven points of a run belong to the signal."""
    chart = spc.xmr([1.0, 9, 1, 9, 1, 9, 1, 2, 3, 4, 5, 6, 7, 8])
    assert chart.trend[-1] == 1
    assert chart.special()[-7:].all()


def test_points_near_opposite_limits_are_no_two_of_three() -> None:
    """Two of three near a limit count only when all three are on that side."""
    chart = spc.xmr([*CALM, *CALM, *CALM, *CALM, 8.2, 3.4, 8.2])
    assert chart.near_upper[0] < 8.2 < chart.upper[0]
    assert chart.lower[0] < 3.4 < chart.near_lower[0]
    assert not chart.two_of_three.any()


def test_a_rebase_needs_a_dated_reason_and_enough_points_after_it() -> None:
    """New limits count from the rebase on; until seven points are there the state is insufficient."""
    with pytest.raises(ValueError, match="原因"):
        spc.Rebase(3, " ", dt.date(2023, 5, 1))
    with pytest.raises(ValueError, match="日期"):
        spc.Rebase(3, "新系统", None)  # type: ignore[arg-type]
    rebase = spc.Rebase(7, "启用新台账", dt.date(2023, 8, 1))
    series = [5.0, 6, 5, 6, 5, 6, 5, 9, 10, 9, 10, 9, 10]
    chart = spc.xmr(series, rebases=[rebase])
    assert chart.mean[0] < 6 < 9 < chart.mean[-1]
    assert chart.last_point("up").state == "insufficient"
    assert spc.xmr([*series, 9, 10], rebases=[rebase]).last_point("up").state == "common_cause"
    with pytest.raises(ValueError, match="位置"):
        spc.xmr(series, rebases=[spc.Rebase(13, "超出", dt.date(2023, 8, 1))])


def test_assurance_uses_the_last_stretch() -> None:
    """After a rebase the target is compared with the new limits only."""
    rebase = spc.Rebase(7, "启用新台账", dt.date(2023, 8, 1))
    chart = spc.xmr([5.0, 6, 5, 6, 5, 6, 5] + [20.0, 21] * 4, rebases=[rebase])
    assert chart.assurance(10, "up") == "consistent_pass"
    assert chart.assurance(10, "down") == "consistent_fail"
    assert chart.assurance(20.5, "up") == "inconsistent"
    with pytest.raises(ValueError, match="方向"):
        chart.assurance(10, "none")


def test_gaps_and_tiny_series() -> None:
    """A gap is refused; a single point has limits but no state."""
    with pytest.raises(ValueError, match="缺失"):
        spc.xmr([1, float("nan"), 2])
    assert spc.xmr([4.0]).last_point().state == "insufficient"


def test_theil_sen_resists_an_outlier_and_takes_times() -> None:
    """One wild month does not move the slope; unequal times are allowed."""
    assert trend.theil_sen([1, 2, 3, 400, 5, 6, 7]).slope == 1
    line = trend.theil_sen([1, 3, 9], [0, 1, 4])
    assert (line.slope, line.low, line.high) == (2, 2, 2)
    with pytest.raises(ValueError, match="时间全部相同"):
        trend.theil_sen([1, 2, 3], [1, 1, 1])


def test_mann_kendall_with_ties_and_without_variation() -> None:
    """Ties use the normal form; a constant series says nothing."""
    assert trend.mann_kendall([1, 1, 2, 2, 3, 3, 4, 4]).p_value < 0.01
    assert np.isnan(trend.mann_kendall([2, 2, 2, 2])).all()
    assert trend.mann_kendall([4, 3, 2, 1]).tau == -1
