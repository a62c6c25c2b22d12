"""Workers on this machine: one process each, so that one that dies takes only its own report along.

A plain ``ProcessPoolExecutor`` breaks as a whole when one of its processes is killed, and every report in
it would be lost. Here each thread owns a pool of one process and makes a new one when it broke.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib import import_module
from multiprocessing import connection
from types import TracebackType
from typing import Any

from pbanalysis.interruption import leave_to_owner
from pbanalysis.reports.kernel.warm_owner import ADDRESS

__all__ = ["NOT_STARTED", "Workers", "start_worker"]

_PRELOAD = "pbanalysis.reports.batch.worker"
_STARTS = 3
# what a process that ended tells by: its own end, or that of the server that was to fork it
NOT_STARTED = (BrokenProcessPool, EOFError, ConnectionError)


def start_worker(address: str) -> None:
    """In a new worker: leave Ctrl-C to the owner, die with it, know the warm parent, have its imports.

    It says what it has to say by what it returns: the owner's console is not for the libraries' English.
    """
    leave_to_owner(started=True)
    with open(os.devnull, "wb") as nowhere:
        for console in (1, 2):
            os.dup2(nowhere.fileno(), console)
    import_module(_PRELOAD)  # where workers are not forked from one that has it
    if address:
        os.environ[ADDRESS] = address
        tempfile.tempdir = os.path.dirname(address)  # what a killed worker leaves goes with the warm parent
    if owner := multiprocessing.parent_process():
        threading.Thread(target=_die_with, args=(owner.sentinel,), daemon=True).start()


def _start_thread() -> None:
    """In a thread that will start processes."""
    leave_to_owner(started=False)
    if sys.platform != "win32":
        from multiprocessing import resource_tracker

        # started later, together with the first worker, it would lift the mask of this thread; so it does now
        resource_tracker.ensure_running()
        leave_to_owner(started=False)


def _kill(pool: ProcessPoolExecutor) -> None:
    for process in tuple((pool._processes or {}).values()):
        with suppress(OSError, ValueError):
            process.kill()


def _die_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


class Workers(ThreadPoolExecutor):
    """An executor of ``count`` worker processes; left by an error or an interruption it ends them at once.

    Parameters
    ----------
    count
        How many jobs run at once.
    address
        Of the warm parent; empty without one.
    """

    def __init__(self, count: int, address: str = "") -> None:
        super().__init__(count, thread_name_prefix="report", initializer=_start_thread)
        methods = multiprocessing.get_all_start_methods()
        # a server process imports once and forks clean workers; where there is none, each imports
        self._context = multiprocessing.get_context(
            "forkserver" if "forkserver" in methods and sys.platform == "linux" else "spawn"
        )
        if hasattr(self._context, "set_forkserver_preload"):
            self._context.set_forkserver_preload([_PRELOAD])
        self._address = address
        self._own = threading.local()
        self._pools: set[ProcessPoolExecutor] = set()
        self._stopped = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` in a worker process; ``BrokenProcessPool`` when that process died."""
        return super().submit(self._in_process, fn, *args, **kwargs)

    def _in_process(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        pool = getattr(self._own, "pool", None) or self._started()
        return self._done(pool, fn, *args, **kwargs)

    def _started(self) -> ProcessPoolExecutor:
        """A pool whose process answers: one that does not come up has begun nothing, so another may try."""
        for attempt in range(_STARTS):
            pool = ProcessPoolExecutor(
                1, mp_context=self._context, initializer=start_worker, initargs=(self._address,)
            )
            self._own.pool = pool
            self._pools.add(pool)
            try:
                self._done(pool, os.getpid)
            except NOT_STARTED:
                if self._stopped or attempt + 1 == _STARTS:
                    raise
            else:
                return pool
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _done(self, pool: ProcessPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        try:
            future = pool.submit(fn, *args, **kwargs)
            if self._stopped:  # while the process was being started
                _kill(pool)
            return future.result()
        except NOT_STARTED:
            self._own.pool = None
            self._pools.discard(pool)
            pool.shutdown()  # its thread is ended here: at the program's end it would trip over its closed pipe
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(cancel_futures=kind is not None)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with ``cancel_futures`` at once, whatever they are doing."""
        if cancel_futures:
            self._stopped = True
            for pool in tuple(self._pools):
                _kill(pool)
        super().shutdown(wait, cancel_futures=cancel_futures)
        for pool in tuple(self._pools):
            pool.shutdown(wait, cancel_futures=cancel_futures)
