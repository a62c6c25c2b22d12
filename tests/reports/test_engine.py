"""The warm engine: outputs equal to papermill's own, nothing leaks, and the truth about failure."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
import pytest
import report_fakes as fakes
from papermill.exceptions import PapermillExecutionError

from pbanalysis.errors import Code, PbError
from pbanalysis.reports.kernel import warm_owner
from pbanalysis.reports.kernel.execute import execute
from pbanalysis.reports.kernel.jobs import Limits
from pbanalysis.reports.kernel.warm_parent import _kill_group

ZOO = Path(__file__).parents[1] / "data" / "notebooks" / "zoo.ipynb"
NO_PARAMETERS = {"who": ""}

pytestmark = [
    pytest.mark.skipif(not warm_owner.can_fork(), reason="kernels can only be forked on Linux"),
    # jupyter_client hands its sockets to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def _run(path: Path, engine: str | None, out: Path | None = None, **options: Any) -> Any:
    return papermill.execute_notebook(
        path, out, engine_name=engine, progress_bar=False, cwd=path.parent, **options
    )


def _outputs(notebook: Any) -> list[Any]:
    """Outputs by cell, without process numbers and addresses in memory."""
    text = json.dumps([[cell.get("outputs"), cell.get("execution_count")] for cell in notebook.cells])
    text = re.sub(r"ipykernel_\d+|0x[0-9a-f]{8,}", "N", text)
    return json.loads(text)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The zoo, executed by papermill's own engine and by the warm one; its last cells raise on purpose."""
    folder, done = tmp_path_factory.mktemp("zoo"), []
    for engine in (None, "warm"):
        out = folder / f"{engine}.ipynb"
        with pytest.raises(PapermillExecutionError, match="SyntaxError"):
            _run(ZOO, engine, out, parameters={"who": "甲镇"})
        done.append(nbformat.read(out, as_version=4))
    return done[0], done[1]


def test_zoo_is_equal_cell_by_cell(zoo: tuple[Any, Any]) -> None:
    """Streams, warnings, rich display, updates, cleared output, subprocesses, await, input, errors: all equal."""
    stock, warm = zoo
    assert [cell.source for cell in warm.cells] == [cell.source for cell in stock.cells]
    for cell, ours, theirs in zip(stock.cells, _outputs(warm), _outputs(stock)):
        assert ours == theirs, cell.source


def test_pictures_do_not_vanish(zoo: tuple[Any, Any]) -> None:
    """Pictures are there, byte for byte: a backend resolved before the fork would lose them silently."""
    stock, warm = ([out for cell in nb.cells for out in cell.get("outputs", ())] for nb in zoo)
    for mime, least in (("image/png", 2), ("image/svg+xml", 2)):
        pictures = [
            [out["data"][mime] for out in outs if mime in out.get("data", {})] for outs in (stock, warm)
        ]
        assert len(pictures[1]) >= least
        assert pictures[0] == pictures[1]


def test_an_error_ends_like_papermills(tmp_path: Path) -> None:
    """A raising cell: the same exception, the same banner and marker on disk, later cells not run."""
    path = fakes.notebook(tmp_path / "t.ipynb", ["print(1)", "[][0]", "print(2)"], NO_PARAMETERS)
    saved = {}
    for engine in (None, "warm"):
        out = tmp_path / f"{engine}.ipynb"
        with pytest.raises(PapermillExecutionError) as raised:
            _run(path, engine, out)
        saved[engine] = nbformat.read(out, as_version=4)
        assert (raised.value.ename, raised.value.evalue) == ("IndexError", "list index out of range")
    assert _outputs(saved["warm"]) == _outputs(saved[None])
    tags = [[cell.metadata.get("tags") for cell in nb.cells] for nb in saved.values()]
    assert tags[0] == tags[1]
    status = [[c.metadata.get("papermill", {}).get("status") for c in nb.cells] for nb in saved.values()]
    assert status[0] == status[1]


