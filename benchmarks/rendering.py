"""CPU seconds to set one township's files: three pages, PDF, Word, workbook and facts.

    python benchmarks/rendering.py OUT

OUT is a folder that ``pbanalysis report`` wrote; its executed notebooks are set again, nothing is
written. The first township pays for fonts, templates and imports ("cold"), the others are what a worker
pays per township ("warm"). Required: all four formats within 2 CPU seconds.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat

from pbanalysis.exhibits.blocks import blocks_of
from pbanalysis.reports.documents.document import recompose
from pbanalysis.reports.documents.facts import as_json, collect

STEMS = {"study": "study_quality", "development": "member_development", "rectification": "rectification"}
LIMIT = 2.0


def steps(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed, by name; a renderer is imported when it is first used, as in a worker."""
    files = {theme: folder / f"{stem}.ipynb" for theme, stem in STEMS.items()}
    notebooks = {theme: nbformat.read(path, as_version=4) for theme, path in files.items() if path.exists()}
    frame = json.loads((folder / "facts.json").read_text(encoding="utf-8"))["document"]
    parts = {theme: list(blocks_of(notebook)) for theme, notebook in notebooks.items()}
    document = recompose(parts, frame)

    def html() -> object:
        from pbanalysis.reports.documents.html import render_html

        return [render_html(notebook, title=frame["township"]) for notebook in notebooks.values()]

    def pdf() -> object:
        from pbanalysis.reports.documents.pdf import render

        return render(document)

    def docx() -> object:
        from pbanalysis.reports.documents.word import render

        return render(document)

    def xlsx() -> object:
        from pbanalysis.reports.documents.excel import render

        return render(document)

    yield "compose", lambda: recompose(parts, frame)
    yield "html ×3", html
    yield "pdf", pdf
    yield "docx", docx
    yield "xlsx", xlsx
    yield "facts", lambda: as_json(collect((b for blocks in parts.values() for b in blocks), document))


def main(out: Path) -> int:
    """Time every township's folder and print the table."""
    folders = sorted(path.parent for path in out.glob("*_*/facts.json"))
    if not folders:
        print(f"no finished report under {out}", file=sys.stderr)
        return 2
    taken: dict[str, list[float]] = {}
    for folder in folders:
        for name, work in steps(folder):
            begin = time.process_time()
            work()
            taken.setdefault(name, []).append(time.process_time() - begin)
    print(f"{len(folders)} townships; Python {platform.python_version()}, {platform.machine()}")
    print(f"{'':10}{'cold':>8}{'median':>8}{'worst':>8}  CPU seconds a township (worst: warm)")
    warm = {name: times[1:] or times for name, times in taken.items()}
    for name, times in taken.items():
        print(f"{name:10}{times[0]:8.3f}{statistics.median(warm[name]):8.3f}{max(warm[name]):8.3f}")
    sums = [sum(times) for times in zip(*warm.values(), strict=True)]
    cold = sum(times[0] for times in taken.values())
    print(f"{'all':10}{cold:8.3f}{statistics.median(sums):8.3f}{max(sums):8.3f}  limit {LIMIT}")
    return 0 if max(sums) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) if len(sys.argv) == 2 else print(__doc__) or 2)
