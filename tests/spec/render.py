"""Write docs/indicators.md: the registry in words and the worked cases that hold it.

python -m tests.spec.render
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pbanalysis.plan import measures
from pbanalysis.plan.policy import bans
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.plan.rules import rules
from pbanalysis.terms import STATES, THEMES

from .ledger import Spec
from .test_spec import SPECS

PATH = Path(__file__).parents[2] / "docs" / "indicators.md"
LEVELS = {"township": "乡镇", "county": "全县（乡镇列贡献）", "other": "其他单位（只有全县一行）"}
BASIS = {"explicit": "方案明文", "implied": "推定", "none": "不设"}
DIRECTIONS = {"up": "越高越好", "down": "越低越好", "none": "不分好坏"}
COUNTED = {
    "persons": "人（小于阈值时不予公布）",
    "organisations": "组织",
    "events": "活动和事项",
    "issues": "问题",
}
UNITS = {"629901": "全县"}

HEAD = """# 指标口径与算例（方法附录）

本页由注册表（`pbanalysis/plan/records/`）和算例（`tests/spec/`）生成：`python -m tests.spec.render`。每个算例都是一条测试。

## 怎样读
* **截止日**指当日结束：到期日等于截止日的已经到期。截止日以后发生的事不知道：自身日期在后的行不存在，其他事件日期为空；时限、届满日等安排照常可见。
* **状态**依次判定：结构上不适用 → 数据缺失 → 未到期 → 仅供参考 → 达标／未达标。0/0 不是0%也不是100%；未到期的绝不写成未达标。
* **没有计入的**按第一条成立的理由分列：不适用、未到期、缺失。分母加上这三项等于应计总数（S04、S07、S08按人数加总，三项分别是会次和支部数）。
* **全县** = 各乡镇分子之和 ÷ 分母之和，从不取各乡镇比率的平均。
* 没有编号的“推定”目标（100%、0）来自方案文字，同样判定，并注明推定。
* 压制小数是发布时的事：评估结果不隐去；报告和附件包把人数类小数隐去，状态写“依规定不予公布”。
"""


def target(indicator: Indicator) -> str:
    """The target in words."""
    if indicator.target is None:
        return indicator.background or "不设目标，仅供参考"
    sign = "≤" if indicator.direction == "down" else "≥"
    value = indicator.target
    if indicator.kind != "share":
        text = (
            f"{float(value):g}{indicator.unit}"
            if indicator.kind == "count"
            else f"{float(value):g} {indicator.unit}"
        )
    elif value in (0, 1):
        sign, text = "=", f"{float(value):.0%}"
    else:
        text = "三分之一" if value == Fraction(1, 3) else f"{float(value):.0%}"
    return f"{sign} {text}（{BASIS[indicator.target_basis]}）"


def due(indicator: Indicator) -> str:
    """The due day in words."""
    if not indicator.due:
        return "随时"
    day = {"year": "当年12月31日", "05-31": "当年5月31日"}.get(indicator.due, indicator.due)
    return f"{day}（年份为推定）" if indicator.due_inferred else day


def case(spec: Spec) -> str:
    """One worked case as a table row."""
    e = spec.expect
    number = "—" if e["numerator"] is None else f"{e['numerator']:g}"
    if e["denominator"] is not None:
        number += f"/{e['denominator']:g}"
    if e.get("value") is not None:
        number += f"（{e['value']:.4g}）"
    left = "、".join(
        f"{word}{e[name]}"
        for name, word in (("n_na", "不适用"), ("n_not_due", "未到期"), ("n_unknown", "缺失"))
        if e[name]
    )
    frame = f"{spec.period}，{spec.as_of}" + ("，全县" if spec.unit in UNITS else "")
    return f"| {spec.words} | {frame} | {number} | {left or '—'} | {STATES[e['state']]} |"


def section(indicator: Indicator, specs: list[Spec]) -> list[str]:
    """One indicator."""
    lines = [f"### {indicator.id} {indicator.name}", ""]
    if indicator.same_as and not specs:
        return [
            *lines,
            f"{indicator.clause}“{indicator.quote}”。与 {indicator.same_as} 同一行（含状态）。",
            "",
        ]
    lines += [
        f"{indicator.clause}“{indicator.quote}”。要解决的问题：{indicator.why}。",
        "",
        f"* 算式：{indicator.formula}",
        f"* 目标：{target(indicator)}；到期：{due(indicator)}；方向：{DIRECTIONS[indicator.direction]}",
        f"* 约束：{LEVELS[indicator.level]}；责任：{indicator.responsible}；计的是{COUNTED[indicator.counted]}；来源表：{'、'.join(f'`{t}`' for t in indicator.source_tables)}；计数函数：`{indicator.counting}`",
    ]
    if indicator.caveats:
        lines.append(f"* 注意：{indicator.caveats}")
    lines += ["", "| 台账 | 期间，截止 | 结果 | 未计入 | 状态 |", "|---|---|---|---|---|"]
    return [*lines, *(case(s) for s in specs), ""]


def document() -> str:
    """The whole page."""
    lines = HEAD.splitlines()
    groups = [
        (f"{THEMES[t]}：主要指标", registry().headline(t)) for t in ("study", "development", "rectification")
    ]
    groups += [(f"{m.clause} {m.title}", registry().of_measure(m.id)) for m in measures()]
    for title, indicators in groups:
        lines += ["", f"## {title}", ""]
        for indicator in indicators:
            lines += section(indicator, [s for s in SPECS if s.id == indicator.id])
    lines += ["", "## 规则及有效期", "", "| 规则 | 值 | 依据 | 有效期 | 核实 |", "|---|---|---|---|---|"]
    status = {"found": "见于公开文本", "recalled": "凭记忆，待核", "local": "本县约定"}
    for rule in rules().all:
        span = f"{rule.valid_from or ''}—{rule.valid_to or ''}"
        lines.append(
            f"| {rule.clause} | {rule.value:g}{rule.unit} | {rule.source} | {span} | {status[rule.status]} |"
        )
    lines += ["", "## 不得作为评估依据的", "", "| 类别 | 规定 | 出处 |", "|---|---|---|"]
    lines += [f"| {ban.title} | {ban.clause} | {ban.source} |" for ban in bans()]
    lines += ["", "方案本身明确要求的（如每半年至少1次业务培训）仍然判定，只看有没有做到，多做不加分。"]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
