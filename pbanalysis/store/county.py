"""What a notebook reads: a county's store, and one township's rows of it."""

from __future__ import annotations

import datetime as dt
import html
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pbanalysis.calendar import as_date
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.store.frames import from_arrow
from pbanalysis.store.schema import TABLES

if TYPE_CHECKING:
    from pbanalysis.privacy.persons import PersonRows

__all__ = ["CONTRACT_VERSION", "County", "Township", "default_store", "open_county"]

CONTRACT_VERSION = 1
# free text may say anything: it stays in the ledger it came from
_FREE_TEXT = ("minutes", "topic", "problem", "measure")
# small numbers of persons by branch or township, and where they are shown with the small ones held back
_COUNTS_OF_PERSONS = {
    "study_hours": 'pb.behind(学习质量报告, "S07")',
    "admission_profiles": 'pb.plot_structure(发展党员报告, "age")',
    "measure_records": "pb.measures(报告)",
}


@dataclass(frozen=True)
class County:
    """A county's canonical tables at a cut-off.

    Attributes
    ----------
    folder
        The store.
    code, name
        6-digit code and name.
    as_of
        Cut-off, the end of that day.
    meta
        ``meta.json``: contract version, and SHA-256 and row counts of every source file.
    """

    folder: Path
    code: str
    name: str
    as_of: dt.date
    meta: Mapping[str, Any] = field(repr=False, compare=False)
    _frames: dict[str, pd.DataFrame | None] = field(default_factory=dict, repr=False, compare=False)

    def table(self, name: str) -> pd.DataFrame | PersonRows | None:
        """A canonical table for looking at: what it gives may be shown to whoever works on the evaluation.

        Returns
        -------
        A copy of the rows of organisations, villages, meetings, issues …, without free text. Tables of
        one row a person (tests, admissions, audits of files, follow-ups) come as
        :class:`~pbanalysis.privacy.persons.PersonRows`, which counts and averages by organisation and
        does nothing else. None when the table was not collected (absent is not empty).

        Raises
        ------
        PbError
            There is no such table, or it holds small numbers of persons; the error says where those are
            shown with the small ones held back.

        Notes
        -----
        What leaves the county office is the reports alone. :meth:`frame` gives every row, for counting.

        Examples
        --------
        >>> county.table("issues")  # doctest: +SKIP
        >>> county.table("test_scores").mean("score", by="org_id")  # doctest: +SKIP
        """
        return _guarded(name, self.frame(name))

    def frame(self, name: str) -> pd.DataFrame | None:
        """All rows and columns of a table, as the counting functions read them; None when not collected.

        Pseudonyms, free text and small numbers of persons are in it: only sums of its rows may be shown
        or kept, and nothing of it leaves the county office. It is shared, so do not change it in place.
        """
        if name not in TABLES:
            raise PbError(
                Code.UNKNOWN_NAME, "没有这张表", where="table", got=name, fix=near_names(name, TABLES)
            )
        if name not in self._frames:
            self._frames[name] = self._read(name)
        return self._frames[name]

    def _read(self, name: str) -> pd.DataFrame | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / "tables" / f"{name}.parquet"
        if not path.exists():
            return None
        try:
            # one file, one thread: looking for a dataset of many files costs as much again as reading
            return from_arrow(pq.ParquetFile(path).read(use_threads=False), TABLES[name])
        except (pa.ArrowInvalid, OSError, KeyError) as error:
            raise PbError(
                Code.STORE_BROKEN,
                "数据文件读不出来，可能写到一半被中断",
                where=f"tables/{path.name}",
                fix="请重新运行 pbanalysis import",
            ) from error

    def has(self, name: str) -> bool:
        """Whether a table was collected."""
        return (self.folder / "tables" / f"{name}.parquet").exists()

    @cached_property
    def townships(self) -> pd.DataFrame:
        """Townships in official order (that of the registry): ``township_id``, ``name``, ``kind`` …"""
        frame = self.frame("townships")
        if frame is None or frame.empty:
            raise PbError(
                Code.STORE_BROKEN,
                "数据仓中没有乡镇名册",
                where="tables/townships.parquet",
                fix="请把 townships.csv 一并导入",
            )
        return frame

    def township(self, key: str | int) -> Township:
        """The township of that code or exact name; near names are suggested, never taken.

        A whole number is read as its digits, because papermill's command line turns a code into one.
        """
        towns, key = self.townships, str(key)
        hit = towns[(towns["township_id"] == key) | (towns["name"] == key)]
        if len(hit) != 1:
            raise PbError(
                Code.UNKNOWN_TOWNSHIP,
                "没有这个乡镇",
                where="township",
                got=key,
                fix=near_names(key, [*towns["name"], *towns["township_id"]]),
            )
        row = hit.iloc[0]
        return Township(self, str(row["township_id"]), str(row["name"]), str(row["kind"]))

    @cached_property
    def routes(self) -> Mapping[str, pd.Series[Any]]:
        """Township of every organisation, village and case: ``{"org_id": Series(index=org_id) …}``."""
        routes: dict[str, pd.Series[Any]] = {}
        for table, key in (("organisations", "org_id"), ("villages", "village_id")):
            frame = self.frame(table)
            if frame is not None:
                routes[key] = frame.drop_duplicates(key).set_index(key)["township_id"]
        cases = self.frame("admissions")
        if cases is not None and "org_id" in routes:
            routes["case_id"] = (
                cases.drop_duplicates("case_id").set_index("case_id")["org_id"].map(routes["org_id"])
            )
        return routes

    def township_of(self, name: str) -> pd.Series[Any] | None:
        """Township code of every row of a table (NA where it leads to none); None if absent or countywide."""
        frame, route = self.frame(name), TABLES[name].route
        if frame is None or route is None:
            return None
        if route == "township_id":
            return frame["township_id"]
        if route not in self.routes:
            return pd.Series(pd.NA, index=frame.index, dtype="str")
        return frame[route].map(self.routes[route])

    def _ipython_key_completions_(self) -> list[str]:
        return [str(name) for name in self.townships["name"]]

    def __getitem__(self, key: str) -> Township:
        return self.township(key)

    def _repr_html_(self) -> str:
        collected = [t.title for t in TABLES.values() if self.has(t.name)]
        absent = [t.title for t in TABLES.values() if not self.has(t.name)]
        return (
            f"<p><b>{html.escape(self.name)}</b>（{self.code}）　截止 {self.as_of}　{len(self.townships)} 个乡镇（街道）</p>"
            f"<p>已收集：{'、'.join(collected)}</p>"
            + (f"<p>未收集：{'、'.join(absent)}</p>" if absent else "")
        )


