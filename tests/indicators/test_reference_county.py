"""The reference county: every row and column of the expected results, and its slow second computation."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest

from pbanalysis.indicators import evaluate
from pbanalysis.indicators.checks import findings
from pbanalysis.store.county import open_county
from pbanalysis.store.schema import TABLES

from .oracle_items import FullOracle
from .test_oracle import same

COMPARED = (
    "unit_level",
    "period",
    "as_of",
    "numerator",
    "denominator",
    "n_not_due",
    "n_na",
    "n_unknown",
    "state",
)


@pytest.fixture(scope="session")
def written(reference_county, tmp_path_factory):
    """results.csv of the reference county, as text."""
    folder = tmp_path_factory.mktemp("results")
    evaluate(reference_county, "2023", "2023-12-31").write(folder)
    frame = pd.read_csv(folder / "results.csv", dtype=str, keep_default_na=False)
    return frame.set_index(["indicator_id", "unit_id"])


def test_agrees_with_the_expected_results(written, shared):
    """Every filled column of every expected row is the same text; values to nine digits."""
    expected = pd.read_csv(shared / "county" / "expected_2023.csv", dtype=str, keep_default_na=False)
    wrong = []
    for row in expected.to_dict("records"):
        got = written.loc[(row["indicator_id"], row["unit_id"])]
        wrong += [(row["indicator_id"], row["unit_id"], c) for c in COMPARED if got[c] != row[c]]
        if (got["value"] == "") != (row["value"] == "") or (
            row["value"] and not math.isclose(float(got["value"]), float(row["value"]), rel_tol=1e-9)
        ):
            wrong.append((row["indicator_id"], row["unit_id"], "value"))
    assert len(expected) == 300
    assert not wrong


def plain(frame, table):
    """Rows as dictionaries of plain values."""
    rows = []
    for record in frame[table.names].to_dict("records"):
        row = {}
        for column in table.columns:
            value = record[column.name]
            if column.kind == "list":
                row[column.name] = value if isinstance(value, list) else []
            elif pd.isna(value):
                row[column.name] = None
            elif column.kind == "date":
                row[column.name] = value.date()
            elif column.kind == "bool":
                row[column.name] = bool(value)
            elif column.kind in ("int", "number"):
                row[column.name] = float(value) if value != int(value) else int(value)
            else:
                row[column.name] = str(value)
        rows.append(row)
    return rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("period", "as_of"),
    [("2023", dt.date(2023, 12, 31)), ("2023H1", dt.date(2023, 6, 30)), ("2023H2", dt.date(2023, 9, 30)), ("2023", dt.date(2024, 1, 20)), ("2022", dt.date(2022, 12, 31)), ("2024", dt.date(2024, 1, 20))],
)  # fmt: skip
def test_every_row_agrees_with_the_slow_computation(reference_county, period, as_of):
    """All rows, other periods and cut-offs too: the state and every count."""
    tables = {name: plain(reference_county.frame(name), table) for name, table in TABLES.items()}
    oracle = SlowButIndexed(tables, reference_county.code, period, as_of)
    results = evaluate(reference_county, period, as_of)
    wrong = []
    for (indicator, unit), want in oracle.rows().items():
        got = results.get(indicator, unit)
        for name in ("numerator", "denominator", "value", "n_not_due", "n_na", "n_unknown", "state"):
            if not same(getattr(got, name), getattr(want, name)):
                wrong.append((indicator, unit, name, getattr(got, name), getattr(want, name)))
    assert not wrong[:5]


@pytest.mark.parametrize(
    ("period", "as_of"), [("2023", dt.date(2023, 12, 31)), ("2023H1", dt.date(2023, 6, 30))]
)
def test_the_demo_county_agrees_with_the_slow_computation(demo_store, period, as_of):
    """The same check on the fictional county, wherever the reference material is not at hand."""
    county = open_county(demo_store, as_of)
    tables = {name: plain(county.frame(name), table) for name, table in TABLES.items()}
    results = evaluate(county, period, as_of)
    wrong = [
        (*key, name)
        for key, want in SlowButIndexed(tables, county.code, period, as_of).rows().items()
        for name in ("numerator", "denominator", "value", "n_not_due", "n_na", "n_unknown", "state")
        if not same(getattr(results.get(*key), name), getattr(want, name))
    ]
    assert not wrong[:5]


class SlowButIndexed(FullOracle):
    """The slow computation with the look-ups remembered that would take hours on a whole county."""

    def __init__(self, *args):
        super().__init__(*args)
        self.memo = {}

    def remembered(self, key, make):
        """The value kept under a key."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    def grouped(self, rows, key):
        """Rows by the value of a function of them."""
        groups = {}
        for row in rows:
            groups.setdefault(key(row), []).append(row)
        return groups

    def of_town(self, table, town, org=True):
        """As the slow one, from an index."""
        rows = self.remembered(
            table, lambda: self.grouped(self.t[table], lambda r: self.town_of_org.get(r["org_id"]))
        )
        return rows.get(town, [])

    def meetings_of(self, org_id):
        """As the slow one, from an index."""
        rows = self.remembered("by branch", lambda: self.grouped(self.t["meetings"], lambda m: m["org_id"]))
        return rows.get(org_id, [])

    def duties(self, town):
        """As the slow one, once a township."""
        return self.remembered(("duties", town), lambda: super(SlowButIndexed, self).duties(town))

    def copied(self, m):
        """As the slow one, from an index of the minutes."""
        everyone = self.remembered(
            "minutes",
            lambda: self.grouped((o for t in self.towns for o in self.period_meetings(t)), self.bare),
        )
        return len({o["org_id"] for o in everyone[self.bare(m)]}) > 1


def test_what_contradicts_itself_is_reported_with_its_row(reference_county):
    """Present over expected, closed without a date, steps reversed: found, and not more kinds than planted."""
    found = findings(reference_county, "2023-12-31")
    assert set(found["code"]) >= {"present_over_expected", "closed_undated", "steps_reversed"}
    meetings = reference_county.frame("meetings")
    rows = found[found["code"] == "present_over_expected"]
    there = meetings.iloc[rows["row"].to_numpy() - 1]
    assert (there["present_n"] > there["expected_n"]).all()
    over = meetings["present_n"] > meetings["expected_n"]
    assert len(rows) == int(over[meetings["held_on"] <= "2023-12-31"].sum())
