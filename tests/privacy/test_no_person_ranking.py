"""Organisations only: fifteen ways to rank or take out persons, and none works."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pbanalysis.demo import demo_tables
from pbanalysis.errors import Code, PbError
from pbanalysis.privacy.persons import PERSON_COLUMNS, PersonRows
from pbanalysis.store.schema import TABLES


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Test scores of the fictional county."""
    return demo_tables(4)["test_scores"]


WAYS: dict[str, Callable[[Any], Any]] = {
    "sort by score": lambda t: t.sort_values("score"),
    "best ten": lambda t: t.nlargest(10, "score"),
    "worst ten": lambda t: t.nsmallest(10, "score"),
    "rank": lambda t: t.rank(),
    "group by person": lambda t: t.groupby("person_key").mean(),
    "count by person": lambda t: t.count(by="person_key"),
    "mean by person": lambda t: t.mean("score", by="person_key"),
    "pivot by person": lambda t: t.pivot_table(index="person_key", columns="phase", values="score"),
    "column of persons": lambda t: t["person_key"],
    "column of scores": lambda t: t.score.sort_values(),
    "one row": lambda t: t.iloc[0],
    "best row": lambda t: t.query("score == score.max()"),
    "iterate": lambda t: sorted(t, key=str),
    "to CSV": lambda t: t.to_csv(),
    "to a frame": lambda t: pd.DataFrame(list(t)),
    "to an array": lambda t: np.asarray(t),
    "to a dict": lambda t: t.to_dict(),
    "pickle": lambda t: pickle.dumps(t),
    "copy": lambda t: copy.deepcopy(t),
    "merge": lambda t: t.merge(pd.DataFrame({"score": [1.0]})),
    "group by two": lambda t: t.count(by=["org_id", "person_key"]),
    "group by a measure": lambda t: t.count(by="score"),
    "mean of something else": lambda t: t.mean("taken_on", by="org_id"),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_no_way_to_rank_or_take_out_persons(frame: pd.DataFrame, way: str) -> None:
    """Each is refused with the privacy gate's own error."""
    with pytest.raises(PbError) as caught:
        WAYS[way](PersonRows(frame))
    assert caught.value.code is Code.PRIVACY_GATE
    assert not any(str(key) in str(caught.value) for key in frame["person_key"].head(20))


def test_it_does_not_hold_what_it_does_not_show(frame: pd.DataFrame) -> None:
    """The keys of persons are dropped at the door, so that no attribute leads to them."""
    rows = PersonRows(frame)
    held = rows._PersonRows__frame  # type: ignore[attr-defined]
    assert not PERSON_COLUMNS & set(held.columns)
    with pytest.raises(TypeError):
        json.dumps(rows)
    assert "pk_" not in repr(rows)


def test_organisations_come_out(frame: pd.DataFrame) -> None:
    """Counts with small ones held back, means of ten and more."""
    many = pd.concat(
        [frame.assign(org_id="a"), frame.head(12).assign(org_id="b"), frame.head(3).assign(org_id="c")]
    )
    rows = PersonRows(many)
    counts = rows.count(by="org_id").set_index("org_id")
    assert pd.isna(counts.at["c", "n"])
    assert counts["suppressed"].sum() >= 2
    means = rows.mean("score", by="org_id").set_index("org_id")["mean"]
    assert means.notna().to_dict() == {"a": True, "b": True, "c": False}


def test_every_table_of_persons_is_known() -> None:
    """A table that gets a column of persons must be named here, and so looked at."""
    keyed = {name for name, table in TABLES.items() if PERSON_COLUMNS & set(table.names)}
    assert keyed == {"test_scores", "admissions", "file_audits", "followups"}


def test_no_indicator_has_a_person_as_its_unit() -> None:
    """Results are of the county and its townships: the contract knows no other unit."""
    contract = Path(__file__).parents[2] / ".." / "shared" / "contract" / "results.md"
    if not contract.exists():
        pytest.skip("the shared contract is not beside the checkout")
    assert "`county` or `township`" in contract.read_text(encoding="utf-8")
