"""Tiny counties in memory: for tests, for worked examples, and to ask "what if this row were different?"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.store.county import County
from pbanalysis.store.frames import typed
from pbanalysis.store.schema import TABLES

__all__ = ["county_of"]

Rows = Iterable[Mapping[str, Any]]


def county_of(
    tables: Mapping[str, Rows | None], as_of: dt.date, *, code: str = "629901", name: str = "某县"
) -> County:
    """A county of the rows given, as if it had been imported.

    Parameters
    ----------
    tables
        Rows by table name; a table that is not named, or None, was not collected.
    as_of
        Cut-off.
    code, name
        The county's.

    Raises
    ------
    ValueError
        A cell is not of its column's kind or vocabulary: an example must be readable.

    Examples
    --------
    >>> county = county_of({"townships": [{"township_id": "629901100", "name": "甲镇", "kind": "镇"}]}, dt.date(2023, 12, 31))
    >>> county["甲镇"].id
    '629901100'
    """
    frames: dict[str, pd.DataFrame | None] = dict.fromkeys(TABLES)
    for table, rows in tables.items():
        if rows is None:
            continue
        cells = pd.DataFrame(
            [{column: _text(value) for column, value in row.items()} for row in rows],
            columns=TABLES[table].names,
            dtype="str",
        )
        frame, problems = typed(TABLES[table], cells)
        if problems:
            raise ValueError(f"{table}: {problems[0]}")
        frames[table] = frame
    return County(Path("in memory"), code, name, as_of, {}, frames)


def _text(value: Any) -> str:
    """A cell as a canonical CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ";".join(value) if isinstance(value, list | tuple) else str(value)
