"""Time to an event: Kaplan–Meier, medians, restricted mean, log-rank, competing ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pbanalysis.stats import competing, logrank, survival

# R survival::aml
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])
REFERENCE = json.loads(
    (Path(__file__).parents[1] / "data" / "cmprsk_reference.json").read_text(encoding="utf-8")
)


def test_freireich_curve_equals_the_textbook() -> None:
    """6-MP remission data: curve .857 … .448 with standard errors .0764 … .1346 (Freireich 1963; R)."""
    time = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    event = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    km = survival.kaplan_meier(time, event)
    ended = km.events > 0
    assert km.survival[ended].round(3).tolist() == [0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448]
    errors = [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert km.standard_error[ended].round(4).tolist() == errors
    assert km.median().value == 23


def test_domain_golden_example() -> None:
    """Closed at 10, 20, 30, 60 days, open since 25 and 90: the median is 30 days, not that of the closed."""
    km = survival.kaplan_meier([10, 20, 30, 60, 25, 90], [1, 1, 1, 1, 0, 0])
    assert km.at([10, 20, 25, 30, 60, 90]).round(4).tolist() == [
        0.8333,
        0.6667,
        0.6667,
        0.4444,
        0.2222,
        0.2222,
    ]
    assert km.median().value == 30
    assert km.number_at_risk([0, 10, 11, 25, 60, 91]).tolist() == [6, 6, 5, 4, 2, 0]


def test_aml_medians_equal_r() -> None:
    """Medians and log intervals equal R ``survfit(Surv(time, status) ~ x, aml)``: 31 (18, NA), 23 (8, NA)."""
    first = survival.kaplan_meier(*MAINTAINED).median(rule="midpoint", band="log")
    second = survival.kaplan_meier(*NOT).median(rule="midpoint", band="log")
    assert first[:2] == (31, 18)
    assert second[:2] == (23, 8)
    assert np.isnan(first.high)
    assert np.isnan(second.high)


def test_aml_restricted_means_equal_r() -> None:
    """Restricted means to day 161 and 45 equal R: 52.6 (se 19.83) and 22.7 (se 4.18)."""
    first = survival.kaplan_meier(*MAINTAINED).restricted_mean(161)
    second = survival.kaplan_meier(*NOT).restricted_mean(161)
    assert (round(first.mean, 1), round(first.standard_error, 2)) == (52.6, 19.83)
    assert (round(second.mean, 1), round(second.standard_error, 2)) == (22.7, 4.18)


def test_the_two_median_rules_differ_only_on_a_stretch_of_one_half() -> None:
    """With S = ½ from day 2 to day 3 the contract says 2, R says 2.5."""
    km = survival.kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])
    assert km.median(rule="first").value == 2
    assert km.median(rule="midpoint").value == 2.5


def test_one_half_is_reached_in_spite_of_rounding() -> None:
    """A product of fractions that is ½ on paper counts as ½."""
    km = survival.kaplan_meier([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0])
    assert km.median().value == 3


def test_median_not_reached_is_missing() -> None:
    """If more than half are still open, no median is given."""
    assert np.isnan(survival.kaplan_meier([5, 9, 9, 9], [1, 0, 0, 0]).median().value)
    assert np.isnan(survival.kaplan_meier([5, 9], [0, 0]).median().value)


def test_restricted_mean_does_not_look_beyond_the_data() -> None:
    """A horizon after the last observation is refused while some are still open."""
    km = survival.kaplan_meier([5, 9, 9], [1, 0, 0])
    with pytest.raises(ValueError, match="最后观察时间"):
        km.restricted_mean(10)
    assert survival.kaplan_meier([5, 9], [1, 1]).restricted_mean(20).mean == 7


def test_bands_equal_scipy_and_stay_inside() -> None:
    """Plain and log-log bands equal scipy's ``ecdf(…).sf``."""
    time, event = (np.array(part) for part in MAINTAINED)
    sample = stats.CensoredData.right_censored(time, event == 0)
    km = survival.kaplan_meier(time, event)
    for ours, theirs in (("plain", "linear"), ("log-log", "log-log")):
        reference = stats.ecdf(sample).sf.confidence_interval(method=theirs)
        low, high = km.band(ours)  # type: ignore[arg-type]
        at_events = km.events > 0
        assert np.allclose(low[at_events], reference.low.evaluate(km.time)[at_events])
        assert np.allclose(high[at_events], reference.high.evaluate(km.time)[at_events])
    with pytest.raises(ValueError, match="置信带"):
        km.band("log_log")  # type: ignore[arg-type]


def test_log_rank_equals_scipy_and_r() -> None:
    """Two groups as scipy; Peto's weights as R ``survdiff(rho = 1)`` on aml (2.8)."""
    time, event = MAINTAINED[0] + NOT[0], MAINTAINED[1] + NOT[1]
    group = ["m"] * 11 + ["n"] * 12
    sides = [stats.CensoredData.right_censored(np.array(t), np.array(e) == 0) for t, e in (MAINTAINED, NOT)]
    plain = logrank.logrank(time, event, group)
    assert plain.statistic == pytest.approx(stats.logrank(*sides).statistic ** 2)
    assert plain.observed.sum() == pytest.approx(plain.expected.sum())
    assert round(logrank.logrank(time, event, group, "peto").statistic, 1) == 2.8


