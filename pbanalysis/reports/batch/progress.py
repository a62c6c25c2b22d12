"""Progress that a clerk can trust, in Chinese, on stderr; machine-readable when quiet.

Quiet, each step is one line of JSON: ``{"event": "start|done|failed", "unit", "theme", "done", "failed",
"total", "seconds_left"}``.
"""

from __future__ import annotations

import json
import sys
import time
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from pbanalysis.terms import THEMES

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

__all__ = ["THEME_NAMES", "Progress"]

THEME_NAMES = {**THEMES, "document": "汇总附件", "overview": "全县一览"}


class Progress:
    """Shows how far a batch is.

    Parameters
    ----------
    quiet
        One line of JSON a step instead of a bar.
    stream
        Where it writes; stderr by default, for results go to stdout.
    """

    def __init__(self, *, quiet: bool = False, stream: IO[str] | None = None) -> None:
        self._quiet, self._stream = quiet, stream or sys.stderr
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self.total = self.done = self.failed = 0
        self._started = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, text: str) -> None:
        """A step that is not a report: reading the store, evaluating."""
        if self._quiet:
            self._line({"event": "say", "text": text})
        elif self._bar:
            self._bar.console.print(text)
        else:
            self._stream.write(text + "\n")
            self._stream.flush()

    def begin(self, total: int) -> None:
        """Reports begin; ``total`` of them are to be made."""
        self.total, self._started = total, time.monotonic()
        if not self._quiet and total:
            self._bar = _bar(self._stream)
            self._task = self._bar.add_task("", total=total, failed="", current="")
            self._bar.start()

    def start(self, unit: str, theme: str) -> None:
        """A report is being started."""
        self._step("start", unit, theme)

    def finish(self, unit: str, theme: str, *, failed: bool = False) -> None:
        """A report is done, or failed."""
        self.done += not failed
        self.failed += failed
        self._step("failed" if failed else "done", unit, theme)

    def seconds_left(self) -> float | None:
        """Seconds left at the pace so far; None before the first report is through."""
        through = self.done + self.failed
        if not through:
            return None
        return (time.monotonic() - self._started) / through * (self.total - through)

    def _step(self, event: str, unit: str, theme: str) -> None:
        if self._quiet:
            left = self.seconds_left()
            self._line(
                {
                    "event": event,
                    "unit": unit,
                    "theme": theme,
                    "done": self.done,
                    "failed": self.failed,
                    "total": self.total,
                    "seconds_left": None if left is None else round(left, 1),
                }
            )
        elif self._bar and self._task is not None:
            self._bar.update(
                self._task,
                completed=self.done + self.failed,
                failed=f"　未成 {self.failed}" if self.failed else "",
                current=f"{unit}　{THEME_NAMES[theme]}" if event == "start" else "",
            )

    def _line(self, data: dict[str, Any]) -> None:
        self._stream.write(json.dumps(data, ensure_ascii=False) + "\n")
        self._stream.flush()


def _bar(stream: IO[str]) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("生成报告"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}{task.fields[failed]}　剩余"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[current]}"),
        console=Console(file=stream),
        transient=False,
    )
