"""What a theme's report reads: columns of its own unit's rows, and results of its own and of others.

A report is made again when something it reads changed, and only then: what is not named here is neither
printed nor drawn by the shipped notebooks (tests/notebooks/test_reads.py turns everything else upside
down and looks whether a report notices).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pbanalysis.calendar import Period
from pbanalysis.indicators.rectification import ENDED_OTHERWISE
from pbanalysis.plan.registry import registry
from pbanalysis.store.schema import TABLES
from pbanalysis.terms import OVERVIEW, THEMES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMPARED", "SHOWN", "Columns", "Printed", "Reads", "reads", "tables_of"]

Columns: TypeAlias = tuple[str, ...] | None  # None: all
Look: TypeAlias = Callable[["pd.Series[Any]", Period], "pd.Series[Any]"]
Whose: TypeAlias = Literal["own", "county", "all"]


@dataclass(frozen=True)
class Printed:
    """Results that a report prints: of whom, which indicators (None: all), which of their columns.

    ``whose`` is the report's unit itself, the county, or every unit. ``beside``: only where the unit has a
    number of its own to stand beside. ``before``: what was judged in the period before, too.
    """

    whose: Whose
    indicators: frozenset[str] | None = None
    columns: Columns = None
    beside: bool = False
    before: bool = False


@dataclass(frozen=True)
class Reads:
    """What a report reads beside its parameters.

    Attributes
    ----------
    rows
        Columns of its unit's rows, by table; no columns: only how many rows there are by the cut-off and
        after it, and whether the table was collected at all.
    results
        Published results.
    dated
        Tables of which it reads only the rows of its period's year, by the column that says so.
    looked_at
        How a column is looked at, by (table, column), where it is not for its very value.
    files
        Tables whose files it names, with their checksums; None: every file of its unit.
    """

    rows: Mapping[str, Columns]
    results: tuple[Printed, ...]
    dated: Mapping[str, str] = field(default_factory=dict)
    looked_at: Mapping[tuple[str, str], Look] = field(default_factory=dict)
    files: frozenset[str] | None = None

    def names_kind(self, kind: str) -> bool:
        """Whether it names the files of a kind of ledger; those that no theme counts in, every report does.

        >>> reads("rectification").names_kind("issues"), reads("study").names_kind("issues")
        (True, False)
        """
        table = _FILLED.get(kind, kind)
        return self.files is None or table in self.files or table not in _counted_in(tuple(THEMES))

    def names_table(self, table: str) -> bool:
        """Whether it names the files that rows of a table were taken from."""
        return self.files is None or table in self.files

    def and_named(self, code: str, whose: Whose = "own") -> Reads:
        """The same, and whole what a notebook's ``code`` names in quotes: an office may have changed it."""
        named = {name: None for name in TABLES if f'"{name}"' in code}
        quoted = frozenset(i.id for i in registry() if f'"{i.id}"' in code)
        return replace(
            self,
            rows={**self.rows, **named},
            dated={name: column for name, column in self.dated.items() if name not in named},
            looked_at={key: look for key, look in self.looked_at.items() if key[0] not in named},
            results=(*self.results, Printed(whose, quoted, before=True)),
        )


