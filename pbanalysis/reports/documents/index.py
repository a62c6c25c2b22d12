"""``index.html``: the county at a glance, computed from Results, never scraped from notebooks.

One file, opens from a USB stick, makes no request; works with scripts off, a small script adds filter
and search. Townships stand in official order; there is no rank number. A state is told by shape and
text, so that a black-and-white print can be read.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import jinja2
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.exhibits.style import STATE_MARKS, VS_COUNTY_MARKS
from pbanalysis.plan.registry import registry
from pbanalysis.terms import STATES, THEMES

__all__ = ["Sufficiency", "TownshipRow", "render_index"]

_REPORTED = ("study", "development", "rectification")
_SIGNALS = {code: VS_COUNTY_MARKS[code] for code in ("high", "low")}
_COUNTED = ("met", "not_met", "not_due", "unknown", "na", "suppressed")


@dataclass(frozen=True)
class Sufficiency:
    """How many of the sources that are asked of a township it has filed, and what is missing."""

    filed: int
    asked: int
    missing: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``5/6``."""
        return f"{self.filed}/{self.asked}"


@dataclass(frozen=True)
class TownshipRow:
    """One township's line: its links by theme and format, each theme's report (made, failed), and what was filed."""

    township_id: str
    name: str
    kind: str
    links: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]
    states: Mapping[str, str]
    sufficiency: Sufficiency


def render_index(
    *,
    county: str,
    period: Period,
    as_of: dt.date,
    townships: Sequence[TownshipRow],
    results: pd.DataFrame,
    county_files: Mapping[str, str],
    status: str,
    basis: Mapping[str, str],
) -> bytes:
    """The index page.

    Parameters
    ----------
    county, period, as_of
        What the page is about.
    townships
        In official order.
    results
        Protected results (contract/results.md), all units.
    county_files
        Relative paths of the county's files by label.
    status
        Of the attachments: 草稿, 核实中; empty when they are final.
    basis
        What the numbers rest on: data hash, rule version, package version.
    """
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = (
        _environment()
        .get_template("index.html.j2")
        .render(
            county=county,
            period=period,
            as_of=as_of.isoformat(),
            themes={key: THEMES[key] for key in _REPORTED},
            rows=[(town, _cells(results, town.township_id)) for town in townships],
            county_cells=_cells(results[results["unit_level"] == "county"], None),
            county_files=county_files,
            status=status,
            findings=_findings(results, townships),
            basis=basis,
            marks=STATE_MARKS,
            states=STATES,
            script=script,
            script_hash=digest,
        )
    )
    return page.encode("utf-8")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("pbanalysis.reports.documents"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


@cache
def _script() -> str:
    return (
        resources.files("pbanalysis.reports.documents")
        .joinpath("templates/index.js")
        .read_text(encoding="utf-8")
        .strip()
    )


def _headline() -> dict[str, str]:
    """Theme of every headline indicator; parts of one (D05.k of D04) are not counted beside it."""
    return {i.id: i.theme for i in registry() if i.headline and "." not in i.id}


def _cells(results: pd.DataFrame, unit: str | None) -> dict[str, dict[str, Any]]:
    """Per theme: how many headline indicators are in each state, and how many stand out from the county."""
    rows = results if unit is None else results[results["unit_id"] == unit]
    theme = rows["indicator_id"].map(_headline())
    cells = {}
    for key in _REPORTED:
        part = rows[theme == key]
        counts = part["state"].value_counts()
        cells[key] = {
            "counts": [(state, int(counts[state])) for state in _COUNTED if counts.get(state, 0)],
            "signals": [
                (mark, n) for code, mark in _SIGNALS.items() if (n := int((part["vs_county"] == code).sum()))
            ],
            "has": "not_met"
            if counts.get("not_met", 0)
            else "unknown"
            if counts.get("unknown", 0)
            else "fine",
        }
    return cells


def _findings(results: pd.DataFrame, townships: Sequence[TownshipRow]) -> list[str]:
    """Three sentences of the county, each a count that the table below shows again."""
    headline = results[results["indicator_id"].isin(_headline())]
    county = headline[headline["unit_level"] == "county"]
    towns = headline[headline["unit_level"] == "township"]
    short = towns[towns["state"] == "not_met"]["unit_id"].nunique()
    unknown = towns[towns["state"] == "unknown"]["unit_id"].nunique()
    judged = county["state"].isin(["met", "not_met"])
    built = sum([*town.states.values()] == ["made"] * len(_REPORTED) for town in townships)
    failed = sum("failed" in town.states.values() for town in townships)
    rest = len(townships) - built - failed
    return [
        f"全县 {int(judged.sum())} 项有目标的重点指标中，达标 {int((county['state'] == 'met').sum())} 项、未达标 {int((county['state'] == 'not_met').sum())} 项。",
        f"{len(townships)} 个乡镇（街道）中，{short} 个有未达标指标，{unknown} 个有因数据缺失而未评价的指标。",
        f"报告齐全的乡镇（街道）{built} 个"
        + (f"，有报告未能生成的 {failed} 个，见各行错误卡" if failed else "")
        + (f"，尚未全部生成的 {rest} 个" if rest else "")
        + "。",
    ]
