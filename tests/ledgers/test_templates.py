"""Templates: filled as the guide says, they import without a finding."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from pbanalysis.errors import Code, Exit, PbError
from pbanalysis.ledgers.headers import kinds, words
from pbanalysis.ledgers.run import import_sources
from pbanalysis.ledgers.template import write_template
from pbanalysis.terms import LEDGER_KINDS

UNITS = Path(__file__).parents[1] / "data" / "ledgers" / "units.json"
KINDS = [k for k in LEDGER_KINDS if k != "unknown"]
STEPS = [
    "applied_on",
    "talked_on",
    "activist_on",
    "-",
    "-",
    "candidate_on",
    "review_on",
    "trained_on",
    "prereviewed_on",
    "probationary_on",
    "approved_on",
    "-",
    "-",
    "conversion_assembly_on",
    "conversion_approved_on",
    "archived_on",
]
DAYS: dict[str, dt.date | None] = {
    name: dt.date(2019, 1, 10) + dt.timedelta(days=150 * n) for n, name in enumerate(STEPS)
}
DAYS |= {"extended_until": None, "expires_on": dt.date(2024, 3, 10), "elected_on": dt.date(2021, 3, 10)}
TEXTS = {
    "case_no": "629901100-D0001",
    "credit_code": "91620000MA0000000X",
    "level": "≤35",
    "branch": "东关村党支部",
    "village": "东关村",
    "township": "城关镇",
    "deadline": "立行立改",
}


def _fill(name: str, kind: str) -> object:
    declared = kinds()[kind].fields[name]
    if name in DAYS:
        return DAYS[name]
    if name == "reopened_on" or name == "reclosed_on" or name == "deadline_current":
        return None
    if name == "level" and declared.type == "enum":
        return words(declared.vocabulary)[0]
    if name in TEXTS:
        return TEXTS[name]
    match declared.type:
        case "date":
            return dt.date(2023, 5, 31)
        case "enum":
            return "已销号" if declared.vocabulary == "status" else words(declared.vocabulary)[0]
        case "types":
            return "支部党员大会、党课"
        case "bool" | "presence":
            return "是"
        case "year":
            return 2023
        case "count" | "seq":
            return {"term_years": 3, "absent_n": 0, "probationary_n": 0}.get(name, 7)
        case "money":
            return 30000 if name != "total_income_yuan" else 90000
        case "number":
            return 1.5
    return "某某" if declared.type == "personal" else "对照标准逐项补齐"


@pytest.mark.parametrize("kind", KINDS)
def test_a_correctly_filled_template_imports_without_a_finding(kind: str, tmp_path: Path) -> None:
    """Every column filled as the guide says: verdict accept, one row accepted, its table filled, no finding."""
    path = tmp_path / "城关镇2023年台账.xlsx"
    write_template(kind, path, units=UNITS)
    book = openpyxl.load_workbook(path)
    layout = next(k for k in kinds().values() if k.name == kind and k.template)
    for column, name in enumerate(layout.template, 1):
        book["填报"].cell(2, column, _fill(name, layout.layout))
    book.save(path)
    summary = import_sources([path], tmp_path / "store", units=UNITS)
    found = list(csv.DictReader((tmp_path / "store/import/findings.csv").read_text("utf-8").splitlines()))
    assert found == []
    assert [(f.kind, f.verdict, f.rows_accepted) for f in summary.files] == [(kind, "accept", 1)]
    assert summary.exit_status is Exit.DONE
    table = pd.read_parquet(tmp_path / f"store/tables/{layout.table}.parquet")
    assert len(table) == 1


def test_an_empty_template_is_an_empty_submission(tmp_path: Path) -> None:
    """A template sent back unfilled is neither a nil report nor a refused file."""
    write_template("issues", tmp_path / "城关镇.xlsx", units=UNITS)
    summary = import_sources([tmp_path / "城关镇.xlsx"], tmp_path / "store", units=UNITS)
    assert [(f.verdict, f.code) for f in summary.files] == [("accept_with_findings", "empty_submission")]


def test_drop_downs_follow_the_registry(tmp_path: Path) -> None:
    """Townships come from the registry; the list of villages depends on the township chosen in the row."""
    write_template("village_years", tmp_path / "t.xlsx", units=UNITS)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    rules = {str(v.sqref): v.formula1 for v in book["填报"].data_validations.dataValidation}
    assert any("_lists!$D$1:$D$14" in str(f) for f in rules.values())
    assert any("OFFSET" in str(f) and "COUNTIF" in str(f) for f in rules.values())
    assert book["_meta"].sheet_state == "veryHidden"


def test_an_unknown_kind_is_wrong_use() -> None:
    """A misspelt kind is refused with the near names, nothing is written."""
    with pytest.raises(PbError) as error:
        write_template("meeting", Path("never.xlsx"))
    assert error.value.code is Code.UNKNOWN_NAME
    assert "meetings" in str(error.value)
    assert not Path("never.xlsx").exists()
