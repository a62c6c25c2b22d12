"""Tables and boxes of every theme: they print what the results hold, for good and for bad input."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import pbanalysis as pb
from pbanalysis.calendar import Period
from pbanalysis.demo import demo_tables
from pbanalysis.exhibits.blocks import Box, Table, facts_of, text_of
from pbanalysis.exhibits.parts import county_curve
from pbanalysis.exhibits.phrases import matter
from pbanalysis.plan.clauses import measures as plan_measures
from pbanalysis.plan.registry import registry
from pbanalysis.store.write import write_store
from pbanalysis.terms import STATES
from pbanalysis.themes.beside import study_lag
from pbanalysis.themes.matters import general
from pbanalysis.themes.reading import Reading
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


def test_the_countys_dot_plot_names_each_township_it_leaves_out(demo_store: Path, demo_results: Path) -> None:
    """Its caption counts the drawn ones and names the others, each with the reason: none is missing silently."""
    county = pb.open_county(demo_store)
    report = pb.county_overview(county, "2023", str(demo_results))
    reasons = ("分母不足10", *STATES.values())
    left_n = 0
    for indicator in ("S01", "D04", "D06", "R03"):
        figure = pb.plot_townships(report, indicator)
        if isinstance(figure, Box):
            continue
        drawn, _, left = text_of(figure.n).partition("；未画：")
        named = re.findall(r"([^，（）]+)（([^（）]+)）", left)
        assert all(reason in reasons for _, reason in named)
        names = [name for names, _ in named for name in names.split("、")]
        known = [report.reading(indicator, code) for code in county.townships["township_id"]]
        assert len(names) + int(re.findall(r"\d+", drawn)[0]) == sum(r is not None for r in known)
        assert set(names) <= set(county.townships["name"])
        left_n += len(names)
    assert left_n  # the fictional county has such townships


def _said(report: Report, name: str) -> str:
    """Everything an exhibit says, its notes too."""
    exhibit = getattr(pb, name)(report)
    return "".join(text_of(line) for line in exhibit.lines())


def test_the_headline_names_as_many_indicators_as_the_scorecard_judges(reports: list[Report]) -> None:
    """What is said to be evaluated is the first group of the scorecard, what does not apply left out."""
    for report in reports:
        counted = {fact.id: fact.value for fact in facts_of(pb.headline(report).text)}
        rows = pb.scorecard(report).rows
        groups = [k for k, row in enumerate(rows) if row.kind == "group"]
        first = [
            row
            for row in rows[1 : groups[1] if len(groups) > 1 else None]
            if "其中" not in _cell(row.cells[0])
        ]
        bound = [row for row in first if _cell(row.cells[-2]) != STATES["na"]]
        assert counted.get(f"{report.theme}.evaluated_n", 0) == len(bound)
        states = [v for k, v in counted.items() if k in {f"{report.theme}.{s}_n" for s in STATES}]
        assert sum(states) == len(bound)


def test_a_gain_of_few_branches_says_so_in_its_row(reports: list[Report]) -> None:
    """The row, its note and the text say alike that the range is too narrow."""
    seen = 0
    for report in reports:
        if report.theme != "study" or "涉及的支部少" not in _said(report, "learning_gain"):
            continue
        seen += 1
        row = next(r for r in pb.scorecard(report).rows if _cell(r.cells[0]).startswith("S17"))
        assert _cell(row.cells[3]).endswith("标准差（支部少）")
        assert "S17：涉及的支部少" in _said(report, "scorecard")
    assert seen


def test_last_periods_shortfall_is_not_made_good_by_this_periods_persons(reports: list[Report]) -> None:
    """Where other persons were reviewed this year, what was missed last year stands beside the new state."""
    report = next(r for r in reports if r.theme == "development" and r.unit_name == "清泉镇")
    now = report.reading("D06")
    then = Reading(registry()["D06"], "township", "not_met", 15, 20, 0.75)
    report = replace(report)
    report.__dict__["previous"] = {"D06": then}
    assert now.state == "met"
    table = pb.previous(report)
    assert isinstance(table, Table)
    row = next(r for r in table.rows if _cell(r.cells[0]).startswith("D06"))
    assert _cell(row.cells[2]) == f"{now.numerator}/{now.denominator}，上期所缺 {then.shortfall} 人另计"
    assert "不因本期达标而视为补正" in _said(report, "previous")


def test_what_is_inferred_from_few_files_is_not_called_uninferable(reports: list[Report]) -> None:
    """A random check of few files bears its exact range: the limits warn of its width and do not deny it."""
    report = next(r for r in reports if r.theme == "development" and r.unit_name == "云台镇")
    assert "据此推断" in _said(report, "spot_check")
    said = [text_of(item) for item in pb.limits(report).items]
    assert [text for text in said if "随机抽查档案问题率" in text] == [
        "只作背景的随机抽查档案问题率：抽查不足10份，推断全部的范围很宽，不能当作实际问题率。"
    ]


def test_the_funnel_says_whom_it_leaves_out_and_why(demo_store: Path, demo_results: Path) -> None:
    """Units of less than ten are not drawn as rates; the county's paper names them, a township's counts them."""
    county = pb.open_county(demo_store)
    frame = pd.read_parquet(demo_results)
    whole = pb.plot_funnel(pb.county_overview(county, "2023", frame), "R03")
    assert text_of(whole.n) == "n = 11 个单位；未画：静水乡（分母不足10）"
    report = pb.study_quality(county["云台镇"], "2023", frame)
    own = pb.plot_funnel(report, "S01")
    assert text_of(own.n) == "n = 11 个单位；未画：没有数值的 1 个"
    others = [name for name in county.townships["name"] if name != "云台镇"]
    assert not any(name in text_of(line) for line in own.lines() for name in others)
    for town in ("长坪镇", "静水乡"):
        theme, indicator = (pb.study_quality, "S01") if town == "长坪镇" else (pb.rectification, "R03")
        assert isinstance(pb.plot_funnel(theme(county[town], "2023", frame), indicator), Box)


def test_ages_have_their_unit(reports: list[Report]) -> None:
    """Classes of age are years, as drawn and as said."""
    said = [
        text_of(line)
        for report in reports
        if report.theme == "development"
        for line in pb.plot_structure(report, "age").lines()
    ]
    assert any("岁" in text for text in said)
    assert not any(re.search(r"[≤≥]\d+ |\d-\d+ ", text) for text in said)


def test_a_clause_on_what_stands_out_says_one_way(reports: list[Report]) -> None:
    """Too low here and too high there are two matters, each with its own word."""

    def of(indicator: str, way: str) -> Reading:
        return Reading(registry()[indicator], "township", "not_met", 10, 40, 0.25, vs_county=way)

    report = replace(reports[0])
    report.__dict__["readings"] = [of("S01", "low"), of("R09", "high"), of("S05", "low")]
    said = [text_of(matter(found)) for found in general(report) if found.kind == "stands_out"]
    assert [("显著低于" in text, "显著高于" in text) for text in said] == [(True, False), (False, True)]
    assert "一年内反弹率" not in said[0]


def test_a_curve_of_few_units_stands_alone(reports: list[Report]) -> None:
    """Nine documents to study are shown with their median and not beside the county's thousands."""
    drawn = {}
    for report in (r for r in reports if r.theme == "study"):
        figure, reading = pb.plot_study_lag(report), report.reading("S06")
        drawn[reading.small] = [text_of(line) for line in figure.lines()]
    assert not any("全县" in line for line in drawn[True])
    assert any("全县" in line for line in drawn[False])


def test_few_units_have_no_countys_curve(reports: list[Report]) -> None:
    """The picture holds no second curve either: the county's is not passed to it."""
    few = next(r for r in reports if r.theme == "study" and r.reading("S06").small)
    many = next(r for r in reports if r.theme == "study" and not r.reading("S06").small)
    own = [study_lag(r.known, r.period) for r in (few, many)]
    assert county_curve(few, "S06", own[0]) is None
    assert county_curve(many, "S06", own[1]) is not None
