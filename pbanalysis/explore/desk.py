"""The start page's desk: a township, a button for each theme, the report's first page below."""

from __future__ import annotations

from html import escape
from typing import Any

from pbanalysis.calendar import Period
from pbanalysis.errors import PbError
from pbanalysis.explore.cards import card
from pbanalysis.explore.kept import REPORTS
from pbanalysis.explore.shown import html_of_error
from pbanalysis.store.county import County
from pbanalysis.terms import THEMES

__all__ = ["Desk", "desk"]


class Desk:
    """Controls that show a township's conclusion, limits and scorecard of a theme."""

    def __init__(self, county: County, period: str | Period = "") -> None:
        import ipywidgets as w

        self.county, self.period = county, period
        towns = county.townships
        self._town = w.Dropdown(options=list(zip(towns["name"], towns["township_id"])), description="乡镇")
        self._answer = w.HTML("<p>选一个乡镇，再点一个专题。</p>")
        buttons = [w.Button(description=THEMES[theme]) for theme in REPORTS]
        for theme, button in zip(REPORTS, buttons):
            button.on_click(lambda _, theme=theme: self.open(theme))
        self.widget = w.VBox(
            [w.HBox([self._town, *buttons], layout=w.Layout(flex_flow="row wrap")), self._answer]
        )
        self.widget.add_class("pb-desk")

    def open(self, theme: str) -> None:
        """Show the first page of the chosen township's report."""
        try:
            shown = card(self.county.township(self._town.value), self.period, theme)._repr_html_()
            self._answer.value = (
                shown
                + f"<p>完整报告：打开 {_link(theme)}，把 township_id 改成 {escape(self._town.value)} 后全部运行。</p>"
            )
        except PbError as error:
            self._answer.value = html_of_error(error)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        links = "".join(f"<li>{_link(theme)}</li>" for theme in REPORTS)
        still = {
            "text/html": f"<p>各专题的笔记本：</p><ul>{links}</ul>",
            "text/plain": "各专题的笔记本：" + "、".join(_notebook(theme) for theme in REPORTS),
        }
        return {**(self.widget._repr_mimebundle_(include=include, exclude=exclude) or {}), **still}


def _notebook(theme: str) -> str:
    """A theme's notebook has the name of the function that makes its report."""
    return f"{REPORTS[theme].__name__}.ipynb"


def _link(theme: str) -> str:
    return f'<a href="{_notebook(theme)}" target="_blank">{THEMES[theme]}</a>'


def desk(county: County, period: str | Period = "") -> Desk:
    """Buttons to each theme for a chosen township, by default for the year of the cut-off.

    Examples
    --------
    >>> pb.desk(county, "2023H1")  # doctest: +SKIP
    """
    return Desk(county, period)
