"""A pair of scales on a sheet: ticks, rules, lines, steps and bands, each drawn as one path.

matplotlib's own axes cost five times as much as everything else in a small picture and place their
labels themselves; here the frame has exactly the place it is given (docs/adr/0040-figures.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from pbanalysis.exhibits.figures.sheet import Sheet, text_mm
from pbanalysis.exhibits.style import INK, PALE

__all__ = ["Frame", "limits", "nice", "staircase", "thinned"]

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]


def nice(low: float, high: float, most: int = 6, whole: bool = False) -> Floats:
    """Round tick values within ``low``–``high``."""
    locator: Any = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=whole)
    ticks = np.asarray(locator.tick_values(low, high), dtype=np.float64)
    room = 1e-9 * max(high - low, 1e-12)
    return ticks[(ticks >= low - room) & (ticks <= high + room)]


def limits(*values: npt.ArrayLike, pad: float = 0.06, floor: float = -np.inf, ceil: float = np.inf) -> Range:
    """Range of all finite values, padded, kept within ``floor`` and ``ceil``, never of zero width."""
    known = np.concatenate([np.ravel(np.asarray(value, dtype=float)) for value in values])
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    width = (high - low) or abs(high) or 1.0
    low, high = max(low - pad * width, floor), min(high + pad * width, ceil)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def thinned(labels: Sequence[str], step_mm: float, size: float) -> list[int]:
    """Positions of the labels that fit side by side at a distance of ``step_mm``, evenly chosen."""
    if not labels:
        return []
    widest = max(text_mm(label, size) for label in labels) + 1.5
    every = max(1, int(np.ceil(widest / max(step_mm, 1e-6))))
    return list(range(0, len(labels), every))


class Frame:
    """Linear scales over a rectangle of the sheet: ``px``/``py`` turn values into millimetres."""

    def __init__(self, sheet: Sheet, place: tuple[float, float, float, float], x: Range, y: Range) -> None:
        self.sheet = sheet
        self.left, self.top, self.width, self.height = place
        self.right, self.bottom = self.left + self.width, self.top + self.height
        self.x, self.y = x, y

    def px(self, value: npt.ArrayLike) -> Floats:
        """Millimetres from the left of the sheet."""
        share = (np.asarray(value, dtype=float) - self.x[0]) / (self.x[1] - self.x[0])
        return np.asarray(self.left + self.width * share)

    def py(self, value: npt.ArrayLike) -> Floats:
        """Millimetres from the top of the sheet; larger values stand higher."""
        share = (np.asarray(value, dtype=float) - self.y[0]) / (self.y[1] - self.y[0])
        return np.asarray(self.bottom - self.height * share)

    def x_axis(self, ticks: Sequence[float] | Floats, labels: Sequence[str], title: str = "") -> None:
        """Line, ticks, labels and title below; the title carries the unit."""
        at = self.px(ticks)
        self.sheet.lines([(self.left, self.bottom, self.right, self.bottom)])
        self.sheet.lines([(x, self.bottom, x, self.bottom + 0.8) for x in at])
        for x, label in zip(at, labels):
            self.sheet.text(float(x), self.bottom + 3.0, label, 7, ha="center")
        if title:
            self.sheet.text(self.right, self.bottom + 7.2, title, 7.5, ha="right")

    def y_axis(self, ticks: Sequence[float] | Floats, labels: Sequence[str], title: str = "") -> None:
        """Pale rules instead of a line, labels at the left, the title above (read without turning the page)."""
        at = self.py(ticks)
        self.sheet.lines([(self.left, y, self.right, y) for y in at], PALE)
        for y, label in zip(at, labels):
            self.sheet.text(self.left - 1.2, float(y), label, 7, ha="right")
        if title:
            self.sheet.text(0, 3.0, title, 7.5)

    def path(self, xs: npt.ArrayLike, ys: npt.ArrayLike, colour: str = INK, **style: Any) -> None:
        """A line through the points; a missing value makes a gap."""
        points = np.column_stack([self.px(xs), self.py(ys)])
        known = np.isfinite(points[:, 0]) & np.isfinite(points[:, 1])
        if known.any():
            begins = np.concatenate([[True], ~known[:-1]])[known]
            codes = np.where(begins, Path.MOVETO, Path.LINETO).astype(Path.code_type)
            self.sheet.path(Path(points[known], codes), edge=colour, **{"linewidth": 1.2, **style})

    def steps(self, xs: npt.ArrayLike, ys: npt.ArrayLike, colour: str = INK, **style: Any) -> None:
        """A step function that keeps each value until the next x."""
        self.path(*staircase(xs, ys), colour, **style)

    def band(
        self, xs: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, face: str = PALE, **style: Any
    ) -> None:
        """The area between two step functions, where both are known."""
        x, bottom = staircase(xs, low)
        _, top = staircase(xs, high)
        known = np.isfinite(bottom) & np.isfinite(top)
        if known.any():
            x, bottom, top = x[known], bottom[known], top[known]
            outline = np.column_stack(
                [self.px(np.concatenate([x, x[::-1]])), self.py(np.concatenate([bottom, top[::-1]]))]
            )
            self.sheet.path(Path(outline, closed=False), face=face, **style)

    def marks(
        self, shape: str, xs: npt.ArrayLike, ys: npt.ArrayLike, radius: float = 1.0, **style: Any
    ) -> None:
        """Marks at the points that are known."""
        points = np.column_stack([self.px(xs), self.py(ys)])
        self.sheet.marks(shape, points[np.isfinite(points).all(axis=1)], radius, **style)

    def level(self, value: float, colour: str = INK, **style: Any) -> None:
        """A horizontal rule at a value of y."""
        y = float(self.py(value))
        self.sheet.lines([(self.left, y, self.right, y)], colour, **style)


def staircase(xs: npt.ArrayLike, ys: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Corner points of the step function that keeps each y until the next x."""
    x, y = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
