"""Contracts of the repository itself."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    """Files that git tracks."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    return [root / name for name in listing.split("\0") if name and (root / name).exists()]


def test_top_level_is_as_the_user_fixed_it(root: Path):
    """The folders and files that the user named stand at the top level."""
    for name in (
        "notebooks",
        "pbanalysis",
        "data",
        "reports",
        "tests",
        "environment.yml",
        "README.md",
        "pyproject.toml",
        "Makefile",
    ):
        assert (root / name).exists(), name


def test_notebooks_are_committed_without_outputs(tracked: list[Path]):
    """A committed notebook has no outputs, no counts and no papermill metadata."""
    for path in (p for p in tracked if p.suffix == ".ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert "papermill" not in notebook["metadata"], path
        for cell in notebook["cells"]:
            assert not cell.get("outputs"), path
            assert cell.get("execution_count") is None, path
            assert "papermill" not in cell["metadata"], path


def test_notebooks_are_literature(root: Path):
    """A notebook in notebooks/ defines no function and has no loop; only the walkthrough counts rows by hand."""
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        banned = {ast.FunctionDef, ast.ClassDef, ast.While, ast.For} | (
            set() if path.stem == "walkthrough" else {ast.Lambda}
        )
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            source = "\n".join(
                line for line in "".join(cell["source"]).splitlines() if not line.startswith("%")
            )
            kinds = {type(node) for node in ast.walk(ast.parse(source))}
            assert not kinds & banned, (path.name, source)


def test_nothing_large_is_tracked(tracked: list[Path]):
    """No tracked file is over 1 MB."""
    assert [p.name for p in tracked if p.stat().st_size > 1_000_000] == []


def test_no_path_of_a_machine_is_tracked(tracked: list[Path]):
    """No home folder or absolute work path stands in code or docs."""
    pattern = re.compile(r"/(?:home|Users|root)/[a-z]|[A-Z]:\\\\Users\\\\[a-z]")
    for path in tracked:
        if (
            path.suffix in {".py", ".md", ".toml", ".yml", ".ipynb", ".html", ".lock"}
            and "tests" not in path.parts
        ):
            assert not pattern.search(path.read_text(encoding="utf-8")), path


def test_modules_can_be_read_at_a_sitting(root: Path):
    """No module of the package is over 500 lines."""
    long = {
        p.name: n
        for p in (root / "pbanalysis").rglob("*.py")
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}


def test_every_test_says_what_it_shows(root: Path):
    """Every test function has a docstring that states the behaviour."""
    silent = [
        f"{path.name}:{node.lineno} {node.name}"
        for path in (root / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_only_the_command_line_prints_or_exits(root: Path):
    """Apart from cli.py no module of the package prints or leaves the process."""
    for path in (root / "pbanalysis").rglob("*.py"):
        if path.name in {"cli.py", "__main__.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in {"print", "sys.exit", "exit", "quit"}, f"{path.name}:{node.lineno}"


def test_importing_the_package_is_light(root: Path):
    """``import pbanalysis`` loads neither pandas nor matplotlib nor papermill, so wrong use is answered at once."""
    code = "import sys, pbanalysis; sys.exit(bool({'pandas', 'matplotlib', 'papermill', 'scipy'} & set(sys.modules)))"
    import sys

    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
