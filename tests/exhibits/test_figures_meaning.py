"""Figures: what is grey, coloured, hatched or left out, and the arithmetic of placing labels."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbanalysis.exhibits import figures as fig
from pbanalysis.exhibits.blocks import Figure
from pbanalysis.exhibits.figures.frame import limits, nice, staircase, thinned
from pbanalysis.exhibits.figures.sheet import Sheet, shortened, spread, text_mm
from pbanalysis.exhibits.style import BAD, GOOD


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything the sheets write."""
    texts: list[str] = []
    write = Sheet.text

    def spy(self: Sheet, x: float, y: float, text: str, *args: Any, **style: Any) -> None:
        texts.append(text)
        write(self, x, y, text, *args, **style)

    monkeypatch.setattr(Sheet, "text", spy)
    return texts


def caption(**changes: Any) -> fig.Caption:
    """A caption without passed words."""
    return fig.Caption(
        **{"id": "x", "subject": "事项", "unit": "项", "source": "台账", "counted": "项", **changes}
    )


def svg(exhibit: object) -> str:
    """The picture of a figure that must have been drawn."""
    assert isinstance(exhibit, Figure)
    return exhibit.svg


@pytest.mark.parametrize("better", ["up", "down", "none"])
@pytest.mark.parametrize(
    "code", ["no_signal", "possible_high", "possible_low", "not_compared", "high", "low"]
)
def test_colour_only_on_a_signal(code: str, better: str) -> None:
    """Grey by default; blue where the signal is good, orange where it is bad, dark where neither."""
    picture = svg(fig.forest(caption(), ["甲"], [0.5], [0.4], [0.6], signals=[code], better=better))
    good = (code, better) in {("high", "up"), ("low", "down")}
    bad = (code, better) in {("low", "up"), ("high", "down")}
    assert (GOOD in picture, BAD in picture) == (good, bad)


def test_a_suppressed_count_is_hatched_and_never_said(words: list[str]) -> None:
    """A suppressed cell is neither written nor recoverable from a sum, a title, an alt text or a fact."""
    hidden = np.array([[True, False], [False, True]])
    table = [[7301, 20], [30, 7417]]
    exhibit = fig.matrix(caption(), ["甲", "乙"], ["丙", "丁"], table, suppressed=hidden)
    said = json.dumps(exhibit.block(), ensure_ascii=False) + "".join(words)
    assert "pattern" in svg(exhibit)
    for number in ("7301", "7417", "7321", "7331", "7437", "7447", "14768"):
        assert number not in said
    assert words.count("—") == 5


def test_a_suppressed_bar_says_why(words: list[str]) -> None:
    """A row without a number says its state; shares of the sum are not printed beside it."""
    fig.counts(caption(), ["甲", "乙"], [None, 4], states=["suppressed", ""])
    assert "依规定不予公布" in words
    assert "4" in words


def test_what_is_held_back_is_no_zero_among_zeros() -> None:
    """Where all that may be shown is zero and one class is held back, nobody is told that all are zero."""
    held = fig.counts(caption(), ["甲", "乙"], [None, 0], states=["suppressed", "info"])
    assert "均为" not in str(held)
    assert "不予公布" in str(held)
    assert "均为" in str(fig.counts(caption(), ["甲", "乙"], [0, 0]))


