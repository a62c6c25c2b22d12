"""Conformance: every published case, to the tolerance it states. A case without a handler fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pbanalysis.privacy.disclosure import Policy, protect_table
from pbanalysis.stats import (
    competing,
    composite,
    control_limits,
    effects,
    finite,
    gain,
    integrity,
    intervals,
    logrank,
    multiple,
    normalise,
    reliability,
    shrinkage,
    spc,
    survival,
    trend,
)

PATH = Path(__file__).parents[1] / "data" / "published_cases.json"
CASES = {case["case"]: case for case in json.loads(PATH.read_text(encoding="utf-8"))["cases"]}

Inputs = dict[str, Any]
HANDLERS: dict[str, Callable[[Inputs], Any]] = {}
# tested by hand below: behaviour, not numbers
BY_HAND = {"xmr_too_few_points", "suppress_secondary"}


def handles(*prefixes: str) -> Callable[[Callable[[Inputs], Any]], Callable[[Inputs], Any]]:
    """Register a handler for all case ids that begin so."""

    def register(function: Callable[[Inputs], Any]) -> Callable[[Inputs], Any]:
        for prefix in prefixes:
            HANDLERS[prefix] = function
        return function

    return register


def handler(case: str) -> Callable[[Inputs], Any] | None:
    """Return the handler with the longest matching prefix."""
    fitting = [prefix for prefix in HANDLERS if case.startswith(prefix)]
    return HANDLERS[max(fitting, key=len)] if fitting else None


@handles("wilson_")
def _(i: Inputs) -> Any:
    return intervals.wilson(i["x"], i["n"], i["confidence"])


@handles("clopper_pearson_")
def _(i: Inputs) -> Any:
    return intervals.clopper_pearson(i["x"], i["n"], i["confidence"])


@handles("byar_")
def _(i: Inputs) -> Any:
    return intervals.byar(i["x"], i["confidence"])


@handles("poisson_exact_")
def _(i: Inputs) -> Any:
    return intervals.poisson_exact(i["x"], i["confidence"])


@handles("dobson_")
def _(i: Inputs) -> Any:
    inner, outer = (
        intervals.dobson(i["count"], i["pop"], i["stdpop"], multiplier=i["multiplier"], confidence=c)
        for c in (0.95, 0.998)
    )
    return [*inner, *outer[1:]]


@handles("funnel_prop_fingertips_")
def _(i: Inputs) -> Any:
    inner, outer = (
        control_limits.score_limits(i["n"], i["average"], c, clipped=False) for c in (0.95, 0.998)
    )
    return [inner.low, outer.low, inner.high, outer.high]


@handles("funnel_prop_phe_table")
def _(i: Inputs) -> Any:
    inner, outer = (control_limits.score_limits(i["n"], i["average_pct"] / 100, c) for c in (0.95, 0.998))
    assert (outer.high == 1).all()
    return {"lower95": 100 * inner.low, "lower998": 100 * outer.low, "upper": 100 * inner.high}


@handles("funnel_sr_poisson_funnelplotr")
def _(i: Inputs) -> Any:
    inner, outer = (control_limits.poisson_limits(i["expected"], i["target"], c) for c in (0.95, 0.998))
    return {"ll95": inner.low, "ul95": inner.high, "ll998": outer.low, "ul998": outer.high}


def _overdispersed(i: Inputs, kind: control_limits.Kind) -> Any:
    ratio = np.array(i["numerator"]) / np.array(i["denominator"])
    d = control_limits.overdispersion(i["numerator"], i["denominator"], kind, consistent=False)
    inner, outer = (
        control_limits.overdispersed_limits(i["denominator"], d, c, squared=False) for c in (0.95, 0.998)
    )
    return {
        "n_used": d.used_n,
        "phi": d.phi,
        "tau2": d.tau2,
        "z": d.z,
        "od_lower95": inner.low,
        "od_upper95": inner.high,
        "od_lower998": outer.low,
        "od_upper998": outer.high,
        "outside_998_1based": 1 + np.flatnonzero((ratio < outer.low) | (ratio > outer.high)),
        "target": d.target,
    }


@handles("funnel_od_six_shmi")
def _(i: Inputs) -> Any:
    return _overdispersed(i, "ratio-log")


@handles("funnel_od_six_cqc")
def _(i: Inputs) -> Any:
    return _overdispersed(i, "ratio-sqrt")


@handles("xmr_screened", "xmr_rnorm123")
def _(i: Inputs) -> Any:
    chart = spc.xmr(i["y"], screen=i["screen_outliers"])
    return [chart.mean[0], chart.lower[0], chart.upper[0]]


@handles("xmr_rule_trend7")
def _(i: Inputs) -> Any:
    return [spc.trend7(series).tolist() for series in i["series"]]


@handles("xmr_assurance")
def _(i: Inputs) -> Any:
    return [spc.assurance(c["lpl"], c["upl"], c["target"], "up") for c in i["cases"]]


def _band(i: Inputs, kind: survival.Band) -> Any:
    km = survival.kaplan_meier(i["time"], i["event"])
    low, high = km.band(kind)
    place = np.searchsorted(km.time, i["at"])
    return {"lo": low[place], "hi": high[place]}


@handles("km_6mp_ci_loglog")
def _(i: Inputs) -> Any:
    return _band(i, "log-log")


@handles("km_6mp_ci_log")
def _(i: Inputs) -> Any:
    return _band(i, "log")


@handles("km_placebo_median")
def _(i: Inputs) -> Any:
    return survival.kaplan_meier(i["time"], i["event"]).median(rule="midpoint")


def _two_groups(i: Inputs) -> logrank.LogRank:
    group = [1] * len(i["time1"]) + [2] * len(i["time2"])
    return logrank.logrank(i["time1"] + i["time2"], i["event1"] + i["event2"], group)


@handles("logrank_6mp")
def _(i: Inputs) -> Any:
    return [_two_groups(i).statistic, _two_groups(i).p_value]


@handles("logrank_aml")
def _(i: Inputs) -> Any:
    return _two_groups(i).statistic


@handles("cif_two_causes")
def _(i: Inputs) -> Any:
    time, cause, group = (np.array(i[k]) for k in ("time", "cause", "group"))
    result = {}
    for g in (1, 2):
        for c in (1, 2):
            curve = competing.cumulative_incidence(time[group == g], cause[group == g], c)
            result[f"g{g}_c{c}"], result[f"var_g{g}_c{c}"] = curve.at(i["at"])
    return result


@handles("gray_test")
def _(i: Inputs) -> Any:
    tests = [competing.gray_test(i["time"], i["cause"], i["group"], of) for of in (1, 2)]
    return {"stat": [t.statistic for t in tests], "p": [t.p_value for t in tests]}


@handles("by_1995")
def _(i: Inputs) -> Any:
    return multiple.benjamini_yekutieli(i["p"])


@handles("hypergeom_ci_")
def _(i: Inputs) -> Any:
    return finite.faulty_interval(i["x"], i["n"], i["N"], i["confidence"])


@handles("hypergeom_upper95_")
def _(i: Inputs) -> Any:
    return finite.faulty_at_most(i["x"], i["n"], i["N"])


@handles("discovery_sample_size")
def _(i: Inputs) -> Any:
    return [finite.discovery_sample_size(n, i["rate"], i["confidence"]) for n in i["N"]]


@handles("hedges_g_indep")
def _(i: Inputs) -> Any:
    return effects.hedges_g(i["x"], i["y"])


@handles("hedges_g_paired_pre_sd")
def _(i: Inputs) -> Any:
    return effects.smcr(i["pre"], i["post"])


@handles("cronbach_attitude")
def _(i: Inputs) -> Any:
    a = reliability.cronbach_alpha(i["data"])
    return [a.raw, a.standardised, a.mean_correlation]


@handles("item_rest_corr")
def _(i: Inputs) -> Any:
    return reliability.cronbach_alpha(i["data"]).item_rest


@handles("cohen_kappa_2x2")
def _(i: Inputs) -> Any:
    return reliability.cohen_kappa(i["table"])[:3]


@handles("eb_rats_posterior71")
def _(i: Inputs) -> Any:
    weight = i["alpha"] + i["beta"]
    prior = shrinkage.BetaPrior(i["alpha"] / weight, weight, total_x=0, total_n=0)
    return shrinkage.posterior(i["y"], i["n"], prior).mean


@handles("james_stein_baseball")
def _(i: Inputs) -> Any:
    rate = np.array(i["hits"]) / i["n"]
    js = shrinkage.james_stein(rate, rate.mean() * (1 - rate.mean()) / i["n"])
    return [js.grand_mean, js.factor, *js.estimate]


@handles("fisher_tea")
def _(i: Inputs) -> Any:
    (a, b), (c, d) = i["table"]
    return effects.two_proportions(a, a + b, c, c + d).p_value


@handles("kendall_trend")
def _(i: Inputs) -> Any:
    return trend.mann_kendall(i["y"])


@handles("digit_heaping_chi2")
def _(i: Inputs) -> Any:
    return integrity.digit_heaping_counts(i["counts"])[1:3]


@handles("lord_ancova_vs_change")
def _(i: Inputs) -> Any:
    e = gain.group_effect(i["pre"], i["post"], i["group"])
    assert e.reading == "lords_paradox"
    return {"ancova": e.ancova, "change": e.change}


@handles("norm_minmax")
def _(i: Inputs) -> Any:
    return normalise.minmax(i["x"])


@handles("norm_borda")
def _(i: Inputs) -> Any:
    return normalise.borda(i["x"])


@handles("agg_na_renormalise")
def _(i: Inputs) -> Any:
    scores = [np.nan if s is None else s for s in i["scores"]]
    kept = composite.aggregate(scores, i["weights"], floor=0.5)
    withheld = composite.aggregate(scores, i["weights"])
    assert np.isnan(withheld.score[0])
    return {"score": kept.score[0], "weight_covered": kept.coverage[0]}


def assert_close(got: Any, expected: Any, tolerance: Any, where: str) -> None:
    """Compare nested numbers; null means missing, texts and "exact" must be equal."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_close(got[key], value, tolerance, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(got) == len(expected), where
        for position, value in enumerate(expected):
            assert_close(got[position], value, tolerance, f"{where}[{position}]")
    elif expected is None:
        assert np.isnan(got), where
    elif isinstance(expected, str) or tolerance == "exact":
        assert got == expected, where
    else:
        assert abs(float(got) - expected) <= tolerance, f"{where}: {got} instead of {expected}"


