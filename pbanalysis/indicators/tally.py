"""What a counting function returns: sums by township, and who was left out for which reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pbanalysis.indicators.columns import Bools, Floats, Ints
from pbanalysis.indicators.known import Known

__all__ = ["NAMES", "OwnRow", "Statistic", "Tally", "by_town", "classes", "nothing", "tally"]


# classes of a unit, in the order in which the first reason that holds leaves it out
IN, NA, NOT_DUE, UNKNOWN = range(4)
NAMES = np.array(["in", "na", "not_due", "unknown"])


@dataclass(frozen=True)
class Statistic:
    """A value that is not numerator ÷ denominator, for each township and, last, the county.

    Attributes
    ----------
    value, low, high
        Shape (townships + 1,); NaN where undefined.
    """

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class OwnRow:
    """The county's own figure, where it is not the sum of the townships'."""

    numerator: float
    denominator: float
    n_na: int
    n_unknown: int
    n_not_due: int
    rows: int


@dataclass(frozen=True)
class Tally:
    """One indicator, counted by township (arrays in official order, shape (townships,)).

    Attributes
    ----------
    numerator, denominator
        Sums; of a count the denominator says how many units were counted and is not printed.
    n_not_due, n_na, n_unknown
        Units left out, each for the first reason that holds.
    rows
        Rows of the source tables that were counted, left out or not; what is only looked up beside them
        (a branch's members, a topic's day) is none of them.
    state
        A state that the rules fix whatever was counted ("" where they do not).
    county_state
        The same for the county's row.
    statistic
        Values that are no quotient (medians …), or intervals that need more than the two sums.
    county
        The county's own row, where it is not the sum.
    """

    numerator: Floats
    denominator: Floats
    n_not_due: Ints
    n_na: Ints
    n_unknown: Ints
    rows: Ints
    state: npt.NDArray[np.object_]
    county_state: str = ""
    statistic: Statistic | None = field(default=None, repr=False)
    county: OwnRow | None = None

    def fix(self, where: Bools | bool, state: str) -> Tally:
        """The state of these townships is fixed, unless it is already."""
        return replace(self, state=np.where((self.state == "") & where, state, self.state).astype(object))

    def absent(self) -> Tally:
        """A table that the indicator reads was not collected: unknown everywhere, at once."""
        zero = np.zeros_like(self.numerator)
        return replace(
            self,
            state=np.full_like(self.state, "unknown"),
            numerator=zero,
            denominator=zero,
            rows=zero.astype(np.int64),
            county_state="unknown",
            statistic=None,
        )


def by_town(known: Known, town: Ints, weights: Any = None) -> Floats:
    """Sum of ``weights`` (or number) of units by township."""
    sums: Floats = np.bincount(town, weights=weights, minlength=len(known.towns)).astype(np.float64)
    return sums


def classes(n: int, *, na: Any = False, not_due: Any = False, unknown: Any = False) -> npt.NDArray[np.int8]:
    """Class of each of ``n`` units: the first reason that holds, else in."""
    na, not_due, unknown = (np.broadcast_to(mask, n) for mask in (na, not_due, unknown))
    return np.select([na, not_due, unknown], [NA, NOT_DUE, UNKNOWN], IN).astype(np.int8)


def tally(
    known: Known,
    town: Ints,
    hit: Any,
    *,
    na: Any = False,
    not_due: Any = False,
    unknown: Any = False,
    weight: Any = None,
    rows: Any = None,
) -> Tally:
    """Count units by township.

    Parameters
    ----------
    known
        Gives the townships.
    town
        Position of each unit's township, shape (k,).
    hit
        What a unit adds to the numerator: flags or amounts, shape (k,).
    na, not_due, unknown
        Reasons to leave a unit out, in this order; flags of shape (k,) or one flag for all.
    weight
        What a unit adds to the denominator, by default 1.
    rows
        Source rows by township, shape (townships,), where a unit is not a row.
    """
    kind = classes(len(town), na=na, not_due=not_due, unknown=unknown)
    counted = kind == IN
    not_due_n, na_n, unknown_n = (
        by_town(known, town[kind == reason]).astype(np.int64) for reason in (NOT_DUE, NA, UNKNOWN)
    )
    amount = np.broadcast_to(np.asarray(hit, dtype=np.float64), len(town))[counted]
    base = None if weight is None else np.asarray(weight, dtype=np.float64)[counted]
    return Tally(
        by_town(known, town[counted], amount),
        by_town(known, town[counted], base),
        not_due_n,
        na_n,
        unknown_n,
        np.asarray(by_town(known, town) if rows is None else rows, dtype=np.int64),
        state=np.full(len(known.towns), "", dtype=object),
    )


def nothing(known: Known) -> Tally:
    """A tally without units."""
    return tally(known, np.zeros(0, dtype=np.int64), np.zeros(0))
