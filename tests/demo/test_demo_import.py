"""What the demo townships file imports to what the demo tables say."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from pbanalysis.demo import make_demo
from pbanalysis.ledgers.run import import_sources
from pbanalysis.privacy.scan import scan_folder
from pbanalysis.store.county import County, open_county
from pbanalysis.store.frames import read_csv
from pbanalysis.store.schema import TABLES

MADE_AT_IMPORT = {"meetings": "meeting_id", "trainings": "training_id", "issues": "issue_id"}


def content(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows as text in a fixed order, without ids that are made at import."""
    columns = [c for c in TABLES[name].names if c != MADE_AT_IMPORT.get(name)]
    text = frame[columns].map(lambda v: ";".join(v) if isinstance(v, list) else "" if pd.isna(v) else f"{v}")
    return text.sort_values(columns).reset_index(drop=True)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, County]:
    """The county of fourteen, filed and imported."""
    base = tmp_path_factory.mktemp("import")
    make_demo(base / "demo")
    import_sources(
        [base / "demo" / "ledgers", base / "demo" / "county"],
        base / "store",
        units=base / "demo" / "units.json",
        as_of=dt.date(2023, 12, 31),
        key_file=base / "pseudonyms.key",
    )
    return base, open_county(base / "store")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TABLES))
def test_import_of_ledgers_and_county_equals_the_tables(imported: tuple[Path, County], name: str) -> None:
    """Row by row and cell by cell, ids made at import aside."""
    base, county = imported
    expected, problems, _ = read_csv(base / "demo" / "tables" / f"{name}.csv", TABLES[name])
    assert not problems
    frame = county.frame(name)
    assert frame is not None
    pd.testing.assert_frame_equal(content(frame, name), content(expected, name))


@pytest.mark.slow
def test_no_invented_person_reaches_the_store(imported: tuple[Path, County]) -> None:
    """Neither names nor numbers of the ledgers stand in tables, record, findings or meta data."""
    base, _ = imported
    strings = json.loads((base / "demo" / "forbidden.json").read_text(encoding="utf-8"))
    forbidden = [*strings["names"], *strings["id_numbers"], *strings["phones"]]
    hits = [h for h in scan_folder(base / "store", forbidden=forbidden) if "/marked/" not in f"/{h.place}"]
    assert hits == []