@pytest.mark.parametrize("case", [c for c in CASES if c not in BY_HAND])
def test_published_case(case: str) -> None:
    """The method reproduces the published figures to the tolerance stated beside them."""
    record = CASES[case]
    function = handler(case)
    assert function is not None, f"no handler for the published case {case}"
    inputs = record["inputs"]
    inputs = CASES[inputs["ref"]]["inputs"] if "ref" in inputs else inputs
    assert_close(function(inputs), record["expected"], record["tolerance"], case)


def test_all_cases_are_there_and_every_handler_is_used() -> None:
    """The file holds the 53 published cases, and no handler has outlived its case."""
    assert len(CASES) == 53
    assert set(CASES) >= BY_HAND
    assert all(any(case.startswith(prefix) for case in CASES) for prefix in HANDLERS)


def test_too_few_points_are_insufficient_never_stable() -> None:
    """Fewer than seven points give the state "insufficient" for the trend and for the target alike."""
    case = CASES["xmr_too_few_points"]
    chart = spc.xmr(case["inputs"]["y"])
    assert chart.last_point("up").state == case["expected"]["status"]
    assert chart.assurance(3, "up") == case["expected"]["status"]
    assert not any(spc.xmr([1, 2] * 3).special())


def test_a_small_cell_takes_a_second_one_with_it() -> None:
    """Disclosure control hides the small cell and the next smallest (or the total), never one cell alone."""
    case = CASES["suppress_secondary"]
    row, expected = case["inputs"]["row"], case["expected"]
    counts = pd.DataFrame({"cell": [str(i) for i in range(len(row))], "n": row})
    table, audit = protect_table(counts, ["cell"], policy=Policy(case["inputs"]["threshold"]))
    hidden = table.loc[table["suppressed"], "cell"].tolist()
    assert {str(i) for i in expected["primary"]} < set(hidden)
    assert len(hidden) >= expected["min_hidden_cells"]
    assert set(hidden) <= {"0", "1", "合计"}
    assert audit.ok
