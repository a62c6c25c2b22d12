"""Series of months or quarters: a chart with limits, a burn-down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.blocks import Box, Fact, Figure, Line
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.frame import Frame, limits, nice, thinned
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, spread
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.numbers import percent
from pbanalysis.exhibits.style import BAD, HATCH, INK, LIGHT, MID, PAPER, signal_colour

__all__ = ["burn_down", "xmr"]

Floats = npt.NDArray[np.float64]
_ENOUGH = 7  # points below which no trend is judged


@drawn
def xmr(
    caption: Caption,
    labels: Sequence[str],
    values: Numbers,
    *,
    centre: Numbers,
    low: Numbers,
    high: Numbers,
    signals: Sequence[str] = (),
    reasons: Mapping[int, str] | None = None,
    better: str = "up",
    is_share: bool = True,
) -> Figure | Box:
    """Values in order with their natural limits; signals marked, dated reasons numbered below.

    With fewer than seven points no limits are drawn and the title says so.

    Parameters
    ----------
    values : array_like, shape (m,)
        NaN is a month without a value: a gap, marked ？ below.
    centre, low, high
        Centre line and limits, one number or one for each point (a rebased chart has steps).
    signals
        ``high``, ``low`` or ``""`` for each point.
    reasons
        Position → why the process changed there.
    """
    value = floats(values)
    known = np.flatnonzero(np.isfinite(value)).tolist()
    if not known:
        return caption.nothing("各期均无数值（数据缺失或未到期），本图不画。")
    lines = [np.broadcast_to(floats(line), value.shape) for line in (low, centre, high)]
    enough = len(known) >= _ENOUGH
    reasons = dict(reasons or {})
    above = 4.0 if reasons else 0.0
    sheet = Sheet(61.0 + above + 4.2 * len(reasons))
    ends = (0.0, 1.0) if is_share else (-np.inf, np.inf)
    span = limits(value, *(lines if enough else []), floor=ends[0], ceil=ends[1])
    frame = _frame(sheet, caption, labels, span, 46.0, is_share, 9.0 + above)
    if enough:
        steps = np.append(np.arange(len(value)) - 0.5, len(value) - 0.5)
        for line, dash in zip(lines, ((0, (3, 2)), "solid", (0, (3, 2)))):
            frame.steps(steps, np.append(line, line[-1]), MID, linewidth=0.7, linestyle=dash)
        names = ("下限", "中心线", "上限")
        wanted = [float(frame.py(line[-1])) for line in lines]
        for y, name in zip(spread(wanted, 3.4, frame.top, frame.bottom), names):
            sheet.text(frame.right + 1.5, y, name, 7, color=MID)
    frame.path(np.arange(len(value)), value, INK, linewidth=1.0)
    code = np.array([signals[k] if k < len(signals) else "" for k in range(len(value))])
    frame.marks("circle", np.flatnonzero(code == ""), value[code == ""], 0.9, face=INK)
    for name, shape in (("high", "up"), ("low", "down")):
        colour = signal_colour(name, better)
        frame.marks(shape, np.flatnonzero(code == name), value[code == name], 1.6, face=colour)
    _gaps(frame, value)
    for number, (k, why) in enumerate(sorted(reasons.items())):
        x, ring = float(frame.px(k)), chr(0x2460 + number)
        sheet.lines([(x, frame.top, x, frame.bottom)], LIGHT, linestyle=(0, (1, 1.5)))
        sheet.text(x, frame.top - 2.0, ring, 7.5, ha="center")
        sheet.text(frame.left, frame.bottom + 7.5 + 4.2 * number, f"{ring} {labels[k]}：{why}", 7.5)
    return caption.figure(sheet, **_xmr_words(caption, labels, value, known, code, lines, is_share))


def _frame(
    sheet: Sheet,
    caption: Caption,
    labels: Sequence[str],
    span: tuple[float, float],
    height: float,
    is_share: bool,
    top: float = 9.0,
) -> Frame:
    """The frame of a series: places 0…m−1 across, values up."""
    frame = Frame(sheet, (11.0, top, sheet.width - 33.0, height), (-0.5, len(labels) - 0.5), span)
    ticks = nice(*span)
    frame.y_axis(
        ticks, [_text(tick, is_share, axis=True) for tick in ticks], f"{caption.subject}（{caption.unit}）"
    )
    shown = thinned(labels, frame.width / len(labels), 7)
    frame.x_axis(shown, [labels[k] for k in shown])
    return frame


def _gaps(frame: Frame, value: Floats) -> None:
    for k in np.flatnonzero(~np.isfinite(value)):
        frame.sheet.text(float(frame.px(k)), frame.bottom - 2.0, "？", 7, ha="center", color=MID)


def _text(value: float, is_share: bool, axis: bool = False) -> str:
    if axis:
        return number_text(100 * value if is_share else value)
    return percent(value, 100) if is_share else number_text(value)


def _xmr_words(
    caption: Caption,
    labels: Sequence[str],
    value: Floats,
    known: list[int],
    code: npt.NDArray[np.str_],
    lines: Sequence[Floats],
    is_share: bool,
) -> dict[str, Line]:
    def fact(part: str, number: float) -> Fact:
        return caption.fact(part, number, _text(number, is_share))

    size = caption.size(len(known), "期")
    last = (f"最近一期（{labels[known[-1]]}）", fact("last", value[known[-1]]))
    if len(known) < _ENOUGH:
        title: Line = (f"{caption.subject}：", *last, "，数据点不足，暂不判断趋势")
        points: list[Line] = [(labels[k] + " ", fact(f"point_{k}", value[k])) for k in known]
        return {"title": title, "alt": joined([title, *points]), "n": size}
    many = caption.fact("signal_n", int((code != "").sum()))
    verdict: Line = ("超出正常波动的有 ", many, " 期") if many.value else "各期均在正常波动范围内"
    title = joined([(f"{caption.subject}：", *spans_of(verdict)), last], "，", "")
    alt: list[Line] = [title]
    for name, line in zip(("下限", "中心线", "上限"), lines):
        if np.isfinite(line[-1]):
            alt.append(
                (f"{name} ", fact({"下限": "low", "中心线": "centre", "上限": "high"}[name], line[-1]))
            )
    words = {"high": "偏高", "low": "偏低"}
    alt += [(f"{labels[k]}{words[code[k]]} ", fact(f"point_{k}", value[k])) for k in known if code[k]]
    return {"title": title, "alt": joined(alt), "n": size}


@drawn
def burn_down(
    caption: Caption,
    labels: Sequence[str],
    open_n: Numbers,
    overdue_n: Numbers | None = None,
) -> Figure | Box:
    """Open items at the end of each month, the overdue part hatched.

    Parameters
    ----------
    open_n, overdue_n : array_like, shape (m,)
        Stock at each month's end; NaN where the month has not ended.
    """
    stock = floats(open_n)
    late = np.zeros(stock.shape) if overdue_n is None else floats(overdue_n)
    known = np.flatnonzero(np.isfinite(stock)).tolist()
    if not known or np.nanmax(stock) == 0:
        return caption.nothing(f"各期末均没有未办结的{caption.counted}，本图不画。")
    sheet = Sheet(68.0)
    top = float(np.nanmax(stock)) * 1.12
    frame = _frame(sheet, caption, labels, (0.0, top), 46.0, False)
    width = 0.36 * frame.width / len(labels)

    def bars(low: Floats, high: Floats) -> list[tuple[float, float, float, float]]:
        xs, tops, bottoms = frame.px(np.arange(len(stock))), frame.py(high), frame.py(low)
        return [(xs[k] - width, tops[k], 2 * width, bottoms[k] - tops[k]) for k in known if high[k] > low[k]]

    late = np.nan_to_num(np.minimum(late, stock))
    sheet.rects(bars(late, stock), face=LIGHT)
    sheet.rects(bars(np.zeros(stock.shape), late), face=PAPER, edge=BAD, hatch=HATCH)
    shown = set(thinned([number_text(stock[k]) for k in known], frame.width / len(labels), 7))
    for place, k in enumerate(known):
        if place in shown or k == known[-1]:
            x, y = float(frame.px(k)), float(frame.py(stock[k])) - 2.0
            sheet.text(x, y, number_text(stock[k]), 7, ha="center")
    items = [({"shape": "box", "face": LIGHT}, "未办结，尚未到期")]
    if late.any():
        items.append(({"shape": "box", "face": PAPER, "edge": BAD, "hatch": HATCH}, "未办结，已逾期"))
    sheet.key(0, sheet.height - 3.5, items)
    first, last = known[0], known[-1]
    parts: list[Line] = [
        (
            f"{caption.subject}：{labels[last]}末未办结 ",
            caption.fact("open_n", stock[last]),
            f" {caption.counted}",
        ),
        ("其中逾期 ", caption.fact("overdue_n", late[last]), f" {caption.counted}"),
    ]
    title = joined(parts[: 2 if overdue_n is not None else 1], "，", "")
    highest = int(np.nanargmax(stock))
    alt: list[Line] = [
        title,
        (f"{labels[first]}末 ", caption.fact("first_n", stock[first]), f" {caption.counted}"),
        (f"最多为{labels[highest]}末 ", caption.fact("most_n", stock[highest]), f" {caption.counted}"),
    ]
    return caption.figure(sheet, title=title, alt=joined(alt), n=caption.size(len(known), "个月末"))
