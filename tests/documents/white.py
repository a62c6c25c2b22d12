"""How much of each page is white below its last ink: ``python tests/documents/white.py OUT`` for a finished folder.

Needs pdftoppm (poppler) and, for Word files, LibreOffice. A draft's watermark is too light to count as ink.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

DPI, TOP, BOTTOM = 40, 37 / 25.4, 262 / 25.4  # the type area, in inches


def feet(pdftoppm: str, file: Path) -> list[float]:
    """White below the last ink of each page, as a share of the type area."""
    command = [pdftoppm, "-r", str(DPI), "-gray", str(file)]
    made = io.BytesIO(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
    shares = []
    while made.readline():  # P5
        wide, high = map(int, made.readline().split())
        made.readline()
        page = np.frombuffer(made.read(wide * high), dtype=np.uint8).reshape(high, wide)
        area = page[int(TOP * DPI) : int(BOTTOM * DPI) + 1]
        inked = np.flatnonzero((area < 200).any(axis=1))
        shares.append(float(1 - (inked.max(initial=-1) + 1) / len(area)))
    return shares


def by_office(soffice: str, files: Sequence[Path], folder: Path) -> list[Path]:
    """Word files as LibreOffice sets them, as PDF in the folder."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [
        soffice,
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        *map(str, files),
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60 + 20 * len(files))
    return [folder / f"{file.stem}.pdf" for file in files]


def main(out: str) -> None:
    """Print each attachment's shares, the whitest page (the last left out) first."""
    pdftoppm, soffice = shutil.which("pdftoppm"), shutil.which("soffice")
    found: list[tuple[float, str, list[float]]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        named = [file for file in sorted(Path(out).glob("[!.]*/report.docx")) if soffice]
        copies = [Path(shutil.copy(file, folder / f"{file.parent.name}.docx")) for file in named]
        words = by_office(str(soffice), copies, folder) if copies else []
        pages = [(f"{file.parent.name} pdf", file) for file in sorted(Path(out).glob("[!.]*/report.pdf"))]
        for name, file in [*pages, *((f"{file.stem} docx", file) for file in words)]:
            shares = feet(str(pdftoppm), file)
            found.append((max(shares[:-1], default=0.0), name, shares))
    for most, name, shares in sorted(found, reverse=True):
        print(f"{most:.2f} {name} {len(shares)}p:", *(f"{share:.2f}" for share in shares))


if __name__ == "__main__":
    main(sys.argv[1])
