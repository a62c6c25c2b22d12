"""A township beside its county: states, baselines, limits; published limits and over-dispersion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pbanalysis.stats import control_limits, funnel
from pbanalysis.stats.clusters import DesignEffect, design_effect


def states(numerators: list[float], denominators: list[float], **options: float) -> list[str]:
    """The states of one indicator that is a family by itself."""
    comparison = funnel.compare(numerators, denominators, **options)  # type: ignore[arg-type]
    return funnel.judge([comparison])[0].state.tolist()


def test_equal_units_give_no_signal() -> None:
    """Twenty townships with the same rate: nothing to say about any."""
    assert set(states([30] * 20, [40] * 20)) == {"no_signal"}


def test_the_six_states() -> None:
    """Far beyond both limits is high or low, between them only possible, tiny units are not compared."""
    got = states([30] * 14 + [40, 12, 37, 23, 4, 0], [40] * 18 + [4, 0])
    assert got[14:] == ["high", "low", "possible_high", "possible_low", "not_compared", "not_compared"]
    assert set(got[:14]) == {"no_signal"}


def test_missing_counts_are_not_compared_and_do_not_enter_the_baseline() -> None:
    """NaN is neither 0 nor 100 %: the others' baseline is as if the unit were not there."""
    with_gap = funnel.compare([30] * 11 + [np.nan], [40] * 11 + [np.nan])
    without = funnel.compare([30] * 11, [40] * 11)
    assert not with_gap.compared[-1]
    assert np.isnan(with_gap.p_value[-1])
    assert with_gap.baseline[:11] == pytest.approx(without.baseline)


def test_baseline_is_the_sum_over_the_sum() -> None:
    """The county's rate is Σ/Σ, never a mean of rates."""
    c = funnel.compare([5] * 10 + [60], [10] * 10 + [100])
    assert c.baseline[0] == pytest.approx(110 / 200)


def test_a_unit_is_left_out_where_it_would_compare_with_itself() -> None:
    """Above 20 % of the total, or with fewer than ten units, the baseline is that of the others."""
    large = funnel.compare([90] + [10] * 12, [120] + [20] * 12)
    assert large.excluded.tolist() == [True] + [False] * 12
    assert large.baseline[0] == pytest.approx(0.5)
    assert large.baseline[1] == pytest.approx(210 / 360)
    few = funnel.compare([8] * 9, [10] * 9)
    assert few.excluded.all()
    exactly = funnel.compare([16] + [8] * 8 + [8] * 2, [20] + [8] * 10)  # 20 of 100: not above 20 %
    assert not exactly.excluded.any()


def test_units_without_data_do_not_count_as_units() -> None:
    """Nine townships with data and three without are fewer than ten."""
    assert funnel.compare([8] * 9 + [0] * 3, [10] * 9 + [0] * 3).excluded.tolist() == [True] * 9 + [False] * 3


def test_a_single_unit_has_nothing_to_be_compared_with() -> None:
    """One township is the county: not compared."""
    assert states([8, 0], [10, 0]) == ["not_compared", "not_compared"]


def test_included_units_are_judged_by_the_binomial_law() -> None:
    """Two-sided mid-p and exact p-values equal scipy's binomial tails at the county's rate."""
    x, n = np.array([20] * 11 + [33]), np.full(12, 40)
    c, p = funnel.compare(x, n), (20 * 11 + 33) / 480
    upper = stats.binom.sf(32, 40, p)
    assert c.exact_p_value[-1] == pytest.approx(2 * upper)
    assert c.p_value[-1] == pytest.approx(2 * (upper - stats.binom.pmf(33, 40, p) / 2))


def test_the_drawn_limits_are_those_that_judge() -> None:
    """At each unit's size the curve drawn around its baseline is the limit it was judged by, left out or not."""
    x, n = np.array([30, 12, 55, 9]), np.array([40, 20, 60, 30])
    for effect in (funnel.INDEPENDENT, DesignEffect(3.0, 50)):
        judged = funnel.compare(x, n, effect=effect)
        assert judged.excluded.all()
        for k in range(4):
            rest_n = int(n.sum() - n[k])
            drawn = funnel.limits([n[k]], judged.baseline[k], rest_n=rest_n, effect=effect)
            assert np.allclose(np.ravel(drawn), [end[k] for end in judged.limits])


def test_excluded_units_are_judged_by_fishers_test_against_the_rest() -> None:
    """The rest's rate is an estimate: the exact p-value is that of Fisher's test, doubled."""
    c = funnel.compare([5, 20, 16], [10, 30, 20])
    for i, (x, n) in enumerate([(5, 10), (20, 30), (16, 20)]):
        table = [[x, n - x], [41 - x, 60 - n - 41 + x]]
        tails = [stats.fisher_exact(table, alternative=a)[1] for a in ("less", "greater")]
        assert c.exact_p_value[i] == pytest.approx(min(1, 2 * min(tails)))


