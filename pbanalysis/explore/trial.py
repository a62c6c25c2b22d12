"""What if: other thresholds, cut-off, targets, peers or least sizes, and which states would change.

Nothing here is official: every table is marked, carries no facts, and leaves out indicators that count
persons, because two cut-offs side by side could give away a number that is held back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from html import escape

import pandas as pd

from pbanalysis.calendar import Period, as_date
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.explore.behind import plain_table
from pbanalysis.explore.shown import STYLE
from pbanalysis.indicators import evaluate
from pbanalysis.indicators.compare import beside_county
from pbanalysis.indicators.development import LIMITS
from pbanalysis.indicators.known import known
from pbanalysis.indicators.states import reaches
from pbanalysis.indicators.together import design_effects
from pbanalysis.plan.registry import registry
from pbanalysis.plan.rules import Rule, Rules, rules
from pbanalysis.stats.clusters import DesignEffect
from pbanalysis.stats.funnel import SMALL
from pbanalysis.store.county import County
from pbanalysis.terms import STATES, VS_COUNTY

__all__ = ["MARK", "Trial", "rules_to_try", "what_if"]

MARK = "非正式试算：仅供研究，不是评价结果，不得写入报告"
# rules that only indicators of persons read
_OF_PERSONS = {limit.rule for limit in LIMITS} | {"spot_test.pass"}


@dataclass(frozen=True)
class Trial:
    """What a what-if changed.

    Attributes
    ----------
    assumed
        What was assumed, in words.
    changes
        One row per indicator × township whose state or comparison would change.
    compared
        How many rows were looked at.
    """

    assumed: tuple[str, ...]
    changes: pd.DataFrame = field(repr=False)
    compared: int = 0

    def to_frame(self) -> pd.DataFrame:
        """A copy of the changes."""
        return self.changes.copy()

    def _repr_html_(self) -> str:
        said = "；".join(self.assumed) or "与正式评价相同"
        rows = plain_table(self.changes) if len(self.changes) else "<p>没有任何状态改变。</p>"
        return (
            f'{STYLE}<div class="pb-shown"><div class="pb-trial"><p><b>{MARK}</b></p><p>假设：{escape(said)}。</p>'
            f"<p>对照 {self.compared} 个结果，{len(self.changes)} 个会改变。按人计数的指标不参加试算。</p>{rows}</div></div>"
        )

    def __repr__(self) -> str:
        return f"{MARK}\n假设：{'；'.join(self.assumed)}\n{self.changes.to_string(index=False)}"


def what_if(
    county: County,
    period: str | Period = "",
    *,
    as_of: str | dt.date | None = None,
    thresholds: Mapping[str, float] | None = None,
    targets: Mapping[str, float] | None = None,
    kind: str = "",
    least: int = SMALL,
) -> Trial:
    """Which states would change under other assumptions; nothing of it is official.

    Parameters
    ----------
    as_of
        Another cut-off.
    thresholds
        Rule id → value, e.g. ``{"committee.full_members": 5}``; ids as in ``plan/rules.toml``.
    targets
        Indicator → target as a share or count, e.g. ``{"R03": 0.9}``.
    kind
        Compare townships with those of this kind only: 乡, 镇 or 街道.
    least
        Least denominator that is compared with the county, officially :data:`pbanalysis.stats.funnel.SMALL`.

    Raises
    ------
    PbError
        A rule or indicator is unknown, the rule is of persons alone, or the indicator has no target.

    Examples
    --------
    >>> pb.what_if(county, as_of="2023-09-30", targets={"R03": 0.9})  # doctest: +SKIP
    """
    period = Period.parse(period or str(county.as_of.year))
    day = as_date(as_of or county.as_of)
    official = evaluate(county, period).frame
    changed_rules = _rules(thresholds or {})
    same = day == county.as_of and changed_rules is None
    trial = official.copy() if same else evaluate(county, period, day, rule_book=changed_rules).frame
    trial = _retargeted(trial, targets or {})
    if kind or least != SMALL or not same:
        together = design_effects(known(county, day, changed_rules), period)
        trial["vs_county"] = _compared(trial, _peers(county, kind), least, together)
    assumed = [
        *([f"截止日 {day}"] if day != county.as_of else []),
        *(f"{_rule_name(name)} = {value:g}" for name, value in (thresholds or {}).items()),
        *(f"{name} 的目标 = {value:g}" for name, value in (targets or {}).items()),
        *([f"只与{kind}比较"] if kind else []),
        *([f"分母不少于 {least} 才比较"] if least != SMALL else []),
    ]
    return Trial(tuple(assumed), *_changes(county, official, trial))


def rules_to_try(day: dt.date) -> list[Rule]:
    """Rules in force on a day that an indicator of organisations reads."""
    return [rule for rule in rules().all if rule.valid_on(day) and rule.rule_id not in _OF_PERSONS]


def _changes(county: County, official: pd.DataFrame, trial: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    book = registry()
    open_ids = [i.id for i in book if i.counted != "persons" and i.level == "township" and not i.same_as]
    mine = (official["indicator_id"].isin(open_ids) & (official["unit_level"] == "township")).to_numpy()
    before, after = official[mine].reset_index(drop=True), trial[mine].reset_index(drop=True)
    changed = ((before["state"] != after["state"]) | (before["vs_county"] != after["vs_county"])).to_numpy()
    names = dict(zip(county.townships["township_id"], county.townships["name"]))
    old, new = before[changed], after[changed]
    frame = pd.DataFrame(
        {
            "指标": [f"{i} {book[i].name}" for i in old["indicator_id"]],
            "乡镇": old["unit_id"].map(names).to_numpy(),
            "正式状态": old["state"].map(dict(STATES)).to_numpy(),
            "试算状态": new["state"].map(dict(STATES)).to_numpy(),
            "正式与全县比": old["vs_county"].map(dict(VS_COUNTY)).to_numpy(),
            "试算与参照比": new["vs_county"].map(dict(VS_COUNTY)).to_numpy(),
        }
    )
    return frame, int(mine.sum())


def _rules(thresholds: Mapping[str, float]) -> Rules | None:
    if not thresholds:
        return None
    known = {rule.rule_id for rule in rules().all}
    for name in thresholds:
        if name not in known:
            raise PbError(
                Code.UNKNOWN_NAME, "没有这条规则", where="thresholds", got=name, fix=near_names(name, known)
            )
        if name in _OF_PERSONS:
            raise PbError(
                Code.PRIVACY_GATE,
                "这条规则只影响按人计数的指标，不参加试算",
                where="thresholds",
                got=name,
                fix="请换一条规则",
            )
    return Rules(
        tuple(replace(r, value=thresholds[r.rule_id]) if r.rule_id in thresholds else r for r in rules().all)
    )


def _rule_name(name: str) -> str:
    rule = next(r for r in reversed(rules().all) if r.rule_id == name)
    return f"{rule.clause}（{rule.unit}）"


def _retargeted(frame: pd.DataFrame, targets: Mapping[str, float]) -> pd.DataFrame:
    """States against other targets; only verdicts change, never what is unknown or not due."""
    out = frame.copy()
    for name, value in targets.items():
        indicator = registry()[name]
        if indicator.target is None:
            raise PbError(
                Code.UNKNOWN_PARAMETER,
                "这个指标没有目标，不作评价",
                where="targets",
                got=name,
                fix="请换一个有目标的指标",
            )
        other = replace(indicator, target=Fraction(str(value)))
        judged = (out["indicator_id"] == name) & out["state"].isin(["met", "not_met"])
        states = [
            "met" if reaches(float(x), 0.0 if pd.isna(n) else float(n), other) else "not_met"
            for x, n in zip(out.loc[judged, "numerator"], out.loc[judged, "denominator"])
        ]
        out.loc[judged, "state"] = states
    return out


def _peers(county: County, kind: str) -> set[str]:
    towns = county.townships
    if kind and kind not in set(towns["kind"]):
        raise PbError(
            Code.UNKNOWN_NAME,
            "没有这类乡镇",
            where="kind",
            got=kind,
            fix=f"可选：{'、'.join(dict.fromkeys(towns['kind']))}",
        )
    chosen = (
        towns["township_id"] if not kind else towns.loc[(towns["kind"] == kind).to_numpy(), "township_id"]
    )
    return set(chosen)


def _compared(
    frame: pd.DataFrame, peers: set[str], least: int, together: Mapping[str, DesignEffect]
) -> pd.Series[str]:
    """``vs_county`` among the peers: the evaluation's own comparison of another family."""
    towns = (frame["unit_level"] == "township").to_numpy()
    chosen = frame["unit_id"].isin(peers).to_numpy() & (frame["denominator"] >= least).fillna(False).to_numpy(
        dtype=bool
    )
    # who is not chosen has no verdict, and only verdicts are compared
    family = frame.assign(state=frame["state"].where(~towns | chosen, "na"))
    return beside_county(family, registry(), together)
