"""The report notebooks read like a report, run from anywhere, and say by hand what the batch says."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

import pbanalysis as pb
from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.plan.clauses import measures
from pbanalysis.plan.registry import registry
from pbanalysis.store.schema import TABLES
from pbanalysis.themes.filings import of_persons

THEMES = ("study_quality", "member_development", "rectification")
REPORTS = (*THEMES, "county_overview")


@pytest.fixture(scope="session")
def folder(root: Path) -> Path:
    """Where the notebooks are."""
    return root / "notebooks"


def _code(path: Path) -> list[dict[str, Any]]:
    return [
        cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"
    ]


@pytest.mark.parametrize("name", [*REPORTS, "walkthrough"])
def test_notebooks_are_committed_clean(folder: Path, name: str) -> None:
    """No outputs, no execution counts, no trace of a run."""
    notebook = json.loads((folder / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert "papermill" not in notebook["metadata"]
    assert "version" not in notebook["metadata"].get("language_info", {})
    for cell in notebook["cells"]:
        assert "papermill" not in cell["metadata"]
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("name", [*REPORTS, "walkthrough"])
def test_parameters_are_one_a_line_with_their_help(folder: Path, name: str) -> None:
    """The cell tagged `parameters` has one text default a line, each with a Chinese comment."""
    tagged = [
        cell for cell in _code(folder / f"{name}.ipynb") if "parameters" in cell["metadata"].get("tags", [])
    ]
    assert len(tagged) == 1
    for line in "".join(tagged[0]["source"]).splitlines():
        assert re.fullmatch(r'[a-z_]+ = "[^"]*"  # .*[一-鿿].*', line)


@pytest.mark.parametrize("name", REPORTS)
def test_report_notebooks_are_literature(folder: Path, name: str) -> None:
    """No def, no loop, at most eight lines a cell, and every cell ends in one shown thing."""
    for cell in _code(folder / f"{name}.ipynb"):
        source = "".join(cell["source"])
        tree = ast.parse(source)
        assert not any(
            isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.Lambda) for node in ast.walk(tree)
        )
        assert len(source.splitlines()) <= 8
        if "parameters" not in cell["metadata"].get("tags", []):
            shown = [node for node in tree.body if isinstance(node, ast.Expr)]
            assert shown == tree.body[-1:]


@pytest.mark.parametrize("name", THEMES)
def test_the_skeleton_is_the_same(folder: Path, name: str) -> None:
    """What this is, the headline, what may not be concluded, the scorecard … in the same order in each theme."""
    calls = re.findall(
        r"pb\.(\w+)\(report", "\n".join("".join(cell["source"]) for cell in _code(folder / f"{name}.ipynb"))
    )
    frame = [call for call in calls if not call.startswith(("plot_", "says", "learning", "spot", "national"))]
    assert frame == [
        "about",
        "headline",
        "limits",
        "scorecard",
        "gaps",
        "due_next",
        "previous",
        "onsite",
        "measures",
        "measure_items",
        "definitions",
        "provenance",
    ]
    assert 4 <= len([call for call in calls if call.startswith("plot_")]) <= 7


@pytest.fixture(scope="module")
def executed(
    folder: Path, demo_store: Path, demo_results: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The four notebooks of the first township, as the batch runs them: from another folder, results at hand."""
    out = tmp_path_factory.mktemp("executed")
    town = pb.open_county(demo_store).townships["township_id"].iloc[0]
    return {
        name: _run(folder / f"{name}.ipynb", out / f"{name}.ipynb", demo_store, town, str(demo_results))
        for name in REPORTS
    }


def _run(notebook: Path, out: Path, store: Path, town: str, results: str) -> Any:
    parameters = {"store": str(store), "period": "2023", "as_of": "2023-12-31", "results": results}
    if notebook.stem != "county_overview":
        parameters["township_id"] = town
    return papermill.execute_notebook(
        str(notebook), str(out), parameters, progress_bar=False, cwd=str(out.parent), kernel_name="python3"
    )


def _facts(notebook: Any) -> dict[str, Any]:
    return {fact["id"]: fact for block in blocks_of(notebook) for fact in block["facts"]}


def test_by_hand_and_in_the_batch_the_numbers_are_the_same(
    executed: dict[str, Any], folder: Path, demo_store: Path, tmp_path: Path
) -> None:
    """With results left empty the notebook evaluates the county itself and prints the same facts."""
    town = pb.open_county(demo_store).townships["township_id"].iloc[0]
    by_hand = _run(folder / "rectification.ipynb", tmp_path / "by_hand.ipynb", demo_store, town, "")
    assert _facts(by_hand) == _facts(executed["rectification"])


def test_executed_notebooks_are_blocks_alone(executed: dict[str, Any]) -> None:
    """Every output of a report notebook is one block; nothing is printed or warned."""
    for notebook in executed.values():
        for cell in notebook["cells"]:
            for output in cell.get("outputs", []):
                assert output["output_type"] == "execute_result", output
        shown = [cell for cell in notebook["cells"] if cell.get("outputs")]
        assert len(blocks_of(notebook)) == len(shown)


def test_facts_are_unique_over_the_townships_notebooks(executed: dict[str, Any]) -> None:
    """One id is one fact over the three notebooks of a township."""
    seen: dict[str, Any] = {}
    for name in THEMES:
        for block in blocks_of(executed[name]):
            for fact in block["facts"]:
                assert seen.setdefault(fact["id"], fact) == fact


