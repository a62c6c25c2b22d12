"""What a theme's report reads: tables of its own unit, and results of the others."""

from __future__ import annotations

from pbanalysis.plan.registry import registry

__all__ = ["COMPARED", "SHOWN", "tables_of"]

_ALWAYS = ("townships", "organisations", "org_counts")
# what only figures read
SHOWN = {"development": ("admission_profiles",)}
# indicators of which a figure of a township's report shows all townships (its funnel)
COMPARED = {"study": ("S01",)}


def tables_of(theme: str) -> tuple[str, ...]:
    """Names of the tables, each once.

    >>> "admission_profiles" in tables_of("development"), "issues" in tables_of("study")
    (True, False)
    """
    counted = (name for i in registry().of_theme(theme) for name in i.source_tables)
    return tuple(dict.fromkeys((*counted, *SHOWN.get(theme, ()), *_ALWAYS)))
