"""Results: columns, reading and writing, look-up, states and comparison."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pandas as pd
import pytest

from pbanalysis.calendar import Period
from pbanalysis.errors import PbError
from pbanalysis.indicators import Results, evaluate, known
from pbanalysis.indicators.compare import comparison
from pbanalysis.indicators.results import COLUMNS
from pbanalysis.indicators.states import Case, decide, reaches
from pbanalysis.indicators.together import design_effects
from pbanalysis.plan.registry import registry
from pbanalysis.stats.clusters import DesignEffect
from pbanalysis.stats.funnel import INDEPENDENT
from pbanalysis.stats.intervals import wilson
from pbanalysis.terms import STATES, VS_COUNTY

from .oracle_items import REPORTED
from .random_county import CODE, make

AS_OF = dt.date(2023, 12, 31)


@pytest.fixture(scope="module")
def results():
    """A small county's results."""
    from pbanalysis.testing import county_of

    return evaluate(county_of(make(4, "2023", AS_OF, REPORTED), AS_OF), "2023")


def test_columns_order_and_vocabulary(results):
    """Exactly the contract's columns in its order; states, words and levels from the closed lists."""
    frame = results.frame
    assert list(frame.columns) == list(COLUMNS)
    assert set(frame["state"]) <= set(STATES) - {"suppressed"}
    assert set(frame["vs_county"]) <= set(VS_COUNTY)
    assert set(frame["direction"]) <= {"up", "down", "none"}
    assert not frame.duplicated(["indicator_id", "unit_id"]).any()


def test_units_are_every_township_and_the_county(results):
    """One row per indicator and unit; items of other organs have the county's row alone."""
    units = results.frame.groupby("indicator_id")["unit_id"].agg(list)
    for i in registry():
        assert units[i.id] == ([CODE] if i.level == "other" else [*units["S01"]])


def test_ranges_of_branches_records_allow_for_the_branch(reference_county):
    """Rates of meetings have Wilson's interval widened by the design effect, and ci_method says so."""
    frame, at = evaluate(reference_county, "2023", AS_OF).frame, known(reference_county, AS_OF)
    effects = design_effects(at, Period.parse("2023"))
    assert any(effect.value > 1 for effect in effects.values())
    for i in registry():
        rows = frame[(frame["indicator_id"] == i.id) & frame["ci_low"].notna().to_numpy()]
        if i.interval != "wilson" or rows.empty:
            continue
        effect = effects.get(i.same_as or i.id, INDEPENDENT)
        widened = effect.value > 1
        assert set(rows["ci_method"]) == {"wilson_design_effect" if widened else "wilson"}
        parts = rows[["numerator", "denominator", "ci_low", "ci_high"]].to_numpy(dtype=float).T
        low, high = wilson(*parts[:2])
        assert (parts[2] <= low + 1e-12).all()
        assert (parts[3] >= high - 1e-12).all()
        assert (parts[3] - parts[2] > high - low + 1e-9).all() == widened


def test_county_rows_are_the_sums(results):
    """Numerators, denominators and what is left out add up, but for a county's own reported figure."""
    frame = results.frame[
        results.frame["indicator_id"].isin([i.id for i in registry() if i.counting != "records.reported"])
    ]
    for name, rows in frame.groupby("indicator_id"):
        town, county = rows[rows["unit_level"] == "township"], rows[rows["unit_level"] == "county"].iloc[0]
        for column in ("numerator", "denominator", "n_not_due", "n_na", "n_unknown"):
            if pd.notna(county[column]):
                assert town[column].sum() == pytest.approx(county[column]), (name, column)


def test_written_and_read_again(results, tmp_path):
    """CSV and Parquet hold the same; whole numbers are printed as such; nothing unfinished is left."""
    paths = results.write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths)
    again = Results.read(tmp_path)
    pd.testing.assert_frame_equal(again.frame, results.frame, check_exact=False, rtol=1e-11)
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    assert ".0," not in text
    parquet = pd.read_parquet(tmp_path / "results.parquet")
    assert parquet["state"].tolist() == results.frame["state"].tolist()


