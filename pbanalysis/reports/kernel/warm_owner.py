"""Owning a warm parent: start it, know where it is, end it.

Imports nothing of Jupyter, because the process that runs a batch owns a warm parent and no kernel.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from pbanalysis.errors import Code, PbError

__all__ = ["ADDRESS", "WarmParent", "announced", "can_fork", "own_parent", "parent_address"]

ADDRESS = "PBANALYSIS_WARM_PARENT"
START_SECONDS = 120.0
# the working folder must not offer modules, as in a kernel that Jupyter starts (-P would tell IPython
# to keep it off the path of notebooks too); Ctrl-C is the owner's business, whose end ends the warm parent.
# It takes the folder along, so that an owner that was killed leaves none
_START = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
import os, shutil, sys
del sys.path[0]
from pbanalysis.reports.kernel.warm_parent import main
main(sys.argv[1])
shutil.rmtree(os.path.dirname(sys.argv[1]), ignore_errors=True)
"""


def can_fork() -> bool:
    """Whether kernels can be forked here: Linux, where forking a process with loaded libraries is sound."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(socket, "AF_UNIX")


class WarmParent:
    """A running warm parent; ends with :meth:`close`, or with the process that started it.

    Examples
    --------
    >>> with WarmParent() as parent:  # doctest: +SKIP
    ...     os.environ[ADDRESS] = parent.address
    """

    def __init__(self) -> None:
        # a socket's path may have about 100 characters: the shortest private folder there is
        self._folder = Path(tempfile.mkdtemp(prefix="pbw-"))
        self.address = str(self._folder / "s")
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, self.address],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until it listens; a :class:`PbError` when it ends or takes too long."""
        limit = time.monotonic() + seconds
        while not os.path.exists(self.address):
            if self._process.poll() is not None or time.monotonic() > limit:
                log = (self._folder / "log").read_text(encoding="utf-8", errors="replace").strip()
                self.close()
                raise PbError(
                    Code.ENGINE_MISSING,
                    "预热进程没有启动起来",
                    where="--engine warm",
                    got=log.splitlines()[-1] if log else "",
                    fix="可先用 --engine papermill 生成报告",
                )
            time.sleep(0.02)

    def close(self) -> None:
        """End it and its kernels."""
        if not os.path.exists(self.address):  # still importing: there is no kernel to end
            self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> WarmParent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def parent_address() -> str:
    """Address of the warm parent of this machine: the one announced, else one of this process."""
    if address := announced():
        return address
    if not _answers(own_parent().address):  # it was killed
        own_parent.cache_clear()
    return own_parent().address


def announced() -> str:
    """Address of a warm parent that the environment names and that answers; else empty."""
    address = os.environ.get(ADDRESS, "")
    return address if address and _answers(address) else ""


def _answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(address) == 0


@cache
def own_parent() -> WarmParent:
    """The warm parent of this process, started when it is first needed."""
    parent = WarmParent()
    atexit.register(parent.close)
    parent.wait_until_ready()
    return parent
