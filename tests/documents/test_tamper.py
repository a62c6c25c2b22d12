"""A run as it is delivered, every kind of file of it tampered with: each changed digit is found and told.

Whoever tampers knows the program: the manifest is sealed anew each time, so that every checksum is right.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
import sample_blocks as sample
from tampering import tamper

from pbanalysis.calendar import Period
from pbanalysis.demo import demo_tables
from pbanalysis.reports.batch import run
from pbanalysis.reports.batch.incremental import key_of
from pbanalysis.reports.batch.tools import Tools, standard
from pbanalysis.reports.check import anew, remake
from pbanalysis.reports.check.anew import Source
from pbanalysis.reports.check.pack import pack
from pbanalysis.reports.check.verify import verify
from pbanalysis.reports.documents import attachments
from pbanalysis.reports.manifest import seal
from pbanalysis.store.county import County
from pbanalysis.store.write import write_store

pytestmark = pytest.mark.slow

ROUNDS = 7
COUNTY = {"code": "629902", "name": "试验县"}
ALL = ("html", "pdf", "docx", "xlsx")
STREET, TOWN = "629902101_松溪镇", "629902100_云台镇"


def make(folder: Path, **options: Any) -> None:
    """A run of the county, or another one of the same folder."""
    options = {"formats": ALL, **options}
    done = run(
        folder / "store", folder / "OUT", period=Period.parse("2023"), as_of=dt.date(2023, 12, 31), workers=2,
        **options,
    )  # fmt: skip
    assert not done.failed


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of three townships and a whole run of it, final, one with a statement."""
    folder = tmp_path_factory.mktemp("delivered")
    write_store(folder / "store", demo_tables(3), county=COUNTY, as_of="2023-12-31", sources={})
    (folder / "said").mkdir()
    (folder / "said" / "云台镇.txt").write_text("3个支部因换届推迟，已于12月补齐。", encoding="utf-8")
    make(folder, setting={"status": "final", "start_page": 3}, statements=folder / "said")
    return folder


@pytest.fixture
def moved(delivered: Path, tmp_path: Path) -> Path:
    """Folder and store together in another place, as on somebody else's machine; OUT to be tampered with."""
    shutil.copytree(delivered, tmp_path / "U盘")
    return tmp_path / "U盘" / "OUT"


def names(out: Path, *suffixes: str) -> list[str]:
    """Delivered files of the suffixes."""
    found = sorted(path for path in out.glob("**/*") if path.suffix in suffixes and ".work" not in path.parts)
    return [path.relative_to(out).as_posix() for path in found if path.name != "manifest.json"]


def check(out: Path, told: dict[str, tuple[str, str]], **options: Any) -> int:
    """Whether one check of the folder finds all changes; returns how many numbers it gave their indicator."""
    found = verify(out, **options)
    text = "\n".join(found.lines())
    assert found.exit_status == 1
    assert {v.name for v in found.files if v.state != "untouched"} == set(told)
    for verdict in found.files:
        if verdict.name not in told:
            continue
        before, after = told[verdict.name]
        right = [c for c in verdict.changes if c.old in before and c.new in after and c.old != c.new]
        if verdict.name.endswith(".xlsx") and re.fullmatch(
            r"[\d.]+", before
        ):  # a typed cell is told as shown
            right = right or [c for c in verdict.changes if len(verdict.changes) == 1 and "!" in c.place]
        assert right, (verdict.name, before, after, verdict.changes, verdict.note)
        assert f"✘ {verdict.name}：" in text
        assert f"现为 {right[0].new}，应为 {right[0].old}" in text
    return sum(bool(c.fact or c.indicator) for v in found.files for c in v.changes)


