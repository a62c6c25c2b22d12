"""The cleaned notebook: same inputs, same bytes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest

from pbanalysis.errors import PbError
from pbanalysis.reports.kernel.execute import clean, execute, to_bytes
from pbanalysis.reports.kernel.jobs import Limits


def _notebook(*outputs: dict, source: str = "1"):
    cell = nbformat.v4.new_code_cell(
        source, metadata={"tags": ["injected-parameters"], "papermill": {"duration": 1}}
    )
    cell.outputs = [nbformat.from_dict(output) for output in outputs]
    made = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {"start_time": "now"}})
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    return made


def _stream(name: str, text: str) -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def test_how_a_stream_was_cut_does_not_show() -> None:
    """However the kernel happened to cut and interleave its streams, the notebook is the same."""
    shown = {"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}
    cut = _notebook(
        _stream("stdout", "a"),
        _stream("stderr", "e"),
        _stream("stdout", "b\n"),
        shown,
        _stream("stdout", "c"),
    )
    whole = _notebook(_stream("stderr", "e"), _stream("stdout", "ab\n"), shown, _stream("stdout", "c"))
    assert to_bytes(clean(cut, {}, {})) == to_bytes(clean(whole, {}, {}))


def test_times_places_and_versions_are_left_out() -> None:
    """No duration, no start, no cell number drawn by lot, no path of this machine, no patch version."""
    made = _notebook(
        _stream("stderr", f"/tmp/ipykernel_77/123.py:1: UserWarning\n{sys.prefix}/lib/x.py"),
        source='store = "/srv/\\u5f20\\u4e09 \\u7684/store"',
    )
    where = "/srv/张三 的/store"  # papermill writes it escaped
    shown = {"store": "../.work/store", "township_id": "629902100"}
    made.cells.append(
        nbformat.v4.new_code_cell("1", outputs=[nbformat.from_dict(_stream("stdout", repr(where)))])
    )
    made.cells[-1].outputs.append(nbformat.from_dict(_stream("stderr", json.dumps(where))))
    text = to_bytes(clean(made, shown, {**shown, "store": where})).decode()
    assert made.cells[0].source == '# Parameters\nstore = "../.work/store"\ntownship_id = "629902100"\n'
    for private in ("/srv/", "张三", "5f20", "ipykernel_77", sys.prefix, "duration", "start_time", "3.11.7"):
        assert private not in text


def test_what_is_saved_is_the_notebook_that_nbformat_would_save() -> None:
    """Valid, and read back as from nbformat's own writer; only the layout of the JSON differs."""
    figure = {
        "image/svg+xml": "<svg>\n</svg>",
        "text/plain": "图\n一",
        "application/json": {"b": [1, None], "a": "x"},
    }
    made = _notebook(
        _stream("stdout", "a\nb\n"),
        {"output_type": "display_data", "data": figure, "metadata": {}},
        source="x = '\u2028'\ny",
    )
    made.cells.insert(0, nbformat.v4.new_markdown_cell("# 标题\n\n正文"))
    again = nbformat.reads(to_bytes(made), as_version=4)
    nbformat.validate(again)
    assert again == nbformat.reads(nbformat.writes(made), as_version=4)


@pytest.mark.parametrize(("said", "calls"), [("Kernel died before replying to kernel_info", 2), ("other", 1)])
def test_only_a_kernel_that_never_answered_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, calls: int
) -> None:
    """papermill's own engine: no answer means that no cell has run; after any other error one may have."""
    made: list[str] = []
    template = tmp_path / "a.ipynb"
    template.write_bytes(to_bytes(_notebook(source="1")))

    def fail(*_: object, **__: object) -> None:
        made.append("call")
        raise RuntimeError(said)

    monkeypatch.setattr("papermill.engines.PapermillEngines.execute_notebook_with_engine", fail)
    with pytest.raises(PbError):
        execute(template, {}, "papermill", Limits())
    assert len(made) == calls
