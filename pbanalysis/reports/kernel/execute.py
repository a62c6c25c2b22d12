"""Execute one notebook: the truth about failure, and clean, reproducible bytes."""

from __future__ import annotations

import json
import logging
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.kernel.engine import NEVER_STARTED

if TYPE_CHECKING:
    from pbanalysis.reports.kernel.jobs import Limits

__all__ = ["clean", "execute", "to_bytes"]

_ATTEMPTS = 2
_INJECTED = "injected-parameters"
_KERNEL_FILE = re.compile(r"[^\s\"'<>]*ipykernel_\d+[/\\]\d+\.py")
_NO_ANSWER = ("Kernel died before replying", "Kernel didn't respond")  # as jupyter_client words it
_AGAIN = "其他报告不受影响；排除原因后再次运行同一命令，只重做未成的报告"
_WHAT = {
    "DeadKernelError": "内核中途退出（可能内存不足）",
    "CellTimeoutError": "运行超时",
    NEVER_STARTED: "内核没有启动起来",
    "MemoryError": "内存超过限额",
}


def execute(template: Path, parameters: Mapping[str, str], engine: str, limits: Limits) -> Any:
    """Run a template with its parameters; returns the executed notebook.

    Parameters
    ----------
    engine
        ``warm``, or ``papermill`` for papermill's own.

    Raises
    ------
    PbError
        ``NOTEBOOK_FAILED``: a cell raised, ran too long, or the kernel died; it says which cell and what
        kind of error, never the error's message, which may hold a value. The paragraph of an expected error
        is passed on.
    """
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.ERROR)
    for attempt in range(_ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="pbanalysis-") as elsewhere:
            # the kernel works in a folder of its own: a notebook's stray files do not reach OUT
            options: dict[str, Any] = {"resources": {"metadata": {"path": elsewhere}}}
            if engine == "warm":
                options |= {"report_timeout": limits.report, "memory_limit": limits.memory}
            try:
                return _executed(
                    template,
                    parameters,
                    "warm" if engine == "warm" else None,
                    autosave_cell_every=0,
                    progress_bar=False,
                    start_timeout=limits.start,
                    execution_timeout=limits.cell,
                    **options,
                )
            except PapermillExecutionError as error:
                if error.ename == NEVER_STARTED and attempt + 1 < _ATTEMPTS:
                    continue
                if error.ename == PbError.__name__:
                    raise _told(template, error.evalue, error.cell_index) from None
                raise _failed(template, error.ename, error.cell_index) from error
            except (RuntimeError, TimeoutError) as error:  # what nbclient raises by itself, stock engine
                # two kernels started at once may take one port: it never answered, so no cell has run
                if str(error).startswith(_NO_ANSWER) and attempt + 1 < _ATTEMPTS:
                    continue
                raise _failed(template, type(error).__name__, None) from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def _executed(template: Path, parameters: Mapping[str, str], engine: str | None, **options: Any) -> Any:
    """``papermill.execute_notebook`` in its own steps, less the last: it encodes the notebook for no file."""
    from papermill.engines import papermill_engines
    from papermill.execute import prepare_notebook_metadata, raise_for_execution_errors
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    loaded = load_notebook_node(str(template))
    notebook = parameterize_notebook(loaded, dict(parameters), engine_name=engine)
    notebook = prepare_notebook_metadata(notebook, str(template), None, report_mode=False)
    kernel = papermill_engines.nb_kernel_name(engine, notebook)
    executed = papermill_engines.execute_notebook_with_engine(engine, notebook, kernel, **options)
    raise_for_execution_errors(executed, None)
    return executed


def _failed(template: Path, name: str, cell: int | None) -> PbError:
    return PbError(
        Code.NOTEBOOK_FAILED,
        _WHAT.get(name, "报告模板运行出错"),
        where=_place(template, cell),
        got=name,
        fix=_AGAIN,
    )


def _told(template: Path, paragraph: str, cell: int | None) -> PbError:
    """An expected error met in a cell: its own paragraph, which is written for the reader and holds no private value."""
    what, _, fix = paragraph.partition("。")
    return PbError(Code.NOTEBOOK_FAILED, what, where=_place(template, cell), fix=fix or _AGAIN)


def _place(template: Path, cell: int | None) -> str:
    return template.name if cell is None else f"{template.name} 第 {cell + 1} 格"


def clean(notebook: Any, shown: Mapping[str, str], parameters: Mapping[str, str]) -> Any:
    """Rid the notebook of times, machine paths and process numbers: same inputs, same bytes.

    Parameters
    ----------
    notebook
        Changed in place, and returned: a copy would cost as much as all the cleaning.
    shown
        Values of the parameters as the notebook is to show them.
    parameters
        Their values when it ran.
    """
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    hidden = {value: shown[name] for name, value in parameters.items() if shown[name] != value and value}
    hidden |= {sys.prefix: "python", str(Path.home()): "~"}
    hidden |= {json.dumps(private)[1:-1]: instead for private, instead in hidden.items()}  # as a repr has it
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if _INJECTED in cell.metadata.get("tags", ()):
            cell["id"] = _INJECTED  # papermill draws it by lot
            cell.source = _as_parameters(notebook, shown)
        if "outputs" in cell:
            cell.outputs = list(_joined(cell.outputs))
            for output in cell.outputs:
                _scrub_output(output, hidden)
    return notebook


def _as_parameters(notebook: Any, values: Mapping[str, str]) -> str:
    """The cell that papermill would have injected for these values."""
    from papermill.translators import translate_parameters
    from papermill.utils import nb_kernel_name, nb_language

    source: str = translate_parameters(
        nb_kernel_name(notebook), nb_language(notebook), dict(values), "Parameters"
    )
    return source


def _joined(outputs: Iterable[Any]) -> Iterator[Any]:
    """Neighbouring streams as one each, stdout first: how they were cut and interleaved is chance."""
    for stream, run in groupby(outputs, key=lambda output: output.output_type == "stream"):
        if not stream:
            yield from run
            continue
        texts: dict[str, Any] = {}
        for output in run:
            known = texts.setdefault(output.name, output)
            if known is not output:
                known.text += output.text
        yield from (texts[name] for name in ("stdout", "stderr") if name in texts)


def _scrub_output(output: Any, hidden: Mapping[str, str]) -> None:
    if output.output_type == "stream":
        output.text = _scrub(output.text, hidden)
    for mime, data in output.get("data", {}).items():
        if isinstance(data, str) and mime.startswith("text/"):
            output.data[mime] = _scrub(data, hidden)


def _scrub(text: str, hidden: Mapping[str, str]) -> str:
    for private in sorted(hidden, key=len, reverse=True):
        text = text.replace(private, hidden[private])
    # the search is slow where nothing is to be found
    return _KERNEL_FILE.sub("<cell>", text) if "ipykernel_" in text else text


def to_bytes(notebook: Any) -> bytes:
    """The notebook as it is saved: a cell a line, texts whole.

    ``nbformat.writes`` indents, for which Python's encoder is ten times as slow, and copies the notebook first.
    """
    cells = ",\n".join(map(_json, notebook["cells"]))
    rest = _json({name: value for name, value in notebook.items() if name != "cells"})
    return f'{{"cells":[\n{cells}\n],{rest[1:]}\n'.encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
