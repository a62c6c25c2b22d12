"""What is computed once for a county and kept while its store stays as it was opened."""

from __future__ import annotations

import json
from functools import lru_cache

import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.indicators import Known, known
from pbanalysis.store.county import County
from pbanalysis.themes.report import published

__all__ = ["known_of", "results_of"]


def results_of(county: County, period: str | Period) -> pd.DataFrame:
    """Published results of a period, as the batch publishes them.

    Raises
    ------
    PbError
        The store is gone, or was imported anew after the county was opened.
    """
    return _published(county, _written(county), Period.parse(period))


def known_of(county: County) -> Known:
    """The county's rows as known at its cut-off."""
    return _known(county, _written(county))


@lru_cache(maxsize=12)
def _published(county: County, written: int, period: Period) -> pd.DataFrame:
    _same(county)
    return published(county, period)


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