_PROBE = """
import builtins, decimal, locale, logging, os, sys, textwrap, threading
import matplotlib as mpl, numpy as np, pandas as pd
known = {'In', 'Out', 'exit', 'quit', 'open', 'get_ipython', 'who', *'builtins decimal locale logging os sys textwrap threading mpl np pd known'.split()}
print(sorted(name for name in globals() if not name.startswith('_') and name not in known))
print(hasattr(builtins, 'leak'), os.environ.get('LEAK'), os.path.basename(os.getcwd()) == 'leak', 'leak' in sys.path)
print(pd.get_option('display.max_rows'), mpl.rcParams['figure.dpi'], np.get_printoptions()['precision'])
print(textwrap.dedent(' x'), decimal.getcontext().prec, logging.getLogger().level, 'leak' in sys.modules, sys.getrecursionlimit())
print(pd.DataFrame.sum.__module__, threading.active_count(), len(os.sched_getaffinity(0)) > 0, locale.getlocale()[1])
""".strip()
_DIRTY = """
import types
builtins.leak = leak = 1
os.environ['LEAK'] = '1'
os.makedirs('leak', exist_ok=True); os.chdir('leak'); sys.path.insert(0, 'leak'); sys.modules['leak'] = types.ModuleType('leak')
pd.set_option('display.max_rows', 3); mpl.rcParams['figure.dpi'] = 11; np.set_printoptions(precision=2)
textwrap.dedent = lambda text: 'patched'
pd.DataFrame.sum = lambda self: 'patched'
decimal.getcontext().prec = 3; logging.getLogger().setLevel(37); sys.setrecursionlimit(4000)
threading.Thread(target=threading.Event().wait, args=(5,), daemon=True).start()
""".strip()


def test_nothing_leaks_between_reports(tmp_path: Path) -> None:
    """Globals, builtins, environment, options, folder, path, modules, monkeypatches: the next report starts clean."""
    path = fakes.notebook(tmp_path / "probe.ipynb", [_PROBE, _DIRTY], NO_PARAMETERS)
    first, second, stock = (_outputs(_run(path, engine)) for engine in ("warm", "warm", None))
    assert first == second == stock


def test_random_numbers_are_not_shared(tmp_path: Path) -> None:
    """Two reports draw different random numbers, as two processes would: the fork does not copy the generator."""
    cell = "import random, uuid, numpy as np\nprint(random.random(), np.random.rand(), uuid.uuid4())"
    path = fakes.notebook(tmp_path / "t.ipynb", [cell], NO_PARAMETERS)
    draws = [_run(path, "warm").cells[1].outputs[0].text.split() for _ in range(2)]
    assert not set(draws[0]) & set(draws[1])


