"""Pictures of a page share their letters.

Each picture carries the outlines of the characters it prints. On one page most of them recur, so each
outline is kept once, in relative whole numbers on an em of about 800 units (1/100 pt in print): the
page looks the same and is half the size.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["shared"]

_FINE = 8  # matplotlib's 6400 units an em, divided by this
_GLYPH = re.compile(r'<path id="([^"]+)" d="([^"]+)" transform="scale\(0\.015625\)"/>')
_USE = re.compile(r'<use xlink:href="#([^"]+)"(?: transform="translate\((-?[\d.]+) 0\)")?/>')
_TOKEN = re.compile(r"([MLQCz])|(-?\d+(?:\.\d+)?)")


def shared(page: str) -> str:
    """The page with every outline defined once, where it is first used, under a short name."""
    first: dict[str, str] = {}
    same: dict[str, str] = {}

    def keep(found: re.Match[str]) -> str:
        name, outline = found.groups()
        known = outline in first
        same[name] = first.setdefault(outline, f"g{len(first):x}")
        if known:
            return ""
        return f'<path id="{same[name]}" d="{_compact(outline)}" transform="scale({0.015625 * _FINE:g})"/>'

    def point(found: re.Match[str]) -> str:
        name, across = found.groups()
        if name not in same:
            return found[0]
        return f'<use href="#{same[name]}" x="{across}"/>' if across else f'<use href="#{same[name]}"/>'

    return _USE.sub(point, _GLYPH.sub(keep, page).replace("<defs></defs>", ""))


@cache
def _compact(outline: str) -> str:
    """The outline in relative whole numbers; positions are rounded, not steps, so errors do not add up."""
    out: list[str] = []
    command, pending = "", [0.0]
    x = y = start_x = start_y = 0
    for letter, number in _TOKEN.findall(outline):
        if letter == "z":
            out.append("z")
            x, y = start_x, start_y
        elif letter:
            command, pending = letter, []
        else:
            pending.append(round(float(number) / _FINE))
        if not letter and len(pending) == _ARGUMENTS[command]:
            steps = [int(value) - (y if k % 2 else x) for k, value in enumerate(pending)]
            x, y = int(pending[-2]), int(pending[-1])
            if command == "M":
                start_x, start_y = x, y
            out.append(_step(command, steps))
            pending = []
    return "".join(out)


_ARGUMENTS = {"M": 2, "L": 2, "Q": 4, "C": 6}


def _step(command: str, steps: list[int]) -> str:
    if command == "L" and 0 in steps:
        return f"v{steps[1]}" if steps[0] == 0 else f"h{steps[0]}"
    return command.lower() + " ".join(map(str, steps)).replace(" -", "-")
