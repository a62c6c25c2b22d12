"""What is known between the person counts of the results: who can subtract which number from which.

Read off contract/results.md. A relation that does not hold of a unit's numbers (an absent table, a
plan that is missing) gives an attacker nothing there and is left out of that unit's system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["ACROSS", "COUNTY_ONLY", "RELATIONS", "TRAITS", "Across", "Relation", "twins"]

Count = tuple[str, str]  # indicator id, column
Across = Literal["additive", "cumulative"]


@dataclass(frozen=True)
class Relation:
    """``sum of terms == 0`` (or ``<= 0``) for every unit and period.

    Examples
    --------
    >>> Relation.equal(("D01", "numerator"), ("D06", "denominator")).terms[("D06", "denominator")]
    -1
    """

    terms: Mapping[Count, int]
    sense: Literal["==", "<="] = "=="

    @classmethod
    def equal(cls, left: Count, right: Count) -> Relation:
        """Two counts that are the same."""
        return cls({left: 1, right: -1})

    @classmethod
    def most(cls, small: Count, large: Count) -> Relation:
        """A count that is part of another."""
        return cls({small: 1, large: -1}, "<=")


def twins(first: str, second: str) -> tuple[Relation, ...]:
    """Relations of two indicators that are the same row."""
    return tuple(Relation.equal((first, c), (second, c)) for c in ("numerator", "denominator"))


_LIMITS = ("talk", "cultivation", "training", "prereview", "approval", "probation", "conversion")
_NUM, _DEN = "numerator", "denominator"
_LEFT_OUT = ("n_not_due", "n_na", "n_unknown")


def _limit(k: str) -> tuple[Relation, ...]:
    """D05.k counts part of D04's cases, and its breaches part of D04's; the population is one."""
    own, all_ = f"D05.{k}", "D04"
    population = {(own, c): 1 for c in (_DEN, *_LEFT_OUT)} | {(all_, c): -1 for c in (_DEN, *_LEFT_OUT)}
    return (
        Relation.most((own, _DEN), (all_, _DEN)),
        Relation({(own, _DEN): 1, (own, _NUM): -1, (all_, _DEN): -1, (all_, _NUM): 1}, "<="),
        Relation(population),
    )


RELATIONS: tuple[Relation, ...] = (
    Relation.equal(("D01", _NUM), ("D06", _DEN)),
    Relation.equal(("D06", _DEN), ("D07", _DEN)),
    Relation.equal(("D06", _DEN), ("M08-2", _DEN)),
    *twins("D06", "M08-1"),
    *twins("D07", "M08-4"),
    Relation.most(("D08", _DEN), ("D07", _NUM)),
    Relation.most(("M13-2", _NUM), ("D01", _NUM)),
    Relation.most(("M08-5", _DEN), ("D14", _DEN)),
    Relation({("M08-5", _DEN): 1, ("M08-5", _NUM): -1, ("D14", _DEN): -1, ("D14", _NUM): 1}, "<="),
    *(relation for k in _LIMITS for relation in _limit(k)),
    Relation({("D04", _DEN): 1} | {(f"D05.{k}", _DEN): -1 for k in _LIMITS}, "<="),
    Relation(
        {("D04", _DEN): 1, ("D04", _NUM): -1}
        | {(f"D05.{k}", _DEN): -1 for k in _LIMITS}
        | {(f"D05.{k}", _NUM): 1 for k in _LIMITS},
        "<=",
    ),
)

# shares of persons with a trait: who is not in the numerator is told by the difference
TRAITS = frozenset({"S07", "S08", "S16", "S17"})

# reviews failed and posts found unequal to their task are printed for the county alone (domain, pitfall 27)
COUNTY_ONLY = frozenset({"M06-2", "M08-2"})

# how the counts of periods of one year hang together: halves add up to the year, or the year so far grows
ACROSS: Mapping[str, Across] = {
    "S04": "additive",
    "D14": "additive",
    **dict.fromkeys(
        ("D01", "D06", "D07", "D08", "D09", "M08-1", "M08-2", "M08-4", "M13-2", "M13-3"), "cumulative"
    ),
}
