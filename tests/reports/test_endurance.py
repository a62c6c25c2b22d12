"""Killed at any moment, interrupted, a full disk, a dying worker: nothing half-written, and it goes on."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import report_fakes as fakes

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.files import WORK, sha256, write_whole
from pbanalysis.reports.kernel.warm_owner import ADDRESS
from pbanalysis.reports.manifest import read_manifest

HERE = Path(__file__).parent
_RUN = """
import sys
from pathlib import Path
import report_fakes as fakes
from pbanalysis.reports.batch.progress import Progress
if __name__ == "__main__":
    store, out, templates = map(Path, sys.argv[1:])
    try:
        sys.exit(int(fakes.report(store, out, fakes.small_tools(templates), progress=Progress(quiet=True)).exit_status))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def _start(store: Path, out: Path, templates: Path, **environment: str) -> subprocess.Popen[str]:
    script = out.parent / "run.py"
    if not script.exists():
        script.write_text(_RUN, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), str(store), str(out), str(templates)],
        env={**os.environ, "PYTHONPATH": str(HERE), "PYTHONUNBUFFERED": "1", **environment},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _after_events(process: subprocess.Popen[str], n: int) -> bool:
    """Read progress until ``n`` reports were told of; False when the run ended before."""
    assert process.stderr
    for line in process.stderr:
        if line.startswith("{") and json.loads(line)["event"] in ("start", "done"):
            n -= 1
        if n <= 0:
            return True
    return False


def test_twenty_kills(finished: Path, store: Path, tools, warm_parent, tmp_path: Path) -> None:
    """After each of 20 kills at random moments every file under OUT is complete and the manifest true; the same
    command goes on and ends with the hashes of an undisturbed run."""
    rng, whole = random.Random(20), fakes.tree(finished)
    kills, rounds = 0, 0
    while kills < 20:
        rounds += 1
        out = tmp_path / f"out{rounds}"
        while True:
            # half of the runs have a warm parent of their own to lose, the others spare its start
            spared = {ADDRESS: warm_parent.address} if rng.random() < 0.5 else {}
            process = _start(store, out, tools.templates, **spared)
            running = _after_events(process, rng.randint(0, 5))
            if running and kills < 20:
                time.sleep(rng.uniform(0, 0.4))
                process.kill()
                kills += 1
            process.communicate(timeout=120)
            assert rounds <= 40, "the runs end before they can be killed"
            there = fakes.tree(out)
            assert there.items() <= whole.items()
            for entry in read_manifest(out, out / WORK).values():
                assert all(sha256(out / name) == digest for name, digest in entry.files.items())
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL
        assert fakes.tree(out) == whole


def test_interrupted_and_taken_up_again(finished: Path, store: Path, tools, tmp_path: Path) -> None:
    """Ctrl-C ends with 130 within seconds and leaves no process; the same command does the rest."""
    out = tmp_path / "out"
    process = _start(store, out, tools.templates)
    assert _after_events(process, 5)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    limit = time.monotonic() + 30
    while any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family):
        assert time.monotonic() < limit
        time.sleep(0.05)
    done = read_manifest(out, out / WORK)
    assert 0 < len(done) < 14
    process = _start(store, out, tools.templates)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert fakes.tree(out) == fakes.tree(finished)


def test_a_full_disk_ends_the_run_and_loses_nothing(
    finished: Path, store: Path, tools, tmp_path: Path
) -> None:
    """When a file cannot be written the run stops with one paragraph; with room again it goes on."""
    out = tmp_path / "out"
    full = dataclasses.replace(tools, pages={"html": fakes.page_on_a_full_disk})
    with pytest.raises(PbError, match="磁盘空间不够") as stopped:
        fakes.report(store, out, full)
    assert stopped.value.exit_status == 3
    assert fakes.tree(out).keys() <= {"results.csv"}
    assert not list(out.rglob("*.part"))
    assert fakes.report(store, out, tools).exit_status == 0
    assert fakes.tree(out) == fakes.tree(finished)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails in the middle leaves the older file and no other."""
    path = tmp_path / "report.html"
    write_whole(path, b"old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PbError) as failed:
        write_whole(path, b"new and longer")
    assert failed.value.code is Code.OUTPUT_FAILED
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("report.html", b"old")]


def test_a_dying_worker_takes_only_its_report_along(store: Path, tmp_path: Path) -> None:
    """A worker process that is killed fails the report it had; the others are made, by its successor too."""
    tools = dataclasses.replace(fakes.small_tools(tmp_path / "templates"), pages={"html": fakes.deadly_page})
    result = fakes.report(store, tmp_path / "out", tools, themes=("study", "development"))
    assert {(t.township, t.theme) for t in result.failed} >= {("甲镇", "study")}
    assert {(t.township, t.theme) for t in result.built} >= {("乙乡", "study"), ("丙街道", "development")}
    assert "工作进程意外退出" in result.failed[0].error


def test_the_second_run_is_told_who_is_at_it(store: Path, tools, tmp_path: Path) -> None:
    """Two runs on one OUT: the second is refused and names the first's process; the first is not disturbed."""
    out = tmp_path / "out"
    process = _start(store, out, tools.templates)
    assert _after_events(process, 1)
    with pytest.raises(PbError, match=str(process.pid)) as refused:
        fakes.report(store, out, tools)
    assert refused.value.code is Code.OUTPUT_BUSY
    process.communicate(timeout=120)
    assert process.returncode == 0