def test_few_persons_are_not_shown_one_by_one(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Points from ten persons on, a box from five; below five nothing of the step is said but n."""
    points: list[int] = []
    mark = Sheet.marks

    def spy(self: Sheet, shape: str, where: Any, radius: float = 1.0, **style: Any) -> None:
        points.append(len(where))
        mark(self, shape, where, radius, **style)

    monkeypatch.setattr(Sheet, "marks", spy)
    steps = [fig.Step("甲", range(20, 30)), fig.Step("乙", range(9)), fig.Step("丙", [71, 72, 73, 74], 30)]
    exhibit = fig.step_durations(caption(counted="件"), steps)
    assert points == [10, 1, 1]  # ten cases of one step, and the two samples in the key
    assert [text for text in words if text.startswith("n=")] == [
        "n=10，中位 24.5 天",
        "n=9，中位 4 天",
        "n=4，件数过少",
    ]
    assert "丙" not in exhibit.block()["alt"]


def test_limits_kept_on_the_day_and_reversed_pairs_never() -> None:
    """A duration equal to the limit keeps it; a negative one breaks it whatever the limit."""
    assert fig.Step("", [29, 30, 31, -2], 30, "most").beyond() == 2
    assert fig.Step("", [364, 365, 366, -2], 365, "least").beyond() == 2
    assert fig.Step("", [3, -1]).beyond() == 1


def test_the_required_number_of_files_is_rounded_up() -> None:
    """30 % of 11 files are 4: three are a shortfall of one, four are enough; 30 % of 10 are 3."""
    alt = fig.audit_coverage(caption(counted="份"), ["甲", "乙", "丙"], [3, 4, 3], [11, 11, 10]).block()[
        "alt"
    ]
    assert "甲缺 1 份" in alt
    assert "乙缺" not in alt
    assert "丙缺" not in alt


def test_no_township_is_short_of_the_countys_requirement() -> None:
    """A requirement of the county, or one that is not due yet, makes no shortfall of a row it does not bind."""
    audit = ["甲", "全县"], [0, 10], [8, 109]
    due = fig.audit_coverage(caption(counted="份"), *audit, judged=[1]).block()
    assert "甲缺" not in due["alt"]
    assert "全县缺 23 份" in due["alt"]
    assert "全县要求不低于 30%" in due["title"]
    early = fig.audit_coverage(caption(counted="份"), *audit, judged=[])
    assert "缺" not in early.block()["alt"]
    assert "达到" not in early.block()["alt"]
    assert BAD not in svg(early)


def test_a_median_not_reached_is_said(words: list[str]) -> None:
    """Where the curve never reaches a half the alt text says how long was watched, not a median."""
    curve = fig.Curve([10, 40], [0.9, 0.8], [10, 6], 10)
    alt = fig.survival(caption(), curve).block()["alt"]
    assert "中位时间暂不能估计（已观察 40 天）" in alt
    assert {"10", "6", "0"} <= set(words)  # numbers still followed below the axis


def test_fewer_than_seven_points_judge_no_trend(words: list[str]) -> None:
    """Without seven points no limits are drawn and the title says that no trend is judged."""
    labels = [f"{m}月" for m in range(1, 7)]
    title = fig.xmr(caption(), labels, [0.5] * 6, centre=0.5, low=0.4, high=0.6).block()["title"]
    assert title.endswith("数据点不足，暂不判断趋势")
    assert "上限" not in words
    fig.xmr(caption(), [*labels, "7月"], [0.5] * 7, centre=0.5, low=0.4, high=0.6)
    assert "上限" in words


def test_a_term_that_expires_on_the_cut_off_has_passed() -> None:
    """Expiry on the cut-off counts as expired; twelve months later to the day still counts as soon."""
    dates = ["2023-06-30", "2023-07-01", "2024-06-30", "2024-07-01", "NaT"]
    block = fig.expiring_terms(caption(counted="个"), list("甲乙丙丁戊"), dates, "2023-06-30").block()
    numbers = {fact["id"]: fact["value"] for fact in block["facts"]}
    assert (numbers["x.late_n"], numbers["x.soon_n"], numbers["x.missing_n"]) == (1, 2, 1)


def test_unknown_branch_states_are_refused() -> None:
    """A state that is not in the list is a mistake of the caller, not an empty square."""
    with pytest.raises(ValueError, match="unknown states"):
        fig.branch_months(caption(), ["甲"], ["1月"], [["done"]])


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(0.5, 5))
def test_spread_labels_keep_their_distance_and_order(wanted: list[float], gap: float) -> None:
    """Labels never stand closer than the gap and keep their order; where they fit they stay inside."""
    placed = spread(wanted, gap, 0, 100)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(np.array(placed)[order]) >= gap - 1e-9).all()
    if gap * len(wanted) <= 100:
        assert all(-1e-9 <= value <= 100 + 1e-9 for value in placed)


@given(st.text(alphabet="中共城关镇第0123456789村支部（）ab", min_size=1, max_size=40), st.floats(4, 60))
def test_a_shortened_name_fits_and_keeps_both_ends(name: str, width: float) -> None:
    """A long name loses its middle; a name that fits is left alone."""
    short = shortened(name, width, 8)
    if short != name:
        assert text_mm(name, 8) > width
        assert text_mm(short, 8) <= width or short == "…"
        assert "…" in short
    assert short == "…" or short[0] == name[0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_ticks_are_few_and_inside(values: list[float]) -> None:
    """The range holds every value and the ticks lie within the range."""
    low, high = limits(values)
    assert low <= min(values)
    assert high >= max(values)
    assert low < high
    ticks = nice(low, high)
    assert 1 <= len(ticks) <= 12
    assert (np.diff(ticks) > 0).all()


@given(st.integers(1, 80), st.floats(0.5, 20))
def test_thinned_labels_do_not_touch(k: int, step: float) -> None:
    """Labels that are kept stand at least their own width apart."""
    labels = [f"2023-{i % 12 + 1:02d}" for i in range(k)]
    kept = thinned(labels, step, 7)
    assert kept[0] == 0
    assert all((b - a) * step >= text_mm("2023-00", 7) for a, b in pairwise(kept))


def test_a_step_keeps_its_value_until_the_next() -> None:
    """The staircase goes across before it goes down, as a survival curve does."""
    xs, ys = staircase([0, 2, 5], [1.0, 0.5, 0.2])
    assert list(zip(xs, ys)) == [(0, 1.0), (2, 1.0), (2, 0.5), (5, 0.5), (5, 0.2)]
