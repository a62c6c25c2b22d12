"""What a batch works with, as one value: templates, renderers, and what each theme reads.

The batch knows no renderer by name; a test, or an office with a format of its own, passes another table.
Everything that goes to a worker is a function of a module, because it is pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.kernel.jobs import Limits
from pbanalysis.terms import REPORTS

if TYPE_CHECKING:
    import pandas as pd

    from pbanalysis.calendar import Period
    from pbanalysis.store.county import County
    from pbanalysis.themes.reads import Reads

__all__ = ["Tools", "standard"]

_STEMS = {"study": "study_quality", "development": "member_development", "rectification": "rectification"}


@dataclass(frozen=True)
class Tools:
    """The table of a batch's tools.

    Attributes
    ----------
    templates
        Folder of the notebooks.
    stems
        Theme → name of its template and of its report, without suffix.
    overview
        Name of the county's template; empty: no overview.
    titles
        Theme → title of its report.
    published
        County and period → published results (of this period and the one before).
    pages, documents
        Format → renderer of one report; format → renderer of the attachment.
    facts
        Renderer of ``facts.json``.
    remarks
        What an attachment's reader should be told about it, e.g. that it is too long; None: nothing.
    reads
        Theme → what its template reads.
    index
        Writes the contents page, told at the end what there is; None: no contents page.
    """

    templates: Path
    stems: Mapping[str, str]
    overview: str
    titles: Mapping[str, str]
    published: Callable[[County, Period], pd.DataFrame]
    pages: Mapping[str, Callable[..., bytes]]
    documents: Mapping[str, Callable[..., bytes]]
    facts: Callable[..., bytes]
    reads: Callable[[str], Reads]
    remarks: Callable[..., list[str]] | None = None
    index: Callable[..., bytes] | None = None
    limits: Limits = field(default_factory=Limits)

    def template(self, stem: str) -> Path:
        """Path of a template; a :class:`PbError` when the installation lacks it."""
        path = self.templates / f"{stem}.ipynb"
        if not path.exists():
            raise PbError(
                Code.ENGINE_MISSING, "缺少报告模板", where=path.name, fix="程序安装不完整，请重新安装"
            )
        return path

    def with_limits(self, **limits: Any) -> Tools:
        """The same with other limits."""
        return replace(self, limits=replace(self.limits, **limits))


def templates() -> Path:
    """The notebooks: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parents[2]
    inside = package / "notebooks"
    return inside if inside.is_dir() else package.parent / "notebooks"


def standard() -> Tools:
    """The tools of ``pbanalysis report``."""
    return Tools(
        templates=templates(),
        stems=_STEMS,
        overview="county_overview",
        titles=REPORTS,
        published=_published,
        pages={"html": _html},
        documents={suffix: partial(_attachment, suffix) for suffix in ("pdf", "docx", "xlsx")},
        facts=_facts,
        remarks=_remarks,
        reads=_reads,
        index=_index,
    )


# each imports its own when it is first used, so that an unchanged re-run imports none of them


def _published(county: County, period: Period) -> pd.DataFrame:
    from pbanalysis.themes.report import published

    return published(county, period)


def _html(notebook: Any, **told: str) -> bytes:
    from pbanalysis.reports.documents.html import render_html

    return render_html(notebook, **told)


def _attachment(suffix: str, *told: Any) -> bytes:
    from pbanalysis.reports.documents.attachments import attachment

    return attachment(suffix, *told)


def _facts(*told: Any) -> bytes:
    from pbanalysis.reports.documents.attachments import facts

    return facts(*told)


def _remarks(*told: Any) -> list[str]:
    from pbanalysis.reports.documents.attachments import remarks

    return remarks(*told)


def _index(**told: Any) -> bytes:
    from pbanalysis.reports.documents.contents import contents

    return contents(**told)


def _reads(theme: str) -> Reads:
    from pbanalysis.themes.reads import reads

    return reads(theme)
