"""Text and statistic never disagree: every claiming word is spoken from the one state that allows it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbanalysis.exhibits import numbers, words
from pbanalysis.exhibits.blocks import facts_of, text_of
from pbanalysis.exhibits.phrases import MATTERS, matter
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.stats.intervals import wilson
from pbanalysis.terms import STATES, VS_COUNTY
from pbanalysis.themes.matters import Matter
from pbanalysis.themes.reading import Reading

SILENT = ("not_due", "na", "unknown", "suppressed")


def _judged(indicator: Indicator, value: float) -> str:
    if indicator.target is None:
        return "info"
    target = float(indicator.target)
    return "met" if (value <= target if indicator.direction == "down" else value >= target) else "not_met"


def _counts(indicator: Indicator, n: int, units: int, level: str, left: tuple[int, int, int]) -> Reading:
    """A reading with numbers, judged as the contract judges it."""
    left_out = dict(zip(("n_not_due", "n_na", "n_unknown"), left))
    about = {"indicator": indicator, "level": level, **left_out}
    if indicator.kind == "count":
        return Reading(state=_judged(indicator, n), numerator=n, value=float(n), **about)
    if indicator.kind in ("median", "gain"):
        return Reading(state="info", numerator=n, denominator=units, value=float(n), low=n / 2, **about)
    value = n / units * indicator.scale
    low, high = (float(end) for end in wilson(n, units)) if indicator.interval == "wilson" else (None, None)
    state = _judged(indicator, value)
    return Reading(
        state=state,
        numerator=n,
        denominator=units,
        value=value,
        low=low,
        high=high,
        ci_method="wilson",
        **about,
    )


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """A reading of any indicator, unit level and state."""
    indicator = draw(st.sampled_from(list(registry())))
    level = draw(st.sampled_from(["township", "county"]))
    state = draw(st.sampled_from(["counted", "counted", "counted", *SILENT]))
    if state == "suppressed":
        return Reading(indicator, level, "suppressed")
    left = draw(st.tuples(*(st.integers(0, 40) for _ in range(3))))
    if state != "counted":
        empty = None if indicator.kind == "count" else 0
        counts = dict(zip(("n_not_due", "n_na", "n_unknown"), left))
        return Reading(indicator, level, state, 0 if empty == 0 else None, empty, **counts)
    units = draw(st.integers(1, 400))
    reading = _counts(indicator, draw(st.integers(0, units)), units, level, left)
    compared = level == "township" and reading.judged and reading.is_share and not reading.few
    vs_county = draw(st.sampled_from(list(VS_COUNTY))) if compared else "not_compared"
    return Reading(
        **{**{f: getattr(reading, f) for f in reading.__dataclass_fields__}, "vs_county": vs_county}
    )


# a word that compares or claims → the states of vs_county that allow it
SIGNAL_WORDS = {
    "显著高于": {"high"},
    "显著低于": {"low"},
    "略高于": {"possible_high"},
    "略低于": {"possible_low"},
    "无显著差异": {"no_signal"},
}
NEVER = ("明显", "p 值", "P值", "置信区间", "第一名", "最差", "较好", "较差", "排名第")
BAD = ("未达标", "未达到", "还差", "多出", "逾期", "显著", "略低", "略高", "不足")


def said(reading: Reading) -> str:
    """Everything the generator says of a reading."""
    parts = [
        text_of(words.sentence(reading)),
        str(words.against_target(reading)),
        str(words.against_county(reading)),
        text_of(words.shortfall(reading)),
        text_of(words.bounds(reading)),
    ]
    return "｜".join(parts)


@given(readings())
@settings(max_examples=400)
def test_comparing_words_need_their_state(reading: Reading) -> None:
    """高于, 低于, 显著 occur exactly where vs_county allows them, and 明显 or a p value never."""
    text = said(reading)
    for word, allowed in SIGNAL_WORDS.items():
        assert word not in text or reading.vs_county in allowed
    assert not any(word in text for word in NEVER)
    if "高于" in text or "低于" in text:
        assert reading.vs_county in ("possible_high", "possible_low", "high", "low")


@given(readings().filter(lambda r: r.state in SILENT))
@settings(max_examples=200)
def test_what_is_not_judged_never_reads_as_bad(reading: Reading) -> None:
    """Not due, not applicable, unknown and withheld are named as such, and nothing in the text blames."""
    text = said(reading).replace(reading.name, "")
    assert {"not_due": "尚未到期", "na": "不适用", "unknown": "数据缺失", "suppressed": STATES["suppressed"]}[
        reading.state
    ] in text
    assert not any(word in text for word in BAD)
    assert not any(other in text for state, other in (("met", "达到"),) if state != reading.state)


@given(readings())
@settings(max_examples=400)
def test_a_verdict_is_said_only_of_a_judged_state(reading: Reading) -> None:
    """达到 and 未达到 follow the state; a shortfall is always listed as a count, however small the sample."""
    text = text_of(words.sentence(reading))
    assert ("未达到" in text) == (reading.state == "not_met")
    assert ("达到" in text.replace("未达到", "")) == (reading.state == "met")
    if reading.state == "not_met" and reading.shortfall:
        assert str(reading.shortfall) in text_of(words.shortfall(reading))
        assert text_of(words.shortfall(reading)) in text
    if reading.state != "not_met":
        assert words.shortfall(reading) == ""


@given(readings())
@settings(max_examples=400)
def test_words_against_the_target_follow_the_interval(reading: Reading) -> None:
    """稳定 needs the whole interval on one side of the target; straddling it is said to be undecided."""
    text = str(words.against_target(reading))
    target = None if reading.target is None else float(reading.target)
    if "稳定达标" in text:
        assert reading.state == "met"
        assert (reading.low if reading.indicator.direction == "up" else -reading.high) >= (
            target if reading.indicator.direction == "up" else -target
        )
    if "稳定未达标" in text:
        assert reading.state == "not_met"
    if "不能确定" in text:
        assert reading.low <= target <= reading.high
    if not reading.judged:
        assert text == numbers.NONE


@given(readings())
@settings(max_examples=400)
def test_percent_is_as_precise_as_the_units_allow(reading: Reading) -> None:
    """No percent under ten units, whole percents under a hundred, and rounding makes no all or nothing."""
    if not (reading.is_share and reading.value is not None and reading.state in ("met", "not_met", "info")):
        return
    text = numbers.fact(reading).text
    if reading.denominator < 10:
        assert text == f"{reading.numerator}/{reading.denominator}"
        return
    assert re.fullmatch(r"\d+%" if reading.denominator < 100 else r"(\d+\.\d|0|100)%", text)
    assert (text == "100%") == (reading.numerator == reading.denominator)
    assert (text == "0%") == (reading.numerator == 0)


@given(readings())
@settings(max_examples=300)
def test_every_number_said_is_a_fact(reading: Reading) -> None:
    """What is left of a sentence when its facts are taken out holds no digit but those of names."""
    line = words.sentence(reading)
    spans = line if isinstance(line, tuple) else (line,)
    plain = "".join(span for span in spans if isinstance(span, str)).replace(reading.name, "")
    assert not re.search(r"\d", plain)
    assert len({f.id for f in facts_of(line)}) == len({(f.id, f.text) for f in facts_of(line)})


@given(st.lists(readings(), min_size=1, max_size=12))
@settings(max_examples=200)
def test_headline_counts_and_signals_agree_with_the_states(chosen: list[Reading]) -> None:
    """The headline's counts are those of the states, and it names only townships' signals that are there."""
    unique = list({r.id: r for r in chosen}.values())
    line = words.headline("某镇2023年度学习质量", unique, "study")
    counted = {f.id: f.value for f in facts_of(line)}
    states = {state: counted.get(f"study.{state}_n", 0) for state in STATES}
    for state in ("met", "not_met"):
        assert states[state] == sum(r.state == state for r in unique)
    assert sum(states.values()) == counted.get("study.evaluated_n", 0)
    text = text_of(line)
    for state in ("high", "low"):
        assert (VS_COUNTY[state] in text) == any(r.vs_county == state for r in unique)
    assert not any(word in text for word in NEVER)


@given(readings(), st.sampled_from(sorted(MATTERS)))
@settings(max_examples=200)
def test_matters_print_only_facts(reading: Reading, kind: str) -> None:
    """A matter to check on site prints numbers of its reading, or says nothing at all."""
    try:
        line = matter(Matter(kind, (reading,)))
    except ValueError:
        return  # the reading has no such number: a theme does not raise that matter for it
    if kind != "branch_too_big" and kind != "county_audit":  # their thresholds are the plan's own words
        spans = line if isinstance(line, tuple) else (line,)
        plain = "".join(s for s in spans if isinstance(s, str)).replace(reading.name, "")
        assert not re.search(r"\d", plain)


def test_a_gain_is_no_median_of_days() -> None:
    """S17 speaks of a gain of persons tested twice, with or without a value, and only medians of a median."""
    gain, days = registry()["S17"], registry()["R06"]
    for value in (None, 0.53):
        text = text_of(words.sentence(Reading(gain, "township", "info", 12, 15, value)))
        assert "中位" not in text
        assert "天" not in text
        assert ("0.53标准差（前后都测 12/15）" in text) == (value is not None)
        assert ("暂不能估计" in text) == (value is None)
    said_days = text_of(words.sentence(Reading(days, "township", "info", 30, 38, 42.0)))
    assert said_days == "整改时长中位数 42天（已销号 30/38），仅供参考"
    assert {i.same_as or i.id for i in registry() if i.kind in ("median", "gain")} == {"R06", "S06", "S17"}


def test_three_of_four_is_said_as_counted() -> None:
    """3 of 4 cannot be told from 100 % or 40 %: it is listed as 3/4 and not called stable."""
    reading = Reading(registry()["S02"], "township", "not_met", 3, 4, 0.75, 0.30, 0.95, "wilson", 0, 0, 0)
    said = text_of(words.sentence(reading))
    assert said == "按期足额支部比例 3/4，按件数未达到100%（推定）的要求，还差1个"
    assert str(words.against_target(reading)) == "未 按件数，样本过小"


@given(readings().filter(lambda r: r.judged and r.few))
@settings(max_examples=100)
def test_a_verdict_on_few_units_says_so_beside_its_mark(reading: Reading) -> None:
    """Mark and state agree, and that few were counted is said with them, whichever way it went."""
    mark = "达" if reading.state == "met" else "未"
    assert str(words.against_target(reading)) == f"{mark} 按件数，样本过小"
    assert f"按件数{'达到' if mark == '达' else '未达到'}" in text_of(words.sentence(reading))


@given(readings().filter(lambda r: r.small and r.state != "suppressed"))
@settings(max_examples=200)
def test_nothing_is_compared_under_ten(reading: Reading) -> None:
    """Shares, medians and gains of few units have no range and no comparison, and are called small."""
    assert numbers.interval(reading) == numbers.NONE
    if reading.denominator and reading.level == "township":
        assert str(words.against_county(reading)) == "□ 样本过小，不作比较"
    if reading.state == "info":
        assert "样本过小" in text_of(words.sentence(reading))


@pytest.mark.parametrize(
    ("indicator", "low", "high", "text"),
    [
        ("R05", 1.09, 10.24, "1—11项"),
        ("R06", 12.5, 30.0, "12—30天"),
        ("R06", 12.5, None, "12天以上"),
        ("S17", 0.9, 2.358, "0.9—2.36标准差"),
    ],
)
def test_ranges_of_whole_things_are_rounded_outward(
    indicator: str, low: float, high: float | None, text: str
) -> None:
    """Items and days are whole, the range is never narrower than computed, and the unit stands once."""
    reading = Reading(registry()[indicator], "township", "info", 12, 20, 20.0, low, high, "exact")
    assert text_of(numbers.interval(reading)) == text


def test_the_headline_counts_what_is_evaluated_and_nothing_else() -> None:
    """Background that is withheld or unknown is in no count, and the counts add up to the whole."""

    def of(indicator: str, state: str) -> Reading:
        return Reading(registry()[indicator], "township", state)

    judged = Reading(registry()["S01"], "township", "met", 40, 40, 1.0)
    background = [of("S08", "suppressed"), of("S06", "unknown"), of("D07", "unknown"), of("S16", "na")]
    line = words.tally([judged, of("S05", "unknown"), of("S13", "not_due"), *background], "study")
    assert text_of(line) == "纳入评价的 3 项指标中，达标 1 项、未到期 1 项、数据缺失 1 项"
    assert text_of(words.states([judged, *background], "x")) == "达标 1"
    assert text_of(words.tally(background, "study")) == "没有纳入评价的指标"


def test_all_done_is_all_done() -> None:
    """Where all of all is the target and all were done, no range is held against it."""
    reading = Reading(registry()["S02"], "township", "met", 28, 28, 1.0, 0.88, 1.0, "wilson", 0, 0, 0)
    assert str(words.against_target(reading)) == "全部达到"


def test_a_trend_needs_seven_points() -> None:
    """Fewer than seven points are never called stable."""
    assert words.trend(6, "common") == "数据点不足，暂不判断趋势"
    assert words.trend(7, "common") == "正常波动"
    assert words.trend(7, "worse") == "出现显著转差变化，请说明原因"
