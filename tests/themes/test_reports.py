"""What a theme says agrees with its results: figures and numbers rest on the same derivation."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pbanalysis as pb
from pbanalysis.demo import demo_tables
from pbanalysis.errors import PbError
from pbanalysis.exhibits.blocks import Figure, Table, facts_of, text_of
from pbanalysis.exhibits.figures.spans import Step
from pbanalysis.indicators.development import limits
from pbanalysis.plan.registry import registry
from pbanalysis.privacy.relations import TRAITS
from pbanalysis.store.schema import TABLES
from pbanalysis.store.write import write_store
from pbanalysis.themes import development, overview, rectification, study
from pbanalysis.themes.before import before
from pbanalysis.themes.beside import time_to_close
from pbanalysis.themes.filings import of_persons
from pbanalysis.themes.matters import MOST_ON_SITE, due_soon
from pbanalysis.themes.reading import Reading
from pbanalysis.themes.report import Report, previous_period, published


@pytest.fixture(scope="module")
def county(demo_store: Path) -> pb.County:
    """The fictional county."""
    return pb.open_county(demo_store)


@pytest.fixture(scope="module")
def frame(demo_results: Path) -> pd.DataFrame:
    """Its published results."""
    return pd.read_parquet(demo_results)


@pytest.fixture(scope="module")
def towns(county: pb.County) -> list[pb.Township]:
    """All its townships."""
    return [county.township(code) for code in county.townships["township_id"]]


def test_branch_months_agree_with_the_meetings_rate(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """Where S01 is fully met no branch-month is short, and where it is not some are."""
    for town in towns:
        report = pb.study_quality(town, "2023", frame)
        reading, grid = report.reading("S01"), study.branch_months(report)
        short = np.isin(grid.states, ["missing", "partial"]).any()
        if reading is not None and reading.judged:
            assert short == (reading.state == "not_met")
        if reading is not None and reading.state == "unknown":
            assert set(np.unique(grid.states)) <= {"unknown", "na"}


def test_structure_pools_three_years_where_one_is_small(demo_store: Path, frame: pd.DataFrame) -> None:
    """Below fifty new members the years are pooled and named; from there on the year stands alone."""
    county = pb.open_county(demo_store)
    report = pb.member_development(county.township("629902100"), "2023", frame)
    pooled = development.structure(report, "age")
    assert pooled is not None
    assert (pooled.first_year, pooled.last_year) == (2022, 2023)
    assert "2022年至2023年（一年人数少，合并）新发展党员年龄构成" in text_of(
        pb.plot_structure(report, "age").alt
    )
    profiles = county.frame("admission_profiles")
    many = profiles.assign(n=profiles["n"] * 10)
    crowded = replace(
        county, _frames={**{name: county.frame(name) for name in TABLES}, "admission_profiles": many}
    )
    report = pb.member_development(crowded.township("629902100"), "2023", frame)
    alone = development.structure(report, "age")
    assert alone is not None
    assert (alone.first_year, alone.last_year) == (2023, 2023)
    mine = many["township_id"].eq("629902100") & many["year"].eq(2023) & many["dimension"].eq("age")
    assert alone.table["n"].sum() == many[mine]["n"].sum()
    assert "2023年新发展党员年龄构成" in text_of(pb.plot_structure(report, "age").title)


def test_a_townships_figures_read_its_own_rows_alone(
    county: pb.County, towns: list[pb.Township], frame: pd.DataFrame
) -> None:
    """Nothing of another township is in what the figures read."""
    report = pb.rectification(towns[0], "2023", frame)
    issues = report.known.rows("issues")
    assert set(issues["township_id"]) == {towns[0].id}
    assert len(issues) < len(county.table("issues"))


def test_issues_add_up_to_the_scorecard(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """Matrix, burn-down and ages show the issues that R02, R03 and R05 count."""
    for town in towns:
        report = pb.rectification(town, "2023", frame)
        listed, late = report.reading("R02"), report.reading("R05")
        if listed is None or listed.state == "unknown" or not listed.denominator:
            continue
        categories, table = rectification.by_category(report)
        ages, stock = rectification.overdue_ages(report), rectification.burn_down(report)
        assert len(categories) == len(table)
        assert ages.sum() == late.numerator == table[:, rectification.STANDINGS.index("逾期")].sum()
        assert stock.overdue_n[-1] == late.numerator
        assert table.sum() <= listed.denominator  # an issue without a category is in no row


def test_issues_end_in_one_way_each(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """Closed, ended otherwise and open add up to the curve's units; a few are listed, none is said."""
    shown = set()
    for town in towns:
        report = pb.rectification(town, "2023", frame)
        fitted, exhibit = time_to_close(report.known, report.period), pb.plot_ends(report)
        shown.add(type(exhibit).__name__)
        if fitted is None:
            continue
        days, how = rectification.how_ended(report)
        assert len(days) == fitted.at_risk[0]
        assert (how == 1).sum() == fitted.events.sum()
        if isinstance(exhibit, Table):
            assert [row.cells[1].value for row in exhibit.rows] == [
                *np.bincount(how, minlength=3)[[1, 2, 0]],
                len(days),
            ]
        if isinstance(exhibit, Figure):
            shares = [fact.value for fact in facts_of(exhibit.title) if re.fullmatch(r".*end_\d", fact.id)]
            assert sum(shares) == pytest.approx(1)
            assert shares[0] < 1 - fitted.survival[-1]  # other ends counted as open would promise more
    assert shown >= {"Figure", "Table", "Paragraph"}


