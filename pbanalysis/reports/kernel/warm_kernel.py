"""Real ipykernels forked from the warm parent, behind Jupyter's own kernel manager.

Only the provisioner (how a kernel process comes to be and is watched) and the waits of the manager are
ours; ipykernel, its message protocol and nbclient are the stock ones, so that outputs are theirs too.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

import ipykernel_launcher  # type: ignore[import-untyped]
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from pbanalysis.reports.kernel.warm_owner import ADDRESS, START_SECONDS, parent_address

__all__ = ["WarmKernelManager"]


class _ForkedProcess:
    """What ``LocalProvisioner`` asks of a ``Popen``, told by the warm parent over one connection."""

    stdin = stdout = stderr = None

    def __init__(self, address: str, request: dict[str, Any]) -> None:
        self._said = b""
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            self._connection.settimeout(START_SECONDS)
            self._connection.connect(address)
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            answer = self._hear()
        except OSError as error:
            self._connection.close()
            raise RuntimeError("The warm parent does not answer") from error
        if "pid" not in answer:
            self._connection.close()
            raise RuntimeError("The warm parent is gone")
        self.pid = answer["pid"]
        self._connection.setblocking(False)

    def _hear(self) -> dict[str, int]:
        while b"\n" not in self._said:
            part = self._connection.recv(4096)
            if not part:  # the warm parent is gone, and its kernels with it
                return {"exit": -signal.SIGKILL}
            self._said += part
        line, self._said = self._said.split(b"\n", 1)
        answer: dict[str, int] = json.loads(line)
        return answer

    def poll(self) -> int | None:
        if self.returncode is None:
            with suppress(BlockingIOError):
                self.returncode = self._hear()["exit"]
                self._connection.close()
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self._connection.setblocking(True)
            self.returncode = self._hear()["exit"]
            self._connection.close()
        return self.returncode

    async def ended(self) -> None:
        """Wait, woken by the connection instead of by a clock."""
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        while self.poll() is None:
            heard.clear()
            loop.add_reader(self._connection, heard.set)
            try:
                await heard.wait()
            finally:
                loop.remove_reader(self._connection)

    def abandon(self) -> None:
        """Stop wanting the kernel: the warm parent kills it."""
        self._connection.close()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _ForkProvisioner(LocalProvisioner):
    """Asks the warm parent for a kernel instead of starting an interpreter."""

    process: Any = None
    memory_limit = 0

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        interpreter = cmd.index("-m") + 2  # python -m ipykernel_launcher …
        self.process = _ForkedProcess(
            parent_address(),
            {
                "argv": [ipykernel_launcher.__file__, *cmd[interpreter:]],
                "env": {name: value for name, value in kwargs["env"].items() if name != ADDRESS},
                "cwd": str(kwargs.get("cwd") or Path.cwd()),
                "memory": self.memory_limit,
            },
        )
        self.pid = self.process.pid  # no process group: signals go through the process, which knows its end
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        if self.process and not restart:
            self.process.abandon()
        await super().cleanup(restart=restart)


class _PromptClient(AsyncKernelClient):
    """Is ready when the kernel says so; the stock client listens for silence, 0.2 s a report."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        limit = time.monotonic() + (timeout or float("inf"))
        self.kernel_info()
        for channel, awaited in (
            (self.shell_channel, {"kernel_info_reply"}),
            # sent when our subscription has arrived: from here on nothing published is lost
            (self.iopub_channel, {"iopub_welcome", "status"}),
        ):
            heard = ""
            while heard not in awaited:
                if not await self._async_is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info")
                if time.monotonic() > limit:
                    raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")
                with suppress(Empty):
                    heard = (await channel.get_msg(timeout=1))["msg_type"]


class WarmKernelManager(AsyncKernelManager):
    """Jupyter's manager with kernels from the warm parent.

    Attributes
    ----------
    memory_limit
        Bytes that a kernel may take beyond what it shares with its parent; 0: no limit.
    """

    memory_limit = 0
    client_class = f"{__name__}._PromptClient"
    client_factory = _PromptClient

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        if self.provisioner is None:
            self.provisioner = _ForkProvisioner(
                kernel_id=kwargs.get("kernel_id", "warm"), kernel_spec=self.kernel_spec, parent=self
            )
            self.provisioner.memory_limit = self.memory_limit
        return await super()._async_pre_start_kernel(**kwargs)

    async def _async_wait(self, pollinterval: float = 0.1) -> None:
        if isinstance(self.provisioner, _ForkProvisioner) and self.provisioner.process:
            await self.provisioner.process.ended()
