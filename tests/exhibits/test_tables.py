"""Tables and boxes of every theme: they print what the results hold, for good and for bad input."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import pbanalysis as pb
from pbanalysis.calendar import Period
from pbanalysis.demo import demo_tables
from pbanalysis.exhibits.blocks import Box, Table, text_of
from pbanalysis.plan.clauses import measures as plan_measures
from pbanalysis.plan.registry import registry
from pbanalysis.store.write import write_store
from pbanalysis.terms import STATES
from pbanalysis.themes.report import Report, published

THEMES: dict[str, Callable[..., Report]] = {
    "study": pb.study_quality,
    "development": pb.member_development,
    "rectification": pb.rectification,
}
SUMMARY = ("about", "headline", "limits", "onsite", "provenance")
TABLES = ("scorecard", "gaps", "due_next", "previous", "measures", "measure_items", "definitions")
FIGURES = {
    "study": (
        "plot_rates",
        "plot_branch_months",
        "plot_attendance",
        "plot_study_lag",
        "plot_meeting_mix",
        "learning_gain",
    ),
    "development": (
        "plot_stages",
        "plot_limits",
        "plot_durations",
        "plot_audits",
        "plot_structure",
        "spot_check",
    ),
    "rectification": (
        "plot_rates",
        "plot_open_issues",
        "plot_overdue",
        "plot_time_to_close",
        "plot_issue_matrix",
        "plot_terms",
    ),
}


@pytest.fixture(scope="module")
def reports(demo_store: Path, demo_results: Path) -> list[Report]:
    """Every report of the fictional county's townships."""
    county, frame = pb.open_county(demo_store), pd.read_parquet(demo_results)
    towns = [county.township(code) for code in county.townships["township_id"]]
    return [make(town, "2023", frame) for town in towns for make in THEMES.values()]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three townships, for what is evaluated again and again."""
    folder = tmp_path_factory.mktemp("small") / "store"
    write_store(
        folder, demo_tables(3), county={"code": "629902", "name": "试验县"}, as_of="2023-12-31", sources={}
    )
    return folder


def _all(report: Report) -> list[dict[str, object]]:
    names = (*SUMMARY, *TABLES, *FIGURES[report.theme])
    return [getattr(pb, name)(report)._repr_mimebundle_() for name in names]


def _cell(cell: object) -> str:
    return cell if isinstance(cell, str) else text_of(getattr(cell, "line", cell))


def test_scorecard_lists_every_headline_indicator(reports: list[Report]) -> None:
    """Each headline indicator once, with its state in words; no number where it is withheld."""
    for report in reports:
        table = pb.scorecard(report)
        rows = [[_cell(cell) for cell in row.cells] for row in table.rows if row.kind == "data"]
        assert len(rows) == len(report.readings)
        shown = {reading.name: reading for reading in report.readings}
        for row in rows:
            reading = next(r for name, r in shown.items() if row[0].endswith(name))
            assert row[-2] == STATES[reading.state]
            if reading.state == "suppressed":
                assert not any(char.isdigit() for cell in (*row[1:4], *row[5:-1]) for char in cell)


def test_every_shortfall_is_listed(reports: list[Report]) -> None:
    """A row that is not met stands among the gaps with its count, however small the sample is."""
    for report in reports:
        gaps = pb.gaps(report)
        listed = [_cell(row.cells[0]) for row in gaps.rows] if isinstance(gaps, Table) else []
        items = [i for i in registry().items() if i.theme == report.theme and not i.same_as]
        short = [r for r in (*report.readings, *report.of(items)) if r.state == "not_met" and "." not in r.id]
        assert listed == [f"{r.id} {r.name}" for r in short]


def test_a_townships_reports_name_every_item_of_the_plan(reports: list[Report]) -> None:
    """All 16 measures stand in each report, and the three together list every item that has a row."""
    for k in range(0, len(reports), 3):
        three = reports[k : k + 3]
        for report in three:
            titles = [_cell(row.cells[1]) for row in pb.measures(report).rows]
            assert titles == [m.title for m in plan_measures()]
        names = [
            _cell(row.cells[0])
            for report in three
            for row in pb.measure_items(report).rows
            if row.kind == "data"
        ]
        expected = [f"{i.id} {i.name}" for i in registry().items() if three[0].reading(i.id)]
        assert sorted(names) == sorted(expected)


def test_facts_of_a_township_never_disagree(reports: list[Report]) -> None:
    """One id says one thing over a township's three reports."""
    for k in range(0, len(reports), 3):
        seen: dict[str, object] = {}
        for report in reports[k : k + 3]:
            for bundle in _all(report):
                for fact in bundle["application/vnd.pbanalysis.block+json"]["facts"]:
                    assert seen.setdefault(fact["id"], fact) == fact, fact["id"]


def test_limits_name_what_is_left_out(reports: list[Report]) -> None:
    """Every unknown, withheld and not due indicator is named among what may not be concluded."""
    for report in reports:
        text = "".join(text_of(item) for item in pb.limits(report).items)
        for reading in report.readings:
            if reading.state in ("unknown", "suppressed", "not_due") and "." not in reading.id:
                assert reading.name in text


@pytest.mark.parametrize("absent", ["meetings", "admissions", "issues", "elections", "test_scores", "quotas"])
def test_an_absent_table_gives_a_report_that_says_so(small: Path, tmp_path: Path, absent: str) -> None:
    """Without a table every exhibit still shows, and its indicators are unknown, not bad."""
    store = tmp_path / "store"
    shutil.copytree(small, store)
    (store / "tables" / f"{absent}.parquet").unlink()
    county = pb.open_county(store)
    frame = published(county, Period.parse("2023"))
    town = county.township(county.townships["township_id"].iloc[0])
    for make in THEMES.values():
        report = make(town, "2023", frame)
        assert _all(report)
        for reading in report.readings:
            if absent in reading.indicator.source_tables:
                assert reading.state in ("unknown", "suppressed")


@pytest.mark.parametrize(
    ("period", "as_of"), [("2023H1", "2023-06-30"), ("2023", "2023-04-15"), ("2023H2", "2024-03-01")]
)
def test_other_periods_and_cut_offs(small: Path, period: str, as_of: str) -> None:
    """A half-year and a cut-off in mid-year give reports that name what is not due."""
    county = pb.open_county(small, as_of=as_of)
    frame = published(county, Period.parse(period))
    for code in county.townships["township_id"].iloc[:2]:
        for make in THEMES.values():
            assert _all(make(county.township(code), period, frame))
    early = pb.study_quality(county.township(county.townships["township_id"].iloc[0]), period, frame)
    if as_of < "2023-12-31":
        assert early.reading("S13").state == "not_due"


def test_the_overview_keeps_the_official_order(demo_store: Path, demo_results: Path) -> None:
    """Townships stand in the order of the register, and no table numbers them."""
    county = pb.open_county(demo_store)
    report = pb.county_overview(county, "2023", str(demo_results))
    names = county.townships["name"].tolist()
    for table in (pb.coverage(report), pb.state_table(report), pb.township_table(report, "R03")):
        assert [_cell(row.cells[0]) for row in table.rows if row.kind == "data"] == names
    for show in (pb.plot_townships, pb.plot_funnel):
        assert not isinstance(show(report, "R03"), Box)
    assert pb.contributions(report, "M06", "M07").rows
    assert pb.plot_progress(report)._repr_mimebundle_()
