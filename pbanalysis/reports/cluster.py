"""The same jobs on an existing Dask cluster.

OUT and the store lie on a path that all nodes share. Every worker process of the cluster gets a warm
parent through a plugin; run one worker process per node, with as many threads as it has processors, and
there is one warm parent per node.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from typing import Any

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.warm_kernel import ADDRESS, WarmParent, can_fork

__all__ = ["WarmNode", "dask_executor"]

_CONNECT_SECONDS = 10


@contextmanager
def dask_executor(address: str, *, warm: bool) -> Iterator[tuple[Executor, int]]:
    """An executor on the cluster, and how many jobs it does at once.

    Raises
    ------
    PbError
        ``distributed`` is not installed, or nothing answers at ``address``.
    """
    try:
        from distributed import Client, WorkerPlugin
    except ImportError as error:
        raise PbError(
            Code.ENGINE_MISSING,
            "没有安装 distributed",
            where="--scheduler",
            fix="请安装：pip install pbanalysis[cluster]",
        ) from error
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            "连不上这个 Dask 调度器",
            where="--scheduler",
            got=address,
            fix="请确认地址（如 tcp://10.0.0.1:8786）和调度器是否已启动",
        ) from error
    with client:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        if warm:
            client.register_plugin(WarmNode(), name="pbanalysis-warm")
        threads = sum(client.nthreads().values())
        try:
            yield client.get_executor(pure=False), max(threads, 1)
        finally:
            with suppress(Exception):  # a cluster that went away has nothing to forget
                client.unregister_worker_plugin("pbanalysis-warm")


class WarmNode:
    """Dask worker plugin: a warm parent for as long as the batch runs."""

    def __init__(self) -> None:
        self._parent: WarmParent | None = None

    def setup(self, worker: Any) -> None:
        """Start it when the plugin, or a new worker, arrives."""
        if can_fork():
            self._parent = WarmParent()
            self._parent.wait_until_ready()
            os.environ[ADDRESS] = self._parent.address

    def teardown(self, worker: Any) -> None:
        """End it with the batch or the worker."""
        if self._parent:
            os.environ.pop(ADDRESS, None)
            self._parent.close()
