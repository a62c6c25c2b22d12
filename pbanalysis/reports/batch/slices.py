"""A township's own rows as a store of their own, so that a report reads no other township's.

The slice is what :class:`~pbanalysis.store.county.Township` would show of the whole store: its rows of
every table, and whole the tables that belong to all. The cost of a report then does not grow with the
county. Beside the tables stand the published results that the reports print: the township's own, the
county's, and those that a figure shows of all. Slices live in OUT's work folder while the batch runs.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.reports.digests import COUNTYWIDE, Rows
from pbanalysis.store.county import County
from pbanalysis.store.schema import TABLES
from pbanalysis.themes.reads import COMPARED

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Filings", "Slices"]

_RECORD = Path("import", "files.csv")


@dataclass(frozen=True, eq=False)
class Slices:
    """Writes slices of a county, whose tables it reads once.

    ``rows`` is what :func:`~pbanalysis.reports.digests.rows_of` gives: where every township's rows stand.
    """

    county: County
    rows: Rows
    filings: Filings | None
    results: pd.DataFrame

    @cached_property
    def _units(self) -> tuple[dict[Any, npt.NDArray[np.int64]], npt.NDArray[np.int64]]:
        """Positions of each unit's results, and of those that every report shows."""
        compared = {name for names in COMPARED.values() for name in names}
        everywhere = self.results["indicator_id"].isin(compared) | (
            self.results["unit_id"] == self.county.code
        )
        return self.results.groupby("unit_id", sort=False).indices, np.flatnonzero(everywhere)

    def _write_results(self, township: str, path: Path) -> None:
        by_unit, everywhere = self._units
        own = by_unit.get(township, np.empty(0, dtype=np.int64))
        self.results.iloc[np.union1d(own, everywhere)].to_parquet(path, index=False, compression=None)

    @cached_property
    def _tables(self) -> dict[str, pa.Table]:
        import pyarrow.parquet as pq

        folder = self.county.folder / "tables"
        # in one chunk, or taking a township's rows would look through every chunk
        return {
            name: pq.read_table(folder / f"{name}.parquet").combine_chunks()
            for name in TABLES
            if self.county.has(name)
        }

    def write(self, township: str, folder: Path) -> None:
        """Write the store of one township."""
        import pyarrow.parquet as pq

        shutil.rmtree(folder, ignore_errors=True)
        (folder / "tables").mkdir(parents=True)
        shutil.copyfile(self.county.folder / "meta.json", folder / "meta.json")
        # figures reported for the county as a whole, and quotas, stand under the county's own code
        owners = [self.rows.get(owner, {}) for owner in (COUNTYWIDE, township, self.county.code)]
        for name, table in self._tables.items():
            parts = [rows[name].positions for rows in owners if name in rows]
            own = table.take(np.sort(np.concatenate(parts))) if parts else table.slice(0, 0)
            pq.write_table(own, folder / "tables" / f"{name}.parquet", compression="none")
        self._write_results(township, folder / "results.parquet")
        if self.filings is not None:
            (folder / _RECORD).parent.mkdir()
            self.filings.of(township).to_csv(folder / _RECORD, index=False, encoding="utf-8")


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
