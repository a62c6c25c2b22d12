"""Many units or tests at once: adjustment, ranks, shrinkage, composite, record screens."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pbanalysis.stats import (
    composite,
    duplicates,
    integrity,
    multiple,
    normalise,
    ranks,
    shrinkage,
)

BH_1995 = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
    0.7590, 1.0,
]  # fmt: skip
# Tarone (1982), Gelman et al., BDA3 section 5.1: tumours / rats of 70 earlier groups
RATS = (
    "0/20 0/20 0/20 0/20 0/20 0/20 0/20 0/19 0/19 0/19 0/19 0/18 0/18 0/17 1/20 1/20 1/20 1/20 1/19 1/19 "
    "1/18 1/18 2/25 2/24 2/23 2/20 2/20 2/20 2/20 2/20 2/20 1/10 5/49 2/19 5/46 3/27 2/17 7/49 7/47 3/20 "
    "3/20 2/13 9/48 10/50 4/20 4/20 4/20 4/20 4/20 4/20 4/20 10/48 4/19 4/19 4/19 5/22 11/46 12/49 5/20 "
    "5/20 6/23 5/19 6/22 6/20 6/20 6/20 16/52 15/47 15/46 9/24"
)
RATS_X, RATS_N = np.array([pair.split("/") for pair in RATS.split()], dtype=int).T


def test_benjamini_hochberg_1995_rejects_four() -> None:
    """The paper's fifteen p-values: four rejected at 5 % by BH, three by Holm; q equals scipy's."""
    q = multiple.benjamini_hochberg(BH_1995)
    assert (q < 0.05).sum() == 4
    assert (multiple.holm(BH_1995) < 0.05).sum() == 3
    assert np.allclose(q, stats.false_discovery_control(BH_1995))


def test_missing_p_values_do_not_count() -> None:
    """NaN stays NaN and does not enlarge the family; shapes are kept; nonsense is refused."""
    p = np.array([[0.01, np.nan], [0.04, 0.03]])
    for adjust in (multiple.benjamini_hochberg, multiple.benjamini_yekutieli, multiple.holm):
        assert np.isnan(adjust(p)).tolist() == np.isnan(p).tolist()
        assert np.allclose(adjust(p)[~np.isnan(p)], adjust(p[~np.isnan(p)]))
        assert adjust([]).size == 0
    with pytest.raises(ValueError, match="p 值"):
        multiple.holm([1.2])


def test_ranks_by_hand() -> None:
    """Three clear levels of two units each: places 1–2, 3–4, 5–6, four others told apart; ties share."""
    value = [0.9, 0.9, 0.5, 0.5, 0.1, 0.1]
    r = ranks.rank_normal(value, [0.01] * 6)
    assert r.best.tolist() == [1, 1, 3, 3, 5, 5]
    assert r.worst.tolist() == [2, 2, 4, 4, 6, 6]
    assert r.rank.tolist() == [1, 1, 3, 3, 5, 5]
    assert r.distinguishable_n.tolist() == [4] * 6
    turned = ranks.rank_normal(value, [0.01] * 6, larger_first=False)
    assert turned.best.tolist() == [5, 5, 3, 3, 1, 1]


def test_equal_townships_cannot_be_ranked() -> None:
    """Twenty equal townships of 40 records: every place is possible for each."""
    r = ranks.rank_proportions([28] * 20, [40] * 20)
    assert set(r.best) == {1}
    assert set(r.worst) == {20}
    assert set(r.distinguishable_n) == {0}


def test_touching_intervals_do_not_tell_units_apart() -> None:
    """An end in common means that the units may be equal."""
    r = ranks.rank_intervals([2, 1], [1.5, 0.5], [2.5, 1.5])
    assert r.best.tolist() == [1, 1]
    assert r.worst.tolist() == [2, 2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: ranks.rank_intervals([1], [2], [3]),
        lambda: ranks.rank_normal([1], [-1]),
        lambda: ranks.rank_proportions([0], [0]),
        lambda: ranks.joint_level(0),
        lambda: ranks.joint_level(3, joint="none"),  # type: ignore[arg-type]
        lambda: shrinkage.prior_moments([1, 2], [0, 3]),
        lambda: shrinkage.prior_moments([0, 5], [5, 5], raw=True),
        lambda: shrinkage.james_stein([1, 2, 3], 1),
        lambda: shrinkage.james_stein([1, 2, 3, 4], 0),
        lambda: normalise.goalposts([1], 2, 1),
        lambda: normalise.to_target([1, 2], 1),
        lambda: composite.aggregate([1, 2], [1]),
        lambda: composite.aggregate([0, 2], [1, 1], mean="geometric"),
        lambda: composite.aggregate([1, 2], [1, 1], mean="median"),
        lambda: composite.effective_weights([[1, 2], [3, 4]], [0, 0]),
        lambda: composite.effective_weights([[1, 2], [3, 4]], [1]),
        lambda: composite.simulate([[1]], [[2]], [[1, 0]], [1]),
        lambda: integrity.digit_heaping_counts([1] * 9),
        lambda: integrity.digit_heaping([10.5]),
        lambda: integrity.entry_burst([2], [1]),
        lambda: integrity.leads([0.1, 0.2]),
        lambda: duplicates.copied_texts(["a"], ["x", "y"]),
        lambda: duplicates.copied_texts(["a"], threshold=0),
    ],
)
def test_impossible_input_is_refused(call: object) -> None:
    """Impossible counts, weights and shapes raise ValueError."""
    with pytest.raises(ValueError, match=r"[一-鿿]"):
        call()  # type: ignore[operator]


def test_rats_priors_equal_the_book() -> None:
    """Raw moments give BDA3's Beta(1.4, 8.6); the likelihood's top is where no neighbour is better."""
    raw = shrinkage.prior_moments(RATS_X, RATS_N, raw=True)
    assert (raw.alpha, raw.beta) == pytest.approx((1.3561493910319, 8.6150578913208), abs=1e-9)
    top = shrinkage.prior_mle(RATS_X, RATS_N)

    def likelihood(a: float, b: float) -> float:
        return float(stats.betabinom.logpmf(RATS_X, RATS_N, a, b).sum())

    best = likelihood(top.alpha, top.beta)
    for step in (0.99, 1.01):
        assert likelihood(top.alpha * step, top.beta) < best
        assert likelihood(top.alpha, top.beta * step) < best
    assert raw.weight < top.weight < shrinkage.prior_moments(RATS_X, RATS_N).weight


def test_no_difference_beyond_chance_pools_fully() -> None:
    """At the boundary every unit gets the common rate, with an interval that is not empty."""
    x, n = [10, 11, 9, 10, 10], [20] * 5
    for fit in (shrinkage.prior_moments, shrinkage.prior_mle):
        prior = fit(x, n)
        assert prior.pooled
        post = shrinkage.posterior(x, n, prior)
        assert np.allclose(post.mean, 0.5)
        assert (post.low < 0.5).all()
        assert (post.high > 0.5).all()
    assert shrinkage.prior_mle([0, 0], [5, 5]).pooled


def test_small_units_are_shrunk_more() -> None:
    """Of two units at 100 % the one with three records moves further towards the rest."""
    x, n = np.array([3, 60, 20, 30, 15]), np.array([3, 60, 40, 40, 40])
    post = shrinkage.posterior(x, n, shrinkage.prior_moments(x, n))
    assert post.mean[0] < post.mean[1] < 1
    assert shrinkage.james_stein([1, 1, 1, 1], 0.5).factor == 0


def test_normalisers() -> None:
    """Directions, ties, missing values and constant series are treated as documented."""
    assert normalise.goalposts([0.5, np.nan, 2], 0, 1, larger_better=False)[[0, 2]].tolist() == [50, 0]
    assert np.isnan(normalise.goalposts([np.nan], 0, 1)).all()
    assert np.isnan(normalise.minmax([3, 3])).all()
    assert np.isnan(normalise.zscore([3, 3])).all()
    assert np.isnan(normalise.percent_rank([3])).all()
    assert normalise.percent_rank([5, 5, 7, np.nan])[:3].tolist() == [0, 0, 1]
    assert normalise.to_target([0, 3], 2, cap=False).tolist() == [0, 1.5]


def test_aggregates_and_their_order() -> None:
    """Harmonic ≤ geometric ≤ arithmetic mean; without any data no score, at the floor one."""
    means = [
        composite.aggregate([[20, 80]], [1, 1], mean=m).score[0]
        for m in ("harmonic", "geometric", "arithmetic")
    ]
    assert means == pytest.approx([32, 40, 50])
    empty = composite.aggregate([[np.nan, np.nan], [10, np.nan]], [3, 1])
    assert np.isnan(empty.score[0])
    assert empty.score[1] == 10
    assert empty.coverage.tolist() == [0, 0.75]
    assert np.isnan(composite.effective_weights([[1, 1], [1, 1]], [1, 1])).all()


def test_bands_are_named_only_when_they_hold() -> None:
    """Clear units get their band, one at the cut and one without data get none; seeded and repeatable."""
    x, n = [[195, 95], [100, 50], [20, 10], [1, 0]], [[200, 100], [200, 100], [200, 100], [1, 0]]
    posts, weights = [[0, 1], [0, 1]], [0.6, 0.4]
    first, again = (composite.simulate(x, n, posts, weights, seed=4) for _ in range(2))
    assert np.array_equal(first.draws, again.draws, equal_nan=True)
    assert composite.bands(first, [50], ["低", "高"]) == ["高", "", "低", ""]
    assert first.best[3] == first.worst[3] == 0
    assert (first.low[:3] <= first.score[:3]).all()
    turned = composite.simulate(x, n, posts, weights, larger_better=[False, False])
    assert turned.score[2] > turned.score[0]
    with pytest.raises(ValueError, match="分档"):
        composite.bands(first, [50], ["低"])


def test_digits_are_not_tested_below_fifty() -> None:
    """49 numbers cannot show heaping; one-digit numbers do not count."""
    assert np.isnan(integrity.digit_heaping([20] * 49).p_value)
    assert np.isnan(integrity.digit_heaping([5] * 500).p_value)
    assert np.isnan(integrity.digit_heaping([]).round_share)
    spread = integrity.digit_heaping(np.arange(10, 110))
    assert spread.p_value == pytest.approx(1)
    assert spread.round_share == pytest.approx(0.2)


def test_a_burst_is_measured_against_the_countys_calendar() -> None:
    """Everybody enters on the reporting day: no burst. One unit enters all on a quiet day: a burst."""
    county = np.array([5, 6, 4, 5, 300, 6, 5])
    usual = integrity.entry_burst([0, 0, 0, 1, 19, 0, 0], county)
    assert usual.p_value > 0.05
    odd = integrity.entry_burst([0, 20, 0, 0, 0, 0, 0], county + np.eye(7, dtype=int)[1] * 20)
    assert odd.day == 1
    assert odd.p_value < 0.01
    assert np.isnan(integrity.entry_burst([0, 3, 0, 0, 0, 0, 0], county).p_value)


def test_entry_lag() -> None:
    """Unknown lags are left out, entries before the event and late ones are counted."""
    lag = integrity.entry_lag([0, 5, 10, 70, -2, np.nan])
    assert (lag.median, lag.before_n, lag.late_n, lag.n) == (5, 1, 1, 5)
    assert np.isnan(integrity.entry_lag([np.nan]).median)


def test_a_lead_needs_two_independent_signals() -> None:
    """One extreme test is not enough; expected false leads are small and grow with the threshold."""
    p = np.random.default_rng(1).uniform(0.2, 1, (20, 4))
    p[2, 0] = 1e-9
    p[5, :2] = 1e-6
    p[7, 2:] = np.nan
    found = integrity.leads(p)
    assert np.flatnonzero(found.flagged).tolist() == [5]
    assert found.signals_n[2] == 1
    assert 0 < found.expected_false < 0.01
    assert integrity.leads(np.full((3, 2), 0.9)).expected_false == 0


MINUTES = (
    "会议传达学习了上级关于乡村全面振兴工作的重要部署，与会党员结合本村辣椒种植产业的实际展开讨论，"
    "一致同意扩大烘干车间，并由李某牵头联系收购商"
)
OTHER = (
    "支部围绕人居环境整治开展主题活动，党员分片包干清理河道垃圾，修缮文化广场的栏杆，"
    "慰问高龄老人六户，收集到关于路灯和饮水的意见建议共七条"
)


def test_copied_minutes_are_found_in_spite_of_dates_and_spaces() -> None:
    """A copy with another date and a changed word is found, other texts are not."""
    copy = "2023年5月8日 " + MINUTES.replace("本村", "我村").replace("，", "， ")
    found = duplicates.copied_texts([MINUTES, OTHER, copy, ""])
    assert [c.members for c in found] == [(0, 2)]
    assert 0.8 <= found[0].similarity < 1


def test_the_template_does_not_make_copies() -> None:
    """Texts that share only the ledger's template are not copies, given or recognised by frequency."""
    template = "会议由支部书记主持，应到党员若干名，实到若干名，会议议程如下，首先学习文件，其次研究事项，最后总结讲话"
    endings = ["".join(chr(0x4E00 + (37 * i + 101 * j) % 20000) for j in range(30)) for i in range(12)]
    texts = [template + ending for ending in endings]
    assert duplicates.copied_texts(texts, threshold=0.5) == []
    assert duplicates.copied_texts(texts[:3], threshold=0.5, templates=[template]) == []
    assert duplicates.copied_texts(texts[:3], threshold=0.3) != []
    assert duplicates.copied_texts(texts, threshold=0.3) == []


