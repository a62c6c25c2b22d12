"""The batch on a small county: what it writes, what it skips, what it does when something fails."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
import report_fakes as fakes

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.batch.incremental import why
from pbanalysis.reports.batch.pool import Workers
from pbanalysis.reports.check.verify import verify
from pbanalysis.store.county import open_county


def _manifest(out: Path) -> dict[tuple[str, str], dict]:
    data = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert data["version"] == 1
    return {(entry["township_id"], entry["theme"]): entry for entry in data["reports"]}


def test_writes_the_contract_layout(finished: Path) -> None:
    """Every township has a folder of its three reports, its attachment and its facts; so has the county."""
    files = set(fakes.tree(finished))
    for code, name in fakes.TOWNS.items():
        folder = f"{code}_{name}"
        for stem in fakes.THEMES.values():
            assert {f"{folder}/{stem}.ipynb", f"{folder}/{stem}.html"} <= files
        assert {f"{folder}/report.pdf", f"{folder}/facts.json"} <= files
    assert {"county/overview.ipynb", "county/overview.html", "county/report.pdf", "results.csv"} <= files
    assert not any(name.startswith("errors") for name in files)


def test_each_report_holds_its_own_township(finished: Path) -> None:
    """Reports made at the same time by several workers contain their own township's rows and no other's."""
    for code, name in fakes.TOWNS.items():
        for stem in fakes.THEMES.values():
            text = (finished / f"{code}_{name}" / f"{stem}.html").read_text(encoding="utf-8")
            assert f"乡镇 {name} {code}" in text
            others = [other for other in fakes.TOWNS if other != code]
            assert not any(other in text for other in others)


def test_manifest_tells_hashes_and_inputs(finished: Path) -> None:
    """A report is done when the manifest holds the hashes of its files and of its inputs."""
    from pbanalysis.reports.files import sha256

    entries = _manifest(finished)
    assert len(entries) == 3 * 4 + 2
    for entry in entries.values():
        assert entry["state"] == "built"
        assert entry["error"] is None
        assert entry["inputs"]["key"]
        assert entry["files"]
        assert all(sha256(finished / name) == digest for name, digest in entry["files"].items())


def test_notebooks_hold_no_time_and_no_place(
    report, finished: Path, store: Path, tmp_path: Path, tools
) -> None:
    """The same inputs in another place, however deep and however named, give the same bytes."""
    other = tmp_path / "张三 的文件" / "一层"
    moved = shutil.copytree(store, other / "store")
    report(moved, other / "再一层" / "out", tools)
    first, second = fakes.tree(finished), fakes.tree(other / "再一层" / "out")
    notebooks = [name for name in first if name.endswith((".ipynb", ".html"))]
    assert [name for name in notebooks if first[name] != second[name]] == []
    for name in notebooks:
        text = (finished / name).read_text(encoding="utf-8")
        assert str(finished.parent) not in text
        assert str(store.parent) not in text
        assert "/tmp/" not in text


def test_a_notebook_opened_in_out_finds_its_store(finished: Path, store: Path) -> None:
    """Its parameters name a file of OUT's work folder, and that says where the store lies."""
    path = next(finished.glob("*/study_quality.ipynb"))
    said = next(cell.source for cell in nbformat.read(path, as_version=4).cells if ".work" in cell.source)
    named: dict[str, str] = {}
    exec(said, named)
    assert open_county(path.parent / named["store"]).folder.samefile(store)
    assert (path.parent / named["results"]).exists()


def test_unchanged_run_builds_nothing(report, finished: Path, store: Path, tools) -> None:
    """A second run finds everything as it was: nothing is built, no byte and no entry's hash changes."""
    before, entries = fakes.tree(finished), _manifest(finished)
    result = report(store, finished, tools)
    assert (len(result.built), len(result.unchanged), len(result.failed)) == (0, 14, 0)
    assert fakes.tree(finished) == before
    assert {k: e["files"] for k, e in _manifest(finished).items()} == {
        k: e["files"] for k, e in entries.items()
    }


