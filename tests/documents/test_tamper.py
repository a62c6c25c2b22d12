"""A run as it is delivered, every kind of file of it tampered with: each changed digit is found and told."""

from __future__ import annotations

import datetime as dt
import random
import re
import shutil
from pathlib import Path

import pytest
from tampering import tamper

from pbanalysis.calendar import Period
from pbanalysis.demo import demo_tables
from pbanalysis.reports.batch import run
from pbanalysis.reports.check.pack import pack
from pbanalysis.reports.check.verify import verify
from pbanalysis.store.write import write_store

pytestmark = pytest.mark.slow

ROUNDS = 7


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of three townships and a whole run of it: ``store`` and ``OUT``."""
    folder = tmp_path_factory.mktemp("delivered")
    county = {"code": "629902", "name": "试验县"}
    write_store(folder / "store", demo_tables(3), county=county, as_of="2023-12-31", sources={})
    done = run(
        folder / "store", folder / "OUT", period=Period.parse("2023"), as_of=dt.date(2023, 12, 31), workers=2,
        formats=("html", "pdf", "docx", "xlsx"),
    )  # fmt: skip
    assert not done.failed
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


def check(out: Path, told: dict[str, tuple[str, str]]) -> int:
    """Whether one check of the folder finds all changes; returns how many numbers it gave their indicator."""
    found = verify(out)
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


def test_a_run_that_was_moved_with_its_store_passes(moved: Path) -> None:
    """Nothing of where it was made is needed: every file untouched, the facts recomputed, exit status 0."""
    found = verify(moved)
    assert found.lines()[-1].startswith("通过：")
    assert found.exit_status == 0
    assert found.recomputed > 500


def test_every_changed_digit_is_found_and_told(moved: Path, delivered: Path) -> None:
    """Two hundred single digits over all delivered files, the county's own included: found, and told with both
    numbers; most of them with the indicator."""
    draw, count, known = random.Random(20231231), 0, 0
    outputs = names(moved, ".html", ".pdf", ".docx", ".xlsx", ".json", ".csv")
    notebooks = names(moved, ".ipynb")
    assert {"index.html", "results.csv", "county/report.docx", "county/overview.ipynb"} <= {
        *outputs,
        *notebooks,
    }
    for chosen in (*[outputs] * ROUNDS, notebooks):
        told = {name: tamper(name, moved / name, draw) for name in chosen}
        known += check(moved, told)
        count += len(told)
        for name in told:
            shutil.copyfile(delivered / "OUT" / name, moved / name)
    assert count >= 200
    assert known > 0.6 * count
    assert verify(moved).ok


def test_a_store_that_was_changed_afterwards_is_told_from_a_changed_file(moved: Path, tmp_path: Path) -> None:
    """Every file is as it was made; it is the data that went on, and the numbers that differ now are named."""
    tables = demo_tables(3)
    tables["meetings"] = tables["meetings"].iloc[::2]
    county = {"code": "629902", "name": "试验县"}
    write_store(tmp_path / "other", tables, county=county, as_of="2023-12-31", sources={})
    found = verify(moved, store=tmp_path / "other")
    assert {v.state for v in found.files} == {"untouched"}
    assert "results.csv" in found.moved_on
    assert any("指标 S01" in str(change) for change in found.disagreements)
    assert any(line.startswith("✘ 数据仓或程序在报告生成之后有变动") for line in found.lines())
    assert found.exit_status == 1


def test_a_package_is_as_good_as_the_folder(moved: Path, tmp_path: Path) -> None:
    """The county's zip and a township's, unpacked: untouched files pass, and a changed digit is named."""
    for package in (*pack(moved, tmp_path), *pack(moved, tmp_path, townships=["629902100"])):
        assert {v.state for v in verify(package.path, store=moved.parent / "store").files} == {"untouched"}
        folder = tmp_path / package.path.stem
        shutil.unpack_archive(package.path, tmp_path)
        told = {}
        for suffix in (".docx", ".html", ".xlsx"):
            path = next(p for p in sorted(folder.glob("*/*")) if p.suffix == suffix)
            told[path.relative_to(folder).as_posix()] = tamper(path.name, path, random.Random(1))
        check(folder, told)
