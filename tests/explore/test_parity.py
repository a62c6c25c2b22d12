"""What the explorer shows for a township is the batch's report, bit for bit: all townships of the full demo county."""

from __future__ import annotations

import datetime as dt

import nbformat
import pytest

import pbanalysis as pb
from pbanalysis.calendar import Period
from pbanalysis.demo import demo_tables
from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.exhibits.county import township_table
from pbanalysis.explore.behind import behind
from pbanalysis.explore.view import FIGURES
from pbanalysis.explore.widgets import Explorer
from pbanalysis.indicators.results import COLUMNS, Results
from pbanalysis.plan.registry import registry
from pbanalysis.reports.batch import run

from .conftest import make_store

pytestmark = pytest.mark.slow

STEMS = {"study": "study_quality", "development": "member_development", "rectification": "rectification"}


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """The demo county with its fourteen townships."""
    return pb.open_county(make_store(tmp_path_factory.mktemp("whole") / "store", demo_tables(14)))


@pytest.fixture(scope="module")
def out(county, tmp_path_factory):
    """OUT of a whole batch over it."""
    folder = tmp_path_factory.mktemp("batch") / "out"
    day = dt.date(2023, 12, 31)
    result = run(county.folder, folder, period=Period.parse("2023"), as_of=day, formats=("html",), workers=2)
    assert result.exit_status == 0
    return folder


@pytest.fixture(scope="module")
def printed(county, out):
    """Blocks of each report with their pictures: (township, theme) → id → block."""
    places = {
        (code, theme): f"{code}_{name}/{stem}"
        for code, name in zip(county.townships["township_id"], county.townships["name"])
        for theme, stem in STEMS.items()
    } | {("county", "overview"): "county/overview"}
    return {
        key: {block["id"]: block for block in blocks_of(nbformat.read(out / f"{place}.ipynb", as_version=4))}
        for key, place in places.items()
    }


def shown(exhibit) -> dict:
    """An exhibit as a reader of a notebook gets it: its block, facts and all, and its picture."""
    return blocks_of({"cells": [{"outputs": [{"data": exhibit._repr_mimebundle_()}]}]})[0]


def test_every_township_and_theme_equals_its_report(county, printed):
    """Headline, limits, scorecard and every figure with its drawing stand in the executed report as on the screen."""
    assert len(printed) == 14 * 3 + 1
    for (code, theme), blocks in printed.items():
        if theme not in STEMS:
            continue
        view = pb.view(county, theme=theme, township=code)
        exhibits = [
            *pb.card(view.township, "2023", theme).exhibits,
            *(d.draw(view.report) for d in FIGURES[theme]),
        ]
        seen = [shown(exhibit) for exhibit in exhibits]
        if theme == "study":
            seen.append(shown(pb.view(county, indicator="S01", township=code).funnel()))
        assert {block["id"]: block for block in seen} == {block["id"]: blocks[block["id"]] for block in seen}
        assert len({block["id"] for block in seen}) == len(seen)


@pytest.mark.parametrize("indicator", ["S01", "D04", "R03"])
def test_townships_side_by_side_equal_the_county_overview(county, printed, indicator):
    """The figure and the table of all townships are those of the county's report."""
    view = pb.view(county, theme=registry()[indicator].theme, indicator=indicator)
    for exhibit in (view.townships(), township_table(view.overview, indicator)):
        block = shown(exhibit)
        assert printed["county", "overview"][block["id"]] == block


def test_the_numbers_are_those_of_results_csv(county, out, tmp_path):
    """The results the explorer reads are, written down, the batch's ``results.csv`` byte for byte."""
    kept = pb.results(county, "2023")
    own = kept.loc[kept["period"] == "2023", list(COLUMNS)]
    Results(own).write(tmp_path)
    assert (tmp_path / "results.csv").read_bytes() == (out / "results.csv").read_bytes()


def test_rows_behind_a_number_add_up_to_what_the_report_prints(county):
    """For every township and headline indicator with open rows the columns sum to the published row."""
    compared = 0
    for code in county.townships["township_id"]:
        for theme in STEMS:
            report = pb.view(county, theme=theme, township=code).report
            for reading in report.readings:
                rows = behind(report, reading.id).frame
                if "分母" not in rows or "合计" in set(rows["单位"]) or reading.indicator.kind == "count":
                    continue
                assert reading.state != "suppressed"
                assert (rows["分子"].sum(), rows["分母"].sum()) == (reading.numerator, reading.denominator)
                compared += 1
    assert compared > 200


def test_the_widget_shows_those_very_exhibits(county, out):
    """The HTML in the widget is the exhibit's own, and the funnel of the report is the explorer's."""
    code, name = str(county.townships["township_id"].iloc[0]), county.townships["name"].iloc[0]
    notebook = nbformat.read(out / f"{code}_{name}" / "study_quality.ipynb", as_version=4)
    html = {block["id"]: output["data"]["text/html"] for output, block in outputs_of(notebook)}
    explorer = Explorer(pb.view(county, theme="study", indicator="S01", township=code))
    assert html["study.funnel.S01"] in explorer._left.value
    assert html["study.scorecard"] in explorer._score.value
    assert html["study.rates"] in explorer._middle.value


def outputs_of(notebook):
    """Outputs of a notebook that carry a block, with it."""
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    return [
        (o, o["data"][name]) for o in outputs for name in o.get("data", {}) if name.endswith("block+json")
    ]
