"""The same jobs on a real Dask cluster, one of whose workers is killed on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import report_fakes as fakes

from pbanalysis.errors import PbError
from pbanalysis.reports.batch.progress import Progress

pytest.importorskip("distributed", reason="the cluster part is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HERE = Path(__file__).parent


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    where = tmp_path / "scheduler.json"
    log = (tmp_path / "dask.log").open("wb")

    def start(*program: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *program], env=environment, stdout=log, stderr=log, cwd=tmp_path
        )

    scheduler = start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(where))
    options = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--scheduler-file", str(where))
    workers: list[subprocess.Popen[bytes]] = []
    try:
        limit = time.monotonic() + 60
        while not where.exists() or not where.read_text():
            assert time.monotonic() < limit, (tmp_path / "dask.log").read_text()
            time.sleep(0.1)
        workers += [start("worker", *options) for _ in range(2)]
        import json

        yield json.loads(where.read_text())["address"], workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
        log.close()


class _Killer(Progress):
    """Kills a worker when the second report is through."""

    def __init__(self, victim: subprocess.Popen[bytes]) -> None:
        super().__init__(quiet=True)
        self._victim = victim

    def finish(self, unit: str, theme: str, *, failed: bool = False) -> None:
        super().finish(unit, theme, failed=failed)
        if self.done == 2:
            self._victim.kill()


def test_a_cluster_makes_the_same_reports(
    cluster, finished: Path, store: Path, tools, tmp_path: Path
) -> None:
    """Two workers, one killed on the way: every report is made, byte for byte as on one machine."""
    address, workers = cluster
    out = tmp_path / "out"
    result = fakes.report(store, out, tools, scheduler=address, progress=_Killer(workers[1]))
    assert not result.failed
    assert len(result.built) == 14
    assert workers[1].poll() is not None
    assert fakes.tree(out) == fakes.tree(finished)


def test_a_scheduler_that_does_not_answer_is_told(store: Path, tools, tmp_path: Path, monkeypatch) -> None:
    """A wrong address ends with one paragraph that names it."""
    monkeypatch.setattr("pbanalysis.reports.batch.cluster._CONNECT_SECONDS", 0.5)
    with pytest.raises(PbError, match="连不上这个 Dask 调度器") as refused:
        fakes.report(store, tmp_path / "out", tools, scheduler="tcp://127.0.0.1:9")
    assert refused.value.exit_status == 2
