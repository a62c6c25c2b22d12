"""The evaluation and a slow second computation agree on random counties, row by row, every column."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from pbanalysis.indicators import evaluate
from pbanalysis.plan.registry import registry
from pbanalysis.testing import county_of

from .oracle_items import REPORTED, FullOracle
from .random_county import CODE, make

CASES = [
    ("2023", dt.date(2023, 12, 31)),
    ("2023", dt.date(2023, 6, 30)),
    ("2023", dt.date(2024, 1, 20)),
    ("2023", dt.date(2023, 3, 31)),
    ("2023H1", dt.date(2023, 6, 30)),
    ("2023H1", dt.date(2023, 5, 30)),
    ("2023H1", dt.date(2023, 12, 31)),
    ("2023H2", dt.date(2023, 12, 31)),
    ("2023H2", dt.date(2023, 8, 31)),
    ("2023H2", dt.date(2023, 6, 30)),
    ("2024", dt.date(2024, 2, 29)),
    ("2024", dt.date(2024, 12, 31)),
    ("2022", dt.date(2023, 12, 31)),
    ("2022", dt.date(2022, 9, 30)),
]


def differences(tables, period, as_of):
    """Rows on which the two disagree."""
    results = evaluate(county_of(tables, as_of), period, as_of)
    expected = FullOracle(tables, CODE, period, as_of).rows()
    found = {(r.indicator_id, r.unit_id): r for r in results if r.indicator_id not in ("S16", "S17")}
    assert found.keys() == expected.keys()
    out = []
    for key, want in expected.items():
        got = found[key]
        pairs = {
            "state": (got.state, want.state),
            "numerator": (got.numerator, want.numerator),
            "denominator": (got.denominator, want.denominator),
            "n_not_due": (got.n_not_due, want.n_not_due),
            "n_na": (got.n_na, want.n_na),
            "n_unknown": (got.n_unknown, want.n_unknown),
            "value": (got.value, want.value),
        }
        if key[0] == "D08" and want.ci and len(want.ci) == 2:
            pairs["ci"] = ((got.ci_low, got.ci_high), want.ci)
        wrong = {name: pair for name, pair in pairs.items() if not same(*pair)}
        if wrong:
            out.append((*key, wrong))
    return out


def same(got, want):
    """Equal, or equal up to rounding."""
    if isinstance(got, float) and isinstance(want, int | float):
        return math.isclose(got, float(want), rel_tol=1e-12, abs_tol=1e-12)
    return got == want


@pytest.mark.parametrize(("period", "as_of"), CASES)
def test_every_row_agrees_with_the_slow_computation(period, as_of):
    """Small counties full of edges: numerators, denominators, what is left out, values and states."""
    for seed in range(3):
        assert not differences(make(seed, period, as_of, REPORTED), period, as_of), seed


@pytest.mark.parametrize(("period", "as_of"), CASES[::3])
def test_tables_not_collected_are_unknown_in_both(period, as_of):
    """A quarter of the tables is absent: never 0, the same rows unknown."""
    for seed in range(100, 102):
        assert not differences(make(seed, period, as_of, REPORTED, absent=0.25), period, as_of), seed


@pytest.mark.slow
@pytest.mark.parametrize(("period", "as_of"), CASES)
def test_every_row_agrees_on_more_counties(period, as_of):
    """The same on six further counties for each period and cut-off, half of them with absent tables."""
    for seed in range(10, 16):
        tables = make(seed, period, as_of, REPORTED, absent=0.1 if seed % 2 else 0.0)
        assert not differences(tables, period, as_of), seed


def test_the_slow_computation_covers_the_registry():
    """Every id of the registry has a second computation (S16 and S17 are not in the contract)."""
    tables = make(1, "2023", dt.date(2023, 12, 31), REPORTED)
    covered = {name for name, _ in FullOracle(tables, CODE, "2023", dt.date(2023, 12, 31)).rows()}
    assert covered == {i.id for i in registry()} - {"S16", "S17"}
