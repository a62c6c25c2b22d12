"""Reading ledgers, side by side: pandas (both engines), openpyxl in full, and this importer.

    python benchmarks/importing.py [ROWS]

Every case runs in a process of its own: seconds and peak memory are its own. The workbook is made here;
a county's year is timed where the shared county lies beside the checkout.
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
COUNTY = ROOT.parent / "shared" / "county"
UNITS = ROOT / "tests" / "data" / "ledgers" / "units.json"


def make(path: Path, rows: int) -> None:
    """A 三会一课台账 of so many rows, as a clerk's program writes it."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("三会一课台账")
    page.append(["城关镇2023年三会一课台账"])
    page.append(["填报单位：城关镇党委", None, None, None, "填报日期：2024年1月12日"])
    page.append(
        [
            "序号",
            "所在党支部",
            "会议类型",
            "会议时间",
            "应到人数",
            "实到人数",
            "请假人数",
            "学时",
            "会议议题",
            "主持人",
        ]
    )
    kinds = ["支部党员大会", "支委会", "党课", "主题党日+党课"]
    for n in range(rows):
        day = dt.date(2023, 1, 1) + dt.timedelta(days=n % 365)
        when: object = day if n % 3 else f"{day.year}年{day.month}月{day.day}日"
        page.append(
            [
                n + 1,
                f"东关村第{n % 40 + 1}党支部",
                kinds[n % 4],
                when,
                25,
                23,
                2,
                1.5,
                f"学习第{n}号文件",
                f"王某{n % 50}",
            ]
        )
    book.save(path)


def openpyxl_full(path: Path) -> None:
    """Plain full read."""
    import openpyxl

    book = openpyxl.load_workbook(path)
    assert sum(1 for row in book.active.iter_rows() for _ in row)


def pandas_openpyxl(path: Path) -> None:
    """pandas, default engine."""
    import pandas as pd

    pd.read_excel(path, engine="openpyxl")


def pandas_calamine(path: Path) -> None:
    """pandas, calamine."""
    import pandas as pd

    pd.read_excel(path, engine="calamine")


def our_reader(path: Path) -> None:
    """Guard and grid: values, formats, formulas, merges, hidden rows."""
    from pbanalysis.ledgers.guard import inspect
    from pbanalysis.ledgers.read_xlsx import read_xlsx

    data = path.read_bytes()
    inspect(data)
    read_xlsx(data)


def our_import(path: Path) -> None:
    """The whole import: every cell concluded, store, record, marked copy."""
    from pbanalysis.ledgers.run import import_sources

    import_sources([path], path.parent / "store", units=UNITS, key_file=path.parent / "key")


def county(path: Path) -> None:
    """A county's year: 82 workbooks and 21 tables."""
    from pbanalysis.ledgers.run import import_sources

    sources = [COUNTY / "ledgers", COUNTY / "county"]
    import_sources(sources, path.parent / "county", units=COUNTY / "units.json", key_file=path.parent / "key")


CASES: dict[str, Callable[[Path], None]] = {
    f.__name__: f for f in (pandas_calamine, pandas_openpyxl, openpyxl_full, our_reader, our_import, county)
}


def main() -> None:
    """Time every case, or run the one named (in the child process)."""
    if len(sys.argv) == 3 and sys.argv[1] in CASES:
        started = time.process_time()
        CASES[sys.argv[1]](Path(sys.argv[2]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{time.process_time() - started:.2f} {peak:.0f}")
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "城关镇2023年三会一课台账.xlsx"
        make(path, rows)
        print(f"{rows:,} 行 × 10 列，{path.stat().st_size / 1e6:.1f} MB\n{'':18}CPU 秒    峰值 MB")
        for name, case in CASES.items():
            if name == "county" and not COUNTY.exists():
                continue
            done = subprocess.run(
                [sys.executable, __file__, name, str(path)], capture_output=True, text=True, check=True
            )
            seconds, peak = done.stdout.split()
            print(f"{name:18}{seconds:>6}{peak:>10}    {(case.__doc__ or '').strip()}")


if __name__ == "__main__":
    main()
