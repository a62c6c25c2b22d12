"""Analysis and reporting toolkit for a county's grassroots Party-work action plan.

Nothing heavy is imported here: every public name is loaded when it is first used, so that the
command line answers wrong use in well under a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# public name -> module that defines it
_WHERE = {
    "open_county": "pbanalysis.store.county",
    "County": "pbanalysis.store.county",
    "Township": "pbanalysis.store.county",
    "Period": "pbanalysis.calendar",
    "PbError": "pbanalysis.errors",
    # reports
    "study_quality": "pbanalysis.themes.report",
    "member_development": "pbanalysis.themes.report",
    "rectification": "pbanalysis.themes.report",
    "county_overview": "pbanalysis.themes.report",
    # exhibits
    "about": "pbanalysis.exhibits.summary",
    "headline": "pbanalysis.exhibits.summary",
    "limits": "pbanalysis.exhibits.summary",
    "says": "pbanalysis.exhibits.summary",
    "onsite": "pbanalysis.exhibits.summary",
    "due_next": "pbanalysis.exhibits.summary",
    "provenance": "pbanalysis.exhibits.summary",
    "scorecard": "pbanalysis.exhibits.tables",
    "gaps": "pbanalysis.exhibits.tables",
    "previous": "pbanalysis.exhibits.tables",
    "measures": "pbanalysis.exhibits.tables",
    "measure_items": "pbanalysis.exhibits.tables",
    "definitions": "pbanalysis.exhibits.tables",
    "learning_gain": "pbanalysis.exhibits.study",
    "spot_check": "pbanalysis.exhibits.development",
    "national": "pbanalysis.exhibits.development",
    # figures
    "plot_branch_months": "pbanalysis.exhibits.study",
    "plot_attendance": "pbanalysis.exhibits.study",
    "plot_meeting_mix": "pbanalysis.exhibits.study",
    "plot_study_lag": "pbanalysis.exhibits.study",
    "plot_stages": "pbanalysis.exhibits.development",
    "plot_limits": "pbanalysis.exhibits.development",
    "plot_durations": "pbanalysis.exhibits.development",
    "plot_structure": "pbanalysis.exhibits.development",
    "plot_audits": "pbanalysis.exhibits.development",
    "plot_open_issues": "pbanalysis.exhibits.rectification",
    "plot_time_to_close": "pbanalysis.exhibits.rectification",
    "plot_ends": "pbanalysis.exhibits.rectification",
    "plot_issue_matrix": "pbanalysis.exhibits.rectification",
    "plot_overdue": "pbanalysis.exhibits.rectification",
    "plot_terms": "pbanalysis.exhibits.rectification",
    "conclusions": "pbanalysis.exhibits.county",
    "coverage": "pbanalysis.exhibits.county",
    "indicator_table": "pbanalysis.exhibits.county",
    "state_table": "pbanalysis.exhibits.county",
    "township_table": "pbanalysis.exhibits.county",
    "contributions": "pbanalysis.exhibits.county",
    "plot_townships": "pbanalysis.exhibits.county",
    "plot_progress": "pbanalysis.exhibits.county",
    "plot_rates": "pbanalysis.exhibits.parts",
    "plot_funnel": "pbanalysis.exhibits.parts",
    # researchers
    "evaluate": "pbanalysis.indicators.evaluate",
    "view": "pbanalysis.explore.view:open_view",
    "behind": "pbanalysis.explore.behind",
    "compare": "pbanalysis.explore.cards",
    "card": "pbanalysis.explore.cards",
    "sources": "pbanalysis.explore.sources",
    "what_if": "pbanalysis.explore.trial",
    "composite": "pbanalysis.explore.composite",
    "results": "pbanalysis.explore.kept:results_of",
    "screens": "pbanalysis.explore.screens",
    "desk": "pbanalysis.explore.desk",
}
# namespaces; `pb.indicators("study")` and `pb.explore(county)` call the package itself
_PACKAGES = {
    "stats": "pbanalysis.stats",
    "plot": "pbanalysis.exhibits.figures",
    "indicators": "pbanalysis.indicators",
    "explore": "pbanalysis.explore",
}
__all__ = ["__version__", *_WHERE, *_PACKAGES]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        module, _, own = _WHERE[name].partition(":")
        return getattr(import_module(module), own or name)
    if name in _PACKAGES:
        return import_module(_PACKAGES[name])
    raise AttributeError(f"module 'pbanalysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext pbanalysis``: the ``%pb`` magic and completion of townships and indicators."""
    import_module("pbanalysis.explore.magic").load(ipython)


if TYPE_CHECKING:
    from pbanalysis.calendar import Period as Period
    from pbanalysis.errors import PbError as PbError
    from pbanalysis.store.county import County as County
    from pbanalysis.store.county import Township as Township
    from pbanalysis.store.county import open_county as open_county
