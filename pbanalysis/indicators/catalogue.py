"""The registry for a notebook: ``pb.indicators("study")`` as a table that completes on tab."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import pandas as pd

from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.terms import THEMES

__all__ = ["Catalogue", "catalogue"]

_KINDS = {"share": "比率", "ratio": "比值", "count": "件数", "median": "中位数", "gain": "标准化变化"}
_LEVELS = {"township": "乡镇", "county": "全县", "other": "县直单位"}


@dataclass(frozen=True)
class Catalogue:
    """Indicators in official order; ``catalogue["R03"]`` and ``catalogue.R03`` are one of them."""

    theme: str
    _by_id: dict[str, Indicator] = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row per indicator: id, name, kind, target, direction, level, clause, formula, sources."""
        return pd.DataFrame(
            [
                {
                    "id": i.id,
                    "name": i.name,
                    "theme": i.theme,
                    "kind": i.kind,
                    "target": None if i.target is None else float(i.target),
                    "direction": i.direction,
                    "level": i.level,
                    "clause": i.clause,
                    "formula": i.formula,
                    "source_tables": ";".join(i.source_tables),
                }
                for i in self._by_id.values()
            ]
        )

    def __getitem__(self, key: str) -> Indicator:
        if key not in self._by_id:
            raise PbError(
                Code.UNKNOWN_NAME,
                "没有这个指标",
                where="indicators",
                got=key,
                fix=near_names(key, self._by_id),
            )
        return self._by_id[key]

    def __getattr__(self, name: str) -> Indicator:
        if name.startswith("_") or name not in self._by_id:
            raise AttributeError(name)
        return self._by_id[name]

    def __len__(self) -> int:
        return len(self._by_id)

    def __dir__(self) -> list[str]:
        return ["to_frame", *(key for key in self._by_id if key.isidentifier())]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._by_id)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(i.id)}</td><td>{escape(i.name)}</td><td>{_KINDS[i.kind]}</td><td>{escape(_target(i))}</td>"
            f"<td>{_LEVELS[i.level]}</td><td>{escape(i.clause)}</td><td>{escape(i.formula)}</td></tr>"
            for i in self._by_id.values()
        )
        head = "".join(
            f"<th>{name}</th>" for name in ("编号", "名称", "种类", "目标", "对象", "依据", "怎么算")
        )
        return (
            f"<p>{THEMES.get(self.theme, '全部专题')}：{len(self)} 项</p><table><tr>{head}</tr>{rows}</table>"
        )

    def __repr__(self) -> str:
        return "\n".join(f"{i.id:16}{i.name}　{_target(i)}　{i.clause}" for i in self._by_id.values())


def _target(indicator: Indicator) -> str:
    if indicator.target is None:
        return "—"
    number = float(indicator.target)
    shown = f"{number:.0%}" if indicator.kind == "share" else f"{number:g}{indicator.unit}"
    return (
        "≤" if indicator.direction == "down" else "≥" if number != 1 or indicator.kind != "share" else ""
    ) + shown


def catalogue(theme: str = "") -> Catalogue:
    """Indicators of a theme (key or Chinese name), headline first; empty: all.

    Examples
    --------
    >>> catalogue("study")["S01"].name
    '三会一课应开已开率'
    """
    by_name = {name: key for key, name in THEMES.items()}
    key = by_name.get(theme, theme)
    if key and key not in THEMES:
        raise PbError(
            Code.UNKNOWN_NAME,
            "没有这个专题",
            where="indicators",
            got=theme,
            fix=near_names(theme, [*THEMES, *by_name]),
        )
    return Catalogue(key, {i.id: i for i in (registry().of_theme(key) if key else registry())})
