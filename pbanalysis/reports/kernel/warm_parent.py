"""The warm parent: a clean process that has everything imported and forks one kernel per report.

:func:`main` listens on a Unix socket. A connection asks for one kernel (a line of JSON), is answered with
its process id, and later with its exit status; closing the connection earlier kills the kernel and whatever
it started. When the standard input of the warm parent ends, its owner is gone: it kills its kernels and
leaves.

What makes a fork safe here: no event loop, no ZMQ context and no thread of our own exists in this
process, and no matplotlib backend is resolved (``matplotlib_inline`` hooks itself into IPython when it
is first imported *inside* a kernel; imported before, every picture would vanish silently).
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import string
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pbanalysis
from pbanalysis.errors import PbError

__all__ = ["PRELOAD", "Forker", "main", "preload"]

# what a stock kernel and a report import, so that no report has to
PRELOAD = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "ipykernel.heartbeat",
    "jupyter_client.localinterfaces",
    "tornado.platform.asyncio",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "sqlite3",
    "pandas",
    "pandas.io.formats.html",
    "pandas.io.formats.string",
    "pandas.core.arrays.arrow._arrow_utils",
    "pandas.core.methods.to_dict",
    "pyarrow.parquet",
    "pyarrow.pandas_compat",
    "scipy.stats",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.font_manager",
)
_BACKEND_HOOKS = "matplotlib_inline"
_INLINE = "module://matplotlib_inline.backend_inline"
_REQUEST_SECONDS = 10.0


def preload(names: tuple[str, ...] = PRELOAD) -> None:
    """Import what reports need; a module that is not there is the report's own business."""
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)
    for name in dir(pbanalysis):
        with suppress(ImportError):
            getattr(pbanalysis, name)
    if _BACKEND_HOOKS in sys.modules:
        raise RuntimeError(f"{_BACKEND_HOOKS} must be imported inside the kernel, or pictures vanish")
    with suppress(PbError):  # no font here: the report's own business too
        _rehearse()
    localinterfaces: Any = sys.modules["jupyter_client.localinterfaces"]
    localinterfaces.local_ips()  # asked for at every kernel start, slow the first time


def _rehearse() -> None:
    """Do once what every report does first: read the indicators, measure their names, draw a picture."""
    from pbanalysis.exhibits.figures.sheet import Sheet, drawn, text_mm
    from pbanalysis.plan.registry import registry

    names = "".join(sorted({character for indicator in registry() for character in indicator.name}))
    sheet = Sheet(10.0)
    sheet.text(0.0, 5.0, names)
    sheet.marks("circle", [(5.0, 5.0)])
    drawn(sheet.svg)("", names)
    text_mm(string.digits + string.ascii_letters + string.punctuation + names, 7.5)


@dataclass
class Forker:
    """Accepts requests and forks kernels; single-threaded, woken by sockets and by ended children."""

    listener: socket.socket
    lifeline: int
    environment: Mapping[str, str] = field(default_factory=dict)
    _watch: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _kernels: dict[int, tuple[int, int, socket.socket]] = field(default_factory=dict)

    def serve(self) -> None:
        """Serve until the lifeline ends."""
        self._watch.register(self.listener, selectors.EVENT_READ, self._accept)
        self._watch.register(self.lifeline, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._watch.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def close(self) -> None:
        """Kill what still runs."""
        for pid, _, _ in self._kernels.values():
            _kill_group(pid)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.settimeout(_REQUEST_SECONDS)
        request = _read_line(connection)
        if not request:
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            self._forget_everything(connection)
            become_kernel(json.loads(request), self.environment)
        pidfd = os.pidfd_open(pid)
        self._kernels[connection.fileno()] = (pid, pidfd, connection)
        self._watch.register(pidfd, selectors.EVENT_READ, lambda _: self._ended(connection))
        self._watch.register(connection, selectors.EVENT_READ, self._ended)
        _answer(connection, {"pid": pid})

    def _ended(self, connection: socket.socket) -> None:
        """The kernel ended, or nobody wants it any more."""
        known = self._kernels.pop(connection.fileno(), None)
        if known is None:
            return
        pid, pidfd, _ = known
        self._watch.unregister(connection)
        self._watch.unregister(pidfd)
        os.close(pidfd)
        _kill_group(pid)  # before it is reaped, while the number cannot be anyone else's
        _, status = os.waitpid(pid, 0)
        _answer(connection, {"exit": os.waitstatus_to_exitcode(status)})
        connection.close()

    def _forget_everything(self, connection: socket.socket) -> None:
        self._watch.close()
        self.listener.close()
        connection.close()
        for _, pidfd, other in self._kernels.values():
            os.close(pidfd)
            other.close()


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # itself too: a fork of this moment has no group of its own yet
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _read_line(connection: socket.socket) -> bytes:
    line = b""
    with suppress(OSError):
        while part := connection.recv(1 << 16):
            line += part
            if line.endswith(b"\n"):
                return line
    return b""


def _answer(connection: socket.socket, what: Mapping[str, int]) -> None:
    with suppress(OSError):  # the other side may be gone: then nobody waits for the answer
        connection.sendall(json.dumps(what).encode() + b"\n")


def become_kernel(request: Mapping[str, Any], environment: Mapping[str, str]) -> NoReturn:
    """In the fork: be the process that ``python -m ipykernel_launcher`` would have been.

    Parameters
    ----------
    request
        Arguments, environment, folder and memory limit of the kernel.
    environment
        What the preloaded libraries set in the environment when they were imported.
    """
    status = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        os.environ.clear()
        os.environ.update({**environment, **request["env"]})
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
        os.chdir(request["cwd"])
        sys.argv = request["argv"]
        # matplotlib, already imported, will not read the variable again; naming a backend resolves none
        sys.modules["matplotlib"].rcParams["backend"] = os.environ.get("MPLBACKEND") or _INLINE
        if limit := request.get("memory"):
            ceiling = _virtual_size() + int(limit)
            resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
        status = _run_kernel(request["argv"][1:])
    finally:
        # no interpreter teardown: it would touch, and so copy, every page shared with the parent
        os._exit(status)


def _run_kernel(argv: list[str]) -> int:
    import atexit

    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    np.random.seed()  # numpy's old generator alone is not reseeded by a fork
    # the class read its default from the environment when it was imported, before there was a parent
    app: Any = IPKernelApp.instance(parent_handle=os.getppid())
    try:
        app.initialize(argv)
        app.start()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    finally:
        # its threads may wait 3 s for each other; the sockets go with the process
        atexit.unregister(app.close)
        atexit._run_exitfuncs()
    return 0


def _virtual_size() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def main(address: str) -> None:
    """Preload, say so by listening, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's business; it ends our lifeline
    before = dict(os.environ)
    preload()
    added = {name: value for name, value in os.environ.items() if before.get(name) != value}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        gc.collect()
        gc.freeze()
        forker = Forker(listener, lifeline=0, environment=added)
        try:
            forker.serve()
        finally:
            forker.close()
