"""Thresholds of the Party rules and the plan, with the days on which each is valid.

A period is judged by the rules of its last day, so that an old year keeps its old rules.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pbanalysis.errors import Code, PbError

__all__ = ["Rule", "RuleSet", "Rules", "rules"]


@dataclass(frozen=True)
class Rule:
    """One threshold while it is valid; None = no bound."""

    rule_id: str
    value: float
    unit: str
    source: str
    clause: str
    status: Literal["found", "recalled", "local"]
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def valid_on(self, day: dt.date) -> bool:
        """Whether the rule is in force on a day."""
        return (self.valid_from or dt.date.min) <= day <= (self.valid_to or dt.date.max)


@dataclass(frozen=True)
class RuleSet:
    """The rules in force on one day."""

    day: dt.date
    _by_id: Mapping[str, Rule]

    def __getitem__(self, rule_id: str) -> float:
        """Value of a rule."""
        return self.rule(rule_id).value

    def months(self, rule_id: str) -> int:
        """Value of a rule that counts calendar months."""
        return int(self[rule_id])

    def rule(self, rule_id: str) -> Rule:
        """The rule itself; a :class:`PbError` when none was in force."""
        if rule_id not in self._by_id:
            raise PbError(
                Code.UNKNOWN_PERIOD,
                f"规则库中没有这一天适用的“{rule_id}”",
                where="rules.toml",
                got=str(self.day),
                fix="请在规则库中补上当年的规则后再评估这一期间",
            )
        return self._by_id[rule_id]

    @property
    def since(self) -> dt.date | None:
        """The day since which all of these rules have been in force together."""
        return max((r.valid_from for r in self._by_id.values() if r.valid_from), default=None)


@dataclass(frozen=True)
class Rules:
    """All rules, old and new."""

    all: tuple[Rule, ...]

    def on(self, day: dt.date) -> RuleSet:
        """The rules in force on ``day``.

        Examples
        --------
        >>> rules().on(dt.date(2023, 12, 31))["training.hours"], rules().on(dt.date(2012, 12, 31))["training.hours"]
        (24, 40)
        """
        return RuleSet(day, {r.rule_id: r for r in self.all if r.valid_on(day)})


@cache
def rules() -> Rules:
    """The rules that ship with the package."""
    text = (files("pbanalysis.plan") / "rules.toml").read_text(encoding="utf-8")
    return Rules(tuple(Rule(**record) for record in tomllib.loads(text)["rule"]))
