"""The one place that decides a state (contract/results.md, "How a state is decided, in this order")."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

from pbanalysis.plan.registry import Indicator

__all__ = ["Case", "State", "decide", "reaches"]

State: TypeAlias = Literal["met", "not_met", "not_due", "na", "unknown", "info"]


class Case(NamedTuple):
    """What a state depends on, for one indicator and one unit.

    ``counted`` is the denominator, or for a count the units counted; ``parts`` are the townships' states
    (of a county's row); ``info`` says that the plan does not bind this unit or sets no number.
    """

    numerator: float
    counted: float
    n_not_due: int
    n_unknown: int
    info: bool
    due: bool
    fixed: str = ""
    parts: Sequence[str] = ()
    quota: float | None = None


def decide(case: Case, indicator: Indicator) -> State:
    """State of one row.

    Not applicable and unknown come first, then not due, then background, then the verdict. ``0/0`` is
    never a verdict, and a deadline in the future never ``not_met``.

    Examples
    --------
    >>> from pbanalysis.plan.registry import registry
    >>> decide(Case(3, 4, n_not_due=0, n_unknown=0, info=False, due=True), registry()["R03"])
    'not_met'
    >>> decide(Case(0, 0, n_not_due=2, n_unknown=0, info=False, due=True), registry()["R03"])
    'not_due'
    """
    if case.fixed:
        return case.fixed  # type: ignore[return-value]
    if not case.counted:
        return _empty(case)
    if case.info:
        return "info"
    met = reaches(case.numerator, case.counted, indicator, case.quota)
    if case.due:
        return "met" if met else "not_met"
    return "met" if met and _final(case, indicator) else "not_due"


def _empty(case: Case) -> State:
    """Nothing in the denominator."""
    if case.n_unknown or "unknown" in case.parts:
        return "unknown"
    return "not_due" if case.n_not_due or "not_due" in case.parts else "na"


def _final(case: Case, indicator: Indicator) -> bool:
    """Whether a target reached before the due day can no longer be lost by what is still missing."""
    if indicator.judged == "due_only":
        return False
    growing = case.quota is not None or (indicator.kind == "count" and indicator.direction == "up")
    return growing or not (case.n_not_due or case.n_unknown)


def reaches(numerator: float, counted: float, indicator: Indicator, quota: float | None = None) -> bool:
    """Whether the target (or the township's quota) is reached, compared exactly.

    100 % is reached when numerator equals denominator: a share above it is a finding, not a success.
    """
    if quota is not None:
        return numerator >= quota
    target = indicator.target
    assert target is not None
    if indicator.kind == "count":
        value = Fraction(numerator)
    elif target == 1:
        return numerator == counted
    else:
        value = Fraction(numerator) / Fraction(counted) * indicator.scale
    return value <= target if indicator.direction == "down" else value >= target