_BRANCHES = ("org_id", "township_id", "name", "org_type", "founded_on", "dissolved_on")
_ISSUES = (
    "category", "found_on", "deadline_kind", "deadline_original_on", "deadline_on",
    "closed_on", "end_reason", "reopened_on", "reclosed_on",
)  # fmt: skip
_STEPS = TABLES["admissions"].events
# what figures and lists of dates are drawn from; every other number comes with the results
_ROWS: Mapping[str, Mapping[str, Columns]] = {
    "study": {
        "townships": ("township_id", "name"),
        "organisations": (*_BRANCHES, "groups_n"),
        "org_counts": ("org_id", "as_of", "full_members_n"),
        "meetings": ("org_id", "held_on", "types", "expected_n", "present_n"),
        "topics": ("topic_id", "released_on"),
        "topic_studies": ("topic_id", "org_id", "studied_on"),
        "test_scores": ("person_key", "org_id", "phase", "taken_on", "score", "max_score"),
    },
    "development": {
        "townships": (),
        "organisations": ("org_id", "township_id"),
        "admissions": ("case_id", "org_id", *_STEPS, "training_hours", "outcome"),
        "followups": ("case_id", "due_on", "done_on"),
        "admission_profiles": ("year", "dimension", "level", "n"),
    },
    "rectification": {
        "townships": (),
        "organisations": _BRANCHES,
        "issues": _ISSUES,
        "elections": (
            "org_id", "expires_on", "extended_until", "reminded_on", "held_on",
        ),
    },
    OVERVIEW: {
        "townships": ("township_id", "name"),
        "organisations": ("org_id", "township_id"),
        "villages": ("village_id", "township_id"),
        "meetings": ("org_id",),
        "trainings": (),
        "admissions": ("org_id",),
        "issues": _ISSUES,
        "village_years": ("village_id",),
        "elections": ("org_id",),
    },
}  # fmt: skip
# kinds of ledgers that fill a table of another name
_FILLED = {"roster_counts": "org_counts"}
# what only figures read
SHOWN = {"development": ("admission_profiles",)}
# indicators of which a figure of a township's report shows all townships (its funnel)
COMPARED = {"study": ("S01",)}
_POINT = ("state", "value", "denominator", "vs_county")
# of the townships the overview shows states, contributions, and whole the indicators its notebook names
_CONTRIBUTION = ("state", "numerator", "denominator", "rows")
# of the county a township's report shows the value with its n, and the rows counted, beside its own
_REFERENCE = ("state", "value", "numerator", "denominator", "rows")
# those of which it draws the county's curve, limits or coverage, too; the last whatever the township's own
_DRAWN = frozenset({"S01", "S06", "S17", "R06"})
_ALWAYS = frozenset({"D07"})
_DATED = {"study": {"meetings": "held_on", "topics": "released_on"}}
# an issue was handed on or not; an organisation is as old as it need be
_LOOKED_AT: Mapping[tuple[str, str], Look] = {
    ("issues", "end_reason"): lambda reason, _: reason.isin(ENDED_OTHERWISE),
    ("organisations", "founded_on"): lambda day, period: day.clip(lower=str(period.year_start)),
}


def tables_of(theme: str) -> tuple[str, ...]:
    """Names of the tables that a theme's indicators count in or its figures show, each once.

    >>> "admission_profiles" in tables_of("development"), "issues" in tables_of("study")
    (True, False)
    """
    counted = (name for i in registry().of_theme(theme) for name in i.source_tables)
    return tuple(dict.fromkeys((*counted, *_ROWS.get(theme, ()))))


@cache
def _counted_in(themes: tuple[str, ...]) -> frozenset[str]:
    """Tables that these themes count in or show."""
    return frozenset(name for theme in themes for name in tables_of(theme))


@cache
def reads(theme: str) -> Reads:
    """What the report of a theme reads."""
    known = registry()
    if theme == OVERVIEW:
        counted = {name: () for i in known if i.headline for name in i.source_tables}
        results = (
            Printed("own", before=True),
            Printed("all", frozenset(i.id for i in known if i.headline), ("state",)),
            Printed("all", frozenset(i.id for i in known.items()), _CONTRIBUTION),
        )
        return Reads({**counted, **_ROWS[theme]}, results, looked_at=_LOOKED_AT)
    themes = (theme, "supporting") if theme == "rectification" else (theme,)
    own = frozenset(i.id for i in known if i.theme in themes)
    headline = [i for i in known.of_theme(theme) if i.headline]
    counted = {name: () for i in headline for name in i.source_tables}
    county = frozenset(i.id for i in headline if i.kind != "count")
    return Reads(
        {**counted, **_ROWS[theme]},
        (
            Printed("own", own, before=True),
            # the table of the plan's measures tells the state of every item, whatever its theme
            Printed("own", frozenset(i.id for i in known.items()) - own, ("state",)),
            Printed("county", county & _ALWAYS, _REFERENCE),
            Printed("county", county & _DRAWN, (*_REFERENCE, "beside"), beside=True),
            Printed("county", county - _ALWAYS - _DRAWN, _REFERENCE, beside=True),
            Printed("all", frozenset(COMPARED.get(theme, ())), _POINT, beside=True),
        ),
        _DATED.get(theme, {}),
        _LOOKED_AT,
        _counted_in(themes),
    )
