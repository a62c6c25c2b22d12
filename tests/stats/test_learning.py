"""Learning gains: effect sizes, resampling, Lord's paradox, regression to the mean, reliability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from pbanalysis.stats import effects, gain, reliability, resampling

PRE = np.array([52.0, 61, 58, 70, 66, 49, 75, 63, 57, 68])
POST = np.array([60.0, 66, 61, 78, 65, 58, 80, 72, 60, 71])


def test_change_score_metric_is_the_paired_t_rescaled() -> None:
    """SMCC = J·t/√n with variance 1/n + g²/(2n); SMCR stands on the pre-test's spread."""
    change = POST - PRE
    j = special.gamma(9 / 2) / (np.sqrt(9 / 2) * special.gamma(8 / 2))
    t = stats.ttest_rel(POST, PRE)
    e = effects.smcc(PRE, POST)
    assert e.estimate == pytest.approx(j * t.statistic / np.sqrt(10))
    assert e.variance == pytest.approx(1 / 10 + e.estimate**2 / 20)
    assert effects.smcr(PRE, POST).estimate == pytest.approx(j * change.mean() / PRE.std(ddof=1))


def test_paired_change_equals_scipy() -> None:
    """Mean change, t interval and p-value equal ``ttest_rel``; no spread gives no p-value in between."""
    got, reference = effects.paired_change(PRE, POST), stats.ttest_rel(POST, PRE)
    interval = reference.confidence_interval()
    assert (got.low, got.high, got.p_value) == pytest.approx((interval.low, interval.high, reference.pvalue))
    assert effects.paired_change([1, 2, 3], [1, 2, 3]).p_value == 1
    assert effects.paired_change([1, 2, 3], [2, 3, 4]).p_value == 0


def test_two_proportions() -> None:
    """Newcombe's interval with Fisher's p-value; empty groups are refused."""
    got = effects.two_proportions(56, 70, 48, 80)
    assert got.p_value == pytest.approx(stats.fisher_exact([[56, 14], [48, 32]])[1])
    with pytest.raises(ValueError, match="分母"):
        effects.two_proportions(0, 0, 1, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: effects.hedges_g([1, 1], [2, 2]),
        lambda: effects.hedges_g([1], [2, 3]),
        lambda: effects.smcr([1, 1, 1], [1, 2, 3]),
        lambda: effects.smcc([1, 2], [1, 2]),
        lambda: effects.paired_change([1, 2, 3], [1, 2]),
        lambda: resampling.bootstrap(np.mean),
        lambda: resampling.bootstrap(np.mean, [1, 2, 3], clusters=[1, 1, 2]),
        lambda: resampling.bootstrap(np.mean, [1, float("nan"), 3]),
        lambda: gain.group_effect([1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 0, 0]),
        lambda: gain.group_effect([1, 1, 2, 2], [1, 2, 3, 4], [0, 0, 1, 1]),
        lambda: gain.regression_to_the_mean(1, 2, 1.2),
        lambda: gain.selection_effect(6, 5, 1, 0.5),
        lambda: reliability.cronbach_alpha([[1, 2], [1, 3], [1, 4]]),
        lambda: reliability.cronbach_alpha([[1, 2], [2, float("nan")], [3, 4]]),
        lambda: reliability.cohen_kappa([[1, 2, 3], [1, 2, 3]]),
        lambda: reliability.cohen_kappa([[1, 2], [3, 4]], "cubic"),  # type: ignore[arg-type]
    ],
)
def test_impossible_input_is_refused(call: object) -> None:
    """Too few persons, no spread, unknown options raise ValueError."""
    with pytest.raises(ValueError, match=r"[一-鿿]"):
        call()  # type: ignore[operator]


def test_permutation_tests_are_exact_when_small() -> None:
    """All 2ⁿ sign patterns and all splits are used for small samples."""
    assert resampling.permutation_paired([0, 0, 0, 0], [1, 2, 3, 4]) == pytest.approx(2 / 16)
    assert resampling.permutation_two_sample([1, 2], [8, 9]) == pytest.approx(2 / 6)
    assert resampling.permutation_paired(PRE, POST) < 0.01
    assert resampling.permutation_two_sample(PRE, PRE) == 1


def test_bootstrap_is_seeded_and_keeps_clusters_together() -> None:
    """Same seed, same interval; persons of a branch in step make the interval wider."""
    rng = np.random.default_rng(4)
    branch = np.repeat(np.arange(12), 10)
    score = rng.normal(0, 1, 12)[branch] + rng.normal(0, 0.3, 120)
    persons = resampling.bootstrap(np.mean, score, resamples=600)
    branches = resampling.bootstrap(np.mean, score, clusters=branch, resamples=600)
    assert branches == resampling.bootstrap(np.mean, score, clusters=branch, resamples=600)
    assert branches.high - branches.low > 2 * (persons.high - persons.low)
    assert (persons.units_n, branches.units_n) == (120, 12)
    assert branches.estimate == pytest.approx(score.mean())


def test_bootstrap_of_a_constant_says_nothing() -> None:
    """A statistic that cannot vary has no interval."""
    b = resampling.bootstrap(np.mean, [2.0, 2, 2, 2], resamples=100)
    assert b.estimate == 2
    assert np.isnan([b.low, b.high]).all()