def test_a_second_run_writes_the_same_bytes(results, tmp_path):
    """Nothing in the results depends on the clock, the order of dictionaries or chance."""
    from pbanalysis.testing import county_of

    results.write(tmp_path / "a")
    evaluate(county_of(make(4, "2023", AS_OF, REPORTED), AS_OF), "2023").write(tmp_path / "b")
    assert (tmp_path / "a" / "results.csv").read_bytes() == (tmp_path / "b" / "results.csv").read_bytes()


def test_some_indicators_alone(results):
    """A quick look gives the same rows, but for the comparison, which needs the whole family."""
    from pbanalysis.testing import county_of

    some = evaluate(county_of(make(4, "2023", AS_OF, REPORTED), AS_OF), "2023", only=["W2-4", "S01"])
    assert some.frame["indicator_id"].unique().tolist() == ["W2-4", "S01"]
    assert set(some.frame["vs_county"]) == {"not_compared"}
    for row in some:
        assert replace(results.get(row.indicator_id, row.unit_id), vs_county="not_compared") == row


def test_look_up(results):
    """A row by indicator and unit; an unknown pair is an expected error, reading nothing one too."""
    row = results.get("S01", CODE)
    assert (row.unit_level, row.period, row.as_of) == ("county", "2023", "2023-12-31")
    assert row in results.unit(CODE)
    assert "全县" in results._repr_html_()
    with pytest.raises(PbError):
        results.get("S99", CODE)
    with pytest.raises(PbError):
        Results.read("no such folder")


@pytest.mark.parametrize(
    ("case", "indicator", "state"),
    [
        (Case(3, 4, 0, 0, info=False, due=True, fixed="na"), "R03", "na"),
        (Case(0, 0, 1, 1, info=True, due=True), "R04", "unknown"),
        (Case(0, 0, 1, 0, info=True, due=True), "R04", "not_due"),
        (Case(0, 0, 0, 0, info=False, due=True), "R03", "na"),
        (Case(0, 0, 0, 0, info=False, due=True, parts=["na", "not_due", "unknown"]), "R03", "unknown"),
        (Case(0, 0, 0, 0, info=False, due=True, parts=["na", "not_due"]), "R03", "not_due"),
        (Case(3, 4, 0, 0, info=True, due=False), "R04", "info"),
        (Case(4, 4, 0, 0, info=False, due=False), "M09-2", "met"),
        (Case(4, 4, 1, 0, info=False, due=False), "M09-2", "not_due"),
        (Case(3, 4, 0, 0, info=False, due=False), "M09-2", "not_due"),
        (Case(0, 4, 0, 0, info=False, due=False), "M09-5", "not_due"),
        (Case(150, 2, 1, 0, info=False, due=False), "M07-1", "met"),
        (Case(2, 3, 0, 1, info=False, due=False, quota=2), "M06-4", "met"),
        (Case(30, 28, 0, 0, info=False, due=True), "M03-6", "not_met"),
    ],
)
def test_states_are_decided_in_the_order_of_the_contract(case, indicator, state):
    """Fixed, nothing counted, background, reached early, due; a share above 100 % is not met."""
    assert decide(case, registry()[indicator]) == state


def test_targets_are_compared_exactly():
    """One third of three is one third; 0.3 of ten is three files; 18 per 10,000 exactly."""
    assert reaches(1, 3, registry()["M06-4"])
    assert reaches(3, 10, registry()["D07"])
    assert not reaches(2, 7, registry()["D07"])
    assert reaches(18, 10_000, registry()["M10-2"])
    assert registry()["M06-4"].target == Fraction(1, 3)


def rows(x, n, state="not_met"):
    """Township rows of one indicator."""
    return pd.DataFrame({"numerator": x, "denominator": n, "state": state})


def test_a_planted_gap_is_found_and_background_is_not_compared():
    """Twice the county's rate at n = 100 is outside the outer limits; rows without a verdict take no part."""
    found = comparison(rows([20] * 11 + [60], [100] * 12))
    assert found.exact_p_value[-1] < 0.002
    assert (found.p_value[:-1] > 0.05).all()
    assert comparison(rows([20, 30], [100, 100], state="info")) is None


def test_clustered_records_need_a_larger_gap():
    """Meetings of one branch go together: their design effect makes a gap say less."""
    x, n = [80] * 11 + [66], [100] * 12
    plain, wide = (comparison(rows(x, n), effect) for effect in (INDEPENDENT, DesignEffect(3.0, 100)))
    assert plain.p_value[-1] < 0.05 < wide.p_value[-1]
