"""The drawing surface: millimetres from the top left corner, fixed margins, one pass to SVG.

matplotlib's object interface only: no pyplot, no backend is looked up, so a process that forks
children keeps its plotting state untouched. Text becomes paths: a picture needs no font where it
is opened. Ids are short and bear the picture's own prefix, so that many pictures share one page.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from html import escape
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from pbanalysis.exhibits.fonts import fonts, printable
from pbanalysis.exhibits.style import INK, RC, WIDTH_MM

__all__ = ["Sheet", "drawn", "em_mm", "key_mm", "shortened", "spread", "text_mm"]

P = ParamSpec("P")
R = TypeVar("R")

Points: TypeAlias = Sequence[Sequence[float]] | npt.NDArray[np.float64]
Shape: TypeAlias = tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]


def _polygon(*corners: tuple[float, float]) -> Shape:
    vertices = np.array([*corners, corners[0]], dtype=np.float64)
    return vertices, np.array([1, *[2] * (len(corners) - 1), 79], dtype=np.uint8)


def _strokes(*ends: tuple[float, float]) -> Shape:
    return np.array(ends, dtype=np.float64), np.tile(np.array([1, 2], dtype=np.uint8), len(ends) // 2)


def _circle() -> Shape:
    arc = Path.unit_circle()
    return np.array(arc.vertices, dtype=np.float64), np.array(arc.codes, dtype=np.uint8)


_MANY = 200  # marks from which on outlines would fill the page's bytes
# unit marks; y grows downwards
_SHAPES: dict[str, Shape] = {
    "circle": _circle(),
    "square": _polygon((-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)),
    "up": _polygon((0, -1.1), (1.05, 0.8), (-1.05, 0.8)),
    "down": _polygon((0, 1.1), (1.05, -0.8), (-1.05, -0.8)),
    "left": _polygon((-1.1, 0), (0.8, -1.05), (0.8, 1.05)),
    "diamond": _polygon((0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)),
    "cross": _strokes((-0.85, -0.85), (0.85, 0.85), (-0.85, 0.85), (0.85, -0.85)),
    "dash": _strokes((-0.8, 0), (0.8, 0)),
    "bar": _strokes((0, -1), (0, 1)),
}


def drawn(maker: Callable[P, R]) -> Callable[P, R]:
    """Run a figure maker under the drawing style; the caller's settings come back afterwards."""

    @wraps(maker)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with _style():
            return maker(*args, **kwargs)

    return wrapper


@contextmanager
def _style() -> Iterator[None]:
    with matplotlib.rc_context(cast(Any, dict(RC))):
        yield


@cache
def _font(size: float, file: str) -> FontProperties:
    """The font by its file: matplotlib's search by name costs more than drawing the text."""
    return FontProperties(fname=file, size=size)


def em_mm(size: float) -> float:
    """Width of a Chinese character of ``size`` points, in millimetres."""
    return size * 25.4 / 72


def text_mm(text: str, size: float) -> float:
    """Width of a line, in millimetres, by the font's own advances."""
    file = str(fonts().sans)
    return em_mm(size) * sum(_advance(ch, file) for ch in printable(text) if ch.isprintable())


@cache
def _advance(character: str, file: str) -> float:
    """Advance of a character in ems."""
    face = _face(file)
    return float(face.load_char(ord(character), LoadFlags.NO_SCALE).horiAdvance) / face.units_per_EM


@cache
def _face(file: str) -> FT2Font:
    return FT2Font(file)


# an open face reads its file as it goes, and forks would share one place in it (as in matplotlib's own cache)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_face.cache_clear)


def key_mm(text: str, size: float = 7.5) -> float:
    """Width of one item of a key: its mark, its text and the gap after it."""
    return 9.0 + text_mm(text, size)


