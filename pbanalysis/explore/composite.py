"""A composite with its doubts: effective weights, scores over sampling and weights, ranges of places.

Only here, never in a report. A place is printed as a range, and townships stay in official order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.errors import Code, PbError
from pbanalysis.explore.behind import plain_table
from pbanalysis.explore.kept import results_of
from pbanalysis.explore.shown import STYLE
from pbanalysis.explore.trial import MARK
from pbanalysis.plan.registry import Indicator, registry
from pbanalysis.stats.composite import Simulation, effective_weights, simulate
from pbanalysis.stats.normalise import goalposts
from pbanalysis.store.county import County

__all__ = ["Composite", "composite", "may_be_part"]

_FLOOR = 0.75


@dataclass(frozen=True)
class Composite:
    """A composite of shares with what it is worth.

    Attributes
    ----------
    weights
        One row per indicator: nominal and effective weight (share of the differences it makes).
    townships
        One row per township in official order: share of weight with data, range of scores and of places.
    """

    weights: pd.DataFrame = field(repr=False)
    townships: pd.DataFrame = field(repr=False)
    simulation: Simulation = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """The townships' ranges."""
        return self.townships.copy()

    def _repr_html_(self) -> str:
        return (
            f'{STYLE}<div class="pb-shown"><div class="pb-trial"><p><b>{MARK}</b></p>'
            "<p>合成分数取决于权重，权重是意见，不是事实。下列范围同时考虑了偶然波动和权重的不确定（蒙特卡洛 95%）；"
            "范围重叠的乡镇分不出先后。</p>"
            f"{plain_table(self.weights)}{plain_table(self.townships)}</div></div>"
        )

    def __repr__(self) -> str:
        return f"{MARK}\n{self.weights.to_string(index=False)}\n{self.townships.to_string(index=False)}"


def composite(
    county: County,
    period: str | Period = "",
    *,
    weights: Mapping[str, float],
    low: float = 0.5,
    concentration: float = 50.0,
    draws: int = 2000,
    seed: int = 0,
) -> Composite:
    """A composite of several shares, only for exploring.

    Parameters
    ----------
    weights
        Indicator → weight, e.g. ``{"S01": 2, "R03": 1}``; shares that count no persons and that policy
        allows to judge.
    low
        Goalpost worth 0 points; the target (or 100 %) is worth 100.
    concentration, draws, seed
        How firm the weights are, number of draws, seed: as :func:`pbanalysis.stats.composite.simulate`.

    Raises
    ------
    PbError
        Fewer than two indicators, or one that cannot be part of a composite.

    Examples
    --------
    >>> pb.composite(county, weights={"S01": 2, "S13": 1, "R03": 2})  # doctest: +SKIP
    """
    chosen = [_allowed(name) for name in weights]
    if len(chosen) < 2:
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            "合成至少要两个指标",
            where="weights",
            got=str(len(chosen)),
            fix='例如 weights={"S01": 2, "R03": 1}',
        )
    period = Period.parse(period or str(county.as_of.year))
    frame = results_of(county, period)
    rows = frame[(frame["period"] == period.label) & (frame["unit_level"] == "township")]
    order = list(county.townships["township_id"])
    judged = rows["state"].isin(["met", "not_met", "info"])
    x, n = (
        rows[column]
        .where(judged)
        .to_frame("v")
        .assign(i=rows["indicator_id"], u=rows["unit_id"])
        .pivot(index="u", columns="i", values="v")
        .reindex(index=order, columns=list(weights))
        .to_numpy(dtype=float, na_value=np.nan)
        for column in ("numerator", "denominator")
    )
    n = np.where((n > 0) & (x <= n), n, 0.0)
    posts = np.array([[low, min(1.0, float(i.target or 1))] for i in chosen])
    weight = np.array(list(weights.values()), dtype=float)
    better = np.array([i.direction != "down" for i in chosen])
    made = simulate(
        x,
        n,
        posts,
        weight,
        larger_better=better,
        concentration=concentration,
        floor=_FLOOR,
        draws=draws,
        seed=seed,
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.where(n > 0, x / n, np.nan)
    scores = np.column_stack(
        [goalposts(rates[:, k], *posts[k], larger_better=bool(better[k])) for k in range(len(chosen))]
    )
    full = np.isfinite(scores).all(axis=1)
    real = effective_weights(scores[full], weight) if full.sum() >= 2 else np.full(len(chosen), np.nan)
    return Composite(_weights(chosen, weight / weight.sum(), real), _townships(county, n, weight, made), made)


def may_be_part(indicator: Indicator) -> bool:
    """Whether an indicator can be part of a composite: a judged share that counts no persons."""
    judged = indicator.kind == "share" and indicator.target is not None and indicator.interval == "wilson"
    return (
        judged
        and indicator.counted != "persons"
        and not indicator.background
        and indicator.direction != "none"
    )


def _allowed(name: str) -> Indicator:
    indicator = registry()[name]
    if not may_be_part(indicator):
        why = indicator.background or "只有不按人计数、可以评价的比率才能合成"
        raise PbError(
            Code.POLICY_GATE, f"这个指标不能参加合成：{why}", where="weights", got=name, fix="请换一个指标"
        )
    return indicator


def _weights(chosen: list[Indicator], nominal: np.ndarray, real: np.ndarray) -> pd.DataFrame:
    def text(share: float) -> str:
        return "无法计算" if np.isnan(share) else f"{share:.0%}"

    return pd.DataFrame(
        {
            "指标": [f"{i.id} {i.name}" for i in chosen],
            "名义权重": [text(w) for w in nominal],
            "实际权重（对差异的贡献）": [text(w) for w in real],
        }
    )


def _townships(county: County, n: np.ndarray, weight: np.ndarray, made: Simulation) -> pd.DataFrame:
    coverage = (n > 0) @ (weight / weight.sum())
    kept = int((made.best > 0).sum())

    def places(best: int, worst: int) -> str:
        if not best:
            return "数据不足，不计算"
        if best == worst:
            return "可与其余各乡镇区分"
        return (
            f"第{best}—{worst}位（共 {kept} 个）" if (best, worst) != (1, kept) else "与其余各乡镇分不出先后"
        )

    return pd.DataFrame(
        {
            "乡镇": county.townships["name"].to_numpy(),
            "有数据的权重": [f"{share:.0%}" for share in coverage],
            "分数范围": ["—" if np.isnan(a) else f"{a:.0f}—{b:.0f}" for a, b in zip(made.low, made.high)],
            "可能的位次": [places(int(a), int(b)) for a, b in zip(made.best, made.worst)],
        }
    )
