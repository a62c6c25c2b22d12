"""What the explorer shows for a township is the batch's report, bit for bit."""

from __future__ import annotations

import datetime as dt

import nbformat
import pytest

import pbanalysis as pb
from pbanalysis.calendar import Period
from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.exhibits.tables import scorecard
from pbanalysis.explore.view import FIGURES
from pbanalysis.explore.widgets import Explorer
from pbanalysis.reports.batch import run

STEMS = {"study": "study_quality", "development": "member_development", "rectification": "rectification"}


@pytest.fixture(scope="module")
def out(store, tmp_path_factory):
    """OUT of a whole batch over the small county."""
    folder = tmp_path_factory.mktemp("batch") / "out"
    result = run(
        store, folder, period=Period.parse("2023"), as_of=dt.date(2023, 12, 31), formats=("html",), workers=2
    )
    assert result.exit_status == 0
    return folder


def shown(exhibit) -> dict:
    """An exhibit as a reader of a notebook gets it: its block and its picture."""
    return blocks_of({"cells": [{"outputs": [{"data": exhibit._repr_mimebundle_()}]}]})[0]


@pytest.mark.slow
def test_explorer_equals_the_report_of_every_township_and_theme(out, county):
    """Every figure, with its drawing, and the scorecard stand in the executed notebook exactly as on the screen."""
    compared = 0
    for code, name in zip(county.townships["township_id"], county.townships["name"]):
        for theme, stem in STEMS.items():
            notebook = nbformat.read(out / f"{code}_{name}" / f"{stem}.ipynb", as_version=4)
            printed = {block["id"]: block for block in blocks_of(notebook)}
            view = pb.view(county, theme=theme, township=code)
            for exhibit in (*(d.draw(view.report) for d in FIGURES[theme]), scorecard(view.report)):
                block = shown(exhibit)
                assert printed[block["id"]] == block
                compared += 1
    assert compared == len(county.townships) * sum(len(figures) + 1 for figures in FIGURES.values())


@pytest.mark.slow
def test_the_widget_shows_those_very_exhibits(out, county):
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
