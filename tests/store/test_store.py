"""Canonical tables: declared once, read strictly, stored whole or not at all."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import pbanalysis as pb
from pbanalysis.errors import Code, PbError
from pbanalysis.store.frames import check, empty, read_csv, typed, write_csv
from pbanalysis.store.schema import SOURCE_COLUMNS, TABLES, arrow_schema
from pbanalysis.store.write import write_store

COUNTY = {"code": "629901", "name": "安和县"}


def towns() -> pd.DataFrame:
    text = pd.DataFrame(
        {
            "township_id": ["629901100", "062012001"],
            "name": ["城关镇", "河西镇"],
            "kind": ["镇", "镇"],
            "urban_residents_n": ["41200", ""],
        }
    )
    frame, problems = typed(TABLES["townships"], text)
    assert problems == []
    return frame


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_store(
        tmp_path / "store",
        {"townships": towns(), "issues": empty(TABLES["issues"])},
        county=COUNTY,
        as_of="2023-12-31",
        sources={},
    )
    return tmp_path / "store"


def test_codes_stay_text_and_missing_stays_missing(store: Path):
    """A leading zero survives the store, and an empty cell is missing, not zero."""
    frame = pb.open_county(store).townships
    assert list(frame["township_id"]) == ["629901100", "062012001"]
    assert frame["urban_residents_n"].isna().tolist() == [False, True]


def test_absent_and_empty_tables_differ(store: Path):
    """A table that is absent is None, one that is present and empty has no rows."""
    county = pb.open_county(store)
    assert county.frame("meetings") is None
    assert len(county.frame("issues")) == 0
    assert county.has("issues")
    assert not county.has("meetings")


def test_parquet_has_the_declared_schema(store: Path):
    """Every stored table carries its declared columns, types and source columns."""
    schema = pq.read_schema(store / "tables" / "issues.parquet")
    assert schema.equals(arrow_schema(TABLES["issues"]))
    assert [c.name for c in SOURCE_COLUMNS] == schema.names[-3:]
    assert not schema.metadata


def test_near_names_are_suggested_never_taken(store: Path):
    """A misspelt township is refused and the near name named."""
    with pytest.raises(PbError, match="城关镇") as caught:
        pb.open_county(store).township("城关")
    assert caught.value.code is Code.UNKNOWN_TOWNSHIP


def test_a_code_read_as_a_number_is_found(store: Path):
    """papermill's command line turns a code into a whole number; it is still the code."""
    assert pb.open_county(store).township(629901100).name == "城关镇"


@pytest.mark.parametrize("damage", ["missing", "no_json", "old_version", "truncated"])
def test_broken_stores_are_said_in_one_sentence(store: Path, damage: str):
    """A missing, unreadable, old or truncated store is a Chinese sentence with exit status 3."""
    meta = store / "meta.json"
    if damage == "missing":
        meta.unlink()
    elif damage == "no_json":
        meta.write_text("{", encoding="utf-8")
    elif damage == "old_version":
        meta.write_text(
            json.dumps(json.loads(meta.read_text(encoding="utf-8")) | {"contract_version": 0}),
            encoding="utf-8",
        )
    else:
        path = store / "tables" / "townships.parquet"
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(PbError) as caught:
        pb.open_county(store).townships  # noqa: B018
    assert caught.value.exit_status == 3
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_store(store: Path):
    """When writing fails half-way the earlier store is still there, whole, and nothing lies beside it."""

    def broken(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(PbError):
        write_store(
            store, {"townships": towns()}, county=COUNTY, as_of="2024-01-01", sources={}, record=broken
        )
    assert pb.open_county(store).has("issues")
    assert [p.name for p in store.parent.iterdir()] == ["store"]


def test_a_foreign_folder_is_never_replaced(tmp_path: Path):
    """A folder that holds other files is no store and is left alone."""
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(PbError):
        write_store(tmp_path, {"townships": towns()}, county=COUNTY, as_of="2023-12-31", sources={})
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("townships", "kind", "县"),
        ("meetings", "held_on", "2023-13-01"),
        ("meetings", "held_on", "2023.5.1"),
        ("meetings", "types", "assembly;party"),
        ("meetings", "present_n", "3.5"),
        ("meetings", "first_topic", "yes"),
    ],
)
def test_what_cannot_be_read_is_empty_and_reported(table: str, column: str, value: str):
    """A cell outside its declaration is missing in the frame and named with its row; the value is not repeated."""
    frame, problems = typed(TABLES[table], pd.DataFrame({column: [value]}, index=[7]))
    assert frame[column].isna().all()
    assert [(p.row, p.column) for p in problems] == [(7, column)]
    assert value not in problems[0].message


def test_keys_and_required_cells_are_checked_without_values():
    """A duplicate key, a missing required cell and a negative count are found; no value is in the message."""
    frame = pd.concat([towns(), towns().iloc[:1]], ignore_index=True)
    frame.loc[1, "name"] = None
    frame.loc[1, "urban_residents_n"] = -4
    codes = {p.code for p in check(frame, TABLES["townships"])}
    assert codes == {"duplicate_key", "missing_value", "out_of_range"}
    assert all("629901100" not in p.message for p in check(frame, TABLES["townships"]))


def test_canonical_csvs_round_trip(shared: Path, tmp_path: Path):
    """Writing what was read gives a file that reads to the same frame, for every table of the county."""
    for path in sorted((shared / "county" / "tables").glob("*.csv")):
        table = TABLES[path.stem]
        frame, problems, unknown = read_csv(path, table)
        assert (problems, unknown) == ([], [])
        write_csv(frame, table, tmp_path / path.name)
        pd.testing.assert_frame_equal(read_csv(tmp_path / path.name, table)[0], frame)


def test_township_view_has_its_rows_only(shared: Path, tmp_path: Path):
    """The townships' rows of every routed table add up to the table, without overlap."""
    tables = {p.stem: read_csv(p, TABLES[p.stem])[0] for p in (shared / "county" / "tables").glob("*.csv")}
    write_store(tmp_path / "s", tables, county=COUNTY, as_of="2023-12-31", sources={})
    county = pb.open_county(tmp_path / "s")
    for name in ("meetings", "admissions", "followups", "issues", "village_years", "file_audits"):
        parts = [county.township(t).frame(name) for t in county.townships["township_id"]]
        assert sum(map(len, parts)) == len(county.frame(name)), name


def test_errors_survive_a_process_boundary():
    """An expected error is picklable: a batch worker can hand it to its parent."""
    error = PbError(Code.STORE_BROKEN, "读不出来", where="meta.json", got="x", fix="重来")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code) == (str(error), error.code)
