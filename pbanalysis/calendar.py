"""Periods, sub-periods and calendar-month limits.

The limits of the Party rules run in calendar months, both ends included: "n months after d" is the
same day n months later, or that month's last day (2023-01-31 + 1 month = 2023-02-28). Blocks of 30
days give other verdicts on most days of a year.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pbanalysis.errors import Code, PbError

__all__ = ["Period", "add_months", "as_date", "half_years", "months", "quarters"]

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Dates: TypeAlias = npt.NDArray[np.datetime64]


def as_date(text: str | dt.date) -> dt.date:
    """ISO date from text; a :class:`PbError` when it is none."""
    if isinstance(text, dt.datetime):
        return text.date()
    if isinstance(text, dt.date):
        return text
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            pass
    raise PbError(
        Code.UNKNOWN_PARAMETER,
        "日期写法不认识",
        where="截止日期",
        got=text,
        fix="请写成 2023-12-31 这样的日期",
    )


def add_months(days: Any, n: int) -> Dates:
    """Calendar-month arithmetic, vectorised.

    Parameters
    ----------
    days
        Dates (anything numpy reads as ``datetime64``), shape (k,) or scalar; NaT stays NaT.
    n
        Months to add; negative counts back.

    Returns
    -------
    datetime64[D] of the same shape: the same day n months on, or that month's last day.

    Examples
    --------
    >>> import numpy as np
    >>> add_months(np.array(["2023-01-31", "2024-02-29"], "datetime64[D]"), 12)
    array(['2024-01-31', '2025-02-28'], dtype='datetime64[D]')
    >>> str(add_months(np.datetime64("2023-01-31"), 1))
    '2023-02-28'
    """
    import numpy as np  # here, for the command line asks for periods only

    day = np.asarray(days).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    into = day - month.astype("datetime64[D]")
    target = month + np.timedelta64(n, "M")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    moved: Dates = np.minimum(target.astype("datetime64[D]") + into, last)
    return moved


@dataclass(frozen=True, order=True)
class Period:
    """A reporting period: a year (``2023``) or a half (``2023H1``, ``2023H2``).

    Examples
    --------
    >>> Period.parse("2023H1").end
    datetime.date(2023, 6, 30)
    """

    label: str
    start: dt.date
    end: dt.date

    @classmethod
    def parse(cls, text: str | Period) -> Period:
        """Read ``2023``, ``2023H1`` or ``2023H2``; a :class:`PbError` otherwise."""
        if isinstance(text, Period):
            return text
        found = re.fullmatch(r"((?:19|20)\d{2})(H[12])?", str(text))
        if not found:
            raise PbError(
                Code.UNKNOWN_PERIOD,
                "期间写法不认识",
                where="period",
                got=str(text),
                fix="请写 2023、2023H1 或 2023H2",
            )
        year, half = int(found[1]), found[2]
        start = dt.date(year, 7 if half == "H2" else 1, 1)
        end = dt.date(year, 6, 30) if half == "H1" else dt.date(year, 12, 31)
        return cls(found[0], start, end)

    @property
    def year(self) -> int:
        """Calendar year of the period."""
        return self.end.year

    @property
    def year_start(self) -> dt.date:
        """1 January: "in the year" runs from here to the period's last day."""
        return dt.date(self.year, 1, 1)

    @property
    def year_end(self) -> dt.date:
        """31 December, the due day of a yearly obligation."""
        return dt.date(self.year, 12, 31)

    @property
    def ends_year(self) -> bool:
        """Whether yearly obligations can be judged in this period."""
        return self.end == self.year_end

    @property
    def title(self) -> str:
        """Chinese name, e.g. 2023年上半年."""
        part = {"H1": "上半年", "H2": "下半年"}.get(self.label[4:], "度")
        return f"{self.year}年{part}"

    def __str__(self) -> str:
        return self.label


def _sub_periods(period: Period, size: int) -> tuple[Dates, Dates]:
    import numpy as np

    first = np.datetime64(period.start, "M")
    stop = np.datetime64(period.end, "M") + np.timedelta64(1, "M")
    starts: Dates = np.arange(first, stop, np.timedelta64(size, "M")).astype("datetime64[D]")
    ends: Dates = add_months(starts, size) - np.timedelta64(1, "D")
    return starts, ends


def months(period: Period) -> tuple[Dates, Dates]:
    """First and last days of the months inside ``period``, each shape (k,)."""
    return _sub_periods(period, 1)


def quarters(period: Period) -> tuple[Dates, Dates]:
    """First and last days of the quarters inside ``period``, each shape (k,)."""
    return _sub_periods(period, 3)


def half_years(period: Period) -> tuple[Dates, Dates]:
    """First and last days of the half-years inside ``period``, each shape (k,)."""
    return _sub_periods(period, 6)
