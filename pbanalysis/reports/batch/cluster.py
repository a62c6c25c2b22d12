"""The same jobs on an existing Dask cluster.

OUT and the store lie on a path that all nodes share. Every worker process of the cluster gets a warm
parent through a plugin; run one worker process per node, with as many threads as it has processors, and
there is one warm parent per node.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from typing import Any

from distributed import Client, WorkerPlugin

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.kernel.warm_owner import ADDRESS, WarmParent, can_fork

__all__ = ["WarmNode", "dask_executor"]

_CONNECT_SECONDS = 10
_PLUGIN = "pbanalysis-warm"


@contextmanager
def dask_executor(address: str, *, warm: bool) -> Iterator[tuple[Executor, int]]:
    """An executor on the cluster, and how many jobs it does at once.

    Raises
    ------
    PbError
        Nothing answers at ``address``.
    """
    connect: Callable[..., Any] = Client
    try:
        client = connect(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            "连不上这个 Dask 调度器，或它没有工作节点",
            where="--scheduler",
            got=address,
            fix="请确认地址（如 tcp://10.0.0.1:8786），并先启动调度器和工作节点",
        ) from error
    with client:
        if warm:
            client.register_plugin(WarmNode(), name=_PLUGIN)
        try:
            yield client.get_executor(pure=False), max(sum(client.nthreads().values()), 1)
        finally:
            with suppress(Exception):  # a cluster that went away has nothing to forget
                client.unregister_worker_plugin(_PLUGIN)


class WarmNode(WorkerPlugin):
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
