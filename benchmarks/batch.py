"""Where the time of a batch goes: the same reports made in five ways, and what a re-run costs.

    python benchmarks/batch.py                 # 20 townships × 3 themes, every way, 2 rounds
    python benchmarks/batch.py --sizes 20,200  # and how the cost grows

Every measurement is a process of its own: wall time and the CPU of it and of all it started. The ways are
interleaved, so that a busy minute on the machine hits all of them. Prints one Markdown table.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pbanalysis.reports.batch.labour import at_once

HERE = Path(__file__).resolve()
NOTEBOOKS = HERE.parents[1] / "notebooks"
STEMS = ("study_quality", "member_development", "rectification")
PERIOD, AS_OF = "2023", "2023-12-31"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--townships", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--workers", type=int, default=at_once(), help="at once, in every way that has workers"
    )
    parser.add_argument(
        "--loop", type=int, default=2, help="townships the shell loop makes (it is scaled up)"
    )
    parser.add_argument("--sizes", default="", help="more county sizes for the warm batch, e.g. 20,200,2000")
    parser.add_argument(
        "--sample", type=int, default=20, help="townships of it that get reports; 0: all (2,000 take an hour)"
    )
    parser.add_argument("--only", default="", help="some of: loop,pool,ploomber,warm,floor,cells; none: -")
    parser.add_argument("--work", type=Path, default=None)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        _STEPS[args.step](json.loads(sys.stdin.read()))
        return
    _adopt_orphans()
    work = args.work or Path(tempfile.mkdtemp(prefix="pbanalysis-bench-"))
    print(f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    if args.only != "-":
        _ways(args, work)
    if args.sizes:
        print(
            "\n| townships | reports made | wall s | CPU s once | CPU s a report | with its share | MB of the largest helper | MB in all |"
        )
        print("|---|---|---|---|---|---|---|---|")
    for size in filter(None, args.sizes.split(",")):
        _growth(int(size), args, work)


# ---- measuring


class Measured(NamedTuple):
    """Wall and CPU seconds of a process and all it started, the most memory of its largest helper and of all."""

    wall: float
    cpu: float
    largest_mb: float
    all_mb: float


def measured(step: str, **told: object) -> Measured:
    """Run a step in a process of its own."""
    before, started = _cpu(), time.monotonic()
    told = {name: str(value) if isinstance(value, Path) else value for name, value in told.items()}
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.Popen(
            [sys.executable, str(HERE), "--step", step],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, text=True,
        )  # fmt: skip
        assert done.stdin
        done.stdin.write(json.dumps(told))
        done.stdin.close()
        largest = every = 0.0
        while done.poll() is None:
            own = _memory(done.pid)
            largest, every = max(largest, *own[1:], 0.0), max(every, sum(own))
            with suppress(subprocess.TimeoutExpired):
                done.wait(0.5)
        _reap_orphans()
        if done.returncode:
            said.seek(0)
            raise SystemExit(f"{step}: {said.read()[-2000:]}")
    return Measured(time.monotonic() - started, _cpu() - before, largest, every)


def _adopt_orphans() -> None:
    """Processes that outlive their parent come to us (Linux), or what they used would be in no sum."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _reap_orphans() -> None:
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _memory(pid: int) -> list[float]:
    """MB of a process and of all it started, pages that several share divided between them (Linux)."""
    import psutil

    found = []
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with suppress(OSError, psutil.Error):
                text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
                found.append(int(text.split("\nPss:")[1].split()[0]) / 1024)
    return found or [0.0]


