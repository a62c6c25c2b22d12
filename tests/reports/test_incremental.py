"""Only what changed is made again, and ``why`` names what changed, down to the source row."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
import report_fakes as fakes

from pbanalysis.errors import PbError
from pbanalysis.reports.batch.incremental import why
from pbanalysis.reports.batch.planning import Situation
from pbanalysis.reports.digests import row_digests, rows_of
from pbanalysis.store.county import County, open_county

Tables = dict[str, pd.DataFrame]


def test_why_names_the_changed_row(report, tools, tmp_path: Path) -> None:
    """One cell of one issue changes: that report and its attachment are made again, and the row is named."""
    tables, out = fakes.small_tables(), tmp_path / "out"
    store = fakes.small_store(tmp_path / "store", tables)
    report(store, out, tools)
    frame = tables["issues"]
    frame.loc[frame["issue_id"] == "629901101-i2", "problem"] = "另一种说法"
    result = report(fakes.small_store(store, tables), out, tools)
    assert {(told.township, told.theme) for told in result.built} == {
        ("乙乡", "rectification"),
        ("乙乡", "document"),
        ("样县", "overview"),
        ("样县", "document"),
    }
    told = why(out, "乙乡", "rectification")
    assert [str(line) for line in told] == [
        "乙乡　整改成效　已生成：台账有变化：问题整改改动 乙乡/台账.xlsx 表1 第 6 行"
    ]
    assert told[0].reasons[0]["detail"][0]["change"] == "changed"
    assert [str(line) for line in why(out, "样县", "overview")] == [
        "样县　全县一览　已生成：台账有变化：乙乡 问题整改改动 乙乡/台账.xlsx 表1 第 6 行"
    ]
    assert [str(line) for line in why(out, "甲镇", "study")] == ["甲镇　学习质量　沿用：各项输入都没有变化"]


def test_why_tells_rows_that_came_and_went(report, tools, tmp_path: Path) -> None:
    """A row more and a row less are told; a number of the county that they move reaches the other townships."""
    tables, out = fakes.small_tables(), tmp_path / "out"
    store = fakes.small_store(tmp_path / "store", tables)
    report(store, out, tools)
    trainings = tables["trainings"]
    tables["trainings"] = trainings[trainings["training_id"] != "629901100-t3"]
    extra = trainings[trainings["training_id"] == "629901102-t0"].assign(training_id="new", source_row=99)
    tables["trainings"] = pd.concat(
        [tables["trainings"], extra, extra.assign(training_id="n2", source_row=100)]
    )
    result = report(fakes.small_store(store, tables), out, tools, themes=("study",))
    assert {told.township for told in result.built if told.theme == "study"} == set(fakes.TOWNS.values())
    assert "培训删去 甲镇/台账.xlsx 表1 第 7 行" in str(why(out, "甲镇", "study")[0])
    changes = [part["change"] for part in why(out, "丙街道", "study")[0].reasons[0]["detail"]]
    assert changes == ["added", "added"]
    assert "全县结果有变化：study（甲镇）、study（丙街道）、study（全县）" in str(
        why(out, "乙乡", "study")[0]
    )


def test_why_names_a_few_rows_of_many_and_whose(report, tools, tmp_path: Path) -> None:
    """The county's line names the first rows that changed with their townships, and how many more there are."""
    tables, out = fakes.small_tables(), tmp_path / "out"
    store = fakes.small_store(tmp_path / "store", tables)
    report(store, out, tools)
    tables["issues"]["problem"] = tables["issues"]["problem"] + "。"
    report(fakes.small_store(store, tables), out, tools)
    line = str(why(out, "样县", "overview")[0])
    assert "甲镇 问题整改改动 甲镇/台账.xlsx 表1 第 4 行；甲镇 问题整改改动" in line
    assert line.count("第 ") == 8
    assert line.endswith("；另有 4 行")


def test_why_speaks_chinese_of_settings(report, store: Path, tools, tmp_path: Path) -> None:
    """Status, first page and number of an attachment are told in words, before and after."""
    out = tmp_path / "out"
    report(store, out, tools, townships=["甲镇"])
    setting = {"status": "final", "start_page": 7, "attachment_no": 0}
    report(store, out, tools, townships=["甲镇"], setting=setting)
    assert str(why(out, "甲镇", "document")[0]) == (
        "甲镇　汇总附件　已生成：稿别或编号有变化：稿别 草稿 → 定稿、起始页码 1 → 7、附件号 1 → 无"
    )


def test_why_refuses_what_is_not_there(finished: Path, tmp_path: Path) -> None:
    """A folder without a run, and a township that does not exist, are refused with the near names."""
    with pytest.raises(PbError, match="没有生成过报告"):
        why(tmp_path)
    with pytest.raises(PbError, match="乙乡") as refused:
        why(finished, "乙镇")
    assert refused.value.exit_status == 2


def test_template_parameters_and_force_are_reasons(report, store: Path, tmp_path: Path) -> None:
    """A changed template, a changed cut-off and --force each make everything they concern again, and say so."""
    out, templates = tmp_path / "out", tmp_path / "templates"
    report(store, out, fakes.small_tools(templates), themes=("study",), townships=["甲镇"])
    edited = fakes.small_tools(templates, study=["print(store == '', township_id)"])
    report(store, out, edited, themes=("study",), townships=["甲镇"])
    assert "报告模板有变化" in str(why(out, "甲镇", "study")[0])
    report(store, out, edited, themes=("study",), townships=["甲镇"], force=True)
    assert "指定了 --force" in str(why(out, "甲镇", "study")[0])


