"""Workers on this machine: one process each, so that one that dies takes only its own report along.

A plain ``ProcessPoolExecutor`` breaks as a whole when one of its processes is killed, and every report in
it would be lost. Here each thread owns a pool of one process and makes a new one when it broke.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib import import_module
from multiprocessing import connection
from typing import Any

from pbanalysis.reports.kernel.warm_owner import ADDRESS

__all__ = ["Workers", "start_worker"]

_PRELOAD = "pbanalysis.reports.batch.worker"


def start_worker(address: str) -> None:
    """In a new worker: leave Ctrl-C to the owner, die with it, know the warm parent, have its imports."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_module(_PRELOAD)  # where workers are not forked from one that has it
    if address:
        os.environ[ADDRESS] = address
    if owner := multiprocessing.parent_process():
        threading.Thread(target=_die_with, args=(owner.sentinel,), daemon=True).start()


def _die_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


class Workers(ThreadPoolExecutor):
    """An executor of ``count`` worker processes.

    Parameters
    ----------
    count
        How many jobs run at once.
    address
        Of the warm parent; empty without one.
    """

    def __init__(self, count: int, address: str = "") -> None:
        super().__init__(count, thread_name_prefix="report")
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

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` in a worker process; ``BrokenProcessPool`` when that process died."""
        return super().submit(self._in_process, fn, *args, **kwargs)

    def _in_process(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        pool = getattr(self._own, "pool", None)
        if pool is None:
            pool = ProcessPoolExecutor(
                1, mp_context=self._context, initializer=start_worker, initargs=(self._address,)
            )
            self._own.pool = pool
            self._pools.add(pool)
        try:
            return pool.submit(fn, *args, **kwargs).result()
        except BrokenProcessPool:
            self._own.pool = None
            self._pools.discard(pool)
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with ``cancel_futures`` at once, whatever they are doing."""
        if cancel_futures:
            for pool in tuple(self._pools):
                for process in tuple((pool._processes or {}).values()):
                    with suppress(OSError, ValueError):
                        process.kill()
        super().shutdown(wait, cancel_futures=cancel_futures)
        for pool in tuple(self._pools):
            pool.shutdown(wait, cancel_futures=cancel_futures)
