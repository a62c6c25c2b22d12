"""What the tests of the batch share: a small county, small templates, one run of it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pbanalysis.reports.batch import BatchResult
from pbanalysis.reports.batch.pool import Workers
from pbanalysis.reports.kernel.warm_owner import WarmParent

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # worker processes import the fakes by name

import report_fakes as fakes  # noqa: E402


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small county's store; tests that change it make their own."""
    return fakes.small_store(tmp_path_factory.mktemp("county") / "store")


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory):
    """Small templates and renderers."""
    return fakes.small_tools(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def warm_parent() -> Iterator[WarmParent]:
    """A warm parent that lives as long as the tests."""
    with WarmParent() as parent:
        parent.wait_until_ready()
        yield parent


@pytest.fixture(scope="session")
def report(warm_parent: WarmParent) -> Iterator[Callable[..., BatchResult]]:
    """Runs a batch of the small county on workers that live as long as the tests: starting them costs seconds."""
    with Workers(2, warm_parent.address) as workers:
        yield functools.partial(fakes.report, executor=workers)


@pytest.fixture(scope="session")
def finished(store: Path, tools, report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OUT of one undisturbed run; read only."""
    out = tmp_path_factory.mktemp("finished") / "out"
    assert report(store, out, tools).exit_status == 0
    return out
