"""What a report is made with: the package's own files, and the libraries that decide how it looks.

Imports nothing heavy, because an unchanged re-run asks for this and little else.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["LIBRARIES", "code_digest", "libraries"]

LIBRARIES = (
    "pandas",
    "numpy",
    "scipy",
    "pyarrow",
    "matplotlib",
    "ipykernel",
    "ipython",
    "nbclient",
    "nbconvert",
    "papermill",
    "typst",
    "python-docx",
    "xlsxwriter",
    "pylopdf-fonts-zh-cn",
)


@cache
def code_digest() -> str:
    """Digest of the package's own files: code, registry, templates."""
    root = Path(__file__).parents[1]
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".pyc" and "notebooks" not in path.relative_to(root).parts:
            whole.update(path.relative_to(root).as_posix().encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


@cache
def libraries() -> dict[str, str]:
    """Versions of Python and of what decides how a report looks."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found