def test_stages_are_protected(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """No stage of one to four persons is shown, nor derivable from the total."""
    for town in towns:
        table = development.stages(pb.member_development(town, "2023", frame))
        shown = table[~table["suppressed"]]["n"]
        assert not shown.between(1, 4).any()
        assert int(table["suppressed"].sum()) != 1


def test_durations_are_drawn_of_published_limits_alone(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """A limit whose row is withheld, or that fewer than ten cases have gone through, has no durations."""
    for town in towns:
        report = pb.member_development(town, "2023", frame)
        by_name = {r.name: r for r in report.readings}
        for each in development.limit_days(report):
            assert by_name[each.name].state != "suppressed"
            assert len(each.days) >= 10


def test_matters_to_check_are_few_and_rest_on_states(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """At most five, none raised from a suppressed row, and a shortfall only from a row that is not met."""
    makers = (
        (pb.study_quality, study),
        (pb.member_development, development),
        (pb.rectification, rectification),
    )
    for town in towns:
        for make, theme in makers:
            found = theme.onsite(make(town, "2023", frame))
            assert len(found) <= MOST_ON_SITE
            assert all(r.state != "suppressed" for matter in found for r in matter.readings)


def test_a_township_left_out_of_its_baseline_is_drawn_beside_the_others(tmp_path: Path) -> None:
    """With four townships the funnel's centre is the rate of the others, and the county's view says so."""
    write_store(
        tmp_path, demo_tables(4), county={"code": "629902", "name": "试验县"}, as_of="2023-12-31", sources={}
    )
    small = pb.open_county(tmp_path)
    frame = published(small, pb.Period.parse("2023"))
    report = pb.study_quality(small.township("629902100"), "2023", frame)
    own, whole = report.reading("S02"), report.reading("S02", "629902")
    assert own is not None
    assert whole is not None
    drawn = pb.plot_funnel(report, "S02")
    centre = next(fact for fact in facts_of(drawn.title) if fact.id.endswith(".county"))
    assert centre.value == pytest.approx(
        (whole.numerator - own.numerator) / (whole.denominator - own.denominator)
    )
    assert "其余乡镇" in text_of(drawn.title)
    assert "各与其余单位比较" in text_of(pb.plot_funnel(pb.county_overview(small, "2023", frame), "S02").n)


def test_the_countys_curve_travels_with_the_results(
    county: pb.County, towns: list[pb.Township], frame: pd.DataFrame
) -> None:
    """A township's report has the county's curve, and it is the county's own one, day by day."""
    curve = pb.rectification(towns[0], "2023", frame).county_curve("R06")
    fitted = time_to_close(pb.county_overview(county, "2023", frame).known, pb.Period.parse("2023"))
    assert curve is not None
    assert fitted is not None
    assert curve.n == fitted.at_risk[0]
    assert np.allclose(curve.left, fitted.at(curve.day), atol=0.0005)
    assert curve.day == fitted.time.tolist()


def test_a_period_filed_in_part_is_not_compared(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """Where the store has less than half of the period before, its numbers are not shown and that is said."""
    report = pb.rectification(towns[0], "2023", frame)
    found = before(report)
    assert {"R02", "R03", "R05"} <= {r.id for r in found.thin}  # the demo's issues of 2022 are a remnant
    assert not {r.id for r, _ in found.short} & {r.id for r in found.thin}
    shown = "".join(text_of(line) for line in pb.previous(report).lines())
    assert "R02" in shown
    assert "R02 台账四要素完整率" not in shown
    assert "收集不全" in shown
    report = pb.study_quality(towns[0], "2023", frame)
    partly = replace(report)
    few = {name: replace(r, thin=name == "S14") for name, r in report.previous.items()}
    partly.__dict__["previous"] = few  # meetings of a year before that were filed in part: owed as ever
    assert {"S01", "S02", "S03", "S14"} <= {r.id for r in before(partly).thin}
    assert not {"S01", "S02", "S03", "S13", "S14"} & {r.id for r, _ in before(partly).short}
    kept = before(report)
    assert not kept.thin
    assert "S01" in {r.id for r, _ in kept.short}


def test_results_of_another_cut_off_are_refused(demo_store: Path, frame: pd.DataFrame) -> None:
    """A report never mixes a store at one cut-off with results of another."""
    earlier = pb.open_county(demo_store, as_of="2023-10-31")
    town = earlier.township(earlier.townships["township_id"].iloc[0])
    with pytest.raises(PbError, match="不一致"):
        pb.rectification(town, "2023", frame)


def test_the_period_before_has_the_same_length() -> None:
    """A year is compared with the year before, a half with the half before."""
    before = {p: str(previous_period(pb.Period.parse(p))) for p in ("2023", "2023H1", "2023H2")}
    assert before == {"2023": "2022", "2023H1": "2022H2", "2023H2": "2023H1"}


def _reading(n: int, units: int, **about: object) -> Reading:
    return Reading(registry()["S02"], "township", "not_met", n, units, n / units, **about)


def test_places_are_ranges() -> None:
    """Townships that cannot be told apart share a range; small and missing ones have none."""
    found = overview.places([_reading(38, 40), _reading(20, 40), _reading(21, 40), _reading(3, 4), None])
    assert [(p.best, p.worst) for p in found[:3]] == [(1, 1), (2, 3), (2, 3)]
    assert found[3:] == [None, None]
    clustered = overview.places([_reading(38, 40), _reading(20, 40), _reading(21, 40)], effect=10.0)
    assert [(p.best, p.worst) for p in clustered] == [(1, 3)] * 3


def test_a_quota_is_judged_by_the_numerator() -> None:
    """A township with a share of the county's task is short of its own number, not of the county's."""
    reading = Reading(registry()["M07-1"], "township", "not_met", 8, value=8.0, quota=11)
    assert reading.shortfall == 3


def test_few_persons_due_are_not_numbered(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """One to four persons whose limit ends soon are mentioned without number or day."""
    report: Report = pb.member_development(towns[0], "2023", frame)
    soon = np.array(["2024-01-05", "2024-01-09", "2024-09-01", "NaT"], "datetime64[D]")
    persons = due_soon("limits", report, soon, 90, ("admissions",), None)
    assert [(d.n, d.first_on, d.rows) for d in persons] == [(None, None, None)]
    listed = due_soon("issues", report, soon, 90, ("issues",), 12)
    assert [(d.n, d.first_on, d.rows) for d in listed] == [(2, dt.date(2024, 1, 5), 12)]


def test_durations_break_a_limit_by_the_calendar(towns: list[pb.Township], frame: pd.DataFrame) -> None:
    """A month is the calendar's: those said to be late are the breaches of D05 whose step was taken."""
    for town in towns:
        report = pb.member_development(town, "2023", frame)
        rows = limits(report.known, report.period)
        for each in development.limit_days(report):
            limit = next(
                k for k in development.LIMIT_KINDS if report.reading(f"D05.{k.name}").name == each.name
            )
            mine = rows[(rows["limit"] == limit.name).to_numpy()]
            late = mine[(mine["class"] == "breach").to_numpy() & mine["later"].notna().to_numpy()]
            assert each.broken == len(late)
            short = report.reading(f"D05.{limit.name}").shortfall or 0
            assert each.broken <= short
            assert Step(each.name, each.days, each.limit, each.kind, each.broken).beyond() == each.broken


def test_a_kept_calendar_month_is_not_late_for_its_31_days() -> None:
    """From 1 January to 1 February a month has passed and 31 days have: kept."""
    assert Step("谈话", [31.0], 30, "most", broken=0).beyond() == 0
    assert Step("谈话", [31.0], 30, "most").beyond() == 1


def test_rows_tell_no_more_of_persons_than_the_numbers(frame: pd.DataFrame) -> None:
    """Where single persons are counted, the rows follow from the numbers printed beside them, or are not told."""
    told = 0
    for indicator in registry():
        if indicator.counted != "persons" or not any(of_persons(name) for name in indicator.source_tables):
            continue
        rows = frame[frame["indicator_id"] == indicator.id].dropna(subset=["rows"])
        parts = (
            rows[["denominator", "n_not_due", "n_na", "n_unknown"]].astype("Float64").fillna(0).sum(axis=1)
        )
        if indicator.id == "D01":  # the admitted, and the township's line of the plan
            plans = rows["denominator"].gt(0) | rows["n_na"].gt(0)
            parts = (rows["numerator"] + plans).where(rows["unit_level"] == "township", rows["rows"])
        elif indicator.kind == "count":
            parts = rows["numerator"].fillna(0)
        assert (rows["rows"] == parts).all(), indicator.id
        told += len(rows)
    assert told > 0
    held = frame["state"] == "suppressed"
    assert held.any()
    assert frame.loc[held | frame["indicator_id"].isin([*TRAITS, "M08-5"]), "rows"].isna().all()
    assert frame["rows"].notna().mean() > 0.8