def _processor() -> str:
    """The processor's name (Linux), else the machine's kind."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ways(args: argparse.Namespace, work: Path) -> None:
    store, results = _county(args.townships, work)
    codes = _codes(store)
    reports = len(codes) * len(STEMS)
    common = {"store": store, "results": results, "codes": codes, "workers": args.workers}
    few = {**common, "codes": codes[: args.loop]}
    ways: dict[str, tuple[str, dict, float]] = {
        "loop": ("a shell loop of papermill and nbconvert", few, len(codes) / max(args.loop, 1)),
        "pool": ("papermill's API in a process pool", common, 1),
        "ploomber": ("ploomber-engine in a process pool", common, 1),
        "warm": ("pbanalysis report (warm), whole process", common, 1),
        "floor": ("the same as plain functions: county evaluated once, cells forked", common, 1),
        "cells": ("the cells alone as plain functions, results given, forked", common, 1),
    }
    if not importlib.util.find_spec("ploomber_engine"):  # optional: pip install ploomber-engine
        del ways["ploomber"]
    chosen = args.only.split(",") if args.only else list(ways)
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in chosen}
    for _ in range(args.rounds):
        for way in chosen:
            out = work / f"out-{way}"
            shutil.rmtree(out, ignore_errors=True)
            _, told, factor = ways[way]
            wall, cpu, *_ = measured(way, out=out, **told)
            times[way].append((wall * factor, cpu * factor))
    print(f"\n{len(codes)} townships × {len(STEMS)} themes = {reports} reports, {args.workers} workers\n")
    print("| way | wall s | CPU s | CPU s a report | wall, ×warm | CPU, ×floor |\n|---|---|---|---|---|---|")
    middle = {way: tuple(map(statistics.median, zip(*pairs))) for way, pairs in times.items()}
    for way, (wall, cpu) in middle.items():
        against_warm = f"{wall / middle['warm'][0]:.2f}" if "warm" in middle else ""
        against_floor = f"{cpu / middle['floor'][1]:.2f}" if "floor" in middle else ""
        print(
            f"| {ways[way][0]} | {wall:.1f} | {cpu:.1f} | {cpu / reports:.2f} | {against_warm} | {against_floor} |"
        )
    if "warm" in chosen:
        _again(common, work / "out-warm", middle["warm"][0])


def _again(common: dict, out: Path, whole: float) -> None:
    wall, cpu, *_ = measured("warm", out=out, **common)
    print(f"\nre-run, unchanged: {wall:.2f} s wall, {cpu:.2f} s CPU ({wall / whole:.1%} of a full run)")
    edited = Path(str(common["store"]) + "-edited")
    shutil.rmtree(edited, ignore_errors=True)
    shutil.copytree(common["store"], edited)
    _edit_one_row(edited)
    shutil.rmtree(common["store"])
    edited.rename(common["store"])
    wall, cpu, *_ = measured("warm", out=out, **common)
    built = json.loads((out / "summary.json").read_text())["built"]
    print(f"re-run, one edited row: {wall:.1f} s wall, {cpu:.1f} s CPU, {len(built)} made again")


def _growth(size: int, args: argparse.Namespace, work: Path) -> None:
    """What a report costs in a county of that size, with its share of what is done once."""
    store, _ = _county(size, work)
    out = work / f"out-{size}"
    shutil.rmtree(out, ignore_errors=True)
    codes = _codes(store)
    some = codes[:: max(len(codes) // args.sample, 1)] if args.sample else codes
    wall, cpu, largest, every = measured(
        "warm", out=out, store=store, workers=args.workers, codes=some, results=""
    )
    entries = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["reports"]
    made = [entry for entry in entries if entry["theme"] in ("study", "development", "rectification")]
    # what is done once: the same run with a single township, less its reports
    shutil.rmtree(out)
    one = measured("warm", out=out, store=store, workers=args.workers, codes=codes[:1], results="").cpu
    each = (cpu - one) / (len(made) - len(STEMS))
    once = one - len(STEMS) * each
    share = each + once / (len(codes) * len(STEMS))
    print(
        f"| {size} | {len(made)} of {len(codes) * len(STEMS)} | {wall:.0f} | {once:.0f} | {each:.3f} | {share:.3f} "
        f"| {largest:.0f} | {every:.0f} |",
        flush=True,
    )


# ---- the county


def _county(townships: int, work: Path) -> tuple[Path, Path]:
    store, results = work / f"store-{townships}", work / f"results-{townships}.parquet"
    if not results.exists():
        measured("prepare", townships=townships, store=store, results=results)
    return store, results


def prepare(told: dict) -> None:
    """A demo county as a store, and its published results."""
    from pbanalysis.calendar import Period
    from pbanalysis.demo import make_demo
    from pbanalysis.store.county import open_county
    from pbanalysis.store.frames import read_csv
    from pbanalysis.store.schema import TABLES
    from pbanalysis.store.write import write_store
    from pbanalysis.themes.report import published

    with tempfile.TemporaryDirectory() as folder:
        make_demo(Path(folder), townships=told["townships"], seed=2023, workbooks=False)
        files = sorted(Path(folder, "tables").glob("*.csv"))
        tables = {file.stem: read_csv(file, TABLES[file.stem])[0] for file in files}
    county = {"code": str(tables["townships"]["township_id"].iloc[0])[:6], "name": "样县"}
    write_store(Path(told["store"]), tables, county=county, as_of=AS_OF, sources={})
    frame = published(open_county(told["store"], as_of=AS_OF), Period.parse(PERIOD))
    frame.to_parquet(told["results"], index=False)


def _codes(store: Path) -> list[str]:
    import pandas as pd

    return list(pd.read_parquet(store / "tables" / "townships.parquet")["township_id"].astype(str))


def _edit_one_row(store: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = store / "tables" / "issues.parquet"
    table = pq.read_table(path)
    texts = table["problem"].to_pylist()
    texts[0] = "另一种说法"
    column = table.schema.get_field_index("problem")
    pq.write_table(table.set_column(column, "problem", pa.array(texts, pa.string())), path)


# ---- the ways


def _parameters(told: dict, code: str) -> dict[str, str]:
    return {
        "store": told["store"],
        "township_id": code,
        "period": PERIOD,
        "as_of": AS_OF,
        "results": told["results"],
    }


def loop(told: dict) -> None:
    """What a county's technician would write: papermill, then nbconvert, one after the other."""
    out = Path(told["out"])
    for code in told["codes"]:
        (out / code).mkdir(parents=True, exist_ok=True)
        for stem in STEMS:
            made = out / code / f"{stem}.ipynb"
            given = [word for name, value in _parameters(told, code).items() for word in ("-r", name, value)]
            papermill = [
                sys.executable,
                "-m",
                "papermill",
                "--no-progress-bar",
                str(NOTEBOOKS / f"{stem}.ipynb"),
            ]
            subprocess.run([*papermill, str(made), *given], check=True, stderr=subprocess.DEVNULL)
            convert = [sys.executable, "-m", "nbconvert", "--to", "html", str(made)]
            subprocess.run(convert, check=True, stderr=subprocess.DEVNULL)


