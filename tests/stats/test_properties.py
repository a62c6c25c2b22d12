"""Properties that hold for every input: hypothesis looks for a counterexample."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbanalysis.stats import (
    clusters,
    competing,
    composite,
    duplicates,
    finite,
    funnel,
    intervals,
    logrank,
    multiple,
    ranks,
    shrinkage,
    spc,
    survival,
)
from pbanalysis.stats.clusters import DesignEffect

settings.register_profile("stats", deadline=None, max_examples=60)
settings.load_profile("stats")

LEVEL = st.sampled_from([0.8, 0.9, 0.95, 0.998])


@st.composite
def counts(draw: st.DrawFn, most: int = 200) -> tuple[int, int]:
    """A numerator and a denominator ≥ 1."""
    n = draw(st.integers(1, most))
    return draw(st.integers(0, n)), n


@st.composite
def units(draw: st.DrawFn, least: int = 1, most: int = 15) -> tuple[np.ndarray, np.ndarray]:
    """Numerators and denominators of several units, some empty."""
    pairs = draw(st.lists(counts(60) | st.just((0, 0)), min_size=least, max_size=most))
    x, n = np.array(pairs).T
    return x, n


@st.composite
def followed(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Times with ties and causes 0 (open), 1, 2."""
    size = draw(st.integers(1, 40))
    time = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    cause = draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    return np.array(time, dtype=float), np.array(cause)


@given(counts(), LEVEL)
def test_proportion_intervals_hold_their_estimate(pair: tuple[int, int], confidence: float) -> None:
    """Inside [0, 1], around the estimate, mirrored for failures, wider at a higher level."""
    x, n = pair
    for method in (intervals.wilson, intervals.clopper_pearson):
        low, high = method(x, n, confidence)
        assert 0 <= low <= x / n <= high <= 1
        mirrored = method(n - x, n, confidence)
        assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((low, high), abs=1e-9)
        wider = method(x, n, 0.999)
        assert wider.low <= low
        assert wider.high >= high


@given(st.integers(1, 200), LEVEL)
def test_proportion_intervals_rise_with_the_count(n: int, confidence: float) -> None:
    """One success more never moves an end downwards."""
    x = np.arange(n + 1)
    for method in (intervals.wilson, intervals.clopper_pearson):
        low, high = method(x, n, confidence)
        assert (np.diff(low) >= 0).all()
        assert (np.diff(high) >= 0).all()


@given(counts(), st.floats(1, 20), st.integers(1, 400))
def test_records_that_go_together_widen_the_interval(pair: tuple[int, int], effect: float, df: int) -> None:
    """An effect of 1 is Wilson's interval; a larger one, or one estimated from less, never narrows it."""
    plain, allowed = intervals.wilson(*pair), clusters.clustered_wilson(*pair, DesignEffect(effect, df))
    assert tuple(clusters.clustered_wilson(*pair, DesignEffect(1.0, df))) == tuple(plain)
    assert allowed.low <= plain.low + 1e-12
    assert plain.high - 1e-12 <= allowed.high <= 1


@given(counts(), counts())
def test_differences_are_antisymmetric(first: tuple[int, int], second: tuple[int, int]) -> None:
    """Exchanging the groups changes the sign alone, and the interval holds the difference."""
    d, back = intervals.newcombe(*first, *second), intervals.newcombe(*second, *first)
    assert (d.low, d.high) == pytest.approx((-back.high, -back.low), abs=1e-12)
    assert -1 - 1e-12 <= d.low <= d.difference <= d.high <= 1 + 1e-12


@given(st.integers(0, 10_000), LEVEL)
def test_count_intervals_hold_their_count(x: int, confidence: float) -> None:
    """Exact and Byar's interval lie around the count; zero has the lower end zero."""
    for method in (intervals.poisson_exact, intervals.count_interval):
        low, high = method(x, confidence)
        assert 0 <= low <= x <= high


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), LEVEL)
def test_spot_check_intervals_are_possible_numbers(a: int, b: int, c: int, confidence: float) -> None:
    """From what was seen faulty up to all not seen sound, around the one-sided bounds of half the tail."""
    found, checked, total = sorted((a, b, c))
    low, high = finite.faulty_interval(found, checked, total, confidence)
    assert found <= low <= high <= total - (checked - found)
    assert finite.faulty_at_most(found, checked, total, confidence) <= high
    assert finite.faulty_at_least(found, checked, total, confidence) >= low
    if checked == total:
        assert low == high == found


