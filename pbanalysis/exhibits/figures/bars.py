"""Horizontal bars that carry their own numbers: counts of kinds, and the mix of kinds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.blocks import Box, Figure, Line
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, key_mm, shortened, text_mm
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.numbers import percent
from pbanalysis.exhibits.style import BAD, HATCH, INK, LIGHT, MID, PALE, PAPER, ROWS_MM, WIDTH_MM
from pbanalysis.terms import STATES
from pbanalysis.themes.reading import FEW

__all__ = ["SIZE", "counts", "mix", "row_layout", "row_names"]

Floats = npt.NDArray[np.float64]
SIZE = 7.5  # points of the names beside bars


def row_layout(labels: Sequence[str], tail: Sequence[str]) -> tuple[float, float, float]:
    """Pitch of the rows, width of the names, width of what stands at the right, in millimetres."""
    pitch = float(np.clip(ROWS_MM / max(len(labels), 1), 4.0, 6.5))
    head = min(max(text_mm(label, SIZE) for label in labels) + 2.0, 52.0)
    return pitch, head, max((text_mm(text, 7) for text in tail), default=0.0) + 3.0


def row_names(sheet: Sheet, labels: Sequence[str], head: float, top: float, pitch: float) -> None:
    for k, label in enumerate(labels):
        sheet.text(head - 1.5, top + pitch * (k + 0.5), shortened(label, head - 1.5, SIZE), SIZE, ha="right")


@drawn
def counts(
    caption: Caption,
    labels: Sequence[str],
    values: Numbers,
    *,
    states: Sequence[str] = (),
    bad: Collection[int] = (),
) -> Figure | Box:
    """One bar for each kind: stock by stage, overdue items by age, gaps by length.

    Parameters
    ----------
    values : array_like, shape (k,)
        Counts; NaN is missing and hatched.
    states
        ``suppressed``, ``unknown`` … for rows without a number: said in words beside the hatch.
    bad
        Rows whose count, where above zero, is a signal (orange, marked ！).
    """
    value = floats(values)
    total = float(np.nansum(value))
    if not np.isfinite(value).any() or (total == 0 and not np.isfinite(value).all()):
        # what is held back is no zero, also where every number that may be shown is one
        return caption.nothing("没有可列的数据（缺失或不予公布），本图不画。")
    if total == 0:
        return caption.nothing(
            (f"{caption.subject}：各类均为 ", caption.fact("n", 0), f" {caption.counted}，本图不画。")
        )
    text = [
        number_text(value[k])
        if np.isfinite(value[k])
        else STATES.get(states[k] if k < len(states) else "", "数据缺失")
        for k in range(len(value))
    ]
    signal = [k for k in bad if np.isfinite(value[k]) and value[k] > 0]
    text = ["！" * (k in signal) + words_of_row for k, words_of_row in enumerate(text)]
    pitch, head, tail = row_layout(labels, text)
    sheet = Sheet(2.0 + pitch * len(labels) + 2.0)
    scale = (sheet.width - head - tail) / max(float(np.nanmax(value)), 1e-12)
    top, thick = 2.0, pitch * 0.62
    at = {k: top + pitch * (k + 0.5) - thick / 2 for k in range(len(value))}
    plain = [k for k in at if np.isfinite(value[k]) and value[k] > 0 and k not in signal]
    sheet.rects([(head, at[k], scale * value[k], thick) for k in plain], face=LIGHT)
    sheet.rects([(head, at[k], scale * value[k], thick) for k in signal], face=BAD)
    sheet.rects([(head, at[k], 12.0, thick) for k in at if not np.isfinite(value[k])], edge=MID, hatch=HATCH)
    sheet.lines([(head, top, head, top + pitch * len(labels))], INK)
    row_names(sheet, labels, head, top, pitch)
    for k in at:
        end = head + (scale * value[k] if np.isfinite(value[k]) else 12.0)
        sheet.text(end + 1.5, top + pitch * (k + 0.5), text[k], 7)
    return caption.figure(sheet, **_count_words(caption, labels, value, total))


def _count_words(caption: Caption, labels: Sequence[str], value: Floats, total: float) -> dict[str, Line]:
    known = np.flatnonzero(np.isfinite(value)).tolist()
    most = max(known, key=lambda k: value[k])
    unit = f" {caption.counted}"
    rows: list[Line] = [(labels[k] + " ", caption.fact(f"row_{k}", value[k]), unit) for k in known]
    if len(known) < len(value):
        title: Line = (f"{caption.subject}：{labels[most]} ", caption.fact(f"row_{most}", value[most]), unit)
        return {
            "title": title,
            "alt": joined([caption.subject, *rows, "其余行无数字"]),
            "n": ("已列 ", caption.fact("rows_n", len(known)), " 行"),
        }
    title = (
        f"{caption.subject}：共 ",
        caption.fact("n", total),
        f"{unit}，{labels[most]}最多，",
        caption.fact(f"row_{most}", value[most]),
        unit,
    )
    return {"title": title, "alt": joined([title, *rows]), "n": caption.size(total)}


@drawn
def mix(
    caption: Caption,
    labels: Sequence[str],
    parts: Sequence[str],
    values: Numbers,
) -> Figure | Box:
    """Composition of each row as a bar of full length; parts differ by grey and by hatch.

    Parameters
    ----------
    labels, parts
        Rows (this township, the county …) and at most eight parts.
    values : array_like, shape (len(labels), len(parts))
        Counts; a row that is missing or sums to zero says so.
    """
    number = floats(values).reshape(len(labels), len(parts))
    total = number.sum(axis=1)
    if not (total > 0).any():
        return caption.nothing("没有可列的数据，本图不画。")
    tail = [f"n = {number_text(n)}" if n > 0 else "" for n in total]
    pitch, head, right = row_layout(labels, tail)
    pitch = max(pitch, 6.5) if len(labels) < 20 else pitch
    used = [j for j in range(len(parts)) if np.nansum(number[:, j]) > 0]
    lines = _key_lines([parts[j] for j in used])
    sheet = Sheet(2.0 + pitch * len(labels) + 3.0 + 4.4 * lines)
    width, thick = sheet.width - head - right, pitch * 0.7
    for j in used:
        boxes = []
        for i in np.flatnonzero(total > 0).tolist():
            start = number[i, :j].sum() / total[i]
            boxes.append((head + width * start, 2.0 + pitch * i, width * number[i, j] / total[i], thick))
        sheet.rects(boxes, edge=PAPER, linewidth=0.8, **_part_look(used.index(j)))
    _mix_text(sheet, number, total, used, (head, width, pitch, thick))
    row_names(sheet, labels, head, 2.0 - (pitch - thick) / 2, pitch)
    for i, text in enumerate(tail):
        y = 2.0 + pitch * i + thick / 2
        if total[i] > 0:
            sheet.text(head + width + 1.5, y, text, 7)
        else:
            sheet.rects([(head, 2.0 + pitch * i, 12.0, thick)], edge=MID, hatch=HATCH)
            sheet.text(head + 14.0, y, "数据缺失", 7, color=MID)
    key = [({"shape": "box", **_part_look(k), "edge": MID}, parts[j]) for k, j in enumerate(used)]
    sheet.key(0, 2.0 + pitch * len(labels) + 3.0, key)
    return caption.figure(sheet, **_mix_words(caption, labels, parts, number, total))


def _part_look(k: int) -> dict[str, Any]:
    looks: tuple[dict[str, Any], ...] = (
        {"face": "#6e6e6e"},
        {"face": LIGHT},
        {"face": PAPER, "hatch": "////"},
        {"face": PALE},
        {"face": "#929292"},
        {"face": PAPER, "hatch": "----"},
        {"face": "#4a4a4a"},
        {"face": PALE, "hatch": "xxxx"},
    )
    return looks[k % len(looks)]


def _key_lines(names: Sequence[str]) -> int:
    """Rows that the key of these names takes (the same arithmetic as :meth:`Sheet.key`)."""
    lines, left = 1, 0.0
    for name in names:
        width = key_mm(name)
        if left > 0 and left + width > WIDTH_MM:
            lines, left = lines + 1, 0.0
        left += width
    return lines


def _mix_text(
    sheet: Sheet,
    number: Floats,
    total: Floats,
    used: Sequence[int],
    place: tuple[float, float, float, float],
) -> None:
    """The share inside each part that is wide enough to hold it, on a paper-coloured ground."""
    head, width, pitch, thick = place
    for i in np.flatnonzero(total > 0).tolist():
        for j in used:
            share = number[i, j] / total[i]
            text = percent(share, total[i]) if total[i] >= FEW else number_text(number[i, j])
            room = text_mm(text, 7) + 1.0
            if width * share > room + 1.5:
                middle = head + width * (number[i, :j].sum() / total[i] + share / 2)
                y = 2.0 + pitch * i + thick / 2
                sheet.rects([(middle - room / 2, y - 1.5, room, 3.0)], face=PAPER)
                sheet.text(middle, y, text, 7, ha="center")


def _mix_words(
    caption: Caption, labels: Sequence[str], parts: Sequence[str], number: Floats, total: Floats
) -> dict[str, Line]:
    first = int(np.flatnonzero(total > 0)[0])
    most = int(np.argmax(number[first]))

    def share(i: int, j: int) -> Line:
        if total[i] < FEW:
            return (f"{parts[j]} ", caption.fact(f"count_{i}_{j}", number[i, j]), f" {caption.counted}")
        return (f"{parts[j]} ", caption.share(f"share_{i}_{j}", number[i, j] / total[i], total[i]))

    title: Line = (f"{caption.subject}：{labels[first]}以", *spans_of(share(first, most)), " 为最多")
    rows: list[Line] = [
        (labels[i] + "：", *joined([share(i, j) for j in range(len(parts)) if number[i, j]], "，", ""))
        for i in np.flatnonzero(total > 0)[:6].tolist()
    ]
    return {"title": title, "alt": joined([title, *rows]), "n": caption.size(float(total[first]))}
