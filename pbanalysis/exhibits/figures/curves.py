"""Curves of time: share still open (Kaplan–Meier), share done (its mirror), competing ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.blocks import Box, Figure, Line
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.frame import Frame
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, spread, text_mm
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.style import HATCH, INK, LIGHT, MID, PALE, PAPER

__all__ = ["Curve", "cumulative_incidence", "survival", "time_to_event"]

Floats = npt.NDArray[np.float64]
_STEPS = (1, 2, 5, 7, 10, 14, 15, 30, 60, 90, 180, 365, 730)  # days between ticks people count in


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan–Meier curve as plain arrays, all of shape (m,) and in order of time.

    ``survival`` is the share still open just after each ``time``; ``at_risk`` the number still
    followed just before it; ``low`` and ``high`` the band. ``n`` units were followed and
    ``median`` days is NaN where the curve never reaches a half.
    """

    time: Numbers
    survival: Numbers
    at_risk: Numbers
    n: int
    low: Numbers | None = None
    high: Numbers | None = None
    median: float = float("nan")

    def share(self, day: float) -> float:
        """Share still open after a day."""
        place = int(np.searchsorted(floats(self.time), day, side="right")) - 1
        return 1.0 if place < 0 else float(floats(self.survival)[place])

    def risk(self, day: float) -> int:
        """Units still followed at a day."""
        place = int(np.searchsorted(floats(self.time), day, side="left"))
        number = floats(self.at_risk)
        return int(number[place]) if place < len(number) else 0


@drawn
def survival(
    caption: Caption,
    own: Curve | None,
    county: Curve | None = None,
    *,
    marks: Sequence[float] = (30, 90),
    state: str = "未办结",
) -> Figure | Box:
    """Share still open by day, with its band, the county beside it and the numbers at risk below.

    Parameters
    ----------
    own, county
        The curves; the county's alone makes the county's own picture.
    marks
        Days whose shares the computed title and alt text say.
    state
        What the units still are: 「未办结」「未学习」.
    """
    return _curves(caption, own, county, marks, state, done=False)


@drawn
def time_to_event(
    caption: Caption,
    own: Curve | None,
    county: Curve | None = None,
    *,
    marks: Sequence[float] = (7, 30),
    state: str = "已学习",
) -> Figure | Box:
    """Share done by day (1 − Kaplan–Meier): the distribution of a lag, units not yet done counted in.

    Parameters are those of :func:`survival`; ``state`` is what the units have become.
    """
    return _curves(caption, own, county, marks, state, done=True)