def test_a_perfect_county_does_not_turn_one_miss_into_certainty() -> None:
    """If all others reach 100 %, 9 of 10 is no signal; if everybody does, nothing is."""
    assert states([9, 30, 30], [10, 30, 30])[0] == "no_signal"
    assert set(states([40] * 12, [40] * 12)) == {"no_signal"}
    assert set(states([0] * 12, [40] * 12)) == {"no_signal"}


def test_the_family_is_adjusted_together() -> None:
    """A lone extreme among many comparisons must pass Benjamini–Hochberg too."""
    alone = funnel.compare([28] * 11 + [37], [40] * 12, baseline=0.7)
    assert alone.exact_p_value[-1] < funnel.OUTER
    assert funnel.judge([alone])[0].state[-1] == "high"
    crowd = [funnel.compare([28] * 20, [40] * 20, baseline=0.7) for _ in range(30)]
    verdicts = funnel.judge([alone, *crowd])
    assert verdicts[0].q_value[-1] > 0.05
    assert verdicts[0].state[-1] == "possible_high"
    assert funnel.judge([]) == []


def test_records_that_go_together_widen_limits_and_weaken_states() -> None:
    """With a design effect of 12 the same gap is no longer beyond the outer limits."""
    x, n = [280] * 11 + [330], [400] * 12
    plain, wide = funnel.compare(x, n), funnel.compare(x, n, effect=DesignEffect(12.0, 200))
    assert funnel.judge([plain])[0].state[-1] == "high"
    assert funnel.judge([wide])[0].state[-1] == "no_signal"
    assert (wide.limits.low95 < plain.limits.low95).all()
    assert (wide.limits.high998 > plain.limits.high998).all()
    assert (wide.p_value >= plain.p_value).all()


def test_units_that_stand_out_are_not_taken_as_noise() -> None:
    """Townships far apart, branches alike within each: the design effect is near 1 and the gap is seen."""
    rng = np.random.default_rng(5)
    rates = np.array([0.95] * 6 + [0.6] * 6 + [0.3])
    units = np.repeat(np.arange(13), 20)
    x = rng.binomial(30, rates[units])
    effect = design_effect(x, np.full(x.shape, 30), units)
    assert effect.value < 1.3
    assert effect.degrees == 13 * 19
    whole = funnel.compare(np.bincount(units, x), [600] * 13, effect=effect)
    assert funnel.judge([whole])[0].state[-1] == "low"


def test_design_effect_is_that_of_the_intraclass_correlation() -> None:
    """Branches of m records with correlation ρ have a design effect of 1 + (m − 1) ρ."""
    rng = np.random.default_rng(6)
    m, rho = 10, 0.2
    a = 0.5 * (1 / rho - 1)
    p = rng.beta(a, a, 40_000)
    effect = design_effect(rng.binomial(m, p), np.full(p.shape, m), np.repeat(np.arange(2000), 20))
    assert effect.value == pytest.approx(1 + (m - 1) * rho, rel=0.02)


@pytest.mark.parametrize("x", [[0, 0, 0], [4, 4, 4], [3]])
def test_no_design_effect_without_scatter(x: list[int]) -> None:
    """All, none, or a single cluster a unit: taken as independent."""
    assert design_effect(x, [4] * len(x), [0] * len(x)).value == 1


def test_the_drawn_curve_is_the_limits_that_judge() -> None:
    """At each included unit's size the curve passes through the unit's own limits, with a design effect too."""
    for effect in (funnel.INDEPENDENT, DesignEffect(4.0, 60)):
        c = funnel.compare([280] * 11 + [330, 30], [400] * 12 + [40], effect=effect)
        curve = funnel.limits(c.denominator, float(c.baseline[0]), effect=c.effect)
        assert np.allclose(curve, c.limits)


def test_thousands_of_units_at_once() -> None:
    """Five thousand units are compared in one call, each as if alone at the same baseline."""
    rng = np.random.default_rng(3)
    n = rng.integers(5, 200, 5000)
    x = rng.binomial(n, 0.8)
    c = funnel.compare(x, n, baseline=0.8)
    one = funnel.compare(x[:1], n[:1], baseline=0.8)
    assert c.p_value[0] == one.p_value[0]
    assert (c.p_value < 0.05).mean() < 0.07
    assert (c.exact_p_value < 0.002).mean() < 0.003


