"""One set of dependency ranges, said three times: pyproject.toml, environment.yml, requirements.lock."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

# conda-forge name -> PyPI name, where they differ
CONDA = {"matplotlib-base": "matplotlib", "nbconvert-core": "nbconvert", "pandera-pandas": "pandera"}


def split(requirement: str) -> tuple[str, str]:
    """Name and range of a requirement."""
    name, rest = re.fullmatch(r"\s*([A-Za-z0-9_.-]+?)\s*([<>=!~].*)?", requirement).groups()
    return name.lower(), (rest or "").replace(" ", "")


def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_environment_has_the_ranges_of_pyproject(root: Path):
    """environment.yml names the same packages with the same ranges as pyproject.toml."""
    lines = (root / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = [
        m[1]
        for line in lines
        if (m := re.match(r"\s+- ([A-Za-z0-9].*?[^:])$", line)) and m[1] not in ("conda-forge", "pip")
    ]
    environment = {CONDA.get(name, name): span for name, span in map(split, listed)}
    declared = dict(map(split, project(root)["dependencies"])) | {"python": project(root)["requires-python"]}
    assert environment == declared


def test_lock_covers_every_declared_package_with_hashes(root: Path):
    """Every dependency of the package and of its tests is in the lock, and every pin has a hash."""
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE)
    declared = project(root)
    wanted = {split(r)[0] for r in [*declared["dependencies"], *declared["optional-dependencies"]["dev"]]}
    assert wanted <= set(pins)
    for block in re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_lock_stores_no_address(root: Path):
    """The lock names no index, so that it installs wherever packages are to be had."""
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
