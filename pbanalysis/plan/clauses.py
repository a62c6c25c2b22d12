"""The plan's thirteen measures and three demands, with their titles and who answers for them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pbanalysis.errors import Code, PbError, near_names

__all__ = ["Measure", "measure_of", "measures"]


@dataclass(frozen=True)
class Measure:
    """A measure (M01 … M13) or demand (W1 … W3) of the plan.

    Attributes
    ----------
    id, clause, title, section
        ``M03``, 措施3, its title, and the part of the plan it stands in.
    responsible
        Posts or bodies that answer for it; never a person.
    why
        The shortcoming of the plan that it is meant to mend.
    """

    id: str
    clause: str
    title: str
    section: str
    responsible: str
    why: str


@cache
def measures() -> tuple[Measure, ...]:
    """The 13 measures and 3 demands in the order of the plan.

    Examples
    --------
    >>> [m.clause for m in measures()][::5]
    ['措施1', '措施6', '措施11', '要求三']
    """
    text = (files("pbanalysis.plan") / "clauses.toml").read_text(encoding="utf-8")
    return tuple(Measure(**record) for record in tomllib.loads(text)["measure"])


def measure_of(item: str) -> Measure:
    """The measure that an item belongs to (``M03-4a`` → M03)."""
    wanted = item.split("-")[0]
    for measure in measures():
        if measure.id == wanted:
            return measure
    raise PbError(
        Code.UNKNOWN_NAME,
        "方案中没有这一项",
        where="measure",
        got=item,
        fix=near_names(wanted, [m.id for m in measures()]),
    )
