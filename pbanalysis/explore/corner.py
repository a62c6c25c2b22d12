"""The trial corner of the explorer: what-if and composite, marked as not official."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from pbanalysis.errors import PbError
from pbanalysis.explore.composite import composite, may_be_part
from pbanalysis.explore.shown import html_of_error
from pbanalysis.explore.trial import MARK, rules_to_try, what_if
from pbanalysis.explore.view import KINDS, View, indicators_of
from pbanalysis.plan.registry import registry
from pbanalysis.stats.funnel import SMALL

__all__ = ["Corner"]

_MOST_WEIGHTS = 6
_STYLE = {"description_width": "8em"}


class Corner:
    """Controls of the trial corner for the view that ``view`` gives."""

    def __init__(self, view: Callable[[], View]) -> None:
        self._view = view
        now = view()
        day = now.county.as_of
        self._as_of = w.DatePicker(value=day, description="截止日", style=_STYLE)
        self._rules = {rule.rule_id: rule for rule in rules_to_try(day)}
        self._rule = w.Dropdown(
            options=[("不改", ""), *((f"{r.clause}（{r.unit}）", name) for name, r in self._rules.items())],
            description="门槛",
            style=_STYLE,
        )
        self._value = w.FloatText(description="改为", style=_STYLE, disabled=True)
        self._rule.observe(self._offer, names="value")
        self._target = w.BoundedFloatText(min=0, max=1, step=0.01, description="目标", style=_STYLE)
        self._kind = w.Dropdown(
            options=[("全县", ""), *((k, k) for k in KINDS if k in set(now.county.townships["kind"]))],
            description="参照组",
            style=_STYLE,
        )
        self._least = w.IntSlider(
            value=SMALL, min=SMALL, max=50, description="最小分母", style=_STYLE, continuous_update=False
        )
        self._try = w.Button(description="试算", button_style="warning")
        self._try.on_click(lambda _: self._say(self._what_if))
        self._weights = w.VBox()
        self._mix = w.Button(description="合成试算", button_style="warning")
        self._mix.on_click(lambda _: self._say(self._composite))
        self._answer = w.HTML()
        self._followed: tuple[str, str] = ("", "")
        self.widget = w.VBox(
            [
                w.HTML(f"<p><b>{MARK}</b>。改变假设，看哪些结论靠得住。</p>"),
                w.HBox(
                    [
                        self._as_of,
                        self._target,
                        self._kind,
                        self._least,
                        self._rule,
                        self._value,
                        self._try,
                    ],
                    layout=w.Layout(flex_flow="row wrap"),
                ),
                w.HTML("<p>合成分数：权重只是意见。先看实际权重和可能的位次范围，再决定要不要合成。</p>"),
                self._weights,
                self._mix,
                self._answer,
            ]
        )

    def follow(self) -> None:
        """Take the indicator and theme of the view; answers of another view are cleared."""
        view = self._view()
        if (view.theme, view.indicator) == self._followed:
            return
        self._followed = (view.theme, view.indicator)
        known = registry()[view.indicator]
        judged = known.target is not None and known.kind == "share"
        self._target.disabled, self._target.description = not judged, f"{known.id} 目标"
        self._target.value = float(known.target) if judged and known.target is not None else 0.0
        parts = [i for i in indicators_of(view.theme) if i.headline and may_be_part(i)][:_MOST_WEIGHTS]
        self._weights.children = [
            w.FloatSlider(
                value=1,
                min=0,
                max=5,
                step=0.5,
                description=f"{i.id} {i.name}",
                style={"description_width": "16em"},
                layout=w.Layout(width="34em"),
                continuous_update=False,
            )
            for i in parts
        ]
        self._answer.value = ""

    def _offer(self, event: Any) -> None:
        """Start from the rule as it is."""
        rule = self._rules.get(event["new"])
        self._value.disabled, self._value.value = rule is None, rule.value if rule else 0.0

    def _what_if(self) -> Any:
        view, targets = self._view(), {}
        known = registry()[view.indicator]
        if (
            not self._target.disabled
            and known.target is not None
            and self._target.value != float(known.target)
        ):
            targets = {known.id: self._target.value}
        return what_if(
            view.county,
            view.period,
            as_of=self._as_of.value,
            thresholds={self._rule.value: self._value.value} if self._rule.value else {},
            targets=targets,
            kind=self._kind.value,
            least=self._least.value,
        )

    def _composite(self) -> Any:
        view = self._view()
        weights = {
            slider.description.split()[0]: slider.value
            for slider in self._weights.children
            if slider.value > 0
        }
        return composite(view.county, view.period, weights=weights)

    def _say(self, make: Callable[[], Any]) -> None:
        try:
            self._answer.value = make()._repr_html_()
        except PbError as error:
            self._answer.value = html_of_error(error)
