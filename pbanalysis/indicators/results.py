"""The county's results: one row per indicator and unit, as contract/results.md lays down."""

from __future__ import annotations

import datetime as dt
import html
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.terms import STATES, VS_COUNTY

__all__ = ["COLUMNS", "Result", "Results"]

_TEXT = (
    "indicator_id",
    "unit_level",
    "unit_id",
    "period",
    "as_of",
    "ci_method",
    "direction",
    "state",
    "vs_county",
    "rule_version",
)
_NUMBERS = ("numerator", "denominator", "value", "ci_low", "ci_high", "target")
_LEFT_OUT = ("n_not_due", "n_na", "n_unknown")
COLUMNS = (
    "indicator_id",
    "unit_level",
    "unit_id",
    "period",
    "as_of",
    "numerator",
    "denominator",
    "value",
    "ci_low",
    "ci_high",
    "ci_method",
    "n_not_due",
    "n_na",
    "n_unknown",
    "target",
    "direction",
    "state",
    "vs_county",
    "rule_version",
)


@dataclass(frozen=True)
class Result:
    """One row; None = empty."""

    indicator_id: str
    unit_level: str
    unit_id: str
    period: str
    as_of: str
    numerator: float | None
    denominator: float | None
    value: float | None
    ci_low: float | None
    ci_high: float | None
    ci_method: str | None
    n_not_due: int | None
    n_na: int | None
    n_unknown: int | None
    target: float | None
    direction: str
    state: str
    vs_county: str
    rule_version: str


@dataclass(frozen=True, eq=False)
class Results:
    """Every number of a run, unsuppressed, for the county office.

    Attributes
    ----------
    frame
        One row per indicator × unit, columns :data:`COLUMNS`; missing = NA, text missing = "".
    rows
        How many source rows were counted for each row of the frame; no part of the contract and not
        written, so None where results were read back.
    """

    frame: pd.DataFrame = field(repr=False)
    rows: pd.Series[int] | None = field(default=None, repr=False)

    @property
    def period(self) -> str:
        """Period of the run."""
        return str(self.frame["period"].iloc[0])

    @property
    def as_of(self) -> dt.date:
        """Cut-off of the run."""
        return dt.date.fromisoformat(self.frame["as_of"].iloc[0])

    @cached_property
    def _rows(self) -> dict[tuple[str, str], Result]:
        records = self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")
        return {
            (r["indicator_id"], r["unit_id"]): Result(**{**r, "ci_method": r["ci_method"] or None})
            for r in records
        }

    def get(self, indicator_id: str, unit_id: str) -> Result:
        """The row of an indicator and unit; a :class:`PbError` when there is none."""
        row = self._rows.get((indicator_id, unit_id))
        if row is None:
            names = [i for i, unit in self._rows if unit == unit_id]
            raise PbError(
                Code.UNKNOWN_NAME,
                "没有这个单位的这一指标",
                where="results",
                got=f"{indicator_id} / {unit_id}",
                fix=near_names(indicator_id, names),
            )
        return row

    def unit(self, unit_id: str) -> list[Result]:
        """All rows of a township or of the county, in official order."""
        return [row for (_, unit), row in self._rows.items() if unit == unit_id]

    def __iter__(self) -> Iterator[Result]:
        return iter(self._rows.values())

    def to_frame(self) -> pd.DataFrame:
        """A copy of the frame."""
        return self.frame.copy()

    def write(self, folder: str | Path) -> list[Path]:
        """Write ``results.csv`` and ``results.parquet``, each whole or not at all.

        Returns
        -------
        The two paths.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = self._as_text().to_csv(index=False, lineterminator="\n")
            return [
                _replace(folder / "results.csv", lambda path: path.write_text(text, encoding="utf-8")),
                _replace(folder / "results.parquet", lambda path: self.frame.to_parquet(path, index=False)),
            ]
        except OSError as error:
            raise PbError(
                Code.OUTPUT_FAILED,
                "结果写不进去",
                where=folder.name,
                got=error.strerror or "",
                fix="请关闭正在打开的 results.csv，检查磁盘空间和写入权限后重试",
            ) from error

    def _as_text(self) -> pd.DataFrame:
        shown = {
            name: self.frame[name].map(_digits, na_action="ignore").astype("object") for name in _NUMBERS
        }
        return self.frame.assign(**shown)

    @classmethod
    def read(cls, path: str | Path) -> Results:
        """Read what :meth:`write` wrote: the folder, or the CSV file itself."""
        path = Path(path)
        path = path / "results.csv" if path.is_dir() else path
        if not path.exists():
            raise PbError(
                Code.STORE_MISSING,
                "没有评估结果",
                where=path.name,
                fix="请先运行 pbanalysis evaluate 或 report",
            )
        frame = pd.read_csv(path, dtype="str", keep_default_na=False)
        numbers = {name: pd.to_numeric(frame[name]).astype("Float64") for name in _NUMBERS}
        counts = {name: pd.to_numeric(frame[name]).astype("Int64") for name in _LEFT_OUT}
        return cls(frame.assign(**numbers, **counts)[list(COLUMNS)])

    def __repr__(self) -> str:
        return f"<Results {self.period}, as of {self.as_of}: {len(self.frame)} rows, unsuppressed>"

    def _repr_html_(self) -> str:
        county = self.frame[self.frame["unit_level"] == "county"]
        rows = "".join(
            f"<tr><td>{html.escape(r.indicator_id)}</td><td>{_pair(r)}</td><td>{STATES[r.state]}</td></tr>"
            for r in county.itertuples()
        )
        return (
            f"<p>{self.period}　截止 {self.as_of}　{len(self.frame)} 行；以下为全县</p>"
            f"<table><tr><th>指标</th><th>分子/分母</th><th>状态</th></tr>{rows}</table>"
        )


def _pair(row: Any) -> str:
    parts = [_digits(part) for part in (row.numerator, row.denominator) if pd.notna(part)]
    return "/".join(parts)


def _digits(value: float) -> str:
    """Whole numbers as such, others with 12 digits."""
    return str(int(value)) if value == int(value) else f"{value:.12g}"


def _replace(path: Path, write: Any) -> Path:
    beside = path.with_name(f".{path.name}.writing-{os.getpid()}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return path


assert set(COLUMNS) == {*_TEXT, *_NUMBERS, *_LEFT_OUT}
assert {"high", "low"} <= VS_COUNTY.keys()
