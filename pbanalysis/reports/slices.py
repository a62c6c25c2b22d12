"""A township's own rows as a store of their own, so that a report reads no other township's.

The slice is what :class:`~pbanalysis.store.county.Township` would show of the whole store: its rows of
every table, and whole the tables that belong to all. The cost of a report then does not grow with the
county. Slices live in OUT's work folder while the batch runs.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from pbanalysis.reports.digests import COUNTYWIDE, Rows
from pbanalysis.store.county import County
from pbanalysis.store.frames import to_arrow
from pbanalysis.store.schema import TABLES

__all__ = ["Filings", "write_slice"]

_RECORD = Path("import", "files.csv")


def write_slice(county: County, township: str, rows: Rows, filings: Filings | None, folder: Path) -> None:
    """Write the store of one township.

    Parameters
    ----------
    rows
        As :func:`~pbanalysis.reports.digests.rows_of` gives it: where every township's rows stand.
    """
    import pyarrow.parquet as pq

    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tables").mkdir(parents=True)
    shutil.copyfile(county.folder / "meta.json", folder / "meta.json")
    for name, table in TABLES.items():
        frame = county.table(name)
        if frame is None:
            continue
        # figures reported for the county as a whole, and quotas, stand under the county's own code
        owners = (COUNTYWIDE, township, county.code)
        parts = [rows[owner][name].positions for owner in owners if name in rows.get(owner, {})]
        part = frame.iloc[np.sort(np.concatenate(parts))] if parts else frame.iloc[:0]
        pq.write_table(to_arrow(part, table), folder / "tables" / f"{name}.parquet", compression="none")
    if filings is not None:
        (folder / _RECORD).parent.mkdir()
        filings.of(township).to_csv(folder / _RECORD, index=False, encoding="utf-8")


@dataclass(frozen=True)
class Filings:
    """The import record of a county, and in whose folder each file lay.

    ``owners`` holds, for every row of ``record``, the townships whose names stand in its path; a file
    that lies in no township's folder is the county's and counts for all.
    """

    record: pd.DataFrame
    owners: tuple[frozenset[str], ...]

    @classmethod
    def read(cls, county: County) -> Filings | None:
        """Read the record; None when the store was made without one."""
        path = county.folder / _RECORD
        if not path.exists():
            return None
        record = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
        codes = dict(zip(county.townships["name"], county.townships["township_id"]))
        owners = tuple(
            frozenset(codes[part] for part in PurePosixPath(file).parts[:-1] if part in codes)
            for file in record["file"]
        )
        return cls(record, owners)

    def of(self, township: str) -> pd.DataFrame:
        """Rows of the township's files and of those that are the county's."""
        return self.record[[not (own - {township}) for own in self.owners]]
