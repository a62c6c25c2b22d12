"""Fifteen ways a notebook might rank persons through the public names, and none works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import pbanalysis as pb
from pbanalysis.explore.magic import Quick
from pbanalysis.privacy.persons import PERSON_COLUMNS, PersonRows
from pbanalysis.store.schema import TABLES

GUARDED = {name for name, table in TABLES.items() if PERSON_COLUMNS & set(table.names)} | {
    "study_hours",
    "admission_profiles",
    "measure_records",
}


def person(county: Any) -> str:
    """A pseudonym of the fictional county."""
    return str(county.frame("test_scores")["person_key"].iloc[0])


WAYS: dict[str, Callable[[Any], Any]] = {
    "a person as township": lambda c: c.township(person(c)),
    "a person as key": lambda c: c[person(c)],
    "a view of a person": lambda c: pb.view(c, township=person(c)),
    "an explorer of a person": lambda c: pb.explore(c, township=person(c)),
    "persons as peer group": lambda c: pb.view(c, kind="person_key"),
    "a card of a person": lambda c: Quick({"county": c}).answer(person(c)),
    "comparing two persons": lambda c: Quick({"county": c}).answer(f"对比 {person(c)} {person(c)}"),
    "comparing not townships": lambda c: pb.compare(person(c), person(c)),
    "why of a person": lambda c: Quick({"county": c}).answer(f"why {person(c)} S16"),
    "rows of tests sorted": lambda c: c.table("test_scores").sort_values("score"),
    "rows of tests by person": lambda c: c.table("test_scores").mean("score", by="person_key"),
    "rows of cases grouped": lambda c: c.table("admissions").groupby("case_id"),
    "rows of cases exported": lambda c: c.table("admissions").to_csv(),
    "rows of follow-ups taken": lambda c: c.table("followups")["case_id"],
    "rows of audits iterated": lambda c: list(c.township(c.townships["name"].iloc[0]).table("file_audits")),
    "a composite of persons": lambda c: pb.composite(c, weights={"S16": 1, "S17": 1}),
    "a target for persons": lambda c: pb.what_if(c, targets={"S16": 0.9}),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_no_way_leads_to_a_person(county, way):
    """Each is refused as an expected error whose text names nobody."""
    with pytest.raises(pb.PbError) as caught:
        WAYS[way](county)
    assert isinstance(caught.value, pb.PbError)


def test_tables_of_organisations_come_as_frames_without_free_text(county):
    """Tables of organisations can be explored, free text and pseudonyms are not in them; what is given is a copy."""
    town = county.township(county.townships["name"].iloc[0])
    for name in set(TABLES) - GUARDED:
        for unit in (county, town):
            if (frame := unit.table(name)) is not None:
                assert not (PERSON_COLUMNS | {"problem", "measure", "minutes", "topic"}) & set(frame.columns)
    issues = town.table("issues")
    issues.loc[:, "category"] = "P99"
    assert set(town.table("issues")["category"]) != {"P99"}


@pytest.mark.parametrize("name", sorted(GUARDED))
def test_no_rendering_of_a_guarded_table_holds_a_person(county, name):
    """Tables of persons answer by organisation, small numbers of persons are refused with the place to look."""
    if name in ("study_hours", "admission_profiles", "measure_records"):
        with pytest.raises(pb.PbError, match="不足 5 人") as caught:
            county.table(name)
        assert "pb." in caught.value.fix
        return
    rows = county.table(name)
    assert isinstance(rows, PersonRows)
    keys = {
        str(key) for column in PERSON_COLUMNS & set(county.frame(name)) for key in county.frame(name)[column]
    }
    assert keys
    assert not [key for key in keys if key in repr(rows) + str(rows)]


def test_no_repr_of_county_or_township_holds_rows(county):
    """What a notebook shows of the county and its townships are names, dates and titles of tables."""
    keys = {
        str(key)
        for name in ("admissions", "test_scores")
        for c in PERSON_COLUMNS & set(county.frame(name))
        for key in county.frame(name)[c]
    }
    town = county.township(county.townships["name"].iloc[0])
    report = pb.member_development(town, period="2023", results=pb.results(county, "2023"))
    shown = "".join(
        [
            repr(county),
            county._repr_html_(),
            repr(town),
            town._repr_html_(),
            repr(report),
            repr(pb.evaluate(county, "2023")),
        ]
    )
    assert not [key for key in keys if key in shown]