def test_both_engines_give_equal_results(report, finished: Path, store: Path, tools, tmp_path: Path) -> None:
    """papermill's own engine and the warm one give the same bytes."""
    out = tmp_path / "out"
    assert report(store, out, tools, engine="papermill").exit_status == 0
    assert {k: v for k, v in fakes.tree(out).items() if k.endswith(".html")} == {
        k: v for k, v in fakes.tree(finished).items() if k.endswith(".html")
    }


# jupyter_core keeps an event loop for every thread that ran a notebook, and never closes it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_any_executor_will_do(report, finished: Path, store: Path, tools, tmp_path: Path) -> None:
    """Jobs are plain values: a thread pool that knows nothing of reports runs them as well."""
    out = tmp_path / "out"
    with ThreadPoolExecutor(2) as executor:
        result = report(store, out, tools, executor=executor, themes=("study",))
    assert [told.theme for told in result.built].count("study") == 3
    name = "629901101_乙乡/study_quality.html"
    assert (out / name).read_bytes() == (finished / name).read_bytes()
    gc.collect()  # here, where it is expected


def test_wrong_use_is_refused_before_anything_starts(report, store: Path, tools, tmp_path: Path) -> None:
    """Unknown names end at once with the near names; OUT is not even made."""
    started = time.monotonic()
    for options in (
        {"townships": ["甲真"]},
        {"themes": ("studi",)},
        {"formats": ("htm",)},
        {"engine": "wram"},
    ):
        with pytest.raises(PbError) as refused:
            report(store, tmp_path / "out", tools, **options)
        assert refused.value.exit_status == 2
        assert "是不是" in refused.value.fix
    assert time.monotonic() - started < 2
    assert not (tmp_path / "out").exists()


def test_a_failing_report_stops_no_other(report, store: Path, tmp_path: Path) -> None:
    """One township's template raises: its card is written, nothing of it looks finished, all others are done."""
    cells = ["assert township_id != '629901101', '不该出现的内容'"]
    tools = fakes.small_tools(tmp_path / "templates", rectification=cells)
    out = tmp_path / "out"
    result = report(store, out, tools)
    assert result.exit_status == 1
    assert [(t.township, t.theme) for t in result.failed] == [("乙乡", "rectification"), ("乙乡", "document")]
    folder = out / "629901101_乙乡"
    assert sorted(p.name for p in folder.iterdir()) == [
        "member_development.html",
        "member_development.ipynb",
        "study_quality.html",
        "study_quality.ipynb",
    ]
    card = (out / "errors" / "629901101_乙乡_rectification.html").read_text(encoding="utf-8")
    assert "AssertionError" in card
    assert "不该出现的内容" not in card  # a message may hold a value
    entry = _manifest(out)["629901101", "rectification"]
    assert (entry["state"], entry["files"]) == ("failed", {})
    assert entry["error"]["code"] == Code.NOTEBOOK_FAILED.value[0]


def test_where_a_report_failed_is_written_down_without_values(report, store: Path, tmp_path: Path) -> None:
    """Card and summary name a file for whoever mends it: cell and line of the error, and nothing of the data; it
    goes when the report is made."""
    out, templates = tmp_path / "out", tmp_path / "templates"
    cells = ["def told(name):\n    return {}[name]", "told(county := '王小明')"]
    tools = fakes.small_tools(templates, study=cells)
    result = report(store, out, tools, townships=["甲镇"], themes=("study",))
    log = out / ".work" / "errors" / "629901100_study.log"
    assert [told.log for told in result.failed] == [str(log), ""]
    assert any(str(log) in line for line in result.lines())
    card = (out / "errors" / "629901100_甲镇_study.html").read_text(encoding="utf-8")
    assert ".work/errors/629901100_study.log" in card
    text = log.read_text(encoding="utf-8")
    assert "KeyError" in text
    assert "line 2, in told" in text
    assert "王小明" not in text + card
    report(store, out, fakes.small_tools(templates), townships=["甲镇"], themes=("study",))
    assert not log.exists()


