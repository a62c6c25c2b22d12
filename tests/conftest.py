"""What all tests share: the repository's places, and programs that a test cannot do without."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def require_program(name: str) -> str:
    """Path of a program; where it is missing the test fails in CI and is skipped elsewhere."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name} is not installed")
    return path


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the checkout; tests that need it are skipped where it is not."""
    if not SHARED.is_dir():
        pytest.skip("the reference material ../shared is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def program():
    """Finds a program a test needs: ``program("chromium")``."""
    return require_program


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the fictional county: twelve townships, planted good and bad; read only."""
    from pbanalysis.demo import demo_tables
    from pbanalysis.store.write import write_store

    folder = tmp_path_factory.mktemp("demo") / "store"
    write_store(
        folder, demo_tables(12), county={"code": "629902", "name": "试验县"}, as_of="2023-12-31", sources={}
    )
    return folder


@pytest.fixture(scope="session")
def demo_results(demo_store: Path) -> Path:
    """Published results of the fictional county's year, as a batch writes them for the notebooks."""
    from pbanalysis.calendar import Period
    from pbanalysis.store.county import open_county
    from pbanalysis.themes.report import published

    path = demo_store.parent / "results.parquet"
    published(open_county(demo_store), Period.parse("2023")).to_parquet(path, index=False)
    return path
