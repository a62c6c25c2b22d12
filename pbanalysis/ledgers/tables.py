"""Accepted rows of a ledger, as rows of the canonical tables.

Ids made here are hashes of what the row is about (its township, branch, date, topic …) and a counter for
equal ones, so that the same ledger imported again, or with rows inserted, gives the same ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pandas as pd

from pbanalysis.ledgers.makers import MAKERS, Record, content_hash, issue_blocks, number_terms
from pbanalysis.ledgers.result import DataRow, FileResult, SheetResult
from pbanalysis.store.frames import DTYPES
from pbanalysis.store.schema import SOURCE_COLUMNS, TABLES

__all__ = ["ID_COLUMNS", "frame", "rows_of"]


def rows_of(
    file: FileResult, sheet: SheetResult, domains: Mapping[str, str], counters: Counter[str]
) -> Iterator[tuple[str, Record, DataRow]]:
    """(table, record, data row) for the accepted rows of a sheet.

    Parameters
    ----------
    domains
        Domain of every organisation, for what a ledger leaves to its register (两新组织).
    counters
        How often an id was made already, over all files of the import.

    Notes
    -----
    A record that lacks what its table requires rejects its row; where only the year is unknown the row stays,
    and the sheet's finding says what it waits for.
    """
    if sheet.layout is None or not sheet.layout.kind.table:
        return
    layout = sheet.layout.kind.layout
    maker = MAKERS[layout]
    groups = (
        issue_blocks(sheet)
        if layout == "issues"
        else [[r] for r in sheet.rows if r.disposition == "accepted"]
    )
    if layout == "elections":
        number_terms(sheet)
    for group in groups:
        first = group[0]
        for record in maker(group, sheet, domains):
            missing = [
                c.name
                for c in TABLES[sheet.layout.kind.table].columns
                if not c.optional and record.get(c.name) is None and not c.name.endswith("_id")
            ]
            if missing == ["year"]:
                first.code = "no_year"  # the row is sound; the sheet does not say which year it is
                break
            if missing:
                what = _WORDS.get(missing[0], missing[0])
                for row in group:
                    row.reject(f"missing_{missing[0]}", f"缺少必填内容（{what}），整行没有采用")
                break
            _identify(record, sheet.layout.kind.table, counters)
            record |= {
                "source_file": file.file,
                "source_sheet": sheet.sheet.name or None,
                "source_row": first.number,
            }
            yield sheet.layout.kind.table, record, first


_WORDS = {
    "held_on": "会议时间",
    "start_on": "开始时间",
    "expires_on": "届满时间",
    "term_years": "任期年限",
    "listed_on": "列入时间",
    "as_of": "统计日期",
    "members_n": "党员总数",
    "full_members_n": "正式党员数",
    "probationary_n": "预备党员数",
    "year": "年度",
    "n": "人数",
}


# -- ids and frames -------------------------------------------------------------------------------

# table -> (id column, first letter, columns that say what the row is about)
_IDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "meetings": ("meeting_id", "M", ("org_id", "held_on", "types", "topic")),
    "trainings": ("training_id", "T", ("township_id", "org_id", "start_on", "level", "kind")),
    "issues": ("issue_id", "I", ("township_id", "org_id", "found_on", "category", "problem")),
}
ID_COLUMNS = {table: column for table, (column, _, _) in _IDS.items()}


def _identify(record: Record, table: str, counters: Counter[str]) -> None:
    if table not in _IDS:
        return
    column, letter, about = _IDS[table]
    digest = content_hash(*(record.get(n) for n in about))
    counters[digest] += 1
    record[column] = f"{letter}{digest}" + (f"-{counters[digest]}" if counters[digest] > 1 else "")


def frame(table: str, records: list[Record]) -> pd.DataFrame:
    """Typed frame of canonical records."""
    declared = (*TABLES[table].columns, *SOURCE_COLUMNS)
    return pd.DataFrame(
        {c.name: pd.Series([r.get(c.name) for r in records], dtype=DTYPES[c.kind]) for c in declared}
    )