def pool(told: dict) -> None:
    """papermill's API and our page in a pool of processes."""
    _in_pool(_stock, told)


def ploomber(told: dict) -> None:
    """ploomber-engine, which runs the cells in the worker itself, and our page in a pool of processes."""
    _in_pool(_in_process, told)


def _in_pool(make: Callable[[tuple[dict, str, str]], None], told: dict) -> None:
    from concurrent.futures import ProcessPoolExecutor

    jobs = [(told, code, stem) for code in told["codes"] for stem in STEMS]
    with ProcessPoolExecutor(told["workers"]) as executor:
        list(executor.map(make, jobs))


def _in_process(job: tuple[dict, str, str]) -> None:
    from ploomber_engine import execute_notebook

    told, code, stem = job
    folder = Path(told["out"]) / code
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{stem}.ipynb"
    parameters = _parameters(told, code)
    main = sys.modules["__main__"]  # it puts its own there, and the next job would not be found
    notebook = execute_notebook(NOTEBOOKS / f"{stem}.ipynb", made, parameters=parameters, progress_bar=False)
    sys.modules["__main__"] = main
    _page(notebook, folder / f"{stem}.html", stem)


def _stock(job: tuple[dict, str, str]) -> None:
    import papermill

    told, code, stem = job
    folder = Path(told["out"]) / code
    folder.mkdir(parents=True, exist_ok=True)
    notebook = papermill.execute_notebook(
        NOTEBOOKS / f"{stem}.ipynb",
        folder / f"{stem}.ipynb",
        parameters=_parameters(told, code),
        progress_bar=False,
    )
    _page(notebook, folder / f"{stem}.html", stem)


