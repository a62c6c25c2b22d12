"""One view of the explorer as a frozen value: what is chosen, what it shows, and the code that makes it.

A view draws nothing of its own: its exhibits are the functions of the reports, called on the same
report, so that what is seen here stands in the township's report as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.explore.kept import REPORTS, overview_of, report_of
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.store.county import County, Township
from pbanalysis.terms import THEMES
from pbanalysis.themes.report import Report

if TYPE_CHECKING:
    from pbanalysis.exhibits.blocks import Block

__all__ = ["FIGURES", "KINDS", "SIZES", "Drawing", "View", "indicators_of", "open_view"]

KINDS = ("乡", "镇", "街道")
SIZES = ("支部较少", "支部居中", "支部较多")
CLOSED_SETS: Mapping[str, Sequence[str]] = {"kind": KINDS, "size": SIZES}


@dataclass(frozen=True)
class Drawing:
    """A figure of a theme: what it is called, and the public function that draws it."""

    title: str
    call: str
    arguments: tuple[str, ...] = ()

    def draw(self, report: Report) -> Block:
        """The exhibit, by the function of the reports."""
        import pbanalysis

        made: Block = getattr(pbanalysis, self.call)(report, *self.arguments)
        return made

    def code(self) -> str:
        """The same as a line of a notebook."""
        return f"pb.{self.call}({', '.join(['report', *(f'{a!r}' for a in self.arguments)])})".replace(
            "'", '"'
        )


FIGURES: Mapping[str, tuple[Drawing, ...]] = {
    "study": (
        Drawing("各项完成率", "plot_rates"),
        Drawing("支部×月", "plot_branch_months"),
        Drawing("到会率走势", "plot_attendance"),
        Drawing("传达学习用时", "plot_study_lag"),
        Drawing("活动构成", "plot_meeting_mix"),
    ),
    "development": (
        Drawing("各阶段人数", "plot_stages"),
        Drawing("时限合规率", "plot_limits"),
        Drawing("各环节用时", "plot_durations"),
        Drawing("档案抽查", "plot_audits"),
        Drawing("年龄构成", "plot_structure", ("age",)),
        Drawing("学历构成", "plot_structure", ("education",)),
    ),
    "rectification": (
        Drawing("各项完成率", "plot_rates"),
        Drawing("未办结走势", "plot_open_issues"),
        Drawing("逾期时长", "plot_overdue"),
        Drawing("整改用时", "plot_time_to_close"),
        Drawing("了结方式", "plot_ends"),
        Drawing("问题类别", "plot_issue_matrix"),
        Drawing("任期届满", "plot_terms"),
    ),
}


def _has_funnel(indicator: Indicator) -> bool:
    return indicator.kind == "share" and indicator.interval == "wilson"


def indicators_of(theme: str) -> list[Indicator]:
    """What can be chosen of a theme: headline indicators, then the plan's items with a row of their own."""
    return [i for i in registry().of_theme(theme) if i.level != "other" and not i.same_as]


@dataclass(frozen=True)
class View:
    """A choice of theme, indicator, period, township and peer group; made by :func:`open_view`.

    Attributes
    ----------
    county, township
        The store and the township looked at.
    theme
        ``study``, ``development`` or ``rectification``.
    indicator
        Id.
    period
        Period; the cut-off is the county's.
    kind, size
        Peer group: 乡, 镇 or 街道, and :data:`SIZES` by number of branches; "" = all. It chooses who is
        drawn; the county's value and the control limits stay those of the whole county.
    """

    county: County
    township: Township
    theme: str
    indicator: str
    period: Period
    kind: str = ""
    size: str = ""

    def but(self, **changes: Any) -> View:
        """The same view with other choices, checked; a new theme starts with its first indicator."""
        theme = changes.get("theme", self.theme)
        if theme != self.theme and "indicator" not in changes:
            changes["indicator"] = ""
        chosen = {
            name: getattr(self, name) for name in ("township", "theme", "indicator", "period", "kind", "size")
        }
        return open_view(self.county, **{**chosen, **changes})

    def rests_on(self, part: str) -> tuple[object, ...]:
        """The choices that a panel depends on: another choice leaves it as it is."""
        peers = (self.kind, self.size, *([self.township.id] if self.kind or self.size else []))
        match part:
            case "funnel":
                return (self.theme, self.indicator, self.period, self.township.id, *peers)
            case "townships" | "table":
                return (self.theme, self.indicator, self.period, *peers)
            case "rows":
                return (self.theme, self.indicator, self.period, self.township.id)
            case _:
                return (self.theme, self.period, self.township.id)

    @cached_property
    def report(self) -> Report:
        """The township's report of the theme, as the batch makes it."""
        return report_of(self.theme, self.township, self.period)

    @cached_property
    def peers(self) -> list[str]:
        """Codes of the townships that are drawn: the peer group and the township itself."""
        towns = self.county.townships
        chosen = np.ones(len(towns), dtype=bool)
        if self.kind:
            chosen &= (towns["kind"] == self.kind).to_numpy()
        if self.size:
            chosen &= _size_classes(self.county) == self.size
        chosen |= (towns["township_id"] == self.township.id).to_numpy()
        return [str(code) for code in towns["township_id"][chosen]]

    @cached_property
    def seen(self) -> Report:
        """:attr:`report` with the rows of the peers and the county alone; the report itself without a peer group."""
        return _narrowed(self.report, self.peers) if self.kind or self.size else self.report

    @cached_property
    def overview(self) -> Report:
        """The county's report with the rows of the peers."""
        whole = overview_of(self.county, self.period)
        return _narrowed(whole, self.peers) if self.kind or self.size else whole

    def funnel(self) -> Block:
        """The indicator by its denominator within control limits, the township named."""
        from pbanalysis.exhibits.blocks import Box
        from pbanalysis.exhibits.parts import plot_funnel

        known = registry()[self.indicator]
        if not _has_funnel(known):
            why = "本指标是件数、中位数或不作比较的比率，没有漏斗图；各乡镇数值见右图和指标表。"
            return Box(
                id=f"{self.theme}.funnel.{known.id}",
                role="finding",
                title=f"{known.name}：漏斗图",
                items=(why,),
            )
        return plot_funnel(self.seen, self.indicator)

    def townships(self) -> Block:
        """The indicator by township with ranges, the target and the county's value."""
        from pbanalysis.exhibits.county import plot_townships

        return plot_townships(self.overview, self.indicator)

    def figures(self) -> tuple[Drawing, ...]:
        """The figures of the theme."""
        return FIGURES[self.theme]

    def code(self, figure: int = 0) -> str:
        """The notebook cell that makes this view: clicking is reproducible."""
        chosen = {
            "theme": self.theme,
            "indicator": self.indicator,
            "period": self.period.label,
            "township": self.township.name,
        }
        chosen |= {name: value for name in ("kind", "size") if (value := getattr(self, name))}
        arguments = ", ".join(f'{name}="{value}"' for name, value in chosen.items())
        place, drawing = self.county.folder.as_posix(), self.figures()[figure]
        return "\n".join(
            (
                "import pbanalysis as pb",
                "",
                f'county = pb.open_county("{place}", as_of="{self.county.as_of}")',
                f"view = pb.view(county, {arguments})",
                f"# 专题图“{drawing.title}”与 {drawing.code().replace('report', 'view.report')} 相同",
                f"view.show(figure={figure})",
            )
        )

    def show(self, figure: int = 0) -> Any:
        """The view as exhibits one below the other, with one of the theme's figures."""
        from pbanalysis.exhibits.county import township_table
        from pbanalysis.explore.behind import behind
        from pbanalysis.explore.shown import Shown

        return Shown(
            f"{self.township.name}　{THEMES[self.theme]}　{self.period.title}",
            (
                self.funnel(),
                self.townships(),
                self.figures()[figure].draw(self.report),
                township_table(self.overview, self.indicator),
                behind(self.report, self.indicator),
            ),
        )

    def _repr_html_(self) -> str:
        shown: str = self.show()._repr_html_()
        return shown