@pytest.mark.parametrize(
    "call",
    [
        lambda: funnel.compare([5], [4]),
        lambda: funnel.compare([-1], [4]),
        lambda: funnel.compare([0.5], [4]),
        lambda: funnel.compare([1, 2], [4]),
        lambda: funnel.compare([[1]], [[4]]),
        lambda: funnel.compare([1], [4], baseline=1.0),
        lambda: funnel.compare([1], [4], effect=DesignEffect(0.5, 3)),
        lambda: funnel.limits([0], 0.5),
        lambda: funnel.limits([10], 1.0),
        lambda: funnel.limits([10], 0.5, effect=DesignEffect(2.0, 0)),
        lambda: control_limits.score_limits([0], 0.5),
        lambda: control_limits.poisson_limits([0]),
        lambda: control_limits.overdispersion([1, 2], [0, 2]),
        lambda: control_limits.overdispersion([1, 2], [3, 3], trim=0.5),
        lambda: control_limits.overdispersion([1, 2], [3, 3], "rate"),  # type: ignore[arg-type]
        lambda: control_limits.overdispersion([5, 2], [3, 3], "proportion"),
        lambda: control_limits.overdispersion([0, 0], [3, 3], "count-ratio"),
        lambda: control_limits.overdispersed_limits([0], control_limits.overdispersion([1, 2], [3, 3])),
    ],
)
def test_impossible_input_is_refused(call: object) -> None:
    """Impossible counts, baselines and kinds raise ValueError."""
    with pytest.raises(ValueError, match=r"[一-鿿]"):
        call()  # type: ignore[operator]


def test_zero_counts_do_not_make_dispersion_infinite() -> None:
    """A unit without events gives a finite z-score and φ on the log scale."""
    d = control_limits.overdispersion([0, 12, 9, 11, 10, 14], [10] * 6, "ratio-log", trim=0)
    assert np.isfinite(d.phi)
    assert np.isfinite(d.z).all()


@pytest.mark.parametrize("kind", ["proportion", "ratio-log", "ratio-sqrt", "count-ratio"])
def test_dispersion_is_about_one_under_chance(kind: str) -> None:
    """With the consistency correction the mean φ of equal units is near 1; without it, well below."""
    rng, n = np.random.default_rng(8), np.full(20, 200)
    plain, corrected = [], []
    for _ in range(300):
        x = rng.binomial(n, 0.5) if kind == "proportion" else rng.poisson(n)
        size = rng.poisson(n) if kind == "count-ratio" else n
        plain.append(control_limits.overdispersion(x, size, kind, consistent=False).phi)  # type: ignore[arg-type]
        corrected.append(control_limits.overdispersion(x, size, kind).phi)  # type: ignore[arg-type]
    assert np.mean(corrected) == pytest.approx(1, abs=0.08)
    assert np.mean(plain) < 0.75


def test_real_dispersion_is_found_and_widens_the_limits() -> None:
    """Units that differ by 0.1 on the arcsine scale give about τ² = 0.01 and wider limits."""
    rng = np.random.default_rng(2)
    n = np.full(200, 400)
    p = np.sin(np.arcsin(np.sqrt(0.6)) + rng.normal(0, 0.1, 200)) ** 2
    d = control_limits.overdispersion(rng.binomial(n, p), n)
    assert d.tau2 == pytest.approx(0.01, rel=0.3)
    wide = control_limits.overdispersed_limits([400], d)
    narrow = control_limits.score_limits([400], d.target)
    assert wide.low[0] < narrow.low[0] < narrow.high[0] < wide.high[0]


def test_limits_of_a_ratio_are_squared_back_unless_conformance_is_wanted() -> None:
    """FunnelPlotR draws the CQC limits untransformed; for reading they are squared."""
    d = control_limits.overdispersion([100, 150, 180, 80], [108, 112, 165, 95], "ratio-sqrt")
    plain = control_limits.overdispersed_limits([100], d, squared=False)
    squared = control_limits.overdispersed_limits([100], d)
    assert squared.high[0] == pytest.approx(plain.high[0] ** 2)
    ratio = control_limits.overdispersion([100, 150, 180, 80], [108, 112, 165, 95], "count-ratio")
    low, high = control_limits.overdispersed_limits([100], ratio)
    assert np.sqrt(low * high)[0] == pytest.approx(ratio.target)


def test_calibration_holds_in_small() -> None:
    """40 counties of 20 equal townships × 15 indicators and one planted half rate: few wrong, all found.

    The full measurement is benchmarks/calibration.py; this guards it between runs.
    """
    rng, n = np.random.default_rng(2023), np.full(20, 100)
    rates = np.full((15, 20), 0.8)
    rates[0, -1] = 0.4
    wrong, found = 0, 0
    for _ in range(40):
        family = [funnel.compare(rng.binomial(n, row), n) for row in rates]
        flagged = np.array([np.isin(v.state, ["high", "low"]) for v in funnel.judge(family)])
        found += int(flagged[0, -1])
        wrong += int(flagged.sum() - flagged[0, -1])
    assert found >= 32
    assert wrong / 40 <= 0.002 * 300