@dataclass(frozen=True)
class Township:
    """One township's rows of the county's tables."""

    county: County = field(repr=False)
    id: str
    name: str
    kind: str

    def table(self, name: str) -> pd.DataFrame | PersonRows | None:
        """The township's rows of a table, as guarded as :meth:`County.table`.

        Examples
        --------
        >>> county.township("城关镇").table("issues")  # doctest: +SKIP
        """
        return _guarded(name, self.frame(name))

    def frame(self, name: str) -> pd.DataFrame | None:
        """The township's rows as counted, see :meth:`County.frame`: only sums of them may be shown."""
        frame = self.county.frame(name)
        town = self.county.township_of(name)
        if frame is None or town is None:
            return frame
        return frame[(town == self.id).fillna(False)]

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.name)}</b>（{self.id}）　{html.escape(self.county.name)}　截止 {self.county.as_of}</p>"


def _guarded(name: str, frame: pd.DataFrame | None) -> pd.DataFrame | PersonRows | None:
    """What of a table's rows may be looked at."""
    from pbanalysis.privacy.persons import PERSON_COLUMNS, PersonRows

    if frame is None:
        return None
    if name in _COUNTS_OF_PERSONS:
        raise PbError(
            Code.PRIVACY_GATE,
            f"“{TABLES[name].title}”里有不足 5 人的人数，不逐行查看",
            where="table",
            got=name,
            fix=f"请用 {_COUNTS_OF_PERSONS[name]}，过小的数已隐去",
        )
    if PERSON_COLUMNS & set(frame):
        return PersonRows(frame)
    return frame.drop(columns=[column for column in _FREE_TEXT if column in frame]).copy()


def default_store() -> Path:
    """The store a notebook opens when none is named: ``$PBANALYSIS_STORE``, else the demo county's."""
    named = os.environ.get("PBANALYSIS_STORE")
    return Path(named) if named else Path(__file__).parents[2] / "reports" / "demo" / "store"


def open_county(store: str | Path = "", as_of: str | dt.date | None = None) -> County:
    """Open a store made by ``pbanalysis import``.

    Parameters
    ----------
    store
        Folder with ``tables/*.parquet`` and ``meta.json``, or a file that holds its path, as a batch leaves
        one for its notebooks; empty: :func:`default_store`.
    as_of
        Cut-off; by default the one of the import.

    Raises
    ------
    PbError
        The folder is missing, is no store, or is of another contract version.

    Examples
    --------
    >>> county = open_county("reports/demo/store", as_of="2023-12-31")  # doctest: +SKIP
    >>> county.township("城关镇").table("issues")  # doctest: +SKIP
    """
    folder = Path(store) if store else default_store()
    if folder.is_file():
        folder = folder.parent / folder.read_text(encoding="utf-8").strip()
    meta_path = folder / "meta.json"
    if not meta_path.exists():
        raise PbError(
            Code.STORE_MISSING,
            "这里没有数据仓",
            where=folder.name or str(store),
            fix="请先运行 pbanalysis import 来源 --store 数据仓，再指定该文件夹",
        )
    try:
        meta = json.loads(meta_path.read_text(encoding="utf-8"))
        version, code, name, day = (
            meta["contract_version"],
            meta["county"]["code"],
            meta["county"]["name"],
            meta["as_of"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PbError(
            Code.STORE_BROKEN,
            "数据仓的说明文件读不出来",
            where="meta.json",
            fix="请重新运行 pbanalysis import",
        ) from error
    if version != CONTRACT_VERSION:
        raise PbError(
            Code.STORE_BROKEN,
            f"数据仓是第 {version} 版，本程序读第 {CONTRACT_VERSION} 版",
            where="meta.json",
            fix="请用本程序重新运行 pbanalysis import",
        )
    return County(folder, str(code), str(name), as_date(as_of or day), meta)
