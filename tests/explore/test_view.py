"""The view: its choices, its code, and that it draws with the functions of the reports."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

import pbanalysis as pb
from pbanalysis.exhibits.blocks import Block
from pbanalysis.exhibits.county import township_table
from pbanalysis.explore.view import FIGURES, SIZES, indicators_of
from pbanalysis.explore.widgets import Explorer
from pbanalysis.store.county import open_county

NOTEBOOKS = {"study": "study_quality", "development": "member_development", "rectification": "rectification"}


@pytest.mark.parametrize("theme", list(NOTEBOOKS))
def test_its_figures_are_those_of_the_report_notebook(root: Path, theme: str):
    """The figures of the explorer are the plots of the theme's notebook, word for word, and all of them."""
    notebook = json.loads((root / "notebooks" / f"{NOTEBOOKS[theme]}.ipynb").read_text(encoding="utf-8"))
    code = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    lines = {ast.unparse(node) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)}
    figures = {ast.unparse(ast.parse(drawing.code(), mode="eval")) for drawing in FIGURES[theme]}
    assert figures == {line for line in lines if line.startswith("pb.plot_")} - {
        "pb.plot_funnel(report, 'S01')"
    }


def test_every_indicator_of_every_theme_can_be_looked_at(county):
    """No choice of theme and indicator fails; where nothing can be drawn a box says why."""
    for theme in NOTEBOOKS:
        for indicator in indicators_of(theme):
            view = pb.view(county, theme=theme, indicator=indicator.id)
            assert isinstance(view.funnel(), Block)
            assert isinstance(view.townships(), Block)
            assert view.show()._repr_html_()


def test_generated_code_makes_the_same_view(county):
    """「生成代码」 writes a cell that runs and ends in the figure that was on the screen."""
    explorer = Explorer(pb.view(county, theme="rectification", township=county.townships["name"].iloc[1]))
    explorer._figure.index = 3
    explorer._kind.value = county.townships["kind"].iloc[0]
    code = explorer.code
    *body, last = ast.parse(code).body
    names: dict[str, object] = {}
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    made = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    figure = explorer.view.figures()[3].draw(explorer.view.report)
    assert figure._repr_mimebundle_() in [
        e._repr_mimebundle_() for e in made.exhibits if isinstance(e, Block)
    ]
    assert made._repr_html_() == explorer.view.show(figure=3)._repr_html_()
    assert names["view"] == explorer.view


def test_peers_choose_who_is_drawn_not_what_is_compared(county):
    """A peer group leaves the county's value, the limits and the township's own reading as they are."""
    whole = pb.view(county)
    for size in SIZES:
        some = whole.but(size=size)
        assert some.township.id in some.peers
        assert set(some.peers) <= set(whole.peers)
        for unit in (county.code, some.township.id):
            assert some.seen.reading("S01", unit) == whole.seen.reading("S01", unit)
        assert isinstance(some.funnel(), Block)
        assert isinstance(some.townships(), Block)
        rows = township_table(some.overview, "S01").rows
        names = dict(zip(county.townships["township_id"], county.townships["name"]))
        assert [row.cells[0] for row in rows if row.kind == "data"] == [names[code] for code in some.peers]
    assert whole.but(kind="").seen is whole.report


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"theme": "学习"}, "没有这个专题"),
        ({"indicator": "S1"}, "没有这个指标"),
        ({"indicator": "R03"}, "不在“学习质量”里"),
        ({"township": "不存在的镇"}, "没有这个乡镇"),
        ({"period": "2023Q5"}, "期间写法不认识"),
        ({"kind": "县"}, "没有这个同类组"),
        ({"size": "person_key"}, "没有这个同类组"),
    ],
)
def test_a_wrong_choice_is_one_paragraph_with_what_to_do(county, choices, said):
    """Wrong use says what is wrong and what can be chosen."""
    with pytest.raises(pb.PbError, match=said) as caught:
        pb.view(county, **choices)
    assert caught.value.fix


def test_controls_follow_each_other(county):
    """A new theme brings its own indicators and figures; a changed control changes the figures."""
    explorer = Explorer(pb.view(county))
    before = explorer._left.value, explorer._middle.value
    explorer._theme.value = "rectification"
    assert explorer.view.indicator == explorer._indicator.value
    assert list(explorer._figure.options) == [d.title for d in FIGURES["rectification"]]
    assert explorer._middle.value != before[1]
    explorer._indicator.value = "R03"
    left = explorer._left.value
    assert left != before[0]
    explorer._township.value = county.townships["township_id"].iloc[2]
    assert explorer._left.value != left


def test_the_desk_shows_the_first_page_of_the_chosen_report(county):
    """A button shows the township's headline, limits and scorecard of the period asked for, and where the whole is."""
    desk = pb.desk(county, "2023H1")
    desk._town.value = county.townships["township_id"].iloc[1]
    desk.open("rectification")
    shown = desk._answer.value
    assert all(f"pb-role-{role}" in shown for role in ("headline", "limits", "scorecard"))
    assert "上半年" in shown
    assert 'href="rectification.ipynb"' in shown
    desk.county = pb.County(county.folder / "away", county.code, county.name, county.as_of, {})
    desk.open("study")
    assert "✘" in desk._answer.value


def test_without_a_front_end_for_widgets_the_view_is_still_there(county):
    """The bundle holds the same exhibits as HTML, and the code as text."""
    explorer = Explorer(pb.view(county))
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/html"].count("<svg") >= 3
    assert "pb.view(county" in bundle["text/plain"]


def test_names_of_the_facade_all_exist():
    """Every public name loads, completes on tab and says what it is."""
    for name in set(dir(pb)) - {"__version__"}:
        value = getattr(pb, name)
        assert value.__doc__, name
    assert pb.indicators("study").S01.name == pb.indicators("学习质量")["S01"].name
    assert "S01" in dir(pb.indicators("study"))


def test_townships_complete_as_keys(county):
    """``county["`` offers townships, and the key opens one."""
    names = county._ipython_key_completions_()
    assert county[names[0]].name == names[0]
    assert "R03" in pb.indicators()._ipython_key_completions_()


def test_results_are_kept_beside_the_tables_until_the_next_import(store, tmp_path):
    """A second session reads what the first computed; another cut-off is another result."""
    shutil.copytree(store, tmp_path / "store", ignore=shutil.ignore_patterns("kept"))
    county = open_county(tmp_path / "store")
    first = pb.results(county, "2023")
    kept = list((tmp_path / "store" / "kept").glob("*.parquet"))
    assert len(kept) == 1
    pb.results(open_county(tmp_path / "store", as_of="2023-06-30"), "2023")
    assert len(list((tmp_path / "store" / "kept").glob("*.parquet"))) == 2
    assert pb.results(open_county(tmp_path / "store"), "2023").equals(first)
