"""The start page's desk: a township, a button for each theme, the report's first page below."""

from __future__ import annotations

from html import escape
from typing import Any

from pbanalysis.errors import PbError
from pbanalysis.explore.cards import card
from pbanalysis.explore.kept import REPORTS
from pbanalysis.store.county import County
from pbanalysis.terms import THEMES

__all__ = ["Desk", "desk"]

_NOTEBOOKS = {"study": "study_quality", "development": "member_development", "rectification": "rectification"}


class Desk:
    """Controls that show a township's conclusion, limits and scorecard of a theme."""

    def __init__(self, county: County) -> None:
        import ipywidgets as w

        self.county = county
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
            shown = card(self.county.township(self._town.value), theme=theme)._repr_html_()
            self._answer.value = (
                shown
                + f"<p>完整报告：打开 {_link(theme)}，把 township_id 改成 {escape(self._town.value)} 后全部运行。</p>"
            )
        except PbError as error:
            self._answer.value = f'<p role="alert">✘ {escape(str(error))}</p>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        links = "".join(f"<li>{_link(theme)}</li>" for theme in REPORTS)
        still = {
            "text/html": f"<p>各专题的笔记本：</p><ul>{links}</ul>",
            "text/plain": "各专题的笔记本：" + "、".join(_NOTEBOOKS.values()),
        }
        return {**(self.widget._repr_mimebundle_(include=include, exclude=exclude) or {}), **still}


def _link(theme: str) -> str:
    return f'<a href="{_NOTEBOOKS[theme]}.ipynb">{THEMES[theme]}</a>'


def desk(county: County) -> Desk:
    """Buttons to each theme for a chosen township.

    Examples
    --------
    >>> pb.desk(county)  # doctest: +SKIP
    """
    return Desk(county)
