"""Spans of time: how long each step took against its limit; which terms expire within a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.blocks import Box, Figure, Line
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, shortened, text_mm
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.style import BAD, INK, LIGHT, MID, PALE, PAPER, ROWS_MM

__all__ = ["Step", "expiring_terms", "step_durations"]

Floats = npt.NDArray[np.float64]
JITTER_FROM, BOX_FROM = 10, 5  # persons below which points, and then the box, would show single cases
_TICKS = (0, 7, 30, 90, 180, 365, 730, 1095, 1825)
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Step:
    """A step with its durations in days; ``limit`` days at ``most`` or at ``least``.

    ``broken``: how many of them do not keep the limit, where it runs in calendar months and days alone
    cannot tell.
    """

    label: str
    days: Numbers
    limit: float | None = None
    kind: str = "most"
    broken: int | None = None

    def beyond(self) -> int:
        """Durations that do not keep the limit; a reversed pair (negative) never does."""
        if self.broken is not None:
            return self.broken
        days = self.known()
        if self.limit is None:
            return int((days < 0).sum())
        outside = days > self.limit if self.kind == "most" else days < self.limit
        return int((outside | (days < 0)).sum())

    def known(self) -> Floats:
        """The durations that are known."""
        days = floats(self.days)
        return days[np.isfinite(days)]


@drawn
def step_durations(caption: Caption, steps: Sequence[Step]) -> Figure | Box:
    """Durations of each step as a box with its limit; single cases only from ten persons on.

    The scale is logarithmic in days + 1, so that a limit of a month and one of a year are both
    readable. With 5–9 durations the box alone is drawn, below five nothing but their number.
    """
    days = [step.known() for step in steps]
    if not any(len(values) >= BOX_FROM for values in days):
        return caption.nothing(
            (
                "各环节有起止日期的均少于 ",
                caption.given("least_n", BOX_FROM),
                " 件，为避免识别个人，本图不画。",
            )
        )
    drawn_values = np.concatenate([values for values in days if len(values) >= BOX_FROM])
    longest = max(float(drawn_values.max()), *(step.limit or 0.0 for step in steps), 7.0)
    tail = [_step_text(step, values) for step, values in zip(steps, days)]
    head = min(max(text_mm(step.label, 7.5) for step in steps) + 3.0, 50.0)
    right = max(text_mm(text, 7) for text in tail) + 3.0
    pitch = 8.0 if len(steps) <= 16 else float(max(ROWS_MM / len(steps), 4.5))
    sheet = Sheet(2.0 + pitch * len(steps) + 15.0)
    width = sheet.width - head - right

    def across(value: npt.ArrayLike) -> Any:
        shown = np.log1p(np.maximum(np.asarray(value, dtype=float), 0.0)) / np.log1p(longest * 1.05)
        return head + width * shown

    bottom = 2.0 + pitch * len(steps)
    ticks = [tick for tick in _TICKS if tick <= longest * 1.05]
    sheet.lines([(across(tick), 2.0, across(tick), bottom) for tick in ticks], PALE)
    sheet.lines([(head, bottom, head + width, bottom)], INK)
    for tick in ticks:
        sheet.text(float(across(tick)), bottom + 3.0, str(tick), 7, ha="center")
    sheet.text(head + width, bottom + 7.0, "天（对数刻度）", 7.5, ha="right")
    for k, (step, values) in enumerate(zip(steps, days)):
        y = 2.0 + pitch * (k + 0.5)
        sheet.text(head - 2.0, y, shortened(step.label, head - 2.5, 7.5), 7.5, ha="right")
        sheet.text(head + width + 2.0, y, tail[k], 7)
        if len(values) >= BOX_FROM:
            _box(sheet, across, values, y, pitch * 0.5)
        if step.limit is not None:
            _limit(sheet, float(across(step.limit)), y, pitch, step.kind)
    sheet.key(0, sheet.height - 3.5, _step_key(steps, days))
    return caption.figure(sheet, **_step_words(caption, steps, days))


def _box(sheet: Sheet, across: Any, values: Floats, y: float, thick: float) -> None:
    low, middle, high = (float(across(value)) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    left, right = float(across(values.min())), float(across(values.max()))
    if len(values) >= JITTER_FROM:
        # a golden-ratio sequence spreads the points evenly and draws the same picture every time
        shift = ((np.arange(len(values)) * _GOLDEN) % 1.0 - 0.5) * thick * 1.3
        points = np.column_stack([across(np.sort(values)), y + shift])
        sheet.marks("circle", points, 0.4, face=LIGHT)
        sheet.lines([(left, y, right, y)], MID, linewidth=0.5)
    sheet.rects([(low, y - thick / 2, high - low, thick)], edge=INK, linewidth=0.8)
    sheet.lines([(middle, y - thick / 2, middle, y + thick / 2)], INK, linewidth=1.8)


def _limit(sheet: Sheet, x: float, y: float, pitch: float, kind: str) -> None:
    """The limit as a stroke with a short foot to the side that is not allowed."""
    foot = 1.6 if kind == "most" else -1.6
    top, bottom = y - pitch * 0.42, y + pitch * 0.42
    sheet.lines(
        [(x, top, x, bottom), (x, top, x + foot, top), (x, bottom, x + foot, bottom)], BAD, linewidth=1.2
    )


def _step_text(step: Step, values: Floats) -> str:
    text = f"n={len(values)}"
    if len(values) < BOX_FROM:
        return text + "，件数过少" if len(values) else "无起止日期"
    text += f"，中位 {number_text(float(np.median(values)))} 天"
    many = step.beyond()
    return text + (f"，！{many} 件不合时限" if many else "")


def _step_key(steps: Sequence[Step], days: Sequence[Floats]) -> list[tuple[dict[str, Any], str]]:
    key: list[tuple[dict[str, Any], str]] = [
        ({"shape": "box", "edge": INK, "linewidth": 0.8}, "中间一半，粗线为中位")
    ]
    if any(len(values) >= JITTER_FROM for values in days):
        key.append(({"shape": "circle", "radius": 0.6, "face": LIGHT}, f"每件（n≥{JITTER_FROM} 才画）"))
    if any(step.limit is not None for step in steps):
        key.append(({"shape": "bar", "radius": 1.5, "edge": BAD, "linewidth": 1.2}, "时限，开口一侧不合规定"))
    return key


def _step_words(caption: Caption, steps: Sequence[Step], days: Sequence[Floats]) -> dict[str, Line]:
    fact, shown = caption.fact, [k for k, values in enumerate(days) if len(values) >= BOX_FROM]
    beyond = sum(steps[k].beyond() for k in shown)
    total = sum(len(values) for values in days)
    title: Line = (
        f"{caption.subject}：不合时限 ",
        fact("beyond_n", beyond),
        f" {caption.counted}次（所列 ",
        fact("steps_n", len(shown)),
        " 个环节）",
    )
    rows: list[Line] = []
    for k in shown:
        row: Line = (
            f"{steps[k].label}：",
            fact(f"n_{k}", len(days[k])),
            f" {caption.counted}，中位 ",
            fact(f"median_{k}", float(np.median(days[k]))),
            " 天，不合时限 ",
            fact(f"beyond_{k}", steps[k].beyond()),
            f" {caption.counted}",
        )
        rows.append(row)
    return {
        "title": title,
        "alt": joined([title, *rows]),
        "n": ("n = ", fact("n", total), f" {caption.counted}次"),
    }


@drawn
def expiring_terms(
    caption: Caption,
    labels: Sequence[str],
    expires_on: npt.ArrayLike,
    as_of: Any,
    *,
    reminded: npt.ArrayLike | None = None,
    months: int = 12,
) -> Figure | Box:
    """Terms that have expired without an election, and those that expire within the next months.

    Parameters
    ----------
    labels : sequence of str, shape (k,)
        Organisations whose next election is not yet held.
    expires_on : array_like of datetime64, shape (k,)
        Expiry of the current term; NaT is counted as missing.
    as_of
        The cut-off; a term that expires on it has passed.
    reminded : array_like of bool, shape (k,)
        Whether the reminder six months ahead has gone out.
    """
    today: Any = np.asarray(as_of, dtype="datetime64[D]")[()]
    expiry = np.asarray(expires_on, dtype="datetime64[D]")
    first = today.astype("datetime64[M]")
    end: Any = (first + months).astype("datetime64[D]") + (today - first.astype("datetime64[D]"))
    known = ~np.isnat(expiry)
    late, soon = known & (expiry <= today), known & (expiry > today) & (expiry <= end)
    rows = [int(k) for k in np.argsort(expiry, kind="stable") if late[k] or soon[k]]
    missing = int((~known).sum())
    if not rows:
        said: list[Line] = [
            (
                "共 ",
                caption.fact("n", len(labels)),
                f" {caption.counted}，今后 ",
                caption.given("months", months),
                " 个月内没有届满的任期",
            )
        ]
        if missing:
            said.append(("届满日期缺失 ", caption.fact("missing_n", missing), f" {caption.counted}"))
        return caption.nothing(joined(said))
    cut = rows[:_MOST_TERMS]
    told = None if reminded is None else np.asarray(reminded, dtype=bool)
    sheet = _terms(cut, labels, expiry, late, told, (today, end, months))
    words = _term_words(caption, labels, rows, expiry, late, missing, months)
    return caption.figure(sheet, **words)


_MOST_TERMS = 45


def _terms(
    rows: Sequence[int],
    labels: Sequence[str],
    expiry: npt.NDArray[np.datetime64],
    late: npt.NDArray[np.bool_],
    told: npt.NDArray[np.bool_] | None,
    window: tuple[np.datetime64, np.datetime64, int],
) -> Sheet:
    today, end, months = window
    pitch = float(np.clip(ROWS_MM / len(rows), 4.2, 6.0))
    head = min(max(text_mm(labels[k], 7.5) for k in rows) + 3.0, 52.0)
    sheet = Sheet(7.0 + pitch * len(rows) + 8.0)
    start, width = head + 8.0, sheet.width - head - 8.0 - 30.0

    def across(day: np.datetime64) -> float:
        return start + width * float((day - today) / (end - today))

    bottom = 7.0 + pitch * len(rows)
    starts = today.astype("datetime64[M]") + np.arange(1, months + 1)
    ticks = [month for month in starts if across(month.astype("datetime64[D]")) <= start + width]
    sheet.lines([(x, 6.0, x, bottom) for x in (across(m.astype("datetime64[D]")) for m in ticks)], PALE)
    sheet.lines([(start, 4.0, start, bottom)], INK)
    sheet.text(start, 2.0, f"截至 {today}", 7, ha="center")
    for month in ticks[:: 1 if months <= 12 else 2]:
        name = f"{int(str(month)[5:7])}月"
        sheet.text(across(month.astype("datetime64[D]")), 5.0, name, 6.5, color=MID)
    for place, k in enumerate(rows):
        y = 7.0 + pitch * (place + 0.5)
        sheet.text(head - 2.0, y, shortened(labels[k], head - 2.5, 7.5), 7.5, ha="right")
        if late[k]:
            sheet.marks("left", [(start - 3.0, y)], 1.4, face=BAD)
            sheet.text(start + 2.0, y, f"{expiry[k]} 届满，未换届", 7)
            continue
        x = across(expiry[k])
        sheet.lines([(start, y, x, y)], LIGHT, linewidth=1.0)
        open_mark = told is not None and not told[k]
        sheet.marks("circle", [(x, y)], 1.2, face=PAPER if open_mark else INK, edge=INK)
        sheet.text(x + 2.2, y, str(expiry[k]) + ("，未提醒" if open_mark else ""), 7)
    sheet.key(0, sheet.height - 3.5, _term_key(late[list(rows)], told))
    return sheet


def _term_key(
    late: npt.NDArray[np.bool_], told: npt.NDArray[np.bool_] | None
) -> list[tuple[dict[str, Any], str]]:
    key: list[tuple[dict[str, Any], str]] = []
    if late.any():
        key.append(({"shape": "left", "face": BAD, "radius": 1.4}, "已届满，未换届"))
    if not late.all():
        key.append(({"shape": "circle", "face": INK}, "届满日" if told is None else "届满日，已提前提醒"))
    if told is not None:
        key.append(({"shape": "circle", "face": PAPER, "edge": INK}, "届满日，未提醒"))
    return key


def _term_words(
    caption: Caption,
    labels: Sequence[str],
    rows: Sequence[int],
    expiry: npt.NDArray[np.datetime64],
    late: npt.NDArray[np.bool_],
    missing: int,
    months: int,
) -> dict[str, Line]:
    fact, unit = caption.fact, f" {caption.counted}"
    passed = int(late.sum())
    soon: Line = (
        "今后 ",
        caption.given("months", months),
        " 个月内届满 ",
        fact("soon_n", len(rows) - passed),
        unit,
    )
    gone: Line = ("已届满未换届 ", fact("late_n", passed), unit)
    title = joined([(f"{caption.subject}：", *spans_of(soon)), gone], "，", "")
    named: list[Line] = [f"{labels[k]} {expiry[k]}" for k in rows[:12]]
    alt: list[Line] = [title, *named]
    if missing:
        alt.append(("届满日期缺失 ", fact("missing_n", missing), unit))
    if len(rows) > _MOST_TERMS:
        alt.append(("图中只列最早届满的 ", caption.given("shown_n", _MOST_TERMS), unit))
    return {"title": title, "alt": joined(alt), "n": caption.size(len(labels))}
