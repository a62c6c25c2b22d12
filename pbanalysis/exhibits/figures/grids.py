"""Grids of small squares: what each branch held in each month; counts of one kind by another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.blocks import Box, Figure, Line
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, shortened, text_mm
from pbanalysis.exhibits.style import (
    BAD,
    HATCH,
    INK,
    LIGHT,
    MID,
    PALE,
    PAPER,
    ROWS_MM,
    STATE_MARKS,
    WIDTH_MM,
)

__all__ = ["BRANCH_MONTH_STATES", "branch_months", "matrix"]

# state of a branch in a month -> printed name; the order is that of the key
BRANCH_MONTH_STATES = {
    "held": "按期召开",
    "partial": "部分召开",
    "missing": "应开未开",
    "due": "本期应开，期限未到",
    "not_due": "未到期",
    "na": "不适用",
    "unknown": "数据缺失",
}
_ONE, _TWO = 46, 92  # branches in one column of the grid, and in two


@drawn
def branch_months(
    caption: Caption, branches: Sequence[str], months: Sequence[str], states: npt.ArrayLike
) -> Figure | Box:
    """Branch × month: held, partly held, missing, due, not due, not applicable, unknown.

    Up to 46 branches stand in one column, up to 92 in two; beyond that the branches with the most
    gaps are drawn and the rest is one line with the share held in each month.

    Parameters
    ----------
    branches, months
        Names, k and m of them.
    states : array_like of str, shape (k, m)
        Keys of :data:`BRANCH_MONTH_STATES`.
    """
    code = np.asarray(states, dtype=object).reshape(len(branches), len(months)).astype(str)
    strange = set(np.unique(code)) - set(BRANCH_MONTH_STATES)
    if strange:
        raise ValueError(f"unknown states: {sorted(strange)}")
    if code.size == 0:
        return caption.nothing("没有支部月份可列，本图不画。")
    if np.isin(code, ["unknown"]).all():
        return caption.nothing(("全部 ", caption.fact("n", len(branches)), " 个支部数据缺失，本图不画。"))
    shown, rest = np.arange(len(branches)), np.array([], dtype=int)
    if len(branches) > _TWO:
        gaps = np.isin(code, ["missing", "partial"]).sum(axis=1)
        order = np.argsort(-gaps, kind="stable")
        shown, rest = np.sort(order[: _TWO - 2]), order[_TWO - 2 :]
    panels = np.array_split(shown, 2 if len(shown) > _ONE else 1)
    pitch = float(np.clip(ROWS_MM / len(panels[0]), 3.8, 5.0))
    sheet = Sheet(7.0 + pitch * len(panels[0]) + (6.0 if len(rest) else 0.0) + 13.0)
    width = sheet.width / len(panels)
    for k, panel in enumerate(panels):
        _panel(sheet, (k * width, width - 2.0), [branches[i] for i in panel], months, code[panel], pitch)
    bottom = 7.0 + pitch * len(panels[0])
    if len(rest):
        _rest(sheet, bottom + 2.0, code[rest], width)
    present = [state for state in BRANCH_MONTH_STATES if (code == state).any()]
    sheet.key(0, sheet.height - 8.0, [(_MARKS[state], BRANCH_MONTH_STATES[state]) for state in present])
    return caption.figure(sheet, **_grid_words(caption, branches, code))


_HELD = STATE_MARKS["suppressed"]
_MARKS: dict[str, dict[str, Any]] = {
    "held": {"shape": "square", "radius": 1.5, "face": LIGHT},
    "partial": {"shape": "up", "radius": 1.2, "face": PAPER, "edge": BAD, "linewidth": 1.0},
    "missing": {"shape": "cross", "radius": 1.4, "edge": BAD, "linewidth": 1.5},
    "due": {"shape": "circle", "radius": 1.1, "edge": INK, "linewidth": 0.7},
    "not_due": {"shape": "circle", "radius": 0.35, "face": MID},
    "na": {"shape": "dash", "radius": 1.0, "edge": LIGHT},
    "unknown": {"shape": "square", "radius": 1.5, "edge": MID, "hatch": HATCH, "linewidth": 0.4},
}


def _panel(
    sheet: Sheet,
    place: tuple[float, float],
    names: Sequence[str],
    months: Sequence[str],
    code: npt.NDArray[Any],
    pitch: float,
) -> None:
    left, width = place
    size = 7.5 if pitch > 4.5 else 7.0
    head = min(max(text_mm(name, size) for name in names) + 2.0, width * 0.42)
    step = min((width - head) / len(months), 9.0)
    across = left + head + step * (np.arange(len(months)) + 0.5)
    down = 7.0 + pitch * (np.arange(len(names)) + 0.5)
    every = max(1, int(np.ceil(max(text_mm(month, 7) for month in months) / step)))
    for x, month in list(zip(across, months))[::every]:
        sheet.text(float(x), 4.0, month, 7, ha="center")
    for y, name in zip(down, names):
        sheet.text(left + head - 1.2, float(y), shortened(name, head - 1.5, size), size, ha="right")
    rules = down[:-1][(np.arange(len(names) - 1) + 1) % 5 == 0] + pitch / 2
    sheet.lines([(left + head, y, left + head + step * len(months), y) for y in rules], PALE)
    for state, mark in _MARKS.items():
        row, column = np.nonzero(code == state)
        sheet.marks(points=np.column_stack([across[column], down[row]]), **mark)


def _rest(sheet: Sheet, y: float, code: npt.NDArray[Any], width: float) -> None:
    """The branches not drawn, as one sentence: how many, and how much they held."""
    due = np.isin(code, ["held", "partial", "missing"]).sum()
    held = (code == "held").sum()
    share = f"按期召开 {held}/{due}" if due else "尚无到期场次"
    sheet.text(0, y + 1.5, f"其余 {len(code)} 个支部（缺口较少）未逐一列出：{share}。", 7.5)


def _grid_words(caption: Caption, branches: Sequence[str], code: npt.NDArray[Any]) -> dict[str, Line]:
    number = {state: int((code == state).sum()) for state in BRANCH_MONTH_STATES}
    due = number["held"] + number["partial"] + number["missing"]
    short = int(np.isin(code, ["missing", "partial"]).any(axis=1).sum())
    fact = caption.fact
    if not due:
        title: Line = (f"{caption.subject}：", fact("n", len(branches)), " 个支部尚无到期的支部月")
    elif not short:
        title = (f"{caption.subject}：到期的 ", fact("due_n", due), " 个支部月全部按期召开")
    else:
        title = (
            f"{caption.subject}：到期 ",
            fact("due_n", due),
            " 个支部月，按期召开 ",
            fact("state_held_n", number["held"]),
            " 个；有缺口的支部 ",
            fact("short_n", short),
            " 个",
        )
    parts: list[Line] = [
        (name + " ", fact(f"state_{state}_n", number[state]), " 个支部月")
        for state, name in BRANCH_MONTH_STATES.items()
        if number[state]
    ]
    worst = np.isin(code, ["missing"]).sum(axis=1)
    for k in np.argsort(-worst, kind="stable")[:5]:
        if worst[k]:
            parts.append((f"{branches[k]}应开未开 ", fact(f"missing_{k}", int(worst[k])), " 个月"))
    alt = joined([(f"{caption.subject}，支部×月份方格图，共 ", fact("n", len(branches)), " 个支部"), *parts])
    return {"title": title, "alt": alt, "n": caption.size(len(branches), "个支部")}


@drawn
def matrix(
    caption: Caption,
    rows: Sequence[str],
    columns: Sequence[str],
    counts: Numbers,
    *,
    suppressed: npt.ArrayLike | None = None,
    row_title: str = "",
    column_title: str = "",
) -> Figure | Box:
    """Counts of rows × columns with their sums, issues by type and state; the grey grows with the count.

    Parameters
    ----------
    counts : array_like, shape (len(rows), len(columns))
        NaN is missing and hatched.
    suppressed : array_like of bool, same shape
        Cells that are hatched and marked ■, and hide the sums they would be recovered from.
    """
    number = floats(counts).reshape(len(rows), len(columns))
    hidden = np.zeros(number.shape, bool) if suppressed is None else np.asarray(suppressed, bool)
    number = np.where(hidden, np.nan, number)
    if not np.isfinite(number).any() or np.nansum(number) == 0:
        return caption.nothing("没有可列的数据，本图不画。")
    head = min(max(text_mm(name, 7.5) for name in (*rows, row_title)) + 3.0, 50.0)
    step = min((WIDTH_MM - head) / (len(columns) + 1), 24.0)
    lines = max(1, *(int(np.ceil(text_mm(name, 7.5) / (step - 1.5))) for name in columns))
    top, pitch = (4.5 if column_title else 0.0) + 3.6 * lines + 1.5, 6.2
    sheet = Sheet(top + pitch * (len(rows) + 1) + (9.0 if hidden.any() else 3.0))
    if column_title:
        sheet.text(head + step * len(columns) / 2, 2.5, column_title, 7.5, ha="center", color=MID)
    sheet.text(head - 1.5, top - 3.0, row_title, 7.5, ha="right", color=MID)
    for j, name in enumerate((*columns, "合计")):
        _head(sheet, head + step * (j + 0.5), top - 1.5, name, step - 1.5)
    _cells(sheet, (head, top, step, pitch), number, hidden)
    _sums(sheet, (head, top, step, pitch), number, hidden)
    for i, name in enumerate((*rows, "合计")):
        sheet.text(head - 1.5, top + pitch * (i + 0.5), shortened(name, head - 2.0, 7.5), 7.5, ha="right")
    if hidden.any():
        note = ({"shape": "box", "edge": MID, "hatch": HATCH}, f"{_HELD} 依规定不予公布，相应合计从略")
        sheet.key(0, sheet.height - 3.5, [note])
    return caption.figure(sheet, **_matrix_words(caption, rows, columns, number, hidden))


def _head(sheet: Sheet, x: float, bottom: float, name: str, width: float) -> None:
    """A column's name, broken into lines that fit."""
    each = max(1, int(width / text_mm("一", 7.5)))
    parts = [name[k : k + each] for k in range(0, len(name), each)] if text_mm(name, 7.5) > width else [name]
    for k, part in enumerate(reversed(parts)):
        sheet.text(x, bottom - 1.5 - 3.6 * k, part, 7.5, ha="center")