def shortened(text: str, width: float, size: float) -> str:
    """The text, its middle left out where it is wider than ``width`` millimetres.

    Names of organisations differ at both ends: 「中共××县…村支部委员会」.
    """
    if text_mm(text, size) <= width:
        return text
    for keep in range(len(text) - 1, 1, -1):
        cut = text[: (keep + 1) // 2] + "…" + text[len(text) - keep // 2 :]
        if text_mm(cut, size) <= width:
            return cut
    return "…"


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near the wanted ones, at least ``gap`` apart and within ``low``–``high`` where they fit."""
    order = np.argsort(wanted, kind="stable")
    placed = np.asarray(wanted, dtype=float)[order]
    for k in range(1, len(placed)):
        placed[k] = max(placed[k], placed[k - 1] + gap)
    if len(placed):
        placed[-1] = min(placed[-1], high)
    for k in range(len(placed) - 2, -1, -1):
        placed[k] = min(placed[k], placed[k + 1] - gap)
    result = np.empty_like(placed)
    result[order] = np.maximum(placed, low + gap * np.arange(len(placed)))
    return [float(value) for value in result]


class Sheet:
    """A picture under construction; all lengths in millimetres, y downwards."""

    def __init__(self, height: float, width: float = WIDTH_MM) -> None:
        self.width, self.height = width, height
        self._canvas = Canvas(figsize=(width / 25.4, height / 25.4), dpi=72)
        self._agent: Any = FigureCanvasSVG(self._canvas)
        scale = Affine2D().scale(1 / 25.4, -1 / 25.4).translate(0, height / 25.4)
        self._mm = scale + self._canvas.dpi_scale_trans

    def text(self, x: float, y: float, text: str, size: float = 7.5, **style: Any) -> None:
        """Text at a point; right-aligned etc. by ``ha``, vertically centred unless ``va`` says otherwise."""
        style = {"ha": "left", "va": "center_baseline", "color": INK, **style}
        font = _font(size, str(fonts().sans))
        artist = Text(x, y - 0.03 * size, printable(text), fontproperties=font, transform=self._mm, **style)
        self._canvas.add_artist(artist)

    def path(self, path: Path, *, face: str = "none", edge: str = "none", **style: Any) -> None:
        """One path; many marks of a kind go into one (small and fast)."""
        patch = PathPatch(path, facecolor=face, edgecolor=edge, transform=self._mm, **style)
        patch.set_clip_on(False)
        self._canvas.add_artist(patch)

    def rects(self, boxes: Points, **style: Any) -> None:
        """Rectangles ``(left, top, width, height)``."""
        if len(boxes):
            corner = np.asarray(boxes, dtype=float)
            unit = np.array([(0.0, 0.0), (1, 0), (1, 1), (0, 1), (0, 0)])
            vertices = corner[:, None, :2] + unit[None] * corner[:, None, 2:]
            codes = np.tile(np.array([1, 2, 2, 2, 79], dtype=np.uint8), len(corner))
            self.path(Path(vertices.reshape(-1, 2), codes), **{"linewidth": 0.5, **style})

    def lines(self, segments: Points, colour: str = INK, **style: Any) -> None:
        """Straight lines ``(x0, y0, x1, y1)``."""
        if len(segments):
            vertices = np.asarray(segments, dtype=float).reshape(-1, 2)
            codes = np.tile(np.array([1, 2], dtype=np.uint8), len(segments))
            self.path(Path(vertices, codes), edge=colour, **{"linewidth": 0.6, **style})

    def marks(self, shape: str, points: Points, radius: float = 1.0, **style: Any) -> None:
        """Marks of one shape at the points."""
        if shape == "circle" and len(points) > _MANY and style.get("face", "none") != "none":
            self._dots(points, radius, **style)
        elif len(points):
            form, codes = _SHAPES[shape]
            vertices = np.asarray(points, dtype=float)[:, None, :] + form[None] * radius
            path = Path(vertices.reshape(-1, 2), np.tile(codes, len(points)))
            self.path(path, **{"linewidth": 0.8, **style})

    def _dots(
        self, points: Points, radius: float, *, face: str, edge: str = "none", linewidth: float = 0.8
    ) -> None:
        """Circles as dots of a round pen, rims first: a tenth of the bytes of as many outlines."""
        at = np.asarray(points, dtype=float)
        ends = np.stack([at, at + np.array([0.01, 0.0])], axis=1).reshape(-1, 2)
        path = Path(ends, np.tile(np.array([1, 2], dtype=np.uint8), len(at)))
        path.should_simplify = False  # it would leave out strokes as short as these
        pen = 2 * radius / 25.4 * 72
        rimmed = [(edge, pen + linewidth), (face, pen - linewidth)]
        for colour, width in rimmed if edge != "none" else [(face, pen)]:
            self.path(path, edge=colour, linewidth=width, capstyle="round")

    def key(
        self, x: float, y: float, items: Sequence[tuple[dict[str, Any], str]], size: float = 7.5
    ) -> float:
        """Marks with their meaning in rows from (x, y) on; returns the y below the last row."""
        left = x
        for mark, text in items:
            width = key_mm(text, size)
            if left > x and left + width > self.width:
                left, y = x, y + 4.4
            self._sample(left + 1.8, y, dict(mark))
            self.text(left + 4.6, y, text, size)
            left += width
        return y + 4.4

    def _sample(self, x: float, y: float, mark: dict[str, Any]) -> None:
        shape = mark.pop("shape")
        if shape == "box":
            self.rects([(x - 1.8, y - 1.2, 3.6, 2.4)], **mark)
        else:
            self.marks(shape, [(x, y)], **mark)

    def svg(self, name: str, alt: str) -> str:
        """The finished picture: reproducible, self-contained, its alt text on the root element."""
        raw = io.BytesIO()
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        self._agent.print_svg(raw, metadata=metadata)
        return _finished(raw.getvalue().decode("utf-8"), name, alt, (self.width, self.height))


_PROLOGUE = re.compile(r"\A.*?(?=<svg)", re.S)
_UNUSED = re.compile(r"<!--.*?-->|<defs>\s*<style.*?</defs>", re.S)
_SPACE = re.compile(r"\s*\n\s*")
_DECIMALS = re.compile(r"(scale\([^)]*\))|(\.\d\d)\d+")  # a hundredth of a point is 0.004 mm
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^")]*)')
_NAME = re.compile(r'(url\(#|href="#| id=")([^")]*)')
_ROOT = re.compile(r"<svg[^>]*>")


def _finished(svg: str, name: str, alt: str, size: tuple[float, float]) -> str:
    """Drop what nothing refers to, join lines, give the ids that are used a prefix of the picture's own."""
    svg = _SPACE.sub(" ", _UNUSED.sub("", _PROLOGUE.sub("", svg, count=1)))
    svg = _DECIMALS.sub(lambda match: match.group(1) or match.group(2), svg)
    svg = svg.replace("> <", "><").replace(' z "', 'z"').strip()
    used = {old: f"{k:x}" for k, old in enumerate(dict.fromkeys(_REFERENCE.findall(svg)))}
    svg = _ID.sub(lambda match: match.group() if match.group(1) in used else "", svg).replace("<g></g>", "")
    prefix = "p" + hashlib.sha256(f"{name}\0{alt}\0{svg}".encode()).hexdigest()[:10]
    svg = _NAME.sub(lambda match: f"{match.group(1)}{prefix}-{used[match.group(2)]}", svg)
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    box = f"0 0 {size[0] / 25.4 * 72:.2f} {size[1] / 25.4 * 72:.2f}"
    root = (
        f'<svg {spaces} role="img" aria-label="{escape(alt)}" width="{size[0]:g}mm" height="{size[1]:g}mm" '
        f'viewBox="{box}" stroke-linejoin="round" stroke-linecap="butt">'
    )
    return _ROOT.sub(lambda _: root, svg, count=1)
