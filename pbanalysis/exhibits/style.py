"""Marks, colours and the drawing style: grey by default, colour only on a signal, shape beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "BAD",
    "GOOD",
    "HATCH",
    "INK",
    "LIGHT",
    "MID",
    "PALE",
    "RC",
    "ROWS_MM",
    "STATE_MARKS",
    "VS_COUNTY_MARKS",
    "WIDTH_MM",
    "signal_colour",
]

# every mark is a GBK character, so that the office fonts of a county have it; □ 样本过小 is not ■ 不予公布
STATE_MARKS: Mapping[str, str] = {
    "met": "√",
    "not_met": "×",
    "not_due": "◇",
    "na": "—",
    "unknown": "？",
    "info": "※",
    "suppressed": "■",
}
VS_COUNTY_MARKS: Mapping[str, str] = {
    "not_compared": "□",
    "no_signal": "○",
    "possible_high": "△",
    "possible_low": "▽",
    "high": "▲",
    "low": "▼",
}

# greys keep 15 points of lightness between each other; the two signals differ from them and from
# each other on a photocopy (blue is dark, orange is middle)
INK, MID, LIGHT, PALE, PAPER = "#222222", "#808080", "#bdbdbd", "#e6e6e6", "#ffffff"
GOOD, BAD = "#1f4e9c", "#d9660d"
HATCH = "/////"

WIDTH_MM = 156.0  # the text area of A4 after GB/T 9704 is 156 × 225 mm
ROWS_MM = 176.0  # what rows may take of it, so that axes, key and caption fit on the same page

RC: Mapping[str, Any] = {
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "hatch.color": MID,
    "hatch.linewidth": 0.5,
    "path.simplify": False,
    "path.sketch": None,
    "savefig.bbox": None,
    "svg.fonttype": "path",
    "svg.hashsalt": "pbanalysis",
    "text.usetex": False,
    "text.parse_math": False,
}


def signal_colour(code: str, better: str) -> str:
    """Colour of a comparison with the county: grey unless it is a signal, blue good, orange bad.

    Parameters
    ----------
    code
        A value of ``vs_county``.
    better
        ``up``, ``down`` or ``none``: in the last case a signal is dark, not judged.

    Examples
    --------
    >>> signal_colour("high", "up") == GOOD, signal_colour("low", "up") == BAD
    (True, True)
    >>> signal_colour("possible_low", "up") == MID
    True
    """
    if code not in {"high", "low"}:
        return MID
    if better == "none":
        return INK
    return GOOD if (code == "high") == (better == "up") else BAD
