"""How long the explorer takes: from opening a store to the first figure, and from a control to its figures.

A change is measured in process: the control's value is set, the view made anew, the figures drawn, the
widgets' values set. Each control moves to a choice that was not seen before, so nothing is kept. A change
runs on one processor: its processor time is what the clock shows on a free machine, and is what is judged.

    python benchmarks/exploring.py            # 14 townships, then about 2,000 branches
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pbanalysis as pb
from pbanalysis.demo import demo_tables
from pbanalysis.explore.widgets import Explorer
from pbanalysis.store.write import write_store

COUNTIES = {"14 个乡镇": (14, 0.3), "约 2000 个支部": (80, 1.0)}


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that the work takes, by the clock and of the processor."""
    start, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - busy


def changes(explorer: Explorer) -> dict[str, list[tuple[float, float]]]:
    """Seconds of each change of each control."""
    towns = [code for _, code in explorer._township.options]

    def change(control: str, values: list[object], attribute: str = "value") -> list[tuple[float, float]]:
        widget = getattr(explorer, f"_{control}")
        return [timed(lambda v=v: setattr(widget, attribute, v)) for v in values]

    return {
        "乡镇": change("township", towns[1:11]),
        "指标": change("indicator", ["S03", "S05", "S13", "S14", "S02"]),
        "同类组": change("kind", [k for k in ("镇", "乡") if k in dict(explorer._kind.options)]),
        "专题图": change("figure", [1, 2, 3, 4], "index"),
        "专题": change("theme", ["development", "rectification"]),
        "表": change("tab", [1, 2], "selected_index"),
        "乡镇（来源明细）": change("township", towns[11:14]),
        "指标（来源明细）": change("indicator", ["R03", "R06", "R14", "R12", "M03-1"]),
    }


def main() -> int:
    """Print the table; status 1 where a median of processor time misses its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(COUNTIES))
    late = 0
    only = parser.parse_args().only
    for name, (townships, bound) in COUNTIES.items():
        if only in (None, name):
            late += measure(name, townships, bound)
    return int(late > 0)


def measure(name: str, townships: int, bound: float) -> int:
    """Measure one county; how many controls miss the bound."""
    with tempfile.TemporaryDirectory() as folder:
        tables = demo_tables(townships)
        branches = int(tables["organisations"]["org_type"].isin(["branch", "joint_branch"]).sum())
        store = Path(folder) / "store"
        write_store(
            store, tables, county={"code": "629902", "name": "试验县"}, as_of="2023-12-31", sources={}
        )
        county = pb.open_county(store)
        first, _ = timed(lambda: pb.results(county, "2023"))
        opened, _ = timed(lambda: Explorer(pb.view(county)))
        explorer = Explorer(pb.view(county))
        print(
            f"{name}（{branches} 个支部，{len(tables['meetings'])} 次会议）：首次计算全县结果 {first:.1f} 秒，打开视图 {opened:.2f} 秒"
        )
        print("| 控件 | 中位数 | 最慢 | 处理器时间 | 上限 |\n|---|---|---|---|---|")
        late = 0
        for control, seconds in changes(explorer).items():
            clock, busy = (statistics.median(column) for column in zip(*seconds))
            late += busy > bound
            slowest = max(seconds)[0]
            mark = "≤" if busy <= bound else ">"
            print(f"| {control} | {clock:.2f} | {slowest:.2f} | {busy:.2f} | {mark} {bound} |")
    return late


if __name__ == "__main__":
    raise SystemExit(main())
