"""The notebooks for researchers run from top to bottom in a fresh kernel, from any folder."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the kernel's own machinery; the notebook's are in its outputs
@pytest.mark.parametrize("name", ["start", "explore", "methods", "data_quality"])
def test_it_runs_from_top_to_bottom(root: Path, store: Path, tmp_path: Path, monkeypatch, name: str):
    """No cell raises, nothing is written to stderr, and every cell that shows something shows it."""
    monkeypatch.setenv("PBANALYSIS_STORE", str(store))
    notebook = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=400, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


def test_they_read_as_literature(root: Path):
    """Text before every code cell or two, no long cells, parameters with a trailing comment each."""
    for name in ("start", "explore", "methods", "data_quality"):
        cells = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4).cells
        assert cells[0].cell_type == "markdown"
        assert all(len(c.source.splitlines()) <= 10 for c in cells if c.cell_type == "code"), name
        told = sum(c.cell_type == "markdown" for c in cells)
        assert told >= len(cells) // 3, name
        for cell in cells:
            if "parameters" in cell.metadata.get("tags", []):
                assert all("#" in line for line in cell.source.splitlines())


def test_published_figures_stand_in_the_methods_notebook(root: Path, tmp_path: Path, monkeypatch):
    """What the text quotes from the literature is what the functions give."""
    from pbanalysis import stats

    km = stats.survival.kaplan_meier(
        [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
        [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
    )
    assert km.median().value == 23
    low, high = stats.intervals.wilson([15, 81], [148, 263])
    assert [round(float(x), 3) for x in (*low, *high)] == [0.062, 0.255, 0.160, 0.366]
    text = (root / "notebooks" / "methods.ipynb").read_text(encoding="utf-8")
    for quoted in ("0.255—0.366", "0.062—0.160", "中位数应为 23", "0.265、0.212", "16.8"):
        assert quoted in text
