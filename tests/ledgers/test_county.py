"""A whole county's year as filed gives the same tables as its canonical CSVs."""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pbanalysis.errors import Exit
from pbanalysis.ledgers.deliver import ImportSummary
from pbanalysis.ledgers.run import import_sources
from pbanalysis.store.frames import from_arrow, read_csv
from pbanalysis.store.schema import TABLES

COUNTY = Path(__file__).parents[2].parent / "shared" / "county"
pytestmark = pytest.mark.skipif(not COUNTY.exists(), reason="the shared county is not beside the checkout")
MADE_IDS = {"meetings": "meeting_id", "trainings": "training_id", "issues": "issue_id"}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportSummary, Path]:
    """Ledgers and county tables in one import, the folder named last first."""
    folder = tmp_path_factory.mktemp("county")
    summary = import_sources(
        [COUNTY / "ledgers", COUNTY / "county"],
        folder / "store",
        units=COUNTY / "units.json",
        key_file=folder / "key",
    )
    return summary, folder / "store"


def _lines(store: Path, name: str) -> list[dict[str, str]]:
    with (store / "import" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _content(frame: pd.DataFrame, columns: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(str(v) for v in row) for row in frame[columns].itertuples(index=False))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_by_content(imported: tuple[ImportSummary, Path], name: str) -> None:
    """Row by row and column by column the same, ids made at import aside."""
    table = TABLES[name]
    want, problems, unknown = read_csv(COUNTY / "tables" / f"{name}.csv", table)
    assert not problems
    assert not unknown
    got = from_arrow(pq.read_table(imported[1] / "tables" / f"{name}.parquet"), table)
    columns = [c for c in table.names if c != MADE_IDS.get(name)]
    assert _content(got, columns) == _content(want, columns)
    assert not got[table.key].duplicated().any()


def test_planted_defects(imported: tuple[ImportSummary, Path]) -> None:
    """Each planted cell and row gets its published conclusion, with a finding at its place."""
    store = imported[1]
    rows = {(r["file"], r["row"]): r for r in _lines(store, "rows") if r["role"] == "data"}
    cells = {(c["file"], c["cell"]): c for c in _lines(store, "cells")}
    findings = {(f["file"], f["row"]) for f in _lines(store, "findings") if f["severity"] != "note"}
    for planted in json.loads((COUNTY / "planted.json").read_text(encoding="utf-8")):
        row = rows[planted["file"], str(planted["row"])]
        what, want = planted["expect"].split(":")[0], planted["expect"].split(":")[1]
        if what == "row":
            assert row["disposition"] in want
            assert row["duplicate_of"] == str(planted.get("duplicate_of", ""))
        else:
            assert cells[planted["file"], planted["cell"]]["class"] in want
            assert row["disposition"] == "accepted"
        assert (planted["file"], str(planted["row"])) in findings


def test_no_false_alarm(imported: tuple[ImportSummary, Path]) -> None:
    """Nothing but the planted defects is rejected or kept out."""
    store, planted = imported[1], json.loads((COUNTY / "planted.json").read_text(encoding="utf-8"))
    places = {(p["file"], str(p["row"])) for p in planted}
    assert {(c["file"], c["row"]) for c in _lines(store, "cells") if c["class"] == "rejected"} <= places
    assert {
        (r["file"], r["row"]) for r in _lines(store, "rows") if r["disposition"] in ("rejected", "duplicate")
    } <= places
    assert imported[0].exit_status is Exit.ATTENTION


def test_the_accounts_balance(imported: tuple[ImportSummary, Path]) -> None:
    """Accepted + rejected + duplicate rows of files.csv are the data rows of rows.csv; a township that filed nothing is named."""
    summary, store = imported
    dispositions = Counter(
        (r["file"], r["disposition"]) for r in _lines(store, "rows") if r["role"] == "data"
    )
    for file in _lines(store, "files"):
        for word in ("accepted", "rejected", "duplicate"):
            assert int(file[f"rows_{word}"]) == dispositions[file["file"], word]
    assert summary.not_filed["meetings"] == ("太平镇",)


def test_nothing_forbidden_is_written(imported: tuple[ImportSummary, Path]) -> None:
    """No name, identity number or phone of the ledgers in any file, inside workbooks, Parquet values and metadata too."""
    forbidden = json.loads((COUNTY / "forbidden.json").read_text(encoding="utf-8"))
    words = [w for k in ("names", "id_numbers", "phones") for w in forbidden[k]]
    for path in imported[1].rglob("*"):
        if path.is_file():
            for part in _readable(path):
                hits = [w for w in words if w in part]
                assert not hits, (path.name, len(hits))
    assert not [w for w in words if w in str(imported[0].lines()) or w in str(imported[0].to_dict())]


def _readable(path: Path) -> list[str]:
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return [archive.read(n).decode("utf-8", "replace") for n in archive.namelist()]
    if path.suffix == ".parquet":
        table: Any = pq.read_table(path)
        return [str(table.to_pydict()), str(table.schema.metadata), path.read_bytes().decode("latin-1")]
    return [path.read_text("utf-8")]


def test_the_key_stays_outside(imported: tuple[ImportSummary, Path]) -> None:
    """The key file is private to its owner and its content is in no file of the store."""
    key = imported[1].parent / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    secret = key.read_text().strip()
    assert all(secret not in part for p in imported[1].rglob("*") if p.is_file() for part in _readable(p))


def test_importing_again_changes_nothing(imported: tuple[ImportSummary, Path], tmp_path: Path) -> None:
    """Sources in another order, then the same again into the same store: same rows, same ids, nothing new or fixed."""
    sources = [COUNTY / "county", COUNTY / "ledgers" / "永安乡", COUNTY / "ledgers" / "石门乡"]
    options: dict[str, Any] = {"units": COUNTY / "units.json", "key_file": imported[1].parent / "key"}
    import_sources(sources, tmp_path / "s", **options)
    before = {p.name: pq.read_table(p) for p in (tmp_path / "s/tables").iterdir()}
    again = import_sources(sources[::-1], tmp_path / "s", **options)
    assert {n: sorted(map(str, t.to_pylist())) for n, t in before.items()} == {
        p.name: sorted(map(str, pq.read_table(p).to_pylist())) for p in (tmp_path / "s/tables").iterdir()
    }
    assert set(again.changes) == {"still_open"}
    whole = pq.read_table(imported[1] / "tables/issues.parquet").column("issue_id").to_pylist()
    assert set(before["issues.parquet"].column("issue_id").to_pylist()) <= set(whole)
