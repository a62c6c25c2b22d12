"""Rows of a table for a notebook: organisations' rows as a frame, rows of persons only through a guard."""

from __future__ import annotations

import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.privacy.persons import PERSON_COLUMNS, PersonRows
from pbanalysis.store.county import County, Township
from pbanalysis.store.schema import TABLES

__all__ = ["rows"]

# free text may say anything: it stays in the ledger it came from
_FREE_TEXT = ("minutes", "topic", "problem", "measure")


def rows(unit: County | Township, table: str) -> pd.DataFrame | PersonRows:
    """A county's or township's rows of a canonical table, with the township's name.

    Returns
    -------
    A copy without free text. Tables of one row a person (tests, admissions, audits of files,
    follow-ups) come as :class:`~pbanalysis.privacy.persons.PersonRows`, which counts and averages by
    organisation and does nothing else.

    Examples
    --------
    >>> pb.rows(county.township("城关镇"), "issues")  # doctest: +SKIP
    >>> pb.rows(county, "test_scores").mean("score", by="org_id")  # doctest: +SKIP
    """
    frame = unit.table(table)
    if frame is None:
        raise PbError(
            Code.UNKNOWN_NAME,
            f"数据仓没有收集“{TABLES[table].title}”",
            where="table",
            got=table,
            fix="请先导入这类台账",
        )
    if PERSON_COLUMNS & set(frame):
        return PersonRows(frame)
    return frame.drop(columns=[name for name in _FREE_TEXT if name in frame]).copy()
