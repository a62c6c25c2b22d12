"""The funnel: a rate by its denominator within control limits that the caller computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pbanalysis.exhibits.blocks import Box, Figure, Line
from pbanalysis.exhibits.figures.caption import Caption, Numbers, floats, joined, number_text
from pbanalysis.exhibits.figures.dots import SHAPES, signal_key
from pbanalysis.exhibits.figures.frame import Frame, limits, nice
from pbanalysis.exhibits.figures.sheet import Sheet, drawn, spread, text_mm
from pbanalysis.exhibits.lines import spans_of
from pbanalysis.exhibits.numbers import percent
from pbanalysis.exhibits.style import INK, LIGHT, MID, PAPER, signal_colour
from pbanalysis.terms import VS_COUNTY

__all__ = ["FunnelLimits", "funnel"]

Floats = npt.NDArray[np.float64]
_DENSE = 200  # units from which on full marks would cover each other
_NAMED = 12  # names beside the points; more would not be read


@dataclass(frozen=True, slots=True)
class FunnelLimits:
    """Control limits along a grid of denominators, all arrays of shape (g,)."""

    n: Numbers
    low95: Numbers
    high95: Numbers
    low998: Numbers
    high998: Numbers


@drawn
def funnel(
    caption: Caption,
    labels: Sequence[str],
    sizes: Numbers,
    values: Numbers,
    *,
    centre: float,
    bounds: FunnelLimits,
    own: int | None = None,
    signals: Sequence[str] = (),
    better: str = "up",
) -> Figure | Box:
    """A rate by its denominator within 95 % and 99.8 % limits; the own point named, the rest grey.

    Without ``own`` (the county's view) the points with a signal are named.

    Parameters
    ----------
    sizes, values : array_like, shape (k,)
        Denominators and rates (0–1).
    centre, bounds
        The county's rate and the limits around it, computed by the caller.
    signals, better
        As in :func:`forest`.
    """
    n, rate = floats(sizes), floats(values)
    known = np.flatnonzero(np.isfinite(n) & np.isfinite(rate) & (n > 0)).tolist()
    if not known:
        return caption.nothing("没有可比较的数值，本图不画。")
    codes = np.array([signals[k] if k < len(signals) else "no_signal" for k in range(len(n))])
    grid = floats(bounds.n)
    curves = {name: floats(getattr(bounds, name)) for name in ("low998", "low95", "high95", "high998")}
    near = grid >= 0.8 * n[known].min()  # below the smallest unit the limits only fill the page
    y = limits(rate[known], *(curve[near] for curve in curves.values()), floor=0.0, ceil=1.0)
    widest = max(float(n[known].max()), float(grid.max()) if grid.size else 0.0)
    sheet = Sheet(86.0)
    frame = Frame(sheet, (11.0, 8.0, sheet.width - 37.0, 62.0), (0.0, widest * 1.03), y)
    _axes(frame, caption)
    _limits(frame, caption, grid, curves, centre)
    _points(frame, n, rate, known, codes, own, better)
    picked = [k for k in known if k == own or (own is None and codes[k] in {"high", "low"})][:_NAMED]
    _names(frame, labels, n, rate, known, picked)
    sheet.key(0, sheet.height - 3.5, _key(caption, own, codes, known, better))
    return caption.figure(sheet, **_words(caption, labels, n, rate, known, codes, centre, own))


def _axes(frame: Frame, caption: Caption) -> None:
    up, across = nice(*frame.y), nice(*frame.x, whole=True)
    title = f"{caption.subject}（{caption.unit}）"
    frame.y_axis(up, [number_text(100 * tick) for tick in up], title)
    frame.x_axis(across, [number_text(tick) for tick in across], f"分母（{caption.counted}）")


def _limits(frame: Frame, caption: Caption, grid: Floats, curves: dict[str, Floats], centre: float) -> None:
    """Limits as lines with their names at the right end; the exact ones step with the denominator."""
    frame.level(centre, MID, linewidth=0.8)
    ends = [(centre, f"{caption.county} {percent(centre, 1000)}")]
    for name, curve in curves.items():
        inner = name.endswith("95")
        dash: Any = (0, (3, 2)) if inner else "solid"
        curve = np.where((curve >= frame.y[0]) & (curve <= frame.y[1]), curve, np.nan)
        frame.path(grid, curve, MID if inner else INK, linewidth=0.6, linestyle=dash)
        if name.startswith("high") and np.isfinite(curve).any():
            ends.append((float(curve[np.isfinite(curve)][-1]), "95% 界限" if inner else "99.8% 界限"))
    wanted = [float(frame.py(value)) for value, _ in ends]
    for at, (_, text) in zip(spread(wanted, 3.4, frame.top, frame.bottom), ends):
        frame.sheet.text(frame.right + 1.5, at, text, 7, color=MID)


def _points(
    frame: Frame,
    n: Floats,
    rate: Floats,
    known: list[int],
    codes: npt.NDArray[Any],
    own: int | None,
    better: str,
) -> None:
    """Everyone grey; the own point, or in the county's view the signals, in mark and colour."""
    radius = 1.1 if len(known) <= _DENSE else 0.45
    for code in dict.fromkeys(codes[known]):
        at = [k for k in known if codes[k] == code]
        coloured = own is None and code in {"high", "low"}
        colour = signal_colour(code, better) if coloured else MID
        shape = SHAPES[code] if coloured else "circle"
        frame.marks(shape, n[at], rate[at], radius, face=colour if coloured else LIGHT, edge=colour)
    if own is not None and own in known:
        look = _own_look(str(codes[own]), better)
        frame.marks(look.pop("shape"), [n[own]], [rate[own]], 1.7, **look)


def _names(
    frame: Frame, labels: Sequence[str], n: Floats, rate: Floats, known: list[int], picked: Sequence[int]
) -> None:
    """Names beside their points, left or right, moved up or down until they cover nothing, with a leader."""
    x, y = frame.px(n), frame.py(rate)
    boxes = np.column_stack([x - 1.3, x + 1.3, y - 1.3, y + 1.3])[known]
    shifts = sorted((sign * 0.9 * step for step in range(40) for sign in (1, -1)), key=abs)
    for k in sorted(picked, key=lambda k: -rate[k]):
        width = text_mm(labels[k], 7.5)
        places = [
            (left, left + width, middle - 1.6, middle + 1.6)
            for shift in shifts
            for left in (x[k] + 4.0, x[k] - 4.0 - width)
            if frame.left < left
            and left + width < frame.right
            and frame.top < (middle := y[k] + shift) < frame.bottom
        ]
        own = next((place for place in places if not _covers(place, boxes)), places[0])
        boxes = np.vstack([boxes, own])
        left, right, top, bottom = own
        middle, side = (top + bottom) / 2, 1 if left > x[k] else -1
        frame.sheet.lines(
            [(x[k] + side * 1.6, y[k], left - 0.4 if side > 0 else right + 0.4, middle)], MID, linewidth=0.4
        )
        frame.sheet.text(left, middle, labels[k], 7.5)


def _covers(box: Sequence[float], others: Floats) -> bool:
    """Whether a box (left, right, top, bottom) shares a point with one of the others, shape (k, 4)."""
    left, right, top, bottom = others.T
    return bool(((box[0] < right) & (left < box[1]) & (box[2] < bottom) & (top < box[3])).any())


def _own_look(code: str, better: str) -> dict[str, Any]:
    """Mark of the own point: dark, in the colour and shape of its signal."""
    colour = signal_colour(code, better)
    colour = INK if colour == MID else colour
    return {
        "shape": SHAPES.get(code, "circle"),
        "face": PAPER if code.startswith("possible") else colour,
        "edge": colour,
    }


def _key(
    caption: Caption, own: int | None, codes: npt.NDArray[Any], known: list[int], better: str
) -> list[tuple[dict[str, Any], str]]:
    others: tuple[dict[str, Any], str] = ({"shape": "circle", "face": LIGHT, "edge": MID}, "其他单位")
    if own is not None:
        return [({**_own_look(str(codes[own]), better), "radius": 1.5}, caption.own), others]
    return [*signal_key([codes[k] for k in known if codes[k] in {"high", "low"}]), others]


def _words(
    caption: Caption,
    labels: Sequence[str],
    n: Floats,
    rate: Floats,
    known: list[int],
    codes: npt.NDArray[Any],
    centre: float,
    own: int | None,
) -> dict[str, Line]:
    county: Line = (f"{caption.county} ", caption.share("county", centre, 1000))
    signalled = [k for k in known if codes[k] in {"high", "low"}]
    if own is not None and own in known:
        parts: list[Line] = [
            (f"{caption.subject}：{labels[own]} ", caption.share("own", rate[own], n[own])),
            county,
            VS_COUNTY.get(codes[own], ""),
        ]
        title = joined([part for part in parts if part], "，", "")
    else:
        many = caption.fact("signal_n", len(signalled))
        title = (f"{caption.subject}：", many, " 个单位与全县差异显著，", *spans_of(county))
    inner, outer = caption.given("inner", 0.95, "95%"), caption.given("outer", 0.998, "99.8%")
    alt: list[Line] = [title, ("漏斗图，横轴为分母，纵轴为比例，画有 ", inner, " 与 ", outer, " 界限")]
    named = signalled[:_NAMED] if own is None else []  # as in the picture, the others are not named
    alt += [(labels[k] + " ", caption.share(f"row_{k}", rate[k], n[k])) for k in named]
    size: Line = ("n = ", caption.fact("n", len(known)), " 个单位")
    return {"title": title, "alt": joined(alt), "n": size}