def test_copies_within_one_organisation_are_left_out_if_asked() -> None:
    """With organisations given, only sets that span two of them are returned; chains are joined."""
    assert duplicates.copied_texts([MINUTES, MINUTES], ["甲", "甲"]) == []
    found = duplicates.copied_texts([MINUTES, OTHER, MINUTES, MINUTES + "。"], ["甲", "甲", "甲", "乙"])
    assert found[0].members == (0, 2, 3)
    assert found[0].similarity == 1


def test_prefix_filter_finds_every_similar_pair() -> None:
    """Against brute force on random sets at several thresholds: the same pairs."""
    rng = np.random.default_rng(6)
    alphabet = [chr(0x4E00 + i) for i in range(12)]
    base = ["".join(rng.choice(alphabet, 40)) for _ in range(6)]
    texts = []
    for text in base * 5:
        letters = list(text)
        for place in rng.integers(0, 40, rng.integers(0, 8)):
            letters[place] = str(rng.choice(alphabet))
        texts.append("".join(letters))
    grams = [{t[i : i + 3] for i in range(len(t) - 2)} for t in texts]
    for threshold in (0.5, 0.7, 0.9):
        pairs = {
            (i, j)
            for j in range(len(texts))
            for i in range(j)
            if len(grams[i] & grams[j]) >= threshold * len(grams[i] | grams[j])
        }
        sets = duplicates.copied_texts(texts, threshold=threshold, template_share=1.0, min_grams=1)
        joined = {m: k for k, c in enumerate(sets) for m in c.members}
        assert all(joined.get(i) == joined.get(j) is not None for i, j in pairs)
        assert sum(len(c.members) for c in sets) == len({m for pair in pairs for m in pair})
