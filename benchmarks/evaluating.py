"""How long a county takes to evaluate, and whether the cost of a branch grows with the county.

    python benchmarks/evaluating.py [branches …]

Prints a Markdown table. The county is made in memory: 75 meetings a branch and year, an issue and a
case for every second branch, so that 2,000 branches have 150,000 meetings.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from pbanalysis.indicators import evaluate
from pbanalysis.store.county import County
from pbanalysis.store.frames import DTYPES
from pbanalysis.store.schema import SOURCE_COLUMNS, TABLES

MEETINGS_A_BRANCH = 75
BRANCHES_A_TOWNSHIP = 100
YEAR = np.datetime64("2023-01-01")


def frame(table: str, **columns: object) -> pd.DataFrame:
    """A canonical frame; columns that are not given are empty."""
    n = len(next(iter(columns.values())))  # type: ignore[arg-type]
    return pd.DataFrame(
        {
            c.name: pd.Series(columns.get(c.name, [None] * n)).astype(DTYPES[c.kind])
            for c in (*TABLES[table].columns, *SOURCE_COLUMNS)
        }
    )


def make(branches: int, seed: int = 1) -> County:
    """A county of that many branches."""
    r = np.random.default_rng(seed)
    towns = np.array([f"629901{100 + k}" for k in range(max(branches // BRANCHES_A_TOWNSHIP, 5))])
    town = towns[np.arange(branches) % len(towns)]
    org = np.array([f"{t}-{n:05d}" for n, t in enumerate(town)])

    def day(n: int, span: int = 365) -> np.ndarray:
        return YEAR + r.integers(0, span, n).astype("timedelta64[D]")

    m = branches * MEETINGS_A_BRANCH
    kinds = np.array(
        [["assembly"], ["committee"], ["theme_day"], ["theme_day", "lecture"], ["life_meeting", "appraisal"]],
        dtype=object,
    )
    text = np.array(
        [
            f"第{k}支部召开会议，学习党章党规，重点讨论为民服务事项，形成意见若干条"
            for k in range(branches * 20)
        ]
    )
    held, who = day(m), r.integers(0, branches, m)
    half = branches // 2
    found = day(half, 200)
    frames = {
        "townships": frame("townships", township_id=towns, name=towns, kind=["镇"] * len(towns)),
        "organisations": frame(
            "organisations",
            org_id=org, township_id=town, name=org, org_type=["branch"] * branches, domain=["village"] * branches,
            groups_n=r.integers(0, 3, branches),
        ),
        "org_counts": frame(
            "org_counts",
            org_id=org, as_of=[YEAR] * branches, members_n=r.integers(5, 55, branches), full_members_n=r.integers(3, 50, branches),
        ),
        "meetings": frame(
            "meetings",
            meeting_id=np.arange(m).astype(str), org_id=org[who], held_on=held, recorded_on=held + r.integers(-1, 80, m).astype("timedelta64[D]"),
            types=kinds[r.integers(0, len(kinds), m)], first_topic=r.random(m) < 0.8, topic=["学习"] * m,
            expected_n=r.integers(5, 20, m), present_n=r.integers(3, 20, m), minutes=text[r.integers(0, len(text), m)], evidence_n=r.integers(0, 4, m),
        ),
        "issues": frame(
            "issues",
            issue_id=np.arange(half).astype(str), township_id=town[:half], category=["P11"] * half, source=["self"] * half,
            found_on=found, problem=["问题"] * half, measure=["措施"] * half, owner_named=[True] * half, deadline_kind=["dated"] * half,
            deadline_original_on=found + np.timedelta64(60, "D"), deadline_on=found + np.timedelta64(90, "D"), status=["closed"] * half,
            closed_on=found + r.integers(10, 200, half).astype("timedelta64[D]"), rule_document=[False] * half,
        ),
        "admissions": frame(
            "admissions",
            case_id=np.arange(half).astype(str), org_id=org[:half], applied_on=day(half), talked_on=day(half), assembly_on=day(half),
            outcome=["in_progress"] * half, two_new=[False] * half,
        ),
    }  # fmt: skip
    everything = {name: frames.get(name) for name in TABLES}
    return County(Path("in memory"), "629901", "某县", dt.date(2023, 12, 31), {}, everything)


def main(sizes: list[int]) -> None:
    """Time each size, best of three."""
    evaluate(make(100), "2023")  # imports and caches
    print("| 支部 | 活动记录 | 处理器时间（秒） | 每支部（毫秒） |\n|---:|---:|---:|---:|")
    for size in sizes:
        county, times = make(size), []
        for _ in range(3):
            start = time.process_time()
            evaluate(county, "2023")
            times.append(time.process_time() - start)
        best = min(times)
        print(f"| {size:,} | {size * MEETINGS_A_BRANCH:,} | {best:.2f} | {best / size * 1000:.2f} |")


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [500, 2_000, 20_000])
