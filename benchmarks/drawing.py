"""Every figure at three sizes: what it costs, and a folder of pictures to look at.

python benchmarks/drawing.py            CPU time and size of every figure
python benchmarks/drawing.py FOLDER     the same, and the pictures as PNG, in colour and in grey
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pbanalysis.exhibits import figures as fig
from pbanalysis.exhibits.blocks import Box, Figure
from pbanalysis.stats.funnel import limits
from pbanalysis.stats.survival import kaplan_meier

SIZES = (3, 14, 40)
PLACES = [
    "城关镇",
    "河西镇",
    "东川乡",
    "柳林镇",
    "白水乡",
    "石门镇",
    "永丰乡",
    "太平镇",
    "新城镇",
    "大王庄民族乡",
    "清水镇",
    "沙河乡",
    "赵家湾镇",
    "李堡乡",
]
ISSUES = [
    "学习不深入不系统",
    "研究不深不透、解决问题能力不强",
    "战斗堡垒作用不强",
    "村党组织号召力不强",
    "书记能力素质不高",
    "党建与中心工作脱节",
    "社区治理服务水平不适应",
    "互联网、道路货运等领域覆盖率不高",
    "缺乏新思维新办法",
    "特色品牌不突出",
]
VS = ("no_signal", "possible_high", "possible_low", "high", "low", "not_compared")
YEAR = [f"{month}月" for month in range(1, 13)]


def names(k: int, suffix: str = "") -> list[str]:
    """k names of townships, or of organisations in them."""
    rounds = ["", "东", "西", "南", "北"]
    return [rounds[i // len(PLACES)] + PLACES[i % len(PLACES)] + suffix for i in range(k)]


def caption(name: str, subject: str, unit: str = "%", counted: str = "项问题") -> fig.Caption:
    """A caption without passed words: the maker says everything."""
    source = "问题整改台账（截至 2023-12-31）"
    return fig.Caption(id=f"T.{name}", subject=subject, unit=unit, source=source, counted=counted)


def curve(rng: np.random.Generator, n: int, scale: float) -> fig.Curve:
    """A Kaplan–Meier curve of n simulated items."""
    time_ = np.ceil(rng.exponential(scale, n)) + 1
    seen = np.minimum(time_, 200)
    km = kaplan_meier(seen, time_ <= 200)
    low, high = km.band()
    return fig.Curve(km.time, km.survival, km.at_risk, n, low, high, km.median().value)


def gallery(k: int) -> dict[str, Callable[[], Figure | Box]]:
    """Every kind of figure with k rows, townships or points, from one seed."""
    rng = np.random.default_rng(20230331)
    towns, branches = names(k), names(k, "村党支部委员会")
    n = rng.integers(8, 120, k)
    done = rng.binomial(n, 0.8)
    half = np.sqrt(0.16 / n)
    rate = done / n
    signals = [VS[i % len(VS)] for i in range(k)]
    states = rng.choice(["held", "held", "held", "partial", "missing", "na", "unknown"], (k, 12))
    states[:, 10], states[:, 11] = "due", "not_due"
    grid = np.arange(1, 130)
    bounds = limits(grid, 0.8)
    months = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in range(max(k, 3))]
    series = np.clip(0.8 + rng.normal(0, 0.06, len(months)), 0, 1)
    series[len(series) // 3] = np.nan
    stock = np.maximum(np.linspace(60, 9, len(months)) + rng.normal(0, 4, len(months)), 0).round()
    km_own, km_county = curve(rng, max(k, 5), 60), curve(rng, 30 * k, 45)
    expiry = np.datetime64("2023-10-01") + rng.integers(0, 480, k)
    days = [rng.gamma(4, 8, max(0, k - 4 * i)).round() for i in range(min(max(k // 2, 3), 8))]
    steps = [fig.Step(label, values, limit, kind) for values, (label, limit, kind) in zip(days, STEPS)]
    measures = [
        fig.Measure(
            label=f"{PLACES[i % 14]}支撑措施第{i + 1}项",
            value=None if i % 7 == 6 else float(rng.integers(20, 190)),
            target=150.0 if i % 9 else 0.0,
            unit="名",
            deadline="2023-12-31",
            state=("info", "met", "not_met", "not_due")[i % 4] if i % 7 != 6 else "suppressed",
        )
        for i in range(k)
    ]
    kinds = [f"{ISSUES[i % len(ISSUES)]}" for i in range(min(k, 20))]
    table = rng.poisson(3, (len(kinds), 4)).astype(float)
    c = caption
    return {
        "branch_months": lambda: fig.branch_months(
            c("bm", "三会一课按月召开情况", "支部月"), branches, YEAR, states
        ),
        "forest": lambda: fig.forest(
            c("forest", "到期问题整改完成率", counted="个乡镇"),
            towns,
            np.where(np.arange(k) == 1, np.nan, rate),
            np.clip(rate - half, 0, 1),
            np.clip(rate + half, 0, 1),
            parts=[f"{a}/{b}" for a, b in zip(done, n)],
            states=["suppressed"] * k,
            signals=signals,
            target=1.0,
            county=0.8,
        ),
        "funnel": lambda: fig.funnel(
            c("funnel", "到期问题整改完成率"),
            towns,
            n,
            rate,
            centre=0.8,
            bounds=fig.FunnelLimits(grid, *bounds),
            own=0,
            signals=["high", *["no_signal"] * (k - 1)],
        ),
        "funnel_county": lambda: fig.funnel(
            c("funnel_county", "到期问题整改完成率"),
            towns,
            n,
            rate,
            centre=0.8,
            bounds=fig.FunnelLimits(grid, *bounds),
            signals=signals,
        ),
        "time_to_event": lambda: fig.time_to_event(
            c("ecdf", "中央精神传达学习时滞", counted="个支部专题"), km_own, km_county
        ),
        "survival": lambda: fig.survival(c("km", "问题整改时长"), km_own, km_county),
        "cumulative_incidence": lambda: fig.cumulative_incidence(
            c("cif", "问题如何终结"),
            grid,
            {"整改完成": 0.7 * (1 - np.exp(-grid / 40)), "合并或转办": 0.15 * (1 - np.exp(-grid / 60))},
            n=k,
            ranges={"整改完成": (0.5, 0.8), "合并或转办": (0.05, 0.25)},
        ),
        "xmr": lambda: fig.xmr(
            c("xmr", "党员到会率", counted="期"),
            months,
            series,
            centre=0.8,
            low=0.64,
            high=0.96,
            signals=["low" if i == 1 else "high" if i == 5 else "" for i in range(len(months))],
            reasons={1: "农忙时节合并召开", 2: "启用新签到办法"},
        ),
        "burn_down": lambda: fig.burn_down(c("burn", "未办结问题"), months, stock, (stock / 3).round()),
        "counts": lambda: fig.counts(
            c("age", "逾期未办结问题按逾期时间", "项"),
            [f"逾期 {30 * i}—{30 * i + 29} 天" for i in range(k)],
            np.where(np.arange(k) == 1, np.nan, rng.poisson(6, k)),
            bad={0, 2},
            states=["suppressed"] * k,
        ),
        "mix": lambda: fig.mix(
            c("mix", "学习内容构成", counted="次"),
            ["本乡镇", "全县", *towns[: max(k - 2, 1)]][:k],
            ["第一议题", "理论学习", "业务培训", "警示教育", "主题党日", "其他"],
            rng.poisson(6, (k, 6)),
        ),
        "audit_coverage": lambda: fig.audit_coverage(
            c("audit", "新发展党员档案抽查", counted="份"), towns, np.minimum(rng.binomial(n, 0.33), n), n
        ),
        "progress": lambda: fig.progress(c("progress", "支撑措施进度", "目标的份额"), measures),
        "step_durations": lambda: fig.step_durations(c("steps", "发展党员各环节用时", "天", "件"), steps),
        "expiring_terms": lambda: fig.expiring_terms(
            c("terms", "党组织任期届满", "日期", "个党组织"),
            branches,
            expiry,
            "2023-12-31",
            reminded=rng.random(k) < 0.7,
        ),
        "matrix": lambda: fig.matrix(
            c("matrix", "问题类型与整改状态", "项"),
            kinds,
            ["未启动", "整改中", "已完成", "已销号"],
            table,
            suppressed=(np.indices(table.shape).sum(axis=0) == 1),
            row_title="问题类型",
            column_title="整改状态",
        ),
    }


STEPS = (
    ("申请→派人谈话", 30, "most"),
    ("积极分子→发展对象", 365, "least"),
    ("预审→支部大会", 30, "most"),
    ("支部大会→上级审批", 90, "most"),
    ("入党→转正大会", 365, "least"),
    ("转正大会→转正审批", 90, "most"),
    ("发展对象→政审", None, "most"),
    ("政审→集中培训", None, "most"),
)


def measure(make: Callable[[], Figure | Box], rounds: int = 5) -> float:
    """Milliseconds of CPU for one drawing, after a first one."""
    make()
    start = time.process_time()
    for _ in range(rounds):
        make()
    return 1000 * (time.process_time() - start) / rounds


def look(folder: Path) -> None:
    """Write every figure as PNG in colour and in grey."""
    from PIL import Image

    for k in SIZES:
        for name, make in gallery(k).items():
            exhibit = make()
            if isinstance(exhibit, Figure):
                (folder / f"{name}-{k}.png").write_bytes(exhibit.png(110))
                grey = Image.open(io.BytesIO(exhibit.png(110))).convert("L")
                grey.save(folder / f"{name}-{k}-grey.png")


def main() -> None:
    """Print the table; write the pictures where a folder is named."""
    print(f"{'figure':24}" + "".join(f"{k:>8} ms {'kB':>5}" for k in SIZES))
    makers = {k: gallery(k) for k in SIZES}
    for name in makers[SIZES[0]]:
        cells = ""
        for k in SIZES:
            exhibit = makers[k][name]()
            size = len(exhibit.svg.encode()) / 1000 if isinstance(exhibit, Figure) else 0
            cells += f"{measure(makers[k][name]):>8.0f} ms {size:>5.0f}"
        print(f"{name:24}{cells}")
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        look(folder)


if __name__ == "__main__":
    main()