def forge(out: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit the manifest and seal it anew."""
    path = out / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    edit(manifest)
    path.write_text(json.dumps(seal(manifest), ensure_ascii=False), encoding="utf-8")


def entry_of(manifest: dict[str, Any], unit: str, theme: str) -> dict[str, Any]:
    """An entry of the manifest."""
    return next(e for e in manifest["reports"] if (e["township_id"], e["theme"]) == (unit[:9], theme))


def doubts(out: Path) -> str:
    """What verify says of the manifest."""
    (verdict,) = verify(out / "manifest.json").files
    assert verdict.state == "changed"
    return "\n".join(verdict.lines())


def test_a_run_that_was_moved_with_its_store_passes(moved: Path) -> None:
    """Nothing of where it was made is needed: every file made anew is the file delivered, exit status 0."""
    found = verify(moved)
    assert found.lines()[-1].startswith("通过：")
    assert found.exit_status == 0
    assert found.recomputed > 1000
    assert not found.unchecked
    assert str(moved.parent / "store") in found.lines()[-2]


def test_a_store_that_was_moved_is_found_by_its_option(moved: Path, tmp_path: Path) -> None:
    """Without it files are held against each other, and that no number was compared with the data is said."""
    (moved.parent / "store").rename(tmp_path / "elsewhere")
    alone = verify(moved)
    assert alone.ok
    assert any("没有数据仓" in line for line in alone.lines())
    assert any("results.csv" in what for what in alone.unchecked)
    assert verify(moved, store=tmp_path / "elsewhere").ok


def test_later_runs_do_not_make_false_alarms(moved: Path) -> None:
    """Run again with nothing changed, then one township alone after its data changed: everything passes."""
    folder = moved.parent
    about = {"setting": {"status": "final", "start_page": 3}, "statements": folder / "said"}
    make(folder, **about)
    assert verify(moved).ok
    tables = demo_tables(3)
    first = tables["meetings"].index[tables["meetings"]["org_id"].str.startswith("629902100")][:5]
    tables["meetings"] = tables["meetings"].drop(index=first)
    write_store(folder / "store", tables, county=COUNTY, as_of="2023-12-31", sources={})
    make(folder, **about)
    assert verify(moved).ok
    assert verify(moved / TOWN / "report.pdf").ok


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Tools that evaluate the county once, and cells run once, where a store stays as it is."""
    notebooks: dict[tuple[str, ...], Any] = {}

    def executed(template: Path, about: dict[str, str], source: Source) -> Any:
        key = (template.name, *about.values())
        if key not in notebooks:
            notebooks[key] = anew.executed(template, about, source)
        return notebooks[key]

    monkeypatch.setattr(remake, "executed", executed)
    published: dict[str, Any] = {}
    tools = standard()

    def evaluated(county: County, period: Period) -> Any:
        if period.label not in published:
            published[period.label] = tools.published(county, period)
        return published[period.label]

    return replace(tools, published=evaluated)


def test_every_changed_digit_is_found_and_told(moved: Path, delivered: Path, once: Tools) -> None:
    """Two hundred single digits over all delivered files, the manifest sealed anew each time: found, and told
    with both numbers; most of them with the indicator."""
    draw, count, known = random.Random(20231231), 0, 0
    outputs = names(moved, ".html", ".pdf", ".docx", ".xlsx", ".json", ".csv")
    notebooks = names(moved, ".ipynb")
    assert {"index.html", "results.csv", "county/report.docx", "county/overview.ipynb"} <= {
        *outputs,
        *notebooks,
    }
    for chosen in (*[outputs] * ROUNDS, notebooks):
        told = {name: tamper(name, moved / name, draw) for name in chosen}
        sample.vouch(moved)
        known += check(moved, told, tools=once)
        count += len(told)
        for name in (*told, "manifest.json"):
            shutil.copyfile(delivered / "OUT" / name, moved / name)
    assert count >= 200
    assert known > 0.6 * count
    assert verify(moved).ok


def test_a_digit_changed_without_sealing_anew_is_told_as_well(moved: Path) -> None:
    """The quick edit: the checksum is wrong, and the number is named all the same."""
    draw = random.Random(7)
    told = {name: tamper(name, moved / name, draw) for name in names(moved, ".docx", ".pdf", ".ipynb")}
    check(moved, told)


def test_without_a_store_files_are_held_against_the_notebooks(moved: Path) -> None:
    """Sealed anew and no store at hand: pages, attachments and facts must still be what the notebooks give."""
    shutil.rmtree(moved.parent / "store")
    draw = random.Random(11)
    told = {n: tamper(n, moved / n, draw) for n in names(moved, ".html", ".pdf", ".docx", ".xlsx", ".json")}
    del told["index.html"]
    sample.vouch(moved)
    check(moved, told)


def test_a_township_changed_throughout_is_told_by_the_store(moved: Path, tmp_path: Path) -> None:
    """Made by this very program of a better store, every file and the manifest's entries put in place: all
    agree with each other, and not with the data."""
    other = tmp_path / "other"
    tables = demo_tables(3)
    issues = tables["issues"]
    late = issues["township_id"].eq("629902100") & issues["closed_on"].isna() & issues["deadline_on"].notna()
    issues.loc[late, "closed_on"] = issues.loc[late, "deadline_on"]
    issues.loc[late, "done_on"] = issues.loc[late, "deadline_on"]
    issues.loc[late, "status"] = "closed"
    write_store(other / "store", tables, county=COUNTY, as_of="2023-12-31", sources={})
    make(other, townships=["629902100"], setting={"status": "final", "start_page": 3})
    theirs = json.loads((other / "OUT" / "manifest.json").read_text(encoding="utf-8"))
    shutil.copytree(other / "OUT" / TOWN, moved / TOWN, dirs_exist_ok=True)

    def swap(manifest: dict[str, Any]) -> None:
        rest = [entry for entry in manifest["reports"] if entry["township_id"] != "629902100"]
        manifest["reports"] = [*rest, *theirs["reports"]]

    forge(moved, swap)
    found = verify(moved)
    assert found.exit_status == 1
    assert f"{TOWN}/facts.json" in found.moved_on
    assert {Path(name).parent.name for name in found.moved_on} == {TOWN}
    assert any("指标 R03" in str(change) for change in found.disagreements)


def test_what_the_manifest_says_of_inputs_must_fit(moved: Path) -> None:
    """A date, a version or a digest in it that was changed, whole entries and files: each is named."""
    genuine = (moved / "manifest.json").read_bytes()
    attacks: dict[str, Callable[[dict[str, Any]], Any]] = {
        "云台镇　学习质量的输入校验码": lambda m: entry_of(m, TOWN, "study")["inputs"].update(
            results="0" * 16
        ),
        "云台镇　汇总附件所依据的学习质量": lambda m: entry_of(m, TOWN, "study")["inputs"].update(
            key="0" * 32
        ),
        "云台镇　学习质量的报告期和截止日": lambda m: entry_of(m, TOWN, "study")["inputs"][
            "parameters"
        ].update(as_of="2023-11-30"),
        "应为 云台镇　发展党员": lambda m: m["reports"].remove(entry_of(m, TOWN, "development")),
        "应为 results.csv": lambda m: m["files"].pop("results.csv"),
        "现为 重复的一项": lambda m: m["reports"].append(entry_of(m, TOWN, "study")),
        "云台镇　汇总附件的输入校验码": lambda m: entry_of(m, TOWN, "document")["inputs"]["setting"].update(
            status="draft"
        ),
    }
    for says, attack in attacks.items():
        forge(moved, attack)
        assert says in doubts(moved)
        (moved / "manifest.json").write_bytes(genuine)


def test_an_attachment_cannot_pass_over_a_theme(moved: Path) -> None:
    """Made without the theme that looks bad, by this very program, its entry made to fit: the theme is missed."""
    notebooks = {
        theme: nbformat.read(moved / TOWN / f"{standard().stems[theme]}.ipynb", as_version=4)
        for theme in ("study", "development")
    }
    facts = json.loads((moved / TOWN / "facts.json").read_text(encoding="utf-8"))["document"]

    def edit(manifest: dict[str, Any]) -> None:
        inputs = entry_of(manifest, TOWN, "document")["inputs"]
        del inputs["reports"]["rectification"]
        inputs["key"] = key_of(inputs)
        facts["checksums"]["数据"] = inputs["key"]

    forge(moved, edit)
    about = {**facts, "county_id": COUNTY["code"]}
    for kind in ("pdf", "docx", "xlsx"):
        (moved / TOWN / f"report.{kind}").write_bytes(attachments.attachment(kind, notebooks, about))
    (moved / TOWN / "facts.json").write_bytes(attachments.facts(notebooks, about))
    sample.vouch(moved)
    wrong = {verdict.name: verdict for verdict in verify(moved).files if verdict.state != "untouched"}
    assert set(wrong) == {"manifest.json"}
    assert "云台镇　汇总附件的专题：现为 （无），应为 整改成效" in "\n".join(wrong["manifest.json"].lines())
    assert not verify(moved / TOWN / "report.pdf").ok


def test_a_township_taken_out_altogether_is_missed(moved: Path) -> None:
    """Its folder deleted and its entries too: the store knows that there is one more township."""
    shutil.rmtree(moved / TOWN)
    forge(moved, lambda m: m.update(reports=[e for e in m["reports"] if e["township_id"] != TOWN[:9]]))
    told = doubts(moved)
    assert all(f"应为 云台镇　{what}" in told for what in ("学习质量", "发展党员", "整改成效", "汇总附件"))


def test_a_final_report_cannot_be_made_of_a_draft(moved: Path) -> None:
    """The manifest's setting changed with a key to fit, the documents as they were: each is not what it says."""

    def edit(manifest: dict[str, Any]) -> None:
        inputs = entry_of(manifest, TOWN, "document")["inputs"]
        inputs["setting"]["status"] = "checking"
        inputs["key"] = key_of(inputs)

    forge(moved, edit)
    changed = {v.name for v in verify(moved).files if v.state == "changed"}
    attachment = {f"{TOWN}/{name}" for name in ("facts.json", "report.pdf", "report.docx", "report.xlsx")}
    assert changed == {"index.html", *attachment}


def test_a_file_that_was_put_among_the_reports_is_told(moved: Path) -> None:
    """Listed with its checksum, sealed: no report of this program is called so, or lies there."""
    (moved / TOWN / "补充说明.docx").write_bytes(b"x")
    (moved / "errors").mkdir()
    (moved / "errors" / "附加.html").write_bytes(b"x")

    def edit(manifest: dict[str, Any]) -> None:
        entry_of(manifest, TOWN, "document")["files"] |= {
            f"{TOWN}/补充说明.docx": "",
            "../store/meta.json": "",
        }

    forge(moved, edit)
    sample.vouch(moved)
    found = {v.name: v for v in verify(moved).files}
    assert {name for name, v in found.items() if v.state == "unlisted"} == {
        f"{TOWN}/补充说明.docx", "../store/meta.json", "errors/附加.html",
    }  # fmt: skip
    assert "不生成这样的文件" in found[f"{TOWN}/补充说明.docx"].note


def test_files_of_two_townships_swapped_are_told_apart(moved: Path) -> None:
    """Each is said to be the other's, not to have hundreds of other numbers."""
    one, two = moved / TOWN / "report.pdf", moved / STREET / "report.pdf"
    kept = one.read_bytes()
    shutil.copyfile(two, one)
    two.write_bytes(kept)
    sample.vouch(moved)
    wrong = {v.name: v.note for v in verify(moved).files if v.state != "untouched"}
    assert {name: f"这是 {other}/report.pdf 的内容" in wrong[f"{name}/report.pdf"] for name, other in
            ((TOWN, STREET), (STREET, TOWN))} == {TOWN: True, STREET: True}  # fmt: skip
    assert len(wrong) == 2


def test_another_version_in_the_manifest_excuses_nothing(moved: Path) -> None:
    """Whoever says that another version made it is told that the file differs from what this one makes."""
    told = tamper("report.docx", moved / TOWN / "report.docx", random.Random(3))

    def edit(manifest: dict[str, Any]) -> None:
        for entry in manifest["reports"]:
            entry["inputs"]["package"] = "0.0.9+0000000000000000"

    forge(moved, edit)
    sample.vouch(moved)
    found = verify(moved)
    (verdict,) = (v for v in found.files if v.name == f"{TOWN}/report.docx")
    assert (verdict.state, found.exit_status) == ("otherwise", 1)
    assert any(c.old in told[0] and c.new in told[1] for c in verdict.changes)
    assert any("0.0.9" in line for line in found.lines())


def test_a_store_that_was_changed_afterwards_is_told_from_a_changed_file(moved: Path, tmp_path: Path) -> None:
    """Every file is as it was made; it is the data that went on, and the numbers that differ now are named."""
    tables = demo_tables(3)
    tables["meetings"] = tables["meetings"].iloc[::2]
    write_store(tmp_path / "other", tables, county=COUNTY, as_of="2023-12-31", sources={})
    found = verify(moved, store=tmp_path / "other")
    assert {v.state for v in found.files} == {"untouched"}
    assert "results.csv" in found.moved_on
    assert any("指标 S01" in str(change) for change in found.disagreements)
    assert any(line.startswith("✘ 数据仓或程序在报告生成之后有变动") for line in found.lines())
    assert found.exit_status == 1


def test_a_package_is_as_good_as_the_folder(moved: Path, tmp_path: Path) -> None:
    """The county's zip and a township's, unpacked: untouched files pass, and a changed digit is named."""
    for package in (*pack(moved, tmp_path), *pack(moved, tmp_path, townships=["629902100"])):
        found = verify(package.path, store=moved.parent / "store")
        assert found.ok, found.lines()
        folder = tmp_path / package.path.stem
        shutil.unpack_archive(package.path, tmp_path)
        told = {}
        for suffix in (".docx", ".html", ".xlsx"):
            path = next(p for p in sorted(folder.glob("*/*")) if p.suffix == suffix)
            told[path.relative_to(folder).as_posix()] = tamper(path.name, path, random.Random(1))
        check(folder, told)
