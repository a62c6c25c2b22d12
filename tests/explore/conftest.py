"""What the tests of the researcher's view share: a small county, servers that always stop, a browser."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pbanalysis.demo import demo_tables
from pbanalysis.store.county import open_county
from pbanalysis.store.write import write_store

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def make_store(folder: Path, tables=None, *, as_of: str = "2023-12-31") -> Path:
    """A store of the fictional county."""
    tables = demo_tables(6) if tables is None else tables
    write_store(folder, tables, county={"code": "629902", "name": "试验县"}, as_of=as_of, sources={})
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small county's store, read only."""
    return make_store(tmp_path_factory.mktemp("county") / "store")


@pytest.fixture(scope="session")
def county(store: Path):
    """The small county, opened once."""
    return open_county(store)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def serving(
    command: list[str], url: str, store: Path, home: Path, settings: dict[str, str]
) -> Iterator[None]:
    """Run a server until the block ends; it has its own settings and runtime folders."""
    folders = {
        name: str(home / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    }
    environment = {
        **os.environ,
        **folders,
        **settings,
        "PBANALYSIS_STORE": str(store),
        "JUPYTER_TOKEN": "test",
    }
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home)
        try:
            _wait(url, server, home / "server.log")
            yield
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return  # it answers, if only that there is nothing here
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"the server did not answer: {log.read_text(encoding='utf-8')[-2000:]}")


class Watched:
    """A page with what it complained about and what it asked of other hosts."""

    def __init__(self, page) -> None:
        self.page, self.errors, self.outside = page, [], []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("request", self._asked)

    def _asked(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in (
            "127.0.0.1",
            "localhost",
        ):
            self.outside.append(request.url)


@pytest.fixture
def watched(program, tmp_path: Path) -> Iterator[Watched]:
    """A fresh Chromium with a fresh profile."""
    from playwright.sync_api import sync_playwright

    chromium = program("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=chromium,
            args=list(FLAGS),
            viewport={"width": 1500, "height": 1100},
        )
        try:
            yield Watched(context.pages[0] if context.pages else context.new_page())
        finally:
            context.close()


@pytest.fixture
def notebooks(root: Path, tmp_path: Path) -> Path:
    """A copy of the notebooks, so that a run leaves the committed ones as they are."""
    folder = tmp_path / "notebooks"
    shutil.copytree(root / "notebooks", folder)
    return folder
