"""Townships beside each other: dots with intervals, a target and the county."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.blocks import Box, Fact, Figure, Line
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.frame import Frame, limits, nice
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, shortened, text_mm
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.numbers import percent
from pbanalysis.exhibits.style import HATCH, INK, MID, PAPER, ROWS_MM, signal_colour
from pbanalysis.terms import STATES

__all__ = ["SHAPES", "forest", "signal_key"]

Floats = npt.NDArray[np.float64]
SHAPES = {"high": "up", "low": "down", "possible_high": "up", "possible_low": "down"}
_MOST = 60  # rows that can all be named


@drawn
def forest(
    caption: Caption,
    labels: Sequence[str],
    values: Numbers,
    low: Numbers,
    high: Numbers,
    *,
    parts: Sequence[str] = (),
    states: Sequence[str] = (),
    signals: Sequence[str] = (),
    better: str = "up",
    target: float | None = None,
    county: float | None = None,
    is_share: bool = True,
    sizes: Numbers = (),
) -> Figure | Box:
    """Dots with intervals, a target line and the county's line; rows keep the order they have.

    Parameters
    ----------
    values, low, high : array_like, shape (k,)
        Estimate and interval on one scale (shares 0–1 where ``is_share``); NaN is not drawn.
    parts
        What stands at the right of each row, e.g. ``26/31``.
    states
        A state of results for each row; a row without a value says it in words, hatched. Other words
        than a state's (a count of few) stand beside an empty box.
    signals
        ``vs_county`` of each row: decides mark and colour; without it every mark is a grey circle.
    better
        ``up``, ``down`` or ``none``: which side of the county is good.
    target, county
        Reference values; the labels are 目标 and ``caption.county``.
    sizes : array_like, shape (k,)
        Denominators of the shares, so that words are as precise as they allow.
    """
    value, lower, upper = floats(values), floats(low), floats(high)
    if not np.isfinite(value).any():
        return caption.nothing("没有可比较的数值（数据缺失、未到期或不适用），本图不画。")
    row = float(np.clip(ROWS_MM / len(labels), 3.2, 6.0)) if len(labels) <= _MOST else ROWS_MM / len(labels)
    size = min(8.0, row * 1.9)
    named = [k for k in range(len(labels)) if len(labels) <= _MOST or _is_signal(signals, k)]
    text = [parts[k] if k < len(parts) else _value_text(value[k], is_share) for k in range(len(labels))]
    left = min(max((text_mm(labels[k], size) for k in named), default=10.0) + 4.0, 48.0)
    right = max((text_mm(text[k], 7) for k in named), default=10.0) + 4.0
    ends = (0.0, 1.0) if is_share else (-np.inf, np.inf)
    known = [number for number in (target, county) if number is not None]
    span = limits(value, lower, upper, known, floor=ends[0], ceil=ends[1])
    key = signal_key(signals)
    sheet = Sheet(10.0 + row * len(labels) + (17.0 if key else 11.0))
    place = (left, 10.0, sheet.width - left - right, row * len(labels))
    frame = Frame(sheet, place, span, (len(labels) - 0.5, -0.5))
    ticks = nice(*span)
    frame.x_axis(
        ticks, [_tick_text(tick, is_share) for tick in ticks], f"{caption.subject}（{caption.unit}）"
    )
    _references(frame, caption, target, county, is_share)
    _rows(frame, value, lower, upper, signals, better)
    for k in named:
        y = float(frame.py(k))
        sheet.text(left - 2.5, y, shortened(labels[k], left - 3.0, size), size, ha="right")
        if np.isfinite(value[k]):
            sheet.text(frame.right + 2.5, y, text[k], min(7.0, size))
        else:
            state = states[k] if k < len(states) else "unknown"
            held = state in STATES  # hatched like all that is missing; few units are there, in an empty box
            sheet.rects([(left + 1, y - 1.1, 5, 2.2)], edge=MID, hatch=HATCH if held else None)
            sheet.text(left + 8, y, STATES.get(state, state), min(7.0, size), color=MID)
    sheet.key(0, sheet.height - 3.5, key)
    words = _forest_words(caption, labels, value, target, county, is_share, signals, floats(sizes))
    return caption.figure(sheet, **words)


def _rows(
    frame: Frame,
    value: Floats,
    lower: Floats,
    upper: Floats,
    signals: Sequence[str],
    better: str,
) -> None:
    rows = np.arange(len(value))
    code = np.array([signals[k] if k < len(signals) else "no_signal" for k in range(len(value))])
    for name in dict.fromkeys(code):
        colour = signal_colour(name, better)
        at = rows[(code == name) & np.isfinite(value)]
        known = at[np.isfinite(lower[at]) & np.isfinite(upper[at])]
        bars = np.column_stack(
            [frame.px(lower[known]), frame.py(known), frame.px(upper[known]), frame.py(known)]
        )
        frame.sheet.lines(bars, colour, linewidth=1.0)
        face = colour if name in {"high", "low", "no_signal"} else PAPER
        shape = SHAPES.get(name, "square" if name == "not_compared" else "circle")
        frame.marks(shape, value[at], at, 1.15, face=face, edge=colour)


def _references(
    frame: Frame, caption: Caption, target: float | None, county: float | None, is_share: bool
) -> None:
    lines = [(county, caption.county, "solid", MID, 6.5), (target, "目标", (0, (3, 2)), INK, 2.5)]
    for value, name, dash, colour, y in lines:
        if value is not None:
            x = float(frame.px(value))
            frame.sheet.lines(
                [(x, y + 1.8, x, frame.bottom)], colour, linestyle=dash, linewidth=0.8, zorder=0.5
            )
            label = f"{name} {_value_text(value, is_share)}"
            room = text_mm(label, 7) / 2
            x = min(max(x, frame.left + room), frame.sheet.width - room)
            frame.sheet.text(x, y, label, 7, ha="center", color=colour)


def _is_signal(signals: Sequence[str], k: int) -> bool:
    return k < len(signals) and signals[k] in {"high", "low"}


def signal_key(signals: Sequence[str]) -> list[tuple[dict[str, Any], str]]:
    """The key: only the marks that occur."""
    grey = {"face": PAPER, "edge": MID}
    items: list[tuple[dict[str, Any], str]] = []
    if set(signals) & {"high", "low"}:
        items.append(({"shape": "up", "face": INK}, "显著高于（▼低于）全县"))
    if set(signals) & {"possible_high", "possible_low"}:
        items.append(({"shape": "up", **grey}, "略高（▽略低），不排除偶然波动"))
    if "no_signal" in signals:
        items.append(({"shape": "circle", "face": MID}, "无显著差异"))
    if "not_compared" in signals:
        items.append(({"shape": "square", **grey}, "样本过小，不作比较"))
    return items


def _tick_text(value: float, is_share: bool) -> str:
    return number_text(100 * value) if is_share else number_text(value)


def _value_text(value: float, is_share: bool, n: float = 1000) -> str:
    if not np.isfinite(value):
        return ""
    return percent(value, n) if is_share else number_text(value)


def _forest_words(
    caption: Caption,
    labels: Sequence[str],
    value: Floats,
    target: float | None,
    county: float | None,
    is_share: bool,
    signals: Sequence[str],
    sizes: Floats,
) -> dict[str, Line]:
    def fact(part: str, number: float, k: int = -1) -> Fact:
        n = float(sizes[k]) if 0 <= k < len(sizes) else 1000
        return caption.fact(part, number, _value_text(number, is_share, n))

    known = np.flatnonzero(np.isfinite(value)).tolist()
    unit = "" if is_share else caption.unit
    least, most = (known[int(pick(value[known]))] for pick in (np.argmin, np.argmax))
    span: Line = (
        "各行在 ",
        fact("low", value[least], least),
        " 至 ",
        fact("high", value[most], most),
        unit,
        " 之间",
    )
    parts: list[Line] = []
    if county is not None:
        parts.append((caption.county + " ", fact("county", county), unit))
    if target is not None:
        goal = caption.given("target", target, _value_text(target, is_share), by=caption.clause)
        parts.append(("目标 ", goal, unit))
    title = joined([(f"{caption.subject}：", *spans_of(parts[0] if parts else span)), *parts[1:]], "，", "")
    signalled = [labels[k] for k in known if _is_signal(signals, k)]
    rows: list[Line] = [(labels[k] + " ", fact(f"row_{k}", value[k], k), unit) for k in known[:12]]
    alt: list[Line] = [title, *([span] if len(known) > 1 else []), *(rows if len(known) <= 12 else [])]
    if signalled:
        alt.append("与全县差异显著：" + "、".join(signalled))
    without = len(value) - len(known)
    if without:
        alt.append(("无数值 ", caption.fact("without_n", without), f" {caption.counted}"))
    return {"title": title, "alt": joined(alt), "n": caption.size(len(known))}
