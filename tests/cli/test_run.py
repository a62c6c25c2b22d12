"""How a command ends: its exit status, one paragraph, and for a bug a file without values."""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from pbanalysis import cli, interruption
from pbanalysis.errors import Code, PbError


def _raising(error: BaseException):
    def verb(args: object) -> int:
        try:
            raise KeyError("王小明")
        except KeyError as cause:
            raise error from cause

    return verb


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (PbError(Code.STORE_MISSING, "没有数据仓", fix="请先导入"), 3, "✘ 没有数据仓。请先导入。"),
        (KeyboardInterrupt(), 130, "已中断。已完成的部分有效，再次运行同一命令会接着做。"),
    ],
)
def test_an_expected_end_is_one_paragraph(error, status: int, said: str, monkeypatch, capsys) -> None:
    """An expected error and Ctrl-C each say their paragraph and nothing else."""
    monkeypatch.setattr(cli, "_VERBS", {"indicators": _raising(error)})
    assert cli.run(["indicators"]) == status
    assert capsys.readouterr().err == said + "\n"


@pytest.mark.parametrize("error", [OSError("broken"), PbError(Code.OUTPUT_FAILED, "写不进去")])
def test_what_fails_after_an_interruption_is_one(error, monkeypatch, capsys) -> None:
    """Told to stop, and then an error of what was told so too: the one sentence of an interruption, no file."""

    def verb(args: object) -> int:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise error

    monkeypatch.setattr(cli, "_VERBS", {"indicators": verb})
    monkeypatch.setattr(interruption, "_heard", None)
    known = {number: signal.getsignal(number) for number in (*interruption._SIGNALS, signal.SIGALRM)}
    try:
        interruption.heed()
        assert cli.run(["indicators"]) == 130
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)
    assert capsys.readouterr().err == "已中断。已完成的部分有效，再次运行同一命令会接着做。\n"


def test_a_bug_is_one_paragraph_and_a_file(monkeypatch, capsys, tmp_path: Path) -> None:
    """The paragraph names the file; that has types and places of the error and its cause, and no message."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(cli, "_VERBS", {"indicators": _raising(RuntimeError("13800138000"))})
    assert cli.run(["indicators"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    named = re.search(r"：(\S+\.log)$", said.strip())
    assert named
    text = Path(named[1]).read_text(encoding="utf-8")
    assert text.index("RuntimeError") < text.index("KeyError")
    assert "test_run.py" in text
    assert "13800138000" not in text + said
