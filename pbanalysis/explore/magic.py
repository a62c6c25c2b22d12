"""``%pb``: the quick look, and completion of townships and indicators."""

from __future__ import annotations

import re
import shlex
from typing import Any

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.explore.behind import behind
from pbanalysis.explore.cards import card, compare
from pbanalysis.explore.kept import REPORTS, results_of
from pbanalysis.explore.view import open_view
from pbanalysis.indicators.catalogue import catalogue
from pbanalysis.plan.registry import registry
from pbanalysis.store.county import County, open_county
from pbanalysis.terms import THEMES

__all__ = ["HELP", "Quick", "load"]

HELP = """%pb 城关镇                 一个乡镇的概况；后面可加专题：%pb 城关镇 整改成效
%pb 对比 城关镇 太平镇      并排比较，并说明能否区分
%pb why 城关镇 S01          数字背后的来源行（只到党组织）
%pb 指标 [专题|编号]        指标目录，或一个指标的口径
%pb 期间 2023H1             以后的 %pb 都看这个期间
%pb 代码                    把最近一个探索视图写成下一个单元格"""
# a string begun where a township or an indicator is meant
_IN_TOWNSHIP = re.compile(r""".*\btownship\s*[(=]\s*["'][^"']*$""")
_IN_INDICATOR = re.compile(
    r""".*\b(indicator\s*=|(behind|reading|plot_funnel|plot_townships|township_table)\(.*)\s*["'][^"']*$"""
)
_THEMES = {THEMES[key]: key for key in REPORTS}
_VERBS = ("对比", "why", "指标", "期间", "代码")


class Quick:
    """The words of ``%pb``, for one notebook.

    Parameters
    ----------
    namespace
        The notebook's variables: ``county``, if it is a County, is the one that is asked.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._names = namespace
        self._opened: County | None = None
        self._period = ""

    @property
    def county(self) -> County:
        """The notebook's county, else the default store's."""
        own = self._names.get("county")
        if isinstance(own, County):
            return own
        if self._opened is None:
            self._opened = open_county()
        return self._opened

    def answer(self, line: str) -> Any:
        """What a line asks for; a string is printed as it is."""
        words = shlex.split(line)
        match words:
            case []:
                return HELP
            case ["对比", *names]:
                themes = [_THEMES[name] for name in names if name in _THEMES]
                towns = [self.county.township(name) for name in names if name not in _THEMES]
                return compare(*towns, period=self._period, theme=themes[0] if themes else "")
            case ["why", town, indicator]:
                theme = registry()[indicator].theme
                view = open_view(
                    self.county,
                    theme=theme if theme in REPORTS else "rectification",
                    period=self._period,
                    township=town,
                )
                return behind(view.report, indicator)
            case ["why", *_]:
                raise _wrong("why", "例如 %pb why 城关镇 S01")
            case ["指标"] | ["指标", "list"]:
                return catalogue()
            case ["指标", name] if name in registry():
                return registry()[name].record
            case ["指标", theme]:
                return catalogue(theme)
            case ["期间", label]:
                period = Period.parse(label)
                results_of(self.county, period)
                self._period = period.label
                return f"以后的 %pb 都看 {period.title}"
            case [town]:
                return card(self.county.township(self._town(town)), self._period)
            case [town, theme]:
                if theme not in _THEMES:
                    raise PbError(
                        Code.UNKNOWN_NAME,
                        "没有这个专题",
                        where="%pb",
                        got=theme,
                        fix=near_names(theme, _THEMES),
                    )
                return card(self.county.township(self._town(town)), self._period, _THEMES[theme])
            case _:
                raise _wrong(words[0], "直接运行 %pb 查看写法")

    def _town(self, name: str) -> str:
        names = self.townships()
        if name not in names and name not in set(self.county.townships["township_id"]):
            raise PbError(
                Code.UNKNOWN_TOWNSHIP,
                "没有这个乡镇，也没有这个动作",
                where="%pb",
                got=name,
                fix=near_names(name, [*names, *_VERBS]),
            )
        return name

    def townships(self, _line: str = "") -> list[str]:
        """Names of the county's townships."""
        return [str(name) for name in self.county.townships["name"]]

    def indicators(self, _line: str = "") -> list[str]:
        """Ids of what a township can be asked for."""
        return [i.id for i in registry() if i.level != "other"]

    def complete(self, line: str) -> list[str]:
        """What may stand at the end of a line that begins with ``%pb``."""
        words = line.split()[1:]
        before = words if line.endswith(" ") or not words else words[:-1]
        towns = self.townships()
        match before:
            case []:
                return [*_VERBS, *towns]
            case ["why"]:
                return towns
            case ["why", _]:
                return self.indicators()
            case ["指标"]:
                return [*_THEMES, *(i.id for i in registry())]
            case ["期间"]:
                year = self.county.as_of.year
                return [f"{y}{half}" for y in (year, year - 1) for half in ("", "H1", "H2")]
            case ["对比", *_]:
                return [name for name in [*towns, *_THEMES] if name not in before]
            case [_]:
                return list(_THEMES)
            case _:
                return []


def _wrong(got: str, fix: str) -> PbError:
    return PbError(Code.UNKNOWN_PARAMETER, "%pb 看不懂这一行", where="%pb", got=got, fix=fix)


def load(ipython: Any) -> None:
    """Register ``%pb`` and the completions in a notebook's shell."""
    from IPython.core.magic import register_line_magic
    from IPython.display import display

    quick = Quick(ipython.user_ns)

    def pb(line: str) -> Any:
        if line.strip() == "代码":
            ipython.set_next_input(_last_code(ipython.user_ns))
            return None
        made = quick.answer(line)
        if isinstance(made, str):
            display({"text/plain": made}, raw=True)  # type: ignore[no-untyped-call]
            return None
        return made

    register_line_magic(pb)
    ipython.set_hook("complete_command", lambda _, event: _safely(quick.complete, event.line), str_key="%pb")
    for pattern, offer in ((_IN_TOWNSHIP, quick.townships), (_IN_INDICATOR, quick.indicators)):
        ipython.set_hook(
            "complete_command", lambda _, event, offer=offer: _safely(offer, event.line), re_key=pattern
        )


def _safely(complete: Any, line: str) -> list[str]:
    """Completion never disturbs typing: without a store there is nothing to complete."""
    try:
        return list(complete(line))
    except PbError:
        return []


def _last_code(names: dict[str, Any]) -> str:
    from pbanalysis.explore.widgets import Explorer

    for value in (*reversed(list(names.get("Out", {}).values())), *names.values()):
        if isinstance(value, Explorer):
            return value.code
    raise PbError(
        Code.UNKNOWN_NAME, "这个笔记本里还没有探索视图", where="%pb 代码", fix="请先运行 pb.explore(county)"
    )
