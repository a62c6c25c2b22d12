"""Who does the work: local workers with a warm parent, a Dask cluster, or any executor handed in."""

from __future__ import annotations

import math
import os
from concurrent.futures import Executor, Future
from contextlib import ExitStack

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.batch.pool import NOT_STARTED, Workers
from pbanalysis.reports.kernel.warm_owner import WarmParent, announced, can_fork

__all__ = ["Labour", "at_once"]


def at_once() -> int:
    """Reports to make at once here: a report waits a tenth of its time, so a few more than processors."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + math.ceil(processors / 8)


class Labour:
    """An executor, how many jobs it does at once, and what is to be said about it.

    Starting is overlapped: the warm parent imports while the county is being evaluated.
    """

    def __init__(
        self,
        stack: ExitStack,
        *,
        workers: int | None,
        engine: str,
        scheduler: str | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.engine, self.notes = engine, list[str]()
        self._parent: WarmParent | None = None
        self._first: Future[int] | None = None
        if engine == "warm" and not can_fork():
            self.notes.append("本系统不能预热内核，已改用普通内核，结果相同")
        if executor is not None:
            self.executor, self.width = executor, workers or at_once()
        elif scheduler:
            try:
                from pbanalysis.reports.batch.cluster import dask_executor
            except ImportError as error:
                raise PbError(
                    Code.ENGINE_MISSING,
                    "没有安装 distributed",
                    where="--scheduler",
                    fix="请安装 pbanalysis 的 cluster 部分：pip install 'pbanalysis[cluster]'",
                ) from error
            self.executor, self.width = stack.enter_context(dask_executor(scheduler, warm=engine == "warm"))
        else:
            self.width = workers or at_once()
            address = announced() if engine == "warm" else ""
            if engine == "warm" and can_fork() and not address:
                self._parent = stack.enter_context(WarmParent())
                address = self._parent.address
            self.executor = stack.enter_context(Workers(self.width, address))
            self._first = self.executor.submit(os.getpid)  # a first worker, and what it imports

    def ready(self) -> None:
        """Wait until work can be given out; a :class:`PbError` when no worker can be started."""
        if self._parent:
            self._parent.wait_until_ready()
        try:
            if self._first:
                self._first.result()
        except NOT_STARTED as error:  # a script is run anew in each worker, up to what stands under its guard
            raise PbError(
                Code.ENGINE_MISSING,
                "工作进程没有启动起来",
                where="--workers",
                fix='从自己的脚本调用的，请把调用写在 if __name__ == "__main__": 之下；否则请减少 --workers 再试',
            ) from error
