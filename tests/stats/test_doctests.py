"""The examples in the docstrings run, and every public name is documented with its assumptions."""

from __future__ import annotations

import doctest
import importlib
import inspect
import subprocess
import sys

import pytest

from pbanalysis import stats


@pytest.mark.parametrize("name", stats.__all__)
def test_examples_run(name: str) -> None:
    """Every example in the module's docstrings gives the printed result."""
    module = importlib.import_module(f"pbanalysis.stats.{name}")
    result = doctest.testmod(module, extraglobs={"np": __import__("numpy")})
    assert result.failed == 0


def public_functions() -> list[tuple[str, object]]:
    """All public functions of the package with their full names."""
    found = []
    for name in stats.__all__:
        module = importlib.import_module(f"pbanalysis.stats.{name}")
        found += [
            (f"{name}.{public}", getattr(module, public))
            for public in module.__all__
            if inspect.isfunction(getattr(module, public))
        ]
    return found


@pytest.mark.parametrize(("name", "function"), public_functions())
def test_docstring_says_what_a_signature_cannot(name: str, function: object) -> None:
    """Each public function states parameters, result, assumptions with a source, and an example."""
    text = inspect.getdoc(function) or ""
    for section in ("Parameters\n", "Returns\n", "Notes\n", "Examples\n"):
        assert section in text, f"{name} lacks {section.strip()}"
    assert ">>>" in text


def test_package_import_is_light() -> None:
    """Importing the package loads neither scipy nor any method; a method loads on first use."""
    code = (
        "import sys, pbanalysis.stats as s; assert 'scipy' not in sys.modules;"
        "s.intervals.wilson(1, 2); assert 'scipy.special' in sys.modules;"
        "assert 'scipy.stats' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_names_are_refused() -> None:
    """A misspelt method is an AttributeError, not an import of something else."""
    with pytest.raises(AttributeError):
        stats.funnels  # noqa: B018
    assert dir(stats) == sorted(stats.__all__)
