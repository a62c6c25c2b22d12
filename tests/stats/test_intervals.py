"""Intervals: published numbers beyond the shared cases, edges, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pbanalysis.stats import finite, intervals


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(3, 3, 0.439, 1.0), (3, 4, 0.301, 0.954), (0, 5, 0.0, 0.434), (19, 20, 0.764, 0.991)],
)
def test_wilson_golden_examples(x: int, n: int, low: float, high: float) -> None:
    """The domain's golden examples: 3 of 4 can be told neither from 100 % nor from 40 %."""
    got = intervals.wilson(x, n)
    assert (round(float(got.low), 3), round(float(got.high), 3)) == (low, high)


@pytest.mark.parametrize(
    ("x", "n", "wilson", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_newcombe_table_of_single_proportions(
    x: int, n: int, wilson: tuple[float, float], exact: tuple[float, float]
) -> None:
    """Wilson and Clopper–Pearson equal Newcombe (1998), Stat Med 17:857, Table I."""
    assert np.allclose(intervals.wilson(x, n), wilson, atol=5e-5)
    assert np.allclose(intervals.clopper_pearson(x, n), exact, atol=5e-5)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ],
)
def test_newcombe_table_of_differences(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    """The hybrid score interval equals method 10 of Newcombe (1998), Stat Med 17:873, Table II."""
    got = intervals.newcombe(*counts)
    assert np.allclose([got.low, got.high], [low, high], atol=5e-5)


def test_nothing_counted_is_not_a_rate() -> None:
    """0/0 gives missing ends, never 0 % or 100 %."""
    for method in (intervals.wilson, intervals.clopper_pearson):
        assert np.isnan(method([0, 1], [0, 2])).tolist() == [[True, False], [True, False]]
    assert np.isnan(intervals.newcombe(0, 0, 1, 2)).all()


def test_vectors_equal_scipy() -> None:
    """Whole arrays give what scipy gives one by one."""
    x = np.arange(0, 31)
    for name, method in (("wilson", intervals.wilson), ("exact", intervals.clopper_pearson)):
        reference = [stats.binomtest(int(k), 30).proportion_ci(method=name) for k in x]
        assert np.allclose(np.column_stack(method(x, 30)), np.array(reference), atol=1e-9)


def test_byar_is_missing_not_negative_and_exact_below_ten() -> None:
    """Byar's lower end is missing where it would be negative; few events get the exact interval."""
    assert np.isnan(intervals.byar([0, 1], 0.998).low).all()
    counts = np.array([0, 1, 9, 10, 200])
    got, exact, approximate = (
        f(counts) for f in (intervals.count_interval, intervals.poisson_exact, intervals.byar)
    )
    assert np.array_equal(got.low, [*exact.low[:3], *approximate.low[3:]])
    assert got.low[0] == 0


def test_standardised_rate_is_refused_below_ten_events() -> None:
    """Nine events are too few for Dobson's interval; ten are enough."""
    with pytest.raises(ValueError, match="不足 10"):
        intervals.dobson([4, 5], [100, 100], [1, 1])
    assert intervals.dobson([5, 5], [100, 100], [1, 1]).rate == pytest.approx(5000)


def test_weighted_wilson_uses_the_effective_size() -> None:
    """Equal weights change nothing; unequal ones widen the interval."""
    values = np.array([1, 1, 1, 0] * 10)
    equal = intervals.weighted_wilson(values, np.full(40, 3.0))
    assert np.allclose(equal, intervals.wilson(30, 40))
    unequal = intervals.weighted_wilson(values, np.tile([1, 1, 1, 1, 5, 5, 5, 5], 5))
    assert unequal.high - unequal.low > equal.high - equal.low


@pytest.mark.parametrize(
    "call",
    [
        lambda: intervals.wilson(5, 4),
        lambda: intervals.wilson(-1, 4),
        lambda: intervals.wilson(float("nan"), 4),
        lambda: intervals.wilson(1, 4, confidence=95),
        lambda: intervals.clopper_pearson(0.5, 4),
        lambda: intervals.poisson_exact(-1),
        lambda: intervals.byar(float("inf")),
        lambda: intervals.dobson([10, 10], [0, 10], [1, 1]),
        lambda: intervals.dobson([10], [10, 10], [1, 1]),
        lambda: intervals.weighted_wilson([1, 0], [0, 0]),
        lambda: finite.faulty_interval(2, 1, 10),
        lambda: finite.faulty_interval(1, 11, 10),
        lambda: finite.faulty_at_most(0.5, 1, 10),  # type: ignore[arg-type]
        lambda: finite.discovery_sample_size(0),
        lambda: finite.discovery_sample_size(10, rate=0),
    ],
)
def test_impossible_input_is_refused(call: object) -> None:
    """Impossible counts and levels raise ValueError instead of giving a number."""
    with pytest.raises(ValueError, match=r"[一-鿿]"):
        call()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("found", "checked", "total", "expected"),
    [(1, 4, 12, (1, 8)), (0, 4, 12, (0, 6)), (1, 12, 12, (1, 1)), (0, 0, 7, (0, 7)), (0, 0, 0, (0, 0))],
)
def test_spot_check_golden_examples(found: int, checked: int, total: int, expected: tuple[int, int]) -> None:
    """12 admitted, 4 checked, 1 faulty: 1–8; all checked: exactly what was found; none checked: anything."""
    assert finite.faulty_interval(found, checked, total) == expected


def test_spot_check_decides_exact_ties_by_the_rule() -> None:
    """A tail of exactly 0.025 is refuted: one faulty file of 40 would be the one checked with p = 1/40."""
    assert finite.faulty_interval(1, 1, 40).low == 2
    assert finite.faulty_interval(1, 1, 39).low == 1


@pytest.mark.parametrize("total", [1, 2, 5, 9, 14])
def test_spot_check_covers_every_truth(total: int) -> None:
    """For every sample size and every true number the exact interval covers at least 95 %."""
    for checked in range(total + 1):
        ends = np.array([finite.faulty_interval(x, checked, total) for x in range(checked + 1)])
        for truth in range(total + 1):
            mass = stats.hypergeom.pmf(np.arange(checked + 1), total, truth, checked)
            inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
            assert mass[inside].sum() >= 0.95 - 1e-9


def test_spot_check_of_thousands_of_files_is_exact_too() -> None:
    """Large piles give what a scan of scipy's hypergeometric tails gives."""
    total, checked, found = 3000, 400, 21
    faulty = np.arange(total + 1)
    possible = (stats.hypergeom.cdf(found, total, faulty, checked) > 0.025) & (
        stats.hypergeom.sf(found - 1, total, faulty, checked) > 0.025
    )
    inside = np.flatnonzero(possible)
    assert finite.faulty_interval(found, checked, total) == (inside[0], inside[-1])
