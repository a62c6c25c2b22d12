"""Progress: what a clerk and a program are told while reports are made."""

from __future__ import annotations

import io
import json

from pbanalysis.reports.batch.progress import Progress


def test_quiet_progress_is_one_line_of_json_a_step() -> None:
    """A program reads what starts, what is done and failed, of how many, and the seconds left."""
    stream = io.StringIO()
    with Progress(quiet=True, stream=stream) as progress:
        progress.say("正在计算全县指标……")
        progress.begin(2)
        progress.start("甲镇", "study")
        progress.finish("甲镇", "study")
        progress.start("乙乡", "document")
        progress.finish("乙乡", "document", failed=True)
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in said] == ["say", "start", "done", "start", "failed"]
    assert said[1]["seconds_left"] is None
    assert (said[-1]["done"], said[-1]["failed"], said[-1]["total"], said[-1]["seconds_left"]) == (
        1,
        1,
        2,
        0.0,
    )


def test_the_bar_speaks_chinese() -> None:
    """A person reads how many of how many are through, how many failed, and the time left."""
    stream = io.StringIO()
    with Progress(stream=stream) as progress:
        progress.begin(3)
        progress.finish("甲镇", "study")
        progress.finish("甲镇", "development", failed=True)
    text = stream.getvalue()
    assert "生成报告" in text
    assert "2/3" in text
    assert "未成 1" in text
    assert "剩余" in text


def test_time_left_follows_the_pace(monkeypatch) -> None:
    """Seconds left are those of the reports so far, times what is left."""
    now = [100.0]
    monkeypatch.setattr("pbanalysis.reports.batch.progress.time.monotonic", lambda: now[0])
    progress = Progress(quiet=True, stream=io.StringIO())
    progress.begin(10)
    assert progress.seconds_left() is None
    now[0] = 108.0
    for _ in range(4):
        progress.finish("甲镇", "study")
    assert progress.seconds_left() == 12.0