@given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.1, 0.3]))
def test_discovery_sample_is_enough_and_one_less_is_not(total: int, rate: float) -> None:
    """The sample would exclude the stated number of faulty files; a smaller one would not."""
    size = finite.discovery_sample_size(total, rate)
    assert 1 <= size <= total
    faulty = -(-round(rate * total * 1000) // 1000)
    assert finite.faulty_at_most(0, size, total) < faulty
    fewer = Fraction(comb(total - faulty, size - 1), comb(total, size - 1))
    assert fewer >= Fraction(1, 20)


@given(followed())
def test_kaplan_meier_is_a_falling_share(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Between 0 and 1, never rising, inside each band; the counts add up."""
    time, cause = data
    km = survival.kaplan_meier(time, cause > 0)
    curve = np.concatenate(([1.0], km.survival))
    assert (np.diff(curve) <= 1e-12).all()
    assert km.events.sum() + km.censored.sum() == time.size
    for kind in ("plain", "log", "log-log"):
        low, high = km.band(kind)  # type: ignore[arg-type]
        known = ~np.isnan(low)
        assert (low[known] <= km.survival[known] + 1e-12).all()
        assert (km.survival[known] <= high[known] + 1e-12).all()


@given(followed())
def test_kaplan_meier_without_censoring_is_the_empirical_distribution(
    data: tuple[np.ndarray, np.ndarray],
) -> None:
    """With every item closed, the curve counts and the restricted mean is the mean."""
    time, _ = data
    km = survival.kaplan_meier(time, np.ones(time.size))
    assert np.allclose(km.survival, [(time > t).mean() for t in km.time])
    horizon = time.max() + 1
    assert km.restricted_mean(horizon).mean == pytest.approx(time.mean())
    first = km.median(rule="first").value
    assert first == np.sort(time)[int(np.ceil(time.size / 2)) - 1]


@given(followed())
def test_incidences_and_the_curve_sum_to_one(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Ended by cause 1, by cause 2, still open: nothing is lost; variances are not negative."""
    time, cause = data
    km = survival.kaplan_meier(time, cause > 0)
    curves = [competing.cumulative_incidence(time, cause, of) for of in (1, 2)]
    assert np.allclose(curves[0].incidence + curves[1].incidence + km.survival, 1)
    assert all((c.variance >= -1e-12).all() for c in curves)


@given(followed())
def test_tests_of_curves_do_not_depend_on_order(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Shuffling rows changes neither log-rank nor Gray's statistic, and p-values are probabilities."""
    time, cause = data
    group = np.arange(time.size) % 2
    if time.size < 4:
        return
    order = np.random.default_rng(int(time.sum())).permutation(time.size)
    a = logrank.logrank(time, cause > 0, group)
    b = logrank.logrank(time[order], (cause > 0)[order], group[order])
    assert a.statistic == pytest.approx(b.statistic, abs=1e-9)
    assert 0 <= a.p_value <= 1
    g = competing.gray_test(time, cause, group)
    h = competing.gray_test(time[order], cause[order], group[order])
    assert g.statistic == pytest.approx(h.statistic, abs=1e-9, nan_ok=True)


@given(units(least=2), st.sampled_from([None, 0.3, 0.9]), st.sampled_from([1.0, 6.0]))
def test_a_unit_is_outside_exactly_where_its_rate_is_beyond_the_limits(
    data: tuple[np.ndarray, np.ndarray], baseline: float | None, effect: float
) -> None:
    """Picture and words cannot disagree: limits, p-values and states say the same."""
    c = funnel.compare(*data, baseline=baseline, effect=DesignEffect(effect, 40))
    state = funnel.judge([c])[0].state
    k = c.compared
    beyond = (c.rate < c.limits.low95) | (c.rate > c.limits.high95)
    assert ((c.p_value < funnel.INNER) == beyond)[k].all()
    far = (c.rate < c.limits.low998) | (c.rate > c.limits.high998)
    assert ((c.exact_p_value < funnel.OUTER) == far)[k].all()
    assert (c.limits.low998 <= c.limits.low95 + 1e-12)[k].all()
    assert (c.limits.high95 <= c.limits.high998 + 1e-12)[k].all()
    assert (c.p_value <= c.exact_p_value)[k].all()
    assert ((state == "no_signal") == ~beyond)[k].all()
    assert set(state[~k]) <= {"not_compared"}
    assert np.isin(state[far & k], ["high", "low", "possible_high", "possible_low"]).all()
    assert not np.isin(state[~far], ["high", "low"]).any()
    highs = np.char.endswith(state, "high")
    assert (c.rate[highs] > c.baseline[highs]).all()


@given(units(least=2))
def test_the_opposite_indicator_has_the_opposite_states(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Counting failures instead of successes turns high into low."""
    x, n = data
    state, mirror = (funnel.judge([funnel.compare(count, n)])[0].state for count in (x, n - x))
    opposite = {
        "high": "low",
        "low": "high",
        "possible_high": "possible_low",
        "possible_low": "possible_high",
    }
    swapped = [opposite.get(name, name) for name in mirror.tolist()]
    assert state.tolist() == swapped


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=40))
def test_adjusted_p_values_keep_the_order(p: list[float]) -> None:
    """Not below the p-value, not above 1, in the same order; BY ≥ BH; missing stays missing."""
    values = np.array(p, dtype=float)
    known = ~np.isnan(values)
    q = multiple.benjamini_hochberg(values)
    for adjusted in (q, multiple.holm(values), multiple.benjamini_yekutieli(values)):
        assert (np.isnan(adjusted) == ~known).all()
        assert (adjusted[known] >= values[known] - 1e-12).all()
        assert (adjusted[known] <= 1).all()
        assert (np.diff(adjusted[known][np.argsort(values[known])]) >= -1e-12).all()
    assert (multiple.benjamini_yekutieli(values)[known] >= q[known] - 1e-12).all()


@given(units(least=2))
def test_rank_intervals_hold_the_point_ranks(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Places run from 1 to k, hold the point rank, and turn round with the direction."""
    x, n = data[0][data[1] > 0], data[1][data[1] > 0]
    if x.size == 0:
        return
    r = ranks.rank_proportions(x, n)
    assert (r.best >= 1).all()
    assert (r.worst <= x.size).all()
    assert (r.best <= r.rank).all()
    assert (r.rank <= r.worst).all()
    assert (r.worst - r.best + 1 + r.distinguishable_n == x.size).all()
    back = ranks.rank_proportions(x, n, larger_first=False)
    assert (back.best == x.size + 1 - r.worst).all()


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=30), st.floats(-1000, 1000), st.booleans())
def test_xmr_limits_never_collapse(series: list[int], shift: float, screen: bool) -> None:
    """Where anything varies the limits are apart and hold the mean; a shift moves them along."""
    chart = spc.xmr(series, screen=screen)
    assert (chart.lower <= chart.mean).all()
    assert (chart.mean <= chart.upper).all()
    if len(set(series)) > 1:
        assert chart.lower[0] < chart.near_lower[0] < chart.mean[0] < chart.near_upper[0] < chart.upper[0]
    else:
        assert not chart.special().any()
    if len(series) < spc.RUN:
        assert chart.last_point().state == "insufficient"
    moved = spc.xmr(np.array(series) + shift, screen=screen)
    assert moved.upper - shift == pytest.approx(chart.upper, abs=1e-6)


@given(units(least=2))
def test_shrunken_rates_lie_between_own_and_common(data: tuple[np.ndarray, np.ndarray]) -> None:
    """Every posterior mean lies between the unit's own rate and the prior mean, inside its interval."""
    x, n = data[0][data[1] > 0], data[1][data[1] > 0]
    if x.size < 2:
        return
    try:
        prior = shrinkage.prior_moments(x, n)
    except ValueError:  # the rates differ more than a beta distribution allows
        prior = shrinkage.prior_mle(x, n)
    post = shrinkage.posterior(x, n, prior)
    lower, upper = np.minimum(x / n, prior.mean), np.maximum(x / n, prior.mean)
    assert (lower - 1e-9 <= post.mean).all()
    assert (post.mean <= upper + 1e-9).all()
    assert (post.low <= post.high).all()


@given(
    st.lists(
        st.lists(st.floats(1, 100) | st.just(float("nan")), min_size=3, max_size=3), min_size=1, max_size=6
    ),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_composites_stay_between_their_parts(scores: list[list[float]], weights: list[float]) -> None:
    """A composite lies between its lowest and highest part, or is withheld."""
    for mean in ("arithmetic", "geometric", "harmonic"):
        got = composite.aggregate(scores, weights, mean=mean)
        for row, score, coverage in zip(scores, got.score, got.coverage):
            if np.isnan(score):
                assert coverage < 0.75
            else:
                assert np.nanmin(row) - 1e-9 <= score <= np.nanmax(row) + 1e-9


@given(st.lists(st.text(alphabet="支部会议学习讨论村民代表", max_size=40), max_size=12))
def test_copies_are_symmetric_and_identical_texts_are_found(texts: list[str]) -> None:
    """Sets do not overlap; two identical texts that are long enough are always in one set."""
    sets = duplicates.copied_texts(texts, min_grams=5, template_share=1.0)
    members = [m for c in sets for m in c.members]
    assert len(members) == len(set(members))
    place = {m: k for k, c in enumerate(sets) for m in c.members}
    for j, text in enumerate(texts):
        if len({text[i : i + 3] for i in range(len(text) - 2)}) >= 5:
            for i in range(j):
                assert texts[i] != text or place[i] == place[j]
