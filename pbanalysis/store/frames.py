"""Canonical frames: text to typed columns, typed columns to Parquet and back.

In memory: text ``str``, dates ``datetime64[s]``, counts ``Int64``, numbers ``Float64``, flags
``boolean``, lists as Python lists. Missing is ``<NA>``/``NaT``; never 0, never an empty string.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pbanalysis.store.schema import SOURCE_COLUMNS, TABLES, Column, Kind, Table, arrow_schema

if TYPE_CHECKING:
    import pandera.pandas as pa_pandas
    import pyarrow as pa

__all__ = ["DTYPES", "Problem", "check", "empty", "from_arrow", "read_csv", "to_arrow", "typed", "write_csv"]

DTYPES: dict[Kind, str] = {
    "text": "str",
    "enum": "str",
    "date": "datetime64[s]",
    "int": "Int64",
    "number": "Float64",
    "bool": "boolean",
    "list": "object",
}


@dataclass(frozen=True)
class Problem:
    """A cell or row of a canonical table that does not fit its declaration; carries no cell value."""

    table: str
    row: int | None
    column: str | None
    code: str
    message: str


def empty(table: Table) -> pd.DataFrame:
    """A frame of the table's columns and types without rows."""
    return pd.DataFrame(
        {c.name: pd.Series([], dtype=DTYPES[c.kind]) for c in (*table.columns, *SOURCE_COLUMNS)}
    )