def test_the_command_line_knows_the_engine(tmp_path: Path) -> None:
    """``papermill --engine warm NB OUT`` works by itself and leaves no process behind."""
    path = fakes.notebook(tmp_path / "t.ipynb", ["print('hello', who)"], NO_PARAMETERS)
    program = [sys.executable, "-m", "papermill", "--engine", "warm", "--no-progress-bar"]
    done = subprocess.run(
        [*program, "t.ipynb", "out.ipynb", "-p", "who", "me"],
        cwd=path.parent,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs[0].text == "hello me\n"


KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
HANGS = "import time\ntime.sleep(60)"


@pytest.mark.parametrize(
    ("cell", "options", "name"),
    [
        (KILLED, {}, "DeadKernelError"),
        (HANGS, {"execution_timeout": 1}, "CellTimeoutError"),
        (HANGS, {"report_timeout": 1}, "CellTimeoutError"),
        ("x = bytearray(1 << 30)", {"memory_limit": 700 << 20}, "MemoryError"),
        ("x = bytearray(5 << 30)", {}, "MemoryError"),
    ],
    ids=["killed", "cell too slow", "report too slow", "too much memory", "more than the batch allows"],
)
def test_a_failure_is_told_on_disk(tmp_path: Path, cell: str, options: dict[str, Any], name: str) -> None:
    """A kernel that is killed, too slow or too large leaves a notebook marked failed at that cell, with the banner."""
    path = fakes.notebook(tmp_path / "t.ipynb", ["print('before')", cell, "print('after')"], NO_PARAMETERS)
    out = tmp_path / "out.ipynb"
    started = time.monotonic()
    with pytest.raises(PapermillExecutionError) as raised:
        _run(path, "warm", out, **options)
    assert raised.value.ename == name
    assert time.monotonic() - started < 30
    saved = nbformat.read(out, as_version=4)
    assert saved.metadata.papermill.exception is True
    assert "An Exception was encountered" in saved.cells[0].source
    status = {c.source: c.metadata.papermill.status for c in saved.cells if "papermill" in c.metadata}
    assert status["print('before')"] == "completed"
    assert status[cell] == "failed"
    assert status["print('after')"] == "pending"


def test_no_second_try_once_a_cell_has_run(tmp_path: Path) -> None:
    """A report whose kernel died in a cell is not run again: a cell may have done something."""
    mark = tmp_path / "mark"
    path = fakes.notebook(
        tmp_path / "t.ipynb", [f"open({str(mark)!r}, 'a').write('x')", KILLED], NO_PARAMETERS
    )
    with pytest.raises(PbError) as raised:
        execute(path, {}, "warm", Limits(memory=0))
    assert (raised.value.code, raised.value.got) == (Code.NOTEBOOK_FAILED, "DeadKernelError")
    assert mark.read_text() == "x"


def test_a_second_try_when_no_kernel_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that never started is tried once more, and then told."""
    address, calls = str(tmp_path / "s"), []
    path = fakes.notebook(tmp_path / "t.ipynb", ["print(1)"], NO_PARAMETERS)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        listener.settimeout(30)

        def refuse() -> None:
            while len(calls) < 2:
                connection, _ = listener.accept()
                with connection:
                    if connection.recv(1 << 16):
                        calls.append(1)

        thread = threading.Thread(target=refuse)
        thread.start()
        monkeypatch.setenv(warm_owner.ADDRESS, address)
        with pytest.raises(PbError) as raised:
            execute(path, {}, "warm", Limits(memory=0))
        thread.join()
    assert len(calls) == 2
    assert "内核没有启动起来" in str(raised.value)


def test_a_killed_parent_is_replaced(tmp_path: Path) -> None:
    """When the warm parent is killed the next report starts another one."""
    path = fakes.notebook(tmp_path / "t.ipynb", ["print(1)"], NO_PARAMETERS)
    _run(path, "warm")
    before = warm_owner.own_parent().pid
    os.kill(before, signal.SIGKILL)
    time.sleep(0.2)
    assert _run(path, "warm").cells[-1].outputs[0].text == "1\n"
    assert warm_owner.own_parent().pid != before


def test_kernels_end_with_their_parent_and_its_owner(tmp_path: Path) -> None:
    """When the process that owns the warm parent is killed, the parent, its kernels and their children go too."""
    child = "import subprocess\nsubprocess.Popen(['sleep', '60'])\nimport time\nopen('started', 'w').close()\ntime.sleep(60)"
    fakes.notebook(tmp_path / "t.ipynb", [child], NO_PARAMETERS)
    code = "import papermill\npapermill.execute_notebook('t.ipynb', 'o.ipynb', engine_name='warm', progress_bar=False)"
    owner = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    try:
        _until(lambda: (tmp_path / "started").exists())
        family = psutil.Process(owner.pid).children(recursive=True)
        assert len(family) >= 3
    finally:
        owner.kill()
        owner.wait()
    _until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family))


def _until(true: Any, seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)


def test_without_fork_a_stock_kernel_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """Where kernels cannot be forked the engine uses a stock one, gives the same outputs, and says so."""
    path = fakes.notebook(tmp_path / "t.ipynb", ["print('same')", KILLED], NO_PARAMETERS)
    monkeypatch.setattr(warm_owner, "can_fork", lambda: False)
    out = tmp_path / "out.ipynb"
    with (
        caplog.at_level("WARNING", "papermill"),
        pytest.raises(PapermillExecutionError, match="DeadKernelError"),
    ):
        _run(path, "warm", out)
    assert "using a stock kernel" in caplog.text
    assert "same" in out.read_text()


def test_another_languages_kernel_is_left_to_jupyter() -> None:
    """The engine forks only this interpreter's ipykernel."""
    from pbanalysis.reports.kernel.engine import _why_not

    assert _why_not("python3") == ""


def test_a_kernel_that_nobody_wants_ends_before_it_has_a_group() -> None:
    """Its client was killed in the moment of the fork: it must not live on, and the warm parent not wait for it."""
    child = subprocess.Popen(["sleep", "60"])  # in the group of the tests, which must survive
    _kill_group(child.pid)
    assert child.wait(timeout=10) == -signal.SIGKILL
