"""Reports read what is declared and nothing else: so a report is made again when it must, and only then."""

from __future__ import annotations

import ast
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pbanalysis as pb
from pbanalysis.reports.batch.planning import Situation
from pbanalysis.reports.batch.tools import standard
from pbanalysis.store.county import County
from pbanalysis.store.schema import SOURCE_COLUMNS, TABLES
from pbanalysis.terms import OVERVIEW
from pbanalysis.themes.reads import Reads, reads
from pbanalysis.themes.report import open_report, published

PERIOD = pb.Period.parse("2023")
STEMS = {**standard().stems, OVERVIEW: standard().overview}
EDITS = 14
# what leads a row to its township: to change it is to give the row to somebody else
_ROUTES = {"township_id", "org_id", "village_id", "case_id"}


@pytest.fixture(scope="module")
def county(demo_store: Path) -> County:
    """The fictional county."""
    return pb.open_county(demo_store, as_of="2023-12-31")


def _said(theme: str, county: County, unit: str, results: pd.DataFrame, root: Path) -> list[str]:
    """What the notebook of a theme shows of a unit, as text."""
    town = None if theme == OVERVIEW else county.township(unit)
    names = {"pb": pb, "county": county, "report": open_report(theme, county, town, PERIOD, results)}
    shown = []
    for cell in _cells(theme, root):
        last = ast.parse("".join(cell["source"])).body[-1]
        value = eval(compile(ast.Expression(last.value), theme, "eval"), names)  # type: ignore[attr-defined]
        shown.append(repr(value._repr_mimebundle_()))
    return shown


