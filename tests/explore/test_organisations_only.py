"""Fifteen ways a notebook might rank persons through the public names, and none works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import pbanalysis as pb
from pbanalysis.explore.magic import Quick
from pbanalysis.privacy.persons import PersonRows


def person(county: Any) -> str:
    """A pseudonym of the fictional county."""
    return str(county.table("test_scores")["person_key"].iloc[0])


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
    "rows of tests sorted": lambda c: pb.rows(c, "test_scores").sort_values("score"),
    "rows of tests by person": lambda c: pb.rows(c, "test_scores").mean("score", by="person_key"),
    "rows of cases grouped": lambda c: pb.rows(c, "admissions").groupby("case_id"),
    "rows of cases exported": lambda c: pb.rows(c, "admissions").to_csv(),
    "rows of follow-ups taken": lambda c: pb.rows(c, "followups")["case_id"],
    "rows of audits iterated": lambda c: list(
        pb.rows(c.township(c.townships["name"].iloc[0]), "file_audits")
    ),
    "a composite of persons": lambda c: pb.composite(c, weights={"S16": 1, "S17": 1}),
    "a target for persons": lambda c: pb.what_if(c, targets={"S16": 0.9}),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_no_way_leads_to_a_person(county, way):
    """Each is refused as an expected error whose text names nobody."""
    with pytest.raises(pb.PbError) as caught:
        WAYS[way](county)
    assert isinstance(caught.value, pb.PbError)


def test_rows_of_organisations_come_as_frames_without_free_text(county):
    """Tables of organisations can be explored; free text and pseudonyms are not in them."""
    issues = pb.rows(county.township(county.townships["name"].iloc[0]), "issues")
    assert len(issues)
    assert not {"problem", "measure", "minutes", "topic"} & set(issues.columns)
    for name in ("test_scores", "admissions", "file_audits", "followups"):
        assert isinstance(pb.rows(county, name), PersonRows)
