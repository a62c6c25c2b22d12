"""Marks, colours and the drawing style: grey by default, colour only on a signal, shape beside it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["STATE_MARKS", "VS_COUNTY_MARKS"]

# every mark is a GBK character, so that the office fonts of a county have it
STATE_MARKS: Mapping[str, str] = {
    "met": "√",
    "not_met": "×",
    "not_due": "◇",
    "na": "—",
    "unknown": "？",
    "info": "※",
    "suppressed": "□",
}
VS_COUNTY_MARKS: Mapping[str, str] = {
    "not_compared": "□",
    "no_signal": "○",
    "possible_high": "△",
    "possible_low": "▽",
    "high": "▲",
    "low": "▼",
}