def _cells(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    number: npt.NDArray[Any],
    hidden: npt.NDArray[Any],
) -> None:
    head, top, step, pitch = place
    greys = ("#ffffff", "#f2f2f2", "#e3e3e3", "#d0d0d0", "#bababa")
    level = np.ceil(4 * np.nan_to_num(number) / np.nanmax(number)).astype(int)

    def boxes(where: npt.NDArray[Any]) -> list[tuple[float, float, float, float]]:
        size = step - 0.4, pitch - 0.4
        return [(head + step * j + 0.2, top + pitch * i + 0.2, *size) for i, j in np.argwhere(where)]

    known = np.isfinite(number)
    for shade, colour in enumerate(greys):
        sheet.rects(boxes(known & (level == shade)), face=colour)
    sheet.rects(boxes(~known), edge=MID, hatch=HATCH)
    for (i, j), value in np.ndenumerate(number):
        text = number_text(value) if np.isfinite(value) else (_HELD if hidden[i, j] else "？")
        colour = INK if value != 0 else LIGHT
        sheet.text(head + step * (j + 0.5), top + pitch * (i + 0.5), text, 7.5, ha="center", color=colour)


def _sums(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    number: npt.NDArray[Any],
    hidden: npt.NDArray[Any],
) -> None:
    """Sums at the right and below; none beside a suppressed cell, which it would give away."""
    head, top, step, pitch = place
    right = head + step * (number.shape[1] + 0.5)
    below = top + pitch * (number.shape[0] + 0.5)
    sheet.lines([(head, top, head + step * (number.shape[1] + 1), top)], LIGHT)
    sheet.lines([(head, below - pitch / 2, head + step * (number.shape[1] + 1), below - pitch / 2)], LIGHT)
    for i, row in enumerate(number):
        text = "—" if hidden[i].any() else number_text(np.nansum(row))
        sheet.text(right, top + pitch * (i + 0.5), text, 7.5, ha="center")
    for j, column in enumerate(number.T):
        text = "—" if hidden[:, j].any() else number_text(np.nansum(column))
        sheet.text(head + step * (j + 0.5), below, text, 7.5, ha="center")
    sheet.text(right, below, "—" if hidden.any() else number_text(np.nansum(number)), 7.5, ha="center")


def _matrix_words(
    caption: Caption,
    rows: Sequence[str],
    columns: Sequence[str],
    number: npt.NDArray[Any],
    hidden: npt.NDArray[Any],
) -> dict[str, Line]:
    fact, known, unit = caption.fact, np.nan_to_num(number), f" {caption.counted}"
    total = float(known.sum())
    if hidden.any():
        title: Line = f"{caption.subject}：部分数字依规定不予公布"
    else:
        sums: list[Line] = [
            (name + " ", fact(f"column_{j}", float(known[:, j].sum())))
            for j, name in enumerate(columns)
            if known[:, j].sum()
        ]
        title = joined([(f"{caption.subject}：共 ", fact("n", total), unit), *sums], "，", "")
    cells: list[Line] = [
        (f"{rows[i]}—{columns[j]} ", fact(f"cell_{i}_{j}", float(known[i, j])))
        for i, j in np.argwhere(known > 0)
    ]
    size: Line = ("n = ", fact("n", total), unit, "（已公布部分）" if hidden.any() else "")
    return {"title": title, "alt": joined([title, *cells[:40]]), "n": size}
