"""Bad input: found with its row, and neither dropped nor counted in silence."""

from __future__ import annotations

import datetime as dt

import pytest

from pbanalysis.indicators import evaluate, known
from pbanalysis.indicators.checks import COLUMNS, findings
from pbanalysis.store.schema import TABLES
from pbanalysis.testing import county_of

A, AS_OF = "629901100", dt.date(2023, 12, 31)
ORG = {
    "org_id": "a",
    "township_id": A,
    "name": "a",
    "org_type": "branch",
    "domain": "village",
    "groups_n": 0,
    "founded_on": "2023-03-01",
    "dissolved_on": "2023-10-31",
}
ISSUE = {
    "issue_id": "i",
    "township_id": A,
    "category": "P11",
    "source": "self",
    "owner_named": True,
    "deadline_kind": "dated",
    "deadline_on": "2023-06-30",
    "status": "closed",
    "rule_document": False,
}


def meet(n, held_on="2023-05-01", org_id="a", **more):
    """A meeting."""
    return {"meeting_id": f"m{n}", "org_id": org_id, "held_on": held_on, "types": ["assembly"], **more}


def place(**tables):
    """A county of one township."""
    return county_of(
        {"townships": [{"township_id": A, "name": "甲镇", "kind": "镇"}], "organisations": [ORG], **tables},
        AS_OF,
    )


CASES = [
    ("meetings", [meet(1, org_id="nobody")], "unknown_organisation"),
    ("meetings", [meet(1, "2023-02-28")], "before_founding"),
    ("meetings", [meet(1, "2023-11-01")], "after_dissolution"),
    ("meetings", [meet(1, present_n=6, expected_n=5)], "present_over_expected"),
    ("issues", [ISSUE], "closed_undated"),
    ("issues", [{**ISSUE, "status": "done", "end_reason": "merged"}], "ended_undated"),
    ("issues", [{**ISSUE, "status": "in_progress", "deadline_on": None}], "deadline_missing"),
    ("issues", [{**ISSUE, "found_on": "2023-05-02", "closed_on": "2023-05-01"}], "closed_before_found"),
    ("issues", [{**ISSUE, "closed_on": "2023-05-02", "reopened_on": "2023-05-01"}], "reopened_before_closed"),
    ("issues", [{**ISSUE, "closed_on": "2023-05-02", "township_id": "629901999"}], "unknown_township"),
    ("issues", [{**ISSUE, "closed_on": "2023-05-02", "org_id": "nobody"}], "unknown_organisation"),
    ("measure_records", [{"township_id": A, "item_id": "M03-6", "as_of": "2023-06-30", "numerator": 30, "denominator": 28}], "share_over_one"),
    ("study_hours", [{"org_id": "a", "year": 2023, "role": "member", "due_n": 3, "met_n": 4}], "share_over_one"),
    ("org_counts", [{"org_id": "a", "as_of": "2023-06-30", "members_n": 3, "full_members_n": 4, "probationary_n": 0}], "part_over_whole"),
    ("village_years", [{"village_id": "nowhere", "year": 2023}], "unknown_village"),
    ("followups", [{"case_id": "nobody", "due_on": "2023-06-30"}], "unknown_case"),
    ("admissions", [{"case_id": "c", "org_id": "a", "assembly_on": "2023-05-01", "approved_on": "2023-04-30", "outcome": "full", "two_new": False}], "steps_reversed"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "rows", "code"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES])
def test_each_contradiction_is_found_with_its_row(table, rows, code):
    """The finding names table, row, code and says in Chinese what became of the row."""
    county = place(**{"villages": [], "admissions": [], table: rows})
    found = findings(county)
    assert list(found.columns) == list(COLUMNS)
    mine = found[found["code"] == code]
    assert mine[["table", "row"]].values.tolist() == [[table, 1]]
    assert mine["message"].str.len().min() > 5


def test_a_clean_county_has_no_findings():
    """Nothing is invented: a sound ledger gives none, and an absent table gives none."""
    assert findings(place(meetings=[meet(1, present_n=5, expected_n=5)])).empty


def test_findings_keep_to_the_cut_off():
    """A contradiction that is not known yet is none yet."""
    county = place(meetings=[meet(1, "2023-11-01")])
    assert findings(county, "2023-10-31").empty
    assert not findings(county, "2023-11-01").empty


def test_the_row_is_that_of_the_table_even_after_the_cut():
    """Rows hidden by the cut-off do not move the numbering."""
    county = place(meetings=[meet(1, "2023-12-30", org_id="a"), meet(2, "2023-05-01", org_id="nobody")])
    assert findings(county, "2023-06-30")["row"].tolist() == [2]


def test_an_orphan_is_in_no_number_and_a_contradiction_is_counted_as_defined():
    """A meeting of an unknown branch is not counted; a meeting before founding still is, and both are listed."""
    county = place(meetings=[meet(1, org_id="nobody"), meet(2, "2023-02-28")])
    row = evaluate(county, "2023").get("S14", A)
    assert row.denominator == 7
    assert set(findings(county)["code"]) == {"unknown_organisation", "before_founding"}


def test_every_declared_date_is_hidden_or_kept_as_declared():
    """A row after the cut-off is gone, a later event is empty, a schedule stays."""
    county = place(
        issues=[
            {**ISSUE, "issue_id": "later", "found_on": "2023-07-01"},
            {**ISSUE, "found_on": "2023-06-30", "closed_on": "2023-07-01", "deadline_on": "2023-09-30"},
        ]
    )
    rows = known(county, "2023-06-30").table("issues")
    assert rows["issue_id"].tolist() == ["i"]
    assert rows["closed_on"].isna().all()
    assert str(rows["deadline_on"].iloc[0].date()) == "2023-09-30"


def test_the_schema_declares_the_dates_of_the_contract():
    """Own dates and events are those that contract/results.md lists."""
    own = {t.own_date for t in TABLES.values() if t.own_date} - {"taken_on"}
    assert own == {
        "held_on",
        "start_on",
        "released_on",
        "studied_on",
        "audited_on",
        "found_on",
        "listed_on",
        "acted_on",
        "founded_on",
        "elected_on",
    }
    assert "held_on" in TABLES["elections"].events
    assert "recorded_on" not in TABLES["meetings"].events