def test_an_expected_error_in_a_cell_is_told_in_its_own_words(report, store: Path, tmp_path: Path) -> None:
    """Its paragraph reaches summary and card; there is nothing for a maintainer to mend."""
    cell = (
        "from pbanalysis.errors import Code, PbError\n"
        "raise PbError(Code.ENGINE_MISSING, '字体中没有这个字', where='图1', got='𠮷', fix='请安装字体')"
    )
    tools, out = fakes.small_tools(tmp_path / "templates", study=[cell]), tmp_path / "out"
    failed = report(store, out, tools, townships=["甲镇"], themes=("study",)).failed[0]
    assert failed.error == "study_quality.ipynb 第 3 格：图1：字体中没有这个字（实际为“𠮷”）。请安装字体。"
    assert failed.log == ""
    card = (out / "errors" / "629901100_甲镇_study.html").read_text(encoding="utf-8")
    assert "<dd>图1：字体中没有这个字（实际为“𠮷”）</dd>" in card
    assert "<dd>请安装字体。</dd>" in card


def test_a_missing_font_is_said_once_before_anything_starts(
    report, store: Path, tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without fonts ends the run with the paragraph that says what to do; OUT is not even made."""
    monkeypatch.setenv("PBANALYSIS_FONTS", str(tmp_path))
    with pytest.raises(PbError, match="字体目录中没有中文字体文件"):
        report(store, tmp_path / "out", tools)
    assert not (tmp_path / "out").exists()


def test_the_contents_page_is_the_same_whichever_run_made_the_reports(
    report, finished: Path, store: Path, tools, tmp_path: Path
) -> None:
    """Made in two runs, then partly made again: byte for byte the page of one run."""
    out = tmp_path / "out"
    report(store, out, tools, townships=["乙乡"], themes=("study",))
    whole = (finished / "index.html").read_bytes()
    assert (out / "index.html").read_bytes() != whole
    report(store, out, tools)
    assert (out / "index.html").read_bytes() == whole
    report(store, out, tools, townships=["甲镇"], force=True)
    assert (out / "index.html").read_bytes() == whole


def test_a_report_that_now_fails_takes_its_old_files_away(report, store: Path, tmp_path: Path) -> None:
    """An older report of the same name must not pass for the new one; when mended, the card goes away."""
    out, templates = tmp_path / "out", tmp_path / "templates"
    report(store, out, fakes.small_tools(templates))
    broken = fakes.small_tools(templates, study=["raise ValueError"])
    assert report(store, out, broken).exit_status == 1
    assert not list(out.rglob("study_quality.*"))
    assert not list(out.glob("6299011*/report.pdf"))
    assert len(list((out / "errors").iterdir())) == 6
    mended = report(store, out, fakes.small_tools(templates))
    assert mended.exit_status == 0
    assert len(mended.unchanged) == 8  # the other two themes, and the county's two
    assert not (out / "errors").exists()


def test_one_format_more_builds_the_attachments_only(report, store: Path, tools, tmp_path: Path) -> None:
    """Asking for one more format executes no notebook again."""
    out = tmp_path / "out"
    report(store, out, tools, formats=("html",))
    result = report(store, out, tools, formats=("html", "pdf"))
    assert {told.theme for told in result.built} == {"document"}
    assert (out / "629901100_甲镇" / "report.pdf").exists()


def test_part_of_the_county_leaves_the_rest_alone(report, store: Path, tools, tmp_path: Path) -> None:
    """Two themes of one township: the others are neither made nor touched, and join later."""
    out = tmp_path / "out"
    result = report(store, out, tools, townships=["乙乡"], themes=("study", "development"))
    assert {(t.township, t.theme) for t in result.built} == {
        ("乙乡", "study"),
        ("乙乡", "development"),
        ("乙乡", "document"),
    }
    pdf = out / "629901101_乙乡" / "report.pdf"
    assert json.loads(pdf.read_text())["themes"] == ["development", "study"]
    whole = report(store, out, tools)
    assert len(whole.unchanged) == 2
    assert json.loads(pdf.read_text())["themes"] == ["development", "rectification", "study"]


def test_a_renderer_that_fails_is_the_reports_failure(report, store: Path, tools, tmp_path: Path) -> None:
    """A page that cannot be set is told by the error's kind and place, and hinders no other report."""
    broken = dataclasses.replace(tools, pages={"html": fakes.broken_page})
    result = report(store, tmp_path / "out", broken, themes=("study",), townships=["甲镇", "乙乡"])
    assert [(t.township, t.theme) for t in result.failed][:1] == [("甲镇", "study")]
    assert ("乙乡", "study") in [(t.township, t.theme) for t in result.built]
    assert "ZeroDivisionError" in result.failed[0].error


def test_a_missing_engine_leaves_the_other_formats(report, store: Path, tools, tmp_path: Path) -> None:
    """The PDF and the facts are there, the Word is not; the run says what to install, and the next one tries again."""
    out = tmp_path / "out"
    partly = dataclasses.replace(tools, documents={"pdf": fakes.document, "docx": fakes.no_engine})
    result = report(store, out, partly, formats=("html", "pdf", "docx"), townships=["甲镇"])
    assert result.exit_status == 1
    assert "python-docx" in result.failed[0].error
    folder = out / "629901100_甲镇"
    assert (folder / "report.pdf").exists()
    assert (folder / "facts.json").exists()
    assert not (folder / "report.docx").exists()
    entry = _manifest(out)["629901100", "document"]
    assert (entry["state"], entry["error"]["code"]) == ("failed", Code.ENGINE_MISSING.value[0])
    assert set(entry["files"]) == {"629901100_甲镇/report.pdf", "629901100_甲镇/facts.json"}
    whole = dataclasses.replace(tools, documents={"pdf": fakes.document, "docx": fakes.document})
    assert report(store, out, whole, formats=("html", "pdf", "docx"), townships=["甲镇"]).exit_status == 0
    assert (folder / "report.docx").exists()


def test_another_status_sets_everything_again_and_executes_nothing(
    report, store: Path, tools, tmp_path: Path
) -> None:
    """Draft to final: pages and attachments are set again, as in a run that began so; no notebook is executed,
    and a run of one theme keeps the others in the attachment."""
    out, anew = tmp_path / "out", tmp_path / "anew"
    report(store, out, tools, setting={"status": "draft"})
    broken = tools.with_limits(report=0.001)  # no notebook can be executed
    one = report(store, out, broken, setting={"status": "final"}, townships=["甲镇"], themes=["study"])
    assert one.exit_status == 0
    facts = json.loads((out / "629901100_甲镇" / "report.pdf").read_text(encoding="utf-8"))
    assert facts["themes"] == sorted(fakes.THEMES)
    assert report(store, out, broken, setting={"status": "final"}).exit_status == 0
    report(store, anew, tools, setting={"status": "final"})
    assert fakes.tree(out) == fakes.tree(anew)


def _dies_the_first_time(address: str) -> None:
    """A worker's start that fails once; ``address`` is a file that notes it."""
    if not Path(address).exists():
        Path(address).touch()
        os._exit(1)


def test_a_worker_that_does_not_come_up_is_tried_again(monkeypatch, tmp_path: Path) -> None:
    """It has begun nothing, so nothing is lost and no report fails for it."""
    monkeypatch.setattr("pbanalysis.reports.batch.pool.start_worker", _dies_the_first_time)
    with Workers(1, str(tmp_path / "started")) as workers:
        assert workers.submit(abs, -1).result() == 1
    assert (tmp_path / "started").exists()


def test_a_script_without_a_guard_is_told_so_once(store: Path, tools, tmp_path: Path) -> None:
    """Workers run the caller's script anew: where that starts a batch again, none starts, and nothing is made."""
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(
        f"""import sys
sys.path.insert(0, {str(Path(fakes.__file__).parent)!r})
from pathlib import Path
import report_fakes as fakes
from pbanalysis.errors import PbError
try:
    fakes.report(Path({str(store)!r}), Path({str(out)!r}), fakes.small_tools(Path({str(tools.templates)!r})))
except PbError as error:
    if __name__ == "__main__":
        print(error)
    raise SystemExit(1)
""",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.count("请把调用写在 if __name__") == 1
    assert not list(out.rglob("*.ipynb"))


def test_an_attachment_that_is_too_long_is_told_with_what_to_cut(report, store: Path, tools, tmp_path: Path):
    """The summary says it for the attachment it concerns, again while it stands; nothing is cut silently."""
    out, strict = tmp_path / "out", dataclasses.replace(tools, remarks=fakes.too_long)
    for themes in (("study",), ("study", "rectification")):
        result = report(store, out, strict, townships=["甲镇", "乙乡"], themes=themes)
        assert result.exit_status == 0
        assert result.notes[-1:] == ("甲镇　汇总附件超出篇幅，“二、发展党员”现4100字，建议减少100字",)
        assert sum("超出篇幅" in line for line in result.lines()) == 1


def test_a_statement_belongs_to_its_townships_attachment(report, store: Path, tools, tmp_path: Path) -> None:
    """New, changed or withdrawn, it sets that attachment again and no other; ``why`` names it."""
    out, said = tmp_path / "out", tmp_path / "说明"
    said.mkdir()
    report(store, out, tools)
    for text in ("补课已安排", "补课已完成", None):
        file = said / "乙乡.txt"
        file.write_text(text, encoding="utf-8") if text else file.unlink()
        result = report(store, out, tools, statements=said)
        assert [(told.township, told.theme) for told in result.built] == [("乙乡", "document")]
        assert str(why(out, "乙乡", "document")[0]) == "乙乡　汇总附件　已生成：乡镇说明有变化"
        made = json.loads((out / "629901101_乙乡" / "report.pdf").read_text(encoding="utf-8"))
        assert made["said"] == (text or "")
        assert report(store, out, tools, statements=said).built == ()


def test_statements_are_looked_at_before_anything_starts(report, store: Path, tools, tmp_path: Path) -> None:
    """An unknown township, or a telephone number: refused, and OUT is not even made."""
    for name, text, status in (("丁镇", "好", 2), ("甲镇", "13800138000", 4)):
        said = tmp_path / name
        said.mkdir()
        (said / f"{name}.txt").write_text(text, encoding="utf-8")
        with pytest.raises(PbError) as refused:
            report(store, tmp_path / "out", tools, statements=said)
        assert refused.value.exit_status == status
    assert not (tmp_path / "out").exists()


def test_a_copy_without_the_work_folder_vouches_for_every_file(report, store, tools, tmp_path: Path) -> None:
    """The manifest names the contents page and results.csv too: one byte changed in either is found on a copy."""

    def found() -> list[str]:  # the fakes' attachments are no attachments, and told as such
        told = [verdict.name for verdict in verify(copy, tools=tools).files if verdict.state != "untouched"]
        return [name for name in told if "/" not in name]

    out, copy = tmp_path / "out", tmp_path / "copy"
    report(store, out, tools, themes=("study",))
    shutil.copytree(out, copy, ignore=shutil.ignore_patterns(".work"))
    assert found() == []
    for name in ("index.html", "results.csv"):
        whole = (copy / name).read_bytes()
        (copy / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert found() == [name]
        (copy / name).write_bytes(whole)
    assert report(store, out, tools, themes=("study",)).built == ()


def test_a_second_run_on_the_same_out_is_refused(report, store: Path, tools, tmp_path: Path) -> None:
    """While one run holds OUT another is refused with a clear message; the lock ends with its holder."""
    from pbanalysis.reports.files import out_locked

    out = tmp_path / "out"
    with out_locked(out):
        with pytest.raises(PbError, match="另一个 pbanalysis report 正在写这个文件夹") as refused:
            report(store, out, tools)
        assert refused.value.code is Code.OUTPUT_BUSY
    result = report(store, out, tools, townships=["甲镇"], themes=("study",))
    assert result.exit_status == 0


def test_the_summary_names_failures_and_the_slowest(report, store: Path, tools, finished: Path) -> None:
    """A person reads counts, slowest reports and where to look; a program reads the three lists."""
    result = report(store, finished, tools)
    assert result.lines()[0].startswith("生成 0 份，沿用 14 份，未成 0 份")
    assert result.lines()[-1].endswith("index.html")
    assert {"built", "unchanged", "failed", "exit_status"} <= set(result.to_dict())
