"""The rows behind a number: branches, villages, issues and events that add up to it; never persons.

Where an indicator counts persons, numbers by branch go through the disclosure control, and nothing is
shown by branch where the township's own number is held back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.exhibits import numbers
from pbanalysis.exhibits.blocks import text_of
from pbanalysis.explore.by_unit import PARTS
from pbanalysis.explore.kept import known_of
from pbanalysis.explore.shown import STYLE
from pbanalysis.explore.units import BUILDERS, PERSONS, why_none
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.privacy.margins import TOTAL, protect_table
from pbanalysis.terms import STATES
from pbanalysis.themes.reading import Reading
from pbanalysis.themes.report import Report

__all__ = ["Behind", "behind", "plain_table"]

_HELD = STATES["suppressed"]
_NONE_BY_BRANCH = "本指标按人计数，各支部人数过少，只公布到乡镇一级。"
_WITHHELD = "本乡镇这一指标依规定不予公布，来源明细也不列出。"


@dataclass(frozen=True)
class Behind:
    """Rows that add up to a number; shows itself as a table.

    Attributes
    ----------
    indicator
        The indicator.
    title, note
        What the rows are, and why there may be none.
    frame
        One row per organisation, event or issue, printed column names; empty where nothing may be shown.
    """

    indicator: Indicator
    title: str
    note: str
    frame: pd.DataFrame = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """A copy of the rows."""
        return self.frame.copy()

    def _repr_html_(self) -> str:
        rows = plain_table(self.frame) if len(self.frame) else ""
        head, note = (f"<p>{text}</p>" for text in (f"<b>{escape(self.title)}</b>", escape(self.note)))
        return f'{STYLE}<div class="pb-shown">{head}{rows}{note}</div>'

    def __repr__(self) -> str:
        return f"{self.title}\n{self.frame.to_string(index=False) if len(self.frame) else ''}\n{self.note}"


def plain_table(frame: pd.DataFrame, most: int = 200) -> str:
    """A frame as plain escaped HTML, numbers to the right, at most so many rows."""
    right = [' class="pb-right"' if pd.api.types.is_numeric_dtype(frame[name]) else "" for name in frame]

    def line(tag: str, cells: Iterable[object]) -> str:
        texts = ("" if pd.isna(cell) else escape(str(cell)) for cell in cells)
        return "".join(["<tr>", *(f"<{tag}{a}>{text}</{tag}>" for a, text in zip(right, texts)), "</tr>"])

    left = len(frame) - most
    rest = f"<p>另有 {left} 行未显示，用 .to_frame() 查看。</p>" if left > 0 else ""
    body = "".join(line("td", row) for row in frame.head(most).itertuples(index=False))
    return f"<table><thead>{line('th', frame)}</thead><tbody>{body}</tbody></table>{rest}"


def behind(report: Report, indicator: str) -> Behind:
    """The rows behind an indicator of a township's report.

    Parameters
    ----------
    report
        Of a township: ``pb.study_quality(county.township("城关镇"), period="2023")``.
    indicator
        Id, e.g. ``"S01"``.

    Returns
    -------
    Behind; its columns 分子, 分母, 未到期, 不适用 and 数据缺失 sum to the indicator's row.

    Raises
    ------
    PbError
        The indicator is unknown, or the report is not a township's.

    Examples
    --------
    >>> pb.behind(report, "R03").to_frame()  # doctest: +SKIP
    """
    known = registry()[indicator]
    if report.township is None:
        raise PbError(Code.UNKNOWN_TOWNSHIP, "来源明细只能按乡镇查看", where="behind", fix="请先选一个乡镇")
    reading = report.reading(indicator)
    title = f"{report.unit_name}{report.period.title}　{known.id} {known.name}：来源明细"
    if reading is None:
        raise PbError(
            Code.UNKNOWN_NAME,
            "乡镇没有这一指标（由县直单位报送）",
            where="indicator",
            got=indicator,
            fix=near_names(indicator, [i.id for i in registry() if i.level != "other"]),
        )
    if reading.state == "suppressed":
        return Behind(known, title, _WITHHELD, pd.DataFrame())
    own = _sum_text(reading)
    if why := why_none(known):
        return Behind(known, title, f"{own}。没有来源明细：{why}。", pd.DataFrame())
    build = BUILDERS.get(known.counting) or PERSONS[known.counting]
    rows = build(known_of(report.county), report.period, known, _position(report))
    if rows.empty:
        return Behind(known, title, f"{own}。没有可列的单位（{STATES[reading.state]}）。", pd.DataFrame())
    if known.counting in BUILDERS:
        return Behind(known, title, f"各行相加：{own}。", _printed(rows))
    safe = _protected(rows)
    if len(safe):
        return Behind(known, title, f"合计：{own}。", safe)
    parts = _published_parts(report, indicator)
    note = f"{own}。{_NONE_BY_BRANCH}" + ("以下为各环节，一份档案可涉及多个环节。" if len(parts) else "")
    return Behind(known, title, note, parts)


def _position(report: Report) -> int:
    return int(known_of(report.county).towns.get_loc(report.unit))


def _sum_text(reading: Reading) -> str:
    shown = f"分子/分母 {text_of(numbers.fraction(reading))}"
    left = (("n_not_due", "未到期"), ("n_na", "不适用"), ("n_unknown", "数据缺失"))
    return "，".join(
        [shown, *(f"{word} {getattr(reading, part)}" for part, word in left if getattr(reading, part))]
    )


def _published_parts(report: Report, indicator: str) -> pd.DataFrame:
    """The parts of an indicator of persons as the report prints them: the time limits behind D04."""
    parts = [r for r in report.readings if indicator == "D04" and r.id.startswith("D05.")]
    return pd.DataFrame(
        {
            "环节": [r.name for r in parts],
            "合规/到期": [_HELD if r.state == "suppressed" else text_of(numbers.fraction(r)) for r in parts],
            "状态": [STATES[r.state] for r in parts],
        }
    )


def _printed(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns in Chinese, whole numbers as such, what falls short first."""
    details = [name for name in rows if name not in {"unit", *PARTS}]
    gap = (rows["denominator"] - rows["numerator"]).to_numpy()
    rows = rows.iloc[gap.argsort(kind="stable")[::-1]] if len(rows) else rows
    counts = rows[list(PARTS)].astype("int64").rename(columns=PARTS)
    return pd.concat(
        [rows[["unit"]].rename(columns={"unit": "单位"}), rows[details], counts], axis=1
    ).reset_index(drop=True)