def _page(notebook: object, path: Path, title: str) -> None:
    from pbanalysis.reports.documents.html import render_html

    path.write_bytes(render_html(notebook, title=title))  # type: ignore[arg-type]


def warm(told: dict) -> None:
    """The batch as the command runs it, without the attachments that the other ways do not make."""
    import datetime as dt
    from dataclasses import replace

    from pbanalysis.calendar import Period
    from pbanalysis.reports.batch import run
    from pbanalysis.reports.batch.tools import standard

    result = run(
        Path(told["store"]),
        Path(told["out"]),
        period=Period.parse(PERIOD),
        as_of=dt.date.fromisoformat(AS_OF),
        workers=told["workers"],
        tools=replace(standard(), overview=""),
        townships=told["codes"],
    )
    (Path(told["out"]) / "summary.json").write_text(json.dumps(result.to_dict()), encoding="utf-8")
    if result.failed:
        raise SystemExit(f"failed: {result.failed[0]}")


def floor(told: dict) -> None:
    """The lowest that can be had: one import, the county evaluated, a fork a report, no kernel, no messages."""
    results = Path(told["out"]) / "results.parquet"
    results.parent.mkdir(parents=True, exist_ok=True)
    _import_all()
    _forked(_evaluate, told, results)  # a fork too, for reading starts threads
    _reap()
    cells({**told, "results": str(results)})


def cells(told: dict) -> None:
    """A fork a report from a process that has everything imported; pages and files as the batch writes them."""
    _import_all()
    jobs = [(code, stem) for code in told["codes"] for stem in STEMS]
    running = 0
    for code, stem in jobs:
        if running == told["workers"]:
            _reap()
            running -= 1
        _forked(_plain, told, code, stem)
        running += 1
    while running:
        _reap()
        running -= 1


def _import_all() -> None:
    import gc

    import pbanalysis as pb
    from pbanalysis.reports.documents import html

    for name in dir(pb):
        getattr(pb, name)
    html._exporter()
    gc.collect()
    gc.freeze()


def _forked(do: Callable[..., None], *told: object) -> None:
    if os.fork() == 0:
        try:
            do(*told)
        except BaseException as error:  # noqa: BLE001 (a fork must not go on as its parent)
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)


def _evaluate(told: dict, results: Path) -> None:
    import datetime as dt

    from pbanalysis.calendar import Period
    from pbanalysis.store.county import open_county
    from pbanalysis.themes.report import published

    county = open_county(told["store"], as_of=dt.date.fromisoformat(AS_OF))
    published(county, Period.parse(PERIOD)).to_parquet(results, index=False)


def _reap() -> None:
    _, status = os.wait()
    if status:
        raise SystemExit("a report of the floor failed")


def _plain(told: dict, code: str, stem: str) -> None:
    import ast

    import nbformat

    from pbanalysis.reports.kernel.execute import to_bytes

    notebook = nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4)
    names: dict[str, object] = {}
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        tree = ast.parse(cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, stem, "exec"), names)
        if number == 0:
            names.update(_parameters(told, code))
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), stem, "eval"), names)
            if hasattr(shown, "_repr_mimebundle_"):
                data = shown._repr_mimebundle_()
                data, metadata = data if isinstance(data, tuple) else (data, {})
                output = {"output_type": "display_data", "data": data, "metadata": metadata}
                cell.outputs = [nbformat.from_dict(output)]
    folder = Path(told["out"]) / code
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.ipynb").write_bytes(to_bytes(notebook))
    _page(notebook, folder / f"{stem}.html", stem)


_STEPS: dict[str, Callable[[dict], None]] = {
    "prepare": prepare,
    "loop": loop,
    "pool": pool,
    "ploomber": ploomber,
    "warm": warm,
    "floor": floor,
    "cells": cells,
}

if __name__ == "__main__":
    main()