def typed(table: Table, text: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Typed columns from a frame of text; what cannot be read is empty and reported.

    Parameters
    ----------
    table
        Declaration of the columns.
    text
        Text columns, shape (rows, k); "" and NA are missing. Columns that are not declared are left out.

    Returns
    -------
    The typed frame, shape (rows, declared columns + source columns), and one :class:`Problem` a cell.
    """
    out: dict[str, pd.Series[Any]] = {}
    problems: list[Problem] = []
    for column in (*table.columns, *SOURCE_COLUMNS):
        if column.name not in text:
            out[column.name] = pd.Series([None] * len(text), dtype=DTYPES[column.kind], index=text.index)
            continue
        raw = text[column.name].astype("str").str.strip()
        raw = raw.mask(raw == "")
        values = _convert(column, raw)
        out[column.name] = values
        bad = raw.notna() & values.isna()
        if column.values:
            known = values.isna() | _in_vocabulary(column, values)
            bad |= ~known
            out[column.name] = values.where(known.astype(bool))
        problems += [
            Problem(
                table.name, int(row), column.name, "bad_value", f"“{column.name}”不是{_WORDS[column.kind]}"
            )
            for row in text.index[bad.astype(bool)]
        ]
    return pd.DataFrame(out, index=text.index), problems


_WORDS: dict[Kind, str] = {
    "text": "文字",
    "enum": "允许的取值",
    "date": "日期（YYYY-MM-DD）",
    "int": "整数",
    "number": "数字",
    "bool": "true 或 false",
    "list": "允许的取值（多个用分号隔开）",
}


def _in_vocabulary(column: Column, values: pd.Series[Any]) -> pd.Series[Any]:
    allowed = set(column.values)
    if column.kind == "list":
        return values.map(lambda v: isinstance(v, list) and set(v) <= allowed).astype(bool)
    return values.astype("str").isin(allowed)


def _convert(column: Column, raw: pd.Series[Any]) -> pd.Series[Any]:
    match column.kind:
        case "text" | "enum":
            return raw.astype("str")
        case "date":
            shaped = raw.where(raw.str.fullmatch(r"\d{4}-\d{2}-\d{2}").fillna(False))
            return pd.to_datetime(shaped, format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
        case "int":
            number = pd.to_numeric(raw, errors="coerce").astype("Float64")
            return number.where((number % 1 == 0).fillna(False)).astype("Int64")
        case "number":
            return pd.to_numeric(raw, errors="coerce").astype("Float64")
        case "bool":
            return raw.str.lower().map({"true": True, "false": False}).astype("boolean")
        case "list":
            return raw.map(
                lambda v: [p.strip() for p in v.split(";") if p.strip()], na_action="ignore"
            ).astype("object")


def read_csv(path: Path, table: Table) -> tuple[pd.DataFrame, list[Problem], list[str]]:
    """Read a canonical CSV (UTF-8, header row, ISO dates, empty = missing).

    Returns
    -------
    The typed frame indexed by the row number as a spreadsheet program shows it (header = 1), the
    problems found, and the names of columns that the table does not have.
    """
    text = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    text.index = pd.RangeIndex(2, len(text) + 2)
    unknown = [c for c in text.columns if c not in table.names and c not in {s.name for s in SOURCE_COLUMNS}]
    frame, problems = typed(table, text)
    return frame, problems, unknown


def write_csv(frame: pd.DataFrame, table: Table, path: Path) -> None:
    """Write a canonical CSV; the inverse of :func:`read_csv` without the source columns."""
    out = frame[table.names].copy()
    for column in table.columns:
        if column.kind == "list":
            out[column.name] = out[column.name].map(lambda v: ";".join(v), na_action="ignore")
        elif column.kind == "bool":
            out[column.name] = out[column.name].map({True: "true", False: "false"})
        elif column.kind == "date":
            out[column.name] = out[column.name].dt.strftime("%Y-%m-%d")
        elif column.kind == "number":
            out[column.name] = (
                out[column.name]
                .map(lambda v: int(v) if v % 1 == 0 else v, na_action="ignore")
                .astype("object")
            )
    out.to_csv(path, index=False, lineterminator="\n")


def to_arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    """Arrow table in the declared schema; undeclared columns are left out."""
    import pyarrow as pa

    schema = arrow_schema(table)
    full = frame.reindex(columns=schema.names)
    return pa.Table.from_pandas(full, schema=schema, preserve_index=False).replace_schema_metadata(None)


def from_arrow(data: pa.Table, table: Table) -> pd.DataFrame:
    """Typed frame of an Arrow table; columns are those of the declaration, in its order."""
    frame = data.to_pandas(date_as_object=False, types_mapper=_extension_types().get)
    columns = (*table.columns, *SOURCE_COLUMNS)
    for column in columns:
        kind = DTYPES[column.kind]
        if column.name not in frame:
            frame[column.name] = pd.Series([None] * len(frame), dtype=kind)
        elif column.kind == "list":
            frame[column.name] = frame[column.name].map(list, na_action="ignore")
        elif frame[column.name].dtype != kind:
            frame[column.name] = frame[column.name].astype(kind)
    names = [column.name for column in columns]
    return frame if list(frame.columns) == names else frame[names]


@cache
def _extension_types() -> dict[pa.DataType, pd.api.extensions.ExtensionDtype]:
    """What Arrow's types become at once, so that a column is not converted twice."""
    import pyarrow as pa

    return {pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype(), pa.bool_(): pd.BooleanDtype()}


@cache
def _pandera_schema(name: str) -> pa_pandas.DataFrameSchema:
    import pandera.pandas as pa

    def column(c: Column) -> pa.Column:
        checks = [pa.Check.isin(c.values)] if c.values and c.kind == "enum" else []
        if c.name.endswith("_n") or c.kind == "number":
            checks.append(pa.Check.ge(0))
        return pa.Column(None if c.kind == "list" else DTYPES[c.kind], checks, nullable=c.optional)

    table = TABLES[name]
    return pa.DataFrameSchema(
        {c.name: column(c) for c in table.columns}, unique=table.key or None, strict=False
    )


def check(frame: pd.DataFrame, table: Table) -> list[Problem]:
    """Hold a typed frame against the declaration: types, closed vocabularies, required cells, keys.

    Returns
    -------
    Problems by row label of ``frame``; never a cell value.
    """
    from pandera.errors import SchemaErrors

    try:
        _pandera_schema(table.name).validate(frame, lazy=True)
    except SchemaErrors as errors:
        return list(_problems(table, errors.failure_cases))
    return []


def _problems(table: Table, cases: pd.DataFrame) -> Iterable[Problem]:
    seen: set[tuple[Any, Any, str]] = set()
    for case in cases.itertuples():
        test = str(case.check)
        code = (
            "missing_value"
            if test == "not_nullable"
            else "duplicate_key"
            if "unique" in test
            else "out_of_range"
            if "greater_than" in test
            else "bad_value"
        )
        row = None if pd.isna(case.index) else int(case.index)
        column = None if code == "duplicate_key" else str(case.column)
        if (row, column, code) not in seen:
            seen.add((row, column, code))
            yield Problem(
                table.name, row, column, code, _MESSAGES[code].format(column=column or "、".join(table.key))
            )


_MESSAGES = {
    "missing_value": "“{column}”不能为空",
    "duplicate_key": "主键（{column}）重复",
    "out_of_range": "“{column}”不能是负数",
    "bad_value": "“{column}”的取值不在允许范围内",
}