def test_log_rank_of_three_groups_does_not_depend_on_their_names() -> None:
    """Renaming groups changes nothing; all weightings are available, unknown ones refused."""
    rng = np.random.default_rng(5)
    time, event, group = rng.integers(1, 20, 60), rng.integers(0, 2, 60), rng.integers(0, 3, 60)
    for weights in ("logrank", "peto", "gehan", "tarone-ware"):
        a = logrank.logrank(time, event, group, weights)  # type: ignore[arg-type]
        b = logrank.logrank(time, event, np.array([7, 1, 4])[group], weights)  # type: ignore[arg-type]
        assert a.df == 2
        assert a.statistic == pytest.approx(b.statistic)
    with pytest.raises(ValueError, match="权重"):
        logrank.logrank(time, event, group, "wilcoxon")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="两组"):
        logrank.logrank(time, event, np.zeros(60))


def test_peto_ratio_agrees_with_the_log_rank_test() -> None:
    """Its squared z-value is the log-rank statistic; without events nothing can be said."""
    time, event = MAINTAINED[0] + NOT[0], MAINTAINED[1] + NOT[1]
    group = [1] * 11 + [2] * 12
    ratio = logrank.peto_hazard_ratio(time, event, group)
    z = np.log(ratio.ratio) / (np.log(ratio.high / ratio.ratio) / stats.norm.ppf(0.975))
    assert z**2 == pytest.approx(logrank.logrank(time, event, group).statistic)
    assert np.isnan(logrank.peto_hazard_ratio([1, 2], [0, 0], [1, 2])).all()
    with pytest.raises(ValueError, match="恰好两组"):
        logrank.peto_hazard_ratio([1, 2, 3], [1, 1, 1], [1, 2, 3])


@pytest.mark.parametrize("cause", ["1", "2"])
def test_cumulative_incidence_equals_cmprsk(cause: str) -> None:
    """Estimates and variances equal the printed reference output of R cmprsk, after the end missing."""
    time, causes, group = (np.array(REFERENCE[k]) for k in ("time", "cause", "group"))
    for chosen, key in ((group > 0, "all"), (group == 2, "group_2")):
        curve = competing.cumulative_incidence(time[chosen], causes[chosen], int(cause))
        estimate, variance = curve.at(REFERENCE["at"])
        expected = REFERENCE[key][cause]
        assert np.allclose(estimate, np.array(expected["est"], dtype=float), atol=1e-7, equal_nan=True)
        assert np.allclose(variance, np.array(expected["var"], dtype=float), atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("cause", ["1", "2"])
def test_gray_test_of_three_groups_in_strata_equals_cmprsk(cause: str) -> None:
    """Gray's stratified test of three (and of two) groups equals the printed reference output."""
    time, causes, group, stratum = (np.array(REFERENCE[k]) for k in ("time", "cause", "group", "stratum"))
    three = competing.gray_test(time, causes, group, int(cause), strata=stratum)
    assert (three.statistic, three.p_value) == pytest.approx(REFERENCE["stratified_test"][cause], abs=1e-6)
    two = group != 2
    test = competing.gray_test(time[two], causes[two], group[two], int(cause), strata=stratum[two])
    assert (test.statistic, test.p_value) == pytest.approx(REFERENCE["without_group_2"][cause], abs=1e-7)


def test_gray_test_with_ties_does_not_depend_on_the_names_of_the_groups() -> None:
    """Ties and three groups: renaming changes nothing, also with rho."""
    rng = np.random.default_rng(11)
    time, cause, group = rng.integers(1, 9, 80), rng.integers(0, 3, 80), rng.integers(0, 3, 80)
    for rho in (0.0, 1.0):
        a = competing.gray_test(time, cause, group, rho=rho)
        b = competing.gray_test(time, cause, np.array([2, 0, 1])[group], rho=rho)
        assert a.statistic == pytest.approx(b.statistic)


def test_gray_test_is_missing_without_events_of_the_cause() -> None:
    """Nothing to compare gives missing, not p = 1."""
    assert np.isnan(competing.gray_test([1, 2, 3, 4], [2, 0, 2, 0], [1, 1, 2, 2]).statistic)
    with pytest.raises(ValueError, match="两组"):
        competing.gray_test([1, 2], [1, 1], [1, 1])


def test_other_ends_are_not_the_end_of_interest() -> None:
    """Treating competing ends as censored overstates; the incidence never exceeds 1 − KM."""
    time, cause = [5, 8, 8, 12, 20], [1, 2, 1, 2, 1]
    naive = 1 - survival.kaplan_meier(time, np.array(cause) == 1).survival
    assert (competing.cumulative_incidence(time, cause).incidence <= naive + 1e-12).all()
    assert competing.cumulative_incidence(time, cause).incidence[-1] < naive[-1]


@pytest.mark.parametrize(
    "call",
    [
        lambda: survival.kaplan_meier([], []),
        lambda: survival.kaplan_meier([-1], [1]),
        lambda: survival.kaplan_meier([1, 2], [1]),
        lambda: survival.kaplan_meier([1, float("nan")], [1, 1]),
        lambda: survival.kaplan_meier([1], [2]),
        lambda: survival.kaplan_meier([1], [1]).quantile(1.0),
        lambda: survival.kaplan_meier([1], [1]).median(rule="last"),  # type: ignore[arg-type]
        lambda: competing.cumulative_incidence([1], [0.5]),
        lambda: competing.cumulative_incidence([-1], [1]),
        lambda: competing.cumulative_incidence([1], [1], of=0),
    ],
)
def test_impossible_input_is_refused(call: object) -> None:
    """Negative or missing times and unknown marks raise ValueError."""
    with pytest.raises(ValueError, match=r"[一-鿿]"):
        call()  # type: ignore[operator]
