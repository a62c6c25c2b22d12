"""Periods and calendar-month limits."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbanalysis.calendar import Period, add_months, as_date, half_years, months, quarters
from pbanalysis.errors import Code, PbError

days = st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2023-05-31", -3, "2023-02-28"),
    ],
)
def test_month_ends_and_leap_days(day, n, expected):
    """n months after a day is the same day n months later, or that month's last day."""
    assert str(add_months(np.datetime64(day), n)) == expected


def test_three_months_are_not_ninety_days():
    """Over all days of 2023 three calendar months and 90 days differ on 335 of 365 starts."""
    start = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    assert int((add_months(start, 3) != start + np.timedelta64(90, "D")).sum()) == 335


@given(days, st.integers(0, 60))
def test_a_limit_never_lies_in_another_month(day, n):
    """The limit day lies exactly n months on, never after the start's day of the month."""
    moved = add_months(np.datetime64(day), n).astype(dt.date)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == n
    assert moved.day <= day.day


def test_missing_dates_stay_missing():
    """NaT in, NaT out."""
    assert np.isnat(add_months(np.array(["NaT"], "datetime64[D]"), 3)).all()


@pytest.mark.parametrize(
    ("text", "end"), [("2023", "2023-12-31"), ("2023H1", "2023-06-30"), ("2023H2", "2023-12-31")]
)
def test_periods_end_where_they_say(text, end):
    """A year ends on 31 December, a first half on 30 June."""
    assert Period.parse(text).end == dt.date.fromisoformat(end)


@pytest.mark.parametrize("text", ["2023Q1", "23", "2023h1", "", "２０２３", "2023-12"])
def test_unknown_periods_are_wrong_use(text):
    """Anything else is refused with the code for wrong use."""
    with pytest.raises(PbError) as caught:
        Period.parse(text)
    assert caught.value.code is Code.UNKNOWN_PERIOD
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("text", "counts"), [("2023", (12, 4, 2)), ("2023H1", (6, 2, 1)), ("2023H2", (6, 2, 1))]
)
def test_sub_periods_tile_the_period(text, counts):
    """Months, quarters and half-years cover the period without gap or overlap."""
    period = Period.parse(text)
    for make, count in zip((months, quarters, half_years), counts, strict=True):
        starts, ends = make(period)
        assert len(starts) == count
        assert starts[0].astype(dt.date) == period.start
        assert ends[-1].astype(dt.date) == period.end
        assert (starts[1:] - ends[:-1] == np.timedelta64(1, "D")).all()


@pytest.mark.parametrize("text", ["2023.12.31", "2023-13-01", "20231231", ""])
def test_dates_have_one_form_on_the_command_line(text):
    """A cut-off that is no ISO date is refused."""
    with pytest.raises(PbError):
        as_date(text)