# what may hold a digit without being a fact: names, ids, clauses, dates of the frame, the level of the range
_NAMES = sorted(
    {text for i in registry() for text in (i.name, i.quote, i.background)} | {m.title for m in measures()},
    key=len,
    reverse=True,
)
_ALLOWED = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{4}年度|\d{4}年至\d{4}年|(?:措施|要求)\d+|(?<![A-Za-z\d])[SDRMW]\d+(?:-\d+)?[a-c]?(?![A-Za-z\d])|（95%）|不足10|达到10|满10件|"
    r"今后 12 个月|第 \d+ 天|党员超过50人|\d+月|目标 100%"
)


def _loose(text: str) -> str:
    for name in _NAMES:
        text = text.replace(name, "") if name else text
    return _ALLOWED.sub("", text)


def _plain(spans: list[Any]) -> str:
    return "".join(span for span in spans if isinstance(span, str))


def _texts(block: dict[str, Any]) -> Iterator[str]:
    """The parts of a block's body that are no facts."""
    facts = sorted({fact["text"] for fact in block["facts"]}, key=len, reverse=True)
    if block["type"] == "paragraph":
        yield _plain(block["spans"])
    for item in [*block.get("items", ()), *block.get("notes", ())]:
        yield _plain(item)
    for row in block.get("rows", ()):
        for cell in row["cells"]:
            if isinstance(cell, str):
                yield cell
            elif "spans" in cell:
                yield _plain(cell["spans"])
            elif not cell["f"]:
                yield cell["t"]
    for title in (block.get("title", ""), block.get("alt", ""), block.get("n", "")):
        rest = _loose(title)
        for text in facts:
            rest = rest.replace(text, "")
        yield rest


def test_every_number_in_the_body_is_a_fact(executed: dict[str, Any]) -> None:
    """No orphan number: what is no fact holds no digit but those of names, clauses and frame dates."""
    for name, notebook in executed.items():
        for block in blocks_of(notebook):
            if block["role"] in ("definitions", "provenance", "about"):
                continue
            for text in _texts(block):
                assert not re.search(r"\d", _loose(text)), (name, block["id"], text)


def test_walkthrough_agrees(folder: Path, demo_store: Path, tmp_path: Path) -> None:
    """One indicator of each theme recomputed by hand in pandas; the notebook itself asserts that it agrees."""
    county = pb.open_county(demo_store)
    for code in county.townships["township_id"].iloc[[0, 3]]:
        notebook = papermill.execute_notebook(
            str(folder / "walkthrough.ipynb"),
            str(tmp_path / f"{code}.ipynb"),
            {"store": str(demo_store), "township_id": code, "period": "2023", "as_of": "2023-12-31"},
            progress_bar=False,
            cwd=str(tmp_path),
        )
        nbformat.validate(notebook)
        checked = [cell for cell in notebook["cells"] if "assert" in cell["source"]]
        assert len(checked) == 3
        assert all(cell["outputs"] for cell in checked)


# numbers whose rows are not told, because they would tell of persons what is nowhere else said (blocks.md)
_UNTOLD = {"S07", "S08", "S16", "S17", "M08-5"}


def test_every_fact_tells_its_rows_or_what_lays_it_down(executed: dict[str, Any]) -> None:
    """A number was counted from so many rows of named tables, or a clause lays it down; else it is of persons."""
    told = laid_down = 0
    for notebook in executed.values():
        for fact_id, fact in _facts(notebook).items():
            if fact["clause"]:
                assert (fact["rows"], fact["source_tables"]) == (None, []), fact_id
                laid_down += 1
                continue
            assert fact["source_tables"], fact_id
            assert set(fact["source_tables"]) <= {*TABLES, "results", "import"}
            if fact["rows"] is not None:
                told += 1
            else:
                alone = all(of_persons(name) for name in fact["source_tables"])
                assert alone or fact["indicator_id"] in _UNTOLD or fact["state"] == "suppressed", fact_id
    assert told > 5 * laid_down > 0


def test_rows_are_the_ledgers_own(executed: dict[str, Any], demo_store: Path) -> None:
    """Rows of some indicators, counted again straight from the store's tables."""
    table = pb.open_county(demo_store).frame
    town = table("townships")["township_id"].iloc[0]
    orgs = table("organisations").set_index("org_id")["township_id"]
    meetings, elections, issues = table("meetings"), table("elections"), table("issues")
    for name, own in (("", lambda codes: codes == town), ("county.", lambda codes: codes.notna())):
        held = meetings[own(meetings["org_id"].map(orgs)) & (meetings["held_on"].dt.year == 2023)]
        ending = elections[own(elections["org_id"].map(orgs)) & (elections["expires_on"].dt.year == 2023)]
        cases = table("admissions")
        passed = cases[own(cases["org_id"].map(orgs)) & (cases["assembly_on"].dt.year == 2023)]
        found = issues[own(issues["township_id"]) & ~(issues["found_on"] > "2023-12-31")]
        closed = found["closed_on"].lt("2023-01-01") & ~found["end_reason"].isin(
            ["merged", "transferred", "withdrawn"]
        )
        again = found["reopened_on"].notna() & found["reclosed_on"].isna()
        reported = found[~closed | again | (found["deadline_kind"] == "standing")]
        expected = {
            "S14": ("study_quality", len(held)),
            "D06": ("member_development", len(passed)),
            "R02": ("rectification", len(reported)),
            "R03": ("rectification", len(reported)),
            "R12": ("rectification", len(ending)),
        }
        for indicator, (notebook, rows) in expected.items():
            fact = _facts(executed[notebook])[f"{name}{indicator}.value"]
            assert fact["rows"] == rows > 0, (name, indicator)
            assert fact["rows"] >= (fact["N"] if indicator != "S14" else fact["N"] / 7)