def test_a_damaged_file_is_made_again(report, store: Path, tools, tmp_path: Path) -> None:
    """A report that someone edited or deleted does not count as done."""
    out = tmp_path / "out"
    report(store, out, tools, townships=["甲镇"])
    page = out / "629901100_甲镇" / "study_quality.html"
    before = page.read_bytes()
    page.write_bytes(before + b"x")
    (out / "629901100_甲镇" / "rectification.ipynb").unlink()
    result = report(store, out, tools, townships=["甲镇"])
    assert {told.theme for told in result.built} == {"study", "rectification"}
    assert page.read_bytes() == before
    assert "成品缺失或被改动：study_quality.html" in str(why(out, "甲镇", "study")[0])


def test_row_digests_see_every_cell() -> None:
    """Missing is not empty, not zero; a list's order and a column's place count; equal rows are equal."""
    frame = pd.DataFrame(
        {"a": pd.array(["x", "", None, "x"], dtype="str"), "n": pd.array([1, 0, None, 1], "Int64")}
    )
    digests = row_digests(frame.assign(types=[["p", "q"], ["pq"], None, ["p", "q"]]))
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3
    swapped = row_digests(frame.assign(types=[["q", "p"], ["pq"], None, ["p", "q"]]))
    assert (digests == swapped).tolist() == [False, True, True, True]


def _edits() -> Mapping[str, Callable[[random.Random, Tables], None]]:
    """Kinds of edits: what a county office does to its ledgers between two runs."""

    def cell(rng: random.Random, tables: Tables) -> None:
        name, column = rng.choice([("issues", "problem"), ("trainings", "lecturer"), ("issues", "measure")])
        frame = tables[name]
        frame.loc[rng.choice(frame.index), column] = rng.choice(["secretary", "superior", "member"])

    def number(rng: random.Random, tables: Tables) -> None:
        frame = tables["admission_plans"]
        frame.loc[rng.choice(frame.index), "plan_n"] = rng.randint(0, 9)

    def remove(rng: random.Random, tables: Tables) -> None:
        name = rng.choice(["issues", "trainings"])
        if len(tables[name]) > 4:
            tables[name] = tables[name].drop(rng.choice(tables[name].index)).reset_index(drop=True)

    def add(rng: random.Random, tables: Tables) -> None:
        frame = tables["issues"]
        row = frame.loc[[rng.choice(frame.index)]].assign(
            issue_id=f"new-{rng.random()}", source_row=rng.randint(50, 99)
        )
        tables["issues"] = pd.concat([frame, row], ignore_index=True)

    def move(rng: random.Random, tables: Tables) -> None:
        frame = tables["trainings"]
        frame.loc[rng.choice(frame.index), "township_id"] = rng.choice(list(fakes.TOWNS))

    def unread(rng: random.Random, tables: Tables) -> None:
        frame = tables["quotas"]
        frame.loc[rng.choice(frame.index), "quota_n"] = rng.randint(0, 99)

    def sheet(rng: random.Random, tables: Tables) -> None:  # kept, but printed nowhere
        frame = tables["issues"]
        frame.loc[rng.choice(frame.index), "source_sheet"] = rng.choice(["表1", "表2"])

    return {
        "cell": cell,
        "number": number,
        "remove": remove,
        "add": add,
        "move": move,
        "unread": unread,
        "sheet": sheet,
    }


def test_two_hundred_edits_against_an_oracle(tools, tmp_path: Path) -> None:
    """After each of 200 random edits: what would print something else is made again (none is stale), and at
    most a tenth of what is made again would print the same."""
    rng, tables = random.Random(6), fakes.small_tables()
    quotas = [{"township_id": town, "item_id": "M13-2", "year": 2023, "quota_n": 1.0} for town in fakes.TOWNS]
    tables["quotas"] = pd.DataFrame(quotas).astype({"year": "Int64", "quota_n": "Float64"})
    kinds = _edits()
    keys, printed = _look(tables, tools, tmp_path)
    needed = made = 0
    for _ in range(200):
        kind = rng.choices(list(kinds), weights=[6, 4, 3, 3, 3, 3, 1])[0]
        kinds[kind](rng, tables)
        new_keys, new_printed = _look(tables, tools, tmp_path)
        for report in keys:
            remade, differs = new_keys[report] != keys[report], new_printed[report] != printed[report]
            assert remade or not differs, f"stale after {kind}: {report}"
            needed, made = needed + differs, made + remade
        keys, printed = new_keys, new_printed
    assert needed > 200
    assert (made - needed) / made <= 0.10


def _look(tables: Tables, tools, out: Path) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """Keys of all reports as the batch computes them, and what their templates would print."""
    county = County(out, "629901", "样县", fakes.AS_OF, {}, dict(tables))
    results = fakes.published(county, fakes.PERIOD)
    situation = Situation(
        county, fakes.PERIOD, results, None, tools, out, out / ".work", {}, ("html",), False
    )
    keys, printed = {}, {}
    for code, name in fakes.TOWNS.items():
        town = county.township(code)
        for planned in situation.unit(code, name, tuple(fakes.THEMES)).reports:
            keys[planned.key] = planned.inputs["key"]
            frame = town.frame(fakes.TABLE_OF[planned.theme])
            own = results[
                results["unit_id"].isin([code, county.code]) & (results["indicator_id"] == planned.theme)
            ]
            text = frame.drop(columns=["source_file", "source_sheet"]).to_csv(index=False)
            printed[planned.key] = town.name + text + own[["unit_id", "numerator"]].to_csv(index=False)
    return keys, printed


def test_rows_are_dealt_out_once(store: Path) -> None:
    """Every row of a table is one township's, or belongs to all."""
    county = open_county(store, as_of=fakes.AS_OF)
    rows = rows_of(county)
    for table in ("issues", "trainings"):
        positions = [k for town in fakes.TOWNS for k in rows[town][table].positions]
        assert sorted(positions) == list(range(len(county.frame(table))))
