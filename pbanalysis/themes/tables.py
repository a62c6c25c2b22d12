"""Which tables a theme's report reads: those its indicators count in, and those only its figures show."""

from __future__ import annotations

from pbanalysis.plan.registry import registry

__all__ = ["SHOWN", "tables_of"]

_ALWAYS = ("townships", "organisations", "org_counts")
# what only figures read
SHOWN = {"development": ("admission_profiles",)}


def tables_of(theme: str) -> tuple[str, ...]:
    """Names of the tables, each once.

    >>> "admission_profiles" in tables_of("development"), "issues" in tables_of("study")
    (True, False)
    """
    counted = (name for i in registry().of_theme(theme) for name in i.source_tables)
    return tuple(dict.fromkeys((*counted, *SHOWN.get(theme, ()), *_ALWAYS)))