def _narrowed(report: Report, peers: Sequence[str]) -> Report:
    """The report of a county that has these townships alone; the county's own rows stay those of all."""
    towns, rows = report.county.townships, report.frame
    frames = {**report.county._frames, "townships": towns[towns["township_id"].isin(peers)]}
    keep = rows["unit_id"].isin([*peers, report.county.code]).to_numpy()
    return replace(report, frame=rows[keep], county=replace(report.county, _frames=frames))


def _size_classes(county: County) -> Any:
    """Class of each township by number of active branches, in official order: thirds, ties together."""
    orgs = county.frame("organisations")
    towns = county.townships["township_id"]
    branches = orgs[orgs["org_type"].isin(["branch", "joint_branch"])] if orgs is not None else None
    n = (
        np.zeros(len(towns))
        if branches is None
        else branches["township_id"].value_counts().reindex(towns, fill_value=0).to_numpy()
    )
    edges = np.quantile(n, [1 / 3, 2 / 3]) if len(n) else []
    return np.array(SIZES)[np.searchsorted(edges, n, side="left")]


def open_view(
    county: County,
    *,
    theme: str = "study",
    indicator: str = "",
    period: str | Period = "",
    township: str | Township = "",
    kind: str = "",
    size: str = "",
) -> View:
    """A view, its choices checked.

    Parameters
    ----------
    county
        The store.
    theme, indicator
        By key or Chinese name; empty indicator: the theme's first that can be compared.
    period
        Empty: the year of the cut-off.
    township
        Code or name; empty: the first in official order. Townships only: there is no view of a person.
    kind, size
        Peer group, see :class:`View`.

    Raises
    ------
    PbError
        A choice is unknown, the near names are suggested; or the indicator is of another theme.

    Examples
    --------
    >>> pb.view(county, theme="整改成效", indicator="R03", township="城关镇").show()  # doctest: +SKIP
    """
    theme = _theme(theme)
    for name, value in (("kind", kind), ("size", size)):
        if value and value not in CLOSED_SETS[name]:
            raise PbError(
                Code.UNKNOWN_NAME,
                "没有这个同类组",
                where=name,
                got=value,
                fix=f"可选：{'、'.join(CLOSED_SETS[name])}",
            )
    choices = indicators_of(theme)
    known = registry()[indicator] if indicator else next(filter(_has_funnel, choices))
    if known not in choices:
        raise PbError(
            Code.UNKNOWN_NAME,
            f"这个指标不在“{THEMES[theme]}”里，或由县直单位报送",
            where="indicator",
            got=known.id,
            fix=near_names(known.id, [i.id for i in choices]),
        )
    if not isinstance(township, Township):
        township = county.township(township or str(county.townships["township_id"].iloc[0]))
    return View(county, township, theme, known.id, Period.parse(period or str(county.as_of.year)), kind, size)


def _theme(text: str) -> str:
    by_name = {name: key for key, name in THEMES.items()}
    key = by_name.get(text, text)
    if key not in REPORTS:
        raise PbError(
            Code.UNKNOWN_NAME,
            "没有这个专题",
            where="theme",
            got=text,
            fix=near_names(text, [THEMES[k] for k in REPORTS]),
        )
    return key