def _protected(rows: pd.DataFrame) -> pd.DataFrame:
    """Persons by branch, small and derivable cells held back; empty where a margin would have to go too.

    The township's own sums are published, so a table that could only be saved by hiding them is not shown.
    """
    if rows.empty or not rows["denominator"].sum():
        return pd.DataFrame()
    parts = {"达到": rows["numerator"], "未达到": rows["denominator"] - rows["numerator"]}
    cells = pd.concat(
        [pd.DataFrame({"unit": rows["unit"], "part": name, "n": n}) for name, n in parts.items()]
    )
    try:
        safe, _ = protect_table(cells, ["unit", "part"])
    except PbError:
        return pd.DataFrame()
    margins = safe[safe["unit"] == TOTAL]
    if margins["suppressed"].any() or safe.loc[safe["unit"] != TOTAL, "suppressed"].all():
        return pd.DataFrame()
    text = safe["n"].astype("str").where(~safe["suppressed"], _HELD)
    wide = safe.assign(text=text).pivot(index="unit", columns="part", values="text")
    order = [*dict.fromkeys(rows["unit"]), TOTAL]
    wide = wide.reindex(index=order, columns=["达到", "未达到", TOTAL])
    return (
        wide.reset_index()
        .rename(columns={"unit": "单位", TOTAL: "分母", "达到": "分子"})
        .rename_axis(columns=None)
    )