def test_agreement_is_not_called_a_paradox() -> None:
    """Groups equal before, different after: both readings agree."""
    pre = np.tile([50.0, 55, 60, 65], 4)
    group = np.repeat([0, 1], 8)
    post = pre + 3 + 8 * group + np.tile([0.5, -0.5, 0.2, -0.2], 4)
    e = gain.group_effect(pre, post, group)
    assert e.reading == "agree"
    assert e.ancova.estimate == pytest.approx(8)
    assert e.change.estimate == pytest.approx(8)


def test_learning_gain_counts_who_is_missing_and_what_cannot_rise() -> None:
    """Matched persons only; drop-outs, late-comers and full marks are told beside the gain."""
    nan = float("nan")
    pre = [*PRE, 100, 40, nan]
    post = [*POST, 100, nan, 70]
    branch = list("aabbccddeeffg")
    g = gain.learning_gain(
        pre, post, branch, full_mark=100, population_mean=70, reliability=0.8, resamples=300
    )
    assert (g.matched_n, g.pre_only_n, g.post_only_n, g.ceiling_n, g.clusters_n) == (11, 1, 1, 1, 6)
    assert g.dropout_pre_mean == 40
    assert g.low < g.gain < g.high
    assert g.gain == pytest.approx(effects.smcr([*PRE, 100], [*POST, 100]).estimate)
    assert g.expected_regression == pytest.approx(0.2 * (70 - g.pre_mean))
    assert g.few_clusters


def test_learning_gain_says_nothing_where_nothing_can_be_said() -> None:
    """Two persons, or equal scores before, give no gain; two branches give no interval."""
    assert np.isnan(gain.learning_gain([1, 2], [2, 3], ["a", "b"]).gain)
    assert np.isnan(gain.learning_gain([5, 5, 5], [6, 7, 8], list("abc")).gain)
    two = gain.learning_gain(PRE, POST, ["a"] * 5 + ["b"] * 5)
    assert np.isfinite(two.gain)
    assert np.isnan(two.low)
    none = gain.learning_gain([float("nan")], [1], ["a"])
    assert np.isnan(none.pre_mean)


def test_the_lowest_five_of_twenty_gain_without_learning() -> None:
    """Blom's formula agrees with a simulation of two tests without any learning."""
    rng = np.random.default_rng(12)
    true = rng.normal(0, np.sqrt(0.5), (4000, 20))
    first, second = (true + rng.normal(0, np.sqrt(0.5), true.shape) for _ in range(2))
    lowest = np.argsort(first, axis=1)[:, :5]
    rise = np.take_along_axis(second - first, lowest, axis=1).mean()
    assert gain.selection_effect(5, 20, sd=1, reliability=0.5) == pytest.approx(rise, abs=0.02)


def test_attitude_alpha_interval_and_items() -> None:
    """Two equal items have α = 1 and a test of two items has no "α if dropped"."""
    a = reliability.cronbach_alpha([[1, 1], [2, 2], [4, 4]])
    assert a.raw == pytest.approx(1)
    assert np.isnan(a.if_dropped).all()
    scores = np.random.default_rng(3).normal(size=(40, 1)) + np.random.default_rng(4).normal(size=(40, 4))
    a = reliability.cronbach_alpha(scores)
    assert a.low < a.raw < a.high
    rest = [np.corrcoef(scores[:, i], np.delete(scores, i, 1).sum(axis=1))[0, 1] for i in range(4)]
    assert np.allclose(a.item_rest, rest)
    assert a.if_dropped[0] == pytest.approx(reliability.cronbach_alpha(scores[:, 1:]).raw)


def test_kappa_of_two_checkers() -> None:
    """Cohen's (1960, 1968) example tables, agreement by raw judgements, and the undefined case."""
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    assert reliability.cohen_kappa(table).kappa == pytest.approx(0.492, abs=5e-4)
    weighted = reliability.cohen_kappa(table, "quadratic")
    assert weighted.kappa > reliability.cohen_kappa(table, "linear").kappa - 0.2
    assert reliability.contingency(["是", "否"], ["是", "是"]).tolist() == [[0, 1], [0, 1]]
    assert np.isnan(reliability.cohen_kappa([[5, 0], [0, 0]])).all()
    assert reliability.cohen_kappa([[5, 0], [0, 5]])[:3] == (1, 1, 1)


def test_bootstrap_of_sums_is_the_bootstrap_of_the_rows() -> None:
    """A statistic of sums, all resamples at once, gives what the rows give one resample at a time."""
    rng = np.random.default_rng(5)
    branch, score = np.repeat(np.arange(9), 7), rng.normal(60, 9, 63)
    slow = resampling.bootstrap(np.mean, score, clusters=branch, resamples=400, seed=3)
    fast = resampling.bootstrap(
        lambda n, total: total / n, np.ones(63), score, clusters=branch, of_sums=True, resamples=400, seed=3
    )
    assert tuple(fast) == pytest.approx(tuple(slow))
    gained = score + rng.normal(3, 4, 63)
    own = gain.learning_gain(score, gained, branch, resamples=400, seed=3)
    rows = resampling.bootstrap(
        lambda x, y: effects.smcr(x, y).estimate, score, gained, clusters=branch, resamples=400, seed=3
    )
    assert (own.gain, own.low, own.high) == pytest.approx((rows.estimate, rows.low, rows.high))
