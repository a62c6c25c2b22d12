"""Ctrl-C, a closed terminal, a polite end: the sentence and nothing else, nothing left over, and it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import report_fakes as fakes

from pbanalysis import interruption
from pbanalysis.reports.batch.pool import Workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes there")
HERE = Path(__file__).parent
SENTENCE = "已中断。已完成的部分有效，再次运行同一命令会接着做。"
_COMMAND = """
import sys
from pathlib import Path
from pbanalysis import cli

def small_tools():
    import report_fakes as fakes
    return fakes.small_tools(templates)

if __name__ == "__main__":
    from pbanalysis.reports.batch import main
    templates = Path(sys.argv.pop(1))
    main.standard = small_tools
    cli.main()
"""


def _start(store: Path, out: Path, templates: Path, temporary: Path) -> subprocess.Popen[str]:
    """The command line with the small tools, in a process group of its own as a shell makes one."""
    script = out.parent / "command.py"
    script.write_text(_COMMAND, encoding="utf-8")
    options = [
        "--period",
        "2023",
        "--as-of",
        "2023-12-31",
        "--formats",
        "html,pdf",
        "--workers",
        "2",
        "--json",
    ]
    return subprocess.Popen(
        [sys.executable, str(script), str(templates), "report", str(store), "-o", str(out), *options],
        env={**os.environ, "PYTHONPATH": str(HERE), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _until(process: subprocess.Popen[str], event: str, n: int = 1) -> None:
    """Wait for the n-th event of its progress."""
    assert process.stderr
    for line in process.stderr:
        n -= line.startswith("{") and json.loads(line)["event"] == event
        if not n:
            return
    raise AssertionError("it ended before")


@pytest.mark.parametrize(
    "moments",
    [
        [("SIGINT", "", 0), ("SIGINT", "say", 1), ("SIGINT", "done", 3)],
        [("SIGTERM", "start", 2), ("SIGHUP", "done", 2), ("SIGINT", "done", 14)],
    ],
    ids=["Ctrl-C", "told to end"],
)
def test_it_says_one_sentence_and_leaves_nothing(
    moments: list[tuple[str, str, int]], finished: Path, store: Path, tools, tmp_path: Path
) -> None:
    """The signal goes to the whole group, as a terminal sends it, at the start, while evaluating, in the midst of
    reports and at the end: 130, one sentence, no other line, no process, no temporary file; the next run goes on."""
    out, through = tmp_path / "out", 0
    # the path of a socket is short
    with tempfile.TemporaryDirectory() as temporary:
        for name, event, n in moments:
            process = _start(store, out, tools.templates, Path(temporary))
            if event:
                _until(process, event, max(n - through, 1))
            else:
                time.sleep(0.5)
            family = psutil.Process(process.pid).children(recursive=True)
            if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
                name = "SIGTERM"  # the tests themselves run under nohup: then so does the command
            os.killpg(process.pid, getattr(signal, name))
            os.kill(process.pid, getattr(signal, name))  # as timeout(1) does: once more
            _, said = process.communicate(timeout=60)
            told = [line for line in said.splitlines() if not line.startswith("{")]
            late = n == 14 and process.returncode == 0
            assert (process.returncode, told) == ((0, []) if late else (130, [SENTENCE]))
            _, alive = psutil.wait_procs(family, timeout=20)
            assert alive == []
            assert os.listdir(temporary) == []
            assert fakes.tree(out).items() <= fakes.tree(finished).items()
            through = len(list(out.glob("*/*.html"))) + len(list(out.glob("*/report.pdf")))
        process = _start(store, out, tools.templates, Path(temporary))
        process.communicate(timeout=120)
        assert process.returncode == 0
        assert os.listdir(temporary) == []
    assert fakes.tree(out) == fakes.tree(finished)


def test_a_killed_run_leaves_no_temporary_file(store: Path, tools, tmp_path: Path) -> None:
    """After ``kill -9`` the warm parent, which outlives its owner by a moment, takes their folder along; what
    stays is the address of Python's own server of processes."""
    with tempfile.TemporaryDirectory() as temporary:
        process = _start(store, tmp_path / "out", tools.templates, Path(temporary))
        _until(process, "done", 2)
        family = psutil.Process(process.pid).children(recursive=True)
        assert os.listdir(temporary)
        process.kill()
        process.communicate(timeout=60)
        psutil.wait_procs(family, timeout=20)
        assert [name for name in os.listdir(temporary) if not name.startswith("pymp-")] == []


def test_workers_leave_it_to_their_owner() -> None:
    """A worker ignores Ctrl-C, has no signal blocked for what it starts, ends when told to, and writes nothing."""
    with Workers(1) as workers:
        assert workers.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
        assert workers.submit(signal.getsignal, signal.SIGTERM).result() == signal.SIG_DFL
        assert workers.submit(signal.pthread_sigmask, signal.SIG_BLOCK, set()).result() == set()
        assert workers.submit(os.readlink, "/proc/self/fd/2").result() == os.devnull


_LOADS = """
import signal, sys, threading, os
from pathlib import Path
from pbanalysis import interruption
def main():
    interruption.heed()
    try:
        import slow
        threading.Event().wait(20)
    except KeyboardInterrupt:
        print("answered")
        interruption.ignore()
        os.kill(os.getpid(), signal.SIGINT)
        sys.exit(130)
main()
"""
_SLOW = """
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
exec("import time; time.sleep(0.2)")
os.write(1, b"loaded\\n")
"""


def test_a_module_is_loaded_to_its_end(tmp_path: Path) -> None:
    """Ctrl-C while a module is being loaded is answered right after: raised there it could be lost, or end the
    program by the signal. A second one cannot disturb the end."""
    (tmp_path / "slow.py").write_text(_SLOW, encoding="utf-8")
    (tmp_path / "main.py").write_text(_LOADS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (130, "", "loaded\nanswered\n")


def test_what_is_to_survive_its_terminal_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that was ignored when the program was started stays so (nohup)."""
    known = {number: signal.getsignal(number) for number in (*interruption._SIGNALS, signal.SIGALRM)}
    monkeypatch.setattr(interruption, "_heard", None)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        interruption.heed()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)
