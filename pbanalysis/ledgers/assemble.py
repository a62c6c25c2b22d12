"""The tables of the store: what stays, canonical rows, rows of ledgers, and what only the registry gives.

Ids made here are hashes of what the row is about (its township, branch, date, topic …) and a counter for
equal ones, so that the same ledger imported again, or with rows inserted, gives the same ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.headers import kinds
from pbanalysis.ledgers.keep import Earlier
from pbanalysis.ledgers.makers import Record, content_hash, filed_of, records_of
from pbanalysis.ledgers.result import DataRow, FileResult, Finding, SheetResult
from pbanalysis.ledgers.units import Registry, Township, Village, read_units
from pbanalysis.store.frames import DTYPES
from pbanalysis.store.schema import SOURCE_COLUMNS, TABLES

__all__ = ["assemble", "known_units", "township_of_ids"]


def known_units(
    units: Path | None, canonical: list[CanonicalFile], earlier: Earlier
) -> tuple[str, str, Registry, dict[str, pd.DataFrame]]:
    """County code and name, the registry of units, and the tables that only ``units`` gives."""
    code, name, towns = read_units(units) if units else ("", "", [])
    county = earlier.meta.get("county", {})
    frames = {n: _union(n, canonical, earlier) for n in ("townships", "villages", "organisations")}
    derived = _derived(towns) if units else {}
    known = {t.code: t for t in towns}
    villages = {t.code: {v.code: v for v in t.villages} for t in towns}
    if (listed := frames["villages"]) is not None:
        for town, village, called in listed[["township_id", "village_id", "name"]].itertuples(index=False):
            villages.setdefault(town, {}).setdefault(village, Village(village, called))
    if (listed := frames["townships"]) is not None:
        for town, called in listed[["township_id", "name"]].itertuples(index=False):
            known.setdefault(town, Township(town, called))
    townships = [
        Township(t.code, t.name, t.former_names, tuple(villages.get(t.code, {}).values()))
        for t in known.values()
    ]
    code = code or str(county.get("code") or "") or (townships[0].code[:6] if townships else "")
    name = name or str(county.get("name") or "")
    return code, name, Registry(name, townships, frames["organisations"]), derived


def _union(name: str, canonical: list[CanonicalFile], earlier: Earlier) -> pd.DataFrame | None:
    frames = [c.frame for c in canonical if c.table.name == name] + (
        [earlier.tables[name]] if name in earlier.tables else []
    )
    return pd.concat(frames).drop_duplicates(TABLES[name].key) if frames else None


def _derived(towns: list[Township]) -> dict[str, pd.DataFrame]:
    """Townships and villages as the registry alone gives them."""
    kinds = ("街道", "镇", "乡")
    townships = [
        {"township_id": t.code, "name": t.name, "kind": next((k for k in kinds if t.name.endswith(k)), "乡")}
        for t in towns
    ]
    villages = [
        {
            "village_id": v.code,
            "township_id": t.code,
            "name": v.name,
            "kind": "community" if v.name.endswith("社区") else "village",
        }
        for t in towns
        for v in t.villages
    ]
    return {"townships": frame("townships", townships), "villages": frame("villages", villages)}


def township_of_ids(registry: Registry) -> dict[str, str]:
    """Township of every organisation and village id."""
    towns = {v.code: t.code for t in registry.townships for v in t.villages}
    if registry.organisations is not None:
        towns |= dict(zip(registry.organisations["org_id"], registry.organisations["township_id"]))
    return towns


def assemble(
    canonical: Iterable[CanonicalFile],
    ledgers: Iterable[FileResult],
    earlier: Earlier,
    registry: Registry,
    derived: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, pd.DataFrame], dict[str, Counter[str]]]:
    """Tables of the store, and how many rows every new file gave to each."""
    domains = (
        dict(zip(registry.organisations["org_id"], registry.organisations["domain"]))
        if registry.organisations is not None
        else {}
    )
    counts: dict[str, Counter[str]] = {}
    parts: dict[str, list[pd.DataFrame]] = {n: [f] for n, f in earlier.tables.items()}
    for given in canonical:
        parts.setdefault(given.table.name, []).append(given.frame)
        counts.setdefault(given.file, Counter())[given.table.name] += len(given.frame)
    taken = {n: _taken(n, frames) for n, frames in parts.items()}
    made: dict[str, list[dict[str, Any]]] = {}
    ids: Counter[str] = Counter()
    for result in ledgers:
        counts.setdefault(result.file, Counter())
        for sheet in result.sheets:
            if sheet.layout is not None and sheet.layout.kind.table:
                made.setdefault(sheet.layout.kind.table, [])
            for table, entry, row in _rows_of(result, sheet, domains, ids):
                if _settled(table, entry, row, result, sheet, taken.setdefault(table, {})):
                    made[table].append(entry)
                    counts[result.file][table] += 1
    for table, records in made.items():
        parts.setdefault(table, []).append(frame(table, records))
    for table, listed in derived.items():
        parts.setdefault(table, []).append(listed)
    return {n: _joined(n, frames) for n, frames in parts.items()}, counts


_FILLED = frozenset(k.table for k in kinds().values())  # tables that ledgers fill
_SOURCE = tuple(c.name for c in SOURCE_COLUMNS)
Taken = dict[tuple[Any, ...], dict[str, Any]]


def _settled(
    table: str, entry: dict[str, Any], row: DataRow, result: FileResult, sheet: SheetResult, taken: Taken
) -> bool:
    """Whether a record enters its table: one that another file gives too is merged, one that contradicts it is not taken."""
    made_id = ID_COLUMNS.get(table)
    content = {k: v for k, v in entry.items() if k not in _SOURCE and k != made_id}
    key = (content_hash(*content.values()),) if made_id else tuple(entry.get(k) for k in TABLES[table].key)
    if key not in taken:
        taken[key] = entry
        return True
    before = taken[key]
    where = f"“{before['source_file']}”第 {before['source_row']} 行"
    if all(before.get(k) == v for k, v in content.items()) and before["source_file"] != result.file:
        message = f"这一行与{where}相同，合并为一条"
        found = Finding(
            "note", "merged_with_other_file", message, row=row.number, township_id=row.township_id
        )
        sheet.findings.append(found)
        return False
    if made_id:
        return True
    row.reject("key_conflict", f"与{where}是同一对象，内容不同，没有采用；请核对哪一条对")
    return False


def _taken(table: str, frames: list[pd.DataFrame]) -> Taken:
    """Rows that a table has already, by key; tables whose ids are made at import are compared among ledgers only."""
    if table in ID_COLUMNS or table not in _FILLED:
        return {}
    records = [{k: _as_made(v) for k, v in r.items()} for part in frames for r in part.to_dict("records")]
    return {tuple(r[k] for k in TABLES[table].key): r for r in records}


def _as_made(value: Any) -> Any:
    """A cell of a frame as a maker gives it."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value.date() if isinstance(value, pd.Timestamp) else value


def _joined(table: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """One frame in a stable order; of rows with one key the earlier part's stays."""
    filled = [f for f in frames if len(f)]
    if not filled:
        return frames[0] if frames else frame(table, [])
    return pd.concat(filled, ignore_index=True).drop_duplicates(TABLES[table].key, ignore_index=True)


# -- rows of ledgers as records -------------------------------------------------------------------


def _rows_of(
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
    layout, table = sheet.layout.kind.layout, sheet.layout.kind.table
    required = [c.name for c in TABLES[table].columns if not c.optional and not c.name.endswith("_id")]
    for filed in filed_of(sheet, domains):
        for record in records_of(filed, layout, table):
            missing = [name for name in required if record[name] is None]
            if missing == ["year"]:
                filed.row.code = "no_year"  # the row is sound; the sheet does not say which year it is
                break
            if missing:
                what = _WORDS.get(missing[0], missing[0])
                for row in filed.rows:
                    row.reject(f"missing_{missing[0]}", f"缺少必填内容（{what}），整行没有采用")
                break
            _identify(record, table, counters)
            source = (file.file, sheet.sheet.name or None, filed.row.number)
            yield table, record | dict(zip(_SOURCE, source)), filed.row


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
