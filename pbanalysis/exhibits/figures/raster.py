"""A drawn picture as PNG, for Word: the SVG is rasterised by the engine that sets the PDF.

Nothing is drawn twice, and the picture in Word is the picture in the PDF. Drawing again with
matplotlib's raster backend costs three times as much (docs/adr/0040-figures.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["pngs_of"]

_PAGES = """#let pictures = json(bytes(sys.inputs.pictures))
#for (svg, width, height) in pictures {
  page(width: width * 1mm, height: height * 1mm, margin: 0mm, image(bytes(svg), format: "svg", width: 100%))
}
"""


def pngs_of(pictures: Sequence[tuple[str, tuple[float, float]]], dpi: float = 220) -> list[bytes]:
    """PNG bytes of several pictures in one run of the engine.

    Parameters
    ----------
    pictures
        SVG text and (width, height) in millimetres, as a figure block holds them.
    dpi
        Dots per inch at the figure's own size.
    """
    if not pictures:
        return []
    import typst

    given = json.dumps([(svg, *size) for svg, size in pictures])
    pages = typst.compile(
        _PAGES.encode(), format="png", ppi=dpi, sys_inputs={"pictures": given}, ignore_system_fonts=True
    )
    return [pages] if isinstance(pages, bytes) else list(pages)
