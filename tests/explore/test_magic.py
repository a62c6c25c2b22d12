"""``%pb``: the quick look, its errors and its completion."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import pbanalysis as pb
from pbanalysis.explore.magic import HELP, Quick
from pbanalysis.explore.widgets import Explorer


@pytest.fixture
def quick(county):
    """The magic's words for the small county."""
    return Quick({"county": county})


@pytest.fixture
def names(county):
    """Names of its townships."""
    return [str(name) for name in county.townships["name"]]


def test_a_township_alone_and_with_a_theme(quick, names):
    """A name gives the three headlines; with a theme also what may not be concluded and the scorecard."""
    assert quick.answer(names[0])._repr_html_().count("pb-role-headline") == 3
    shown = quick.answer(f"{names[0]} 整改成效")._repr_html_()
    assert "pb-role-limits" in shown
    assert "pb-role-scorecard" in shown


def test_townships_side_by_side(quick, names):
    """Two are compared with whether they can be told apart, three without."""
    two = quick.answer(f"对比 {names[0]} {names[1]}")
    assert [c.title for c in two.columns][-1] == "能否区分"
    assert {row.cells[-1] for row in two.rows if row.kind == "data"} <= {"可区分", "分不出", "—"}
    assert len(quick.answer(f"对比 {' '.join(names[:3])} 学习质量").columns) == 4


def test_equal_townships_cannot_be_told_apart(county, names):
    """A township beside itself: nothing is told apart."""
    town = county.township(names[0])
    rows = pb.compare(town, town).rows
    assert "可区分" not in {row.cells[-1] for row in rows if row.kind == "data"}


def test_why_leads_to_the_rows(quick, names):
    """``why`` gives the rows behind a number of any theme."""
    assert len(quick.answer(f"why {names[0]} S01").frame)
    assert quick.answer(f"why {names[0]} D04").note
    assert len(quick.answer(f"why {names[0]} M04-4").frame)


def test_indicators_and_help(quick):
    """The catalogue, one record, the help."""
    assert len(quick.answer("指标 学习质量")) > 10
    assert "算法" in quick.answer("指标 S01")
    assert "<b>S01 " in pb.indicators("study").S01._repr_html_()
    assert quick.answer("") == HELP


def test_a_period_is_kept_for_the_notebook(quick, names):
    """After ``期间`` every answer is of that period."""
    quick.answer("期间 2023H1")
    assert "上半年" in quick.answer(names[0]).title


@pytest.mark.parametrize(
    "line", ["没有的镇", "why", "why 没有的镇 S01", "对比 一", "期间 2023Q9", "指标 没有的", "没有 的 镇"]
)
def test_what_is_not_understood_says_what_to_write(quick, line):
    """Wrong lines are expected errors with a way out."""
    with pytest.raises(pb.PbError) as caught:
        quick.answer(line)
    assert caught.value.fix


def test_in_a_shell_it_loads_completes_and_writes_the_next_cell(county, names):
    """``%load_ext`` registers it; tab offers townships and indicators; ``代码`` writes the last view's cell."""
    shell = InteractiveShell()
    shell.user_ns["county"] = county
    shell.run_cell("%load_ext pbanalysis")
    assert shell.run_cell(f"%pb {names[0]}").result is not None
    for line, wanted in (
        (f"%pb {names[0][0]}", names[0]),
        (f"%pb why {names[0]} S0", "S01"),
        (f'county.township("{names[0][0]}', names[0]),
        (f'pb.view(county, township="{names[0][0]}', names[0]),
        ('pb.view(county, indicator="R0', "R03"),
        ('pb.behind(report, "S1', "S13"),
    ):
        with provisionalcompleter():
            assert wanted in {found.text for found in shell.Completer.completions(line, len(line))}, line
    shell.user_ns["view"] = Explorer(pb.view(county))
    written = []
    shell.set_next_input = lambda code, replace=False: written.append(code)
    shell.run_cell("%pb 代码")
    assert "pb.view(county" in written[0]
