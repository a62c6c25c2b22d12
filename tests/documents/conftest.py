"""What the tests of the documents share: three townships, their documents, a finished folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pbanalysis.reports.documents import attachments, excel, pdf, word
from pbanalysis.reports.documents.document import Document

sys.path.insert(0, str(Path(__file__).parent))

import sample_blocks as sample
from white import by_office

SIZES = ("small", "middle", "large")
RENDER = {"pdf": pdf.render, "docx": word.render, "xlsx": excel.render}


@pytest.fixture(scope="session")
def documents() -> dict[str, Document]:
    """A small, a middle and a large township's attachment."""
    return {size: attachments.compose(sample.notebooks_of(size), sample.about(size)) for size in SIZES}


@pytest.fixture(scope="session")
def made(documents: dict[str, Document]) -> Callable[[str, str], bytes]:
    """A township's file in a format, made once."""
    kept: dict[tuple[str, str], bytes] = {}

    def make(size: str, kind: str) -> bytes:
        if (size, kind) not in kept:
            kept[size, kind] = RENDER[kind](documents[size])
        return kept[size, kind]

    return make


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``report`` leaves it; tests that change it take ``out``."""
    return sample.write_out(tmp_path_factory.mktemp("finished") / "OUT")


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished folder, to be tampered with."""
    return Path(shutil.copytree(finished, tmp_path / "OUT"))


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory, made, program) -> Callable[[str], Path]:
    """A township's DOCX turned into PDF by LibreOffice."""
    kept: dict[str, Path] = {}

    def convert(size: str) -> Path:
        if size not in kept:
            soffice, folder = program("soffice"), tmp_path_factory.mktemp(f"office_{size}")
            (folder / f"{size}.docx").write_bytes(made(size, "docx"))
            (kept[size],) = by_office(soffice, [folder / f"{size}.docx"], folder)
        return kept[size]

    return convert
