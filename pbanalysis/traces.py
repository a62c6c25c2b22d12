"""Where an error happened, for whoever mends it: places in the program and no value of the data.

Neither an error's message nor a variable is written down, for either may be personal.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib.metadata import version

__all__ = ["cell_places", "trace"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HEADING = re.compile(r"([A-Z]\w*) +Traceback \(most recent call last\)", re.ASCII)
_PLACE = re.compile(
    r"\s*((?:Cell In\[\d+\], line|File .+?\.(?:py|pyx|pxi):) ?\d+(?:, in \w[\w.]*)?)", re.ASCII
)


def trace(error: BaseException) -> str:
    """Types and places of an error and of those that led to it, and the versions that ran."""
    parts = [f"pbanalysis {version('pbanalysis')}, Python {sys.version.split()[0]}, {sys.platform}\n"]
    cause: BaseException | None = error
    while cause is not None:
        parts += [f"{type(cause).__name__}\n", *traceback.format_tb(cause.__traceback__)]
        cell = getattr(cause, "traceback", None)  # papermill's: what the kernel said of the cell
        if isinstance(cell, list):
            parts += [f"  {place}\n" for place in cell_places(cell)]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "".join(parts)


def cell_places(lines: Iterable[str]) -> Iterator[str]:
    """Types and places of a traceback as IPython prints it.

    >>> list(cell_places(["KeyError    Traceback (most recent call last)",
    ...     "Cell In[2], line 3, in f(a)\\n      2 def f(a):\\n----> 3     return names[a]", "KeyError: '张三'"]))
    ['KeyError', 'Cell In[2], line 3, in f']
    """
    for line in _COLOUR.sub("", "\n".join(lines)).splitlines():
        if found := _HEADING.match(line) or _PLACE.match(line):
            yield found[1]