def _cells(theme: str, root: Path) -> list[dict[str, Any]]:
    """Code cells of a theme's notebook without the parameters."""
    notebook = json.loads((root / "notebooks" / f"{STEMS[theme]}.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [cell for cell in code if "parameters" not in cell["metadata"].get("tags", ())]


def _upside_down(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The frame with these columns turned upside down, and every other value of them taken away."""
    changed = frame.copy()
    for column in columns:
        turned = frame[column].iloc[::-1].set_axis(frame.index)
        changed[column] = turned.where(np.arange(len(frame)) % 2 == 0)
    return changed


def _unread_rows(county: County, read: Reads) -> County:
    """The county with everything upside down that is not read of its rows."""
    kept = {column.name for column in SOURCE_COLUMNS} | _ROUTES
    frames = {}
    for name, table in TABLES.items():
        frame, columns = county.frame(name), read.rows.get(name, ())
        columns = tuple(table.names) if columns is None else columns
        if frame is not None and name != "townships":
            unread = [c for c in table.names if c not in {*kept, table.own_date, *columns}]
            if name in read.dated:
                day = frame[read.dated[name]].dt.year
                own_year = (day == PERIOD.year).to_numpy(dtype=bool, na_value=False)
                assert own_year.any()
                assert not own_year.all()
                # the day itself stays in its year; the rest of such a row may be anything
                others = [c for c in columns if c not in kept and c != read.dated[name]]
                turned = _upside_down(frame, others)
                frame = frame.assign(**{c: frame[c].where(own_year, turned[c]) for c in others})
            frame = _upside_down(frame, unread)
        frames[name] = frame
    return replace(county, _frames=frames)


def _unread_results(results: pd.DataFrame, read: Reads, unit: str, county: str) -> pd.DataFrame:
    """The results with every value altered that is not declared as printed."""
    named = ["indicator_id", "unit_id", "unit_level", "period", "as_of"]
    printed = pd.DataFrame(False, index=results.index, columns=[c for c in results if c not in named])
    for part in read.results:
        rows = results["indicator_id"].isin(part.indicators) if part.indicators is not None else True
        if part.whose != "all":
            rows &= results["unit_id"] == (unit if part.whose == "own" else county)
        if part.beside:
            told = results["state"].isin(["met", "not_met", "info"]) & (results["period"] == PERIOD.label)
            own = told & (results["unit_id"] == unit)
            rows &= results["indicator_id"].isin(results.loc[own, "indicator_id"])
        before = results["state"].isin(["met", "not_met"]) if part.before else False
        rows &= before | (results["period"] == PERIOD.label)
        columns = list(printed) if part.columns is None else list(part.columns)
        printed.loc[rows, columns] = True
        if part.before:  # whether something was judged then is read of every row
            printed.loc[results["period"] != PERIOD.label, "state"] = True
    changed = results.copy()
    for column in printed:
        other = results[column].iloc[::-1].set_axis(results.index)
        changed[column] = results[column].where(printed[column], other)
    return changed


@pytest.mark.parametrize("theme", list(STEMS))
def test_what_is_not_declared_as_read_changes_nothing(
    theme: str, county: County, demo_results: Path, root: Path
) -> None:
    """With every undeclared column and result upside down, the reports say and draw the same."""
    results = pd.read_parquet(demo_results)
    named = "\n".join("".join(cell["source"]) for cell in _cells(theme, root))
    read = reads(theme).and_named(named, "all" if theme == OVERVIEW else "own")
    towns = county.townships["township_id"]
    other = _unread_rows(county, read)
    for unit in [county.code] if theme == OVERVIEW else [towns.iloc[0], towns.iloc[5], towns.iloc[-1]]:
        altered = _unread_results(results, read, unit, county.code)
        assert not altered.equals(results)
        assert _said(theme, other, unit, altered, root) == _said(theme, county, unit, results, root)


def _edits(rng: random.Random, county: County) -> Iterator[tuple[str, County]]:
    """The county after one more random edit of one cell: of any column of any table."""
    frames = {name: frame for name in TABLES if (frame := county.frame(name)) is not None}
    sources = {column.name for column in SOURCE_COLUMNS}
    while True:
        name = rng.choice([name for name in frames if name != "townships"])
        frame, column = frames[name].copy(), rng.choice(TABLES[name].names)
        at, other = rng.randrange(len(frame)), rng.randrange(len(frame))
        if TABLES[name].column(column).key or column in sources:
            continue
        was = frame[column].iat[at]
        frame[column] = frame[column].mask(np.arange(len(frame)) == at, frame[column].iat[other])
        if repr(was) == repr(frame[column].iat[at]):
            continue
        frames[name] = frame
        yield f"{name}.{column} {was} → {frame[column].iat[at]}", replace(county, _frames=dict(frames))


def _keys(county: County, results: pd.DataFrame, out: Path) -> dict[tuple[str, str], str]:
    """Key of every report as a batch computes it."""
    tools = standard()
    situation = Situation(county, PERIOD, results, None, tools, out, out / ".work", {}, ("html",), False)
    units = [
        (code, name, tuple(tools.stems)) for code, name in county.townships[["township_id", "name"]].values
    ]
    units.append((county.code, county.name, (OVERVIEW,)))
    return {p.key: p.inputs["key"] for unit in units for p in situation.unit(*unit).reports}


def test_random_edits_rebuild_little_in_vain(county: County, root: Path, tmp_path: Path) -> None:
    """After random edits of single cells of any table no report is stale, and few are made again in vain.

    Looked at are some reports of those that an edit has made again, each for as many, and of the others.
    """
    rng, results = random.Random(1), published(county, PERIOD)
    keys = _keys(county, results, tmp_path)
    made = vain = 0.0
    for _, (edit, after) in zip(range(EDITS), _edits(rng, county)):
        new = published(after, PERIOD)
        new_keys = _keys(after, new, tmp_path)
        changed = [report for report in keys if keys[report] != new_keys[report]]
        others = [report for report in keys if report not in changed]
        looked_at = rng.sample(changed, min(2, len(changed)))
        for unit, theme in (*looked_at, rng.choice(others)):
            same = _said(theme, county, unit, results, root) == _said(theme, after, unit, new, root)
            if (unit, theme) in looked_at:
                made += len(changed) / len(looked_at)
                vain += same * len(changed) / len(looked_at)
            else:
                assert same, f"stale after {edit}: {unit} {theme}"
        county, results, keys = after, new, new_keys
    assert made > EDITS
    assert vain <= 0.10 * made


def test_a_file_that_changes_concerns_its_own_theme_alone(
    county: County, demo_results: Path, root: Path, tmp_path: Path
) -> None:
    """The checksum of a township's ledger stands in its reports of the theme and in the county's; so do the keys.

    A file belongs to a theme by its kind, by the rows that were taken from it, or, not recognised, to all.
    """
    results, towns = pd.read_parquet(demo_results), county.townships
    name, other = towns["name"].iloc[0], towns["township_id"].iloc[1]
    code = towns["township_id"].iloc[0]
    files = {
        f"{name}/问题.xlsx": ("issues", {"rectification"}),
        f"{name}/会议.xlsx": (
            "meetings",
            {"study", "rectification"},
        ),  # its meetings are items of the plan, too
        f"{name}/发展.xlsx": ("admissions", {"development"}),
        f"{name}/名册.xlsx": ("roster_counts", {"study", "rectification"}),
        f"{name}/合订本.xlsx": ("issues", {"rectification", "study"}),  # and the trainings beside the issues
        f"{name}/某表.xlsx": ("unknown", {"study", "development", "rectification"}),
    }
    store = tmp_path / "store"
    shutil.copytree(county.folder, store)
    (store / "import").mkdir()
    trainings = county.frame("trainings")
    assert trainings is not None
    mine = (trainings["township_id"] == code).to_numpy()
    bound = trainings["source_file"].mask(mine, f"{name}/合订本.xlsx")
    filed = replace(
        county,
        folder=store,
        _frames={t: county.frame(t) for t in TABLES} | {"trainings": trainings.assign(source_file=bound)},
    )

    def record(changed: str = "") -> None:
        lines = [
            f"{file},{('b' if file == changed else 'a') * 64},{kind},accept,,,5,0,0"
            for file, (kind, _) in files.items()
        ]
        head = "file,sha256,kind,verdict,code,message,rows_accepted,rows_rejected,rows_duplicate"
        (store / "import" / "files.csv").write_text("\n".join([head, *lines]), encoding="utf-8-sig")

    record()
    keys = _keys(filed, results, tmp_path)
    said = {theme: "".join(_said(theme, filed, code, results, root)) for theme in STEMS if theme != OVERVIEW}
    elsewhere = "".join(_said("study", filed, other, results, root))
    for file, (_, themes) in files.items():
        assert {theme for theme, text in said.items() if file in text} == themes
        assert file not in elsewhere
        record(file)
        new = _keys(filed, results, tmp_path)
        assert {key for key in keys if keys[key] != new[key]} == {
            *((code, theme) for theme in themes),
            (county.code, OVERVIEW),
        }
