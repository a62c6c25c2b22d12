"""What is computed once for a county and kept while its store stays as it was opened.

Published results cost seconds (two evaluations and the proof of the disclosure control), so they are
also kept as a file beside the tables: a new import replaces the store and with it what was kept.
"""

from __future__ import annotations

import hashlib
import io
import json
from functools import lru_cache
from pathlib import Path

import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.indicators import Known, known
from pbanalysis.reports.files import write_whole
from pbanalysis.reports.versions import code_digest
from pbanalysis.store.county import County, Township
from pbanalysis.themes.report import (
    Report,
    county_overview,
    member_development,
    published,
    rectification,
    study_quality,
)

__all__ = ["REPORTS", "known_of", "overview_of", "report_of", "results_of"]

# theme -> the report that a batch makes of it
REPORTS = {"study": study_quality, "development": member_development, "rectification": rectification}


def results_of(county: County, period: str | Period) -> pd.DataFrame:
    """Published results of a period, as the batch publishes them.

    Raises
    ------
    PbError
        The store is gone, or was imported anew after the county was opened.
    """
    return _published(county, _written(county), Period.parse(period))


def report_of(theme: str, township: Township, period: Period) -> Report:
    """A township's report, as the batch makes it."""
    return _report(theme, township, period, _written(township.county))


def overview_of(county: County, period: Period) -> Report:
    """The county's report."""
    return _overview(county, period, _written(county))


def known_of(county: County) -> Known:
    """The county's rows as known at its cut-off."""
    return _known(county, _written(county))


@lru_cache(maxsize=12)
def _published(county: County, written: int, period: Period) -> pd.DataFrame:
    _same(county)
    path = county.folder / "kept" / f"{_name(county, period)}.parquet"
    if path.exists():
        return pd.read_parquet(path)
    frame = published(county, period)
    _keep(frame, path)
    return frame


def _name(county: County, period: Period) -> str:
    """Everything the results are made of: data, cut-off, period, program."""
    meta = (county.folder / "meta.json").read_bytes()
    digest = hashlib.sha256(meta + code_digest().encode()).hexdigest()
    return f"{period.label}-{county.as_of}-{digest[:16]}"


def _keep(frame: pd.DataFrame, path: Path) -> None:
    """Keep results for the next session; a store that may not be written to is as good."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    try:
        path.parent.mkdir(exist_ok=True)
        for older in path.parent.glob(f"{path.stem[:-16]}*"):
            older.unlink(missing_ok=True)
        write_whole(path, buffer.getvalue())
    except (OSError, PbError):
        return


@lru_cache(maxsize=64)
def _report(theme: str, township: Township, period: Period, written: int) -> Report:
    return REPORTS[theme](township, period=period, results=_published(township.county, written, period))


@lru_cache(maxsize=12)
def _overview(county: County, period: Period, written: int) -> Report:
    return county_overview(county, period=period, results=_published(county, written, period))


@lru_cache(maxsize=2)
def _known(county: County, written: int) -> Known:
    _same(county)
    return known(county)


def _written(county: County) -> int:
    try:
        return (county.folder / "meta.json").stat().st_mtime_ns
    except OSError as error:
        raise PbError(
            Code.STORE_MISSING,
            "数据仓不见了，可能正在重新导入",
            where=county.folder.name,
            fix="请等导入完成后，重新运行打开数据仓的单元格",
        ) from error


def _same(county: County) -> None:
    """The frames that a county holds and the files it would still read are of one import."""
    if json.loads((county.folder / "meta.json").read_text(encoding="utf-8")) != county.meta:
        raise PbError(
            Code.STORE_BROKEN,
            "打开之后数据仓又重新导入过",
            where=county.folder.name,
            fix="请重新运行 pb.open_county，再看结果",
        )
