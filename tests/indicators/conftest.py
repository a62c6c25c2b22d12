"""The reference county as a store."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from pbanalysis.store.county import open_county
from pbanalysis.store.frames import read_csv
from pbanalysis.store.schema import TABLES
from pbanalysis.store.write import write_store


@pytest.fixture(scope="session")
def reference_county(shared, tmp_path_factory):
    """A store made of the canonical CSVs of the reference county."""
    frames = {}
    for path in sorted((shared / "county" / "tables").glob("*.csv")):
        frames[path.stem], problems, unknown = read_csv(path, TABLES[path.stem])
        assert not problems
        assert not unknown
    units = json.loads((shared / "county" / "units.json").read_text(encoding="utf-8"))["county"]
    folder = tmp_path_factory.mktemp("reference") / "store"
    write_store(folder, frames, county=units, as_of="2023-12-31", sources={})
    return open_county(folder, dt.date(2023, 12, 31))