def _curves(
    caption: Caption,
    own: Curve | None,
    county: Curve | None,
    marks: Sequence[float],
    state: str,
    *,
    done: bool,
) -> Figure | Box:
    drawn_curves = [
        (name, curve)
        for name, curve in ((caption.own, own), (caption.county, county))
        if curve is not None and curve.n and len(floats(curve.time))
    ]
    if not drawn_curves or (own is not None and not own.n):
        return caption.nothing(f"{caption.own}没有可观察的{caption.counted}，本图不画。")
    last = max(float(floats(curve.time).max()) for _, curve in drawn_curves)
    end = max(last, 1.0)
    marks = [day for day in marks if day <= end]
    sheet = Sheet(77.5 + 4.2 * len(drawn_curves))
    head = max(text_mm(name, 7.5) for name, _ in drawn_curves) + 6.0
    frame = Frame(
        sheet, (max(head, 12.0), 8.0, sheet.width - max(head, 12.0) - 30.0, 56.0), (0.0, end), (0.0, 1.0)
    )
    ticks = _days(end)
    frame.y_axis([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"], f"{state}的比例（%）")
    frame.x_axis(ticks, [number_text(tick) for tick in ticks], "天数")
    for k, (name, curve) in enumerate(drawn_curves):
        style = _STYLES[0 if name == caption.own else 1]
        _curve(frame, curve, end, done, style, band=k == 0)
    _ends(frame, drawn_curves, end, done, caption)
    _risk(frame, drawn_curves, ticks)
    return caption.figure(sheet, **_curve_words(caption, drawn_curves, marks, state, last, done))


_STYLES: tuple[dict[str, Any], ...] = (
    {"colour": INK, "linewidth": 1.5},
    {"colour": MID, "linewidth": 1.0, "linestyle": (0, (4, 1.5))},
)


def _days(end: float) -> list[float]:
    step = next((step for step in _STEPS if end / step <= 8), int(np.ceil(end / 8 / 365)) * 365)
    return [float(day) for day in np.arange(0, end + 1e-9, step)]


def _curve(frame: Frame, curve: Curve, end: float, done: bool, style: dict[str, Any], *, band: bool) -> None:
    time = floats(curve.time)
    inside = time <= end
    x = np.concatenate([[0.0], time[inside], [min(end, float(time.max()))]])

    def turned(values: Numbers) -> Floats:
        y = floats(values)[inside]
        y = np.concatenate([[1.0], y, y[-1:] if len(y) else [1.0]])
        return 1 - y if done else y

    if band and curve.low is not None and curve.high is not None:
        frame.band(x, turned(curve.low), turned(curve.high), PALE, zorder=0.5)
    frame.steps(x, turned(curve.survival), **style)


def _ends(
    frame: Frame, curves: Sequence[tuple[str, Curve]], end: float, done: bool, caption: Caption
) -> None:
    """Names at the right end of the curves: no key to look up."""
    wanted = [float(frame.py(_shown(curve.share(end), done))) for _, curve in curves]
    for y, (name, _) in zip(spread(wanted, 4.0, frame.top, frame.bottom), curves):
        colour = INK if name == caption.own else MID
        frame.sheet.text(frame.right + 1.5, y, name, 7.5, color=colour)
    if curves[0][1].low is not None:
        frame.sheet.text(frame.right + 1.5, frame.top - 4.0, "浅色带：95% 波动范围", 6.5, color=MID)


def _risk(frame: Frame, curves: Sequence[tuple[str, Curve]], ticks: Sequence[float]) -> None:
    """Numbers still followed at each tick."""
    top = frame.bottom + 10.5
    frame.sheet.text(0, top, "仍在观察的数量", 7, color=MID)
    for k, (name, curve) in enumerate(curves):
        y = top + 4.2 * (k + 1)
        frame.sheet.text(frame.left - 5.5, y, name, 7, ha="right")
        for tick in ticks:
            frame.sheet.text(float(frame.px(tick)), y, str(curve.risk(tick)), 7, ha="center")


def _shown(share: float, done: bool) -> float:
    return 1 - share if done else share


def _curve_words(
    caption: Caption,
    curves: Sequence[tuple[str, Curve]],
    marks: Sequence[float],
    state: str,
    last: float,
    done: bool,
) -> dict[str, Line]:
    def clause(name: str, curve: Curve, day: float) -> Line:
        part = f"{'own' if name == caption.own else 'county'}.share_{day:g}"
        value = _shown(curve.share(day), done)
        return (
            f"{name}第 ",
            caption.given(f"day_{day:g}", day),
            f" 天{state} ",
            caption.share(part, value, curve.n),
        )

    def median(name: str, curve: Curve) -> Line:
        part = f"{'own' if name == caption.own else 'county'}.median"
        if np.isfinite(curve.median):
            return (f"{name}中位 ", caption.fact(part, float(curve.median)), " 天")
        watched = caption.fact(f"{part}_watched", float(floats(curve.time).max()))
        return (f"{name}中位时间暂不能估计（已观察 ", watched, " 天）")

    said = [clause(name, curve, marks[-1]) for name, curve in curves] if marks else []
    heads = said or [median(name, curve) for name, curve in curves]
    title = joined([(f"{caption.subject}：", *spans_of(heads[0])), *heads[1:]], "，", "")
    alt: list[Line] = [f"{caption.subject}，{state}比例随天数变化的阶梯曲线"]
    alt += [clause(name, curve, day) for day in marks for name, curve in curves]
    alt += [median(name, curve) for name, curve in curves]
    first = curves[0][1]
    return {"title": title, "alt": joined(alt), "n": caption.size(first.n)}


@drawn
def cumulative_incidence(
    caption: Caption,
    time: Numbers,
    ends: Mapping[str, Numbers],
    *,
    n: int,
    ranges: Mapping[str, Numbers] | None = None,
    remaining: str = "仍未办结",
    horizon: float | None = None,
) -> Figure | Box:
    """How units ended by day, competing ends stacked: what is left above them is still open.

    Parameters
    ----------
    time : array_like, shape (m,)
        Days, rising.
    ends
        Name of an end → cumulative incidence, shape (m,); at most three. Their sum is ≤ 1.
    n
        Units followed.
    ranges
        Name of an end → both ends of the range of chance of its incidence at the last day drawn.
    """
    day = floats(time)
    if not n or day.size == 0 or not ends:
        return caption.nothing(f"没有可观察的{caption.counted}，本图不画。")
    end = max(horizon or float(day.max()), 1.0)
    inside = day <= end
    x = np.concatenate([[0.0], day[inside], [end if horizon is None else min(end, float(day.max()))]])
    sheet = Sheet(76.0)
    frame = Frame(sheet, (12.0, 8.0, sheet.width - 46.0, 56.0), (0.0, end), (0.0, 1.0))
    below = np.zeros(len(x))
    final: list[tuple[str, float, float]] = []
    for (name, incidence), look in zip(ends.items(), _LOOKS):
        y = floats(incidence)[inside]
        above = below + np.concatenate([[0.0], y, y[-1:] if len(y) else [0.0]])
        frame.band(x, below, above, **look)
        frame.steps(x, above, INK, linewidth=0.8)
        final.append((name, float(above[-1] - below[-1]), float((above[-1] + below[-1]) / 2)))
        below = above
    final.append((remaining, float(1 - below[-1]), float((1 + below[-1]) / 2)))
    ticks = _days(end)
    frame.y_axis([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"], f"累计比例（{caption.unit}）")
    frame.x_axis(ticks, [number_text(tick) for tick in ticks], "天数")
    shares = [caption.share(f"end_{k}", share, n) for k, (_, share, _) in enumerate(final)]
    wanted = [float(frame.py(middle)) for *_, middle in final]
    said: list[Line] = []
    places = spread(wanted, 8.0 if ranges else 4.0, frame.top, frame.bottom)
    for k, (y_mm, (name, *_), share) in enumerate(zip(places, final, shares)):
        sheet.text(frame.right + 1.5, y_mm, f"{name} {share.text}", 7.5)
        said.append((f"{name} ", share))
        if ranges and name in ranges:
            ends_at = zip(("low", "high"), floats(ranges[name]))
            low, high = (caption.share(f"end_{k}_{end}", value, n) for end, value in ends_at)
            sheet.text(frame.right + 1.5, y_mm + 3.4, f"{low.text}—{high.text}", 6.5, color=MID)
            said[-1] = (f"{name} ", share, "（波动范围 ", low, "—", high, "）")
    until = (f"{caption.subject}：至第 ", caption.fact("day", end), " 天，")
    title = joined([(*until, *spans_of(said[0])), *said[1:]], "，", "")
    alt = joined([title, "各种结局互斥，自下而上累加"])
    return caption.figure(sheet, title=title, alt=alt, n=caption.size(n))


_LOOKS: tuple[dict[str, Any], ...] = (
    {"face": LIGHT},
    {"face": PAPER, "hatch": HATCH, "edge": MID, "linewidth": 0.4},
    {"face": MID},
)
