"""The plan as data: every record complete, literal where it quotes, and consistent with the counting functions."""

from __future__ import annotations

import csv
import datetime as dt

import pytest

from pbanalysis.errors import PbError
from pbanalysis.indicators.evaluate import COUNTING
from pbanalysis.plan import benchmark, measures
from pbanalysis.plan.clauses import measure_of
from pbanalysis.plan.registry import registry
from pbanalysis.plan.rules import rules
from pbanalysis.store.schema import TABLES

LEVELS = {"T": "township", "C": "county", "O": "other"}
THEMES = {"S": "study", "D": "development", "R": "rectification", "X": "supporting"}


def test_thirteen_measures_and_three_demands():
    """The plan's own numbering and order."""
    assert [m.id for m in measures()] == [f"M{n:02d}" for n in range(1, 14)] + ["W1", "W2", "W3"]
    assert [m.clause for m in measures()][-4:] == ["措施13", "要求一", "要求二", "要求三"]
    with pytest.raises(PbError):
        measure_of("M99-1")


def test_every_measure_has_items_and_every_record_says_all_it_should():
    """No field that a reader needs is empty; a judged record says on what its target rests."""
    assert {i.measure for i in registry().items()} == {m.id for m in measures()}
    for i in registry():
        for name in (
            "name",
            "quote",
            "numerator",
            "formula",
            "why",
            "responsible",
            "checked_by",
            "next_review",
        ):
            assert getattr(i, name), (i.id, name)
        assert i.changes, i.id
        assert bool(i.denominator) == (i.kind != "count"), i.id
        assert (i.target is None) == (i.target_basis == "none"), i.id
        assert set(i.source_tables) <= set(TABLES), i.id
        assert i.counting in COUNTING, i.id


def test_official_order_and_look_up():
    """Headline indicators by theme, then the items as the plan has them; an unknown id suggests near ones."""
    ids = [i.id for i in registry()]
    assert ids[0] == "S01"
    assert ids[-1] == "W3-4"
    assert [i.id for i in registry().headline("rectification")][:2] == ["R01", "R02"]
    assert [i.id for i in registry().of_measure("M08")] == [f"M08-{n}" for n in range(1, 6)]
    with pytest.raises(PbError, match="R03"):
        registry()["R3"]


def test_quotes_are_literal_and_items_are_those_of_the_catalogue(shared):
    """Each quote is a substring of the plan; id, clause, level and theme are the catalogue's."""
    plan = (shared / "domain" / "plan.txt").read_text(encoding="utf-8")
    assert not [i.id for i in registry() if i.quote not in plan]
    with (shared / "domain" / "catalogue.csv").open(encoding="utf-8") as file:
        rows = {r["id"]: r for r in csv.DictReader(file)}
    items = {i.id: i for i in registry().items()}
    assert {k.rstrip("abc") if k.startswith("M03-4") else k for k in items} == set(rows)
    for key, i in items.items():
        row = rows["M03-4" if key.startswith("M03-4") else key]
        assert (i.clause, i.level, i.theme) == (row["clause"], LEVELS[row["level"]], THEMES[row["theme"]]), (
            key
        )
        assert i.quote == row["quote_zh"], key
        if row["kind"] == "U":
            assert i.target is None, key


def test_benchmark_is_the_file_of_the_domain(shared):
    """The packaged copy has the same figures."""
    with (shared / "domain" / "benchmark.csv").open(encoding="utf-8") as file:
        rows = {(int(r["year"]), r["metric"], float(r["value"])) for r in csv.DictReader(file)}
    assert {(f.year, f.metric, f.value) for f in benchmark()} == rows


def test_rules_of_one_name_do_not_overlap():
    """On any day at most one version of a rule is in force, and today's set is complete."""
    book = rules()
    days = [dt.date(y, m, 15) for y in range(2005, 2026) for m in (1, 6, 12)]
    names = {r.rule_id for r in book.all}
    for day in days:
        valid = [r.rule_id for r in book.all if r.valid_on(day)]
        assert sorted(valid) == sorted(names), day


def test_a_rule_that_did_not_exist_is_said_not_guessed():
    """Asking for a rule on a day without one is an expected error that names it."""
    with pytest.raises(PbError, match="某规则"):
        rules().on(dt.date(2023, 1, 1)).rule("某规则")
