"""The explorer: controls, linked figures, tables and the trial corner, over one frozen view.

Every change makes a new :class:`~pbanalysis.explore.view.View`; a panel is drawn when it is seen and
kept, so that going back costs nothing. Where a front end shows no widgets the same view is shown still.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from pbanalysis.errors import PbError
from pbanalysis.exhibits.county import township_table
from pbanalysis.exhibits.tables import scorecard
from pbanalysis.explore.behind import behind
from pbanalysis.explore.corner import Corner
from pbanalysis.explore.kept import REPORTS
from pbanalysis.explore.shown import STYLE, html_of_error, html_of_exhibit
from pbanalysis.explore.tables import bundle_html, frame_of, interactive_html
from pbanalysis.explore.view import KINDS, SIZES, View, indicators_of, open_view
from pbanalysis.plan.registry import registry
from pbanalysis.store.county import open_county
from pbanalysis.terms import THEMES

if TYPE_CHECKING:
    from pbanalysis.store.county import County

__all__ = ["Explorer", "explore"]

_TABS = ("指标一览", "各乡镇", "来源明细", "非正式试算", "代码")
_WIDE = {"layout": w.Layout(width="auto", max_width="340px"), "style": {"description_width": "4em"}}


def explore(county: County | None = None, **choices: Any) -> Explorer:
    """Open the explorer on a county.

    Parameters
    ----------
    county
        By default the store that JupyterLab was opened with, or the demo county's.
    choices
        What to start with, as for ``pb.view``: theme, indicator, period, township, kind, size.

    Examples
    --------
    >>> pb.explore(county, theme="整改成效", township="城关镇")  # doctest: +SKIP
    """
    return Explorer(open_view(county or open_county(), **choices))


class Explorer:
    """The interactive view; shows itself, still where there are no widgets.

    Attributes
    ----------
    view
        What is chosen now.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self._made: dict[tuple[object, ...], str] = {}
        self._shown: dict[int, tuple[object, ...]] = {}
        self._quiet = False
        self._build()

    # what is drawn

    def panel(self, part: str, figure: int = 0) -> str:
        """HTML of a part of the view: ``funnel``, ``townships``, ``figure``, ``scorecard``, ``table`` or ``rows``."""
        key = (part, figure, *self.view.rests_on(part))
        if key not in self._made:
            self._made[key] = self._draw(part, figure)
        return self._made[key]

    def _draw(self, part: str, figure: int) -> str:
        view = self.view
        match part:
            case "funnel":
                return _framed(view.funnel())
            case "townships":
                return _framed(view.townships())
            case "figure":
                return _framed(view.figures()[figure].draw(view.report))
            case "scorecard":
                return _framed(scorecard(view.report))
            case "table":
                table = township_table(view.overview, view.indicator)
                return interactive_html(
                    frame_of(table), sortable=False, title=f"{table.title}　{_about(view)}"
                )
            case _:
                rows = behind(view.report, view.indicator)
                return (
                    interactive_html(rows.frame, sortable=True, title=rows.title)
                    + f"<p>{escape(rows.note)}</p>"
                )

    def static_html(self) -> str:
        """The view without controls."""
        parts = [self.panel("funnel"), self.panel("townships"), self.panel("figure", self._figure.index or 0)]
        rows = _framed(behind(self.view.report, self.view.indicator))
        return "".join(
            [STYLE, *parts, _framed(township_table(self.view.overview, self.view.indicator)), rows]
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        still = {
            "text/html": self.static_html(),
            "text/plain": f"{self.view.township.name} {self.view.indicator}\n{self.view.code()}",
        }
        view = self.widget._repr_mimebundle_(include=include, exclude=exclude)
        return {**(view or {}), **still}

    # the controls

    def _build(self) -> None:
        view = self.view
        towns = view.county.townships
        kinds = [k for k in KINDS if k in set(towns["kind"])]
        self._theme = w.ToggleButtons(options=[(THEMES[key], key) for key in REPORTS], value=view.theme)
        self._theme.style.button_width = "7em"
        self._township = w.Dropdown(
            options=list(zip(towns["name"], towns["township_id"])),
            value=view.township.id,
            description="乡镇",
            **_WIDE,
        )
        self._period = w.Dropdown(
            options=_periods(view), value=view.period.label, description="期间", **_WIDE
        )
        self._indicator = w.Dropdown(
            options=_indicators(view), value=view.indicator, description="指标", **_WIDE
        )
        self._kind = w.Dropdown(
            options=[("全部", ""), *zip(kinds, kinds)], value=view.kind, description="类型", **_WIDE
        )
        self._size = w.Dropdown(
            options=[("全部", ""), *zip(SIZES, SIZES)], value=view.size, description="规模", **_WIDE
        )
        self._figure = w.ToggleButtons(options=[d.title for d in view.figures()], index=0)
        self._figure.style.button_width = "auto"
        self._message = w.HTML()
        self._left, self._right, self._middle = w.HTML(), w.HTML(), w.HTML()
        self._score, self._table, self._rows = w.HTML(), w.Output(), w.Output()
        self._code = w.Textarea(layout=w.Layout(width="auto", height="11em"))
        self._asked = w.Output()
        self._corner = Corner(lambda: self.view)
        self._tab = w.Tab(
            children=[
                self._score,
                self._table,
                self._rows,
                self._corner.widget,
                w.VBox([self._code, w.HTML(_COPY)]),
            ],
            titles=_TABS,
        )
        self._write = w.Button(description="生成代码", tooltip="写出得到当前视图的单元格")
        self._write.on_click(lambda _: self._write_code())
        for name in ("theme", "township", "period", "indicator", "kind", "size"):
            getattr(self, f"_{name}").observe(self._chosen(name), names="value")
        self._figure.observe(lambda _: self._refresh(), names="index")
        self._tab.observe(lambda _: self._refresh(), names="selected_index")
        bundle = w.Output()
        bundle.outputs = (_html_output(bundle_html()),)
        half = w.Layout(flex="1 1 400px", min_width="0", margin="0")
        self._left.layout, self._right.layout = half, half
        self.widget = w.VBox(
            [
                w.HTML(STYLE + _BAR),
                bundle,
                w.HBox([self._theme, self._township, self._period], layout=_ROW),
                w.HBox([self._indicator, self._kind, self._size, self._write], layout=_ROW),
                self._message,
                w.HBox([self._left, self._right], layout=w.Layout(flex_flow="row wrap")),
                self._figure,
                self._middle,
                self._tab,
                self._asked,
            ]
        )
        self.widget.add_class("pb-explorer")
        self._refresh()

    def _chosen(self, name: str) -> Callable[[Any], None]:
        def change(event: Any) -> None:
            if self._quiet:
                return
            with self._told():
                self.view = self.view.but(**{name: event["new"]})
            self._follow()
            self._refresh()

        return change

    def _follow(self) -> None:
        """Set the controls that depend on others to the view, without answering them."""
        view = self.view
        self._quiet = True
        try:
            if self._indicator.options != tuple(_indicators(view)):
                self._indicator.options = _indicators(view)
                self._figure.options = [drawing.title for drawing in view.figures()]
                self._figure.index = 0
            for name in ("theme", "indicator", "kind", "size"):
                getattr(self, f"_{name}").value = getattr(view, name)
            self._township.value, self._period.value = view.township.id, view.period.label
        finally:
            self._quiet = False

    def _refresh(self) -> None:
        """Draw what is seen and has changed."""
        if self._quiet:
            return
        with self._told():
            self._left.value = self.panel("funnel")
            self._right.value = self.panel("townships")
            self._middle.value = self.panel("figure", self._figure.index or 0)
            match self._tab.selected_index or 0:
                case 0:
                    self._score.value = self.panel("scorecard")
                case 1:
                    self._put(self._table, "table")
                case 2:
                    self._put(self._rows, "rows")
                case 3:
                    self._corner.follow()
                case _:
                    self._code.value = self.code

    def _put(self, output: Any, part: str) -> None:
        key = (part, *self.view.rests_on(part))
        if self._shown.get(id(output)) != key:
            output.outputs = (_html_output(self.panel(part)),)
            self._shown[id(output)] = key

    @property
    def code(self) -> str:
        """The cell that makes the current view."""
        return self.view.code(self._figure.index or 0)

    def _write_code(self) -> None:
        """The cell as text, and asked of JupyterLab below this one; asked once, so that no reload asks again."""
        self._code.value = self.code
        self._tab.selected_index = len(_TABS) - 1
        script = _NEW_CELL.substitute(code=json.dumps(self.code))
        self._asked.outputs = (
            {"output_type": "display_data", "data": {"application/javascript": script}, "metadata": {}},
        )
        self._asked.outputs = ()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """An expected error is said above the figures; the rest of the page lives."""
        self._message.value = ""
        try:
            yield
        except PbError as error:
            self._message.value = html_of_error(error)


# other front ends, and a JupyterLab that was not opened by ``pbanalysis explore``, show the text box alone
_NEW_CELL = Template("""(async () => {
  const app = window.jupyterapp, panel = app?.shell?.currentWidget;
  if (!panel?.content?.activeCell || !app.commands.hasCommand("notebook:insert-cell-below")) return;
  await app.commands.execute("notebook:insert-cell-below");
  panel.content.activeCell.model.sharedModel.setSource($code);
})();""")
_COPY = "<p>点“生成代码”，由 pbanalysis explore 打开的 JupyterLab 在下方写好一个新单元格；其他环境请复制上面的代码，或运行 %pb 代码。</p>"
_ROW = w.Layout(flex_flow="row wrap", align_items="center")
_BAR = (
    "<style>.pb-explorer .widget-toggle-buttons .widget-toggle-button"
    "{padding:0 .8em}.pb-explorer .widget-html-content{line-height:1.5}</style>"
)


def _framed(exhibit: Any) -> str:
    return f'<div class="pb-shown">{html_of_exhibit(exhibit)}</div>'


def _html_output(html: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/html": html, "text/plain": ""}, "metadata": {}}


def _indicators(view: View) -> list[tuple[str, str]]:
    return [(f"{i.id} {i.name}", i.id) for i in indicators_of(view.theme)]


def _periods(view: View) -> list[str]:
    year = view.county.as_of.year
    return list(
        dict.fromkeys(
            [view.period.label, *(f"{y}{half}" for y in (year, year - 1) for half in ("", "H1", "H2"))]
        )
    )


def _about(view: View) -> str:
    known = registry()[view.indicator]
    return f"依据：{known.clause}；算法：{known.formula}"
