"""Bad input: a message that says what to do, and the rest of the page lives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import pbanalysis as pb
from pbanalysis.demo import demo_tables
from pbanalysis.explore.lab import open_lab
from pbanalysis.explore.widgets import Explorer

from .conftest import make_store


@pytest.fixture
def own(store: Path, tmp_path: Path) -> Path:
    """A copy of the store that a test may harm."""
    return Path(shutil.copytree(store, tmp_path / "store"))


def test_no_store_is_said_before_a_server_starts(tmp_path):
    """``explore`` of a folder that is no store says how to make one."""
    with pytest.raises(pb.PbError, match="pbanalysis import"):
        open_lab(tmp_path)


def test_an_old_store_is_refused(own):
    """Another contract version is named, and what to do."""
    meta = json.loads((own / "meta.json").read_text(encoding="utf-8"))
    (own / "meta.json").write_text(json.dumps({**meta, "contract_version": 0}), encoding="utf-8")
    with pytest.raises(pb.PbError, match=r"第 0 版.*重新运行"):
        open_lab(own)


def test_a_store_being_written_is_said_and_the_view_lives(own):
    """While the store is away a control says so; when it is back under new data the county must be opened again."""
    explorer = Explorer(pb.view(pb.open_county(own)))
    figure = explorer._left.value
    (own / "meta.json").rename(own / "away")
    explorer._period.value = "2022"
    assert "正在重新导入" in explorer._message.value
    assert explorer._left.value == figure
    meta = json.loads((own / "away").read_text(encoding="utf-8"))
    (own / "meta.json").write_text(json.dumps({**meta, "sources": {"新": {}}}), encoding="utf-8")
    explorer._period.value = "2023H1"
    assert "重新运行 pb.open_county" in explorer._message.value


def test_a_half_written_table_is_said(own):
    """A table cut off in the middle is a refusal, not a traceback."""
    shutil.rmtree(own / "kept", ignore_errors=True)
    path = own / "tables" / "issues.parquet"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(pb.PbError, match="写到一半被中断"):
        pb.results(pb.open_county(own), "2023")


def test_a_theme_without_data_is_shown_as_unknown(tmp_path):
    """Without a single ledger of a theme its view says so in words, in every figure and tab."""
    tables = {
        k: v
        for k, v in demo_tables(4).items()
        if k not in ("meetings", "trainings", "topics", "topic_studies", "issues", "admissions")
    }
    explorer = Explorer(pb.view(pb.open_county(make_store(tmp_path / "store", tables))))
    for theme in ("study", "development", "rectification"):
        explorer._theme.value = theme
        for figure in range(len(explorer.view.figures())):
            explorer._figure.index = figure
        for tab in range(5):
            explorer._tab.selected_index = tab
        explorer._tab.selected_index = 0
        assert explorer._message.value == ""
        assert "数据缺失" in explorer._score.value


def test_a_notebook_shows_an_expected_error_as_one_paragraph(county):
    """IPython prints the paragraph alone: no frames, no file names."""
    with pytest.raises(pb.PbError) as caught:
        county.township("城")
    (line,) = caught.value._render_traceback_()
    assert line == f"✘ {caught.value}"
    assert "Traceback" not in line
