"""Write a store whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.store.county import CONTRACT_VERSION
from pbanalysis.store.frames import to_arrow
from pbanalysis.store.schema import TABLES

__all__ = ["write_store"]


def write_store(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    county: Mapping[str, str],
    as_of: str,
    sources: Mapping[str, Any],
    record: Callable[[Path], None] | None = None,
) -> None:
    """Write ``tables/*.parquet`` and ``meta.json`` beside the target, then swap them in.

    Parameters
    ----------
    folder
        The store; an older one of the same place is replaced in one rename.
    tables
        Canonical frames by table name; a table that is not given is "not collected".
    county
        ``{"code", "name"}``.
    as_of
        Cut-off of the import, ISO.
    sources
        For every source file its SHA-256 and row counts.
    record
        Writes the import record into the folder it is given, before the swap.
    """
    import pyarrow.parquet as pq

    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / "meta.json").exists():
        raise PbError(
            Code.OUTPUT_FAILED,
            "文件夹里有别的文件，不是数据仓",
            where=folder.name,
            fix="请换一个空文件夹作为 --store",
        )
    fresh = folder.with_name(f".{folder.name}.writing-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        (fresh / "tables").mkdir(parents=True)
        for name, frame in tables.items():
            pq.write_table(
                to_arrow(frame, TABLES[name]), fresh / "tables" / f"{name}.parquet", compression="zstd"
            )
        if record:
            record(fresh)
        meta = {
            "contract_version": CONTRACT_VERSION,
            "county": dict(county),
            "as_of": as_of,
            "sources": dict(sources),
        }
        (fresh / "meta.json").write_text(
            json.dumps(meta, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8"
        )
        _swap(fresh, folder)
    except OSError as error:
        raise PbError(
            Code.OUTPUT_FAILED,
            "数据仓写不进去",
            where=folder.name,
            got=error.strerror or "",
            fix="请检查磁盘空间和写入权限后重试",
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
